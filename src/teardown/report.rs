//! What came of a run: a record per session, counts, and the status of the whole.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::host_result::HostCounts;
use super::outcome::{NotStarted, Outcome};
use super::removal::Removal;
use crate::session::SessionDescriptor;
use crate::wsman::FaultCode;

/// What came of one planned session.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The session, as the plan showed it.
    pub session: Arc<SessionDescriptor>,
    /// Its place in the plan, from 0.
    pub position: usize,
    /// How it ended.
    pub outcome: Outcome,
    /// The code of the last fault that its Delete (or Get) was answered with, whatever the outcome.
    pub fault_code: Option<FaultCode>,
    /// Commands that were signalled with success.
    pub signals: u32,
    /// From its first request to its outcome; zero if nothing was sent.
    pub elapsed: Duration,
}

impl Record {
    pub(super) fn without_removal(
        session: impl Into<Arc<SessionDescriptor>>,
        position: usize,
        outcome: Outcome,
    ) -> Self {
        let session = session.into();
        let fault_code = outcome.fault_code();
        Self { session, position, outcome, fault_code, signals: 0, elapsed: Duration::ZERO }
    }

    /// The record of a removal, once it has an outcome.
    pub(super) fn of(removal: &Removal, position: usize, now: Instant) -> Option<Self> {
        let outcome = removal.outcome()?.clone();
        let fault_code = removal.fault_code();
        let elapsed = removal.begun_at().map(|at| now.saturating_duration_since(at)).unwrap_or_default();
        let session = Arc::clone(removal.session());
        Some(Self { session, position, outcome, fault_code, signals: removal.signals(), elapsed })
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One record per session of the plan, in its order.
    pub records: Vec<Record>,
}

/// How many sessions ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// [`Outcome::WhatIf`].
    pub what_if: usize,
    /// [`Outcome::Closed`].
    pub closed: usize,
    /// [`Outcome::AlreadyGone`].
    pub already_gone: usize,
    /// [`Outcome::Declined`].
    pub declined: usize,
    /// [`Outcome::NotStarted`].
    pub not_started: usize,
    /// [`Outcome::Failed`].
    pub failed: usize,
    /// [`Outcome::Unknown`].
    pub unknown: usize,
}

/// What decides the status of a run, beside the outcomes of its sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunSummary {
    /// The signal that ended the run, if one did.
    pub interruption: Option<Interruption>,
    /// The run's time was over, although maybe every session had ended.
    pub deadline: bool,
    /// Hosts that were asked.
    pub hosts: usize,
    /// Hosts that were not reached: no connection, no login, no WS-Management.
    pub unreachable: usize,
    /// Hosts that answered and denied their listing.
    pub denied: usize,
    /// Hosts whose listing is incomplete, so that a session that is not in it may be there all the same.
    pub incomplete: usize,
    /// Hosts that refused the credential, and hosts on which it was then not tried.
    pub refused: usize,
    /// Of these, the hosts on which it was not tried.
    pub withheld: usize,
    /// Sessions whose commands could not be listed, where it matters what runs in them.
    pub unlisted_commands: usize,
    /// Hosts that were left alone, because more of their sessions were planned than may be closed per host.
    pub hosts_left_alone: usize,
    /// Nothing was closed, because the plan exceeds a limit.
    pub limit_exceeded: bool,
    /// Sessions that were selected (listed, by `get`).
    pub hits: usize,
    /// Selector values that are no patterns and found nothing.
    pub literal_misses: usize,
    /// Whether the selection found anything else, also what filters then left out.
    pub found_any: bool,
    /// The run could not begin for another reason: the store is unusable, or something was not found and the run was to stop at that.
    pub could_not_begin: bool,
    /// What the selection has to find; `None` if whatever it finds is fine.
    pub required: Option<Requirement>,
}

impl RunSummary {
    /// The same with the hosts counted.
    #[must_use]
    pub fn with_hosts(self, tally: HostCounts) -> Self {
        let HostCounts { hosts, unreachable, denied, incomplete, refused, withheld } = tally;
        Self { hosts, unreachable, denied, incomplete, refused, withheld, ..self }
    }
}

/// What a selection has to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// At least one session.
    Present,
    /// No session.
    Absent,
}

impl Requirement {
    /// Whether so many sessions are as required.
    #[must_use]
    pub const fn is_met(self, sessions: usize) -> bool {
        match self {
            Self::Present => sessions > 0,
            Self::Absent => sessions == 0,
        }
    }
}

/// A signal that ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// SIGINT, Ctrl-C.
    Int,
    /// SIGTERM.
    Term,
}

/// How a run ended, as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunStatus {
    /// All closed, gone or planned.
    Success,
    /// The run could not begin, or no host was reached.
    CouldNotBegin,
    /// Nothing matched where something had to, or something where nothing might.
    NotAsRequired,
    /// Some sessions, selectors or hosts failed.
    Partial,
    /// Every host that answered refused the credential, or the run stopped to spare the account.
    CredentialRefused,
    /// Nothing was closed, because the plan exceeds a limit.
    LimitExceeded,
    /// The run's deadline passed.
    Deadline,
    /// Of some session it is not known whether it is gone.
    Unknown,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Report {
    /// Puts records into the order of the plan.
    #[must_use]
    pub fn new(mut records: Vec<Record>) -> Self {
        records.sort_by_key(|record| record.position);
        Self { records }
    }

    /// Counts the outcomes.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for record in &self.records {
            let count = match record.outcome {
                Outcome::WhatIf => &mut counts.what_if,
                Outcome::Closed => &mut counts.closed,
                Outcome::AlreadyGone => &mut counts.already_gone,
                Outcome::Declined => &mut counts.declined,
                Outcome::NotStarted(_) => &mut counts.not_started,
                Outcome::Failed(_) => &mut counts.failed,
                Outcome::Unknown(_) => &mut counts.unknown,
            };
            *count += 1;
        }
        counts
    }

    /// Whether it has sessions of this endpoint, and all of them are gone for certain.
    #[must_use]
    pub fn proves_all_on(&self, endpoint_url: &str) -> bool {
        let mut there =
            self.records.iter().filter(|record| *record.session.endpoint_url == *endpoint_url).peekable();
        there.peek().is_some() && there.all(|record| record.outcome.is_gone())
    }

    /// How the run ended. The first that applies: interrupted or terminated, unknown, deadline, credential refused, limit exceeded,
    /// partial,
    /// could not begin, not as required, success.
    #[must_use]
    pub fn status(&self, summary: &RunSummary) -> RunStatus {
        let c = summary;
        let counts = self.counts();
        let ran_out = |record: &Record| record.outcome == Outcome::NotStarted(NotStarted::Deadline);
        let answered = c.hosts.saturating_sub(c.unreachable);
        let nobody_reached = c.hosts > 0 && answered == 0;
        let some_unreachable = c.unreachable > 0 && answered > 0;
        let some_refused = c.refused > 0;
        match () {
            () if c.interruption == Some(Interruption::Int) => RunStatus::Interrupted,
            () if c.interruption == Some(Interruption::Term) => RunStatus::Terminated,
            () if counts.unknown > 0 => RunStatus::Unknown,
            () if c.deadline || self.records.iter().any(ran_out) => RunStatus::Deadline,
            () if c.withheld > 0 || (some_refused && c.refused >= answered) => RunStatus::CredentialRefused,
            () if c.limit_exceeded => RunStatus::LimitExceeded,
            () if counts.failed + counts.not_started > 0
                || (c.literal_misses > 0 && c.found_any && !c.could_not_begin)
                || some_unreachable
                || c.denied + c.incomplete + c.unlisted_commands + c.hosts_left_alone > 0
                || some_refused =>
            {
                RunStatus::Partial
            }
            () if c.could_not_begin || nobody_reached => RunStatus::CouldNotBegin,
            () if c.literal_misses > 0 => RunStatus::NotAsRequired,
            () if c.required.is_some_and(|required| !required.is_met(c.hits)) => RunStatus::NotAsRequired,
            () => RunStatus::Success,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::{Failure, UnknownReason};
    use super::super::testing::session;
    use super::*;

    fn report(outcomes: &[Outcome]) -> Report {
        let records = outcomes.iter().enumerate();
        let record = |(n, outcome): (usize, &Outcome)| {
            Record::without_removal(session("a", &n.to_string()), n, outcome.clone())
        };
        Report::new(records.map(record).collect())
    }

    const FINE: RunSummary = RunSummary {
        interruption: None,
        deadline: false,
        hosts: 3,
        unreachable: 0,
        denied: 0,
        incomplete: 0,
        refused: 0,
        withheld: 0,
        unlisted_commands: 0,
        hosts_left_alone: 0,
        limit_exceeded: false,
        hits: 2,
        literal_misses: 0,
        found_any: true,
        could_not_begin: false,
        required: Some(Requirement::Present),
    };

    #[test]
    fn each_status_outranks_the_ones_after_it() {
        use RunStatus::{
            CouldNotBegin, CredentialRefused, Deadline, Interrupted, LimitExceeded, NotAsRequired, Partial,
            Success, Terminated, Unknown,
        };

        let closed = Outcome::Closed;
        let failed = Outcome::Failed(Failure::IdentityChanged);
        let unknown = Outcome::Unknown(UnknownReason::TooLate);
        let late = Outcome::NotStarted(NotStarted::Deadline);
        let refused = Outcome::NotStarted(NotStarted::CredentialRefused);
        let int = Some(Interruption::Int);
        let absent = Some(Requirement::Absent);
        #[rustfmt::skip]
        let rows: &[(&str, &[Outcome], RunSummary, RunStatus)] = &[
            ("all closed", &[closed.clone(), Outcome::AlreadyGone], FINE, Success),
            ("planned", &[Outcome::WhatIf], FINE, Success),
            ("a person's no", &[Outcome::Declined], FINE, Success),
            ("nothing matched", &[], RunSummary { hits: 0, ..FINE }, NotAsRequired),
            ("nothing matched, which is fine", &[], RunSummary { hits: 0, required: None, ..FINE }, Success),
            ("none, as required", &[], RunSummary { hits: 0, required: absent, ..FINE }, Success),
            ("some where none may be", &[], RunSummary { required: absent, ..FINE }, NotAsRequired),
            ("some where none may be, and a host missing", &[], RunSummary { required: absent, unreachable: 1, ..FINE }, Partial),
            ("none on no host", &[], RunSummary { hits: 0, required: absent, unreachable: 3, ..FINE }, CouldNotBegin),
            ("a literal miss alone", &[], RunSummary { hits: 0, literal_misses: 1, found_any: false, ..FINE }, NotAsRequired),
            ("a literal miss alone, where nothing is required", &[], RunSummary { hits: 0, literal_misses: 1, found_any: false, required: None, ..FINE }, NotAsRequired),
            ("a literal miss beside what filters left out", &[], RunSummary { hits: 0, literal_misses: 1, ..FINE }, Partial),
            ("a listing denied", &[], RunSummary { denied: 1, hits: 0, ..FINE }, Partial),
            ("every listing denied", &[], RunSummary { denied: 3, hits: 0, required: None, ..FINE }, Partial),
            ("a command listing that failed", std::slice::from_ref(&closed), RunSummary { unlisted_commands: 1, ..FINE }, Partial),
            ("a literal miss beside a hit", std::slice::from_ref(&closed), RunSummary { literal_misses: 1, ..FINE }, Partial),
            ("a miss under stop", &[], RunSummary { literal_misses: 1, could_not_begin: true, ..FINE }, CouldNotBegin),
            ("no host", &[], RunSummary { unreachable: 3, hits: 0, ..FINE }, CouldNotBegin),
            ("a listing with a gap", &[], RunSummary { incomplete: 1, ..FINE }, Partial),
            ("a host missing", std::slice::from_ref(&closed), RunSummary { unreachable: 1, ..FINE }, Partial),
            ("an incomplete listing without a match", &[], RunSummary { incomplete: 1, hits: 0, ..FINE }, Partial),
            ("failed", &[closed.clone(), failed.clone()], FINE, Partial),
            ("a host left alone", std::slice::from_ref(&closed), RunSummary { hosts_left_alone: 1, ..FINE }, Partial),
            ("a plan that is too large", &[], RunSummary { limit_exceeded: true, unreachable: 1, ..FINE }, LimitExceeded),
            ("refused everywhere", &[], RunSummary { refused: 3, hits: 0, ..FINE }, CredentialRefused),
            ("refused by all that answered", &[], RunSummary { refused: 2, unreachable: 1, hits: 0, ..FINE }, CredentialRefused),
            ("refused by one", &[closed.clone(), refused], RunSummary { refused: 1, ..FINE }, Partial),
            ("refused by one, so that another was not asked", std::slice::from_ref(&closed), RunSummary { refused: 2, withheld: 1, ..FINE }, CredentialRefused),
            ("deadline before failed", &[failed.clone(), late.clone()], FINE, Deadline),
            ("unknown before deadline", &[late, unknown.clone(), failed], FINE, Unknown),
            ("a signal before all", std::slice::from_ref(&unknown), RunSummary { interruption: int, ..FINE }, Interrupted),
            ("SIGTERM", std::slice::from_ref(&unknown), RunSummary { interruption: Some(Interruption::Term), ..FINE }, Terminated),
        ];
        for (name, outcomes, summary, status) in rows {
            assert_eq!(report(outcomes).status(summary), *status, "{name}");
        }
    }

    #[test]
    fn records_are_in_the_order_of_the_plan() {
        let mut records = report(&[Outcome::Closed, Outcome::AlreadyGone, Outcome::Declined]).records;
        records.reverse();
        let positions: Vec<_> = Report::new(records).records.iter().map(|record| record.position).collect();
        assert_eq!(positions, [0, 1, 2]);
    }
}
