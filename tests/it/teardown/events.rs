//! What the engine reports while it works.

use std::time::Duration;

use pssession::simulator::{Account, InjectedFault, OperationKind};
use pssession::teardown::{Cancellation, Engine, EngineEvent, Outcome};

use super::{ADMIN, Lab, no_signals, ours};

#[tokio::test(start_paused = true)]
async fn a_host_is_reported_when_its_turn_comes_and_when_it_has_answered() {
    let lab = Lab::of(["A", "B"].map(|id| vec![ours(id)]).to_vec(), &Account::administrator(ADMIN));
    lab.host(0).inject(OperationKind::Enumerate, 1, InjectedFault::Delay(Duration::from_secs(4)));
    let began = tokio::time::Instant::now();
    let mut happened = Vec::new();
    let on_event = |event: EngineEvent<'_>| {
        let (what, endpoint) = match event {
            EngineEvent::HostStarted(endpoint) => ("started", endpoint),
            EngineEvent::HostListed(host) => ("listed", host.connector().endpoint()),
            other => panic!("{other:?}"),
        };
        happened.push(format!("{} {what} {}", began.elapsed().as_secs(), endpoint.computer_name()));
    };
    let engine = Engine::new(no_signals().with_parallel_hosts(1));
    engine.survey_with(lab.connectors(), &Cancellation::new(), on_event).await;
    let expected = ["0 started web01.lab", "4 started web02.lab", "4 listed web01.lab", "4 listed web02.lab"];
    assert_eq!(happened, expected);
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_succeeds_is_reported_before_the_proof_and_one_that_fails_is_not() {
    let lab = Lab::with(["A", "B", "C"].map(ours));
    lab.world().inject_for(OperationKind::Delete, "B", usize::MAX, InjectedFault::Fault(5));
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    let mut happened = Vec::new();
    let on_event = |event: EngineEvent<'_>| match event {
        EngineEvent::DeleteAnswered { session, position } => {
            happened.push(format!("{position} {} deleted", session.shell.shell_id));
        }
        EngineEvent::Finished(record) if record.outcome == Outcome::Closed => {
            happened.push(format!("{} {} closed", record.position, record.session.shell.shell_id));
        }
        _ => {}
    };
    engine.run_with(plan, survey, &Cancellation::new(), on_event).await;
    assert_eq!(happened, ["0 A deleted", "2 C deleted", "0 A closed", "2 C closed"]);
}
