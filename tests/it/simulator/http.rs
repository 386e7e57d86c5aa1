//! The simulator on a port: who may ask, on which connection, and in clear or not.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pssession::simulator::{
    Account, Caller, Handler, InjectedFault, OperationKind, Response, Simulator, World,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpStream;

use super::wire::*;

async fn connect(simulator: &Simulator) -> Wire<TcpStream> {
    Wire::new(TcpStream::connect(simulator.address()).await.unwrap())
}

async fn basic_simulator(shells: usize) -> Simulator {
    Simulator::builder()
        .world(World::with_shells(shells))
        .allow_basic()
        .allow_unencrypted()
        .start()
        .await
        .unwrap()
}

pub(super) fn basic<H>(simulator: &Simulator<H>) -> String {
    let pair = format!("{}:{}", simulator.user(), simulator.password().expose_secret());
    format!("Basic {}", BASE64.encode(pair))
}

const SOAP: (&str, &str) = ("Content-Type", "application/soap+xml;charset=UTF-8");

#[tokio::test]
async fn with_basic_shells_are_listed_signalled_and_deleted_over_http() {
    let simulator = basic_simulator(12).await;
    let login = basic(&simulator);
    let headers = [SOAP, ("Authorization", login.as_str())];
    let mut wire = connect(&simulator).await;
    let listed = wire.post(&headers, list().as_bytes()).await.unwrap();
    assert_eq!(listed.status, 200);
    assert_eq!(listed.text().matches("<rsp:Shell ").count(), 12);
    assert_eq!(listed.header("content-type"), ["application/soap+xml;charset=UTF-8"]);
    assert_eq!(listed.header("server"), ["Microsoft-HTTPAPI/2.0"]);
    let busy = simulator.world().lock().unwrap().shells()[1].clone();
    let command = &busy.commands[0].command_id;
    let code = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/terminate";
    let signalled = signal(&busy.shell_id, &busy.resource_uri, command, code);
    assert_eq!(wire.post(&headers, signalled.as_bytes()).await.unwrap().status, 200);
    let deleted = delete(&busy.shell_id, &busy.resource_uri);
    assert_eq!(wire.post(&headers, deleted.as_bytes()).await.unwrap().status, 200);
    assert_eq!(wire.post(&headers, deleted.as_bytes()).await.unwrap().status, 500);
    assert_eq!(simulator.world().lock().unwrap().shells().len(), 11);
    assert_eq!(simulator.connections(), 1);
}

/// PowerShell's own client says its version there.
#[tokio::test]
async fn a_query_behind_the_path_changes_nothing() {
    let simulator = basic_simulator(2).await;
    let login = basic(&simulator);
    let headers = [SOAP, ("Authorization", login.as_str())];
    let mut wire = connect(&simulator).await;
    let answer = wire.send("POST", "/wsman?PSVersion=7.6.9", &headers, list().as_bytes()).await.unwrap();
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn what_is_offered_depends_on_the_configuration() {
    let strict = Simulator::builder().start().await.unwrap();
    let refused = connect(&strict).await.post(&[SOAP], list().as_bytes()).await.unwrap();
    assert_eq!((refused.status, refused.body.len()), (401, 0));
    assert_eq!(refused.header("www-authenticate"), ["Negotiate"]);
    let lax = basic_simulator(0).await;
    let refused = connect(&lax).await.post(&[], b"").await.unwrap();
    assert_eq!(refused.header("www-authenticate"), ["Negotiate", "Basic realm=\"WSMAN\""]);
}

#[tokio::test]
async fn basic_is_refused_where_it_is_not_allowed_and_a_wrong_password_everywhere() {
    let strict = Simulator::builder().start().await.unwrap();
    let login = basic(&strict);
    let answer =
        connect(&strict).await.post(&[("Authorization", login.as_str())], list().as_bytes()).await.unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(strict.failed_logons(), 0);

    let lax = basic_simulator(0).await;
    let wrong = format!("Basic {}", BASE64.encode(format!("{}:guess", lax.user())));
    let answer =
        connect(&lax).await.post(&[("Authorization", wrong.as_str())], list().as_bytes()).await.unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(lax.failed_logons(), 1);
}

#[tokio::test]
async fn a_clear_body_is_answered_500_without_a_body_unless_it_is_allowed() {
    let simulator = Simulator::builder().allow_basic().start().await.unwrap();
    let login = basic(&simulator);
    let headers = [SOAP, ("Authorization", login.as_str())];
    let answer = connect(&simulator).await.post(&headers, list().as_bytes()).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (500, 0));
    let world = simulator.world();
    let world = world.lock().unwrap();
    let log: Vec<_> = world
        .log()
        .map(|entry| (entry.kind, entry.status, entry.reason.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(log, [(OperationKind::Login, 500, "sealed body expected, body in clear sent")]);
}

#[tokio::test]
async fn basic_holds_for_one_request_and_not_for_the_connection() {
    let simulator = basic_simulator(1).await;
    let login = basic(&simulator);
    let mut wire = connect(&simulator).await;
    let headers = [SOAP, ("Authorization", login.as_str())];
    assert_eq!(wire.post(&headers, list().as_bytes()).await.unwrap().status, 200);
    assert_eq!(wire.post(&[SOAP], list().as_bytes()).await.unwrap().status, 401);
}

#[tokio::test]
async fn identify_needs_no_login_if_it_says_so() {
    let simulator = Simulator::builder().start().await.unwrap();
    let mut wire = connect(&simulator).await;
    let anonymous = [SOAP, ("WSMANIDENTIFY", "unauthenticated")];
    let answer = wire.post(&anonymous, identify().as_bytes()).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("Stack: 3.0"));
    assert_eq!(wire.post(&[SOAP], identify().as_bytes()).await.unwrap().status, 401);
    assert_eq!(wire.post(&anonymous, list().as_bytes()).await.unwrap().status, 401);
}

#[tokio::test]
async fn another_path_is_not_found_and_another_method_not_allowed() {
    let simulator = Simulator::builder().start().await.unwrap();
    let mut wire = connect(&simulator).await;
    assert_eq!(wire.send("POST", "/", &[], b"").await.unwrap().status, 404);
    assert_eq!(wire.send("GET", "/wsman", &[], b"").await.unwrap().status, 405);
}

#[tokio::test]
async fn a_user_who_is_no_administrator_sees_his_own_shells_only() {
    let simulator = Simulator::builder()
        .world(World::with_shells(8))
        .account(Account::user("CONTOSO\\alice"), SecretString::from("apple"))
        .allow_basic()
        .allow_unencrypted()
        .start()
        .await
        .unwrap();
    let login = basic(&simulator);
    let headers = [SOAP, ("Authorization", login.as_str())];
    let listed = connect(&simulator).await.post(&headers, list().as_bytes()).await.unwrap();
    assert_eq!(listed.text().matches("<rsp:Shell ").count(), 1);
}

#[tokio::test]
async fn an_injected_fault_closes_the_connection_before_within_or_instead_of_the_answer() {
    for injected_fault in [InjectedFault::Drop, InjectedFault::DropAfter, InjectedFault::Truncate] {
        let simulator = basic_simulator(1).await;
        simulator.world().lock().unwrap().inject(OperationKind::Enumerate, 1, injected_fault);
        let login = basic(&simulator);
        let headers = [SOAP, ("Authorization", login.as_str())];
        let mut wire = connect(&simulator).await;
        assert!(wire.post(&headers, list().as_bytes()).await.is_none());
        assert_eq!(connect(&simulator).await.post(&headers, list().as_bytes()).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn an_injected_fault_answers_with_another_status_and_body() {
    let simulator = basic_simulator(1).await;
    let page = InjectedFault::Status(503, b"<html>busy</html>".to_vec());
    simulator.world().lock().unwrap().inject(OperationKind::Enumerate, 1, page);
    let login = basic(&simulator);
    let headers = [SOAP, ("Authorization", login.as_str())];
    let answer = connect(&simulator).await.post(&headers, list().as_bytes()).await.unwrap();
    assert_eq!((answer.status, answer.text()), (503, "<html>busy</html>"));
    assert_eq!(answer.header("content-type"), ["text/html"]);
}

#[tokio::test]
async fn the_password_is_drawn_anew_at_each_start_and_never_printed() {
    let (one, two) =
        (Simulator::builder().start().await.unwrap(), Simulator::builder().start().await.unwrap());
    let (first, second) = (one.password(), two.password());
    assert_ne!(first.expose_secret(), second.expose_secret());
    assert_eq!(first.expose_secret().len(), 26);
    assert!(!format!("{one:?}").contains(first.expose_secret()));
    assert!(one.address().ip().is_loopback());
    assert_ne!(one.port(), two.port());
}

#[tokio::test]
async fn closing_the_connections_leaves_the_port_open_and_dropping_the_simulator_does_not() {
    let simulator = basic_simulator(1).await;
    let address = simulator.address();
    let login = basic(&simulator);
    let headers = [SOAP, ("Authorization", login.as_str())];
    let mut wire = connect(&simulator).await;
    assert!(wire.post(&headers, list().as_bytes()).await.is_some());
    simulator.close_connections();
    assert!(wire.post(&headers, list().as_bytes()).await.is_none());
    let mut wire = connect(&simulator).await;
    assert!(wire.post(&headers, list().as_bytes()).await.is_some());
    drop(simulator);
    assert!(wire.post(&headers, list().as_bytes()).await.is_none());
    assert!(TcpStream::connect(address).await.is_err());
}

/// Answers every envelope by who sent it.
struct Echo {
    asked: usize,
}

impl Handler for Echo {
    fn handle(&mut self, caller: &Caller, request: &[u8], _now: Duration) -> Response {
        self.asked += 1;
        let user = caller.account.as_ref().map(Account::full_name).unwrap_or_default();
        Response::soap(
            200,
            format!("<SOAP-ENV:Envelope>{user} sent {} bytes</SOAP-ENV:Envelope>", request.len()),
        )
    }
}

#[tokio::test]
async fn another_handler_stands_behind_the_same_logins() {
    let builder = Simulator::builder().allow_basic().allow_unencrypted();
    let simulator = builder.handler(Echo { asked: 0 }).start().await.unwrap();
    let mut wire = Wire::new(TcpStream::connect(simulator.address()).await.unwrap());
    assert_eq!(wire.post(&[SOAP], b"<x/>").await.unwrap().status, 401);
    let login = basic(&simulator);
    let answer = wire.post(&[SOAP, ("Authorization", login.as_str())], b"<x/>").await.unwrap();
    assert_eq!(answer.text(), "<SOAP-ENV:Envelope>CONTOSO\\admin sent 4 bytes</SOAP-ENV:Envelope>");
    assert_eq!(answer.header("content-type"), ["application/soap+xml;charset=UTF-8"]);
    assert_eq!(simulator.handler().lock().unwrap().asked, 1);
}
