//! What proves that a session is gone, and what does not.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pssession::session::{Comparison, SeenOn, SessionDescriptor};
use pssession::simulator::{Account, InjectedFault, OperationKind};
use pssession::teardown::{Cancellation, Engine, Plan, Report, Survey};
use pssession::transport::{BoxFuture, Connection, Connector, Endpoint, Reply, TransportError};
use pssession::wsman::{Shell, uri};
use pssession::{Policy, ShellId};

use super::{ADMIN, Lab, no_signals, ours, outcomes, theirs};

const DENIED: u32 = 5;
const OPERATION_QUOTA: u32 = 2_150_859_174;
const NOT_FOUND: u32 = 2_150_858_752;

/// Something before the host that lets every Delete through and answers it by this status.
struct Answering {
    inner: Arc<dyn Connector>,
    status: u16,
}

struct Answered {
    inner: Box<dyn Connection>,
    status: u16,
    url: String,
}

impl Connector for Answering {
    fn endpoint(&self) -> &Endpoint {
        self.inner.endpoint()
    }

    fn user(&self) -> &str {
        self.inner.user()
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>> {
        Box::pin(async move {
            let inner = self.inner.connect().await?;
            let url = self.endpoint().url().to_owned();
            let answered: Box<dyn Connection> = Box::new(Answered { inner, status: self.status, url });
            Ok(answered)
        })
    }
}

impl Connection for Answered {
    fn exchange<'a>(
        &'a mut self,
        envelope: &'a str,
        read_timeout: Duration,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        Box::pin(async move {
            let reply = self.inner.exchange(envelope, read_timeout).await?;
            if !envelope.contains("transfer/Delete<") {
                return Ok(reply);
            }
            Err(TransportError::Status {
                endpoint: self.url.clone(),
                status: self.status,
                excerpt: String::new(),
                retry_after: None,
            })
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_was_carried_out_but_answered_by_an_error_each_time_is_closed() {
    for code in [DENIED, OPERATION_QUOTA, NOT_FOUND, 87, 995] {
        let lab = Lab::with([ours("A")]);
        lab.world().inject(OperationKind::Delete, usize::MAX, InjectedFault::FaultAfter(code));
        let report = lab.close_all(no_signals()).await;
        assert_eq!((outcomes(&report), lab.left()), (vec!["Closed".to_owned()], vec![]), "{code}");
    }
    for status in [503, 429, 404, 403, 500] {
        let lab = Lab::with([ours("A")]);
        let engine = Engine::new(no_signals());
        let connector = Answering { inner: Arc::clone(&lab.connectors()[0]), status };
        let survey = engine.survey(vec![Arc::new(connector)], &Cancellation::new()).await;
        let plan = Plan::new(survey.sessions());
        let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
        assert_eq!((outcomes(&report), lab.left()), (vec!["Closed".to_owned()], vec![]), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_was_turned_away_each_time_has_failed_once_the_shell_was_seen_to_be_there() {
    for injected_fault in [InjectedFault::Status(503, vec![]), InjectedFault::Fault(OPERATION_QUOTA)] {
        let lab = Lab::with([ours("A")]);
        lab.world().inject(OperationKind::Delete, usize::MAX, injected_fault.clone());
        let report = lab.close_all(no_signals()).await;
        assert_eq!(report.records[0].outcome.name(), "Failed", "{injected_fault:?}");
        assert_eq!(lab.asked().last().map(String::as_str), Some("Enumerate"), "{injected_fault:?}");
    }
}

/// An account that may close its own shells, and list none.
fn not_listing(shells: Vec<pssession::simulator::SimulatedShell>) -> Lab {
    Lab::of(vec![shells], &Account::user(ADMIN).without_listing())
}

async fn get_and_close(lab: &Lab, ids: &[&str]) -> (Report, Vec<SessionDescriptor>) {
    let engine = Engine::new(no_signals());
    let cancellation = Cancellation::new();
    let mut survey = engine.survey(lab.connectors(), &cancellation).await;
    assert!(survey.hosts()[0].denies_listing());
    let wanted = |_: &str| ids.iter().map(|id| ShellId::from_server(*id)).collect();
    engine.get_shells(&mut survey, wanted, &cancellation).await;
    let sessions = survey.sessions();
    let tally = survey.tally();
    assert_eq!((tally.unreachable, tally.incomplete), (0, 0));
    let report = engine.run(Plan::new(sessions.clone()), survey, &cancellation, |_| {}).await;
    (report, sessions)
}

#[tokio::test(start_paused = true)]
async fn where_listing_is_denied_a_known_session_is_got_deleted_and_proved_by_a_get() {
    let lab = not_listing(vec![ours("A"), ours("B"), theirs("C")]);
    let (report, sessions) = get_and_close(&lab, &["a", "A", "gone", "C"]).await;
    assert_eq!((sessions.len(), sessions[0].shell.shell_id.as_str()), (1, "A"));
    assert_eq!((sessions[0].ownership(), outcomes(&report)), (Comparison::Same, vec!["Closed".to_owned()]));
    assert_eq!(lab.asked(), ["Enumerate", "Get a", "Get gone", "Get C", "Delete A", "Get A"]);
    assert_eq!(lab.left(), ["B", "C"]);
}

#[tokio::test(start_paused = true)]
async fn a_get_proves_nothing_without_a_delete_that_was_answered_200() {
    let rows = [
        (InjectedFault::DropAfter, "Unknown(cannot verify: access is denied"),
        (InjectedFault::FaultAfter(DENIED), "Unknown(cannot verify: access is denied"),
        (InjectedFault::Fault(DENIED), "Failed(access is denied"),
        (InjectedFault::Pretend, "Failed(still there)"),
    ];
    for (injected_fault, expected) in rows {
        let lab = not_listing(vec![ours("A")]);
        lab.world().inject(OperationKind::Delete, usize::MAX, injected_fault.clone());
        let (report, _) = get_and_close(&lab, &["A"]).await;
        let outcome = &outcomes(&report)[0];
        assert!(outcome.starts_with(expected), "{injected_fault:?}: {outcome}");
        assert_eq!(lab.world().count(OperationKind::Enumerate), 1, "{injected_fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_to_the_get_nothing_is_deleted() {
    let lab = not_listing(vec![ours("A")]);
    lab.world().inject(OperationKind::Get, usize::MAX, InjectedFault::Fault(87));
    let report = close(&lab, no_signals(), vec![remembered("A", ADMIN)]).await;
    assert!(outcomes(&report)[0].starts_with("Failed(access is denied"), "{report:?}");
    assert_eq!((lab.left(), lab.world().count(OperationKind::Delete)), (vec!["A".to_owned()], 0));
}

#[tokio::test(start_paused = true)]
async fn a_session_of_a_file_that_a_get_does_not_find_is_unknown_where_listing_is_denied() {
    let lab = not_listing(vec![theirs("A")]);
    let report = close(&lab, no_signals(), vec![remembered("A", "")]).await;
    assert_eq!(outcomes(&report), [r"Unknown(not visible to CONTOSO\admin)"]);
    assert_eq!(lab.asked(), ["Enumerate", "Get A"]);
}

/// What is known of a session on the first host that this account, or nobody, has seen.
fn remembered(id: &str, seen_by: &str) -> SessionDescriptor {
    let seen_on = SeenOn { host: "web01.lab", url: "http://web01.lab:5985/wsman", port: 5985 };
    let shell = Shell::new(ShellId::from_server(id), "");
    SessionDescriptor::from_shell(shell, seen_on, seen_by, SystemTime::now())
}

async fn close(lab: &Lab, policy: Policy, sessions: Vec<SessionDescriptor>) -> Report {
    let survey = Survey::unlisted(lab.connectors());
    Engine::new(policy).run(Plan::new(sessions), survey, &Cancellation::new(), |_| {}).await
}

/// Its answers say the same in OMI's schema, and Identify names no stack.
fn like_omi(lab: &Lab) {
    let mut world = lab.world();
    let in_cim = InjectedFault::Replace(uri::SHELL.to_owned(), uri::CIM_SHELL.to_owned());
    world.inject(OperationKind::Enumerate, usize::MAX, in_cim.clone());
    world.inject(OperationKind::Get, usize::MAX, in_cim);
    let no_stack = InjectedFault::Replace("Stack: 3.0".to_owned(), "1.9.1-0".to_owned());
    world.inject(OperationKind::Identify, usize::MAX, no_stack);
}

#[tokio::test(start_paused = true)]
async fn omis_shells_are_deleted_through_the_generic_resource_and_cannot_be_proved_gone() {
    let lab = Lab::with([ours("A").running("C", "x"), ours("B")]);
    like_omi(&lab);
    let report = lab.close(no_signals(), |session| session.shell.shell_id.as_str() == "A").await;
    assert_eq!(outcomes(&report), ["Unknown(this server cannot prove it)"]);
    assert_eq!(
        (lab.left(), lab.asked()),
        (vec!["B".to_owned()], ["Enumerate", "Delete A", "Enumerate"].map(str::to_owned).to_vec())
    );
    let world = lab.world();
    let delete = world.log().find(|entry| entry.kind == OperationKind::Delete).unwrap();
    assert_eq!(delete.resource_uri, uri::SHELL_RESOURCE);
}

#[tokio::test(start_paused = true)]
async fn omis_shell_that_stays_has_failed() {
    let lab = Lab::with([ours("A")]);
    like_omi(&lab);
    lab.world().inject(OperationKind::Delete, usize::MAX, InjectedFault::Pretend);
    let report = lab.close_all(no_signals()).await;
    assert_eq!(outcomes(&report), ["Failed(still there)"]);
}

#[tokio::test(start_paused = true)]
async fn a_command_of_omis_shell_is_signalled_only_if_its_listing_says_that_it_runs() {
    for (state, signals) in [("Running", 1), ("Ready", 0)] {
        let lab = Lab::with([ours("A").running("C", "x"), ours("B")]);
        like_omi(&lab);
        let state = InjectedFault::Replace(">Running<".to_owned(), format!(">{state}<"));
        lab.world().inject(OperationKind::EnumerateCommands, usize::MAX, state);
        lab.close(Policy::default(), |session| session.shell.shell_id.as_str() == "A").await;
        assert_eq!(lab.world().count(OperationKind::Signal), signals);
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_listing_of_a_remembered_session_proves_something_on_windows_alone() {
    for (omi, expected) in [(false, "AlreadyGone"), (true, "Unknown(this server cannot prove it)")] {
        let lab = Lab::with([]);
        if omi {
            like_omi(&lab);
        }
        let sessions = ["A", "B"].map(|id| remembered(id, ADMIN)).to_vec();
        let report = close(&lab, no_signals(), sessions).await;
        assert_eq!(outcomes(&report), [expected; 2]);
        assert_eq!(lab.asked(), ["Enumerate", "Identify"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_shows_any_windows_shell_is_not_asked_what_it_is() {
    let lab = Lab::with([theirs("B")]);
    let report = close(&lab, no_signals(), vec![remembered("A", ADMIN)]).await;
    assert_eq!(
        (outcomes(&report), lab.asked()),
        (vec!["AlreadyGone".to_owned()], vec!["Enumerate".to_owned()])
    );
}
