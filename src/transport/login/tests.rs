//! Who waits for whom, in paused time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;

fn credential() -> Credential {
    Credential::new("ann", "secret".into())
}

/// A host that gives this verdict when it is asked again, through the gate.
struct Host {
    gate: LoginGate,
    credential: Credential,
    name: &'static str,
    accepts: Option<bool>,
    asked: AtomicUsize,
}

impl Recheck for Host {
    fn recheck(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.asked.fetch_add(1, Ordering::SeqCst);
            let mut turn = self.gate.turn_to_recheck(&self.credential, self.name);
            turn.sending();
            match self.accepts {
                Some(true) => turn.accepted(self.acceptor()),
                Some(false) => drop(turn.refused()),
                None => drop(turn),
            }
        })
    }
}

impl Host {
    fn new(
        gate: &LoginGate,
        credential: &Credential,
        name: &'static str,
        accepts: Option<bool>,
    ) -> Arc<Self> {
        let (gate, credential) = (gate.clone(), credential.clone());
        Arc::new(Self { gate, credential, name, accepts, asked: AtomicUsize::new(0) })
    }

    fn acceptor(self: &Arc<Self>) -> Acceptor {
        let host: Arc<dyn Recheck> = Arc::<Self>::clone(self);
        Arc::downgrade(&host)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn turn(gate: &LoginGate, credential: &Credential, host: &str) -> Result<Turn, TransportError> {
    let mut turn = gate.turn(credential, host, 2, false).await?;
    turn.sending();
    Ok(turn)
}

/// A gate that has seen three refusals in a row since `host` accepted the credential.
async fn unproven(gate: &LoginGate, ann: &Credential, host: &Arc<Host>) {
    turn(gate, ann, host.name).await.unwrap().accepted(host.acceptor());
    for other in ["b", "c", "d"] {
        assert_eq!(turn(gate, ann, other).await.unwrap().refused(), Refusal::ThisHostOnly);
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_goes_on_with_the_verdict() {
    let (gate, ann) = (LoginGate::new(), credential());
    let first = turn(&gate, &ann, "a").await.unwrap();
    assert!(!first.has_waited() && first.is_unproven());
    let waiting = tokio::spawn({
        let (gate, ann) = (gate.clone(), ann.clone());
        async move { turn(&gate, &ann, "b").await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!waiting.is_finished());
    let began = Instant::now();
    assert_eq!(first.refused(), Refusal::EndsUse);
    let error = waiting.await.unwrap().map(|_| ()).unwrap_err();
    assert!(matches!(error, TransportError::CredentialRefused { .. }), "{error:?}");
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(gate.check(&ann, 2).is_err() && gate.check(&credential(), 2).is_err());
    assert!(LoginGate::new().check(&ann, 2).is_ok(), "another gate knows nothing of it");
}

#[tokio::test(start_paused = true)]
async fn a_silent_host_holds_up_the_next_for_five_seconds() {
    let (gate, ann) = (LoginGate::new(), credential());
    let began = Instant::now();
    let _silent = turn(&gate, &ann, "a").await.unwrap();
    let next = turn(&gate, &ann, "b").await.unwrap();
    assert!(next.has_waited());
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_dropped_counts_only_if_its_proof_was_sent() {
    let (gate, ann) = (LoginGate::new(), credential());
    for _ in 0..3 {
        drop(gate.turn(&ann, "a", 2, false).await.unwrap());
        turn(&gate, &ann, "a").await.unwrap().withdraw();
    }
    drop(turn(&gate, &ann, "a").await.unwrap());
    drop(turn(&gate, &ann, "b").await.unwrap());
    let error = turn(&gate, &ann, "c").await.map(|_| ()).unwrap_err();
    assert!(
        matches!(&error, TransportError::CredentialWithheld { hosts, .. } if *hosts == ["a", "b"]),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn after_three_refusals_in_a_row_one_login_asks_a_host_that_accepted_and_all_others_wait() {
    for accepts in [true, false] {
        let (gate, ann) = (LoginGate::new(), credential());
        let host = Host::new(&gate, &ann, "a", Some(accepts));
        unproven(&gate, &ann, &host).await;
        let began = Instant::now();
        let (one, two) = tokio::join!(turn(&gate, &ann, "e"), turn(&gate, &ann, "f"));
        assert_eq!((one.is_ok(), two.is_ok()), (accepts, accepts));
        assert_eq!((host.asked(), began.elapsed()), (1, Duration::from_secs(1)));
    }
}

#[tokio::test(start_paused = true)]
async fn where_no_host_that_accepted_gives_a_verdict_logins_go_one_at_a_time_again() {
    let (gate, ann) = (LoginGate::new(), credential());
    let host = Host::new(&gate, &ann, "a", None);
    unproven(&gate, &ann, &host).await;
    let turn = turn(&gate, &ann, "e").await.unwrap();
    assert!(turn.is_unproven());
    assert_eq!(turn.refused(), Refusal::EndsUse);
}

#[tokio::test(start_paused = true)]
async fn who_stops_asking_leaves_it_to_the_next() {
    let (gate, ann) = (LoginGate::new(), credential());
    let host = Host::new(&gate, &ann, "a", Some(true));
    unproven(&gate, &ann, &host).await;
    let impatient = tokio::time::timeout(Duration::from_millis(1), turn(&gate, &ann, "e")).await;
    assert!(impatient.is_err());
    assert!(turn(&gate, &ann, "f").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_expected_goes_first_if_it_is_ready_in_time() {
    let (gate, ann) = (LoginGate::new(), credential());
    let expected = gate.expect(&ann);
    gate.begin(&ann);
    let began = Instant::now();
    let other = tokio::spawn({
        let (gate, ann) = (gate.clone(), ann.clone());
        async move { turn(&gate, &ann, "a").await.map(|turn| (turn, Instant::now())) }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let first = gate.turn(&ann, "known", 2, true).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_millis(300));
    drop(expected);
    let host = Host::new(&gate, &ann, "known", None);
    first.accepted(host.acceptor());
    let (_turn, when) = other.await.unwrap().unwrap();
    assert_eq!(when - began, Duration::from_millis(300));
}
