//! Kerberos against a real KDC and against acceptors that are not ours: the command, a ticket, a whole teardown.

mod binding;
mod failures;
mod negotiate;
mod realm;
mod simulated;
mod wine;

use std::path::Path;

use serde_json::{Value, json};

use self::realm::{AES_SHA1, ANN, Realm, Ticket};
use crate::command::{ALICE, leaked, left};
use crate::support::command::{Pssession, Run};
use crate::support::front::Front;

/// A service that takes tickets of this realm.
async fn service(realm: &Realm, settings: Value) -> Option<Front> {
    let file = |name: &str| realm.path(name);
    let (config, keytab, users) = (file("krb5.conf"), file("server.keytab"), file("users"));
    let environment: [(&str, &Path); 3] =
        [("KRB5_CONFIG", &config), ("KRB5_KTNAME", &keytab), ("NTLM_USER_FILE", &users)];
    Front::start(leaked(), settings, &environment).await
}

/// What the service speaks: tokens as they are, under their own word.
fn bare() -> Value {
    json!({"header": "Kerberos", "protocol": "kerberos"})
}

fn with(mut settings: Value, name: &str, value: impl Into<Value>) -> Value {
    settings[name] = value.into();
    settings
}

/// Removes what the CI account left there, with a ticket and nothing else to log in with.
fn remove(front: &Front, ticket: &Ticket, more: &[&str]) -> Pssession {
    let host = format!("localhost:{}", front.port());
    let args = ["remove", "--on", &host, "--owner", "*ci-runner", "--yes", "-o", "ndjson"];
    ticket.give(Pssession::new([&args, more].concat()))
}

/// Both sessions are closed, and what the service told of it is given back.
#[track_caller]
fn assert_closed(run: &Run, front: &Front) -> Vec<Value> {
    let reported = front.reported();
    assert_eq!(run.code, 0, "{}\n{reported:?}", run.stderr);
    let outcomes: Vec<_> = run.records().iter().map(|record| record["Outcome"].clone()).collect();
    assert_eq!(outcomes, ["Closed", "Closed"]);
    assert_eq!(left(&front.simulator), [ALICE]);
    assert!(!reported.iter().any(|event| event["event"] == "failed"), "{reported:?}");
    reported
}

fn only<'a>(reported: &'a [Value], kind: &str) -> &'a Value {
    let mut events = reported.iter().filter(|event| event["event"] == kind);
    let event = events.next().unwrap_or_else(|| panic!("no {kind}: {reported:?}"));
    assert!(events.next().is_none(), "more than one {kind}: {reported:?}");
    event
}

#[tokio::test]
async fn a_ticket_closes_sessions_over_http_and_every_body_is_sealed() {
    let Some(realm) = Realm::start() else { return };
    for (encryption, header) in
        [(AES_SHA1, 60), ("aes128-cts-hmac-sha256-128", 64), ("aes256-cts-hmac-sha384-192", 72)]
    {
        let ticket = realm.ticket("ann", encryption);
        let Some(front) = service(&realm, bare()).await else { return };
        let run = remove(&front, &ticket, &["--auth", "kerberos"]).run().await;
        let reported = assert_closed(&run, &front);
        let login = only(&reported, "login");
        assert_eq!(login["principal"], ANN);
        assert_eq!(login["delegated"], false);
        // The first request asks, as with any credential that has not proved itself; the ticket goes with the second.
        assert!(login["round_trips"].as_u64().unwrap() <= 2, "{login}");
        let sealed = only(&reported, "sealed");
        assert_eq!(sealed["header"], header, "{encryption}");
        assert_eq!(sealed["protocol"], "application/HTTP-Kerberos-session-encrypted");
    }
}

#[tokio::test]
async fn a_keytab_does_where_there_is_no_ticket_yet() {
    let Some(realm) = Realm::start() else { return };
    let Some(front) = service(&realm, bare()).await else { return };
    let keytab = realm.path("client.keytab");
    let command = remove(&front, &realm.no_ticket(), &["--auth", "kerberos"])
        .env("KRB5_CLIENT_KTNAME", keytab.to_str().unwrap());
    let reported = assert_closed(&command.run().await, &front);
    assert_eq!(only(&reported, "login")["principal"], ANN);
}

#[tokio::test]
async fn a_user_chooses_among_tickets_by_any_of_its_names() {
    let Some(realm) = Realm::start() else { return };
    let ticket = realm.ticket("ann", AES_SHA1);
    for user in ["ann", ANN, "ann@lab.test", "LAB\\Ann"] {
        let Some(front) = service(&realm, bare()).await else { return };
        let run = remove(&front, &ticket, &["--auth", "kerberos", "--user", user]).run().await;
        let reported = assert_closed(&run, &front);
        assert_eq!(only(&reported, "login")["principal"], ANN, "{user}");
    }
}

#[tokio::test]
async fn a_sealed_answer_that_is_altered_replayed_or_not_encrypted_is_refused() {
    let Some(realm) = Realm::start() else { return };
    let ticket = realm.ticket("ann", AES_SHA1);
    for injected_fault in ["alter", "replay", "sign"] {
        let Some(front) = service(&realm, with(bare(), "injected_fault", injected_fault)).await else {
            return;
        };
        let run = remove(&front, &ticket, &["--auth", "kerberos", "--session-deadline", "3s"]).run().await;
        assert_ne!(run.code, 0, "{injected_fault}");
        assert!(
            run.stderr.contains("signature of a sealed response is wrong"),
            "{injected_fault}: {}",
            run.stderr
        );
        assert!(!run.stdout.contains("Closed"), "{injected_fault}: {}", run.stdout);
    }
}
