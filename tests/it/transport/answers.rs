//! What an answer is taken for: a reply, a status, nothing to be trusted.

use super::*;

#[tokio::test]
async fn a_soap_answer_of_any_status_is_a_reply() {
    for status in [200, 400, 500] {
        let reply = answer_to(soap(status, ANSWER)).await.unwrap();
        assert_eq!(reply, Reply { status, body: ANSWER.into() });
    }
}

#[tokio::test]
async fn what_is_no_soap_is_quoted_with_its_status() {
    let page = "<html>\r\n<title>\u{1b}[2JNot here</title>";
    let html = |status| ResponseTemplate::new(status).set_body_raw(page, "text/html");
    for status in [200, 403, 404, 405, 500, 502] {
        let (shown, excerpt) = status_of(html(status)).await;
        assert_eq!(shown, status);
        assert!(excerpt.starts_with(r": <html> <title>\u{1b}[2JNot here"), "{excerpt}");
    }
    assert_eq!(status_of(ResponseTemplate::new(500)).await, (500, String::new()));
    assert_eq!(status_of(ResponseTemplate::new(200)).await, (200, ": empty response".into()));
    assert_eq!(status_of(soap(500, "")).await, (500, String::new()));
}

#[tokio::test]
async fn a_busy_server_says_when_to_come_again() {
    let busy = ResponseTemplate::new(503).insert_header("Retry-After", "7");
    match answer_to(busy).await.unwrap_err() {
        TransportError::Status { status: 503, retry_after, .. } => {
            assert_eq!(retry_after, Some(Duration::from_secs(7)));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let elsewhere = MockServer::start().await;
    let there = format!("{}/wsman", elsewhere.uri());
    for status in [301, 302, 307, 308] {
        let moved = ResponseTemplate::new(status).insert_header("Location", there.as_str());
        let (shown, excerpt) = status_of(moved).await;
        assert_eq!(shown, status);
        assert!(excerpt.contains(&there), "{excerpt}");
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_is_no_winrm_is_told_apart_before_any_proof() {
    for (status, kind) in [(200, "text/html"), (404, "text/html"), (405, "text/plain")] {
        let server =
            RawServer::start(move |_| Act::Answer(Response::new(status).body(kind, "It works!"))).await;
        let connector = bound(&server.url()).build().unwrap();
        match connector.connect().await.map(|_| ()).unwrap_err() {
            TransportError::Status { status: shown, excerpt, .. } => {
                assert_eq!((shown, excerpt.as_str()), (status, ": It works!"));
            }
            other => panic!("{other:?}"),
        }
        assert!(server.seen().iter().all(|seen| !lockout::is_proof(seen)));
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_lost_and_never_sent_again() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: 100\r\n\r\n<s:Env";
    for cut in [0, 20, half.len()] {
        let login = FakeNtlm::accepting();
        let server = RawServer::start(move |seen| {
            login.act(seen, |_| if cut == 0 { Act::Close } else { Act::Raw(half[..cut].to_vec()) })
        })
        .await;
        let connector = bound(&server.url()).build().unwrap();
        let mut connection = connector.connect().await.unwrap();
        let error = ask(connection.as_mut()).await.unwrap_err();
        assert!(matches!(error, TransportError::Lost { .. }), "{cut}: {error:?}");
        assert_eq!((server.accepts(), connector.logins()), (1, 1));
        let error = ask(connection.as_mut()).await.unwrap_err();
        assert!(error_chain(&error).contains("unusable"), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused_announced_or_not() {
    const OVER: usize = 2 * 1024 * 1024 + 1;
    let announced = Response::soap(200, &" ".repeat(OVER)).to_bytes();
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n\r\n";
    let streamed = [&head[..], &vec![b' '; OVER]].concat();
    for bytes in [announced, streamed] {
        let login = FakeNtlm::accepting();
        let server = RawServer::start(move |seen| login.act(seen, |_| Act::Raw(bytes.clone()))).await;
        let mut connection = connect(bound(&server.url())).await.unwrap();
        let error = ask(connection.as_mut()).await.unwrap_err();
        assert!(matches!(error, TransportError::TooLarge { limit, .. } if limit == OVER - 1), "{error:?}");
    }
}

#[tokio::test]
async fn no_answer_in_time_is_a_timeout() {
    let login = FakeNtlm::accepting();
    let server = RawServer::start(move |seen| login.act(seen, |_| Act::Hang)).await;
    let mut connection = connect(bound(&server.url())).await.unwrap();
    let limit = Duration::from_millis(50);
    let error = connection.exchange(ENVELOPE, limit).await.unwrap_err();
    assert!(matches!(error, TransportError::Timeout { after, .. } if after == limit), "{error:?}");
    assert!(!connection.is_usable());
}

#[tokio::test]
async fn probe_tells_what_is_offered_without_a_login() {
    let server = RawServer::start(|seen| {
        if seen.header("wsmanidentify") == Some("unauthenticated") {
            return Act::Answer(Response::soap(200, ANSWER).header("Server", "Microsoft-HTTPAPI/2.0"));
        }
        Act::Answer(
            Response::new(401).header("WWW-Authenticate", "Negotiate").header("WWW-Authenticate", "Kerberos"),
        )
    })
    .await;
    let reported = probe(&endpoint(&server.url()), &HttpOptions::default()).await.unwrap();
    assert_eq!(reported.identity_body.as_deref(), Some(ANSWER.as_bytes()));
    assert_eq!((reported.status, reported.challenges.to_string().as_str()), (200, "Negotiate, Kerberos"));
    assert_eq!(reported.server.as_deref(), Some("Microsoft-HTTPAPI/2.0"));

    let page = RawServer::start(|_| Act::Answer(Response::new(404).body("text/html", "nothing"))).await;
    let reported = probe(&endpoint(&page.url()), &HttpOptions::default()).await.unwrap();
    assert_eq!(
        (reported.status, reported.identity_body, reported.excerpt.as_str()),
        (404, None, ": nothing")
    );
}
