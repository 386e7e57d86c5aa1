//! `pssession.exe` with SSPI under Wine, whose Kerberos package has the tickets of this machine. Wine 8 cannot encrypt a
//! message in the layout of Windows and drops the binding to the certificate: neither is shown here.

use std::process::{Command, Stdio};

use serde_json::json;

use super::realm::{AES_SHA1, Realm, Ticket};
use super::simulated::{log, simulator};
use crate::support::command::Run;
use crate::support::simulator_process::Running;

/// Runs `pssession.exe` as whoever holds the ticket, and with nothing else to log in with.
fn with_logon(simulator: &Running, ticket: &Ticket, words: &[&str]) -> Run {
    let exe =
        std::env::var("PSSESSION_EXE").expect("PSSESSION_EXE names no pssession.exe: run `.ci/long sspi`");
    let host = simulator.text("Url").replace("127.0.0.1", "localhost");
    let table = tempfile::tempdir().unwrap();
    let output = Command::new("wine")
        .arg(exe)
        .args(words)
        .args(["--on", &host, "-o", "ndjson"])
        .env("PSSESSION_STORE", table.path().join("sessions.db"))
        .env("KRB5_CONFIG", &ticket.settings)
        .env("KRB5CCNAME", format!("FILE:{}", ticket.cache.display()))
        .env("USERDNSDOMAIN", "LAB.TEST")
        .env_remove("PSSESSION_USER")
        .env_remove("PSSESSION_PASSWORD")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run::from(output)
}

#[test]
#[ignore = "needs pssession.exe with SSPI, and Wine: .ci/long sspi"]
fn the_logon_lists_and_closes_over_https_and_no_user_is_named() {
    let Some(realm) = Realm::start() else { return };
    let ticket = realm.ticket("ann", AES_SHA1);
    for auth in ["kerberos", "negotiate", "auto"] {
        let simulator = simulator(&realm, &["--tls"]);
        let pin = simulator.text("CertificatePin").replace("127.0.0.1", "localhost");
        let login = ["--auth", auth, "--certificate-pin", &pin];
        let listed = with_logon(&simulator, &ticket, &[&["get"], &login[..]].concat()).expect(0).records();
        assert_eq!(listed.len(), 3, "{auth}");
        let first = listed[0]["InstanceId"].as_str().unwrap();
        let remove = [&["remove", "--instance-id", first, "--yes"], &login[..]].concat();
        assert_eq!(with_logon(&simulator, &ticket, &remove).expect(0).records()[0]["Outcome"], "Closed");
        let entries = log(&simulator);
        assert!(entries.iter().any(|entry| entry["Operation"] == "Delete"), "{entries:?}");
        assert!(entries.iter().all(|entry| entry["User"] == "LAB\\ann"), "{entries:?}");
    }
}

#[test]
#[ignore = "needs pssession.exe with SSPI, and Wine: .ci/long sspi"]
fn what_sspi_does_not_encrypt_is_not_sent_over_http() {
    let Some(realm) = Realm::start() else { return };
    let ticket = realm.ticket("ann", AES_SHA1);
    let simulator = simulator(&realm, &[]);
    let run = with_logon(&simulator, &ticket, &["get"]).expect(1);
    assert!(run.stderr.contains("the messages cannot be encrypted"), "{}", run.stderr);
    assert!(run.stderr.contains("use --tls"), "{}", run.stderr);
    assert_eq!(json!(log(&simulator)), json!([]));
}

#[test]
#[ignore = "needs pssession.exe with SSPI, and Wine: .ci/long sspi"]
fn a_logon_without_a_ticket_says_where_one_comes_from() {
    let Some(realm) = Realm::start() else { return };
    let simulator = simulator(&realm, &["--tls"]);
    let pin = simulator.text("CertificatePin").replace("127.0.0.1", "localhost");
    let get = |more: &[&str], code| {
        let words = [&["get", "--certificate-pin", &pin], more].concat();
        let run = with_logon(&simulator, &realm.no_ticket(), &words).expect(code);
        serde_json::from_str::<serde_json::Value>(&run.stderr).unwrap()
    };
    let told = get(&[], 2);
    assert_eq!(told["Message"], "no user to log in as");
    assert!(told["Causes"][0].as_str().unwrap().contains("ticket"), "{told}");
    assert!(told["Hint"].as_str().unwrap().contains("--user"), "{told}");
    let told = get(&["--auth", "kerberos"], 1);
    assert_eq!(told["Message"], "cannot log in with Kerberos");
    assert!(told["Hint"].as_str().unwrap().contains("log on"), "{told}");
}
