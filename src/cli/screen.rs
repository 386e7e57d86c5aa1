//! I/O module: a screen of its own that is drawn again and again, and gives the terminal back as it was.

use std::cell::Cell;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::terminal;

/// To the other screen of the terminal, which has no history.
const ENTER: &str = "\u{1b}[?1049h";

/// Back to the usual one.
const LEAVE: &str = "\u{1b}[?1049l";

/// To the first cell, with nothing on the screen.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

/// The other screen of the terminal. Dropping it gives the usual one back.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    /// Shared with whoever leaves the process.
    entered: Arc<AtomicBool>,
    /// Whether the frame that is drawn has begun.
    begun: Cell<bool>,
}

impl Screen {
    /// Begins a frame, unless it has begun: what follows is written onto an empty screen.
    pub(crate) fn begin(&self) {
        if self.begun.replace(true) {
            return;
        }
        let enter = if self.entered.swap(true, Ordering::Relaxed) { "" } else { ENTER };
        // A closed terminal leaves nobody to draw for.
        let mut out = io::stdout().lock();
        let _ = write!(out, "{enter}{CLEAR}").and_then(|()| out.flush());
    }

    /// Draws the rest of the frame.
    pub(crate) fn draw(&self, text: &str) -> io::Result<()> {
        self.begin();
        self.begun.set(false);
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Gives the usual screen back.
    pub(crate) fn leave(&self) {
        leave(&self.entered);
    }

    /// The same for whoever ends the process at once.
    pub(crate) fn last_act(&self) -> impl Fn() + Send + Sync + 'static {
        let entered = Arc::clone(&self.entered);
        move || leave(&entered)
    }

    /// How many lines it has, if it tells.
    pub(crate) fn height() -> Option<usize> {
        terminal::height_of_stdout()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

fn leave(entered: &AtomicBool) {
    if entered.swap(false, Ordering::Relaxed) {
        let mut out = io::stdout().lock();
        let _ = write!(out, "{LEAVE}").and_then(|()| out.flush());
    }
}
