//! A step of a login that may block, on a thread of its own.

use super::BoxError;

/// Runs `work` where it holds up nobody. Whoever stops waiting leaves the thread to end by itself; it does not keep the
/// process from ending, as a thread of the engine's would.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BoxError> {
    let (done, outcome) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("login".to_owned()).spawn(move || {
        // Nobody may be waiting any more.
        let _ = done.send(work());
    })?;
    outcome.await.map_err(|_| "the login thread ended unexpectedly".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_done_aside_comes_back() {
        assert_eq!(aside(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn nobody_waits_for_what_takes_too_long() {
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let slow = aside(move || wait.recv());
        assert!(tokio::time::timeout(std::time::Duration::ZERO, slow).await.is_err());
        drop(release);
    }
}
