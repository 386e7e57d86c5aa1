//! How to reach an endpoint: protection, trust, time limits, address.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{BoxError, CertificatePin, ExchangeObserver, Security};
use crate::auth::AuthError;
use crate::limits::LONGEST_LIMIT;

/// How to reach one endpoint, whoever logs in there.
#[derive(Clone)]
pub struct HttpOptions {
    pub(super) security: Security,
    pub(super) ca_pem: Option<Vec<u8>>,
    pub(super) pins: Vec<CertificatePin>,
    pub(super) tls_server_name: Option<String>,
    pub(super) connect_timeout: Duration,
    pub(super) login_timeout: Duration,
    pub(super) login_attempts: u32,
    pub(super) resolve: Option<SocketAddr>,
    pub(super) address: Option<String>,
    pub(super) spn: Option<String>,
    pub(super) workstation: String,
    pub(super) observer: Option<Arc<dyn ExchangeObserver>>,
}

impl HttpOptions {
    /// The protection of bodies and passwords. Default: everything dangerous is off.
    #[must_use]
    pub fn with_security(mut self, security: Security) -> Self {
        self.security = security;
        self
    }

    /// Trust only what chains to these PEM certificates, in place of the platform's trust store. Default: the
    /// platform's.
    #[must_use]
    pub fn with_ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_pem = Some(pem.into());
        self
    }

    /// Trust the server's own certificate if it has this pin, or one of those that were given before. It takes the place
    /// of the check of its chain and of its name, and of [`Security::dangerous_skip_certificate_check`]; an expired
    /// certificate is refused all the same. Default: no pin.
    #[must_use]
    pub fn with_certificate_pin(mut self, pin: CertificatePin) -> Self {
        self.pins.push(pin);
        self
    }

    /// Ask for this DNS name in TLS, and look for it in the certificate, in place of the endpoint's host: for who connects
    /// by an address or another name. `Host` and the login keep the endpoint's. Default: the endpoint's host.
    #[must_use]
    pub fn with_tls_server_name(mut self, name: impl Into<String>) -> Self {
        self.tls_server_name = Some(name.into());
        self
    }

    /// How long resolving, connecting and the TLS handshake may take together. Default: 10 s.
    #[must_use]
    pub fn with_connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit.min(LONGEST_LIMIT);
        self
    }

    /// How long one login may take once the connection stands; waiting for other logins does not count. Default: 15 s.
    #[must_use]
    pub fn with_login_timeout(mut self, limit: Duration) -> Self {
        self.login_timeout = limit.min(LONGEST_LIMIT);
        self
    }

    /// How many servers may see the proof of a credential that no server has accepted before one of them gives a verdict: a
    /// lost connection or a server that is silent may hide a failed logon. At least 1. It never multiplies refusals: one
    /// ends the use of such a credential ([`LoginGate`](super::LoginGate)). Default: 2.
    #[must_use]
    pub fn with_login_attempts(mut self, attempts: u32) -> Self {
        self.login_attempts = attempts.max(1);
        self
    }

    /// Connect to this address and port; names, `Host` and TLS stay those of the endpoint. It works for an endpoint
    /// given by name, or with [`Self::with_tls_server_name`]; of one given by address only the port is replaced.
    /// Default: ask the resolver.
    #[must_use]
    pub fn with_resolve(mut self, address: SocketAddr) -> Self {
        self.resolve = Some(address);
        self
    }

    /// Look for the server under this host name or address, at the endpoint's port; names, `Host`, TLS and the service
    /// principal stay those of the endpoint, which must be given by name. Default: the endpoint's own host.
    #[must_use]
    pub fn with_address(mut self, host: impl Into<String>) -> Self {
        self.address = Some(host.into());
        self
    }

    /// The service principal to log in to, such as `HTTP/web01.example.com` or, with a realm, `host/web01@EXAMPLE.COM`;
    /// without a `/` it is the service alone, whose host is the endpoint's. Kerberos asks for a ticket for it, and NTLM
    /// names it to the server. Default: `HTTP` and the endpoint's host.
    #[must_use]
    pub fn with_spn(mut self, principal: impl Into<String>) -> Self {
        self.spn = Some(principal.into());
        self
    }

    /// Tell the server this name of the machine that logs in; only NTLM does. A domain can restrict accounts to some
    /// machines by it, and the server's log of logons shows it. Windows sends its NetBIOS name. Default: empty, none is
    /// sent.
    #[must_use]
    pub fn with_workstation(mut self, name: impl Into<String>) -> Self {
        self.workstation = name.into();
        self
    }

    /// Show every exchange after the login to an observer, in clear. Default: nobody sees them.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn ExchangeObserver>) -> Self {
        self.observer = Some(observer);
        self
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            security: Security::default(),
            ca_pem: None,
            pins: Vec::new(),
            tls_server_name: None,
            connect_timeout: CONNECT_TIMEOUT,
            login_timeout: LOGIN_TIMEOUT,
            login_attempts: LOGIN_ATTEMPTS,
            resolve: None,
            address: None,
            spn: None,
            workstation: String::new(),
            observer: None,
        }
    }
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOptions")
            .field("security", &self.security)
            .field("ca_pem", &self.ca_pem.as_ref().map(Vec::len))
            .field("pins", &self.pins)
            .field("tls_server_name", &self.tls_server_name)
            .field("connect_timeout", &self.connect_timeout)
            .field("login_timeout", &self.login_timeout)
            .field("login_attempts", &self.login_attempts)
            .field("resolve", &self.resolve)
            .field("address", &self.address)
            .field("spn", &self.spn)
            .field("workstation", &self.workstation)
            .field("is_observed", &self.observer.is_some())
            .finish()
    }
}

/// Why a connector cannot be built; nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The authentication scheme is not allowed on this way, or not built in.
    #[error("cannot log in to {endpoint}")]
    Auth {
        /// The endpoint's URL.
        endpoint: String,
        /// The cause.
        #[source]
        source: AuthError,
    },
    /// The CA file cannot be used.
    #[error("cannot use the CA file: {problem}")]
    CaFile {
        /// What is wrong.
        problem: String,
    },
    /// The name for TLS is no DNS name.
    #[error("{name:?} is not a DNS name that a certificate can have")]
    TlsServerName {
        /// The name as it was given.
        name: String,
    },
    /// TLS cannot be set up, such as without any trusted certificate on this machine.
    #[error("cannot set up TLS")]
    Tls {
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// The HTTP client cannot be set up.
    #[error("cannot set up the HTTP client")]
    Client {
        /// The cause.
        #[source]
        source: BoxError,
    },
}

/// Enough for a name server that needs a retry and for TLS over a slow line; a host that takes longer is down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A server that has to ask a domain controller takes a second or two. One that takes longer than this is broken, and holds
/// up whoever waits for its host.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(15);

/// One server without a verdict must not spoil the run for all others, and policies lock an account after three failed
/// logons at the earliest.
const LOGIN_ATTEMPTS: u32 = 2;
