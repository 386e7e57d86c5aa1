//! Sessions that could not be closed, as errors for a person: the first of its kind on a host at once, the others of the
//! same kind together at the end.

use std::cell::RefCell;

use pssession::SessionDescriptor;
use pssession::teardown::Record;

use super::output::target;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::hints::outcome_hint;
use crate::cli::render::{plural, printable};

/// How many sessions are named in one message.
const MAX_SESSIONS: usize = 20;

/// The kinds of failures of a run.
#[derive(Debug, Default)]
pub(super) struct Failures(RefCell<Vec<Kind>>);

/// Failures on one host that have the same reason.
#[derive(Debug)]
struct Kind {
    endpoint_url: String,
    outcome: &'static str,
    reason: Option<String>,
    place: String,
    /// The sessions after the first.
    others: Vec<String>,
}

impl Failures {
    /// The error about this session, if it is the first of its kind.
    pub(super) fn add(&self, record: &Record) -> Option<Diagnostic> {
        let mut kinds = self.0.borrow_mut();
        let (session, outcome) = (&record.session, record.outcome.name());
        let reason = record.outcome.reason();
        let is_same = |kind: &&mut Kind| {
            *kind.endpoint_url == *session.endpoint_url && kind.outcome == outcome && kind.reason == reason
        };
        if let Some(kind) = kinds.iter_mut().find(is_same) {
            kind.others.push(short_name(session));
            return None;
        }
        kinds.push(Kind {
            endpoint_url: session.endpoint_url.to_string(),
            outcome,
            reason,
            place: place(session),
            others: Vec::new(),
        });
        Some(error(record))
    }

    /// The errors about all others.
    pub(super) fn others(&self) -> Vec<Diagnostic> {
        let kinds = self.0.borrow();
        let others = kinds.iter().filter(|kind| !kind.others.is_empty()).map(|kind| {
            let Kind { outcome, place, others, .. } = kind;
            let shown: Vec<&str> = others.iter().take(MAX_SESSIONS).map(String::as_str).collect();
            let more = match others.len().saturating_sub(MAX_SESSIONS) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let count = plural(others.len(), "more session");
            let message = format!(
                "could not remove {count} on `{place}` for the same reason: {}{more}",
                shown.join(", ")
            );
            Diagnostic::new(outcome, "CloseError", message, Exit::SUCCESS).about(kind.endpoint_url.clone())
        });
        others.collect()
    }
}

/// The error about one session.
pub(super) fn error(record: &Record) -> Diagnostic {
    let (session, outcome) = (&record.session, record.outcome.name());
    let reason = record.outcome.reason().unwrap_or_default();
    let message =
        format!("could not remove session {} on `{}`: {outcome}: {reason}", name(session), place(session));
    Diagnostic::new(outcome, "CloseError", message, Exit::SUCCESS)
        .about(target(session))
        .with_hint(outcome_hint(record))
}

/// Host and port: several endpoints of one host are told apart.
fn place(session: &SessionDescriptor) -> String {
    format!("{}:{}", session.computer_name, session.port)
}

/// The Id, which selects it again, and the name.
fn name(session: &SessionDescriptor) -> String {
    let name = session.name().unwrap_or(session.shell.shell_id.as_str());
    match session.id {
        Some(id) => format!("{} `{name}`", id.0),
        None => format!("`{name}`"),
    }
}

fn short_name(session: &SessionDescriptor) -> String {
    match session.id {
        Some(id) => id.0.to_string(),
        None => printable(session.shell.shell_id.as_str()),
    }
}
