//! How long one exchange may take: the server's own limit, and how much longer we listen.

use std::time::Duration;

/// `w:OperationTimeout`: what Windows itself allows at most (`MaxTimeoutms` is 60,000 by default).
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(60);
/// How much longer than the server's own limit we listen: its `TimedOut` fault must still reach us.
pub const READ_SLACK: Duration = Duration::from_secs(10);

/// One host's whole listing, all of its pages: 10,000 shells take a server some seconds, and one that gives a shell per page
/// just below the limit of a request would take days.
pub const LIST_TIMEOUT: Duration = Duration::from_secs(300);
/// A longer limit counts as this one, ten years: none can be told from none, and every clock can count so far.
pub const LONGEST_LIMIT: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// The two limits of one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `w:OperationTimeout`: how long the server may work.
    pub operation_timeout: Duration,
    /// How long we wait for the answer; after that the connection is lost.
    pub read_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self::within(OPERATION_TIMEOUT + READ_SLACK)
    }
}

impl Limits {
    /// Limits that end within `patience`. The server gets less of it than we do (by 10 s, or a fifth of a short
    /// patience), so that running out of time is an answer and not a lost connection.
    #[must_use]
    pub fn within(patience: Duration) -> Self {
        let slack = READ_SLACK.min(patience / 5);
        Self { operation_timeout: patience - slack, read_timeout: patience }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_gives_up_before_we_do() {
        let seconds = |patience| {
            let limits = Limits::within(Duration::from_secs(patience));
            (limits.operation_timeout.as_secs(), limits.read_timeout.as_secs())
        };
        assert_eq!([seconds(70), seconds(10), seconds(0)], [(60, 70), (8, 10), (0, 0)]);
        assert_eq!(Limits::default(), Limits::within(Duration::from_secs(70)));
    }
}
