//! What stands behind the port: the seam between the listener, which knows logins and sealed bodies, and whatever
//! answers the envelopes.

use std::time::Duration;

use super::account::Caller;
use super::mischief::Mischief;
use super::world::{Response, World};

/// Answers envelopes. [`World`] is the one that simulates a host; [`SimulatorBuilder::handler`] puts another one behind
/// the same logins and the same message encryption.
///
/// [`SimulatorBuilder::handler`]: super::SimulatorBuilder::handler
pub trait Handler: Send + 'static {
    /// Answers one request: its body in clear, opened if it was sealed. `now` is the time since the listener began.
    fn handle(&mut self, caller: &Caller, request: &[u8], now: Duration) -> Response;

    /// What the host calls itself in its NTLM challenge.
    fn machine(&self) -> &str {
        "simulator"
    }

    /// The mischief for a login that begins, if there is any.
    fn login_mischief(&mut self) -> Option<Mischief> {
        None
    }
}

impl Handler for World {
    fn handle(&mut self, caller: &Caller, request: &[u8], now: Duration) -> Response {
        Self::handle(self, caller, request, now)
    }

    fn machine(&self) -> &str {
        Self::machine(self)
    }

    fn login_mischief(&mut self) -> Option<Mischief> {
        self.take_login_mischief()
    }
}
