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
mod tests;
