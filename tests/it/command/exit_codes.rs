//! One rule for misses and for hosts without a listing in every command: what the exit code says.

use pssession::simulator::{InjectedFault, OperationKind, Simulator};

use super::{ALICE, BUILD_7, BUILD_8, NOBODY, host, leaked, left, on};
use crate::support::command_fixture::CommandFixture;

const ACCESS_DENIED: InjectedFault = InjectedFault::Fault(5);

fn inject(simulator: &Simulator, kind: OperationKind, times: usize, injected_fault: InjectedFault) {
    simulator.world().lock().unwrap().inject(kind, times, injected_fault);
}

#[tokio::test]
async fn get_ends_with_3_if_all_that_was_named_is_missing() {
    let simulator = host(leaked()).await;
    let run = on(&simulator, "get", &["--name", "nobody"]).run().await.expect(3);
    assert!(run.stderr.contains("no session has the name \"nobody\""), "{}", run.stderr);
    let fixture = CommandFixture::listed().await;
    for words in [&["--name", "nobody"][..], &["--id", "99"], &["--vm-name", "nobody"], &["--id", "98,99"]] {
        let run = fixture.run(&[&["get", "--cached"], words].concat()).await.expect(3);
        assert_eq!(run.stdout, "");
        assert!(run.stderr.contains("no session has the"), "{}", run.stderr);
    }
}

#[tokio::test]
async fn get_ends_with_4_if_only_some_of_what_was_named_is_missing() {
    let simulator = host(leaked()).await;
    let run = on(&simulator, "get", &["--name", "build-7,nobody"]).run().await.expect(4);
    assert_eq!(run.records().len(), 1);
    // The one that is there is left out by a filter, which is no miss.
    on(&simulator, "get", &["--name", "build-7,nobody", "--owner", "eve"]).run().await.expect(4);
    on(&simulator, "get", &["--name", "b*,nobody"]).run().await.expect(4);
}

#[tokio::test]
async fn patterns_and_filters_that_find_nothing_are_no_errors_of_get() {
    let simulator = host(leaked()).await;
    for words in
        [&["--name", "x*"][..], &["--computer-name", "db*"], &["--owner", "eve"], &["--vm-name", "x*"]]
    {
        let run = on(&simulator, "get", words).run().await.expect(0);
        assert!(!run.stderr.contains("error"), "{}", run.stderr);
    }
}

#[tokio::test]
async fn ignore_not_found_makes_every_miss_a_success_without_an_error() {
    let fixture = CommandFixture::listed().await;
    for words in [&["get", "--id", "99"][..], &["remove", "--id", "99", "--yes"], &["forget", "--id", "99"]] {
        let run = fixture.run(&[words, &["--ignore-not-found"]].concat()).await.expect(0);
        assert!(!run.stderr.contains("error"), "{}", run.stderr);
    }
    let words = ["remove", "--id", "1,99", "--yes", "--ignore-not-found"];
    fixture.run(&words).await.expect(0);
    assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn a_miss_counts_beside_a_session_that_is_only_kept() {
    let simulator = host(leaked()).await;
    let words = ["--name", "build-7,nobody", "--keep-newest", "1", "--what-if"];
    let run = on(&simulator, "remove", &words).run().await.expect(4);
    assert!(run.stderr.contains("no session has the name \"nobody\""), "{}", run.stderr);
    on(&simulator, "remove", &["--name", "build-7", "--keep-newest", "1", "--what-if"]).run().await.expect(0);
}

#[tokio::test]
async fn a_host_that_denies_its_listing_is_4_and_one_that_is_not_reached_1() {
    let simulator = host(leaked()).await;
    inject(&simulator, OperationKind::Enumerate, 2, ACCESS_DENIED);
    on(&simulator, "get", &[]).run().await.expect(4);
    on(&simulator, "remove", &["--all", "--yes"]).run().await.expect(4);
    assert_eq!(left(&simulator).len(), 3);
    on(&simulator, "get", &[]).run().await.expect(0);
    let address = simulator.address().to_string();
    let both = format!("{address},{NOBODY}");
    let run = |servers: &str| {
        crate::support::command::Pssession::new(["get", "--on", servers]).login(&simulator).run()
    };
    run(NOBODY).await.expect(1);
    run(&both).await.expect(4);
}

/// The listing before the removal fails, and each session is checked by Get instead.
#[tokio::test]
async fn a_refresh_that_failed_does_not_count_once_its_sessions_are_proven_gone() {
    let fixture = CommandFixture::listed().await;
    let unavailable = InjectedFault::Fault(2_150_858_755);
    let words: [&[&str]; 2] = [&["remove", "--id", "1", "--yes"], &["remove", "--session", "-", "--yes"]];
    for (number, words) in words.into_iter().enumerate() {
        // As often as a listing is tried before the plan and by the engine.
        inject(&fixture.simulator, OperationKind::Enumerate, 4, unavailable.clone());
        let exported = format!("{{\"Id\":{}}}\n", number + 1);
        let run = fixture.command(words).stdin(&exported).run().await.expect(0);
        assert_eq!(run.records()[0]["Outcome"], "Closed", "{}", run.stderr);
    }
    assert_eq!(left(&fixture.simulator), [ALICE]);
}

#[tokio::test]
async fn a_command_listing_that_failed_is_reported_and_keeps_its_session_out_of_skip_running() {
    let simulator = host(leaked()).await;
    let fail = |shell_id: &str, times, injected_fault| {
        let world = simulator.world();
        world.lock().unwrap().inject_for(OperationKind::EnumerateCommands, shell_id, times, injected_fault);
    };
    fail(BUILD_7, 1, ACCESS_DENIED);
    let run = on(&simulator, "get", &["--skip-running"]).run().await.expect(4);
    let message = "cannot list the commands of 1 session on 127.0.0.1";
    assert!(run.stderr.contains(message) && run.stderr.contains("so they are excluded"), "{}", run.stderr);
    let ids: Vec<_> = run.records().iter().map(|record| record["ShellId"].clone()).collect();
    assert_eq!(ids, [ALICE]);

    fail(BUILD_7, 1, ACCESS_DENIED);
    let run = on(&simulator, "get", &["--commands"]).run().await.expect(4);
    assert!(run.stderr.contains(message), "{}", run.stderr);
    assert_eq!(run.records().len(), 3);

    // A server that has no such listing is no failure where it is only shown.
    fail(BUILD_7, 2, InjectedFault::Fault(2_150_858_771));
    on(&simulator, "get", &[]).run().await.expect(0);
    on(&simulator, "get", &["--skip-running"]).run().await.expect(4);

    // A lost connection hides no other session's commands.
    fail(BUILD_7, 1, InjectedFault::Drop);
    let run = on(&simulator, "remove", &["--all", "--skip-running", "--yes"]).run().await.expect(4);
    assert!(run.stderr.contains(message), "{}", run.stderr);
    assert_eq!(left(&simulator), [BUILD_7, BUILD_8]);
}

#[tokio::test]
async fn a_host_that_lists_no_commands_at_all_leaves_nothing_to_close_and_says_so() {
    let simulator = host(leaked()).await;
    inject(&simulator, OperationKind::EnumerateCommands, 99, InjectedFault::Drop);
    let run = on(&simulator, "remove", &["--all", "--skip-running", "--yes"]).run().await.expect(4);
    assert!(run.stderr.contains("cannot list the commands of 3 sessions on 127.0.0.1"), "{}", run.stderr);
    assert_eq!(left(&simulator).len(), 3);
    let fixture = CommandFixture::listed().await;
    inject(&fixture.simulator, OperationKind::EnumerateCommands, 99, ACCESS_DENIED);
    let run = fixture.run(&["remove", "--id", "1", "--skip-running", "--yes", "-o", "table"]).await.expect(4);
    assert!(run.stderr.contains("skipping build-7 on 127.0.0.1: it is unknown"), "{}", run.stderr);
}
