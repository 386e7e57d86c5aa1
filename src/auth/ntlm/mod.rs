//! NTLMv2 (MS-NLMP) over the codec of `ntlmclient`, with our own sums, MIC, channel binding and message security. The
//! tokens travel raw in `Negotiate`, without SPNEGO around them.

mod binding;
mod handshake;
mod keys;
mod message;
mod response;
#[cfg(test)]
mod samples;
mod seal;

pub use handshake::Ntlm;
pub use seal::NtlmSeal;

use super::AuthError;

/// The name in errors.
const SCHEME: &str = "ntlm";

fn malformed(problem: impl Into<String>) -> AuthError {
    AuthError::Malformed { scheme: SCHEME, problem: problem.into() }
}
