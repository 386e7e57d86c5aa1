//! Values that the tests of this module share.

use std::time::{Duration, SystemTime};

use crate::session::{LoginAccount, SeenOn, SessionDescriptor, Visibility};
use crate::wsman::{Fault, FaultCode, Shell, ShellId, ShellSchema};

pub(super) const POWERSHELL: &str = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell";
pub(super) const USER: &str = r"LAB\ada";

pub(super) fn shell(id: &str) -> Shell {
    Shell {
        schema: ShellSchema::Windows,
        shell_id: ShellId::from_server(id),
        resource_uri: POWERSHELL.into(),
        name: Some("Runspace1".into()),
        owner: Some(USER.into()),
        client_ip: Some("192.0.2.7".into()),
        process_id: Some(4711),
        state: Some("Disconnected".into()),
        idle_timeout: Some(Duration::from_secs(7_200)),
        max_idle_timeout: None,
        shell_run_time: Some(Duration::from_secs(62)),
        shell_inactivity: Some(Duration::from_secs(2)),
    }
}

/// A session of ours on `host`, seen by us.
pub(super) fn session(host: &str, id: &str) -> SessionDescriptor {
    let url = format!("http://{host}:5985/wsman");
    let seen_on = SeenOn { host, url: &url, port: 5985 };
    SessionDescriptor::from_shell(shell(id), seen_on, USER, SystemTime::UNIX_EPOCH)
}

/// What we see there before anything was listed.
pub(super) fn visibility() -> Visibility {
    Visibility::new(LoginAccount::new(USER), SystemTime::UNIX_EPOCH)
}

pub(super) fn fault(code: u32) -> Fault {
    Fault {
        code: Some(FaultCode(code)),
        sender: "Sender".to_owned(),
        subcode: None,
        detail: None,
        reason: "no".to_owned(),
        machine: None,
        provider: None,
    }
}

/// Some instant to count from.
#[expect(clippy::disallowed_methods, reason = "an instant cannot be made up, only read and moved")]
pub(super) fn some_instant() -> std::time::Instant {
    std::time::Instant::now()
}
