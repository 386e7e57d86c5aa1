//! The addressing headers of requests and answers.

use super::ask::Facts;
use super::check::{LiveCheck, Needs};
use super::envelope::{Envelope, OPTIMIZED, demanded, reply_to};
use super::seen::Seen;
use super::verdict::{Next, Or, failed, judged, passed};
use crate::conformance::section::{Section, section};
use crate::wsman::uri;
use crate::wsman::xml::Element;

const MESSAGE_ID: Section = section("DSP0226", "5.4.4", "wsa:MessageID and wsa:RelatesTo");
const ACTION: Section = section("DSP0226", "5.4.5", "wsa:Action");
const RESOURCE_URI: Section = section("DSP0226", "5.1.2.1", "ResourceURI");
const REPLY_TO: Section = section("MS-WSMV", "3.1.4.1.3", "wsa:ReplyTo");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "addressing/relates-to",
        "an answer names its request",
        MESSAGE_ID,
        "RelatesTo is the request's MessageID",
        Needs::Login,
        relates_to,
    ),
    LiveCheck::new(
        "addressing/fault-relates-to",
        "a fault names its request",
        MESSAGE_ID,
        "RelatesTo is the request's MessageID",
        Needs::Login,
        fault_relates_to,
    ),
    LiveCheck::new(
        "addressing/message-id",
        "an answer has an id of its own",
        MESSAGE_ID,
        "a MessageID that is not the request's, and another one in each answer",
        Needs::Login,
        own_message_id,
    ),
    LiveCheck::new(
        "addressing/action",
        "an answer has the action of its operation",
        ACTION,
        "Action .../EnumerateResponse",
        Needs::Login,
        action,
    ),
    LiveCheck::new(
        "addressing/fault-action",
        "a fault has an action of faults",
        ACTION,
        "an Action that ends with /fault",
        Needs::Login,
        fault_action,
    ),
    LiveCheck::new(
        "addressing/to",
        "an answer goes to the anonymous address",
        section("DSP0226", "5.4.1", "wsa:To"),
        "To .../addressing/role/anonymous",
        Needs::Login,
        to,
    ),
    LiveCheck::new(
        "addressing/no-action",
        "a request without Action is refused",
        ACTION,
        "fault MessageInformationHeaderRequired, InvalidMessageInformationHeader or ActionNotSupported",
        Needs::Login,
        no_action,
    ),
    LiveCheck::new(
        "addressing/no-message-id",
        "a request without MessageID is refused",
        section("MS-WSMV", "3.1.4.1.5", "wsa:MessageID"),
        "fault InvalidMessageInformationHeader or MessageInformationHeaderRequired",
        Needs::Login,
        no_message_id,
    ),
    LiveCheck::new(
        "addressing/no-resource-uri",
        "a request without ResourceURI is refused",
        RESOURCE_URI,
        "a fault of the sender",
        Needs::Login,
        no_resource_uri,
    ),
    LiveCheck::new(
        "addressing/unknown-action",
        "an unknown action is refused",
        section("DSP0226", "14.6", "Master faults"),
        "fault ActionNotSupported",
        Needs::Login,
        unknown_action,
    ),
    LiveCheck::new(
        "addressing/unknown-resource",
        "a resource that is not there is refused",
        RESOURCE_URI,
        "fault DestinationUnreachable",
        Needs::Login,
        unknown_resource,
    ),
    LiveCheck::new(
        "addressing/no-reply-to",
        "a request without ReplyTo is refused",
        REPLY_TO,
        "fault MessageInformationHeaderRequired",
        Needs::Login,
        no_reply_to,
    ),
    LiveCheck::new(
        "addressing/reply-elsewhere",
        "an answer to another address is refused",
        REPLY_TO,
        "fault UnsupportedFeature",
        Needs::Login,
        reply_elsewhere,
    ),
    LiveCheck::new(
        "addressing/fault-elsewhere",
        "a fault to another address is refused",
        section("MS-WSMV", "3.1.4.1.4", "wsa:FaultTo"),
        "fault UnsupportedFeature",
        Needs::Login,
        fault_elsewhere,
    ),
    LiveCheck::new(
        "addressing/prefixes",
        "prefixes mean nothing",
        section("Namespaces in XML 1.0", "2.1", "Basic Concepts"),
        "a request with other prefixes is answered as one with the usual ones",
        Needs::Login,
        prefixes,
    ),
    LiveCheck::new(
        "addressing/order",
        "the order of headers means nothing",
        section("SOAP 1.2 part 1", "5.2", "SOAP Header"),
        "a request with its headers in the opposite order is answered",
        Needs::Login,
        order,
    ),
    LiveCheck::new(
        "addressing/selector-case",
        "the name of a selector is compared ignoring case",
        section("MS-WSMV", "3.1.4.1.2", "wsman:SelectorSet"),
        "the selector SHELLID is answered as ShellId",
        Needs::Login,
        selector_case,
    ),
];

/// Text of one header.
fn header(seen: &Seen, local: &str) -> Or<String> {
    seen.any_header(|header| header.child(uri::ADDRESSING, local).map_or("", Element::text).to_owned())
}

/// An operation that each account may do, or is denied.
fn listing(facts: &Facts) -> Next {
    Envelope::enumerate(facts, OPTIMIZED).ask().next()
}

fn names_request(seen: &Seen) -> Next {
    let relates_to = header(seen, "RelatesTo")?;
    let asked = seen.message_id.to_string();
    let id = relates_to.rsplit(':').next().unwrap_or_default();
    match id.eq_ignore_ascii_case(&asked) {
        true => passed("RelatesTo is the request's MessageID"),
        false if relates_to.is_empty() => failed("no RelatesTo"),
        false => failed(format!("RelatesTo {relates_to}")),
    }
}

fn relates_to(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return listing(facts) };
    first.body(|_| ())?;
    names_request(first)
}

fn fault_relates_to(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    first.fault()?;
    names_request(first)
}

fn own_message_id(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, second, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    let ids = (header(first, "MessageID")?, header(second, "MessageID")?);
    if ids.0.is_empty() || ids.1.is_empty() {
        return failed("no MessageID");
    }
    let is_echo = |seen: &Seen, id: &str| id.to_lowercase().ends_with(&seen.message_id.to_string());
    if is_echo(first, &ids.0) || is_echo(second, &ids.1) {
        return failed("the MessageID of the request");
    }
    judged(ids.0 != ids.1, if ids.0 == ids.1 { "twice the same MessageID" } else { "they differ" })
}

fn action(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return listing(facts) };
    first.body(|_| ())?;
    let action = header(first, "Action")?;
    judged(action == uri::ENUMERATE.response, action)
}

fn fault_action(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    first.fault()?;
    let action = header(first, "Action")?;
    judged(action.ends_with("/fault"), action)
}

fn to(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    let to = header(first, "To")?;
    judged(to == uri::ANONYMOUS, if to.is_empty() { "no To".to_owned() } else { to })
}

fn no_action(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).without("Action").ask().next() };
    first.is_fault_of(&[
        "MessageInformationHeaderRequired",
        "InvalidMessageInformationHeader",
        "ActionNotSupported",
    ])
}

fn no_message_id(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).without("MessageID").ask().next() };
    first.is_fault_of(&["MessageInformationHeaderRequired", "InvalidMessageInformationHeader"])
}

fn no_resource_uri(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).without("ResourceURI").ask().next() };
    let fault = first.fault()?;
    let subcode = fault.subcode.as_deref().unwrap_or_default();
    judged(fault.sender == "Sender" && subcode != "InvalidSelectors", first.describe())
}

fn unknown_action(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let action = demanded("a:Action", "http://example.com/pssession/NoSuchAction");
        return Envelope::get_absent(facts).with("Action", action).ask().next();
    };
    first.is_fault_of(&["ActionNotSupported"])
}

fn unknown_resource(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let resource = demanded("w:ResourceURI", "http://example.com/pssession/NoSuchResource");
        return Envelope::get_absent(facts).with("ResourceURI", resource).ask().next();
    };
    first.is_fault_of(&["DestinationUnreachable"])
}

fn no_reply_to(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).without("ReplyTo").ask().next() };
    first.is_fault_of(&["MessageInformationHeaderRequired"])
}

fn reply_elsewhere(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let elsewhere = reply_to("http://example.invalid/pssession");
        return Envelope::get_absent(facts).with("ReplyTo", elsewhere).ask().next();
    };
    first.is_fault_of(&["UnsupportedFeature"])
}

fn fault_elsewhere(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let elsewhere = "<a:FaultTo><a:Address>http://example.invalid/pssession</a:Address></a:FaultTo>";
        return Envelope::get_absent(facts).with("FaultTo", elsewhere).ask().next();
    };
    first.is_fault_of(&["UnsupportedFeature"])
}

/// Passes if both answers are faults of the same subcode.
fn is_the_same(usual: &Seen, other: &Seen) -> Next {
    judged(
        usual.fault()?.subcode == other.fault()?.subcode,
        format!("{} beside {}", other.describe(), usual.describe()),
    )
}

fn prefixes(facts: &Facts, seen: &[Seen]) -> Next {
    let usual = Envelope::get_absent(facts);
    match seen {
        [] => usual.ask().next(),
        [_] => {
            let mut text = usual.text();
            for (from, to) in [("a", "q1"), ("w", "q2"), ("p", "q3"), ("s", "q4")] {
                text = text
                    .replace(&format!("xmlns:{from}="), &format!("xmlns:{to}="))
                    .replace(&format!("<{from}:"), &format!("<{to}:"))
                    .replace(&format!("</{from}:"), &format!("</{to}:"))
                    .replace(&format!(" {from}:"), &format!(" {to}:"));
            }
            super::ask::Ask::new(text).next()
        }
        [first, second, ..] => is_the_same(first, second),
    }
}

fn order(facts: &Facts, seen: &[Seen]) -> Next {
    match seen {
        [] => Envelope::get_absent(facts).ask().next(),
        [_] => Envelope::get_absent(facts).reversed().ask().next(),
        [first, second, ..] => is_the_same(first, second),
    }
}

fn selector_case(facts: &Facts, seen: &[Seen]) -> Next {
    match seen {
        [] => Envelope::get_absent(facts).ask().next(),
        [_] => {
            let absent = super::target::Target::absent(facts);
            let get = Envelope::get_absent(facts);
            get.selector("SHELLID", absent.shell_id()).ask().next()
        }
        [first, second, ..] => {
            let detail = |seen: &Seen| seen.fault().map_continue(|fault| (fault.subcode, fault.detail));
            let (usual, other) = (detail(first)?, detail(second)?);
            if usual == other {
                return passed(second.describe());
            }
            failed(format!("{} beside {}", second.describe(), first.describe()))
        }
    }
}
