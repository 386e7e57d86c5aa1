//! What a server answers when it refuses, read out of its SOAP fault.

use std::fmt;

use super::fault_code::{FaultCode, explain};
use super::text::one_line;
use super::uri;
use super::xml::Element;

/// A SOAP fault with what WinRM put into it (MS-WSMV 2.2.4.43, WSManFault). The code has been looked for in the
/// WSManFault, then in a WMI error, and normalised: a Win32 error that travels as an HRESULT is the Win32 error.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The numeric code, if the fault bears one.
    pub code: Option<FaultCode>,
    /// The local name of `s:Code/s:Value`: `Sender`, `Receiver`, ...
    pub sender: String,
    /// The local name of the innermost subcode, such as `InvalidSelectors`.
    pub subcode: Option<Box<str>>,
    /// The last segment of `w:FaultDetail`, such as `UnexpectedSelectors`.
    pub detail: Option<Box<str>>,
    /// The innermost text that the server gave.
    pub reason: String,
    /// The machine that the fault names.
    pub machine: Option<Box<str>>,
    /// The provider that the fault names, such as `Shell provider`.
    pub provider: Option<Box<str>>,
}

/// How much of a server's text an error message quotes, in characters: its longest usual ones have about 300.
pub const MAX_REASON: usize = 400;

impl Fault {
    /// Reads an `s:Fault`; a fault that lacks everything is still a fault.
    #[must_use]
    pub fn read(fault: Element<'_>) -> Self {
        let code = fault.child(uri::SOAP, "Code");
        let detail = fault.child(uri::SOAP, "Detail");
        let wsman_fault = detail.and_then(|detail| detail.child(uri::WSMAN_FAULT, "WSManFault"));
        let wmi_error = detail.and_then(|detail| detail.child(uri::WMI_ERROR, "MSFT_WmiError"));
        let message = wsman_fault.map(innermost_message).unwrap_or_default();
        let reason = [message.text, reason_text(fault), wmi_text(wmi_error, "Message")]
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default();
        Self {
            code: wsman_fault
                .and_then(|fault| fault.attribute("Code"))
                .and_then(read_code)
                .or_else(|| read_code(wmi_text(wmi_error, "error_Code")))
                .or_else(|| read_code(wmi_text(wmi_error, "MessageID").trim_start_matches("HRESULT"))),
            sender: code.map(|code| local_value(code).to_owned()).unwrap_or_default(),
            subcode: code.and_then(innermost_subcode).map(Box::from),
            detail: detail.and_then(fault_detail).map(Box::from),
            reason: reason.to_owned(),
            machine: wsman_fault.and_then(|fault| attribute(fault, "Machine")).map(Box::from),
            provider: message.provider.map(Box::from),
        }
    }
}

impl fmt::Display for Fault {
    /// One fragment on one line: the server's own words, else ours, and the code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = one_line(&self.reason, MAX_REASON);
        let meaning = self.code.and_then(explain).map(|row| row.meaning);
        f.write_str(match (reason.trim_end_matches('.'), meaning) {
            ("", Some(meaning)) => meaning,
            ("", None) => "the server gave no reason",
            (reason, _) => reason,
        })?;
        match (self.code, &self.subcode) {
            (Some(code), _) => write!(f, " (WSManFault {code})"),
            (None, Some(subcode)) => write!(f, " (fault {})", one_line(subcode, MAX_REASON)),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

/// What the chain of nested messages ends with.
#[derive(Default)]
struct Message<'d> {
    text: &'d str,
    provider: Option<&'d str>,
}

/// A provider puts its own fault, and that a WSManFault again, into the message of the outer one.
fn innermost_message(wsman_fault: Element<'_>) -> Message<'_> {
    let mut message = Message::default();
    let mut at = Some(wsman_fault);
    while let Some(element) = at {
        if !element.text().is_empty() {
            message.text = element.text();
        }
        if element.local() == "ProviderFault" {
            message.provider = message.provider.or_else(|| attribute(element, "provider"));
        }
        at = element.children().find(|child| {
            child.namespace() == uri::WSMAN_FAULT
                && matches!(child.local(), "Message" | "ProviderFault" | "WSManFault")
        });
    }
    message
}

fn innermost_subcode(code: Element<'_>) -> Option<&str> {
    let mut innermost = None;
    let mut at = code.child(uri::SOAP, "Subcode");
    while let Some(subcode) = at {
        innermost = Some(local_value(subcode)).filter(|value| !value.is_empty()).or(innermost);
        at = subcode.child(uri::SOAP, "Subcode");
    }
    innermost
}

/// The `s:Value` without its prefix, which means nothing outside of the document.
fn local_value(code: Element<'_>) -> &str {
    let value = code.child(uri::SOAP, "Value").map(Element::text).unwrap_or_default();
    value.rsplit(':').next().unwrap_or_default()
}

fn fault_detail(detail: Element<'_>) -> Option<&str> {
    let uri = detail.child(uri::WSMAN, "FaultDetail")?.text();
    uri.rsplit('/').next().filter(|segment| !segment.is_empty())
}

fn reason_text(fault: Element<'_>) -> &str {
    let Some(reason) = fault.child(uri::SOAP, "Reason") else { return "" };
    let mut texts = reason.children().filter(|child| child.is(uri::SOAP, "Text")).map(Element::text);
    texts.find(|text| !text.is_empty()).unwrap_or_default()
}

fn wmi_text<'d>(wmi_error: Option<Element<'d>>, local: &str) -> &'d str {
    wmi_error.and_then(|error| error.child(uri::WMI_ERROR, local)).map(Element::text).unwrap_or_default()
}

fn attribute<'d>(element: Element<'d>, local: &str) -> Option<&'d str> {
    element.attribute(local).map(str::trim).filter(|value| !value.is_empty())
}

/// Zero means success, and stands in faults that have no code of their own.
fn read_code(text: &str) -> Option<FaultCode> {
    FaultCode::parse(text).filter(|code| code.0 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wsman::xml::Document;

    fn fault(children: &str) -> Fault {
        let text = format!(
            r#"<s:Fault xmlns:s="{}" xmlns:w="{}" xmlns:f="{}" xmlns:m="{}">{children}</s:Fault>"#,
            uri::SOAP,
            uri::WSMAN,
            uri::WSMAN_FAULT,
            uri::WMI_ERROR,
        );
        Fault::read(Document::parse(&text).unwrap().root())
    }

    #[test]
    fn an_empty_fault_is_still_a_fault() {
        let fault = fault("");
        assert_eq!((fault.code, fault.sender.as_str(), &fault.subcode), (None, "", &None));
        assert_eq!(fault.to_string(), "the server gave no reason");
    }

    #[test]
    fn prefixes_in_codes_mean_nothing_and_the_innermost_subcode_counts() {
        let fault = fault(concat!(
            "<s:Code><s:Value>SOAP-ENV:Sender</s:Value><s:Subcode><s:Value>q:Outer</s:Value>",
            "<s:Subcode><s:Value> InvalidSelectors </s:Value></s:Subcode></s:Subcode></s:Code>",
        ));
        assert_eq!(fault.sender, "Sender");
        assert_eq!(fault.subcode.as_deref(), Some("InvalidSelectors"));
    }

    #[test]
    fn the_outer_code_and_the_innermost_text_of_nested_faults_are_taken() {
        let fault = fault(concat!(
            r#"<s:Detail><f:WSManFault Code="2150858843" Machine=""><f:Message>"#,
            r#"<f:ProviderFault provider="Shell provider" path="x"><f:WSManFault Code="7" Machine="inner">"#,
            r#"<f:Message>the innermost text. </f:Message></f:WSManFault></f:ProviderFault></f:Message>"#,
            r#"</f:WSManFault></s:Detail>"#,
        ));
        assert_eq!(fault.code, Some(FaultCode(2_150_858_843)));
        assert_eq!(fault.reason, "the innermost text.");
        assert_eq!(fault.provider.as_deref(), Some("Shell provider"));
        assert_eq!(fault.machine, None);
        assert_eq!(fault.to_string(), "the innermost text (WSManFault 2150858843, 0x8033805B)");
    }

    #[test]
    fn a_message_without_text_leaves_the_reason() {
        let fault = fault(concat!(
            r#"<s:Reason><s:Text xml:lang="en-US"/><s:Text xml:lang="en-US">Access is denied. </s:Text></s:Reason>"#,
            r#"<s:Detail><f:WSManFault Code="2147942405" Machine="win01"><f:Message/></f:WSManFault></s:Detail>"#,
        ));
        assert_eq!(fault.machine.as_deref(), Some("win01"));
        assert_eq!(fault.to_string(), "Access is denied (WSManFault 5, 0x00000005)");
    }

    #[test]
    fn a_wmi_error_gives_the_code_where_there_is_no_wsman_fault() {
        let with = |children: &str| {
            fault(&format!("<s:Detail><m:MSFT_WmiError>{children}</m:MSFT_WmiError></s:Detail>"))
        };
        let coded =
            with("<m:MessageID>HRESULT 0x80338012</m:MessageID><m:error_Code>2150859173</m:error_Code>");
        assert_eq!(coded.code, Some(FaultCode(2_150_859_173)));
        let hresult = with("<m:Message>full</m:Message><m:MessageID>HRESULT 0x803381a5</m:MessageID>");
        assert_eq!(hresult.code, Some(FaultCode(2_150_859_173)));
        assert_eq!(hresult.reason, "full");
    }

    #[test]
    fn a_code_that_is_no_number_or_zero_is_no_code() {
        for code in ["", "0", "gone", "99999999999"] {
            let fault = fault(&format!(r#"<s:Detail><f:WSManFault Code="{code}"/></s:Detail>"#));
            assert_eq!(fault.code, None, "{code:?}");
        }
    }

    #[test]
    fn the_detail_is_the_last_segment_of_its_uri() {
        let detail =
            |uri: &str| fault(&format!("<s:Detail><w:FaultDetail>{uri}</w:FaultDetail></s:Detail>")).detail;
        assert_eq!(
            detail("http://x/faultDetail/UnexpectedSelectors").as_deref(),
            Some("UnexpectedSelectors")
        );
        assert_eq!(detail("Ack").as_deref(), Some("Ack"));
        assert_eq!(detail("http://x/"), None);
    }

    #[test]
    fn what_is_shown_is_one_line_of_bounded_length() {
        let fault = fault(&format!(
            "<s:Code><s:Subcode><s:Value>w:InternalError</s:Value></s:Subcode></s:Code>\
             <s:Reason><s:Text>a\nb\u{9b}2J{}</s:Text></s:Reason>",
            "x".repeat(10_000)
        ));
        let shown = fault.to_string();
        assert!(shown.starts_with(r"a b\u{9b}2Jxxx"), "{shown}");
        assert!(shown.ends_with("… (fault InternalError)"), "{shown}");
        assert!(shown.chars().count() < MAX_REASON + 50);
    }

    #[test]
    fn without_a_text_the_code_speaks() {
        let fault = fault(r#"<s:Detail><f:WSManFault Code="5"/></s:Detail>"#);
        assert_eq!(
            fault.to_string(),
            "the login is valid, but the user is not authorized (WSManFault 5, 0x00000005)"
        );
    }
}
