//! Columns to read on a terminal; without a terminal the same text without colour or frames.

use pssession::SessionDescriptor;
use pssession::store::{Imported, Row};
use pssession::teardown::Record;

use super::grid::Grid;
use super::text::{duration, printable};

/// How much room a table has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Room {
    /// All columns, however long the lines get.
    pub(crate) wide: bool,
    /// Whether a command runs, where that is known: it was asked for.
    pub(crate) running: bool,
    /// The width of the terminal, in columns; none where there is no terminal.
    pub(crate) width: Option<usize>,
}

type Column = (&'static str, fn(&SessionDescriptor) -> String);

/// The local table's number, where there is a table.
const ID: Column = ("Id", |s| s.id.map(|id| id.0.to_string()).unwrap_or_default());

/// What tells sessions apart and says whether they are in use.
const COLUMNS: &[Column] = &[
    ("ComputerName", |s| s.computer_name.clone()),
    ("Name", |s| s.shell.name.clone().unwrap_or_default()),
    ("Owner", |s| s.shell.owner.clone().unwrap_or_default()),
    ("State", |s| s.state().as_str().to_owned()),
    ("Type", kind),
    ("Idle", |s| s.idle().map(duration).unwrap_or_default()),
    (INSTANCE_ID, |s| s.shell.shell_id.as_str().to_owned()),
];

/// Whether a command runs, where that was asked for.
const RUNNING: Column = ("Running", |s| {
    s.is_running().map(|running| if running { "yes" } else { "no" }.to_owned()).unwrap_or_default()
});

/// What `-o wide` adds.
const MORE_COLUMNS: &[Column] = &[
    ("Age", |s| s.age().map(duration).unwrap_or_default()),
    ("ClientIP", |s| s.shell.client_ip.clone().unwrap_or_default()),
    ("Port", |s| s.port.to_string()),
    ("ProcessId", |s| s.shell.process_id.map(|id| id.to_string()).unwrap_or_default()),
    ("IdleTimeout", |s| s.shell.idle_timeout.map(duration).unwrap_or_default()),
];

const INSTANCE_ID: &str = "InstanceId";
const REASON: &str = "Reason";

/// What is copied or read whole: it goes to a second line before it is cut, and the type with it if need be.
const BELOW: &[&[&str]] = &[&[INSTANCE_ID, REASON], &["Type"]];

/// What may be cut with an ellipsis where a terminal is narrow, the least telling first.
const MAY_BE_CUT: &[&[&str]] = &[&["Type"], &["ComputerName", "Name", "Owner"]];

/// Sessions as a table.
pub(crate) fn session_table(sessions: &[SessionDescriptor], room: Room) -> String {
    let columns = columns(room, sessions.iter());
    let header = columns.iter().map(|(name, _)| *name).collect();
    let row =
        |session: &SessionDescriptor| columns.iter().map(|(_, cell)| printable(&cell(session))).collect();
    fit(Grid::new(header, sessions.iter().map(row).collect()), room)
}

/// What became of sessions, as a table: the outcome first, the reason last.
pub(crate) fn removal_table(removed: &[Record], room: Room) -> String {
    let columns = columns(room, removed.iter().map(|removed| &*removed.session));
    let reasons = removed.iter().any(|removed| removed.outcome.reason().is_some());
    let names = columns.iter().map(|(name, _)| *name);
    let header = std::iter::once("Outcome").chain(names).chain(reasons.then_some(REASON)).collect();
    let row = |removed: &Record| {
        let cells = columns.iter().map(|(_, cell)| printable(&cell(&removed.session)));
        let reason = reasons.then(|| printable(&removed.outcome.reason().unwrap_or_default()));
        std::iter::once(removed.outcome.name().to_owned()).chain(cells).chain(reason).collect()
    };
    fit(Grid::new(header, removed.iter().map(row).collect()), room)
}

/// Imported sessions as a table: the Id that each has here, and the one that it came with.
pub(crate) fn import_table(imported: &[(Row, Imported)], room: Room) -> String {
    let columns = columns(room, imported.iter().map(|(row, _)| &row.session));
    let mut header: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    header.insert(1.min(header.len()), "GivenId");
    let row = |(row, imported): &(Row, Imported)| {
        let mut cells: Vec<_> = columns.iter().map(|(_, cell)| printable(&cell(&row.session))).collect();
        let given = imported.given.map(|id| id.0.to_string()).unwrap_or_default();
        cells.insert(1.min(cells.len()), given);
        cells
    };
    fit(Grid::new(header, imported.iter().map(row).collect()), room)
}

fn fit(grid: Grid, room: Room) -> String {
    match room.width.filter(|_| !room.wide) {
        Some(width) => grid.within(width, BELOW, MAY_BE_CUT),
        None => grid.text(),
    }
}

fn columns<'a>(room: Room, sessions: impl Iterator<Item = &'a SessionDescriptor>) -> Vec<Column> {
    let (mut has_id, mut has_commands) = (false, false);
    for session in sessions {
        has_id |= session.id.is_some();
        has_commands |= session.commands.is_some();
    }
    let id = has_id.then_some(ID);
    let running = (has_commands && (room.running || room.wide)).then_some(RUNNING);
    let more = if room.wide { MORE_COLUMNS } else { &[] };
    let columns = id.into_iter().chain(COLUMNS.iter().copied());
    columns.chain(running).chain(more.iter().copied()).collect()
}

/// `cmd`, the configuration's name, or the resource URI's last part.
fn kind(session: &SessionDescriptor) -> String {
    let uri = &session.shell.resource_uri;
    match session.configuration_name() {
        Some(configuration) => configuration.to_owned(),
        None => uri.rsplit('/').next().unwrap_or(uri).to_owned(),
    }
}
