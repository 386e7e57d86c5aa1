//! Objects come in by a pipe or a file (`--session`): read to the end first, bound as sessions, and sent no credential
//! that nobody meant for them.

use pssession::simulator::OperationKind;
use serde_json::{Value, json};

use super::{ALICE, BUILD_7, BUILD_8, host, leaked, left};
use crate::support::command::{Pssession, Run};
use crate::support::command_fixture::CommandFixture;

async fn remove(fixture: &CommandFixture, text: &str) -> Run {
    fixture.pipe(text, &["remove", "--session", "-", "--yes"]).await
}

fn lines<'a>(objects: impl IntoIterator<Item = &'a Value>) -> String {
    objects.into_iter().map(|object| format!("{object}\n")).collect()
}

fn outcomes(run: &Run) -> Vec<(String, String)> {
    let text = |record: &Value, key: &str| record[key].as_str().unwrap_or_default().to_owned();
    run.records().iter().map(|record| (text(record, "ShellId"), text(record, "Outcome"))).collect()
}

fn closed(id: &str) -> (String, String) {
    (id.to_owned(), "Closed".to_owned())
}

#[tokio::test]
async fn what_get_prints_and_a_filter_lets_through_is_what_remove_closes() {
    let fixture = CommandFixture::new().await;
    let ci = |object: &&Value| object["Owner"].as_str().unwrap().ends_with("ci-runner");
    let listed = fixture.list().await;
    let run = remove(&fixture, &lines(listed.iter().filter(ci))).await.expect(0);
    assert_eq!(outcomes(&run), [closed(BUILD_7), closed(BUILD_8)]);
    assert_eq!(run.records()[0]["Origin"], "Listed");
    assert_eq!(left(&fixture.simulator), [ALICE]);
}

#[tokio::test]
async fn an_object_is_planned_once_at_its_first_place_and_its_shell_id_counts_more_than_its_id() {
    let fixture = CommandFixture::new().await;
    let mut listed = fixture.list().await;
    listed[0]["Id"] = json!(3);
    let run = remove(&fixture, &lines([&listed[1], &listed[0], &listed[1]])).await.expect(0);
    assert_eq!(outcomes(&run), [closed(BUILD_8), closed(BUILD_7)]);
    assert_eq!(left(&fixture.simulator), [ALICE]);
}

#[tokio::test]
async fn an_object_with_an_id_alone_names_a_row_of_the_table() {
    let fixture = CommandFixture::new().await;
    fixture.list().await;
    let run = remove(&fixture, "{\"Id\": 1}\n{\"Id\": 77}\n").await.expect(4);
    assert_eq!(outcomes(&run), [closed(BUILD_7)]);
    assert!(run.stderr.contains("\"77\""), "{}", run.stderr);
}

#[tokio::test]
async fn an_id_of_another_table_closes_nothing_here() {
    let fixture = CommandFixture::new().await;
    let own = fixture.list().await;
    for (key, value) in [("Name", "nightly"), ("ComputerName", "web99")] {
        let run = remove(&fixture, &json!({ "Id": 1, key: value }).to_string()).await.expect(2);
        assert!(
            run.stderr.contains("line 1: in the local table, Id 1 is build-7 on 127.0.0.1"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(value), "{}", run.stderr);
    }
    assert_eq!(left(&fixture.simulator), [BUILD_7, BUILD_8, ALICE]);
    let agreeing = json!({ "Id": 1, "Name": "BUILD-7", "ComputerName": own[0]["ComputerName"] });
    assert_eq!(outcomes(&remove(&fixture, &agreeing.to_string()).await.expect(0)), [closed(BUILD_7)]);
}

#[tokio::test]
async fn an_object_of_a_session_that_had_another_identity_closes_nothing() {
    let fixture = CommandFixture::new().await;
    for (key, value) in [("Owner", r"CONTOSO\mallory"), ("ClientIP", "192.0.2.7"), ("ResourceUri", "urn:x")] {
        let mut listed = fixture.list().await;
        listed[0][key] = json!(value);
        let run = remove(&fixture, &lines([&listed[0]])).await.expect(4);
        assert_eq!(run.records()[0]["Reason"], "identity changed", "{key}");
    }
    assert_eq!(left(&fixture.simulator), [BUILD_7, BUILD_8, ALICE]);
}

#[tokio::test]
async fn forget_tells_only_of_sessions_that_were_in_the_table() {
    let fixture = CommandFixture::new().await;
    let forget = ["forget", "--session", "-", "-o", "table"];
    let strange = json!({ "ShellId": "X", "ComputerName": "web99" });
    let run = fixture.pipe(&strange.to_string(), &forget).await.expect(3);
    assert!(
        run.stderr.contains("no session in the input is in the local table and matches"),
        "{}",
        run.stderr
    );
    let both = lines([&strange, &fixture.list().await[0]]);
    let run = fixture.pipe(&both, &forget).await.expect(0);
    assert!(run.stderr.contains("forgot 1 session;"), "{}", run.stderr);
    assert!(!run.stdout.contains("web99"), "{}", run.stdout);
}

#[tokio::test]
async fn what_an_object_says_of_its_computer_cannot_mislead_a_terminal_in_an_error() {
    let fixture = CommandFixture::new().await;
    let mut listed = fixture.list().await;
    listed[0]["ComputerName"] = json!("web\u{202e}10");
    listed[0]["Owner"] = json!("somebody else");
    for (format, shown) in [("table", r"`web\u{202e}10"), ("json", r"`web\u202e10")] {
        let args = ["remove", "--session", "-", "--yes", "-o", format];
        let run = fixture.pipe(&lines([&listed[0]]), &args).await.expect(4);
        assert!(run.stderr.contains(shown) && !run.stderr.contains('\u{202e}'), "{}", run.stderr);
    }
}

#[tokio::test]
async fn who_logs_in_and_how_is_not_for_a_pipe_to_say() {
    let fixture = CommandFixture::new().await;
    let address = fixture.simulator.address().to_string();
    let object = json!({
        "ShellId": BUILD_7,
        "Endpoint": format!("http://{address}/wsman"),
        "User": "CONTOSO\\Administrator",
        "Auth": "basic",
    });
    let args = ["remove", "--session", "-", "--yes", "--on", &address];
    let run = Pssession::new(args).env("PSSESSION_PASSWORD", "x").stdin(object.to_string()).run().await;
    let run = run.expect(2);
    assert!(run.stderr.contains("no user to log in as"), "{}", run.stderr);
    assert_eq!(fixture.simulator.connections(), 0);
    fixture.pipe(&object.to_string(), &args).await.expect(0);
    assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn an_object_that_names_no_place_is_found_in_the_table_by_its_instance_id() {
    let fixture = CommandFixture::new().await;
    let object = json!({ "InstanceId": BUILD_7.to_lowercase() }).to_string();
    let run = remove(&fixture, &object).await.expect(2);
    assert!(run.stderr.contains("has neither Endpoint nor ComputerName"), "{}", run.stderr);
    fixture.list().await;
    assert_eq!(outcomes(&remove(&fixture, &object).await.expect(0)), [closed(BUILD_7)]);
}

#[tokio::test]
async fn whoever_calls_a_session_star_does_not_choose_all_the_others() {
    let fixture = CommandFixture::new().await;
    fixture.list().await;
    for (id, name) in [(BUILD_7, "build-7"), (ALICE, "*")] {
        fixture.import(id, |row| row.session.shell_mut().name = Some(name.into()));
    }
    let run = remove(&fixture, r#"{"Name":"*"}"#).await.expect(0);
    assert_eq!(outcomes(&run), [closed(ALICE)]);
    // Where nothing is called that, it is the pattern that a person would mean.
    let run = remove(&fixture, r#"{"Name":"build-?"}"#).await.expect(0);
    assert_eq!(outcomes(&run), [closed(BUILD_7)]);
}

#[tokio::test]
async fn an_id_of_another_virtual_machine_is_not_taken_for_the_row_of_that_number() {
    let fixture = CommandFixture::new().await;
    fixture.list().await;
    let run = remove(&fixture, r#"{"Id":1,"VMName":"db"}"#).await.expect(2);
    assert!(run.stderr.contains("the object has the VMName \"db\""), "{}", run.stderr);
    assert_eq!(left(&fixture.simulator), [BUILD_7, BUILD_8, ALICE]);
}

#[tokio::test]
async fn input_that_breaks_off_sends_nothing() {
    let fixture = CommandFixture::new().await;
    let listed = fixture.list().await;
    let whole = lines(&listed);
    let run = remove(&fixture, &whole[..whole.len() - 40]).await.expect(2);
    assert!(run.stderr.contains("line 3"), "{}", run.stderr);
    assert!(run.stderr.contains("nothing was sent"), "{}", run.stderr);
    assert_eq!(fixture.simulator.connections(), 1);
    assert_eq!(left(&fixture.simulator), [BUILD_7, BUILD_8, ALICE]);
}

#[tokio::test]
async fn an_empty_pipe_is_a_success_in_which_nothing_happens() {
    let fixture = CommandFixture::new().await;
    for nothing in ["", "\n", "[]"] {
        let run = remove(&fixture, nothing).await.expect(0);
        assert_eq!(run.stdout, "");
    }
}

#[tokio::test]
async fn a_poisoned_line_gets_no_handshake_and_yes_does_not_change_that() {
    let fixture = CommandFixture::new().await;
    let trap = host(leaked()).await;
    let mut listed = fixture.list().await;
    listed[1]["Endpoint"] = json!(format!("http://{}/wsman", trap.address()));
    listed[1]["Port"] = json!(trap.address().port());
    let run = remove(&fixture, &lines(&listed)).await.expect(6);
    assert!(run.stderr.contains(&trap.address().to_string()), "{}", run.stderr);
    assert!(run.stderr.contains("--on HOST"), "{}", run.stderr);
    assert_eq!((trap.connections(), fixture.simulator.connections()), (0, 1));
    assert_eq!(left(&fixture.simulator), [BUILD_7, BUILD_8, ALICE]);
    // Without it the others are closed.
    remove(&fixture, &lines([&listed[0], &listed[2]])).await.expect(0);
    assert_eq!(left(&fixture.simulator), [BUILD_8]);
}

#[tokio::test]
async fn a_server_that_is_named_beside_the_objects_may_be_logged_in_on() {
    let fixture = CommandFixture::new().await;
    let address = fixture.simulator.address().to_string();
    let object = json!({ "ShellId": BUILD_7, "Endpoint": format!("http://{address}/wsman") }).to_string();
    remove(&fixture, &object).await.expect(6);
    let run = fixture.pipe(&object, &["remove", "--session", "-", "--on", &address, "--yes"]).await.expect(0);
    assert_eq!(outcomes(&run), [closed(BUILD_7)]);
    let world = fixture.simulator.world();
    assert_eq!(world.lock().unwrap().count(OperationKind::Delete), 1);
}

#[tokio::test]
async fn a_session_that_only_a_pipe_tells_of_is_not_taken_for_ones_own() {
    let fixture = CommandFixture::new().await;
    let address = fixture.simulator.address().to_string();
    let forged = json!({
        "ShellId": BUILD_7,
        "Endpoint": format!("http://{address}/wsman"),
        "Origin": "Opened",
        "SeenBy": "CONTOSO\\ci-runner",
        "Owner": "CONTOSO\\ci-runner",
    });
    let args = ["remove", "--session", "-", "--on", &address];
    let run = fixture.pipe(&forged.to_string(), &args).await.expect(6);
    assert!(run.stderr.contains("not yours (owner CONTOSO\\ci-runner)"), "{}", run.stderr);
    assert_eq!(left(&fixture.simulator), [BUILD_7, BUILD_8, ALICE]);
}

#[tokio::test]
async fn objects_can_be_narrowed_looked_at_and_forgotten_like_anything_else() {
    let fixture = CommandFixture::new().await;
    let text = lines(&fixture.list().await);
    let run =
        fixture.pipe(&text, &["get", "--session", "-", "--owner", "*alice", "-o", "name"]).await.expect(0);
    assert_eq!(run.stdout.trim(), ALICE);
    let run = fixture.pipe(&text, &["forget", "--session", "-", "--type", "cmd"]).await.expect(0);
    assert_eq!(run.records()[0]["ShellId"], BUILD_8);
    let args = ["get", "--cached", "-o", "name"];
    assert_eq!(fixture.pipe("", &args).await.expect(0).stdout.lines().count(), 2);
}

#[tokio::test]
async fn a_table_in_a_csv_that_was_edited_is_piped_back() {
    let fixture = CommandFixture::new().await;
    fixture.list().await;
    let csv = fixture.pipe("", &["get", "--cached", "-o", "csv"]).await.expect(0).stdout;
    let kept: Vec<&str> = csv.lines().filter(|line| !line.contains("alice")).collect();
    let edited = kept.join("\r\n");
    let run = remove(&fixture, &edited).await.expect(2);
    assert!(run.stderr.contains("line 3: the last line has no newline"), "{}", run.stderr);
    let run = remove(&fixture, &format!("{edited}\r\n")).await.expect(0);
    assert_eq!(outcomes(&run), [closed(BUILD_7), closed(BUILD_8)]);
}

#[tokio::test]
async fn stdin_is_read_by_one_option_alone() {
    let fixture = CommandFixture::new().await;
    let run =
        fixture.pipe("[]", &["remove", "--session", "-", "--password-file", "-", "--yes"]).await.expect(2);
    assert!(
        run.stderr.contains("stdin is used more than once: --session and --password-file"),
        "{}",
        run.stderr
    );
}
