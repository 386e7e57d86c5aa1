//! The conformance kit: scenarios made, served and judged.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::PlainFormat;

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// A recording in YAML: `messages`, each with `request` and `response`; `-` is stdin
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The directory to create
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// The title of the scenario [default: the name of FILE]
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// The server that was recorded [default: not recorded]
    #[arg(long, value_name = "TEXT")]
    pub(crate) server: Option<String>,
    /// The source of the recording [default: the name of FILE]
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Option<String>,
    /// Replace DIR if it is a scenario
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The directory of the scenario
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// Require the requests in the order of the scenario
    #[arg(long)]
    pub(crate) in_order: bool,
    /// Exit when every exchange was requested, instead of serving until interrupted
    #[arg(long)]
    pub(crate) until_done: bool,
    /// The TCP port; 0 selects a free port
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(crate) listen: std::net::IpAddr,
    /// Output format of the line with the address [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<PlainFormat>,
}

#[derive(Debug, Args)]
pub(crate) struct ConformanceArgs {
    /// A scenario, or a directory of scenarios
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// Check only the exchange with this number
    #[arg(long, value_name = "N")]
    pub(crate) exchange: Option<u32>,
    /// Output format [default: table on a terminal, ndjson into a pipe]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<ReportFormat>,
    /// Also write the report as JUnit XML; `-` is stdout, and replaces the normal output
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) junit: Option<PathBuf>,
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
