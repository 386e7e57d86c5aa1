//! What one close costs on a host with 1,000, 8,000 and 32,000 sessions: CPU time, requests and listings, without a network
//! and in paused time. What remains is small beside a real request. Linux only.
//! Run with `cargo bench --bench host`.
#![expect(clippy::expect_used, reason = "a bench that cannot run says why and stops")]
#![expect(clippy::print_stdout, reason = "the bench is run for what it prints")]
#![expect(clippy::disallowed_methods, reason = "the bench reads how long its thread has run")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use pssession::teardown::{Cancellation, Engine, Outcome, Plan, Policy, SignalMode};
use pssession::transport::{BoxFuture, Connection, Connector, Endpoint, Reply, TransportError};
use pssession::wsman::uri;
use uuid::Uuid;

const SIZES: [u64; 3] = [1_000, 8_000, 32_000];
/// How long the server takes for a request, in milliseconds of the paused clock.
const LATENCIES: [u64; 2] = [0, 20];
const ROUNDS: usize = 3;
const PAGE: usize = 400;

/// A server that answers each request at the same small cost, however many shells it has.
#[derive(Default)]
struct Server {
    shells: BTreeMap<u64, String>,
    /// What is left of the listings that are open.
    open: Vec<Vec<u64>>,
    requests: BTreeMap<&'static str, usize>,
}

impl Server {
    fn with(sessions: u64) -> Self {
        let template = include_str!("../fixtures/envelopes/enumerate-shells.response.xml");
        let (_, item) = template.split_once("<w:Items>").expect("the fixture has items");
        let (item, _) = item.split_once("</w:Items>").expect("the fixture has items");
        let shells = (0..sessions).map(|number| {
            let id = id(number).to_string().to_uppercase();
            (number, item.replace("B6631D8E-65A0-49F2-9053-A1B156C95777", &id))
        });
        Self { shells: shells.collect(), ..Self::default() }
    }

    fn answer(&mut self, envelope: &str) -> String {
        let action = between(envelope, "Action", "</").rsplit('/').next().unwrap_or_default();
        let (kind, response, body) = match action {
            "Enumerate" => {
                self.open.push(self.shells.keys().rev().copied().collect());
                (
                    "Enumerate",
                    uri::ENUMERATE.response,
                    self.page("EnumerateResponse", "w", self.open.len() - 1),
                )
            }
            "Pull" => {
                let context = between(envelope, "EnumerationContext", "</");
                let context = context.parse().expect("a context is the number of a listing");
                ("Pull", uri::PULL.response, self.page("PullResponse", "n", context))
            }
            "Get" => {
                let item = self.shells.get(&addressed(envelope)).expect("the shell is there");
                ("Get", uri::GET.response, item.clone())
            }
            "Delete" => {
                self.shells.remove(&addressed(envelope)).expect("the shell is there");
                ("Delete", uri::DELETE.response, String::new())
            }
            other => unreachable!("nobody asks for {other}"),
        };
        *self.requests.entry(kind).or_default() += 1;
        let relates_to = between(envelope, "MessageID", "</");
        format!(
            r#"<s:Envelope xml:lang="en-US" xmlns:s="{}" xmlns:a="{}" xmlns:n="{}" xmlns:w="{}"><s:Header><a:Action>{response}</a:Action><a:MessageID>uuid:A0000000-0000-0000-0000-000000000001</a:MessageID><a:To>{}</a:To><a:RelatesTo>{relates_to}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"#,
            uri::SOAP,
            uri::ADDRESSING,
            uri::ENUMERATION,
            uri::WSMAN,
            uri::ANONYMOUS,
        )
    }

    fn page(&mut self, element: &str, prefix: &str, context: usize) -> String {
        let left = self.open.get_mut(context).expect("the listing is open");
        let page = left.split_off(left.len().saturating_sub(PAGE));
        let (next, end) = match left.is_empty() {
            true => (String::new(), format!("<{prefix}:EndOfSequence/>")),
            false => (context.to_string(), String::new()),
        };
        let mut items = String::new();
        page.iter().rev().filter_map(|number| self.shells.get(number)).for_each(|item| items.push_str(item));
        format!(
            "<n:{element}><n:EnumerationContext>{next}</n:EnumerationContext><{prefix}:Items>{items}</{prefix}:Items>{end}</n:{element}>"
        )
    }
}

fn id(number: u64) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

/// The text of the first element of this name, with any prefix.
fn between<'a>(envelope: &'a str, name: &str, end: &str) -> &'a str {
    let (_, rest) = envelope.split_once(&format!(":{name}")).unwrap_or_default();
    let (_, rest) = rest.split_once('>').unwrap_or_default();
    rest.split_once(end).map(|(text, _)| text).unwrap_or_default()
}

fn addressed(envelope: &str) -> u64 {
    let id = Uuid::try_parse(between(envelope, "Selector ", "</")).expect("a selector is an id");
    u64::try_from(id.as_u128()).expect("an id is a number")
}

#[derive(Clone)]
struct Memory {
    server: Arc<Mutex<Server>>,
    endpoint: Endpoint,
    latency: Duration,
}

impl Memory {
    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().expect("nobody panics")
    }
}

impl Connector for Memory {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn user(&self) -> &str {
        r"CONTOSO\ops"
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>> {
        let connection: Box<dyn Connection> = Box::new(self.clone());
        Box::pin(std::future::ready(Ok(connection)))
    }
}

impl Connection for Memory {
    fn exchange<'a>(
        &'a mut self,
        envelope: &'a str,
        _: Duration,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        Box::pin(async move {
            let body = self.server().answer(envelope).into_bytes();
            if !self.latency.is_zero() {
                tokio::time::sleep(self.latency).await;
            }
            Ok(Reply { status: 200, body })
        })
    }
}

/// Closes all sessions of a host. CPU time of the run, without the listing before it; and what was asked.
fn close(sessions: u64, latency: Duration) -> (Duration, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let endpoint = Endpoint::parse("web01.lab", false).expect("an endpoint");
        let memory = Memory { server: Arc::new(Mutex::new(Server::with(sessions))), endpoint, latency };
        let engine = Engine::new(Policy::default().with_signal(SignalMode::Never));
        let cancellation = Cancellation::new();
        let survey = engine.survey(vec![Arc::new(memory.clone())], &cancellation).await;
        let plan = Plan::new(survey.sessions());
        memory.server().requests.clear();
        let began = cpu();
        let report = engine.run(plan, survey, &cancellation, |_| {}).await;
        let took = cpu() - began;
        assert!(report.records.iter().all(|record| record.outcome == Outcome::Closed), "all are closed");
        let mut asked = String::new();
        for (kind, count) in &memory.server().requests {
            let _ = write!(asked, " {count} {kind}");
        }
        (took, asked)
    })
}

/// How long this thread has run on a processor.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel counts");
    let nanoseconds = text.split_whitespace().next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanoseconds.expect("the first number is the time on a processor"))
}

fn main() {
    for latency in LATENCIES {
        let mut first = None;
        for sessions in SIZES {
            let rounds = (0..ROUNDS).map(|_| close(sessions, Duration::from_millis(latency)));
            let (least, asked) = rounds.min().expect("at least one round");
            let each =
                least.as_secs_f64() * 1e6 / f64::from(u32::try_from(sessions).expect("a small number"));
            let ratio = each / *first.get_or_insert(each);
            println!(
                "{latency:2} ms, {sessions:5} sessions: {each:7.1} µs of CPU per close, {ratio:5.2} x;{asked}"
            );
        }
    }
}
