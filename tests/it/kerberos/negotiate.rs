//! SPNEGO with Kerberos in it: a ticket first, NTLM where there is none.

use serde_json::{Value, json};

use super::realm::{AES_SHA1, ANN, Realm};
use super::{assert_closed, bare, only, remove, service};

fn negotiate() -> Value {
    json!({"header": "Negotiate", "protocol": "negotiate"})
}

#[tokio::test]
async fn a_negotiation_takes_kerberos_where_there_is_a_ticket() {
    let Some(realm) = Realm::start() else { return };
    let ticket = realm.ticket("ann", AES_SHA1);
    for auth in ["negotiate", "auto"] {
        let Some(front) = service(&realm, negotiate()).await else { return };
        let run = remove(&front, &ticket, &["--auth", auth]).run().await;
        let reported = assert_closed(&run, &front);
        let login = only(&reported, "login");
        assert_eq!(login["principal"], ANN);
        assert!(login["round_trips"].as_u64().unwrap() <= 2, "{login}");
        assert_eq!(only(&reported, "sealed")["protocol"], "application/HTTP-SPNEGO-session-encrypted");
    }
}

#[tokio::test]
async fn auto_takes_the_bare_scheme_where_a_server_offers_only_that() {
    let Some(realm) = Realm::start() else { return };
    let ticket = realm.ticket("ann", AES_SHA1);
    let Some(front) = service(&realm, bare()).await else { return };
    let run = remove(&front, &ticket, &[]).run().await;
    let reported = assert_closed(&run, &front);
    let login = only(&reported, "login");
    assert_eq!(login["principal"], ANN);
    assert!(login["round_trips"].as_u64().unwrap() <= 3, "{login}");
}

#[tokio::test]
async fn a_password_does_where_there_is_no_ticket() {
    let Some(realm) = Realm::start() else { return };
    let users = realm.path("users");
    std::fs::write(&users, "LAB:carl:geheim\n").unwrap();
    let Some(front) = service(&realm, negotiate()).await else { return };
    let command =
        remove(&front, &realm.no_ticket(), &["--user", "LAB\\carl"]).env("PSSESSION_PASSWORD", "geheim");
    let reported = assert_closed(&command.run().await, &front);
    assert!(only(&reported, "login")["principal"].as_str().unwrap().contains("carl"), "{reported:?}");
}

#[tokio::test]
async fn without_a_ticket_and_without_a_password_it_is_a_password_that_is_missing() {
    let Some(realm) = Realm::start() else { return };
    let Some(front) = service(&realm, negotiate()).await else { return };
    let run = remove(&front, &realm.no_ticket(), &["--user", "ann"]).run().await.expect(2);
    assert!(run.stderr.contains("no password for ann"), "{}", run.stderr);
    let run = remove(&front, &realm.no_ticket(), &[]).run().await.expect(2);
    let told: serde_json::Value =
        serde_json::from_str(&run.stderr).unwrap_or_else(|_| panic!("{}", run.stderr));
    assert_eq!(told["Message"], "no user to log in as");
    assert!(told["Causes"].to_string().contains("ticket"), "{told}");
    assert!(front.reported().is_empty());
}
