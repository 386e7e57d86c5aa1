//! I/O module: the local table, as the command uses it: where it is, and the moves that the commands make in it.
#![expect(clippy::disallowed_methods, reason = "reads the clock: rows say when they were seen")]

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pssession::session::{IdRange, LocalId, LoginAccount, Selector};
use pssession::store::{Imported, ListingContext, Origin, Row, Rows, Store, StoreError, StoreReader};
use pssession::teardown::{Record, Survey};
use pssession::wsman::{Shell, ShellId, ShellSchema};
use pssession::{AuthScheme, Endpoint, SessionQuery};
use uuid::Uuid;

use super::diagnostic::Diagnostic;
use super::exit::Exit;
use super::permissions::{self, Exposed, Kind};
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

    /// The file that it is in.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nobody but this user and root can have written it. What cannot be looked at is nobody's to read either.
    pub(crate) fn is_trusted(&self) -> bool {
        matches!(permissions::exposed(&self.path, Kind::Database), Ok(None))
    }

    /// The sessions of these origins that the query may choose.
    pub(crate) async fn rows(
        &self,
        query: &SessionQuery,
        origins: &'static [Origin],
    ) -> Result<Rows, Diagnostic> {
        let query = query.clone();
        self.blocking(move |path| StoreReader::open(path)?.candidates(&query, origins, now())).await
    }

    /// For each endpoint URL and ShellId its row, if there is one.
    pub(crate) async fn known(&self, keys: Vec<(String, ShellId)>) -> Result<Vec<Option<Row>>, Diagnostic> {
        self.blocking(move |path| {
            StoreReader::open(path)?.known(keys.iter().map(|(url, shell_id)| (url.as_str(), shell_id)))
        })
        .await
    }

    /// The rows with these InstanceIds, on whatever endpoint.
    pub(crate) async fn by_instance_id(&self, ids: Vec<Uuid>) -> Result<Rows, Diagnostic> {
        self.rows(&SessionQuery::new(vec![Selector::InstanceId(ids)], Vec::new()), &Origin::ALL).await
    }

    /// The rows with these Ids.
    pub(crate) async fn by_id(&self, ids: Vec<LocalId>) -> Result<Rows, Diagnostic> {
        let ids = ids.into_iter().map(|id| IdRange::single(id.0)).collect();
        self.rows(&SessionQuery::new(vec![Selector::Id(ids)], Vec::new()), &Origin::ALL).await
    }

    /// How many sessions of these origins there are.
    pub(crate) async fn count(&self, origins: &'static [Origin]) -> Result<usize, Diagnostic> {
        self.blocking(move |path| StoreReader::open(path)?.count(origins, now())).await
    }

    /// Those of these endpoints that nobody has listed before, so that none has been entrusted with a login.
    pub(crate) async fn strangers(&self, urls: Vec<String>) -> Result<Vec<String>, Diagnostic> {
        self.blocking(move |path| {
            let reader = StoreReader::open(path)?;
            let known = urls.iter().map(|url| reader.knows_endpoint(url)).collect::<Result<Vec<_>, _>>()?;
            Ok(urls.into_iter().zip(known).filter(|(_, known)| !known).map(|(url, _)| url).collect())
        })
        .await
    }

    /// Those of these endpoints, each with an account, that the account has listed before. A table that cannot be read knows
    /// of none: whoever needs it says so.
    pub(crate) async fn listed_before(&self, places: Vec<(String, String)>) -> HashSet<String> {
        let listed = self.blocking(move |path| {
            let reader = StoreReader::open(path)?;
            let mut listed = HashSet::new();
            for (url, user) in places {
                if reader.was_listed_by(&url, &user)? {
                    listed.insert(url);
                }
            }
            Ok(listed)
        });
        listed.await.unwrap_or_default()
    }

    /// Drops these rows, whatever has become of their sessions, and says how many there were.
    pub(crate) async fn forget(&self, ids: Vec<LocalId>) -> Result<usize, Diagnostic> {
        self.blocking(move |path| Store::open(path)?.forget(ids)).await
    }

    /// Merges what the servers listed; the sessions come back in the survey's order, each with its Id. Without a scheme
    /// for a server it stays known how each of its sessions was reached.
    pub(crate) async fn merge(
        &self,
        survey: &Survey,
        scheme: impl Fn(&Endpoint) -> Option<AuthScheme>,
    ) -> Result<Rows, Diagnostic> {
        let hosts: Vec<_> = survey
            .hosts()
            .iter()
            .filter_map(|host| {
                let listing = host.listing()?.ok();
                if listing.is_none() && !host.was_asked_singly() {
                    return None;
                }
                // What is asked for singly says nothing of the others, and only Windows' listing says what is not there.
                let proves_absence = listing.is_some_and(|listing| {
                    let is_windows = |shell: &Shell| shell.schema == ShellSchema::Windows;
                    listing.complete() && listing.shells.iter().all(is_windows)
                });
                let endpoint = host.connector().endpoint();
                let account = match host.account() {
                    Some(account) => account.clone(),
                    None => LoginAccount::new(host.connector().user()),
                };
                let auth = scheme(endpoint).map(AuthScheme::name);
                Some((endpoint.url().to_owned(), account, auth, host.sessions(), proves_absence))
            })
            .collect();
        self.blocking(move |path| {
            if hosts.is_empty() {
                return Ok(Rows::default());
            }
            let mut merged = Vec::new();
            let mut store = Store::open(path)?;
            for (endpoint_url, account, auth, sessions, complete) in &hosts {
                let listing_context = ListingContext {
                    endpoint_url,
                    seen_by: account.login(),
                    server_names: Some(account.server_names()),
                    auth: *auth,
                    seen_at: sessions.first().map_or_else(SystemTime::now, |session| session.seen_at),
                    complete: *complete,
                };
                merged.extend(store.merge_listing(listing_context, sessions)?);
            }
            Ok(merged.into_iter().collect())
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

    /// Every row; none if there is no table yet.
    pub(crate) async fn all(&self) -> Result<Rows, Diagnostic> {
        self.blocking(|path| StoreReader::open(path)?.all(now())).await
    }

    /// Takes in sessions, all of them or none. They come back in their order as they then stand in the table, each with
    /// what became of it.
    pub(crate) async fn import(&self, given: Vec<Row>) -> Result<Vec<(Row, Imported)>, Diagnostic> {
        self.blocking(move |path| {
            let mut store = Store::open(path)?;
            let outcomes = store.import(&given)?;
            drop(given);
            let mut rows: HashMap<LocalId, Row> =
                store.all(now())?.into_iter().filter_map(|row| Some((row.session.id?, row))).collect();
            let mut standing: Vec<(Row, Imported)> = Vec::with_capacity(outcomes.len());
            let mut at: HashMap<LocalId, usize> = HashMap::new();
            for outcome in outcomes {
                let row = match rows.remove(&outcome.id) {
                    Some(row) => {
                        at.insert(outcome.id, standing.len());
                        Some(row)
                    }
                    // Two objects were the same session. Or another process has dropped it since.
                    None => at.get(&outcome.id).and_then(|at| standing.get(*at)).map(|(row, _)| row.clone()),
                };
                standing.extend(row.map(|row| (row, outcome)));
            }
            Ok(standing)
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Diagnostic> {
        let path = self.path.clone();
        let trusted = move || -> Result<T, Diagnostic> {
            match permissions::exposed(&path, Kind::Database) {
                Ok(None) => work(&path).map_err(|error| unusable(&path, &error)),
                Ok(Some(exposed)) => Err(not_trusted(&path, &exposed)),
                Err(error) => Err(unusable(&path, &error)),
            }
        };
        match tokio::task::spawn_blocking(trusted).await {
            Ok(result) => result,
            Err(_) => Err(Diagnostic::new(
                "StoreUnusable",
                "InvalidResult",
                "the task of the local table ended unexpectedly",
                Exit::COULD_NOT_BEGIN,
            )),
        }
    }
}

fn unusable(path: &Path, error: &dyn Error) -> Diagnostic {
    Diagnostic::new(
        "StoreUnusable",
        "OpenError",
        "cannot use the local table of sessions",
        Exit::COULD_NOT_BEGIN,
    )
    .about(path.display().to_string())
    .caused_by(error)
    .with_hint("use --store for another file; the existing file is not changed")
}

fn not_trusted(path: &Path, exposed: &Exposed) -> Diagnostic {
    let message = format!("the local table of sessions {} is not trusted: {exposed}", path.display());
    Diagnostic::new("StoreUnusable", "SecurityError", message, Exit::COULD_NOT_BEGIN)
        .about(path.display().to_string())
        .with_hint(format!(
            "other users could redirect your login; {}, or use --store for another file",
            exposed.advice()
        ))
}

/// The time at which a command reads.
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
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
