//! What a host with many sessions is asked: nothing may grow faster than they do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pssession::simulator::{InjectedFault, OperationKind};
use pssession::teardown::{Cancellation, Engine, Plan, SESSION_DEADLINE, Survey};
use pssession::transport::{BoxFuture, Connection, Connector, Endpoint, TransportError};
use tokio::time::Instant;

use super::{ADMIN, Lab, no_signals, ours, outcomes, theirs};

/// A host with so many sessions, whose Deletes take their time.
fn lab(sessions: usize, delay: Duration) -> Lab {
    let lab = Lab::with((0..sessions).map(|number| ours(&format!("S{number}"))));
    lab.world().inject(OperationKind::Delete, usize::MAX, InjectedFault::Delay(delay));
    lab
}

/// Closes them all, and says how many of these it took.
async fn close<const N: usize>(lab: &Lab, kinds: [OperationKind; N]) -> [usize; N] {
    let report = lab.close_all(no_signals()).await;
    assert!(outcomes(&report).iter().all(|outcome| outcome == "Closed"), "{:?}", outcomes(&report));
    kinds.map(|kind| lab.world().count(kind))
}

const LISTINGS_AND_GETS: [OperationKind; 2] = [OperationKind::Enumerate, OperationKind::Get];

#[tokio::test(start_paused = true)]
async fn while_many_are_closed_one_listing_in_ten_seconds_checks_them_all() {
    let began = Instant::now();
    let lab = lab(500, Duration::from_millis(200));
    // One to choose from, two while 500 x 0.2 s pass on four connections, and one that proves them all.
    assert_eq!(close(&lab, LISTINGS_AND_GETS).await, [4, 0]);
    assert_eq!(began.elapsed(), Duration::from_secs(25));
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_hangs_holds_the_others_for_ten_seconds_and_then_each_is_asked_for() {
    let lab = lab(500, Duration::from_millis(200));
    let engine = Engine::new(no_signals());
    let (plan, survey) = lab.plan(&engine, |_| true).await;
    lab.world().inject(OperationKind::Enumerate, 1, InjectedFault::Delay(Duration::from_secs(3_600)));
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert!(outcomes(&report).iter().all(|outcome| outcome == "Closed"), "{:?}", outcomes(&report));
    let world = lab.world();
    let last_delete = world.log().filter(|entry| entry.kind == OperationKind::Delete).last().unwrap().at;
    assert!(last_delete < Duration::from_secs(40), "{last_delete:?}");
}

/// The listings of a run over so many sessions each of whose first Deletes end like this.
async fn listings_after(sessions: usize, ends: &[InjectedFault]) -> usize {
    let names: Vec<_> = (0..sessions).map(|number| format!("S{number}")).collect();
    let lab = Lab::with(names.iter().map(|name| ours(name)));
    for name in &names {
        for end in ends {
            lab.world().inject_for(OperationKind::Delete, name, 1, end.clone());
        }
    }
    let [listings, deletes] = close(&lab, [OperationKind::Enumerate, OperationKind::Delete]).await;
    assert_eq!(deletes, (1 + ends.len()) * sessions);
    listings
}

#[tokio::test(start_paused = true)]
async fn sessions_whose_polls_are_due_at_different_times_share_their_listings() {
    // The waits of those that are turned away differ by chance.
    let turned_away = InjectedFault::Status(503, Vec::new());
    for sessions in [40, 400] {
        let listings = listings_after(sessions, std::slice::from_ref(&turned_away)).await;
        assert!(listings <= 3, "{listings} listings for {sessions} sessions that are turned away");
        let listings = listings_after(sessions, &[turned_away.clone(), InjectedFault::Pretend]).await;
        assert!(listings <= 12, "{listings} listings for {sessions} sessions that outlive their Delete");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_early_is_verified_in_time_however_long_the_others_take() {
    // A new listing of so many shells does not pay for those few that are planned.
    let lab = lab(40, Duration::from_secs(40));
    (0..4_000).for_each(|number| lab.world().add(theirs(&format!("T{number}"))));
    let began = Instant::now();
    let report = lab.close(no_signals(), |session| session.shell.owner.as_deref() == Some(ADMIN)).await;
    assert_eq!(outcomes(&report), ["Closed"; 40]);
    assert!(began.elapsed() > 2 * SESSION_DEADLINE, "{:?}", began.elapsed());
    let listings = lab.world().count(OperationKind::Enumerate);
    assert!(listings < 15, "{listings} listings");
}

/// Takes a second for each connection, and remembers when each was begun.
struct Slow {
    inner: Arc<dyn Connector>,
    began: Instant,
    seconds: Mutex<Vec<u64>>,
}

impl Connector for Slow {
    fn endpoint(&self) -> &Endpoint {
        self.inner.endpoint()
    }

    fn user(&self) -> &str {
        self.inner.user()
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>> {
        self.seconds.lock().unwrap().push(self.began.elapsed().as_secs());
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.inner.connect().await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn once_a_host_has_accepted_the_login_its_further_connections_are_opened_together() {
    for (keeps_the_first, begun) in [(true, [0, 1, 1, 1].as_slice()), (false, &[0, 1, 2, 2, 2])] {
        let lab = lab(100, Duration::from_secs(1));
        let inner = lab.connectors().remove(0);
        let slow = Arc::new(Slow { inner, began: Instant::now(), seconds: Mutex::default() });
        let connectors = || vec![Arc::clone(&slow) as Arc<dyn Connector>];
        let listed = Engine::new(no_signals()).survey(connectors(), &Cancellation::new()).await;
        let plan = Plan::new(listed.sessions());
        let survey = if keeps_the_first { listed } else { Survey::unlisted(connectors()) };
        let report = Engine::new(no_signals()).run(plan, survey, &Cancellation::new(), |_| {}).await;
        assert!(outcomes(&report).iter().all(|outcome| outcome == "Closed"), "{:?}", outcomes(&report));
        assert_eq!(*slow.seconds.lock().unwrap(), begun);
    }
}
