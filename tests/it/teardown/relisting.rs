//! Listing hosts again: over the same connections, with a new login only where it cannot be avoided.

use pssession::simulator::{Account, InjectedFault, OperationKind};
use pssession::teardown::{Cancellation, Engine};

use super::{ADMIN, Lab, no_signals, ours};

#[tokio::test(start_paused = true)]
async fn hosts_are_listed_again_over_their_connections() {
    let lab = Lab::of(["A", "B"].map(|id| vec![ours(id)]).to_vec(), &Account::administrator(ADMIN));
    let engine = Engine::new(no_signals());
    let mut survey = engine.survey(lab.connectors(), &Cancellation::new()).await;
    lab.host(1).add(ours("C"));
    for _ in 0..3 {
        survey = engine.survey_again(survey, &Cancellation::new(), |_| ()).await;
    }
    assert_eq!(survey.sessions().len(), 3);
    for host in 0..2 {
        let connections: Vec<_> = lab.host(host).log().map(|entry| entry.connection).collect();
        assert_eq!(connections, [1; 4]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_opened_anew_within_the_same_listing() {
    let lab = Lab::with([ours("A")]);
    let engine = Engine::new(no_signals());
    let survey = engine.survey(lab.connectors(), &Cancellation::new()).await;
    lab.world().inject(OperationKind::Enumerate, 1, InjectedFault::Drop);
    let survey = engine.survey_again(survey, &Cancellation::new(), |_| ()).await;
    assert_eq!(survey.sessions().len(), 1);
    assert_eq!(lab.world().log().map(|entry| entry.connection).max(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_refuses_the_credential_is_not_asked_again() {
    let lab = Lab::with([ours("A")]);
    lab.world().inject(OperationKind::Login, 1, InjectedFault::Fault(1326));
    let engine = Engine::new(no_signals());
    let survey = engine.survey(lab.connectors(), &Cancellation::new()).await;
    let asked = lab.asked().len();
    let mut events = 0;
    let survey = engine.survey_again(survey, &Cancellation::new(), |_| events += 1).await;
    assert!(survey.hosts()[0].listing().unwrap().unwrap_err().is_credential_refused());
    assert_eq!((lab.asked().len(), events), (asked, 0));
}
