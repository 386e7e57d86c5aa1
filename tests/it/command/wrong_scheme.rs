//! TLS spoken to a port of plain HTTP, and plain HTTP to a port of TLS: each names the option and the usual port.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{host, leaked};
use crate::support::command::Pssession;
use crate::support::raw::{Act, RawServer, Response};
use crate::support::tls::{BOTH, TlsHost, self_signed};

const NOT_TLS: &str = "the server does not use TLS on this port";
const NOT_HTTP: &str = "the server does not use plain HTTP on this port";

/// `get`, `identify` and `identify --doctor`, each of which ends with 1.
async fn assert_reported(place: &str, tls: bool, reason: &str, advice: &[&str]) {
    let commands: [&[&str]; 3] =
        [&["get", "--on", place], &["identify", place], &["identify", place, "--doctor"]];
    for words in commands {
        let more: &[&str] = if tls { &["--tls"] } else { &[] };
        let run = Pssession::new([words, more].concat())
            .env("PSSESSION_USER", "ann")
            .env("PSSESSION_PASSWORD", "x");
        let run = run.run().await.expect(1);
        assert!(run.stderr.contains(reason), "{words:?}: {}", run.stderr);
        let hint = run.stderr.split("hint: ").nth(1).unwrap_or_default();
        for part in advice {
            assert!(hint.contains(part), "{part} in {words:?}: {}", run.stderr);
        }
        assert!(!hint.contains("quickconfig"), "{words:?}: {}", run.stderr);
    }
}

#[tokio::test]
async fn tls_to_a_port_of_plain_http_names_the_option_and_the_port() {
    let simulator = host(leaked()).await;
    let advice = ["remove --tls", "5986"];
    assert_reported(&simulator.address().to_string(), true, NOT_TLS, &advice).await;
    assert_eq!((simulator.handshakes(), simulator.failed_logons()), (0, 0));
    // http.sys answers a handshake in HTTP, and other services in words of their own.
    for answer in ["HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let server = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        assert_reported(&place, true, NOT_TLS, &advice).await;
        server.abort();
    }
}

#[tokio::test]
async fn plain_http_to_a_port_of_tls_names_the_option_and_the_port() {
    let leaf = self_signed(&["web01.lab"]);
    let host = TlsHost::start(leaked(), &leaf, leaf.acceptor(BOTH)).await;
    let advice = ["add --tls", "5985"];
    assert_reported(&host.address.to_string(), false, NOT_HTTP, &advice).await;
    assert_eq!((host.simulator.connections(), host.simulator.handshakes()), (0, 0));
}

#[tokio::test]
async fn a_web_page_is_no_matter_of_tls() {
    let server = RawServer::start(|_| Act::Answer(Response::new(404))).await;
    let run = Pssession::new(["identify", &server.address.to_string()]).run().await.expect(1);
    assert!(!run.stderr.contains(NOT_HTTP) && !run.stderr.contains("add --tls"), "{}", run.stderr);
}
