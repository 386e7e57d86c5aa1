//! A selection that is kept up: what returns is closed again, under the same guards and brakes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use pssession::request::{
    Caller, CloseLimits, Confirm, Event, Hosts, ListRequest, NotRepeatable, PasswordSource, RemoveRequest,
    RemovedSessions, Repetition, RequestError, SessionEvidence, SessionScope, Source,
};
use pssession::secrecy::SecretString;
use pssession::session::{
    Filter, IdRange, KeepNewest, Selector, SessionQuery, WildcardPattern, parse_client_network,
};
use pssession::simulator::{Account, InjectedFault, OperationKind, SimulatedShell, Simulator, World};
use pssession::store::Origin;
use pssession::teardown::{Cancellation, ConfirmReason, FailureLimit, Plan, Policy, RunStatus};
use pssession::{AuthScheme, Credential, Endpoint};

const INTRUDER: &str = "203.0.113.9";
const ALICE: &str = "11111111-65A0-49F2-9053-A1B156C95777";

/// The n-th session of the intruder.
fn intruder(number: u32) -> SimulatedShell {
    let id = format!("{number:08X}-65A0-49F2-9053-A1B156C95777");
    let shell = SimulatedShell::powershell(&id, "Runspace1", r"CONTOSO\svc-backup", "Microsoft.PowerShell");
    SimulatedShell { client_ip: INTRUDER.to_owned(), ..shell }
}

fn id(number: u32) -> String {
    intruder(number).shell_id
}

/// A host with a session of the intruder, and one of somebody else.
async fn host() -> Simulator {
    let mut world = World::new("WEB01");
    world.add(intruder(1));
    world.add(SimulatedShell::powershell(ALICE, "mine", r"CONTOSO\alice", "Microsoft.PowerShell"));
    let account = Account::administrator(r"CONTOSO\admin");
    Simulator::builder().world(world).account(account, password()).start().await.unwrap()
}

/// The same on every host.
fn password() -> SecretString {
    SecretString::from("a password of every host")
}

fn from_address() -> SessionQuery {
    SessionQuery::new(Vec::new(), vec![Filter::ClientIp(vec![parse_client_network(INTRUDER).unwrap()])])
}

fn request(hosts: &[&Simulator]) -> RemoveRequest {
    let endpoint = |host: &&Simulator| Endpoint::parse(&host.address().to_string(), false).unwrap();
    RemoveRequest {
        scope: SessionScope {
            hosts: Hosts::new(hosts.iter().map(endpoint).collect()),
            query: from_address(),
            ..SessionScope::default()
        },
        confirm: Confirm::Never,
        repetition: Some(Repetition::new(Duration::from_secs(60)).every(Repetition::MIN_EVERY)),
        ..RemoveRequest::default()
    }
}

fn left(host: &Simulator) -> Vec<String> {
    let world = host.world();
    let world = world.lock().unwrap();
    world.shells().iter().map(|shell| shell.shell_id.clone()).collect()
}

/// What was kept of each session: the others from its address, and its command lines.
type Kept = BTreeMap<String, Vec<String>>;

/// Does something when it hears of something: the intruder returns, or the person has seen enough.
struct Watcher<'a> {
    credential: Credential,
    heard: RefCell<Vec<String>>,
    asked: RefCell<usize>,
    react: &'a dyn Fn(&str, usize),
    /// Whether evidence is kept, and what was.
    evidence: Option<RefCell<Vec<Kept>>>,
    answer: bool,
}

impl<'a> Watcher<'a> {
    fn new(host: &Simulator, react: &'a dyn Fn(&str, usize)) -> Self {
        Self {
            credential: Credential::new(host.user(), host.password()),
            heard: RefCell::default(),
            asked: RefCell::default(),
            react,
            evidence: None,
            answer: true,
        }
    }

    /// How often it heard this.
    fn count(&self, name: &str) -> usize {
        self.heard.borrow().iter().filter(|heard| *heard == name).count()
    }
}

impl Caller for Watcher<'_> {
    type Error = RequestError;

    fn credential(
        &self,
        _: Option<&str>,
        _: AuthScheme,
        _: Option<&PasswordSource>,
    ) -> Result<Credential, RequestError> {
        *self.asked.borrow_mut() += 1;
        Ok(self.credential.clone())
    }

    fn confirm_plan(&self, _: &Plan, _: &[ConfirmReason]) -> Result<bool, RequestError> {
        self.heard.borrow_mut().push("asked".to_owned());
        (self.react)("asked", self.count("asked"));
        Ok(self.answer)
    }

    fn keep_evidence(&self, evidence: &[SessionEvidence]) -> Result<(), RequestError> {
        let Some(kept) = &self.evidence else { return Err(RequestError::EvidenceNotKept) };
        let one = |evidence: &SessionEvidence| {
            let others = evidence.others().map(|other| other.shell.shell_id.as_str().to_owned());
            let commands = evidence.commands.as_ref().unwrap().iter();
            let lines = commands.map(|command| command.command_line.clone());
            (evidence.session.shell.shell_id.as_str().to_owned(), others.chain(lines).collect())
        };
        kept.borrow_mut().push(evidence.iter().map(one).collect());
        Ok(())
    }

    fn event(&self, event: Event<'_>) {
        let name = match event {
            Event::Repeating { .. } => "repeating",
            Event::Returned { .. } => "returned",
            Event::Recovered(_) => "recovered",
            Event::AllListed(_) => "listed",
            Event::HostLeftAlone { .. } => "left alone",
            Event::LimitExceeded(_) => "limit",
            Event::Cancelled => "cancelled",
            Event::Closed { record, .. } => record.outcome.name(),
            _ => return,
        };
        self.heard.borrow_mut().push(name.to_owned());
        (self.react)(name, self.count(name));
    }
}

fn outcomes(removed: &RemovedSessions) -> Vec<(String, &'static str)> {
    let records = removed.report.records.iter();
    records.map(|record| (record.session.shell.shell_id.as_str().to_owned(), record.outcome.name())).collect()
}

#[tokio::test]
async fn each_session_that_returns_is_closed_and_all_others_stay() {
    let (host, cancellation) = (host().await, Cancellation::new());
    let react = |heard: &str, times: usize| match (heard, times) {
        ("repeating", 1) => host.world().lock().unwrap().add(intruder(2)),
        ("Closed", 2) => host.world().lock().unwrap().add(intruder(3)),
        ("Closed", 3) => host.world().lock().unwrap().add(intruder(4)),
        ("Closed", 4) => cancellation.cancel(),
        _ => {}
    };
    let caller = Watcher::new(&host, &react);
    let removed = request(&[&host]).run(&caller, &cancellation).await.unwrap();
    assert_eq!(outcomes(&removed), [1, 2, 3, 4].map(|number| (id(number), "Closed")));
    assert_eq!(removed.report.records.iter().map(|record| record.position).max(), Some(3));
    assert_eq!((caller.count("returned"), left(&host)), (3, vec![ALICE.to_owned()]));
    assert_eq!((*caller.asked.borrow(), removed.status()), (1, RunStatus::Success));
    assert_eq!(removed.metadata.len(), removed.report.records.len());
}

#[tokio::test]
async fn a_repetition_that_cannot_be_meant_sends_nothing() {
    type Change<'a> = &'a dyn Fn(&mut RemoveRequest);
    let host = host().await;
    let caller = Watcher::new(&host, &|_, _| ());
    let with = |change: &dyn Fn(&mut RemoveRequest)| {
        let mut request = request(&[&host, &host]);
        change(&mut request);
        request
    };
    let by_id = SessionQuery::new(vec![Selector::Id(vec![IdRange::single(1)])], Vec::new());
    let objects = || Source::Objects { objects: Vec::new(), name: "stdin".to_owned() };
    let newest = || from_address().keeping_newest(KeepNewest::new(1));
    let rows: [(Change<'_>, NotRepeatable); 5] = [
        (&|request| request.what_if = true, NotRepeatable::WhatIf),
        (&|request| request.scope.query = by_id.clone(), NotRepeatable::Ids),
        (&|request| request.scope.source = Source::Table(&Origin::ALL), NotRepeatable::WithoutHosts),
        (&|request| request.scope.source = objects(), NotRepeatable::WithoutHosts),
        (&|request| request.scope.query = newest(), NotRepeatable::KeepsNewest),
    ];
    for (change, expected) in rows {
        let error = with(change).run(&caller, &Cancellation::new()).await.unwrap_err();
        assert!(matches!(&error, RequestError::NotRepeatable(found) if *found == expected), "{error}");
    }
    assert_eq!((host.connections(), *caller.asked.borrow()), (0, 0));
}

#[tokio::test]
async fn what_returns_is_asked_about_and_a_no_is_heard_once() {
    let (host, cancellation) = (host().await, Cancellation::new());
    let react = |heard: &str, times: usize| match (heard, times) {
        ("repeating", 1) => host.world().lock().unwrap().add(intruder(2)),
        // A third one shows that the second is not asked about again.
        ("Declined", 1) => host.world().lock().unwrap().add(intruder(3)),
        ("Declined", 2) => cancellation.cancel(),
        _ => {}
    };
    let mut caller = Watcher::new(&host, &react);
    let mut request = request(&[&host]);
    request.confirm = Confirm::Guard;
    // The first is gone before the question is asked for the second.
    host.world().lock().unwrap().shells_mut().retain(|shell| shell.shell_id != id(1));
    caller.answer = false;
    let removed = request.run(&caller, &cancellation).await.unwrap();
    assert_eq!(outcomes(&removed), [(id(2), "Declined"), (id(3), "Declined")]);
    assert_eq!((caller.count("asked"), left(&host)), (2, vec![ALICE.to_owned(), id(2), id(3)]));
}

#[tokio::test]
async fn limits_count_over_the_whole_run() {
    for per_host in [false, true] {
        let (host, cancellation) = (host().await, Cancellation::new());
        let react = |heard: &str, times: usize| match (heard, times) {
            ("repeating", 1) => host.world().lock().unwrap().add(intruder(2)),
            ("Closed", 2) => host.world().lock().unwrap().add(intruder(3)),
            ("left alone", 1) => cancellation.cancel(),
            _ => {}
        };
        let caller = Watcher::new(&host, &react);
        let mut request = request(&[&host]);
        let limit = Some(2);
        request.limits = match per_host {
            true => CloseLimits { max_close_per_host: limit, ..CloseLimits::default() },
            false => CloseLimits { max_close: limit, ..CloseLimits::default() },
        };
        let removed = request.run(&caller, &cancellation).await.unwrap();
        assert_eq!(outcomes(&removed), [(id(1), "Closed"), (id(2), "Closed")]);
        assert_eq!(left(&host), [ALICE.to_owned(), id(3)], "{per_host}");
        let (heard, status) = match per_host {
            true => ("left alone", RunStatus::Partial),
            false => ("limit", RunStatus::LimitExceeded),
        };
        assert_eq!((caller.count(heard), removed.status()), (1, status));
    }
}

#[tokio::test]
async fn a_host_that_fails_is_reported_once_and_its_return_too() {
    let (one, two, cancellation) = (host().await, host().await, Cancellation::new());
    let fail = |times| {
        two.world().lock().unwrap().inject(OperationKind::Enumerate, times, InjectedFault::Fault(5));
    };
    let react = |heard: &str, times: usize| match (heard, times) {
        // Three rounds in a row.
        ("repeating", 1) => fail(3),
        ("recovered", 1) => two.world().lock().unwrap().add(intruder(2)),
        ("Closed", 3) => cancellation.cancel(),
        _ => {}
    };
    let caller = Watcher::new(&one, &react);
    let removed = request(&[&one, &two]).run(&caller, &cancellation).await.unwrap();
    assert_eq!(removed.report.records.len(), 3);
    assert_eq!((caller.count("listed"), caller.count("recovered")), (1, 1));
    assert_eq!(removed.status(), RunStatus::Success, "its last answer counts");
}

#[tokio::test]
async fn a_session_that_stays_is_tried_again_and_reported_once() {
    let (host, cancellation) = (host().await, Cancellation::new());
    // Its Delete is answered and does nothing, in two rounds with two Deletes more each, and then it works.
    host.world().lock().unwrap().inject(OperationKind::Delete, 2, InjectedFault::Fault(5));
    let react = |heard: &str, times: usize| {
        if (heard, times) == ("Closed", 1) {
            cancellation.cancel();
        }
    };
    let caller = Watcher::new(&host, &react);
    let removed = request(&[&host]).run(&caller, &cancellation).await.unwrap();
    assert_eq!(outcomes(&removed), [(id(1), "Closed")]);
    assert_eq!((caller.count("Failed"), caller.count("returned")), (1, 0));
    assert_eq!(removed.status(), RunStatus::Success);
}

#[tokio::test]
async fn too_many_failures_end_it() {
    let (host, cancellation) = (host().await, Cancellation::new());
    host.world().lock().unwrap().inject(OperationKind::Delete, usize::MAX, InjectedFault::Fault(5));
    let caller = Watcher::new(&host, &|_, _| ());
    let mut request = request(&[&host]);
    request.scope.policy = Policy::default().with_abort_if_failed(FailureLimit::Sessions(3));
    let removed = request.run(&caller, &cancellation).await.unwrap();
    assert_eq!((outcomes(&removed), removed.status()), (vec![(id(1), "Failed")], RunStatus::Partial));
    assert!(!cancellation.is_cancelled());
}

#[tokio::test]
async fn the_time_and_the_deadline_end_it_while_a_host_hangs() {
    for (repeat, deadline, status) in [(300, 60_000, RunStatus::Success), (60_000, 900, RunStatus::Deadline)]
    {
        let host = host().await;
        let hang = || {
            let hang = InjectedFault::Delay(Duration::from_secs(600));
            host.world().lock().unwrap().inject(OperationKind::Enumerate, 1, hang);
        };
        let react = |heard: &str, _: usize| {
            if heard == "repeating" {
                hang();
            }
        };
        let caller = Watcher::new(&host, &react);
        let mut request = request(&[&host]);
        let repetition = Repetition::new(Duration::from_millis(repeat)).every(Repetition::MIN_EVERY);
        request.repetition = Some(repetition);
        request.scope.policy = Policy::default().with_run_deadline(Some(Duration::from_millis(deadline)));
        let removed = request.run(&caller, &Cancellation::new()).await.unwrap();
        assert_eq!((outcomes(&removed), removed.status()), (vec![(id(1), "Closed")], status));
    }
}

#[tokio::test]
async fn a_host_that_refuses_the_credential_is_not_asked_again() {
    let (one, cancellation) = (host().await, Cancellation::new());
    let account = Account::administrator(r"CONTOSO\admin");
    let builder =
        Simulator::builder().world(World::new("WEB02")).account(account, SecretString::from("another"));
    let two = builder.start().await.unwrap();
    let next = |number| one.world().lock().unwrap().add(intruder(number));
    let react = |heard: &str, times: usize| match (heard, times) {
        ("repeating", 1) => next(2),
        ("Closed", 2) => next(3),
        ("Closed", 3) => next(4),
        ("Closed", 4) => cancellation.cancel(),
        _ => {}
    };
    let caller = Watcher::new(&one, &react);
    let removed = request(&[&one, &two]).run(&caller, &cancellation).await.unwrap();
    assert_eq!((removed.report.records.len(), removed.status()), (4, RunStatus::Partial));
    assert_eq!((two.failed_logons(), caller.count("listed"), *caller.asked.borrow()), (1, 1, 2));
}

#[tokio::test]
async fn evidence_is_kept_in_every_round_and_names_all_from_that_address() {
    let (one, two, cancellation) = (host().await, host().await, Cancellation::new());
    let other = SimulatedShell { name: Some("other".to_owned()), ..intruder(9) };
    // It is not selected, and it is from the same address.
    two.world().lock().unwrap().shells_mut().clear();
    two.world().lock().unwrap().add(other);
    let running = intruder(1).running("CF84C20A-0A35-43FA-AF78-0B4711DA5F30", "whoami /all");
    one.world().lock().unwrap().shells_mut()[0] = running;
    let react = |heard: &str, times: usize| match (heard, times) {
        ("repeating", 1) => one.world().lock().unwrap().add(intruder(2)),
        ("Closed", 2) => cancellation.cancel(),
        _ => {}
    };
    let mut caller = Watcher::new(&one, &react);
    let mut request = request(&[&one, &two]);
    request.evidence = true;
    let name = WildcardPattern::new("Runspace*").unwrap();
    request.scope.query = SessionQuery::new(vec![Selector::Name(vec![name])], Vec::new());
    let error = request.clone().run(&caller, &cancellation).await.unwrap_err();
    assert!(matches!(error, RequestError::EvidenceNotKept), "{error}");
    assert_eq!(one.world().lock().unwrap().count(OperationKind::Delete), 0);
    caller.evidence = Some(RefCell::default());
    request.run(&caller, &cancellation).await.unwrap();
    let kept = caller.evidence.take().unwrap().into_inner();
    let first = BTreeMap::from([(id(1), vec![id(9), "whoami /all".to_owned()])]);
    // What was closed in an earlier round is still named.
    let second = BTreeMap::from([(id(2), vec![id(9), id(1)])]);
    assert_eq!(kept, [first, second]);
    assert_eq!(left(&two), [id(9)]);
}

#[tokio::test]
async fn a_repeated_listing_asks_no_host_again_that_refused_the_login() {
    let one = host().await;
    let account = Account::administrator(r"CONTOSO\admin");
    let builder = Simulator::builder().account(account, SecretString::from("another"));
    let two = builder.start().await.unwrap();
    let caller = Watcher::new(&one, &|_, _| ());
    let scope = request(&[&one, &two]).scope;
    let list = ListRequest { scope, ..ListRequest::default() };
    let mut listing = list.repeated(&caller).await.unwrap();
    for _ in 0..3 {
        let listed = listing.list(&caller, &Cancellation::new()).await.unwrap();
        assert_eq!((listed.rows.len(), listed.status()), (1, RunStatus::Partial));
    }
    assert_eq!((one.handshakes(), two.failed_logons()), (1, 1));
}
