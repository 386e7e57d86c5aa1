//! What went wrong in the system's library, whichever it is.

use crate::auth::TicketError;

/// A failure in the words of the system's library, and the kind of trouble that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    reason: TicketError,
    words: String,
}

impl Failure {
    /// `text` is the library's.
    pub(super) fn new(reason: TicketError, text: &str) -> Self {
        let words = text.trim().chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect();
        Self { reason, words }
    }

    pub(super) fn reason(&self) -> TicketError {
        self.reason
    }

    /// The library's words as ` (...)`; nothing, if there are none.
    pub(super) fn problem(&self) -> String {
        if self.words.is_empty() { String::new() } else { format!(" ({})", self.words) }
    }
}

/// Enough for the library's longest sentence with a path in it.
const MAX_WORDS: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_one_short_line() {
        let problem = |text: &str| Failure::new(TicketError::Other, text).problem();
        assert_eq!(problem("The logon attempt failed.\r\n"), " (The logon attempt failed.)");
        assert_eq!(problem(" \r\n"), "");
        assert!(problem(&"x".repeat(10_000)).len() < 400);
    }
}
