//! Reading rows: all that live, or those of given keys; each call one snapshot.

use std::ops::RangeInclusive;
use std::time::SystemTime;

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::columns::{COLUMNS, ORDER, ORDER_COLUMN, RowReader, time_to_millis};
use super::error::StoreErrorKind;
use super::merge::expiry;
use super::row::{Origin, Row, Rows};
use crate::wsman::ShellId;

/// Rows of these origins that have not expired: an SQL condition and its values.
#[derive(Debug)]
pub(super) struct Living {
    pub(super) condition: String,
    values: Vec<Value>,
}

impl Living {
    pub(super) fn new(
        connection: &Connection,
        origins: &[Origin],
        now: SystemTime,
    ) -> Result<Self, StoreErrorKind> {
        let has = |origin: Origin| {
            let word = if origins.contains(&origin) { origin.as_str() } else { "" };
            Value::Text(word.to_owned())
        };
        let [opened, imported, listed] = Origin::ALL.map(has);
        if !origins.contains(&Origin::Listed) {
            let few = Self { condition: BY_INDEX.to_owned(), values: vec![opened.clone(), imported.clone()] };
            // The index alone answers this.
            let some = format!("SELECT 1 FROM session WHERE origin IN (?1, ?2) LIMIT {MANY}");
            let sql = format!("SELECT count(*) < {MANY} FROM ({some})");
            if connection.query_row(&sql, few.values(), |row| row.get(0))? {
                return Ok(few);
            }
        }
        let oldest = Value::Integer(time_to_millis(expiry(now)));
        Ok(Self { condition: AS_THEY_LIE.to_owned(), values: vec![opened, imported, listed, oldest] })
    }

    /// Of these rows, those with Ids in this range.
    pub(super) fn within(mut self, ids: &RangeInclusive<i64>) -> Self {
        self.condition = format!("{} AND id BETWEEN {} AND {}", self.condition, ids.start(), ids.end());
        self
    }

    pub(super) fn values(&self) -> impl rusqlite::Params {
        params_from_iter(&self.values)
    }

    pub(super) fn count(&self, connection: &Connection) -> Result<usize, StoreErrorKind> {
        let sql = format!("SELECT count(*) FROM session WHERE {}", self.condition);
        let count: i64 = connection.query_row(&sql, self.values(), |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// Of the rows by Id those at these positions, which ascend; in table order.
    pub(super) fn rows(
        &self,
        connection: &Connection,
        positions: impl ExactSizeIterator<Item = usize>,
    ) -> Result<Rows, StoreErrorKind> {
        let mut statement = connection.prepare(&format!(
            "SELECT {COLUMNS}, {ORDER} FROM session WHERE {} ORDER BY id",
            self.condition
        ))?;
        let mut rows = InOrder::with_capacity(positions.len());
        let mut found = statement.query(self.values())?;
        let mut next = 0;
        for position in positions {
            while let Some(row) = found.next()? {
                next += 1;
                if next > position {
                    rows.push(row)?;
                    break;
                }
            }
        }
        Ok(rows.finish())
    }
}

/// Collects rows, which were selected by [`COLUMNS`] and [`ORDER`], and puts them into the table's order: that in which
/// they were added.
pub(super) struct InOrder {
    reader: RowReader,
    rows: Rows,
    order: Vec<i64>,
}

impl InOrder {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        let (rows, order) = (Rows::with_capacity(capacity), Vec::with_capacity(capacity));
        Self { reader: RowReader::default(), rows, order }
    }

    pub(super) fn push(&mut self, row: &rusqlite::Row<'_>) -> Result<(), StoreErrorKind> {
        self.rows.push(self.reader.read(row)?);
        self.order.push(row.get(ORDER_COLUMN)?);
        Ok(())
    }

    pub(super) fn finish(self) -> Rows {
        if self.order.is_sorted() {
            return self.rows;
        }
        let mut rows: Vec<_> = self.order.into_iter().zip(self.rows).collect();
        rows.sort_by_key(|(order, _)| *order);
        rows.into_iter().map(|(_, row)| row).collect()
    }
}

/// For many rows: the table is read as it lies. The sign keeps SQLite from walking the index and sorting what it finds.
const AS_THEY_LIE: &str = "(+origin IN (?1, ?2) OR (+origin = ?3 AND seen_at_ms >= ?4))";

/// For few rows among many listed ones.
const BY_INDEX: &str = "id IN (SELECT id FROM session WHERE origin IN (?1, ?2))";

/// From so many rows on it is quicker to walk the table than to look them up: they are a tenth of a large one.
pub(super) const MANY: usize = 10_000;

pub(super) fn rows(
    connection: &Connection,
    origins: &[Origin],
    now: SystemTime,
) -> Result<Rows, StoreErrorKind> {
    let snapshot = connection.unchecked_transaction()?;
    let living = Living::new(&snapshot, origins, now)?;
    living.rows(&snapshot, 0..living.count(&snapshot)?)
}

pub(super) fn count(
    connection: &Connection,
    origins: &[Origin],
    now: SystemTime,
) -> Result<usize, StoreErrorKind> {
    let snapshot = connection.unchecked_transaction()?;
    Living::new(&snapshot, origins, now)?.count(&snapshot)
}

pub(super) fn known<'a>(
    connection: &Connection,
    keys: impl IntoIterator<Item = (&'a str, &'a ShellId)>,
) -> Result<Vec<Option<Row>>, StoreErrorKind> {
    let snapshot = connection.unchecked_transaction()?;
    let mut find = snapshot
        .prepare(&format!("SELECT {COLUMNS} FROM session WHERE endpoint_url = ?1 AND shell_id = ?2"))?;
    let mut reader = RowReader::default();
    let mut row_of = |(url, shell_id): (&str, &ShellId)| {
        let mut found = find.query(params![url, shell_id.as_str()])?;
        found.next()?.map(|row| reader.read(row)).transpose()
    };
    keys.into_iter().map(&mut row_of).collect()
}

/// The URLs of the endpoints that were listed before, the latest first.
/// Whether this account, ignoring ASCII case, has listed this endpoint, or seen a session of those that are here.
pub(super) fn was_listed_by(connection: &Connection, url: &str, user: &str) -> Result<bool, StoreErrorKind> {
    let sql = "SELECT EXISTS (SELECT 1 FROM endpoint WHERE url = ?1 AND listed_by = ?2 COLLATE NOCASE)
        OR EXISTS (SELECT 1 FROM session WHERE endpoint_url = ?1 AND seen_by = ?2 COLLATE NOCASE)";
    Ok(connection.query_row(sql, [url, user], |row| row.get(0))?)
}

pub(super) fn known_endpoints(connection: &Connection) -> Result<Vec<String>, StoreErrorKind> {
    let mut statement = connection.prepare("SELECT url FROM endpoint ORDER BY listed_at_ms DESC, url")?;
    let urls = statement.query_map([], |row| row.get(0))?;
    Ok(urls.collect::<Result<_, _>>()?)
}

pub(super) fn is_known(connection: &Connection, url: &str) -> Result<bool, StoreErrorKind> {
    Ok(connection
        .query_row("SELECT EXISTS (SELECT 1 FROM endpoint WHERE url = ?1)", [url], |row| row.get(0))?)
}
