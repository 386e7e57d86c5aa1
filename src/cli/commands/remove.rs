//! `pssession remove`: the plan, the questions, the run, the report.

use std::io::{ErrorKind, IsTerminal as _, Write as _};

use pssession::session::Selection;
use pssession::teardown::{Cancellation, Circumstances, Plan, Record, Report, SignalMode, Survey};
use pssession::{Engine, SessionDescriptor};

use super::{Context, confirm, listing};
use crate::cli::args::{ErrorAction, Format, RemoveArgs, SignalWhen};
use crate::cli::diagnostic::{Diagnostic, DiagnosticFormat};
use crate::cli::exit::Exit;
use crate::cli::hints::fault_code_hint;
use crate::cli::intent::{Reach, session_query};
use crate::cli::interrupt::{self, Watch};
use crate::cli::render::{self, printable};

pub(crate) async fn run(args: &RemoveArgs, context: &Context) -> Result<Exit, Diagnostic> {
    let query = session_query(&args.select)?;
    if query.is_empty() {
        return Err(Diagnostic::usage("nothing says which sessions to remove")
            .with_hint("give a selector such as --name, a filter such as --owner, or --all"));
    }
    let reach = Reach::read(&args.reach)?;
    let engine = Engine::new(policy(args)?);
    let talk = Talk::new(args, context);
    let cancellation = Cancellation::new();
    let watch = interrupt::watch(&cancellation);
    let connectors = listing::connectors(&reach, &args.reach.login, context, &watch)?;

    let mut survey = listing::survey(&engine, connectors, &cancellation, talk.errors).await;
    let table = context.table(&args.table);
    let by_id = !args.select.id.is_empty();
    let mut sessions = listing::sessions(&survey, table.as_ref(), &reach, by_id, talk.errors).await?;
    if args.select.skip_running {
        engine.list_commands(&mut survey, &mut sessions).await;
    }
    let selection = query.select(&sessions);
    let mut circumstances = Circumstances {
        must_match: !args.ignore_not_found,
        ..listing::circumstances(&survey, &selection, &cancellation)
    };
    for miss in selection.misses.iter().filter(|miss| !miss.silent) {
        listing::missed(miss).emit(talk.errors);
    }
    if circumstances.hits == 0 && circumstances.literal_misses == 0 {
        talk.nothing(&survey, sessions.len(), circumstances.must_match)?;
    }
    circumstances.could_not_begin = misses_stop_it(args.error_action, &circumstances, &watch)?;
    if circumstances.could_not_begin {
        talk.say("nothing was closed, because not everything that was named is there")?;
    }

    let mut chosen = chosen(&sessions, &selection);
    if !args.yes && !args.select.skip_running {
        // Only then can the guard, the plan and the questions say what runs.
        engine.list_commands(&mut survey, &mut chosen).await;
    }
    let mut plan = Plan::new(chosen);
    tracing::info!(sessions = plan.len(), hosts = plan.hosts().len(), "planned");
    let report = if circumstances.could_not_begin {
        Report::default()
    } else if args.what_if {
        Report::new(plan.what_if())
    } else {
        confirm::confirm(&mut plan, args, &watch)?;
        engine.run(plan, survey, &cancellation, |record| talk.finished(record)).await
    };
    if let Some(table) = &table {
        // The rows of what is gone leave the table; that they could not is told, and changes nothing on the servers.
        table.drop_gone(&report.records).await.unwrap_or_else(|diagnostic| diagnostic.emit(talk.errors));
    }
    circumstances.interruption = watch.stop();
    talk.conclude(&report, args.what_if)?;
    Ok(report.exit_code(&circumstances).into())
}

fn policy(args: &RemoveArgs) -> Result<pssession::Policy, Diagnostic> {
    let mode = match args.signal {
        SignalWhen::Auto => SignalMode::Auto,
        SignalWhen::Never => SignalMode::Never,
    };
    let stop = matches!(args.error_action, ErrorAction::Stop | ErrorAction::Inquire);
    Ok(listing::policy(&args.reach.limits)?.with_signal(mode).with_stop_on_error(stop))
}

/// Under `stop` a miss ends it; under `inquire` a person decides, and without a terminal it acts as `stop`.
fn misses_stop_it(
    action: ErrorAction,
    circumstances: &Circumstances,
    watch: &Watch,
) -> Result<bool, Diagnostic> {
    let missed = circumstances.literal_misses > 0;
    Ok(match action {
        ErrorAction::Stop => missed,
        ErrorAction::Inquire if missed && circumstances.hits > 0 => {
            !confirm::go_on(circumstances.hits, watch)?.unwrap_or(false)
        }
        ErrorAction::Inquire => missed,
        _ => false,
    })
}

fn chosen(sessions: &[SessionDescriptor], selection: &Selection) -> Vec<SessionDescriptor> {
    selection.chosen.iter().filter_map(|&index| sessions.get(index).cloned()).collect()
}

/// How this run speaks: records on stdout, errors and the summary on stderr.
struct Talk {
    format: Format,
    errors: DiagnosticFormat,
    summary: bool,
}

impl Talk {
    fn new(args: &RemoveArgs, context: &Context) -> Self {
        let silent = matches!(args.error_action, ErrorAction::SilentlyContinue | ErrorAction::Ignore);
        let errors =
            if silent { DiagnosticFormat::Silent } else { DiagnosticFormat::beside(args.output.output) };
        let format = context.format(args.output.output);
        Self { format, errors, summary: !matches!(errors, DiagnosticFormat::Json) }
    }

    /// A line for a person on stderr, where errors are for a person too.
    fn say(&self, text: &str) -> Result<(), Diagnostic> {
        if self.errors == DiagnosticFormat::Text {
            writeln!(std::io::stderr().lock(), "{text}")?;
        }
        Ok(())
    }

    /// Nothing was chosen, and no single value is to blame.
    fn nothing(&self, survey: &Survey, sessions: usize, must_match: bool) -> Result<(), Diagnostic> {
        let Some(why) = listing::nothing(survey, sessions) else { return Ok(()) };
        if !must_match {
            return self.say(&why);
        }
        Diagnostic::new("NothingMatched", "ObjectNotFound", why, Exit::SUCCESS)
            .with_hint("`pssession get` lists what is there; --ignore-not-found makes this a success")
            .emit(self.errors);
        Ok(())
    }

    /// A session that went wrong is told as soon as it is known; in NDJSON every session is.
    fn finished(&self, record: &Record) {
        tracing::info!(
            host = record.session.computer_name,
            shell_id = printable(record.session.shell.shell_id.as_str()),
            outcome = record.outcome.name(),
            "concluded",
        );
        if self.format == Format::Ndjson {
            // A closed pipe ends nothing: what was planned is still carried out.
            let _ = render::removals(Format::Ndjson, std::slice::from_ref(record));
        }
        if record.outcome.is_bad() {
            went_wrong(record).emit(self.errors);
        }
    }

    fn conclude(&self, report: &Report, planned_only: bool) -> Result<(), Diagnostic> {
        let told_already = self.format == Format::Ndjson && !planned_only;
        // Who said no to all of it has just seen it all.
        let all_declined = report.counts().declined == report.records.len()
            && matches!(self.format, Format::Table | Format::Wide)
            && std::io::stdout().is_terminal();
        let shown = if told_already || all_declined {
            Ok(())
        } else {
            render::removals(self.format, &report.records)
        };
        if self.summary && !report.records.is_empty() {
            writeln!(std::io::stderr().lock(), "{}", render::summary(report))?;
        }
        match shown {
            // Whoever closed the pipe wants no more of it; how the run ended is still told by the exit code.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            shown => Ok(shown?),
        }
    }
}

fn went_wrong(record: &Record) -> Diagnostic {
    let session = &record.session;
    let name = session.name().unwrap_or(session.shell.shell_id.as_str());
    let message = format!(
        "could not remove session `{}` on `{}`: {}: {}",
        printable(name),
        session.computer_name,
        record.outcome.name(),
        printable(&record.outcome.reason().unwrap_or_default()),
    );
    let target = format!("{} {}", session.endpoint_url, printable(session.shell.shell_id.as_str()));
    Diagnostic::new(record.outcome.name(), "CloseError", message, Exit::SUCCESS)
        .about(target)
        .with_hint(record.fault_code.and_then(fault_code_hint))
}
