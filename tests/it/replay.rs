//! Closing what a recording lists, against a server that answers only what was recorded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pssession::teardown::{Cancellation, Engine, Plan, Policy};
use pssession::transport::{BoxFuture, Connection, Connector, Endpoint, Reply, TransportError};

use super::support::fixtures::{assert_snapshot, read};
use super::support::recordings::{self, Exchange};
use super::teardown::outcomes;

/// What a request is looked up by: action, resource URI, and the ShellId of its selector (in header or filter).
type Key = (String, String, Option<String>);

/// A host that gives each recorded answer once, in the order of recording, and otherwise loses the connection.
struct Replay {
    endpoint: Endpoint,
    answers: Arc<Mutex<HashMap<Key, Vec<Reply>>>>,
    sent: Arc<Mutex<Vec<String>>>,
}

struct ReplayConnection {
    url: String,
    answers: Arc<Mutex<HashMap<Key, Vec<Reply>>>>,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Replay {
    fn of(exchanges: &[Exchange]) -> Self {
        let mut answers: HashMap<Key, Vec<Reply>> = HashMap::new();
        for exchange in exchanges.iter().rev() {
            let Some(response) = &exchange.response else { continue };
            let reply = Reply { status: exchange.status, body: response.clone().into_bytes() };
            answers.entry(key(&exchange.request)).or_default().push(reply);
        }
        let endpoint = Endpoint::parse("http://win01.example.com:5985/wsman", false).unwrap();
        Self { endpoint, answers: Arc::new(Mutex::new(answers)), sent: Arc::default() }
    }
}

impl Connector for Replay {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn user(&self) -> &str {
        "vagrant"
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>> {
        let connection = ReplayConnection {
            url: self.endpoint.url().to_owned(),
            answers: Arc::clone(&self.answers),
            sent: Arc::clone(&self.sent),
        };
        Box::pin(async move { Ok(Box::new(connection) as Box<dyn Connection>) })
    }
}

impl Connection for ReplayConnection {
    fn exchange<'a>(
        &'a mut self,
        envelope: &'a str,
        _read_timeout: Duration,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        self.sent.lock().unwrap().push(envelope.to_owned());
        let reply = self.answers.lock().unwrap().get_mut(&key(envelope)).and_then(Vec::pop);
        let url = self.url.clone();
        Box::pin(async move {
            let Some(reply) = reply else {
                let source = Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
                return Err(TransportError::Lost { endpoint: url, source });
            };
            let body = relate(&String::from_utf8(reply.body).unwrap(), envelope);
            Ok(Reply { body: body.into_bytes(), ..reply })
        })
    }
}

/// The recorded answer, as if it had been given to this request.
fn relate(response: &str, request: &str) -> String {
    let recorded = element(response, "RelatesTo").unwrap();
    response.replace(&recorded, &element(request, "MessageID").unwrap())
}

fn key(envelope: &str) -> Key {
    let selector = envelope.split_once("Name=\"ShellId\"").map(|(_, rest)| {
        let (_, value) = rest.split_once('>').unwrap();
        value.split_once('<').unwrap().0.to_ascii_uppercase()
    });
    (element(envelope, "Action").unwrap(), element(envelope, "ResourceURI").unwrap(), selector)
}

/// The text of the first element with this local name, whatever its prefix.
fn element(envelope: &str, local: &str) -> Option<String> {
    let mut at = envelope;
    loop {
        let (_, rest) = at.split_once('<')?;
        let end = rest.find(|c: char| c == '>' || c.is_whitespace())?;
        let name = rest[..end].rsplit(':').next()?;
        if name == local && !rest.starts_with('/') {
            return Some(rest.split_once('>')?.1.split_once('<')?.0.to_owned());
        }
        at = rest;
    }
}

/// Closes everything that `exchanges` list; how many sessions that is, and how they ended.
async fn close(exchanges: &[Exchange]) -> (usize, Vec<String>) {
    run(Arc::new(Replay::of(exchanges))).await
}

async fn run(replay: Arc<Replay>) -> (usize, Vec<String>) {
    let engine = Engine::new(Policy::default());
    let survey = engine.survey(vec![replay], &Cancellation::new()).await;
    let plan = Plan::new(survey.sessions());
    let planned = plan.len();
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    (planned, outcomes(&report))
}

const SCENARIO: &str = "close-two-sessions";

/// The directory of the scenario of `fixtures/`.
fn scenario() -> Vec<Exchange> {
    let text = |step: usize, part: &str| {
        String::from_utf8(read(&format!("exchanges/{SCENARIO}/{step:02}-{part}.xml"))).unwrap()
    };
    let exchange = |step| Exchange {
        request: text(step, "request"),
        response: Some(text(step, "response")),
        status: 200,
    };
    (1..=6).map(exchange).collect()
}

/// A listing of no shells: the last exchange of the scenario.
fn empty_listing() -> Exchange {
    scenario().pop().unwrap()
}

async fn assert_closed_with_the_final_listing_and_unknown_without(exchanges: Vec<Exchange>) {
    let (sessions, ended) = close(&exchanges).await;
    assert_eq!(sessions, 2);
    assert!(ended.iter().all(|outcome| outcome.starts_with("Unknown(cannot verify")), "{ended:?}");
    let last = empty_listing();
    let all: Vec<Exchange> = exchanges.into_iter().chain([last]).collect();
    assert_eq!(close(&all).await.1, ["Closed", "Closed"]);
}

#[tokio::test(start_paused = true)]
async fn a_hand_made_scenario_ends_closed_only_with_a_final_listing() {
    let mut exchanges = scenario();
    exchanges.pop();
    assert_closed_with_the_final_listing_and_unknown_without(exchanges).await;
}

#[tokio::test(start_paused = true)]
async fn the_recorded_sessions_end_closed_only_with_a_final_listing() {
    let Some(exchanges) = recordings::load("test_psrp_disconnect_runspaces") else { return };
    assert_closed_with_the_final_listing_and_unknown_without(exchanges).await;
}

#[tokio::test(start_paused = true)]
async fn a_whole_run_sends_the_reviewed_envelopes() {
    let replay = Arc::new(Replay::of(&scenario()));
    run(Arc::clone(&replay)).await;
    let sent = replay.sent.lock().unwrap();
    assert_eq!(sent.len(), 6);
    for (number, envelope) in (1..).zip(sent.iter()) {
        let numbered = |name, value: &str| (element(envelope, name).unwrap(), value.to_owned());
        let ids = [
            numbered("MessageID", &format!("uuid:{:08}-0000-0000-0000-{number:012}", 0)),
            numbered("SessionId", "uuid:00000000-0000-0000-0000-000000005E55"),
        ];
        let text = ids.iter().fold(envelope.clone(), |text, (drawn, fixed)| text.replace(drawn, fixed));
        assert_snapshot(&format!("exchanges/{SCENARIO}/{number:02}-request.xml"), &text);
    }
}
