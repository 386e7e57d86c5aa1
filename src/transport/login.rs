//! One login at a time per credential, until one succeeded: a wrong password on fifty hosts is one failed logon.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::TransportError;
use crate::auth::{AuthError, Credential, CredentialKey};

/// What is known of each credential of a run; share one value (it is a handle) between all connectors of the run.
///
/// Until a login has succeeded, logins with one credential go one at a time. Once it is proven they run in parallel.
/// After one definite refusal nobody sends it again: they get [`TransportError::CredentialRefused`] without a packet.
/// A server that sees the proof of an unproven credential and gives no verdict may have counted a failed logon: one
/// more server is asked, and then nobody ([`AuthError::Unanswered`]).
#[derive(Clone, Default)]
pub struct LoginGate {
    entries: Arc<Mutex<HashMap<CredentialKey, Arc<Entry>>>>,
}

impl LoginGate {
    /// A gate that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs one login. Only `login` itself is under its own time limit; waiting for a turn is not.
    pub(super) async fn pass<T>(
        &self,
        credential: &Credential,
        login: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let entry = self.entry(credential);
        let mut turn = None;
        if entry.verdict() == Verdict::Unknown {
            turn = Some(entry.turn.lock().await);
        }
        match entry.verdict() {
            Verdict::Refused => {
                return Err(TransportError::CredentialRefused { user: credential.user().to_owned() });
            }
            Verdict::Proven => turn = None,
            Verdict::Unknown => {}
        }
        let outcome = login.await;
        match &outcome {
            Ok(_) => entry.set(Verdict::Proven),
            Err(TransportError::Auth { source: AuthError::Refused { .. }, .. }) => {
                entry.set(Verdict::Refused)
            }
            // An unreachable host or a strange server says nothing of the credential: the next one may go.
            Err(_) => {}
        }
        // Not sooner: whoever has the next turn must see this verdict.
        drop(turn);
        outcome
    }

    /// Counts that the credential's proof is about to be sent to `endpoint`, unless it must not be.
    pub(super) fn show(&self, credential: &Credential, endpoint: &str) -> Result<(), TransportError> {
        self.check(credential)?;
        let entry = self.entry(credential);
        if entry.verdict() == Verdict::Proven || entry.shown.fetch_add(1, Ordering::Relaxed) < MAX_SHOWN {
            return Ok(());
        }
        let problem = format!("{MAX_SHOWN} logins before this one got none");
        let source = AuthError::Unanswered { user: credential.user().to_owned(), problem };
        Err(TransportError::Auth { endpoint: endpoint.to_owned(), source })
    }

    /// The server refused the credential outside of a login.
    pub(super) fn refuse(&self, credential: &Credential) {
        self.entry(credential).set(Verdict::Refused);
    }

    /// The refusal, if this credential was refused already.
    pub(super) fn check(&self, credential: &Credential) -> Result<(), TransportError> {
        match self.entry(credential).verdict() {
            Verdict::Refused => Err(TransportError::CredentialRefused { user: credential.user().to_owned() }),
            Verdict::Unknown | Verdict::Proven => Ok(()),
        }
    }

    /// Whether a login with this credential has succeeded in this run.
    pub(super) fn is_proven(&self, credential: &Credential) -> bool {
        self.entry(credential).verdict() == Verdict::Proven
    }

    fn entry(&self, credential: &Credential) -> Arc<Entry> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(entries.entry(credential.key()).or_default())
    }
}

impl fmt::Debug for LoginGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginGate").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Entry {
    turn: tokio::sync::Mutex<()>,
    verdict: Mutex<Verdict>,
    /// How often the credential's proof was sent before there was a verdict.
    shown: AtomicU32,
}

impl Entry {
    fn verdict(&self) -> Verdict {
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, verdict: Verdict) {
        let mut current = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        // A refusal is final: a login that began before it may still succeed elsewhere.
        if *current != Verdict::Refused {
            *current = verdict;
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Verdict {
    #[default]
    Unknown,
    Proven,
    Refused,
}

/// How often an unproven credential is shown. One server without a verdict must not spoil the run for all others, and
/// policies lock an account after three failed logons at the earliest.
const MAX_SHOWN: u32 = 2;

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn credential(user: &str) -> Credential {
        Credential::new(user, "secret".to_owned().into())
    }

    fn refused() -> TransportError {
        let source = AuthError::Refused { user: "ann".into(), scheme: "ntlm" };
        TransportError::Auth { endpoint: "http://a".into(), source }
    }

    fn unreachable() -> TransportError {
        TransportError::Connect { endpoint: "http://a".into(), source: "refused".into() }
    }

    #[tokio::test]
    async fn after_one_refusal_nobody_tries_again() {
        let (gate, tries) = (LoginGate::new(), AtomicUsize::new(0));
        let login = || async {
            tries.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Err::<(), _>(refused())
        };
        let (upper, lower) = (credential("ANN"), credential("ann"));
        let outcomes =
            tokio::join!(gate.pass(&lower, login()), gate.pass(&upper, login()), gate.pass(&lower, login()));
        assert_eq!(tries.load(Ordering::Relaxed), 1);
        assert!(matches!(outcomes.0, Err(TransportError::Auth { .. })));
        assert!(matches!(outcomes.1, Err(TransportError::CredentialRefused { .. })));
        assert!(matches!(outcomes.2, Err(TransportError::CredentialRefused { .. })));
        assert!(gate.check(&lower).is_err());
        assert!(gate.check(&credential("bob")).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn logins_go_one_at_a_time_until_one_succeeded_and_then_together() {
        let gate = LoginGate::new();
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let login = || async {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        };
        let ann = credential("ann");
        gate.pass(&ann, login()).await.unwrap();
        assert_eq!(most.load(Ordering::SeqCst), 1);
        let _ = tokio::join!(gate.pass(&ann, login()), gate.pass(&ann, login()));
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unreachable_host_neither_proves_nor_refuses() {
        let (gate, ann) = (LoginGate::new(), credential("ann"));
        assert!(gate.pass(&ann, async { Err::<(), _>(unreachable()) }).await.is_err());
        assert!(!gate.is_proven(&ann));
        gate.pass(&ann, async { Ok(()) }).await.unwrap();
        assert!(gate.is_proven(&ann));
    }

    #[tokio::test]
    async fn a_refusal_elsewhere_stops_a_login_that_has_not_shown_its_proof() {
        let (gate, ann) = (LoginGate::new(), credential("ann"));
        gate.pass(&ann, async { Ok(()) }).await.unwrap();
        let late = gate.pass(&ann, async {
            tokio::task::yield_now().await;
            gate.show(&ann, "http://a")
        });
        let (late, early) = tokio::join!(late, gate.pass(&ann, async { Err::<(), _>(refused()) }));
        assert!(matches!(late, Err(TransportError::CredentialRefused { .. })));
        assert!(matches!(early, Err(TransportError::Auth { .. })));
    }

    #[tokio::test]
    async fn an_unproven_credential_is_shown_twice_and_a_proven_one_at_will() {
        let (gate, ann, bob) = (LoginGate::new(), credential("ann"), credential("bob"));
        for credential in [&ann, &bob] {
            assert!(gate.show(credential, "http://a").is_ok() && gate.show(credential, "http://b").is_ok());
        }
        let error = gate.show(&ann, "http://c").unwrap_err();
        assert!(matches!(error, TransportError::Auth { source: AuthError::Unanswered { .. }, .. }));
        gate.pass(&bob, async { Ok(()) }).await.unwrap();
        assert!(gate.show(&bob, "http://c").is_ok());
    }

    #[tokio::test]
    async fn a_login_that_is_dropped_lets_the_next_one_go() {
        let (gate, ann) = (LoginGate::new(), credential("ann"));
        let never = gate.pass(&ann, std::future::pending::<Result<(), TransportError>>());
        assert!(futures_ready(never).await.is_none());
        gate.pass(&ann, async { Ok(()) }).await.unwrap();
    }

    /// Polls once and drops.
    async fn futures_ready<F: Future>(future: F) -> Option<F::Output> {
        let mut future = Box::pin(future);
        std::future::poll_fn(|cx| {
            std::task::Poll::Ready(match future.as_mut().poll(cx) {
                std::task::Poll::Ready(value) => Some(value),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
