//! The parameters for reaching servers, on both cmdlets, and what narrows a list.

use super::super::NOBODY;
use super::{ALICE, BUILD_7, BUILD_8, imported_desk, left, said};
use crate::support::command::{Pssession, Run};
use crate::support::command_fixture::CommandFixture;

fn ids(run: &Run) -> Vec<String> {
    run.records().iter().map(|record| record["ShellId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn port_narrows_what_is_removed() {
    let desk = imported_desk().await;
    desk.run(&["rsn", "-Name", "build-*", "-Port", "90", "-Confirm:$false"]).await.expect(0);
    assert_eq!(left(&desk.simulator).len(), 3);
    let port = desk.simulator.port().to_string();
    desk.run(&["rsn", "-Name", "build-*", "-Port", &port, "-Confirm:$false"]).await.expect(0);
    assert_eq!(left(&desk.simulator), [ALICE]);
}

#[tokio::test]
async fn connection_uri_asks_those_servers() {
    let desk = CommandFixture::new().await;
    let uri = desk.simulator.url();
    let words = ["rsn", "-Name", "build-7", "-ConnectionUri", &uri, "-Confirm:$false"];
    desk.run(&words).await.expect(0);
    assert_eq!(left(&desk.simulator), [BUILD_8, ALICE]);
    assert_eq!(ids(&desk.run(&["gsn", "-URI", &uri]).await.expect(0)), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn credential_and_authentication_say_who_logs_in_and_how() {
    let desk = imported_desk().await;
    let user = desk.simulator.user();
    for scheme in ["Default", "Negotiate"] {
        let words =
            ["gsn", "-ConnectionUri", &desk.simulator.url(), "-Credential", &user, "-Authentication", scheme];
        desk.command(&words).without("PSSESSION_USER").run().await.expect(0);
    }
    let words = ["rsn", "1", "-Credential", "LAB\\nobody", "-Confirm:$false"];
    desk.run(&words).await.expect(5);
    let words = ["rsn", "1", "-Authentication", "CredSSP", "-Confirm:$false"];
    let run = desk.run(&words).await.expect(2);
    assert!(said(&run)[0].contains("-Authentication CredSSP is not supported"), "{}", run.stderr);
    let words = ["rsn", "1", "-Credential", &user, "-ThrottleLimit", "2", "-Confirm:$false"];
    desk.command(&words).without("PSSESSION_USER").run().await.expect(0);
    assert_eq!(left(&desk.simulator), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn what_means_nothing_for_a_known_session_is_told() {
    let desk = imported_desk().await;
    let words = ["rsn", "1", "-UseSSL", "-ApplicationName", "wsman", "-WhatIf"];
    let run = desk.run(&words).await.expect(0);
    let told: Vec<_> =
        said(&run).iter().map(|line| line.split(" has no effect here: ").next().unwrap()).collect();
    assert_eq!(told, ["WARNING: -ApplicationName", "WARNING: -UseSSL"]);
    let run = desk.run(&[&words[..], &["--output", "json"]].concat()).await.expect(0);
    assert_eq!(run.stderr, "", "for a program there are errors alone");
}

#[tokio::test]
async fn a_computer_is_asked_at_its_port_and_path() {
    let desk = CommandFixture::new().await;
    let port = desk.simulator.port().to_string();
    let asked = ["gsn", "-ComputerName", "127.0.0.1", "-Port", &port, "-ApplicationName"];
    assert_eq!(ids(&desk.run(&[&asked[..], &["wsman"]].concat()).await.expect(0)), [BUILD_7, BUILD_8, ALICE]);
    desk.run(&[&asked[..], &["elsewhere"]].concat()).await.expect(1);
    let words = ["gsn", NOBODY, "-Port", &port];
    assert_ne!(desk.run(&words).await.code, 0);
}

#[tokio::test]
async fn state_and_configuration_narrow_what_is_remembered_as_well() {
    let desk = imported_desk().await;
    assert_eq!(ids(&desk.run(&["gsn", "-State", "Disconnected"]).await.expect(0)), [BUILD_7]);
    assert_eq!(ids(&desk.run(&["gsn", "-State", "All"]).await.expect(0)), [BUILD_7, BUILD_8]);
    assert_eq!(ids(&desk.run(&["gsn", "-Name", "*", "-State", "Opened"]).await.expect(0)), [BUILD_8]);
    assert_eq!(ids(&desk.run(&["gsn", "-ConfigurationName", "Microsoft.*"]).await.expect(0)), [BUILD_7]);
    let run = desk.run(&["gsn", "-State", "Closed", "--output", "table"]).await.expect(0);
    assert_eq!(run.stderr, "", "what finds nothing is silent");
    let run = desk.run(&["gsn", "-State", "Closed", "-Verbose"]).await.expect(0);
    assert!(run.stderr.starts_with("VERBOSE: no session"), "{}", run.stderr);
}

#[test]
fn who_logs_in_is_asked_for_in_powershells_words() {
    let run = Pssession::new(["gsn", NOBODY]).run_blocking().expect(2);
    assert!(run.stderr.contains("hint: use -Credential USER"), "{}", run.stderr);
}
