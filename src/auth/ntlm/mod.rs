//! NTLMv2 (MS-NLMP) over the codec of `ntlmclient`, with our own sums, MIC, channel binding and message security.

mod keys;
mod mechanism;
mod message;
mod response;
mod seal;
#[cfg(test)]
pub(super) mod test_vectors;

pub(super) use mechanism::Ntlm;
pub use seal::NtlmSeal;

#[cfg(kerberos)]
use base64::Engine as _;
#[cfg(kerberos)]
use base64::engine::general_purpose::STANDARD;

use super::AuthError;
#[cfg(kerberos)]
use super::{Challenges, ServerNames};

/// The `Authorization` that asks a server for its challenge. It proves nothing, and the login is not gone on with.
///
/// # Errors
/// [`AuthError::Malformed`]: the message cannot be written.
#[cfg(kerberos)]
pub(crate) fn challenge_request() -> Result<secrecy::SecretString, AuthError> {
    Ok(format!("{NEGOTIATE} {}", STANDARD.encode(message::negotiate()?)).into())
}

/// What the server says of itself in its challenge, if `challenges` hold one.
#[cfg(kerberos)]
pub(crate) fn names_in_challenge(challenges: &Challenges) -> Option<ServerNames> {
    let token = STANDARD.decode(challenges.token(NEGOTIATE)?).ok()?;
    Some(message::Challenge::read(&token, false).ok()?.server_names())
}

#[cfg(kerberos)]
const NEGOTIATE: &str = "Negotiate";

/// The name in errors.
const SCHEME: &str = "ntlm";

fn malformed(problem: impl Into<String>) -> AuthError {
    AuthError::Malformed { scheme: SCHEME, problem: problem.into() }
}

#[cfg(test)]
#[cfg(kerberos)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_challenge_that_was_asked_for_names_the_server() {
        let request = challenge_request().unwrap();
        let expected = format!("Negotiate {}", STANDARD.encode(test_vectors::hex(test_vectors::NEGOTIATE)));
        assert_eq!(request.expose_secret(), expected);
        let names = |header: &str| names_in_challenge(&Challenges::parse([header]));
        let named =
            names(&format!("Negotiate {}", STANDARD.encode(test_vectors::hex(test_vectors::CHALLENGE))))
                .unwrap();
        assert_eq!((named.netbios_domain.as_str(), named.netbios_computer.as_str()), ("Domain", "Server"));
        for header in ["Negotiate", "Kerberos", "Negotiate AAAA", "Negotiate !"] {
            assert_eq!(names(header), None, "{header}");
        }
    }
}
