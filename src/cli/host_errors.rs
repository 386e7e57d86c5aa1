//! Hosts that were not listed, or not completely, as errors of the command.

use std::io::{IsTerminal as _, Write as _};

use pssession::listing::Gap;
use pssession::request::LimitedListing;
use pssession::session::ListingView;
use pssession::teardown::{Cancellation, Survey, UnlistedCommands};
use pssession::transport::TransportError;
use pssession::wsman::ShellId;
use pssession::{Endpoint, Error};

use super::diagnostic::{Diagnostic, DiagnosticFormat};
use super::exit::Exit;
use super::folded_errors;
use super::hints::{hint, kind, place};
use super::render::plural;
use super::ui::Ui;

/// Reports the hosts that failed: first why, then those on which nothing was tried any more.
pub(crate) fn report(survey: &Survey, cancellation: &Cancellation, ui: &Ui) {
    let mut errors = Vec::new();
    let mut untried = Vec::new();
    let mut interrupted = Vec::new();
    for host in survey.hosts() {
        let endpoint = host.connector().endpoint();
        match host.listing() {
            Some(Ok(listing)) => {
                errors.extend(listing.gaps.iter().map(|gap| (endpoint, incomplete(endpoint, gap))));
            }
            Some(Err(Error::Transport(
                error
                @ (TransportError::CredentialRefused { .. } | TransportError::CredentialWithheld { .. }),
            ))) => {
                untried.push((endpoint, error));
            }
            Some(Err(error)) if host.was_asked_singly() => {
                asked_singly(endpoint, error, ui);
                let unanswered = host.unanswered().iter();
                errors.extend(
                    unanswered.map(|(shell_id, error)| (endpoint, not_shown(endpoint, shell_id, error))),
                );
            }
            Some(Err(error)) => errors.push((endpoint, not_listed(endpoint, error))),
            None if cancellation.is_cancelled() => interrupted.push(endpoint),
            None => errors.push((endpoint, out_of_time(endpoint))),
        }
    }
    write(errors, ui);
    not_tried(&untried, ui.errors()).iter().for_each(|error| ui.error(error));
    if !interrupted.is_empty() {
        let hosts = plural(interrupted.len(), "host");
        let names = folded_errors::names(interrupted.into_iter());
        ui.remark(&format!("interrupted before {hosts} had answered: {names}"));
    }
}

/// Writes errors about hosts: for a person those that are alike in one.
fn write(errors: Vec<(&Endpoint, Diagnostic)>, ui: &Ui) {
    let errors = match ui.errors() {
        DiagnosticFormat::Text => folded_errors::fold(errors),
        _ => errors.into_iter().map(|(_, error)| error).collect(),
    };
    errors.iter().for_each(|error| ui.error(error));
}

/// One sentence for a person however many hosts there are, one object for each for a program.
fn not_tried(untried: &[(&Endpoint, &TransportError)], format: DiagnosticFormat) -> Vec<Diagnostic> {
    let about = |message: String, cause: &TransportError| {
        Diagnostic::new("LogonFailure", "AuthenticationError", message, Exit::COULD_NOT_BEGIN)
            .caused_by(cause)
    };
    match untried {
        [(_, cause), _, ..] if format.is_for_a_person() => {
            let names = folded_errors::names(untried.iter().map(|(endpoint, _)| *endpoint));
            vec![about(format!("{} more hosts were skipped: {names}", untried.len()), cause)]
        }
        _ => untried
            .iter()
            .map(|(endpoint, cause)| {
                about(format!("{} was skipped", place(endpoint)), cause).about(endpoint.url())
            })
            .collect(),
    }
}

fn not_listed(endpoint: &Endpoint, error: &Error) -> Diagnostic {
    let (id, category) = kind(error);
    let message = format!("cannot list the sessions on {}", place(endpoint));
    Diagnostic::new(id, category, message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .caused_by(error)
        .with_hint(hint(error, endpoint))
}

/// Reports the sessions whose commands could not be listed; `excluded` says whether they are left out for it.
pub(crate) fn report_unlisted_commands(
    survey: &Survey,
    unlisted: &[UnlistedCommands],
    excluded: bool,
    ui: &Ui,
) {
    let consequence = match excluded {
        true => "it is unknown whether commands are running, so they are excluded",
        false => "it is unknown whether commands are running",
    };
    let mut errors = Vec::new();
    for failure in unlisted {
        let url = failure.endpoint_url.as_str();
        let mut hosts = survey.hosts().iter().map(|host| host.connector().endpoint());
        let Some(endpoint) = hosts.find(|endpoint| endpoint.url() == url) else { continue };
        let (id, category) = kind(&failure.error);
        let sessions = plural(failure.sessions, "session");
        let message = format!("cannot list the commands of {sessions} on {}: {consequence}", place(endpoint));
        let error = Diagnostic::new(id, category, message, Exit::COULD_NOT_BEGIN)
            .about(url)
            .caused_by(&failure.error)
            .with_hint(hint(&failure.error, endpoint));
        errors.push((endpoint, error));
    }
    write(errors, ui);
}

/// Reports the hosts that showed no sessions of others. A cmdlet says so to a person alone: in a pipe it writes what
/// PowerShell writes.
pub(crate) fn report_limited(hosts: &[LimitedListing], ui: &Ui) {
    if ui.powershell().is_some() && !std::io::stderr().is_terminal() {
        return;
    }
    for (view, one, more) in [
        (ListingView::OnlyOwn, "shows only your own sessions", "show only your own sessions"),
        (
            ListingView::Unclear,
            "does not show whether you see sessions of others",
            "do not show whether you see sessions of others",
        ),
        (ListingView::Empty, "shows you no sessions", "show you no sessions"),
    ] {
        let of_view = hosts.iter().filter(|host| host.view == view).map(|host| &host.endpoint);
        let endpoints: Vec<&Endpoint> = of_view.collect();
        let shown = match endpoints.as_slice() {
            [] => continue,
            [endpoint] => format!("{} {one}", place(endpoint)),
            several => {
                format!("{} hosts ({}) {more}", several.len(), folded_errors::names(several.iter().copied()))
            }
        };
        let message = format!("{shown}; other people's may exist");
        ui.note("OthersMayExist", &message, "log in as an administrator to see the sessions of all accounts");
    }
}

/// What is asked for singly does not need the listing, so that this is no error.
fn asked_singly(endpoint: &Endpoint, error: &Error, ui: &Ui) {
    if ui.is_quiet() {
        return;
    }
    let label = match ui.errors() {
        DiagnosticFormat::Text => "warning",
        DiagnosticFormat::Concise(_) => "WARNING",
        DiagnosticFormat::Json | DiagnosticFormat::Silent => return,
    };
    let causes = Diagnostic::usage("").caused_by(error).causes.join(": ");
    let host = place(endpoint);
    let _ = writeln!(
        std::io::stderr().lock(),
        "{label}: cannot list the sessions on {host}, so each selected session was queried separately: {causes}"
    );
}

fn not_shown(endpoint: &Endpoint, shell_id: &ShellId, error: &Error) -> Diagnostic {
    let (id, category) = kind(error);
    let message = format!("cannot query session {shell_id} on {}", place(endpoint));
    Diagnostic::new(id, category, message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .caused_by(error)
        .with_hint(hint(error, endpoint))
}

fn out_of_time(endpoint: &Endpoint) -> Diagnostic {
    let message = format!("cannot list the sessions on {}: the deadline passed", place(endpoint));
    Diagnostic::new("Timeout", "OperationTimeout", message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .with_hint("increase --deadline, which limits the whole run, or select fewer hosts")
}

fn incomplete(endpoint: &Endpoint, gap: &Gap) -> Diagnostic {
    let message = format!("the listing of {} is incomplete, so nothing is closed there", place(endpoint));
    Diagnostic::new("ListingIncomplete", "InvalidData", message, Exit::COULD_NOT_BEGIN)
        .about(endpoint.url())
        .caused_by(gap)
        .with_hint(match gap {
            Gap::TooLong(_) => "increase --list-timeout; `pssession get` shows the partial listing",
            _ => "try again, and if the error persists, ask the server's administrator; `pssession get` shows the \
                partial listing",
        })
}
