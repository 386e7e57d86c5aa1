//! What is closed, in which order, and what is left alone.

use std::time::Duration;

use pssession::simulator::{Account, InjectedFault, OperationKind, SimulatedShell};
use pssession::teardown::{Cancellation, Engine, Policy};

use super::{ADMIN, Lab, no_signals, ours, outcomes, theirs};

#[tokio::test(start_paused = true)]
async fn exactly_the_chosen_sessions_are_closed() {
    let lab = Lab::with([ours("A"), theirs("B"), ours("C")]);
    let report = lab.close(Policy::default(), |session| session.shell.shell_id.as_str() != "B").await;
    assert_eq!(outcomes(&report), ["Closed", "Closed"]);
    assert_eq!(lab.left(), ["B"]);
    assert!(lab.asked().iter().all(|asked| !asked.ends_with(" B")), "{:?}", lab.asked());
}

#[tokio::test(start_paused = true)]
async fn each_running_command_is_signalled_before_its_shell_is_deleted() {
    let shell = ours("A").running("C1", "ping -t").running("C2", "sort");
    let lab = Lab::with([shell]);
    let report = lab.close_all(Policy::default()).await;
    assert_eq!(report.records[0].signals, 2);
    let expected = ["Enumerate", "EnumerateCommands A", "Signal A", "Signal A", "Delete A", "Enumerate"];
    assert_eq!(lab.asked(), expected);
}

#[tokio::test(start_paused = true)]
async fn signal_and_delete_go_through_the_shells_own_resource() {
    let lab = Lab::with([SimulatedShell::cmd("A", ADMIN).running("C", "cmd"), ours("B").running("C", "")]);
    lab.close_all(Policy::default()).await;
    let world = lab.world();
    for entry in world.log().filter(|e| matches!(e.kind, OperationKind::Signal | OperationKind::Delete)) {
        let own = match entry.shell_id.as_deref() {
            Some("A") => "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd",
            _ => "http://schemas.microsoft.com/powershell/Microsoft.PowerShell",
        };
        assert_eq!(entry.resource_uri, own);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unregistered_endpoints_shell_is_deleted_through_the_generic_resource() {
    let lab = Lab::with([SimulatedShell::powershell("A", "x", ADMIN, "JEA.Gone")]);
    lab.world().unregister("http://schemas.microsoft.com/powershell/JEA.Gone");
    let report = lab.close_all(no_signals()).await;
    assert_eq!(outcomes(&report), ["Closed"]);
    assert_eq!(lab.asked(), ["Enumerate", "Delete A", "Delete A", "Enumerate"]);
}

#[tokio::test(start_paused = true)]
async fn a_shell_that_vanishes_after_the_listing_is_already_gone() {
    let lab = Lab::with([ours("A"), ours("B")]);
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    lab.world().shells_mut().remove(0);
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(outcomes(&report), ["AlreadyGone", "Closed"]);
    assert_eq!(report.records[0].fault_code.map(|code| code.0), Some(2_150_858_843));
}

#[tokio::test(start_paused = true)]
async fn closing_twice_is_safe() {
    let lab = Lab::with([ours("A")]);
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    let again = plan.clone();
    engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    let (_, survey) = lab.plan(&engine, |_| true).await;
    let report = engine.run(again, survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(outcomes(&report), ["AlreadyGone"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_prompt_the_host_is_listed_again_and_changed_sessions_are_left_alone() {
    let lab = Lab::with([ours("A"), ours("B"), ours("C")]);
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    tokio::time::sleep(Duration::from_secs(11)).await;
    lab.world().shells_mut()[1].client_ip = "203.0.113.66".to_owned();
    lab.world().shells_mut().remove(2);
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(outcomes(&report), ["Closed", "Failed(identity changed)", "AlreadyGone"]);
    assert_eq!(lab.asked(), ["Enumerate", "Enumerate", "Delete A", "Enumerate"]);
    assert_eq!(lab.left(), ["B"]);
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_comes_late_is_preceded_by_a_get() {
    let lab = Lab::with([ours("A"), ours("B")]);
    lab.world().inject_for(OperationKind::Delete, "A", 1, InjectedFault::Delay(Duration::from_secs(12)));
    let policy = no_signals().with_stuck_after(Duration::from_secs(60));
    let report = lab.close_all(policy).await;
    assert_eq!(outcomes(&report), ["Closed", "Closed"]);
    assert_eq!(lab.asked(), ["Enumerate", "Delete A", "Get B", "Delete B", "Enumerate"]);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_delete_does_not_block_the_rest_of_its_host() {
    let lab = Lab::with(["A", "B", "C"].map(ours));
    lab.world().inject_for(OperationKind::Delete, "A", 1, InjectedFault::Delay(Duration::from_secs(40)));
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    let began = tokio::time::Instant::now();
    let mut finished = Vec::new();
    let report = engine
        .run(plan, survey, &Cancellation::new(), |record| {
            finished.push((record.session.shell.shell_id.to_string(), began.elapsed().as_secs()));
        })
        .await;
    assert_eq!(outcomes(&report), ["Closed", "Closed", "Closed"]);
    let finished: Vec<_> = finished.iter().map(|(id, at)| (id.as_str(), *at)).collect();
    assert_eq!(finished, [("B", 5), ("C", 5), ("A", 40)]);
    let connections = lab.world().log().map(|entry| entry.connection).max();
    assert_eq!(connections, Some(2));
}

#[tokio::test(start_paused = true)]
async fn one_bad_session_never_stops_the_others() {
    let lab = Lab::with(["A", "B", "C"].map(ours));
    lab.world().inject_for(OperationKind::Delete, "B", usize::MAX, InjectedFault::Fault(5));
    let report = lab.close_all(no_signals()).await;
    let names: Vec<_> = report.records.iter().map(|record| record.outcome.name()).collect();
    assert_eq!(names, ["Closed", "Failed", "Closed"]);
    assert_eq!(report.records[1].fault_code.map(|code| code.0), Some(5));
}

#[tokio::test(start_paused = true)]
async fn hosts_are_closed_in_parallel_and_reported_in_the_order_of_the_plan() {
    let hosts = ["A", "B", "C"].map(|id| vec![ours(id)]).to_vec();
    let lab = Lab::of(hosts, &Account::administrator(ADMIN));
    for host in 0..3 {
        let late = Duration::from_secs(3 - u64::try_from(host).unwrap());
        lab.host(host).inject(OperationKind::Delete, 1, InjectedFault::Delay(late));
    }
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    let began = tokio::time::Instant::now();
    let mut order = Vec::new();
    let report = engine
        .run(plan, survey, &Cancellation::new(), |record| {
            order.push(record.session.shell.shell_id.to_string())
        })
        .await;
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    assert_eq!(order, ["C", "B", "A"]);
    let reported: Vec<_> = report.records.iter().map(|r| r.session.shell.shell_id.as_str()).collect();
    assert_eq!(reported, ["A", "B", "C"]);
}

#[tokio::test(start_paused = true)]
async fn a_persons_no_is_respected() {
    let lab = Lab::with(["A", "B"].map(ours));
    let engine = Engine::new(no_signals());
    let (mut plan, survey) = lab.plan(&engine, |_| true).await;
    plan.decline(0);
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(outcomes(&report), ["Declined", "Closed"]);
    assert_eq!(lab.left(), ["A"]);
}

#[tokio::test(start_paused = true)]
async fn commands_that_the_guard_has_listed_are_not_listed_again() {
    let lab = Lab::with([ours("A").running("C", "ping"), ours("B")]);
    let engine = Engine::new(Policy::default());
    let mut survey = engine.survey(lab.connectors(), &Cancellation::new()).await;
    let mut sessions = survey.sessions();
    engine.list_commands(&mut survey, &mut sessions).await;
    assert_eq!(sessions[0].is_running(), Some(true));
    assert_eq!(sessions[1].is_running(), Some(false));
    let plan = pssession::teardown::Plan::new(sessions);
    assert_eq!(plan.guard().len(), 1);
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(outcomes(&report), ["Closed", "Closed"]);
    assert_eq!(lab.world().count(OperationKind::EnumerateCommands), 2);
    assert_eq!(lab.world().count(OperationKind::Signal), 1);
}
