//! Who sees the exchanges of a connection in clear, to record them.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Endpoint, Reply, TransportError};

/// Sees every exchange with a server after its login. What it sees names people, machines and commands.
pub trait ExchangeObserver: fmt::Debug + Send + Sync {
    /// An exchange is over.
    fn observe(&self, exchange: &ObservedExchange<'_>);
}

/// One request, in clear, and what came of it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ObservedExchange<'a> {
    /// In which order the requests of this process were sent.
    pub sequence: u64,
    /// Where the request went.
    pub endpoint: &'a Endpoint,
    /// The envelope that was sent.
    pub request: &'a str,
    /// The answer; `None` where the connection was lost, or the time was over, before there was one.
    pub response: Option<&'a Reply>,
}

/// The number of the next request.
pub(super) fn next_sequence() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Hands over what came of a request, unless it was never sent. A page that is no envelope is an answer without a text
/// here: it may hold anything.
pub(super) fn report(
    observer: &dyn ExchangeObserver,
    sequence: u64,
    endpoint: &Endpoint,
    request: &str,
    result: Result<&Reply, &TransportError>,
) {
    let page;
    let response = match result {
        Ok(reply) => Some(reply),
        Err(TransportError::Status { status, .. }) => {
            page = Reply { status: *status, body: Vec::new() };
            Some(&page)
        }
        Err(
            TransportError::Lost { .. } | TransportError::Timeout { .. } | TransportError::TooLarge { .. },
        ) => None,
        Err(_) => return,
    };
    observer.observe(&ObservedExchange { sequence, endpoint, request, response });
}
