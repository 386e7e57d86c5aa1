//! The command through HTTP Basic, against an acceptor whose reading of the password is not ours: a whole teardown.

use serde_json::{Value, json};

use crate::command::{ALICE, leaked, left};
use crate::support::command::Pssession;
use crate::support::front::{Front, Identity};

/// Basic of RFC 7617, section 2, The 'Basic' Authentication Scheme: a colon may stand in a password, and UTF-8 in both.
const ACCOUNT: [&str; 2] = ["WEB01\\Ann", "Pä:ss w\u{f6}rd"];

async fn front(mut settings: Value) -> Option<Front> {
    settings["header"] = json!("Basic");
    settings["account"] = json!(ACCOUNT);
    Front::start(leaked(), settings, &[]).await
}

fn remove(front: &Front, password: &str, more: &[&str]) -> Pssession {
    let host = format!("localhost:{}", front.port());
    let args = ["remove", "--on", &host, "--owner", "*ci-runner", "--yes", "-o", "ndjson"];
    Pssession::new([&args, more].concat())
        .env("PSSESSION_USER", ACCOUNT[0])
        .env("PSSESSION_PASSWORD", password)
}

/// How often this happened.
fn count(reported: &[Value], kind: &str) -> usize {
    reported.iter().filter(|event| event["event"] == kind).count()
}

#[tokio::test]
async fn basic_closes_sessions_over_https_and_a_wrong_password_is_shown_once() {
    let folder = tempfile::tempdir().unwrap();
    let Identity { certificate, key, .. } = Identity::write(folder.path(), "server");
    let Some(front) = front(json!({"certificate": certificate, "key": key})).await else { return };
    let tls = ["--tls", "--ca-file", &certificate];
    // `auto` does not take it, also where nothing else is offered.
    let run = remove(&front, ACCOUNT[1], &tls).run().await.expect(1);
    assert!(run.stderr.contains("--auth basic"), "{}", run.stderr);
    assert!(front.reported().is_empty());
    let basic = [&tls[..], &["--auth", "basic"]].concat();
    let run = remove(&front, "wrong", &basic).run().await.expect(5);
    assert!(run.stderr.contains("refused the credential"), "{}", run.stderr);
    let reported = front.reported();
    assert_eq!((count(&reported, "login"), count(&reported, "failed")), (0, 1), "{reported:?}");
    let run = remove(&front, ACCOUNT[1], &basic).run().await.expect(0);
    let outcomes: Vec<_> = run.records().iter().map(|record| record["Outcome"].clone()).collect();
    assert_eq!(outcomes, ["Closed", "Closed"]);
    assert_eq!(left(&front.simulator), [ALICE]);
    let reported = front.reported();
    assert_eq!((count(&reported, "login"), count(&reported, "failed")), (1, 0), "{reported:?}");
}

#[tokio::test]
async fn basic_over_plain_http_shows_no_password_unless_that_is_asked_for() {
    let Some(front) = front(json!({})).await else { return };
    let run = remove(&front, ACCOUNT[1], &["--auth", "basic"]).run().await;
    assert!(run.code != 0 && run.stderr.contains("--dangerous-basic-over-http"), "{}", run.stderr);
    for auto in [&[][..], &["--dangerous-basic-over-http"]] {
        let run = remove(&front, ACCOUNT[1], auto).run().await;
        assert!(run.code != 0 && run.stderr.contains("--auth basic"), "{}", run.stderr);
    }
    assert!(front.reported().is_empty());
    remove(&front, ACCOUNT[1], &["--auth", "basic", "--dangerous-basic-over-http"]).run().await.expect(0);
    assert_eq!(left(&front.simulator), [ALICE]);
}
