//! `remove --repeat-for` and `--evidence`: an intruder who returns is cut again, and what was known of each session stays.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pssession::simulator::{InjectedFault, OperationKind, SimulatedShell, Simulator, World};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{ALICE, BUILD_7, BUILD_8, host, leaked, left, on};
use crate::support::command::Run;

const INTRUDER: &str = "203.0.113.9";

fn intruder(number: usize) -> SimulatedShell {
    let id = format!("{number:08X}-65A0-49F2-9053-A1B156C95777");
    let shell = SimulatedShell::powershell(&id, "Runspace1", "CONTOSO\\svc-backup", "Microsoft.PowerShell");
    let shell = SimulatedShell { client_ip: INTRUDER.to_owned(), ..shell };
    shell.running("CF84C20A-0A35-43FA-AF78-0B4711DA5F31", "whoami /all")
}

/// The usual host, and the intruder on it.
fn world() -> World {
    let mut world = leaked();
    world.add(intruder(1));
    world
}

/// Opens a new session whenever the last one is gone, until there were so many; then it does `last`.
async fn returns(simulator: &Simulator, times: usize, last: impl FnOnce()) {
    let world = simulator.world();
    let mut next = 2;
    for _ in 0..500 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut world = world.lock().unwrap();
        if world.shells().iter().any(|shell| shell.client_ip == INTRUDER) {
            continue;
        }
        if next > times {
            drop(world);
            return last();
        }
        world.add(intruder(next));
        next += 1;
    }
    // What was closed by then says what went wrong.
    last();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn evidence(folder: &Path) -> Vec<Value> {
    let read = |name: &String| serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap();
    names(folder).iter().map(read).collect()
}

#[tokio::test]
async fn an_intruder_who_returns_is_cut_until_ctrl_c_and_each_return_is_reported() {
    let (simulator, home) = (host(world()).await, tempfile::tempdir().unwrap());
    let (report, folder) = (home.path().join("report.json"), home.path().join("evidence"));
    let args = [
        "--client-ip",
        INTRUDER,
        "--yes",
        "--repeat-for",
        "10m",
        "--repeat-every",
        "1s",
        "-o",
        "ndjson",
        "--evidence",
        folder.to_str().unwrap(),
        "--report",
        report.to_str().unwrap(),
    ];
    let child = on(&simulator, "remove", &args).spawn();
    let id = child.id();
    let run = tokio::task::spawn_blocking(move || Run::from(child.wait_with_output().unwrap()));
    returns(&simulator, 3, || interrupt(id)).await;
    let run = run.await.unwrap().expect(130);
    assert_eq!(left(&simulator), [BUILD_7, BUILD_8, ALICE]);
    let ids = [1, 2, 3].map(|number| intruder(number).shell_id);
    let closed: Vec<_> =
        run.records().iter().map(|record| (record["ShellId"].clone(), record["Outcome"].clone())).collect();
    assert_eq!(closed, ids.clone().map(|id| (json!(id), json!("Closed"))));
    let report: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!((&report["ExitCode"], &report["Counts"]["Closed"]), (&json!(130), &json!(3)));
    let returned: Vec<_> =
        report["Returned"].as_array().unwrap().iter().map(|one| one["ShellId"].clone()).collect();
    assert_eq!(returned, [json!(ids[1]), json!(ids[2])]);
    assert_eq!(report["Asked"]["Selection"], json!({ "ClientIp": [INTRUDER] }));
    assert_eq!(report["Asked"]["IncidentResponse"]["RepeatFor"], json!(["10m"]));
    let kept = evidence(&folder);
    assert_eq!(
        kept.iter().map(|one| one["Session"]["ShellId"].clone()).collect::<Vec<_>>(),
        ids.map(|id| json!(id))
    );
    assert_eq!(kept[0]["Commands"][0]["CommandLine"], "whoami /all");
    assert_eq!((&kept[0]["ClientIP"], &kept[0]["SameAddress"]), (&json!(INTRUDER), &json!([])));
    assert_eq!(
        (&kept[2]["SameAddressCount"], &kept[2]["SameAddress"][0]["SeenBy"]),
        (&json!(2), &json!(simulator.user()))
    );
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for name in names(&folder) {
        assert_eq!(fs::metadata(folder.join(&name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)), "{name}");
    }
    let secret = simulator.password();
    let text = kept.iter().map(Value::to_string).collect::<String>() + &report.to_string();
    assert!(!text.contains(secret.expose_secret()));
}

/// Sends SIGINT to the command: this process, or the only child that it has.
fn interrupt(parent: u32) {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    let pid = children.split_whitespace().next().and_then(|child| child.parse().ok());
    let pid = pid.unwrap_or_else(|| i32::try_from(parent).unwrap());
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::INT)
        .unwrap();
}

#[tokio::test]
async fn a_return_is_a_line_for_a_person_and_the_end_of_the_time_is_a_success() {
    let simulator = host(world()).await;
    let done = AtomicBool::new(false);
    let args =
        ["--client-ip", INTRUDER, "--yes", "--repeat-for", "4s", "--repeat-every", "1s", "-o", "table"];
    let (run, ()) = tokio::join!(
        on(&simulator, "remove", &args).run(),
        returns(&simulator, 2, || done.store(true, Ordering::Relaxed))
    );
    let run = run.expect(0);
    assert!(done.load(Ordering::Relaxed));
    let lines = [
        "closing matching sessions again on 1 host for 4s",
        "returned on 127.0.0.1: session Runspace1, owner CONTOSO\\svc-backup, from 203.0.113.9",
        "2 sessions on 1 host: 2 closed",
    ];
    assert!(lines.iter().all(|line| run.stderr.contains(line)), "{}", run.stderr);
    assert_eq!(run.stdout.lines().filter(|line| line.starts_with("Closed")).count(), 2, "{}", run.stdout);
}

#[tokio::test]
async fn what_cannot_be_repeated_is_refused_with_a_hint() {
    let simulator = host(world()).await;
    for (args, message, hint) in [
        (&["--name", "x", "--what-if"][..], "closes nothing", "remove --what-if or --repeat-for"),
        (&["--id", "3"], "new Id", "select by --client-ip"),
    ] {
        let run = on(&simulator, "remove", &[args, &["--yes", "--repeat-for", "1m"]].concat())
            .run()
            .await
            .expect(2);
        assert!(run.stderr.contains(message) && run.stderr.contains(hint), "{}", run.stderr);
    }
    let run =
        crate::support::command::Pssession::new(["remove", "--name", "x", "--repeat-for", "1m", "--yes"]);
    let run = run.login(&simulator).run().await.expect(2);
    assert!(run.stderr.contains("name the hosts with --on or --inventory"), "{}", run.stderr);
    let run = on(&simulator, "remove", &["--name", "x", "--repeat-for", "1m"]).run().await.expect(6);
    assert!(run.stderr.contains("--repeat-for asks about sessions that return"), "{}", run.stderr);
    assert_eq!(simulator.connections(), 0);
}

#[tokio::test]
async fn nothing_is_closed_without_evidence() {
    let (simulator, home) = (host(world()).await, tempfile::tempdir().unwrap());
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let run = on(&simulator, "remove", &["--all", "--yes", "--evidence", file.to_str().unwrap()]);
    let run = run.run().await.expect(1);
    assert!(run.stderr.contains("it is not a directory"), "{}", run.stderr);
    assert_eq!(simulator.connections(), 0);
    // It goes away between the beginning and the first record.
    let folder = home.path().join("evidence");
    let path = folder.to_str().unwrap();
    let gone = format!("rmdir {path}; printf %s \"$SECRET\"");
    let command =
        on(&simulator, "remove", &["--all", "--yes", "--evidence", path, "--password-command", &gone]);
    let run = command.env("SECRET", simulator.password().expose_secret()).run().await.expect(1);
    assert!(run.stderr.contains("no session of this plan was closed"), "{}", run.stderr);
    assert_eq!(simulator.world().lock().unwrap().count(OperationKind::Delete), 0);
    let run = on(&simulator, "remove", &["--all", "--what-if", "--evidence", path]).run().await.expect(0);
    assert_eq!((run.records().len(), folder.exists()), (4, false));
}

#[tokio::test]
async fn evidence_says_why_commands_are_not_known_and_overwrites_nothing() {
    let (simulator, home) = (host(world()).await, tempfile::tempdir().unwrap());
    let path = home.path().to_str().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(home.path().join("a-note.json"), "{}").unwrap();
    simulator.world().lock().unwrap().inject(OperationKind::EnumerateCommands, 9, InjectedFault::Fault(5));
    on(&simulator, "remove", &["--name", "build-7", "--yes", "--evidence", path]).run().await.expect(0);
    on(&simulator, "remove", &["--name", "Runspace1", "--client-ip", INTRUDER, "--yes", "--evidence", path])
        .run()
        .await
        .expect(0);
    let kept = evidence(home.path());
    assert_eq!((kept.len(), kept.last().unwrap()), (3, &json!({})));
    let texts: Vec<_> = kept
        .iter()
        .filter(|one| one["Commands"].is_null())
        .filter_map(|one| one["CommandsError"].as_str())
        .collect();
    assert!(!texts.is_empty() && texts.iter().all(|text| text.contains("denied")), "{kept:?}");
}
