//! Work that panics, such as in a connector or a source of ids that a program brought: it costs its own host only, and
//! what became of its sessions is said all the same.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::error::{Error, Result};

/// Does `work` on the host at `endpoint_url`.
///
/// # Errors
/// [`Error::Panicked`], where the work's own result cannot be had.
pub(super) async fn caught<T>(endpoint_url: &str, work: impl Future<Output = T>) -> Result<T> {
    let mut work = pin!(work);
    // Nobody looks at what the panic has left half done: `work` is dropped with it.
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(_) => Poll::Ready(Err(Error::Panicked { endpoint: endpoint_url.to_owned() })),
    })
    .await
}
