//! A simulated host and a table of one's own, which several commands share.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pssession::session::{SeenOn, SessionDescriptor};
use pssession::simulator::Simulator;
use pssession::store::{Origin, Row, RowMetadata, Store};
use pssession::wsman::Shell;
use pssession::{Endpoint, ShellId};
use serde_json::Value;
use tempfile::TempDir;

use super::command::{Pssession, Run};
use crate::command::{host, leaked};

pub(crate) struct CommandFixture {
    pub(crate) simulator: Simulator,
    folder: TempDir,
}

impl CommandFixture {
    /// The host of [`leaked`], of which nothing is known yet.
    pub(crate) async fn new() -> Self {
        Self::of(host(leaked()).await)
    }

    /// Another host.
    pub(crate) fn of(simulator: Simulator) -> Self {
        Self { simulator, folder: tempfile::tempdir().unwrap() }
    }

    /// The host of [`leaked`], listed once.
    pub(crate) async fn listed() -> Self {
        let fixture = Self::new().await;
        fixture.list().await;
        fixture
    }

    /// Lists the host, so that a login was sent there before, and gives what `get` prints into a pipe.
    pub(crate) async fn list(&self) -> Vec<Value> {
        self.run(&["get", "--on", &self.address()]).await.expect(0).records()
    }

    pub(crate) fn address(&self) -> String {
        self.simulator.address().to_string()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn table(&self) -> PathBuf {
        self.folder.path().join("sessions.db")
    }

    /// A command on this table, logged in.
    pub(crate) fn command(&self, words: &[&str]) -> Pssession {
        Pssession::new(words).login(&self.simulator).env("PSSESSION_STORE", self.table().to_str().unwrap())
    }

    pub(crate) async fn run(&self, words: &[&str]) -> Run {
        self.command(words).run().await
    }

    /// The same with this on stdin.
    pub(crate) async fn pipe(&self, text: &str, words: &[&str]) -> Run {
        self.command(words).stdin(text).run().await
    }

    /// Puts a session of this host into the table that a person would have imported.
    pub(crate) fn import(&self, shell_id: &str, change: impl FnOnce(&mut Row)) {
        self.import_on(&self.address(), shell_id, change);
    }

    /// The same for a session of another host.
    pub(crate) fn import_on(&self, host: &str, shell_id: &str, change: impl FnOnce(&mut Row)) {
        let endpoint = Endpoint::parse(host, false).unwrap();
        let seen_on = SeenOn { host: endpoint.computer_name(), url: endpoint.url(), port: endpoint.port() };
        let shell = Shell::new(ShellId::from_server(shell_id), "");
        let session = SessionDescriptor::from_shell(shell, seen_on, "", SystemTime::now());
        let mut row = Row { session, note: RowMetadata::new(Origin::Imported) };
        change(&mut row);
        Store::open(self.table()).unwrap().import(&mut [row]).unwrap();
    }
}
