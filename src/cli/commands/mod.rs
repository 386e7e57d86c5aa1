//! One subcommand per file.

pub(crate) mod completions;
mod confirm;
pub(crate) mod conformance;
mod connectors;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod forget;
pub(crate) mod get;
pub(crate) mod identify;
pub(crate) mod import;
mod listing;
pub(crate) mod man;
mod objects;
pub(crate) mod remove;
pub(crate) mod replay;
mod resolve;
pub(crate) mod simulator;
mod unmatched;

pub(super) use unmatched::option_of;

use std::collections::HashMap;
use std::net::SocketAddr;

use pssession::Credential;

use super::args::{ConfigArgs, Format, OutputArgs, TableArgs};
use super::config::{self, Config};
use super::diagnostic::{Diagnostic, DiagnosticFormat};
use super::output_style::OutputStyle;
use super::render;
use super::resolve_options;
use super::table::Table;

/// What surrounds a command: empty for a user; the demo brings its own hosts and login.
#[derive(Debug, Default)]
pub(crate) struct Context {
    /// Where these host names lead, instead of asking the name service.
    pub(crate) resolve: HashMap<String, SocketAddr>,
    /// The login to use instead of asking for one.
    pub(crate) credential: Option<Credential>,
    /// Leave the user's own files alone: nothing goes without saying, and sessions get no Ids.
    pub(crate) without_files: bool,
    /// Tables even where stdout is no terminal.
    pub(crate) for_a_person: bool,
    /// In whose manner it speaks.
    pub(crate) style: OutputStyle,
}

impl Context {
    /// The local table, unless this run is to leave it alone.
    fn table(&self, args: &TableArgs) -> Option<Table> {
        if self.without_files { None } else { Table::find(args.store.as_deref()) }
    }

    /// The user's config, unless this run is to leave it alone.
    fn config(&self, args: &ConfigArgs) -> Result<Config, Diagnostic> {
        if self.without_files { Ok(Config::default()) } else { config::read(args.config.as_deref()) }
    }

    /// How errors are written beside this output.
    fn errors(&self, output: Option<Format>) -> DiagnosticFormat {
        self.style.errors(output)
    }

    /// What was chosen, else what suits whoever reads stdout.
    fn format(&self, args: &OutputArgs) -> Result<Format, Diagnostic> {
        let chosen = resolve_options::format(args)?;
        let usual = || if self.for_a_person { Format::Table } else { render::usual_format() };
        Ok(chosen.unwrap_or_else(usual))
    }
}
