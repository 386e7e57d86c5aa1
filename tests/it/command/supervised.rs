//! A removal that another program runs: it asks nothing on the terminal, its objects end at an empty line, and the end of
//! its stdin is a Ctrl-C.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command};
use std::time::Duration;

use pssession::simulator::{InjectedFault, OperationKind, Simulator};

use super::{ALICE, BUILD_7, BUILD_8, host, leaked, left, on};
use crate::support::command::Run;
use crate::support::pty::{Pty, available};

/// Closes both shells of the CI account, the first of which takes so long, and tells each step.
const ARGS: [&str; 9] =
    ["--owner", "*ci-runner", "--yes", "--signal", "never", "-o", "table", "-vv", "--supervised"];
/// What it says when its first Delete goes out, and when it has heard of an interrupt.
const SENT: &str = "to=Deleting";
const HEARD: &str = "interrupted: ";

async fn with_slow_delete() -> Simulator {
    let mut world = leaked();
    world.inject_for(OperationKind::Delete, BUILD_7, 1, InjectedFault::Delay(Duration::from_millis(500)));
    host(world).await
}

/// What is done to the command when it has said these words.
type Act = (&'static str, fn(&mut Child));

/// Runs it to the end, and does each act at its words.
async fn at_words(mut child: Child, acts: Vec<Act>) -> Run {
    let run = tokio::task::spawn_blocking(move || {
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        for (words, act) in acts {
            while !said.lines().last().is_some_and(|line| line.contains(words)) {
                assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
            }
            act(&mut child);
        }
        stderr.read_to_string(&mut said).unwrap();
        let mut run = Run::from(child.wait_with_output().unwrap());
        run.stderr = said;
        run
    });
    run.await.unwrap()
}

fn close_stdin(child: &mut Child) {
    drop(child.stdin.take());
}

fn interrupt(child: &mut Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
}

#[tokio::test]
async fn the_end_of_stdin_starts_nothing_new_and_verifies_what_was_sent() {
    let simulator = with_slow_delete().await;
    let child = on(&simulator, "remove", &ARGS).piped_stdin().spawn();
    let run = at_words(child, vec![(SENT, close_stdin)]).await.expect(130);
    assert!(run.stderr.ends_with("2 sessions on 1 host: 1 closed, 1 not started\n"), "{}", run.stderr);
    assert_eq!(left(&simulator), [BUILD_8, ALICE]);
}

/// At a Ctrl-C on a terminal the command gets the signal, and then the program that runs it closes stdin.
#[tokio::test]
async fn the_end_of_stdin_behind_a_signal_is_no_second_one() {
    let simulator = with_slow_delete().await;
    let child = on(&simulator, "remove", &ARGS).piped_stdin().spawn();
    let run = at_words(child, vec![(SENT, interrupt), (HEARD, close_stdin)]).await.expect(130);
    assert!(run.stderr.ends_with("2 sessions on 1 host: 1 closed, 1 not started\n"), "{}", run.stderr);
}

#[tokio::test]
async fn objects_end_at_an_empty_line_and_stdin_stays_open() {
    let simulator = host(leaked()).await;
    let listed = on(&simulator, "get", &["--owner", "*ci-runner", "-o", "ndjson"]).run().await.expect(0);
    let args = ["--session", "-", "--yes", "--supervised", "-o", "ndjson"];
    let mut child = on(&simulator, "remove", &args).piped_stdin().spawn();
    let run = tokio::task::spawn_blocking(move || {
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(format!("{}\n", listed.stdout).as_bytes()).unwrap();
        let run = Run::from(child.wait_with_output().unwrap());
        drop(stdin);
        run
    });
    let run = run.await.unwrap().expect(0);
    assert_eq!(run.records().len(), 2);
    assert_eq!(left(&simulator), [ALICE]);
}

#[tokio::test]
async fn objects_that_end_without_an_empty_line_close_nothing() {
    let simulator = host(leaked()).await;
    let listed = on(&simulator, "get", &["-o", "ndjson"]).run().await.expect(0);
    let args = ["--session", "-", "--yes", "--supervised"];
    let run = on(&simulator, "remove", &args).stdin(&listed.stdout).run().await.expect(2);
    assert!(run.stderr.contains("it ends without an empty line"), "{}", run.stderr);
    assert_eq!(left(&simulator).len(), 3);
}

#[tokio::test]
async fn nothing_is_asked_even_on_a_terminal() {
    if !available() {
        return;
    }
    let simulator = host(leaked()).await;
    let shown =
        Pty::on(&simulator, "remove", &["--owner", "*ci-runner", "--supervised"]).answer(&[]).await.expect(6);
    shown.shows("confirmation required: 2 sessions are not yours");
    let each = Pty::on(&simulator, "remove", &["--all", "--confirm", "--supervised"]).answer(&[]).await;
    each.expect(6).shows("--confirm asks before each session");
    assert_eq!(simulator.world().lock().unwrap().count(OperationKind::Delete), 0);
}

#[tokio::test]
async fn nothing_else_reads_the_stdin_that_is_watched() {
    let simulator = host(leaked()).await;
    let run = on(&simulator, "remove", &["--all", "--yes", "--supervised", "--password-file", "-"]);
    let run = run.stdin("secret\n").run().await.expect(2);
    assert!(run.stderr.contains("--password-file cannot read stdin"), "{}", run.stderr);
}
