//! The local table gives each session a small Id that the next command can use.

use std::collections::BTreeSet;
use std::path::Path;

use pssession::simulator::{InjectedFault, OperationKind, Simulator};
use serde_json::Value;

use super::{ALICE, BUILD_7, BUILD_8, host, leaked, left, on};
use crate::support::command::Run;

async fn with_table(simulator: &Simulator, table: &Path, verb: &str, args: &[&str]) -> Run {
    on(simulator, verb, args).env("PSSESSION_STORE", table.to_str().unwrap()).run().await
}

fn ids(run: &Run) -> Vec<(i64, String)> {
    let reported = |r: &Value| (r["Id"].as_i64().unwrap(), r["ShellId"].as_str().unwrap().to_owned());
    run.records().iter().map(reported).collect()
}

#[tokio::test]
async fn a_session_keeps_its_id_from_one_command_to_the_next_and_no_id_is_given_twice() {
    let simulator = host(leaked()).await;
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("sessions.db");
    let first = ids(&with_table(&simulator, &table, "get", &[]).await.expect(0));
    assert_eq!(first, [(1, BUILD_7.to_owned()), (2, BUILD_8.to_owned()), (3, ALICE.to_owned())]);

    let removed = with_table(&simulator, &table, "remove", &["--id", "1..2", "--yes"]).await.expect(0);
    assert_eq!(ids(&removed), &first[..2]);
    assert_eq!(left(&simulator), [ALICE]);

    simulator.world().lock().unwrap().add(pssession::simulator::SimulatedShell::cmd(BUILD_7, "CONTOSO\\bob"));
    let later = ids(&with_table(&simulator, &table, "get", &[]).await.expect(0));
    assert_eq!(later, [(3, ALICE.to_owned()), (4, BUILD_7.to_owned())]);
}

#[tokio::test]
async fn an_id_that_nothing_has_is_told() {
    let simulator = host(leaked()).await;
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("sessions.db");
    let run = with_table(&simulator, &table, "remove", &["--id", "1,77", "--yes"]).await.expect(4);
    assert!(run.stderr.contains("77"), "{}", run.stderr);
    assert_eq!(left(&simulator), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn a_table_that_cannot_be_used_stops_only_who_chooses_by_id() {
    let simulator = host(leaked()).await;
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("sessions.db");
    std::fs::write(&table, "this is no table at all").unwrap();
    let run = with_table(&simulator, &table, "remove", &["--id", "1", "--yes"]).await.expect(1);
    assert!(run.stderr.contains("the local table"), "{}", run.stderr);
    assert_eq!(left(&simulator), [BUILD_7, BUILD_8, ALICE]);

    let run = with_table(&simulator, &table, "remove", &["--name", "build-7", "--yes"]).await.expect(0);
    assert!(run.stderr.contains("the local table"), "{}", run.stderr);
    assert_eq!(left(&simulator), [BUILD_8, ALICE]);
    assert_eq!(std::fs::read_to_string(&table).unwrap(), "this is no table at all");
}

#[tokio::test]
async fn what_if_drops_no_row() {
    let simulator = host(leaked()).await;
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("sessions.db");
    with_table(&simulator, &table, "remove", &["--all", "--what-if"]).await.expect(0);
    let again = ids(&with_table(&simulator, &table, "get", &[]).await.expect(0));
    assert_eq!(again.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test]
async fn what_is_closed_at_once_never_stands_in_the_table_and_what_is_not_keeps_its_id() {
    let simulator = host(leaked()).await;
    let refuses = InjectedFault::Fault(5);
    simulator.world().lock().unwrap().inject_for(OperationKind::Delete, BUILD_7, 99, refuses);
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("sessions.db");
    let all = ["--all", "--yes", "--signal", "never"];
    let removed = ids(&with_table(&simulator, &table, "remove", &all).await.expect(4));
    assert_eq!(removed.iter().map(|(id, _)| *id).collect::<BTreeSet<_>>(), BTreeSet::from([1, 2, 3]));
    let store = pssession::store::Store::open(&table).unwrap();
    let rows = store.all(std::time::SystemTime::now()).unwrap();
    let rows = rows.sessions().iter().map(|session| (session.id.unwrap().0, session.shell.shell_id.as_str()));
    assert_eq!(rows.collect::<Vec<_>>(), [(1, BUILD_7)]);

    simulator.world().lock().unwrap().add(pssession::simulator::SimulatedShell::cmd(BUILD_8, "CONTOSO\\bob"));
    let later = ids(&with_table(&simulator, &table, "get", &[]).await.expect(0));
    let expected = [(1, BUILD_7), (4, BUILD_8)].map(|(id, shell_id)| (id, shell_id.to_owned()));
    assert_eq!(later, expected);
}
