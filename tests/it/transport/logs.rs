//! Nothing secret reaches a log, at any level.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

#[tokio::test]
async fn logs_tell_of_logins_and_hold_no_secret() {
    let (logs, _guard) = Logs::capture();
    let login = FakeNtlm::accepting();
    let sealing = RawServer::start(move |seen| {
        login.act(seen, |seen| {
            let kind = seen.header("content-type").unwrap().to_owned();
            Act::Answer(Response::new(200).body(&kind, seen.body.clone()))
        })
    })
    .await;
    let connector = alone(endpoint(&sealing.url()))
        .login_gate(accepted().await)
        .random(|bytes| {
            bytes.fill(0xa7);
            Ok::<(), std::io::Error>(())
        })
        .build()
        .unwrap();
    let mut connection = connector.connect().await.unwrap();
    let failure = ask(connection.as_mut()).await.unwrap_err();

    let open = RawServer::start(|seen| with_basic(seen, |_| reported())).await;
    let plain = basic(&open.url()).build().unwrap();
    ask(plain.connect().await.unwrap().as_mut()).await.unwrap();

    let refusing = FakeNtlm::refusing();
    let refusing = RawServer::start(move |seen| refusing.act(seen, |_| reported())).await;
    let refused = connect(bound(&refusing.url())).await.map(|_| ()).unwrap_err();

    let logs = logs.text();
    assert!(
        logs.contains("logged in") && logs.contains("the login failed") && logs.contains("ann"),
        "{logs}"
    );
    let shown = format!("{logs} {connector:?} {plain:?} {failure:?} {refused:?} {}", error_chain(&refused));
    let mut secrets = vec!["hunter2".to_owned(), "a7a7a7".to_owned(), "167, 167".to_owned()];
    for seen in [sealing.seen(), open.seen(), refusing.seen()].concat() {
        if let Some(value) = seen.header("authorization") {
            let token = value.split_once(' ').unwrap().1;
            secrets.push(token.chars().take(30).collect());
            secrets.push(format!("{:?}", STANDARD.decode(token).unwrap()));
        }
    }
    assert!(secrets.len() > 10);
    for secret in secrets {
        assert!(!shown.contains(&secret), "{secret} in {shown}");
    }
}

/// A debugging page or a proxy may show the request that it got.
#[tokio::test]
async fn an_answer_that_echoes_the_login_is_quoted_without_it() {
    let (logs, _guard) = Logs::capture();
    let echo = |seen: &Seen| {
        let page = format!("you sent {}", seen.header("authorization").unwrap());
        Act::Answer(Response::new(404).body("text/plain", page.clone()).header("Location", page))
    };
    let at_login = RawServer::start(move |seen| match seen.header("authorization") {
        None => with_basic(seen, |_| reported()),
        Some(_) => echo(seen),
    })
    .await;
    let first = connect(basic(&at_login.url())).await.map(|_| ()).unwrap_err();
    for status in [404, 307] {
        let later = RawServer::start(move |seen| {
            with_basic(seen, |seen| {
                let page = format!("you sent {}", seen.header("authorization").unwrap());
                Act::Answer(Response::new(status).body("text/plain", page.clone()).header("Location", page))
            })
        })
        .await;
        let mut connection = connect(basic(&later.url())).await.unwrap();
        let second = ask(connection.as_mut()).await.unwrap_err();
        let shown = format!("{first} {first:?} {second} {second:?} {}", logs.text());
        assert!(shown.contains("you sent Basic *"), "{shown}");
        assert!(!shown.contains("YW5uOmh1bnRlcjI"), "{shown}");
    }
}

/// What is shown of an answer whose echo of the password is masked.
async fn shown_of(connection: Result<Box<dyn Connection>, TransportError>) -> String {
    let error = match connection {
        Err(error) => error,
        Ok(mut connection) => match ask(connection.as_mut()).await {
            Err(error) => error,
            Ok(reply) => return String::from_utf8(reply.body).unwrap(),
        },
    };
    format!("{} {error:?}", error_chain(&error))
}

#[tokio::test]
async fn an_echo_of_the_password_is_masked_wherever_it_comes_from() {
    let echo = "<s:Envelope>hunter2 and <ShellId>hunter2</ShellId> aHVudGVyMg==</s:Envelope>";
    let (sealing, clear) = (FakeNtlm::accepting(), FakeNtlm::accepting());
    let clear_error =
        RawServer::start(move |seen| sealing.act(seen, |_| Act::Answer(Response::soap(500, echo)))).await;
    let sealed = alone(endpoint(&clear_error.url())).login_gate(accepted().await);
    let shown = shown_of(connect(sealed).await).await;
    assert!(shown.contains("*** and ") && !shown.contains("hunter2") && !shown.contains("aHVu"), "{shown}");

    let namespaced = echo.replace("<s:Envelope", "<s:Envelope xmlns:s='urn:s'");
    let in_clear =
        RawServer::start(move |seen| clear.act(seen, |_| Act::Answer(Response::soap(200, &namespaced))))
            .await;
    let shown = shown_of(connect(bound(&in_clear.url())).await).await;
    // Only what goes back to the server is as it came.
    assert!(shown.contains("ShellId>hunter2</") && shown.contains("***"), "{shown}");
    assert_eq!((shown.matches("hunter2").count(), shown.contains("aHVu")), (1, false), "{shown}");

    let challenges =
        RawServer::start(|_| Act::Answer(Response::new(401).header("WWW-Authenticate", "hunter2"))).await;
    let shown = shown_of(connect(bound(&challenges.url())).await).await;
    assert!(shown.contains("the server offers ***") && !shown.contains("hunter2"), "{shown}");
}
