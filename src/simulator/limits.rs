//! How large and how slow a client may be.

use std::time::Duration;

/// What a listener gives a client before it closes the connection, so that nobody can hold it by sending slowly or not at
/// all. The defaults are those of http.sys, but for the time of a header, which it gives two minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest header section, in bytes; at least 8,192. A larger one is answered with 431. Default: 16,384
    /// (MaxRequestBytes).
    pub header_size: usize,
    /// The longest from the first byte of a header section to its end, and of a TLS handshake. Default: 30 s.
    pub header_time: Duration,
    /// The longest for a body, which is then answered with 408. Default: 120 s.
    pub body_time: Duration,
    /// The longest without a request on an open connection. Default: 120 s.
    pub idle_time: Duration,
}

/// The smallest buffer that hyper reads a header into.
const LEAST_HEADER_SIZE: usize = 8_192;

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_size: 16_384,
            header_time: Duration::from_secs(30),
            body_time: Duration::from_secs(120),
            idle_time: Duration::from_secs(120),
        }
    }
}

impl Limits {
    pub(super) fn header_size(&self) -> usize {
        self.header_size.max(LEAST_HEADER_SIZE)
    }
}
