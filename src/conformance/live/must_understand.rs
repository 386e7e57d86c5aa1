//! Headers that must be understood.

use super::ask::Facts;
use super::check::{LiveCheck, Needs};
use super::envelope::{Envelope, demanded};
use super::seen::Seen;
use super::verdict::{Next, judged, reported};
use crate::conformance::section::{Section, section};

const ATTRIBUTE: Section = section("SOAP 1.2 part 1", "5.2.3", "SOAP mustUnderstand Attribute");
const FAULTS: Section = section("SOAP 1.2 part 1", "5.4.8", "SOAP mustUnderstand Faults");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "must-understand/true",
        "an unknown header that must be understood is refused",
        ATTRIBUTE,
        "fault MustUnderstand",
        Needs::Login,
        demanded_true,
    ),
    LiveCheck::new(
        "must-understand/one",
        "1 means true",
        ATTRIBUTE,
        "fault MustUnderstand",
        Needs::Login,
        demanded_one,
    ),
    LiveCheck::new(
        "must-understand/false",
        "an unknown header that need not be understood is ignored",
        ATTRIBUTE,
        "the operation's own answer, not a fault MustUnderstand",
        Needs::Login,
        not_demanded,
    ),
    LiveCheck::new(
        "must-understand/unqualified",
        "an attribute without SOAP's namespace means nothing",
        ATTRIBUTE,
        "the operation's own answer, not a fault MustUnderstand",
        Needs::Login,
        unqualified,
    ),
    LiveCheck::new(
        "must-understand/before-the-operation",
        "what must be understood is looked at before the operation",
        section("SOAP 1.2 part 1", "2.6", "Processing SOAP Messages"),
        "fault MustUnderstand, though the action is unknown, too",
        Needs::Login,
        before_the_operation,
    ),
    LiveCheck::new(
        "must-understand/locale",
        "a language cannot be demanded",
        section("MS-WSMV", "3.1.4.1.8", "wsman:Locale"),
        "fault UnsupportedFeature in answer to a Locale that must be understood",
        Needs::Login,
        locale,
    ),
    LiveCheck::new(
        "must-understand/activity-id",
        "an ActivityId that must be understood is understood",
        section("MS-WSMV", "3.1.4.1.12", "wsmv:ActivityId"),
        "the operation's own answer, not a fault MustUnderstand",
        Needs::Login,
        activity_id,
    ),
    LiveCheck::new(
        "must-understand/names-the-header",
        "whether the fault names the header",
        FAULTS,
        "open question: a NotUnderstood header in the fault",
        Needs::Login,
        names_the_header,
    ),
];

/// A request with one more header, which nobody knows.
fn with_unknown(facts: &Facts, attribute: &str) -> Envelope {
    let header = format!(r#"<u:Unknown xmlns:u="http://example.com/pssession" {attribute}>x</u:Unknown>"#);
    Envelope::get_absent(facts).with("Unknown", header)
}

fn is_must_understand(seen: &Seen) -> Next {
    let fault = seen.fault()?;
    judged(fault.sender == "MustUnderstand", seen.describe())
}

fn is_ignored(seen: &Seen) -> Next {
    let fault = seen.fault()?;
    judged(fault.sender != "MustUnderstand", seen.describe())
}

fn demanded_true(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        return with_unknown(facts, r#"s:mustUnderstand="true""#).ask().next();
    };
    is_must_understand(first)
}

fn demanded_one(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return with_unknown(facts, r#"s:mustUnderstand="1""#).ask().next() };
    is_must_understand(first)
}

fn not_demanded(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        return with_unknown(facts, r#"s:mustUnderstand="false""#).ask().next();
    };
    is_ignored(first)
}

fn unqualified(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return with_unknown(facts, r#"mustUnderstand="true""#).ask().next() };
    is_ignored(first)
}

fn before_the_operation(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let action = demanded("a:Action", "http://example.com/pssession/NoSuchAction");
        return with_unknown(facts, r#"s:mustUnderstand="true""#).with("Action", action).ask().next();
    };
    is_must_understand(first)
}

fn locale(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let locale = r#"<w:Locale xml:lang="en-US" s:mustUnderstand="true"/>"#;
        return Envelope::get_absent(facts).with("Locale", locale).ask().next();
    };
    first.is_fault_of(&["UnsupportedFeature"])
}

fn activity_id(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let header = demanded("p:ActivityId", &facts.command_id.to_string());
        return Envelope::get_absent(facts).with("ActivityId", header).ask().next();
    };
    is_ignored(first)
}

fn names_the_header(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        return with_unknown(facts, r#"s:mustUnderstand="true""#).ask().next();
    };
    first.fault()?;
    let named = first.any_header(|header| header.child_named("NotUnderstood").is_some())?;
    reported(if named { "a NotUnderstood header" } else { "no NotUnderstood header" })
}
