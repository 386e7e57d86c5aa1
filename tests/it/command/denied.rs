//! Hosts that do not let an account list, on which it may close its own sessions.

use pssession::simulator::{Account, InjectedFault, OperationKind, SimulatedShell, Simulator, World};
use secrecy::SecretString;

use super::{ALICE, BUILD_7, BUILD_8, left, on};
use crate::support::command_fixture::CommandFixture;

/// A host on which alice has a session and no right to list.
async fn host() -> Simulator {
    let mut world = World::new("web01");
    world.add(SimulatedShell::powershell(ALICE, "mine", r"CONTOSO\alice", "JEA"));
    world.add(SimulatedShell::powershell(BUILD_7, "theirs", r"CONTOSO\bob", "JEA"));
    let password = SecretString::from(uuid::Uuid::new_v4().to_string());
    let account = Account::user(r"CONTOSO\alice").without_listing();
    Simulator::builder().world(world).account(account, password).start().await.unwrap()
}

fn asked(simulator: &Simulator) -> Vec<OperationKind> {
    let world = simulator.world();
    let world = world.lock().unwrap();
    let commands = |kind: &OperationKind| *kind != OperationKind::EnumerateCommands;
    world.log().map(|entry| entry.kind).filter(commands).collect()
}

#[tokio::test]
async fn a_session_is_closed_by_its_instance_id_where_listing_is_denied() {
    let simulator = host().await;
    let id = ALICE.to_lowercase();
    let run = on(&simulator, "remove", &["--instance-id", &id, "--yes", "-o", "json"]).run().await.expect(0);
    assert!(run.stdout.contains(r#""Outcome": "Closed""#), "{}", run.stdout);
    assert_eq!(left(&simulator), [BUILD_7]);
    use OperationKind::{Delete, Enumerate, Get};
    assert_eq!(asked(&simulator), [Enumerate, Get, Delete, Get]);
}

#[tokio::test]
async fn the_denied_listing_is_one_warning() {
    let simulator = host().await;
    let run = on(&simulator, "remove", &["--instance-id", ALICE]).run().await.expect(0);
    assert_eq!(run.stderr.matches("cannot list").count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("warning: cannot list") && !run.stderr.contains("error:"), "{}", run.stderr);
}

#[tokio::test]
async fn get_shows_a_session_by_its_instance_id_where_listing_is_denied() {
    let simulator = host().await;
    let run = on(&simulator, "get", &["--instance-id", ALICE, "-o", "ndjson"]).run().await.expect(0);
    assert_eq!(run.records()[0]["ShellId"], ALICE);
    on(&simulator, "get", &[]).run().await.expect(4);
}

#[tokio::test]
async fn an_instance_id_that_a_get_does_not_find_is_a_miss() {
    let simulator = host().await;
    let run = on(&simulator, "remove", &["--instance-id", BUILD_8, "--yes"]).run().await.expect(3);
    assert!(run.stderr.contains(&BUILD_8.to_lowercase()), "{}", run.stderr);
    assert!(!run.stderr.contains("no session on"), "{}", run.stderr);
    let both = format!("{ALICE},{BUILD_8}");
    on(&simulator, "remove", &["--instance-id", &both, "--yes"]).run().await.expect(4);
    assert_eq!(left(&simulator), [BUILD_7]);
}

#[tokio::test]
async fn an_instance_id_without_an_answer_is_no_miss_and_nothing_is_deleted() {
    let simulator = host().await;
    simulator.world().lock().unwrap().inject(OperationKind::Get, usize::MAX, InjectedFault::Fault(5));
    let run = on(&simulator, "remove", &["--instance-id", ALICE, "--yes"]).run().await.expect(4);
    assert!(run.stderr.contains("cannot query"), "{}", run.stderr);
    assert!(!run.stderr.contains("no session"), "{}", run.stderr);
    assert_eq!(left(&simulator), [ALICE, BUILD_7]);
}

#[tokio::test]
async fn a_remembered_session_is_closed_by_its_id_where_listing_is_denied() {
    let fixture = CommandFixture::of(host().await);
    let address = fixture.address();
    let got = fixture.run(&["get", "--on", &address, "--instance-id", ALICE]).await.expect(0).records();
    let id = got[0]["Id"].to_string();
    let run = fixture.run(&["remove", "--id", &id, "--cached", "--yes"]).await.expect(0);
    assert_eq!(run.records()[0]["Outcome"], "Closed", "{}", run.stdout);
    assert_eq!(left(&fixture.simulator), [BUILD_7]);
}

#[tokio::test]
async fn an_object_is_closed_where_listing_is_denied_and_its_owner_is_learned_for_the_guard() {
    let fixture = CommandFixture::of(host().await);
    let object = |id: &str| format!(r#"{{"ComputerName":"{}","ShellId":"{id}"}}"#, fixture.address());
    let address = fixture.address();
    // The login was sent there before.
    fixture.run(&["get", "--on", &address, "--instance-id", ALICE]).await.expect(0);
    let words = ["remove", "--session", "-"];
    let run = fixture.pipe(&object(ALICE), &words).await.expect(0);
    assert_eq!(run.records()[0]["Outcome"], "Closed", "{}", run.stdout);
    let run = fixture.pipe(&object(ALICE), &[&words[..], &["--yes"]].concat()).await.expect(8);
    assert_eq!(run.records()[0]["Outcome"], "Unknown", "{}", run.stdout);
}
