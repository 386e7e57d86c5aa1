//! How often and when a server is asked again, and that it is never asked without end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pssession::client::IdSource;
use pssession::simulator::{InjectedFault, OperationKind};
use pssession::teardown::{
    Cancellation, Engine, INTERRUPT_GRACE, Plan, Policy, RunStatus, RunSummary, SESSION_DEADLINE, Survey,
};
use pssession::transport::{BoxFuture, Connection, Connector, Endpoint, Reply, TransportError};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Lab, no_signals, ours, outcomes};

/// Ids without chance: the engine's jitter is none.
#[derive(Default)]
struct NoJitter(AtomicU64);

impl IdSource for NoJitter {
    fn draw(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::SeqCst)) << 64 | 1 << 15)
    }
}

fn engine(policy: Policy) -> Engine {
    Engine::with_ids(policy, Arc::new(NoJitter::default()))
}

/// A way to a host on which one kind of request is turned away with 503, and when that was.
#[derive(Clone)]
struct Turnstile {
    inner: Arc<dyn Connector>,
    /// What stands in the envelope; the login where it is empty.
    turned_away: &'static str,
    retry_after: Option<u64>,
    times: Arc<Mutex<Vec<Duration>>>,
    began: Instant,
}

impl Turnstile {
    fn new(lab: &Lab, turned_away: &'static str, retry_after: Option<u64>) -> Self {
        let inner = Arc::clone(&lab.connectors()[0]);
        Self { inner, turned_away, retry_after, times: Arc::default(), began: Instant::now() }
    }

    fn turn_away(&self) -> TransportError {
        self.times.lock().unwrap().push(self.began.elapsed());
        TransportError::Status {
            endpoint: self.inner.endpoint().url().to_owned(),
            status: 503,
            excerpt: String::new(),
            retry_after: self.retry_after.map(Duration::from_secs),
        }
    }

    /// When it has turned somebody away, in milliseconds since the first time.
    fn times(&self) -> Vec<u128> {
        let times = self.times.lock().unwrap();
        times.iter().map(|at| (*at - times[0]).as_millis()).collect()
    }
}

impl Connector for Turnstile {
    fn endpoint(&self) -> &Endpoint {
        self.inner.endpoint()
    }

    fn user(&self) -> &str {
        self.inner.user()
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>> {
        Box::pin(async move {
            if self.turned_away.is_empty() {
                return Err(self.turn_away());
            }
            let inner = self.inner.connect().await?;
            let connection: Box<dyn Connection> = Box::new(Gated { turnstile: self.clone(), inner });
            Ok(connection)
        })
    }
}

struct Gated {
    turnstile: Turnstile,
    inner: Box<dyn Connection>,
}

impl Connection for Gated {
    fn exchange<'a>(
        &'a mut self,
        envelope: &'a str,
        read_timeout: Duration,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        if envelope.contains(self.turnstile.turned_away) {
            let error = self.turnstile.turn_away();
            return Box::pin(std::future::ready(Err(error)));
        }
        self.inner.exchange(envelope, read_timeout)
    }
}

const DELETE: &str = "transfer/Delete<";
const ENUMERATE: &str = "enumeration/Enumerate<";

/// Closes the session of a lab behind `turnstile`; how it ended, and after how long.
async fn close(turnstile: &Turnstile, policy: Policy) -> (String, Duration) {
    let engine = engine(policy);
    let cancellation = Cancellation::new();
    let survey = engine.survey(vec![Arc::new(turnstile.clone())], &cancellation).await;
    let plan = Plan::new(survey.sessions());
    let began = Instant::now();
    let report = engine.run(plan, survey, &cancellation, |_| {}).await;
    (outcomes(&report).join(" "), began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn what_is_turned_away_is_sent_again_after_a_quarter_a_half_and_a_whole_second() {
    for turned_away in ["", ENUMERATE, DELETE] {
        let turnstile = Turnstile::new(&Lab::with([ours("A")]), turned_away, None);
        close(&turnstile, no_signals().with_connect_retries(3)).await;
        assert_eq!(turnstile.times(), [0, 250, 750, 1_750], "{turned_away}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_is_waited_for_and_no_longer_than_eight_seconds() {
    for (asked_for, waited) in [(3, 3_000), (3_600, 8_000)] {
        for turned_away in ["", ENUMERATE, DELETE] {
            let turnstile = Turnstile::new(&Lab::with([ours("A")]), turned_away, Some(asked_for));
            close(&turnstile, no_signals().with_connect_retries(3)).await;
            assert_eq!(turnstile.times(), [0, waited, 2 * waited, 3 * waited], "{turned_away}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_beyond_the_sessions_deadline_is_not_waited_for() {
    let lab = Lab::with([ours("A")]);
    let turnstile = Turnstile::new(&lab, DELETE, Some(8));
    let (outcome, took) = close(&turnstile, no_signals().with_session_deadline(Duration::from_secs(5))).await;
    assert!(outcome.starts_with("Failed(") && outcome.ends_with("returned HTTP 503)"), "{outcome}");
    assert_eq!((turnstile.times(), took), (vec![0], Duration::ZERO));
    assert_eq!(lab.asked(), ["Enumerate", "Enumerate"]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_beyond_the_runs_deadline_is_not_waited_for() {
    let two = Duration::from_secs(2);
    for turned_away in ["", ENUMERATE] {
        let turnstile = Turnstile::new(&Lab::with([ours("A")]), turned_away, Some(8));
        let engine = engine(no_signals().with_connect_retries(3).with_run_deadline(Some(two)));
        let began = Instant::now();
        let survey = engine.survey(vec![Arc::new(turnstile.clone())], &Cancellation::new()).await;
        assert!(survey.hosts()[0].listing().is_none());
        assert_eq!((turnstile.times(), began.elapsed()), (vec![0], two));
    }
    let turnstile = Turnstile::new(&Lab::with([ours("A")]), DELETE, Some(8));
    let ended = close(&turnstile, no_signals().with_run_deadline(Some(two))).await;
    assert_eq!(ended, ("NotStarted(deadline)".to_owned(), two));
}

#[tokio::test(start_paused = true)]
async fn the_sessions_deadline_ends_each_session_by_itself_whatever_hangs() {
    for kind in [OperationKind::EnumerateCommands, OperationKind::Delete] {
        let lab = Lab::with([ours("A"), ours("B").running("C", "x")]);
        lab.world().inject_for(kind, "B", usize::MAX, InjectedFault::Delay(Duration::from_secs(3_600)));
        let began = Instant::now();
        let report = lab.close_all(Policy::default()).await;
        let [quick, slow] = &report.records[..] else { panic!("{report:?}") };
        assert_eq!(quick.outcome.name(), "Closed");
        assert!(quick.elapsed < SESSION_DEADLINE && slow.elapsed <= SESSION_DEADLINE, "{report:?}");
        assert!(began.elapsed() <= SESSION_DEADLINE + Duration::from_secs(10), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_runs_deadline_what_was_sent_has_its_grace_and_no_more() {
    let lab = Lab::with([ours("A"), ours("B")]);
    lab.world().inject(OperationKind::Delete, 1, InjectedFault::Delay(Duration::from_secs(3_600)));
    let policy = no_signals().with_run_deadline(Some(Duration::from_secs(3)));
    let began = Instant::now();
    let report = lab.close_all(policy).await;
    assert_eq!(outcomes(&report), ["Unknown(deadline before it was verified)", "NotStarted(deadline)"]);
    assert_eq!(began.elapsed(), Duration::from_secs(3) + INTERRUPT_GRACE);
    assert_eq!(report.status(&RunSummary::default()), RunStatus::Unknown);
}

/// What may go wrong for ever.
fn permanent() -> [InjectedFault; 9] {
    [
        InjectedFault::Status(503, vec![]),
        InjectedFault::Status(500, vec![]),
        InjectedFault::Status(404, vec![]),
        InjectedFault::Drop,
        InjectedFault::Fault(2_150_859_174),
        InjectedFault::Fault(2_150_858_793),
        InjectedFault::Fault(2_150_858_843),
        InjectedFault::Delay(Duration::from_secs(3_600)),
        InjectedFault::ForgetLogin,
    ]
}

/// A session looks each five seconds until its deadline of two minutes, more often after each of three Deletes, and
/// everything else is done a few times.
const MOST_REQUESTS: usize = 50;
/// Each request may cost a connection.
const MOST_CONNECTIONS: u64 = 40;

#[tokio::test(start_paused = true)]
async fn whatever_fails_for_ever_a_session_costs_a_few_requests() {
    let kinds = [
        OperationKind::Login,
        OperationKind::Enumerate,
        OperationKind::EnumerateCommands,
        OperationKind::Signal,
        OperationKind::Get,
        OperationKind::Delete,
    ];
    for (kind, injected_fault) in
        kinds.into_iter().flat_map(|kind| permanent().map(|injected_fault| (kind, injected_fault)))
    {
        for is_listed in [true, false] {
            let lab = Lab::with([ours("A").running("C", "x")]);
            let engine = engine(Policy::default());
            let (plan, mut survey) = lab.plan(&engine, |_| true).await;
            lab.world().inject(kind, usize::MAX, injected_fault.clone());
            if !is_listed {
                survey = Survey::unlisted(lab.connectors());
            }
            let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
            let world = lab.world();
            let (requests, deletes) = (world.log().count(), world.count(OperationKind::Delete));
            let connections = world.log().map(|entry| entry.connection).max().unwrap();
            let of = format!("{kind:?}, {injected_fault:?}, {is_listed}: {:?}", outcomes(&report));
            assert!(
                requests <= MOST_REQUESTS && deletes <= 4,
                "{of}: {requests} requests, {deletes} Deletes"
            );
            assert!(connections <= MOST_CONNECTIONS, "{of}: {connections} connections");
        }
    }
}
