//! The simulator with a keytab: our own client and pypsrp, with tickets of a real KDC.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::realm::{AES_SHA1, Realm, Ticket};
use crate::support::command::{Pssession, Run};
use crate::support::front;
use crate::support::simulator_process::Running;

/// A simulator that takes tickets of this realm, whose administrator is ann.
pub(super) fn simulator(realm: &Realm, options: &[&str]) -> Running {
    let keytab = realm.path("server.keytab");
    let ours = ["--user", "LAB\\ann", "--trace", "--keytab", keytab.to_str().unwrap()];
    let command = Running::command(&[&ours, options].concat());
    Running::of(command.env("KRB5_CONFIG", realm.path("krb5.conf").to_str().unwrap()))
}

/// Runs a command on its shells with a ticket, and nothing else to log in with.
fn with_ticket(simulator: &Running, ticket: &Ticket, words: &[&str], options: &[&str]) -> Run {
    let host = simulator.text("Url").replace("127.0.0.1", "localhost");
    ticket.give(Pssession::new([words, &["--on", &host, "-o", "ndjson"], options].concat())).run_blocking()
}

/// What the control endpoint has as the log.
pub(super) fn log(simulator: &Running) -> Vec<Value> {
    let authority = simulator.text("Control").strip_prefix("http://").unwrap().trim_end_matches('/');
    let mut stream = TcpStream::connect(authority).unwrap();
    let token = simulator.text("Token");
    let head = format!("Host: {authority}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
    write!(stream, "GET /log HTTP/1.1\r\n{head}").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (_, body) = response.split_once("\r\n\r\n").unwrap();
    let log: Value = serde_json::from_str(body).unwrap();
    log["Log"].as_array().unwrap().clone()
}

fn reasons(simulator: &Running) -> Vec<Value> {
    log(simulator).iter().map(|entry| entry["Reason"].clone()).filter(|reason| !reason.is_null()).collect()
}

#[test]
fn our_client_lists_and_closes_with_a_ticket_and_every_body_is_sealed() {
    let Some(realm) = Realm::start() else { return };
    for (auth, encryption, protocol) in [
        ("kerberos", AES_SHA1, "Kerberos"),
        ("kerberos", "aes256-cts-hmac-sha384-192", "Kerberos"),
        ("negotiate", "aes128-cts-hmac-sha256-128", "Negotiate"),
        ("auto", AES_SHA1, "Negotiate"),
    ] {
        let ticket = realm.ticket("ann", encryption);
        let simulator = simulator(&realm, &[]);
        let login = ["--auth", auth];
        let listed = with_ticket(&simulator, &ticket, &["get"], &login).expect(0).records();
        assert_eq!(listed.len(), 3, "{auth}");
        let first = listed[0]["InstanceId"].as_str().unwrap();
        let closed = with_ticket(&simulator, &ticket, &["remove", "--instance-id", first, "--yes"], &login)
            .expect(0)
            .records();
        assert_eq!(closed[0]["Outcome"], "Closed", "{closed:?}");
        assert_eq!(with_ticket(&simulator, &ticket, &["get"], &login).expect(0).records().len(), 2);
        let entries = log(&simulator);
        for entry in &entries {
            assert_eq!((&entry["User"], &entry["Sealed"]), (&json!("LAB\\ann"), &json!(true)), "{entry}");
        }
        assert!(entries.iter().any(|entry| entry["Operation"] == "Delete"), "{entries:?}");
        let trace = simulator.end();
        assert!(trace.contains(&format!("Authorization: {protocol} with a token of ")), "{trace}");
    }
}

#[test]
fn pypsrp_opens_uses_and_closes_shells_with_a_ticket() {
    let Some(realm) = Realm::start() else { return };
    let Some(python) = front::python() else { return };
    let ticket = realm.ticket("ann", AES_SHA1);
    for auth in ["kerberos", "negotiate"] {
        let simulator = simulator(&realm, &[]);
        let output = Command::new(&python)
            .arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/interop/kerberos_client.py"))
            .args([&simulator.printed()["Port"].to_string(), auth])
            .env("KRB5_CONFIG", &ticket.settings)
            .env("KRB5CCNAME", format!("FILE:{}", ticket.cache.display()))
            .output()
            .unwrap();
        let entries = log(&simulator);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{auth}: {stderr}\n{entries:?}\n{}", simulator.end());
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said, json!({"whoami": "lab\\ann", "sum": ["2"]}));
        assert!(
            !entries.is_empty() && entries.iter().all(|entry| entry["Sealed"] == true),
            "{auth}: {entries:?}"
        );
        let deletes = entries.iter().filter(|entry| entry["Operation"] == "Delete").count();
        assert_eq!(deletes, 2, "{auth}: {entries:?}");
    }
}

#[test]
fn a_ticket_for_another_service_or_of_an_unknown_user_is_refused_with_a_reason_in_the_log() {
    let Some(realm) = Realm::start() else { return };
    for (user, options, expected) in
        [("ann", &["--spn", "host"][..], "host/localhost"), ("bob", &[], "the principal bob@LAB.TEST")]
    {
        for auth in ["kerberos", "negotiate"] {
            let ticket = realm.ticket(user, AES_SHA1);
            let simulator = simulator(&realm, &[]);
            let options = [&["--auth", auth], options].concat();
            let run = with_ticket(&simulator, &ticket, &["get"], &options);
            assert_ne!(run.code, 0, "{user} {auth}");
            assert_eq!(run.stdout, "", "{user} {auth}");
            let reasons = reasons(&simulator);
            let told = reasons.iter().any(|reason| reason.as_str().unwrap().contains(expected));
            assert!(told, "{user} {auth}: {reasons:?}");
            let offered = "WWW-Authenticate: Negotiate\n    WWW-Authenticate: Kerberos\n";
            let trace = simulator.end();
            assert!(trace.contains(offered), "{user} {auth}: {trace}");
        }
    }
}

#[test]
fn over_tls_a_ticket_is_bound_to_the_certificate() {
    let Some(realm) = Realm::start() else { return };
    let ticket = realm.ticket("ann", AES_SHA1);
    let simulator = simulator(&realm, &["--tls", "--extended-protection", "strict"]);
    let login = ["--ca-file", simulator.text("CaFile"), "--auth", "kerberos"];
    assert_eq!(with_ticket(&simulator, &ticket, &["get"], &login).expect(0).records().len(), 3);
}

#[test]
fn a_password_does_beside_a_keytab() {
    let Some(realm) = Realm::start() else { return };
    let simulator = simulator(&realm, &[]);
    for auth in ["ntlm", "negotiate"] {
        let listed = simulator.list(&["--auth", auth, "-o", "ndjson"]).run_blocking().expect(0).records();
        assert_eq!(listed.len(), 3, "{auth}");
    }
}

#[test]
fn a_keytab_that_is_not_there_is_an_error() {
    let run = Running::command(&["--keytab", "/nowhere/http.keytab"]).run_blocking().expect(2);
    assert!(run.stderr.contains("cannot use the keytab /nowhere/http.keytab"), "{}", run.stderr);
}
