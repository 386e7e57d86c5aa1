//! I/O module: this process as the system sees it: what it leaves behind when it dies, and what the programs that it starts
//! inherit.
#![expect(clippy::disallowed_methods, reason = "starts programs")]

use std::ffi::OsStr;
use std::io;
use std::process::{Child, Command, Stdio};

use zeroize::Zeroizing;

use super::login::PASSWORD;
use super::source;

#[cfg(unix)]
pub(crate) use limits::{forbid_core_dumps, raise_open_files};

/// Elsewhere the system asks before it keeps what a process had in memory, or an administrator decides it.
#[cfg(not(unix))]
pub(crate) fn forbid_core_dumps() {}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub(crate) fn raise_open_files() -> Option<usize> {
    None
}

/// What a run needs of open files beside its connections: stdin, stdout, stderr, the table, the report, the runtime.
const OTHER_FILES: usize = 64;

/// How many connections may be open at the same time with so many open files. While one is opened it may need a second
/// one: to ask the name service, or for the login.
pub(crate) fn connections_within(open_files: usize) -> usize {
    (open_files.saturating_sub(OTHER_FILES) / 2).max(1)
}

/// Starts a program, with the limits that this process was started with. It has no use for our password, and neither has
/// what it starts.
pub(crate) fn start(command: &mut Command) -> io::Result<Child> {
    command.env_remove(PASSWORD);
    #[cfg(unix)]
    let _as_we_were_started = limits::AsFound::new();
    command.spawn()
}

/// Goes on as the same command with this variable in its environment, unless it is there: a library that reads it would
/// not see one that was set while other threads run. The process keeps its id.
#[cfg(unix)]
pub(crate) fn with_variable(name: &str, value: &OsStr) -> io::Result<()> {
    use std::os::unix::process::CommandExt as _;
    if std::env::var_os(name).as_deref() == Some(value) {
        return Ok(());
    }
    let mut words = std::env::args_os();
    let mut same = Command::new(std::env::current_exe()?);
    same.arg0(words.next().unwrap_or_default()).args(words).env(name, value);
    let _as_we_were_started = limits::AsFound::new();
    Err(same.exec())
}

/// Elsewhere nobody needs it.
#[cfg(not(unix))]
pub(crate) fn with_variable(_name: &str, _value: &OsStr) -> io::Result<()> {
    Ok(())
}

/// What a command of the system's shell prints, at most `limit` bytes; wiped when it is dropped.
///
/// # Errors
/// What became of the command, to stand behind its name: it cannot be started, prints too much, or fails.
pub(crate) fn printed_by(command: &str, limit: u64) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut program = shell(command);
    program.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = start(&mut program).map_err(|error| format!("cannot be started: {error}"))?;
    let printed = child.stdout.take().map(|stdout| source::bounded(stdout, limit)).transpose();
    let status = child.wait().map_err(|error| format!("cannot be waited for: {error}"))?;
    let printed = printed.map_err(|error| format!("printed unreadable output: {error}"))?;
    match status.success() {
        true => Ok(printed.unwrap_or_default()),
        false => Err(format!("failed ({status})")),
    }
}

/// The system's shell with this command.
#[cfg(not(windows))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

/// Windows' shell reads the rest of its command line itself: quotes inside would reach it escaped, as C programs want
/// them. `/D` runs nothing that the registry names, which could print; `/S` takes off the outer quotes alone.
#[cfg(windows)]
fn shell(command: &str) -> Command {
    use std::os::windows::process::CommandExt as _;
    let mut shell = Command::new("cmd");
    shell.raw_arg(format!("/D /S /C \"{command}\""));
    shell
}

/// The limits of this process. Core files hold passwords and keys; each connection is an open file.
#[cfg(unix)]
mod limits {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// Those that this process was started with, once they are changed.
    static FOUND: Mutex<Found> = Mutex::new(Found { core: None, open_files: None });

    struct Found {
        core: Option<Rlimit>,
        open_files: Option<Rlimit>,
    }

    /// Makes sure that no core file of this process is written, and on Linux that no other process of this user can read
    /// its memory. Where the system refuses there is nothing else to try.
    pub(crate) fn forbid_core_dumps() {
        let mut found = lock();
        found.core.get_or_insert_with(|| getrlimit(Resource::Core));
        found.change();
        // A core_pattern with a pipe ignores the limit. A program that is started becomes dumpable by itself.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    }

    /// Raises the limit of open files to the hard one. Returns what it is then; `None` if there is none.
    pub(crate) fn raise_open_files() -> Option<usize> {
        let mut found = lock();
        found.open_files.get_or_insert_with(|| getrlimit(Resource::Nofile));
        found.change();
        getrlimit(Resource::Nofile).current.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
    }

    impl Found {
        /// The hard limits stay, for they could not be raised again.
        fn change(&self) {
            if let Some(found) = self.core {
                let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..found });
            }
            if let Some(found) = self.open_files {
                let _ = setrlimit(Resource::Nofile, Rlimit { current: found.maximum, ..found });
            }
        }

        fn restore(&self) {
            for (resource, found) in [(Resource::Core, self.core), (Resource::Nofile, self.open_files)] {
                if let Some(found) = found {
                    let _ = setrlimit(resource, found);
                }
            }
        }
    }

    fn lock() -> MutexGuard<'static, Found> {
        FOUND.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The limits are the old ones again for as long as this lives: what is started inherits them. On Linux this process
    /// is not dumpable meanwhile either.
    pub(super) struct AsFound(MutexGuard<'static, Found>);

    impl AsFound {
        pub(super) fn new() -> Self {
            let found = lock();
            found.restore();
            Self(found)
        }
    }

    impl Drop for AsFound {
        fn drop(&mut self) {
            self.0.change();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_of_a_command_are_the_shells_own() {
        let printed =
            |command: &str| printed_by(command, 1024).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("two words");
        #[expect(clippy::disallowed_methods, reason = "a test writes a file of its own")]
        std::fs::write(&file, "secret").unwrap();
        let (read, both) = match cfg!(windows) {
            true => (format!("type \"{}\"", file.display()), "echo a& echo \"b c\""),
            false => (format!("cat \"{}\"", file.display()), "echo a; echo '\"b c\"'"),
        };
        assert_eq!(printed(&read).unwrap(), "secret");
        assert_eq!(printed(both).unwrap().lines().collect::<Vec<_>>(), ["a", "\"b c\""]);
        let failed = printed("exit 3").unwrap_err();
        assert!(failed.starts_with("failed (exit ") && failed.ends_with(": 3)"), "{failed}");
    }

    #[test]
    fn connections_leave_room_for_other_files() {
        for (open_files, connections) in [(0, 1), (64, 1), (256, 96), (1_024, 480)] {
            assert_eq!(connections_within(open_files), connections, "{open_files}");
        }
    }
}
