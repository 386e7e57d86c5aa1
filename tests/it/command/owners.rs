//! Whose sessions are meant: `--owner` by the name alone, owners that are not there, `--not-owner` where it must protect, and
//! sessions in which a command runs.

use pssession::simulator::{Account, Simulator, World};
use secrecy::SecretString;

use super::{ALICE, BUILD_7, BUILD_8, host, leaked, left, on};
use crate::support::command::{Pssession, Run};

fn ids(run: &Run) -> Vec<String> {
    run.records().iter().map(|record| record["ShellId"].as_str().unwrap().to_owned()).collect()
}

/// The host of [`leaked`], whose third session has this owner.
async fn third_of(owner: &str) -> Simulator {
    let mut world: World = leaked();
    world.shells_mut()[2].owner = owner.to_owned();
    host(world).await
}

#[tokio::test]
async fn an_owner_without_an_authority_is_one_of_any() {
    let simulator = host(leaked()).await;
    for (owner, found) in [
        ("ci-runner", &[BUILD_7, BUILD_8][..]),
        ("CI-*", &[BUILD_7, BUILD_8]),
        (r"contoso\ALICE", &[ALICE]),
        ("alice,ci-runner", &[BUILD_7, BUILD_8, ALICE]),
        ("contoso*", &[]),
        (r"FAR\alice", &[]),
    ] {
        let run = on(&simulator, "get", &["--owner", owner]).run().await.expect(0);
        assert_eq!(ids(&run), found, "{owner}");
    }
}

#[tokio::test]
async fn a_member_of_a_list_that_matches_nothing_is_told_with_the_owners_that_are_there() {
    let simulator = host(leaked()).await;
    let note = "note: no session is owned by \"ci-runer\" or \"bob\"; sessions are owned by CONTOSO\\ci-runner, \
                CONTOSO\\alice\n";
    for (verb, also) in [("get", &[][..]), ("remove", &["--what-if"]), ("remove", &["--yes"])] {
        let words = [&["--owner", "ci-runer,alice,bob"], also].concat();
        let run = on(&simulator, verb, &words).run().await.expect(0);
        assert_eq!(ids(&run), [ALICE], "{verb}");
        assert_eq!(run.stderr.matches(note).count(), 1, "{verb} {also:?}: {}", run.stderr);
    }
    let run = on(&simulator, "get", &["--owner", "ci-runner"]).run().await.expect(0);
    assert_eq!(run.stderr, "");
}

#[tokio::test]
async fn what_one_host_has_is_no_miss_of_the_others() {
    let mut second: World = leaked();
    second.shells_mut()[2].owner = r"LAB\bob".to_owned();
    let start = |world| {
        let builder = Simulator::builder().world(world);
        builder.account(Account::administrator(r"CONTOSO\ops"), SecretString::from("geheim")).start()
    };
    let (one, other) = (start(leaked()).await.unwrap(), start(second).await.unwrap());
    let hosts = format!("{},{}", one.address(), other.address());
    let words = ["remove", "--on", &hosts, "--owner", "alice,bob,nobody", "--yes"];
    let run = Pssession::new(words).env("PSSESSION_USER", r"CONTOSO\ops").env("PSSESSION_PASSWORD", "geheim");
    let run = run.run().await;
    let run = run.expect(0);
    assert!(
        run.stderr.contains("note: no session is owned by \"nobody\"; sessions are owned by "),
        "{run:?}"
    );
    assert_eq!((left(&one).len(), left(&other).len()), (2, 2));
}

#[tokio::test]
async fn not_owner_leaves_out_and_protects_in_doubt() {
    for (owner, pattern, found, note) in [
        (r"CONTOSO\alice", "alice", &[BUILD_7, BUILD_8][..], None),
        (r"CONTOSO\alice", "ci-*", &[ALICE], None),
        (r"CONTOSO\alice", "bob", &[BUILD_7, BUILD_8, ALICE], None),
        (
            "",
            "bob",
            &[BUILD_7, BUILD_8],
            Some("note: 1 session is excluded: the owner may be one that --not-owner"),
        ),
        ("alice", "bob", &[BUILD_7, BUILD_8, ALICE], None),
        ("alice", r"CONTOSO\bob", &[BUILD_7, BUILD_8], Some("note: 1 session is excluded")),
        (
            r"CONTOSO\alice",
            "bob@contoso.example",
            &[],
            Some(
                "note: 3 sessions are excluded: no owner can be compared with --not-owner bob@contoso.example",
            ),
        ),
    ] {
        let simulator = third_of(owner).await;
        for (verb, also) in [("get", &["-o", "ndjson"][..]), ("remove", &["--what-if"])] {
            let words = [&["--not-owner", pattern][..], if verb == "get" { &[] } else { also }].concat();
            let run = on(&simulator, verb, &words).run().await;
            let run = run.expect(if verb == "remove" && found.is_empty() { 3 } else { 0 });
            assert_eq!(ids(&run), found, "{verb} {owner:?} {pattern}");
            match note {
                Some(note) => assert_eq!(run.stderr.matches(note).count(), 1, "{}", run.stderr),
                None => assert!(!run.stderr.contains("note:"), "{}", run.stderr),
            }
        }
        let run = on(&simulator, "remove", &["--not-owner", pattern, "--yes"]).run().await;
        assert!(run.code == if found.is_empty() { 3 } else { 0 }, "{}", run.stderr);
        let protected: Vec<_> =
            [BUILD_7, BUILD_8, ALICE].into_iter().filter(|id| !found.contains(id)).collect();
        assert_eq!(left(&simulator), protected, "{owner:?} {pattern}");
        assert_eq!(note.is_some(), run.stderr.contains("excluded"), "{}", run.stderr);
    }
}

#[tokio::test]
async fn running_chooses_what_skip_running_leaves_out() {
    let simulator = host(leaked()).await;
    assert_eq!(ids(&on(&simulator, "get", &["--running"]).run().await.expect(0)), [BUILD_8]);
    let run = on(&simulator, "get", &["--skip-running"]).run().await.expect(0);
    assert_eq!(ids(&run), [BUILD_7, ALICE]);
    let run = on(&simulator, "remove", &["--running", "--what-if"]).run().await.expect(0);
    assert_eq!(ids(&run), [BUILD_8]);
    on(&simulator, "get", &["--running", "--skip-running"]).run().await.expect(2);
    on(&simulator, "remove", &["--running", "--yes"]).run().await.expect(0);
    assert_eq!(left(&simulator), [BUILD_7, ALICE]);
}

#[tokio::test]
async fn the_type_may_be_called_powershell() {
    let simulator = host(leaked()).await;
    for word in ["ps", "powershell", "PowerShell"] {
        let run = on(&simulator, "get", &["--type", word]).run().await.expect(0);
        assert_eq!(ids(&run), [BUILD_7, ALICE], "{word}");
    }
}
