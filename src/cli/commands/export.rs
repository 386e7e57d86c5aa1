//! `pssession export`: the whole local table, in a form that `import` reads.

use super::{Context, remembered};
use crate::cli::args::ExportArgs;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::render;

pub(crate) async fn run(args: &ExportArgs, context: &Context) -> Result<Exit, Diagnostic> {
    let table = context.table(&args.table);
    let rows = remembered::known(table.as_ref())?.all().await?;
    render::sessions(args.output.into(), context.manner, &rows)?;
    Ok(Exit::SUCCESS)
}
