//! Servers that answer late, wrongly or not at all.

use std::time::Duration;

use pssession::simulator::{Account, InjectedFault, OperationKind};
use pssession::teardown::{Cancellation, Engine, Plan, Policy, Survey};

use crate::support::logs::Logs;

use super::{ADMIN, Lab, no_signals, ours, outcomes, theirs};

/// Closes one session while its Delete goes wrong once, and says how it ended and what was asked.
async fn with_delete_fault(times: usize, injected_fault: InjectedFault) -> (String, Vec<String>) {
    let lab = Lab::with([ours("A")]);
    lab.world().inject(OperationKind::Delete, times, injected_fault);
    let report = lab.close_all(no_signals()).await;
    let asked = lab.asked().iter().map(|asked| asked.split(' ').next().unwrap().to_owned()).collect();
    (report.records[0].outcome.to_string(), asked)
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_was_done_without_an_answer_is_proved_by_the_listing() {
    let silent = [
        InjectedFault::DropAfter,
        InjectedFault::FaultAfter(2_150_858_793),
        InjectedFault::Delay(Duration::from_secs(600)),
        InjectedFault::WrongRelatesTo,
        InjectedFault::Clear,
        InjectedFault::Truncate,
    ];
    for injected_fault in silent {
        let (outcome, asked) = with_delete_fault(1, injected_fault.clone()).await;
        assert_eq!(outcome, "Closed", "{injected_fault:?}");
        assert_eq!(asked, ["Enumerate", "Delete", "Enumerate"], "{injected_fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_was_not_done_is_sent_again_after_a_get_has_shown_the_shell() {
    let lazy = [
        InjectedFault::Drop,
        InjectedFault::Pretend,
        InjectedFault::Fault(2_150_858_793),
        InjectedFault::Status(500, vec![]),
    ];
    for injected_fault in lazy {
        let (outcome, asked) = with_delete_fault(1, injected_fault.clone()).await;
        assert_eq!(outcome, "Closed", "{injected_fault:?}");
        let polls = vec!["Enumerate"; 5];
        let expected = [vec!["Enumerate", "Delete"], polls, vec!["Get", "Delete", "Enumerate"]].concat();
        assert_eq!(asked, expected, "{injected_fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shell_that_never_goes_is_deleted_three_times_and_has_failed() {
    let (outcome, asked) = with_delete_fault(usize::MAX, InjectedFault::Pretend).await;
    assert_eq!(outcome, "Failed(still there)");
    assert_eq!(asked.iter().filter(|asked| *asked == "Delete").count(), 3);
    assert_eq!(asked.iter().filter(|asked| *asked == "Get").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn busy_answers_are_waited_out() {
    for injected_fault in [
        InjectedFault::Status(503, vec![]),
        InjectedFault::Fault(2_150_859_174),
        InjectedFault::Fault(2_150_858_815),
    ] {
        let (outcome, asked) = with_delete_fault(3, injected_fault.clone()).await;
        assert_eq!(outcome, "Closed", "{injected_fault:?}");
        assert_eq!(
            asked,
            ["Enumerate", "Delete", "Delete", "Delete", "Delete", "Enumerate"],
            "{injected_fault:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn each_definite_refusal_fails_after_a_listing_that_shows_the_shell() {
    let rows = [
        (InjectedFault::Fault(5), "access is denied"),
        (InjectedFault::Status(404, b"<html>not here</html>".to_vec()), "404"),
        (InjectedFault::Fault(87), "87"),
    ];
    for (injected_fault, reason) in rows {
        let (outcome, asked) = with_delete_fault(usize::MAX, injected_fault.clone()).await;
        assert!(outcome.starts_with("Failed(") && outcome.contains(reason), "{injected_fault:?}: {outcome}");
        assert_eq!(asked, ["Enumerate", "Delete", "Enumerate"], "{injected_fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_listing_looks_after_every_refused_delete_of_a_host() {
    let lab = Lab::with([ours("A"), ours("B"), ours("C")]);
    lab.world().inject(OperationKind::Delete, usize::MAX, InjectedFault::Status(403, vec![]));
    let report = lab.close_all(no_signals()).await;
    assert!(outcomes(&report).iter().all(|outcome| outcome.starts_with("Failed(")), "{report:?}");
    assert_eq!(lab.asked(), ["Enumerate", "Delete A", "Delete B", "Delete C", "Enumerate"]);
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_was_answered_with_a_refused_credential_was_started_and_cannot_be_proved() {
    let lab = Lab::with([ours("A"), ours("B")]);
    lab.world().inject_for(OperationKind::Delete, "A", 1, InjectedFault::ForgetLogin);
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    lab.world().inject(OperationKind::Login, 1, InjectedFault::Fault(5));
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    let outcomes = outcomes(&report);
    assert!(outcomes[0].starts_with("Unknown(cannot verify: login to "), "{outcomes:?}");
    assert_eq!(outcomes[1], "NotStarted(credential refused)");
    assert_eq!(lab.asked(), ["Enumerate", "Delete A"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_second_listing_nothing_is_called_closed() {
    let lab = Lab::with([ours("A"), ours("B")]);
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    lab.world().inject(OperationKind::Enumerate, usize::MAX, InjectedFault::Status(404, vec![]));
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert!(
        outcomes(&report).iter().all(|o| o.starts_with("Unknown(cannot verify")),
        "{:?}",
        outcomes(&report)
    );
    assert_eq!(lab.left(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_final_listing_that_is_incomplete_proves_nothing() {
    let lab = Lab::with([ours("A"), ours("B")]);
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |session| session.shell.shell_id.as_str() == "A").await;
    lab.world().shells_mut()[1].undecodable = true;
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(outcomes(&report), ["Unknown(listing incomplete)"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_gone_to_the_own_resource_is_doubted() {
    let (outcome, asked) = with_delete_fault(1, InjectedFault::Fault(2_150_858_843)).await;
    assert_eq!(outcome, "Closed");
    assert_eq!(asked, ["Enumerate", "Delete", "Enumerate", "Get", "Delete", "Enumerate"]);
}

#[tokio::test(start_paused = true)]
async fn absence_proves_nothing_to_an_account_that_would_not_see_the_shell() {
    let lab = Lab::of(vec![vec![theirs("A")]], &Account::user(ADMIN));
    let administrator = Lab::of(vec![vec![theirs("A")]], &Account::administrator(r"CONTOSO\root"));
    let engine = Engine::new(no_signals());
    let (plan, _) = administrator.plan(&engine, |_| true).await;
    let survey = Survey::unlisted(lab.connectors());
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(outcomes(&report), [r"Unknown(not visible to CONTOSO\admin)"]);
    assert_eq!(lab.left(), ["A"]);
}

#[tokio::test(start_paused = true)]
async fn a_host_whose_selection_listing_is_incomplete_is_not_acted_on() {
    let mut broken = ours("B");
    broken.undecodable = true;
    let lab = Lab::with([ours("A"), broken]);
    let report = lab.close_all(Policy::default()).await;
    assert_eq!(outcomes(&report), ["Failed(listing incomplete)"]);
    assert_eq!(lab.asked(), ["Enumerate"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_told_for_each_session_and_not_tried_again() {
    let lab = Lab::with([ours("A"), ours("B")]);
    let engine = Engine::new(no_signals());
    let (plan, _) = lab.plan(&engine, |_| true).await;
    lab.world().inject(OperationKind::Login, 1, InjectedFault::Fault(1326));
    let survey = engine.survey(lab.connectors(), &Cancellation::new()).await;
    assert_eq!((survey.tally().refused, survey.tally().unreachable), (1, 0));
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(outcomes(&report), ["NotStarted(credential refused)"; 2]);
    assert_eq!(lab.left(), ["A", "B"]);
}

#[tokio::test(start_paused = true)]
async fn connect_errors_are_retried_and_then_told() {
    for (failures, outcome) in [(3, "Closed"), (4, "Failed")] {
        let lab = Lab::with([ours("A")]);
        let engine = Engine::new(no_signals());
        let (plan, _) = lab.plan(&engine, |_| true).await;
        lab.world().inject(OperationKind::Login, failures, InjectedFault::Drop);
        let survey = Survey::unlisted(lab.connectors());
        let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
        assert_eq!(report.records[0].outcome.name(), outcome);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_died_during_the_prompt_is_replaced() {
    let lab = Lab::with([ours("A"), ours("B")]);
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    lab.world().inject(OperationKind::Enumerate, 1, InjectedFault::Drop);
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(outcomes(&report), ["Closed", "Closed"]);
    assert_eq!(lab.world().count(OperationKind::Get), 0);
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_began_before_the_last_delete_proves_nothing() {
    let lab = Lab::with([ours("A"), ours("B")]);
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    lab.world().inject_for(OperationKind::Delete, "A", 1, InjectedFault::FaultAfter(2_150_858_802));
    lab.world().inject_for(OperationKind::Delete, "B", 1, InjectedFault::DropAfter);
    lab.world().inject(OperationKind::Enumerate, 1, InjectedFault::Delay(Duration::from_secs(8)));
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(outcomes(&report), ["Closed", "Closed"]);
    let asked = ["Enumerate", "Delete A", "Delete B", "Enumerate", "Delete A", "Enumerate"];
    assert_eq!(lab.asked(), asked);
}

#[tokio::test(start_paused = true)]
async fn a_get_whose_answer_comes_late_vouches_for_nothing_unless_the_server_is_slow_every_time() {
    for late_gets in [1, 9] {
        let lab = Lab::with([ours("A")]);
        let engine = Engine::new(no_signals());
        let (plan, _) = lab.plan(&engine, |_| true).await;
        lab.world().clear_log();
        lab.world().inject(OperationKind::Enumerate, 2, InjectedFault::Fault(87));
        lab.world().inject(OperationKind::Get, late_gets, InjectedFault::Delay(Duration::from_secs(11)));
        let survey = Survey::unlisted(lab.connectors());
        let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
        assert_eq!(outcomes(&report), ["Closed"], "{late_gets}");
        let asked = ["Enumerate", "Enumerate", "Get A", "Get A", "Delete A", "Enumerate"];
        assert_eq!(lab.asked(), asked, "{late_gets}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_refused_credential_nobody_logs_in_again() {
    let lab = Lab::with([ours("A"), ours("B"), ours("C")]);
    let engine = Engine::new(no_signals().with_connections_per_host(2));
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    lab.world().inject(OperationKind::Login, 1, InjectedFault::Fault(5));
    lab.world().inject_for(OperationKind::Delete, "A", 1, InjectedFault::Delay(Duration::from_secs(1)));
    lab.world().inject_for(OperationKind::Delete, "B", 1, InjectedFault::Drop);
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    let names: Vec<_> = report.records.iter().map(|record| record.outcome.name()).collect();
    assert_eq!(names, ["Unknown", "Unknown", "NotStarted"]);
    assert_eq!(outcomes(&report)[2], "NotStarted(credential refused)");
    assert!(lab.world().log().all(|entry| entry.connection == 1));
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_is_refused_while_the_guard_looks_is_not_tried_in_the_run() {
    let lab = Lab::with([ours("A")]);
    let engine = Engine::new(no_signals());
    let mut survey = engine.survey(lab.connectors(), &Cancellation::new()).await;
    let mut sessions = survey.sessions();
    lab.world().inject(OperationKind::EnumerateCommands, 1, InjectedFault::ForgetLogin);
    lab.world().inject(OperationKind::Login, 1, InjectedFault::Fault(5));
    engine.list_commands(&mut survey, &mut sessions).await;
    let report = engine.run(Plan::new(sessions), survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(outcomes(&report), ["NotStarted(credential refused)"]);
    assert_eq!(lab.asked(), ["Enumerate", "EnumerateCommands A"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_of_a_host_that_is_not_in_the_run_is_not_touched() {
    let lab = Lab::with([ours("A")]);
    let engine = Engine::new(no_signals());
    let (plan, _) = lab.plan(&engine, |_| true).await;
    let report = engine.run(plan, Survey::default(), &Cancellation::new(), |_| {}).await;
    assert_eq!(report.records[0].outcome.name(), "Failed");
    let report = engine.run(Plan::default(), Survey::default(), &Cancellation::new(), |_| {}).await;
    assert_eq!(report.records.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_command_listing_that_hangs_costs_ten_seconds_and_prevents_nothing() {
    let lab = Lab::with([ours("A").running("C", "x")]);
    lab.world().inject(OperationKind::EnumerateCommands, 1, InjectedFault::Delay(Duration::from_secs(3_600)));
    let began = tokio::time::Instant::now();
    let report = lab.close_all(Policy::default()).await;
    assert_eq!(outcomes(&report), ["Closed"]);
    assert_eq!(began.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn each_edge_is_one_debug_line_with_the_same_fields() {
    let (logs, _guard) = Logs::capture();
    let lab = Lab::with([ours("A")]);
    lab.close_all(no_signals()).await;
    let text = logs.text();
    let edges: Vec<_> = text.lines().filter(|line| line.contains("removal")).collect();
    assert_eq!(edges.len(), 3, "{text}");
    for (edge, (from, to)) in
        edges.iter().zip([("Planned", "Deleting"), ("Deleting", "Verifying"), ("Verifying", "Done")])
    {
        let fields = format!("computer=web01.lab shell_id=A from={from} to={to} attempt=1");
        assert!(edge.contains("DEBUG") && edge.contains(&fields), "{edge}");
    }
}
