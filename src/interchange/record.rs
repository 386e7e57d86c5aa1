//! Writing: one session, or what became of it, as an object. Absent is null, enums are text, durations are seconds,
//! times are RFC 3339 in UTC.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::session::{SessionDescriptor, SessionState};
use crate::store::{Imported, Row, RowMetadata};
use crate::teardown::Record;
use crate::wsman::CommandId;

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
    fields(SESSION, session, note, []).into_map()
}

/// The object of `pssession.removal/1`: the session's properties, and the outcome of its removal.
#[must_use]
pub fn removal_record(removed: &Record, note: Option<&RowMetadata>) -> Map<String, Value> {
    removal_fields(removed, note).into_map()
}

/// What [`removal_record`] holds.
pub(super) fn removal_fields<'a>(removed: &'a Record, note: Option<&'a RowMetadata>) -> Fields<'a> {
    let outcome = &removed.outcome;
    let elapsed = u64::try_from(removed.elapsed.as_millis()).unwrap_or(u64::MAX);
    let more = [
        ("Outcome", Field::from(outcome.name())),
        ("Reason", outcome.reason().into()),
        ("FaultCode", outcome.fault_code().map(|code| u64::from(code.0)).into()),
        ("Signals", u64::from(removed.signals).into()),
        ("ElapsedMs", elapsed.into()),
    ];
    fields(REMOVAL, &removed.session, note, more)
}

/// The object of `pssession.removal/1` of a session without an outcome: the run ended before. Its outcome is null.
#[must_use]
pub fn planned_record(session: &SessionDescriptor, note: Option<&RowMetadata>) -> Map<String, Value> {
    fields(REMOVAL, session, note, REMOVAL_PROPERTIES.iter().map(|name| (*name, Field::Null))).into_map()
}

/// The object of `pssession.imported/1`: the session as the table has it, and the Id that it was imported with.
#[must_use]
pub fn imported_record(row: &Row, imported: Imported) -> Map<String, Value> {
    let given = imported.given.map_or(Field::Null, |id| Field::Other(json!(id.0)));
    let more = [("GivenId", given), ("IsNew", Field::Other(json!(imported.is_new)))];
    fields(IMPORTED, &row.session, Some(&row.note), more).into_map()
}

/// The properties of an object in their order. What can be borrowed is: a fleet's records are written by the thousand.
pub(super) struct Fields<'a>(Vec<(&'static str, Field<'a>)>);

/// The value of a property.
enum Field<'a> {
    Null,
    Text(Cow<'a, str>),
    Whole(u64),
    Texts(Vec<&'a str>),
    Other(Value),
}

impl Fields<'_> {
    fn into_map(self) -> Map<String, Value> {
        self.0.into_iter().map(|(name, field)| (name.to_owned(), field.into_value())).collect()
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, field)| (name, field)))
    }
}

impl Field<'_> {
    fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::String(text.into_owned()),
            Self::Whole(number) => json!(number),
            Self::Texts(texts) => json!(texts),
            Self::Other(value) => value,
        }
    }
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Whole(number) => serializer.serialize_u64(*number),
            Self::Texts(texts) => texts.serialize(serializer),
            Self::Other(value) => value.serialize(serializer),
        }
    }
}

impl<'a> From<&'a str> for Field<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Field<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<u64> for Field<'_> {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for Field<'a> {
    fn from(field: Option<T>) -> Self {
        field.map_or(Self::Null, Into::into)
    }
}

/// The properties of a session, and `more` behind them.
fn fields<'a>(
    schema: &'static str,
    session: &'a SessionDescriptor,
    note: Option<&'a RowMetadata>,
    more: impl IntoIterator<Item = (&'static str, Field<'a>)>,
) -> Fields<'a> {
    let shell = &session.shell;
    let commands = session.commands.as_ref();
    let commands = commands.map(|ids| Field::Texts(ids.iter().map(CommandId::as_str).collect()));
    let port = Some(session.port).filter(|port| *port != 0).map(u64::from);
    let pairs = [
        ("Schema", schema.into()),
        ("Id", session.id.map_or(Field::Null, |id| Field::Other(json!(id.0)))),
        ("Name", shell.name.as_deref().into()),
        ("InstanceId", session.instance_id().map(|id| id.to_string()).into()),
        ("ComputerName", text(&session.computer_name)),
        ("ComputerType", session.computer_type.as_str().into()),
        ("VMId", session.vm_id.map(|id| id.to_string()).into()),
        ("VMName", text(&session.vm_name)),
        ("ContainerId", text(&session.container_id)),
        ("ConfigurationName", session.configuration_name().into()),
        ("State", known(session.state().as_str())),
        ("Availability", known(session.availability().as_str())),
        ("Transport", session.transport().into()),
        ("Port", port.into()),
        ("Endpoint", text(&session.endpoint_url)),
        ("ShellId", shell.shell_id.as_str().into()),
        ("ResourceUri", text(&shell.resource_uri)),
        ("ServerState", shell.state.as_deref().into()),
        ("Owner", shell.owner.as_deref().into()),
        ("ClientIP", shell.client_ip.as_deref().into()),
        ("ProcessId", shell.process_id.map(u64::from).into()),
        ("IdleTimeout", seconds(shell.idle_timeout)),
        ("MaxIdleTimeout", seconds(shell.max_idle_timeout)),
        ("ShellRunTime", seconds(shell.shell_run_time)),
        ("ShellInactivity", seconds(shell.shell_inactivity)),
        ("CommandIds", commands.unwrap_or(Field::Null)),
        ("SeenBy", text(&session.seen_by)),
        ("SeenAt", Field::Other(timestamp(session.seen_at))),
        ("Origin", note.map(|note| note.origin.as_str()).into()),
        ("User", note.and_then(|note| note.user.as_deref()).into()),
        ("Auth", note.and_then(|note| note.auth.as_deref()).into()),
        ("SessionId", note.and_then(|note| note.session_id).map(|id| id.guid().to_string()).into()),
    ];
    Fields(pairs.into_iter().chain(more).collect())
}

/// A word of PowerShell's; it has none for what is not known.
fn known(word: &'static str) -> Field<'static> {
    if word == SessionState::Unknown.as_str() { Field::Null } else { word.into() }
}

fn text(text: &str) -> Field<'_> {
    if text.is_empty() { Field::Null } else { text.into() }
}

/// Whole seconds as an integer, else with milliseconds.
fn seconds(duration: Option<Duration>) -> Field<'static> {
    match duration {
        None => Field::Null,
        Some(whole) if whole.subsec_millis() == 0 => whole.as_secs().into(),
        Some(fraction) => Field::Other(json!(fraction.as_secs_f64())),
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
