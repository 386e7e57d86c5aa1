//! The fault matrix: every trouble that we know of, with each login, in each operation. `docs/faults.md` is what came.

mod auth_mode;
mod cell;
pub(crate) mod clock;
mod error_snapshots;
mod fault;
mod fleets;
mod host;
mod hostile;
mod many_shells;
#[cfg(target_os = "linux")]
mod memory;
mod page;
mod wire;
mod words;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pssession::simulator::OperationKind;
use pssession::teardown::RunStatus;

use self::auth_mode::{AUTH_MODES, AuthMode};
use self::cell::Ending;
use self::fault::{Fault, NotApplicable, faults_of_table};

/// What is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Handshake,
    Enumerate,
    Pull,
    Commands,
    Signal,
    /// The Get before a Delete that comes late.
    Check,
    Delete,
    /// The Get between two Deletes.
    Again,
    Verify,
}

const OPERATIONS: [Operation; 9] = [
    Operation::Handshake,
    Operation::Enumerate,
    Operation::Pull,
    Operation::Commands,
    Operation::Signal,
    Operation::Check,
    Operation::Delete,
    Operation::Again,
    Operation::Verify,
];

impl Operation {
    /// Which it is; listings after a Delete are its proof, and a Pull belongs to what was enumerated last.
    fn of(kind: OperationKind, of_commands: bool, deleted: bool) -> Option<Self> {
        match kind {
            OperationKind::EnumerateCommands => Some(Self::Commands),
            OperationKind::Pull if of_commands => Some(Self::Commands),
            OperationKind::Enumerate | OperationKind::Pull if deleted => Some(Self::Verify),
            OperationKind::Enumerate => Some(Self::Enumerate),
            OperationKind::Pull => Some(Self::Pull),
            OperationKind::Signal => Some(Self::Signal),
            OperationKind::Get if deleted => Some(Self::Again),
            OperationKind::Get => Some(Self::Check),
            OperationKind::Delete => Some(Self::Delete),
            _ => None,
        }
    }

    /// Whether its answer is no listing.
    fn is_single(self) -> bool {
        matches!(self, Self::Signal | Self::Check | Self::Delete | Self::Again)
    }
}

/// One cell of the matrix.
#[derive(Clone, Copy)]
struct Cell {
    fault_kind: &'static Fault,
    way: AuthMode,
    operation: Operation,
}

/// How a cell ended, or why there is no such thing.
type Verdict = Result<Ending, NotApplicable>;

/// Every cell in the page's order: by operation, by trouble, by login.
fn cells() -> Vec<Cell> {
    let of = |operation| {
        faults_of_table()
            .flat_map(move |fault_kind| AUTH_MODES.map(|way| Cell { fault_kind, way, operation }))
    };
    OPERATIONS.into_iter().flat_map(of).collect()
}

/// Runs the cells side by side. A cell that breaks a rule is told with its name, and the others run on.
fn run(cells: &[Cell]) -> Vec<Verdict> {
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(vec![None; cells.len()]);
    let work = || {
        while let Some((index, cell)) = {
            let index = next.fetch_add(1, Ordering::SeqCst);
            cells.get(index).map(|cell| (index, cell))
        } {
            let verdict = cell.run();
            verdicts.lock().unwrap()[index] = Some(verdict);
        }
    };
    let workers = std::thread::available_parallelism().map_or(2, usize::from) * 2;
    std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    let verdicts = verdicts.into_inner().unwrap();
    let broken: Vec<_> =
        verdicts.iter().filter_map(|verdict| verdict.as_ref()?.as_ref().err()?.as_ref().err()).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    verdicts.into_iter().map(|verdict| verdict.unwrap().map_err(|reason| reason.unwrap())).collect()
}

impl Cell {
    fn run(&self) -> Result<Ending, Result<NotApplicable, String>> {
        if let Some(reason) = self.fault_kind.not_applicable(self.way, self.operation) {
            return Err(Ok(reason));
        }
        std::panic::catch_unwind(|| cell::run(self.way, self.operation, self.fault_kind)).map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(format!("{self}: {}", text.unwrap_or_default()))
        })
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, {}, {}", self.operation, self.fault_kind.name, self.way.name())
    }
}

/// A redirect leads to a place where nobody may come.
fn nobody_was_redirected() {
    let error = wire::elsewhere().accept().map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

/// What the system says of a refused connection, as Linux says it: the page and the snapshots are kept so.
fn in_words_of_linux(text: &str) -> String {
    let refused = match std::env::consts::OS {
        "windows" => 10_061, // WSAECONNREFUSED
        "macos" => 61,
        _ => 111,
    };
    let refused = std::io::Error::from_raw_os_error(refused).to_string();
    text.replace(&refused, "Connection refused (os error 111)")
}

/// What the command ends with after such a run; `command::exit_codes` holds the command itself to it.
fn exit_code(status: RunStatus) -> u8 {
    match status {
        RunStatus::Success => 0,
        RunStatus::CouldNotBegin => 1,
        RunStatus::NotAsRequired => 3,
        RunStatus::Partial => 4,
        RunStatus::CredentialRefused => 5,
        RunStatus::Deadline => 7,
        RunStatus::Unknown => 8,
        other => panic!("no fault ends a run as {other:?}"),
    }
}

/// `PSSESSION_CELL` runs and shows the cells whose names hold it, such as `Delete, half an answer`.
#[test]
#[expect(clippy::print_stderr, reason = "whoever asks for a cell wants to see it")]
fn every_cell_of_the_matrix_ends_as_the_page_says() {
    let mut cells = cells();
    let only = std::env::var("PSSESSION_CELL").ok();
    cells.retain(|cell| only.as_ref().is_none_or(|only| cell.to_string().contains(only)));
    let verdicts = run(&cells);
    nobody_was_redirected();
    match only {
        Some(_) => cells.iter().zip(&verdicts).for_each(|(cell, verdict)| eprintln!("{cell}: {verdict:?}")),
        None => page::check(&cells, &verdicts, &fleets::rows(), &many_shells::rows()),
    }
}
