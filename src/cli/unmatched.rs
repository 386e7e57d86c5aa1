//! What was named and is not there, as errors of the command.

use std::io::IsTerminal as _;

use pssession::SessionDescriptor;
use pssession::interchange::{ObjectPosition, UnboundObject, UnboundReason};
use pssession::request::{MissRule, NothingFound, UnboundObjects};
use pssession::session::{Miss, OwnersSeen, Selection, SelectorProperty, SessionQuery};

use super::args::ErrorAction;
use super::diagnostic::Diagnostic;
use super::exit::Exit;
use super::positional::unquoted_wildcard;
use super::render::{plural, printable};
use super::source;
use super::ui::Ui;

/// How many owners are named in one sentence.
const MAX_OWNERS: usize = 3;

/// What to know of an Id that nothing has: no other place to look has it, either.
const NEVER_AGAIN: &str = "list the known sessions with `pssession get --cached`; an Id is never reused, so that \
    session may be gone";

/// How selector values that find nothing are reported.
#[derive(Clone, Debug)]
pub(crate) struct Unmatched {
    /// Which of them are errors.
    pub(crate) rule: MissRule,
    /// The error for one of them.
    pub(crate) missed: fn(&Miss) -> Diagnostic,
    /// Where else to look; it stands below the last of them.
    pub(crate) advice: Option<&'static str>,
    /// Whether the first error ends the command, so that it is the only one.
    pub(crate) only_first: bool,
    /// A UPN whose sessions are to be left out: no owner can be compared with it.
    pub(crate) excluded_upn: Option<String>,
}

impl Unmatched {
    /// For a command with this rule.
    pub(crate) fn new(rule: MissRule, advice: Option<&'static str>, ui: &Ui) -> Self {
        // A script that was written for PowerShell sees what PowerShell prints; a person gets more.
        let advice = advice.filter(|_| ui.powershell().is_none() || std::io::stderr().is_terminal());
        let only_first = ui.powershell().is_some_and(|style| style.action == ErrorAction::Stop);
        Self { rule, missed, advice, only_first, excluded_upn: None }
    }

    /// The same for a selection by this query.
    pub(crate) fn of_query(self, query: &SessionQuery) -> Self {
        let upn = query.excluded_owners().find(|pattern| pattern.is_upn());
        Self { excluded_upn: upn.map(|pattern| pattern.as_str().to_owned()), ..self }
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
        report_left_out(selection, sessions, self.excluded_upn.as_deref(), ui);
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
            let error = (self.missed)(miss);
            errors.push(match advice.is_some() && is_a_name(miss) && source::is_file(&miss.value) {
                true => error.with_hint(unquoted_wildcard(&printable(&miss.value))),
                false => error.with_hint(advice.map(str::to_owned)),
            });
        }
        errors.extend(unbound.map(|(_, error)| error));
        errors.truncate(if self.only_first { 1 } else { usize::MAX });
        errors
    }
}

/// Whether a value may be a pattern, so that a shell may have put the names of files in its place.
fn is_a_name(miss: &Miss) -> bool {
    use SelectorProperty::{ComputerName, Name, VmName};
    matches!(miss.property, Name | ComputerName | VmName)
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
fn report_left_out(
    selection: &Selection,
    sessions: &[SessionDescriptor],
    excluded_upn: Option<&str>,
    ui: &Ui,
) {
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
    if !selection.owner_in_doubt.is_empty() {
        let count = selection.owner_in_doubt.len();
        let are = if count == 1 { "is" } else { "are" };
        let sessions = plural(count, "session");
        let message = match excluded_upn {
            Some(upn) => format!(
                "{sessions} {are} excluded: no owner can be compared with --not-owner {}, which is a UPN",
                printable(upn)
            ),
            None => format!("{sessions} {are} excluded: the owner may be one that --not-owner excludes"),
        };
        let hint = "give --not-owner as 'DOMAIN\\name' or as a bare name, or select with --owner";
        ui.note("OwnerInDoubt", &message, hint);
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
pub(crate) fn nothing(why: NothingFound, owners: &OwnersSeen, hosts: bool) -> String {
    let nothing = nothing_found(why, hosts);
    match owners.unmatched.is_empty() || matches!(why, NothingFound::NotInTable { .. }) {
        true => nothing,
        false => format!("{nothing}, {}", owned_by(owners)),
    }
}

/// `owned by CONTOSO\ci-runner and 2 others`.
fn owned_by(owners: &OwnersSeen) -> String {
    if owners.seen.is_empty() {
        return "of unknown owners".to_owned();
    }
    let named: Vec<_> = owners.seen.iter().take(MAX_OWNERS).map(|owner| printable(owner)).collect();
    let more = match owners.seen.len().saturating_sub(MAX_OWNERS) {
        0 => String::new(),
        1 => " and 1 other".to_owned(),
        more => format!(" and {more} others"),
    };
    format!("owned by {}{more}", named.join(", "))
}

/// Reports owners that were asked for beside others, and are not there.
pub(crate) fn report_unmatched_owners(owners: &OwnersSeen, ui: &Ui) {
    let values: Vec<_> = owners.unmatched.iter().map(|pattern| format!("{:?}", printable(pattern))).collect();
    let message =
        format!("no session is owned by {}; sessions are {}", values.join(" or "), owned_by(owners));
    ui.note("OwnerNotFound", &message, "check the name, or use wildcards, as in --owner '*runner'");
}

/// Reports, to those who write PowerShell, sessions that a cmdlet would find among those that were only listed: it looks
/// among the sessions in the current session alone. In our own spelling the advice names the option.
pub(crate) fn report_only_listed(sessions: &[SessionDescriptor], ui: &Ui) {
    if ui.powershell().is_none() {
        return;
    }
    let shown = sessions.iter().take(MAX_LISTED).map(|session| {
        let id = session.id.map_or_else(String::new, |id| format!(" (Id {})", id.0));
        let name = session.name().unwrap_or(session.shell.shell_id.as_str());
        format!("{} on {}{id}", printable(name), printable(&session.computer_name))
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    let more = if sessions.len() > MAX_LISTED { ", ..." } else { "" };
    let ids: Vec<_> = sessions.iter().filter_map(|session| session.id).map(|id| id.0.to_string()).collect();
    let use_ids = match ids.len() {
        count @ 1..=MAX_LISTED if count == sessions.len() => format!("-Id {} or ", ids.join(",")),
        _ => String::new(),
    };
    let (are, were) = if sessions.len() == 1 { ("is", "was") } else { ("are", "were") };
    ui.remark(&format!(
        "{shown}{more} {are} not in the current session, but {were} only listed on a server; use {use_ids}--cached"
    ));
}

/// How many listed sessions are named in one sentence.
const MAX_LISTED: usize = 3;

fn nothing_found(why: NothingFound, hosts: bool) -> String {
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
        NothingFound::EmptyTable if hosts => {
            "no session is known yet; list those of a server with `pssession get HOST`, or import a file with \
             `pssession import FILE`"
                .to_owned()
        }
        NothingFound::EmptyTable => "there is no session in the local table".to_owned(),
        NothingFound::NotInTable { only_listed } => {
            let were = if only_listed == 1 { "was" } else { "were" };
            let or = if hosts { ", or --on HOST to query the server" } else { "" };
            let sessions = plural(only_listed, "session");
            format!("{NOT_IN_TABLE}; for {sessions} that {were} only listed on a server, use --cached{or}")
        }
    }
}
