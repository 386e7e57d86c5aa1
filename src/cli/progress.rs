//! I/O module: how far a run is: one line on stderr for a person who waits, gone before anything else is said there.
//!
//! The lock of stderr is what keeps the line and the talk apart: whoever writes to the terminal holds it, takes the line
//! away first, and only then writes.

use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use unicode_width::UnicodeWidthStr as _;

use super::render::ProgressLine;
use super::{source, terminal};

/// How long a run may take before it says how far it is: a quick one is over by then.
const DELAY: Duration = Duration::from_secs(1);

/// How often the line is drawn where nothing happens: it tells how long that has lasted.
const TICK: Duration = Duration::from_secs(1);

/// What a terminal adds to the line when Ctrl-C is typed: `^C`.
const ECHO: usize = 2;

/// The columns of a terminal that does not tell.
const USUAL_WIDTH: usize = 80;

/// The cells that the line takes on the terminal now; 0 where none stands.
static STANDING: AtomicUsize = AtomicUsize::new(0);

/// Counts what is done. Dropping it takes the line away.
#[derive(Default)]
pub(crate) struct Progress {
    line: Option<Arc<Mutex<Line>>>,
    ticks: Option<JoinHandle<()>>,
}

/// The line, and whether it is drawn.
struct Line {
    shown: ProgressLine,
    started: Instant,
    /// Whether the delay is over.
    due: bool,
    /// Nothing is drawn any more.
    ended: bool,
}

impl Progress {
    /// Nothing but silence where nobody would see it, or `quiet` says so.
    pub(crate) fn start(quiet: bool) -> Self {
        if quiet || !is_wanted() {
            return Self::default();
        }
        let shown = ProgressLine::default();
        let line = Line { shown, started: Instant::now(), due: false, ended: false };
        let line = Arc::new(Mutex::new(line));
        let waiting = Arc::clone(&line);
        let ticks = tokio::spawn(async move {
            tokio::time::sleep(DELAY).await;
            loop {
                {
                    let mut line = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    line.due = true;
                    line.draw();
                }
                tokio::time::sleep(TICK).await;
            }
        });
        Self { line: Some(line), ticks: Some(ticks) }
    }

    /// Notes what happened, with the time since the start, and draws the line.
    pub(crate) fn note(&self, change: impl FnOnce(&mut ProgressLine, Duration)) {
        let Some(line) = &self.line else { return };
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        let now = line.started.elapsed();
        change(&mut line.shown, now);
        line.draw();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(ticks) = &self.ticks {
            ticks.abort();
        }
        if let Some(line) = &self.line {
            // A tick may have begun just now: it must draw nothing any more.
            let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
            line.ended = true;
            clear(&mut io::stderr().lock());
        }
    }
}

impl Line {
    fn draw(&self) {
        if !self.due || self.ended {
            return;
        }
        // A terminal wraps where its last column is written to.
        let width = terminal::width_of_stderr().unwrap_or(USUAL_WIDTH).saturating_sub(ECHO + 1);
        let text = self.shown.text(self.started.elapsed(), width);
        let mut out = io::stderr().lock();
        clear(&mut out);
        // A closed stderr leaves nobody to tell.
        let _ = write!(out, "{text}").and_then(|()| out.flush());
        STANDING.store(if text.is_empty() { 0 } else { text.width() + ECHO }, Ordering::Relaxed);
    }
}

/// Where stdout is a terminal, too: takes the line away and keeps it away for as long as the lock lives. A pipe may be
/// stuck, and must not keep anybody from stderr.
pub(crate) fn room_on_stdout() -> Option<io::StderrLock<'static>> {
    let mut stderr = io::stdout().is_terminal().then(|| io::stderr().lock())?;
    clear(&mut stderr);
    Some(stderr)
}

/// Takes the line away, if one stands. Whoever then writes to the terminal holds the lock of stderr meanwhile.
pub(crate) fn clear(stderr: &mut io::StderrLock<'_>) {
    let cells = STANDING.swap(0, Ordering::Relaxed);
    if cells > 0 {
        // Blanks and not an escape sequence: every terminal knows them.
        let _ = write!(stderr, "\r{:cells$}\r", "").and_then(|()| stderr.flush());
    }
}

/// On a terminal that can go back to the start of a line, and not between log lines.
fn is_wanted() -> bool {
    io::stderr().is_terminal()
        && source::variable("TERM").is_none_or(|terminal| terminal != "dumb")
        && !tracing::enabled!(tracing::Level::INFO)
}
