//! What a run recorded: whole or not there, without anything that names somebody, and good for a replay at once.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pssession::simulator::{InjectedFault, OperationKind, SimulatedShell, World};
use serde_json::Value;

use super::{ALICE, BUILD_7, BUILD_8, COMMAND, host};
use crate::support::command::{Pssession, Run};
use crate::support::command_fixture::CommandFixture;
use crate::support::pty::{self, Pty};
use crate::support::tools;

/// Everything that names somebody on this host.
const SECRETS: [&str; 8] = [
    "payroll-sync",
    "FABRIKAM",
    "jane.doe",
    "svc-batch",
    "203.0.113.77",
    "Hunter2!",
    "ledger.xlsx",
    "JEA-Finance",
];

fn with_secrets() -> World {
    let mut world = World::new("srv-ledger.fabrikam.example");
    let mut shell = SimulatedShell::powershell(BUILD_7, "payroll-sync", "FABRIKAM\\jane.doe", "JEA-Finance");
    shell.client_ip = "203.0.113.77".into();
    world.add(shell);
    world.add(
        SimulatedShell::cmd(BUILD_8, "FABRIKAM\\svc-batch")
            .running(COMMAND, "net use * Hunter2! ledger.xlsx"),
    );
    world.add(SimulatedShell::cmd(ALICE, "FABRIKAM\\jane.doe"));
    world
}

/// All files of a folder and of those in it: names and texts.
fn contents(folder: &Path) -> String {
    let mut found = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found += &format!("{}\n", path.display());
        match path.is_dir() {
            true => found += &contents(&path),
            false => found += &fs::read_to_string(&path).unwrap(),
        }
    }
    found
}

/// A replay of a folder, as a login for it.
struct Replay {
    child: Child,
    line: Value,
}

impl Replay {
    fn of(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pssession"))
            .args(["replay", folder.to_str().unwrap(), "--until-done", "-o", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, line: serde_json::from_str(&line).unwrap() }
    }

    fn command(&self, words: &[&str]) -> Pssession {
        let address = format!("127.0.0.1:{}", self.line["Port"]);
        Pssession::new([words, &["--on", &address]].concat())
            .env("PSSESSION_USER", self.line["User"].as_str().unwrap())
            .env("PSSESSION_PASSWORD", self.line["Password"].as_str().unwrap())
    }

    fn end(self) -> Run {
        Run::from(self.child.wait_with_output().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_and_a_removal_are_recorded_conform_and_are_replayed() {
    let fixture = CommandFixture::of(host(with_secrets()).await);
    let folder = fixture.folder().join("recorded");
    let place = folder.to_str().unwrap();
    let address = fixture.address();
    let runs: [&[&str]; 2] = [
        &["get", "--commands"],
        &["remove", "--owner", "*svc-batch", "--owner", "*jane.doe", "--yes", "--connections-per-host", "1"],
    ];
    let replayed: [&[&str]; 2] =
        [&["get", "--commands"], &["remove", "--owner", "*user*", "--yes", "--connections-per-host", "1"]];
    for (words, again) in runs.iter().zip(replayed) {
        let words = [&["record", place, "--yes", "--force", "--"], *words, &["--on", &address]].concat();
        let run = fixture.run(&words).await.expect(0);
        assert!(run.stderr.contains("replaced in the recording:"), "{}", run.stderr);
        assert!(run.stderr.contains("FABRIKAM -> DOMAIN-1"), "{}", run.stderr);
        let all = contents(&folder);
        for secret in SECRETS.iter().copied().chain([BUILD_7, BUILD_8, ALICE, "srv-ledger"]) {
            assert!(!all.to_lowercase().contains(&secret.to_lowercase()), "{secret} in {all}");
        }
        fixture.run(&["conformance", place]).await.expect(0);
        let replay = Replay::of(&folder);
        let run = replay.command(again).run().await.expect(0);
        assert!(run.records().len() >= 3, "{}", run.stdout);
        let ended = replay.end();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stderr.contains("all as recorded"), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn several_hosts_are_several_scenarios() {
    let one = CommandFixture::new().await;
    let folder = one.folder().join("recorded");
    let place = folder.to_str().unwrap();
    let words = ["record", place, "--yes", "--", "pssession", "get", "--on", &one.address()];
    one.run(&words).await.expect(0);
    assert!(folder.join("scenario.json").is_file(), "one alone is the folder itself");
    let run = one.run(&words).await.expect(2);
    assert!(run.stderr.contains("already exists"), "{}", run.stderr);

    let shared = one.simulator.password();
    let account = pssession::simulator::Account::administrator(&one.simulator.user());
    let builder = pssession::simulator::Simulator::builder().world(super::leaked()).account(account, shared);
    let third = builder.start().await.unwrap();
    let on = format!("{},{}", one.address(), third.address());
    let words = ["record", place, "--yes", "--force", "--", "get", "--on", &on];
    Pssession::new(words).login(&one.simulator).run().await.expect(0);
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().all(|path| path.join("scenario.json").is_file()), "{names:?}");
    let run = one.run(&["conformance", place]).await.expect(0);
    assert!(run.stderr.contains("2 scenarios"), "{}", run.stderr);
}

#[tokio::test]
async fn without_a_yes_nothing_is_kept() {
    let fixture = CommandFixture::new().await;
    let folder = fixture.folder().join("recorded");
    let place = folder.to_str().unwrap();
    let address = fixture.address();
    // Without a terminal it does not even begin.
    let run = fixture.run(&["record", place, "--", "get", "--on", &address]).await.expect(6);
    assert!(run.stderr.contains("use --yes"), "{}", run.stderr);
    assert_eq!(fixture.simulator.connections(), 0);
    if !pty::available() {
        return;
    }
    for (answer, kept) in [("n\n", false), ("\n", false), ("y\n", true)] {
        let shown = Pty::new(["record", place, "--", "get", "--on", &address])
            .env("PSSESSION_USER", &fixture.simulator.user())
            .env("PSSESSION_PASSWORD", secrecy::ExposeSecret::expose_secret(&fixture.simulator.password()))
            .answer(&[("Keep 1 exchange with 1 server", answer)])
            .await
            .expect(0);
        let replaced = shown.screen.find("CONTOSO -> DOMAIN-1").unwrap();
        assert!(replaced < shown.screen.find("Keep 1 exchange").unwrap(), "{}", shown.screen);
        assert_eq!(folder.exists(), kept, "{answer:?}");
        assert!(leftovers(fixture.folder()).is_empty());
    }
}

/// Folders that an unfinished recording has left.
fn leftovers(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".pssession-")).collect()
}

#[tokio::test]
async fn what_cannot_be_written_is_no_scenario() {
    let fixture = CommandFixture::new().await;
    let folder = fixture.folder().join("recorded");
    // A file may have 512 bytes: an answer has more.
    let script = format!(
        "trap '' XFSZ; ulimit -f 1; exec {} record {} --yes -- get --on {} --store /dev/null/none",
        env!("CARGO_BIN_EXE_pssession"),
        folder.display(),
        fixture.address()
    );
    let password = fixture.simulator.password();
    let output = tokio::process::Command::new("sh")
        .args(["-c", &script])
        .env("PSSESSION_USER", fixture.simulator.user())
        .env("PSSESSION_PASSWORD", secrecy::ExposeSecret::expose_secret(&password))
        .output()
        .await
        .unwrap();
    let run = Run::from(output);
    assert!(run.stderr.contains("no partial files are left"), "{} {}", run.code, run.stderr);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(!folder.exists() && leftovers(fixture.folder()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_is_no_scenario() {
    let mut world = super::leaked();
    world.inject(OperationKind::Delete, 1, InjectedFault::Delay(Duration::from_millis(300)));
    let fixture = CommandFixture::of(host(world).await);
    let folder = fixture.folder().join("recorded");
    let address = fixture.address();
    let words = ["-vv", "record", folder.to_str().unwrap(), "--yes", "--", "remove", "--on", &address];
    let mut child = fixture.command(&[&words[..], &["--name", "build-7", "--yes"]].concat()).spawn();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("to=Deleting") {
        assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("is not created: the run was interrupted"), "{said}");
    assert!(!folder.exists() && leftovers(fixture.folder()).is_empty());
}

#[tokio::test]
async fn what_records_nothing_makes_nothing_and_says_so() {
    let fixture = CommandFixture::new().await;
    let folder = fixture.folder().join("recorded");
    let place = folder.to_str().unwrap();
    let cases: [(&[&str], i32, &str); 11] = [
        (&["--yes", "--tls", "--", "get", "--on", "web01"], 2, "--tls is for a gateway"),
        (&["--yes", "--login-timeout", "3s", "--", "get"], 2, "--login-timeout is for a gateway"),
        (&["--yes", "--listen-tls", "--", "get", "--on", "web01"], 2, "cannot be used with"),
        (&["--yes", "--user", "x", "--", "get", "--on", "web01"], 2, "--user is for a gateway"),
        (&["--yes", "--", "get", "--on", "127.0.0.1:1"], 1, "there was no exchange after a login"),
        (&["--yes", "--", "get", "--onn", "web01"], 2, "the command to record is not understood"),
        (&["--yes", "--", "explain", "5"], 2, "only get, remove and conformance can be recorded"),
        (&["--yes"], 2, "required arguments"),
        (&["--yes", "--to", "web01", "--listen", "0.0.0.0"], 2, "not a loopback address"),
        (&["--yes", "--to", "web01", "--listen", "here"], 2, "is not an address"),
        (&["--yes", "--to", "127.0.0.1:1", "--for", "1m"], 1, "cannot connect the gateway to"),
    ];
    for (words, code, message) in cases {
        let run = fixture.run(&[&["record", place], words].concat()).await.expect(code);
        assert!(run.stderr.contains(message), "{words:?}: {}", run.stderr);
        assert!(!folder.exists() && leftovers(fixture.folder()).is_empty(), "{words:?}");
    }
    assert_eq!(fixture.simulator.connections(), 0);
}

/// A gateway to a host, and what it printed.
struct Gateway {
    child: Child,
    line: Value,
}

impl Gateway {
    fn to(fixture: &CommandFixture, folder: &Path) -> Self {
        let words = ["record", folder.to_str().unwrap(), "--yes", "--to", &fixture.address(), "-o", "json"];
        let mut child = fixture.command(&words).spawn();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, line: serde_json::from_str(&line).unwrap() }
    }

    fn interrupt(self) -> Run {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        Run::from(self.child.wait_with_output().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_has_a_login_of_its_own() {
    let fixture = CommandFixture::of(host(with_secrets()).await);
    let folder = fixture.folder().join("recorded");
    let gateway = Gateway::to(&fixture, &folder);
    let address = format!("127.0.0.1:{}", gateway.line["Port"]);
    let [user, password] = ["User", "Password"].map(|name| gateway.line[name].as_str().unwrap().to_owned());
    assert!(password.len() >= 26, "{password}");
    let as_client = |password: &str| {
        Pssession::new(["get", "--on", &address])
            .env("PSSESSION_USER", &user)
            .env("PSSESSION_PASSWORD", password)
            .run()
    };
    // The password of the host is not that of the gateway, and the host never hears of a wrong one.
    let own = fixture.simulator.password();
    as_client(secrecy::ExposeSecret::expose_secret(&own)).await.expect(5);
    assert_eq!(fixture.simulator.failed_logons(), 0);
    assert_eq!(as_client(&password).await.expect(0).records().len(), 3);
    // Who asks without any login does not use that of the gateway.
    let before = fixture.simulator.world().lock().unwrap().log().count();
    Pssession::new(["identify", &address]).run().await;
    assert_eq!(fixture.simulator.world().lock().unwrap().log().count(), before);
    let ended = gateway.interrupt();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let all = contents(&folder);
    for secret in SECRETS.iter().chain([&&*password]) {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    fixture.run(&["conformance", folder.to_str().unwrap()]).await.expect(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_loopback_the_gateway_speaks_tls() {
    let fixture = CommandFixture::new().await;
    let folder = fixture.folder().join("recorded");
    let address = fixture.address();
    let words = ["record", folder.to_str().unwrap(), "--yes", "--to", &address, "-o", "json"];
    let mut child = fixture.command(&[&words[..], &["--listen", "0.0.0.0", "--listen-tls"]].concat()).spawn();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let gateway = Gateway { child, line: serde_json::from_str(&line).unwrap() };
    let at = |scheme: &str| format!("{scheme}://127.0.0.1:{}/wsman", gateway.line["Port"]);
    let text = |name: &str| gateway.line[name].as_str().unwrap().to_owned();
    let get = |url: &str| {
        Pssession::new([
            "get",
            "--on",
            url,
            "--certificate-pin",
            &text("CertificatePin").replace("0.0.0.0", "*"),
        ])
        .env("PSSESSION_USER", &text("User"))
        .env("PSSESSION_PASSWORD", &text("Password"))
    };
    assert_eq!(get(&at("https")).run().await.expect(0).records().len(), 3);
    let in_clear = Pssession::new(["get", "--on", &at("http")]).env("PSSESSION_USER", &text("User"));
    in_clear.env("PSSESSION_PASSWORD", &text("Password")).run().await.expect(1);
    assert_eq!(gateway.interrupt().code, 0);
    assert!(folder.join("01-request.xml").is_file());
}

/// A client that is not ours: through the gateway, and then against what was recorded.
async fn foreign(script: &str, expected: [&str; 2]) {
    let named = std::env::var_os("PSSESSION_INTEROP_PYTHON");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = named.map_or_else(|| root.join(".venv-interop/bin/python"), Into::into);
    let can = Command::new(&python).args(["-c", "import winrm, pypsrp"]).stderr(Stdio::null()).status();
    if !tools::needs("pywinrm and pypsrp", can.is_ok_and(|status| status.success())) {
        return;
    }
    let mut world = World::new("srv-ledger.fabrikam.example");
    world.add(SimulatedShell::cmd(ALICE, "FABRIKAM\\jane.doe"));
    let fixture = CommandFixture::of(host(world).await);
    let folder = fixture.folder().join("recorded");
    let gateway = Gateway::to(&fixture, &folder);
    let run = async |line: &Value| {
        let output = tokio::process::Command::new(&python)
            .args(["-c", script])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .envs(
                ["Port", "User"]
                    .map(|name| (name, line[name].to_string().trim_matches('"').replace("\\\\", "\\"))),
            )
            .env("Password", line["Password"].as_str().unwrap())
            .output()
            .await
            .unwrap();
        let run = Run::from(output);
        assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
        run.stdout
    };
    let first = run(&gateway.line).await;
    assert!(first.contains(expected[0]), "{first}");
    let ended = gateway.interrupt();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(super::left(&fixture.simulator), [ALICE], "it closed its shell through the gateway");
    let all = contents(&folder);
    assert!(!all.contains("secret-argument"), "{all}");
    fixture.run(&["conformance", folder.to_str().unwrap()]).await.expect(0);
    let replay = Replay::of(&folder);
    let second = run(&replay.line).await;
    assert!(second.contains(expected[1]), "{second}");
    let ended = replay.end();
    assert!(ended.code == 0 && ended.stderr.contains("all as recorded"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn pywinrm_is_recorded_through_the_gateway_and_replayed() {
    let script = "import os, winrm\n\
        session = winrm.Session(f\"http://127.0.0.1:{os.environ['Port']}/wsman\", transport='ntlm',\n\
        \x20   auth=(os.environ['User'], os.environ['Password']))\n\
        print(session.run_cmd('echo', ['secret-argument']).std_out)";
    foreign(script, ["secret-argument", "stream-1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pypsrp_with_new_ids_is_recorded_through_the_gateway_and_replayed() {
    let script = "import os\n\
        from pypsrp.powershell import PowerShell, RunspacePool\n\
        from pypsrp.wsman import WSMan\n\
        wsman = WSMan('127.0.0.1', port=int(os.environ['Port']), ssl=False, auth='ntlm',\n\
        \x20   username=os.environ['User'], password=os.environ['Password'])\n\
        with RunspacePool(wsman) as pool:\n\
        \x20   for script in ['Write-Output secret-argument', 'Get-Secret']:\n\
        \x20       shell = PowerShell(pool).add_script(script)\n\
        \x20       print(shell.invoke(), shell.had_errors)";
    foreign(script, ["['secret-argument'] False\n[] True", "['stream-"]).await;
}
