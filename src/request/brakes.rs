//! Brakes: how much one request may close, and when it stops.

use std::collections::HashMap;
use std::sync::Arc;

use crate::store::Rows;
pub use crate::teardown::FailureLimit;

/// How much one request may close. Default: no limit. With a [repetition](super::Repetition) the numbers count over all
/// rounds, and the percentage counts for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CloseLimits {
    /// A plan with more sessions closes nothing.
    pub max_close: Option<usize>,
    /// A plan with a larger part, in percent, of the sessions that were listed closes nothing.
    pub max_close_percent: Option<u8>,
    /// A host with more sessions in the plan is left alone.
    pub max_close_per_host: Option<usize>,
}

/// Why a plan closes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceededLimit {
    /// [`CloseLimits::max_close`].
    Sessions {
        /// How many are planned, with those of earlier rounds.
        planned: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// [`CloseLimits::max_close_percent`].
    Percent {
        /// How many are planned.
        planned: usize,
        /// How many were listed.
        listed: usize,
        /// The percentage that is allowed.
        limit: u8,
    },
}

impl CloseLimits {
    /// Whether a plan must be known as a whole before its first session is closed.
    pub(super) fn need_the_whole_plan(&self) -> bool {
        self.max_close.is_some() || self.max_close_percent.is_some()
    }

    /// The limit that a plan of so many sessions exceeds, of so many that were listed, after so many of earlier rounds.
    pub(super) fn exceeded(&self, planned: usize, listed: usize, before: usize) -> Option<ExceededLimit> {
        let all = planned.saturating_add(before);
        if let Some(limit) = self.max_close.filter(|limit| all > *limit) {
            return Some(ExceededLimit::Sessions { planned: all, limit });
        }
        let too_many = |limit: &u8| planned.saturating_mul(100) > listed.saturating_mul(usize::from(*limit));
        let limit = self.max_close_percent.filter(too_many)?;
        Some(ExceededLimit::Percent { planned, listed, limit })
    }

    /// Takes away the sessions of hosts that have too many, with those that were planned there before. Returns these hosts,
    /// each with how many it has.
    pub(super) fn leave_hosts_alone(
        &self,
        rows: Rows,
        before: impl Fn(&str) -> usize,
    ) -> (Rows, Vec<(String, usize)>) {
        let Some(limit) = self.max_close_per_host else { return (rows, Vec::new()) };
        let mut hosts: Vec<(String, usize)> = Vec::new();
        let mut numbers: HashMap<Arc<str>, usize> = HashMap::new();
        for session in rows.sessions() {
            let url = &session.endpoint_url;
            let number = *numbers.entry(url.clone()).or_insert_with(|| {
                hosts.push((url.to_string(), before(url)));
                hosts.len() - 1
            });
            if let Some((_, sessions)) = hosts.get_mut(number) {
                *sessions += 1;
            }
        }
        hosts.retain(|(_, sessions)| *sessions > limit);
        if hosts.is_empty() {
            return (rows, hosts);
        }
        let is_over = |url: &str| hosts.iter().any(|(host, _)| host == url);
        let rows = rows.into_iter().filter(|row| !is_over(&row.session.endpoint_url)).collect();
        (rows, hosts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_held_against_both_limits() {
        let limits = CloseLimits { max_close: Some(5), max_close_percent: Some(50), ..Default::default() };
        assert_eq!(limits.exceeded(5, 10, 0), None);
        assert_eq!(limits.exceeded(6, 100, 0), Some(ExceededLimit::Sessions { planned: 6, limit: 5 }));
        assert_eq!(limits.exceeded(1, 100, 5), Some(ExceededLimit::Sessions { planned: 6, limit: 5 }));
        let percent = ExceededLimit::Percent { planned: 5, listed: 9, limit: 50 };
        assert_eq!(limits.exceeded(5, 9, 0), Some(percent));
        assert_eq!(limits.exceeded(0, 0, 0), None);
        assert!(limits.need_the_whole_plan() && !CloseLimits::default().need_the_whole_plan());
    }
}
