//! How a run stops early: a switch that can be thrown once, from a signal handler or another task, and the order that the
//! hosts of the run then get.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use crate::teardown::outcome::NotStarted;

/// Asks a run to begin nothing new. Clones share the switch.
#[derive(Clone, Debug)]
pub struct Cancellation {
    thrown: Arc<watch::Sender<bool>>,
}

impl Cancellation {
    /// A switch that has not been thrown.
    #[must_use]
    pub fn new() -> Self {
        Self { thrown: Arc::new(watch::Sender::new(false)) }
    }

    /// Throws it.
    pub fn cancel(&self) {
        self.thrown.send_replace(true);
    }

    /// Whether it has been thrown.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.thrown.borrow()
    }

    /// Waits until it is thrown.
    pub async fn cancelled(&self) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.thrown.subscribe().wait_for(|thrown| *thrown).await;
    }
}

impl Default for Cancellation {
    fn default() -> Self {
        Self::new()
    }
}

/// An order to begin nothing new.
#[derive(Clone, Copy, Debug)]
pub(super) struct StopOrder {
    pub(super) reason: NotStarted,
    /// Until when what was sent may be looked after, if not until its own deadline.
    pub(super) until: Option<Instant>,
}

/// Gives the order to every host, one after the other: a channel that all share would wake them in random order, and
/// no run could be repeated to the letter.
#[derive(Debug, Default)]
pub(super) struct StopBroadcast {
    order: Option<StopOrder>,
    hosts: Vec<watch::Sender<Option<StopOrder>>>,
}

impl StopBroadcast {
    /// The order that stands.
    pub(super) fn order(&self) -> Option<StopOrder> {
        self.order
    }

    pub(super) fn give(&mut self, order: StopOrder) {
        self.order = Some(order);
        for host in &self.hosts {
            host.send_replace(Some(order));
        }
    }

    /// Where one more host hears of it.
    pub(super) fn subscribe(&mut self) -> watch::Receiver<Option<StopOrder>> {
        let (host, orders) = watch::channel(self.order);
        self.hosts.push(host);
        orders
    }
}
