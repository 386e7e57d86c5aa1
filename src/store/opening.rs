//! I/O module: how a table is opened, and made or migrated when it has to be.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::{StoreErrorKind, StoreProblem};
use super::files::{Place, Waits};
use super::schema;

/// How a table is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreOptions {
    /// How long to wait for other processes, at the opening and in each call, before
    /// [`StoreProblem::Locked`]; 30 s unless told otherwise. Every transaction takes milliseconds, so that only a
    /// stopped process can use it up.
    pub patience: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { patience: Duration::from_secs(30) }
    }
}

impl StoreOptions {
    /// Another patience.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

/// Opens a table for changes; makes or migrates it under the lock if it is not as it should be.
pub(super) fn for_changes(place: &Place, options: StoreOptions) -> Result<Connection, StoreErrorKind> {
    let connection = match open_present(place, options)? {
        Some(connection) => connection,
        None => prepare(place, options)?,
    };
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        return Err(StoreProblem::ReadOnly.into());
    }
    connection.pragma_update(None, "cache_size", -WRITING_CACHE_KIB)?;
    Ok(connection)
}

/// Rows come in any order of their keys, and an import of 100,000 touches 10 MB of index all over: with SQLite's 2 MB of
/// cache the pages go out and in again.
const WRITING_CACHE_KIB: i64 = 8 * 1024;

/// Opens a table to be read; `None` when there is none. An older one is migrated, if it can be written.
pub(super) fn for_reading(
    place: &Place,
    options: StoreOptions,
) -> Result<Option<Connection>, StoreErrorKind> {
    if !place.is_occupied()? {
        return Ok(None);
    }
    let opened = open_present(place, options).and_then(|present| match present {
        Some(connection) => Ok(connection),
        None => prepare(place, options),
    });
    let connection = match opened {
        Err(kind)
            if matches!(kind.problem, StoreProblem::ReadOnly | StoreProblem::Denied | StoreProblem::Full) =>
        {
            frozen(place).ok_or(kind)?
        }
        opened => opened?,
    };
    // A disk that is full has no room for temporary files either.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(Some(connection))
}

/// Opens a table that is as it should be, and writes nothing; `None` if there is work to do first.
fn open_present(place: &Place, options: StoreOptions) -> Result<Option<Connection>, StoreErrorKind> {
    if !place.is_occupied()? {
        return Ok(None);
    }
    let header = untouched(place)?;
    // While another process moves the -wal file into it, or after one died at that, the main file is shorter than its
    // header says; this keeps SQLite from calling it damaged.
    header.pragma_update(None, "writable_schema", true)?;
    recognise(&header)?;
    drop(header);
    let connection = connect(place, options)?;
    // Only now is what stands in the -wal file seen too.
    let version = recognise(&connection)?;
    if version < schema::latest(schema::MIGRATIONS) || journal_mode(&connection)? != "wal" {
        return Ok(None);
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(Some(connection))
}

/// The schema version of a table of ours.
fn recognise(connection: &Connection) -> Result<i64, StoreErrorKind> {
    let application_id: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let application_id = application_id.cast_unsigned();
    if application_id != schema::APPLICATION_ID {
        return Err(StoreProblem::Foreign { application_id }.into());
    }
    let version = schema::version(connection)?;
    schema::refuse_newer(version, schema::MIGRATIONS)?;
    Ok(version)
}

/// Makes a table, or brings an older one up to date. The switch to WAL and the first schema do not stand a race
/// between processes, busy handler or not, hence the lock; who waited for it may find the work done.
fn prepare(place: &Place, options: StoreOptions) -> Result<Connection, StoreErrorKind> {
    let lock = place.lock(options.patience)?;
    if let Some(connection) = open_present(place, options)? {
        return Ok(connection);
    }
    if !place.is_occupied()? {
        let draft = place.draft()?;
        bring_up_to_date(&mut connect(&draft, options)?)?;
        place.adopt(&draft)?;
    } else {
        bring_up_to_date(&mut connect(place, options)?)?;
    }
    let connection = open_present(place, options)?;
    drop(lock);
    connection.ok_or_else(|| StoreErrorKind::from(StoreProblem::NotShareable))
}

fn bring_up_to_date(connection: &mut Connection) -> Result<(), StoreErrorKind> {
    schema::migrate(connection, schema::MIGRATIONS)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_mode| Ok(()))?;
    if journal_mode(connection)? != "wal" {
        return Err(StoreProblem::NotShareable.into());
    }
    // Not before the switch: its last close must put everything into the main file.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(())
}

fn journal_mode(connection: &Connection) -> Result<String, StoreErrorKind> {
    Ok(connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?)
}

/// A connection that waits for others, survives a power failure and trusts no schema. It leaves the main file alone
/// even when it is closed, until it is told otherwise.
fn connect(place: &Place, options: StoreOptions) -> Result<Connection, StoreErrorKind> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&place.file, flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    let mut waits = Waits::new(options.patience);
    connection.busy_handler(Some(move |count| {
        if count == 0 {
            waits = Waits::new(options.patience);
        }
        waits.wait()
    }))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// A table on a medium where not even the `-shm` file can be made or written, as it is.
fn frozen(place: &Place) -> Option<Connection> {
    let connection = if place.has_wal() { with_wal(place) } else { untouched(place) }.ok()?;
    let version = recognise(&connection).ok()?;
    (version == schema::latest(schema::MIGRATIONS)).then_some(connection)
}

/// The main file and what stands in the `-wal` file, whose index is built in memory: the `-shm` file, which must be
/// there, is not written (SQLite, Uniform Resource Identifiers, `readonly_shm`).
fn with_wal(place: &Place) -> Result<Connection, StoreErrorKind> {
    read_only(place, "readonly_shm=1")
}

/// The main file alone, with no lock, no look at a journal and nothing written: the way to see whose it is, since SQLite
/// would otherwise finish another program's interrupted work.
fn untouched(place: &Place) -> Result<Connection, StoreErrorKind> {
    read_only(place, "immutable=1")
}

fn read_only(place: &Place, parameters: &str) -> Result<Connection, StoreErrorKind> {
    let mut uri = url::Url::from_file_path(&place.file).map_err(|()| StoreProblem::NotAFile)?;
    uri.set_query(Some(parameters));
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Ok(Connection::open_with_flags(uri.as_str(), flags)?)
}
