//! What came of one check.

use std::ops::ControlFlow;

use super::ask::Ask;
use crate::wsman::one_line;

/// What came of one check. Each text says what was seen; it is one line of bounded length, and safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The server does as the section says.
    Passed(String),
    /// It does not.
    Failed(String),
    /// It could not be asked, and why.
    Skipped(String),
    /// The run ended before it, and why is in the report of the run.
    NotAsked,
    /// What it does, where no specification settles what is right.
    Reported(String),
    /// It does not do as the section says, and servers of the chosen profile are known not to: what was seen, and what is
    /// known.
    Deviates(String),
}

/// The longest text of a verdict, in characters.
const MAX_TEXT: usize = 300;

impl Verdict {
    /// As a report names it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Passed(_) => "passed",
            Self::Failed(_) => "failed",
            Self::Skipped(_) | Self::NotAsked => "skipped",
            Self::Reported(_) => "reported",
            Self::Deviates(_) => "deviates",
        }
    }

    /// What was seen.
    #[must_use]
    pub fn seen(&self) -> &str {
        match self {
            Self::Passed(text)
            | Self::Failed(text)
            | Self::Skipped(text)
            | Self::Reported(text)
            | Self::Deviates(text) => text,
            Self::NotAsked => "not asked: the run had ended",
        }
    }

    /// Whether the server does not do as it should.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// The next request of a check, or its verdict.
pub(super) type Next = Or<Ask>;

/// A value, or the verdict that ends the check; `?` ends it.
pub(super) type Or<T> = ControlFlow<Verdict, T>;

pub(super) fn passed<T>(seen: impl AsRef<str>) -> Or<T> {
    ControlFlow::Break(Verdict::Passed(one_line(seen.as_ref(), MAX_TEXT)))
}

pub(super) fn failed<T>(seen: impl AsRef<str>) -> Or<T> {
    ControlFlow::Break(Verdict::Failed(one_line(seen.as_ref(), MAX_TEXT)))
}

pub(super) fn skipped<T>(why: impl AsRef<str>) -> Or<T> {
    ControlFlow::Break(Verdict::Skipped(one_line(why.as_ref(), MAX_TEXT)))
}

pub(super) fn reported<T>(seen: impl AsRef<str>) -> Or<T> {
    ControlFlow::Break(Verdict::Reported(one_line(seen.as_ref(), MAX_TEXT)))
}

/// Passed if `holds`, else failed; both with what was seen.
pub(super) fn judged<T>(holds: bool, seen: impl AsRef<str>) -> Or<T> {
    if holds { passed(seen) } else { failed(seen) }
}
