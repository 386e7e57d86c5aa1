//! Reading rows: all that live, or those of given keys; each call one snapshot.

use std::time::SystemTime;

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::columns::{COLUMNS, read, time_to_millis};
use super::error::Trouble;
use super::merge::expiry;
use super::row::{Origin, Row, Rows};
use crate::wsman::ShellId;

/// Which rows have one of these origins and have not expired: an SQL condition and its values.
#[derive(Debug)]
pub(super) struct Living {
    pub(super) condition: &'static str,
    values: Vec<Value>,
}

impl Living {
    pub(super) fn new(origins: &[Origin], now: SystemTime) -> Self {
        let has = |origin: Origin| {
            let word = if origins.contains(&origin) { origin.as_str() } else { "" };
            Value::Text(word.to_owned())
        };
        let [opened, imported, listed] = Origin::ALL.map(has);
        // With the listed ones it is most of the table, which is then read as it lies. The sign keeps SQLite from
        // walking the index and sorting what it finds.
        if origins.contains(&Origin::Listed) {
            let oldest = Value::Integer(time_to_millis(expiry(now)));
            Self {
                condition: "(+origin IN (?1, ?2) OR (+origin = ?3 AND seen_at_ms >= ?4))",
                values: vec![opened, imported, listed, oldest],
            }
        } else {
            Self {
                condition: "id IN (SELECT id FROM session WHERE origin IN (?1, ?2))",
                values: vec![opened, imported],
            }
        }
    }

    pub(super) fn values(&self) -> impl rusqlite::Params {
        params_from_iter(&self.values)
    }

    pub(super) fn count(&self, connection: &Connection) -> Result<usize, Trouble> {
        let sql = format!("SELECT count(*) FROM session WHERE {}", self.condition);
        let count: i64 = connection.query_row(&sql, self.values(), |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    pub(super) fn rows(&self, connection: &Connection) -> Result<Rows, Trouble> {
        let mut statement = connection
            .prepare(&format!("SELECT {COLUMNS} FROM session WHERE {} ORDER BY id", self.condition))?;
        let mut rows = Rows::with_capacity(self.count(connection)?);
        let mut found = statement.query(self.values())?;
        while let Some(row) = found.next()? {
            rows.push(read(row)?);
        }
        Ok(rows)
    }
}

pub(super) fn rows(connection: &Connection, origins: &[Origin], now: SystemTime) -> Result<Rows, Trouble> {
    let snapshot = connection.unchecked_transaction()?;
    Living::new(origins, now).rows(&snapshot)
}

pub(super) fn count(connection: &Connection, origins: &[Origin], now: SystemTime) -> Result<usize, Trouble> {
    Living::new(origins, now).count(connection)
}

pub(super) fn known<'a>(
    connection: &Connection,
    keys: impl IntoIterator<Item = (&'a str, &'a ShellId)>,
) -> Result<Vec<Option<Row>>, Trouble> {
    let snapshot = connection.unchecked_transaction()?;
    let mut find = snapshot
        .prepare(&format!("SELECT {COLUMNS} FROM session WHERE endpoint_url = ?1 AND shell_id = ?2"))?;
    let mut row_of = |(url, shell_id): (&str, &ShellId)| {
        let mut found = find.query(params![url, shell_id.as_str()])?;
        found.next()?.map(read).transpose()
    };
    keys.into_iter().map(&mut row_of).collect()
}

pub(super) fn is_known(connection: &Connection, url: &str) -> Result<bool, Trouble> {
    Ok(connection
        .query_row("SELECT EXISTS (SELECT 1 FROM endpoint WHERE url = ?1)", [url], |row| row.get(0))?)
}
