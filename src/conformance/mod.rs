//! Recorded exchanges as a judge: what a scenario holds, whether a request is the one that it expects, and whether
//! its answers are what the documents say.
//!
//! A [`Scenario`] is a folder of exchanges (`fixtures/README.md` documents the format). [`Essence`] is what matters of
//! a request, and tells two requests apart. [`Replay`] answers as the scenario's server did, and says what it did
//! not expect. [`judge`] holds one exchange against our parser, the schemas and our own request, and [`Report`] is
//! what came of all of them.
//!
//! Only [`scenario`](Scenario) opens files, one exchange at a time: a folder of any size costs the memory of its
//! largest exchange.

mod essence;
mod fault;
mod header;
mod judge;
mod junit;
mod ours;
mod replay;
mod report;
mod scenario;
mod section;
mod unexpected;

pub use essence::Essence;
pub use header::{ExchangeHeader, Malformation, Origin, SCHEMA, ScenarioHeader};
pub use judge::{Check, CheckKind, Judgement, Validation, Verdict, judge};
pub use junit::write_junit;
pub use replay::{Answer, Order, Replay};
pub use report::{Judged, Report};
pub use scenario::{
    Exchange, FixtureError, HEADER_FILE, MAX_EXCHANGES, MAX_FILE, MAX_HEADER, Scenario, file_names, scenarios,
};
pub use section::Section;
pub use unexpected::Unexpected;
