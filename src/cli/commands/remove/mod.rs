//! `pssession remove`: the plan, the questions, the run, the report.

pub(super) mod output;
mod select;

use std::sync::Arc;

use pssession::store::{Origin, RowMetadata};
use pssession::teardown::{Cancellation, HostCounts, INTERRUPT_GRACE, Plan, Record, Report, SignalMode};
use pssession::{Engine, SessionQuery};

use self::output::RemoveOutput;
use self::select::Prepared;
use super::connectors::Connectors;
use super::{Context, confirm, listing};
use crate::cli::args::{ErrorAction, RemoveArgs, SignalWhen};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::interrupt::{self, Watch};
use crate::cli::login::Logins;
use crate::cli::progress::Progress;
use crate::cli::report::ReportWriter;
use crate::cli::resolve_options::{ConnectionOptions, Scope, session_query};
use crate::cli::table::Table;

pub(crate) async fn run(args: &RemoveArgs, context: &Context) -> Result<Exit, Diagnostic> {
    let report_writer = ReportWriter::begin(args, context.table(&args.table).as_ref())?;
    let ended = remove(args, context, &report_writer).await;
    report_writer.conclude(ended, context.errors(args.output.output))
}

async fn remove(
    args: &RemoveArgs,
    context: &Context,
    report_writer: &ReportWriter,
) -> Result<Exit, Diagnostic> {
    let scope = Scope::of(&args.select, &args.reach)?;
    let query = session_query(&args.select)?;
    if query.is_empty() && !matches!(scope, Scope::Objects(..)) {
        return Err(Diagnostic::usage("no selector for the sessions to remove")
            .with_hint("pass a selector such as --name, a filter such as --owner, or --all"));
    }
    let scope = if args.supervised { scope.supervised(&args.reach)? } else { scope };
    let cancellation = Cancellation::new();
    let mut watch = interrupt::watch(&cancellation);
    if args.supervised {
        watch.never_ask();
    }
    let at_last = report_writer.clone();
    watch.before_leaving(move |exit| at_last.leave(exit));
    let reach = {
        // A pipe may keep it waiting, and nothing is sent before it is read.
        let _open = watch.reading();
        ConnectionOptions::read(&args.reach, context.config(&args.reach.config)?)?
    };
    let logins = Logins::new(&watch, context.errors(args.output.output));
    let run = Run {
        args,
        scope,
        query,
        engine: Engine::new(policy(args)?),
        output: RemoveOutput::new(args, context)?,
        table: context.table(&args.table),
        reach: &reach,
        cancellation: &cancellation,
        watch: &watch,
        report_writer,
    };
    let mut connectors = Connectors::new(&reach, context, logins, run.table.clone());
    let prepared = match run.scope {
        Scope::Servers => run.choose_from_servers(&mut connectors).await?,
        Scope::Table(_) | Scope::Objects(..) => run.choose_from_memory(&mut connectors).await?,
    };
    run.carry_out(prepared).await
}

/// What surrounds one run.
struct Run<'a> {
    args: &'a RemoveArgs,
    scope: Scope,
    query: SessionQuery,
    engine: Engine,
    output: RemoveOutput,
    table: Option<Table>,
    reach: &'a ConnectionOptions,
    cancellation: &'a Cancellation,
    watch: &'a Watch,
    report_writer: &'a ReportWriter,
}

impl Run<'_> {
    async fn carry_out(&self, prepared: Prepared) -> Result<Exit, Diagnostic> {
        let Prepared { chosen, survey, summary, declined } = prepared;
        let host_results = survey.host_results();
        let (sessions, notes) = chosen.into_parts();
        let notes: Arc<[RowMetadata]> = notes.into();
        let mut plan = Plan::new(sessions);
        for (position, note) in notes.iter().enumerate() {
            if declined {
                plan.decline(position);
            }
            if note.origin != Origin::Listed {
                plan.claim(position);
            }
        }
        self.report_writer.planned(&plan, &notes);
        tracing::info!(sessions = plan.len(), hosts = plan.hosts().len(), "planned");
        let report = if summary.could_not_begin {
            Report::default()
        } else if self.args.what_if {
            Report::new(plan.what_if())
        } else {
            if !declined {
                confirm::confirm(&mut plan, self.args, self.watch)?;
                self.output.announce(&plan, self.args.confirm)?;
            }
            let progress = Progress::closing(plan.len());
            let finished = |record: &Record| {
                self.report_writer.finished(record);
                self.output.finished(record, &notes);
                progress.one_more(!record.outcome.is_bad());
            };
            self.to_the_end(self.engine.run(plan, survey, self.cancellation, finished)).await
        };
        report.records.iter().for_each(|record| self.report_writer.finished(record));
        if let Some(table) = &self.table {
            // The rows of what is gone leave the table; that they could not is told, and changes nothing on the servers.
            let dropped = table.drop_gone(&report.records).await;
            dropped.unwrap_or_else(|diagnostic| diagnostic.emit(self.output.errors));
        }
        let mut summary = summary.with_hosts(HostCounts::after(&report, &host_results));
        summary.interruption = self.watch.stop();
        self.output.conclude(&report, &notes, self.args.what_if)?;
        Ok(report.status(&summary).into())
    }

    /// Runs to the end. Whoever interrupts it is told at once what is still done, for that may take its time.
    async fn to_the_end(&self, run: impl Future<Output = Report>) -> Report {
        let mut run = std::pin::pin!(run);
        tokio::select! {
            biased;
            report = &mut run => return report,
            () = self.cancellation.cancelled() => {}
        }
        let _ = self.output.say(&format!(
            "interrupted: verifying the requests sent, for up to {} s; press Ctrl-C again to exit immediately",
            INTERRUPT_GRACE.as_secs(),
        ));
        run.await
    }
}

fn policy(args: &RemoveArgs) -> Result<pssession::Policy, Diagnostic> {
    let mode = match args.signal {
        SignalWhen::Auto => SignalMode::Auto,
        SignalWhen::Never => SignalMode::Never,
    };
    let stop = matches!(args.error_action, ErrorAction::Stop | ErrorAction::Inquire);
    Ok(listing::policy(&args.reach.limits)?.with_signal(mode).with_stop_on_error(stop))
}
