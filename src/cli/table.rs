//! DOOR: the local table, as the command uses it: where it is, and the moves that `get` and `remove` make in it.
#![expect(clippy::disallowed_methods, reason = "this door reads the clock: rows say when they were seen")]

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pssession::store::{Sighting, Store, StoreError};
use pssession::teardown::{Record, Survey};
use pssession::{AuthScheme, SessionDescriptor};

use super::diagnostic::Diagnostic;
use super::exit::Exit;
use super::source;

/// The table of this run. Nothing is opened before it is needed, and nothing is written by looking.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    path: PathBuf,
}

impl Table {
    /// The table at `--store`, else where the platform keeps a program's state; none without a home.
    pub(crate) fn find(chosen: Option<&Path>) -> Option<Self> {
        let path = chosen.map(Path::to_owned).or_else(default_path)?;
        Some(Self { path })
    }

    /// Merges what the servers listed; the sessions come back in the survey's order, each with its Id.
    pub(crate) async fn merge(
        &self,
        survey: &Survey,
        scheme: AuthScheme,
    ) -> Result<Vec<SessionDescriptor>, Diagnostic> {
        let hosts: Vec<_> = survey
            .hosts()
            .iter()
            .filter_map(|host| {
                let listing = host.listing()?.ok()?;
                let url = host.connector().endpoint().url().to_owned();
                Some((url, host.connector().user().to_owned(), host.sessions(), listing.complete()))
            })
            .collect();
        self.blocking(move |path| {
            let mut merged = Vec::new();
            if hosts.is_empty() {
                return Ok(merged);
            }
            let mut store = Store::open(path)?;
            for (endpoint_url, seen_by, sessions, complete) in &hosts {
                let sighting = Sighting {
                    endpoint_url,
                    seen_by,
                    auth: Some(scheme.name()),
                    seen_at: sessions.first().map_or_else(SystemTime::now, |session| session.seen_at),
                    complete: *complete,
                };
                let rows = store.merge_listing(sighting, sessions)?;
                merged.extend(rows.into_iter().map(|row| row.session));
            }
            Ok(merged)
        })
        .await
    }

    /// Drops the rows of what is gone for certain.
    pub(crate) async fn drop_gone(&self, records: &[Record]) -> Result<(), Diagnostic> {
        let gone: Vec<_> = records
            .iter()
            .filter(|record| record.outcome.is_gone())
            .map(|record| (record.session.endpoint_url.clone(), record.session.shell.shell_id.clone()))
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.blocking(move |path| {
            Store::open(path)?.remove_gone(gone.iter().map(|(url, shell_id)| (url.as_str(), shell_id)))
        })
        .await
        .map(|_| ())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Diagnostic> {
        let path = self.path.clone();
        match tokio::task::spawn_blocking(move || work(&path)).await {
            Ok(result) => result.map_err(|error| unusable(&error)),
            Err(_) => Err(Diagnostic::new(
                "StoreUnusable",
                "InvalidResult",
                "the local table's work broke off",
                Exit::COULD_NOT_BEGIN,
            )),
        }
    }
}

fn unusable(error: &StoreError) -> Diagnostic {
    Diagnostic::new(
        "StoreUnusable",
        "OpenError",
        "the local table of sessions cannot be used",
        Exit::COULD_NOT_BEGIN,
    )
    .about(error.path().display().to_string())
    .caused_by(error)
    .with_hint("--store names another file; the one that is there is left as it is")
}

/// `$XDG_STATE_HOME/pssession/sessions.db`, `%LOCALAPPDATA%` on Windows.
fn default_path() -> Option<PathBuf> {
    let absolute = |name: &str| source::variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else {
        absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local").join("state")))
    };
    state.map(|state| state.join("pssession").join("sessions.db"))
}
