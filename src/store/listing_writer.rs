//! Listings on their way into the table, within one transaction.

use std::collections::HashMap;
use std::time::SystemTime;

use rusqlite::{Statement, Transaction, params};

use super::columns::{COLUMNS, RowReader, Writer, time_to_millis};
use super::error::{StoreErrorKind, StoreProblem};
use super::id_allocator::IdAllocator;
use super::merge::{self, RowAction};
use super::row::{ListingContext, MergedListing, Origin, Row, Rows};
use super::table::{id_allocator, reserve, write};
use crate::session::{SessionDescriptor, Stated};
use crate::wsman::{Shell, ShellId};

/// Merges one listing after the other, with statements that are prepared once for all of them.
pub(super) struct ListingWriter<'t> {
    transaction: &'t Transaction<'t>,
    at_endpoint: Statement<'t>,
    writer: Writer<'t>,
    delete: Statement<'t>,
    endpoint: Statement<'t>,
    ids: IdAllocator,
    /// When the latest of them was taken.
    latest: Option<SystemTime>,
    has_unwritten: bool,
}

impl<'t> ListingWriter<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>) -> Result<Self, StoreErrorKind> {
        Ok(Self {
            at_endpoint: transaction
                .prepare(&format!("SELECT {COLUMNS} FROM session WHERE endpoint_url = ?1"))?,
            writer: Writer::new(transaction)?,
            delete: transaction.prepare("DELETE FROM session WHERE id = ?1")?,
            endpoint: transaction.prepare(
                "INSERT INTO endpoint (url, listed_by, listed_at_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (url) DO UPDATE SET listed_by = ?2, listed_at_ms = ?3",
            )?,
            ids: id_allocator(transaction, std::iter::empty())?,
            latest: None,
            has_unwritten: false,
            transaction,
        })
    }

    /// Each session is made when its turn comes, so that a large listing is not kept twice. One that the table does not know
    /// gets its Id, and its row if `writes_new`.
    pub(super) fn merge(
        &mut self,
        listing_context: ListingContext<'_>,
        found: &[&Shell],
        sessions: impl Iterator<Item = SessionDescriptor>,
        writes_new: bool,
    ) -> Result<MergedListing, StoreErrorKind> {
        merge::check_endpoint(listing_context.endpoint_url)?;
        let mut absent = self.known(listing_context.endpoint_url)?;
        let mut merged: HashMap<&ShellId, usize> = HashMap::with_capacity(found.len());
        let mut rows = Rows::with_capacity(found.len());
        let mut unwritten = Vec::new();
        let by_listing = merge::by_listing(listing_context);
        for (shell, session) in found.iter().zip(sessions) {
            let shell_id = &shell.shell_id;
            merge::check(&session)?;
            // A server that lists a shell twice still has one.
            let twin = merged.get(shell_id).and_then(|at| rows.get(*at));
            let twin = twin.map(|(session, note)| Row { session: session.clone(), note: note.clone() });
            let mut row =
                merge::seen(absent.remove(shell_id).or(twin), session, listing_context, &by_listing);
            if writes_new || row.session.id.is_some() {
                write(&mut self.writer, &mut self.ids, &mut row)?;
            } else {
                let id = self.ids.next().ok_or(StoreProblem::NoIdsLeft)?;
                row.session.id = Some(id);
                unwritten.push(id);
            }
            merged.insert(shell_id, rows.len());
            rows.push(row);
        }
        let visibility = merge::visibility(listing_context, found);
        for mut row in absent.into_values() {
            match merge::absent(&row, listing_context.complete, &visibility) {
                RowAction::Stays => {}
                RowAction::Leaves => drop(self.delete.execute([row.session.id.map(|id| id.0)])?),
                RowAction::Breaks => {
                    row.session.stated = Some(Stated::BROKEN);
                    self.writer.update(&row)?;
                }
            }
        }
        let ListingContext { endpoint_url, seen_by, seen_at, .. } = listing_context;
        self.endpoint.execute(params![endpoint_url, seen_by, time_to_millis(seen_at)])?;
        self.latest = self.latest.max(Some(seen_at));
        self.has_unwritten |= !unwritten.is_empty();
        Ok(MergedListing { rows, unwritten })
    }

    /// After the last listing: what nobody has seen for a day leaves, unless one of these has shown it.
    pub(super) fn finish(self) -> Result<(), StoreErrorKind> {
        if let Some(latest) = self.latest {
            self.transaction.execute(
                "DELETE FROM session WHERE origin = ?1 AND seen_at_ms < ?2",
                params![Origin::Listed.as_str(), time_to_millis(merge::expiry(latest))],
            )?;
        }
        if self.has_unwritten {
            // No insertion counts them.
            reserve(self.transaction, &self.ids)?;
        }
        Ok(())
    }

    fn known(&mut self, url: &str) -> Result<HashMap<ShellId, Row>, StoreErrorKind> {
        let mut found = self.at_endpoint.query([url])?;
        let (mut reader, mut rows) = (RowReader::default(), HashMap::new());
        while let Some(row) = found.next()? {
            let row = reader.read(row)?;
            rows.insert(row.session.shell.shell_id.clone(), row);
        }
        Ok(rows)
    }
}
