//! Records that are written as soon as they stand, one a line.

use std::cell::RefCell;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use pssession::interchange::write_removal;
use pssession::store::RowMetadata;
use pssession::teardown::{Cancellation, Record};

use crate::cli::progress;

/// Whole lines are collected up to so many bytes: a system call for each record costs more than the record.
const MAX_BUFFERED: usize = 32 * 1024;

/// How long a line waits for others at most.
const MAX_WAIT: Duration = Duration::from_millis(100);

/// Stdout as a stream of records. On a terminal, and once the run is interrupted, each is written at once.
pub(super) struct RecordStream<'a> {
    cancellation: &'a Cancellation,
    is_terminal: bool,
    lines: RefCell<Vec<u8>>,
}

impl<'a> RecordStream<'a> {
    pub(super) fn new(cancellation: &'a Cancellation) -> Self {
        let is_terminal = io::stdout().is_terminal();
        Self { cancellation, is_terminal, lines: RefCell::default() }
    }

    pub(super) fn write(&self, record: &Record, metadata: &RowMetadata) {
        let mut lines = self.lines.borrow_mut();
        // A vector takes whatever is written.
        let _ = write_removal(&mut *lines, record, Some(metadata));
        let is_full = lines.len() >= MAX_BUFFERED;
        drop(lines);
        if is_full || self.is_terminal || self.cancellation.is_cancelled() {
            self.flush();
        }
    }

    /// Writes what is collected. A closed pipe ends nothing: what was planned is still carried out.
    pub(super) fn flush(&self) {
        let lines = std::mem::take(&mut *self.lines.borrow_mut());
        if !lines.is_empty() {
            let _room = self.is_terminal.then(progress::room_on_stdout);
            let mut out = io::stdout().lock();
            let _ = out.write_all(&lines).and_then(|()| out.flush());
        }
    }

    /// Waits for `run`; meanwhile no line waits for long.
    pub(super) async fn during<T>(&self, run: impl Future<Output = T>) -> T {
        let mut run = std::pin::pin!(run);
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut run => break ended,
                () = tokio::time::sleep(MAX_WAIT) => self.flush(),
            }
        };
        self.flush();
        ended
    }
}
