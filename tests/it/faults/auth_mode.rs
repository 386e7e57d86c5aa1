//! The three ways to log in: what the client is told, and the server's part of each.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pssession::auth::{AuthScheme, Credential};
use pssession::transport::{Endpoint, HttpConnector, HttpOptions, LoginGate};

use crate::support::ntlm::{FLAGS, challenge};
use crate::support::raw::{Response, Seen};
use crate::support::seal::ServerSeal;
use crate::teardown::ADMIN;
use crate::transport::tls::{Identity, self_signed};

/// The host's name, for the URL and the certificate.
const HOST: &str = "web01.lab";
/// NTLM's session key, which the client believes to be random.
const SESSION_KEY: [u8; 16] = [7; 16];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthMode {
    BasicTls,
    NtlmSealed,
    NtlmTls,
}

pub(super) const AUTH_MODES: [AuthMode; 3] = [AuthMode::BasicTls, AuthMode::NtlmSealed, AuthMode::NtlmTls];

/// What the server knows of its connections: who has logged in, and under which keys.
#[derive(Default)]
pub(super) struct Logins {
    standing: Mutex<HashMap<usize, Keys>>,
}

/// The message security of one connection, and the answer that went before.
pub(super) struct Keys {
    pub(super) seal: ServerSeal,
    pub(super) last: Option<(String, Vec<u8>)>,
}

/// Where a request stands in a login.
pub(super) enum Step {
    /// It is answered so, and proves nothing yet.
    Talk(Response),
    /// It shows the credential; this is the answer to a right one.
    Verdict(Response),
    /// It comes from somebody who is logged in.
    In,
}

impl AuthMode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BasicTls => "Basic, HTTPS",
            Self::NtlmSealed => "NTLM, HTTP, sealed",
            Self::NtlmTls => "NTLM, HTTPS",
        }
    }

    pub(super) fn is_sealed(self) -> bool {
        self == Self::NtlmSealed
    }

    pub(super) fn is_tls(self) -> bool {
        !self.is_sealed()
    }

    /// What it offers to whom it does not know.
    pub(super) fn offer(self) -> &'static str {
        match self {
            Self::BasicTls => "Basic realm=\"WSMAN\"",
            Self::NtlmSealed | Self::NtlmTls => "Negotiate",
        }
    }

    pub(super) fn unauthorized(self) -> Response {
        Response::new(401).header("WWW-Authenticate", self.offer())
    }

    /// The client's side, led to `address`; nothing else of it differs from a real one.
    pub(super) fn connector(self, address: std::net::SocketAddr) -> HttpConnector {
        let mut options = HttpOptions::default().with_resolve(address);
        if self.is_tls() {
            options = options.with_ca_pem(identity().pem.clone());
        }
        let auth = if self == Self::BasicTls { AuthScheme::Basic } else { AuthScheme::Ntlm };
        let credential = Credential::new(ADMIN, "hunter2".to_owned().into());
        HttpConnector::builder(Endpoint::parse(HOST, self.is_tls()).unwrap(), credential)
            .auth(auth)
            .options(options)
            .login_gate(LoginGate::new())
            .random(|bytes| {
                bytes.fill(SESSION_KEY[0]);
                Ok::<(), std::convert::Infallible>(())
            })
            .build()
            .unwrap()
    }
}

/// The host's certificate, made once.
pub(super) fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| self_signed(HOST))
}

impl Logins {
    /// The server's part of a login; every password is right.
    pub(super) fn step(&self, way: AuthMode, seen: &Seen, dropped_flags: u32) -> Step {
        let Some(shown) = seen.header("authorization") else {
            let is_in =
                way != AuthMode::BasicTls && self.standing.lock().unwrap().contains_key(&seen.connection);
            return if is_in { Step::In } else { Step::Talk(way.unauthorized()) };
        };
        if way == AuthMode::BasicTls {
            let is_login = String::from_utf8_lossy(&seen.body).contains("wsmanidentity.xsd");
            let identity = Response::soap(200, "<s:Envelope>identified</s:Envelope>");
            return if is_login { Step::Verdict(identity) } else { Step::In };
        }
        let token = STANDARD.decode(shown.strip_prefix("Negotiate ").unwrap()).unwrap();
        if token[8] == 1 {
            let token = STANDARD.encode(challenge(FLAGS & !dropped_flags));
            return Step::Talk(Response::new(401).header("WWW-Authenticate", format!("Negotiate {token}")));
        }
        self.let_in(seen.connection);
        Step::Verdict(Response::new(200))
    }

    pub(super) fn forget(&self, connection: usize) {
        self.standing.lock().unwrap().remove(&connection);
    }

    fn let_in(&self, connection: usize) {
        let keys = Keys { seal: ServerSeal::new(SESSION_KEY), last: None };
        self.standing.lock().unwrap().insert(connection, keys);
    }

    pub(super) fn with_keys<T>(&self, connection: usize, work: impl FnOnce(&mut Keys) -> T) -> T {
        work(self.standing.lock().unwrap().get_mut(&connection).unwrap())
    }
}
