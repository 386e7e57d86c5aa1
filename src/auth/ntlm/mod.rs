//! NTLMv2 (MS-NLMP) over the codec of `ntlmclient`, with our own sums, MIC, channel binding and message security.

mod keys;
mod mechanism;
mod message;
mod response;
#[cfg(test)]
pub(super) mod samples;
mod seal;

pub(super) use mechanism::Ntlm;
pub use seal::NtlmSeal;

use super::AuthError;

/// The name in errors.
const SCHEME: &str = "ntlm";

fn malformed(problem: impl Into<String>) -> AuthError {
    AuthError::Malformed { scheme: SCHEME, problem: problem.into() }
}
