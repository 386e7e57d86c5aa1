//! Find, select and close PowerShell sessions and WinRM shells on Windows servers, from any operating system, and
//! **prove** that they are gone.
//!
//! It does not run commands, open shells or speak PowerShell's own protocol: closing needs none of that. It asks a
//! server for its shells (WS-Enumeration), signals what runs in the chosen ones (Signal, terminate), deletes them
//! (WS-Transfer Delete), and lists again: only a complete listing without a shell counts as proof.
//!
//! # Two of three sessions
//! This runs against the embedded [`simulator`]; with another [`Endpoint`] and [`Credential`] it is the real thing.
//! ```
//! # #[cfg(all(feature = "client", feature = "ntlm", feature = "simulator"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use pssession::session::{Selector, WildcardPattern};
//! use pssession::simulator::{SimulatedShell, Simulator, World};
//! use pssession::teardown::{Cancellation, Engine};
//! use pssession::{Credential, Endpoint, HttpConnector, Outcome, Plan, Policy, SessionQuery};
//!
//! let mut world = World::new("web01");
//! for (shell_id, name) in [
//!     ("B6631D8E-65A0-49F2-9053-A1B156C95777", "build-7"),
//!     ("0C2C5D0E-4B17-4B3C-8E0E-5C7A1D0B9A22", "build-8"),
//!     ("6B0E4C0A-0B62-4E0C-9C4E-0D8D4A7C1F11", "Runspace1"),
//! ] {
//!     world.add(SimulatedShell::powershell(shell_id, name, "LAB\\ci", "Microsoft.PowerShell"));
//! }
//! let server = Simulator::builder().world(world).start().await?;
//!
//! // Where, and as whom: over plain HTTP every body is sealed with NTLM's session security.
//! let endpoint = Endpoint::parse(&server.address().to_string(), false)?;
//! let credential = Credential::new(server.user(), server.password());
//! let connector = HttpConnector::builder(endpoint, credential).build()?;
//!
//! // Which: the plan is what runs, and nothing outside it is touched.
//! let engine = Engine::new(Policy::default());
//! let cancellation = Cancellation::new();
//! let survey = engine.survey(vec![Arc::new(connector)], &cancellation).await;
//! let sessions = survey.sessions();
//! let query = SessionQuery::new(vec![Selector::Name(vec![WildcardPattern::new("build-*")?])], Vec::new());
//! let chosen = query.select(&sessions).chosen;
//! let plan = Plan::new(chosen.into_iter().map(|index| sessions[index].clone()));
//! assert_eq!(plan.len(), 2);
//!
//! // Close, and prove it.
//! let report = engine.run(plan, survey, &cancellation, |_| ()).await;
//! assert!(report.records.iter().all(|record| record.outcome == Outcome::Closed));
//! let world = server.world();
//! assert_eq!(world.lock().unwrap().shells().len(), 1);
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "client", feature = "ntlm", feature = "simulator")))]
//! # fn main() {}
//! ```
//!
//! # The map
//! - [`wsman`]: the WS-Management language; an operation is a value that writes its envelope and reads its reply.
//! - [`auth`]: logins as state machines, NTLM's session security, the sealed frame.
//! - [`session`]: what a session is, and which ones are meant.
//! - [`transport`]: endpoints, and one authenticated TCP connection per [`Connection`]; bring your own with [`Connector`].
//! - [`client`]: typed calls over one connection ([`WsmanClient`]); what they may take is in [`limits`], and what a server
//!   has, and whether that is all, is a [`Listing`].
//! - [`teardown`]: the [`Plan`], the state machine that removes one session, the [`Engine`], the [`Report`].
//! - [`store`]: the local table, in which sessions keep a small Id across processes and days.
//! - [`simulator`]: an embedded WinRM endpoint for tests.
//! - [`conformance`]: recorded exchanges, replayed and judged.
//!
//! # Features
//! `client` (the network half), `ntlm`, `simulator` and `cli` (the command, which brings `store`) are on by default; a
//! program takes `default-features = false, features = ["client", "ntlm"]`, and `"store"` if it wants the table.
//! `kerberos` adds logins with the tickets of the system's MIT Kerberos; it needs its headers and libclang to build.
//! Without features there are the pure layers: language, selection, and the teardown's state machines.

pub mod auth;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "simulator")]
pub mod conformance;
mod error;
#[cfg(all(any(test, fuzzing), feature = "client", feature = "ntlm", feature = "simulator"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod limits;
pub mod listing;
pub mod session;
#[cfg(feature = "simulator")]
pub mod simulator;
#[cfg(feature = "store")]
pub mod store;
pub mod teardown;
#[cfg(feature = "client")]
pub mod transport;
pub mod wsman;

pub use auth::{AuthScheme, Credential};
#[cfg(feature = "client")]
pub use client::WsmanClient;
pub use error::{Error, Result};
pub use listing::Listing;
pub use session::{SessionDescriptor, SessionQuery};
#[cfg(feature = "client")]
pub use teardown::Engine;
pub use teardown::{Outcome, Plan, Policy, Report};
#[cfg(feature = "client")]
pub use transport::{Connection, Connector, Endpoint, HttpConnector};
pub use wsman::ShellId;
