//! What `remove` takes beside the sessions and the servers.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{OutputArgs, ReachArgs, SelectArgs, TableArgs};

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) table: TableArgs,
    /// Print the plan that would run, and send nothing that closes
    #[arg(long)]
    pub(crate) what_if: bool,
    /// Ask before each session
    #[arg(long, conflicts_with = "yes")]
    pub(crate) confirm: bool,
    /// Ask nothing: close what the plan says
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Whether running commands are signalled before their shell is deleted
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) signal: SignalWhen,
    /// What happens to the rest after an error
    #[arg(long, value_enum, default_value_t, value_name = "ACTION")]
    pub(crate) error_action: ErrorAction,
    /// Succeed even if nothing was selected
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
    /// For a program that runs this one: ask nothing on the terminal, and take the end of stdin for Ctrl-C. The objects
    /// of --session - then end at an empty line
    #[arg(long)]
    pub(crate) supervised: bool,
    /// Write all that became known of the run to this file, as one JSON object; - is stdout
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
    /// Delete at once; the server ends what runs
    Never,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ErrorAction {
    /// Report it and go on
    #[default]
    Continue,
    /// Start nothing new
    Stop,
    /// Go on, and do not print it
    #[value(name = "silentlycontinue", alias = "silently-continue")]
    SilentlyContinue,
    /// Go on, and do not print it
    Ignore,
    /// Ask on the terminal whether to go on
    Inquire,
}
