//! An embedded WinRM service for tests and the demo: shells that can be listed, signalled and deleted over the
//! real wire, with Windows' faults, and no Windows.
//!
//! [`World`] is the service without a network: a pure `handle(caller, request, now) -> response`. [`Simulator`]
//! puts it behind a TCP port, with authentication bound to the connection and sealed bodies; `WorldConnector`
//! puts it behind the library's own [`Connector`](crate::transport::Connector), for tests without a network.
//! [`Handler`] is the seam between the two: another one can stand
//! behind the same logins. [`World::inject`] makes it misbehave, [`World::log`] tells what it was asked.

mod account;
mod answers;
mod console;
mod control;
mod dialect;
mod enumeration;
mod faults;
mod guids;
mod handler;
mod journal;
mod listener;
#[cfg(feature = "client")]
mod memory;
mod mischief;
mod ntlm;
mod operations;
mod profile;
mod programs;
mod psrp;
mod request;
mod seed;
mod service;
mod shells;
mod spnego;
mod world;

pub use account::{Account, Caller};
pub use console::Console;
pub use control::Control;
pub use handler::Handler;
pub use journal::LogEntry;
pub use listener::{Host, Simulator, SimulatorBuilder};
#[cfg(feature = "client")]
pub use memory::WorldConnector;
pub use mischief::{Delivery, Mischief};
pub use ntlm::ChannelBinding;
pub use operations::Held;
pub use profile::{Profile, UnknownProfile};
pub use request::OperationKind;
pub use service::Channel;
pub use shells::{SimulatedCommand, SimulatedShell, Tie};
pub use world::{DEFAULT_MAX_SHELLS_PER_USER, Response, World};
