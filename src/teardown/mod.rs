//! Closing sessions: what is planned, how one removal goes, and what came of it.
//!
//! Everything here is pure except `engine`, which drives the machines over connections: [`Plan`] is what runs and
//! what a dry run prints; `removal` is the state machine of one session; `host` shares one host's listings and
//! connections among its removals; [`Report`] says how it ended.

#[cfg(feature = "client")]
mod engine;
#[cfg_attr(not(any(feature = "client", test)), expect(dead_code, reason = "only the engine drives it"))]
mod event;
#[cfg_attr(not(any(feature = "client", test)), expect(dead_code, reason = "only the engine drives it"))]
mod host;
mod host_result;
mod outcome;
mod plan;
mod policy;
mod removal;
mod report;
mod retry;
#[cfg(test)]
mod testing;

#[cfg(feature = "client")]
pub use engine::{Cancellation, Engine, EngineEvent, Survey, SurveyedHost, UnlistedCommands};
pub use host_result::{HostCounts, HostResult, ListingResult};
pub use outcome::{Failure, NotStarted, Outcome, UnknownReason};
pub use plan::{ConfirmReason, GUARD_LIMIT, HostPlan, Plan, Planned};
pub use policy::{
    BARRIER_TIMEOUT, FailureLimit, IDENTITY_MAX_AGE, INTERRUPT_GRACE, MAX_RESENDS, PARALLEL_HOSTS, Policy,
    SESSION_DEADLINE, STUCK_AFTER, SignalMode,
};
pub use report::{Counts, Interruption, Record, Report, Requirement, RunStatus, RunSummary};
pub use retry::{MAX_RETRIES, RetryPolicy};
