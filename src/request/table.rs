//! I/O module: the local table, as the requests use it.
#![expect(
    clippy::disallowed_methods,
    reason = "reads the clock (rows say when they were seen) and files of authorities"
)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use uuid::Uuid;

use super::error::TableError;
use super::listing_queue::{HostListing, ListingQueue};
use crate::auth::AuthScheme;
use crate::permissions::{self, Kind};
use crate::session::{IdRange, LocalId, LoginAccount, Selector, SessionDescriptor, SessionQuery};
use crate::store::{Imported, MergedListing, Origin, Row, RowMetadata, Rows, Store, StoreError, StoreReader};
use crate::teardown::{Record, Survey};
use crate::transport::Endpoint;
use crate::wsman::{Shell, ShellId, ShellSchema};

/// The local table of sessions, by its file. Nothing is opened before it is needed, nothing is written by reading, and a
/// file that others may write is not used.
#[derive(Clone, Debug)]
pub struct SessionTable {
    path: PathBuf,
    /// Listings that wait to be merged.
    listings: ListingQueue,
}

impl SessionTable {
    /// The table in this file.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), listings: ListingQueue::default() }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nobody but this user and root can have written it; no where that cannot be found out.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        matches!(permissions::exposed(&self.path, Kind::Database), Ok(None))
    }

    /// Whether it can be used.
    pub(super) async fn check(&self) -> Result<(), TableError> {
        self.blocking(|path| Store::open(path).map(drop)).await
    }

    /// The sessions of these origins that the query may choose.
    pub(super) async fn rows(
        &self,
        query: &SessionQuery,
        origins: &'static [Origin],
    ) -> Result<Rows, TableError> {
        let query = query.clone();
        self.blocking(move |path| StoreReader::open(path)?.candidates(&query, origins, now())).await
    }

    /// For each endpoint URL and ShellId its row, if there is one.
    pub(super) async fn known(&self, keys: Vec<(Arc<str>, ShellId)>) -> Result<Vec<Option<Row>>, TableError> {
        self.blocking(move |path| {
            StoreReader::open(path)?.known(keys.iter().map(|(url, shell_id)| (&**url, shell_id)))
        })
        .await
    }

    /// The rows with these InstanceIds, on whatever endpoint.
    pub(super) async fn by_instance_id(&self, ids: Vec<Uuid>) -> Result<Rows, TableError> {
        self.rows(&SessionQuery::new(vec![Selector::InstanceId(ids)], Vec::new()), &Origin::ALL).await
    }

    /// The rows with these Ids.
    pub(super) async fn by_id(&self, ids: Vec<LocalId>) -> Result<Rows, TableError> {
        let ids = ids.into_iter().map(|id| IdRange::single(id.0)).collect();
        self.rows(&SessionQuery::new(vec![Selector::Id(ids)], Vec::new()), &Origin::ALL).await
    }

    /// How many sessions of these origins there are.
    pub(super) async fn count(&self, origins: &'static [Origin]) -> Result<usize, TableError> {
        self.blocking(move |path| StoreReader::open(path)?.count(origins, now())).await
    }

    /// Those of these endpoints that were never listed, so that no login was sent there.
    pub(super) async fn unknown_endpoints(&self, urls: Vec<String>) -> Result<Vec<String>, TableError> {
        self.blocking(move |path| {
            let reader = StoreReader::open(path)?;
            let known = urls.iter().map(|url| reader.knows_endpoint(url)).collect::<Result<Vec<_>, _>>()?;
            Ok(urls.into_iter().zip(known).filter(|(_, known)| !known).map(|(url, _)| url).collect())
        })
        .await
    }

    /// Those of these endpoints, each with an account, that the account has listed before. A table that cannot be read knows
    /// of none: whoever needs it says so.
    pub(super) async fn listed_before(&self, places: Vec<(String, String)>) -> HashSet<String> {
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
    pub(super) async fn forget(&self, ids: Vec<LocalId>) -> Result<usize, TableError> {
        self.blocking(move |path| Store::open(path)?.forget(ids)).await
    }

    /// Merges what the servers listed; the sessions come back in the survey's order, each with its Id. Without a scheme
    /// for a server it stays known how each of its sessions was reached. Sessions that the table does not know get their rows
    /// now if `writes_new`, else with [`settle`](Self::settle).
    pub(super) async fn merge(
        &self,
        survey: &Survey,
        scheme: impl Fn(&Endpoint) -> Option<AuthScheme>,
        writes_new: bool,
    ) -> Result<MergedListing, TableError> {
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
                    let is_windows = |shell: &Arc<Shell>| shell.schema == ShellSchema::Windows;
                    listing.complete() && listing.shells.iter().all(is_windows)
                });
                let endpoint = host.connector().endpoint();
                let known_account = host.shared_account();
                let account = known_account
                    .clone()
                    .unwrap_or_else(|| Arc::new(LoginAccount::new(host.connector().user())));
                Some(HostListing {
                    endpoint: endpoint.clone(),
                    account,
                    known_account,
                    auth: scheme(endpoint).map(AuthScheme::name),
                    shells: host.shells().cloned().collect(),
                    seen_at: host.seen_at(),
                    complete: proves_absence,
                    writes_new,
                })
            })
            .collect();
        if hosts.is_empty() {
            return Ok(MergedListing::default());
        }
        self.listings.merge(self, hosts).await
    }

    /// Drops the rows of what is gone for certain, and writes those of what is not, where they are `unwritten`.
    pub(super) async fn settle(
        &self,
        records: &[Record],
        metadata: &[RowMetadata],
        unwritten: &HashSet<LocalId>,
    ) -> Result<(), TableError> {
        let has_row = |record: &Record| record.session.id.is_none_or(|id| !unwritten.contains(&id));
        let gone: Vec<_> = records
            .iter()
            .filter(|record| record.outcome.is_gone() && has_row(record))
            .map(|record| (record.session.endpoint_url.clone(), record.session.shell.shell_id.clone()))
            .collect();
        let staying = records.iter().zip(metadata);
        let staying = staying.filter(|(record, _)| !record.outcome.is_gone() && !has_row(record));
        let row = |(record, note): (&Record, &RowMetadata)| {
            // What runs in it was asked for this removal alone.
            let session = SessionDescriptor { commands: None, ..SessionDescriptor::clone(&record.session) };
            Row { session, note: note.clone() }
        };
        let staying: Rows = staying.map(row).collect();
        if !gone.is_empty() {
            self.blocking(move |path| {
                Store::open(path)?.remove_gone(gone.iter().map(|(url, shell_id)| (&**url, shell_id)))
            })
            .await?;
        }
        if staying.is_empty() {
            return Ok(());
        }
        self.blocking(move |path| {
            Store::open(path)?.add_listed(staying.sessions().iter().zip(staying.notes()))
        })
        .await
    }

    /// Every row; none if there is no table yet.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn all(&self) -> Result<Rows, TableError> {
        self.blocking(|path| StoreReader::open(path)?.all(now())).await
    }

    /// Takes in sessions, all of them or none. They come back in their order as they then stand in the table, with what
    /// became of each.
    ///
    /// # Errors
    /// [`TableError`]; nothing is imported then.
    pub async fn import(&self, mut rows: Vec<Row>) -> Result<(Vec<Row>, Vec<Imported>), TableError> {
        self.blocking(move |path| {
            let outcomes = Store::open(path)?.import(&mut rows)?;
            Ok((rows, outcomes))
        })
        .await
    }

    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, TableError> {
        let path = self.path.clone();
        let trusted = move || -> Result<T, TableError> {
            match permissions::exposed(&path, Kind::Database) {
                Ok(None) => work(&path).map_err(|source| TableError::Store { path, source }),
                Ok(Some(exposed)) => Err(TableError::NotTrusted { path, exposed }),
                Err(source) => Err(TableError::Unreadable { path, source }),
            }
        };
        tokio::task::spawn_blocking(trusted).await.unwrap_or(Err(TableError::Panicked))
    }
}

/// The time at which the table is read.
fn now() -> SystemTime {
    SystemTime::now()
}

/// The bytes of a file.
pub(super) fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    std::fs::read(path)
}
