//! I/O module: the system's SSPI with the logon of this process: its tickets, the clock and the KDC are its affair. The only
//! file that knows `cross_krb5`. On Unix `gss` stands in its place.
//!
//! The crate asks SSPI for mutual authentication and confidentiality and refuses a context without them. It asks for no
//! detection of replay, so that `KerberosSeal` has to look at the numbers of the messages; it signs no message that it does
//! not carry; and it takes the package `Kerberos` alone, so that the logon is never used for NTLM.
#![expect(
    clippy::disallowed_methods,
    reason = "the logon is the system's, and so are the clock and the network behind it"
)]

use std::fmt::{self, Display};
use std::io;

use cross_krb5::{ClientCtx, Cred, InitiateFlags, K5Cred as _, K5Ctx as _, PendingClientCtx, Step};

use super::failure::Failure;
use super::logon::Logon;
use super::sspi_status;
use super::system::SystemContext;
use crate::auth::TicketError;

/// One security context with one server.
pub(super) struct Context {
    state: State,
    is_bound: bool,
}

enum State {
    Pending(PendingClientCtx),
    Standing(ClientCtx),
    Over,
}

impl SystemContext for Context {
    const SIGNS: bool = false;

    /// `user` must be the logged-on one, or empty.
    fn begin(user: &str, spn: &str, binding: Option<Vec<u8>>) -> Result<(Self, Vec<u8>), Failure> {
        logon().holder(user)?;
        let begun = ClientCtx::new(InitiateFlags::empty(), None, spn, binding.as_deref());
        let (context, token) = begun.map_err(failure)?;
        Ok((Self { state: State::Pending(context), is_bound: binding.is_some() }, token.to_vec()))
    }

    fn answer(&mut self, token: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let State::Pending(context) = std::mem::replace(&mut self.state, State::Over) else {
            return Err(out_of_turn());
        };
        let next;
        (self.state, next) = match context.step(token).map_err(failure)? {
            Step::Finished((context, token)) => (State::Standing(context), token.map(|token| token.to_vec())),
            Step::Continue((context, token)) => (State::Pending(context), Some(token.to_vec())),
        };
        Ok(next)
    }

    fn stands(&self) -> bool {
        matches!(self.state, State::Standing(_))
    }

    /// Nothing: a context that lacks what was asked for does not come to stand.
    fn lacks(&self) -> Result<Option<&'static str>, Failure> {
        Ok(None)
    }

    fn wrap(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(self.standing()?.wrap(true, plaintext).map_err(failure)?.to_vec())
    }

    fn unwrap(&mut self, token: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(self.standing()?.unwrap(token).map_err(failure)?.to_vec())
    }

    fn mic(&mut self, _: &[u8]) -> Result<Vec<u8>, Failure> {
        Err(unsigned())
    }

    fn verify_mic(&mut self, _: &[u8], _: &[u8]) -> Result<(), Failure> {
        Err(unsigned())
    }
}

impl Context {
    fn standing(&mut self) -> Result<&mut ClientCtx, Failure> {
        match &mut self.state {
            State::Standing(context) => Ok(context),
            _ => Err(out_of_turn()),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("binding", &self.is_bound).finish_non_exhaustive()
    }
}

/// The name of `user`'s logon, or of whatever logon there is if that is empty.
pub(super) fn holder(user: &str) -> Result<String, Failure> {
    let holder = logon().holder(user)?;
    Cred::client_acquire(InitiateFlags::empty(), None).map_err(failure)?;
    Ok(holder)
}

fn logon() -> Logon {
    let named = |name| std::env::var(name).unwrap_or_default();
    Logon { user: named("USERNAME"), domain: named("USERDOMAIN"), dns_domain: named("USERDNSDOMAIN") }
}

/// The crate's errors are words, with those of their causes in the alternate form.
fn failure(error: impl Display) -> Failure {
    sspi_status::failure(&format!("{error:#}"), words_of)
}

/// The system's words for a status.
fn words_of(code: i32) -> String {
    let words = io::Error::from_raw_os_error(code).to_string();
    words.split(" (os error").next().unwrap_or_default().to_owned()
}

fn out_of_turn() -> Failure {
    Failure::new(TicketError::Other, "the security context is used out of turn")
}

fn unsigned() -> Failure {
    Failure::new(
        TicketError::Other,
        "the server requires a signed negotiation, which is not supported with SSPI",
    )
}
