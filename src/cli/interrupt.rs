//! I/O module: Ctrl-C and SIGTERM, and on Windows the end of the console. The first starts nothing new and lets the run
//! conclude; the second ends it at once. While a question is open nothing has been sent that closes, and the first ends it
//! at once, too.

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pssession::teardown::{Cancellation, Interruption};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::exit::Exit;
use super::terminal::{Device, Settings, Terminal, Typing};
use super::{progress, source};

/// Watches for signals while a run goes on.
pub(crate) struct Watch {
    seen: Arc<OnceLock<Interruption>>,
    question: Arc<Mutex<Option<Settings>>>,
    last_act: LastAct,
    /// Stdin has ended, where that is an interrupt.
    ended: Arc<Notify>,
    asks: bool,
    task: JoinHandle<()>,
}

/// What is done before the process is left at once, whose exit code it is told.
type LastAct = Arc<OnceLock<Box<dyn Fn(Exit) + Send + Sync>>>;

/// A question is open until this is dropped.
pub(crate) struct Question<'a>(&'a Watch);

/// Cancels `cancellation` at the first signal; the second ends the process at once, with the code of its signal.
pub(crate) fn watch(cancellation: &Cancellation) -> Watch {
    let (seen, question) = (Arc::new(OnceLock::new()), Arc::new(Mutex::new(None)));
    let last_act = LastAct::default();
    let (reported, open, cancellation) = (Arc::clone(&seen), Arc::clone(&question), cancellation.clone());
    let act = Arc::clone(&last_act);
    let ended = Arc::new(Notify::new());
    let end = Arc::clone(&ended);
    // Before anything is asked: a terminal that hides what is typed must not be left like that.
    let mut signals = Signals::catch();
    let task = tokio::spawn(async move {
        let first = tokio::select! {
            signal = signals.next() => signal,
            // Whoever closes stdin at a Ctrl-C that has reached this process, too, does not mean it twice.
            () = end.notified() => Interruption::Int,
        };
        let _ = reported.set(first);
        {
            let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(settings) = open.take() {
                leave_terminal(&settings, &act, first);
            }
        }
        cancellation.cancel();
        leave(&act, signals.next().await);
    });
    Watch { seen, question, last_act, ended, asks: true, task }
}

impl Watch {
    /// Does this before a second signal, or one at a question, ends the process; it must be quick.
    pub(crate) fn before_leaving(&self, act: impl Fn(Exit) + Send + Sync + 'static) {
        let _ = self.last_act.set(Box::new(act));
    }

    /// From now on every question is refused.
    pub(crate) fn never_ask(&mut self) {
        self.asks = false;
    }

    /// Whether a question may be asked.
    pub(crate) fn asks(&self) -> bool {
        self.asks
    }

    /// Where questions are asked.
    ///
    /// # Errors
    /// There is no terminal, or nothing may be asked.
    pub(crate) fn terminal(&self) -> io::Result<Device> {
        if self.asks { Terminal::open() } else { Err(io::Error::other("--supervised asks nothing")) }
    }

    /// From now on the end of stdin interrupts as the first signal does.
    pub(crate) fn interrupt_at_end_of_stdin(&self) {
        let ended = Arc::clone(&self.ended);
        // A read from a pipe cannot be cancelled; the thread ends with the process.
        std::thread::spawn(move || {
            let _ = source::await_end_of_stdin();
            ended.notify_one();
        });
    }

    /// Opens a question: the thread that asks it waits for the terminal and cannot be cancelled.
    pub(crate) fn question(&self) -> Question<'_> {
        self.open(Some(Typing::Shown))
    }

    /// The same for a secret: what is typed is hidden before the question is shown, and until it is answered.
    pub(crate) fn hidden_question(&self) -> Question<'_> {
        self.open(Some(Typing::Hidden))
    }

    /// The same while a file or a pipe is read, which may take as long. The terminal is left alone: another program of
    /// the same pipeline may use it.
    pub(crate) fn reading(&self) -> Question<'_> {
        self.open(None)
    }

    fn open(&self, typing: Option<Typing>) -> Question<'_> {
        // Whoever holds the lock decides over the terminal; a watcher that leaves never gives it back.
        let mut open = self.question.lock().unwrap_or_else(PoisonError::into_inner);
        let settings = if typing.is_some() { Settings::now() } else { Settings::default() };
        // The watcher notes a signal before it looks for a question, so that none falls between the two.
        if let Some(signal) = self.seen.get() {
            leave_terminal(&settings, &self.last_act, *signal);
        }
        if let Some(typing) = typing {
            settings.line_mode(typing);
        }
        *open = Some(settings);
        Question(self)
    }

    /// Stops watching, and tells which signal came, if one did.
    pub(crate) fn stop(&self) -> Option<Interruption> {
        self.task.abort();
        self.seen.get().copied()
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        if let Some(settings) = self.0.question.lock().unwrap_or_else(PoisonError::into_inner).take() {
            settings.put_back();
        }
    }
}

fn leave_terminal(settings: &Settings, last_act: &LastAct, signal: Interruption) -> ! {
    settings.put_back();
    // The cursor stands behind the question.
    let _ = writeln!(std::io::stderr());
    leave(last_act, signal)
}

fn leave(last_act: &LastAct, signal: Interruption) -> ! {
    let exit = match signal {
        Interruption::Int => Exit::INTERRUPTED,
        Interruption::Term => Exit::TERMINATED,
    };
    progress::clear(&mut std::io::stderr().lock());
    if let Some(act) = last_act.get() {
        act(exit);
    }
    std::process::exit(i32::from(exit.code()))
}

/// Ctrl-C, SIGTERM and a hangup, caught from the moment this exists; on Windows Ctrl-C, Ctrl-Break, and what comes before
/// the system ends the process: a closed window, a logoff, a shutdown. Where they cannot be caught, the system's own way
/// applies.
struct Signals {
    #[cfg(unix)]
    caught: Option<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)>,
    /// Not where it is ignored: whoever said `nohup` wants to go on.
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
    #[cfg(windows)]
    caught: Option<console::Events>,
}

impl Signals {
    #[cfg(unix)]
    fn catch() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let caught = signal(SignalKind::interrupt()).ok().zip(signal(SignalKind::terminate()).ok());
        let hangup = if source::ignores_hangup() { None } else { signal(SignalKind::hangup()).ok() };
        Self { caught, hangup }
    }

    #[cfg(windows)]
    fn catch() -> Self {
        Self { caught: console::Events::catch().ok() }
    }

    /// Waits for the next one.
    async fn next(&mut self) -> Interruption {
        #[cfg(unix)]
        if let Some((int, term)) = &mut self.caught {
            let hangup = async {
                match &mut self.hangup {
                    Some(hangup) => drop(hangup.recv().await),
                    None => std::future::pending().await,
                }
            };
            return tokio::select! {
                _ = int.recv() => Interruption::Int,
                _ = term.recv() => Interruption::Term,
                () = hangup => Interruption::Term,
            };
        }
        #[cfg(windows)]
        if let Some(events) = &mut self.caught {
            return events.next().await;
        }
        std::future::pending().await
    }
}

/// The events of a console, which take the place of signals.
#[cfg(windows)]
mod console {
    use std::io;

    use pssession::teardown::Interruption;
    use tokio::signal::windows as events;

    pub(super) struct Events {
        ctrl_c: events::CtrlC,
        ctrl_break: events::CtrlBreak,
        close: events::CtrlClose,
        logoff: events::CtrlLogoff,
        shutdown: events::CtrlShutdown,
    }

    impl Events {
        pub(super) fn catch() -> io::Result<Self> {
            Ok(Self {
                ctrl_c: events::ctrl_c()?,
                ctrl_break: events::ctrl_break()?,
                close: events::ctrl_close()?,
                logoff: events::ctrl_logoff()?,
                shutdown: events::ctrl_shutdown()?,
            })
        }

        pub(super) async fn next(&mut self) -> Interruption {
            tokio::select! {
                _ = self.ctrl_c.recv() => Interruption::Int,
                _ = self.ctrl_break.recv() => Interruption::Int,
                _ = self.close.recv() => Interruption::Term,
                _ = self.logoff.recv() => Interruption::Term,
                _ = self.shutdown.recv() => Interruption::Term,
            }
        }
    }
}

/// Waits for a signal. Signals are caught from the call on, not only from the first poll: call it before a server is
/// announced.
pub(crate) fn wait() -> impl Future<Output = Interruption> {
    let mut signals = Signals::catch();
    async move { signals.next().await }
}
