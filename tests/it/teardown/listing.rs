//! The typed client's listing: pages, limits, contexts.

use std::sync::Arc;

use pssession::simulator::{Mischief, OperationKind};
use pssession::wsman::SessionId;
use pssession::{Error, Listing, RandomIds, WsmanClient};

use super::{Lab, ours};

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
    lab.world().inject(OperationKind::Enumerate, 1, Mischief::Fault(2_150_858_824));
    let listing = list(&lab).await.unwrap();
    assert!(listing.complete());
    assert_eq!(listing.shells.len(), 250);
    assert_eq!(lab.asked(), ["Enumerate", "Enumerate", "Pull", "Pull"]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_too_large_releases_the_enumeration_first() {
    let lab = lab(250);
    lab.world().inject(OperationKind::Enumerate, 1, Mischief::Fault(2_150_858_824));
    lab.world().inject(OperationKind::Pull, 1, Mischief::Fault(2_150_858_825));
    assert_eq!(list(&lab).await.unwrap().shells.len(), 250);
    assert_eq!(lab.asked()[..4], ["Enumerate", "Enumerate", "Pull", "Release"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_enumeration_is_begun_again_once() {
    for (times, complete) in [(1, true), (2, false)] {
        let lab = lab(250);
        lab.world().inject(OperationKind::Enumerate, 1, Mischief::Fault(2_150_858_824));
        lab.world().inject(OperationKind::Pull, times, Mischief::Fault(2_150_858_779));
        assert_eq!(list(&lab).await.unwrap().complete(), complete, "{times}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pull_that_ran_out_of_time_is_sent_again() {
    let lab = lab(250);
    lab.world().inject(OperationKind::Enumerate, 1, Mischief::Fault(2_150_858_824));
    lab.world().inject(OperationKind::Pull, 3, Mischief::Fault(2_150_858_780));
    let listing = list(&lab).await.unwrap();
    assert_eq!((listing.shells.len(), listing.complete()), (250, true));
}

#[tokio::test(start_paused = true)]
async fn a_refused_envelope_size_is_lowered() {
    let lab = lab(1);
    lab.world().inject(OperationKind::Enumerate, 1, Mischief::Fault(2_150_858_823));
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
async fn the_questions_of_an_error_tell_what_to_do() {
    let lab = lab(1);
    lab.world().inject(OperationKind::Enumerate, 1, Mischief::Fault(5));
    assert!(list(&lab).await.unwrap_err().is_access_denied());
    lab.world().inject(OperationKind::Login, 1, Mischief::Fault(1326));
    assert!(list(&lab).await.unwrap_err().is_credential_refused());
    lab.world().inject(OperationKind::Enumerate, 1, Mischief::Drop);
    assert!(list(&lab).await.unwrap_err().may_have_acted());
}
