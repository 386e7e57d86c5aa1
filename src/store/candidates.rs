//! The rows that matter to a query: all are glanced at, and only those are read.

use std::ops::RangeInclusive;
use std::time::SystemTime;

use rusqlite::Connection;
use uuid::Uuid;

use super::columns::{COLUMNS, ORDER, computer_type, guid, optional};
use super::error::StoreErrorKind;
use super::lookup::{InOrder, Living, MANY};
use super::row::{Origin, Rows};
use crate::session::{ComputerType, LocalId, Selector, SelectorFields, SessionQuery};
use crate::wsman::ShellId;

pub(super) fn of(
    connection: &Connection,
    query: &SessionQuery,
    origins: &[Origin],
    now: SystemTime,
) -> Result<Rows, StoreErrorKind> {
    let snapshot = connection.unchecked_transaction()?;
    let mut living = Living::new(&snapshot, origins, now)?;
    if query.selectors().iter().all(|selector| *selector == Selector::All) {
        return living.rows(&snapshot, 0..living.count(&snapshot)?);
    }
    if let Some(ids) = span(query.selectors()) {
        living = living.within(&ids);
    }
    let mut looks = Vec::new();
    query.selectors().iter().for_each(|selector| add_looks(selector, &mut looks));
    let fields = read_fields(&snapshot, &looks, &living)?;
    let needed = query.needed(&fields);
    if needed.len() >= MANY {
        // What is read in full takes memory enough.
        drop(fields);
        return living.rows(&snapshot, needed.into_iter());
    }
    let mut find = snapshot.prepare(&format!("SELECT {COLUMNS}, {ORDER} FROM session WHERE id = ?1"))?;
    let mut rows = InOrder::with_capacity(needed.len());
    for read_fields in needed.into_iter().filter_map(|index| fields.get(index)) {
        let mut found = find.query([read_fields.id])?;
        if let Some(row) = found.next()? {
            rows.push(row)?;
        }
    }
    Ok(rows.finish())
}

/// A column that is glanced at, and how it gets into a glance.
type ColumnReader =
    (&'static str, fn(&mut SelectorRow, &rusqlite::Row<'_>, usize) -> Result<(), StoreErrorKind>);

/// Adds the columns that a selector looks at, each once.
fn add_looks(selector: &Selector, looks: &mut Vec<&'static ColumnReader>) {
    if let Selector::AnyOf(selectors) = selector {
        return selectors.iter().for_each(|selector| add_looks(selector, looks));
    }
    for column in self::looks(selector) {
        if !looks.iter().any(|known| known.0 == column.0) {
            looks.push(column);
        }
    }
}

/// What a selector looks at, beside the Id. An instance id is not looked up: a server may write it in several ways, and
/// the table keeps the server's.
fn looks(selector: &Selector) -> &'static [ColumnReader] {
    const COMPUTER_TYPE: ColumnReader = ("computer_type", |read_fields, row, column| {
        computer_type(row, column).map(|kind| read_fields.computer_type = kind.unwrap_or_default())
    });
    const NAME: ColumnReader =
        ("name", |read_fields, row, column| optional(row, column).map(|name| read_fields.name = name));
    const COMPUTER_NAME: ColumnReader = ("computer_name", |read_fields, row, column| {
        optional(row, column).map(|name| read_fields.computer_name = name)
    });
    const INSTANCE_ID: ColumnReader = ("shell_id", |read_fields, row, column| {
        let text = optional(row, column)?;
        read_fields.instance_id = text.and_then(|text| ShellId::from_server(text).guid());
        Ok(())
    });
    const CONTAINER_ID: ColumnReader = ("container_id", |read_fields, row, column| {
        optional(row, column).map(|id| read_fields.container_id = id)
    });
    const VM_ID: ColumnReader =
        ("vm_id", |read_fields, row, column| guid(row, column).map(|id| read_fields.vm_id = id));
    const VM_NAME: ColumnReader =
        ("vm_name", |read_fields, row, column| optional(row, column).map(|name| read_fields.vm_name = name));
    match selector {
        Selector::All | Selector::Id(_) | Selector::AnyOf(_) => &[],
        Selector::Name(_) => &[NAME],
        Selector::ComputerName(_) => &[COMPUTER_NAME],
        Selector::InstanceId(_) => &[INSTANCE_ID],
        Selector::ContainerId(_) => &[COMPUTER_TYPE, CONTAINER_ID],
        Selector::VmId(_) => &[COMPUTER_TYPE, VM_ID],
        Selector::VmName(_) => &[COMPUTER_TYPE, VM_NAME],
    }
}

/// The Ids outside of which no row matters: where Ids are all that is asked for, those from the lowest to the highest.
fn span(selectors: &[Selector]) -> Option<RangeInclusive<i64>> {
    let [Selector::Id(ranges)] = selectors else { return None };
    let ends = || ranges.iter().flat_map(|range| [range.first, range.last]);
    Some(ends().min()?..=ends().max()?)
}

/// What a row shows of itself; what nobody looks at is as in an empty one.
#[derive(Debug, Default)]
struct SelectorRow {
    id: i64,
    name: Option<String>,
    computer_name: Option<String>,
    computer_type: ComputerType,
    instance_id: Option<Uuid>,
    container_id: Option<String>,
    vm_id: Option<Uuid>,
    vm_name: Option<String>,
}

fn read_fields(
    connection: &Connection,
    looks: &[&ColumnReader],
    living: &Living,
) -> Result<Vec<SelectorRow>, StoreErrorKind> {
    let columns: String = looks.iter().map(|(column, _)| format!(", {column}")).collect();
    let mut statement = connection
        .prepare(&format!("SELECT id{columns} FROM session WHERE {} ORDER BY id", living.condition))?;
    let mut found = statement.query(living.values())?;
    let mut fields = Vec::new();
    while let Some(row) = found.next()? {
        let mut read_fields = SelectorRow { id: row.get(0)?, ..SelectorRow::default() };
        for (column, (_, look)) in (1..).zip(looks) {
            look(&mut read_fields, row, column)?;
        }
        fields.push(read_fields);
    }
    Ok(fields)
}

impl SelectorFields for SelectorRow {
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
