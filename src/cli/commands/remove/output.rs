//! How a removal is written: records to stdout, errors and the summary to stderr.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use pssession::request::{ExceededLimit, NothingFound, Repetition};
use pssession::session::OwnersSeen;
use pssession::store::RowMetadata;
use pssession::teardown::{Cancellation, Failure, Outcome, Record, Report};
use pssession::{Endpoint, SessionDescriptor};

use super::RemoveArgs;
use super::failures::{self, Failures};
use super::record_stream::RecordStream;
use crate::cli::args::{Format, OutputArgs};
use crate::cli::confirm::{identity, performing};
use crate::cli::diagnostic::{Diagnostic, DiagnosticFormat};
use crate::cli::exit::Exit;
use crate::cli::hints::place;
use crate::cli::render::{self, plural, printable};
use crate::cli::ui::Ui;
use crate::cli::unmatched;

/// How this run is written.
pub(super) struct RemoveOutput<'a> {
    ui: &'a Ui,
    format: Format,
    output: &'a OutputArgs,
    /// Whether it was asked what runs.
    running: bool,
    summary: bool,
    records: bool,
    failures: Failures,
    /// The records as they come, in NDJSON.
    pub(super) stream: RecordStream<'a>,
    /// Whether the first round is over.
    repeats: Cell<bool>,
    /// What stands so far, where an error may end a later round.
    finished: RefCell<BTreeMap<usize, (Record, RowMetadata)>>,
    keeps_finished: bool,
}

impl<'a> RemoveOutput<'a> {
    pub(super) fn new(
        args: &'a RemoveArgs,
        ui: &'a Ui,
        cancellation: &'a Cancellation,
    ) -> Result<Self, Diagnostic> {
        args.output.check_of_removals()?;
        if ui.format() == Format::Ndjson && !args.output.sort.is_empty() && !args.what_if {
            return Err(Diagnostic::usage("--sort cannot sort records that are written as sessions finish")
                .about("--sort")
                .with_hint("use -o json, or sort with jq -s; nothing was sent"));
        }
        let powershell = ui.powershell().is_some();
        // A report on stdout holds them all, and PowerShell's cmdlet writes no objects unless they are asked for.
        let records = args.report.as_deref() != Some(Path::new("-"))
            && ui.writes_records()
            && (!powershell || ui.has_chosen_format());
        let summary = !powershell && !ui.is_quiet() && !matches!(ui.errors(), DiagnosticFormat::Json);
        let running = args.select.skip_running || args.select.running;
        let stream = RecordStream::new(cancellation);
        Ok(Self {
            ui,
            format: ui.format(),
            output: &args.output,
            running,
            summary,
            records,
            failures: Failures::default(),
            stream,
            repeats: Cell::default(),
            finished: RefCell::default(),
            keeps_finished: args.repeat_for.is_some(),
        })
    }

    /// All that was found is kept.
    pub(super) fn all_kept(&self, sessions: usize) {
        self.ui.remark(&format!(
            "nothing to close: none of {} is known to be older than the sessions kept",
            plural(sessions, "session")
        ));
    }

    /// Nothing was found, and no single value is to blame.
    pub(super) fn nothing(&self, why: NothingFound, owners: &OwnersSeen, is_error: bool) {
        let why = unmatched::nothing(why, owners, true);
        match self.ui.powershell() {
            // PowerShell is silent about a pattern that matches nothing.
            Some(_) => self.ui.verbose(&why),
            None if !is_error => self.ui.remark(&why),
            None => self.ui.error(&Diagnostic::new("NothingMatched", "ObjectNotFound", why, Exit::SUCCESS)
                .with_hint(
                    "list the sessions with `pssession get`, or pass --ignore-not-found to treat this as success",
                )),
        }
    }

    /// A remembered session is left out.
    pub(super) fn skipped(&self, session: &SessionDescriptor, commands_unknown: bool) {
        let why = match commands_unknown {
            true => "it is unknown whether a command is running",
            false => "it no longer matches",
        };
        self.ui.remark(&format!(
            "skipping {} on {}: {why}",
            printable(session.name().unwrap_or(session.shell.shell_id.as_str())),
            printable(&session.computer_name),
        ));
    }

    /// The first round is over, and hosts are asked again.
    pub(super) fn repeating(&self, hosts: usize, repetition: Repetition) {
        self.repeats.set(true);
        self.ui.remark(&format!(
            "closing matching sessions again on {} for {}; press Ctrl-C to end",
            plural(hosts, "host"),
            render::duration(repetition.duration()),
        ));
    }

    /// A host that had failed answers again.
    pub(super) fn recovered(&self, endpoint: &Endpoint) {
        self.ui.remark(&format!("{} answers again", place(endpoint)));
    }

    /// A session has returned.
    pub(super) fn returned(&self, session: &SessionDescriptor) {
        let shell = &session.shell;
        let text = |text: &Option<Arc<str>>, without: &str| printable(text.as_deref().unwrap_or(without));
        self.ui.remark(&format!(
            "returned on {}: session {}, owner {}, from {}",
            printable(&session.computer_name),
            printable(session.name().unwrap_or(shell.shell_id.as_str())),
            text(&shell.owner, "unknown"),
            text(&shell.client_ip, "an unknown address"),
        ));
    }

    /// An error ends the run in a later round: what stands so far is written all the same.
    pub(super) fn conclude_early(&self) {
        let (records, notes): (Vec<_>, Vec<_>) =
            std::mem::take(&mut *self.finished.borrow_mut()).into_values().unzip();
        if !records.is_empty() {
            // The error that ended the run says more than that stdout cannot be written.
            let _ = self.conclude(&Report::new(records), &notes, false);
        }
    }

    /// Reports a session that went wrong as soon as that is known; in NDJSON each session.
    pub(super) fn finished(&self, record: &Record, metadata: &RowMetadata) {
        if self.repeats.get() && record.outcome.is_gone() {
            let session = &record.session;
            let name = session.name().unwrap_or(session.shell.shell_id.as_str());
            let host = printable(&session.computer_name);
            self.ui.remark(&format!("closed on {host}: session {}", printable(name)));
        }
        if self.keeps_finished {
            self.finished.borrow_mut().insert(record.position, (record.clone(), metadata.clone()));
        }
        tracing::info!(
            host = &*record.session.computer_name,
            shell_id = printable(record.session.shell.shell_id.as_str()),
            outcome = record.outcome.name(),
            "concluded",
        );
        if self.format == Format::Ndjson && self.records {
            self.stream.write(record, metadata);
        }
        // That a host cannot be reached or listed is reported once, and for each session in its own record.
        let reported_for_its_host =
            matches!(&record.outcome, Outcome::Failed(Failure::Unreachable(_) | Failure::ListingIncomplete))
                && record.elapsed.is_zero()
                && self.ui.is_for_a_person();
        match self.ui.powershell() {
            Some(_) if record.outcome.is_bad() => self.ui.error(&went_wrong_in_powershell(record)),
            None if record.outcome.is_bad() && !reported_for_its_host => match self.ui.errors() {
                DiagnosticFormat::Json => self.ui.error(&failures::error(record)),
                _ => self.failures.add(record).iter().for_each(|error| self.ui.error(error)),
            },
            _ => {}
        }
    }

    /// A plan that is too large, of the first round or a later one.
    pub(super) fn limit_exceeded(&self, exceeded: ExceededLimit) -> Diagnostic {
        limit_exceeded(exceeded, if self.repeats.get() { "nothing more" } else { "nothing" })
    }

    pub(super) fn conclude(
        &self,
        report: &Report,
        notes: &[RowMetadata],
        planned_only: bool,
    ) -> Result<(), Diagnostic> {
        let already_written = self.format == Format::Ndjson && !planned_only;
        // Who said no to all of it has just seen it all.
        let all_declined = report.counts().declined == report.records.len()
            && matches!(self.format, Format::Table | Format::Wide)
            && std::io::stdout().is_terminal();
        self.failures.others().iter().for_each(|error| self.ui.error(error));
        let summary = self.summary && !report.records.is_empty();
        if summary {
            Diagnostic::end_of_advice();
        }
        let shown = if planned_only && self.ui.powershell().is_some() && !self.records {
            what_if(report)
        } else if already_written || all_declined || !self.records {
            Ok(())
        } else {
            render::removals(self.format, &report.records, notes, self.output, self.running)
        };
        if summary {
            writeln!(std::io::stderr().lock(), "{}", render::summary(report))?;
        }
        match shown {
            // Whoever closed the pipe wants no more of it; how the run ended is still told by the exit code.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            shown => Ok(shown?),
        }
    }
}

/// PowerShell's sentences, on stdout, each with a line that names the session.
fn what_if(report: &Report) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    report.records.iter().try_for_each(|record| {
        writeln!(out, "What if: {}\n  {}", performing(&record.session), identity(&record.session))
    })
}

/// PowerShell has one error for all that keeps a session from being removed: that there was no connection to its server.
/// What else goes wrong names the session as PowerShell does.
fn went_wrong_in_powershell(record: &Record) -> Diagnostic {
    let session = &record.session;
    let name = session.name().unwrap_or(session.shell.shell_id.as_str());
    let computer = &session.computer_name;
    let Outcome::Failed(Failure::Unreachable(why)) = &record.outcome else {
        let reason = record.outcome.reason().unwrap_or_default();
        let outcome = record.outcome.name();
        let message = format!("could not remove session `{name}` on `{computer}`: {outcome}: {reason}");
        let mut error = failures::error(record);
        error.message = message;
        return error;
    };
    let message = format!(
        "no connection to `{computer}` for session `{name}`, so it was not removed and may still be there: {why}"
    );
    Diagnostic::new("RemoveSessionCannotConnectToServer", "InvalidOperation", message, Exit::SUCCESS)
        .about(target(session))
}

pub(super) fn target(session: &SessionDescriptor) -> String {
    format!("{} {}", session.endpoint_url, session.shell.shell_id)
}

/// A host with too many sessions.
pub(super) fn left_alone(endpoint_url: &str, sessions: usize, limit: usize) -> Diagnostic {
    let message = format!(
        "nothing was closed on {endpoint_url}: {} selected there, more than {limit}",
        plural(sessions, "session")
    );
    Diagnostic::new("HostLimitExceeded", "LimitsExceeded", message, Exit::SUCCESS)
        .about(endpoint_url)
        .with_hint("review the sessions with --what-if, then increase --max-close-per-host")
}

/// A plan that is too large.
fn limit_exceeded(exceeded: ExceededLimit, nothing: &str) -> Diagnostic {
    let (message, option) = match exceeded {
        ExceededLimit::Sessions { planned, limit } => (
            format!("{nothing} was closed: {} selected, more than {limit}", plural(planned, "session")),
            "--max-close",
        ),
        ExceededLimit::Percent { planned, listed, limit } => (
            format!("{nothing} was closed: {planned} of {listed} sessions are selected, more than {limit}%"),
            "--max-close-percent",
        ),
    };
    Diagnostic::new("PlanLimitExceeded", "LimitsExceeded", message, Exit::SUCCESS)
        .about(option)
        .with_hint(format!("review the plan with --what-if, then increase {option}"))
}
