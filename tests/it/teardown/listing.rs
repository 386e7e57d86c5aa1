//! The typed client's listing: pages, limits, contexts.

use std::sync::Arc;
use std::time::Duration;

use pssession::client::RandomIds;
use pssession::listing::Gap;
use pssession::simulator::{Account, InjectedFault, OperationKind};
use pssession::teardown::{Cancellation, Engine, EngineEvent};
use pssession::wsman::SessionId;
use pssession::{Error, Listing, WsmanClient};

use super::{ADMIN, Lab, no_signals, ours, outcomes};

async fn list(lab: &Lab) -> Result<Listing, Error> {
    let connector = &lab.connectors()[0];
    let connection = connector.connect().await?;
    let session_id = SessionId::new(uuid::Uuid::nil());
    let url = connector.endpoint().url();
    WsmanClient::new(connection, url, session_id, Arc::new(RandomIds)).list_shells().await
}

fn lab(shells: usize) -> Lab {
    Lab::with((0..shells).map(|number| ours(&format!("S{number}"))))
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_would_be_too_large_is_asked_for_in_smaller_pages() {
    let lab = lab(250);
    lab.world().inject(OperationKind::Enumerate, 1, InjectedFault::Fault(2_150_858_824));
    let listing = list(&lab).await.unwrap();
    assert!(listing.complete());
    assert_eq!(listing.shells.len(), 250);
    assert_eq!(lab.asked(), ["Enumerate", "Enumerate", "Pull", "Pull"]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_too_large_releases_the_enumeration_first() {
    let lab = lab(250);
    lab.world().inject(OperationKind::Enumerate, 1, InjectedFault::Fault(2_150_858_824));
    lab.world().inject(OperationKind::Pull, 1, InjectedFault::Fault(2_150_858_825));
    assert_eq!(list(&lab).await.unwrap().shells.len(), 250);
    assert_eq!(lab.asked()[..4], ["Enumerate", "Enumerate", "Pull", "Release"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_enumeration_is_begun_again_once() {
    for (times, complete) in [(1, true), (2, false)] {
        let lab = lab(250);
        lab.world().inject(OperationKind::Enumerate, 1, InjectedFault::Fault(2_150_858_824));
        lab.world().inject(OperationKind::Pull, times, InjectedFault::Fault(2_150_858_779));
        assert_eq!(list(&lab).await.unwrap().complete(), complete, "{times}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pull_that_ran_out_of_time_is_sent_again() {
    let lab = lab(250);
    lab.world().inject(OperationKind::Enumerate, 1, InjectedFault::Fault(2_150_858_824));
    lab.world().inject(OperationKind::Pull, 3, InjectedFault::Fault(2_150_858_780));
    let listing = list(&lab).await.unwrap();
    assert_eq!((listing.shells.len(), listing.complete()), (250, true));
}

#[tokio::test(start_paused = true)]
async fn a_refused_envelope_size_is_lowered() {
    let lab = lab(1);
    lab.world().inject(OperationKind::Enumerate, 1, InjectedFault::Fault(2_150_858_823));
    assert!(list(&lab).await.unwrap().complete());
}

#[tokio::test(start_paused = true)]
async fn an_undecodable_shell_hides_no_other_and_makes_the_listing_incomplete() {
    let lab = lab(3);
    lab.world().shells_mut()[1].undecodable = true;
    let listing = list(&lab).await.unwrap();
    assert_eq!((listing.shells.len(), listing.gaps.len(), listing.complete()), (2, 1, false));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_shell_makes_the_listing_incomplete() {
    let lab = Lab::with([ours("A"), ours("a")]);
    let listing = list(&lab).await.unwrap();
    assert_eq!((listing.shells.len(), listing.complete()), (1, false));
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_takes_too_long_is_incomplete_and_nothing_is_closed_on_it() {
    let lab = lab(250);
    // Pages of 100, and each Pull below its own limit.
    lab.world().inject(OperationKind::Enumerate, 1, InjectedFault::Fault(2_150_858_824));
    lab.world().inject(OperationKind::Pull, 2, InjectedFault::Delay(Duration::from_secs(50)));
    let policy = no_signals().with_list_timeout(Duration::from_secs(60));
    let began = tokio::time::Instant::now();
    let engine = Engine::new(policy);
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    assert_eq!(began.elapsed(), Duration::from_secs(60));
    let listing = survey.hosts()[0].listing().unwrap().unwrap();
    assert_eq!(
        (listing.shells.len(), &listing.gaps[..]),
        (200, &[Gap::TooLong(Duration::from_secs(60))][..])
    );
    assert_eq!(survey.tally().incomplete, 1);
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert!(outcomes(&report).iter().all(|outcome| outcome == "Failed(listing incomplete)"));
    assert_eq!(lab.left().len(), 250);
}

#[tokio::test(start_paused = true)]
async fn the_questions_of_an_error_tell_what_to_do() {
    let lab = lab(1);
    lab.world().inject(OperationKind::Enumerate, 1, InjectedFault::Fault(5));
    assert!(list(&lab).await.unwrap_err().is_access_denied());
    lab.world().inject(OperationKind::Login, 1, InjectedFault::Fault(1326));
    assert!(list(&lab).await.unwrap_err().is_credential_refused());
    lab.world().inject(OperationKind::Enumerate, 1, InjectedFault::Drop);
    assert!(list(&lab).await.unwrap_err().may_have_acted());
}

#[tokio::test(start_paused = true)]
async fn each_host_is_told_once_as_soon_as_it_has_answered_or_failed() {
    let lab = Lab::of(vec![vec![ours("A")], vec![ours("B")], vec![]], &Account::administrator(ADMIN));
    lab.host(0).inject(OperationKind::Enumerate, 1, InjectedFault::Delay(Duration::from_secs(5)));
    lab.host(1).inject(OperationKind::Enumerate, 1, InjectedFault::Fault(5));
    let mut reported = Vec::new();
    let tell = |event: EngineEvent<'_>| {
        let EngineEvent::HostListed(host) = event else { return };
        let listed = host.listing().is_some_and(|listing| listing.is_ok());
        reported.push((host.connector().endpoint().computer_name().to_owned(), listed));
    };
    let survey = Engine::new(no_signals()).survey_with(lab.connectors(), &Cancellation::new(), tell).await;
    reported[..2].sort();
    let expected = [("web02.lab", false), ("web03.lab", true), ("web01.lab", true)];
    assert_eq!(reported, expected.map(|(name, listed)| (name.to_owned(), listed)));
    assert_eq!(survey.sessions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_was_not_reached_in_time_is_never_told() {
    let lab = Lab::of(vec![vec![ours("A")], vec![ours("B")]], &Account::administrator(ADMIN));
    lab.host(1).inject(OperationKind::Enumerate, 1, InjectedFault::Delay(Duration::from_secs(5)));
    let policy = no_signals().with_run_deadline(Some(Duration::from_secs(1)));
    let mut reported = 0;
    let tell = |event: EngineEvent<'_>| reported += usize::from(matches!(event, EngineEvent::HostListed(_)));
    Engine::new(policy).survey_with(lab.connectors(), &Cancellation::new(), tell).await;
    assert_eq!(reported, 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_busy_is_asked_again_for_the_listing_that_sessions_are_chosen_from() {
    let busy = [InjectedFault::Status(503, vec![]), InjectedFault::Fault(2_150_859_174)];
    for (injected_fault, times) in
        busy.into_iter().flat_map(|injected_fault| [(injected_fault.clone(), 3), (injected_fault, 4)])
    {
        let lab = Lab::with([ours("A")]);
        lab.world().inject(OperationKind::Enumerate, times, injected_fault.clone());
        let report = lab.close_all(no_signals()).await;
        let (expected, asked) = if times == 3 { (vec!["Closed"], 5) } else { (vec![], 4) };
        assert_eq!(outcomes(&report), expected, "{injected_fault:?}, {times} times");
        assert_eq!(lab.world().count(OperationKind::Enumerate), asked, "{injected_fault:?}, {times} times");
    }
}
