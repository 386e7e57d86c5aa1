//! Recorded exchanges as a judge: what a scenario holds, whether a request is the one that it expects, and whether
//! its answers are what the documents say.
//!
//! A [`Scenario`] is a folder of exchanges (`fixtures/README.md` documents the format). [`CanonicalRequest`] is what matters of
//! a request, and tells two requests apart. [`Replay`] answers as the scenario's server did, and says what it did
//! not expect. [`judge()`] holds one exchange against our parser, the schemas and our own request, and [`Report`] is
//! what came of all of them.
//!
//! # A scenario in a test of one's own
//! The server knows nothing but the scenario; whatever speaks WinRM can be the client.
//! ```
//! # #[cfg(all(feature = "client", feature = "ntlm"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use pssession::conformance::{Order, Replay, Scenario};
//! use pssession::simulator::Simulator;
//! use pssession::teardown::{Cancellation, Engine};
//! use pssession::{Credential, Endpoint, HttpConnector, Plan, Policy};
//!
//! let scenario = Scenario::open("fixtures/exchanges/close-two-sessions")?;
//! let replay = Replay::new(scenario, Order::AsRecorded)?;
//! let server = Simulator::builder().handler(replay).start().await?;
//!
//! let endpoint = Endpoint::parse(&server.address().to_string(), false)?;
//! let credential = Credential::new(server.user(), server.password());
//! let connector = HttpConnector::builder(endpoint, credential).build()?;
//! let (engine, cancellation) = (Engine::new(Policy::default()), Cancellation::new());
//! let survey = engine.survey(vec![Arc::new(connector)], &cancellation).await;
//! let plan = Plan::new(survey.sessions());
//! engine.run(plan, survey, &cancellation, |_| ()).await;
//!
//! let replay = server.handler();
//! let replay = replay.lock().unwrap();
//! assert!(replay.is_fulfilled(), "{:?}", replay.unexpected());
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "client", feature = "ntlm")))]
//! # fn main() {}
//! ```
//!
//! `live` asks a live server instead of a recording: named checks, each with the section that it states.
//!
//! Only [`scenario`](Scenario) opens files, one exchange at a time: a folder of any size costs the memory of its
//! largest exchange.

mod canonical_request;
mod checks;
mod expected_request;
mod fault;
mod fragments;
#[cfg(feature = "client")]
mod gateway;
mod header;
#[cfg(feature = "client")]
pub mod live;
mod mismatch;
mod proposed_ids;
mod recorder;
mod replay;
mod report;
mod scenario;
mod scrub;
mod section;

pub use canonical_request::CanonicalRequest;
pub use checks::{Check, CheckKind, CheckedExchange, Validation, Verdict, judge};
#[cfg(feature = "client")]
pub use gateway::Gateway;
pub use header::{ExchangeHeader, Malformation, Origin, SCHEMA, ScenarioHeader};
pub use mismatch::Mismatch;
pub use recorder::{NotRecorded, RawExchange, RecordedFile, RecordedScenario, Recorder};
pub use replay::{Answer, Order, Replay};
pub use report::{Judged, Report};
pub use scenario::{
    Exchange, FixtureError, HEADER_FILE, MAX_EXCHANGES, MAX_FILE, MAX_HEADER, Scenario, file_names, scenarios,
};
pub use scrub::{Replaced, ReplacedKind, ScrubOptions, Scrubber};
pub use section::Section;
