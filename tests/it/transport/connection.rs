//! One connection per login, and what happens when it is gone.

use super::*;

#[tokio::test]
async fn requests_look_as_http_sys_likes_them() {
    let server = RawServer::start(|seen| with_basic(seen, |_| reported())).await;
    let mut connection = connect(basic(&server.url())).await.unwrap();
    ask(connection.as_mut()).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    let lengths: Vec<_> = seen.iter().map(|seen| seen.header("content-length").unwrap().to_owned()).collect();
    assert_eq!(lengths[0], "0");
    assert_eq!(lengths[2], ENVELOPE.len().to_string());
    for request in &seen {
        assert!(request.head.starts_with("POST /wsman HTTP/1.1\r\n"));
        assert!(request.head.contains("\r\nContent-Length: "), "{}", request.head);
        assert_eq!(request.header("accept-encoding"), Some("identity"));
        assert!(request.header("user-agent").unwrap().starts_with("pssession/"));
        assert_eq!(request.header("expect"), None);
        assert_eq!(request.header("transfer-encoding"), None);
    }
    assert_eq!(seen[2].header("content-type"), Some("application/soap+xml;charset=UTF-8"));
}

/// On two threads the pool's own connect often wins its race; the gate must see to it that it never counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_requests_stay_on_one_connection() {
    let login = FakeNtlm::accepting();
    let server = RawServer::start(move |seen| login.act(seen, |_| reported())).await;
    let connector = bound(&server.url()).build().unwrap();
    let mut connection = connector.connect().await.unwrap();
    for _ in 0..2000 {
        ask(connection.as_mut()).await.unwrap();
    }
    assert_eq!((server.accepts(), connector.logins()), (1, 1));
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_replaced_by_a_new_login() {
    let login = FakeNtlm::accepting();
    let server = RawServer::start(move |seen| {
        login.act(seen, |seen| {
            let third = seen.connection == 1 && seen.turn == 6;
            if third { Act::AnswerAndClose(Response::soap(200, ANSWER)) } else { reported() }
        })
    })
    .await;
    let connector = bound(&server.url()).build().unwrap();
    let mut connection = connector.connect().await.unwrap();
    for _ in 0..5 {
        ask(connection.as_mut()).await.unwrap();
    }
    assert_eq!((server.accepts(), connector.logins()), (2, 2));
    let served = server.seen().iter().filter(|seen| seen.body == ENVELOPE.as_bytes()).count();
    assert_eq!(served, 5, "no request was sent twice");
}

#[tokio::test]
async fn an_announced_close_is_not_waited_for() {
    let login = FakeNtlm::accepting();
    let server = RawServer::start(move |seen| {
        login.act(seen, |_| Act::AnswerAndClose(Response::soap(200, ANSWER).header("Connection", "close")))
    })
    .await;
    let connector = bound(&server.url()).build().unwrap();
    let mut connection = connector.connect().await.unwrap();
    let (logs, _guard) = Logs::capture();
    for _ in 0..3 {
        ask(connection.as_mut()).await.unwrap();
    }
    assert_eq!((server.accepts(), connector.logins()), (3, 3));
    assert_eq!(logs.text().matches("announced=true").count(), 2, "{}", logs.text());
}

#[tokio::test]
async fn a_401_in_mid_run_logs_in_again_once_and_only_once() {
    let login = Arc::new(FakeNtlm::accepting());
    let at_server = Arc::clone(&login);
    let server = RawServer::start(move |seen| at_server.act(seen, |_| reported())).await;
    let connector = bound(&server.url()).build().unwrap();
    let mut connection = connector.connect().await.unwrap();
    ask(connection.as_mut()).await.unwrap();
    login.forget(1);
    ask(connection.as_mut()).await.unwrap();
    assert_eq!((server.accepts(), connector.logins(), login.judged()), (2, 2, 2));
}

#[tokio::test]
async fn a_401_for_ever_is_this_hosts_refusal_after_one_new_login() {
    let login = Arc::new(FakeNtlm::accepting());
    let at_server = Arc::clone(&login);
    let server = RawServer::start(move |seen| at_server.act(seen, |_| Act::Answer(Response::new(401)))).await;
    let connector = bound(&server.url()).build().unwrap();
    let mut connection = connector.connect().await.unwrap();
    let error = ask(connection.as_mut()).await.unwrap_err();
    assert!(
        matches!(&error, TransportError::Auth { source: AuthError::NotAuthorized { user, .. }, .. } if user == "ann"),
        "{error:?}"
    );
    assert!(!pssession::Error::from(error).is_credential_refused());
    assert_eq!((connector.logins(), login.judged()), (2, 2));
    assert!(!connection.is_usable());
}

#[tokio::test]
async fn dropping_an_exchange_makes_the_connection_unusable() {
    let login = FakeNtlm::accepting();
    let arrived = Arc::new(tokio::sync::Notify::new());
    let tell = Arc::clone(&arrived);
    let server = RawServer::start(move |seen| {
        login.act(seen, |_| {
            tell.notify_one();
            Act::Hang
        })
    })
    .await;
    let mut connection = connect(bound(&server.url())).await.unwrap();
    assert!(connection.is_usable());
    tokio::select! {
        outcome = ask(connection.as_mut()) => panic!("{outcome:?}"),
        () = arrived.notified() => {}
    }
    assert!(!connection.is_usable());
    let error = ask(connection.as_mut()).await.unwrap_err();
    assert!(matches!(error, TransportError::Connect { .. }), "{error:?}");
    assert_eq!(server.accepts(), 1);
}

#[tokio::test]
async fn a_refused_connection_and_an_unknown_host_are_not_connected() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for url in [format!("http://{free}"), "http://nowhere.invalid:5985".to_owned()] {
        let connector = bound(&url).build().unwrap();
        let error = connector.connect().await.map(|_| ()).unwrap_err();
        assert!(matches!(error, TransportError::Connect { .. }), "{error:?}");
        assert!(error_chain(&error).contains(": "), "{error}");
    }
}

#[tokio::test]
async fn a_time_limit_may_be_as_long_as_one_likes() {
    let server = RawServer::start(|seen| with_basic(seen, |_| reported())).await;
    let options = HttpOptions::default()
        .with_security(Security { dangerous_basic_over_http: true, ..Security::default() })
        .with_connect_timeout(Duration::MAX)
        .with_login_timeout(Duration::MAX);
    ask(connect(basic(&server.url()).options(options.clone())).await.unwrap().as_mut()).await.unwrap();
    assert!(probe(&endpoint(&server.url()), &options).await.is_ok());
}

#[tokio::test]
async fn a_resolver_override_keeps_the_name_and_the_port_that_were_asked_for() {
    let server = RawServer::start(|seen| with_basic(seen, |_| reported())).await;
    let security = Security { dangerous_basic_over_http: true, ..Security::default() };
    let options = HttpOptions::default().with_security(security).with_resolve(server.address);
    let builder = alone(endpoint("web01.lab")).auth(AuthScheme::Basic);
    let mut connection = connect(builder.options(options)).await.unwrap();
    ask(connection.as_mut()).await.unwrap();
    assert!(server.seen().iter().all(|seen| seen.header("host") == Some("web01.lab:5985")));
}

/// Run by the next test, in a process whose environment names a proxy.
#[tokio::test]
async fn a_request_goes_straight_to_its_host() {
    let server = RawServer::start(|seen| with_basic(seen, |_| reported())).await;
    ask(connect(basic(&server.url())).await.unwrap().as_mut()).await.unwrap();
}

#[test]
fn an_environment_proxy_is_ignored() {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "transport::connection::a_request_goes_straight_to_its_host"])
        .env_remove("NO_PROXY");
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, "http://127.0.0.1:9");
    }
    let output = command.env_remove("no_proxy").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
