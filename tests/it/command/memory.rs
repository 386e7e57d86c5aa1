//! What the local table remembers can be looked at, closed and forgotten without naming a server again.

use std::time::SystemTime;

use pssession::ShellId;
use pssession::session::{SeenOn, SessionDescriptor, Transport};
use pssession::simulator::OperationKind;
use pssession::store::{Origin, RowMetadata, Store};
use pssession::wsman::Shell;
use secrecy::ExposeSecret as _;

use super::{ALICE, BUILD_7, BUILD_8, NOBODY, left};
use crate::support::command::{Pssession, Run};
use crate::support::command_fixture::CommandFixture;

/// Runs a command with no more than the password: who logs in is remembered.
async fn run_with_password_alone(fixture: &CommandFixture, args: &[&str]) -> Run {
    fixture.command(args).without("PSSESSION_USER").run().await
}

fn asked(fixture: &CommandFixture, kind: OperationKind) -> usize {
    let world = fixture.simulator.world();
    let world = world.lock().unwrap();
    world.count(kind)
}

fn ids(run: &Run) -> Vec<i64> {
    run.records().iter().map(|record| record["Id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_plain_get_says_where_the_sessions_are_that_were_only_listed() {
    let fixture = CommandFixture::listed().await;
    let run = fixture.run(&["get", "-o", "table"]).await.expect(0);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.contains("for 3 sessions that were only listed on a server, use --cached"),
        "{}",
        run.stderr
    );
    assert_eq!(ids(&fixture.run(&["get", "--cached"]).await.expect(0)), [1, 2, 3]);
    assert_eq!(ids(&fixture.run(&["get", "--id", "3,1"]).await.expect(0)), [3, 1]);
    assert_eq!(ids(&fixture.run(&["get", "--instance-id", BUILD_8]).await.expect(0)), [2]);
    assert_eq!(fixture.simulator.connections(), 1, "looking at the table asks no server");
}

#[tokio::test]
async fn an_empty_table_is_no_error_and_is_not_created_by_looking() {
    let fixture = CommandFixture::new().await;
    let run = fixture.run(&["get", "-o", "table"]).await.expect(0);
    assert!(
        run.stderr.contains("no session is known yet; list those of a server with `pssession get HOST`"),
        "{}",
        run.stderr
    );
    assert!(!fixture.table().exists());
}

#[tokio::test]
async fn a_listed_session_is_closed_later_with_its_number_and_the_password_alone() {
    let fixture = CommandFixture::listed().await;
    let run = run_with_password_alone(&fixture, &["remove", "--id", "1", "--yes"]).await.expect(0);
    assert_eq!(run.records()[0]["Outcome"], "Closed");
    assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE]);
    assert_eq!(ids(&fixture.run(&["get", "--cached"]).await.expect(0)), [2, 3]);
}

#[tokio::test]
async fn how_a_host_was_logged_in_on_is_still_known_after_a_removal_that_did_not_say_it() {
    let fixture = CommandFixture::new().await;
    fixture.run(&["get", "--on", &fixture.address(), "--auth", "ntlm"]).await.expect(0);
    run_with_password_alone(&fixture, &["remove", "--id", "1", "--yes"]).await.expect(0);
    let left = fixture.run(&["get", "--cached"]).await.expect(0).records();
    assert_eq!(left.iter().map(|row| row["Auth"].clone()).collect::<Vec<_>>(), ["ntlm", "ntlm"]);
}

#[tokio::test]
async fn what_if_on_the_table_sends_nothing_at_all() {
    let fixture = CommandFixture::listed().await;
    let run = run_with_password_alone(&fixture, &["remove", "--id", "1..2", "--what-if"]).await.expect(0);
    let outcomes: Vec<_> = run.records().iter().map(|record| record["Outcome"].clone()).collect();
    assert_eq!(outcomes, ["WhatIf", "WhatIf"]);
    assert_eq!(fixture.simulator.connections(), 1);
}

#[tokio::test]
async fn somebody_elses_listed_session_needs_a_yes_and_an_imported_one_is_the_users() {
    let fixture = CommandFixture::listed().await;
    let run = fixture.run(&["remove", "--id", "1"]).await.expect(6);
    assert!(run.stderr.contains("CONTOSO\\ci-runner"), "{}", run.stderr);
    fixture.import(BUILD_7, |_| ());
    fixture.run(&["remove", "--id", "1"]).await.expect(0);
    assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn all_means_opened_and_imported_sessions_and_cached_adds_the_listed_ones() {
    let fixture = CommandFixture::listed().await;
    fixture.run(&["remove", "--all", "--yes"]).await.expect(3);
    fixture.import(BUILD_7, |_| ());
    assert_eq!(ids(&fixture.run(&["remove", "--all", "--yes"]).await.expect(0)), [1]);
    assert_eq!(ids(&fixture.run(&["remove", "--all", "--cached", "--yes"]).await.expect(0)), [2, 3]);
    assert_eq!(left(&fixture.simulator), Vec::<String>::new());
}

#[tokio::test]
async fn an_imported_session_on_an_endpoint_that_nobody_knows_gets_no_handshake() {
    let fixture = CommandFixture::new().await;
    fixture.import(BUILD_7, |row| row.note.user = Some("LAB\\ada".into()));
    for yes in [&["--yes"][..], &[]] {
        let run = fixture.run(&[&["remove", "--id", "1"], yes].concat()).await.expect(6);
        assert!(run.stderr.contains("refusing to log in"), "{}", run.stderr);
        assert!(run.stderr.contains("--on HOST"), "{}", run.stderr);
    }
    assert_eq!(fixture.simulator.connections(), 0);
    // To name the server is to trust it.
    fixture.command(&["remove", "--on", &fixture.address(), "--id", "1"]).run().await.expect(0);
    assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn a_session_that_is_no_longer_what_was_asked_for_is_left_alone() {
    let fixture = CommandFixture::listed().await;
    fixture.simulator.world().lock().unwrap().shells_mut()[0].state = Some("Connected".to_owned());
    let run = fixture
        .run(&["remove", "--cached", "--state", "disconnected", "--yes", "-o", "table"])
        .await
        .expect(3);
    assert!(run.stderr.contains("skipping build-7 on 127.0.0.1"), "{}", run.stderr);
    assert_eq!(left(&fixture.simulator), [BUILD_7, BUILD_8, ALICE]);
}

#[tokio::test]
async fn a_session_that_is_gone_meanwhile_is_told_so_and_leaves_the_table() {
    let fixture = CommandFixture::listed().await;
    fixture.simulator.world().lock().unwrap().shells_mut().remove(0);
    let run = fixture.run(&["remove", "--id", "1", "--yes"]).await.expect(0);
    assert_eq!(run.records()[0]["Outcome"], "AlreadyGone");
    assert_eq!(asked(&fixture, OperationKind::Delete), 0);
    let run = fixture.run(&["remove", "--id", "1", "--yes"]).await.expect(3);
    assert!(run.stderr.contains("no session has the id \"1\""), "{}", run.stderr);
}

#[tokio::test]
async fn another_transport_fails_clearly_and_a_virtual_machine_behind_winrm_is_closed_there() {
    let fixture = CommandFixture::new().await;
    fixture.import(BUILD_7, |row| {
        row.session.computer_type = pssession::session::ComputerType::VirtualMachine;
        row.session.vm_name = "db".to_owned();
    });
    fixture.list().await;
    fixture.import_on("hyperv01", "0C2C5D0E-4B17-4B3C-8E0E-5C7A1D0B9AAA", |row| {
        row.session.transport = Transport::from_word("VMBus");
        row.session.computer_type = pssession::session::ComputerType::VirtualMachine;
        row.session.vm_name = "db".to_owned();
        row.session.endpoint_url = "".into();
    });
    let run = fixture.run(&["remove", "--vm-name", "D*", "--yes"]).await.expect(4);
    let reported: Vec<_> =
        run.records().iter().map(|r| (r["Outcome"].clone(), r["Reason"].clone())).collect();
    assert!(reported.contains(&("Closed".into(), serde_json::Value::Null)), "{reported:?}");
    assert!(
        reported.contains(&("Failed".into(), "transport VMBus is not WS-Management".into())),
        "{reported:?}"
    );
    assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn one_password_is_not_tried_as_that_of_two_accounts() {
    let fixture = CommandFixture::listed().await;
    fixture.import("A", |row| {
        row.session.endpoint_url = format!("http://{NOBODY}/wsman").into();
        row.note.user = Some("LAB\\eve".into());
    });
    Store::open(fixture.table())
        .unwrap()
        .add_opened(
            &SessionDescriptor::from_shell(
                Shell::new(ShellId::from_server("B"), ""),
                SeenOn { host: "127.0.0.1", url: &format!("http://{NOBODY}/wsman"), port: 1 },
                "LAB\\eve",
                SystemTime::now(),
            ),
            &RowMetadata { user: Some("LAB\\eve".into()), ..RowMetadata::new(Origin::Opened) },
        )
        .unwrap();
    let run = run_with_password_alone(&fixture, &["remove", "--all", "--cached", "--yes"]).await.expect(2);
    assert!(run.stderr.contains("one password cannot be used for several accounts:"), "{}", run.stderr);
    assert!(run.stderr.contains("--user"), "{}", run.stderr);
    assert_eq!(fixture.simulator.connections(), 1);
}

#[tokio::test]
async fn one_account_in_two_spellings_has_one_password() {
    let fixture = CommandFixture::new().await;
    let port = fixture.simulator.address().port();
    let user = fixture.simulator.user();
    let opened = [(BUILD_7, "127.0.0.1", user.to_uppercase()), (BUILD_8, "localhost", user.to_lowercase())];
    for (id, host, user) in &opened {
        let url = format!("http://{host}:{port}/wsman");
        let shell = Shell::new(ShellId::from_server(*id), "");
        let seen_on = SeenOn { host, url: &url, port };
        let session = SessionDescriptor::from_shell(shell, seen_on, user.as_str(), SystemTime::now());
        let note = RowMetadata { user: Some(user.clone().into()), ..RowMetadata::new(Origin::Opened) };
        Store::open(fixture.table()).unwrap().add_opened(&session, &note).unwrap();
    }
    let run = |password: String| {
        Pssession::new(["remove", "--all", "--yes"])
            .env("PSSESSION_PASSWORD", &password)
            .env("PSSESSION_STORE", fixture.table().to_str().unwrap())
            .run()
    };
    run("wrong".to_owned()).await.expect(5);
    assert_eq!(fixture.simulator.failed_logons(), 1);
    run(fixture.simulator.password().expose_secret().to_owned()).await.expect(0);
    assert_eq!(left(&fixture.simulator), [ALICE]);
}

#[tokio::test]
async fn forget_drops_rows_sends_nothing_and_leaves_the_sessions_alone() {
    let fixture = CommandFixture::listed().await;
    fixture.run(&["forget"]).await.expect(2);
    let run = fixture.run(&["forget", "--id", "2", "--what-if", "-o", "table"]).await.expect(0);
    assert!(run.stderr.contains("would forget 1 session"), "{}", run.stderr);
    let run = fixture.run(&["forget", "--id", "2,77", "-o", "table"]).await.expect(4);
    assert!(run.stderr.contains("forgot 1 session; nothing was sent"), "{}", run.stderr);
    assert_eq!(ids(&fixture.run(&["get", "--cached"]).await.expect(0)), [1, 3]);
    let run = fixture.run(&["forget", "--all", "-o", "table"]).await.expect(3);
    assert!(run.stderr.contains("--cached") && !run.stderr.contains("--on"), "{}", run.stderr);
    fixture.run(&["forget", "--all", "--cached"]).await.expect(0);
    assert_eq!(ids(&fixture.run(&["get", "--cached"]).await.expect(0)), Vec::<i64>::new());
    assert_eq!(left(&fixture.simulator), [BUILD_7, BUILD_8, ALICE]);
    assert_eq!(fixture.simulator.connections(), 1);
}

#[tokio::test]
async fn cached_and_servers_are_two_different_questions() {
    let fixture = CommandFixture::new().await;
    let run = fixture.run(&["get", "--cached", "--on", NOBODY]).await.expect(2);
    assert!(run.stderr.contains("remove one of them"), "{}", run.stderr);
}
