//! The parameters for reaching servers, on both cmdlets, and what narrows a list.

use super::super::NOBODY;
use super::{ALICE, BUILD_7, BUILD_8, imported_fixture, left, said};
use crate::support::command::{Pssession, Run};
use crate::support::command_fixture::CommandFixture;

fn ids(run: &Run) -> Vec<String> {
    run.records().iter().map(|record| record["ShellId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn port_narrows_what_is_removed() {
    let fixture = imported_fixture().await;
    fixture.run(&["rsn", "-Name", "build-*", "-Port", "90", "-Confirm:$false"]).await.expect(0);
    assert_eq!(left(&fixture.simulator).len(), 3);
    let port = fixture.simulator.port().to_string();
    fixture.run(&["rsn", "-Name", "build-*", "-Port", &port, "-Confirm:$false"]).await.expect(0);
    assert_eq!(left(&fixture.simulator), [ALICE]);
}

#[tokio::test]
async fn connection_uri_asks_those_servers() {
    let fixture = CommandFixture::new().await;
    let uri = fixture.simulator.url();
    let words = ["rsn", "-Name", "build-7", "-ConnectionUri", &uri, "-Confirm:$false"];
    fixture.run(&words).await.expect(0);
    assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE]);
    assert_eq!(ids(&fixture.run(&["gsn", "-URI", &uri]).await.expect(0)), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn credential_and_authentication_say_who_logs_in_and_how() {
    let fixture = imported_fixture().await;
    let user = fixture.simulator.user();
    for scheme in ["Default", "Negotiate"] {
        let words = [
            "gsn",
            "-ConnectionUri",
            &fixture.simulator.url(),
            "-Credential",
            &user,
            "-Authentication",
            scheme,
        ];
        fixture.command(&words).without("PSSESSION_USER").run().await.expect(0);
    }
    let words = ["rsn", "1", "-Credential", "LAB\\nobody", "-Confirm:$false"];
    fixture.run(&words).await.expect(5);
    let words = ["rsn", "1", "-Authentication", "CredSSP", "-Confirm:$false"];
    let run = fixture.run(&words).await.expect(2);
    assert!(said(&run)[0].contains("-Authentication CredSSP is not supported"), "{}", run.stderr);
    let words = ["rsn", "1", "-Credential", &user, "-ThrottleLimit", "2", "-Confirm:$false"];
    fixture.command(&words).without("PSSESSION_USER").run().await.expect(0);
    assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn what_means_nothing_for_a_known_session_is_told() {
    let fixture = imported_fixture().await;
    let words = ["rsn", "1", "-UseSSL", "-ApplicationName", "wsman", "-WhatIf"];
    let run = fixture.run(&words).await.expect(0);
    let reported: Vec<_> =
        said(&run).iter().map(|line| line.split(" has no effect here: ").next().unwrap()).collect();
    assert_eq!(reported, ["WARNING: -ApplicationName", "WARNING: -UseSSL"]);
    let run = fixture.run(&[&words[..], &["--output", "json"]].concat()).await.expect(0);
    assert_eq!(run.stderr, "", "for a program there are errors alone");
}

#[tokio::test]
async fn a_computer_is_asked_at_its_port_and_path() {
    let fixture = CommandFixture::new().await;
    let port = fixture.simulator.port().to_string();
    let asked = ["gsn", "-ComputerName", "127.0.0.1", "-Port", &port, "-ApplicationName"];
    assert_eq!(
        ids(&fixture.run(&[&asked[..], &["wsman"]].concat()).await.expect(0)),
        [BUILD_7, BUILD_8, ALICE]
    );
    fixture.run(&[&asked[..], &["elsewhere"]].concat()).await.expect(1);
    let words = ["gsn", NOBODY, "-Port", &port];
    assert_ne!(fixture.run(&words).await.code, 0);
}

#[tokio::test]
async fn state_and_configuration_narrow_what_is_remembered_as_well() {
    let fixture = imported_fixture().await;
    assert_eq!(ids(&fixture.run(&["gsn", "-State", "Disconnected"]).await.expect(0)), [BUILD_7]);
    assert_eq!(ids(&fixture.run(&["gsn", "-State", "All"]).await.expect(0)), [BUILD_7, BUILD_8]);
    assert_eq!(ids(&fixture.run(&["gsn", "-Name", "*", "-State", "Opened"]).await.expect(0)), [BUILD_8]);
    assert_eq!(ids(&fixture.run(&["gsn", "-ConfigurationName", "Microsoft.*"]).await.expect(0)), [BUILD_7]);
    let run = fixture.run(&["gsn", "-State", "Closed", "--output", "table"]).await.expect(0);
    assert_eq!(run.stderr, "", "what finds nothing is silent");
    let run = fixture.run(&["gsn", "-State", "Closed", "-Verbose"]).await.expect(0);
    assert!(run.stderr.starts_with("VERBOSE: no session"), "{}", run.stderr);
}

#[test]
fn who_logs_in_is_asked_for_in_powershells_words() {
    let run = Pssession::new(["gsn", NOBODY]).run_blocking().expect(2);
    assert!(run.stderr.contains("hint: use -Credential USER"), "{}", run.stderr);
}
