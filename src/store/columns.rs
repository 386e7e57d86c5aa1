//! A row as columns, both ways.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, Statement, params};
use uuid::Uuid;

use super::error::StoreErrorKind;
use super::row::{Origin, Row, RowMetadata};
use crate::session::{
    Availability, ComputerType, LocalId, SessionDescriptor, SessionState, Stated, Transport,
};
use crate::wsman::{CommandId, Interner, SessionId, Shell, ShellId, ShellSchema};

/// Every column, in the order in which [`RowReader`] and [`Writer`] count them.
pub(super) const COLUMNS: &str = "id, origin, endpoint_url, shell_id, resource_uri, computer_name, computer_type, port, \
     transport, name, owner, client_ip, process_id, server_state, stated_state, stated_availability, \
     idle_timeout_ms, max_idle_timeout_ms, shell_run_time_ms, shell_inactivity_ms, commands, vm_id, vm_name, \
     container_id, session_id, user, auth, seen_by, seen_at_ms";

/// The column behind them: where the row stands in the table's order.
pub(super) const ORDER: &str = "coalesce(added, id)";

/// Its number behind [`COLUMNS`].
pub(super) const ORDER_COLUMN: usize = 29;

const PLACES: &str = "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, \
     ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29";

/// Reads rows that were selected by [`COLUMNS`], one after the other. What many have in common is kept once.
#[derive(Default)]
pub(super) struct RowReader {
    texts: Interner,
}

impl RowReader {
    pub(super) fn read(&mut self, row: &rusqlite::Row<'_>) -> Result<Row, StoreErrorKind> {
        let id = row.get(0)?;
        let unknown = |what, word: &str| unknown(id, what, word);
        let origin = text(row, 1)?;
        let shell = Shell {
            schema: ShellSchema::Windows,
            shell_id: ShellId::from_server(text(row, 3)?),
            resource_uri: self.texts.intern(text(row, 4)?),
            name: optional_text(row, 9)?.map(|text| self.texts.intern(text)),
            owner: optional_text(row, 10)?.map(|text| self.texts.intern(text)),
            client_ip: optional_text(row, 11)?.map(|text| self.texts.intern(text)),
            process_id: row.get(12)?,
            state: optional_text(row, 13)?.map(|text| self.texts.intern(text)),
            idle_timeout: duration(row, 16)?,
            max_idle_timeout: duration(row, 17)?,
            shell_run_time: duration(row, 18)?,
            shell_inactivity: duration(row, 19)?,
        };
        let stated = match row.get_ref(14)?.as_str_or_null().map_err(StoreErrorKind::corrupt)? {
            None => None,
            Some(state) => {
                let availability = text(row, 15)?;
                Some(Stated {
                    state: SessionState::parse(state).map_err(|_| unknown("state", state))?,
                    availability: Availability::from_word(availability)
                        .ok_or_else(|| unknown("availability", availability))?,
                })
            }
        };
        let session = SessionDescriptor {
            id: Some(LocalId(id)),
            computer_name: self.texts.intern(text(row, 5)?),
            computer_type: computer_type(row, 6)?.unwrap_or_default(),
            vm_id: guid(row, 21)?,
            vm_name: optional(row, 22)?.unwrap_or_default(),
            container_id: optional(row, 23)?.unwrap_or_default(),
            endpoint_url: self.texts.intern(text(row, 2)?),
            port: row.get(7)?,
            transport: Transport::from_word(text(row, 8)?),
            shell: shell.into(),
            stated,
            commands: commands(row, 20)?,
            seen_by: self.texts.intern(text(row, 27)?),
            account: None,
            seen_at: time_from_millis(row.get(28)?),
        };
        let note = RowMetadata {
            origin: Origin::from_word(origin).ok_or_else(|| unknown("origin", origin))?,
            user: optional_text(row, 25)?.map(|user| self.texts.intern(user)),
            auth: optional_text(row, 26)?.map(|auth| self.texts.intern(auth)),
            session_id: guid(row, 24)?.map(SessionId::new),
        };
        Ok(Row { session, note })
    }
}

/// Inserts and updates rows, with statements that are prepared once.
pub(super) struct Writer<'c> {
    insert: Statement<'c>,
    update: Statement<'c>,
}

impl<'c> Writer<'c> {
    pub(super) fn new(connection: &'c Connection) -> Result<Self, StoreErrorKind> {
        Self::with(connection, "")
    }

    /// One that adds no second row of a session, and none with an Id that is there.
    pub(super) fn for_missing(connection: &'c Connection) -> Result<Self, StoreErrorKind> {
        Self::with(connection, "ON CONFLICT DO NOTHING")
    }

    fn with(connection: &'c Connection, on_conflict: &str) -> Result<Self, StoreErrorKind> {
        let insert = format!("INSERT INTO session ({COLUMNS}) VALUES ({PLACES}) {on_conflict}");
        let insert = connection.prepare(&insert)?;
        let update =
            connection.prepare(&format!("UPDATE session SET ({COLUMNS}) = ({PLACES}) WHERE id = ?1"))?;
        Ok(Self { insert, update })
    }

    /// Adds a row with this Id.
    pub(super) fn insert(
        &mut self,
        id: LocalId,
        session: &SessionDescriptor,
        note: &RowMetadata,
    ) -> Result<(), StoreErrorKind> {
        execute(&mut self.insert, Some(id), session, note)
    }

    /// Replaces the row of the same Id.
    pub(super) fn update(&mut self, row: &Row) -> Result<(), StoreErrorKind> {
        execute(&mut self.update, row.session.id, &row.session, &row.note)
    }
}

fn execute(
    statement: &mut Statement<'_>,
    id: Option<LocalId>,
    session: &SessionDescriptor,
    note: &RowMetadata,
) -> Result<(), StoreErrorKind> {
    fn filled(text: &str) -> Option<&str> {
        Some(text).filter(|text| !text.is_empty())
    }
    let shell = &session.shell;
    statement.execute(params![
        id.map(|id| id.0),
        note.origin.as_str(),
        session.endpoint_url,
        shell.shell_id.as_str(),
        shell.resource_uri,
        session.computer_name,
        session.computer_type.as_str(),
        session.port,
        session.transport.as_str(),
        shell.name,
        shell.owner,
        shell.client_ip,
        shell.process_id,
        shell.state,
        session.stated.map(|stated| stated.state.as_str()),
        session.stated.map(|stated| stated.availability.as_str()),
        shell.idle_timeout.map(millis),
        shell.max_idle_timeout.map(millis),
        shell.shell_run_time.map(millis),
        shell.shell_inactivity.map(millis),
        session.commands.as_deref().map(commands_to_json).transpose()?,
        session.vm_id.map(|id| id.to_string()),
        filled(&session.vm_name),
        filled(&session.container_id),
        note.session_id.map(|id| id.guid().to_string()),
        note.user,
        note.auth,
        session.seen_by,
        time_to_millis(session.seen_at),
    ])?;
    Ok(())
}

/// A moment as the table keeps it: whole milliseconds since 1970, at the edge where it does not fit.
pub(super) fn time_to_millis(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => millis(after),
        Err(before) => -millis(before.duration()),
    }
}

fn time_from_millis(count: i64) -> SystemTime {
    let distance = Duration::from_millis(count.unsigned_abs());
    let time = if count < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Makes of a row that is written what is read.
pub(super) fn make_as_stored(row: &mut Row) {
    let session = &mut row.session;
    session.seen_at = time_from_millis(time_to_millis(session.seen_at));
    let shell = &session.shell;
    let times = [shell.idle_timeout, shell.max_idle_timeout, shell.shell_run_time, shell.shell_inactivity];
    if shell.schema != ShellSchema::Windows || times.iter().flatten().any(|time| *time != as_stored(*time)) {
        let shell = session.shell_mut();
        shell.schema = ShellSchema::Windows;
        for time in [
            &mut shell.idle_timeout,
            &mut shell.max_idle_timeout,
            &mut shell.shell_run_time,
            &mut shell.shell_inactivity,
        ] {
            *time = time.map(as_stored);
        }
    }
}

fn as_stored(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(millis(duration)).unwrap_or_default())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn unknown(id: i64, what: &str, word: &str) -> StoreErrorKind {
    StoreErrorKind::corrupt(format!("session {id}: unknown {what} {word:?}"))
}

/// What kind of computer a column names; the first column is the Id.
pub(super) fn computer_type(
    row: &rusqlite::Row<'_>,
    column: usize,
) -> Result<Option<ComputerType>, StoreErrorKind> {
    let Some(word) = row.get_ref(column)?.as_str_or_null().map_err(StoreErrorKind::corrupt)? else {
        return Ok(None);
    };
    let kind = ComputerType::from_word(word);
    Ok(Some(kind.ok_or_else(|| unknown(row.get(0).unwrap_or_default(), "computer type", word))?))
}

fn text<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<&'r str, StoreErrorKind> {
    row.get_ref(column)?.as_str().map_err(StoreErrorKind::corrupt)
}

pub(super) fn optional(row: &rusqlite::Row<'_>, column: usize) -> Result<Option<String>, StoreErrorKind> {
    Ok(optional_text(row, column)?.map(str::to_owned))
}

fn optional_text<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<Option<&'r str>, StoreErrorKind> {
    row.get_ref(column)?.as_str_or_null().map_err(StoreErrorKind::corrupt)
}

fn duration(row: &rusqlite::Row<'_>, column: usize) -> Result<Option<Duration>, StoreErrorKind> {
    let count: Option<i64> = row.get(column)?;
    count
        .map(|count| u64::try_from(count).map(Duration::from_millis).map_err(StoreErrorKind::corrupt))
        .transpose()
}

pub(super) fn guid(row: &rusqlite::Row<'_>, column: usize) -> Result<Option<Uuid>, StoreErrorKind> {
    let value = row.get_ref(column)?.as_str_or_null().map_err(StoreErrorKind::corrupt)?;
    value.map(|text| Uuid::try_parse(text).map_err(StoreErrorKind::corrupt)).transpose()
}

fn commands(row: &rusqlite::Row<'_>, column: usize) -> Result<Option<Vec<CommandId>>, StoreErrorKind> {
    let Some(text) = row.get_ref(column)?.as_str_or_null().map_err(StoreErrorKind::corrupt)? else {
        return Ok(None);
    };
    let ids: Vec<String> = serde_json::from_str(text).map_err(StoreErrorKind::corrupt)?;
    Ok(Some(ids.into_iter().map(CommandId::from_server).collect()))
}

fn commands_to_json(commands: &[CommandId]) -> Result<String, StoreErrorKind> {
    let ids: Vec<&str> = commands.iter().map(CommandId::as_str).collect();
    serde_json::to_string(&ids).map_err(StoreErrorKind::corrupt)
}
