//! `pssession export`: the whole local table, in a form that `import` reads.

use super::{Context, resolve};
use crate::cli::args::{ExportArgs, Format};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::render;
use crate::cli::resolve_options::safe;

pub(crate) async fn run(args: &ExportArgs, context: &Context) -> Result<Exit, Diagnostic> {
    let format = safe(Some(args.output.into()), args.csv_safe)?.unwrap_or(Format::Ndjson);
    let table = context.table(&args.table);
    let rows = resolve::known(table.as_ref())?.all().await?;
    render::sessions(format, context.style, &rows)?;
    Ok(Exit::SUCCESS)
}
