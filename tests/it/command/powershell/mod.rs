//! PowerShell's spelling end to end: the same work, told in PowerShell's manner.

mod errors;
mod reaching;
mod resolving;
#[cfg(target_os = "linux")]
mod should_process;
mod states;

use pssession::session::SessionDescriptor;

use super::{ALICE, BUILD_7, BUILD_8, left};
use crate::support::command::{Pssession, Run};
use crate::support::command_fixture::CommandFixture;

/// A host whose first two sessions the user has imported, as 1 and 2; the third was only listed, as 3.
async fn imported_fixture() -> CommandFixture {
    let fixture = CommandFixture::new().await;
    import(&fixture, BUILD_7, |session| session.shell_mut().name = Some("build-7".into()));
    import(&fixture, BUILD_8, |session| session.shell_mut().name = Some("build-8".into()));
    fixture.list().await;
    fixture
}

/// Puts a session on `Server01` into the table, which a person would have imported.
fn import(fixture: &CommandFixture, shell_id: &str, change: impl FnOnce(&mut SessionDescriptor)) {
    fixture.import(shell_id, |row| {
        row.session.computer_name = "Server01".into();
        change(&mut row.session);
    });
}

fn said(run: &Run) -> Vec<&str> {
    run.stderr.lines().collect()
}

#[tokio::test]
async fn the_first_example_of_the_help_page_closes_both_in_that_order_and_prints_nothing() {
    let fixture = imported_fixture().await;
    let run = fixture.run(&["Remove-PSSession", "-Id", "1,", "2", "-Confirm:$false"]).await.expect(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    assert_eq!(left(&fixture.simulator), [ALICE]);
}

#[tokio::test]
async fn what_if_prints_powershells_sentence_on_stdout_and_sends_nothing() {
    let fixture = imported_fixture().await;
    let run = fixture.run(&["remove-pssession", "-ComputerName", "Serv*", "-WhatIf"]).await.expect(0);
    let line = |session: &str| {
        format!("What if: Performing the operation \"Remove\" on target \"Server01\".\n  {session}\n")
    };
    let named = [
        line(&format!("build-7 {BUILD_7}, owner CONTOSO\\ci-runner, Disconnected")),
        line(&format!("build-8 {BUILD_8}, owner CONTOSO\\ci-runner, Opened")),
    ];
    assert_eq!(run.stdout, named.concat());
    assert_eq!(run.stderr, "");
    assert_eq!(fixture.simulator.connections(), 1);
}

#[tokio::test]
async fn objects_are_written_only_where_output_is_asked_for() {
    let fixture = imported_fixture().await;
    let run = fixture.run(&["rsn", "-Name", "build-7", "-wi", "--output", "ndjson"]).await.expect(0);
    assert_eq!(run.records()[0]["Outcome"], "WhatIf");
}

#[tokio::test]
async fn a_literal_miss_is_an_error_record_and_a_wildcard_miss_is_silent() {
    let fixture = imported_fixture().await;
    let run = fixture.run(&["rsn", "-Name", "nobody*"]).await.expect(0);
    assert_eq!(run.stderr, "");
    let run = fixture.run(&["rsn", "-Name", "nobody,build-7", "-Confirm:$false"]).await.expect(1);
    assert_eq!(said(&run), ["Remove-PSSession: no session has the name \"nobody\""]);
    assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn the_guard_does_not_care_how_it_was_spelt() {
    let fixture = imported_fixture().await;
    let run = fixture.run(&["rsn", "-Id", "3"]).await.expect(6);
    assert!(run.stderr.starts_with("Remove-PSSession: confirmation required"), "{}", run.stderr);
    assert!(run.stderr.contains("'-Confirm:$false'"), "{}", run.stderr);
    fixture.run(&["rsn", "-Id", "3", "-Confirm:$false"]).await.expect(0);
    assert_eq!(left(&fixture.simulator), [BUILD_7, BUILD_8]);
}

#[tokio::test]
async fn get_lists_what_is_remembered_or_asks_the_server_that_is_named() {
    let fixture = imported_fixture().await;
    let names = |run: &Run| -> Vec<String> {
        run.records().iter().map(|record| record["ShellId"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&fixture.run(&["Get-PSSession"]).await.expect(0)), [BUILD_7, BUILD_8]);
    assert_eq!(names(&fixture.run(&["gsn", "-Name", "*8"]).await.expect(0)), [BUILD_8]);
    let port = fixture.simulator.address().port().to_string();
    let args = ["gsn", "127.0.0.1", "-Port", &port, "-State", "Disconnected"];
    assert_eq!(names(&fixture.run(&args).await.expect(0)), [BUILD_7]);
    let run = fixture.run(&["gsn", "-Name", "nobody"]).await.expect(1);
    assert_eq!(said(&run), ["Get-PSSession: no session has the name \"nobody\""]);
}

#[tokio::test]
async fn objects_come_in_by_a_pipe() {
    let fixture = imported_fixture().await;
    let objects = fixture.run(&["gsn", "--output", "json"]).await.expect(0).stdout;
    let words = ["rsn", "-Session", "-", "-Confirm:$false"];
    fixture.command(&words).stdin(&objects).run().await.expect(0);
    assert_eq!(left(&fixture.simulator), [ALICE]);
}

#[tokio::test]
async fn what_has_no_effect_is_accepted_with_a_warning() {
    let fixture = imported_fixture().await;
    let run = fixture.run(&["rsn", "-Id", "1", "-WhatIf", "-OutVariable", "x"]).await.expect(0);
    assert_eq!(run.stderr, "WARNING: -OutVariable has no effect here\n");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_of_the_cmdlets_name_is_the_cmdlet() {
    let fixture = imported_fixture().await;
    for name in ["Remove-PSSession", "rsn"] {
        let link = fixture.folder().join(name);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_pssession"), &link).unwrap();
        let run = std::process::Command::new(&link)
            .args(["-Name", "build-*", "-WhatIf"])
            .env_clear()
            .env("PSSESSION_STORE", fixture.table())
            .output()
            .unwrap();
        let shown = String::from_utf8(run.stdout).unwrap();
        assert!(shown.starts_with("What if: Performing"), "{shown}");
    }
}

#[test]
fn a_question_mark_and_help_show_the_page_of_the_cmdlet() {
    for words in [&["rsn", "-?"][..], &["Remove-PSSession", "--help"], &["help", "REMOVE-pssession"]] {
        let run = Pssession::new(words).run_blocking().expect(0);
        assert!(run.stdout.starts_with("NAME\n    Remove-PSSession (rsn)"), "{}", run.stdout);
    }
    let run = Pssession::new(["help", "get-pssession"]).run_blocking().expect(0);
    assert!(run.stdout.starts_with("NAME\n    Get-PSSession (gsn)"), "{}", run.stdout);
}

#[test]
fn the_help_of_the_program_names_both_cmdlets() {
    for words in [["--help"], ["-h"], ["help"]] {
        let run = Pssession::new(words).run_blocking().expect(0);
        let line = run.stdout.lines().find(|line| line.contains("Remove-PSSession")).unwrap();
        assert!(line.contains("Get-PSSession"), "{line}");
    }
}
