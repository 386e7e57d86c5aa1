//! A live endpoint as it answers: a table of named checks, each with the section of a specification that it states.
//!
//! A [`LiveCheck`] is a value with a pure function: it sees the answers to its requests so far, and says the next request
//! or its [`Verdict`]. [`Suite`] is what is checked and how; [`Suite::run`] does the I/O. Nothing is changed on the server
//! unless [`Suite::allow_create`] permits shells of the suite's own. Whatever acts on a shell names one that this run has
//! created, or one that cannot exist, and no request bears a credential but the login itself.
//!
//! ```
//! # #[cfg(feature = "ntlm")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use pssession::conformance::live::{Selection, Suite};
//! use pssession::simulator::Simulator;
//! use pssession::teardown::Cancellation;
//! use pssession::{Credential, Endpoint, HttpConnector};
//!
//! let server = Simulator::builder().start().await?;
//! let endpoint = Endpoint::parse(&server.address().to_string(), false)?;
//! let connector = HttpConnector::builder(endpoint, Credential::new(server.user(), server.password())).build()?;
//! let suite = Suite { selection: Selection::new(["delete"], [""; 0])?, ..Suite::default() };
//! let report = suite.run(&connector, std::future::pending(), |_| ()).await;
//! assert!(report.findings.iter().all(|finding| !finding.verdict.is_failure()));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "ntlm"))]
//! # fn main() {}
//! ```

mod addressing;
mod ask;
mod authentication;
mod check;
mod delete;
mod encryption;
mod enumerate;
mod envelope;
mod faults;
mod get;
mod guard;
mod http;
mod identify;
mod limits;
mod must_understand;
mod ntlm_challenge;
mod profile;
mod quotas;
mod report;
mod run;
mod seen;
mod selection;
mod shell_end;
mod shell_life;
mod shells;
mod signal;
mod target;
mod tls;
mod verdict;

pub use check::{GROUPS, Group, LiveCheck, Needs, checks};
pub use report::{Finding, LiveReport, Stop};
pub use run::Suite;
pub use selection::{Selection, UnknownCheck};
pub use verdict::Verdict;
