//! What a fault looks like, and what is refused because it is no message.

use super::ask::{Ask, Facts};
use super::check::{LiveCheck, Needs};
use super::envelope::Envelope;
use super::seen::{Seen, fault_element};
use super::verdict::{Next, Or, failed, judged, reported};
use crate::conformance::section::{Section, section};
use crate::wsman::uri;
use crate::wsman::xml::Element;

const REASON: Section = section("SOAP 1.2 part 1", "5.4.2", "SOAP Reason Element");
const MASTER: Section = section("DSP0226", "14.6", "Master faults");
const WSMAN_FAULT: Section = section("MS-WSMV", "2.2.4.43", "WSManFaultType");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "faults/code",
        "a fault says whose it is",
        section("SOAP 1.2 part 1", "5.4.6", "SOAP Fault Codes"),
        "Code/Value Sender, Receiver, MustUnderstand, VersionMismatch or DataEncodingUnknown",
        Needs::Login,
        code,
    ),
    LiveCheck::new(
        "faults/subcode",
        "a fault of the protocol has a subcode",
        MASTER,
        "Code/Subcode/Value that is a qualified name",
        Needs::Login,
        subcode,
    ),
    LiveCheck::new(
        "faults/reason",
        "a fault has a text",
        REASON,
        "a Reason/Text that is not empty",
        Needs::Login,
        reason,
    ),
    LiveCheck::new(
        "faults/language",
        "the text says its language",
        REASON,
        "xml:lang on Reason/Text",
        Needs::Login,
        language,
    ),
    LiveCheck::new(
        "faults/detail",
        "the detail is a URI of faults",
        section("MS-WSMV", "3.1.4.1.21", "Fault Detail"),
        "FaultDetail that begins with http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/",
        Needs::Login,
        detail,
    ),
    LiveCheck::new(
        "faults/number",
        "a fault of Windows has a number",
        WSMAN_FAULT,
        "WSManFault with a Code that is a decimal number of 32 bits",
        Needs::Login,
        number,
    ),
    LiveCheck::new(
        "faults/machine",
        "a fault of Windows names the machine",
        WSMAN_FAULT,
        "WSManFault with a Machine",
        Needs::Login,
        machine,
    ),
    LiveCheck::new(
        "faults/number-of-no-shell",
        "the number of a shell that is not there",
        WSMAN_FAULT,
        "Code 2150858843",
        Needs::Login,
        number_of_no_shell,
    ),
    LiveCheck::new(
        "faults/malformed",
        "a body that is no XML is refused",
        section("XML 1.0", "2.1", "Well-Formed XML Documents"),
        "an error status or a fault, and no answer of the operation",
        Needs::Login,
        malformed,
    ),
    LiveCheck::new(
        "faults/document-type",
        "a document type declaration is refused",
        section("SOAP 1.2 part 1", "5", "SOAP Message Construct"),
        "an error status or a fault other than the operation's own",
        Needs::Login,
        document_type,
    ),
    LiveCheck::new(
        "faults/soap-version",
        "an envelope of SOAP 1.1 is refused",
        section("SOAP 1.2 part 1", "5.4.7", "VersionMismatch Faults"),
        "an error status or a fault VersionMismatch",
        Needs::Login,
        soap_version,
    ),
    LiveCheck::new(
        "faults/processing-instruction",
        "whether a processing instruction is refused",
        section("SOAP 1.2 part 1", "5", "SOAP Message Construct"),
        "open question: the specification leaves it to the server",
        Needs::Login,
        processing_instruction,
    ),
];

/// A fault that each server knows: that of a Get of a shell that is not there.
fn sample<T>(seen: &Seen, read: impl FnOnce(Element<'_>) -> T) -> Or<T> {
    seen.fault()?;
    let found = seen.envelope(|envelope| fault_element(envelope).map(read))?;
    match found {
        Some(value) => Or::Continue(value),
        None => failed(seen.describe()),
    }
}

fn code(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    let sender = first.fault()?.sender;
    let known = ["Sender", "Receiver", "MustUnderstand", "VersionMismatch", "DataEncodingUnknown"];
    judged(known.contains(&&*sender), if sender.is_empty() { "no Code".to_owned() } else { sender.clone() })
}

fn subcode(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    let value = sample(first, |fault| {
        let subcode = fault.child(uri::SOAP, "Code").and_then(|code| code.child(uri::SOAP, "Subcode"));
        subcode.and_then(|subcode| subcode.child(uri::SOAP, "Value")).map(|value| value.text().to_owned())
    })?;
    match value {
        None => failed("no Subcode"),
        Some(value) => {
            let is_qualified = value.split_once(':').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
            judged(is_qualified, value)
        }
    }
}

fn text_of(seen: &Seen) -> Or<Option<(String, Option<String>)>> {
    sample(seen, |fault| {
        let text = fault.child(uri::SOAP, "Reason")?.child(uri::SOAP, "Text")?;
        Some((text.text().to_owned(), text.attribute_in(uri::XML, "lang").map(str::to_owned)))
    })
}

fn reason(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    match text_of(first)? {
        Some((text, _)) if !text.is_empty() => judged(true, text),
        _ => failed("no text"),
    }
}

fn language(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    match text_of(first)? {
        Some((_, Some(language))) if !language.is_empty() => judged(true, language),
        _ => failed("no xml:lang"),
    }
}

fn detail(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    let detail = sample(first, |fault| {
        let detail = fault.child(uri::SOAP, "Detail")?.child(uri::WSMAN, "FaultDetail")?;
        Some(detail.text().to_owned())
    })?;
    match detail {
        None => failed("no FaultDetail"),
        Some(detail) => judged(detail.starts_with(FAULT_DETAIL), detail),
    }
}

/// An attribute of the outer WSManFault.
fn of_wsman_fault(seen: &Seen, attribute: &str) -> Or<String> {
    let found = sample(seen, |fault| {
        let wsman_fault = fault.child(uri::SOAP, "Detail")?.child(uri::WSMAN_FAULT, "WSManFault")?;
        Some(wsman_fault.attribute(attribute).map(str::to_owned))
    })?;
    match found {
        None => failed("no WSManFault"),
        Some(None) => failed(format!("a WSManFault without {attribute}")),
        Some(Some(value)) => Or::Continue(value),
    }
}

fn number(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    let code = of_wsman_fault(first, "Code")?;
    judged(code.parse::<u32>().is_ok_and(|code| code > 0), code)
}

fn machine(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    judged(true, of_wsman_fault(first, "Machine")?)
}

fn number_of_no_shell(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    let code = of_wsman_fault(first, "Code")?;
    judged(code == NO_SUCH_SHELL, code)
}

fn malformed(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let text = Envelope::get_absent(facts).text();
        let cut = text.len().saturating_sub("</s:Body></s:Envelope>".len());
        return Ask::new(text.get(..cut).unwrap_or_default()).next();
    };
    is_not_taken(first)
}

fn document_type(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let text = Envelope::get_absent(facts).text();
        return Ask::new(format!("<!DOCTYPE s:Envelope [<!ENTITY e \"x\">]>{text}")).next();
    };
    is_not_taken(first)
}

fn soap_version(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let old = "http://schemas.xmlsoap.org/soap/envelope/";
        return Envelope::get_absent(facts).soap(old).ask().next();
    };
    is_not_taken(first)
}

/// Passes if the operation was not done, which would be answered with a fault of its own.
fn is_not_taken(seen: &Seen) -> Next {
    if let Err(missing) = &seen.answer {
        return judged(!missing.is_silence, &missing.why);
    }
    if let Or::Continue(Some(fault)) = seen.fault_if_any() {
        return judged(fault.subcode.as_deref() != Some("InvalidSelectors"), seen.describe());
    }
    seen.is_refusal()
}

fn processing_instruction(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let text = Envelope::get_absent(facts).text();
        return Ask::new(text.replacen("<s:Header>", "<?pssession x?><s:Header>", 1)).next();
    };
    reported(first.describe())
}

const FAULT_DETAIL: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/";
/// ERROR_WSMAN_UNEXPECTED_SELECTORS.
const NO_SUCH_SHELL: &str = "2150858843";
