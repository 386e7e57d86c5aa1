//! What narrows a selection beyond a property's value, and what a check says of its size.

use std::time::Duration;

use pssession::simulator::{SimulatedShell, Simulator, World};

use super::{ALICE, BUILD_7, BUILD_8, COMMAND, NOBODY, host, leaked, left, on};
use crate::support::command::{Pssession, Run};

/// Shells of `LAB\ada`, `LAB\bob` and the account that looks, by owner and age in hours; of one the owner is not told.
async fn shared() -> (Simulator, Vec<String>) {
    let simulator = host(World::new("web01")).await;
    let looks = simulator.user();
    let rows = [("LAB\\ada", 5), ("lab\\ADA", 1), ("LAB\\ada", 3), ("LAB\\bob", 9), (&looks, 2), ("", 8)];
    let mut ids = Vec::new();
    let world = simulator.world();
    for (number, (owner, hours)) in rows.into_iter().enumerate() {
        let id = format!("0000000{number}-65A0-49F2-9053-A1B156C95777");
        let shell = SimulatedShell::powershell(&id, "Runspace", owner, "Microsoft.PowerShell");
        world.lock().unwrap().add(shell.aged(Duration::from_secs(hours * 3_600), Duration::ZERO));
        ids.push(id);
    }
    (simulator, ids)
}

/// The shown sessions, by their number.
fn numbers(run: &Run) -> Vec<usize> {
    let ids = run.records();
    ids.iter().map(|record| record["ShellId"].as_str().unwrap()[..8].parse().unwrap()).collect()
}

#[tokio::test]
async fn mine_and_not_mine_are_told_apart_by_the_account_that_looks() {
    let (simulator, _) = shared().await;
    let run = on(&simulator, "get", &["--mine"]).run().await.expect(0);
    assert_eq!(numbers(&run), [4]);
    let run = on(&simulator, "get", &["--not-mine"]).run().await.expect(0);
    assert_eq!(numbers(&run), [0, 1, 2, 3]);
    let run = on(&simulator, "get", &["--mine", "--not-mine"]).run().await.expect(2);
    assert!(run.stderr.contains("--not-mine"), "{}", run.stderr);
}

#[tokio::test]
async fn what_i_may_be_using_now_is_left_out() {
    let (simulator, _) = shared().await;
    let run = on(&simulator, "get", &["--skip-recent-mine", "1m"]).run().await.expect(0);
    assert_eq!(numbers(&run), [0, 1, 2, 3]);
    let run = on(&simulator, "get", &["--skip-recent-mine", "0s"]).run().await.expect(2);
    assert!(run.stderr.contains("--skip-recent-mine: the limit is zero"), "{}", run.stderr);
}

#[tokio::test]
async fn the_newest_of_each_group_are_left_out_and_so_is_what_belongs_to_none() {
    let (simulator, _) = shared().await;
    let rows: &[(&[&str], &[usize])] = &[
        (&["--keep-newest", "1"], &[0, 2, 3, 4, 5]),
        (&["--keep-newest", "1", "--per", "owner"], &[0, 2]),
        (&["--keep-newest", "1", "--per", "Owner,configuration-name", "--per", "type"], &[0, 2]),
        (&["--keep-newest", "2", "--per", "owner"], &[0]),
        (&["--owner", "*ada", "--age", "2h", "--keep-newest", "1"], &[0]),
        (&["--keep-newest", "6"], &[]),
    ];
    for (args, shown) in rows {
        let run = on(&simulator, "get", args).run().await.expect(0);
        assert_eq!(numbers(&run), *shown, "{args:?}");
    }
}

#[tokio::test]
async fn a_miss_is_judged_before_the_newest_are_left_out() {
    let simulator = host(leaked()).await;
    let args = ["--name", "build-7", "--keep-newest", "1", "--yes"];
    let run = on(&simulator, "remove", &args).run().await.expect(0);
    assert!(!run.stderr.contains("no session has the name"), "{}", run.stderr);
    assert!(run.stderr.contains("nothing to close: none of 1 session"), "{}", run.stderr);
    assert_eq!(left(&simulator).len(), 3);
}

#[tokio::test]
async fn remove_closes_the_older_ones_of_all_and_asks_the_guard_first() {
    let (simulator, ids) = shared().await;
    let args = ["--keep-newest", "1", "--per", "computer-name"];
    on(&simulator, "remove", &args).run().await.expect(6);
    assert_eq!(left(&simulator), ids);
    on(&simulator, "remove", &[&args[..], &["--yes"]].concat()).run().await.expect(0);
    assert_eq!(left(&simulator), [ids[1].as_str()]);
}

#[tokio::test]
async fn groups_without_a_number_and_groups_that_are_none_are_refused_before_anything_is_sent() {
    let simulator = host(leaked()).await;
    let rows: &[(&[&str], &str)] = &[
        (&["--all", "--per", "owner"], "--keep-newest"),
        (&["--keep-newest", "1", "--per", "colour"], "write owner, client-ip"),
        (&["--keep-newest", "-1"], "-1"),
        (&["--keep-newest", "0"], "1..=1000000"),
        (&["--keep-newest", "1000001"], "1000000"),
    ];
    for (args, said) in rows {
        let run = on(&simulator, "remove", args).run().await.expect(2);
        assert!(run.stderr.contains(said), "{args:?}: {}", run.stderr);
    }
    assert_eq!(simulator.connections(), 0);
}

#[tokio::test]
async fn a_check_fails_with_3_where_the_number_of_sessions_is_not_as_required() {
    let simulator = host(leaked()).await;
    let rows: &[(&[&str], i32)] = &[
        (&["--owner", "*ci-runner", "--fail-if-any"], 3),
        (&["--owner", "nobody", "--fail-if-any"], 0),
        (&["--owner", "*ci-runner", "--fail-if-none"], 0),
        (&["--owner", "nobody", "--fail-if-none"], 3),
        (&["--fail-if-any", "--fail-if-none"], 2),
    ];
    for (args, code) in rows {
        let run = on(&simulator, "get", args).run().await.expect(*code);
        assert_eq!(run.stderr.contains("error: --fail-if-"), *code == 3, "{args:?}: {}", run.stderr);
    }
    let run = on(&simulator, "get", &["--fail-if-any", "-o", "name"]).run().await.expect(3);
    assert_eq!(
        run.stdout.lines().collect::<Vec<_>>(),
        [BUILD_7, BUILD_8, ALICE],
        "they are shown all the same"
    );
}

#[tokio::test]
async fn a_check_that_could_not_ask_every_host_is_no_verdict() {
    let simulator = host(leaked()).await;
    let hosts = format!("{},{NOBODY}", simulator.address());
    for check in ["--fail-if-any", "--fail-if-none"] {
        let some = ["get", "--on", &hosts, "--owner", "nobody", check];
        Pssession::new(some).login(&simulator).run().await.expect(4);
        Pssession::new(["get", "--on", NOBODY, check]).login(&simulator).run().await.expect(1);
    }
}

#[tokio::test]
async fn of_remembered_sessions_those_are_kept_that_are_the_newest_now() {
    let (simulator, ids) = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("sessions.db");
    let run = |args: Vec<&str>| {
        Pssession::new(args).login(&simulator).env("PSSESSION_STORE", table.to_str().unwrap()).run()
    };
    let address = simulator.address().to_string();
    run(vec!["get", "--on", &address]).await.expect(0);
    simulator
        .world()
        .lock()
        .unwrap()
        .shells_mut()
        .retain(|shell| ![&ids[1], &ids[4]].contains(&&shell.shell_id));
    let args = ["remove", "--cached", "--keep-newest", "1"];
    let planned = run([&args[..], &["--what-if"]].concat()).await.expect(0);
    assert_eq!(numbers(&planned), [0, 3, 5]);
    run([&args[..], &["--yes"]].concat()).await.expect(0);
    assert_eq!(left(&simulator), [ids[2].as_str()]);
    let run = run([&args[..], &["--yes"]].concat()).await.expect(0);
    assert!(run.stderr.contains("is known to be older"), "{}", run.stderr);
}

#[tokio::test]
async fn what_runs_takes_no_place_among_the_kept_however_the_sessions_were_found() {
    let mut world = leaked();
    let alice = world.shells_mut().pop().unwrap();
    world.add(alice.running(COMMAND, ""));
    let simulator = host(world).await;
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("sessions.db");
    let args = ["--skip-running", "--keep-newest", "1", "--yes"];
    let run = on(&simulator, "remove", &args).env("PSSESSION_STORE", table.to_str().unwrap());
    run.run().await.expect(0);
    let run = Pssession::new([&["remove", "--cached"], &args[..]].concat()).login(&simulator);
    run.env("PSSESSION_STORE", table.to_str().unwrap()).run().await.expect(0);
    assert_eq!(left(&simulator), [BUILD_7, BUILD_8, ALICE]);
}

#[tokio::test]
async fn exclude_protects_a_session_whose_name_is_not_reported_and_says_so() {
    let mut world = World::new("web01");
    world.add(SimulatedShell::powershell(BUILD_7, "", "LAB\\ada", "Microsoft.PowerShell"));
    world.add(SimulatedShell::cmd(BUILD_8, "LAB\\ada"));
    let simulator = host(world).await;
    let run = on(&simulator, "remove", &["--all", "--exclude", "keep*", "--yes"]).run().await.expect(0);
    assert!(run.stderr.contains("1 session is excluded: the server reports no name"), "{}", run.stderr);
    // A cmd shell has no name, and so not an excluded one.
    assert_eq!(left(&simulator), [BUILD_7]);
    let run = on(&simulator, "get", &["--exclude", "keep*", "--age", "99d"]).run().await.expect(0);
    assert!(!run.stderr.contains("left out"), "another filter leaves it out, too: {}", run.stderr);
}
