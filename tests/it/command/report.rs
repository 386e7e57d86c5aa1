//! `remove --report`: the evidence of a run in one file, whole and in place however the run ended.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use pssession::simulator::{InjectedFault, OperationKind, Simulator};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{ALICE, BUILD_7, BUILD_8, NOBODY, host, leaked, left, on};
use crate::support::command::{NOTHING, Pssession, Run};

/// A folder for a report.
struct CommandFixture(TempDir);

impl CommandFixture {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("report.json")
    }

    async fn remove(&self, simulator: &Simulator, args: &[&str]) -> Run {
        let path = self.path();
        let command = on(simulator, "remove", &[&["--report", path.to_str().unwrap()], args].concat());
        // For a password command: it does not get PSSESSION_PASSWORD.
        command.env("SECRET", simulator.password().expose_secret()).run().await
    }

    /// The report, which is all that is left in its folder.
    #[track_caller]
    fn report(&self) -> Value {
        assert_eq!(self.left(), ["report.json"]);
        serde_json::from_str(&fs::read_to_string(self.path()).unwrap()).unwrap()
    }

    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// Each session's outcome.
fn outcomes(report: &Value) -> Vec<Value> {
    report["Sessions"].as_array().unwrap().iter().map(|session| session["Outcome"].clone()).collect()
}

#[tokio::test]
async fn the_report_tells_hosts_counts_misses_and_the_very_records_of_the_run() {
    let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
    let hosts = format!("{},{NOBODY}", simulator.address());
    let path = fixture.path();
    let args = ["remove", "--on", &hosts, "--name", "build-7,nobody,x*", "--yes", "-o", "json", "--report"];
    let run = Pssession::new(args.into_iter().chain([path.to_str().unwrap()])).login(&simulator);
    let run = run.run().await.expect(4);
    let report = fixture.report();
    let keys: Vec<_> = report.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "Schema",
        "Version",
        "StartedAt",
        "EndedAt",
        "WhatIf",
        "Asked",
        "Returned",
        "ExitCode",
        "Error",
        "Counts",
        "Hosts",
        "Misses",
        "Sessions",
    ];
    assert_eq!(keys.len(), expected.len());
    assert!(expected.iter().all(|key| keys.contains(key)), "{keys:?}");
    assert_eq!(report["Schema"], "pssession.report/1");
    assert_eq!(report["Version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&report["WhatIf"], &report["ExitCode"], &report["Error"]),
        (&json!(false), &json!(4), &Value::Null)
    );
    let asked = json!({
        "Selection": { "Name": ["build-7", "nobody", "x*"] },
        "Limits": {},
        "IncidentResponse": {},
    });
    assert_eq!((&report["Asked"], &report["Returned"]), (&asked, &json!([])));
    assert!(report["StartedAt"].as_str().unwrap() <= report["EndedAt"].as_str().unwrap());
    assert_eq!(report["Counts"]["Closed"], 1);
    assert_eq!(report["Sessions"], serde_json::from_str::<Value>(&run.stdout).unwrap());

    let misses = json!([
        { "Option": "--name", "Value": "nobody", "Silent": false },
        { "Option": "--name", "Value": "x*", "Silent": true },
    ]);
    assert_eq!(report["Misses"], misses);
    let [there, missing] = report["Hosts"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!(there["Endpoint"], format!("http://{}/wsman", simulator.address()));
    assert_eq!(
        (&there["Listed"], &there["Complete"], &there["Sessions"]),
        (&json!(true), &json!(true), &json!(3))
    );
    assert_eq!((&there["User"], &there["Error"]), (&json!(simulator.user()), &Value::Null));
    assert_eq!((&missing["Listed"], &missing["Sessions"]), (&json!(false), &Value::Null));
    assert!(missing["Error"].as_str().unwrap().contains("refused"), "{missing}");
    let text = fs::read_to_string(fixture.path()).unwrap();
    assert!(!text.contains(simulator.password().expose_secret()));
}

#[tokio::test]
async fn the_report_holds_the_filters_and_limits_that_were_asked_for_and_no_secret() {
    let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
    let command = if cfg!(windows) { "echo %SECRET%& rem hush" } else { r#"printf %s "$SECRET" # hush"# };
    let args = [
        "--owner",
        "*ci-runner",
        "--idle",
        "2h",
        "--skip-running",
        "--max-close",
        "10",
        "--deadline",
        "5m",
        "--yes",
        "--user",
        &simulator.user(),
        "--password-command",
        command,
    ];
    fixture.remove(&simulator, &args).await.expect(0);
    let report = fixture.report();
    let asked = json!({
        "Selection": { "Owner": ["*ci-runner"], "Idle": ["2h"], "SkipRunning": true },
        "Limits": { "MaxClose": ["10"], "Deadline": ["5m"] },
        "IncidentResponse": {},
    });
    assert_eq!(report["Asked"], asked);
    assert!(!report.to_string().contains("hush"), "{report}");
    let path = fixture.path();
    let args = ["Remove-PSSession", "-Name", "x*,y", "-WhatIf", "--report", path.to_str().unwrap()];
    Pssession::new(args).login(&simulator).run().await;
    assert_eq!(fixture.report()["Asked"]["Selection"], json!({ "Name": ["x*", "y"] }));
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone_even_where_it_was_everybodys() {
    use std::os::unix::fs::PermissionsExt as _;
    let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
    fs::write(fixture.path(), "old").unwrap();
    fs::set_permissions(fixture.path(), fs::Permissions::from_mode(0o644)).unwrap();
    fixture.remove(&simulator, &["--name", "build-7", "--what-if"]).await.expect(0);
    let report = fixture.report();
    assert_eq!((&report["WhatIf"], outcomes(&report)), (&json!(true), vec![json!("WhatIf")]));
    assert_eq!(fs::metadata(fixture.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_report_that_cannot_be_written_stops_the_run_before_anything_is_sent() {
    let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
    let folder = fixture.0.path().to_str().unwrap().to_owned();
    let nowhere = format!("{folder}/no/such/folder.json");
    for path in [nowhere.as_str(), &folder, NOTHING, ""] {
        let run = on(&simulator, "remove", &["--all", "--yes", "--report", path]).run().await.expect(2);
        assert!(run.stderr.contains("report"), "{path}: {}", run.stderr);
    }
    assert_eq!(simulator.connections(), 0);
    assert!(fixture.left().is_empty());
}

#[tokio::test]
async fn what_cannot_be_meant_leaves_an_older_report_as_it_is() {
    let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
    fs::write(fixture.path(), "old").unwrap();
    for args in [&["--yes"][..], &["--name", "[", "--yes"], &["--all", "--auth", "none"]] {
        fixture.remove(&simulator, args).await.expect(2);
        assert_eq!(fixture.left(), ["report.json"]);
        assert_eq!(fs::read_to_string(fixture.path()).unwrap(), "old");
    }
}

#[tokio::test]
async fn a_run_that_nobody_confirmed_reports_its_plan_and_why_it_ended() {
    let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
    fixture.remove(&simulator, &["--owner", "*ci-runner"]).await.expect(6);
    let report = fixture.report();
    assert_eq!((&report["ExitCode"], outcomes(&report)), (&json!(6), vec![Value::Null, Value::Null]));
    assert_eq!(report["Error"]["ErrorId"], "ConfirmationNeeded");
    assert_eq!(report["Sessions"][0]["ShellId"], BUILD_7);
    assert_eq!(report["Sessions"][0]["Schema"], "pssession.removal/1");
    assert_eq!(left(&simulator).len(), 3);
}

#[tokio::test]
async fn a_run_that_a_miss_stopped_is_reported_with_its_miss() {
    let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
    let args = ["--name", "build-7,nobody", "--yes", "--error-action", "stop"];
    fixture.remove(&simulator, &args).await.expect(1);
    let report = fixture.report();
    assert_eq!((&report["ExitCode"], outcomes(&report)), (&json!(1), vec![Value::Null]));
    assert_eq!(report["Misses"][0]["Value"], "nobody");
}

#[tokio::test]
async fn a_run_that_reached_no_host_or_had_no_time_is_reported() {
    let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
    simulator.world().lock().unwrap().inject(
        OperationKind::Enumerate,
        1,
        InjectedFault::Delay(Duration::from_secs(60)),
    );
    fixture.remove(&simulator, &["--all", "--yes", "--deadline", "1s"]).await.expect(7);
    let report = fixture.report();
    assert_eq!((&report["ExitCode"], &report["Hosts"][0]["Listed"]), (&json!(7), &json!(false)));
    fixture
        .remove(&simulator, &["--all", "--yes", "--user", "x", "--password-command", "echo wrong"])
        .await
        .expect(5);
    let report = fixture.report();
    assert_eq!(report["ExitCode"], 5);
    assert!(report["Hosts"][0]["Error"].as_str().unwrap().contains("credential"), "{report}");
    let path = fixture.path();
    let nobody = ["remove", "--on", NOBODY, "--all", "--yes", "--report", path.to_str().unwrap()];
    Pssession::new(nobody).login(&simulator).run().await.expect(1);
    assert_eq!(fixture.report()["ExitCode"], 1);
}

#[tokio::test]
async fn a_report_takes_the_place_of_nothing_that_the_run_reads() {
    let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
    let path = fixture.path();
    let path = path.to_str().unwrap();
    let objects = on(&simulator, "get", &["--store", path]).run().await.expect(0).stdout;
    let table = fs::read(path).unwrap();
    let run = fixture.remove(&simulator, &["--all", "--what-if", "--store", path]).await.expect(2);
    assert!(run.stderr.contains("--store is the same file"), "{}", run.stderr);
    assert_eq!(fs::read(path).unwrap(), table);
    fs::write(path, &objects).unwrap();
    let run = fixture.remove(&simulator, &["--session", path, "--yes"]).await.expect(2);
    assert!(run.stderr.contains("--session is the same file"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(path).unwrap(), objects);
    assert_eq!(left(&simulator), [BUILD_7, BUILD_8, ALICE]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_run_that_is_interrupted_terminated_or_hung_up_on_is_reported() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 143)] {
        let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
        let delay = InjectedFault::Delay(Duration::from_secs(60));
        simulator.world().lock().unwrap().inject(OperationKind::Enumerate, 1, delay);
        let interrupting = format!("kill -{signal} $PPID; printf %s \"$SECRET\"");
        let args = ["--all", "--yes", "--password-command", &interrupting];
        fixture.remove(&simulator, &args).await.expect(code);
        let report = fixture.report();
        assert_eq!((&report["ExitCode"], &report["Sessions"]), (&json!(code), &json!([])));
        assert_eq!(report["Hosts"][0]["Error"], "not listed: interrupted");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_interrupt_while_stdin_is_read_ends_it_and_leaves_a_report_and_nothing_beside_it() {
    use crate::support::pty::{Pty, available};
    if !available() {
        return;
    }
    for reading in [["--session", "-"], ["--inventory", "-"]] {
        let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
        let path = fixture.path();
        let args = [&["--all", "--report", path.to_str().unwrap()][..], &reading].concat();
        let pty = Pty::on(&simulator, "remove", &args);
        // The end of the line: it is not written in one piece.
        let shown = pty.answer(&[("Ctrl-D ends it", "\x03")]).await.expect(130);
        shown.shows("reading stdin from the terminal");
        assert_eq!((&fixture.report()["ExitCode"], simulator.connections()), (&json!(130), 0));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_interrupt_at_a_question_leaves_a_report_and_nothing_beside_it() {
    use crate::support::pty::{Pty, available};
    if !available() {
        return;
    }
    let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
    let path = fixture.path();
    let args = ["--owner", "*ci-runner", "--report", path.to_str().unwrap()];
    Pty::on(&simulator, "remove", &args).answer(&[("[y/N] ", "\x03")]).await.expect(130);
    let report = fixture.report();
    assert_eq!((&report["ExitCode"], outcomes(&report)), (&json!(130), vec![Value::Null, Value::Null]));
    Pty::on(&simulator, "remove", &args).answer(&[("[y/N] ", "n\n")]).await.expect(0);
    assert_eq!(outcomes(&fixture.report()), ["Declined", "Declined"]);
    assert_eq!(left(&simulator).len(), 3);
}

#[cfg(unix)]
#[tokio::test]
async fn a_report_that_fails_at_the_end_is_told_and_is_no_success() {
    let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
    let path = fixture.path();
    let too_late = format!("mkdir {}; printf %s \"$SECRET\"", path.display());
    let run = fixture
        .remove(&simulator, &["--name", "build-7", "--yes", "--password-command", &too_late])
        .await
        .expect(1);
    assert!(run.stderr.contains("cannot write the report"), "{}", run.stderr);
    assert_eq!(run.records()[0]["Outcome"], "Closed");
    assert_eq!(left(&simulator), [BUILD_8, ALICE]);
    assert_eq!(fixture.left(), ["report.json"], "the file beside it is gone");
}

#[cfg(unix)]
#[tokio::test]
async fn through_a_link_what_it_leads_to_is_replaced() {
    let (simulator, fixture, elsewhere) =
        (host(leaked()).await, CommandFixture::new(), CommandFixture::new());
    fs::write(elsewhere.path(), "old").unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), fixture.path()).unwrap();
    fixture.remove(&simulator, &["--name", "build-7", "--what-if"]).await.expect(0);
    assert!(fs::symlink_metadata(fixture.path()).unwrap().is_symlink());
    assert_eq!(elsewhere.report()["ExitCode"], 0);
}

#[tokio::test]
async fn on_stdout_the_report_stands_alone() {
    let simulator = host(leaked()).await;
    let args = ["--owner", "*ci-runner", "--yes", "--report", "-"];
    let run = on(&simulator, "remove", &[&args[..], &["-o", "json"]].concat()).run().await.expect(2);
    assert!(run.stderr.contains("remove -o"), "{}", run.stderr);
    assert_eq!(simulator.connections(), 0);
    let run = on(&simulator, "remove", &args).run().await.expect(0);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(outcomes(&report), ["Closed", "Closed"]);
    assert_eq!(left(&simulator), [ALICE]);
}

#[tokio::test]
async fn what_a_terminal_would_obey_or_hide_is_spelt_out() {
    let mut world = leaked();
    world.shells_mut()[0].name = Some("build\u{9b}31m\u{202e}7".to_owned());
    let (simulator, fixture) = (host(world).await, CommandFixture::new());
    fixture.remove(&simulator, &["--instance-id", BUILD_7, "--what-if"]).await.expect(0);
    let text = fs::read_to_string(fixture.path()).unwrap();
    assert!(text.contains(r"build\u009b31m\u202e7"), "{text}");
    assert_eq!(fixture.report()["Sessions"][0]["Name"], "build\u{9b}31m\u{202e}7");
}

#[cfg(unix)]
#[tokio::test]
async fn what_killed_runs_left_is_cleared_away_and_what_others_are_at_is_not() {
    let (simulator, fixture) = (host(leaked()).await, CommandFixture::new());
    let file = |name: &str, text: &str, age: Duration| {
        let path = fixture.0.path().join(name);
        fs::write(&path, text).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(std::time::SystemTime::now() - age).unwrap();
        file
    };
    let (old, new) = (Duration::from_secs(300), Duration::ZERO);
    file(".pssession-report-killed", "", old);
    file(".pssession-report-Zz09aA", "", old);
    file(".pssession-report-newnew", "", new);
    file(".pssession-report-filled", "{}", old);
    file(".pssession-report-another", "", old);
    let at_work = file(".pssession-report-atwork", "", old);
    at_work.lock().unwrap();
    fixture.remove(&simulator, &["--name", "build-7", "--what-if"]).await.expect(0);
    let mut left = fixture.left();
    left.sort();
    let kept = ["another", "atwork", "filled", "newnew"].map(|name| format!(".pssession-report-{name}"));
    assert_eq!(left, [&kept[..], &["report.json".to_owned()]].concat());
}
