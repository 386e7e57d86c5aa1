//! Shells that this run creates: their end.

use super::ask::{Ask, Facts};
use super::check::{LiveCheck, Needs};
use super::envelope::{Envelope, OPTIMIZED};
use super::seen::Seen;
use super::shell_life::{QUIET, in_command, run};
use super::shells::{in_shell, lists};
use super::signal::signal;
use super::target::{Target, upper};
use super::verdict::{Next, judged, passed, reported};
use crate::conformance::section::{Section, section};
use crate::wsman::uri;

const DELETE: Section = section("MS-WSMV", "3.1.4.4.1", "Remote Shells");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "shells/disconnect",
        "a command shell cannot be disconnected",
        section("MS-WSMV", "3.1.4.1.31.7", "Disconnecting and Reconnecting to a Shell"),
        "a fault",
        Needs::Shells,
        disconnect,
    ),
    LiveCheck::new(
        "shells/delete",
        "a shell can be deleted",
        DELETE,
        "DeleteResponse with an empty body",
        Needs::Shells,
        delete,
    ),
    LiveCheck::new(
        "shells/get-after-delete",
        "a deleted shell cannot be read",
        DELETE,
        "fault InvalidSelectors",
        Needs::Shells,
        get_after_delete,
    ),
    LiveCheck::new(
        "shells/delete-after-delete",
        "a deleted shell cannot be deleted",
        DELETE,
        "fault InvalidSelectors",
        Needs::Shells,
        delete_after_delete,
    ),
    LiveCheck::new(
        "shells/signal-after-delete",
        "a deleted shell gets no signals",
        DELETE,
        "fault InvalidSelectors",
        Needs::Shells,
        signal_after_delete,
    ),
    LiveCheck::new(
        "shells/command-after-delete",
        "a deleted shell runs nothing",
        DELETE,
        "fault InvalidSelectors",
        Needs::Shells,
        command_after_delete,
    ),
    LiveCheck::new(
        "shells/not-listed-after-delete",
        "a deleted shell is not listed",
        DELETE,
        "a listing without its ShellId",
        Needs::Shells,
        not_listed_after_delete,
    ),
    LiveCheck::new(
        "shells/delete-running",
        "a shell can be deleted while a command runs in it",
        DELETE,
        "DeleteResponse, and InvalidSelectors for the shell afterwards",
        Needs::Shells,
        delete_running,
    ),
    LiveCheck::new(
        "shells/delete-other-resource",
        "what Delete answers through the resource of another kind of shell",
        DELETE,
        "open question: the fault, or that the shell is deleted",
        Needs::Shells,
        delete_other_resource,
    ),
];

fn disconnect(facts: &Facts, seen: &[Seen]) -> Next {
    in_shell(facts, seen, |target, after| {
        let [disconnected, ..] = after else {
            return Envelope::on(facts, uri::DISCONNECT, target).body("<rsp:Disconnect/>").ask().next();
        };
        disconnected.fault()?;
        passed(disconnected.describe())
    })
}

fn delete(facts: &Facts, seen: &[Seen]) -> Next {
    in_shell(facts, seen, |target, after| {
        let [deleted, ..] = after else { return Envelope::on(facts, uri::DELETE, target).ask().next() };
        let is_empty = deleted.body(|body| body.children().next().is_none())?;
        judged(is_empty, if is_empty { "an empty body" } else { "a body that is not empty" })
    })
}

/// Deletes the shell; what `request` asks for then must be refused, because no such shell is there.
fn after_delete(facts: &Facts, seen: &[Seen], request: impl FnOnce(&Target) -> Ask) -> Next {
    deleted(facts, seen, |target, after| {
        let [refused, ..] = after else { return request(target).next() };
        refused.is_fault_of(&["InvalidSelectors"])
    })
}

fn deleted(facts: &Facts, seen: &[Seen], rest: impl FnOnce(&Target, &[Seen]) -> Next) -> Next {
    in_shell(facts, seen, |target, after| {
        let [deleted, after @ ..] = after else {
            return Envelope::on(facts, uri::DELETE, target).ask().next();
        };
        deleted.body(|_| ())?;
        rest(target, after)
    })
}

fn get_after_delete(facts: &Facts, seen: &[Seen]) -> Next {
    after_delete(facts, seen, |target| Envelope::get(facts, target).ask())
}

fn delete_after_delete(facts: &Facts, seen: &[Seen]) -> Next {
    after_delete(facts, seen, |target| Envelope::on(facts, uri::DELETE, target).ask())
}

fn signal_after_delete(facts: &Facts, seen: &[Seen]) -> Next {
    let id = upper(facts.command_id);
    after_delete(facts, seen, |target| signal(facts, target, &id, uri::SIGNAL_TERMINATE).ask())
}

fn command_after_delete(facts: &Facts, seen: &[Seen]) -> Next {
    after_delete(facts, seen, |target| run(facts, target, "echo pssession").ask())
}

fn not_listed_after_delete(facts: &Facts, seen: &[Seen]) -> Next {
    deleted(facts, seen, |target, after| {
        let [listing, ..] = after else { return Envelope::enumerate(facts, OPTIMIZED).ask().next() };
        let is_listed = lists(listing, target)?;
        judged(!is_listed, if is_listed { "listed" } else { "not listed" })
    })
}

fn delete_running(facts: &Facts, seen: &[Seen]) -> Next {
    in_command(facts, seen, QUIET, |target, _, after| match after {
        [] => Envelope::on(facts, uri::DELETE, target).ask().next(),
        [deleted] => {
            deleted.body(|_| ())?;
            Envelope::get(facts, target).ask().next()
        }
        [_, got, ..] => got.is_fault_of(&["InvalidSelectors"]),
    })
}

fn delete_other_resource(facts: &Facts, seen: &[Seen]) -> Next {
    in_shell(facts, seen, |target, after| match after {
        [] => {
            let other = target.clone().through(uri::POWERSHELL_RESOURCE);
            Envelope::on(facts, uri::DELETE, &other).ask().next()
        }
        [_] => Envelope::get(facts, target).ask().next(),
        [deleted, got, ..] => {
            let is_there = got.fault_if_any()?.is_none();
            reported(format!(
                "{}, and the shell is {}",
                deleted.describe(),
                if is_there { "still there" } else { "gone" }
            ))
        }
    })
}
