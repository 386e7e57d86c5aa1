//! What stdout shows.

use clap::{Args, ValueEnum};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for a person
    Table,
    /// More columns
    Wide,
    /// Every property on a line of its own
    List,
    /// One JSON array
    Json,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
    /// The same for a spreadsheet: `--csv-safe`
    #[value(skip)]
    CsvSafe,
    /// Instance ids, one a line
    Name,
}

#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// What is printed on stdout [default: table on a terminal, ndjson into a pipe]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
    /// With -o csv: an apostrophe before each value that a spreadsheet would take for a formula
    #[arg(long, requires = "output")]
    pub(crate) csv_safe: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlainFormat {
    /// Lines for a person
    Table,
    /// One JSON object
    Json,
}
