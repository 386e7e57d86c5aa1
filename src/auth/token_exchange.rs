//! What every carrier of tokens does: into `Authorization`, out of `WWW-Authenticate`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;

use super::mechanism::{Mechanism, Shown, Token};
use super::{Answer, AuthError, Leg, Protection, Step};

/// What the row of [`SCHEMES`](super::SCHEMES) and the policy say of a login.
#[derive(Clone, Copy, Debug)]
pub(super) struct CarrierConfig {
    /// The words in `WWW-Authenticate`; another one is used where the one in use is not offered.
    pub(super) headers: &'static [&'static str],
    /// The one to begin with.
    pub(super) header: &'static str,
    /// The protocol of the frames, if bodies are sealed.
    pub(super) sealed: Option<&'static str>,
    /// Whether the way is HTTPS.
    pub(super) tls: bool,
}

impl CarrierConfig {
    /// The first of its words that the server offers.
    pub(super) fn offered(&self, answer: &Answer<'_>) -> Option<&'static str> {
        self.headers.iter().copied().find(|header| answer.challenges.has(header))
    }

    /// What the login comes to, once the server has said yes.
    pub(super) fn establish(&self, mechanism: Box<dyn Mechanism>) -> Result<Step, AuthError> {
        Ok(Step::Established(match self.sealed {
            Some(protocol) => Protection::Sealed(mechanism.into_seal(protocol)?),
            None => Protection::Connection,
        }))
    }
}

/// The request that asks for the challenges, and for the certificate.
pub(super) fn ask() -> Step {
    Step::Send(Leg { authorization: None, identify: false, begins: true, proves: false })
}

/// The request that bears this token. `begins`: it is a login's first, so that any connection will do.
pub(super) fn send(header: &str, token: &Token, begins: bool) -> Step {
    let authorization = SecretString::from(format!("{header} {}", STANDARD.encode(&token.bytes)));
    let proves = token.shows == Shown::Password;
    Step::Send(Leg { authorization: Some(authorization), identify: false, begins, proves })
}

/// The token that the answer bears under this word. How long it can be is bounded by what [`Challenges`](super::Challenges)
/// reads.
pub(super) fn token(
    answer: &Answer<'_>,
    header: &str,
    scheme: &'static str,
) -> Result<Option<Vec<u8>>, AuthError> {
    let Some(text) = answer.challenges.token(header) else { return Ok(None) };
    let problem = || AuthError::Malformed { scheme, problem: "it is not base64".to_owned() };
    STANDARD.decode(text).map(Some).map_err(|_| problem())
}
