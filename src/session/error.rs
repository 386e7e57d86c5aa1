//! What is wrong with a query.

use super::wildcard::PatternError;

/// A query that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// A pattern is not valid.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A value is not of its kind.
    #[error("{text:?} is not {wanted}: {advice}")]
    Value {
        /// The text as it was given; of a list, the item at fault.
        text: String,
        /// What it should be, with its article.
        wanted: &'static str,
        /// What to write instead.
        advice: &'static str,
    },
}

impl QueryError {
    pub(super) fn value(text: &str, wanted: &'static str, advice: &'static str) -> Self {
        Self::Value { text: text.to_owned(), wanted, advice }
    }
}
