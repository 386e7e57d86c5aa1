//! The questions of `remove`: each session under `--confirm`, the whole plan where the guard has a reason.

use pssession::SessionDescriptor;
use pssession::teardown::{ConfirmReason, Plan};

use super::diagnostic::{Diagnostic, wrapped};
use super::exit::Exit;
use super::interrupt::Watch;
use super::render::{self, TableView, plural, printable};
use super::terminal::Answer;
use super::ui::Ui;

/// Whether to carry out the whole plan.
pub(crate) fn plan(
    plan: &Plan,
    reasons: &[ConfirmReason],
    watch: &Watch,
    ui: &Ui,
) -> Result<bool, Diagnostic> {
    let reasons: Vec<String> = reasons.iter().map(|reason| printable(&reason.to_string())).collect();
    let reasons = reasons.join("; ");
    let mut terminal = watch.terminal().map_err(|_| unconfirmed(&reasons, watch, ui))?;
    let planned = plan.sessions().into_iter().map(|planned| SessionDescriptor::clone(planned.descriptor()));
    let planned: Vec<_> = planned.collect();
    let owners = owners(&planned);
    let width = terminal.width();
    let view = TableView { width, colour: terminal.has_colour(), ..TableView::default() };
    let question = format!(
        "{}\n\n{}\n{}\nClose {} on {}?",
        render::session_table(&planned, view),
        wrapped(0, &format!("Owners: {owners}"), width),
        wrapped(0, &format!("Confirmation required: {reasons}."), width),
        plural(plan.len(), "session"),
        plural(plan.hosts().len(), "host"),
    );
    let _open = watch.question();
    Ok(terminal.yes_or_no(&question)?)
}

/// Each distinct owner of these sessions, with how many it has.
fn owners(sessions: &[SessionDescriptor]) -> String {
    let mut owners: Vec<(&str, usize)> = Vec::new();
    for session in sessions {
        let owner = session.shell.owner.as_deref().unwrap_or("not reported");
        match owners.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(owner)) {
            Some((_, count)) => *count += 1,
            None => owners.push((owner, 1)),
        }
    }
    let named = owners.iter().map(|(owner, count)| format!("{} ({count})", printable(owner)));
    named.collect::<Vec<_>>().join(", ")
}

/// Whether to log in on servers that no login was ever sent to from here, and that nobody has named: what a file or a
/// pipe says of a session's endpoint may be a trap for a password.
pub(crate) fn hosts(urls: &[String], watch: &Watch) -> Result<bool, Diagnostic> {
    let places = urls.iter().map(|url| printable(url)).collect::<Vec<_>>();
    let mut terminal = watch.terminal().map_err(|_| {
        let message = format!(
            "refusing to log in to {}: it is not named with --on, and there was no earlier login",
            places.join(", ")
        );
        Diagnostic::new("UntrustedEndpoint", "SecurityError", message, Exit::UNCONFIRMED)
            .about(urls.join(" "))
            .with_hint("use --on HOST to allow a login there; --yes does not allow it. Nothing was sent")
    })?;
    let _open = watch.question();
    let question = format!(
        "The selected sessions are on servers without an earlier login from this computer:\n  {}\nLog in there?",
        places.join("\n  ")
    );
    Ok(terminal.yes_or_no(&question)?)
}

/// Whether to go on although a selector found nothing: no where there is no terminal to ask on.
pub(crate) fn rest(found: usize, watch: &Watch) -> Result<bool, Diagnostic> {
    let Ok(mut terminal) = watch.terminal() else { return Ok(false) };
    let _open = watch.question();
    let question = match found {
        1 => "Continue with the one session found?".to_owned(),
        more => format!("Continue with the {more} sessions found?"),
    };
    Ok(terminal.yes_or_no(&question)?)
}

/// An error where `--confirm`, or a question about a session that returns, would have nobody to ask.
pub(crate) fn can_ask(each: bool, watch: &Watch, ui: &Ui) -> Result<(), Diagnostic> {
    watch.terminal().map(drop).map_err(|error| match each {
        true => nobody_to_ask(&error, watch, ui),
        false => unconfirmed("--repeat-for asks about sessions that return", watch, ui).caused_by(&error),
    })
}

fn nobody_to_ask(error: &std::io::Error, watch: &Watch, ui: &Ui) -> Diagnostic {
    unconfirmed("--confirm asks before each session", watch, ui).caused_by(error)
}

/// Asks before each session.
pub(crate) fn each(plan: &mut Plan, watch: &Watch, ui: &Ui) -> Result<(), Diagnostic> {
    let mut terminal = watch.terminal().map_err(|error| nobody_to_ask(&error, watch, ui))?;
    let _open = watch.question();
    let mut answer = Answer::Yes;
    for position in 0..plan.len() {
        let description = plan.sessions().get(position).map(|planned| describe(planned.descriptor()));
        if !matches!(answer, Answer::YesToAll | Answer::NoToAll) {
            answer = terminal.confirm(&description.unwrap_or_default())?;
        }
        if matches!(answer, Answer::No | Answer::NoToAll) {
            plan.decline(position);
        }
    }
    Ok(())
}

/// PowerShell's sentence, and what tells this session from the others on that computer.
fn describe(session: &SessionDescriptor) -> String {
    format!("{}\n{}", performing(session), identity(session))
}

/// What tells a session from the others on its computer, in one line.
pub(crate) fn identity(session: &SessionDescriptor) -> String {
    let shell = &session.shell;
    let running = if session.is_running() == Some(true) { ", a command is running" } else { "" };
    printable(&format!(
        "{} {}, owner {}, {}{running}",
        shell.name.as_deref().unwrap_or("(no name)"),
        shell.shell_id,
        shell.owner.as_deref().unwrap_or("not reported"),
        session.state().as_str(),
    ))
}

fn unconfirmed(why: &str, watch: &Watch, ui: &Ui) -> Diagnostic {
    let nobody = if watch.asks() { ", but no terminal is available" } else { "" };
    let message = format!("confirmation required{nobody}: {why}");
    let hint = match ui.powershell() {
        None => "review the plan with --what-if, then pass --yes; nothing was closed",
        Some(_) => "review the plan with -WhatIf, then pass '-Confirm:$false' or --yes; nothing was closed",
    };
    Diagnostic::new("ConfirmationNeeded", "OperationStopped", message, Exit::UNCONFIRMED).with_hint(hint)
}

/// What PowerShell says before it acts, where it is verbose and does not ask, and which session it is.
pub(crate) fn announce(plan: &Plan, ui: &Ui) {
    if !ui.is_verbose() {
        return;
    }
    for planned in plan.sessions().into_iter().filter(|planned| !planned.is_declined()) {
        ui.verbose(&performing(planned.descriptor()));
        ui.verbose(&identity(planned.descriptor()));
    }
}

/// PowerShell's description of what is done to a session.
pub(crate) fn performing(session: &SessionDescriptor) -> String {
    format!("Performing the operation \"Remove\" on target \"{}\".", printable(&session.computer_name))
}
