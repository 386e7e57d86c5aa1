//! Shells that this run creates: how they are made and described. Each check has a shell of its own, which is closed
//! before the next one begins.

use super::ask::Facts;
use super::check::{LiveCheck, Needs};
use super::enumerate::listed_texts;
use super::envelope::{Envelope, OPTIMIZED, demanded, unknown_configuration};
use super::seen::Seen;
use super::target::{Target, upper};
use super::verdict::{Next, Or, failed, judged, passed, skipped};
use crate::conformance::section::{Section, section};
use crate::wsman::uri;
use crate::wsman::xml::Element;

const CREATE: Section = section("MS-WSMV", "3.1.4.5.2", "Remote Shells");
const GET: Section = section("MS-WSMV", "3.1.4.2.1", "Remote Shells");
const SHELL: Section = section("MS-WSMV", "2.2.4.37", "Shell");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "shells/create",
        "a command shell can be created",
        CREATE,
        "CreateResponse with a ResourceCreated that has the selector ShellId",
        Needs::Shells,
        create,
    ),
    LiveCheck::new(
        "shells/created-resource",
        "the reference of a new shell has its resource",
        CREATE,
        "ReferenceParameters/ResourceURI is that of command shells",
        Needs::Shells,
        created_resource,
    ),
    LiveCheck::new(
        "shells/proposed-id",
        "a shell gets the id that its client proposes",
        SHELL,
        "the selector ShellId is the ShellId of the request",
        Needs::Shells,
        proposed_id,
    ),
    LiveCheck::new(
        "shells/described",
        "the answer describes the new shell",
        CREATE,
        "a Shell with ShellId, InputStreams and OutputStreams",
        Needs::Shells,
        described,
    ),
    LiveCheck::new(
        "shells/get",
        "a new shell can be read",
        GET,
        "GetResponse with a Shell of that ShellId",
        Needs::Shells,
        get,
    ),
    LiveCheck::new(
        "shells/get-fields",
        "what a shell says of itself",
        GET,
        "ResourceUri, Owner, ClientIP, IdleTimeOut, ShellRunTime and ShellInactivity",
        Needs::Shells,
        get_fields,
    ),
    LiveCheck::new(
        "shells/name",
        "a shell keeps its name",
        SHELL,
        "Name is the attribute of the Create",
        Needs::Shells,
        name,
    ),
    LiveCheck::new(
        "shells/listed",
        "a new shell is listed",
        section("MS-WSMV", "3.1.4.8.2", "Remote Shells"),
        "an item with its ShellId",
        Needs::Shells,
        listed,
    ),
    LiveCheck::new(
        "shells/id-in-use",
        "an id that is in use is refused",
        SHELL,
        "a fault in answer to a second Create with the same ShellId",
        Needs::Shells,
        id_in_use,
    ),
    LiveCheck::new(
        "shells/id-no-guid",
        "an id that is no GUID is refused",
        SHELL,
        "a fault",
        Needs::Shells,
        id_no_guid,
    ),
    LiveCheck::new(
        "shells/idle-timeout",
        "an idle time below the least is refused",
        section("MS-WSMV", "3.1.4.1.31.5", "Shell Timeouts"),
        "a fault for IdleTimeOut PT1S",
        Needs::Shells,
        idle_timeout,
    ),
    LiveCheck::new(
        "shells/unknown-resource",
        "a shell of a configuration that is not there is refused",
        section("DSP0226", "5.1.2.1", "ResourceURI"),
        "fault DestinationUnreachable",
        Needs::Shells,
        unknown_resource,
    ),
];

/// What a shell of this run is called, so that whoever finds one knows whose it is.
const NAME: &str = "pssession-conformance";

/// A Create of a command shell.
fn create_with(facts: &Facts, shell_id: &str, idle_timeout: &str) -> Envelope {
    let body = format!(
        r#"<rsp:Shell ShellId="{shell_id}" Name="{NAME}"><rsp:IdleTimeOut>{idle_timeout}</rsp:IdleTimeOut><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"#
    );
    let options = r#"<w:OptionSet s:mustUnderstand="true"><w:Option Name="WINRS_NOPROFILE">TRUE</w:Option><w:Option Name="WINRS_CODEPAGE">65001</w:Option></w:OptionSet>"#;
    Envelope::new(facts, uri::CREATE.request, uri::CMD_RESOURCE).with("OptionSet", options).body(body)
}

fn usual(facts: &Facts) -> Envelope {
    create_with(facts, &upper(facts.proposed), "PT180S")
}

/// Creates a shell; then `rest` goes on with it and the later answers.
pub(super) fn in_shell(facts: &Facts, seen: &[Seen], rest: impl FnOnce(&Target, &[Seen]) -> Next) -> Next {
    let [created, after @ ..] = seen else { return usual(facts).ask().next() };
    match Target::created(created) {
        Some(target) => rest(&target, after),
        None => skipped(format!("no command shell can be created here: {}", created.describe())),
    }
}

fn create(facts: &Facts, seen: &[Seen]) -> Next {
    let [created, ..] = seen else { return usual(facts).ask().next() };
    created.body(|_| ())?;
    match Target::created(created) {
        Some(_) => passed("ResourceCreated with a ShellId"),
        None => failed(format!("{} without a ShellId", created.describe())),
    }
}

fn created_resource(facts: &Facts, seen: &[Seen]) -> Next {
    let [created, ..] = seen else { return usual(facts).ask().next() };
    in_shell(facts, std::slice::from_ref(created), |target, _| {
        judged(target.resource_uri() == uri::CMD_RESOURCE, target.resource_uri())
    })
}

fn proposed_id(facts: &Facts, seen: &[Seen]) -> Next {
    in_shell(facts, seen, |target, _| {
        let is_kept = target.shell_id().eq_ignore_ascii_case(&upper(facts.proposed));
        judged(is_kept, if is_kept { "the proposed id" } else { "another id" })
    })
}

fn described(facts: &Facts, seen: &[Seen]) -> Next {
    let [created, ..] = seen else { return usual(facts).ask().next() };
    in_shell(facts, seen, |target, _| {
        let shell = created.body(|body| body.child(uri::SHELL, "Shell").map(fields))?;
        match shell {
            None => failed("no Shell beside ResourceCreated"),
            Some(fields) => has(&fields, &["ShellId", "InputStreams", "OutputStreams"], target),
        }
    })
}

/// The names and texts of an element's children.
fn fields(shell: Element<'_>) -> Vec<(String, String)> {
    shell.children().map(|child| (child.local().to_owned(), child.text().to_owned())).collect()
}

/// Passes if each of these is there and the ShellId is the target's.
fn has(fields: &[(String, String)], wanted: &[&str], target: &Target) -> Next {
    let value = |name: &str| fields.iter().find(|(found, _)| found == name).map(|(_, text)| text.as_str());
    let missing: Vec<&str> =
        wanted.iter().copied().filter(|name| value(name).is_none_or(str::is_empty)).collect();
    if !missing.is_empty() {
        return failed(format!("no {}", missing.join(", ")));
    }
    let is_it = value("ShellId").is_none_or(|id| id.eq_ignore_ascii_case(target.shell_id()));
    judged(is_it, if is_it { "all are there" } else { "the ShellId of another shell" })
}

/// What a Get of the shell answers.
fn got(facts: &Facts, seen: &[Seen], read: impl FnOnce(&Target, Vec<(String, String)>) -> Next) -> Next {
    in_shell(facts, seen, |target, after| {
        let [got, ..] = after else { return Envelope::get(facts, target).ask().next() };
        let shell = got.body(|body| body.child_named("Shell").map(fields))?;
        match shell {
            None => failed(format!("{} without a Shell", got.describe())),
            Some(fields) => read(target, fields),
        }
    })
}

fn get(facts: &Facts, seen: &[Seen]) -> Next {
    got(facts, seen, |target, fields| has(&fields, &["ShellId"], target))
}

fn get_fields(facts: &Facts, seen: &[Seen]) -> Next {
    got(facts, seen, |target, fields| {
        let wanted = ["ResourceUri", "Owner", "ClientIP", "IdleTimeOut", "ShellRunTime", "ShellInactivity"];
        has(&fields, &wanted, target)
    })
}

fn name(facts: &Facts, seen: &[Seen]) -> Next {
    got(facts, seen, |_, fields| match fields.iter().find(|(found, _)| found == "Name") {
        Some((_, name)) => judged(name == NAME, name),
        None => failed("no Name"),
    })
}

/// Whether a listing has the shell.
pub(super) fn lists(listing: &Seen, target: &Target) -> Or<bool> {
    let ids = listed_texts(listing, "ShellId")?;
    Or::Continue(ids.iter().any(|id| id.eq_ignore_ascii_case(target.shell_id())))
}

fn listed(facts: &Facts, seen: &[Seen]) -> Next {
    in_shell(facts, seen, |target, after| {
        let [listing, ..] = after else { return Envelope::enumerate(facts, OPTIMIZED).ask().next() };
        let is_listed = lists(listing, target)?;
        judged(is_listed, if is_listed { "listed" } else { "not listed" })
    })
}

fn id_in_use(facts: &Facts, seen: &[Seen]) -> Next {
    in_shell(facts, seen, |_, after| {
        let [again, ..] = after else { return usual(facts).ask().next() };
        again.fault()?;
        passed(again.describe())
    })
}

fn id_no_guid(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return create_with(facts, "pssession-no-guid", "PT180S").ask().next() };
    is_refused(first)
}

fn idle_timeout(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else { return create_with(facts, &upper(facts.proposed), "PT1S").ask().next() };
    is_refused(first)
}

/// Passes if what was asked is refused, and not the kind of shell.
fn is_refused(seen: &Seen) -> Next {
    let fault = seen.fault()?;
    if ["DestinationUnreachable", "ActionNotSupported"]
        .contains(&fault.subcode.as_deref().unwrap_or_default())
    {
        return skipped(format!("no command shell can be created here: {}", seen.describe()));
    }
    passed(seen.describe())
}

fn unknown_resource(facts: &Facts, seen: &[Seen]) -> Next {
    let [first, ..] = seen else {
        let resource = demanded("w:ResourceURI", &unknown_configuration());
        return usual(facts).with("ResourceURI", resource).ask().next();
    };
    first.is_fault_of(&["DestinationUnreachable"])
}
