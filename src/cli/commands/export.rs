//! `pssession export`: the whole local table, in a form that `import` reads.

use crate::cli::args::{ExportArgs, OutputArgs};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::render;
use crate::cli::ui::Ui;

pub(crate) async fn run(args: &ExportArgs, environment: &Environment) -> Exit {
    Ui::default().conclude(export(args, environment).await)
}

async fn export(args: &ExportArgs, environment: &Environment) -> Result<Exit, Diagnostic> {
    let output = OutputArgs { output: Some(args.output.into()), csv_safe: args.csv_safe };
    output.check()?;
    let rows = environment.needed_table(&args.table)?.all().await;
    render::sessions(&environment.ui(&output), &rows.map_err(|error| Diagnostic::from(&error))?)?;
    Ok(Exit::SUCCESS)
}
