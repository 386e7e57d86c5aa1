//! What PowerShell 7.6.9 chose, in which order and with which errors, held against binding and selection here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use pssession::interchange::{SessionReference, read, read_with_unbound};
use pssession::request::{
    Caller, Event, MissRule, PasswordSource, RemoveRequest, SessionScope, SessionTable, Source,
};
use pssession::store::{Origin, Row};
use pssession::teardown::Cancellation;
use pssession::{AuthScheme, Credential, Endpoint, SessionQuery};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Binding, BindingError, Bound, Cmdlet, bind};
use crate::cli::args::{ErrorAction, OutputArgs};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::options::CmdletOptions;
use crate::cli::ui::Ui;
use crate::cli::unmatched::Unmatched;

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

/// Collects the errors of a selection.
struct Listener {
    unmatched: Unmatched,
    ui: Ui,
    errors: RefCell<Vec<Vec<String>>>,
}

impl Caller for Listener {
    type Error = Diagnostic;

    fn credential(
        &self,
        _: Option<&str>,
        _: AuthScheme,
        _: Option<&PasswordSource>,
    ) -> Result<Credential, Diagnostic> {
        panic!("a plan alone contacts no host")
    }

    fn event(&self, event: Event<'_>) {
        if let Event::Selected { selection, unbound, .. } = event {
            let errors = self.unmatched.errors(selection, unbound, &self.ui);
            self.errors.borrow_mut().extend(errors.into_iter().map(|error| {
                let short = error.id.strip_prefix("RemoteRunspaceNotAvailableForSpecified");
                let target = short.and(error.target);
                [short.unwrap_or(error.id).to_owned()].into_iter().chain(target).collect()
            }));
        }
    }
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

fn rows(objects: &[Value]) -> Vec<Row> {
    let read = read(lines(objects).as_bytes(), now(), &|host| Endpoint::parse(host, false)).unwrap();
    let row = |reference| match reference {
        SessionReference::Session(row) => *row,
        other => panic!("{other:?}"),
    };
    read.into_iter().map(|object| row(object.reference)).collect()
}

fn command(words: &[String], is_piped: bool) -> Result<Bound, BindingError> {
    let bound = |words: Vec<OsString>| match bind(Cmdlet::RemovePSSession, words, &|_| None)? {
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

async fn outcome(scene: &Scene, table: &SessionTable) -> Outcome {
    let objects: Vec<Value> = scene.table.iter().map(|row| object(row)).collect();
    let cmdlet =
        match command(&scene.argv, scene.stdin.is_some()).and_then(|bound| CmdletOptions::new(&bound)) {
            Ok(cmdlet) => cmdlet,
            Err(error) => return (Vec::new(), vec![vec![error.id().to_owned()]]),
        };
    let (source, query) = match &scene.stdin {
        None => (Source::Table(&Origin::CURRENT), SessionQuery::new(cmdlet.selectors.clone(), Vec::new())),
        Some(values) => {
            let piped: Vec<Value> = values
                .iter()
                .map(|value| match value.get("$") {
                    Some(id) => objects.iter().find(|row| row["Id"] == *id).unwrap().clone(),
                    None => value.clone(),
                })
                .collect();
            let objects =
                read_with_unbound(lines(&piped).as_bytes(), now(), &|host| Endpoint::parse(host, false));
            let source = Source::Objects { objects: objects.unwrap(), name: "stdin".to_owned() };
            (source, SessionQuery::default())
        }
    };
    let action = cmdlet.error_action.unwrap_or_default();
    let ui = Ui::new(&OutputArgs::default(), cmdlet.style, false);
    let unmatched = Unmatched::new(MissRule::PowerShell, None, &ui);
    let listener = Listener { unmatched, ui, errors: RefCell::default() };
    let request = RemoveRequest {
        scope: SessionScope {
            source,
            query,
            table: Some(table.clone()),
            miss_rule: MissRule::PowerShell,
            ..SessionScope::default()
        },
        what_if: true,
        on_miss: action.on_miss(),
        ..RemoveRequest::default()
    };
    let removed = request.run(&listener, &Cancellation::new()).await.unwrap();
    let chosen = removed.report.records.iter().map(|record| record.session.id.unwrap().0).collect();
    let silent = matches!(action, ErrorAction::SilentlyContinue | ErrorAction::Ignore);
    (chosen, if silent { Vec::new() } else { listener.errors.into_inner() })
}

#[tokio::test]
async fn remove_chooses_what_powershell_chose_and_reports_what_it_reported() {
    let text = include_str!("../../../fixtures/powershell/selection.ndjson");
    let mut tables: HashMap<String, (TempDir, SessionTable)> = HashMap::new();
    let mut differences = Vec::new();
    for line in text.lines() {
        let scene: Scene = serde_json::from_str(line).unwrap();
        let key = format!("{:?}", scene.table);
        if !tables.contains_key(&key) {
            let folder = tempfile::tempdir().unwrap();
            let table = SessionTable::at(folder.path().join("private").join("sessions.db"));
            let objects: Vec<Value> = scene.table.iter().map(|row| object(row)).collect();
            table.import(rows(&objects)).await.unwrap();
            tables.insert(key.clone(), (folder, table));
        }
        let found = outcome(&scene, &tables[&key].1).await;
        if found != (scene.chosen, scene.errors) {
            differences.push(format!("{line}\n  here {found:?}"));
        }
    }
    assert!(text.lines().count() >= SCENES);
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}
