//! `pssession replay`: a strict server on a port.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pssession::conformance::{Answer, Order, Replay, Scenario};

use crate::support::command::Pssession;
use crate::support::fixtures::{path, read};

struct Server {
    child: Child,
    reported: serde_json::Value,
}

impl Server {
    fn start(scenario: &str, more: &[&str]) -> Self {
        let dir = path(&format!("exchanges/{scenario}"));
        let args = ["replay", dir.to_str().unwrap(), "-o", "json"];
        let mut child = Pssession::new(args.iter().chain(more)).spawn();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, reported: serde_json::from_str(&line).unwrap() }
    }

    /// Posts with Basic, in clear; the status line and the body.
    fn post(&self, envelope: &[u8]) -> (u16, String) {
        let port = u16::try_from(self.reported["Port"].as_u64().unwrap()).unwrap();
        let pair = format!(
            "{}:{}",
            self.reported["User"].as_str().unwrap(),
            self.reported["Password"].as_str().unwrap()
        );
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let head = format!(
            "POST /wsman HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Basic {}\r\n\
             Content-Type: application/soap+xml;charset=UTF-8\r\nContent-Length: {}\r\n\r\n",
            BASE64.encode(pair),
            envelope.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(envelope).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// The exit code and what was said, once it has ended.
    fn end(self) -> (i32, String) {
        let done = self.child.wait_with_output().unwrap();
        (done.status.code().unwrap(), String::from_utf8(done.stderr).unwrap())
    }

    #[cfg(unix)]
    fn interrupt(self) -> (i32, String) {
        let pid = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.end()
    }
}

fn request(scenario: &str, number: u32) -> String {
    String::from_utf8(read(&format!("exchanges/{scenario}/{number:02}-request.xml"))).unwrap()
}

const SCENARIO: &str = "close-two-sessions";

#[tokio::test]
async fn a_folder_of_scenarios_is_refused_with_one_that_can_be_served() {
    let run = Pssession::new(["replay", path("exchanges").to_str().unwrap()]).run().await.expect(2);
    assert!(
        run.stderr.contains("the directory contains several scenarios; select one, such as "),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn our_own_client_closes_what_a_scenario_lists_against_the_replay() {
    let server = Server::start(SCENARIO, &["--until-done"]);
    let on = format!("127.0.0.1:{}", server.reported["Port"]);
    let run = Pssession::new(["remove", "--on", &on, "--all", "--yes", "-o", "ndjson"])
        .env("PSSESSION_USER", server.reported["User"].as_str().unwrap())
        .env("PSSESSION_PASSWORD", server.reported["Password"].as_str().unwrap());
    let run = run.run().await.expect(0);
    assert_eq!(run.records().iter().filter(|record| record["Outcome"] == "Closed").count(), 2);
    assert_eq!(server.end(), (0, "6 requests; all as recorded\n".to_owned()));
}

#[cfg(unix)] // A signal ends it.
#[test]
fn an_answer_relates_to_the_request_that_came_and_an_unexpected_one_gets_a_fault_and_a_difference() {
    let server = Server::start("get-then-gone", &[]);
    let asked = request("get-then-gone", 1).replace("00000000-0000-0000-0000-000000000001", "ABCD");
    let (status, body) = server.post(asked.as_bytes());
    assert_eq!(status, 200);
    assert!(body.contains("RelatesTo>uuid:ABCD<") && body.contains(">build-7<"), "{body}");
    let other = asked.replace("transfer/Get", "transfer/Delete");
    let (status, body) = server.post(other.as_bytes());
    assert_eq!(status, 500);
    assert!(body.contains("no exchange of the scenario expects this request") && body.contains("uuid:ABCD"));
    let (code, reported) = server.interrupt();
    assert_eq!(code, 9);
    for line in [
        "request 2 is not expected; the nearest is exchange 02:",
        "  - Action      http://schemas.xmlsoap.org/ws/2004/09/transfer/Get",
        "  + Action      http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete",
        "    Selector    ShellId = B6631D8E-65A0-49F2-9053-A1B156C95777",
        "2 requests; 1 unexpected; not requested: 02",
    ] {
        assert!(reported.lines().any(|shown| shown == line), "{line}: {reported}");
    }
}

#[test]
fn in_order_means_in_order() {
    let replay =
        |order| Replay::new(Scenario::open(path("exchanges/signal-and-delete")).unwrap(), order).unwrap();
    let (signal, delete) = (request("signal-and-delete", 1), request("signal-and-delete", 2));
    let number = |replay: &mut Replay, request: &str| match replay.answer(request.as_bytes()).unwrap() {
        Answer::Recorded { number, .. } => Some(number),
        _ => None,
    };
    let mut any = replay(Order::Any);
    let numbers = [&delete, &signal, &delete, &delete].map(|request| number(&mut any, request));
    assert_eq!(numbers, [Some(2), Some(1), Some(3), None], "each answer once");
    let mut strict = replay(Order::AsRecorded);
    let numbers = [&delete, &signal, &delete].map(|request| number(&mut strict, request));
    assert_eq!(numbers, [None, Some(1), Some(2)]);
    assert_eq!(strict.waiting().collect::<Vec<_>>(), [3]);
    assert_eq!(strict.unexpected()[0].nearest, Some(1));
}

#[test]
fn garbage_is_unexpected_and_changes_nothing() {
    let mut replay = Replay::new(Scenario::open(path("exchanges/identify")).unwrap(), Order::Any).unwrap();
    for garbage in [
        &b""[..],
        b"\xff\xfe",
        b"<a",
        b"<html/>",
        b"<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'/>",
    ] {
        assert!(matches!(replay.answer(garbage).unwrap(), Answer::Mismatch { .. }));
    }
    assert!(matches!(
        replay.answer(request("identify", 1).as_bytes()).unwrap(),
        Answer::Recorded { number: 1, .. }
    ));
    assert_eq!(replay.unexpected_count(), 5);
}

#[test]
fn an_answer_that_is_none_is_served_as_it_stands() {
    let scenario = Scenario::open(path("exchanges/malformed-answers")).unwrap();
    let mut replay = Replay::new(scenario.clone(), Order::AsRecorded).unwrap();
    for exchange in scenario.exchanges().map(Result::unwrap) {
        let expected = Answer::Recorded {
            number: exchange.number,
            status: exchange.status,
            body: exchange.response.unwrap(),
        };
        assert_eq!(replay.answer(exchange.request.as_bytes()).unwrap(), expected);
    }
    assert!(replay.is_fulfilled());
}

#[test]
fn a_scenario_that_changes_while_it_is_served_is_told() {
    let home = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(path("exchanges/identify")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), home.path().join(entry.file_name())).unwrap();
    }
    let mut replay = Replay::new(Scenario::open(home.path()).unwrap(), Order::Any).unwrap();
    std::fs::remove_file(home.path().join("01-response.xml")).unwrap();
    let error = replay.answer(request("identify", 1).as_bytes()).unwrap_err();
    assert!(error.to_string().contains("01-response.xml: "), "{error}");
}
