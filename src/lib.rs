//! Find, select and close PowerShell sessions and WinRM shells on Windows servers, from any operating system, and
//! **prove** that they are gone.
//!
//! ```
//! # #[cfg(all(feature = "request", feature = "ntlm", feature = "simulator"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use std::time::Duration;
//! # use pssession::request::{Confirm, Hosts, RemoveRequest, SessionScope, Unattended};
//! # use pssession::session::{Bound, Filter};
//! # use pssession::simulator::{Account, Simulator, World};
//! # use pssession::teardown::Cancellation;
//! # use pssession::{Credential, Endpoint, SessionQuery};
//! # let password = pssession::secrecy::SecretString::from("secret");
//! # let server = |shells| {
//! #     let account = Account::administrator(r"CORP\admin");
//! #     Simulator::builder().world(World::with_shells(shells)).account(account, password.clone()).start()
//! # };
//! # let (one, two) = (server(8).await?, server(4).await?);
//! # let (web01, web02) = (one.address().to_string(), two.address().to_string());
//! let idle = Filter::Idle(Bound::AtLeast(Duration::from_secs(600)));
//! let hosts = vec![Endpoint::parse(&web01, false)?, Endpoint::parse(&web02, false)?];
//! let scope = SessionScope {
//!     hosts: Hosts::new(hosts),
//!     query: SessionQuery::new(Vec::new(), vec![idle]),
//!     ..SessionScope::default()
//! };
//! let request = RemoveRequest { scope, confirm: Confirm::Never, ..RemoveRequest::default() };
//! let caller = Unattended { credential: Credential::new(r"CORP\admin", password.clone()) };
//! let removed = request.run(&caller, &Cancellation::new()).await?;
//! for record in removed.report.records {
//!     println!("{} {}: {}", record.session.endpoint_url, record.session.shell.shell_id, record.outcome);
//! #   assert_eq!(record.outcome, pssession::Outcome::Closed);
//! }
//! # let left = |server: &Simulator| server.world().lock().unwrap().shells().len();
//! # assert!(left(&one) < 8 && left(&two) < 4);
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "request", feature = "ntlm", feature = "simulator")))]
//! # fn main() {}
//! ```
//! Without [`Confirm::Never`](request::Confirm) such a request is refused where a person would be asked: other people's
//! sessions, running commands, more than ten sessions.
//!
//! Over plain HTTP, NTLM's session security encrypts every body. The plan is what runs: no session outside it is touched.
//!
//! The crate does not run commands, open shells or speak PowerShell's own protocol. It asks a server for its shells
//! (WS-Enumeration), signals the commands that run in the chosen shells (Signal, terminate), deletes these shells
//! (WS-Transfer Delete) and lists again. Only a complete listing without a shell proves that it is closed.
//!
//! `examples/` has more: a fleet with progress events, a plan that is only printed, a listing, a transport of your own,
//! and a Rust test against the embedded [`simulator`].
//!
//! # The map
//! - [`wsman`]: the WS-Management language; an operation is a value that writes its envelope and reads its reply.
//! - [`auth`]: logins as state machines, NTLM's session security, the sealed frame.
//! - [`session`]: what a session is, and which ones are meant.
//! - [`transport`]: endpoints, and one authenticated TCP connection per [`Connection`]; bring your own with [`Connector`].
//! - [`client`]: typed calls over one connection ([`WsmanClient`]); what they may take is in [`limits`], and what a server
//!   has, and whether that is all, is a [`Listing`].
//! - [`teardown`]: the [`Plan`], the state machine that removes one session, the [`Engine`], the [`Report`].
//! - [`advice`]: what to do about an error, as a value; whoever shows it writes the sentence.
//! - [`store`]: the local table, in which sessions keep a small Id across processes and days.
//! - [`request`]: what a caller wants, as values: list, remove, forget, identify. It decides which host receives which
//!   credential and what is confirmed; the command and a program build the same request.
//! - [`interchange`]: sessions as objects in JSON, CSV and PowerShell's CLIXML, read and written.
//! - [`simulator`]: an embedded WinRM endpoint for tests.
//! - [`conformance`]: recorded exchanges, replayed and judged.
//! - [`yaml`]: YAML as a bounded tree with lines.
//!
//! [`Error::advice`] and [`teardown::Record::advice`] say what to do about an error, as an [`advice::Advice`].
//! An [`Error`] answers questions ([`Error::is_timeout`], [`Error::is_access_denied`]); [`Error::chain`] prints it with its
//! causes in one line, and [`error_chain()`] does so for any error.
//!
//! Types of other crates that the public API shows are re-exported: [`secrecy`] (`SecretString`, in [`auth`] and in a
//! [`Credential`]), [`uuid`] (`Uuid`, the GUIDs of shells, commands and messages), [`ipnet`] (`IpNet`, in
//! [`Filter::ClientIp`](session::Filter::ClientIp)) and [`serde_json`] (`Map` and `Value`, in [`interchange`]).
//!
//! # Features
//! `client` (the network half), `ntlm`, `simulator` and `cli` (the command, which brings `request`) are on by default; a
//! program takes `default-features = false, features = ["request", "ntlm"]`, or `"client"` instead of `"request"` if it
//! needs the protocol and the [`Engine`] alone, without the table, objects and requests.
//! `kerberos` adds logins with the tickets of the system's MIT Kerberos; it needs its headers and libclang to build.
//! Without features there are the pure layers: language, selection, and the teardown's state machines.

pub mod advice;
pub mod auth;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "simulator")]
pub mod conformance;
mod error;
mod error_chain;
#[cfg(all(any(test, fuzzing), feature = "client", feature = "ntlm", feature = "simulator"))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "request")]
pub mod interchange;
pub mod limits;
pub mod listing;
#[cfg(feature = "request")]
pub mod permissions;
#[cfg(feature = "request")]
pub mod request;
pub mod session;
#[cfg(feature = "simulator")]
pub mod simulator;
#[cfg(feature = "store")]
pub mod store;
pub mod teardown;
#[cfg(feature = "client")]
pub mod transport;
pub mod wsman;
#[cfg(any(feature = "request", feature = "simulator"))]
pub mod yaml;

pub use auth::{AuthScheme, Credential};
#[cfg(feature = "client")]
pub use client::WsmanClient;
pub use error::{Error, Result};
pub use error_chain::error_chain;
pub use listing::Listing;
#[cfg(feature = "request")]
pub use serde_json;
pub use session::{SessionDescriptor, SessionQuery};
#[cfg(feature = "client")]
pub use teardown::Engine;
pub use teardown::{Outcome, Plan, Policy, Report};
#[cfg(feature = "client")]
pub use transport::{Connection, Connector, Endpoint, HttpConnector};
pub use wsman::ShellId;
pub use {ipnet, secrecy, uuid};
