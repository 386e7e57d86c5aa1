//! What came of all checks.

use std::sync::Arc;
use std::time::Duration;

use super::check::LiveCheck;
use super::verdict::Verdict;
use crate::{Error, error_chain};

/// What came of one check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The check.
    pub check: &'static LiveCheck,
    /// What came of it.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LiveReport {
    /// One for each check that was chosen, in their order.
    pub findings: Vec<Finding>,
    /// Why the run ended before its last check, if it did.
    pub stop: Option<Stop>,
    /// The ShellIds of shells that this run has created, or may have created, and could not delete.
    pub left: Vec<String>,
}

/// Why a run ended early.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stop {
    /// The server refused the login: it is not tried again.
    Refused(Arc<Error>),
    /// No connection, or no login, came about.
    NotConnected(Arc<Error>),
    /// The caller ended it.
    Interrupted,
}

impl Stop {
    /// Why, as a sentence without its end.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Refused(error) | Self::NotConnected(error) => error_chain(error.as_ref()),
            Self::Interrupted => "the run was interrupted".to_owned(),
        }
    }
}

impl LiveReport {
    /// How many checks ended with a verdict of this name.
    #[must_use]
    pub fn count(&self, verdict: &str) -> usize {
        self.findings.iter().filter(|finding| finding.verdict.as_str() == verdict).count()
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.verdict.is_failure())
    }
}
