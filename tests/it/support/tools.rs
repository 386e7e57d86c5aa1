//! Programs that a machine may lack: shells, jq, xmllint.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Whether this program is installed. Where `PSSESSION_REQUIRE_TOOLS` is set it must be; elsewhere its lack is told.
pub(crate) fn has(program: &str) -> bool {
    has_command(program, "--version")
}

/// The same for a program that has another word for its version.
pub(crate) fn has_command(program: &str, version: &str) -> bool {
    let there =
        Command::new(program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    needs(program, there)
}

/// The same for what is looked for in another way.
pub(crate) fn needs(program: &str, there: bool) -> bool {
    assert!(there || std::env::var_os("PSSESSION_REQUIRE_TOOLS").is_none(), "{program} is not installed");
    if !there {
        // Straight to stderr: what a test prints is shown only when it fails.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no {program} on this machine");
    }
    there
}
