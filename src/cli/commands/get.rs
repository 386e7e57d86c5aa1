//! `pssession get`: what the named servers have, or what the local table or a file remembers.

mod watch;

use std::io::IsTerminal as _;

use clap::Args;
use pssession::request::{ListRequest, SessionScope, Source};
use pssession::store::Rows;
use pssession::teardown::{Cancellation, Requirement, RunStatus};

use crate::cli::args::{Column, CountKey, Format, OutputArgs, ReachArgs, SelectArgs, TableArgs};
use crate::cli::caller::CommandCaller;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::options::{ConnectionOptions, Scope, SelectOptions, policy};
use crate::cli::positional;
use crate::cli::render;
use crate::cli::ui::Ui;
use crate::cli::unmatched::{self, Unmatched};

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
The password comes from --password-file, --password-command, PSSESSION_PASSWORD or a prompt.

Examples:
  pssession get web01 web02 --user 'CONTOSO\\alice'
  pssession get --on web01 --owner '*ci-runner' --idle 2h
  pssession get --inventory hosts.txt -o ndjson | jq .Owner
  pssession get --inventory hosts.txt --count --by owner,host
  pssession get --inventory hosts.txt --owner '*ci-runner' --age 1d --fail-if-any
  pssession get --cached                           sessions seen before; contacts no server";

#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Servers to query, as --on takes them: names, ranges such as web[01-40], @GROUP
    #[arg(value_name = "HOST", value_delimiter = ',')]
    pub(crate) hosts: Vec<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) table: TableArgs,
    /// Show whether commands run in each session; this costs at least one request for each
    #[arg(long)]
    pub(crate) commands: bool,
    /// Print how many sessions there are instead of the sessions
    #[arg(long, conflicts_with_all = ["columns", "sort"])]
    pub(crate) count: bool,
    /// With --count: a number for each of these, or for each combination; comma-separated
    #[arg(long, value_enum, value_name = "KEY", value_delimiter = ',', requires = "count")]
    #[arg(default_value = "owner", default_missing_value = "owner")]
    pub(crate) by: Vec<CountKey>,
    /// List again after each such time, until Ctrl-C: redraws the terminal, or streams with -o ndjson
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["fail_if_any", "fail_if_none"])]
    pub(crate) watch: Option<String>,
    /// End with exit code 3 if a session is shown
    #[arg(long, conflicts_with = "fail_if_none")]
    pub(crate) fail_if_any: bool,
    /// End with exit code 3 if no session is shown
    #[arg(long)]
    pub(crate) fail_if_none: bool,
    /// Succeed even if a named session does not exist
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

pub(crate) async fn run(args: &GetArgs, environment: &Environment) -> Exit {
    let ui = environment.ui(&args.output);
    ui.conclude(get(args, environment, &ui).await)
}

async fn get(args: &GetArgs, environment: &Environment, ui: &Ui) -> Result<Exit, Diagnostic> {
    args.output.check()?;
    if args.count && args.output.output == Some(Format::Name) {
        return Err(Diagnostic::usage("--count has no instance ids to print")
            .about("--count")
            .with_hint("use -o table, json, ndjson or csv; nothing was sent"));
    }
    let interval = watch::interval(args, ui)?;
    let cmdlet = &environment.cmdlet;
    positional::hosts(&args.hosts, &args.select)?;
    let reach = args.reach.with_hosts(&args.hosts);
    let select = SelectOptions::read(&args.select, None, cmdlet)?;
    let scope = Scope::of(&select, &reach, &cmdlet.connection)?;
    let config = environment.config(&reach.config)?;
    let connection = ConnectionOptions::read(&reach, &cmdlet.connection, config)?;
    let connection = environment.resolved(connection);
    let advice = scope.advice();
    let source = scope.read(&connection.naming, false)?;
    let asks_hosts = source == Source::Hosts;
    let miss_rule = unmatched::rule(ui, args.ignore_not_found);
    let unmatched = Unmatched::new(miss_rule, advice, ui).of_query(&select.query);
    let request = ListRequest {
        scope: SessionScope {
            source,
            hosts: connection.hosts.clone(),
            query: select.query,
            table: environment.table(&args.table),
            policy: policy(&reach.limits, &cmdlet.connection)?,
            miss_rule,
            required: required(args),
        },
        commands: args.commands || args.output.shows(Column::Running),
        filters_first: cmdlet.style.is_some(),
        on_miss: cmdlet.error_action.unwrap_or_default().on_miss(),
    };
    let cancellation = Cancellation::new();
    let watch = interrupt::watch(&cancellation);
    let unmatched = match cmdlet.style {
        Some(_) if asks_hosts => Unmatched { missed: unmatched::not_discovered, ..unmatched },
        _ => unmatched,
    };
    let credential = environment.credential.as_ref();
    let caller = CommandCaller::new(ui, &watch, &cancellation, &connection, credential, unmatched, |_| ());
    if let Some(interval) = interval {
        return watch::run(interval, request, caller, args).await;
    }
    let mut listed = request.run(&caller, &cancellation).await?;
    listed.summary.interruption = watch.stop();
    if listed.stopped {
        return Ok(listed.status().into());
    }
    let nothing = listed.nothing.map(|why| unmatched::nothing(why, &listed.owners, true));
    if listed.rows.is_empty() && listed.summary.literal_misses == 0 && !args.fail_if_none {
        report_nothing(nothing.as_deref(), ui);
    }
    let status = listed.status();
    let rows = render::sorted(std::mem::take(&mut listed.rows), &args.output.sort);
    show(args, &rows, ui)?;
    let is_met = listed.summary.required.is_none_or(|required| required.is_met(listed.summary.hits));
    if status == RunStatus::NotAsRequired && !is_met {
        ui.error(&not_as_required(rows.len(), nothing));
    }
    Ok(status.into())
}

/// Writes the sessions or their numbers, and below a table for a person one line that sums it up.
fn show(args: &GetArgs, rows: &Rows, ui: &Ui) -> std::io::Result<()> {
    match args.count {
        true => render::session_counts(ui, rows.sessions(), &args.by, &args.output)?,
        false => render::sessions(ui, rows, &args.output)?,
    }
    let is_table = matches!(ui.format(), Format::Table | Format::Wide) && ui.powershell().is_none();
    if is_table && !rows.is_empty() && !args.output.no_headers {
        ui.remark(&summary(args, rows));
    }
    Ok(())
}

fn summary(args: &GetArgs, rows: &Rows) -> String {
    match args.count {
        true => render::sessions_on_hosts(rows.sessions()),
        false => render::listing_summary(rows.sessions()),
    }
}

/// What a check asks for: the exit code tells whether it is so.
fn required(args: &GetArgs) -> Option<Requirement> {
    match (args.fail_if_any, args.fail_if_none) {
        (true, _) => Some(Requirement::Absent),
        (_, true) => Some(Requirement::Present),
        _ => None,
    }
}

fn not_as_required(shown: usize, nothing: Option<String>) -> Diagnostic {
    match shown {
        0 => {
            let found = nothing.unwrap_or_else(|| "no session matches".to_owned());
            let message = format!("--fail-if-none: {found}");
            Diagnostic::new("NothingMatched", "ObjectNotFound", message, Exit::SUCCESS)
        }
        some => {
            let message = format!("--fail-if-any: {} shown", render::plural(some, "session"));
            Diagnostic::new("SessionsMatched", "ResourceExists", message, Exit::SUCCESS)
        }
    }
}

/// A program sees by itself that there is no record; a person would wonder. PowerShell is silent about a pattern that
/// matches nothing, unless it is verbose.
fn report_nothing(nothing: Option<&str>, ui: &Ui) {
    let Some(nothing) = nothing else { return };
    let is_terminal = std::io::stderr().is_terminal();
    match ui.powershell() {
        Some(style) if style.verbose => ui.verbose(nothing),
        Some(_) if is_terminal => ui.remark(nothing),
        Some(_) => {}
        None if is_terminal || matches!(ui.format(), Format::Table | Format::Wide | Format::List) => {
            ui.always(nothing);
        }
        None => {}
    }
}
