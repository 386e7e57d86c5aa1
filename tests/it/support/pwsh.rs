//! PowerShell: the one that `PSSESSION_PWSH` names, else `pwsh` of the path. Few machines have it, so its lack is no
//! more than a message, except where a test needs it.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// A PowerShell to come, without a profile, with the command under test first on its path and a home for its state.
pub(crate) struct Pwsh {
    command: Command,
}

/// PowerShell; none where there is none, which is told.
pub(crate) fn pwsh(home: &Path) -> Option<Pwsh> {
    let mut command = Command::new(program()?);
    let folder = Path::new(env!("CARGO_BIN_EXE_pssession")).parent().unwrap();
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(&others)));
    command.args(["-NoLogo", "-NoProfile", "-NonInteractive"]).stdin(Stdio::null());
    command.env("PATH", path.unwrap()).env("NO_COLOR", "1").env("TERM", "dumb");
    command.env("XDG_CONFIG_HOME", home.join("config")).env("XDG_STATE_HOME", home.join("state"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PSSESSION_") {
            command.env_remove(name);
        }
    }
    command.env_remove("PSSESSION");
    Some(Pwsh { command })
}

impl Pwsh {
    pub(crate) fn current_dir(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Takes the command from its path, and gives it a home without modules. Its cache stays.
    pub(crate) fn without_the_command(mut self, home: &Path) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let others = std::env::split_paths(&path).filter(|folder| !folder.join("pssession").exists());
        self.command.env("PATH", std::env::join_paths(others).unwrap());
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
        self.command.env("XDG_CACHE_HOME", cache.unwrap());
        self.command.env("HOME", home).env_remove("XDG_DATA_HOME").env_remove("PSModulePath");
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs a script to its end. Its stdout, and its exit code with all that it wrote.
    pub(crate) fn run(mut self, script: &str) -> (String, Option<i32>, String) {
        let output = self.command.args(["-Command", script]).output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let all = format!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
        (stdout, output.status.code(), all)
    }
}

fn program() -> Option<OsString> {
    static PROGRAM: OnceLock<Option<OsString>> = OnceLock::new();
    PROGRAM.get_or_init(look).clone()
}

fn look() -> Option<OsString> {
    let named = std::env::var_os("PSSESSION_PWSH").filter(|named| !named.is_empty());
    let program = named.unwrap_or_else(|| "pwsh".into());
    let reported = Command::new(&program).arg("--version").stdin(Stdio::null()).output();
    if reported.is_ok_and(|reported| reported.status.success()) {
        return Some(program);
    }
    // Straight to stderr: what a test prints is shown only when it fails.
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: no PowerShell ({}); PSSESSION_PWSH names one",
        program.to_string_lossy()
    );
    None
}
