//! What the process knows of its credentials: a wrong password is one failed logon, however many hosts there are, and no
//! host that is silent holds up the others.

mod account;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

pub(in crate::transport) use self::account::Refusal;
use self::account::{Account, Admission, ProofNumber, Request};
use super::{BoxFuture, TransportError};
use crate::auth::{Credential, CredentialIdentity, CredentialKey};

/// What is known of each credential; a handle, whose clones know the same. Connectors share one for the whole process
/// unless they are given another ([`HttpConnectorBuilder::login_gate`](super::HttpConnectorBuilder::login_gate)).
///
/// A verdict belongs to a [`Credential`] and its clones:
///
/// - As long as no server has accepted it, its proof is shown to one server at a time, in the order in which they are ready
///   for it. After five seconds without a verdict the next server is asked too, and never are more proofs out than
///   [`HttpOptions::with_login_attempts`](super::HttpOptions::with_login_attempts) says. Once that many have ended
///   without a verdict, further logins get [`TransportError::CredentialWithheld`].
/// - A refusal of a credential that no server has accepted ends its use:
///   [`TransportError::CredentialRefused`], without a proof.
/// - Once a server has accepted it, logins run in parallel, and a refusal is that server's alone
///   ([`AuthError::NotAuthorized`](crate::auth::AuthError::NotAuthorized)), unless that server has accepted it before.
///   After three refusals in a row by different servers one that has accepted it is asked again before anybody else is.
///
/// Servers count failed logons by the name. So proofs without a verdict are counted together for all credentials with the
/// same name (ignoring case), and after the refusal of one that no server had accepted, no other unaccepted one is
/// sent under that name. A program that has asked its user for another password tries it with a gate of its own.
///
/// Logins with Kerberos tickets are not counted: no server can count a failed logon for them.
#[derive(Clone, Default)]
pub struct LoginGate {
    accounts: Arc<Mutex<HashMap<CredentialKey, Arc<Shared>>>>,
}

/// Leads back to a host that has accepted a credential.
type Acceptor = Weak<dyn Recheck>;

#[derive(Default)]
struct Shared {
    account: Mutex<Account<Acceptor>>,
    changed: Notify,
}

/// A host that can be asked whether it still accepts a credential.
pub(super) trait Recheck: Send + Sync {
    /// Logs in once more; the gate hears the verdict through the login's [`Turn`].
    fn recheck(self: Arc<Self>) -> BoxFuture<'static, ()>;
}

impl LoginGate {
    /// A gate that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The gate of all connectors that are not given another.
    #[must_use]
    pub fn of_process() -> Self {
        static GATE: LazyLock<LoginGate> = LazyLock::new(LoginGate::new);
        GATE.clone()
    }

    /// An error if no login with this credential may begin.
    pub(super) fn check(&self, credential: &Credential, attempts: u32) -> Result<(), TransportError> {
        let shared = self.shared(credential);
        let identity = credential.identity();
        let no = shared.lock().check(&identity, attempts);
        match no {
            Some(no) => Err(withheld(no, credential)),
            None => Ok(()),
        }
    }

    /// A login with this credential begins.
    pub(super) fn begin(&self, credential: &Credential) {
        self.shared(credential).lock().begin(&credential.identity(), Instant::now());
    }

    /// Announces a connector to a host that has accepted this account before.
    pub(super) fn expect(&self, credential: &Credential) -> Expected {
        let shared = self.shared(credential);
        shared.lock().expect(&credential.identity());
        Expected { shared, identity: credential.identity() }
    }

    /// Waits until the proof of `credential` may be sent to `host`.
    ///
    /// # Errors
    /// [`TransportError::CredentialRefused`] or [`TransportError::CredentialWithheld`]: it may not.
    pub(super) async fn turn(
        &self,
        credential: &Credential,
        host: &str,
        attempts: u32,
        preferred: bool,
    ) -> Result<Turn, TransportError> {
        let shared = self.shared(credential);
        let identity = credential.identity();
        let mut waited = false;
        loop {
            let changed = shared.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            let request = Request { identity: &identity, host, attempts, preferred };
            let admission = shared.lock().admit(request, Instant::now());
            match admission {
                Admission::Send(proof) => {
                    let host = host.to_owned();
                    return Ok(Turn {
                        shared: Arc::clone(&shared),
                        identity,
                        host,
                        proof,
                        waited,
                        open: true,
                        sent: false,
                    });
                }
                Admission::Wait(None) => changed.await,
                Admission::Wait(Some(until)) => tokio::select! {
                    () = changed => {}
                    () = sleep_until(until) => {}
                },
                Admission::Recheck(acceptors) => recheck(&shared, &identity, acceptors).await,
                no => return Err(withheld(no, credential)),
            }
            waited = true;
        }
    }

    /// The turn of a login that asks a host whether it still accepts the credential; it waits for nobody.
    pub(super) fn turn_to_recheck(&self, credential: &Credential, host: &str) -> Turn {
        Turn {
            shared: self.shared(credential),
            identity: credential.identity(),
            host: host.to_owned(),
            proof: None,
            waited: false,
            open: true,
            sent: false,
        }
    }

    /// A server has accepted the credential outside of a login.
    pub(super) fn accepted(&self, credential: &Credential, host: &str, acceptor: Acceptor) {
        let shared = self.shared(credential);
        shared.lock().accepted(&credential.identity(), host, acceptor);
        shared.changed.notify_waiters();
    }

    /// A server has refused the credential outside of a login.
    pub(super) fn refused(&self, credential: &Credential, host: &str) -> Refusal {
        let shared = self.shared(credential);
        let refusal = shared.lock().refused(&credential.identity(), host, None);
        shared.changed.notify_waiters();
        refusal
    }

    fn shared(&self, credential: &Credential) -> Arc<Shared> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(accounts.entry(credential.key()).or_default())
    }
}

impl fmt::Debug for LoginGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginGate").finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Account<Acceptor>> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks hosts that have accepted the credential, the latest first, until one gives a verdict.
async fn recheck(shared: &Arc<Shared>, identity: &CredentialIdentity, acceptors: Vec<Acceptor>) {
    struct End<'a>(&'a Shared, &'a CredentialIdentity);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.lock().end_recheck(self.1);
            self.0.changed.notify_waiters();
        }
    }
    let _end = End(shared, identity);
    for acceptor in acceptors.iter().filter_map(Weak::upgrade) {
        acceptor.recheck().await;
        if !shared.lock().needs_recheck(identity) {
            return;
        }
    }
}

fn withheld<H>(no: Admission<H>, credential: &Credential) -> TransportError {
    let user = credential.user().to_owned();
    match no {
        Admission::Withheld(hosts) => TransportError::CredentialWithheld { user, hosts },
        _ => TransportError::CredentialRefused { user },
    }
}

/// The permission to send one proof. Dropping it says that there will be no verdict, if the proof was sent.
#[must_use]
pub(super) struct Turn {
    shared: Arc<Shared>,
    identity: CredentialIdentity,
    host: String,
    /// `None`: the credential was accepted before.
    proof: Option<ProofNumber>,
    waited: bool,
    open: bool,
    sent: bool,
}

impl Turn {
    /// Whether other logins had to be waited for.
    pub(super) fn has_waited(&self) -> bool {
        self.waited
    }

    /// Whether there is no verdict on the credential yet, from any server.
    pub(super) fn is_unproven(&self) -> bool {
        self.shared.lock().is_unproven(&self.identity)
    }

    /// Whether the proof has gone out before any server had accepted the credential.
    pub(super) fn has_sent_unproven(&self) -> bool {
        self.sent && self.proof.is_some()
    }

    /// The proof goes out now.
    pub(super) fn sending(&mut self) {
        self.sent = true;
    }

    /// The proof was not sent.
    pub(super) fn withdraw(mut self) {
        self.sent = false;
    }

    /// The server has accepted the credential.
    pub(super) fn accepted(self, acceptor: Acceptor) {
        let host = self.host.clone();
        self.conclude(|account, identity, _| account.accepted(identity, &host, acceptor));
    }

    /// The server has refused it.
    pub(super) fn refused(self) -> Refusal {
        let host = self.host.clone();
        self.conclude(|account, identity, proof| account.refused(identity, &host, proof))
    }

    fn conclude<T>(
        mut self,
        verdict: impl FnOnce(&mut Account<Acceptor>, &CredentialIdentity, Option<ProofNumber>) -> T,
    ) -> T {
        self.open = false;
        let outcome = verdict(&mut self.shared.lock(), &self.identity, self.proof);
        self.shared.changed.notify_waiters();
        outcome
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let mut account = self.shared.lock();
        match self.sent {
            true => account.unanswered(self.proof),
            false => account.withdrawn(self.proof),
        }
        drop(account);
        self.shared.changed.notify_waiters();
    }
}

/// A connector to a host that has accepted the account before, until its first login has had its turn.
pub(super) struct Expected {
    shared: Arc<Shared>,
    identity: CredentialIdentity,
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.shared.lock().expect_no_more(&self.identity);
        self.shared.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
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
    async fn doubted(gate: &LoginGate, ann: &Credential, host: &Arc<Host>) {
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
            doubted(&gate, &ann, &host).await;
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
        doubted(&gate, &ann, &host).await;
        let turn = turn(&gate, &ann, "e").await.unwrap();
        assert!(turn.is_unproven());
        assert_eq!(turn.refused(), Refusal::EndsUse);
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_asking_leaves_it_to_the_next() {
        let (gate, ann) = (LoginGate::new(), credential());
        let host = Host::new(&gate, &ann, "a", Some(true));
        doubted(&gate, &ann, &host).await;
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
}
