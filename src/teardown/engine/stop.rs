//! How a run's hosts are told to begin nothing new.

use std::time::Instant;

use tokio::sync::watch;

use crate::teardown::outcome::NotStarted;

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
