//! Changing the table: each call one transaction.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::columns::{COLUMNS, RowReader, Writer, make_as_stored, time_to_millis};
use super::error::{StoreError, StoreErrorKind, StoreProblem};
use super::files::Place;
use super::id_allocator::{IdAllocator, MAX_COUNTED_ID};
use super::listing_writer::ListingWriter;
use super::merge;
use super::opening::{self, StoreOptions};
use super::row::{Imported, ListedShells, ListingContext, MergedListing, Origin, Row, RowMetadata, Rows};
use super::{lookup, schema};
use crate::session::{LocalId, SessionDescriptor};
use crate::wsman::{Shell, ShellId};

/// The table, open for changes.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
}

impl Store {
    /// Opens the table; makes it, and the folders above it, if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] when something else is there, or it cannot be read and written. The file is then as it was.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, StoreOptions::default())
    }

    /// Opens the table with other options.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, options: StoreOptions) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let open = || opening::for_changes(&Place::make(path)?, options);
        let connection = open().map_err(|kind| kind.at(path))?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// Every session, as [`StoreReader::all`](super::StoreReader::all).
    ///
    /// # Errors
    /// As [`StoreReader::all`](super::StoreReader::all).
    pub fn all(&self, now: SystemTime) -> Result<Rows, StoreError> {
        lookup::rows(&self.connection, &Origin::ALL, now).map_err(|kind| kind.at(&self.path))
    }

    /// Takes in what an endpoint answered, and gives it back as it now stands in the table, in the same order: with
    /// Ids, and with the names and origins that people gave.
    ///
    /// A complete listing by an account that could have seen them also drops that endpoint's absent listed sessions
    /// and marks its absent opened and imported ones `Broken`. Listed sessions of any endpoint that have not been seen
    /// for a day leave.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is changed.
    pub fn merge_listing(
        &mut self,
        listing_context: ListingContext<'_>,
        found: &[SessionDescriptor],
    ) -> Result<Rows, StoreError> {
        let shells: Vec<&Shell> = found.iter().map(|session| &*session.shell).collect();
        self.change(|transaction| {
            let mut writer = ListingWriter::new(transaction)?;
            let merged = writer.merge(listing_context, &shells, found.iter().cloned(), true)?;
            writer.finish().map(|()| merged.rows)
        })
    }

    /// The same of several endpoints, in one transaction. Where a listing [writes no new
    /// rows](ListedShells::writes_new), a session that the table does not know gets an Id that no other session gets, and
    /// [`add_listed`](Self::add_listed) may write its row later.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is changed.
    pub fn merge_listings<'a>(
        &mut self,
        listings: impl IntoIterator<Item = ListedShells<'a>>,
    ) -> Result<Vec<MergedListing>, StoreError> {
        self.change(|transaction| {
            let mut writer = ListingWriter::new(transaction)?;
            let merge = |listed: ListedShells<'a>| {
                let shells: Vec<&Shell> = listed.shells.iter().map(Arc::as_ref).collect();
                writer.merge(listed.context, &shells, listed.sessions(), listed.writes_new)
            };
            let merged = listings.into_iter().map(merge).collect::<Result<_, _>>()?;
            writer.finish().map(|()| merged)
        })
    }

    /// Writes the rows of sessions that [`merge_listings`](Self::merge_listings) has given their Ids. One that has come into
    /// the table in the meantime stays as it is there.
    ///
    /// # Errors
    /// [`StoreError`]; then none is written.
    pub fn add_listed<'a>(
        &mut self,
        rows: impl IntoIterator<Item = (&'a SessionDescriptor, &'a RowMetadata)>,
    ) -> Result<(), StoreError> {
        self.change(|transaction| {
            let mut writer = Writer::for_missing(transaction)?;
            for (session, note) in rows {
                merge::check(session)?;
                let id = session.id.ok_or(StoreProblem::Corrupt)?;
                writer.insert(id, session, note)?;
            }
            Ok(())
        })
    }

    /// Takes in what a person imports, and says for each object, in order, which Id it has now. Each row is afterwards as it
    /// stands in the table.
    ///
    /// An object keeps its Id when that is above every Id counted before this import, an Int32 as PowerShell's are, and no
    /// other session has it; Ids above 1,000,000,000 are kept and do not count. A session that is in the table keeps the Id
    /// that it has there. All are [`Origin::Imported`] afterwards, unless this program opened them. What a server said of a session is not overridden, only completed. Who has
    /// seen it is not imported, since absence from that account's listing would count as proof: `seen_by` is empty
    /// until a listing of this program shows the session.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is imported, and what the rows say means nothing.
    pub fn import(&mut self, given: &mut [Row]) -> Result<Vec<Imported>, StoreError> {
        self.change(|transaction| {
            let wanted = given.iter().filter_map(|row| row.session.id);
            let mut ids = id_allocator(transaction, wanted)?;
            let mut find = transaction.prepare(&format!(
                "SELECT {COLUMNS} FROM session WHERE endpoint_url = ?1 AND shell_id = ?2"
            ))?;
            let (mut reader, mut writer) = (RowReader::default(), Writer::new(transaction)?);
            let mut outcomes = Vec::with_capacity(given.len());
            for object in given.iter_mut() {
                let given_id = object.session.id;
                merge::check(&object.session)?;
                let key = params![object.session.endpoint_url, object.session.shell.shell_id.as_str()];
                let known =
                    find.query_map(key, |row| Ok(reader.read(row)))?.next().transpose()?.transpose()?;
                let (id, is_new) = if let Some(known) = known {
                    *object = merge::imported(known, object);
                    writer.update(object)?;
                    (object.session.id.ok_or(StoreProblem::Corrupt)?, false)
                } else {
                    let id = ids.give(given_id).ok_or(StoreProblem::NoIdsLeft)?;
                    merge::make_unseen(&mut object.session);
                    object.note.origin = Origin::Imported;
                    object.session.id = Some(id);
                    writer.insert(id, &object.session, &object.note)?;
                    (id, true)
                };
                make_as_stored(object);
                outcomes.push(Imported { given: given_id, id, is_new });
            }
            repeat_the_latest(given, &outcomes);
            reserve(transaction, &ids)?;
            keep_order(transaction, outcomes.iter().filter(|one| one.is_new).map(|one| one.id))?;
            Ok(outcomes)
        })
    }

    /// Keeps a session that this program has opened, or opened again, and says which Id it has. The endpoint counts
    /// as known from now on.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is changed.
    pub fn add_opened(
        &mut self,
        session: &SessionDescriptor,
        note: &RowMetadata,
    ) -> Result<LocalId, StoreError> {
        self.change(|transaction| {
            merge::check(session)?;
            let id = transaction
                .query_row(
                    "SELECT id FROM session WHERE endpoint_url = ?1 AND shell_id = ?2",
                    params![session.endpoint_url, session.shell.shell_id.as_str()],
                    |row| row.get(0),
                )
                .optional()?;
            let mut row = Row {
                session: SessionDescriptor { id: id.map(LocalId), ..session.clone() },
                note: RowMetadata { origin: Origin::Opened, ..note.clone() },
            };
            transaction.execute(
                "INSERT INTO endpoint (url, listed_by, listed_at_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                params![session.endpoint_url, session.seen_by, time_to_millis(session.seen_at)],
            )?;
            let mut ids = id_allocator(transaction, std::iter::empty())?;
            write(&mut Writer::new(transaction)?, &mut ids, &mut row)
        })
    }

    /// Drops sessions that are proved to be gone, by endpoint URL and ShellId, and says how many there were.
    ///
    /// # Errors
    /// [`StoreError`]; then none is dropped.
    pub fn remove_gone<'a>(
        &mut self,
        gone: impl IntoIterator<Item = (&'a str, &'a ShellId)>,
    ) -> Result<usize, StoreError> {
        self.change(|transaction| {
            let mut statement =
                transaction.prepare("DELETE FROM session WHERE endpoint_url = ?1 AND shell_id = ?2")?;
            let mut count = 0;
            for (endpoint_url, shell_id) in gone {
                count += statement.execute(params![endpoint_url, shell_id.as_str()])?;
            }
            Ok(count)
        })
    }

    /// Drops these rows, whatever has become of their sessions, and says how many there were.
    ///
    /// # Errors
    /// [`StoreError`]; then none is dropped.
    pub fn forget(&mut self, ids: impl IntoIterator<Item = LocalId>) -> Result<usize, StoreError> {
        self.change(|transaction| {
            let mut statement = transaction.prepare("DELETE FROM session WHERE id = ?1")?;
            ids.into_iter().try_fold(0, |count, id| Ok(count + statement.execute([id.0])?))
        })
    }

    /// One transaction that no other writer can interrupt: all of it, or nothing.
    fn change<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreErrorKind>,
    ) -> Result<T, StoreError> {
        let attempt = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Another process may have brought a newer schema since this one looked.
            schema::refuse_newer(schema::version(&transaction)?, schema::MIGRATIONS)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        let outcome: Result<T, StoreErrorKind> = attempt();
        outcome.map_err(|kind| kind.at(&self.path))
    }
}

/// Where two objects are the same session, both stand there as the later one has left it.
fn repeat_the_latest(rows: &mut [Row], outcomes: &[Imported]) {
    if outcomes.iter().all(|outcome| outcome.is_new) {
        return;
    }
    let latest: HashMap<LocalId, usize> =
        outcomes.iter().enumerate().map(|(index, outcome)| (outcome.id, index)).collect();
    for (index, outcome) in outcomes.iter().enumerate() {
        let last = latest.get(&outcome.id).filter(|last| **last > index);
        if let Some(row) = last.and_then(|last| rows.get(*last)).cloned()
            && let Some(earlier) = rows.get_mut(index)
        {
            *earlier = row;
        }
    }
}

/// Keeps the order in which rows were added, where it is not that of their Ids: each stands where the Id of its place would.
fn keep_order(connection: &Connection, added: impl Iterator<Item = LocalId>) -> Result<(), StoreErrorKind> {
    let ids: Vec<i64> = added.map(|id| id.0).collect();
    let mut places = ids.clone();
    places.sort_unstable();
    let mut update = connection.prepare("UPDATE session SET added = ?2 WHERE id = ?1")?;
    for (id, place) in ids.iter().zip(&places).filter(|(id, place)| id != place) {
        update.execute([id, place])?;
    }
    Ok(())
}

/// Writes a row over its old self, or as a new one, whose Id it then has.
pub(super) fn write(
    writer: &mut Writer<'_>,
    ids: &mut IdAllocator,
    row: &mut Row,
) -> Result<LocalId, StoreErrorKind> {
    match row.session.id {
        Some(id) => writer.update(row).map(|()| id),
        None => {
            let id = ids.next().ok_or(StoreProblem::NoIdsLeft)?;
            writer.insert(id, &row.session, &row.note)?;
            row.session.id = Some(id);
            Ok(id)
        }
    }
}

/// Counts the Ids as given, whether they have rows or not.
pub(super) fn reserve(connection: &Connection, ids: &IdAllocator) -> Result<(), StoreErrorKind> {
    let counted = [ids.counted()];
    if connection.execute("UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'session'", counted)? == 0 {
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('session', ?1)", counted)?;
    }
    Ok(())
}

/// Gives the next Ids of the table. SQLite keeps the highest one that counts; it is 0 in a table that never had a row.
pub(super) fn id_allocator(
    connection: &Connection,
    wanted: impl Iterator<Item = LocalId>,
) -> Result<IdAllocator, StoreErrorKind> {
    let counted = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'session'", [], |row| row.get(0))
        .optional()?;
    let mut above = connection.prepare("SELECT id FROM session WHERE id > ?1")?;
    let uncounted = above.query_map([MAX_COUNTED_ID], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(IdAllocator::new(counted.unwrap_or(0), uncounted, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::SeenOn;
    use crate::wsman::{Shell, uri};

    fn listed(number: usize) -> SessionDescriptor {
        let shell = Shell::new(ShellId::from_server(format!("shell {number}")), uri::CMD_RESOURCE);
        let seen_on = SeenOn { host: "web01", url: "http://web01:5985/wsman", port: 5985 };
        SessionDescriptor::from_shell(shell, seen_on, "ada", SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn a_full_disk_is_reported_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path().join("sessions.db")).unwrap();
        let listing_context = ListingContext {
            endpoint_url: "http://web01:5985/wsman",
            seen_by: "ada",
            server_names: None,
            auth: None,
            seen_at: SystemTime::UNIX_EPOCH,
            complete: true,
        };
        store.merge_listing(listing_context, &[listed(0)]).unwrap();
        let before = store.all(SystemTime::UNIX_EPOCH).unwrap();
        store.connection.query_row("PRAGMA max_page_count = 20", [], |_| Ok(())).unwrap();
        let many: Vec<_> = (1..2_000).map(listed).collect();
        let error = store.merge_listing(listing_context, &many).unwrap_err();
        assert_eq!(error.problem(), &StoreProblem::Full);
        assert_eq!(store.all(SystemTime::UNIX_EPOCH).unwrap(), before);
    }

    #[test]
    fn every_commit_reaches_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("sessions.db")).unwrap();
        let pragma = |name: &str| -> String {
            let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
            store.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        assert_eq!((pragma("synchronous"), pragma("journal_mode")), ("2".to_owned(), "wal".to_owned()));
    }
}
