//! A workplace as a user of PowerShell would have it: the cmdlets' names on the PATH, and four sessions at hand.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use pssession::simulator::{Account, SimulatedShell, Simulator, World};
use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;

use super::command::{Pssession, Run};

pub(crate) const BUILD_7: &str = "B6631D8E-65A0-49F2-9053-A1B156C95777";
pub(crate) const NIGHTLY: &str = "0C2C5D0E-4B17-4B3C-8E0E-5C7A1D0B9A22";
/// The session of the fifth example of the help page.
pub(crate) const PATCHING: &str = "FC4E9DFA-F246-452D-9FA3-1ADBDD64AE85";
pub(crate) const BACKUP: &str = "7A3E1F52-90D4-4E0B-8C1B-2F6D3C5B8E11";
/// A cmd shell of somebody else, which nobody here has opened.
pub(crate) const FOREIGN: &str = "11111111-65A0-49F2-9053-A1B156C95777";

const USER: &str = "LAB\\operator";
const PASSWORD: &str = "correct horse";

/// Sessions 1 to 3, and 4 on another port; a foreign shell beside the first three.
pub(crate) struct HomeFixture {
    /// Server01 and Server02, which are one server here.
    pub(crate) servers: Simulator,
    /// web03.
    pub(crate) other: Simulator,
    folder: TempDir,
}

impl HomeFixture {
    pub(crate) async fn new() -> Self {
        let powershell =
            |id, name| SimulatedShell::powershell(id, name, "CONTOSO\\ci-runner", "Microsoft.PowerShell");
        let mut first = World::new("Server01");
        first.add(powershell(BUILD_7, "build-7").disconnected());
        first.add(powershell(NIGHTLY, "nightly"));
        first.add(powershell(PATCHING, "patching"));
        first.add(SimulatedShell::cmd(FOREIGN, "CONTOSO\\alice"));
        let mut second = World::new("web03");
        second.add(powershell(BACKUP, "backup"));
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        for folder in [&bin, &folder.path().join("home"), &folder.path().join("desk")] {
            std::fs::create_dir(folder).unwrap();
        }
        for name in ["pssession", "Remove-PSSession", "Get-PSSession", "rsn", "gsn"] {
            symlink(env!("CARGO_BIN_EXE_pssession"), bin.join(name)).unwrap();
        }
        let home = Self { servers: server(first).await, other: server(second).await, folder };
        home.fill().await;
        home
    }

    /// Imports the four sessions, and asks their servers once.
    async fn fill(&self) {
        let row = |id: u32, name: &str, shell_id: &str, computer: &str, server: &Simulator| {
            let endpoint = format!("http://{}/wsman", server.address());
            json!({
                "Id": id, "Name": name, "ShellId": shell_id, "ComputerName": computer, "Endpoint": endpoint,
                "ConfigurationName": "Microsoft.PowerShell",
            })
            .to_string()
        };
        let rows = [
            row(1, "build-7", BUILD_7, "Server01", &self.servers),
            row(2, "nightly", NIGHTLY, "Server02", &self.servers),
            row(3, "patching", PATCHING, "Server02", &self.servers),
            row(4, "backup", BACKUP, "web03", &self.other),
        ];
        self.command(&["import", "-"]).stdin(rows.join("\n")).run().await.expect(0);
        let hosts = format!("{},{}", self.servers.address(), self.other.address());
        self.command(&["get", "--on", &hosts]).run().await.expect(0);
    }

    pub(crate) fn table(&self) -> PathBuf {
        self.folder.path().join("sessions.db")
    }

    /// A command of ours, without a shell.
    pub(crate) fn command(&self, words: &[&str]) -> Pssession {
        Pssession::new(words)
            .env("PSSESSION_USER", USER)
            .env("PSSESSION_PASSWORD", PASSWORD)
            .env("PSSESSION_STORE", self.table().to_str().unwrap())
    }

    /// A script in a shell that has no terminal, in an empty folder, with nothing on stdin.
    pub(crate) async fn shell(&self, shell: &str, script: &str) -> Run {
        let mut command = Command::new("setsid");
        command.args(["--wait", shell]);
        // Whatever its user has put into its profile is no part of the example.
        command.args(if shell == "bash" { ["--norc", "--noprofile"] } else { ["-f", "-d"] });
        command
            .args(["-c", script])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", self.folder.path().join("bin").display()))
            .env("HOME", self.folder.path().join("home"))
            .env("PSSESSION_USER", USER)
            .env("PSSESSION_PASSWORD", PASSWORD)
            .env("PSSESSION_STORE", self.table())
            .current_dir(self.folder.path().join("desk"))
            .stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        Run::from(output.await.unwrap())
    }

    pub(crate) async fn bash(&self, script: &str) -> Run {
        self.shell("bash", script).await
    }

    /// The ids of the shells that are left on both servers.
    pub(crate) fn left(&self) -> Vec<String> {
        let left = |server: &Simulator| {
            let world = server.world();
            let world = world.lock().unwrap();
            world.shells().iter().map(|shell| shell.shell_id.clone()).collect::<Vec<_>>()
        };
        [left(&self.servers), left(&self.other)].concat()
    }
}

async fn server(world: World) -> Simulator {
    let account = Account::administrator(USER);
    let builder = Simulator::builder().world(world).account(account, SecretString::from(PASSWORD));
    builder.start().await.unwrap()
}
