//! What stands in the way of a ticket, each with its advice; whatever it is, no password is asked for.

use super::realm::{AES_SHA1, Realm};
use super::{bare, remove, service};

#[tokio::test]
async fn whatever_is_wrong_with_a_ticket_is_told_with_what_to_do() {
    let Some(realm) = Realm::start() else { return };
    let Some(front) = service(&realm, bare()).await else { return };
    let ticket = realm.ticket("ann", AES_SHA1);
    let (expired, skewed) = (realm.expired(&ticket), realm.skewed(&ticket, 7_200));
    let (lonely, nothing) = (realm.without_kdc(&ticket), realm.no_ticket());
    for (ticket, more, problem, hint) in [
        (&nothing, &[][..], "no ticket", "kinit"),
        (&ticket, &["--user", "bob"], "no ticket", "kinit"),
        (&ticket, &["--user", "OTHER\\ann"], "no ticket", "kinit"),
        (&expired, &[], "the ticket has expired", "kinit"),
        (&ticket, &["--spn", "HTTP/nobody.test"], "the KDC has no such service", "--spn"),
        (&ticket, &["--spn", "nothing"], "the KDC has no such service", "--spn"),
        (&ticket, &["--spn", "host"], "the server refused the ticket", "--spn"),
        (&skewed, &[], "the clocks differ too much", "synchronize the clocks"),
        (&lonely, &[], "cannot reach a KDC", "krb5.conf"),
    ] {
        let args = [&["--auth", "kerberos"], more].concat();
        let run = remove(&front, ticket, &args).run().await;
        assert_eq!(run.code, 1, "{problem} {more:?}: {}", run.stderr);
        assert!(run.stderr.contains(problem), "{problem} {more:?}: {}", run.stderr);
        assert!(run.stderr.contains(hint), "{hint} {more:?}: {}", run.stderr);
    }
    let logins: Vec<_> = front.reported().into_iter().filter(|event| event["event"] == "login").collect();
    assert!(logins.is_empty(), "{logins:?}");
}

#[tokio::test]
async fn what_is_no_service_principal_is_refused_before_anything_is_sent() {
    let Some(realm) = Realm::start() else { return };
    let Some(front) = service(&realm, bare()).await else { return };
    for spn in ["", "HTTP/", "/web01", "host@LAB.TEST", "HTTP/web01@", "HTTP/ web01"] {
        let run = remove(&front, &realm.no_ticket(), &["--spn", spn]).run().await.expect(2);
        assert!(run.stderr.contains("is not a service principal"), "{spn:?}: {}", run.stderr);
    }
    assert!(front.reported().is_empty());
}
