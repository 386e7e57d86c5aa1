//! Signals to a shell that is not there. Signals to commands are among the checks of shells.

use super::ask::Facts;
use super::check::{LiveCheck, Needs};
use super::envelope::{Envelope, unknown_configuration};
use super::seen::Seen;
use super::target::{Target, upper};
use super::verdict::{Next, judged};
use crate::conformance::section::{Section, section};
use crate::wsman::uri;

const SIGNAL: Section = section("MS-WSMV", "3.1.4.12", "Signal");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "signal/no-such-shell",
        "a signal to a shell that is not there is refused",
        SIGNAL,
        "fault InvalidSelectors",
        Needs::Login,
        no_such_shell,
    ),
    LiveCheck::new(
        "signal/no-code",
        "a signal without a code is refused",
        section("MS-WSMV", "2.2.4.38", "Signal"),
        "fault SchemaValidationError or InvalidSelectors",
        Needs::Login,
        no_code,
    ),
    LiveCheck::new(
        "signal/empty-body",
        "a Signal without its element is refused",
        section("MS-WSMV", "3.1.4.1.31.3", "wsman:SchemaValidationError"),
        "fault SchemaValidationError or InvalidSelectors",
        Needs::Login,
        empty_body,
    ),
    LiveCheck::new(
        "signal/unknown-resource",
        "a signal through a resource that is not there is refused",
        section("DSP0226", "5.1.2.1", "ResourceURI"),
        "fault DestinationUnreachable",
        Needs::Login,
        unknown_resource,
    ),
];

/// A signal to one command.
pub(super) fn signal(facts: &Facts, target: &Target, command_id: &str, code: &str) -> Envelope {
    let body = format!(r#"<rsp:Signal CommandId="{command_id}"><rsp:Code>{code}</rsp:Code></rsp:Signal>"#);
    Envelope::on(facts, uri::SIGNAL, target).body(body)
}

fn to_absent(facts: &Facts) -> Envelope {
    signal(facts, &Target::absent(facts), &upper(facts.command_id), uri::SIGNAL_TERMINATE)
}

fn no_such_shell(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return to_absent(facts).ask().next() };
    first.is_fault_of(&["InvalidSelectors"])
}

fn no_code(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let body = format!(r#"<rsp:Signal CommandId="{}"/>"#, upper(facts.command_id));
        return to_absent(facts).body(body).ask().next();
    };
    is_refused(first)
}

fn empty_body(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return to_absent(facts).body("").ask().next() };
    is_refused(first)
}

/// What is wrong with the body, or that there is no such shell: which is looked at first is the server's to say.
fn is_refused(seen: &Seen) -> Next {
    let fault = seen.fault()?;
    let subcode = fault.subcode.as_deref().unwrap_or_default();
    judged(["SchemaValidationError", "InvalidSelectors"].contains(&subcode), seen.describe())
}

fn unknown_resource(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let target = Target::absent(facts).through(&unknown_configuration());
        return signal(facts, &target, &upper(facts.command_id), uri::SIGNAL_TERMINATE).ask().next();
    };
    first.is_fault_of(&["DestinationUnreachable"])
}
