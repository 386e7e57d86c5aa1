//! I/O module: how far a run is: one line on stderr for a person who waits, gone before anything else is said there.
//!
//! The lock of stderr is what keeps the line and the talk apart: whoever writes to the terminal holds it, takes the line
//! away first, and only then writes.

use std::io::{self, IsTerminal as _, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::{source, terminal};

/// How long a run may take before it says how far it is: a quick one is over by then.
const DELAY: Duration = Duration::from_millis(400);

/// One host is no list to get through; two are.
const MIN_HOSTS: usize = 2;

/// So few sessions are seen at a glance.
const MIN_SESSIONS: usize = 6;

/// What a terminal adds to the line when Ctrl-C is typed: `^C`.
const ECHO: usize = 2;

/// The cells that the line takes on the terminal now; 0 where none stands.
static STANDING: AtomicUsize = AtomicUsize::new(0);

/// Counts what is done. Dropping it takes the line away.
pub(crate) struct Progress {
    line: Option<Arc<Mutex<Line>>>,
    delay: Option<JoinHandle<()>>,
}

/// What the line says.
struct Line {
    verb: &'static str,
    noun: &'static str,
    done: usize,
    of: usize,
    failed: usize,
    /// Whether the delay is over.
    due: bool,
}

impl Progress {
    /// `listed 12 of 50 hosts`.
    pub(crate) fn listing(hosts: usize) -> Self {
        Self::start("listed", "hosts", hosts, MIN_HOSTS)
    }

    /// `closed 30 of 120 sessions, 1 failed`.
    pub(crate) fn closing(sessions: usize) -> Self {
        Self::start("closed", "sessions", sessions, MIN_SESSIONS)
    }

    /// Nothing but silence where there are fewer than `min`, and where nobody would see it.
    fn start(verb: &'static str, noun: &'static str, of: usize, min: usize) -> Self {
        if of < min || !is_wanted() {
            return Self { line: None, delay: None };
        }
        let line = Arc::new(Mutex::new(Line { verb, noun, done: 0, of, failed: 0, due: false }));
        let waiting = Arc::clone(&line);
        let delay = tokio::spawn(async move {
            tokio::time::sleep(DELAY).await;
            let mut line = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            line.due = true;
            line.draw();
        });
        Self { line: Some(line), delay: Some(delay) }
    }

    /// One more is done, well or not.
    pub(crate) fn one_more(&self, well: bool) {
        let Some(line) = &self.line else { return };
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        if well {
            line.done += 1;
        } else {
            line.failed += 1;
        }
        line.draw();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(delay) = &self.delay {
            delay.abort();
        }
        if let Some(line) = &self.line {
            // The delay may have ended just now: it must draw nothing any more.
            let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
            line.of = 0;
            clear(&mut io::stderr().lock());
        }
    }
}

impl Line {
    fn draw(&self) {
        if !self.due || self.of == 0 {
            return;
        }
        let mut out = io::stderr().lock();
        clear(&mut out);
        let width = terminal::width_of_stderr().unwrap_or(usize::MAX).saturating_sub(ECHO + 1);
        let text: String = self.to_string().chars().take(width).collect();
        // A closed stderr leaves nobody to tell.
        let _ = write!(out, "{text}").and_then(|()| out.flush());
        STANDING.store(text.len() + ECHO, Ordering::Relaxed);
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { verb, noun, done, of, failed, .. } = self;
        write!(f, "{verb} {done} of {of} {noun}")?;
        if *failed > 0 { write!(f, ", {failed} failed") } else { Ok(()) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_only_where_there_are_some() {
        let mut line = Line { verb: "closed", noun: "sessions", done: 30, of: 120, failed: 0, due: true };
        assert_eq!(line.to_string(), "closed 30 of 120 sessions");
        line.failed = 1;
        assert_eq!(line.to_string(), "closed 30 of 120 sessions, 1 failed");
    }
}
