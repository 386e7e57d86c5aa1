//! The one-shot connector gate: exactly one TCP connection per handshake.
//!
//! The pool of `reqwest` races each checkout against a new connection, and resends a request that it could not write
//! on a new one. Either would carry a request to a connection that nobody logged in on. The gate lets the first
//! connect through and refuses every other, so that the pooled connection wins the race or the request fails unsent.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

use super::BoxError;

/// The layer; one per client, and its clones share one state.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    taken: Arc<AtomicBool>,
    connected: Arc<watch::Sender<Option<Instant>>>,
    wait: Duration,
}

/// The refusal: the one connection was used up, and this request was not sent.
#[derive(Debug, thiserror::Error)]
#[error("the connection died")]
pub(super) struct ConnectionDied;

impl Gate {
    /// A gate whose refusals come after `wait`.
    pub(super) fn new(wait: Duration) -> Self {
        Self { taken: Arc::default(), connected: Arc::new(watch::Sender::new(None)), wait }
    }

    /// When the connection came about; waits until it has.
    pub(super) async fn connected(&self) -> Instant {
        // The sender lives as long as `self`, so that the wait cannot fail.
        let _ = self.connected.subscribe().wait_for(Option::is_some).await;
        self.connected_at().unwrap_or_else(Instant::now)
    }

    /// When the connection came about, if it has.
    pub(super) fn connected_at(&self) -> Option<Instant> {
        *self.connected.borrow()
    }
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { inner, gate: self.clone() }
    }
}

/// A connector behind the gate.
#[derive(Clone, Debug)]
pub(super) struct Gated<S> {
    inner: S,
    gate: Gate,
}

impl<S, R> Service<R> for Gated<S>
where
    S: Service<R, Error = BoxError>,
    S::Response: 'static,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        if !self.gate.taken.swap(true, Ordering::AcqRel) {
            let (connecting, connected) = (self.inner.call(request), Arc::clone(&self.gate.connected));
            return Box::pin(async move {
                let stream = connecting.await?;
                connected.send_replace(Some(Instant::now()));
                Ok(stream)
            });
        }
        let wait = self.gate.wait;
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            Err(BoxError::from(ConnectionDied))
        })
    }
}

/// How long a refused connect waits first: the pool hands its connection back a moment after the last answer was
/// drained, and a refusal that came sooner would end the request. On a dead connection it is the price of the news.
pub(super) const GATE_WAIT: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Dial;

    impl Service<()> for Dial {
        type Response = &'static str;
        type Error = BoxError;
        type Future = std::future::Ready<Result<&'static str, BoxError>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            std::future::ready(Ok("connected"))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_connect_passes_and_any_other_waits_and_is_refused() {
        let gate = Gate::new(GATE_WAIT);
        let (mut one, mut other) = (gate.layer(Dial), gate.layer(Dial));
        assert_eq!(gate.connected_at(), None);
        assert_eq!(one.call(()).await.unwrap(), "connected");
        assert_eq!(gate.connected().await, tokio::time::Instant::now());
        for service in [&mut one, &mut other] {
            let begun = tokio::time::Instant::now();
            assert!(service.call(()).await.unwrap_err().is::<ConnectionDied>());
            assert!(begun.elapsed() >= GATE_WAIT);
        }
    }
}
