//! How patient and how parallel a run is: every default is a named constant with its reason.

use std::time::Duration;

use super::retry::RetryPolicy;
use crate::limits::{LIST_TIMEOUT, LONGEST_LIMIT, OPERATION_TIMEOUT, READ_SLACK};

/// The whole removal of one session: one Delete that runs into the server's limit, and as long again to see it gone.
pub const SESSION_DEADLINE: Duration = Duration::from_secs(120);
/// How old a listing may be and still vouch for a session's identity. Ids are not reused within seconds.
pub const IDENTITY_MAX_AGE: Duration = Duration::from_secs(10);
/// Listing and signalling the commands of one shell: a courtesy before the Delete, which ends them anyway.
pub(super) const SIGNAL_PHASE: Duration = Duration::from_secs(10);
/// How often a Delete may be sent again after a Get has shown the shell: a server that ignores three ignores all.
pub const MAX_RESENDS: u32 = 2;
/// When, after a Delete, the server is asked whether the shell is gone: most close at once, some take seconds.
pub(super) const VERIFY_POLLS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// How often after that: a host process that ignores its end can live for minutes.
pub(super) const VERIFY_EVERY: Duration = Duration::from_secs(5);
/// How long after the begin of one listing that verifies Deletes the next one begins. Sessions whose polls are due at
/// different times share it, for it costs as much as the host has shells.
pub(super) const LOOK_SPACING: Duration = Duration::from_millis(500);
/// How long a first Ctrl-C lets us look after what was sent already.
pub const INTERRUPT_GRACE: Duration = Duration::from_secs(10);
/// A request that is out for this long counts as stuck: it no longer holds up the rest of its host.
pub const STUCK_AFTER: Duration = Duration::from_secs(5);
/// Hosts at work at the same time: below the usual limit on open files, and a domain controller answers that many logins
/// within a second.
pub const PARALLEL_HOSTS: usize = 128;

/// How long a host may keep all others waiting: a listing begins within seconds, or the service hangs.
pub const BARRIER_TIMEOUT: Duration = Duration::from_secs(30);

/// Up to this many sessions of one host share one connection: a handshake costs as much as three Deletes.
const ONE_CONNECTION: usize = 8;
/// Up to this many share two; more share [`MOST_CONNECTIONS`].
const TWO_CONNECTIONS: usize = 32;
/// 2008 R2 takes 25 connections in all and 15 operations per user.
const MOST_CONNECTIONS: usize = 4;

/// Whether to signal running commands before deleting their shell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignalMode {
    /// List each planned shell's commands and signal the running ones.
    #[default]
    Auto,
    /// Delete only.
    Never,
}

/// So many sessions that ended as `Failed` or `Unknown` are too many to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureLimit {
    /// This many.
    Sessions(usize),
    /// This part, in percent, of those that have an outcome, once these are ten.
    Percent(u8),
}

/// A part says nothing of fewer sessions.
const LEAST_FOR_PERCENT: usize = 10;

impl FailureLimit {
    /// Whether so many failures of so many outcomes are too many.
    #[cfg_attr(not(any(feature = "client", test)), expect(dead_code, reason = "only the engine asks"))]
    pub(super) fn is_exceeded(self, failed: usize, ended: usize) -> bool {
        match self {
            Self::Sessions(limit) => failed >= limit.max(1),
            Self::Percent(limit) => {
                ended >= LEAST_FOR_PERCENT
                    && failed.saturating_mul(100) >= ended.saturating_mul(usize::from(limit.max(1)))
            }
        }
    }
}

/// The limits of one run. Start from the default and change what must differ. A time limit above ten years
/// ([`LONGEST_LIMIT`]) counts as that.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) signal: SignalMode,
    pub(crate) operation_timeout: Duration,
    pub(crate) list_timeout: Duration,
    pub(crate) session_deadline: Duration,
    pub(crate) run_deadline: Option<Duration>,
    pub(crate) stuck_after: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) connections_per_host: Option<usize>,
    pub(crate) parallel_hosts: usize,
    pub(crate) max_connections: Option<usize>,
    pub(crate) connect_retries: u32,
    pub(crate) barrier_timeout: Duration,
    pub(crate) stop_on_error: bool,
    pub(crate) abort_if_failed: Option<FailureLimit>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            signal: SignalMode::Auto,
            operation_timeout: OPERATION_TIMEOUT,
            list_timeout: LIST_TIMEOUT,
            session_deadline: SESSION_DEADLINE,
            run_deadline: None,
            stuck_after: STUCK_AFTER,
            retry: RetryPolicy::default(),
            connections_per_host: None,
            parallel_hosts: PARALLEL_HOSTS,
            max_connections: None,
            connect_retries: 0,
            barrier_timeout: BARRIER_TIMEOUT,
            stop_on_error: false,
            abort_if_failed: None,
        }
    }
}

impl Policy {
    /// Whether running commands are signalled first. Default: [`SignalMode::Auto`].
    #[must_use]
    pub fn with_signal(mut self, mode: SignalMode) -> Self {
        self.signal = mode;
        self
    }

    /// How long the server may work on one request; we read 10 s longer. Default: 60 s ([`OPERATION_TIMEOUT`]).
    #[must_use]
    pub fn with_operation_timeout(mut self, limit: Duration) -> Self {
        self.operation_timeout = limit.min(LONGEST_LIMIT);
        self
    }

    /// The most time for one host's listing before anything is chosen, all of its pages together; what came until then counts
    /// as an incomplete listing. Default: 5 min ([`LIST_TIMEOUT`]).
    #[must_use]
    pub fn with_list_timeout(mut self, limit: Duration) -> Self {
        self.list_timeout = limit.min(LONGEST_LIMIT);
        self
    }

    /// The most time for one session, from its first request. Default: 120 s ([`SESSION_DEADLINE`]).
    #[must_use]
    pub fn with_session_deadline(mut self, limit: Duration) -> Self {
        self.session_deadline = limit.min(LONGEST_LIMIT);
        self
    }

    /// The time after which nothing new begins. Default: none.
    #[must_use]
    pub fn with_run_deadline(mut self, limit: Option<Duration>) -> Self {
        self.run_deadline = limit.map(|limit| limit.min(LONGEST_LIMIT));
        self
    }

    /// When a request counts as stuck. Default: 5 s ([`STUCK_AFTER`]).
    #[must_use]
    pub fn with_stuck_after(mut self, limit: Duration) -> Self {
        self.stuck_after = limit.min(LONGEST_LIMIT);
        self
    }

    /// How often and when a refused request is repeated.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Connections per host; zero counts as one. Default: by the number of sessions: 1 for up to 8, 2 for up to 32, then 4.
    #[must_use]
    pub fn with_connections_per_host(mut self, connections: usize) -> Self {
        self.connections_per_host = Some(connections.max(1));
        self
    }

    /// Hosts at work at the same time; zero counts as one. Default: 128 ([`PARALLEL_HOSTS`]).
    #[must_use]
    pub fn with_parallel_hosts(mut self, hosts: usize) -> Self {
        self.parallel_hosts = hosts.max(1);
        self
    }

    /// The most connections that are open at the same time, on all hosts; zero counts as one. A host waits for one instead of
    /// failing because the process has no file descriptor left. Default: no limit.
    #[must_use]
    pub fn with_max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections.max(1));
        self
    }

    /// How often connecting to a host, TLS included, is repeated before its listing. A login is never repeated. Default: 0.
    #[must_use]
    pub fn with_connect_retries(mut self, retries: u32) -> Self {
        self.connect_retries = retries;
        self
    }

    /// Where the answers of all hosts are needed before the first session is closed: how long a host may take until the
    /// first page of its listing, from when it is connected. One that takes longer is left out. Default: 30 s
    /// ([`BARRIER_TIMEOUT`]).
    #[must_use]
    pub fn with_barrier_timeout(mut self, limit: Duration) -> Self {
        self.barrier_timeout = limit.min(LONGEST_LIMIT);
        self
    }

    /// Whether a `Failed` or `Unknown` keeps further sessions from being started. Default: no.
    #[must_use]
    pub fn with_stop_on_error(mut self, stop: bool) -> Self {
        self.stop_on_error = stop;
        self
    }

    /// After how many failures nothing new begins, on any host. Default: no limit.
    #[must_use]
    pub fn with_abort_if_failed(mut self, limit: FailureLimit) -> Self {
        self.abort_if_failed = Some(limit);
        self
    }

    /// Connections for this many sessions on one host; `of_host` is what was said for it alone.
    #[must_use]
    #[cfg_attr(not(any(feature = "client", test)), expect(dead_code, reason = "only the engine asks"))]
    pub(super) fn connections_for(&self, sessions: usize, of_host: Option<usize>) -> usize {
        let said = self.connections_per_host.or(of_host.map(|connections| connections.max(1)));
        said.unwrap_or(match sessions {
            few if few <= ONE_CONNECTION => 1,
            some if some <= TWO_CONNECTIONS => 2,
            _ => MOST_CONNECTIONS,
        })
    }

    /// How long an answer is awaited: the server's own limit and the slack.
    #[must_use]
    pub(super) fn patience(&self) -> Duration {
        self.operation_timeout.saturating_add(READ_SLACK)
    }
}

/// When the poll with this number (from 0) is due, counted from the begin of verifying.
pub(super) fn verify_poll(number: u32) -> Duration {
    let index = usize::try_from(number).unwrap_or(usize::MAX);
    VERIFY_POLLS.get(index).copied().unwrap_or_else(|| {
        let early = u32::try_from(VERIFY_POLLS.len()).unwrap_or(u32::MAX);
        let late = number.saturating_sub(early).saturating_add(1);
        let last = VERIFY_POLLS.last().copied().unwrap_or_default();
        last.saturating_add(VERIFY_EVERY.saturating_mul(late))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifying_polls_at_0_half_1_2_and_4_seconds_and_then_each_5() {
        let polls: Vec<u128> = (0..8).map(|number| verify_poll(number).as_millis()).collect();
        assert_eq!(polls, [0, 500, 1_000, 2_000, 4_000, 9_000, 14_000, 19_000]);
    }

    #[test]
    fn failures_are_too_many_by_number_or_by_part() {
        for (limit, failed, ended, expected) in [
            (FailureLimit::Sessions(3), 2, 2, false),
            (FailureLimit::Sessions(3), 3, 100, true),
            (FailureLimit::Sessions(0), 0, 5, false),
            (FailureLimit::Sessions(0), 1, 5, true),
            (FailureLimit::Percent(10), 9, 9, false),
            (FailureLimit::Percent(10), 1, 10, true),
            (FailureLimit::Percent(10), 1, 11, false),
        ] {
            assert_eq!(limit.is_exceeded(failed, ended), expected, "{limit:?} {failed} {ended}");
        }
    }

    #[test]
    fn eight_sessions_share_a_connection_and_thirty_two_share_two() {
        let policy = Policy::default();
        let wanted = [(1, 1), (8, 1), (9, 2), (32, 2), (33, 4), (1_000, 4)];
        for (sessions, connections) in wanted {
            assert_eq!(policy.connections_for(sessions, None), connections, "{sessions}");
        }
        assert_eq!(policy.connections_for(100, Some(3)), 3);
        assert_eq!(policy.with_connections_per_host(0).connections_for(100, Some(3)), 1);
    }
}
