//! How a removal speaks: records on stdout, errors and the summary on stderr.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;

use pssession::SessionDescriptor;
use pssession::store::RowMetadata;
use pssession::teardown::{Failure, Outcome, Plan, Record, Report};

use crate::cli::args::{ErrorAction, Format, RemoveArgs};
use crate::cli::commands::Context;
use crate::cli::diagnostic::{Diagnostic, DiagnosticFormat};
use crate::cli::exit::Exit;
use crate::cli::hints::outcome_hint;
use crate::cli::output_style::{OutputStyle, PowerShellStyle};
use crate::cli::progress;
use crate::cli::render::{self, printable};

/// How this run speaks: records on stdout, errors and the summary on stderr.
pub(super) struct RemoveOutput {
    format: Format,
    pub(super) errors: DiagnosticFormat,
    summary: bool,
    records: bool,
    /// How PowerShell would speak, where it was typed in its spelling.
    powershell_style: Option<PowerShellStyle>,
}

impl RemoveOutput {
    pub(super) fn new(args: &RemoveArgs, context: &Context) -> Result<Self, Diagnostic> {
        let silent = matches!(args.error_action, ErrorAction::SilentlyContinue | ErrorAction::Ignore);
        let errors = if silent { DiagnosticFormat::Silent } else { context.errors(args.output.output) };
        let format = context.format(&args.output)?;
        let powershell_style = context.style.powershell_style();
        // A report on stdout holds them all, and PowerShell's cmdlet writes no objects unless they are asked for.
        let records = args.report.as_deref() != Some(Path::new("-"))
            && (powershell_style.is_none() || args.output.output.is_some());
        let summary = powershell_style.is_none() && !matches!(errors, DiagnosticFormat::Json);
        Ok(Self { format, errors, summary, records, powershell_style })
    }

    /// In whose manner it speaks.
    pub(super) fn style(&self) -> OutputStyle {
        self.powershell_style.map_or(OutputStyle::Native, OutputStyle::PowerShell)
    }

    /// Whether a selection that finds nothing is an error by itself: in PowerShell only a literal value is.
    pub(super) fn must_match(&self) -> bool {
        self.powershell_style.is_none()
    }

    /// Whether the first miss is the last error: PowerShell stops at once, while our own spelling tells them all.
    pub(super) fn only_first_miss(&self) -> bool {
        self.powershell_style.is_some_and(|powershell_style| powershell_style.action == ErrorAction::Stop)
    }

    /// What PowerShell says before it acts, where it is verbose and does not ask.
    pub(super) fn announce(&self, plan: &Plan, asked: bool) -> Result<(), Diagnostic> {
        if self.powershell_style.is_some_and(|powershell_style| powershell_style.verbose) && !asked {
            let mut out = std::io::stderr().lock();
            for planned in plan.sessions().into_iter().filter(|planned| !planned.is_declined()) {
                writeln!(out, "VERBOSE: {}", performing(planned.descriptor()))?;
            }
        }
        Ok(())
    }

    /// A line for a person on stderr, where errors are for a person too.
    pub(super) fn say(&self, text: &str) -> Result<(), Diagnostic> {
        if self.errors.is_for_a_person() {
            let label = if self.powershell_style.is_some() { "WARNING: " } else { "" };
            let mut out = std::io::stderr().lock();
            progress::clear(&mut out);
            writeln!(out, "{label}{text}")?;
        }
        Ok(())
    }

    /// Nothing was chosen, and no single value is to blame.
    pub(super) fn nothing(&self, why: Option<String>, must_match: bool) -> Result<(), Diagnostic> {
        let Some(why) = why else { return Ok(()) };
        if let Some(powershell_style) = self.powershell_style {
            // PowerShell is silent about a pattern that matches nothing.
            if powershell_style.verbose {
                writeln!(std::io::stderr().lock(), "VERBOSE: {why}")?;
            }
            return Ok(());
        }
        if !must_match {
            return self.say(&why);
        }
        Diagnostic::new("NothingMatched", "ObjectNotFound", why, Exit::SUCCESS)
            .with_hint(
                "list the sessions with `pssession get`, or pass --ignore-not-found to treat this as success",
            )
            .emit(self.errors);
        Ok(())
    }

    /// A session that went wrong is told as soon as it is known; in NDJSON every session is.
    pub(super) fn finished(&self, record: &Record, notes: &[RowMetadata]) {
        tracing::info!(
            host = record.session.computer_name,
            shell_id = printable(record.session.shell.shell_id.as_str()),
            outcome = record.outcome.name(),
            "concluded",
        );
        if self.format == Format::Ndjson && self.records {
            let _room = progress::room_on_stdout();
            // A closed pipe ends nothing: what was planned is still carried out.
            let _ = render::removals(Format::Ndjson, std::slice::from_ref(record), notes);
        }
        // That a host cannot be reached or listed is told once, and for each session in its own record.
        let told_of_its_host =
            matches!(&record.outcome, Outcome::Failed(Failure::Unreachable(_) | Failure::ListingIncomplete))
                && record.elapsed.is_zero()
                && self.errors.is_for_a_person();
        match self.powershell_style {
            Some(_) if record.outcome.is_bad() => went_wrong_in_powershell(record).emit(self.errors),
            None if record.outcome.is_bad() && !told_of_its_host => went_wrong(record).emit(self.errors),
            _ => {}
        }
    }

    pub(super) fn conclude(
        &self,
        report: &Report,
        notes: &[RowMetadata],
        planned_only: bool,
    ) -> Result<(), Diagnostic> {
        let told_already = self.format == Format::Ndjson && !planned_only;
        // Who said no to all of it has just seen it all.
        let all_declined = report.counts().declined == report.records.len()
            && matches!(self.format, Format::Table | Format::Wide)
            && std::io::stdout().is_terminal();
        let summary = self.summary && !report.records.is_empty();
        if summary {
            Diagnostic::end_of_advice();
        }
        let shown = if planned_only && self.powershell_style.is_some() && !self.records {
            what_if(report)
        } else if told_already || all_declined || !self.records {
            Ok(())
        } else {
            render::removals(self.format, &report.records, notes)
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

/// PowerShell's sentences, on stdout.
fn what_if(report: &Report) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    report.records.iter().try_for_each(|record| writeln!(out, "What if: {}", performing(&record.session)))
}

/// PowerShell's description of what is done to a session.
pub(in crate::cli::commands) fn performing(session: &SessionDescriptor) -> String {
    format!("Performing the operation \"Remove\" on target \"{}\".", printable(&session.computer_name))
}

fn went_wrong(record: &Record) -> Diagnostic {
    let session = &record.session;
    let name = session.name().unwrap_or(session.shell.shell_id.as_str());
    let message = format!(
        "could not remove session `{name}` on `{}`: {}: {}",
        session.computer_name,
        record.outcome.name(),
        record.outcome.reason().unwrap_or_default(),
    );
    Diagnostic::new(record.outcome.name(), "CloseError", message, Exit::SUCCESS)
        .about(target(session))
        .with_hint(outcome_hint(record))
}

/// PowerShell has one error for all that keeps a session from being removed: that there was no connection to its server.
fn went_wrong_in_powershell(record: &Record) -> Diagnostic {
    let Outcome::Failed(Failure::Unreachable(why)) = &record.outcome else { return went_wrong(record) };
    let session = &record.session;
    let message = format!(
        "no connection to `{}` for session `{}`, so it was not removed and may still be there: {why}",
        session.computer_name,
        session.name().unwrap_or(session.shell.shell_id.as_str()),
    );
    Diagnostic::new("RemoveSessionCannotConnectToServer", "InvalidOperation", message, Exit::SUCCESS)
        .about(target(session))
}

fn target(session: &SessionDescriptor) -> String {
    format!("{} {}", session.endpoint_url, session.shell.shell_id)
}
