//! Delete of a shell that is not there. Deletes of shells are among the checks of shells.

use super::ask::Facts;
use super::check::{LiveCheck, Needs};
use super::envelope::{Envelope, unknown_configuration};
use super::seen::Seen;
use super::target::Target;
use super::verdict::{Next, judged};
use crate::conformance::section::{Section, section};
use crate::wsman::uri;

const DELETE: Section = section("MS-WSMV", "3.1.4.4.1", "Remote Shells");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "delete/no-such-shell",
        "Delete of a shell that is not there is refused",
        DELETE,
        "fault InvalidSelectors",
        Needs::Login,
        no_such_shell,
    ),
    LiveCheck::new(
        "delete/repeated",
        "a second Delete is answered as the first",
        section("DSP0226", "7.5", "WS-Transfer: Delete"),
        "twice the same fault",
        Needs::Login,
        repeated,
    ),
    LiveCheck::new(
        "delete/through-plugin",
        "Delete through the resource of command shells is refused alike",
        DELETE,
        "fault InvalidSelectors",
        Needs::Login,
        through_plugin,
    ),
    LiveCheck::new(
        "delete/unknown-resource",
        "Delete through a resource that is not there is refused",
        section("DSP0226", "5.1.2.1", "ResourceURI"),
        "fault DestinationUnreachable",
        Needs::Login,
        unknown_resource,
    ),
];

fn delete_absent(facts: &Facts, resource_uri: &str) -> Next {
    Envelope::on(facts, uri::DELETE, &Target::absent(facts).through(resource_uri)).ask().next()
}

fn no_such_shell(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return delete_absent(facts, uri::SHELL_RESOURCE) };
    first.is_fault_of(&["InvalidSelectors"])
}

fn repeated(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, second, ..] = seen else { return delete_absent(facts, uri::SHELL_RESOURCE) };
    let (one, other) = (first.fault()?, second.fault()?);
    judged(
        (one.code, &one.subcode) == (other.code, &other.subcode),
        format!("{}, then {}", first.describe(), second.describe()),
    )
}

fn through_plugin(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return delete_absent(facts, uri::CMD_RESOURCE) };
    first.is_fault_of(&["InvalidSelectors"])
}

fn unknown_resource(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        return delete_absent(facts, &unknown_configuration());
    };
    first.is_fault_of(&["DestinationUnreachable"])
}
