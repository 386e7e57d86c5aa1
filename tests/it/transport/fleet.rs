//! One credential and many hosts: how many of them see its proof, and who is held up by whom.

use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use pssession::teardown::{Cancellation, Engine, Policy};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::lockout::is_proof;
use super::*;
use crate::faults::clock;

/// What a host does with the proof of a right or a wrong password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Accept,
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
struct Fleet {
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
    known: bool,
}

type Outcome = (usize, Duration, Result<Box<dyn Connection>, TransportError>);

impl Fleet {
    async fn of(steps: Arc<AtomicUsize>, verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        let mut fleet = Self {
            hosts: Vec::new(),
            gate: LoginGate::new(),
            credential: Credential::new(r"LAB\ann", "hunter2".to_owned().into()),
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
        let script = move |seen: &Seen| {
            if !is_proof(seen) {
                return at_server.act(seen, |_| told());
            }
            proofs.lock().unwrap().push(number);
            let refusal = Response::new(401).header("WWW-Authenticate", "Negotiate");
            let accept = |seen| match at_server.act(seen, |_| told()) {
                Act::Answer(response) => response,
                _ => unreachable!("it accepts"),
            };
            let verdict = *given.lock().unwrap();
            match verdict {
                Verdict::Accept => Act::Answer(accept(seen)),
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

    fn proofs(&self) -> Vec<usize> {
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

use Verdict::{Accept, AcceptAfter, Busy, Cut, Refuse, RefuseAfter, Silent};

#[test]
fn one_refusing_host_among_64_is_that_hosts_failure_only() {
    clock::run(|steps| async move {
        let mut verdicts = [Accept; 64];
        verdicts[40] = Refuse;
        let fleet = Fleet::of(steps, verdicts).await;
        fleet.connect_one(0).await.unwrap();
        let outcomes = fleet.connect(0..64).await;
        for (host, kind) in kinds(&outcomes).into_iter().enumerate() {
            assert_eq!(kind, if host == 40 { "not authorized" } else { "in" }, "{host}");
        }
        assert_eq!(fleet.proofs().iter().filter(|host| **host == 40).count(), 1);
        let error = pssession::Error::from(fleet.connect_one(40).await.map(|_| ()).unwrap_err());
        assert!(!error.is_credential_refused() && !error.is_retryable() && !error.may_have_acted());
    });
}

#[test]
fn a_refusal_before_any_acceptance_ends_the_use_of_a_credential_on_64_hosts() {
    clock::run(|steps| async move {
        let fleet = Fleet::of(steps, [Refuse; 64]).await;
        let outcomes = kinds(&fleet.connect(0..64).await);
        assert_eq!(fleet.proofs().len(), 1);
        assert_eq!(outcomes.iter().filter(|kind| **kind == "refused").count(), 1);
        assert_eq!(outcomes.iter().filter(|kind| **kind == "spared").count(), 63);
    });
}

#[test]
fn the_turn_covers_the_proof_alone_and_all_others_are_ready_for_theirs() {
    clock::run(|steps| async move {
        let fleet = Arc::new(Fleet::of(steps, [AcceptAfter(3), Accept, Accept, Accept]).await);
        let first = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([0]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0]).await;
        let others = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect(1..4).await }
        });
        fleet.until(|fleet| fleet.challenged() == 4).await;
        assert!(fleet.began.elapsed() < Duration::from_secs(3), "the challenges came meanwhile");
        assert_eq!(fleet.proofs(), [0]);
        assert_eq!(kinds(&first.await.unwrap()), ["in"]);
        let others = others.await.unwrap();
        assert_eq!(kinds(&others), ["in"; 3]);
        assert!(others.iter().all(|outcome| seconds(outcome) <= 4), "{:?}", others.iter().map(seconds).max());
    });
}

#[test]
fn a_silent_host_gives_its_turn_on_after_five_seconds_and_two_are_the_most() {
    clock::run(|steps| async move {
        let fleet = Arc::new(Fleet::of(steps, [Silent, Silent, Accept, Accept]).await);
        let silent = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([0]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0]).await;
        let next = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([1]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0, 1]).await;
        assert_eq!(fleet.began.elapsed().as_secs(), 5);
        let others = fleet.connect([2, 3]).await;
        assert_eq!(kinds(&others), ["withheld"; 2]);
        assert_eq!(fleet.proofs(), [0, 1]);
        let [silent, next] = [silent.await.unwrap().remove(0), next.await.unwrap().remove(0)];
        assert_eq!((kind(&silent.2), seconds(&silent)), ("unanswered", 15));
        // The wait for its turn does not count.
        assert_eq!((kind(&next.2), seconds(&next)), ("unanswered", 20));
        let Err(TransportError::CredentialWithheld { hosts, .. }) = &others[0].2 else { panic!() };
        assert_eq!(*hosts, [fleet.hosts[0].server.url(), fleet.hosts[1].server.url()]);
        // From then on nothing is sent at all.
        let before = fleet.hosts[2].server.seen().len();
        let error = pssession::Error::from(fleet.connect_one(2).await.map(|_| ()).unwrap_err());
        assert!(error.is_credential_refused() && !error.is_retryable() && !error.may_have_acted());
        assert_eq!(fleet.hosts[2].server.seen().len(), before);
    });
}

#[test]
fn one_silent_host_holds_up_the_others_for_five_seconds_at_most() {
    clock::run(|steps| async move {
        let mut verdicts = [Accept; 12];
        verdicts[0] = Silent;
        let fleet = Arc::new(Fleet::of(steps, verdicts).await);
        let silent = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([0]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0]).await;
        let others = fleet.connect(1..12).await;
        assert_eq!(kinds(&others), ["in"; 11]);
        assert!(others.iter().all(|outcome| seconds(outcome) <= 6));
        // The credential is accepted by now, and what was unproven is not sent again all the same.
        assert_eq!(kinds(&silent.await.unwrap()), ["unanswered"]);
        assert_eq!(fleet.proofs().iter().filter(|host| **host == 0).count(), 1);
    });
}

#[test]
fn a_verdict_that_comes_after_the_turn_counts() {
    for late in [RefuseAfter(7), AcceptAfter(7)] {
        clock::run(|steps| async move {
            let fleet = Arc::new(Fleet::of(steps, [late, Silent, Refuse, Accept]).await);
            let first = tokio::spawn({
                let fleet = Arc::clone(&fleet);
                async move { fleet.connect([0]).await }
            });
            fleet.until(|fleet| fleet.proofs() == [0]).await;
            let outcomes = fleet.connect([1, 2, 3]).await;
            if late == AcceptAfter(7) {
                assert_eq!(kinds(&first.await.unwrap()), ["in"]);
                assert_eq!(kinds(&outcomes)[2], "in");
            } else {
                assert_eq!(kinds(&first.await.unwrap()), ["refused"]);
                let sent = fleet.proofs();
                assert_eq!(
                    sent.len(),
                    2,
                    "one at once, one after five seconds, and none after the refusal: {sent:?}"
                );
            }
        });
    }
}

#[test]
fn a_hang_beside_a_refusal_is_two_proofs_and_the_refusal_ends_the_run() {
    clock::run(|steps| async move {
        let fleet = Arc::new(Fleet::of(steps, [Silent, Refuse, Accept, Accept]).await);
        let hang = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([0]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0]).await;
        let refused = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([1]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0, 1]).await;
        assert_eq!(kinds(&fleet.connect([2, 3]).await), ["spared"; 2]);
        assert_eq!(kinds(&refused.await.unwrap()), ["refused"]);
        assert_eq!(kinds(&hang.await.unwrap()), ["unanswered"]);
        assert_eq!(fleet.proofs(), [0, 1]);
    });
}

#[test]
fn login_attempts_allow_more_proofs_without_a_verdict_and_never_more_refusals() {
    clock::run(|steps| async move {
        for (attempts, expected) in [(1, 1), (2, 2), (4, 4)] {
            let mut fleet = Fleet::of(Arc::clone(&steps), [Cut; 6]).await;
            fleet.attempts = attempts;
            for host in 0..6 {
                let expected = if host < expected { "unanswered" } else { "withheld" };
                assert_eq!(kind(&fleet.connect_one(host).await), expected, "{host} of {attempts}");
            }
            assert_eq!(fleet.proofs().len(), expected);
        }
        let mut fleet = Fleet::of(steps, [Refuse; 6]).await;
        fleet.attempts = 6;
        fleet.connect(0..6).await;
        assert_eq!(fleet.proofs().len(), 1);
    });
}

#[test]
fn hosts_that_cut_the_connection_are_named_and_stop_the_run_only_if_nobody_accepted_before() {
    clock::run(|steps| async move {
        let fleet = Fleet::of(Arc::clone(&steps), [Cut, Cut, Accept, Accept]).await;
        for host in [2, 0, 1, 3] {
            let expected = if host < 2 { "not connected" } else { "in" };
            assert_eq!(kind(&fleet.connect_one(host).await), expected, "{host}");
        }
        let fleet = Fleet::of(Arc::clone(&steps), [Cut, Cut, Accept, Accept]).await;
        for host in [0, 1, 2, 3] {
            let expected = if host < 2 { "unanswered" } else { "withheld" };
            assert_eq!(kind(&fleet.connect_one(host).await), expected, "{host}");
        }
        assert_eq!(fleet.proofs(), [0, 1]);
        // With one more attempt the next host decides.
        let mut fleet = Fleet::of(steps, [Cut, Cut, Accept, Accept]).await;
        fleet.attempts = 3;
        for host in [0, 1, 2, 3] {
            fleet.connect_one(host).await.map(drop).unwrap_or_default();
        }
        assert_eq!(fleet.proofs(), [0, 1, 2, 3]);
    });
}

#[test]
fn a_host_that_accepted_the_account_before_goes_first_whatever_the_order() {
    clock::run(|steps| async move {
        let mut fleet = Fleet::of(steps, [Cut, Cut, Refuse, Cut, Accept]).await;
        fleet.hosts[4].known = true;
        let outcomes = fleet.connect(0..5).await;
        assert_eq!(fleet.proofs()[0], 4);
        assert_eq!(kinds(&outcomes)[2..], ["not authorized", "not connected", "in"]);
        assert!(outcomes.iter().all(|outcome| seconds(outcome) < 1));
    });
}

#[test]
fn a_known_host_that_is_not_ready_in_a_second_is_not_waited_for() {
    clock::run(|steps| async move {
        let mut fleet = Fleet::of(Arc::clone(&steps), [Accept]).await;
        // It takes connections and answers nothing.
        let server = RawServer::begin(None, steps, Arc::new(|_: &Seen| Act::Hang)).await;
        let (verdict, login) = (Arc::new(Mutex::new(Silent)), Arc::new(FakeNtlm::accepting()));
        fleet.hosts.push(Host { server, verdict, login, known: true });
        let outcomes = fleet.connect([0, 1]).await;
        assert_eq!(kinds(&outcomes), ["in", "silent"]);
        assert_eq!((seconds(&outcomes[0]), seconds(&outcomes[1])), (1, 15));
    });
}

#[test]
fn a_refusal_by_a_host_that_accepted_it_ends_the_use_of_a_credential() {
    clock::run(|steps| async move {
        let fleet = Fleet::of(steps, [Accept, Accept, Accept]).await;
        fleet.connect_one(0).await.unwrap();
        ask(fleet.connect_one(1).await.unwrap().as_mut()).await.unwrap();
        fleet.set(1, Refuse);
        assert_eq!(kind(&fleet.connect_one(1).await), "refused");
        assert_eq!(kinds(&fleet.connect([0, 2]).await), ["spared"; 2]);
        assert_eq!(fleet.proofs(), [0, 1, 1]);
    });
}

#[test]
fn a_password_that_was_changed_meanwhile_is_refused_four_times_on_64_hosts() {
    clock::run(|steps| async move {
        let mut verdicts = [Refuse; 64];
        verdicts[0] = Accept;
        let fleet = Fleet::of(steps, verdicts).await;
        // The connector stays, as that of a run does: the way back to a host that accepted.
        let first = fleet.connector(0);
        first.connect().await.unwrap();
        fleet.set(0, Refuse);
        for host in 1..4 {
            assert_eq!(kind(&fleet.connect_one(host).await), "not authorized");
        }
        let outcomes = fleet.connect(4..64).await;
        assert_eq!(kinds(&outcomes), ["spared"; 60]);
        assert_eq!(fleet.proofs(), [0, 1, 2, 3, 0], "three refusals, and the host that had accepted it");
    });
}

#[test]
fn three_hosts_that_refuse_in_a_row_do_not_stop_a_credential_that_is_still_accepted() {
    clock::run(|steps| async move {
        let fleet = Fleet::of(steps, [Accept, Refuse, Refuse, Refuse, Accept, Refuse, Accept]).await;
        let first = fleet.connector(0);
        first.connect().await.unwrap();
        for host in 1..4 {
            assert_eq!(kind(&fleet.connect_one(host).await), "not authorized");
        }
        assert_eq!(kinds(&fleet.connect([4, 5, 6]).await), ["in", "not authorized", "in"]);
        assert_eq!(fleet.proofs()[..5], [0, 1, 2, 3, 0]);
    });
}

#[test]
fn where_no_host_that_accepted_is_left_to_ask_the_next_refusal_is_final() {
    clock::run(|steps| async move {
        let fleet = Fleet::of(steps, [Accept, Refuse, Refuse, Refuse, Refuse, Accept]).await;
        // Its connector goes at once.
        fleet.connect_one(0).await.unwrap();
        for host in 1..4 {
            assert_eq!(kind(&fleet.connect_one(host).await), "not authorized");
        }
        assert_eq!(kind(&fleet.connect_one(4).await), "refused");
        assert_eq!(kind(&fleet.connect_one(5).await), "spared");
    });
}

#[test]
fn an_unproven_proof_is_sent_once_whatever_comes_back_and_whoever_retries() {
    for verdict in [Cut, Busy, Silent] {
        clock::run(|steps| async move {
            let fleet = Fleet::of(steps, [verdict]).await;
            let engine = Engine::new(Policy::default());
            let connector: Arc<dyn Connector> = Arc::new(fleet.connector(0));
            let survey = engine.survey(vec![connector], &Cancellation::new()).await;
            assert!(matches!(survey.hosts()[0].listing(), Some(Err(_))), "{verdict:?}");
            assert_eq!(fleet.proofs(), [0], "{verdict:?}");
        });
    }
}

#[test]
fn a_connection_that_the_server_closes_during_the_wait_is_replaced_and_not_counted() {
    clock::run(|steps| async move {
        let mut fleet = Fleet::of(Arc::clone(&steps), [AcceptAfter(4)]).await;
        // It gives up half-done logins: the connection on which its challenge went out is closed at once.
        let (login, proofs) = (FakeNtlm::accepting(), Arc::clone(&fleet.proofs));
        let script = move |seen: &Seen| {
            if is_proof(seen) {
                proofs.lock().unwrap().push(1);
            }
            match login.act(seen, |_| told()) {
                Act::Answer(challenge) if seen.connection == 1 => Act::AnswerAndClose(challenge),
                act => act,
            }
        };
        let server = RawServer::begin(None, steps, Arc::new(script)).await;
        let (verdict, login) = (Arc::new(Mutex::new(Accept)), Arc::new(FakeNtlm::accepting()));
        fleet.hosts.push(Host { server, verdict, login, known: false });
        let fleet = Arc::new(fleet);
        let first = tokio::spawn({
            let fleet = Arc::clone(&fleet);
            async move { fleet.connect([0]).await }
        });
        fleet.until(|fleet| fleet.proofs() == [0]).await;
        assert_eq!(kinds(&fleet.connect([1]).await), ["in"]);
        assert_eq!(kinds(&first.await.unwrap()), ["in"]);
        assert_eq!(fleet.proofs(), [0, 1]);
        assert_eq!(fleet.hosts[1].server.accepts(), 2);
    });
}

#[test]
fn without_a_gate_of_their_own_four_connectors_share_one_failed_logon() {
    clock::run(|steps| async move {
        for is_one_value in [true, false] {
            let login = Arc::new(FakeNtlm::refusing());
            // Nobody else in this process has this name.
            let user = format!("four-{is_one_value}-{}", std::process::id());
            let credential = || Credential::new(user.clone(), "wrong".to_owned().into());
            let shared = credential();
            let mut servers = Vec::new();
            for _ in 0..4 {
                let at_server = Arc::clone(&login);
                let script = move |seen: &Seen| at_server.act(seen, |_| told());
                servers.push(RawServer::begin(None, Arc::clone(&steps), Arc::new(script)).await);
            }
            let mut tasks = JoinSet::new();
            for server in &servers {
                let credential = if is_one_value { shared.clone() } else { credential() };
                let connector = HttpConnector::builder(endpoint(&server.url()), credential).build().unwrap();
                tasks.spawn(async move { connector.connect().await.is_err() });
            }
            assert!(tasks.join_all().await.into_iter().all(|failed| failed));
            assert_eq!(login.judged(), 1, "one value: {is_one_value}");
        }
    });
}

#[test]
fn a_second_password_under_the_same_name_is_unproven_itself() {
    clock::run(|steps| async move {
        let mut fleet = Fleet::of(steps, [Accept, Refuse, Refuse, Accept]).await;
        fleet.connect_one(0).await.unwrap();
        let first =
            std::mem::replace(&mut fleet.credential, Credential::new("lab\\ANN", "old".to_owned().into()));
        assert_eq!(kind(&fleet.connect_one(1).await), "refused");
        assert_eq!(kind(&fleet.connect_one(2).await), "spared");
        fleet.credential = Credential::new("LAB\\ann", "older".to_owned().into());
        assert_eq!(kind(&fleet.connect_one(2).await), "spared", "another password is not tried either");
        fleet.credential = first;
        assert_eq!(kind(&fleet.connect_one(3).await), "in");
        assert_eq!(fleet.proofs(), [0, 1, 3]);
    });
}

#[test]
fn a_login_that_the_server_forgets_at_once_is_no_failed_logon_of_an_accepted_credential() {
    clock::run(|steps| async move {
        let fleet = Fleet::of(steps, [Accept, Accept]).await;
        fleet.connect_one(0).await.unwrap();
        let mut connection = fleet.connect_one(1).await.unwrap();
        fleet.hosts[1].login.forget(1);
        ask(connection.as_mut()).await.unwrap();
        assert_eq!(fleet.proofs(), [0, 1, 1]);
    });
}
