//! An embedded WinRM service for tests and the demo: shells that can be opened, used, listed, signalled and deleted over the
//! real wire, with Windows' faults, and no Windows.
//!
//! [`World`] is the service without a network: a pure `handle(caller, request, now) -> response`. [`Simulator`]
//! puts it behind a TCP port, with authentication bound to the connection and sealed bodies; `WorldConnector`
//! puts it behind the library's own [`Connector`](crate::transport::Connector), for tests without a network.
//! [`Handler`] is the seam between the two: another one can stand
//! behind the same logins. [`World::inject`] makes it misbehave, [`World::log`] tells what it was asked.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use pssession::simulator::{InjectedFault, OperationKind, Profile, SimulatedShell, Simulator, World};
//!
//! let mut world = World::new("web01").with_profile(Profile::Windows2016);
//! let shell_id = "B6631D8E-65A0-49F2-9053-A1B156C95777";
//! world.add(SimulatedShell::powershell(shell_id, "build-7", "LAB\\ci", "Microsoft.PowerShell"));
//! // The first Delete is done, but its answer says that it took too long.
//! world.inject(OperationKind::Delete, 1, InjectedFault::FaultAfter(2150858793));
//! let server = Simulator::builder().world(world).start().await?;
//!
//! // Your client connects to server.url(), as server.user() with server.password().
//!
//! let world = server.world();
//! let world = world.lock().unwrap();
//! assert_eq!(world.shells().len(), 1);
//! assert_eq!(world.count(OperationKind::Delete), 0);
//! # Ok(())
//! # }
//! ```
//!
//! For tests in other processes and languages [`Simulator::control`] opens a control endpoint; `pssession simulator` does
//! so at its start, and prints where.

mod account;
mod addressing;
mod answers;
mod body_security;
mod builder;
mod command_io;
mod configuration;
mod control;
mod dialect;
mod enumeration;
mod fault_injection;
mod faults;
#[cfg(all(any(test, fuzzing), feature = "client", feature = "ntlm"))]
pub(crate) mod fuzzing;
mod guids;
mod handler;
mod host;
mod kerberos;
mod limits;
mod listener;
mod login;
#[cfg(feature = "client")]
mod memory;
mod names;
mod ntlm;
mod operations;
mod pace;
mod payload;
mod profile;
mod programs;
pub(crate) mod psrp;
mod request;
mod request_log;
mod script;
mod seed;
mod service;
mod shells;
mod spnego;
mod ticket;
mod tls;
mod trace;
mod world;

pub use account::{Account, Caller};
pub use builder::SimulatorBuilder;
pub use command_io::CommandIo;
pub use control::Control;
pub use fault_injection::{Delivery, InjectedFault};
pub use handler::Handler;
pub use host::Host;
pub use kerberos::keytab_variable;
pub use limits::Limits;
pub use listener::Simulator;
#[cfg(feature = "client")]
pub use memory::WorldConnector;
pub use ntlm::ChannelBinding;
pub use operations::{Held, HeldReceive};
pub use profile::{Profile, UnknownProfile};
pub use request::OperationKind;
pub use request_log::LogEntry;
pub use script::{Rule, Script, ScriptError, ShellType};
pub use service::Channel;
pub use shells::{SimulatedCommand, SimulatedShell, Tie};
pub use tls::SimulatorCertificate;
pub use trace::TracedExchange;
pub use world::{DEFAULT_MAX_SHELLS_PER_USER, Response, World};
