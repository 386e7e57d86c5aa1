//! I/O module: a connection that notices when its client is too slow.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::Instant;

use super::limits::Limits;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// For a request to begin.
    Idle(Instant),
    /// For a header section to end.
    Header(Instant),
    /// For its service.
    Busy,
}

/// Which phase a connection is in, and since when.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    phase: watch::Sender<Phase>,
}

/// A stream that sets the phase when the first byte of a request comes.
pub(super) struct Paced<S> {
    stream: S,
    pace: Pace,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { phase: watch::Sender::new(Phase::Idle(now())) }
    }

    pub(super) fn paced<S>(&self, stream: S) -> Paced<S> {
        Paced { stream, pace: self.clone() }
    }

    /// A whole header section is there.
    pub(super) fn set_busy(&self) {
        self.phase.send_replace(Phase::Busy);
    }

    /// The answer is on its way.
    pub(super) fn set_idle(&self) {
        self.phase.send_replace(Phase::Idle(now()));
    }

    /// A byte came: if a request was awaited, its header section begins.
    fn set_reading(&self) {
        self.phase.send_if_modified(|phase| {
            let begins = matches!(phase, Phase::Idle(_));
            if begins {
                *phase = Phase::Header(now());
            }
            begins
        });
    }

    /// Ends when the client has been too slow.
    pub(super) async fn too_slow(&self, limits: &Limits) {
        let mut phase = self.phase.subscribe();
        loop {
            let deadline = match *phase.borrow_and_update() {
                Phase::Idle(since) => Some(since + limits.idle_time),
                Phase::Header(since) => Some(since + limits.header_time),
                Phase::Busy => None,
            };
            let expired = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = expired => return,
                changed = phase.changed() => if changed.is_err() {
                    return;
                },
            }
        }
    }
}

fn now() -> Instant {
    Instant::now()
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.pace.set_reading();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
