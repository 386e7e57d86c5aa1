//! Runs that a person, a system or an error ends in their middle, and readers that go away.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command};
use std::time::{Duration, Instant};

use pssession::simulator::{InjectedFault, OperationKind};
use pssession::teardown::INTERRUPT_GRACE;
use serde_json::{Value, json};

use super::{ALICE, BUILD_7, BUILD_8, host, leaked, left, on};
use crate::support::command::Run;

/// A run whose stderr is read as it comes.
struct Watched {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

impl Watched {
    fn of(mut child: Child) -> Self {
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr, said: String::new() }
    }

    /// Reads on until it has said this, and then sends it a signal.
    fn signal_at(&mut self, words: &str, signal: &str) {
        while !self.said.lines().last().is_some_and(|line| line.contains(words)) {
            assert_ne!(self.stderr.read_line(&mut self.said).unwrap(), 0, "{}", self.said);
        }
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success());
    }

    fn end(mut self) -> Run {
        self.stderr.read_to_string(&mut self.said).unwrap();
        let mut run = Run::from(self.child.wait_with_output().unwrap());
        run.stderr = self.said;
        run
    }
}

/// Closes both shells of the CI account, the first of which takes so long, and tells each step.
const ARGS: [&str; 7] = ["--owner", "*ci-runner", "--yes", "--signal", "never", "-o", "wide"];
/// What it says when its first Delete goes out, and when it has heard of the first signal.
const SENT: &str = "to=Deleting";
const HEARD: &str = "interrupted: ";

async fn with_slow_delete(delay: Duration) -> pssession::simulator::Simulator {
    let mut world = leaked();
    world.inject_for(OperationKind::Delete, BUILD_7, 1, InjectedFault::Delay(delay));
    host(world).await
}

#[tokio::test]
async fn one_signal_starts_nothing_new_verifies_what_was_sent_and_prints_the_summary() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 143)] {
        let simulator = with_slow_delete(Duration::from_millis(500)).await;
        let child = on(&simulator, "remove", &[&ARGS[..], &["-vv"]].concat()).spawn();
        let run = tokio::task::spawn_blocking(move || {
            let mut watched = Watched::of(child);
            watched.signal_at(SENT, signal);
            watched.end()
        });
        let run = run.await.unwrap().expect(code);
        assert_eq!(run.stderr.matches(HEARD).count(), 1, "{}", run.stderr);
        assert!(run.stderr.ends_with("2 sessions on 1 host: 1 closed, 1 not started\n"), "{}", run.stderr);
        let reported = |id: &str, words: [&str; 2]| {
            let row = run.stdout.lines().find(|line| line.contains(id)).unwrap();
            assert!(words.iter().all(|word| row.contains(word)), "{}", run.stdout);
        };
        reported(BUILD_7, ["Closed", "build-7"]);
        reported(BUILD_8, ["NotStarted", "interrupted"]);
        assert_eq!(left(&simulator), [BUILD_8, ALICE]);
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once_and_leaves_the_report() {
    let simulator = with_slow_delete(Duration::from_secs(60)).await;
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let args = [&ARGS[..], &["-vv", "--report", report.to_str().unwrap()]].concat();
    let child = on(&simulator, "remove", &args).spawn();
    let run = tokio::task::spawn_blocking(move || {
        let mut watched = Watched::of(child);
        watched.signal_at(SENT, "INT");
        watched.signal_at(HEARD, "INT");
        let began = Instant::now();
        let run = watched.end();
        assert!(began.elapsed() < INTERRUPT_GRACE, "{run:?}");
        run
    });
    let run = run.await.unwrap().expect(130);
    assert_eq!(run.stdout, "");
    let report: Value = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let outcomes: Vec<_> = report["Sessions"].as_array().unwrap().iter().map(|s| &s["Outcome"]).collect();
    assert_eq!((&report["ExitCode"], outcomes[0]), (&json!(130), &Value::Null));
    assert!(outcomes[1] == &Value::Null || outcomes[1] == "NotStarted", "{outcomes:?}");
}

#[tokio::test]
async fn under_stop_a_failure_starts_nothing_new() {
    let mut world = leaked();
    world.inject_for(OperationKind::Delete, BUILD_7, 1, InjectedFault::Fault(5));
    let simulator = host(world).await;
    let args = ["--owner", "*ci-runner", "--yes", "--error-action", "stop"];
    let records = on(&simulator, "remove", &args).run().await.expect(4).records();
    assert_eq!((&records[0]["Outcome"], &records[0]["FaultCode"]), (&json!("NotStarted"), &Value::Null));
    assert_eq!((&records[1]["Outcome"], &records[1]["FaultCode"]), (&json!("Failed"), &json!(5)));
    assert_eq!(left(&simulator).len(), 3);
}

#[tokio::test]
async fn a_reader_that_goes_away_changes_nothing_and_is_a_success() {
    for (verb, more) in [("get", &[][..]), ("remove", &["--name", "build-7", "--yes"])] {
        for format in ["table", "list", "csv", "ndjson", "json", "name"] {
            let simulator = host(leaked()).await;
            let formatted = [more, &["-o", format]].concat();
            let mut child = on(&simulator, verb, &formatted).spawn();
            drop(child.stdout.take());
            let ended = tokio::task::spawn_blocking(move || Run::from(child.wait_with_output().unwrap()));
            let run = ended.await.unwrap().expect(0);
            assert!(!run.stderr.contains("error"), "{verb}, {format}: {}", run.stderr);
            assert_eq!(left(&simulator).len(), if verb == "get" { 3 } else { 2 }, "{verb}, {format}");
        }
    }
}
