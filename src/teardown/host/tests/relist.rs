//! How sessions that are still planned are checked once the listing that showed them has grown old.

use super::*;

const IDS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];

impl Fixture {
    /// Closes the next `count` sessions, each at once.
    fn close(&mut self, slots: std::ops::Range<usize>) {
        for slot in slots {
            assert_eq!(self.job(), format!("delete {slot}"));
            self.done(slot);
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }
}

#[test]
fn a_listing_that_has_grown_old_is_taken_again_for_all_that_are_planned() {
    let mut fixture = Fixture::new(&IDS, true);
    fixture.close(0..3);
    fixture.pass(11);
    assert_eq!([fixture.job(), fixture.job()], ["list", "nothing"]);
    fixture.listed(&["d", "e", "f", "h"]);
    let ended: Vec<_> =
        fixture.host.take_finished(fixture.now).iter().map(|record| record.outcome.to_string()).collect();
    assert_eq!(ended, ["Closed", "Closed", "Closed", "AlreadyGone"]);
    fixture.close(3..6);
    assert_eq!(fixture.job(), "delete 7");
}

#[test]
fn what_the_first_listing_has_settled_does_not_keep_the_others_from_a_new_one() {
    let policy = Arc::new(Policy::default().with_signal(SignalMode::Never));
    let mut fixture = Fixture::new(&[], false);
    let sessions = IDS.iter().enumerate().map(|(position, id)| (session("web01.lab", id), position));
    let listing = listing(&IDS[..5]);
    let shown = HostShown { listing: Some((Ok(&listing), fixture.now)), got: Vec::new() };
    fixture.host = HostRun::new(sessions, visibility(), shown, policy, fixture.at());
    assert_eq!(fixture.host.take_finished(fixture.now).len(), 3);
    fixture.pass(60);
    assert_eq!([fixture.job(), fixture.job()], ["list", "nothing"]);
    fixture.listed(&IDS[..4]);
    fixture.close(0..4);
    assert_eq!(fixture.job(), "list");
}

#[test]
fn a_listing_that_takes_its_time_is_taken_before_the_last_one_is_old() {
    let mut fixture = Fixture::new(&IDS, true);
    fixture.close(0..2);
    fixture.pass(11);
    assert_eq!(fixture.job(), "list");
    fixture.pass(3);
    fixture.listed(&IDS[2..]);
    fixture.close(2..4);
    fixture.pass(1);
    fixture.close(4..5);
    fixture.pass(1);
    assert_eq!([fixture.job(), fixture.job()], ["list", "delete 5"]);
}

#[test]
fn where_a_new_listing_saves_nothing_each_is_asked_for() {
    let mut fixture = Fixture::new(&IDS, true);
    fixture.close(0..7);
    fixture.pass(11);
    assert_eq!([fixture.job(), fixture.job()], ["get 7", "nothing"]);
    let mut fixture = Fixture::new(&IDS, true);
    fixture.close(0..1);
    fixture.pass(11);
    assert_eq!(fixture.job(), "get 1");
}

#[test]
fn a_listing_that_began_before_it_was_needed_may_fail() {
    let mut fixture = Fixture::new(&IDS[..1], false);
    assert_eq!(fixture.job(), "list");
    fixture.pass(11);
    assert_eq!(fixture.job(), "get 0");
    fixture.host.answered(0, Err(RequestError::Fault(fault(2_150_858_771))), fixture.at());
    fixture.pass(49);
    fixture.host.listed(Err(RequestError::NoAnswer("no answer within 60 s".to_owned())), fixture.at());
    assert_eq!([fixture.job(), fixture.job()], ["list", "nothing"]);
    fixture.listed(&["a"]);
    assert_eq!(fixture.job(), "delete 0");
}

#[test]
fn after_two_listings_that_were_old_when_they_came_each_is_asked_for() {
    let mut fixture = Fixture::new(&IDS, true);
    fixture.close(0..3);
    fixture.pass(11);
    assert_eq!(fixture.job(), "list");
    fixture.pass(9);
    assert_eq!(fixture.job(), "nothing");
    assert_eq!(fixture.host.wake_at(fixture.now), Some(fixture.now + Duration::from_secs(1)));
    fixture.pass(2);
    assert!(fixture.host.jobs(fixture.now, 1) > 0);
    let get = |fixture: &mut Fixture, slot: usize| {
        assert_eq!(fixture.job(), format!("get {slot}"));
        fixture.host.answered(slot, Ok(Answer::Shell(Box::new(shell(IDS[slot])))), fixture.at());
        assert_eq!(fixture.job(), format!("delete {slot}"));
        fixture.done(slot);
    };
    get(&mut fixture, 3);
    get(&mut fixture, 4);
    fixture.listed(&IDS[3..]);
    assert_eq!(fixture.job(), "list");
    fixture.pass(12);
    fixture.listed(&IDS[5..]);
    get(&mut fixture, 5);
    get(&mut fixture, 6);
    get(&mut fixture, 7);
}
