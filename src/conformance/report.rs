//! What came of all exchanges that were judged.

use std::path::PathBuf;

use super::checks::{Check, CheckedExchange, Verdict};

/// What was found out about the exchanges of one scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Judged {
    /// The folder.
    pub folder: PathBuf,
    /// What the scenario shows.
    pub title: String,
    /// One for each exchange that was looked at.
    pub judgements: Vec<CheckedExchange>,
}

impl Judged {
    /// A scenario whose exchanges are still to be judged.
    #[must_use]
    pub fn new(folder: PathBuf, title: String) -> Self {
        Self { folder, title, judgements: Vec::new() }
    }

    /// The last part of the folder's path.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.folder.file_name().unwrap_or(self.folder.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

/// What was found out about several scenarios.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// In the order in which they were judged.
    pub scenarios: Vec<Judged>,
}

impl Report {
    /// Every check, with its scenario and exchange.
    pub fn checks(&self) -> impl Iterator<Item = (&Judged, &CheckedExchange, &Check)> {
        self.scenarios.iter().flat_map(|scenario| {
            let judgements = scenario.judgements.iter();
            judgements.flat_map(move |judgement| {
                judgement.checks.iter().map(move |check| (scenario, judgement, check))
            })
        })
    }

    /// The checks that failed.
    pub fn mismatches(&self) -> impl Iterator<Item = (&Judged, &CheckedExchange, &Check)> {
        self.checks().filter(|(_, _, check)| check.verdict == Verdict::Mismatch)
    }

    /// How many checks ended so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks().filter(|(_, _, check)| check.verdict == verdict).count()
    }

    /// How many exchanges were looked at.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.scenarios.iter().map(|scenario| scenario.judgements.len()).sum()
    }

    /// Why nothing could be validated, if that is so.
    #[must_use]
    pub fn not_validated(&self) -> Option<&str> {
        let found = self.checks().find(|(_, _, check)| check.verdict == Verdict::NotValidated);
        found.map(|(_, _, check)| check.detail.as_str())
    }
}
