//! Servers that are silent, and how long that takes: in one connection, in one login.

use pssession::teardown::{Cancellation, Engine, Policy};
use tokio::time::Instant;

use super::*;
use crate::faults::clock;

#[test]
fn a_host_that_takes_connections_and_never_answers_costs_one_time_limit_once() {
    clock::run(|steps| async move {
        let server = RawServer::begin(None, steps, Arc::new(|_: &Seen| Act::Hang)).await;
        let engine = Engine::new(Policy::default());
        for scheme in [AuthScheme::Auto, AuthScheme::Ntlm, AuthScheme::Basic] {
            let before = server.accepts();
            let builder = basic(&server.url()).auth(scheme);
            let connector: Arc<dyn Connector> = Arc::new(builder.build().unwrap());
            let began = Instant::now();
            let survey = engine.survey(vec![connector], &Cancellation::new()).await;
            assert_eq!(began.elapsed().as_secs(), 15, "{scheme}");
            let Some(Err(pssession::Error::Transport(error))) = survey.hosts()[0].listing() else { panic!() };
            assert!(error.is_silence(), "{error:?}");
            assert!(
                error_chain(error).ends_with("no response to the login within 15s"),
                "{}",
                error_chain(error)
            );
            // Basic is preceded by two questions, on a connection each.
            assert_eq!(server.accepts() - before, if scheme == AuthScheme::Basic { 2 } else { 1 });
        }
        assert!(
            !server.seen().iter().any(|seen| seen.head.contains("Basic")),
            "a dead host sees no password"
        );
    });
}

#[test]
fn a_host_that_never_speaks_tls_costs_the_connect_timeout_once() {
    clock::run(|steps| async move {
        // It waits for an end of the request head that a TLS client never sends.
        let server = RawServer::begin(None, steps, Arc::new(|_: &Seen| Act::Hang)).await;
        let options = HttpOptions::default().with_resolve(server.address);
        let connector = alone(endpoint("https://web01.lab")).options(options).build().unwrap();
        let began = Instant::now();
        let connector: Arc<dyn Connector> = Arc::new(connector);
        let survey = Engine::new(Policy::default()).survey(vec![connector], &Cancellation::new()).await;
        assert_eq!(began.elapsed().as_secs(), 10);
        let Some(Err(pssession::Error::Transport(error))) = survey.hosts()[0].listing() else { panic!() };
        assert!(error.is_silence() && error.tls().is_none(), "{error:?}");
        assert_eq!(server.accepts(), 1);
    });
}

/// As OMI does it: no answer without `Authorization`, and all that it offers to the word alone.
fn like_omi(seen: &Seen) -> Act {
    match seen.header("authorization") {
        None => Act::Hang,
        Some("Negotiate") => Act::Answer(
            Response::new(401)
                .header("WWW-Authenticate", "Basic realm=\"WSMAN\"")
                .header("WWW-Authenticate", "Negotiate"),
        ),
        Some(_) => with_basic(seen, |_| reported()),
    }
}

#[test]
fn a_server_that_answers_nothing_without_authorization_is_asked_by_the_word_alone() {
    clock::run(|steps| async move {
        let server = RawServer::begin(None, steps, Arc::new(like_omi)).await;
        let connector = basic(&server.url()).build().unwrap();
        let began = Instant::now();
        ask(connector.connect().await.unwrap().as_mut()).await.unwrap();
        assert_eq!(began.elapsed().as_secs(), 2);
        let seen = server.seen();
        let words: Vec<_> = seen.iter().map(|seen| seen.header("authorization").unwrap_or("")).collect();
        assert_eq!(words[..3], ["", "Negotiate", "Basic YW5uOmh1bnRlcjI="]);
        assert_eq!((seen[1].connection, seen[2].connection), (2, 2));
        // What it offers is known by now.
        let began = Instant::now();
        ask(connector.connect().await.unwrap().as_mut()).await.unwrap();
        assert_eq!(began.elapsed().as_secs(), 0);
        let before = server.seen().len();
        let reported = probe(&endpoint(&server.url()), &HttpOptions::default()).await.unwrap();
        assert_eq!((reported.status, reported.challenges.to_string().as_str()), (401, "Basic, Negotiate"));
        assert_eq!(server.seen().len() - before, 2);
    });
}

#[test]
fn basic_asks_another_host_for_its_offer_although_the_credential_is_accepted() {
    clock::run(|steps| async move {
        let gate = LoginGate::new();
        let script: crate::support::raw::Script = Arc::new(|seen: &Seen| with_basic(seen, |_| reported()));
        for _ in 0..2 {
            let server = RawServer::begin(None, Arc::clone(&steps), Arc::clone(&script)).await;
            connect(basic(&server.url()).login_gate(gate.clone())).await.unwrap();
            assert_eq!(server.seen()[0].header("authorization"), None);
        }
    });
}
