//! The wire against servers that misbehave in every way that we know of.

mod answers;
mod connection;
pub(crate) mod fleet;
mod lockout;
mod login;
mod logs;
mod sealed;
mod silence;
pub(crate) mod tls;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use pssession::auth::{AuthError, AuthScheme, Credential};
use pssession::error_chain;
use pssession::transport::{
    Connection, Connector, Endpoint, HttpConnector, HttpConnectorBuilder, HttpOptions, LoginGate, Reply,
    Security, SetupError, TransportError, probe,
};
use wiremock::matchers::{header, header_exists, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::logs::Logs;
use crate::support::ntlm::FakeNtlm;
use crate::support::raw::{Act, RawServer, Response, Seen};

const ENVELOPE: &str = "<s:Envelope>ask</s:Envelope>";
const ANSWER: &str = "<s:Envelope>told</s:Envelope>";
const LONG: Duration = Duration::from_secs(20);

/// One credential for all tests: what is known of it, each gate knows for itself.
fn credential() -> Credential {
    static ANN: LazyLock<Credential> = LazyLock::new(|| Credential::new("ann", "hunter2".to_owned().into()));
    ANN.clone()
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint::parse(url, false).unwrap()
}

/// A connector with a gate of its own: tests share a process, and what a server says in one is nobody else's business.
fn alone(endpoint: Endpoint) -> HttpConnectorBuilder {
    HttpConnector::builder(endpoint, credential()).login_gate(LoginGate::new())
}

/// Basic over plain HTTP.
fn basic(url: &str) -> HttpConnectorBuilder {
    let security = Security { dangerous_basic_over_http: true, ..Security::default() };
    alone(endpoint(url)).auth(AuthScheme::Basic).options(HttpOptions::default().with_security(security))
}

/// NTLM over plain HTTP without sealing: the login is bound to the connection.
fn bound(url: &str) -> HttpConnectorBuilder {
    let security = Security { dangerous_unencrypted: true, ..Security::default() };
    alone(endpoint(url)).auth(AuthScheme::Ntlm).options(HttpOptions::default().with_security(security))
}

/// A gate that knows that a server has accepted the credential, so that no other one needs to show it.
async fn accepted() -> LoginGate {
    let gate = LoginGate::new();
    let server = RawServer::start(|seen| with_basic(seen, |_| reported())).await;
    connect(basic(&server.url()).login_gate(gate.clone())).await.unwrap();
    gate
}

async fn connect(builder: HttpConnectorBuilder) -> Result<Box<dyn Connection>, TransportError> {
    builder.build().unwrap().connect().await
}

async fn ask(connection: &mut dyn Connection) -> Result<Reply, TransportError> {
    connection.exchange(ENVELOPE, LONG).await
}

fn reported() -> Act {
    Act::Answer(Response::soap(200, ANSWER))
}

/// Basic's part of a login: offers it, and lets everybody in who shows a password.
fn with_basic(seen: &Seen, serve: impl FnOnce(&Seen) -> Act) -> Act {
    if seen.header("authorization").is_none() {
        Act::Answer(Response::new(401).header("WWW-Authenticate", "Basic realm=\"WSMAN\""))
    } else if String::from_utf8_lossy(&seen.body).contains("Identify") {
        reported()
    } else {
        serve(seen)
    }
}

/// A wiremock server that knows Basic and answers `ENVELOPE` with `response`.
async fn soap_server(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/wsman"))
        .and(header_exists("authorization"))
        .and(|request: &wiremock::Request| request.body.ends_with(ENVELOPE.as_bytes()))
        .respond_with(response)
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(header("authorization", "Basic YW5uOmh1bnRlcjI="))
        .respond_with(soap(200, "<identified/>"))
        .with_priority(2)
        .mount(&server)
        .await;
    let offer = ResponseTemplate::new(401).insert_header("WWW-Authenticate", "Basic realm=\"WSMAN\"");
    Mock::given(method("POST")).respond_with(offer).with_priority(3).mount(&server).await;
    server
}

fn soap(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body, "application/soap+xml;charset=UTF-8")
}

async fn answer_to(response: ResponseTemplate) -> Result<Reply, TransportError> {
    let server = soap_server(response).await;
    let mut connection = connect(basic(&format!("{}/wsman", server.uri()))).await.unwrap();
    ask(connection.as_mut()).await
}

async fn status_of(response: ResponseTemplate) -> (u16, String) {
    match answer_to(response).await.unwrap_err() {
        TransportError::Status { status, excerpt, .. } => (status, excerpt),
        other => panic!("{other:?}"),
    }
}
