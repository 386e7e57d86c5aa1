//! The few objects of CLIXML that a server writes, and the fields of those that it reads (MS-PSRP 2.2.5, Serialization).

use std::fmt::Write as _;

use crate::wsman::clixml::code_units;
use crate::wsman::xml::{Document, Element, escape_into};

/// `SetShouldExit` of RemoteHostMethodId (MS-PSRP 2.2.3.17, Host Method Identifier).
const SET_SHOULD_EXIT: u8 = 6;

/// A string.
pub(super) fn string(text: &str) -> String {
    format!("<S>{}</S>", escaped(text))
}

/// An object whose only property is a number.
pub(super) fn state(name: &str, number: u8) -> String {
    format!(r#"<Obj RefId="0"><MS><I32 N="{name}">{number}</I32></MS></Obj>"#)
}

/// RUNSPACE_AVAILABILITY: what a pool answers to the call of that number; `response` is an element without its name.
pub(super) fn availability(call: i64, kind: &str, response: &str) -> String {
    format!(
        r#"<Obj RefId="0"><MS><{kind} N="SetMinMaxRunspacesResponse">{response}</{kind}><I64 N="ci">{call}</I64></MS></Obj>"#
    )
}

/// ENCRYPTED_SESSION_KEY.
pub(super) fn session_key(base64: &str) -> String {
    format!(r#"<Obj RefId="0"><MS><S N="EncryptedSessionKey">{base64}</S></MS></Obj>"#)
}

/// ERROR_RECORD with a message alone, as a program's line on stderr becomes one (MS-PSRP 2.2.3.15, ErrorRecord).
pub(super) fn error_record(message: &str) -> String {
    error_object("", message)
}

/// PIPELINE_STATE of a pipeline that an error has ended (MS-PSRP 2.2.2.21, PIPELINE_STATE).
pub(super) fn failed_state(number: u8, message: &str) -> String {
    format!(
        r#"<Obj RefId="0"><MS>{}<I32 N="PipelineState">{number}</I32></MS></Obj>"#,
        error_object(r#" N="ExceptionAsErrorRecord""#, message)
    )
}

fn error_object(name: &str, message: &str) -> String {
    let text = escaped(message);
    format!(
        concat!(
            r#"<Obj{name} RefId="1"><TN RefId="0"><T>System.Management.Automation.ErrorRecord</T><T>System.Object</T></TN>"#,
            r#"<ToString>{text}</ToString><MS><Obj N="Exception" RefId="2"><TN RefId="1">"#,
            "<T>System.Management.Automation.RemoteException</T><T>System.Exception</T><T>System.Object</T></TN>",
            r#"<ToString>System.Management.Automation.RemoteException: {text}</ToString><Props>"#,
            r#"<S N="Message">{text}</S><Nil N="InnerException" /></Props></Obj><Nil N="TargetObject" />"#,
            r#"<S N="FullyQualifiedErrorId">NativeCommandError</S><Nil N="InvocationInfo" />"#,
            r#"<I32 N="ErrorCategory_Category">0</I32><S N="ErrorCategory_Activity"></S>"#,
            r#"<S N="ErrorCategory_Reason">RemoteException</S><S N="ErrorCategory_TargetName"></S>"#,
            r#"<S N="ErrorCategory_TargetType"></S>"#,
            r#"<S N="ErrorCategory_Message">NotSpecified: (:) [], RemoteException</S>"#,
            r#"<B N="SerializeExtendedInfo">false</B></MS></Obj>"#,
        ),
        name = name,
        text = text
    )
}

/// PIPELINE_HOST_CALL: the host that shows the pipeline is to end with this code, as `exit` asks it.
pub(super) fn should_exit(code: i64) -> String {
    format!(
        concat!(
            r#"<Obj RefId="0"><MS><I64 N="ci">-100</I64><Obj N="mi" RefId="1"><TN RefId="0">"#,
            "<T>System.Management.Automation.Remoting.RemoteHostMethodId</T><T>System.Enum</T>",
            "<T>System.ValueType</T><T>System.Object</T></TN><ToString>SetShouldExit</ToString>",
            r#"<I32>{}</I32></Obj><Obj N="mp" RefId="2"><TN RefId="1"><T>System.Collections.ArrayList</T>"#,
            "<T>System.Object</T></TN><LST><I32>{}</I32></LST></Obj></MS></Obj>",
        ),
        SET_SHOULD_EXIT,
        // A process ends with 32 bits, which PowerShell shows with a sign.
        code.to_le_bytes().first_chunk().map_or(0, |low| i32::from_le_bytes(*low))
    )
}

/// A property of an object: the child of its `MS` or `Props` that has this name, capitals aside.
pub(super) fn property<'d>(object: Element<'d>, name: &str) -> Option<Element<'d>> {
    let sets = object.children().filter(|child| matches!(child.local(), "MS" | "Props"));
    sets.flat_map(Element::children)
        .find(|child| child.attribute("N").is_some_and(|found| found.eq_ignore_ascii_case(name)))
}

/// A whole number that is a property of a document's object.
pub(super) fn number(data: &str, name: &str) -> Option<i64> {
    let document = Document::parse(data).ok()?;
    property(document.root(), name)?.text().parse().ok()
}

/// The text of a primitive, with its escapes resolved; half a character becomes U+FFFD.
pub(super) fn text(element: Element<'_>) -> String {
    String::from_utf16_lossy(&code_units(element.whole_text()))
}

/// The text as a primitive holds it: what XML would change or cannot hold is `_xHHHH_`, and so is an underscore that
/// would begin such a thing.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(one) = rest.next() {
        let begins_escape = one == '_' && rest.as_str().starts_with('x');
        if one.is_control() || begins_escape || matches!(one, '\u{fffe}' | '\u{ffff}') {
            let _ = write!(out, "_x{:04X}_", u32::from(one));
        } else {
            escape_into(&mut out, one.encode_utf8(&mut [0; 4]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_again_as_it_was_written() {
        for sample in ["", "a\r\n\tb", "_x000A_ <&> \u{1}", "é🚀", " padded "] {
            let written = string(sample);
            let document = Document::parse(&written).unwrap();
            assert_eq!(text(document.root()), sample, "{written}");
        }
        assert_eq!(text(Document::parse("<S>_x+123_</S>").unwrap().root()), "_x+123_", "no escape");
    }

    #[test]
    fn what_is_written_is_well_formed() {
        for written in [
            state("RunspaceState", 2),
            error_record("no <such> thing\r\n"),
            failed_state(5, "x"),
            should_exit(-1),
        ] {
            assert!(Document::parse(&written).is_ok(), "{written}");
        }
        assert!(should_exit(0xC000_013A).contains("<LST><I32>-1073741510</I32></LST>"));
    }
}
