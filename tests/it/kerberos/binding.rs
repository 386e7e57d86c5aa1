//! A login over HTTPS is bound to the server's certificate, and a strict acceptor takes no other.

use serde_json::Value;

use super::realm::{AES_SHA1, Realm};
use super::{assert_closed, bare, only, remove, service, with};
use crate::support::front::Identity;

fn identity(realm: &Realm, name: &str) -> Identity {
    Identity::write(&realm.path(""), name)
}

fn over_tls(identity: &Identity, binding: &str) -> Value {
    let settings = with(bare(), "certificate", identity.certificate.as_str());
    with(with(settings, "key", identity.key.as_str()), "binding", binding)
}

#[tokio::test]
async fn over_https_the_ticket_is_bound_to_the_certificate_and_nothing_is_sealed() {
    let Some(realm) = Realm::start() else { return };
    let ticket = realm.ticket("ann", AES_SHA1);
    let identity = identity(&realm, "server");
    let Some(front) = service(&realm, over_tls(&identity, &identity.binding)).await else { return };
    let args = ["--auth", "kerberos", "--tls", "--ca-file", &identity.certificate];
    let reported = assert_closed(&remove(&front, &ticket, &args).run().await, &front);
    let login = only(&reported, "login");
    assert_eq!(login["bound"], true);
    assert!(login["round_trips"].as_u64().unwrap() <= 2, "{login}");
    assert!(!reported.iter().any(|event| event["event"] == "sealed"), "{reported:?}");
}

#[tokio::test]
async fn a_ticket_that_is_bound_to_another_certificate_is_refused() {
    let Some(realm) = Realm::start() else { return };
    let ticket = realm.ticket("ann", AES_SHA1);
    let (identity, another) = (identity(&realm, "server"), identity(&realm, "another"));
    let Some(front) = service(&realm, over_tls(&identity, &another.binding)).await else { return };
    let args = ["--auth", "kerberos", "--tls", "--ca-file", &identity.certificate];
    let run = remove(&front, &ticket, &args).run().await.expect(1);
    assert!(run.stderr.contains("the server refused the ticket"), "{}", run.stderr);
    assert!(run.stderr.contains("ends the TLS connection"), "{}", run.stderr);
    let reported = front.reported();
    assert!(
        only(&reported, "failed")["message"].as_str().unwrap().contains("channel bindings"),
        "{reported:?}"
    );
}

#[tokio::test]
async fn a_strict_acceptor_refuses_a_ticket_that_is_not_bound() {
    let Some(realm) = Realm::start() else { return };
    let ticket = realm.ticket("ann", AES_SHA1);
    let binding = identity(&realm, "server").binding;
    let Some(front) = service(&realm, with(bare(), "binding", binding)).await else { return };
    let run = remove(&front, &ticket, &["--auth", "kerberos"]).run().await.expect(1);
    assert!(run.stderr.contains("the server refused the ticket"), "{}", run.stderr);
    let reported = front.reported();
    assert_eq!(only(&reported, "failed")["message"], "the login is not bound to the channel");
}
