//! A switch that can be thrown once, from a signal handler or another task.

use std::sync::Arc;

use tokio::sync::watch;

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
