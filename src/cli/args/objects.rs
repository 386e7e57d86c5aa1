//! What `import` and `export` take.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConfigArgs, Format, OutputArgs, TableArgs};

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Files of sessions: NDJSON, JSON or CSV, ours or PowerShell's, or its CLIXML; - is stdin
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Computers that are only named are reached by HTTPS, port 5986 unless told otherwise
    #[arg(long)]
    pub(crate) tls: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) table: TableArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// What is printed on stdout
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: ExportFormat,
    /// With -o csv: an apostrophe before each value that a spreadsheet would take for a formula; `import` leaves it there
    #[arg(long, requires = "output")]
    pub(crate) csv_safe: bool,
    #[command(flatten)]
    pub(crate) table: TableArgs,
}

/// The formats that can be read back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object a line
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
