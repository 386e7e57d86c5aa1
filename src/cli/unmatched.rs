//! What was named and is not there, as errors of the command.

use std::io::IsTerminal as _;

use pssession::SessionDescriptor;
use pssession::interchange::{ObjectPosition, UnboundObject, UnboundReason};
use pssession::request::{MissRule, NothingFound, UnboundObjects};
use pssession::session::{Miss, Selection, SelectorProperty};

use super::args::ErrorAction;
use super::diagnostic::Diagnostic;
use super::exit::Exit;
use super::render::{plural, printable};
use super::ui::Ui;

/// How many owners are named in one sentence.
const MAX_OWNERS: usize = 3;

/// What to know of an Id that nothing has: no other place to look has it, either.
const NEVER_AGAIN: &str = "list the known sessions with `pssession get --cached`; an Id is never reused, so that \
    session may be gone";

/// How selector values that find nothing are reported.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unmatched {
    /// Which of them are errors.
    pub(crate) rule: MissRule,
    /// The error for one of them.
    pub(crate) missed: fn(&Miss) -> Diagnostic,
    /// Where else to look; it stands below the last of them.
    pub(crate) advice: Option<&'static str>,
    /// Whether the first error ends the command, so that it is the only one.
    pub(crate) only_first: bool,
}

impl Unmatched {
    /// For a command with this rule.
    pub(crate) fn new(rule: MissRule, advice: Option<&'static str>, ui: &Ui) -> Self {
        // A script that was written for PowerShell sees what PowerShell prints; a person gets more.
        let advice = advice.filter(|_| ui.powershell().is_none() || std::io::stderr().is_terminal());
        let only_first = ui.powershell().is_some_and(|style| style.action == ErrorAction::Stop);
        Self { rule, missed, advice, only_first }
    }

    /// Reports what filters leave out because it is not known, and then the values that find nothing, where that is an
    /// error, and the objects that name nothing, each before the miss of its number.
    pub(crate) fn report(
        &self,
        selection: &Selection,
        sessions: &[SessionDescriptor],
        unbound: &UnboundObjects,
        ui: &Ui,
    ) {
        report_left_out(selection, sessions, ui);
        self.errors(selection, unbound, ui).iter().for_each(|error| ui.error(error));
    }

    /// These errors, in order.
    pub(crate) fn errors(&self, selection: &Selection, unbound: &UnboundObjects, ui: &Ui) -> Vec<Diagnostic> {
        let mut unbound = self::unbound(unbound, ui).into_iter().peekable();
        let mut errors = Vec::new();
        let misses = selection.misses.iter().enumerate().filter(|(_, miss)| self.rule.is_error(miss));
        let mut misses = misses.peekable();
        while let Some((number, miss)) = misses.next() {
            while let Some((_, error)) = unbound.next_if(|(before, _)| *before <= number) {
                errors.push(error);
            }
            let advice = self.advice.filter(|_| misses.peek().is_none());
            let is_id = miss.property == SelectorProperty::Id;
            let advice = advice.map(|advice| if is_id { NEVER_AGAIN } else { advice });
            errors.push((self.missed)(miss).with_hint(advice.map(str::to_owned)));
        }
        errors.extend(unbound.map(|(_, error)| error));
        errors.truncate(if self.only_first { 1 } else { usize::MAX });
        errors
    }
}

/// Which selector values that find nothing are errors of a command.
pub(crate) fn rule(ui: &Ui, ignore_not_found: bool) -> MissRule {
    match ui.powershell() {
        _ if ignore_not_found => MissRule::Ignore,
        None => MissRule::Literal,
        Some(_) => MissRule::PowerShell,
    }
}

/// In PowerShell each object that cannot be bound is an error of its own, and the others go on. With each the number of the
/// miss before which it stands.
fn unbound(unbound: &UnboundObjects, ui: &Ui) -> Vec<(usize, Diagnostic)> {
    let cmdlet = ui.powershell().map_or("this command", |style| style.cmdlet);
    let error = |(before, position, object): &(usize, ObjectPosition, UnboundObject)| {
        let (id, category) = match object.reason {
            UnboundReason::NotBound => ("InputObjectNotBound", "InvalidArgument"),
            UnboundReason::Ambiguous => ("AmbiguousParameterSet", "InvalidArgument"),
            UnboundReason::Null => ("ParameterArgumentValidationErrorNullNotAllowed", "InvalidData"),
        };
        let problem = &object.problem;
        let message =
            format!("the input object cannot be bound to a parameter of {cmdlet}: {position}: {problem}");
        (*before, Diagnostic::new(id, category, message, Exit::COULD_NOT_BEGIN))
    };
    let mut errors: Vec<_> = unbound.objects.iter().map(error).collect();
    if unbound.more > 0 {
        let message = format!("{} more input objects cannot be bound", unbound.more);
        let more = Diagnostic::new("InputObjectNotBound", "InvalidArgument", message, Exit::COULD_NOT_BEGIN);
        errors.push((usize::MAX, more));
    }
    if let Some((_, last)) = errors.last_mut() {
        last.hint = Some(
            "use the objects that Get-PSSession writes, or pass values with -InstanceId or -Id".to_owned(),
        );
    }
    errors
}

/// Reports how many sessions filters leave out because what they ask for is not known.
fn report_left_out(selection: &Selection, sessions: &[SessionDescriptor], ui: &Ui) {
    not_comparable(selection, sessions, ui);
    if !selection.unnamed.is_empty() {
        let count = selection.unnamed.len();
        let are = if count == 1 { "is" } else { "are" };
        let message = format!(
            "{} {are} excluded: the server reports no name to compare with --exclude",
            plural(count, "session")
        );
        ui.note("NameNotReported", &message, "select them with --instance-id or --owner");
    }
}

/// Reports how many sessions `--mine` or `--not-mine` leaves out because nobody can tell whose they are.
fn not_comparable(selection: &Selection, sessions: &[SessionDescriptor], ui: &Ui) {
    let left_out = selection.not_comparable.iter().filter_map(|index| sessions.get(*index));
    let mut owners: Vec<&str> = Vec::new();
    for session in left_out {
        let owner = session.shell.owner.as_deref().filter(|owner| !owner.trim().is_empty());
        let owner = owner.unwrap_or("not reported");
        if !owners.contains(&owner) {
            owners.push(owner);
        }
    }
    if owners.is_empty() {
        return;
    }
    let count = selection.not_comparable.len();
    let (are, they) = if count == 1 { ("is", "it is") } else { ("are", "they are") };
    let named: Vec<String> = owners.iter().take(MAX_OWNERS).map(|owner| printable(owner)).collect();
    let more = if owners.len() > MAX_OWNERS { ", ..." } else { "" };
    let message = format!(
        "{} {are} excluded: the owner ({}{more}) and this login do not show whether {they} yours",
        plural(count, "session"),
        named.join(", "),
    );
    let hint = "give the account of this login with --account 'DOMAIN\\name', or select with --owner";
    ui.note("OwnerNotComparable", &message, hint);
}

/// The option that takes values of this property.
pub(crate) fn option_of(property: SelectorProperty) -> &'static str {
    match property {
        SelectorProperty::Id => "--id",
        SelectorProperty::InstanceId => "--instance-id",
        SelectorProperty::VmId => "--vm-id",
        SelectorProperty::ContainerId => "--container-id",
        SelectorProperty::Name => "--name",
        SelectorProperty::VmName => "--vm-name",
        SelectorProperty::ComputerName => "--computer-name",
    }
}

/// A selector value that found nothing.
pub(crate) fn missed(miss: &Miss) -> Diagnostic {
    let id = match miss.property {
        SelectorProperty::Id => "RemoteRunspaceNotAvailableForSpecifiedSessionId",
        SelectorProperty::InstanceId => "RemoteRunspaceNotAvailableForSpecifiedRunspaceId",
        SelectorProperty::ComputerName => "RemoteRunspaceNotAvailableForSpecifiedComputer",
        _ => "RemoteRunspaceNotAvailableForSpecifiedName",
    };
    let message = format!("no session has the {} \"{}\"", miss.property, miss.value);
    Diagnostic::new(id, "InvalidArgument", message, Exit::SUCCESS).about(miss.value.clone())
}

/// The same of `Get-PSSession -ComputerName`, which has errors of its own for it.
pub(crate) fn not_discovered(miss: &Miss) -> Diagnostic {
    let (id, property) = match miss.property {
        SelectorProperty::InstanceId => ("PSSessionIdMatchFail", "instance id"),
        _ => ("PSSessionNameMatchFail", "name"),
    };
    let value = &miss.value;
    let message = format!("no session on the given computers has the {property} \"{value}\"");
    Diagnostic::new(id, "InvalidOperation", message, Exit::SUCCESS).about(miss.value.clone())
}

/// Why nothing was found, in one sentence; `hosts` says whether the command can query servers.
pub(crate) fn nothing(why: NothingFound, hosts: bool) -> String {
    const NOT_IN_TABLE: &str = "no session in the local table matches";
    match why {
        NothingFound::OnHosts { hosts: 0, .. } => "no session matches".to_owned(),
        NothingFound::OnHosts { hosts, sessions: 0 } => format!("no session on {}", plural(hosts, "host")),
        NothingFound::OnHosts { hosts, sessions: 1 } => {
            format!("no session matches; there is 1 on {}", plural(hosts, "host"))
        }
        NothingFound::OnHosts { hosts, sessions } => {
            format!("no session matches; there are {sessions} on {}", plural(hosts, "host"))
        }
        NothingFound::NoObjects => "the input contains no objects".to_owned(),
        NothingFound::NoObjectMatches => "no session in the input matches".to_owned(),
        NothingFound::NoObjectInTable => {
            "no session in the input is in the local table and matches".to_owned()
        }
        NothingFound::NotInTable { only_listed: 0 } if hosts => {
            format!("{NOT_IN_TABLE}; use --on HOST to query a server")
        }
        NothingFound::NotInTable { only_listed: 0 } => NOT_IN_TABLE.to_owned(),
        NothingFound::NotInTable { only_listed } => {
            let were = if only_listed == 1 { "was" } else { "were" };
            let or = if hosts { ", or --on HOST to query the server" } else { "" };
            let sessions = plural(only_listed, "session");
            format!("{NOT_IN_TABLE}; for {sessions} that {were} only listed on a server, use --cached{or}")
        }
    }
}
