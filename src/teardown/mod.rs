//! Closing sessions: what is planned, how one removal goes, and what came of it.
//!
//! Everything here is pure except `engine`, which drives the machines over connections: [`Plan`] is what runs and
//! what `--what-if` prints; [`Removal`] is the state machine of one session; [`HostRun`] shares one host's listings
//! and turns among its removals; [`Report`] says how it ended.

#[cfg(feature = "client")]
mod engine;
mod event;
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
pub use engine::{Cancellation, Engine, Survey, SurveyedHost, UnlistedCommands};
pub use event::{
    Action, Answer, Event, ListingEvidence, Request, RequestError, RequestKind, ServerKind, Tick,
};
pub use host::{HostRun, HostShown, Job};
pub use host_result::{HostCounts, HostResult, ListingResult};
pub use outcome::{Failure, NotStarted, Outcome, UnknownReason};
pub use plan::{ConfirmReason, GUARD_LIMIT, HostPlan, Plan, Planned};
pub use policy::{
    IDENTITY_MAX_AGE, INTERRUPT_GRACE, MAX_RESENDS, PARALLEL_HOSTS, Policy, SESSION_DEADLINE, SIGNAL_PHASE,
    STUCK_AFTER, SignalMode, VERIFY_EVERY, VERIFY_POLLS,
};
pub use removal::{Phase, Removal};
pub use report::{Counts, Interruption, Record, Report, Requirement, RunStatus, RunSummary};
pub use retry::{FIRST_DELAY, Jitter, MAX_DELAY, MAX_RETRIES, RetryPolicy};
