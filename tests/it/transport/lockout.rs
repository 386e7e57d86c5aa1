//! How often a password is shown: as seldom as can be, since each time may count towards an account's lockout.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::Notify;

use super::*;

/// Counts the proofs of a password that came, to all servers that share it.
#[derive(Clone, Default)]
struct Proofs(Arc<AtomicUsize>);

impl Proofs {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// A server that does with each proof what `judge` says.
    async fn server(&self, judge: impl Fn() -> Act + Send + Sync + 'static) -> RawServer {
        let (proofs, login) = (self.clone(), FakeNtlm::accepting());
        RawServer::start(move |seen| {
            if !is_proof(seen) {
                return login.act(seen, |_| reported());
            }
            proofs.0.fetch_add(1, Ordering::SeqCst);
            judge()
        })
        .await
    }
}

/// Whether a request bears the last message of NTLM.
pub(super) fn is_proof(seen: &Seen) -> bool {
    let token = seen.header("authorization").and_then(|value| value.strip_prefix("Negotiate "));
    token.is_some_and(|token| STANDARD.decode(token).unwrap()[8] == 3)
}

fn refusal() -> Act {
    Act::Answer(Response::new(401).header("WWW-Authenticate", "Negotiate"))
}

fn connector(server: &RawServer, gate: &LoginGate) -> HttpConnector {
    bound(&server.url()).login_gate(gate.clone()).build().unwrap()
}

/// Connects as the engine does: again, as long as the error says that this may help.
async fn patiently(connector: &HttpConnector) -> Result<Box<dyn Connection>, pssession::Error> {
    let mut outcome = connector.connect().await.map_err(pssession::Error::from);
    for _ in 0..3 {
        match outcome {
            Err(error) if error.is_retryable() => {
                outcome = connector.connect().await.map_err(pssession::Error::from);
            }
            outcome => return outcome,
        }
    }
    outcome
}

#[tokio::test]
async fn a_server_that_hangs_up_instead_of_judging_hears_the_proof_once() {
    let proofs = Proofs::default();
    let server = proofs.server(|| Act::Close).await;
    let error = patiently(&connector(&server, &LoginGate::new())).await.map(|_| ()).unwrap_err();
    assert_eq!(proofs.count(), 1);
    assert!(!error.is_credential_refused() && !error.may_have_acted(), "{error:?}");
    let pssession::Error::Transport(error) = error else { panic!("{error:?}") };
    assert!(
        matches!(&error, TransportError::Auth { source: AuthError::Unanswered { user, .. }, .. } if user == "ann"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_that_never_judges_hears_the_proof_once() {
    let proofs = Proofs::default();
    let server = proofs.server(|| Act::Hang).await;
    let options = HttpOptions::default()
        .with_security(Security { dangerous_unencrypted: true, ..Security::default() })
        .with_connect_timeout(Duration::from_millis(100))
        .with_login_timeout(Duration::from_millis(100));
    let connector = bound(&server.url()).options(options).build().unwrap();
    assert!(patiently(&connector).await.is_err());
    assert_eq!(proofs.count(), 1);
}

#[tokio::test]
async fn six_hosts_that_give_no_verdict_see_two_proofs_together() {
    let (proofs, gate) = (Proofs::default(), LoginGate::new());
    for number in 0..6 {
        let status = [0, 500, 502, 503, 0, 0][number];
        let judge = move || if status == 0 { Act::Close } else { Act::Answer(Response::new(status)) };
        let server = proofs.server(judge).await;
        assert!(patiently(&connector(&server, &gate)).await.is_err());
    }
    assert_eq!(proofs.count(), 2);
}

#[tokio::test]
async fn after_a_host_without_a_verdict_a_wrong_password_fails_once_more_and_a_right_one_works() {
    for is_right in [false, true] {
        let (proofs, gate) = (Proofs::default(), LoginGate::new());
        let mute = proofs.server(|| Act::Close).await;
        assert!(patiently(&connector(&mute, &gate)).await.is_err());
        for _ in 0..4 {
            let login = FakeNtlm::accepting();
            let counted = proofs.clone();
            let server = RawServer::start(move |seen| {
                counted.0.fetch_add(usize::from(is_proof(seen)), Ordering::SeqCst);
                if is_proof(seen) && !is_right { refusal() } else { login.act(seen, |_| reported()) }
            })
            .await;
            assert_eq!(patiently(&connector(&server, &gate)).await.is_ok(), is_right);
        }
        assert_eq!(proofs.count(), if is_right { 5 } else { 2 });
    }
}

#[tokio::test]
async fn a_login_that_is_given_up_after_its_proof_has_shown_it() {
    let (proofs, gate, arrived) = (Proofs::default(), LoginGate::new(), Arc::new(Notify::new()));
    for _ in 0..4 {
        let tell = Arc::clone(&arrived);
        let judge = move || {
            tell.notify_one();
            Act::Hang
        };
        let server = proofs.server(judge).await;
        let connector = connector(&server, &gate);
        tokio::select! {
            _ = connector.connect() => {}
            () = arrived.notified() => {}
        }
    }
    assert_eq!(proofs.count(), 2);
}

#[tokio::test]
async fn a_401_to_the_password_itself_is_final_in_mid_run_too() {
    let gate = LoginGate::new();
    let refusing = RawServer::start(|seen| {
        with_basic(seen, |_| {
            Act::Answer(Response::new(401).header("WWW-Authenticate", "Basic realm=\"WSMAN\""))
        })
    })
    .await;
    let mut connection = connect(basic(&refusing.url()).login_gate(gate.clone())).await.unwrap();
    let error = ask(connection.as_mut()).await.unwrap_err();
    assert!(
        matches!(&error, TransportError::Auth { source: AuthError::Refused { scheme: "basic", .. }, .. }),
        "{error:?}"
    );
    let shown = refusing.seen().iter().filter(|seen| seen.header("authorization").is_some()).count();
    assert_eq!(shown, 2, "the Identify, and the request that was refused");

    let other = RawServer::start(|seen| with_basic(seen, |_| reported())).await;
    let error = connect(basic(&other.url()).login_gate(gate)).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, TransportError::CredentialRefused { .. }), "{error:?}");
    assert!(other.seen().is_empty());
}
