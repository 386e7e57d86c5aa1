//! `pssession forget`: drops rows of the local table, and sends nothing.

use clap::Args;
use pssession::request::{ForgetRequest, UnboundObjects};
use pssession::teardown::Requirement;

use crate::cli::args::{ConfigArgs, OutputArgs, SelectArgs, SessionValues, TableArgs};
use crate::cli::config::Naming;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::options::{Scope, SelectOptions};
use crate::cli::positional::{self, Verb};
use crate::cli::render::{self, plural};
use crate::cli::ui::Ui;
use crate::cli::unmatched::{self, Unmatched};

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
Examples:
  pssession forget 3 7..9                          by the Ids that `get` shows
  pssession forget --computer-name 'web0*' --cached --what-if
  pssession forget --all --cached                  empties the local table";

#[derive(Debug, Args)]
pub(crate) struct ForgetArgs {
    #[command(flatten)]
    pub(crate) sessions: SessionValues,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) table: TableArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Print which sessions would be forgotten, and forget nothing
    #[arg(long)]
    pub(crate) what_if: bool,
    /// Succeed even if no session matches
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
}

pub(crate) async fn run(args: &ForgetArgs, environment: &Environment) -> Exit {
    let ui = environment.ui(&args.output);
    ui.conclude(forget(args, environment, &ui).await)
}

async fn forget(args: &ForgetArgs, environment: &Environment, ui: &Ui) -> Result<Exit, Diagnostic> {
    args.output.check()?;
    let config = environment.config(&args.config)?;
    let table = environment.table(&args.table);
    let named = positional::sessions(&args.sessions.values, Verb::Forget, table, &config).await?;
    let select = SelectOptions::read(&args.select, named, &environment.cmdlet)?;
    let scope = Scope::without_servers(&select)?;
    if select.query.is_empty() && !matches!(scope, Scope::Objects(..)) {
        return Err(Diagnostic::usage("no selector for the sessions to forget").with_hint(
            "pass an Id, a selector such as --name, a filter such as --owner, or --all; --cached includes listed sessions",
        ));
    }
    let naming = Naming { config, tls: false };
    let miss_rule = unmatched::rule(ui, args.ignore_not_found);
    let unmatched = Unmatched::new(miss_rule, None, ui).of_query(&select.query);
    let request = ForgetRequest {
        source: scope.read(&naming, false)?,
        query: select.query,
        table: environment.table(&args.table),
        what_if: args.what_if,
        miss_rule,
        required: (!args.ignore_not_found).then_some(Requirement::Present),
    };
    let forgotten = request.run().await?;
    let none = UnboundObjects::default();
    unmatched.report(&forgotten.selection, &[], &none, ui);
    if let Some(why) = forgotten.nothing {
        ui.remark(&unmatched::nothing(why, &forgotten.selection.owners, false));
    }
    let rows = render::sorted(forgotten.rows, &args.output.sort);
    render::sessions(ui, &rows, &args.output)?;
    if !rows.is_empty() {
        let done = if args.what_if { "would forget" } else { "forgot" };
        let sessions = plural(rows.len(), "session");
        ui.remark(&format!("{done} {sessions}; nothing was sent, and running sessions continue"));
    }
    Ok(forgotten.status.into())
}
