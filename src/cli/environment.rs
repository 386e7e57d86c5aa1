//! What surrounds a command: the defaults for a user; the demo brings its own hosts and credential.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use pssession::Credential;
use pssession::request::{SessionTable, TableError};
use pssession::transport::ExchangeObserver;

use super::args::{ConfigArgs, OutputArgs, TableArgs};
use super::config::{self, Config};
use super::diagnostic::Diagnostic;
use super::options::{CmdletOptions, ConnectionOptions};
use super::source;
use super::ui::Ui;

/// What surrounds a command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// The addresses of these host names, instead of asking the name service.
    pub(crate) resolve: HashMap<String, SocketAddr>,
    /// The credential to use instead of asking for one.
    pub(crate) credential: Option<Credential>,
    /// Leave the user's own files alone: there is no config, and sessions get no Ids.
    pub(crate) without_files: bool,
    /// Write tables even where stdout is no terminal.
    pub(crate) tables: bool,
    /// Who sees the exchanges with the hosts.
    pub(crate) observer: Option<Arc<dyn ExchangeObserver>>,
    /// Write only errors.
    pub(crate) quiet: bool,
    /// What the parameters of a cmdlet say, where the command has PowerShell's spelling.
    pub(crate) cmdlet: CmdletOptions,
}

impl Environment {
    /// How a command with this output writes.
    pub(crate) fn ui(&self, output: &OutputArgs) -> Ui {
        Ui::new(output, self.cmdlet.style, self.tables).quiet(self.quiet)
    }

    /// The local table, unless the user's files are left alone, or there is no place for it.
    pub(crate) fn table(&self, args: &TableArgs) -> Option<SessionTable> {
        if self.without_files { None } else { table(args.store.clone()) }
    }

    /// The local table, for a command that cannot do without it.
    pub(crate) fn needed_table(&self, args: &TableArgs) -> Result<SessionTable, Diagnostic> {
        self.table(args).ok_or_else(|| Diagnostic::from(&TableError::Missing))
    }

    /// The config, unless the user's files are left alone.
    pub(crate) fn config(&self, args: &ConfigArgs) -> Result<Config, Diagnostic> {
        if self.without_files { Ok(Config::default()) } else { config::read(args.config.as_deref()) }
    }

    /// The same, but that all exchanges with hosts are shown to an observer.
    pub(crate) fn observed_by(&self, observer: Arc<dyn ExchangeObserver>) -> Self {
        Self { observer: Some(observer), ..self.clone() }
    }

    /// The same connection options with the addresses and the observer of this environment.
    pub(crate) fn resolved(&self, mut connection: ConnectionOptions) -> ConnectionOptions {
        connection.hosts.resolve.clone_from(&self.resolve);
        connection.hosts.observer.clone_from(&self.observer);
        connection
    }
}

/// The local table in the file that was chosen, else where the platform keeps a program's state; none without a home.
pub(crate) fn table(chosen: Option<PathBuf>) -> Option<SessionTable> {
    chosen.or_else(default_path).map(SessionTable::at)
}

/// `$XDG_STATE_HOME/pssession/sessions.db`, `%LOCALAPPDATA%` on Windows.
fn default_path() -> Option<PathBuf> {
    let absolute = |name: &str| source::variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else {
        absolute("XDG_STATE_HOME")
            .or_else(|| absolute(source::HOME).map(|home| home.join(".local").join("state")))
    };
    state.map(|state| state.join("pssession").join("sessions.db"))
}
