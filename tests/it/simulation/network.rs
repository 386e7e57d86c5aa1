//! The wire between the engine and the worlds: it draws the trouble of each exchange and writes down what happens.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fastrand::Rng;
use pssession::auth::AuthError;
use pssession::auth::ServerNames;
use pssession::simulator::{InjectedFault, OperationKind, World, WorldConnector};
use pssession::transport::{BoxFuture, Connection, Connector, Endpoint, Reply, TransportError};
use tokio::time::Instant;

use super::actors::People;
use super::fault::{self, Fault};
use super::scenario::{Scenario, Vice, Weather};
use super::trace::{Answer, Manner, Mark, Step, Trace};

/// What everybody in one run shares.
pub(super) struct PageFixture {
    began: Instant,
    dice: Mutex<Rng>,
    trace: Mutex<Trace>,
    people: People,
    /// Ids that somebody may give to a new shell: those that are planned.
    known: Mutex<Vec<String>>,
    places: Vec<Place>,
}

struct Place {
    world: Arc<Mutex<World>>,
    connector: WorldConnector,
    weather: Weather,
    /// Its reads are spelt otherwise, and cannot go wrong in a second way.
    omi: bool,
    /// Connections that are older than the last restart are dead.
    restarts: Mutex<u64>,
    /// The requests that were sent there.
    requests: AtomicUsize,
}

/// The way to one host.
pub(super) struct Wire {
    stage: Arc<PageFixture>,
    host: usize,
}

struct Line {
    stage: Arc<PageFixture>,
    host: usize,
    restarts: u64,
    inner: Option<Box<dyn Connection>>,
}

impl PageFixture {
    pub(super) fn new(scenario: &Scenario, dice: Rng, manner: Manner) -> Arc<Self> {
        let places = scenario.hosts.iter().map(|host| {
            let world = Arc::new(Mutex::new(host.world.clone()));
            let account = scenario.account.clone();
            let connector = WorldConnector::new(Arc::clone(&world), host.endpoint.clone(), account);
            let mut connector = connector.logged_in_as(scenario.login);
            if let Some(names) = &scenario.server_names {
                connector = connector.with_server_names(names.clone());
            }
            let (weather, omi) = (host.weather.clone(), host.omi);
            Place {
                world,
                connector,
                weather,
                omi,
                restarts: Mutex::default(),
                requests: AtomicUsize::default(),
            }
        });
        Arc::new(Self {
            began: Instant::now(),
            dice: Mutex::new(dice),
            trace: Mutex::new(Trace::new(manner)),
            people: People { all_is_seen: scenario.account.administrator },
            known: Mutex::default(),
            places: places.collect(),
        })
    }

    pub(super) fn connectors(self: &Arc<Self>) -> Vec<Arc<dyn Connector>> {
        let wire = |host| Arc::new(Wire { stage: Arc::clone(self), host }) as Arc<dyn Connector>;
        (0..self.places.len()).map(wire).collect()
    }

    pub(super) fn trace(&self) -> MutexGuard<'_, Trace> {
        self.trace.lock().unwrap()
    }

    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn mark(&self) -> Mark {
        self.trace().mark(self.now())
    }

    pub(super) fn tell(&self, line: impl FnOnce() -> String) {
        self.trace().tell(self.now(), line);
    }

    pub(super) fn know(&self, ids: Vec<String>) {
        *self.known.lock().unwrap() = ids;
    }

    pub(super) fn world(&self, host: usize) -> MutexGuard<'_, World> {
        self.places[host].world.lock().unwrap()
    }

    /// Others act now and then, also while nothing is asked.
    pub(super) async fn live(&self) {
        loop {
            let pause = self.dice().u64(200..20_000);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let host = self.dice().usize(..self.places.len());
            if self.places[host].weather.people > 0 {
                self.others_act(host);
            }
        }
    }

    fn dice(&self) -> MutexGuard<'_, Rng> {
        self.dice.lock().unwrap()
    }

    fn chance(&self, percent: u8) -> bool {
        self.dice().u8(..100) < percent
    }

    fn others_act(&self, host: usize) {
        let known = self.known.lock().unwrap().clone();
        if let Some(act) = self.people.act(&mut self.dice(), &mut self.world(host), &known) {
            *self.places[host].restarts.lock().unwrap() += u64::from(act.restarts);
            self.tell(|| format!("host {host}: {}", act.story));
        }
    }

    fn send(&self, host: usize, envelope: &str) -> usize {
        let kind = kind_of(envelope);
        let shell_id = after(envelope, r#"Name="ShellId">"#).map(str::to_owned);
        self.tell(|| format!("host {host}: {kind:?} {} is sent", shell_id.as_deref().unwrap_or_default()));
        let sent = self.mark();
        let steps = &mut self.trace().steps;
        steps.push(Step { host, kind, shell_id, sent, handled: None, reported: None, answer: Answer::Lost });
        steps.len() - 1
    }

    fn fault_kind(&self, host: usize, step: usize) -> Option<Fault> {
        let (kind, about) = {
            let trace = self.trace();
            (trace.steps[step].kind, trace.steps[step].shell_id.clone())
        };
        let weather = &self.places[host].weather;
        let hit = match (&weather.victim, about) {
            (None, _) => true,
            (Some(victim), Some(about)) => victim.eq_ignore_ascii_case(&about),
            (Some(_), None) => false,
        };
        let vice = weather.vice.as_ref().filter(|_| hit && kind == OperationKind::Delete);
        let fault_kind = match vice {
            Some(Vice::Stubborn) => Fault::InjectedFault(InjectedFault::Pretend),
            Some(Vice::Belying(fault_kind)) => fault_kind.clone(),
            None if hit && self.chance(weather.fault_kind) => {
                let was_accepted = self.was_accepted(host, step);
                fault::of_exchange(&mut self.dice(), kind, was_accepted)
            }
            None => return None,
        };
        let is_spelt = matches!(
            kind,
            OperationKind::Enumerate | OperationKind::Pull | OperationKind::Get | OperationKind::Identify
        );
        if self.places[host].omi && is_spelt && matches!(fault_kind, Fault::InjectedFault(_)) {
            return None;
        }
        self.tell(|| format!("host {host}: {fault_kind:?}"));
        Some(fault_kind)
    }

    /// Whether a Delete of the same shell was answered 200.
    fn was_accepted(&self, host: usize, step: usize) -> bool {
        let trace = self.trace();
        let Some(shell_id) = &trace.steps[step].shell_id else { return false };
        let deletes = trace.steps.iter().filter(|step| step.kind == OperationKind::Delete);
        deletes.filter(|delete| delete.is_about(host, shell_id)).any(|delete| delete.reported.is_some())
    }

    /// The moment in which the world takes a request: others may have been faster.
    async fn hand_over(
        &self,
        host: usize,
        step: usize,
        injected_fault: Option<InjectedFault>,
        inner: &mut dyn Connection,
        envelope: &str,
        read_timeout: Duration,
    ) -> Result<Reply, TransportError> {
        let place = &self.places[host];
        if self.chance(place.weather.people) {
            self.others_act(host);
        }
        let mark = self.mark();
        let distorted = matches!(injected_fault, Some(InjectedFault::WrongRelatesTo));
        {
            let mut trace = self.trace();
            let mut world = self.world(host);
            let step = &mut trace.steps[step];
            step.handled = Some((mark, world.shells().to_vec()));
            if injected_fault == Some(InjectedFault::ForgetLogin) && place.weather.refuses {
                world.inject(OperationKind::Login, 1, InjectedFault::Fault(ACCESS_DENIED));
            }
            if let Some(injected_fault) = injected_fault {
                world.inject(step.kind, 1, injected_fault);
            }
        }
        let reply = inner.exchange(envelope, read_timeout).await;
        self.heed(host, reply.as_ref().err());
        if distorted && let Ok(reply) = &reply {
            return Ok(Reply { status: DISTORTED, body: reply.body.clone() });
        }
        reply
    }

    /// A refused credential is known to the whole run, as the login gate of the real connectors makes it.
    fn heed(&self, host: usize, error: Option<&TransportError>) {
        let refused = match error {
            Some(TransportError::CredentialRefused { .. }) => true,
            Some(TransportError::Auth { source, .. }) => !matches!(source, AuthError::ClearAnswer),
            _ => false,
        };
        if refused {
            self.tell(|| format!("host {host}: the credential is refused"));
            self.trace().refused.push((self.now(), host));
        }
    }
}

impl Connector for Wire {
    fn endpoint(&self) -> &Endpoint {
        self.stage.places[self.host].connector.endpoint()
    }

    fn user(&self) -> &str {
        self.stage.places[self.host].connector.user()
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>> {
        Box::pin(async move {
            let (stage, host) = (&self.stage, self.host);
            let place = &stage.places[host];
            stage.tell(|| format!("host {host}: login"));
            let refused = stage.trace().refused.clone();
            // One that is begun in the same moment could not know.
            if refused.iter().any(|(at, by)| *by == host && *at < stage.now()) {
                stage.trace().violate(format!("host {host}: a login after the credential was refused (11)"));
            }
            if place.weather.hangs_after == Some(0) {
                stage.tell(|| format!("host {host}: no answer to the login"));
                tokio::time::sleep(LOGIN_TIMEOUT).await;
                let endpoint = self.endpoint().url().to_owned();
                let source = Box::new(io::Error::from(io::ErrorKind::TimedOut));
                return Err(TransportError::Connect { endpoint, source });
            }
            if !refused.is_empty() {
                let error = TransportError::CredentialRefused { user: self.user().to_owned() };
                stage.heed(host, Some(&error));
                return Err(error);
            }
            let troubled = place.weather.victim.is_none() && stage.chance(place.weather.fault_kind);
            if troubled {
                let refuses = place.weather.refuses && stage.chance(30);
                let injected_fault = if refuses {
                    InjectedFault::Fault(ACCESS_DENIED)
                } else {
                    fault::of_login(&mut stage.dice())
                };
                stage.tell(|| format!("host {host}: {injected_fault:?}"));
                stage.world(host).inject(OperationKind::Login, 1, injected_fault);
            }
            let restarts = *place.restarts.lock().unwrap();
            let inner = place.connector.connect().await;
            stage.heed(host, inner.as_ref().err());
            let line = Line { stage: Arc::clone(stage), host, restarts, inner: Some(inner?) };
            Ok(Box::new(line) as Box<dyn Connection>)
        })
    }
}

impl Line {
    async fn run(&mut self, envelope: &str, read_timeout: Duration) -> Result<Reply, TransportError> {
        let (stage, host) = (Arc::clone(&self.stage), self.host);
        let url = || stage.places[host].connector.endpoint().url().to_owned();
        let Some(mut inner) = self.inner.take() else {
            let source = Box::new(io::Error::from(io::ErrorKind::NotConnected));
            return Err(TransportError::Connect { endpoint: url(), source });
        };
        let step = stage.send(host, envelope);
        let place = &stage.places[host];
        let before = place.requests.fetch_add(1, Ordering::Relaxed);
        if place.weather.hangs_after.is_some_and(|requests| before >= requests) {
            tokio::time::sleep(read_timeout).await;
            stage.tell(|| format!("host {host}: it hangs: no answer within {read_timeout:?}"));
            return Err(TransportError::Timeout { endpoint: url(), after: read_timeout });
        }
        if self.restarts != *stage.places[host].restarts.lock().unwrap() {
            stage.tell(|| format!("host {host}: the connection died with the restart"));
            let source = Box::new(io::Error::from(io::ErrorKind::ConnectionReset));
            return Err(TransportError::Lost { endpoint: url(), source });
        }
        let (late, injected_fault, instead) = match stage.fault_kind(host, step) {
            None => (Duration::ZERO, None, None),
            Some(Fault::Late(late)) => (late, None, None),
            Some(Fault::InjectedFault(injected_fault)) => (Duration::ZERO, Some(injected_fault), None),
            Some(Fault::Instead(status)) => (Duration::ZERO, None, Some(status)),
        };
        let (there, text) = (Arc::clone(&stage), envelope.to_owned());
        let wait = read_timeout.saturating_sub(late).max(Duration::from_millis(1));
        // What is under way arrives, whether somebody still waits for the answer or not.
        let way = tokio::spawn(async move {
            if !late.is_zero() {
                tokio::time::sleep(late).await;
            }
            let reply = there.hand_over(host, step, injected_fault, inner.as_mut(), &text, wait).await;
            (inner, reply)
        });
        let Ok(Ok((inner, reply))) = tokio::time::timeout(read_timeout, way).await else {
            stage.tell(|| format!("host {host}: no answer within {read_timeout:?}"));
            return Err(TransportError::Timeout { endpoint: url(), after: read_timeout });
        };
        let mut reply = reply.inspect_err(|error| {
            stage.tell(|| format!("host {host}: {error}"));
            stage.trace().steps[step].answer = match error {
                TransportError::Connect { .. } => Answer::NotSent,
                TransportError::Status { status, .. } => Answer::Status(*status),
                _ => Answer::Lost,
            };
        })?;
        self.inner = Some(inner);
        if let Some(status) = instead {
            stage.trace().steps[step].answer = Answer::Status(status);
            let (endpoint, excerpt) = (url(), String::new());
            return Err(TransportError::Status { endpoint, status, excerpt, retry_after: None });
        }
        if reply.status != DISTORTED {
            stage.trace().steps[step].answer = answer_of(&reply);
        }
        if reply.status == DISTORTED {
            reply.status = 200;
        } else if reply.status == 200 {
            let mark = stage.mark();
            stage.trace().steps[step].reported = Some(mark);
        }
        Ok(reply)
    }
}

impl Connection for Line {
    fn exchange<'a>(
        &'a mut self,
        envelope: &'a str,
        read_timeout: Duration,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        Box::pin(self.run(envelope, read_timeout))
    }

    fn server_names(&self) -> Option<&ServerNames> {
        self.inner.as_ref().and_then(|inner| inner.server_names())
    }

    fn is_usable(&self) -> bool {
        self.inner.as_ref().is_some_and(|inner| inner.is_usable())
    }
}

fn answer_of(reply: &Reply) -> Answer {
    let text = String::from_utf8_lossy(&reply.body);
    let code = text.split_once(r#" Code=""#).and_then(|(_, rest)| rest.split('"').next()?.parse().ok());
    match code {
        Some(code) => Answer::Fault(code),
        None if reply.status == 200 => Answer::Success,
        None => Answer::Lost,
    }
}

fn kind_of(envelope: &str) -> OperationKind {
    if envelope.contains("<wsmid:Identify/>") {
        return OperationKind::Identify;
    }
    let action = field_of(envelope, "a:Action").unwrap_or_default();
    let commands = field_of(envelope, "w:ResourceURI").is_some_and(|uri| uri.ends_with("/shell/Command"));
    match action.rsplit('/').next() {
        Some("Enumerate") if commands => OperationKind::EnumerateCommands,
        Some("Enumerate") => OperationKind::Enumerate,
        Some("Pull") => OperationKind::Pull,
        Some("Release") => OperationKind::Release,
        Some("Get") => OperationKind::Get,
        Some("Signal") => OperationKind::Signal,
        Some("Delete") => OperationKind::Delete,
        _ => OperationKind::Other,
    }
}

/// The text of the first element of this name.
fn field_of<'a>(envelope: &'a str, name: &str) -> Option<&'a str> {
    let rest = envelope.split_once(&format!("<{name} "))?.1;
    after(rest, ">")
}

/// What stands between the first `mark` and the next tag.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark)?.1.split('<').next()
}

/// As long as the real connectors wait.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(15);

const ACCESS_DENIED: u32 = 5;
/// Marks an answer on its way that the engine will not recognise as its own.
const DISTORTED: u16 = 299;
