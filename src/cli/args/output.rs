//! What stdout shows.

use clap::{Args, ValueEnum};

use crate::cli::diagnostic::Diagnostic;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns to read on a terminal
    Table,
    /// More columns
    Wide,
    /// Every property on its own line
    List,
    /// One JSON array
    Json,
    /// One JSON object per line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
    /// The same for a spreadsheet: `--csv-safe`
    #[value(skip)]
    CsvSafe,
    /// Instance ids, one per line
    Name,
}

#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Output format [default: table on a terminal, ndjson into a pipe]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
    /// With -o csv: put an apostrophe before values that a spreadsheet would read as formulas
    #[arg(long, requires = "output")]
    pub(crate) csv_safe: bool,
}

impl OutputArgs {
    /// An error where `--csv-safe` means nothing, because it stands beside another format than CSV.
    pub(crate) fn check(&self) -> Result<(), Diagnostic> {
        if !self.csv_safe || self.output == Some(Format::Csv) {
            return Ok(());
        }
        Err(Diagnostic::usage("--csv-safe requires CSV output")
            .about("--csv-safe")
            .with_hint("add -o csv, or remove --csv-safe; nothing was sent"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlainFormat {
    /// Lines to read on a terminal
    Table,
    /// One JSON object
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// Columns to read on a terminal
    Table,
    /// One JSON array
    Json,
    /// One JSON object per line
    Ndjson,
}
