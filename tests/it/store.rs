//! The local table on a real disk, in real processes.

mod candidates;
mod crashes;
mod files;
mod processes;
mod rows;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use pssession::session::{LocalId, SeenOn, SessionDescriptor};
use pssession::store::{ListingContext, Origin, Row, RowMetadata, Rows, StoreReader};
use pssession::wsman::{Shell, ShellId, ShellSchema};
use tempfile::TempDir;

const URL: &str = "http://web01:5985/wsman";

/// Where a test's table is; its folder goes with it.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn table(&self) -> PathBuf {
        self.folder.path().join("sessions.db")
    }

    fn reader(&self) -> StoreReader {
        StoreReader::open(self.table()).unwrap()
    }
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

fn session_at(url: &str, shell_id: &str) -> SessionDescriptor {
    let shell = Shell {
        schema: ShellSchema::Windows,
        shell_id: ShellId::from_server(shell_id),
        resource_uri: "http://schemas.microsoft.com/powershell/Microsoft.PowerShell".into(),
        name: None,
        owner: None,
        client_ip: None,
        process_id: None,
        state: Some("Connected".into()),
        idle_timeout: None,
        max_idle_timeout: None,
        shell_run_time: None,
        shell_inactivity: None,
    };
    SessionDescriptor::from_shell(shell, SeenOn { host: "web01", url, port: 5985 }, "ada", at(0))
}

fn session(shell_id: &str) -> SessionDescriptor {
    session_at(URL, shell_id)
}

fn imported(shell_id: &str, id: Option<i64>) -> Row {
    let mut session = session(shell_id);
    session.id = id.map(LocalId);
    Row { session, note: RowMetadata::new(Origin::Imported) }
}

/// A complete listing by ada, so many seconds after the epoch of these tests.
fn listing(seconds: u64) -> ListingContext<'static> {
    ListingContext {
        endpoint_url: URL,
        seen_by: "ada",
        server_names: None,
        auth: Some("ntlm"),
        seen_at: at(seconds),
        complete: true,
    }
}

fn ids(rows: &Rows) -> Vec<i64> {
    rows.sessions().iter().map(|session| session.id.unwrap().0).collect()
}

fn shells(rows: &Rows) -> Vec<&str> {
    rows.sessions().iter().map(|session| session.shell.shell_id.as_str()).collect()
}
