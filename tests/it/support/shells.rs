//! Shells that a machine may lack.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Whether this shell is installed. Where `PSSESSION_REQUIRE_SHELLS` is set it must be; elsewhere its lack is told.
pub(crate) fn has(shell: &str) -> bool {
    let there = Command::new(shell).arg("--version").stdout(Stdio::null()).status().is_ok();
    assert!(there || std::env::var_os("PSSESSION_REQUIRE_SHELLS").is_none(), "{shell} is not installed");
    if !there {
        // Straight to stderr: what a test prints is shown only when it fails.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no {shell} on this machine");
    }
    there
}
