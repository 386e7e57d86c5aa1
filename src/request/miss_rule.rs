//! Which selector values that find nothing are errors.

use super::caller::Caller;
use crate::session::{Miss, Selection};
use crate::teardown::RunSummary;

/// Which selector values that find nothing are errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissRule {
    /// Those that are no patterns.
    #[default]
    Literal,
    /// Those of PowerShell's `Remove-PSSession`: literal names, and computer names, Ids and instance ids of any kind.
    PowerShell,
    /// None.
    Ignore,
}

impl MissRule {
    /// Whether this miss is an error.
    #[must_use]
    pub fn is_error(self, miss: &Miss) -> bool {
        match self {
            Self::Literal => miss.literal,
            Self::PowerShell => !miss.silent,
            Self::Ignore => false,
        }
    }

    /// How many misses of a selection are errors.
    pub(super) fn errors(self, selection: &Selection) -> usize {
        selection.misses.iter().filter(|miss| self.is_error(miss)).count()
    }

    /// What the status of the run depends on in a selection.
    pub(super) fn summary(self, selection: &Selection) -> RunSummary {
        RunSummary {
            hits: selection.chosen.len(),
            literal_misses: self.errors(selection),
            found_any: selection.found_any(),
            ..RunSummary::default()
        }
    }
}

/// What to do about a selector value that finds nothing, where that is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnMiss {
    /// Go on with what was found.
    #[default]
    Continue,
    /// End the request.
    Stop,
    /// Ask whether to go on with what was found.
    Ask,
}

impl OnMiss {
    /// Whether a request with this summary ends here.
    pub(super) fn stops<C: Caller>(self, summary: &RunSummary, caller: &C) -> Result<bool, C::Error> {
        let missed = summary.literal_misses > 0;
        Ok(match self {
            Self::Continue => false,
            Self::Ask if missed && summary.hits > 0 => !caller.confirm_rest(summary.hits)?,
            Self::Stop | Self::Ask => missed,
        })
    }
}
