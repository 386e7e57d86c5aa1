//! Values without an option: Ids and GUIDs for `remove` and `forget`, hosts for `get`; several values of one option; Ids and
//! GUIDs on stdin; and what is said of a value that is something else.

use std::collections::BTreeSet;

use pssession::simulator::{SimulatedShell, World};

use super::{ALICE, BUILD_7, BUILD_8, host, leaked, left};
use crate::support::command::Run;
use crate::support::command_fixture::CommandFixture;
use crate::support::home_fixture::{self, HomeFixture};

fn closed(run: &Run) -> Vec<String> {
    run.records()
        .iter()
        .filter(|record| record["Outcome"] == "Closed")
        .map(|record| record["ShellId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn ids_ranges_and_guids_stand_behind_rm_in_any_order() {
    let lower = ALICE.to_lowercase();
    for (words, gone, remaining) in [
        (&["rm", "3", "1"][..], &[ALICE, BUILD_7][..], &[BUILD_8][..]),
        (&["rm", "1..2"], &[BUILD_7, BUILD_8], &[ALICE]),
        (&["rm", "2", &lower, "1,2"], &[BUILD_8, ALICE, BUILD_7], &[]),
        (&["rm", "--id", "1", "2"], &[BUILD_7, BUILD_8], &[ALICE]),
        (&["rm", "--instance-id", BUILD_8, ALICE], &[BUILD_8, ALICE], &[BUILD_7]),
        (&["rm", "1", "2", "--owner", "alice"], &[], &[BUILD_7, BUILD_8, ALICE]),
    ] {
        let fixture = CommandFixture::listed().await;
        let run = fixture.run(&[words, &["--yes"]].concat()).await;
        let run = run.expect(if gone.is_empty() { 3 } else { 0 });
        assert_eq!(closed(&run), gone, "{words:?}");
        assert_eq!(left(&fixture.simulator), remaining, "{words:?}");
    }
}

#[tokio::test]
async fn forget_takes_the_same_values() {
    let fixture = CommandFixture::listed().await;
    fixture.run(&["forget", "1", ALICE]).await.expect(0);
    let known = fixture.run(&["get", "--cached"]).await.expect(0);
    assert_eq!(known.records().iter().map(|record| record["Id"].clone()).collect::<Vec<_>>(), [2]);
    assert_eq!(left(&fixture.simulator), [BUILD_7, BUILD_8, ALICE]);
}

#[tokio::test]
async fn a_value_that_nothing_has_is_missed_as_that_of_an_option() {
    let fixture = CommandFixture::listed().await;
    let run = fixture.run(&["rm", "1", "77", "--yes"]).await.expect(4);
    assert_eq!(closed(&run), [BUILD_7]);
    assert!(run.stderr.contains("no session has the id \"77\""), "{}", run.stderr);
    let nobody = "99999999-65a0-49f2-9053-a1b156c95777";
    let run = fixture.run(&["rm", nobody, "--yes"]).await.expect(3);
    assert!(run.stderr.contains(&format!("no session has the instance id \"{nobody}\"")), "{}", run.stderr);
    let run = fixture.run(&["rm", "2", "--id", "3"]).await.expect(2);
    assert!(run.stderr.contains("cannot be used with"), "{}", run.stderr);
}

#[tokio::test]
async fn get_takes_hosts_as_on_does() {
    let (first, second) = (CommandFixture::new().await, host(leaked()).await);
    let config = first.folder().join("config.toml");
    let (one, two) = (first.address(), second.address().to_string());
    let user = second.user();
    std::fs::write(&config, format!("[group]\nfarm = ['{one}']\n[[host]]\nname = '*'\nuser = '{user}'"))
        .unwrap();
    let config = config.to_str().unwrap();
    let both = format!("{one},{two}");
    let port = one.rsplit(':').next().unwrap();
    let range = format!("127.0.0.[1-1]:{port}");
    for (words, sessions) in [
        (&["get", &one][..], 3),
        (&["ls", "@farm"], 3),
        (&["get", &range], 3),
        (&["get", &one, &one, "--name", "build-7"], 1),
    ] {
        let run = first.run(&[words, &["--config", config]].concat()).await.expect(0);
        assert_eq!(run.records().len(), sessions, "{words:?}");
    }
    // The second host has another password, so that only the first answers.
    for words in [&["get", &one, &two][..], &["get", &both], &["get", &one, "--on", &two]] {
        let run = first.run(words).await;
        assert!(run.stderr.contains(&two), "{words:?}: {}", run.stderr);
    }
}

#[tokio::test]
async fn get_refuses_what_names_a_session() {
    let fixture = CommandFixture::listed().await;
    for (words, hint) in [
        (&["get", "3"][..], "use --id 3"),
        (&["get", "1..2"], "use --id 1..2"),
        (&["get", BUILD_7], "use --instance-id B6631D8E"),
    ] {
        let run = fixture.run(words).await.expect(2);
        assert!(run.stderr.contains("is not a host") && run.stderr.contains(hint), "{}", run.stderr);
    }
    assert_eq!(fixture.simulator.connections(), 1, "nobody was asked");
}

#[tokio::test]
async fn the_names_that_get_prints_are_values_of_rm() {
    let home = HomeFixture::new().await;
    let host = home.servers.address();
    let line = format!("pssession get {host} --owner ci-runner -o name | xargs pssession rm --yes -o name");
    let run = home.bash(&line).await.expect(0);
    assert_eq!(
        run.stdout.lines().collect::<Vec<_>>(),
        [home_fixture::BUILD_7, home_fixture::NIGHTLY, home_fixture::PATCHING]
    );
    assert_eq!(home.left(), [home_fixture::FOREIGN, home_fixture::BACKUP]);
}

#[tokio::test]
async fn ids_and_guids_come_in_one_a_line() {
    let fixture = CommandFixture::listed().await;
    let words = ["remove", "--session", "-", "--yes"];
    let text = format!("3\r\n\n\"{}\"\n", BUILD_7.to_lowercase());
    let run = fixture.pipe(&text, &words).await.expect(0);
    assert_eq!(closed(&run), [ALICE, BUILD_7]);
    // What is gone is a miss, and the rest is closed all the same.
    let run = fixture.pipe(&format!("{text}2..9\n"), &words).await.expect(4);
    assert_eq!(closed(&run), [BUILD_8]);
    let missed = run.stderr.matches("no session has the").count();
    assert_eq!(missed, 2, "{}", run.stderr);
    let run = fixture.pipe("1\nbuild-7\n", &words).await.expect(2);
    assert!(run.stderr.contains("line 2: expected an object, found a text"), "{}", run.stderr);
    // A file of values says nothing that the table could take in.
    let run = fixture.pipe("1\n", &["import", "-"]).await.expect(2);
    assert!(run.stderr.contains("line 1:"), "{}", run.stderr);
}

#[tokio::test]
async fn a_value_that_is_no_session_is_recognised() {
    let fixture = CommandFixture::listed().await;
    fixture.import_on("db01", "44444444-65A0-49F2-9053-A1B156C95777", |_| ());
    let config = fixture.folder().join("config.toml");
    std::fs::write(&config, "[[host]]\nname = 'win01'\n").unwrap();
    let config = config.to_str().unwrap();
    for (verb, value, hint) in [
        ("rm", "DB01", "use --on DB01 --all"),
        ("rm", "win01", "use --on win01 --all"),
        ("rm", "@farm", "use --on @farm --all"),
        ("rm", "build-7", "use --name build-7 for the sessions with this name"),
        ("rm", "alice", "use --owner alice"),
        ("rm", r"contoso\alice", r"use --owner 'contoso\alice'"),
        ("rm", "nobody", "use --name nobody for sessions with this name, or --on nobody --all"),
        ("forget", "db01", "use --computer-name db01 --cached"),
        ("forget", "nobody", "or --computer-name nobody"),
    ] {
        let run = fixture.run(&[verb, "1", value, "--config", config]).await.expect(2);
        let problem = format!("error: {value:?} is not an Id, a range of Ids or an instance id\n");
        assert!(run.stderr.starts_with(&problem), "{}", run.stderr);
        assert!(run.stderr.contains(hint) && run.stderr.contains("nothing was sent"), "{}", run.stderr);
    }
    assert_eq!(fixture.simulator.connections(), 1, "nobody was asked");
}

#[tokio::test]
async fn names_of_files_in_place_of_a_wildcard_are_recognised() {
    let home = HomeFixture::new().await;
    let host = home.servers.address();
    for line in [
        "rm --name build-*".to_owned(),
        "rm build-*".to_owned(),
        "rm *".to_owned(),
        format!("get --on {host} --name build-*"),
        format!("get --name build-* {host}"),
        "get *".to_owned(),
        // A single match reads as a name.
        format!("get --on {host} --name build-1*"),
        "rm --name build-1*".to_owned(),
    ] {
        let run = home.bash(&format!("touch build-1.log build-2.log; pssession {line}")).await;
        assert_ne!(run.code, 0, "{line}");
        let hint = "quote wildcards, as in --name 'build-*': build-";
        assert_eq!(run.stderr.matches(hint).count(), 1, "{line}: {}", run.stderr);
    }
    // A file that happens to have the name of a host changes nothing.
    let run = home.bash(&format!("touch {host}; pssession get {host}")).await.expect(0);
    assert_eq!(run.records().len(), 4);
    let ids: BTreeSet<_> = home.left().into_iter().collect();
    assert_eq!(ids.len(), 5, "nothing was closed");
}

/// The session with the Id 2 is another one.
#[tokio::test]
async fn an_id_of_a_shell_that_reads_as_an_id_is_not_printed_as_one() {
    let mut world = World::new("web01");
    for shell_id in ["2", BUILD_7] {
        world.add(SimulatedShell::powershell(shell_id, "Runspace1", r"CONTOSO\ada", "Microsoft.PowerShell"));
    }
    let fixture = CommandFixture::of(host(world).await);
    let address = fixture.address();
    let named = fixture.run(&["get", &address, "-o", "name"]).await.expect(0);
    assert_eq!(named.stdout, format!("1\n{BUILD_7}\n"));
    fixture.run(&["rm", "1", "--yes"]).await.expect(0);
    assert_eq!(left(&fixture.simulator), [BUILD_7]);
}
