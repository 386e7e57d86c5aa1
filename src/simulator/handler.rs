//! What stands behind the port: the seam between the listener, which knows logins and sealed bodies, and whatever
//! answers the envelopes.

use std::time::Duration;

use super::account::Caller;
use super::fault_injection::InjectedFault;
use super::operations::Held;
use super::profile::Profile;
use super::world::{Response, World};

/// How often a held Receive is looked at again. The world can be changed from anywhere, so nobody can be told of it.
pub(super) const RESUME_EVERY: Duration = Duration::from_millis(20);

/// Answers envelopes. [`World`] is the one that simulates a host; [`SimulatorBuilder::handler`] puts another one behind
/// the same logins and the same message encryption.
///
/// [`SimulatorBuilder::handler`]: super::SimulatorBuilder::handler
pub trait Handler: Send + 'static {
    /// Answers one request: its body in clear, opened if it was sealed. `now` is the time since the listener began.
    fn handle(&mut self, caller: &Caller, request: &[u8], now: Duration) -> Response;

    /// Answers a request whose answer had to wait, as [`Response::held`] says it. Asked again until there is an answer.
    fn resume(&mut self, _held: &Held, _now: Duration) -> Response {
        Response::status(500)
    }

    /// The path that requests are posted to.
    fn path(&self) -> &str {
        "/wsman"
    }

    /// The server whose frames and HTTP it has.
    fn profile(&self) -> Profile {
        Profile::default()
    }

    /// What the host calls itself in its NTLM challenge.
    fn machine(&self) -> &str {
        "simulator"
    }

    /// The injected fault for a login that begins, if there is any.
    fn login_fault(&mut self) -> Option<InjectedFault> {
        None
    }

    /// Hears of a request that was turned away before it came here, and why: a login that does not stand, or a body in
    /// clear where it must be sealed. `status` is that of the HTTP answer, which says no more. `now` is as in
    /// [`Handler::handle`].
    fn login_refused(&mut self, _connection: u64, _status: u16, _reason: &str, _now: Duration) {}
}

impl Handler for World {
    fn handle(&mut self, caller: &Caller, request: &[u8], now: Duration) -> Response {
        Self::handle(self, caller, request, now)
    }

    fn resume(&mut self, held: &Held, now: Duration) -> Response {
        Self::resume(self, held, now)
    }

    fn path(&self) -> &str {
        self.profile().path()
    }

    fn profile(&self) -> Profile {
        Self::profile(self)
    }

    fn machine(&self) -> &str {
        Self::machine(self)
    }

    fn login_fault(&mut self) -> Option<InjectedFault> {
        self.take_login_fault()
    }

    fn login_refused(&mut self, connection: u64, status: u16, reason: &str, now: Duration) {
        Self::login_refused(self, connection, status, reason, now);
    }
}
