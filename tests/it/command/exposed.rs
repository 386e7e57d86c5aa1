//! A table or a config that somebody else may have written is not believed.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use super::{BUILD_7, left};
use crate::support::command::Pssession;
use crate::support::command_fixture::CommandFixture;

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Commands that say nothing without the table, or would send a login where it says.
const ON_THE_TABLE: &[&[&str]] = &[
    &["get", "--cached"],
    &["remove", "--id", "1", "--yes"],
    &["remove", "--all", "--cached", "--yes"],
    &["forget", "--all", "--cached"],
    &["export"],
    &["gsn", "-Id", "1"],
    &["rsn", "-Id", "1", "-Confirm:$false"],
];

#[tokio::test]
async fn a_table_that_others_may_write_is_refused_and_nothing_is_sent() {
    let fixture = CommandFixture::listed().await;
    for (mode, who) in [(0o666, "everyone (mode 0666)"), (0o620, "its group (mode 0620)")] {
        set(&fixture.table(), mode);
        for words in ON_THE_TABLE {
            let run = fixture.run(words).await.expect(1);
            let why = format!("{} is writable by {who}", fixture.table().display());
            assert!(run.stderr.contains(&why), "{words:?}: {}", run.stderr);
            assert!(run.stderr.contains("chmod go-w"), "{words:?}: {}", run.stderr);
            assert_eq!(run.stdout, "", "{words:?}");
        }
    }
    assert_eq!((fixture.simulator.connections(), left(&fixture.simulator).len()), (1, 3));
    set(&fixture.table(), 0o600);
    fixture.run(&["remove", "--id", "1", "--yes"]).await.expect(0);
}

#[tokio::test]
async fn an_open_folder_above_it_is_enough_and_a_private_one_between_helps() {
    let fixture = CommandFixture::listed().await;
    let open = fixture.folder().join("open");
    for (below, open_mode, inner_mode, trusted) in [
        ("", 0o777, None, false),
        // Others could put a -wal file beside it.
        ("", 0o1777, None, false),
        ("inner", 0o777, Some(0o755), false),
        ("inner", 0o775, Some(0o755), false),
        ("inner", 0o1777, Some(0o755), true),
        ("inner", 0o777, Some(0o700), true),
    ] {
        let folder = open.join(below);
        fs::create_dir_all(&folder).unwrap();
        let table = folder.join("sessions.db");
        fs::copy(fixture.table(), &table).unwrap();
        set(&table, 0o600);
        if let Some(mode) = inner_mode {
            set(&folder, mode);
        }
        set(&open, open_mode);
        let run = fixture.run(&["get", "--cached", "--store", table.to_str().unwrap()]).await;
        if trusted {
            assert_eq!(run.expect(0).records().len(), 3, "{open_mode:o} {inner_mode:?}");
        } else {
            let run = run.expect(1);
            let why = format!("the directory {} is writable by ", open.display());
            assert!(run.stderr.contains(&why), "{open_mode:o} {inner_mode:?}: {}", run.stderr);
            assert!(run.stderr.contains(&format!("(mode {open_mode:04o})")), "{}", run.stderr);
            assert!(run.stderr.contains("a private subdirectory of this one is enough"), "{}", run.stderr);
        }
        fs::remove_dir_all(&open).unwrap();
    }
}

#[tokio::test]
async fn a_listing_works_without_a_table_that_is_not_trusted_but_gives_no_ids() {
    let fixture = CommandFixture::listed().await;
    set(&fixture.table(), 0o666);
    let run = fixture.run(&["get", "--on", &fixture.address()]).await.expect(0);
    let records = run.records();
    assert_eq!(records.len(), 3);
    assert!(records.iter().all(|record| record["Id"] == Value::Null), "{}", run.stdout);
    assert!(run.stderr.contains("is not trusted"), "{}", run.stderr);
    fixture.run(&["get", "--on", &fixture.address(), "--id", "1"]).await.expect(1);
    // By name it is closed, for the server has shown it in this run.
    fixture.run(&["remove", "--on", &fixture.address(), "--instance-id", BUILD_7, "--yes"]).await.expect(0);
    assert_eq!(left(&fixture.simulator).len(), 2);
}

#[tokio::test]
async fn a_table_that_others_may_write_vouches_for_no_endpoint() {
    let fixture = CommandFixture::listed().await;
    let objects = fixture.run(&["get", "--cached"]).await.expect(0).stdout;
    // The host was listed before, so a login goes there unasked.
    fixture.pipe(&objects, &["remove", "--session", "-", "--what-if"]).await.expect(0);
    let before = fixture.simulator.connections();
    set(&fixture.table(), 0o666);
    let run = fixture.pipe(&objects, &["remove", "--session", "-", "--yes"]).await.expect(1);
    assert!(run.stderr.contains("is not trusted"), "{}", run.stderr);
    assert_eq!((fixture.simulator.connections(), left(&fixture.simulator).len()), (before, 3));
}

#[tokio::test]
async fn what_stands_beside_the_table_counts_as_the_table() {
    let fixture = CommandFixture::listed().await;
    let wal = fixture.folder().join("sessions.db-wal");
    fs::write(&wal, "").unwrap();
    set(&wal, 0o666);
    let run = fixture.run(&["get", "--cached"]).await.expect(1);
    assert!(run.stderr.contains("sessions.db-wal is writable by everyone"), "{}", run.stderr);
}

#[tokio::test]
async fn a_completion_offers_nothing_of_a_table_that_others_may_write() {
    let fixture = CommandFixture::listed().await;
    let words = ["--", "pssession", "get", "--id", ""];
    let offered = || {
        let command = Pssession::new(words).env("PSSESSION_COMPLETE", "zsh");
        command.env("PSSESSION_STORE", fixture.table().to_str().unwrap()).run_blocking().expect(0).stdout
    };
    assert!(offered().lines().any(|line| line.starts_with("1:build-7")), "{}", offered());
    set(&fixture.table(), 0o666);
    assert_eq!(offered(), "");
}

#[tokio::test]
async fn a_config_in_an_open_folder_is_refused() {
    let fixture = CommandFixture::new().await;
    let open = fixture.folder().join("open");
    let inner = open.join("inner");
    fs::create_dir_all(&inner).unwrap();
    let config = inner.join("config.toml");
    fs::write(&config, "[group]\nx = ['127.0.0.1']\n").unwrap();
    set(&config, 0o600);
    let get =
        async || fixture.command(&["get"]).env("PSSESSION_CONFIG", config.to_str().unwrap()).run().await;
    for (open_mode, inner_mode, trusted) in
        [(0o777, 0o755, false), (0o755, 0o777, false), (0o1777, 0o755, true), (0o777, 0o700, true)]
    {
        set(&inner, inner_mode);
        set(&open, open_mode);
        let run = get().await.expect(if trusted { 0 } else { 2 });
        assert_eq!(run.stderr.contains("is not trusted: the directory "), !trusted, "{}", run.stderr);
        assert_eq!(run.stderr.contains("emptyDir"), !trusted, "{}", run.stderr);
    }
    // A link is followed: the place of the file counts.
    set(&open, 0o777);
    set(&inner, 0o755);
    let link = fixture.folder().join("link.toml");
    std::os::unix::fs::symlink(&config, &link).unwrap();
    let run = fixture.command(&["get", "--config", link.to_str().unwrap()]).run().await.expect(2);
    assert!(run.stderr.contains("open is writable by everyone (mode 0777)"), "{}", run.stderr);
}

/// Only root can give files away.
#[tokio::test]
async fn what_belongs_to_another_user_is_refused() {
    let fixture = CommandFixture::listed().await;
    let stranger = 65_534;
    if std::os::unix::fs::chown(fixture.table(), Some(stranger), None).is_err() {
        return;
    }
    let run = fixture.run(&["get", "--cached"]).await.expect(1);
    assert!(run.stderr.contains("belongs to another user (user id 65534, mode 0600)"), "{}", run.stderr);
    std::os::unix::fs::chown(fixture.table(), Some(0), None).unwrap();
    std::os::unix::fs::chown(fixture.folder(), Some(stranger), None).unwrap();
    let run = fixture.run(&["get", "--cached"]).await.expect(1);
    let folder = format!("the directory {} belongs to another user", fixture.folder().display());
    assert!(run.stderr.contains(&folder), "{}", run.stderr);
}
