//! How many connections a run has open at the same time: each needs a file descriptor, and a host waits for one instead of
//! failing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::auth::ServerNames;
use crate::client::WsmanClient;
use crate::transport::{BoxFuture, Connection, Reply, TransportError};

/// The connections that may still be opened.
#[derive(Clone, Debug)]
pub(super) struct ConnectionSlots(Arc<Semaphore>);

/// A connection that gives its slot back when it is dropped.
struct Counted {
    connection: Box<dyn Connection>,
    _slot: OwnedSemaphorePermit,
}

/// A slot for one connection.
pub(super) struct Slot(Option<OwnedSemaphorePermit>);

impl ConnectionSlots {
    /// So many; `None` for no limit.
    pub(super) fn new(limit: Option<usize>) -> Self {
        let most = Semaphore::MAX_PERMITS;
        Self(Arc::new(Semaphore::new(limit.map_or(most, |limit| limit.clamp(1, most)))))
    }

    /// Waits for one.
    pub(super) async fn take(&self) -> Slot {
        Slot(Arc::clone(&self.0).acquire_owned().await.ok())
    }

    /// Whether somebody may be waiting for one.
    pub(super) fn are_scarce(&self) -> bool {
        self.0.available_permits() == 0
    }

    /// The connection, unless it is idle while somebody may be waiting for its slot.
    pub(super) fn keep_idle(&self, client: Option<WsmanClient>) -> Option<WsmanClient> {
        client.filter(|_| !self.are_scarce())
    }
}

impl Slot {
    /// Holds the slot for as long as this connection is open.
    pub(super) fn hold(self, connection: Box<dyn Connection>) -> Box<dyn Connection> {
        match self.0 {
            Some(slot) => Box::new(Counted { connection, _slot: slot }),
            None => connection,
        }
    }
}

impl Connection for Counted {
    fn exchange<'a>(
        &'a mut self,
        envelope: &'a str,
        read_timeout: Duration,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        self.connection.exchange(envelope, read_timeout)
    }

    fn server_names(&self) -> Option<&ServerNames> {
        self.connection.server_names()
    }

    fn is_usable(&self) -> bool {
        self.connection.is_usable()
    }
}
