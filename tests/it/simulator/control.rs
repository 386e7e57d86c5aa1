//! The control endpoint over HTTP: who may order, and what comes of it on the wire.

use std::net::{Ipv4Addr, SocketAddr};

use pssession::simulator::{Control, OperationKind, Simulator, World};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::net::TcpStream;

use super::wire::*;

async fn start() -> (Simulator, Control) {
    let simulator = Simulator::builder()
        .world(World::new("sim01"))
        .allow_basic()
        .allow_unencrypted()
        .start()
        .await
        .unwrap();
    let control = simulator.control(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    (simulator, control)
}

async fn order(
    control: &Control,
    token: Option<&str>,
    method: &str,
    path: &str,
    body: &[u8],
) -> (u16, Value) {
    let address = control.url().strip_prefix("http://").unwrap().to_owned();
    let mut wire = Wire::new(TcpStream::connect(address).await.unwrap());
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<_> = bearer.iter().map(|bearer| ("Authorization", bearer.as_str())).collect();
    let answer = wire.send(method, path, &headers, body).await.unwrap();
    assert_eq!(answer.header("content-type"), ["application/json"]);
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

#[tokio::test]
async fn without_the_token_nothing_is_told_or_done() {
    let (simulator, control) = start().await;
    let token = control.token().expose_secret().to_owned();
    let almost = format!("{}x", &token[..token.len() - 1]);
    for wrong in [None, Some(""), Some("x"), Some(almost.as_str()), Some(&token[1..])] {
        let (status, value) = order(&control, wrong, "POST", "/shells", b"{}").await;
        assert_eq!((status, value["ErrorId"].as_str()), (401, Some("Unauthorized")), "{wrong:?}");
    }
    assert!(simulator.world().lock().unwrap().shells().is_empty());
    assert_eq!(order(&control, Some(&token), "POST", "/shells", b"{}").await.0, 201);
    let (_kept, other) = start().await;
    assert_ne!(other.token().expose_secret(), token);
    assert_eq!(order(&other, Some(&token), "GET", "/shells", b"").await.0, 401);
}

#[tokio::test]
async fn what_was_asked_on_the_wire_is_in_the_log_and_an_ordered_fault_reaches_it() {
    let (simulator, control) = start().await;
    let token = control.token().expose_secret().to_owned();
    let fault = br#"{"Fault": "fault", "Operation": "Enumerate", "FaultCode": 1115}"#;
    assert_eq!(order(&control, Some(&token), "POST", "/faults", fault).await.0, 201);
    let login = super::http::basic(&simulator);
    let mut wire = Wire::new(TcpStream::connect(simulator.address()).await.unwrap());
    let answer = wire.post(&[("Authorization", login.as_str())], list().as_bytes()).await.unwrap();
    assert!(answer.text().contains("Code=\"1115\""));
    let (_, value) = order(&control, Some(&token), "GET", "/log", b"").await;
    let entry = &value["Log"][0];
    assert_eq!(entry["Operation"], OperationKind::Enumerate.name());
    assert_eq!(entry["User"], "CONTOSO\\admin");
    assert_eq!((entry["Sealed"].as_bool(), entry["FaultCode"].as_u64()), (Some(false), Some(1115)));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let (_simulator, control) = start().await;
    let token = control.token().expose_secret().to_owned();
    let (status, value) = order(&control, Some(&token), "POST", "/shells", &vec![b' '; 70_000]).await;
    assert_eq!((status, value["ErrorId"].as_str()), (413, Some("TooLarge")));
    let (status, value) = order(&control, Some(&token), "GET", "/", b"").await;
    assert_eq!((status, value["ErrorId"].as_str()), (404, Some("NoSuchOrder")));
}
