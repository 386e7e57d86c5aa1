//! Each example runs, and says what its first line promises.

use std::path::Path;
use std::process::Command;

/// `cargo test` builds the examples beside the command.
fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_pssession")).parent().unwrap().join("examples");
    let output = Command::new(folder.join(name)).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn remove_by_name_closes_the_builds_and_nothing_else() {
    let reported = example("remove_by_name");
    assert!(reported.lines().count() >= 3, "{reported}");
    assert!(reported.lines().all(|line| line.starts_with("Closed: Some(\"build-")), "{reported}");
}

#[test]
fn what_if_plans_and_says_what_is_to_be_confirmed() {
    let reported = example("what_if");
    assert!(reported.lines().any(|line| line.starts_with("WhatIf: ")), "{reported}");
    assert!(reported.contains("to be confirmed: NotOurs"), "{reported}");
}

#[test]
fn listing_counts_the_slots_by_owner() {
    let reported = example("listing");
    assert!(reported.starts_with("12 shells; the listing is complete"), "{reported}");
    assert!(reported.contains("CONTOSO\\ci-runner"), "{reported}");
}

#[test]
fn custom_transport_sees_every_exchange() {
    assert_eq!(example("custom_transport"), "12 sessions in 1 exchange(s)\n");
}

#[test]
fn fleet_reports_each_host_and_each_session_as_it_is_done() {
    let shown = example("fleet");
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(
        lines.iter().filter(|line| line.contains("/5] http") && line.contains(": listed ")).count(),
        5,
        "{shown}"
    );
    let closed = lines.iter().filter(|line| line.ends_with(": Closed")).count();
    assert!(closed > 0, "{shown}");
    assert_eq!(*lines.last().unwrap(), format!("{closed} closed, 0 failed, 0 hosts unreachable"));
}
