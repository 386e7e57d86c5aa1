//! What can go wrong, sorted by who can act on it.

#[cfg(feature = "client")]
use std::time::Duration;

#[cfg(feature = "client")]
use crate::auth::AuthError;
use crate::error_chain::error_chain;
use crate::session::QueryError;
#[cfg(feature = "client")]
use crate::transport::{RETRYABLE_STATUS, TransportError};
use crate::wsman::{AnswerError, Fault, Malformed};

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. Callers ask its questions and never match on text; [`source`](std::error::Error::source) leads
/// all the way down.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server understood and refused.
    #[error("the server rejected the request")]
    Fault(#[from] Fault),
    /// The answer is not the protocol, or not the answer to our request.
    #[error("the response is not valid WS-Management")]
    Malformed(#[from] Malformed),
    /// The network, TLS, the login, or an HTTP status without SOAP.
    #[cfg(feature = "client")]
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// What was asked for cannot be meant.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The work on one host has panicked: a defect here, or in a connector or a source of ids that the program brought.
    /// What was sent before may have been done.
    #[cfg(feature = "client")]
    #[error("internal error: the work on {endpoint} panicked")]
    Panicked {
        /// The endpoint's URL.
        endpoint: String,
    },
}

impl Error {
    /// The error and its causes in one line: `login to web01 failed: the ticket has expired`. See [`error_chain()`].
    #[must_use]
    pub fn chain(&self) -> String {
        error_chain(self)
    }

    /// The server's fault, if that is what it is.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Fault(fault) => Some(fault),
            _ => None,
        }
    }

    /// The shell (or command) that the request named is not there, or is closing.
    #[must_use]
    pub fn is_shell_gone(&self) -> bool {
        self.fault().is_some_and(Fault::is_shell_gone)
    }

    /// An authenticated user may not do this.
    #[must_use]
    pub fn is_access_denied(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.is_access_denied(),
            #[cfg(feature = "client")]
            Self::Transport(TransportError::Status { status: 403, .. }) => true,
            _ => false,
        }
    }

    /// The credential must not be tried again in this run: it was refused, here or elsewhere, or too many servers gave no
    /// verdict on it.
    #[must_use]
    pub fn is_credential_refused(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.is_logon_failure(),
            #[cfg(feature = "client")]
            Self::Transport(
                TransportError::CredentialRefused { .. }
                | TransportError::CredentialWithheld { .. }
                | TransportError::Auth { source: AuthError::Refused { .. }, .. },
            ) => true,
            _ => false,
        }
    }

    /// Whether a login was refused: for the credential, or only on this host, because the account is not authorized there. The
    /// same login would be refused again, and may count as another failed logon.
    #[cfg(feature = "client")]
    pub(crate) fn is_login_refused(&self) -> bool {
        let not_authorized = matches!(
            self,
            Self::Transport(TransportError::Auth { source: AuthError::NotAuthorized { .. }, .. })
        );
        not_authorized || self.is_credential_refused()
    }

    /// Of those, whether the credential was not shown at all here: the run has stopped to spare the account.
    #[must_use]
    pub fn is_credential_withheld(&self) -> bool {
        match self {
            #[cfg(feature = "client")]
            Self::Transport(
                TransportError::CredentialRefused { .. } | TransportError::CredentialWithheld { .. },
            ) => true,
            _ => false,
        }
    }

    /// A time limit ran out, the server's or ours; the operation may still complete.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.is_timeout(),
            #[cfg(feature = "client")]
            Self::Transport(TransportError::Timeout { .. }) => true,
            _ => false,
        }
    }

    /// The same request may succeed a little later, and has done nothing yet. A server that was silent for a whole time
    /// limit is not tried again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.is_retryable() && !fault.is_timeout(),
            #[cfg(feature = "client")]
            Self::Transport(error @ TransportError::Connect { .. }) => {
                error.tls().is_none() && !error.is_silence()
            }
            #[cfg(feature = "client")]
            Self::Transport(TransportError::Status { status, .. }) => RETRYABLE_STATUS.contains(status),
            _ => false,
        }
    }

    /// The request may have reached the server and may have done its work, although no answer says so.
    #[must_use]
    pub fn may_have_acted(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.is_timeout(),
            Self::Malformed(_) => true,
            #[cfg(feature = "client")]
            Self::Panicked { .. } => true,
            #[cfg(feature = "client")]
            Self::Transport(error) => transport_may_have_acted(error),
            Self::Query(_) => false,
        }
    }

    /// How long the server asked us to wait, if it did.
    #[cfg(feature = "client")]
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Transport(TransportError::Status { retry_after, .. }) => *retry_after,
            _ => None,
        }
    }

    /// Whether the connection that gave this error can go on: the server answered on it, and the answer was read.
    #[cfg(feature = "client")]
    #[must_use]
    pub fn leaves_connection_usable(&self) -> bool {
        matches!(self, Self::Fault(_) | Self::Malformed(_) | Self::Transport(TransportError::Status { .. }))
    }
}

impl From<AnswerError> for Error {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Fault(fault) => Self::Fault(fault),
            AnswerError::Malformed(malformed) => Self::Malformed(malformed),
        }
    }
}

/// A gateway (408, 502, 504) or a bare 500 says nothing about what the server behind it did.
#[cfg(feature = "client")]
const AMBIGUOUS_STATUS: [u16; 4] = [408, 500, 502, 504];

#[cfg(feature = "client")]
fn transport_may_have_acted(error: &TransportError) -> bool {
    match error {
        TransportError::Connect { .. }
        | TransportError::CredentialRefused { .. }
        | TransportError::CredentialWithheld { .. } => false,
        TransportError::Status { status, .. } => {
            (200..300).contains(status) || AMBIGUOUS_STATUS.contains(status)
        }
        // A login that failed came before the request; a seal that failed came after it.
        TransportError::Auth { source, .. } => source.is_about_an_answer(),
        _ => true,
    }
}

#[cfg(test)]
#[cfg(feature = "client")]
mod tests {
    use super::*;

    fn status(status: u16) -> Error {
        let endpoint = "http://web01.lab:5985/wsman".to_owned();
        TransportError::Status { endpoint, status, excerpt: String::new(), retry_after: None }.into()
    }

    #[test]
    fn a_status_that_turns_the_request_away_is_retryable_and_has_not_acted() {
        for code in [425, 429, 503] {
            assert!(status(code).is_retryable() && !status(code).may_have_acted(), "{code}");
        }
    }

    #[test]
    fn a_gateways_or_a_bare_500_may_hide_an_operation_that_was_done() {
        for code in [408, 500, 502, 504, 200] {
            assert!(!status(code).is_retryable() && status(code).may_have_acted(), "{code}");
        }
    }

    #[test]
    fn a_refused_login_has_not_acted_and_a_broken_seal_may_have() {
        let auth = |source| Error::from(TransportError::Auth { endpoint: String::new(), source });
        let refused = auth(AuthError::Refused { user: "ada".to_owned(), scheme: "ntlm" });
        assert!(refused.is_credential_refused() && !refused.may_have_acted());
        assert!(auth(AuthError::BadSeal).may_have_acted());
        assert!(!auth(AuthError::BadSeal).is_credential_refused());
    }

    #[test]
    fn a_chain_names_the_failure_and_its_cause() {
        let endpoint = "http://web01".to_owned();
        let failed = Error::from(TransportError::Auth { endpoint, source: AuthError::BadSeal });
        assert_eq!(failed.chain(), format!("{failed}: {}", AuthError::BadSeal));
    }

    #[test]
    fn an_answer_that_cannot_be_trusted_is_not_told_as_a_failed_login() {
        let reported =
            |source| TransportError::Auth { endpoint: "http://web01".to_owned(), source }.to_string();
        assert_eq!(reported(AuthError::ClearAnswer), "the response from http://web01 cannot be trusted");
        assert_eq!(reported(AuthError::Downgrade { what: "SEAL" }), "login to http://web01 failed");
    }
}
