//! Section 2 of the cmdlet's specification, Resolving selectors: what each value finds, and what it says if it does not.

use pssession::session::{ComputerType, SessionDescriptor};
use pssession::simulator::OperationKind;

use super::{ALICE, BUILD_7, BUILD_8, import, imported_fixture, left, said};
use crate::support::command_fixture::CommandFixture;

const NOBODY: &str = "fc4e9dfa-f246-452d-9fa3-1adbdd64ae85";

/// The ShellIds that a command would remove, in its order.
async fn planned(fixture: &CommandFixture, words: &[&str]) -> Vec<String> {
    let words = [&["rsn"], words, &["-WhatIf", "--output", "ndjson"]].concat();
    let run = fixture.run(&words).await;
    run.records().iter().map(|record| record["ShellId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn sessions_come_in_the_order_of_the_values_and_each_once() {
    let fixture = imported_fixture().await;
    for words in [["-Name", "*8,build-*,build-7"], ["-Id", "2,1,2"], ["-Id", "2..1"]] {
        assert_eq!(planned(&fixture, &words).await, [BUILD_8, BUILD_7], "{words:?}");
    }
    let both = format!("{BUILD_8},{{{BUILD_7}}},{BUILD_8}");
    assert_eq!(planned(&fixture, &["-InstanceId", &both]).await, [BUILD_8, BUILD_7]);
    assert_eq!(planned(&fixture, &["-ComputerName", "serv*,Server01"]).await, [BUILD_7, BUILD_8]);
    fixture.run(&["rsn", "-Id", "2,1", "-Confirm:$false"]).await.expect(0);
    let world = fixture.simulator.world();
    let world = world.lock().unwrap();
    let deleted = world.log().filter(|entry| entry.kind == OperationKind::Delete);
    let deleted: Vec<_> = deleted.map(|entry| entry.shell_id.clone().unwrap()).collect();
    assert_eq!(deleted, [BUILD_8, BUILD_7], "they are closed in that order, too");
}

/// The table of selectors: what is said of a miss, value by value, and the exit code.
#[tokio::test]
async fn each_selector_misses_in_its_own_way() {
    let fixture = imported_fixture().await;
    let rows: &[(&[&str], &[&str])] = &[
        (&["-Id", "77,0,-3,77"], &["id \"77\"", "id \"0\"", "id \"-3\"", "id \"77\""]),
        (
            &["-InstanceId", "{FC4E9DFA-F246-452D-9FA3-1ADBDD64AE85},00000000000000000000000000000000"],
            &[
                "instance id \"fc4e9dfa-f246-452d-9fa3-1adbdd64ae85\"",
                "instance id \"00000000-0000-0000-0000-000000000000\"",
            ],
        ),
        (
            &["-Name", "nobody,gone*,x],x`*, build-7 ,nobody"],
            &["name \"nobody\"", "name \"x`*\"", "name \" build-7 \"", "name \"nobody\""],
        ),
        (
            &["-ComputerName", "web99,web9*,."],
            &["computer name \"web99\"", "computer name \"web9*\"", "computer name \".\""],
        ),
        (&["-ContainerId", "c0ffee,*,["], &[]),
        (&["-VMId", NOBODY], &[]),
        (&["-VMName", "vm,vm*"], &[]),
    ];
    for (words, missed) in rows {
        let run = fixture.run(&[&["rsn"], *words].concat()).await;
        let run = run.expect(i32::from(!missed.is_empty()));
        let expected: Vec<_> =
            missed.iter().map(|what| format!("Remove-PSSession: no session has the {what}")).collect();
        assert_eq!(said(&run), expected, "{words:?}");
    }
    assert_eq!(fixture.simulator.connections(), 1, "nobody was asked");
}

#[tokio::test]
async fn the_same_is_said_of_an_empty_table() {
    let fixture = CommandFixture::new().await;
    for (words, code) in [(["-Name", "*"], 0), (["-ComputerName", "*"], 1), (["-Id", "1..9"], 1)] {
        let run = fixture.run(&[&["rsn"], &words[..]].concat()).await.expect(code);
        assert_eq!(said(&run).len(), usize::try_from(code).unwrap(), "{words:?}: {}", run.stderr);
    }
}

/// "All errors are written while resolving, before the first removal", and "hits are still removed".
#[tokio::test]
async fn all_misses_are_told_before_the_first_removal_and_the_hits_are_removed() {
    let fixture = imported_fixture().await;
    let words = ["rsn", "-Name", "nobody,build-7,no one,build-8", "-Confirm:$false", "-Verbose"];
    let run = fixture.run(&words).await.expect(1);
    let begins: Vec<_> = said(&run).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    let error = ["Remove-PSSession:", "", ""];
    assert_eq!(begins, [&error[..], &error, &["VERBOSE:"; 4]].concat(), "{}", run.stderr);
    assert_eq!(left(&fixture.simulator), [ALICE]);
}

/// "**Clone**: one clear usage error that quotes the pattern, nothing removed; check before touching the table."
#[tokio::test]
async fn a_bad_pattern_is_one_early_error_whatever_the_table_holds() {
    let (full, empty) = (imported_fixture().await, CommandFixture::new().await);
    for fixture in [&full, &empty] {
        for parameter in ["-Name", "-ComputerName", "-VMName"] {
            for pattern in ["[", "build-7,a[", "*,[z-a]", "[`]"] {
                let run = fixture.run(&["rsn", parameter, pattern, "-Confirm:$false"]).await.expect(2);
                let quoted = format!("{:?}", pattern.rsplit(',').next().unwrap());
                let first = said(&run)[0].to_owned();
                assert!(first.contains(parameter) && first.contains(&quoted), "{first}");
                assert_eq!(run.stderr.matches("Remove-PSSession:").count(), 1, "{}", run.stderr);
            }
        }
    }
    assert_eq!(left(&full.simulator).len(), 3);
    assert_eq!(empty.simulator.connections(), 0);
    assert!(!std::path::Path::new(&empty.table()).exists());
}

fn named(name: &str) -> impl FnOnce(&mut SessionDescriptor) + '_ {
    |session| session.computer_name = name.into()
}

/// Details 2 and 3: the dot, `localhost`, addresses in brackets.
#[tokio::test]
async fn a_dot_is_localhost_and_an_address_needs_no_brackets() {
    let fixture = CommandFixture::new().await;
    import(&fixture, BUILD_7, named("LOCALHOST"));
    import(&fixture, BUILD_8, named("[2001:db8::1]"));
    import(&fixture, ALICE, named("web01"));
    assert_eq!(planned(&fixture, &["-ComputerName", "."]).await, [BUILD_7]);
    for address in ["2001:DB8::1", "[2001:db8::1]", "2001:db8:0:0::1", "`[2001*"] {
        assert_eq!(planned(&fixture, &["-Cn", address]).await, [BUILD_8], "{address}");
    }
    // A computer whose name is a dot is meant first.
    import(&fixture, "22222222-65A0-49F2-9053-A1B156C95777", named("."));
    assert_eq!(planned(&fixture, &["."]).await, ["22222222-65A0-49F2-9053-A1B156C95777"]);
}

/// Details 4 to 6, and the table's rows of containers and virtual machines.
#[tokio::test]
async fn containers_and_virtual_machines_are_found_by_their_own_and_as_computers() {
    let fixture = CommandFixture::new().await;
    import(&fixture, BUILD_7, |session| {
        session.computer_type = ComputerType::Container;
        session.container_id = "AbC1".to_owned();
        session.computer_name = "AbC1".into();
    });
    import(&fixture, BUILD_8, |session| {
        session.computer_type = ComputerType::VirtualMachine;
        session.vm_name = "Lab-DC".to_owned();
        session.vm_id = Some(NOBODY.parse().unwrap());
        session.computer_name = "Lab-DC".into();
    });
    import(&fixture, ALICE, |session| session.container_id = "other".to_owned());
    let nothing: [&str; 0] = [];
    assert_eq!(planned(&fixture, &["-ContainerId", "AbC1"]).await, [BUILD_7]);
    for other in ["abc1", "AbC", "*", "AbC?", "other"] {
        assert_eq!(planned(&fixture, &["-ContainerId", other]).await, nothing, "{other}");
    }
    for name in ["Lab-DC", "lab-*", "*", "[l]ab-d?"] {
        assert_eq!(planned(&fixture, &["-VMName", name]).await, [BUILD_8], "{name}");
    }
    let vm_id = format!("({})", NOBODY.to_uppercase());
    assert_eq!(planned(&fixture, &["-VMGuid", &vm_id]).await, [BUILD_8]);
    assert_eq!(planned(&fixture, &["-ComputerName", "abc1,lab*"]).await, [BUILD_7, BUILD_8]);
}

/// The table of the current session does not hold what was only listed.
#[tokio::test]
async fn what_was_only_listed_is_told_with_its_id_also_in_a_pipe() {
    let fixture = imported_fixture().await;
    let told = "WARNING: Runspace1 on 127.0.0.1 (Id 3) is not in the current session, but was only listed on a server; \
                use -Id 3 or --cached";
    for (words, code, lines) in [
        (&["rsn", "-Name", "Runspace1"][..], 1, 2),
        (&["rsn", "-Name", "Run*"], 0, 1),
        (&["gsn", "-Name", "Runspace1"], 1, 2),
    ] {
        let run = fixture.run(words).await.expect(code);
        assert_eq!(
            (said(&run).len(), said(&run).contains(&told)),
            (lines, true),
            "{words:?}: {}",
            run.stderr
        );
    }
    // Nothing is said of what was not asked for, and nothing where errors are silent.
    for words in [&["gsn"][..], &["rsn", "-Name", "nobody*"], &["rsn", "-Name", "Run*", "-ea", "Ignore"]] {
        assert_eq!(fixture.run(words).await.expect(0).stderr, "", "{words:?}");
    }
    let run = fixture.run(&["rsn", "-Name", "Runspace1", "--cached", "-WhatIf"]).await.expect(0);
    assert_eq!(run.stdout.lines().count(), 2);
    assert_eq!(left(&fixture.simulator).len(), 3);
}
