//! What `forget` takes.

use clap::Args;

use super::{ConfigArgs, OutputArgs, SelectArgs, TableArgs};

#[derive(Debug, Args)]
pub(crate) struct ForgetArgs {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) table: TableArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Print which sessions would be forgotten, and forget nothing
    #[arg(long)]
    pub(crate) what_if: bool,
    /// Succeed even if no session matches
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
}
