//! What is in the way of a table, and what is left of it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use pssession::store::{Origin, Store, StoreOptions, StoreProblem, StoreReader};
use rusqlite::Connection;

use super::{Home, at, imported, listing, session};

/// Both ways of opening refuse it, name it, and leave every file of the folder as it was.
fn refused(home: &Home) -> StoreProblem {
    let folder = home.folder.path();
    let before = contents(folder);
    let error = Store::open(home.table()).unwrap_err();
    let reading = StoreReader::open(home.table()).unwrap_err();
    assert_eq!(error.problem(), reading.problem());
    assert!(error.to_string().contains(home.table().to_str().unwrap()), "{error}");
    assert!(before == contents(folder), "the files changed");
    error.problem().clone()
}

fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.to_str().unwrap().to_owned(), fs::read(&path).unwrap_or_default()))
        .collect();
    files.sort();
    files
}

/// The table as a process that dies now would leave it.
fn copied(home: &Home, suffixes: &[&str]) -> Home {
    let copy = Home::new();
    for name in suffixes.iter().map(|suffix| format!("sessions.db{suffix}")) {
        fs::copy(home.folder.path().join(&name), copy.folder.path().join(&name)).unwrap();
    }
    copy
}

fn filled(home: &Home) {
    Store::open(home.table()).unwrap().import(&mut [imported("A", None)]).unwrap();
}

#[test]
fn a_table_that_is_not_there_reads_as_empty_and_is_not_made() {
    let home = Home::new();
    let path = home.folder.path().join("deep").join("sessions.db");
    assert!(StoreReader::open(&path).unwrap().all(at(0)).unwrap().is_empty());
    assert!(contents(home.folder.path()).is_empty());
}

#[test]
fn an_empty_file_becomes_a_table() {
    let home = Home::new();
    fs::write(home.table(), "").unwrap();
    assert!(home.reader().all(at(0)).unwrap().is_empty());
    filled(&home);
    assert_eq!(home.reader().all(at(0)).unwrap().len(), 1);
}

#[test]
fn the_leavings_of_a_process_that_died_while_it_made_a_table_do_no_harm() {
    let home = Home::new();
    for suffix in ["new", "new-journal", "new-wal", "new-shm"] {
        fs::write(home.folder.path().join(format!("sessions.db.{suffix}")), "half a table").unwrap();
    }
    filled(&home);
    let names: Vec<_> = contents(home.folder.path()).into_iter().map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.contains(".new")), "{names:?}");
}

#[cfg(unix)]
#[test]
fn the_files_and_the_folders_are_for_this_user_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let folder = home.folder.path().join("state/pssession");
    let path = folder.join("sessions.db");
    let mut store = Store::open(&path).unwrap();
    store.import(&mut [imported("A", None)]).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let file = folder.join(format!("sessions.db{suffix}"));
        assert_eq!(mode(&file), 0o600, "{file:?}");
    }
    assert_eq!((mode(&folder), mode(folder.parent().unwrap())), (0o700, 0o700));
}

#[test]
fn opening_a_table_that_is_as_it_should_be_writes_nothing() {
    let home = Home::new();
    filled(&home);
    let before = contents(home.folder.path());
    let written = |home: &Home| fs::metadata(home.table()).unwrap().modified().unwrap();
    let time = written(&home);
    drop(Store::open(home.table()).unwrap());
    drop(home.reader().all(at(0)).unwrap());
    assert!(before == contents(home.folder.path()));
    assert_eq!(time, written(&home));
}

#[test]
fn a_table_of_a_newer_version_is_refused() {
    let home = Home::new();
    filled(&home);
    Connection::open(home.table()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(refused(&home), StoreProblem::Newer { found: 99, known: 2 });
}

#[test]
fn a_newer_version_that_only_the_wal_file_knows_of_is_refused_too() {
    let home = Home::new();
    filled(&home);
    let newer = Connection::open(home.table()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    let after_crash = copied(&home, &["", "-wal"]);
    let files = |home: &Home| {
        let mut files = contents(home.folder.path());
        files.retain(|(name, _)| !name.ends_with("-shm"));
        files
    };
    let before = files(&after_crash);
    let error = Store::open(after_crash.table()).unwrap_err();
    assert_eq!(error.problem(), &StoreProblem::Newer { found: 99, known: 2 });
    assert!(before == files(&after_crash), "the files changed");
}

#[test]
fn a_store_that_is_open_does_not_write_into_what_became_newer() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    Connection::open(home.table()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = store.import(&mut [imported("A", None)]).unwrap_err();
    assert_eq!(error.problem(), &StoreProblem::Newer { found: 99, known: 2 });
}

#[test]
fn another_programs_database_is_refused_and_its_interrupted_work_left_alone() {
    let home = Home::new();
    let other = Connection::open(home.table()).unwrap();
    other
        .execute_batch(
            "PRAGMA application_id = 77; CREATE TABLE t (x); PRAGMA cache_spill = 1; PRAGMA cache_size = 1;",
        )
        .unwrap();
    drop(other);
    // A journal that SQLite would roll back if it were asked to read.
    fs::write(
        home.folder.path().join("sessions.db-journal"),
        [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7].repeat(64),
    )
    .unwrap();
    assert_eq!(refused(&home), StoreProblem::Foreign { application_id: 77 });
}

#[test]
fn an_unmarked_database_is_foreign() {
    let home = Home::new();
    Connection::open(home.table()).unwrap().execute_batch("CREATE TABLE session (id)").unwrap();
    assert_eq!(refused(&home), StoreProblem::Foreign { application_id: 0 });
}

#[test]
fn what_is_no_database_is_refused() {
    for content in ["x".to_owned(), "{\"Schema\": 1}".repeat(1000), "SQLite format 3\0".to_owned()] {
        let home = Home::new();
        fs::write(home.table(), &content).unwrap();
        assert_eq!(refused(&home), StoreProblem::NotATable, "{content:.20}");
    }
}

#[test]
fn a_folder_and_a_link_to_nowhere_are_refused() {
    let home = Home::new();
    fs::create_dir(home.table()).unwrap();
    assert_eq!(refused(&home), StoreProblem::NotAFile);
    fs::remove_dir(home.table()).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/nowhere/at/all", home.table()).unwrap();
        assert_eq!(refused(&home), StoreProblem::NotAFile);
    }
    // Windows takes a path below a file for one that is not there.
    #[cfg(unix)]
    {
        let file = home.folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Store::open(file.join("sessions.db")).unwrap_err();
        assert_eq!(error.problem(), &StoreProblem::NotAFile);
    }
}

#[cfg(unix)]
#[test]
fn a_linked_table_stays_where_it_is() {
    let home = Home::new();
    let real = home.folder.path().join("real.db");
    fs::write(&real, "").unwrap();
    std::os::unix::fs::symlink(&real, home.table()).unwrap();
    filled(&home);
    assert!(fs::symlink_metadata(home.table()).unwrap().is_symlink());
    assert_eq!(StoreReader::open(&real).unwrap().all(at(0)).unwrap().len(), 1);
}

#[test]
fn a_damaged_table_is_refused_when_its_rows_are_read() {
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    let mut many: Vec<_> = (0..500).map(|number| imported(&format!("S{number}"), None)).collect();
    store.import(&mut many).unwrap();
    drop(store);
    let mut bytes = fs::read(home.table()).unwrap();
    let length = bytes.len();
    bytes[4096 * 4..length].fill(0x5a);
    fs::write(home.table(), &bytes).unwrap();
    let mut store = Store::open(home.table()).unwrap();
    assert_eq!(store.all(at(0)).unwrap_err().problem(), &StoreProblem::Corrupt);
    assert_eq!(
        store.merge_listing(listing(0), &[session("S1")]).unwrap_err().problem(),
        &StoreProblem::Corrupt
    );
    drop(store);
    assert!(fs::read(home.table()).unwrap() == bytes);
}

#[test]
fn a_value_that_this_version_does_not_know_is_named() {
    let home = Home::new();
    filled(&home);
    Connection::open(home.table())
        .unwrap()
        .execute("UPDATE session SET computer_type = 'Toaster'", [])
        .unwrap();
    let error = home.reader().all(at(0)).unwrap_err();
    assert_eq!(error.problem(), &StoreProblem::Corrupt);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "session 1: unknown computer type \"Toaster\"");
}

#[test]
fn a_table_that_lost_its_wal_mode_gets_it_back() {
    let home = Home::new();
    filled(&home);
    Connection::open(home.table())
        .unwrap()
        .query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
        .unwrap();
    let store = Store::open(home.table()).unwrap();
    assert_eq!(store.all(at(0)).unwrap().len(), 1);
    let mode: String = Connection::open(home.table())
        .unwrap()
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_locked_table_is_waited_for_and_then_reported() {
    let home = Home::new();
    filled(&home);
    let hasty = StoreOptions::default().patience(Duration::from_millis(20));
    let mut store = Store::open_with(home.table(), hasty).unwrap();
    let other = Connection::open(home.table()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.import(&mut [imported("B", None)]).unwrap_err();
    assert_eq!(error.problem(), &StoreProblem::Locked);
    assert_eq!(store.all(at(0)).unwrap().len(), 1, "readers do not wait for a writer");
    other.execute_batch("ROLLBACK").unwrap();
    store.import(&mut [imported("B", None)]).unwrap();
}

#[test]
fn a_table_that_is_being_made_is_waited_for_and_then_reported() {
    let home = Home::new();
    let lock = fs::File::create(home.folder.path().join("sessions.db.lock")).unwrap();
    lock.lock().unwrap();
    let hasty = StoreOptions::default().patience(Duration::from_millis(20));
    let error = Store::open_with(home.table(), hasty).unwrap_err();
    assert_eq!(error.problem(), &StoreProblem::Locked);
    drop(lock);
    Store::open_with(home.table(), hasty).unwrap();
}

#[cfg(unix)]
#[test]
fn a_device_is_no_place_for_a_table() {
    let error = Store::open("/dev/null").unwrap_err();
    assert_eq!(error.problem(), &StoreProblem::NotAFile);
}

#[test]
fn two_stores_of_one_process_share_a_table() {
    let home = Home::new();
    let mut one = Store::open(home.table()).unwrap();
    let mut other = Store::open(home.table()).unwrap();
    one.import(&mut [imported("A", None)]).unwrap();
    other.import(&mut [imported("B", None)]).unwrap();
    drop(Store::open(home.table()).unwrap());
    assert_eq!(home.reader().sessions(&Origin::CURRENT, at(0)).unwrap().len(), 2);
}

/// A checkpoint writes the first page, with the new length of the file, before it writes the pages behind the old one.
#[test]
fn a_process_that_died_while_it_moved_the_wal_into_the_file_damaged_nothing() {
    const PAGE: usize = 4096;
    let home = Home::new();
    filled(&home);
    let mut store = Store::open(home.table()).unwrap();
    let mut many: Vec<_> = (0..500).map(|number| imported(&format!("S{number}"), None)).collect();
    store.import(&mut many).unwrap();
    let after_crash = copied(&home, &["", "-wal"]);
    drop(store);
    let (before, after) = (fs::read(after_crash.table()).unwrap(), fs::read(home.table()).unwrap());
    assert!(after.len() > before.len());
    fs::write(after_crash.table(), [&after[..PAGE], &before[PAGE..]].concat()).unwrap();
    assert_eq!(StoreReader::open(after_crash.table()).unwrap().all(at(0)).unwrap().len(), 501);
    assert_eq!(Store::open(after_crash.table()).unwrap().all(at(0)).unwrap().len(), 501);
}

/// POSIX drops a process's locks on a file when it closes any handle of that file; another process could then take
/// itself for the last one, and delete the `-wal` file under those who still write.
#[cfg(target_os = "linux")]
#[test]
fn opening_a_table_twice_does_not_take_the_locks_from_the_first() {
    use std::os::unix::fs::MetadataExt as _;
    let home = Home::new();
    let mut store = Store::open(home.table()).unwrap();
    store.import(&mut [imported("A", None)]).unwrap();
    let inode = fs::metadata(home.table()).unwrap().ino();
    let holder = format!(" {} ", std::process::id());
    let is_locked = || {
        let locks = fs::read_to_string("/proc/locks").unwrap();
        locks.lines().any(|lock| lock.contains(&holder) && lock.contains(&format!(":{inode} ")))
    };
    assert!(is_locked());
    drop(Store::open(home.table()).unwrap());
    drop(home.reader());
    assert!(is_locked());
    drop(store);
    assert!(!is_locked());
}
