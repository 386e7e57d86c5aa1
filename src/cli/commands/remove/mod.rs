//! `pssession remove`: the plan, the questions, the run, the report.

mod failures;
mod output;
mod record_stream;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pssession::request::{
    CloseLimits, Confirm, Event, FailureLimit, RemoveRequest, Repetition, SessionScope,
};
use pssession::session::{IdRange, Selector, WildcardPattern};
use pssession::teardown::{Cancellation, INTERRUPT_GRACE, Requirement, SignalMode};
use pssession::uuid::Uuid;
use serde_json::{Map, Value};

use self::output::RemoveOutput;
use crate::cli::args::{Asked, ErrorAction, OutputArgs, ReachArgs, SelectArgs, SessionValues, TableArgs};
use crate::cli::caller::CommandCaller;
use crate::cli::config;
use crate::cli::diagnostic::{Diagnostic, PowerShellStyle};
use crate::cli::environment::Environment;
use crate::cli::evidence::EvidenceWriter;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::options::{ConnectionOptions, Extent, Scope, SelectOptions, parse_duration, policy};
use crate::cli::positional::{self, Verb};
use crate::cli::report::{ReportPlace, ReportWriter};
use crate::cli::ui::Ui;
use crate::cli::unmatched::{self, Unmatched};

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
The password comes from --password-file, --password-command, PSSESSION_PASSWORD or a prompt.

Examples:
  pssession remove --on web01 --owner '*ci-runner' --idle 2h --what-if
  pssession remove --on web01,web02 --name 'build-*' --yes
  pssession remove --on web01 --mine --keep-newest 1 --per client-ip --report closed.json
  pssession rm 3 7..9                              by the Ids that `get` shows
  pssession get --on web01 --idle 2h -o name | xargs pssession rm --yes
  pssession get --on web01 -o ndjson | jq -c 'select(.Port == 90)' | pssession remove --session -";

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    pub(crate) asked: Asked,
    #[command(flatten)]
    pub(crate) sessions: SessionValues,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) table: TableArgs,
    /// Print the plan, and close nothing
    #[arg(long)]
    pub(crate) what_if: bool,
    /// Ask before each session
    #[arg(long, conflicts_with = "yes")]
    pub(crate) confirm: bool,
    /// Close the selected sessions without confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Whether to signal running commands before deleting their shell
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) signal: SignalWhen,
    /// What to do after an error
    #[arg(long, value_enum, default_value_t, value_name = "ACTION")]
    pub(crate) error_action: ErrorAction,
    /// Close nothing if more sessions than this are selected
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub(crate) max_close: Option<u32>,
    /// Close nothing if more than this part of the listed sessions is selected
    #[arg(long, value_name = "PERCENT", help_heading = "Limits", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) max_close_percent: Option<u8>,
    /// Leave a host alone if more of its sessions than this are selected
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub(crate) max_close_per_host: Option<u32>,
    /// Start nothing new after this many failures, or this part of the sessions: 5, 10%
    #[arg(long, value_name = "N|P%", help_heading = "Limits")]
    pub(crate) abort_if_failed: Option<String>,
    /// Then close sessions that match again on the hosts of --on or --inventory, for this long
    #[arg(long, value_name = "DURATION", help_heading = "Incident response")]
    pub(crate) repeat_for: Option<String>,
    /// Pause between two listings of a host [default: 3s]
    #[arg(long, value_name = "DURATION", requires = "repeat_for", help_heading = "Incident response")]
    pub(crate) repeat_every: Option<String>,
    /// Before anything is closed, write to this directory what is known of each session: its commands, its address, and
    /// the other sessions from there
    #[arg(long, value_name = "DIR", help_heading = "Incident response")]
    pub(crate) evidence: Option<PathBuf>,
    /// Succeed even if no session matches
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
    /// For programs that run this command: never prompt, and treat the end of stdin as Ctrl-C. An empty line ends
    /// the objects of --session -
    #[arg(long)]
    pub(crate) supervised: bool,
    /// Write a full report of the run to this file, as one JSON object; - is stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignalWhen {
    /// List each shell's commands and terminate the running ones
    #[default]
    Auto,
    /// Delete immediately; the server ends running commands
    Never,
}

pub(crate) async fn run(args: &RemoveArgs, environment: &Environment) -> Exit {
    let action = environment.cmdlet.error_action.unwrap_or(args.error_action);
    let style = environment.cmdlet.style.map(|style| PowerShellStyle { action, ..style });
    let silent = matches!(action, ErrorAction::SilentlyContinue | ErrorAction::Ignore);
    let ui = Ui::new(&args.output, style, environment.tables).quiet(environment.quiet).silenced(silent);
    let report_writer = match begin_report(args, environment) {
        Ok(report_writer) => report_writer,
        Err(diagnostic) => return ui.conclude(Err(diagnostic)),
    };
    let ended = remove(args, action, environment, &ui, &report_writer).await;
    ui.conclude(report_writer.conclude(ended, &ui))
}

/// Makes room for the report, unless it would take the place of a file that the run reads.
fn begin_report(args: &RemoveArgs, environment: &Environment) -> Result<ReportWriter, Diagnostic> {
    let place = ReportPlace::new(args.report.as_deref(), args.output.output.is_some())?;
    let (reach, table) = (&args.reach, environment.table(&args.table));
    let config = config::find(reach.config.config.as_deref());
    let session = environment.cmdlet.session.as_deref().or(args.select.session.as_deref());
    let session = session.filter(|path| Extent::of(path) != Extent::Text);
    let read = [
        ("--store", table.as_ref().map(|table| table.path())),
        ("--session", session),
        ("--inventory", reach.inventory.as_deref()),
        ("--ca-file", reach.trust.ca_file.as_deref()),
        ("--config", config.as_deref()),
        ("--password-file", reach.login.password_file.as_deref()),
    ];
    ReportWriter::begin(place, args.what_if || environment.cmdlet.what_if, &read)
}

async fn remove(
    args: &RemoveArgs,
    action: ErrorAction,
    environment: &Environment,
    ui: &Ui,
    report_writer: &ReportWriter,
) -> Result<Exit, Diagnostic> {
    let cmdlet = &environment.cmdlet;
    let config = environment.config(&args.reach.config)?;
    let table = environment.table(&args.table);
    let named = positional::sessions(&args.sessions.values, Verb::Remove, table, &config).await?;
    let select = SelectOptions::read(&args.select, named, cmdlet)?;
    let scope = Scope::of(&select, &args.reach, &cmdlet.connection)?;
    if select.query.is_empty() && !matches!(scope, Scope::Objects(..)) {
        return Err(Diagnostic::usage("no selector for the sessions to remove")
            .with_hint("pass an Id, a selector such as --name, a filter such as --owner, or --all"));
    }
    let scope = if args.supervised { scope.supervised(&args.reach)? } else { scope };
    let cancellation = Cancellation::new();
    let mut watch = interrupt::watch(&cancellation);
    if args.supervised {
        watch.never_ask();
    }
    let at_last = report_writer.clone();
    watch.before_leaving(move |exit| at_last.leave(exit));
    let advice = scope.advice();
    let (connection, source) = {
        // A pipe may keep it waiting, and nothing is sent before it is read.
        let _open = watch.reading();
        let connection = ConnectionOptions::read(&args.reach, &cmdlet.connection, config)?;
        let source = scope.read(&connection.naming, cmdlet.style.is_some())?;
        (environment.resolved(connection), source)
    };
    let output = RemoveOutput::new(args, ui, &cancellation)?;
    let what_if = args.what_if || cmdlet.what_if;
    let evidence = args.evidence.as_deref().filter(|_| !what_if);
    let evidence = evidence.map(EvidenceWriter::begin).transpose()?;
    let repetition = repetition(args)?;
    report_writer.asked(asked(args, &cmdlet.selectors));
    if args.supervised {
        watch.interrupt_at_end_of_stdin();
    }
    let mut policy = policy(&args.reach.limits, &cmdlet.connection)?
        .with_signal(match args.signal {
            SignalWhen::Auto => SignalMode::Auto,
            SignalWhen::Never => SignalMode::Never,
        })
        .with_stop_on_error(matches!(action, ErrorAction::Stop | ErrorAction::Inquire));
    if let Some(limit) = failure_limit(args.abort_if_failed.as_deref())? {
        policy = policy.with_abort_if_failed(limit);
    }
    let miss_rule = unmatched::rule(ui, args.ignore_not_found);
    let must_match = cmdlet.style.is_none() && !args.ignore_not_found;
    let unmatched = Unmatched::new(miss_rule, advice, ui).of_query(&select.query);
    let request = RemoveRequest {
        scope: SessionScope {
            source,
            hosts: connection.hosts.clone(),
            query: select.query,
            table: environment.table(&args.table),
            policy,
            miss_rule,
            required: must_match.then_some(Requirement::Present),
        },
        confirm: confirm(args, cmdlet.confirm),
        what_if,
        on_miss: action.on_miss(),
        limits: CloseLimits {
            max_close: args.max_close.and_then(|limit| usize::try_from(limit).ok()),
            max_close_percent: args.max_close_percent,
            max_close_per_host: args.max_close_per_host.and_then(|limit| usize::try_from(limit).ok()),
        },
        evidence: evidence.is_some(),
        repetition,
    };
    let on_event = |event: &Event<'_>| {
        match event {
        Event::Listing { hosts } => report_writer.listing(hosts),
        Event::Listed(host) => report_writer.listed(host, &cancellation),
        Event::AllListed(survey) => {
            survey.hosts().iter().for_each(|host| report_writer.listed(host, &cancellation));
        }
        Event::Selected { selection, .. } => report_writer.selected(selection),
        Event::AllKept { sessions } => output.all_kept(*sessions),
        Event::Nothing { why, owners, is_error } => output.nothing(*why, owners, *is_error),
        Event::HostLeftAlone { endpoint_url, sessions, limit } => {
            ui.error(&output::left_alone(endpoint_url, *sessions, *limit));
        }
        Event::LimitExceeded(exceeded) => ui.error(&output.limit_exceeded(*exceeded)),
        Event::Repeating { hosts, repetition } => output.repeating(*hosts, *repetition),
        Event::Recovered(endpoint) => output.recovered(endpoint),
        Event::Returned { session, position } => {
            report_writer.returned(*position);
            output.returned(session);
        }
        Event::StoppedByMiss => {
            ui.remark("nothing was closed, because some of the given sessions do not exist");
        }
        Event::Skipped { session, commands_unknown } => output.skipped(session, *commands_unknown),
        Event::Planned { plan, metadata } => {
            tracing::info!(sessions = plan.len(), hosts = plan.hosts().len(), "planned");
            report_writer.planned(plan, metadata);
        }
        Event::Closed { record, metadata } => {
            report_writer.finished(record);
            output.finished(record, metadata);
        }
        Event::Cancelled => ui.remark(&format!(
            "interrupted: verifying the requests sent, for up to {} s; press Ctrl-C again to exit immediately",
            INTERRUPT_GRACE.as_secs(),
        )),
        _ => {}
    }
    };
    let credential = environment.credential.as_ref();
    let caller = CommandCaller::new(ui, &watch, &cancellation, &connection, credential, unmatched, on_event)
        .keeping_evidence(evidence)
        .asking_each(request.confirm == Confirm::Each);
    let removed = output.stream.during(request.run(&caller, &cancellation)).await;
    caller.end_progress();
    let mut removed = removed.inspect_err(|_| output.conclude_early())?;
    removed.report.records.iter().for_each(|record| report_writer.finished(record));
    removed.summary.interruption = watch.stop();
    output.conclude(&removed.report, &removed.metadata, what_if)?;
    Ok(removed.status().into())
}

/// What was asked for, in either spelling.
fn asked(args: &RemoveArgs, selectors: &[Selector]) -> Map<String, Value> {
    let mut asked = args.asked.clone();
    let patterns = |patterns: &[WildcardPattern]| -> Vec<String> {
        patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect()
    };
    let guids = |guids: &[Uuid]| -> Vec<String> { guids.iter().map(ToString::to_string).collect() };
    for selector in selectors {
        match selector {
            Selector::Id(ranges) => {
                let range = |range: &IdRange| match range {
                    IdRange { first, last } if first == last => first.to_string(),
                    IdRange { first, last } => format!("{first}..{last}"),
                };
                asked.select("Id", ranges.iter().map(range).collect());
            }
            Selector::Name(names) => asked.select("Name", patterns(names)),
            Selector::ComputerName(names) => asked.select("ComputerName", patterns(names)),
            Selector::VmName(names) => asked.select("VmName", patterns(names)),
            Selector::InstanceId(ids) => asked.select("InstanceId", guids(ids)),
            Selector::VmId(ids) => asked.select("VmId", guids(ids)),
            Selector::ContainerId(ids) => asked.select("ContainerId", ids.clone()),
            _ => {}
        }
    }
    asked.to_json()
}

/// How long and how often hosts are asked again.
fn repetition(args: &RemoveArgs) -> Result<Option<Repetition>, Diagnostic> {
    let Some(duration) = parse_duration("--repeat-for", args.repeat_for.as_deref())? else { return Ok(None) };
    let every = parse_duration("--repeat-every", args.repeat_every.as_deref())?;
    let repetition = Repetition::new(duration);
    Ok(Some(every.map_or(repetition, |every| repetition.every(every))))
}

/// `5` or `10%`.
fn failure_limit(text: Option<&str>) -> Result<Option<FailureLimit>, Diagnostic> {
    let Some(text) = text.map(str::trim) else { return Ok(None) };
    let limit = match text.strip_suffix('%') {
        Some(percent) => {
            percent.parse().ok().filter(|percent| (1..=100).contains(percent)).map(FailureLimit::Percent)
        }
        None => text.parse().ok().filter(|sessions| *sessions > 0).map(FailureLimit::Sessions),
    };
    limit.map(Some).ok_or_else(|| {
        Diagnostic::usage(format!("--abort-if-failed: {text:?} is not a number or a percentage"))
            .about("--abort-if-failed")
            .with_hint("use a number of sessions such as 5, or a part such as 10%; nothing was sent")
    })
}

/// What is confirmed: `-Confirm` of a cmdlet, with its value, else our own options.
fn confirm(args: &RemoveArgs, cmdlet: Option<bool>) -> Confirm {
    match cmdlet {
        Some(true) => Confirm::Each,
        Some(false) => Confirm::Never,
        None if args.yes => Confirm::Never,
        None if args.confirm => Confirm::Each,
        None => Confirm::Guard,
    }
}
