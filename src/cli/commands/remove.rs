//! `pssession remove`: the plan, the questions, the run, the report.

use std::collections::{BTreeSet, HashSet};
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use pssession::session::{Selection, Transport};
use pssession::store::{Origin, Rows};
use pssession::teardown::{
    Cancellation, Circumstances, Plan, Record, Report, Requirement, SignalMode, Survey,
};
use pssession::{Connector, Endpoint, Engine, SessionQuery};

use super::connecting::Connectors;
use super::{Context, confirm, listing, remembered};
use crate::cli::args::{ErrorAction, Format, RemoveArgs, SignalWhen};
use crate::cli::diagnostic::{Diagnostic, DiagnosticFormat};
use crate::cli::exit::Exit;
use crate::cli::hints::fault_code_hint;
use crate::cli::intent::{Reach, Scope, remembered_query, session_query};
use crate::cli::interrupt::{self, Watch};
use crate::cli::login::Logins;
use crate::cli::progress::{self, Progress};
use crate::cli::render::{self, printable};
use crate::cli::report::Evidence;
use crate::cli::table::Table;

pub(crate) async fn run(args: &RemoveArgs, context: &Context) -> Result<Exit, Diagnostic> {
    let evidence = Evidence::begin(args)?;
    let ended = remove(args, context, &evidence).await;
    evidence.conclude(ended, DiagnosticFormat::beside(args.output.output))
}

async fn remove(args: &RemoveArgs, context: &Context, evidence: &Evidence) -> Result<Exit, Diagnostic> {
    let scope = Scope::of(&args.select, &args.reach)?;
    let query = session_query(&args.select)?;
    if query.is_empty() && !matches!(scope, Scope::Objects(_)) {
        return Err(Diagnostic::usage("nothing says which sessions to remove")
            .with_hint("give a selector such as --name, a filter such as --owner, or --all"));
    }
    let reach = Reach::read(&args.reach)?;
    let cancellation = Cancellation::new();
    let watch = interrupt::watch(&cancellation);
    let at_last = evidence.clone();
    watch.before_leaving(move |exit| at_last.leave(exit));
    let logins = Logins::new(&args.reach.login, &watch);
    let run = Run {
        args,
        query,
        engine: Engine::new(policy(args)?),
        talk: Talk::new(args, context),
        table: context.table(&args.table),
        reach: &reach,
        cancellation: &cancellation,
        watch: &watch,
        evidence,
    };
    let mut connectors = Connectors::new(&reach, context, logins);
    let prepared = match &scope {
        Scope::Servers => run.choose_from_servers(&mut connectors).await?,
        scope => run.choose_from_memory(scope, &mut connectors).await?,
    };
    run.carry_out(prepared).await
}

/// What surrounds one run.
struct Run<'a> {
    args: &'a RemoveArgs,
    query: SessionQuery,
    engine: Engine,
    talk: Talk,
    table: Option<Table>,
    reach: &'a Reach,
    cancellation: &'a Cancellation,
    watch: &'a Watch,
    evidence: &'a Evidence,
}

/// What is to be closed, and the servers that were asked about it.
struct Prepared {
    chosen: Rows,
    survey: Survey,
    circumstances: Circumstances,
    /// A person said no to all of it.
    declined: bool,
}

impl Run<'_> {
    /// Asks the named servers, and chooses from what they say.
    async fn choose_from_servers(&self, connectors: &mut Connectors<'_>) -> Result<Prepared, Diagnostic> {
        let mut survey = self.survey(connectors.for_servers()?).await;
        let by_id = !self.args.select.id.is_empty();
        let table = self.table.as_ref();
        let mut rows = listing::sessions(&survey, table, self.reach, by_id, self.talk.errors).await?;
        if self.args.select.skip_running {
            self.engine.list_commands(&mut survey, rows.sessions_mut()).await;
        }
        let selection = self.query.select(rows.sessions());
        let circumstances = listing::circumstances(&survey, &selection, self.cancellation);
        let nothing = listing::nothing(&survey, rows.len());
        let circumstances = self.judge(&selection, circumstances, nothing)?;
        let mut chosen = rows.pick(&selection.chosen);
        if !self.args.yes && !self.args.select.skip_running && !circumstances.could_not_begin {
            // Only then can the guard, the plan and the questions say what runs.
            self.engine.list_commands(&mut survey, chosen.sessions_mut()).await;
        }
        Ok(Prepared { chosen, survey, circumstances, declined: false })
    }

    /// Chooses from what is remembered, and then asks the servers of the chosen sessions how these are now.
    async fn choose_from_memory(
        &self,
        scope: &Scope,
        connectors: &mut Connectors<'_>,
    ) -> Result<Prepared, Diagnostic> {
        let query = remembered_query(&self.args.select)?;
        let rows = remembered::rows(scope, &query, self.table.as_ref()).await?;
        let selection = query.select(rows.sessions());
        let survey = Survey::default();
        let circumstances = listing::circumstances(&survey, &selection, self.cancellation);
        let nothing = match selection.chosen.is_empty() {
            true => Some(remembered::nothing(scope, self.table.as_ref()).await?),
            false => None,
        };
        let circumstances = self.judge(&selection, circumstances, nothing)?;
        let chosen = rows.pick(&selection.chosen);
        let select = &self.args.select;
        let only_shown = self.args.what_if && !select.skip_running && select.keep_newest.is_none();
        if circumstances.could_not_begin || chosen.is_empty() || only_shown {
            return Ok(Prepared { chosen, survey, circumstances, declined: false });
        }
        if !self.trusts(&chosen).await? {
            return Ok(Prepared { chosen, survey, circumstances, declined: true });
        }
        let connectors = connectors.for_rows(&chosen)?;
        self.ask_again(chosen, connectors, circumstances).await
    }

    /// Asks the servers how the chosen sessions are now. One that is no longer what was asked for is left out.
    async fn ask_again(
        &self,
        mut chosen: Rows,
        connectors: Vec<Arc<dyn Connector>>,
        circumstances: Circumstances,
    ) -> Result<Prepared, Diagnostic> {
        let mut survey = self.survey(connectors).await;
        if let Some(table) = &self.table {
            let scheme = self.reach.scheme.unwrap_or_default();
            // What was learned is kept; that it could not be is told, and stops nobody.
            let merged = table.merge(&survey, scheme).await;
            merged.map(drop).unwrap_or_else(|diagnostic| diagnostic.emit(self.talk.errors));
        }
        for session in chosen.sessions_mut() {
            session.commands = None;
            if self.args.select.keep_newest.is_some() {
                // What is gone or cannot be asked takes no place among those that are kept.
                session.shell.shell_run_time = None;
            }
        }
        survey.refresh(chosen.sessions_mut());
        if !self.args.yes || self.args.select.skip_running {
            self.engine.list_commands(&mut survey, chosen.sessions_mut()).await;
        }
        let (still, changed): (Vec<_>, Vec<_>) =
            chosen.into_iter().partition(|row| self.query.admits(&row.session));
        for row in &changed {
            self.talk.say(&format!(
                "{} on {} is left out: it is no longer what was asked for",
                printable(row.session.name().unwrap_or(row.session.shell.shell_id.as_str())),
                printable(&row.session.computer_name),
            ))?;
        }
        let still: Rows = still.into_iter().collect();
        let older = still.pick(&self.query.without_newest(still.sessions()));
        if older.is_empty() && !still.is_empty() {
            let why = "of the sessions that were chosen none is known to be older than those that are kept";
            self.talk.nothing(Some(why.to_owned()), circumstances.required.is_some())?;
        }
        let tally = survey.tally();
        let unheard = survey.hosts().iter().any(|host| host.listing().is_none());
        let circumstances = Circumstances {
            deadline: unheard && !self.cancellation.is_cancelled(),
            hosts: tally.hosts,
            unreachable: tally.unreachable,
            refused: tally.refused,
            incomplete: tally.incomplete,
            hits: older.len(),
            ..circumstances
        };
        Ok(Prepared { chosen: older, survey, circumstances, declined: false })
    }

    async fn survey(&self, connectors: Vec<Arc<dyn Connector>>) -> Survey {
        let survey = listing::survey(&self.engine, connectors, self.cancellation, self.talk.errors).await;
        self.evidence.surveyed(&survey, self.cancellation);
        survey
    }

    /// Tells what was missed, and decides whether that ends it.
    fn judge(
        &self,
        selection: &Selection,
        circumstances: Circumstances,
        nothing: Option<String>,
    ) -> Result<Circumstances, Diagnostic> {
        self.evidence.selected(selection);
        let required = (!self.args.ignore_not_found).then_some(Requirement::Present);
        let mut circumstances = Circumstances { required, ..circumstances };
        for miss in selection.misses.iter().filter(|miss| !miss.silent) {
            listing::missed(miss).emit(self.talk.errors);
        }
        if circumstances.hits == 0 && circumstances.literal_misses == 0 {
            self.talk.nothing(nothing, required.is_some())?;
        }
        circumstances.could_not_begin = misses_stop_it(self.args.error_action, &circumstances, self.watch)?;
        if circumstances.could_not_begin {
            self.talk.say("nothing was closed, because not everything that was named is there")?;
        }
        Ok(circumstances)
    }

    /// Whether a credential may be sent to where these sessions are said to be: to the servers that were named, to those
    /// that were listed before, and else only if a person says so.
    async fn trusts(&self, chosen: &Rows) -> Result<bool, Diagnostic> {
        let named: HashSet<&str> = self.reach.endpoints.iter().map(Endpoint::url).collect();
        let over_ws_man = chosen.sessions().iter().filter(|session| session.transport == Transport::WsMan);
        let urls: BTreeSet<_> = over_ws_man.map(|session| session.endpoint_url.clone()).collect();
        let urls: Vec<_> = urls.into_iter().filter(|url| !named.contains(url.as_str())).collect();
        let strangers = match &self.table {
            Some(table) => table.strangers(urls).await?,
            None => urls,
        };
        if strangers.is_empty() { Ok(true) } else { confirm::trust(&strangers, self.watch) }
    }

    async fn carry_out(&self, prepared: Prepared) -> Result<Exit, Diagnostic> {
        let Prepared { chosen, survey, mut circumstances, declined } = prepared;
        let mut plan = Plan::new(chosen.sessions().iter().cloned());
        for (position, note) in chosen.notes().iter().enumerate() {
            if declined {
                plan.decline(position);
            }
            if note.origin != Origin::Listed {
                plan.claim(position);
            }
        }
        self.evidence.planned(&plan);
        tracing::info!(sessions = plan.len(), hosts = plan.hosts().len(), "planned");
        let report = if circumstances.could_not_begin {
            Report::default()
        } else if self.args.what_if {
            Report::new(plan.what_if())
        } else {
            if !declined {
                confirm::confirm(&mut plan, self.args, self.watch)?;
            }
            let progress = Progress::closing(plan.len());
            let finished = |record: &Record| {
                self.evidence.finished(record);
                self.talk.finished(record);
                progress.one_more(!record.outcome.is_bad());
            };
            self.engine.run(plan, survey, self.cancellation, finished).await
        };
        report.records.iter().for_each(|record| self.evidence.finished(record));
        if let Some(table) = &self.table {
            // The rows of what is gone leave the table; that they could not is told, and changes nothing on the servers.
            let dropped = table.drop_gone(&report.records).await;
            dropped.unwrap_or_else(|diagnostic| diagnostic.emit(self.talk.errors));
        }
        circumstances.interruption = self.watch.stop();
        self.talk.conclude(&report, self.args.what_if)?;
        Ok(report.exit_code(&circumstances).into())
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

/// How this run speaks: records on stdout, errors and the summary on stderr.
struct Talk {
    format: Format,
    errors: DiagnosticFormat,
    summary: bool,
    records: bool,
}

impl Talk {
    fn new(args: &RemoveArgs, context: &Context) -> Self {
        let silent = matches!(args.error_action, ErrorAction::SilentlyContinue | ErrorAction::Ignore);
        let errors =
            if silent { DiagnosticFormat::Silent } else { DiagnosticFormat::beside(args.output.output) };
        let format = context.format(args.output.output);
        // A report on stdout holds them all.
        let records = args.report.as_deref() != Some(Path::new("-"));
        Self { format, errors, summary: !matches!(errors, DiagnosticFormat::Json), records }
    }

    /// A line for a person on stderr, where errors are for a person too.
    fn say(&self, text: &str) -> Result<(), Diagnostic> {
        if self.errors == DiagnosticFormat::Text {
            writeln!(std::io::stderr().lock(), "{text}")?;
        }
        Ok(())
    }

    /// Nothing was chosen, and no single value is to blame.
    fn nothing(&self, why: Option<String>, must_match: bool) -> Result<(), Diagnostic> {
        let Some(why) = why else { return Ok(()) };
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
        if self.format == Format::Ndjson && self.records {
            let _room = progress::room_on_stdout();
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
        let shown = if told_already || all_declined || !self.records {
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
