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
#[derive(Default)]
pub(crate) struct Progress {
    line: Option<Arc<Mutex<Line>>>,
    delay: Option<JoinHandle<()>>,
}

/// What the line says.
#[derive(Default)]
struct Line {
    hosts: Count,
    sessions: Count,
    /// Whether the delay is over.
    due: bool,
    /// Nothing is drawn any more.
    ended: bool,
}

/// How many of them are done.
#[derive(Clone, Copy, Default)]
struct Count {
    done: usize,
    failed: usize,
    of: usize,
}

impl Progress {
    /// Nothing but silence where nobody would see it.
    pub(crate) fn start() -> Self {
        if !is_wanted() {
            return Self::default();
        }
        let line = Arc::new(Mutex::new(Line::default()));
        let waiting = Arc::clone(&line);
        let delay = tokio::spawn(async move {
            tokio::time::sleep(DELAY).await;
            let mut line = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            line.due = true;
            line.draw();
        });
        Self { line: Some(line), delay: Some(delay) }
    }

    /// So many hosts are listed.
    pub(crate) fn list(&self, hosts: usize) {
        self.change(|line| line.hosts = Count { of: hosts, ..Count::default() });
    }

    /// One more host has answered, or failed.
    pub(crate) fn listed(&self, well: bool) {
        self.change(|line| line.hosts.add(well));
    }

    /// So many sessions more are closed.
    pub(crate) fn close(&self, sessions: usize) {
        self.change(|line| line.sessions.of += sessions);
    }

    /// One more session has its outcome.
    pub(crate) fn closed(&self, well: bool) {
        self.change(|line| line.sessions.add(well));
    }

    fn change(&self, change: impl FnOnce(&mut Line)) {
        let Some(line) = &self.line else { return };
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut line);
        line.draw();
    }
}

impl Count {
    fn add(&mut self, well: bool) {
        *(if well { &mut self.done } else { &mut self.failed }) += 1;
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
        let text = self.to_string();
        let mut out = io::stderr().lock();
        clear(&mut out);
        let width = terminal::width_of_stderr().unwrap_or(usize::MAX).saturating_sub(ECHO + 1);
        let text: String = text.chars().take(width).collect();
        // A closed stderr leaves nobody to tell.
        let _ = write!(out, "{text}").and_then(|()| out.flush());
        STANDING.store(text.len() + ECHO, Ordering::Relaxed);
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts =
            [("listed", self.hosts, "hosts", MIN_HOSTS), ("closed", self.sessions, "sessions", MIN_SESSIONS)];
        let parts = parts.into_iter().filter(|(_, count, _, min)| count.of >= *min);
        let part = |(verb, count, noun, _): (&str, Count, &str, usize)| {
            let failed = if count.failed > 0 { format!(", {} failed", count.failed) } else { String::new() };
            format!("{verb} {} of {} {noun}{failed}", count.done, count.of)
        };
        f.write_str(&parts.map(part).collect::<Vec<_>>().join("; "))
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
    fn failures_are_shown_only_where_there_are_some() {
        let mut line = Line { sessions: Count { done: 30, failed: 0, of: 120 }, ..Line::default() };
        assert_eq!(line.to_string(), "closed 30 of 120 sessions");
        line.sessions.failed = 1;
        assert_eq!(line.to_string(), "closed 30 of 120 sessions, 1 failed");
        line.hosts = Count { done: 4, failed: 0, of: 5 };
        assert_eq!(line.to_string(), "listed 4 of 5 hosts; closed 30 of 120 sessions, 1 failed");
        line.sessions = Count { done: 1, failed: 0, of: 2 };
        assert_eq!(line.to_string(), "listed 4 of 5 hosts");
    }
}
