//! One session, or what became of it, as an object with PowerShell's property names: absent is null, enums are
//! text, durations are seconds, times are RFC 3339 in UTC.

use std::time::{Duration, SystemTime};

use pssession::SessionDescriptor;
use pssession::teardown::Record;
use serde_json::{Map, Value, json};

/// The properties of a session's object, in their order: the header of a CSV, which stands there even alone.
#[rustfmt::skip]
pub(super) const SESSION_PROPERTIES: &[&str] = &[
    "Schema", "Id", "Name", "InstanceId", "ComputerName", "ComputerType", "VMId", "VMName", "ContainerId",
    "ConfigurationName", "State", "Availability", "Transport", "Port", "Endpoint", "ShellId", "ResourceUri",
    "ServerState", "Owner", "ClientIP", "ProcessId", "IdleTimeout", "MaxIdleTimeout", "ShellRunTime",
    "ShellInactivity", "CommandIds", "SeenBy", "SeenAt",
];

/// What the object of a removal has beyond them.
pub(super) const REMOVAL_PROPERTIES: &[&str] = &["Outcome", "Reason", "FaultCode", "Signals", "ElapsedMs"];

/// The object of `pssession.session/1`.
pub(super) fn session_record(session: &SessionDescriptor) -> Map<String, Value> {
    record("pssession.session/1", session)
}

/// The object of `pssession.removal/1`: the session's properties and what became of it.
pub(crate) fn removal_record(removed: &Record) -> Map<String, Value> {
    let mut record = record("pssession.removal/1", &removed.session);
    let outcome = &removed.outcome;
    record.extend([
        ("Outcome".to_owned(), json!(outcome.name())),
        ("Reason".to_owned(), json!(outcome.reason())),
        ("FaultCode".to_owned(), json!(outcome.fault_code().map(|code| code.0))),
        ("Signals".to_owned(), json!(removed.signals)),
        ("ElapsedMs".to_owned(), json!(u64::try_from(removed.elapsed.as_millis()).unwrap_or(u64::MAX))),
    ]);
    record
}

/// The same of a session whose outcome is not known: the run ended before it had one.
pub(crate) fn planned_record(session: &SessionDescriptor) -> Map<String, Value> {
    let mut record = record("pssession.removal/1", session);
    record.extend(REMOVAL_PROPERTIES.iter().map(|name| ((*name).to_owned(), Value::Null)));
    record
}

fn record(schema: &str, session: &SessionDescriptor) -> Map<String, Value> {
    let shell = &session.shell;
    let commands =
        session.commands.as_ref().map(|ids| ids.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>());
    let pairs = [
        ("Schema", json!(schema)),
        ("Id", json!(session.id.map(|id| id.0))),
        ("Name", json!(shell.name)),
        ("InstanceId", json!(session.instance_id().map(|id| id.to_string()))),
        ("ComputerName", json!(session.computer_name)),
        ("ComputerType", json!(session.computer_type.as_str())),
        ("VMId", json!(session.vm_id.map(|id| id.to_string()))),
        ("VMName", text(&session.vm_name)),
        ("ContainerId", text(&session.container_id)),
        ("ConfigurationName", json!(session.configuration_name())),
        ("State", json!(session.state().as_str())),
        ("Availability", json!(session.availability().as_str())),
        ("Transport", json!(session.transport())),
        ("Port", json!(session.port)),
        ("Endpoint", json!(session.endpoint_url)),
        ("ShellId", json!(shell.shell_id.as_str())),
        ("ResourceUri", json!(shell.resource_uri)),
        ("ServerState", json!(shell.state)),
        ("Owner", json!(shell.owner)),
        ("ClientIP", json!(shell.client_ip)),
        ("ProcessId", json!(shell.process_id)),
        ("IdleTimeout", seconds(shell.idle_timeout)),
        ("MaxIdleTimeout", seconds(shell.max_idle_timeout)),
        ("ShellRunTime", seconds(shell.shell_run_time)),
        ("ShellInactivity", seconds(shell.shell_inactivity)),
        ("CommandIds", json!(commands)),
        ("SeenBy", json!(session.seen_by)),
        ("SeenAt", time(session.seen_at)),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
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

/// RFC 3339 in UTC.
pub(crate) fn time(time: SystemTime) -> Value {
    jiff::Timestamp::try_from(time).map_or(Value::Null, |time| {
        // Milliseconds are as fine as anybody reads a listing.
        json!(format!("{time:.3}"))
    })
}
