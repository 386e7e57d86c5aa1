//! The main job.

use pssession::simulator::OperationKind;

use super::{ALICE, BUILD_7, BUILD_8, COMMAND, host, leaked, left, on};

#[tokio::test]
async fn a_time_limit_beyond_every_clock_is_no_limit() {
    for option in [
        "--session-deadline",
        "--deadline",
        "--operation-timeout",
        "--connect-timeout",
        "--login-timeout",
        "--list-timeout",
    ] {
        // The most seconds of a 64-bit clock, and the most days that the command reads.
        for limit in ["9223372036854775807s", "106751991167301d"] {
            let simulator = host(leaked()).await;
            let words = ["--owner", "*ci-runner", "--yes", option, limit, "-o", "ndjson"];
            let run = on(&simulator, "remove", &words).run().await.expect(0);
            assert_eq!(
                (run.records().len(), left(&simulator)),
                (2, vec![ALICE.to_owned()]),
                "{option} {limit}"
            );
        }
    }
}

#[tokio::test]
async fn the_chosen_sessions_are_closed_sealed_signalled_first_under_their_own_uri() {
    let simulator = host(leaked()).await;
    let run =
        on(&simulator, "remove", &["--owner", "*ci-runner", "--yes", "-o", "ndjson"]).run().await.expect(0);
    assert_eq!(left(&simulator), [ALICE]);

    let records = run.records();
    let reported: Vec<_> =
        records.iter().map(|r| (r["ShellId"].as_str().unwrap(), r["Outcome"].as_str().unwrap())).collect();
    assert_eq!(reported, [(BUILD_7, "Closed"), (BUILD_8, "Closed")]);
    assert_eq!(records[0]["Schema"], "pssession.removal/1");
    assert_eq!(records[1]["Signals"], 1);

    let world = simulator.world();
    let world = world.lock().unwrap();
    assert!(world.log().all(|entry| entry.sealed), "an envelope travelled in clear");
    let acts: Vec<_> = world
        .log()
        .filter(|entry| matches!(entry.kind, OperationKind::Signal | OperationKind::Delete))
        .map(|e| (e.kind, e.shell_id.clone().unwrap(), e.command_id.clone(), e.resource_uri.clone()))
        .collect();
    let powershell = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell".to_owned();
    let cmd = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd".to_owned();
    let (seven, eight) = (BUILD_7.to_owned(), BUILD_8.to_owned());
    assert_eq!(acts.iter().filter(|act| act.0 == OperationKind::Delete).count(), 2);
    assert!(acts.contains(&(OperationKind::Delete, seven, None, powershell)));
    let signal =
        acts.iter().position(|a| a.0 == OperationKind::Signal && a.2.as_deref() == Some(COMMAND)).unwrap();
    let delete =
        acts.iter().position(|a| *a == (OperationKind::Delete, eight.clone(), None, cmd.clone())).unwrap();
    assert!(signal < delete, "{acts:?}");
    assert_eq!(acts[signal].3, cmd);
}

#[tokio::test]
async fn what_if_prints_the_plan_and_closes_nothing() {
    let simulator = host(leaked()).await;
    let run = on(&simulator, "remove", &["--owner", "*ci-runner", "--what-if", "-o", "table"])
        .run()
        .await
        .expect(0);
    assert_eq!(run.stdout.lines().filter(|line| line.starts_with("WhatIf")).count(), 2);
    assert!(run.stderr.contains("would close 2 sessions on 1 host; nothing was closed"), "{}", run.stderr);
    assert_eq!(left(&simulator), [BUILD_7, BUILD_8, ALICE]);
    let world = simulator.world();
    assert_eq!(world.lock().unwrap().count(OperationKind::Delete), 0);
}

#[tokio::test]
async fn without_a_terminal_somebody_elses_session_needs_yes() {
    let simulator = host(leaked()).await;
    let run = on(&simulator, "remove", &["--owner", "*ci-runner"]).run().await.expect(6);
    assert!(run.stderr.contains("CONTOSO\\ci-runner"), "{}", run.stderr);
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    assert_eq!(left(&simulator), [BUILD_7, BUILD_8, ALICE]);
}

#[tokio::test]
async fn running_the_same_command_twice_is_safe() {
    let simulator = host(leaked()).await;
    let chosen = ["--instance-id", BUILD_7, "--yes"];
    on(&simulator, "remove", &chosen).run().await.expect(0);
    let again = on(&simulator, "remove", &chosen).run().await.expect(3);
    assert!(again.stderr.contains(&BUILD_7.to_lowercase()), "{}", again.stderr);
    on(&simulator, "remove", &[&chosen[..], &["--ignore-not-found"]].concat()).run().await.expect(0);
    assert_eq!(left(&simulator), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn a_name_that_matches_nothing_is_told_and_the_others_are_closed() {
    let simulator = host(leaked()).await;
    let run = on(&simulator, "remove", &["--name", "build-7,nobody", "--yes"]).run().await.expect(4);
    assert!(run.stderr.contains("nobody"), "{}", run.stderr);
    assert_eq!(left(&simulator), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn under_error_action_stop_a_miss_means_that_nothing_is_sent() {
    let simulator = host(leaked()).await;
    let args = ["--name", "build-7,nobody", "--yes", "--error-action", "stop"];
    on(&simulator, "remove", &args).run().await.expect(1);
    assert_eq!(left(&simulator), [BUILD_7, BUILD_8, ALICE]);
}

#[tokio::test]
async fn a_remove_that_selects_nothing_in_particular_is_refused() {
    let simulator = host(leaked()).await;
    let run = on(&simulator, "remove", &["--yes"]).run().await.expect(2);
    assert!(run.stderr.contains("--all"), "{}", run.stderr);
    assert_eq!(simulator.connections(), 0);
}

#[tokio::test]
async fn without_signals_the_delete_alone_ends_what_runs() {
    let simulator = host(leaked()).await;
    let args = ["--instance-id", BUILD_8, "--yes", "--signal", "never", "-o", "json"];
    let run = on(&simulator, "remove", &args).run().await.expect(0);
    let records: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(records[0]["Signals"], 0);
    assert_eq!(left(&simulator), [BUILD_7, ALICE]);
    let world = simulator.world();
    assert_eq!(world.lock().unwrap().count(OperationKind::Signal), 0);
}
