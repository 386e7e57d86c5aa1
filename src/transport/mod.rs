//! I/O module: one authenticated TCP connection per [`Connection`].

mod answer;
mod authenticate;
#[cfg(kerberos)]
mod blocking;
mod certificate;
mod challenges;
mod channel;
mod connector;
mod endpoint;
mod handshake_signature;
mod http;
mod login;
mod observer;
mod options;
mod pin;
mod pins;
mod probe;
mod raw;
mod redaction;
mod route;
mod status;
mod stream;
mod tls;
mod tls_error;
mod tls_observer;

pub use certificate::{Certificate, MAX_NAMES};
pub use connector::{HttpConnector, HttpConnectorBuilder};
pub use endpoint::{Endpoint, EndpointError, Security};
pub use login::LoginGate;
pub use observer::{ExchangeObserver, ObservedExchange};
pub use options::{HttpOptions, SetupError};
pub use pin::{CertificatePin, CertificatePinError};
pub use pins::{CertificatePins, PinHost, PinScope, PinWithoutHost};
pub use probe::{Probe, probe};
pub use raw::{RawAnswer, RawConnection, RawEncryption, RawRequest};
pub use tls_error::{Distrust, TlsError};
pub use tls_observer::{TlsFound, TlsVersion};

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::auth::{AuthError, ServerNames};

/// A boxed future, so that transports can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Opens authenticated connections to one endpoint. The library's own is `HttpConnector`; a program may bring
/// another, and tests use one that has no network.
pub trait Connector: Send + Sync {
    /// The endpoint that it connects to.
    fn endpoint(&self) -> &Endpoint;
    /// The account that it logs in with, for messages and for `SeenBy`.
    fn user(&self) -> &str;
    /// The NetBIOS name (`CORP\jdoe`) that a person says the login of [`user`](Self::user) has there. It counts for whose
    /// sessions are whose where the login itself cannot be compared with their owners, and never for a proof.
    fn stated_account(&self) -> Option<&str> {
        None
    }
    /// How many connections are used at most at the same time, where that was said for this endpoint.
    fn max_connections(&self) -> Option<usize> {
        None
    }
    /// Opens one connection and logs in on it.
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>>;
}

/// One authenticated connection. `&mut self`: exchanges on it never overlap.
pub trait Connection: Send {
    /// Posts one envelope and gives back the answer's body, opened if it was sealed. Dropping the future before
    /// its end makes the connection unusable.
    fn exchange<'a>(
        &'a mut self,
        envelope: &'a str,
        read_timeout: Duration,
    ) -> BoxFuture<'a, Result<Reply, TransportError>>;

    /// What the server said of itself in the login, if that is bound to it: it tells which account a login is there.
    fn server_names(&self) -> Option<&ServerNames> {
        None
    }

    /// Whether another exchange makes sense. After an error or a dropped exchange it does not: open another.
    fn is_usable(&self) -> bool {
        true
    }
}

/// An answer whose body is worth parsing: any status, with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body, in clear, at most `wsman::xml::MAX_BYTES`.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No authenticated connection came about, so the request was not sent.
    #[error("cannot connect to {endpoint}")]
    Connect {
        /// The endpoint's URL.
        endpoint: String,
        /// The cause: resolution, refusal, timeout ([`TransportError::is_silence`]), TLS (a [`TlsError`] where it is one), a
        /// connection lost during the login, or one that an earlier failure has made unusable.
        #[source]
        source: BoxError,
    },
    /// The request was (or may have been) sent and no complete answer came.
    #[error("lost the connection to {endpoint} before the response was complete")]
    Lost {
        /// The endpoint's URL.
        endpoint: String,
        /// The cause.
        #[source]
        source: BoxError,
    },
    /// No answer within the time limit; the server may still act.
    #[error("{endpoint} did not answer within {after:?}")]
    Timeout {
        /// The endpoint's URL.
        endpoint: String,
        /// The limit.
        after: Duration,
    },
    /// The login failed, or a sealed answer cannot be trusted.
    #[error("{}", auth_problem(endpoint, source))]
    Auth {
        /// The endpoint's URL.
        endpoint: String,
        /// The cause.
        #[source]
        source: AuthError,
    },
    /// This credential was refused elsewhere in this run, or another one of this name; it is not tried again.
    #[error("the credential of {user} was refused in this run and is not tried again")]
    CredentialRefused {
        /// The account.
        user: String,
    },
    /// So many hosts gave no verdict on this credential that it is not sent to another one in this run.
    #[error(
        "the credential of {user} is not sent to further servers: the login to {} did not complete, and a wrong \
         password may count as a failed logon there",
        hosts.join(" and ")
    )]
    CredentialWithheld {
        /// The account.
        user: String,
        /// The URLs of the endpoints that gave no verdict, in the order in which they saw the proof.
        hosts: Vec<String>,
    },
    /// An HTTP status without a SOAP body: 403, 404, 405, 503, a redirect, a web page.
    #[error("{endpoint} returned HTTP {status}{excerpt}")]
    Status {
        /// The endpoint's URL.
        endpoint: String,
        /// The HTTP status.
        status: u16,
        /// The first printable characters of the body, or where a redirect leads, as `: ...`; may be empty.
        excerpt: String,
        /// `Retry-After`, if the server said it in seconds.
        retry_after: Option<Duration>,
    },
    /// The answer is larger than we take.
    #[error("the response from {endpoint} is larger than {limit} bytes")]
    TooLarge {
        /// The endpoint's URL.
        endpoint: String,
        /// The limit in bytes.
        limit: usize,
    },
}

impl TransportError {
    /// Why TLS did not come about, if that is what went wrong. It would go wrong again.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsError> {
        match self {
            Self::Connect { source, .. } => source.downcast_ref(),
            _ => None,
        }
    }

    /// Whether no connection came about because a time limit ran out: [`HttpOptions::with_connect_timeout`] or
    /// [`HttpOptions::with_login_timeout`].
    #[must_use]
    pub fn is_silence(&self) -> bool {
        match self {
            Self::Connect { source, .. } => source.is::<Silence>(),
            _ => false,
        }
    }
}

/// Too early, too many requests, service unavailable: the request was turned away before it did anything.
pub(crate) const RETRYABLE_STATUS: [u16; 3] = [425, 429, 503];

/// Which time limit ran out before a connection was logged in.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum Silence {
    #[error("no connection within {0:?}")]
    Connecting(Duration),
    #[error("no response to the login within {0:?}")]
    LoggingIn(Duration),
}

/// Where the login stands, it is the answer that is wrong.
fn auth_problem(endpoint: &str, source: &AuthError) -> String {
    if source.is_about_an_answer() {
        format!("the response from {endpoint} cannot be trusted")
    } else {
        format!("login to {endpoint} failed")
    }
}
