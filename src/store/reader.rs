//! Looking at the table.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::Connection;

use super::error::{StoreError, StoreErrorKind};
use super::files::Place;
use super::opening::{self, StoreOptions};
use super::row::{Origin, Row, Rows};
use super::{candidates, lookup};
use crate::session::SessionQuery;
use crate::wsman::ShellId;

/// A table that is only looked at. It may be absent: then it is empty.
#[derive(Debug)]
pub struct StoreReader {
    path: PathBuf,
    connection: Option<Connection>,
}

impl StoreReader {
    /// Opens the table for reading, and creates nothing.
    ///
    /// # Errors
    /// [`StoreError`], unless there is no file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, StoreOptions::default())
    }

    /// Opens the table for reading with other options.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, options: StoreOptions) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let open = || match Place::find(path)? {
            Some(place) => opening::for_reading(&place, options),
            None => Ok(None),
        };
        let connection = open().map_err(|kind: StoreErrorKind| kind.at(path))?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// Every session, by Id. Listed ones that have not been seen for a day before `now` are left out.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read or holds what this version does not understand.
    pub fn all(&self, now: SystemTime) -> Result<Rows, StoreError> {
        self.sessions(&Origin::ALL, now)
    }

    /// The sessions of these origins, otherwise as [`all`](Self::all).
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn sessions(&self, origins: &[Origin], now: SystemTime) -> Result<Rows, StoreError> {
        self.look(|connection| lookup::rows(connection, origins, now))
    }

    /// How many sessions [`sessions`](Self::sessions) would give.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn count(&self, origins: &[Origin], now: SystemTime) -> Result<usize, StoreError> {
        self.look(|connection| lookup::count(connection, origins, now))
    }

    /// Those of the [`sessions`](Self::sessions) that matter to a query: it selects from them the same sessions, in
    /// the same order and with the same misses, as from all of them. The others are only glanced at, so that a few
    /// sessions out of 100,000 come at once.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn candidates(
        &self,
        query: &SessionQuery,
        origins: &[Origin],
        now: SystemTime,
    ) -> Result<Rows, StoreError> {
        self.look(|connection| candidates::of(connection, query, origins, now))
    }

    /// The rows with these endpoint URLs and ShellIds, both ignoring ASCII case: for each key, in order, its row, of
    /// whatever origin and age, if there is one.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub fn known<'a>(
        &self,
        keys: impl IntoIterator<Item = (&'a str, &'a ShellId)>,
    ) -> Result<Vec<Option<Row>>, StoreError> {
        match &self.connection {
            Some(connection) => lookup::known(connection, keys).map_err(|kind| kind.at(&self.path)),
            None => Ok(keys.into_iter().map(|_key| None).collect()),
        }
    }

    /// Whether this endpoint was listed before, so that a login has been entrusted to it. An import does not count.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn knows_endpoint(&self, url: &str) -> Result<bool, StoreError> {
        self.look(|connection| lookup::is_known(connection, url))
    }

    /// Whether this account has listed this endpoint before, so that it was accepted there; both ignoring ASCII case. An
    /// import does not count.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn was_listed_by(&self, url: &str, user: &str) -> Result<bool, StoreError> {
        self.look(|connection| lookup::was_listed_by(connection, url, user))
    }

    /// The URLs of the endpoints that were listed before, the latest first. An import does not count.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn known_endpoints(&self) -> Result<Vec<String>, StoreError> {
        self.look(lookup::known_endpoints)
    }

    fn look<T: Default>(
        &self,
        at: impl FnOnce(&Connection) -> Result<T, StoreErrorKind>,
    ) -> Result<T, StoreError> {
        match &self.connection {
            Some(connection) => at(connection).map_err(|kind| kind.at(&self.path)),
            None => Ok(T::default()),
        }
    }
}
