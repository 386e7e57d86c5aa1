//! Options that several commands have, as they are typed. Every decision that concerns several options is made in `options`.

mod asked;
mod columns;
mod connection;
mod output;
mod select;
mod simulated_security;

use clap::{ArgAction, Args, ValueEnum};
use pssession::request::OnMiss;

pub(crate) use asked::Asked;
pub(crate) use columns::{Column, CountKey, SortKey};
pub(crate) use connection::{
    ConfigArgs, DangerousArgs, HostArgs, LimitArgs, LoginArgs, ReachArgs, TableArgs, TrustArgs,
};
pub(crate) use output::{Format, OutputArgs, PlainFormat, ReportFormat};
pub(crate) use select::{SelectArgs, SessionValues};
pub(crate) use simulated_security::SimulatedSecurityArgs;

/// How much is said, and how.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Log to stderr: -v each step, -vv in detail
    #[arg(short, long, action = ArgAction::Count, global = true, display_order = 900)]
    pub(crate) verbose: u8,
    /// Format of log lines
    #[arg(long, value_enum, default_value_t, global = true, value_name = "FORMAT", display_order = 901)]
    pub(crate) log_format: LogFormat,
    /// Print only errors: no table or records unless -o chooses a format, no summary, no warning, no progress
    #[arg(short, long, global = true, conflicts_with = "verbose", display_order = 902)]
    pub(crate) quiet: bool,
    /// When to use colours; NO_COLOR turns auto off
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN", display_order = 903)]
    pub(crate) color: ColorWhen,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
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
