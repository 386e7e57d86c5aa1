//! `pssession export`: the whole local table, in a form that `import` reads.

use clap::{Args, ValueEnum};

use crate::cli::args::{Format, OutputArgs, TableArgs};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::render;
use crate::cli::ui::Ui;

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
Examples:
  pssession export > sessions.ndjson
  pssession export -o csv --store other.db";

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: ExportFormat,
    /// With -o csv: put an apostrophe before values that a spreadsheet would read as formulas; `import` keeps it
    #[arg(long, requires = "output")]
    pub(crate) csv_safe: bool,
    #[command(flatten)]
    pub(crate) table: TableArgs,
}

/// The formats that can be read back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object per line
    #[default]
    Ndjson,
    /// One JSON array
    Json,
    /// Comma-separated values with a header
    Csv,
}

impl From<ExportFormat> for Format {
    fn from(format: ExportFormat) -> Self {
        match format {
            ExportFormat::Ndjson => Self::Ndjson,
            ExportFormat::Json => Self::Json,
            ExportFormat::Csv => Self::Csv,
        }
    }
}

pub(crate) async fn run(args: &ExportArgs, environment: &Environment) -> Exit {
    Ui::default().conclude(export(args, environment).await)
}

async fn export(args: &ExportArgs, environment: &Environment) -> Result<Exit, Diagnostic> {
    let output =
        OutputArgs { output: Some(args.output.into()), csv_safe: args.csv_safe, ..OutputArgs::default() };
    output.check()?;
    let rows = environment.needed_table(&args.table)?.all().await;
    let rows = rows.map_err(|error| Diagnostic::from(&error))?;
    render::sessions(&environment.ui(&output), &rows, &output)?;
    Ok(Exit::SUCCESS)
}
