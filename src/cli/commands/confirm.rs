//! The questions of `remove`: each session under `--confirm`, the whole plan where the guard has a concern.

use pssession::SessionDescriptor;
use pssession::teardown::{ConfirmReason, GUARD_LIMIT, Plan};

use super::remove::output::performing;
use crate::cli::args::RemoveArgs;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::interrupt::Watch;
use crate::cli::render::{self, Room, plural, printable};
use crate::cli::terminal::Answer;

/// Asks what has to be asked. What a person says no to stays in the plan, declined.
pub(super) fn confirm(plan: &mut Plan, args: &RemoveArgs, watch: &Watch) -> Result<(), Diagnostic> {
    if args.yes || plan.is_empty() {
        return Ok(());
    }
    if args.confirm {
        return confirm_each(plan, watch);
    }
    let reasons: Vec<String> = plan.guard().iter().map(reason).collect();
    if reasons.is_empty() {
        return Ok(());
    }
    let reasons = reasons.join("; ");
    let mut terminal = watch.terminal().map_err(|_| unconfirmed(&reasons, watch))?;
    let planned = plan.sessions().into_iter().map(|planned| SessionDescriptor::clone(planned.descriptor()));
    let planned: Vec<_> = planned.collect();
    let room = Room { wide: false, width: terminal.width() };
    let question = format!(
        "{}\n\nConfirmation required: {reasons}.\nClose {} on {}?",
        render::session_table(&planned, room),
        plural(plan.len(), "session"),
        plural(plan.hosts().len(), "host"),
    );
    let _open = watch.question();
    if !terminal.yes_or_no(&question)? {
        (0..plan.len()).for_each(|position| plan.decline(position));
    }
    Ok(())
}

/// Whether to log in on servers that no login was ever sent to from here, and that nobody has named: what a file or a
/// pipe says of a session's endpoint may be a trap for a password.
pub(super) fn trust(strangers: &[String], watch: &Watch) -> Result<bool, Diagnostic> {
    let places = strangers.iter().map(|url| printable(url)).collect::<Vec<_>>();
    let mut terminal = watch.terminal().map_err(|_| {
        let message = format!(
            "refusing to log in to {}: it is not named with --on, and there was no earlier login",
            places.join(", ")
        );
        Diagnostic::new("UntrustedEndpoint", "SecurityError", message, Exit::UNCONFIRMED)
            .about(strangers.join(" "))
            .with_hint("use --on HOST to allow a login there; --yes does not allow it. Nothing was sent")
    })?;
    let _open = watch.question();
    let question = format!(
        "The selected sessions are on servers without an earlier login from this computer:\n  {}\nLog in there?",
        places.join("\n  ")
    );
    Ok(terminal.yes_or_no(&question)?)
}

/// Whether to go on although a selector found nothing: `None` where there is no terminal to ask on.
pub(super) fn go_on(others: usize, watch: &Watch) -> Result<Option<bool>, Diagnostic> {
    let Ok(mut terminal) = watch.terminal() else { return Ok(None) };
    let _open = watch.question();
    let question = match others {
        1 => "Continue with the one session found?".to_owned(),
        more => format!("Continue with the {more} sessions found?"),
    };
    Ok(Some(terminal.yes_or_no(&question)?))
}

/// An error where `--confirm` would have nobody to ask: that is told before any server is asked.
pub(super) fn can_ask(args: &RemoveArgs, watch: &Watch) -> Result<(), Diagnostic> {
    if args.confirm && !args.what_if {
        watch.terminal().map_err(|error| nobody_to_ask(&error, watch))?;
    }
    Ok(())
}

fn nobody_to_ask(error: &std::io::Error, watch: &Watch) -> Diagnostic {
    unconfirmed("--confirm asks before each session", watch).caused_by(error)
}

fn confirm_each(plan: &mut Plan, watch: &Watch) -> Result<(), Diagnostic> {
    let mut terminal = watch.terminal().map_err(|error| nobody_to_ask(&error, watch))?;
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
    let shell = &session.shell;
    let running = if session.is_running() == Some(true) { ", a command is running" } else { "" };
    let lines = [
        performing(session),
        format!(
            "{} {}, owner {}, {}{running}",
            shell.name.as_deref().unwrap_or("(no name)"),
            shell.shell_id,
            shell.owner.as_deref().unwrap_or("not reported"),
            session.state().as_str(),
        ),
    ];
    lines.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n")
}

fn reason(reason: &ConfirmReason) -> String {
    match reason {
        ConfirmReason::NotOurs { sessions: 1, owner } => {
            format!("1 session is not yours (owner {})", printable(owner))
        }
        ConfirmReason::NotOurs { sessions, owner } => {
            format!("{sessions} sessions are not yours (first owner {})", printable(owner))
        }
        ConfirmReason::NotComparable { sessions, owner: Some(owner) } => format!(
            "{} possibly not yours: this login and the owner {} cannot be compared",
            are(*sessions),
            printable(owner)
        ),
        ConfirmReason::NotComparable { sessions, owner: None } => {
            format!("{} possibly not yours: the server reports no owner", are(*sessions))
        }
        ConfirmReason::Running { sessions } => {
            format!("{} with a running command", plural(*sessions, "session"))
        }
        ConfirmReason::Many { sessions } => format!("{sessions} sessions, more than {GUARD_LIMIT}"),
        other => printable(&other.to_string()),
    }
}

fn are(count: usize) -> String {
    if count == 1 { "1 session is".to_owned() } else { format!("{count} sessions are") }
}

fn unconfirmed(why: &str, watch: &Watch) -> Diagnostic {
    let nobody = if watch.asks() { ", but no terminal is available" } else { "" };
    let message = format!("confirmation required{nobody}: {why}");
    Diagnostic::new("ConfirmationNeeded", "OperationStopped", message, Exit::UNCONFIRMED)
        .with_hint("review the plan with --what-if, then pass --yes; nothing was closed")
}
