//! What PowerShell 7.6.9 chose, in which order and with which errors, held against binding and selection here.

use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use pssession::interchange::{SessionReference as Subject, read, read_with_unbound as read_each};
use pssession::session::Availability;
use pssession::transport::{Endpoint, EndpointError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::cli::args::ErrorAction;
use crate::cli::commands::unmatched::{MissRule, missed};
use crate::cli::output_style::PowerShellStyle;
use crate::cli::powershell::{Binding, BindingError, Bound as Command, Cmdlet, bind as bind_words};

/// A fixture that shrinks would prove less without a sign of it.
const SCENES: usize = 800;

/// One command in one table.
#[derive(Deserialize)]
struct Scene {
    /// Id, Name, ComputerName, kind (`V`, `C` or nothing), VMName or ContainerId, VMId, InstanceId; in table order.
    table: Vec<Vec<Value>>,
    argv: Vec<String>,
    /// What comes in by a pipe; `{"$": Id}` is a session of the table.
    stdin: Option<Vec<Value>>,
    /// The Ids of the sessions that are removed, in order.
    chosen: Vec<i64>,
    /// The ids of the errors, of those of selection without what all have in common, and what they are about.
    errors: Vec<Vec<String>>,
}

/// What became of it: Ids and errors.
type Outcome = (Vec<i64>, Vec<Vec<String>>);

fn naming() -> impl Fn(&str) -> Result<Endpoint, EndpointError> {
    |host| Endpoint::parse(host, false)
}

fn object(row: &[Value]) -> Value {
    let text = |at: usize| row.get(at).and_then(Value::as_str).unwrap_or_default();
    let (kind, extra) = (text(3), text(4));
    let instance_id = match text(6) {
        "" => format!("00000000-0000-4000-8000-{:012}", row[0].as_i64().unwrap()),
        given => given.to_owned(),
    };
    json!({
        "Id": row[0], "Name": text(1), "ComputerName": text(2), "InstanceId": instance_id, "VMId": text(5),
        "ComputerType": match kind { "V" => 1, "C" => 2, _ => 0 },
        "VMName": if kind == "V" { extra } else { "" },
        "ContainerId": if kind == "C" { extra } else { "" },
    })
}

fn lines(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("{object}\n")).collect()
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// All rows of a table, as it knows them of these objects.
fn known(objects: &[Object], rows: &[Row]) -> Known {
    let mut known = Known { current: rows.iter().cloned().collect(), ..Known::default() };
    known.all = rows.iter().cloned().collect();
    for row in rows {
        known.by_id.insert(row.session.id.unwrap(), row.clone());
        known.by_instance_id.entry(row.session.instance_id().unwrap()).or_default().push(row.clone());
    }
    let placed = objects.iter().filter_map(|object| match &object.reference {
        Subject::Session(row) if has_place(row) => Some(row),
        _ => None,
    });
    let is = |row: &Row, other: &Row| row.session.instance_id() == other.session.instance_id();
    known.placed = placed.map(|one| rows.iter().find(|row| is(row, one)).cloned()).collect();
    known
}

fn command(words: &[String], is_piped: bool) -> Result<Command, BindingError> {
    let bound = |words: Vec<OsString>| match bind_words(Cmdlet::RemovePSSession, words, &|_| None)? {
        Binding::Command(bound) => bound.selectors().map(|_| *bound),
        Binding::Help(_) => panic!("a scene asks for help"),
    };
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    match bound(words.clone()) {
        Err(error) if error.lacks_sessions() && is_piped => {
            bound([vec!["-Session".into(), "-".into()], words].concat())
        }
        bound => bound,
    }
}

fn outcome(scene: &Scene) -> Outcome {
    let table: Vec<Value> = scene.table.iter().map(|row| object(row)).collect();
    let rows = read(lines(&table).as_bytes(), now(), &naming()).unwrap();
    let rows: Vec<Row> = rows
        .into_iter()
        .map(|object| match object.reference {
            Subject::Session(row) => *row,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(rows.iter().all(|row| row.session.availability() == Availability::Unknown));
    let command = match command(&scene.argv, scene.stdin.is_some()) {
        Ok(command) => command,
        Err(error) => return (Vec::new(), vec![vec![error.id().to_owned()]]),
    };
    let mut recalled = match &scene.stdin {
        None => Recalled { rows: rows.iter().cloned().collect(), ..Recalled::default() },
        Some(values) => {
            let piped: Vec<Value> = values
                .iter()
                .map(|value| match value.get("$") {
                    Some(id) => table.iter().find(|row| row["Id"] == *id).unwrap().clone(),
                    None => value.clone(),
                })
                .collect();
            let objects = read_each(lines(&piped).as_bytes(), now(), &naming()).unwrap();
            let known = known(&objects, &rows);
            bind(objects, &known, "Remove-PSSession").unwrap()
        }
    };
    let query = match scene.stdin {
        None => SessionQuery::new(command.selectors().unwrap(), Vec::new()),
        Some(_) => SessionQuery::default(),
    };
    let selection = recalled.select(&query);
    let action = command.common.error_action.and_then(|action| action.ours().ok()).unwrap_or_default();
    let powershell_style = PowerShellStyle { cmdlet: "", class: "", verbose: false, action };
    let rule = MissRule::of(OutputStyle::PowerShell(powershell_style), false);
    let mut errors = Vec::new();
    let mut unbound = recalled.unbound.drain(..).peekable();
    let mut add = |diagnostic: &Diagnostic| {
        let short = diagnostic.id.strip_prefix("RemoteRunspaceNotAvailableForSpecified");
        let target = short.and(diagnostic.target.clone());
        errors
            .push([short.unwrap_or(diagnostic.id).to_owned()].into_iter().chain(target).collect::<Vec<_>>());
    };
    for (number, miss) in selection.misses.iter().enumerate() {
        while let Some((_, other)) = unbound.next_if(|(before, _)| *before <= number) {
            add(&other);
        }
        if rule.is_error(miss) {
            add(&missed(miss));
        }
    }
    unbound.for_each(|(_, other)| add(&other));
    let ids = |rows: &Rows| rows.sessions().iter().map(|session| session.id.unwrap().0).collect();
    match action {
        ErrorAction::Stop if !errors.is_empty() => (Vec::new(), errors.drain(..1).collect()),
        ErrorAction::SilentlyContinue | ErrorAction::Ignore => {
            (ids(&recalled.rows.pick(&selection.chosen)), Vec::new())
        }
        _ => (ids(&recalled.rows.pick(&selection.chosen)), errors),
    }
}

#[test]
fn remove_chooses_what_powershell_chose_and_tells_what_it_told() {
    let text = include_str!("../../../../fixtures/powershell/selection.ndjson");
    let mut differences = Vec::new();
    for line in text.lines() {
        let scene: Scene = serde_json::from_str(line).unwrap();
        let found = outcome(&scene);
        if found != (scene.chosen, scene.errors) {
            differences.push(format!("{line}\n  here {found:?}"));
        }
    }
    assert!(text.lines().count() >= SCENES);
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}
