//! Real sockets under a clock that moves only while the wire is quiet, so that a minute's silence takes a moment and no
//! limit has to be shortened for a test.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::yield_now;

/// The first step of the clock on a quiet wire.
const FIRST_STEP: Duration = Duration::from_millis(100);
/// The longest: finer than any wait of the library's that a test could tell apart.
const LAST_STEP: Duration = Duration::from_millis(800);
/// How often the sockets are looked at before the wire counts as quiet.
const LOOKS: usize = 24;
/// What the kernel may take to carry bytes from one socket to another.
const CARRIAGE: Duration = Duration::from_micros(60);

/// Runs `body` on a runtime of its own: servers and clients in one thread, so that a look at the sockets that finds
/// nothing finds everybody waiting. `body` is given the count that its server has to move with each thing it does.
pub(crate) fn run<T, F: Future<Output = T>>(body: impl FnOnce(Arc<AtomicUsize>) -> F) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .event_interval(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        // As long as a blocking task runs, tokio does not move a paused clock by itself.
        let (release, held) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || held.recv());
        let steps = Arc::default();
        let hands = tokio::spawn(move_on(Arc::clone(&steps)));
        let value = body(steps).await;
        hands.abort();
        drop(release);
        value
    })
}

async fn move_on(steps: Arc<AtomicUsize>) {
    let mut step = FIRST_STEP;
    loop {
        let before = steps.load(Ordering::SeqCst);
        for _ in 0..LOOKS {
            yield_now().await;
        }
        std::thread::sleep(CARRIAGE);
        for _ in 0..LOOKS {
            yield_now().await;
        }
        if steps.load(Ordering::SeqCst) == before {
            tokio::time::advance(step).await;
            step = (step * 2).min(LAST_STEP);
        } else {
            step = FIRST_STEP;
        }
    }
}
