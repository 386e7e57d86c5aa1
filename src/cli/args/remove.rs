//! What `remove` takes beside the sessions and the servers.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pssession::request::OnMiss;

use super::{OutputArgs, ReachArgs, SelectArgs, TableArgs};

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) table: TableArgs,
    /// Print the plan, and close nothing
    #[arg(long)]
    pub(crate) what_if: bool,
    /// Ask before each session
    #[arg(long, conflicts_with = "yes")]
    pub(crate) confirm: bool,
    /// Close the selected sessions without confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Whether to signal running commands before deleting their shell
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) signal: SignalWhen,
    /// What to do after an error
    #[arg(long, value_enum, default_value_t, value_name = "ACTION")]
    pub(crate) error_action: ErrorAction,
    /// Succeed even if no session matches
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
    /// For programs that run this command: never prompt, and treat the end of stdin as Ctrl-C. An empty line ends
    /// the objects of --session -
    #[arg(long)]
    pub(crate) supervised: bool,
    /// Write a full report of the run to this file, as one JSON object; - is stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignalWhen {
    /// List each shell's commands and terminate the running ones
    #[default]
    Auto,
    /// Delete immediately; the server ends running commands
    Never,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ErrorAction {
    /// Report the error and continue
    #[default]
    Continue,
    /// Start nothing new
    Stop,
    /// Continue without printing the error
    #[value(name = "silentlycontinue", alias = "silently-continue")]
    SilentlyContinue,
    /// Continue without printing the error
    Ignore,
    /// Ask on the terminal whether to continue
    Inquire,
}

impl ErrorAction {
    /// What follows for a value that finds nothing.
    pub(crate) fn on_miss(self) -> OnMiss {
        match self {
            Self::Stop => OnMiss::Stop,
            Self::Inquire => OnMiss::Ask,
            Self::Continue | Self::SilentlyContinue | Self::Ignore => OnMiss::Continue,
        }
    }
}
