//! What a program brings may panic: every session has its record all the same, and no other host is harmed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use pssession::client::IdSource;
use pssession::teardown::{Cancellation, Engine, EngineEvent, ListingResult, Plan, Policy, Survey};
use pssession::transport::{BoxFuture, Connection, Connector, Endpoint, TransportError};
use uuid::Uuid;

use super::{ADMIN, Lab, no_signals, ours, outcomes};

/// A connector of somebody else's making, with a bug.
struct Panicking(Endpoint);

impl Connector for Panicking {
    fn endpoint(&self) -> &Endpoint {
        &self.0
    }

    fn user(&self) -> &str {
        ADMIN
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>> {
        Box::pin(async { panic!("a bug in a connector") })
    }
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_panics_costs_its_own_sessions_only() {
    let lab = Lab::with([ours("A")]);
    let engine = Engine::new(no_signals());
    let (plan, _) = lab.plan(&engine, |_| true).await;
    let endpoint = lab.connectors()[0].endpoint().clone();
    let survey = Survey::unlisted(vec![Arc::new(Panicking(endpoint))]);
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    let failed = "Failed(internal error: the work on http://web01.lab:5985/wsman panicked)";
    assert_eq!(outcomes(&report), [failed]);
    assert_eq!(lab.left(), ["A"]);
}

#[tokio::test(start_paused = true)]
async fn a_host_whose_listing_panics_is_one_that_was_not_reached() {
    let lab = Lab::with([ours("A")]);
    let endpoint = Endpoint::parse("web02.lab", false).unwrap();
    let mut connectors = lab.connectors();
    connectors.push(Arc::new(Panicking(endpoint)));
    let mut listed = 0;
    let on_event =
        |event: EngineEvent<'_>| listed += usize::from(matches!(event, EngineEvent::HostListed(_)));
    let survey = Engine::new(no_signals()).survey_with(connectors, &Cancellation::new(), on_event).await;
    let results: Vec<_> = survey.host_results().into_iter().map(|standing| standing.listing).collect();
    assert_eq!((listed, results), (2, vec![ListingResult::Complete, ListingResult::NotReached]));
    let error = survey.hosts()[1].listing().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "internal error: the work on http://web02.lab:5985/wsman panicked");
}

/// Ids that can be told in advance, and one draw that panics.
struct PanicsAt(AtomicU32);

impl IdSource for PanicsAt {
    fn draw(&self) -> Uuid {
        let left = self.0.fetch_sub(1, Ordering::Relaxed);
        assert!(left != 1, "a bug in a source of ids");
        Uuid::from_u128(u128::from(left))
    }
}

/// Lists, asks for the commands, and closes all on two hosts, with a panic at the draw of this number.
async fn close_with_a_panic_at(draw: u32) -> (Lab, Vec<String>) {
    let shells = || vec![ours("A").running("C", "x"), ours("B")];
    let lab = Lab::of(vec![shells(), shells()], &pssession::simulator::Account::administrator(ADMIN));
    // The first draw is the run's own.
    let engine = Engine::with_ids(Policy::default(), Arc::new(PanicsAt(AtomicU32::new(draw + 1))));
    let mut survey = engine.survey(lab.connectors(), &Cancellation::new()).await;
    let mut sessions = survey.sessions();
    engine.list_commands(&mut survey, &mut sessions).await;
    let (plan, planned) = (Plan::new(sessions.clone()), sessions.len());
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(report.records.len(), planned, "draw {draw}");
    for record in &report.records {
        let host = usize::from(record.session.computer_name == "web02.lab".into());
        let is_there = lab
            .host(host)
            .shells()
            .iter()
            .any(|shell| shell.shell_id == record.session.shell.shell_id.as_str());
        assert!(!(record.outcome.is_gone() && is_there), "draw {draw}: {}", record.outcome);
        assert!(record.outcome.name() != "Failed" || is_there, "draw {draw}: {}", record.outcome);
    }
    let outcomes = outcomes(&report);
    (lab, outcomes)
}

#[tokio::test(start_paused = true)]
async fn whichever_draw_of_an_id_panics_every_session_of_the_plan_has_a_true_record() {
    let mut seen = std::collections::BTreeSet::new();
    let mut draw = 1;
    // Until no draw is left that could panic.
    loop {
        let (lab, outcomes) = close_with_a_panic_at(draw).await;
        let all_closed = outcomes.len() == 4 && outcomes.iter().all(|outcome| outcome == "Closed");
        seen.extend(outcomes);
        if all_closed && lab.left().is_empty() && draw > 40 {
            break;
        }
        draw += 1;
        assert!(draw < 500, "the run never ends without a panic");
    }
    assert!(seen.contains("Unknown(internal error: the work on its host panicked)"), "{seen:?}");
}
