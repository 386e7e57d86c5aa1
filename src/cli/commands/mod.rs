//! One subcommand per file.

pub(crate) mod completions;
pub(crate) mod conformance;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod forget;
pub(crate) mod get;
pub(crate) mod identify;
pub(crate) mod import;
pub(crate) mod man;
pub(crate) mod remove;
pub(crate) mod replay;
pub(crate) mod simulator;
