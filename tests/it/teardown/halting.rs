//! Runs that are interrupted, run out of time, or stop at the first error.

use std::time::Duration;

use pssession::simulator::{Account, InjectedFault, OperationKind};
use pssession::teardown::{Cancellation, Engine, RunStatus, RunSummary};

use super::{ADMIN, Lab, no_signals, ours, outcomes};

fn late(seconds: u64) -> InjectedFault {
    InjectedFault::Delay(Duration::from_secs(seconds))
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_run_verifies_what_it_sent_and_begins_nothing_new() {
    let lab = Lab::with(["A", "B", "C"].map(ours));
    lab.world().inject_for(OperationKind::Delete, "B", 1, late(3));
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    let cancellation = Cancellation::new();
    let interrupt = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cancellation.cancel();
    };
    let (report, ()) = tokio::join!(engine.run(plan, survey, &cancellation, |_| {}), interrupt);
    assert_eq!(outcomes(&report), ["Closed", "Closed", "NotStarted(interrupted)"]);
    assert_eq!(lab.left(), ["C"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_verified_within_the_grace_is_unknown() {
    let lab = Lab::with([ours("A")]);
    lab.world().inject(OperationKind::Delete, 1, late(600));
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    let cancellation = Cancellation::new();
    let began = tokio::time::Instant::now();
    let interrupt = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cancellation.cancel();
    };
    let (report, ()) = tokio::join!(engine.run(plan, survey, &cancellation, |_| {}), interrupt);
    assert_eq!(outcomes(&report), ["Unknown(interrupted before it was verified)"]);
    assert_eq!(began.elapsed(), Duration::from_secs(11));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_interrupted_before_it_began_sends_nothing() {
    let lab = Lab::with([ours("A")]);
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    let cancellation = Cancellation::new();
    cancellation.cancel();
    let report = engine.run(plan, survey, &cancellation, |_| {}).await;
    assert_eq!(outcomes(&report), ["NotStarted(interrupted)"]);
    assert_eq!(lab.asked(), ["Enumerate"]);
    let survey = engine.survey(lab.connectors(), &cancellation).await;
    assert!(survey.hosts()[0].listing().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_runs_deadline_keeps_later_sessions_from_being_started() {
    let lab = Lab::with(["A", "B", "C"].map(ours));
    lab.world().inject(OperationKind::Delete, 2, late(3));
    let policy = no_signals().with_run_deadline(Some(Duration::from_secs(4)));
    let report = lab.close_all(policy).await;
    assert_eq!(outcomes(&report), ["Closed", "Closed", "NotStarted(deadline)"]);
    assert_eq!(report.status(&RunSummary { hits: 3, ..RunSummary::default() }), RunStatus::Deadline);
}

#[tokio::test(start_paused = true)]
async fn stopping_at_an_error_starts_nothing_new_on_any_host() {
    let hosts = vec![vec![ours("A"), ours("B")], vec![ours("C"), ours("D")]];
    let lab = Lab::of(hosts, &Account::administrator(ADMIN));
    lab.host(0).inject_for(OperationKind::Delete, "A", 1, InjectedFault::Fault(5));
    lab.host(1).inject_for(OperationKind::Delete, "C", 1, late(1));
    let report = lab.close_all(no_signals().with_stop_on_error(true)).await;
    let names: Vec<_> = report.records.iter().map(|record| record.outcome.name()).collect();
    assert_eq!(names, ["Failed", "NotStarted", "Closed", "NotStarted"]);
    assert_eq!(outcomes(&report)[1], "NotStarted(stopped)");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_waits_for_its_turn_is_told_of_the_interruption() {
    let hosts = ["A", "B"].map(|id| vec![ours(id)]).to_vec();
    let lab = Lab::of(hosts, &Account::administrator(ADMIN));
    lab.host(0).inject(OperationKind::Delete, 1, late(5));
    let engine = Engine::new(no_signals().with_parallel_hosts(1));
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    let cancellation = Cancellation::new();
    let interrupt = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cancellation.cancel();
    };
    let (report, ()) = tokio::join!(engine.run(plan, survey, &cancellation, |_| {}), interrupt);
    assert_eq!(outcomes(&report), ["Closed", "NotStarted(interrupted)"]);
}
