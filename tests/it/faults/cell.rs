//! One cell: a session is closed while one trouble strikes one operation, and what came of it is written down.

use std::sync::Arc;
use std::time::Duration;

use pssession::simulator::{InjectedFault, OperationKind, SimulatedShell, World};
use pssession::teardown::{Cancellation, Engine, HostCounts, Requirement, RunSummary, Survey};
use pssession::{Connector, Plan, Policy};
use tokio::time::Instant;

use super::auth_mode::{AuthMode, identity};
use super::fault::{Deed, Fault};
use super::host::Host;
use super::{Operation, clock};
use crate::support::raw::{RawServer, Script};
use crate::teardown::ADMIN;

/// The session that is to be closed, and two that are not.
const WANTED: &str = "A";
const OTHERS: [&str; 2] = ["B", "C"];

/// No run may take longer, whatever the server does: a listing and a session have 120 s each, and of everything else
/// there are few.
const LONGEST: Duration = Duration::from_secs(600);

/// The session's deadline where a Get or the proof is what is struck; 120 s elsewhere, as by default.
const PROOF_DEADLINE: Duration = Duration::from_secs(30);
const PROOF_OPERATION: Duration = Duration::from_secs(10);

/// How a cell ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) outcome: String,
    /// Why, in the words that the user sees.
    pub(super) reason: String,
    pub(super) exit_code: u8,
    /// The Deletes that the server saw.
    pub(super) deletes: usize,
    pub(super) took: Duration,
}

/// Runs one cell. What must hold in each of them is asserted here.
pub(super) fn run(way: AuthMode, operation: Operation, fault_kind: &'static Fault) -> Ending {
    clock::run(|steps| async move {
        let mut world = world();
        if operation == Operation::Again {
            world.inject(OperationKind::Delete, 1, InjectedFault::Pretend);
        }
        let host = Host::new(way, operation, fault_kind, world);
        let script: Script = {
            let host = Arc::clone(&host);
            Arc::new(move |seen| host.act(seen))
        };
        let tls = way.is_tls().then(|| identity().acceptor.clone());
        let server = RawServer::begin(tls, steps, script).await;
        let connector: Arc<dyn Connector> = Arc::new(way.connector(server.address));
        if matches!(fault_kind.deed, Deed::Refused) && operation == Operation::Handshake {
            host.struck();
            server.vanish();
            tokio::task::yield_now().await;
        }
        let began = Instant::now();
        let mut ending = close(&host, operation, fault_kind, connector).await;
        ending.took = began.elapsed();
        judge(&host, &ending);
        ending
    })
}

pub(super) fn world() -> World {
    let mut world = World::new("web01");
    world
        .add(SimulatedShell::powershell(WANTED, "build", ADMIN, "Microsoft.PowerShell").running("1", "make"));
    world.add(SimulatedShell::powershell(OTHERS[0], "theirs", r"CONTOSO\alice", "Microsoft.PowerShell"));
    world.add(SimulatedShell::powershell(OTHERS[1], "kept", ADMIN, "Microsoft.PowerShell"));
    world
}

/// What `pssession remove --on web01.lab --name build` does, without its talk.
async fn close(
    host: &Host,
    operation: Operation,
    fault_kind: &Fault,
    connector: Arc<dyn Connector>,
) -> Ending {
    let policy = match operation {
        // Each of many polls reads what may be large; ten of them show as much as thirty.
        Operation::Check | Operation::Again | Operation::Verify => {
            Policy::default().with_session_deadline(PROOF_DEADLINE).with_operation_timeout(PROOF_OPERATION)
        }
        _ => Policy::default(),
    };
    let engine = Engine::new(policy);
    let cancellation = Cancellation::new();
    let survey = engine.survey(vec![connector], &cancellation).await;
    let plan: Vec<_> =
        survey.sessions().into_iter().filter(|session| session.shell.shell_id.as_str() == WANTED).collect();
    let host_results = survey.host_results();
    let summary =
        RunSummary { hits: plan.len(), required: Some(Requirement::Present), ..RunSummary::default() };
    if let Deed::Meanwhile(change) = fault_kind.deed {
        host.struck();
        change(&mut host.world.lock().unwrap());
        tokio::time::sleep(pssession::teardown::IDENTITY_MAX_AGE + Duration::from_secs(1)).await;
    }
    let unlisted = why_unlisted(&survey);
    let report = engine.run(Plan::new(plan), survey, &cancellation, |_| ()).await;
    let (outcome, reason) = match report.records.as_slice() {
        [record] => (record.outcome.name().to_owned(), record.outcome.reason().unwrap_or_default()),
        [] => ("nothing planned".to_owned(), unlisted),
        _ => panic!("{:?}", report.records),
    };
    let summary = summary.with_hosts(HostCounts::after(&report, &host_results));
    let exit_code = super::exit_code(report.status(&summary));
    let deletes = host.deletes.lock().unwrap().len();
    Ending { outcome, reason, exit_code, deletes, took: Duration::ZERO }
}

fn why_unlisted(survey: &Survey) -> String {
    match survey.hosts()[0].listing() {
        Some(Ok(listing)) => listing.gaps.first().map(ToString::to_string).unwrap_or_default(),
        Some(Err(error)) => error.chain(),
        None => "not listed".to_owned(),
    }
}

fn judge(host: &Host, ending: &Ending) {
    assert!(host.has_struck(), "the trouble never came: {ending:?}");
    let world = host.world.lock().unwrap();
    let left: Vec<_> = world.shells().iter().map(|shell| shell.shell_id.as_str()).collect();
    assert!(OTHERS.iter().all(|other| left.contains(other)), "closed what was not planned: {left:?}");
    let deletes = host.deletes.lock().unwrap();
    assert!(deletes.iter().all(|id| id == WANTED), "deleted what was not planned: {deletes:?}");
    let is_gone = matches!(ending.outcome.as_str(), "Closed" | "AlreadyGone");
    assert!(!is_gone || !left.contains(&WANTED), "it is called {} and is there", ending.outcome);
    let has_failed = ending.outcome == "Failed" && !deletes.is_empty();
    assert!(!has_failed || left.contains(&WANTED), "it is called Failed and is gone");
    assert!(ending.exit_code != 0 || is_gone, "a success without a session gone: {ending:?}");
    assert!(ending.took < LONGEST, "{ending:?}");
}

/// The rules of every cell, broken one at a time.
#[test]
fn a_cell_that_breaks_a_rule_is_found_out() {
    let fault_kind = super::faults_of_table().next().unwrap();
    let ending = |outcome: &str, exit_code| Ending {
        outcome: outcome.to_owned(),
        reason: String::new(),
        exit_code,
        deletes: 1,
        took: Duration::ZERO,
    };
    let breaks = |change: fn(&Host), ending: Ending| {
        let host = Host::new(AuthMode::NtlmTls, Operation::Delete, fault_kind, world());
        host.struck();
        change(&host);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| judge(&host, &ending))).is_err()
    };
    assert!(breaks(|_| (), ending("Closed", 0)), "it is there");
    assert!(breaks(|_| (), ending("Failed", 0)), "a success without a session gone");
    let delete = |host: &Host| {
        host.deletes.lock().unwrap().push(WANTED.to_owned());
        host.world.lock().unwrap().shells_mut().remove(0);
    };
    assert!(breaks(delete, ending("Failed", 4)), "it is gone");
    assert!(!breaks(delete, ending("Closed", 0)));
    assert!(
        breaks(|host| drop(host.world.lock().unwrap().shells_mut().pop()), ending("Failed", 4)),
        "another is gone"
    );
    assert!(
        breaks(|host| host.deletes.lock().unwrap().push("C".to_owned()), ending("Failed", 4)),
        "another's Delete"
    );
    assert!(!breaks(|_| (), ending("Failed", 4)));
}
