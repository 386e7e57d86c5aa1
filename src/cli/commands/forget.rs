//! `pssession forget`: drops rows of the local table, and sends nothing.

use clap::Args;
use pssession::request::{ForgetRequest, UnboundObjects};
use pssession::teardown::Requirement;

use crate::cli::args::{ConfigArgs, OutputArgs, SelectArgs, TableArgs};
use crate::cli::config::Naming;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::options::{Scope, SelectOptions};
use crate::cli::render::{self, plural};
use crate::cli::ui::Ui;
use crate::cli::unmatched::{self, Unmatched};

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
Examples:
  pssession forget --id 3
  pssession forget --computer-name 'web0*' --cached --what-if
  pssession forget --all --cached                  empties the local table";

#[derive(Debug, Args)]
pub(crate) struct ForgetArgs {
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
    let select = SelectOptions::read(&args.select, &environment.cmdlet)?;
    let scope = Scope::without_servers(&select)?;
    if select.query.is_empty() && !matches!(scope, Scope::Objects(..)) {
        return Err(Diagnostic::usage("no selector for the sessions to forget").with_hint(
            "pass a selector such as --name, a filter such as --owner, or --all; --cached includes listed sessions",
        ));
    }
    let naming = Naming { config: environment.config(&args.config)?, tls: false };
    let request = ForgetRequest {
        source: scope.read(&naming, false)?,
        query: select.query,
        table: environment.table(&args.table),
        what_if: args.what_if,
        miss_rule: unmatched::rule(ui, args.ignore_not_found),
        required: (!args.ignore_not_found).then_some(Requirement::Present),
    };
    let miss_rule = request.miss_rule;
    let forgotten = request.run().await?;
    let none = UnboundObjects::default();
    Unmatched::new(miss_rule, None, ui).report(&forgotten.selection, &[], &none, ui);
    if let Some(why) = forgotten.nothing {
        ui.remark(&unmatched::nothing(why, false));
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
