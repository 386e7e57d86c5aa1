//! `pssession get`: what the named servers have, or what the local table or a file remembers.

use std::io::{IsTerminal as _, Write as _};

use pssession::session::Selection;
use pssession::store::Rows;
use pssession::teardown::{Cancellation, Report, Requirement, RunStatus, RunSummary};
use pssession::{Engine, SessionQuery};

use super::connectors::Connectors;
use super::unmatched::{self, MissRule};
use super::{Context, listing, resolve};
use crate::cli::args::{ErrorAction, Format, GetArgs};
use crate::cli::config::Naming;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::login::Logins;
use crate::cli::output_style::OutputStyle;
use crate::cli::resolve_options::{ConnectionOptions, Scope, session_query, state_accounts};
use crate::cli::{interrupt, render};

pub(crate) async fn run(args: &GetArgs, context: &Context) -> Result<Exit, Diagnostic> {
    let format = context.format(&args.output)?;
    let scope = Scope::of(&args.select, &args.reach)?;
    let missed = match (&scope, context.style) {
        (Scope::Servers, OutputStyle::PowerShell(_)) => unmatched::not_discovered,
        _ => unmatched::missed,
    };
    let found = match scope {
        Scope::Servers => listed(args, context).await?,
        scope => recalled(&scope, args, context).await?,
    };
    let errors = context.errors(args.output.output);
    let powershell_style = context.style.powershell_style();
    let action = powershell_style.map(|powershell_style| powershell_style.action).unwrap_or_default();
    // A script that was written for PowerShell sees what PowerShell prints; a person gets more.
    let advice = found.advice.filter(|_| powershell_style.is_none() || std::io::stderr().is_terminal());
    let rule = MissRule::of(context.style, args.ignore_not_found);
    let told =
        unmatched::report(&found.selection, &[], rule, missed, advice, action == ErrorAction::Stop, errors);
    unmatched::report_left_out(&found.selection, found.rows.sessions(), errors);
    if matches!(action, ErrorAction::Stop | ErrorAction::Inquire)
        && unmatched::stop_it(action, &found.summary, &interrupt::watch(&Cancellation::new()))?
    {
        return Ok(Exit::COULD_NOT_BEGIN);
    }
    let chosen = found.rows.into_picked(&found.selection.chosen);
    if chosen.is_empty()
        && told == 0
        && !args.fail_if_none
        && let Some(nothing) = &found.nothing
    {
        match powershell_style {
            // PowerShell is silent about a pattern that matches nothing.
            Some(powershell_style) if powershell_style.verbose => {
                writeln!(std::io::stderr().lock(), "VERBOSE: {nothing}")?
            }
            Some(_) if std::io::stderr().is_terminal() => {
                writeln!(std::io::stderr().lock(), "WARNING: {nothing}")?;
            }
            None if is_for_a_person(format) => writeln!(std::io::stderr().lock(), "{nothing}")?,
            _ => {}
        }
    }
    render::sessions(format, context.style, &chosen)?;
    let summary = RunSummary { required: required(args), ..found.summary };
    let code = Report::default().status(&summary);
    let is_met = summary.required.is_none_or(|required| required.is_met(summary.hits));
    if code == RunStatus::NotAsRequired && !is_met {
        not_as_required(chosen.len(), found.nothing).emit(errors);
    }
    Ok(code.into())
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

/// What was looked at, and what of it was chosen.
struct Found {
    rows: Rows,
    selection: Selection,
    summary: RunSummary,
    /// What to say if nothing was chosen.
    nothing: Option<String>,
    /// Where else to look for what was missed.
    advice: Option<String>,
}

/// Asks the servers now.
async fn listed(args: &GetArgs, context: &Context) -> Result<Found, Diagnostic> {
    let query = session_query(&args.select)?;
    let reach = ConnectionOptions::read(&args.reach, context.config(&args.reach.config)?)?;
    let engine = Engine::new(listing::policy(&args.reach.limits)?);
    let cancellation = Cancellation::new();
    let watch = interrupt::watch(&cancellation);
    let errors = context.errors(args.output.output);
    let logins = Logins::new(&watch, errors);
    let table = context.table(&args.table);
    let connectors = Connectors::new(&reach, context, logins, table.clone()).for_servers().await?;

    let wanted = |_: &str| listing::wanted_by(&query);
    let mut survey = listing::survey(&engine, connectors, wanted, &cancellation, errors).await;
    let by_id = !args.select.id.is_empty();
    let mut rows = listing::sessions(&survey, table.as_ref(), &reach, by_id, errors).await?;
    let mut unlisted_commands = 0;
    if args.select.skip_running || shows_commands(context.format(&args.output)?) {
        let mut unlisted = engine.list_commands(&mut survey, rows.sessions_mut()).await;
        let consequence = match args.select.skip_running {
            true => "commands may be running, so --skip-running excludes them",
            false => {
                // It is only shown, and there is nothing to show on such a server, or to an account that may not list.
                let asked_singly = |url: &str| {
                    let mut hosts = survey.hosts().iter().filter(|host| host.was_asked_singly());
                    hosts.any(|host| host.connector().endpoint().url() == url)
                };
                unlisted.retain(|failure| !failure.is_unsupported() && !asked_singly(&failure.endpoint_url));
                "it is unknown whether commands are running"
            }
        };
        unlisted_commands = listing::report_unlisted_commands(&survey, &unlisted, consequence, errors);
    }
    let (rows, mut selection) = match context.style {
        OutputStyle::Native => {
            let selection = query.select(rows.sessions());
            (rows, selection)
        }
        OutputStyle::PowerShell(_) => as_powershell_discovers(rows, &query),
    };
    listing::forgive(&survey, &mut selection);
    let selected = MissRule::of(context.style, args.ignore_not_found).summary(&selection);
    let mut summary = listing::answered(&survey, selected, &cancellation);
    summary.interruption = watch.stop();
    summary.unlisted_commands = unlisted_commands;
    let nothing = listing::nothing(&survey, rows.len());
    Ok(Found { selection, summary, nothing, advice: resolve::advice(&Scope::Servers), rows })
}

/// PowerShell narrows what the servers said first. Then it misses what is not among the rest, also by a pattern, but
/// only if there is a rest.
fn as_powershell_discovers(rows: Rows, query: &SessionQuery) -> (Rows, Selection) {
    let rows: Rows = rows.into_iter().filter(|row| query.admits(&row.session)).collect();
    let mut selection = query.select(rows.sessions());
    if rows.is_empty() {
        selection.misses.clear();
    }
    for miss in &mut selection.misses {
        miss.silent = false;
    }
    (rows, selection)
}

/// Looks at what is remembered; asks nobody.
async fn recalled(scope: &Scope, args: &GetArgs, context: &Context) -> Result<Found, Diagnostic> {
    let query = session_query(&args.select)?;
    let table = context.table(&args.table);
    let naming = Naming { config: context.config(&args.reach.config)?, tls: args.reach.tls };
    let mut recalled = resolve::recall(scope, &query, table.as_ref(), &naming, OutputStyle::Native).await?;
    state_accounts(&mut recalled.rows, &args.reach.login, &naming)?;
    let selection = recalled.select(&query);
    let summary = MissRule::of(context.style, args.ignore_not_found).summary(&selection);
    let nothing = match selection.chosen.is_empty() {
        true => Some(resolve::nothing(scope, &recalled, table.as_ref()).await?),
        false => None,
    };
    Ok(Found { rows: recalled.rows, selection, summary, nothing, advice: resolve::advice(scope) })
}

/// The quick look asks each host once; the others also ask what runs in each session.
fn shows_commands(format: Format) -> bool {
    !matches!(format, Format::Table | Format::Name)
}

/// A program sees by itself that there is no record; a person would wonder.
fn is_for_a_person(format: Format) -> bool {
    matches!(format, Format::Table | Format::Wide | Format::List) || std::io::stderr().is_terminal()
}
