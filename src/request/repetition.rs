//! Keeping a selection up: how long and how often hosts are asked again after the plan was carried out.

use std::time::Duration;

use super::remove::RemoveRequest;
use super::source::Source;
use crate::limits::LONGEST_LIMIT;

/// Hosts are asked again and again after the plan was carried out, and sessions that match by then are closed, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repetition {
    duration: Duration,
    every: Duration,
}

/// What a repeated request cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotRepeatable {
    /// Its sessions come from the table or from objects: what returns is in neither.
    #[error("the hosts must be named, because sessions that return are not in the local table or in a file")]
    WithoutHosts,
    /// It selects by Id: a session that returns has another one.
    #[error("a session that returns has a new Id")]
    Ids,
    /// It closes nothing.
    #[error("a plan that is only shown closes nothing")]
    WhatIf,
    /// It keeps the newest sessions of several hosts, which would have to answer at the same time.
    #[error("the newest sessions of several hosts are not known while each host is asked in its own time")]
    KeepsNewest,
}

impl Repetition {
    /// How long after the end of one round a host is asked again: an intruder who returns has little time, and a host
    /// hardly notices a listing.
    pub const EVERY: Duration = Duration::from_secs(3);
    /// No host is asked more often.
    pub const MIN_EVERY: Duration = Duration::from_millis(100);

    /// For so long after the plan was carried out, with [`Self::EVERY`] between the rounds of a host.
    #[must_use]
    pub fn new(duration: Duration) -> Self {
        Self { duration: duration.min(LONGEST_LIMIT), every: Self::EVERY }
    }

    /// With another time between the rounds of a host, at least [`Self::MIN_EVERY`].
    #[must_use]
    pub fn every(self, every: Duration) -> Self {
        Self { every: every.clamp(Self::MIN_EVERY, LONGEST_LIMIT), ..self }
    }

    /// For how long after the plan was carried out.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// How long after the end of one round a host is asked again.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.every
    }
}

impl RemoveRequest {
    /// Whether it may be repeated, if it is to be.
    pub(super) fn check_repetition(&self) -> Result<(), NotRepeatable> {
        let query = &self.scope.query;
        match () {
            () if self.repetition.is_none() => Ok(()),
            () if self.what_if => Err(NotRepeatable::WhatIf),
            () if query.has_ids() => Err(NotRepeatable::Ids),
            () if self.scope.source != Source::Hosts => Err(NotRepeatable::WithoutHosts),
            () if query.keeps_newest() && self.scope.hosts.endpoints.len() > 1 => {
                Err(NotRepeatable::KeepsNewest)
            }
            () => Ok(()),
        }
    }
}
