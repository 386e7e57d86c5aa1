//! What stdout shows.

use clap::{Args, ValueEnum};

use super::columns::{Column, SortKey};
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

#[derive(Debug, Default, Args)]
pub(crate) struct OutputArgs {
    /// Output format [default: table on a terminal, ndjson into a pipe]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
    /// With -o csv: put an apostrophe before values that a spreadsheet would read as formulas
    #[arg(long, requires = "output")]
    pub(crate) csv_safe: bool,
    /// Columns of the table, in this order; comma-separated
    #[arg(long, value_enum, value_name = "COLUMN", value_delimiter = ',', hide_possible_values = true)]
    pub(crate) columns: Vec<Column>,
    /// Sort by these columns, -COLUMN in descending order; comma-separated
    #[arg(long, value_enum, value_name = "COLUMN", value_delimiter = ',', hide_possible_values = true)]
    #[arg(allow_hyphen_values = true)]
    pub(crate) sort: Vec<SortKey>,
    /// Print the table without its header
    #[arg(long)]
    pub(crate) no_headers: bool,
}

impl OutputArgs {
    /// An error where an option means nothing beside the format, or a column is one that only `remove` has.
    pub(crate) fn check(&self) -> Result<(), Diagnostic> {
        let shown = self.columns.iter().copied();
        match shown.chain(self.sort.iter().map(|key| key.column)).find(|column| column.is_of_removals()) {
            None => self.check_of_removals(),
            Some(column) => {
                Err(Diagnostic::usage(format!("only `pssession remove` has the column {}", column.header()))
                    .about(column.header())
                    .with_hint("choose other columns; nothing was sent"))
            }
        }
    }

    /// The same for `remove`.
    pub(crate) fn check_of_removals(&self) -> Result<(), Diagnostic> {
        if self.csv_safe && self.output != Some(Format::Csv) {
            return Err(Diagnostic::usage("--csv-safe requires CSV output")
                .about("--csv-safe")
                .with_hint("add -o csv, or remove --csv-safe; nothing was sent"));
        }
        let is_table = |format| matches!(format, Format::Table | Format::Wide);
        match self.of_tables() {
            Some(option) if !self.output.is_none_or(is_table) => {
                Err(Diagnostic::usage(format!("{option} requires a table")).about(option).with_hint(
                    "use -o table or -o wide, or choose properties from JSON with jq; nothing was sent",
                ))
            }
            _ => Ok(()),
        }
    }

    /// The format that `-o` chooses, or that other options ask for.
    pub(crate) fn format(&self) -> Option<Format> {
        match self.output {
            Some(Format::Csv) if self.csv_safe => Some(Format::CsvSafe),
            None if self.of_tables().is_some() => Some(Format::Table),
            chosen => chosen,
        }
    }

    /// Whether this column was chosen, to be shown or sorted by.
    pub(crate) fn shows(&self, column: Column) -> bool {
        self.columns.contains(&column) || self.sort.iter().any(|key| key.column == column)
    }

    /// The first option that only a table has.
    fn of_tables(&self) -> Option<&'static str> {
        match self {
            Self { columns, .. } if !columns.is_empty() => Some("--columns"),
            Self { no_headers: true, .. } => Some("--no-headers"),
            _ => None,
        }
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
