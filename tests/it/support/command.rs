//! Runs the built command in a world of its own: no environment but what a test gives, no terminal, a home that is
//! empty and must stay so.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use pssession::simulator::Simulator;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

/// One run of the command to come.
pub(crate) struct Pssession {
    command: Command,
    home: TempDir,
    _table: TempDir,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Pssession {
    pub(crate) fn new<S: AsRef<str>>(args: impl IntoIterator<Item = S>) -> Self {
        Self::of(detached(env!("CARGO_BIN_EXE_pssession")), args)
    }

    /// A run that may have so many open files.
    #[cfg(unix)]
    pub(crate) fn with_open_files<S: AsRef<str>>(limit: u32, args: impl IntoIterator<Item = S>) -> Self {
        let mut command = detached("/bin/sh");
        let limited = format!("ulimit -n {limit}; exec \"$@\"");
        command.args(["-c", &limited, "sh", env!("CARGO_BIN_EXE_pssession")]);
        Self::of(command, args)
    }

    /// The same command as a Windows program.
    #[cfg(target_os = "linux")]
    pub(crate) fn under_wine<S: AsRef<str>>(exe: &str, args: impl IntoIterator<Item = S>) -> Self {
        let mut command = detached("wine");
        command.arg(exe);
        Self::of(command, args)
    }

    fn of<S: AsRef<str>>(mut command: Command, args: impl IntoIterator<Item = S>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let table = tempfile::tempdir().unwrap();
        command.env_clear();
        if cfg!(windows) {
            // Sockets and the shell are found through these.
            for name in ["PATH", "SystemRoot", "ComSpec", "TEMP", "TMP"] {
                command.envs(std::env::var_os(name).map(|value| (name, value)));
            }
            command.env("USERPROFILE", home.path());
            command.env("APPDATA", home.path().join("config"));
            command.env("LOCALAPPDATA", home.path().join("state"));
        } else {
            command.env("PATH", "/usr/bin:/bin").env("HOME", home.path());
            command.env("XDG_CONFIG_HOME", home.path().join("config"));
            command.env("XDG_STATE_HOME", home.path().join("state"));
        }
        command.env("PSSESSION_STORE", table.path().join("sessions.db"));
        command.args(args.into_iter().map(|arg| arg.as_ref().to_owned())).stdin(Stdio::null());
        Self { command, home, _table: table }
    }

    /// Logs in as the simulator's own user.
    pub(crate) fn login(mut self, simulator: &Simulator) -> Self {
        self.command.env("PSSESSION_USER", simulator.user());
        self.command.env("PSSESSION_PASSWORD", simulator.password().expose_secret());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Takes a variable away again.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Leaves it to the command where its table is: in the home that must stay empty.
    pub(crate) fn with_its_own_table(mut self) -> Self {
        self.command.env_remove("PSSESSION_STORE");
        self
    }

    /// Lets the command read `input` on stdin.
    pub(crate) fn stdin(mut self, input: impl AsRef<[u8]>) -> Self {
        use std::io::{Seek as _, Write as _};
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(input.as_ref()).unwrap();
        file.rewind().unwrap();
        self.command.stdin(file);
        self
    }

    /// Runs to the end on a blocking thread, so that an in-process server can answer meanwhile.
    pub(crate) async fn run(self) -> Run {
        tokio::task::spawn_blocking(move || self.run_blocking()).await.unwrap()
    }

    pub(crate) fn run_blocking(mut self) -> Run {
        let run = Run::from(started(|| self.command.output()));
        assert_empty(self.home.path());
        run
    }

    /// Leaves stdin to the test, too.
    pub(crate) fn piped_stdin(mut self) -> Self {
        self.command.stdin(Stdio::piped());
        self
    }

    /// Starts it and leaves it to the test.
    pub(crate) fn spawn(mut self) -> std::process::Child {
        started(|| self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn())
    }
}

/// Wine fails now and then to start one program while it starts another.
fn started<T>(mut start: impl FnMut() -> std::io::Result<T>) -> T {
    start().or_else(|error| if cfg!(windows) { start() } else { Err(error) }).unwrap()
}

/// The file that has nothing in it.
pub(crate) const NOTHING: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// A command of the system's shell that prints this file.
pub(crate) fn printing(file: &str) -> String {
    if cfg!(windows) { format!("type \"{file}\"") } else { format!("cat '{file}'") }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    /// Each line of stdout as a JSON object.
    pub(crate) fn records(&self) -> Vec<serde_json::Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// In a session of its own a process has no terminal to ask on, even where the tests run on one.
#[cfg(unix)]
fn detached(program: &str) -> Command {
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(program);
    command
}

#[cfg(not(unix))]
fn detached(program: &str) -> Command {
    Command::new(program)
}

/// The command must not have made anything in its home.
fn assert_empty(home: &Path) {
    let left: Vec<_> = std::fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "the command wrote {left:?}");
}
