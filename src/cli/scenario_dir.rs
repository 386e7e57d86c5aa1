//! I/O module: recorded exchanges on their way into a folder of scenarios.
#![expect(clippy::disallowed_methods, reason = "looks for the folder that is to be replaced")]

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pssession::conformance::{
    HEADER_FILE, RawExchange, RecordedFile, Recorder, Replaced, ScrubOptions, scenarios,
};
use pssession::transport::{ExchangeObserver, ObservedExchange};

use tokio::sync::Notify;

use super::atomic_dir::AtomicDir;
use super::diagnostic::Diagnostic;
use super::exit::Exit;

/// Scrubs exchanges when they end, and writes them beside the folder that they are for.
#[derive(Debug)]
pub(crate) struct ScenarioDir {
    place: PathBuf,
    state: Mutex<State>,
    failed: Notify,
}

#[derive(Debug)]
struct State {
    recorder: Recorder,
    /// Until the recording is kept or given up.
    folder: Option<AtomicDir>,
    failure: Option<io::Error>,
}

impl ScenarioDir {
    /// Makes room beside `place`.
    pub(crate) fn begin(place: &Path, title: &str, keeps: ScrubOptions) -> io::Result<Self> {
        let state = State {
            recorder: Recorder::new(title, keeps),
            folder: Some(AtomicDir::beside(place)?),
            failure: None,
        };
        Ok(Self { place: place.to_owned(), state: Mutex::new(state), failed: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something cannot be written, so that the recording is lost.
    pub(crate) async fn failed(&self) {
        self.failed.notified().await;
    }

    /// Whether something could not be written.
    pub(crate) fn has_failed(&self) -> bool {
        self.state().failure.is_some()
    }

    /// How many exchanges there are, of how many servers, and how many were left out.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let state = self.state();
        let scenarios = state.recorder.scenarios();
        let exchanges = scenarios.iter().map(pssession::conformance::RecordedScenario::len).sum();
        (exchanges, scenarios.len(), state.recorder.left_out())
    }

    /// What was replaced so far.
    pub(crate) fn replaced(&self) -> Vec<Replaced> {
        self.state().recorder.replaced().to_vec()
    }

    /// Puts the scenarios in their place: one alone in the folder itself, several in folders of their own.
    pub(crate) fn keep(&self) -> io::Result<()> {
        let mut state = self.state();
        let Some(folder) = state.folder.take() else { return Ok(()) };
        if let Some(error) = state.failure.take() {
            return Err(error);
        }
        let recorder = &state.recorder;
        for scenario in recorder.scenarios() {
            for (from, to) in scenario.renamed() {
                folder.rename(scenario.folder(), &from, &to)?;
            }
            write(&folder, &recorder.header(scenario))?;
        }
        match recorder.scenarios() {
            [only] => folder.appear_from(only.folder()),
            _ => folder.appear(),
        }
    }

    /// Leaves nothing behind.
    pub(crate) fn give_up(&self) {
        self.state().folder = None;
    }

    /// The folder.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }
}

impl ExchangeObserver for ScenarioDir {
    fn observe(&self, exchange: &ObservedExchange<'_>) {
        let mut state = self.state();
        if state.failure.is_some() || state.folder.is_none() {
            return;
        }
        let endpoint = exchange.endpoint;
        let raw = RawExchange {
            sequence: exchange.sequence,
            server: (endpoint.computer_name(), endpoint.port()),
            request: exchange.request.as_bytes(),
            response: exchange.response.map(|reply| (reply.status, &*reply.body)),
        };
        // What is left out is counted, and named in the end.
        let Ok(files) = state.recorder.record(&raw) else { return };
        let folder = state.folder.as_ref();
        let written = folder.map_or(Ok(()), |folder| files.iter().try_for_each(|file| write(folder, file)));
        state.failure = written.err();
        if state.failure.is_some() {
            self.failed.notify_one();
        }
    }
}

fn write(folder: &AtomicDir, file: &RecordedFile) -> io::Result<()> {
    folder.write_in(&file.folder, &file.name, &file.bytes)
}

/// Nothing is replaced unasked, and nothing but scenarios is.
pub(crate) fn spare_what_is_there(dir: &Path, force: bool) -> Result<(), Diagnostic> {
    let refused = |message, hint: &str| {
        Err(Diagnostic::new("FolderExists", "ResourceExists", message, Exit::USAGE).with_hint(hint))
    };
    if !dir.exists() {
        Ok(())
    } else if !holds_only_scenarios(dir) {
        let message =
            format!("{} is not a scenario, and is not changed: it has no {HEADER_FILE}", dir.display());
        refused(message, "choose another directory")
    } else if !force {
        refused(format!("{} already exists", dir.display()), "use --force to replace the scenario")
    } else {
        Ok(())
    }
}

/// Whether the folder is a scenario, or has nothing in it but folders that are.
fn holds_only_scenarios(dir: &Path) -> bool {
    if dir.join(HEADER_FILE).is_file() {
        return true;
    }
    let found: BTreeSet<_> = scenarios(dir).unwrap_or_default().into_iter().collect();
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    !found.is_empty() && entries.map(|entry| entry.path()).all(|path| found.contains(&path))
}
