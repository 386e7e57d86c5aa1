//! What stdout shows.

use clap::{Args, ValueEnum};

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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlainFormat {
    /// Lines to read on a terminal
    Table,
    /// One JSON object
    Json,
}
