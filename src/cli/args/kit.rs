//! The conformance kit: scenarios made, served and judged.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::PlainFormat;

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// A recording in YAML: `messages`, each with `request` and `response`; `-` is stdin
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The folder to make
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// What the scenario shows [default: the name of FILE]
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Which server answered [default: not told]
    #[arg(long, value_name = "TEXT")]
    pub(crate) server: Option<String>,
    /// Where the recording comes from [default: the name of FILE]
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Option<String>,
    /// Replace DIR if it is a scenario
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The scenario
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// Requests must come in the order of the scenario
    #[arg(long)]
    pub(crate) in_order: bool,
    /// End once every exchange was asked for, instead of serving until interrupted
    #[arg(long)]
    pub(crate) until_done: bool,
    /// The TCP port; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(crate) listen: std::net::IpAddr,
    /// How the one line looks that says where it listens [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<PlainFormat>,
}

#[derive(Debug, Args)]
pub(crate) struct ConformanceArgs {
    /// A scenario, or a folder of scenarios
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// Judge only the exchange of this number
    #[arg(long, value_name = "N")]
    pub(crate) exchange: Option<u32>,
    /// What is printed on stdout [default: table on a terminal, ndjson into a pipe]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<ReportFormat>,
    /// Write the report as JUnit XML, too; `-` is stdout, instead of the other
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) junit: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// Columns for a person
    Table,
    /// One JSON array
    Json,
    /// One JSON object a line
    Ndjson,
}
