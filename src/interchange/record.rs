//! Writing: one session, or what became of it, as an object. Absent is null, enums are text, durations are seconds,
//! times are RFC 3339 in UTC.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use crate::session::{SessionDescriptor, SessionState};
use crate::store::{Imported, Row, RowMetadata};
use crate::teardown::Record;

/// The properties that [`removal_record`] has beyond [`SESSION_PROPERTIES`](super::SESSION_PROPERTIES).
pub const REMOVAL_PROPERTIES: &[&str] = &["Outcome", "Reason", "FaultCode", "Signals", "ElapsedMs"];

/// The properties that [`imported_record`] has beyond [`SESSION_PROPERTIES`](super::SESSION_PROPERTIES).
pub const IMPORT_PROPERTIES: &[&str] = &["GivenId", "IsNew"];

/// The schemas of the objects that hold a session.
pub(super) const SCHEMAS: [&str; 3] = [SESSION, REMOVAL, IMPORTED];

const SESSION: &str = "pssession.session/1";
const REMOVAL: &str = "pssession.removal/1";
const IMPORTED: &str = "pssession.imported/1";

/// The object of `pssession.session/1`: the session, and what the local table keeps beside it.
#[must_use]
pub fn session_record(session: &SessionDescriptor, note: Option<&RowMetadata>) -> Map<String, Value> {
    record(SESSION, session, note, [])
}

/// The object of `pssession.removal/1`: the session's properties, and the outcome of its removal.
#[must_use]
pub fn removal_record(removed: &Record, note: Option<&RowMetadata>) -> Map<String, Value> {
    let outcome = &removed.outcome;
    let more = [
        ("Outcome", json!(outcome.name())),
        ("Reason", json!(outcome.reason())),
        ("FaultCode", json!(outcome.fault_code().map(|code| code.0))),
        ("Signals", json!(removed.signals)),
        ("ElapsedMs", json!(u64::try_from(removed.elapsed.as_millis()).unwrap_or(u64::MAX))),
    ];
    record(REMOVAL, &removed.session, note, more)
}

/// The object of `pssession.removal/1` of a session without an outcome: the run ended before. Its outcome is null.
#[must_use]
pub fn planned_record(session: &SessionDescriptor, note: Option<&RowMetadata>) -> Map<String, Value> {
    record(REMOVAL, session, note, REMOVAL_PROPERTIES.iter().map(|name| (*name, Value::Null)))
}

/// The object of `pssession.imported/1`: the session as the table has it, and the Id that it was imported with.
#[must_use]
pub fn imported_record(row: &Row, imported: Imported) -> Map<String, Value> {
    let more = [("GivenId", json!(imported.given.map(|id| id.0))), ("IsNew", json!(imported.is_new))];
    record(IMPORTED, &row.session, Some(&row.note), more)
}

/// The properties of a session, and `more` behind them.
fn record(
    schema: &str,
    session: &SessionDescriptor,
    note: Option<&RowMetadata>,
    more: impl IntoIterator<Item = (&'static str, Value)>,
) -> Map<String, Value> {
    let shell = &session.shell;
    let commands =
        session.commands.as_ref().map(|ids| ids.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>());
    let pairs = [
        ("Schema", json!(schema)),
        ("Id", json!(session.id.map(|id| id.0))),
        ("Name", json!(shell.name)),
        ("InstanceId", json!(session.instance_id().map(|id| id.to_string()))),
        ("ComputerName", text(&session.computer_name)),
        ("ComputerType", json!(session.computer_type.as_str())),
        ("VMId", json!(session.vm_id.map(|id| id.to_string()))),
        ("VMName", text(&session.vm_name)),
        ("ContainerId", text(&session.container_id)),
        ("ConfigurationName", json!(session.configuration_name())),
        ("State", known(session.state().as_str())),
        ("Availability", known(session.availability().as_str())),
        ("Transport", json!(session.transport())),
        ("Port", json!(Some(session.port).filter(|port| *port != 0))),
        ("Endpoint", text(&session.endpoint_url)),
        ("ShellId", json!(shell.shell_id.as_str())),
        ("ResourceUri", text(&shell.resource_uri)),
        ("ServerState", json!(shell.state)),
        ("Owner", json!(shell.owner)),
        ("ClientIP", json!(shell.client_ip)),
        ("ProcessId", json!(shell.process_id)),
        ("IdleTimeout", seconds(shell.idle_timeout)),
        ("MaxIdleTimeout", seconds(shell.max_idle_timeout)),
        ("ShellRunTime", seconds(shell.shell_run_time)),
        ("ShellInactivity", seconds(shell.shell_inactivity)),
        ("CommandIds", json!(commands)),
        ("SeenBy", text(&session.seen_by)),
        ("SeenAt", timestamp(session.seen_at)),
        ("Origin", json!(note.map(|note| note.origin.as_str()))),
        ("User", json!(note.and_then(|note| note.user.as_deref()))),
        ("Auth", json!(note.and_then(|note| note.auth.as_deref()))),
        ("SessionId", json!(note.and_then(|note| note.session_id).map(|id| id.guid().to_string()))),
    ];
    pairs.into_iter().chain(more).map(|(key, value)| (key.to_owned(), value)).collect()
}

/// A word of PowerShell's; it has none for what is not known.
fn known(word: &str) -> Value {
    if word == SessionState::Unknown.as_str() { Value::Null } else { json!(word) }
}

fn text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

/// Whole seconds as an integer, else with milliseconds.
fn seconds(duration: Option<Duration>) -> Value {
    match duration {
        None => Value::Null,
        Some(whole) if whole.subsec_millis() == 0 => json!(whole.as_secs()),
        Some(fraction) => json!(fraction.as_secs_f64()),
    }
}

/// RFC 3339 in UTC, to the millisecond; null if it is out of range.
#[must_use]
pub fn timestamp(time: SystemTime) -> Value {
    jiff::Timestamp::try_from(time).map_or(Value::Null, |time| {
        // Milliseconds are as fine as anybody reads a listing.
        json!(format!("{time:.3}"))
    })
}
