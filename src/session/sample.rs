//! Sessions for the tests of this module.

use std::time::SystemTime;

use super::descriptor::{SeenOn, SessionDescriptor};
use crate::wsman::{Shell, ShellId, uri};

/// A shell of which the server says no more than it must.
pub(super) fn bare_shell() -> Shell {
    Shell::new(
        ShellId::from_server("B6631D8E-65A0-49F2-9053-A1B156C95777"),
        format!("{}Microsoft.PowerShell", uri::POWERSHELL_PREFIX),
    )
}

/// A session on `web01` with what `change` adds to the bare shell.
pub(super) fn session(change: impl FnOnce(&mut Shell)) -> SessionDescriptor {
    let mut shell = bare_shell();
    change(&mut shell);
    let seen_on = SeenOn { host: "web01", url: "http://web01:5985/wsman", port: 5985 };
    SessionDescriptor::from_shell(shell, seen_on, r"LAB\ada", SystemTime::UNIX_EPOCH)
}
