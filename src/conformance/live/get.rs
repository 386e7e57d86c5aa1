//! Get of a shell.

use super::ask::Facts;
use super::check::{LiveCheck, Needs};
use super::enumerate::listed_texts;
use super::envelope::{Envelope, OPTIMIZED, demanded, unknown_configuration};
use super::seen::Seen;
use super::target::Target;
use super::verdict::{Next, failed, judged, passed, skipped};
use crate::conformance::section::{Section, section};
use crate::wsman::uri;

const SELECTORS: Section = section("DSP0226", "5.1.2.2", "Selectors");
const GET: Section = section("MS-WSMV", "3.1.4.2.1", "Remote Shells");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "get/no-such-shell",
        "a shell that is not there is refused",
        SELECTORS,
        "fault InvalidSelectors",
        Needs::Login,
        no_such_shell,
    ),
    LiveCheck::new(
        "get/no-selector",
        "a Get that names no shell is refused",
        SELECTORS,
        "fault InvalidSelectors",
        Needs::Login,
        no_selector,
    ),
    LiveCheck::new(
        "get/unknown-selector",
        "a selector that the resource does not have is refused",
        SELECTORS,
        "fault InvalidSelectors",
        Needs::Login,
        unknown_selector,
    ),
    LiveCheck::new(
        "get/no-guid",
        "a ShellId that is no GUID is refused",
        SELECTORS,
        "fault InvalidSelectors",
        Needs::Login,
        no_guid,
    ),
    LiveCheck::new(
        "get/two-selectors",
        "the same selector twice is refused",
        SELECTORS,
        "fault InvalidSelectors",
        Needs::Login,
        two_selectors,
    ),
    LiveCheck::new(
        "get/unknown-resource",
        "a resource that is not there is refused",
        section("DSP0226", "5.1.2.1", "ResourceURI"),
        "fault DestinationUnreachable",
        Needs::Login,
        unknown_resource,
    ),
    LiveCheck::new(
        "get/listed-shell",
        "a shell that is listed can be read",
        GET,
        "GetResponse with the ShellId that was asked for, or a fault that it is gone",
        Needs::Login,
        listed_shell,
    ),
    LiveCheck::new(
        "get/fragment",
        "a fragment of a shell is refused",
        GET,
        "fault UnsupportedFeature, InvalidMessageInformationHeader or MustUnderstand",
        Needs::Login,
        fragment,
    ),
];

const INVALID_SELECTORS: &[&str] = &["InvalidSelectors"];

fn no_such_shell(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).ask().next() };
    first.is_fault_of(INVALID_SELECTORS)
}

fn no_selector(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return Envelope::get_absent(facts).without("SelectorSet").ask().next() };
    first.is_fault_of(INVALID_SELECTORS)
}

fn unknown_selector(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        return Envelope::get_absent(facts).selector("NoSuchSelector", "x").ask().next();
    };
    first.is_fault_of(INVALID_SELECTORS)
}

fn no_guid(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        return Envelope::get_absent(facts).selector("ShellId", "pssession-no-guid").ask().next();
    };
    first.is_fault_of(INVALID_SELECTORS)
}

fn two_selectors(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let absent = Target::absent(facts);
        let one = format!(r#"<w:Selector Name="ShellId">{}</w:Selector>"#, absent.shell_id());
        let twice = format!("<w:SelectorSet>{one}{one}</w:SelectorSet>");
        return Envelope::get_absent(facts).with("SelectorSet", twice).ask().next();
    };
    first.is_fault_of(INVALID_SELECTORS)
}

fn unknown_resource(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let target = Target::absent(facts).through(&unknown_configuration());
        return Envelope::on(facts, uri::GET, &target).ask().next();
    };
    first.is_fault_of(&["DestinationUnreachable"])
}

fn listed_shell(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, rest @ ..] = seen else { return Envelope::enumerate(facts, OPTIMIZED).ask().next() };
    let listed = listed_texts(first, "ShellId")?;
    let Some(shell_id) = listed.first() else { return skipped("no shell is there to be read") };
    let [second, ..] = rest else {
        // Reading changes nothing, so that it may be anybody's.
        return Envelope::get_absent(facts).selector("ShellId", shell_id).ask().next();
    };
    if let Some(fault) = second.fault_if_any()? {
        // It may have gone in the meantime, or be one that this account sees and may not read.
        return judged(
            fault.subcode.as_deref() == Some("InvalidSelectors") || fault.is_access_denied(),
            second.describe(),
        );
    }
    let read = second.body(|body| {
        let shell = body.child_named("Shell")?;
        shell.child_named("ShellId").map(|id| id.text().to_owned())
    })?;
    match read {
        None => failed(format!("{} without a Shell", second.describe())),
        Some(read) if read.eq_ignore_ascii_case(shell_id) => passed("the shell that was asked for"),
        Some(_) => failed("another shell"),
    }
}

fn fragment(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let header = demanded("w:FragmentTransfer", "Name");
        return Envelope::get_absent(facts).with("FragmentTransfer", header).ask().next();
    };
    let fault = first.fault()?;
    let subcode = fault.subcode.as_deref().unwrap_or_default();
    let is_refused = ["UnsupportedFeature", "InvalidMessageInformationHeader"].contains(&subcode)
        || fault.sender == "MustUnderstand";
    judged(is_refused, first.describe())
}
