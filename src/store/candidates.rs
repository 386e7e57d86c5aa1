//! The rows that matter to a query: all are glanced at, and only those are read.

use std::ops::RangeInclusive;
use std::time::SystemTime;

use rusqlite::Connection;
use uuid::Uuid;

use super::columns::{COLUMNS, computer_type, guid, optional, read};
use super::error::Trouble;
use super::lookup::{Living, MANY};
use super::row::{Origin, Rows};
use crate::session::{ComputerType, Glimpse, LocalId, Selector, SessionQuery};
use crate::wsman::ShellId;

pub(super) fn of(
    connection: &Connection,
    query: &SessionQuery,
    origins: &[Origin],
    now: SystemTime,
) -> Result<Rows, Trouble> {
    let snapshot = connection.unchecked_transaction()?;
    let mut living = Living::new(&snapshot, origins, now)?;
    let looked_at: Vec<_> = query.selectors().iter().flat_map(columns).copied().collect();
    if looked_at.is_empty() {
        return living.rows(&snapshot, 0..living.count(&snapshot)?);
    }
    if let Some(ids) = span(query.selectors()) {
        living = living.within(&ids);
    }
    let glances = glance(&snapshot, &looked_at, &living)?;
    let needed = query.needed(&glances);
    if needed.len() >= MANY {
        // What is read in full takes memory enough.
        drop(glances);
        return living.rows(&snapshot, needed.into_iter());
    }
    let mut find = snapshot.prepare(&format!("SELECT {COLUMNS} FROM session WHERE id = ?1"))?;
    let mut rows = Rows::with_capacity(needed.len());
    for glance in needed.into_iter().filter_map(|index| glances.get(index)) {
        let mut found = find.query([glance.id])?;
        if let Some(row) = found.next()? {
            rows.push(read(row)?);
        }
    }
    Ok(rows)
}

/// The columns that a selector looks at, beside the id. An instance id is not looked up: a server may write it in
/// several ways, and the table keeps the server's.
fn columns(selector: &Selector) -> &'static [&'static str] {
    match selector {
        Selector::All => &[],
        Selector::Id(_) => &["id"],
        Selector::Name(_) => &["name"],
        Selector::ComputerName(_) => &["computer_name"],
        Selector::InstanceId(_) => &["shell_id"],
        Selector::ContainerId(_) => &["computer_type", "container_id"],
        Selector::VmId(_) => &["computer_type", "vm_id"],
        Selector::VmName(_) => &["computer_type", "vm_name"],
    }
}

/// The Ids outside of which no row matters: where Ids are all that is asked for, those from the lowest to the highest.
fn span(selectors: &[Selector]) -> Option<RangeInclusive<i64>> {
    let [Selector::Id(ranges)] = selectors else { return None };
    let ends = || ranges.iter().flat_map(|range| [range.first, range.last]);
    Some(ends().min()?..=ends().max()?)
}

/// What a row shows of itself; what nobody looks at is as in an empty one.
#[derive(Debug)]
struct Glance {
    id: i64,
    name: Option<String>,
    computer_name: Option<String>,
    computer_type: ComputerType,
    instance_id: Option<Uuid>,
    container_id: Option<String>,
    vm_id: Option<Uuid>,
    vm_name: Option<String>,
}

fn glance(connection: &Connection, looked_at: &[&str], living: &Living) -> Result<Vec<Glance>, Trouble> {
    let shown = ["name", "computer_name", "computer_type", "shell_id", "container_id", "vm_id", "vm_name"]
        .map(|column| if looked_at.contains(&column) { column } else { "NULL" })
        .join(", ");
    let mut statement = connection
        .prepare(&format!("SELECT id, {shown} FROM session WHERE {} ORDER BY id", living.condition))?;
    let mut found = statement.query(living.values())?;
    let mut glances = Vec::new();
    while let Some(row) = found.next()? {
        glances.push(Glance {
            id: row.get(0)?,
            name: optional(row, 1)?,
            computer_name: optional(row, 2)?,
            computer_type: computer_type(row, 3)?.unwrap_or_default(),
            instance_id: optional(row, 4)?.and_then(|text| ShellId::from_server(text).guid()),
            container_id: optional(row, 5)?,
            vm_id: guid(row, 6)?,
            vm_name: optional(row, 7)?,
        });
    }
    Ok(glances)
}

impl Glimpse for Glance {
    fn id(&self) -> Option<LocalId> {
        Some(LocalId(self.id))
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref().filter(|name| !name.is_empty())
    }

    fn computer_name(&self) -> &str {
        self.computer_name.as_deref().unwrap_or_default()
    }

    fn computer_type(&self) -> ComputerType {
        self.computer_type
    }

    fn instance_id(&self) -> Option<Uuid> {
        self.instance_id
    }

    fn container_id(&self) -> &str {
        self.container_id.as_deref().unwrap_or_default()
    }

    fn vm_id(&self) -> Option<Uuid> {
        self.vm_id
    }

    fn vm_name(&self) -> &str {
        self.vm_name.as_deref().unwrap_or_default()
    }
}
