//! How many sessions have failed in all runs of one engine, and whether that is too many to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use crate::teardown::policy::FailureLimit;

/// The count, shared by the hosts of a fleet.
#[derive(Clone, Debug)]
pub(super) struct FailureCount {
    limit: Option<FailureLimit>,
    ended: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
    exceeded: watch::Sender<bool>,
}

impl FailureCount {
    pub(super) fn new(limit: Option<FailureLimit>) -> Self {
        Self { limit, ended: Arc::default(), failed: Arc::default(), exceeded: watch::Sender::new(false) }
    }

    /// One more session has its outcome.
    pub(super) fn add(&self, is_bad: bool) {
        let ended = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
        let failed = self.failed.fetch_add(usize::from(is_bad), Ordering::Relaxed) + usize::from(is_bad);
        if is_bad && self.limit.is_some_and(|limit| limit.is_exceeded(failed, ended)) {
            self.exceeded.send_replace(true);
        }
    }

    /// Whether nothing new is to begin.
    pub(super) fn is_exceeded(&self) -> bool {
        *self.exceeded.borrow()
    }

    /// Waits until nothing new is to begin.
    pub(super) async fn exceeded(&self) {
        // The sender lives as long as this.
        let _ = self.exceeded.subscribe().wait_for(|exceeded| *exceeded).await;
    }
}
