//! What was named and is not there: how it is told, and whether it ends the command.

use std::io::Write as _;

use pssession::SessionDescriptor;
use pssession::session::{Miss, Selection, SelectorProperty};
use pssession::teardown::RunSummary;

use super::confirm;
use crate::cli::args::ErrorAction;
use crate::cli::diagnostic::{Diagnostic, DiagnosticFormat};
use crate::cli::exit::Exit;
use crate::cli::interrupt::Watch;
use crate::cli::output_style::OutputStyle;
use crate::cli::progress;
use crate::cli::render::{plural, printable};

/// How many owners are named in one sentence.
const MAX_OWNERS: usize = 3;

/// What to know of an Id that nothing has: no other place to look has it, either.
const NEVER_AGAIN: &str = "list the known sessions with `pssession get --cached`; an Id is never reused, so that \
    session may be gone";

/// Which selector values that found nothing are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MissRule {
    /// Those that are no patterns.
    Literal,
    /// Those of PowerShell: literal names, and computer names, Ids and instance ids of any kind.
    PowerShell,
    /// None: `--ignore-not-found`.
    Ignore,
}

impl MissRule {
    pub(super) fn of(style: OutputStyle, ignore_not_found: bool) -> Self {
        match style {
            _ if ignore_not_found => Self::Ignore,
            OutputStyle::Native => Self::Literal,
            OutputStyle::PowerShell(_) => Self::PowerShell,
        }
    }

    pub(super) fn is_error(self, miss: &Miss) -> bool {
        match self {
            Self::Literal => miss.literal,
            Self::PowerShell => !miss.silent,
            Self::Ignore => false,
        }
    }

    /// What the exit code has to know of the selection.
    pub(super) fn summary(self, selection: &Selection) -> RunSummary {
        RunSummary {
            hits: selection.chosen.len(),
            literal_misses: selection.misses.iter().filter(|miss| self.is_error(miss)).count(),
            found_any: selection.found_any(),
            ..RunSummary::default()
        }
    }
}

/// Reports the selector values that found nothing where that is an error, each as `missed` makes it, with advice below the
/// last one; and the `others`, each before the miss of its number. Returns how many errors there were. Where the first
/// error ends the command it is the only one.
pub(super) fn report(
    selection: &Selection,
    others: &[(usize, Diagnostic)],
    rule: MissRule,
    missed: fn(&Miss) -> Diagnostic,
    advice: Option<String>,
    only_first: bool,
    format: DiagnosticFormat,
) -> usize {
    let mut others = others.iter().peekable();
    let errors = selection.misses.iter().enumerate().filter(|(_, miss)| rule.is_error(miss));
    let mut misses = errors.peekable();
    let mut count = 0;
    loop {
        let next = misses.peek().map_or(usize::MAX, |(number, _)| *number);
        if only_first && count > 0 {
            break;
        }
        if let Some((_, other)) = others.next_if(|(before, _)| *before <= next) {
            other.emit(format);
            count += 1;
            continue;
        }
        let Some((_, miss)) = misses.next() else { break };
        let last = misses.peek().is_none();
        let advice = advice.as_deref().filter(|_| last);
        let advice =
            advice.map(|advice| if miss.property == SelectorProperty::Id { NEVER_AGAIN } else { advice });
        missed(miss).with_hint(advice.map(str::to_owned)).emit(format);
        count += 1;
    }
    count
}

/// Reports how many sessions filters leave out because what they ask for is not known.
pub(super) fn report_left_out(
    selection: &Selection,
    sessions: &[SessionDescriptor],
    format: DiagnosticFormat,
) {
    not_comparable(selection, sessions, format);
    if !selection.unnamed.is_empty() {
        let count = selection.unnamed.len();
        let are = if count == 1 { "is" } else { "are" };
        let message = format!(
            "{} {are} excluded: the server reports no name to compare with --exclude",
            plural(count, "session")
        );
        note("NameNotReported", &message, "select them with --instance-id or --owner", format);
    }
}

/// Reports how many sessions `--mine` or `--not-mine` leaves out because nobody can tell whose they are.
fn not_comparable(selection: &Selection, sessions: &[SessionDescriptor], format: DiagnosticFormat) {
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
    note("OwnerNotComparable", &message, hint, format);
}

/// A note for a person, an object for a program.
fn note(id: &'static str, message: &str, hint: &'static str, format: DiagnosticFormat) {
    if format.is_for_a_person() {
        let mut out = std::io::stderr().lock();
        progress::clear(&mut out);
        // A closed stderr leaves nobody to tell.
        let _ = writeln!(out, "note: {message}\n  hint: {hint}");
    } else {
        Diagnostic::new(id, "NotSpecified", message, Exit::SUCCESS).with_hint(hint).emit(format);
    }
}

/// Under `stop` a miss ends it; under `inquire` a person decides, and without a terminal it acts as `stop`.
pub(super) fn stop_it(action: ErrorAction, summary: &RunSummary, watch: &Watch) -> Result<bool, Diagnostic> {
    let missed = summary.literal_misses > 0;
    Ok(match action {
        ErrorAction::Stop => missed,
        ErrorAction::Inquire if missed && summary.hits > 0 => {
            !confirm::go_on(summary.hits, watch)?.unwrap_or(false)
        }
        ErrorAction::Inquire => missed,
        _ => false,
    })
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
pub(super) fn missed(miss: &Miss) -> Diagnostic {
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
pub(super) fn not_discovered(miss: &Miss) -> Diagnostic {
    let (id, property) = match miss.property {
        SelectorProperty::InstanceId => ("PSSessionIdMatchFail", "instance id"),
        _ => ("PSSessionNameMatchFail", "name"),
    };
    let value = &miss.value;
    let message = format!("no session on the given computers has the {property} \"{value}\"");
    Diagnostic::new(id, "InvalidOperation", message, Exit::SUCCESS).about(miss.value.clone())
}
