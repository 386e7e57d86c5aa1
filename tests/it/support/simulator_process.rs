//! `pssession simulator` in a process of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Child;

use serde_json::Value;

use super::command::Pssession;

/// A simulator at work, and what it printed.
pub(crate) struct Running {
    child: Child,
    printed: Value,
}

impl Running {
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::of(Self::command(options))
    }

    /// The command that starts one with these options.
    pub(crate) fn command(options: &[&str]) -> Pssession {
        Pssession::new(["simulator", "--shells", "3", "-o", "json"].iter().chain(options))
    }

    pub(crate) fn of(command: Pssession) -> Self {
        let mut child = command.spawn();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut stderr = String::new();
            child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
            panic!("the simulator did not start: {stderr}");
        }
        Self { child, printed: serde_json::from_str(&line).unwrap() }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.printed[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.printed))
    }

    pub(crate) fn printed(&self) -> &Value {
        &self.printed
    }

    /// Lists its shells with these options.
    pub(crate) fn list(&self, options: &[&str]) -> Pssession {
        let words = ["get", self.text("Url")];
        Pssession::new(words.iter().chain(options))
            .env("PSSESSION_USER", self.text("User"))
            .env("PSSESSION_PASSWORD", self.text("Password"))
    }

    /// Ends it, and gives what it wrote to stderr.
    pub(crate) fn end(mut self) -> String {
        let ended = std::process::Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(ended.success());
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        stderr
    }
}

/// A test that fails, or has nothing more to ask, leaves no process behind.
impl Drop for Running {
    fn drop(&mut self) {
        // Either has ended already, or ends now: nobody is left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
