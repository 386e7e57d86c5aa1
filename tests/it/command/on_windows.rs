//! What is different on Windows: where the files are, its shell, its line ends, and quotes in hints.

use std::fs;
use std::path::{Path, PathBuf};

use pssession::simulator::{Account, SimulatedShell, Simulator, World};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

use super::{BUILD_7, host, leaked, left, on};
use crate::support::command::Pssession;

/// The folders of a user's profile.
struct Profile(TempDir);

impl Profile {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn write(&self, below: &str, text: &str) -> PathBuf {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A command of the user whose profile this is.
    fn command(&self, words: &[&str]) -> Pssession {
        Pssession::new(words)
            .with_its_own_table()
            .env("USERPROFILE", text(self.0.path()))
            .env("APPDATA", text(&self.path("Roaming")))
            .env("LOCALAPPDATA", text(&self.path("Local")))
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn config_and_table_are_in_the_profile_and_windows_line_ends_are_read() {
    let (simulator, profile) = (host(leaked()).await, Profile::new());
    let password = format!("{}\r\n", simulator.password().expose_secret());
    profile.write("my secrets\\web.txt", &password);
    let lines = [
        "[[host]]",
        "name = '127.0.0.1*'",
        &format!("user = '{}'", simulator.user()),
        r"password-file = '~\my secrets\web.txt'",
        "",
    ];
    profile.write("Roaming\\pssession\\config.toml", &lines.join("\r\n"));
    let hosts = profile.write("hosts.txt", &format!("{}\r\n\r\n", simulator.address()));
    let listed = profile.command(&["get", "--inventory", text(&hosts)]).run().await.expect(0);
    assert_eq!(listed.records().len(), 3);
    assert!(profile.path("Local\\pssession\\sessions.db").is_file());
    let known = profile.command(&["get", "--cached"]).run().await.expect(0).records();
    assert_eq!(known.len(), 3);
}

#[tokio::test]
async fn quotes_of_a_password_command_reach_the_shell_as_they_are() {
    let (simulator, profile) = (host(leaked()).await, Profile::new());
    let file = profile.write("two words & more\\web.txt", simulator.password().expose_secret());
    let command = format!("type \"{}\"", text(&file));
    let (address, user) = (simulator.address().to_string(), simulator.user());
    let words = ["get", "--on", &address, "--user", &user, "--password-command", &command];
    assert_eq!(profile.command(&words).run().await.expect(0).records().len(), 3);
    let failing = ["get", "--on", &address, "--user", &user, "--password-command", "exit 7"];
    let run = profile.command(&failing).run().await.expect(2);
    assert!(run.stderr.contains("the password command failed (exit code: 7)"), "{}", run.stderr);
}

#[tokio::test]
async fn arguments_and_output_hold_letters_of_every_script() {
    let mut world = World::new("web01");
    let name = "夜間ビルド🚀";
    world.add(SimulatedShell::powershell(BUILD_7, name, r"CONTOSO\jürgen", "Microsoft.PowerShell"));
    let account = Account::administrator(r"CONTOSO\jürgen");
    let simulator = Simulator::builder().world(world).account(account, SecretString::from("pässwörd €"));
    let simulator = simulator.start().await.unwrap();
    let closed = on(&simulator, "remove", &["--name", name, "--yes"]).run().await.expect(0).records();
    assert_eq!((&closed[0]["Name"], left(&simulator).len()), (&name.into(), 0));
}

#[tokio::test]
async fn a_hint_has_quotes_that_each_shell_of_windows_takes() {
    let run = Pssession::new(["remove", "two words"]).run().await.expect(2);
    assert!(run.stderr.contains(r#"--name "two words""#), "{}", run.stderr);
}

#[tokio::test]
async fn a_question_is_refused_where_no_output_goes_to_a_console() {
    let simulator = host(leaked()).await;
    let run = on(&simulator, "remove", &["--owner", r"CONTOSO\ci-runner"]).run().await.expect(6);
    assert!(run.stderr.contains("no terminal is available"), "{}", run.stderr);
    assert_eq!(left(&simulator).len(), 3);
}
