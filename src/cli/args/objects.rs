//! What `import` and `export` take.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ConfigArgs, Format, OutputArgs, TableArgs};

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Files of sessions: NDJSON, JSON or CSV of this command or of PowerShell, or CLIXML; - is stdin
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Use HTTPS (default port 5986) for objects without an Endpoint
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
