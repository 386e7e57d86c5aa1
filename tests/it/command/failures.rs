//! Servers, networks and passwords that misbehave: one clear error each, the documented exit code, nothing closed.

use pssession::simulator::{InjectedFault, OperationKind, World};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{ALICE, BUILD_7, BUILD_8, NOBODY, host, leaked, left, on};
use crate::support::command::{Pssession, Run};

async fn get_on(host: &str, more: &[&str]) -> Run {
    let args = [&["get", "--on", host, "--user", "alice"][..], more].concat();
    Pssession::new(args).env("PSSESSION_PASSWORD", "x").run().await
}

#[tokio::test]
async fn a_wrong_password_on_three_hosts_is_one_failed_logon() {
    let simulators = [host(leaked()).await, host(leaked()).await, host(leaked()).await];
    let hosts = simulators.each_ref().map(|simulator| simulator.address().to_string()).join(",");
    let run = Pssession::new(["remove", "--on", &hosts, "--all", "--yes"])
        .login(&simulators[0])
        .env("PSSESSION_PASSWORD", "wrong-Passw0rd");
    let run = run.run().await.expect(5);
    assert_eq!(simulators.iter().map(|simulator| simulator.failed_logons()).sum::<u64>(), 1);
    assert!(run.stderr.contains("refused"), "{}", run.stderr);
    assert!(!run.stderr.contains("wrong-Passw0rd"), "{}", run.stderr);
    assert!(simulators.iter().all(|simulator| left(simulator).len() == 3));
}

#[tokio::test]
async fn a_host_that_is_not_there_is_told_with_its_cause_and_a_hint() {
    let run = get_on(NOBODY, &[]).await.expect(1);
    assert!(run.stderr.contains("refused"), "{}", run.stderr);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    let run = get_on("no-such-host.invalid", &[]).await.expect(1);
    assert!(run.stderr.contains("no-such-host.invalid"), "{}", run.stderr);
}

#[tokio::test]
async fn one_host_missing_beside_others_is_partial() {
    let simulator = host(leaked()).await;
    let hosts = format!("{},{NOBODY}", simulator.address());
    let run = Pssession::new(["get", "--on", &hosts]).login(&simulator).run().await.expect(4);
    assert_eq!(run.records().len(), 3);
}

#[tokio::test]
async fn what_is_not_winrm_is_quoted_and_not_parsed() {
    for status in [200, 403, 404, 405] {
        let server = MockServer::start().await;
        let page = ResponseTemplate::new(status).set_body_raw("<html>Welcome to nginx", "text/html");
        Mock::given(any()).respond_with(page).mount(&server).await;
        let run = get_on(&server.address().to_string(), &[]).await.expect(1);
        assert!(run.stderr.contains(&format!("HTTP {status}")), "{}", run.stderr);
        assert!(run.stderr.contains("Welcome to nginx"), "{}", run.stderr);
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    }
}

#[tokio::test]
async fn tls_to_a_port_without_tls_is_told() {
    let simulator = host(leaked()).await;
    let run = get_on(&simulator.address().to_string(), &["--tls"]).await.expect(1);
    assert!(run.stderr.contains("cannot connect to https://"), "{}", run.stderr);
}

#[tokio::test]
async fn answers_that_cannot_be_trusted_close_nothing() {
    let rows = [
        (InjectedFault::WrongRelatesTo, "relates to"),
        (InjectedFault::Clear, "unencrypted"),
        (InjectedFault::Truncate, ""),
        (InjectedFault::Replace("<s:Envelope".into(), "<!DOCTYPE x><s:Envelope".into()), "DTD"),
        (InjectedFault::Replace("</s:Body>".into(), "</s:Bodx>".into()), "not well-formed"),
    ];
    for (injected_fault, said) in rows {
        let simulator = host(leaked()).await;
        simulator.world().lock().unwrap().inject(OperationKind::Enumerate, 99, injected_fault.clone());
        let run = on(&simulator, "remove", &["--all", "--yes"]).run().await;
        assert_eq!(run.code, 1, "{injected_fault:?}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{injected_fault:?}: {}", run.stderr);
        assert_eq!(left(&simulator), [BUILD_7, BUILD_8, ALICE]);
    }
}

#[tokio::test]
async fn a_listing_with_a_shell_that_cannot_be_read_is_not_acted_on() {
    let mut world = leaked();
    world.shells_mut()[2].undecodable = true;
    let simulator = host(world).await;
    let listed = on(&simulator, "get", &[]).run().await.expect(4);
    assert_eq!(listed.records().len(), 2, "the others are shown");
    let run = on(&simulator, "remove", &["--owner", "*ci-runner", "--yes"]).run().await.expect(4);
    assert!(run.records().iter().all(|r| r["Outcome"] == "Failed" && r["Reason"] == "listing incomplete"));
    assert_eq!(left(&simulator), [BUILD_7, BUILD_8, ALICE]);
}

#[tokio::test]
async fn access_denied_fails_that_session_and_not_the_others() {
    let simulator = host(leaked()).await;
    simulator.world().lock().unwrap().inject_for(OperationKind::Delete, BUILD_7, 99, InjectedFault::Fault(5));
    let run = on(&simulator, "remove", &["--owner", "*ci-runner", "--yes"]).run().await.expect(4);
    let records = run.records();
    assert_eq!((records[0]["Outcome"].as_str(), records[0]["FaultCode"].as_u64()), (Some("Failed"), Some(5)));
    assert_eq!(records[1]["Outcome"], "Closed");
    assert!(run.stderr.contains("pssession explain 5"), "{}", run.stderr);
    assert_eq!(left(&simulator), [BUILD_7, ALICE]);
}

#[tokio::test]
async fn no_secret_reaches_the_most_talkative_log() {
    let simulator = host(leaked()).await;
    use secrecy::ExposeSecret as _;
    let password = simulator.password().expose_secret().to_owned();
    let run =
        on(&simulator, "remove", &["--all", "--yes", "-vvv", "--log-format", "json"]).run().await.expect(0);
    assert!(run.stderr.contains("\"shell_id\""), "the log is silent:\n{}", run.stderr);
    assert!(!run.stderr.contains(&password));
    for token in ["TlRMTVNTUA", "Authorization", "authorization"] {
        assert!(!run.stderr.contains(token), "{token} in:\n{}", run.stderr);
    }
}

#[tokio::test]
async fn a_host_with_an_unreadable_shell_is_not_said_to_have_none() {
    let mut world = leaked();
    world.shells_mut().truncate(1);
    world.shells_mut()[0].undecodable = true;
    let simulator = host(world).await;
    for (verb, words) in [("get", &[][..]), ("get", &["--fail-if-none"]), ("remove", &["--all", "--yes"])] {
        let run = on(&simulator, verb, words).run().await.expect(4);
        assert!(run.stderr.contains("is incomplete"), "{}", run.stderr);
        assert!(!run.stderr.contains("no session on"), "{}", run.stderr);
    }
}

#[tokio::test]
async fn sessions_that_fail_alike_on_one_host_are_two_messages() {
    let simulator = host(World::with_shells(6)).await;
    simulator.world().lock().unwrap().inject(OperationKind::Delete, 99, InjectedFault::Fault(5));
    let run = on(&simulator, "remove", &["--all", "--yes", "-o", "table"]).run().await.expect(4);
    let address = simulator.address();
    let ids: Vec<&str> =
        run.stdout.lines().skip(1).map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    let (first, others) = ids.split_first().unwrap();
    assert!(run.stderr.contains(&format!("on `{address}`: Failed: access is denied")), "{}", run.stderr);
    assert!(run.stderr.contains("could not remove 5 more sessions on"), "{}", run.stderr);
    assert_eq!(run.stderr.matches("could not remove ").count(), 2, "{}", run.stderr);
    assert_eq!(run.stderr.matches("hint: ").count(), 1, "{}", run.stderr);
    for id in others {
        assert!(run.stderr.contains(id), "{id} of {first} and {others:?} in {}", run.stderr);
    }
}
