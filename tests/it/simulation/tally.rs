//! What many seeds came to.

use std::collections::BTreeMap;

use super::play;
use super::trace::Manner;

/// The broken promises of many seeds, and how often each outcome came about.
#[derive(Default)]
pub(super) struct Tally {
    /// Each with how to see it again.
    pub(super) broken: Vec<String>,
    /// Without what the reasons quote.
    pub(super) outcomes: BTreeMap<String, usize>,
}

/// What the dice must bring about, or the worlds are too kind to prove anything.
const REACHED: &[&str] = &[
    "Closed",
    "AlreadyGone",
    "Declined",
    "NotStarted(interrupted",
    "NotStarted(deadline",
    "NotStarted(stopped",
    "NotStarted(credential refused",
    "Failed(identity changed",
    "Failed(listing incomplete",
    "Failed(access is denied (WSManFault 5, 0x00000005",
    "Failed(still there",
    "Failed(the Delete was not sent in time",
    "Failed(transport VMBus is not WS-Management",
    r"Unknown(not visible to CONTOSO\me",
    "Unknown(this server cannot prove it",
    "Unknown(listing incomplete",
    "Unknown(cannot verify",
    "Unknown(interrupted before it was verified",
    "Unknown(not verified in time",
];

impl Tally {
    pub(super) fn of(seeds: impl Iterator<Item = u64>) -> Self {
        let mut tally = Self::default();
        for seed in seeds {
            let played = play(seed, Manner::Silent);
            let violations = played.violations();
            if !violations.is_empty() {
                tally.broken.push(format!("{}\n    again: {}", violations.join("\n"), again(seed)));
            }
            for (record, _) in &played.records {
                let outcome = record.outcome.to_string();
                let outcome = outcome.split(':').next().unwrap_or_default().trim_end_matches(')');
                *tally.outcomes.entry(outcome.to_owned()).or_default() += 1;
            }
        }
        tally
    }

    pub(super) fn add(mut self, other: Self) -> Self {
        self.broken.extend(other.broken);
        for (outcome, times) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += times;
        }
        self
    }

    /// The outcomes that no seed ended in.
    pub(super) fn missed(&self) -> Vec<&'static str> {
        REACHED.iter().copied().filter(|outcome| !self.outcomes.contains_key(*outcome)).collect()
    }
}

fn again(seed: u64) -> String {
    format!("PSSESSION_SEED={seed} cargo test --test it simulation::one_seed -- --nocapture")
}
