//! `pssession forget`: drops rows of the local table, and sends nothing.

use std::io::Write as _;

use pssession::teardown::{Report, Requirement, RunSummary};

use super::unmatched::{self, MissRule};
use super::{Context, resolve};
use crate::cli::args::ForgetArgs;
use crate::cli::config::Naming;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::render::{self, plural};
use crate::cli::resolve_options::{Scope, session_query};

pub(crate) async fn run(args: &ForgetArgs, context: &Context) -> Result<Exit, Diagnostic> {
    let format = context.format(&args.output)?;
    let scope = Scope::without_servers(&args.select)?;
    let query = session_query(&args.select)?;
    if query.is_empty() && !matches!(scope, Scope::Objects(..)) {
        return Err(Diagnostic::usage("no selector for the sessions to forget").with_hint(
            "pass a selector such as --name, a filter such as --owner, or --all; --cached includes listed sessions",
        ));
    }
    let errors = context.errors(args.output.output);
    let table = context.table(&args.table);
    let naming = Naming { config: context.config(&args.config)?, tls: false };
    let recalled =
        resolve::recall(&scope, &query, table.as_ref(), &naming, context.style).await?.without_strangers();
    let selection = recalled.select(&query);
    let rule = MissRule::of(context.style, args.ignore_not_found);
    let missed = unmatched::report(&selection, &[], rule, unmatched::missed, None, false, errors);
    let chosen = recalled.rows.pick(&selection.chosen);
    if chosen.is_empty() && missed == 0 && errors.is_for_a_person() {
        let nothing = resolve::nothing_known(&scope, &recalled, table.as_ref()).await?;
        writeln!(std::io::stderr().lock(), "{nothing}")?;
    }
    if !args.what_if && !chosen.is_empty() {
        let ids = chosen.sessions().iter().filter_map(|session| session.id).collect();
        resolve::known(table.as_ref())?.forget(ids).await?;
    }
    render::sessions(format, context.style, &chosen)?;
    if errors.is_for_a_person() && !chosen.is_empty() {
        let done = if args.what_if { "would forget" } else { "forgot" };
        let sessions = plural(chosen.len(), "session");
        writeln!(
            std::io::stderr().lock(),
            "{done} {sessions}; nothing was sent, and running sessions continue"
        )?;
    }
    let summary = RunSummary {
        required: (!args.ignore_not_found).then_some(Requirement::Present),
        ..rule.summary(&selection)
    };
    Ok(Report::default().status(&summary).into())
}
