//! Authentication: pure state machines over the tokens of `Authorization` and `WWW-Authenticate`, and the framing
//! of sealed bodies. No socket, clock or environment, except in the
//! I/O modules of Kerberos (`kerberos::gss`, `kerberos::sspi`); randomness and time are arguments.

mod auto;
mod basic;
mod challenges;
#[cfg(any(feature = "ntlm", kerberos))]
mod channel_binding;
mod credential;
#[cfg(kerberos)]
mod kerberos;
#[cfg(any(feature = "ntlm", kerberos))]
mod mechanism;
#[cfg(feature = "ntlm")]
mod ntlm;
mod options;
#[cfg(any(feature = "ntlm", kerberos))]
mod raw_token;
mod scheme;
mod scheme_refusal;
pub mod sealing;
#[cfg(any(feature = "ntlm", kerberos))]
mod spnego;
mod ticket;
#[cfg(any(feature = "ntlm", kerberos))]
mod token_exchange;

pub use auto::handshake;
#[cfg_attr(
    not(feature = "client"),
    expect(unused_imports, reason = "only a connector remembers offers")
)]
pub(crate) use auto::handshake_after;
pub use basic::Basic;
pub use challenges::Challenges;
#[cfg_attr(
    not(feature = "client"),
    expect(unused_imports, reason = "only logins over a network are counted")
)]
pub(crate) use credential::CredentialIdentity;
pub use credential::{Credential, CredentialKey, UserNames};
#[cfg(feature = "ntlm")]
pub use ntlm::NtlmSeal;
#[cfg(all(feature = "ntlm", kerberos))]
pub(crate) use ntlm::{challenge_request, names_in_challenge};
pub use options::NtlmOptions;
pub use scheme::{AuthScheme, LoginPolicy, LoginProof, SCHEMES, SchemeRow, UnknownScheme, Verdict};
pub use scheme_refusal::{MissingFeature, SchemeRefusal};
pub use ticket::{TicketError, ticket_holder};

use std::fmt;

/// One value per connection and login: it is fed the server's answers and says what to send next.
///
/// The rule for the transport: the first call gets `None`; each later call gets the answer to the leg that the call
/// before it asked for, and only if its status is 401 or a success (2xx). Any other status (403, 404, 405, 500, 503, a
/// redirect) is no word of the login and never comes here. After an error or [`Step::Established`] the value is
/// used up.
pub trait Handshake: fmt::Debug + Send {
    /// The name of the scheme that it runs, for messages.
    fn name(&self) -> &'static str;

    /// The next leg: `None` before the first request, then the answer to the last one. A step that may use a Kerberos
    /// ticket may block while the system's library waits for a KDC; all others only reckon.
    ///
    /// # Errors
    /// [`AuthError`]: the server refused the credential, offers no scheme that we may use, or broke the protocol.
    fn step(&mut self, answer: Option<&Answer<'_>>) -> Result<Step, AuthError>;

    /// What the server has said of itself in this login; `None` where nothing binds it to the login, or the scheme has no
    /// such words.
    fn server_names(&self) -> Option<&ServerNames> {
        None
    }

    /// Whether the login stands and the server has shown in its exchange that it accepted the credential: with a
    /// mechListMIC that verifies, or with an answer to the request that bore the password. Without it, only the answer to
    /// a later request shows that.
    fn is_accepted(&self) -> bool {
        false
    }
}

/// The server's own names, as its NTLM challenge has them (MS-NLMP 2.2.2.1, AV_PAIR). A name that the challenge lacks is
/// empty. They say nothing of the domains that the server's domain trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ServerNames {
    /// `MsvAvNbDomainName`: the NetBIOS name of its domain; on a machine of a workgroup its own.
    pub netbios_domain: String,
    /// `MsvAvNbComputerName`: its own NetBIOS name.
    pub netbios_computer: String,
    /// `MsvAvDnsDomainName`: the DNS name of its domain; on a machine of a workgroup its own.
    pub dns_domain: String,
    /// The Kerberos realm of a login with a ticket, whose challenge was asked for without a proof; else empty.
    pub realm: String,
}

/// What a handshake needs to know of an HTTP answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The schemes and tokens of its `WWW-Authenticate` headers.
    pub challenges: &'a Challenges,
    /// The DER of the server's TLS certificate, on HTTPS: it makes the channel binding.
    pub server_certificate: Option<&'a [u8]>,
}

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Send this body with this `Authorization` header (none to learn what is offered) and come back with the answer.
    Send(Leg),
    /// The login stands.
    Established(Protection),
}

/// One request of a handshake.
#[derive(Debug)]
pub struct Leg {
    /// The value of `Authorization`; marked sensitive, never logged.
    pub authorization: Option<secrecy::SecretString>,
    /// Whether the body is an Identify envelope, which proves a login that has no tokens of its own; else it is empty.
    pub identify: bool,
    /// Whether it goes on with nothing that came before on this connection, so that a new one does as well.
    pub begins: bool,
    /// Whether it proves the password, so that the server may count a failed logon.
    pub proves: bool,
}

/// How requests are protected and authenticated once the login stands.
pub enum Protection {
    /// Bodies travel as they are on this connection, which itself is authenticated (NTLM over TLS).
    Connection,
    /// Each request bears this `Authorization` header (Basic).
    Header(secrecy::SecretString),
    /// Bodies are sealed (NTLM over plain HTTP).
    Sealed(Box<dyn Seal>),
}

impl fmt::Debug for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connection => "Connection",
            Self::Header(_) => "Header(..)",
            Self::Sealed(_) => "Sealed(..)",
        })
    }
}

/// Seals and opens message bodies on one authenticated connection; each direction has its own stream and numbers.
pub trait Seal: Send {
    /// The content type's `protocol`, such as `application/HTTP-SPNEGO-session-encrypted`.
    fn protocol(&self) -> &'static str;
    /// Seals one message: signature (or token header) and ciphertext.
    ///
    /// # Errors
    /// [`AuthError::Poisoned`] after a failure on this connection.
    fn seal(&mut self, plaintext: &[u8]) -> Result<Sealed, AuthError>;
    /// Opens one message and checks its signature in constant time.
    ///
    /// # Errors
    /// [`AuthError::BadSeal`]: altered, replayed or out of order; the connection is of no further use.
    fn open(&mut self, signature: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, AuthError>;
    /// Opens one message in its place, as [`open`](Self::open) does; its text must be as long as its ciphertext.
    ///
    /// # Errors
    /// [`AuthError::BadFrame`] if it is not, and those of [`open`](Self::open). Nothing of it is of use then.
    fn open_in_place(&mut self, signature: &[u8], text: &mut [u8]) -> Result<(), AuthError> {
        let opened = self.open(signature, text)?;
        if opened.len() != text.len() {
            let problem = format!("{} bytes were announced and {} came", text.len(), opened.len());
            return Err(AuthError::BadFrame { problem });
        }
        text.copy_from_slice(&opened);
        Ok(())
    }
}

/// One sealed message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The signature or token header that goes first.
    pub signature: Vec<u8>,
    /// The ciphertext.
    pub ciphertext: Vec<u8>,
}

/// Why a login did not come about, or why a sealed message cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The server refused the credential, definitely: it must not be tried again (account lockout).
    #[error("the server refused the credential of {user} ({scheme})")]
    Refused {
        /// The account.
        user: String,
        /// The scheme's name.
        scheme: &'static str,
    },
    /// The server does not admit an account whose credential was accepted: by this very server, which says so, or by
    /// another one in this run. What is missing is most likely a right on that server; elsewhere it may be used.
    #[error(
        "the server denies access to {user} ({scheme}), although the credential was accepted in this run"
    )]
    NotAuthorized {
        /// The account.
        user: String,
        /// The scheme's name.
        scheme: &'static str,
    },
    /// The credential was shown and not judged: the connection was lost, or time ran out. The server may have counted
    /// a failed logon, so that it is not repeated.
    #[error(
        "the login of {user} did not complete: {problem}; it may count as a failed logon and is not tried again"
    )]
    Unanswered {
        /// The account.
        user: String,
        /// What came instead of a verdict.
        problem: String,
    },
    /// The server offers nothing that we may use here.
    #[error("the server offers {offered}, but {wanted}")]
    NotOffered {
        /// What the server offers, as text; `no authentication` if nothing.
        offered: String,
        /// What we would have taken, and under which policy.
        wanted: String,
        /// Why the strongest scheme that it offers may not be used here, if that is the reason.
        refusal: Option<SchemeRefusal>,
    },
    /// The policy forbids the scheme on this way, so nothing was sent.
    #[error("{scheme} is not allowed here: {problem}")]
    NotAllowed {
        /// The scheme's name.
        scheme: &'static str,
        /// Why.
        problem: SchemeRefusal,
    },
    /// The server says no to the mechanisms of a negotiation before any of them has shown a credential.
    #[error("the server rejects {offered} in the negotiation")]
    Rejected {
        /// What began the negotiation.
        offered: &'static str,
    },
    /// The server tried to weaken the login: what sealing, signing or the negotiation needs is missing.
    #[error("the server's response lacks {what}, which would weaken the login")]
    Downgrade {
        /// The missing flag or field.
        what: &'static str,
    },
    /// The token is not what the scheme prescribes.
    #[error("the server's {scheme} token is malformed: {problem}")]
    Malformed {
        /// The scheme's name.
        scheme: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The server's certificate cannot be read, so that the login cannot be bound to it.
    #[error("the server's certificate cannot be read for the channel binding")]
    Certificate,
    /// Kerberos came to nothing. No password was shown, so that nothing counts as a failed logon.
    #[error("Kerberos login to {spn} failed: {reason}{problem}")]
    Ticket {
        /// The service principal that a ticket was wanted for.
        spn: String,
        /// The kind of trouble.
        reason: TicketError,
        /// What the system's library says, as ` (...)`; may be empty.
        problem: String,
    },
    /// The credential cannot be used with this scheme (too long, a character that cannot be sent).
    #[error("the credential cannot be used: {problem}")]
    Unusable {
        /// What is wrong; never the secret itself.
        problem: String,
    },
    /// The system's library encrypts no messages with the context that was agreed on. Nothing was sent in clear.
    #[error("the messages cannot be encrypted{problem}")]
    CannotSeal {
        /// What the system's library says, as ` (...)`; may be empty.
        problem: String,
    },
    /// The signature of a sealed answer is wrong: altered, replayed or reordered.
    #[error("the signature of a sealed response is wrong: it was altered, replayed or reordered")]
    BadSeal,
    /// An earlier failure has made this connection's keys useless.
    #[error("the message security of this connection is broken after an earlier failure")]
    Poisoned,
    /// A sealed frame is not framed as MS-WSMV 2.2.9.1 prescribes.
    #[error("a sealed response has invalid framing: {problem}")]
    BadFrame {
        /// What is wrong.
        problem: String,
    },
    /// The answer came in clear although the request was sealed.
    #[error("the server sent an unencrypted response to a sealed request")]
    ClearAnswer,
}

impl AuthError {
    /// Whether the login stands and it is an answer to a sealed request that cannot be trusted.
    #[must_use]
    pub fn is_about_an_answer(&self) -> bool {
        matches!(self, Self::BadSeal | Self::Poisoned | Self::BadFrame { .. } | Self::ClearAnswer)
    }

    /// A step that the handshake does not expect now.
    fn out_of_turn(scheme: &'static str) -> Self {
        Self::Malformed { scheme, problem: "unexpected response at this step of the login".to_owned() }
    }
}
