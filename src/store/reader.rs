//! Looking at the table.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::{Connection, params};

use super::columns::{COLUMNS, read, time_to_millis};
use super::error::{StoreError, Trouble};
use super::files::Place;
use super::merge::expiry;
use super::opening::{self, StoreOptions};
use super::row::{Origin, Rows};

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
        let connection = open().map_err(|trouble: Trouble| trouble.at(path))?;
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
        match &self.connection {
            Some(connection) => rows(connection, origins, now).map_err(|trouble| trouble.at(&self.path)),
            None => Ok(Rows::default()),
        }
    }

    /// Whether this endpoint was listed before, so that a login has been entrusted to it. An import does not count.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn knows_endpoint(&self, url: &str) -> Result<bool, StoreError> {
        match &self.connection {
            Some(connection) => is_known(connection, url).map_err(|trouble| trouble.at(&self.path)),
            None => Ok(false),
        }
    }

    /// The URLs of the endpoints that were listed before, the latest first. An import does not count.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn known_endpoints(&self) -> Result<Vec<String>, StoreError> {
        match &self.connection {
            Some(connection) => known_endpoints(connection).map_err(|trouble| trouble.at(&self.path)),
            None => Ok(Vec::new()),
        }
    }
}

fn known_endpoints(connection: &Connection) -> Result<Vec<String>, Trouble> {
    let mut statement = connection.prepare("SELECT url FROM endpoint ORDER BY listed_at_ms DESC, url")?;
    let urls = statement.query_map([], |row| row.get(0))?;
    Ok(urls.collect::<Result<_, _>>()?)
}

pub(super) fn rows(connection: &Connection, origins: &[Origin], now: SystemTime) -> Result<Rows, Trouble> {
    // One snapshot for the count and the rows.
    let snapshot = connection.unchecked_transaction()?;
    let has = |origin: Origin| if origins.contains(&origin) { origin.as_str() } else { "" };
    let [opened, imported, listed] = Origin::ALL.map(has);
    let oldest = time_to_millis(expiry(now));
    let (few, most) = (params![opened, imported], params![opened, imported, listed, oldest]);
    // With the listed ones it is most of the table, which is then read as it lies. The sign keeps SQLite from walking the
    // index and sorting what it finds.
    let (condition, values) = if listed.is_empty() {
        ("id IN (SELECT id FROM session WHERE origin IN (?1, ?2))", few)
    } else {
        ("+origin IN (?1, ?2) OR (+origin = ?3 AND seen_at_ms >= ?4)", most)
    };
    let count: i64 =
        snapshot.query_row(&format!("SELECT count(*) FROM session WHERE {condition}"), values, |row| {
            row.get(0)
        })?;
    let mut statement =
        snapshot.prepare(&format!("SELECT {COLUMNS} FROM session WHERE {condition} ORDER BY id"))?;
    let mut found = statement.query(values)?;
    let mut rows = Rows::with_capacity(usize::try_from(count).unwrap_or(0));
    while let Some(row) = found.next()? {
        rows.push(read(row)?);
    }
    Ok(rows)
}

pub(super) fn is_known(connection: &Connection, url: &str) -> Result<bool, Trouble> {
    Ok(connection
        .query_row("SELECT EXISTS (SELECT 1 FROM endpoint WHERE url = ?1)", [url], |row| row.get(0))?)
}
