//! Who is sent what, and how often.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[tokio::test]
async fn basic_is_never_sent_before_it_was_offered() {
    let server = RawServer::start(|_| {
        Act::Answer(Response::new(401).header("WWW-Authenticate", "Negotiate, Kerberos"))
    })
    .await;
    let error = connect(basic(&server.url())).await.map(|_| ()).unwrap_err();
    assert!(matches!(&error, TransportError::Auth { source: AuthError::NotOffered { .. }, .. }), "{error:?}");
    assert!(server.seen().iter().all(|seen| seen.header("authorization").is_none()));

    let server = RawServer::start(|seen| with_basic(seen, |_| reported())).await;
    connect(basic(&server.url())).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].header("authorization"), None);
    assert_eq!(seen[1].header("authorization"), Some("Basic YW5uOmh1bnRlcjI="));
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn a_further_connection_to_who_has_accepted_basic_costs_no_request_of_its_own() {
    let accepts = Arc::new(AtomicBool::new(true));
    let at_server = Arc::clone(&accepts);
    let refusal = || Act::Answer(Response::new(401).header("WWW-Authenticate", "Basic realm=\"WSMAN\""));
    let server = RawServer::start(move |seen| match at_server.load(Ordering::Relaxed) {
        true => with_basic(seen, |_| reported()),
        false => refusal(),
    })
    .await;
    let connector = basic(&server.url()).build().unwrap();
    let _first = connector.connect().await.unwrap();
    let before = server.seen().len();
    let mut further = connector.connect().await.unwrap();
    assert_eq!(server.seen().len(), before, "nothing is sent for the login alone");
    ask(further.as_mut()).await.unwrap();
    let last = server.seen().pop().unwrap();
    assert_eq!(last.header("authorization"), Some("Basic YW5uOmh1bnRlcjI="));
    assert_eq!((server.accepts(), server.seen().len()), (2, before + 1));
    assert_eq!(last.body, ENVELOPE.as_bytes());

    let mut third = connector.connect().await.unwrap();
    accepts.store(false, Ordering::Relaxed);
    for _ in 0..2 {
        assert!(ask(third.as_mut()).await.is_err());
    }
    assert!(connector.connect().await.is_err(), "a password that is refused here is not shown again");
    assert_eq!(server.seen().len(), before + 2);
}

#[tokio::test]
async fn basic_over_plain_http_is_refused_without_the_dangerous_switch() {
    let builder = HttpConnector::builder(endpoint("http://web01"), credential()).auth(AuthScheme::Basic);
    let error = builder.build().unwrap_err();
    assert!(matches!(&error, SetupError::Auth { source: AuthError::NotAllowed { .. }, .. }), "{error:?}");
}

#[tokio::test]
async fn auto_never_takes_basic_wherever_it_may() {
    let identity = tls::self_signed("web01.lab");
    for scheme in ["http", "https"] {
        let script =
            |_: &Seen| Act::Answer(Response::new(401).header("WWW-Authenticate", "Basic realm=\"WSMAN\""));
        let server = match scheme {
            "http" => RawServer::start(script).await,
            _ => RawServer::start_tls(identity.acceptor.clone(), script).await,
        };
        let security = Security {
            dangerous_basic_over_http: true,
            dangerous_skip_certificate_check: true,
            ..Security::default()
        };
        let options = HttpOptions::default().with_security(security).with_resolve(server.address);
        let auto = alone(endpoint(&format!("{scheme}://web01.lab"))).options(options).build().unwrap();
        let error = auto.connect().await.map(|_| ()).unwrap_err();
        let TransportError::Auth { source: AuthError::NotOffered { offered, wanted, .. }, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(offered, "Basic");
        assert!(wanted.contains("must be selected explicitly"), "{wanted}");
        let seen = server.seen();
        assert!(seen.iter().all(|seen| !seen.header("authorization").unwrap_or("").starts_with("Basic")));
        assert_eq!(seen.len(), 1, "its first token went out at once, and nothing else");
    }
}

#[tokio::test]
async fn a_clear_answer_to_a_sealed_request_is_refused_and_a_clear_error_only_quoted() {
    for (status, kind) in [(200, "application/soap+xml"), (500, "application/soap+xml"), (500, "text/html")] {
        let login = FakeNtlm::accepting();
        let server = RawServer::start(move |seen| {
            login.act(seen, |_| Act::Answer(Response::new(status).body(kind, ANSWER)))
        })
        .await;
        let connector = alone(endpoint(&server.url())).login_gate(accepted().await).build().unwrap();
        let mut connection = connector.connect().await.unwrap();
        let error = ask(connection.as_mut()).await.unwrap_err();
        match error {
            TransportError::Auth { source: AuthError::ClearAnswer, .. } => assert_eq!(status, 200),
            TransportError::Status { status: 500, excerpt, .. } => {
                assert_eq!((status, excerpt), (500, format!(": {ANSWER}")));
            }
            other => panic!("{other:?}"),
        }
        assert!(!connection.is_usable());
        let last = server.seen().pop().unwrap();
        assert!(last.header("content-type").unwrap().starts_with("multipart/encrypted;"));
        assert!(!String::from_utf8_lossy(&last.body).contains("Envelope"));
        assert_eq!(last.header("authorization"), None);
    }
}

#[tokio::test]
async fn a_forged_sealed_answer_is_refused() {
    let login = FakeNtlm::accepting();
    let server = RawServer::start(move |seen| {
        login.act(seen, |seen| {
            // The client's own message comes back: a replay in the wrong direction.
            let kind = seen.header("content-type").unwrap().to_owned();
            Act::Answer(Response::new(200).body(&kind, seen.body.clone()))
        })
    })
    .await;
    let connector = alone(endpoint(&server.url())).login_gate(accepted().await).build().unwrap();
    let mut connection = connector.connect().await.unwrap();
    let error = ask(connection.as_mut()).await.unwrap_err();
    assert!(matches!(error, TransportError::Auth { source: AuthError::BadSeal, .. }), "{error:?}");
}

#[tokio::test]
async fn a_wrong_password_on_three_hosts_is_one_failed_logon() {
    let login = Arc::new(FakeNtlm::refusing());
    let gate = LoginGate::new();
    let mut servers = Vec::new();
    for _ in 0..3 {
        let at_server = Arc::clone(&login);
        servers.push(RawServer::start(move |seen| at_server.act(seen, |_| reported())).await);
    }
    let connectors: Vec<_> = servers
        .iter()
        .map(|server| alone(endpoint(&server.url())).login_gate(gate.clone()).build().unwrap())
        .collect();
    let (one, two, three) =
        tokio::join!(connectors[0].connect(), connectors[1].connect(), connectors[2].connect());
    let errors: Vec<_> =
        [one, two, three].into_iter().map(|outcome| outcome.map(|_| ()).unwrap_err()).collect();
    assert_eq!(login.judged(), 1);
    let refused = |error: &&TransportError| {
        matches!(error, TransportError::Auth { source: AuthError::Refused { .. }, .. })
    };
    let spared = |error: &&TransportError| matches!(error, TransportError::CredentialRefused { .. });
    assert_eq!((errors.iter().filter(refused).count(), errors.iter().filter(spared).count()), (1, 2));

    let packets: usize = servers.iter().map(|server| server.seen().len()).sum();
    assert!(connectors[0].connect().await.is_err());
    assert_eq!(servers.iter().map(|server| server.seen().len()).sum::<usize>(), packets);
}

#[tokio::test]
async fn a_host_that_does_not_answer_holds_up_no_other_login() {
    let silent = RawServer::start(|_| Act::Hang).await;
    let login = FakeNtlm::accepting();
    let server = RawServer::start(move |seen| login.act(seen, |_| reported())).await;
    let gate = LoginGate::new();
    let stuck = bound(&silent.url()).login_gate(gate.clone()).build().unwrap();
    let good = bound(&server.url()).login_gate(gate).build().unwrap();
    tokio::select! {
        biased;
        _ = stuck.connect() => panic!("it cannot connect"),
        outcome = good.connect() => assert!(outcome.is_ok()),
    }
}

#[tokio::test]
async fn a_server_that_closes_after_its_offer_gets_the_login_on_a_new_connection() {
    for announced in [true, false] {
        let server = RawServer::start(move |seen| {
            let offer = Response::new(401).header("WWW-Authenticate", "Basic realm=\"WSMAN\"");
            match seen.connection {
                1 if announced => Act::AnswerAndClose(offer.header("Connection", "close")),
                1 => Act::AnswerAndClose(offer),
                _ => with_basic(seen, |_| reported()),
            }
        })
        .await;
        let connector = basic(&server.url()).build().unwrap();
        ask(connector.connect().await.unwrap().as_mut()).await.unwrap();
        assert_eq!((server.accepts(), connector.logins()), (2, 1));
    }
}

#[tokio::test]
async fn the_first_token_goes_out_at_once_and_only_an_unproven_login_is_followed_by_an_identify() {
    let login = FakeNtlm::accepting();
    let server = RawServer::start(move |seen| login.act(seen, |_| reported())).await;
    let connector = bound(&server.url()).build().unwrap();
    for requests in [3, 5] {
        connector.connect().await.unwrap();
        let seen = server.seen();
        assert_eq!(seen.len(), requests);
        assert!(seen[0].header("authorization").unwrap().starts_with("Negotiate TlRM"));
    }
}
