//! One credential and many hosts: how many of them see its proof, and who is held up by whom.

mod refusals;
mod turns;

use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use pssession::simulator::{Account, Caller, SimulatedShell, World};
use pssession::teardown::{Cancellation, Engine, Policy};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::lockout::is_proof;
use super::*;
use crate::faults::clock;

/// What a host does with the proof of a right or a wrong password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accept,
    /// Accepts the first one, and refuses each later one: the password was changed.
    AcceptOnce,
    Refuse,
    /// Closes the connection.
    Cut,
    /// Never answers.
    Silent,
    /// Answers after so many seconds.
    AcceptAfter(u64),
    RefuseAfter(u64),
    /// Turns the request away.
    Busy,
}

/// Hosts that share a credential, a gate and a list of the proofs that came.
pub(crate) struct Fleet {
    hosts: Vec<Host>,
    gate: LoginGate,
    credential: Credential,
    proofs: Arc<Mutex<Vec<usize>>>,
    attempts: u32,
    began: Instant,
    steps: Arc<AtomicUsize>,
}

struct Host {
    server: RawServer,
    verdict: Arc<Mutex<Verdict>>,
    login: Arc<FakeNtlm>,
    /// It is known to have accepted the account before.
    known: bool,
}

const USER: &str = r"LAB\ann";

/// A session of one's own, and one of somebody else, so that absence can be proven.
fn world() -> World {
    let mut world = World::new("web");
    world.add(SimulatedShell::powershell("A", "build", USER, "Microsoft.PowerShell"));
    world.add(SimulatedShell::powershell("B", "theirs", r"LAB\bob", "Microsoft.PowerShell"));
    world
}

type Outcome = (usize, Duration, Result<Box<dyn Connection>, TransportError>);

impl Fleet {
    pub(crate) async fn of(steps: Arc<AtomicUsize>, verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        let mut fleet = Self {
            hosts: Vec::new(),
            gate: LoginGate::new(),
            credential: Credential::new(USER, "hunter2".to_owned().into()),
            proofs: Arc::default(),
            attempts: 2,
            began: Instant::now(),
            steps,
        };
        for verdict in verdicts {
            fleet.add(verdict).await;
        }
        fleet.began = Instant::now();
        fleet
    }

    async fn add(&mut self, verdict: Verdict) {
        let (number, proofs) = (self.hosts.len(), Arc::clone(&self.proofs));
        let (verdict, login) = (Arc::new(Mutex::new(verdict)), Arc::new(FakeNtlm::accepting()));
        let (given, at_server) = (Arc::clone(&verdict), Arc::clone(&login));
        let world = Mutex::new(world());
        let serve = move |seen: &Seen| {
            let account = Some(Account::administrator(USER));
            let caller = Caller { account, connection: 1, sealed: false };
            let envelope = world.lock().unwrap().handle(&caller, &seen.body, Duration::ZERO);
            let response = Response::new(envelope.status);
            Act::Answer(response.body("application/soap+xml;charset=UTF-8", envelope.body))
        };
        let script = move |seen: &Seen| {
            if !is_proof(seen) {
                return at_server.act(seen, &serve);
            }
            let is_first = {
                let mut proofs = proofs.lock().unwrap();
                proofs.push(number);
                proofs.iter().filter(|host| **host == number).count() == 1
            };
            let refusal = Response::new(401).header("WWW-Authenticate", "Negotiate");
            let accept = |seen| match at_server.act(seen, |_| reported()) {
                Act::Answer(response) => response,
                _ => unreachable!("it accepts"),
            };
            let verdict = *given.lock().unwrap();
            match verdict {
                Verdict::AcceptOnce if !is_first => Act::Answer(refusal),
                Verdict::Accept | Verdict::AcceptOnce => Act::Answer(accept(seen)),
                Verdict::Refuse => Act::Answer(refusal),
                Verdict::Cut => Act::Close,
                Verdict::Silent => Act::Hang,
                Verdict::AcceptAfter(seconds) => Act::Late(Duration::from_secs(seconds), accept(seen)),
                Verdict::RefuseAfter(seconds) => Act::Late(Duration::from_secs(seconds), refusal),
                Verdict::Busy => Act::Answer(Response::new(503).header("Retry-After", "1")),
            }
        };
        let server = RawServer::begin(None, Arc::clone(&self.steps), Arc::new(script)).await;
        self.hosts.push(Host { server, verdict, login, known: false });
    }

    /// These are known to have accepted the account before.
    pub(crate) fn known(mut self, hosts: impl IntoIterator<Item = usize>) -> Self {
        hosts.into_iter().for_each(|host| self.hosts[host].known = true);
        self
    }

    /// A connector to each.
    pub(crate) fn connectors(&self) -> Vec<Arc<dyn Connector>> {
        let connector = |host| -> Arc<dyn Connector> { Arc::new(self.connector(host)) };
        (0..self.hosts.len()).map(connector).collect()
    }

    fn connector(&self, host: usize) -> HttpConnector {
        let Host { server, known, .. } = &self.hosts[host];
        let security = Security { dangerous_unencrypted: true, ..Security::default() };
        let options = HttpOptions::default().with_security(security).with_login_attempts(self.attempts);
        HttpConnector::builder(endpoint(&server.url()), self.credential.clone())
            .auth(AuthScheme::Ntlm)
            .options(options)
            .login_gate(self.gate.clone())
            .accepted_before(*known)
            .build()
            .unwrap()
    }

    /// Logs in to all of these at once; each outcome with the time that it took.
    async fn connect(&self, hosts: impl IntoIterator<Item = usize>) -> Vec<Outcome> {
        // Who is known must be known before the first begins.
        let connectors: Vec<_> = hosts.into_iter().map(|host| (host, self.connector(host))).collect();
        let mut tasks = JoinSet::new();
        for (host, connector) in connectors {
            let began = Instant::now();
            tasks.spawn(async move { (host, connector.connect().await, began.elapsed()) });
        }
        let mut outcomes = Vec::new();
        while let Some(done) = tasks.join_next().await {
            let (host, outcome, took) = done.unwrap();
            outcomes.push((host, took, outcome));
        }
        outcomes.sort_by_key(|(host, ..)| *host);
        outcomes
    }

    /// The same for one.
    async fn connect_one(&self, host: usize) -> Result<Box<dyn Connection>, TransportError> {
        self.connect([host]).await.remove(0).2
    }

    /// Which host saw a proof, in order.
    pub(crate) fn proofs(&self) -> Vec<usize> {
        self.proofs.lock().unwrap().clone()
    }

    fn set(&self, host: usize, verdict: Verdict) {
        *self.hosts[host].verdict.lock().unwrap() = verdict;
    }

    /// How many hosts have been asked for a challenge.
    fn challenged(&self) -> usize {
        self.hosts.iter().filter(|host| !host.server.seen().is_empty()).count()
    }

    async fn until(&self, what: impl Fn(&Self) -> bool) {
        while !what(self) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A request that each host answers.
async fn identify(connection: &mut dyn Connection) {
    let mut envelope = String::new();
    pssession::wsman::op::identify::request(&mut envelope);
    connection.exchange(&envelope, LONG).await.unwrap();
}

fn kind(outcome: &Result<Box<dyn Connection>, TransportError>) -> &'static str {
    match outcome {
        Ok(_) => "in",
        Err(TransportError::CredentialRefused { .. }) => "spared",
        Err(TransportError::CredentialWithheld { .. }) => "withheld",
        Err(TransportError::Auth { source: AuthError::Refused { .. }, .. }) => "refused",
        Err(TransportError::Auth { source: AuthError::NotAuthorized { .. }, .. }) => "not authorized",
        Err(TransportError::Auth { source: AuthError::Unanswered { .. }, .. }) => "unanswered",
        Err(error) if error.is_silence() => "silent",
        Err(TransportError::Connect { .. }) => "not connected",
        Err(TransportError::Status { .. }) => "status",
        Err(error) => panic!("{error:?}"),
    }
}

fn kinds(outcomes: &[Outcome]) -> Vec<&'static str> {
    outcomes.iter().map(|(_, _, outcome)| kind(outcome)).collect()
}

fn seconds(outcome: &Outcome) -> u64 {
    outcome.1.as_secs()
}
