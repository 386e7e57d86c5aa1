//! Several real processes at one table: this test binary, started again with a task in its environment.
#![expect(clippy::print_stdout, reason = "a worker reports on its standard output")]

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use pssession::store::{ListingContext, Store, StoreReader};

use super::{Home, at, crashes, imported, listing, session_at};

const TASK: &str = "PSSESSION_TEST_STORE_TASK";
const TABLE: &str = "PSSESSION_TEST_STORE_TABLE";

const PROCESSES: usize = 8;
const SHELLS: usize = 25;

#[test]
#[ignore = "a process that the other tests of this module start"]
fn worker() {
    let (Ok(task), Ok(table)) = (env::var(TASK), env::var(TABLE)) else { return };
    match task.split_once(' ').unwrap() {
        ("merge", number) => merge(number, Path::new(&table)),
        ("write", kind_and_name) => crashes::write(kind_and_name, Path::new(&table)),
        ("look", _) => look(Path::new(&table)),
        other => panic!("unknown task {other:?}"),
    }
}

fn command(binary: &Path, task: &str, table: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .args(["store::processes::worker", "--exact", "--ignored", "--nocapture"])
        .env(TASK, task)
        .env(TABLE, table)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// Starts a worker.
pub(super) fn start(task: &str, table: &Path) -> Child {
    command(&env::current_exe().unwrap(), task, table).spawn().unwrap()
}

/// Lists an endpoint of its own and one that all list, again and again, as soon as its input ends.
fn merge(number: &str, table: &Path) {
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    let own = format!("http://host{number}:5985/wsman");
    let shared = "http://shared:5985/wsman";
    for turn in 0..5 {
        let mut store = Store::open(table).unwrap();
        for (url, complete) in [(own.as_str(), true), (shared, false)] {
            let found: Vec<_> =
                (0..SHELLS).map(|shell| session_at(url, &format!("{number}-{shell}"))).collect();
            let listing_context = ListingContext { endpoint_url: url, complete, ..listing(turn) };
            for session in store.merge_listing(listing_context, &found).unwrap().sessions() {
                println!("row {} {url} {}", session.id.unwrap().0, session.shell.shell_id);
            }
        }
    }
}

#[test]
fn eight_processes_merge_at_once_into_a_new_table_and_no_row_is_lost() {
    let home = Home::new();
    let mut children: Vec<_> =
        (0..PROCESSES).map(|number| start(&format!("merge {number}"), &home.table())).collect();
    // The end of its input is each one's starting signal.
    children.iter_mut().for_each(|child| drop(child.stdin.take()));
    let mut given: HashMap<String, i64> = HashMap::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        for (id, key) in printed_rows(&text) {
            assert_eq!(*given.entry(key.clone()).or_insert(id), id, "{key} changed its Id");
        }
    }
    let rows = home.reader().all(at(0)).unwrap();
    assert_eq!(rows.len(), 2 * PROCESSES * SHELLS);
    assert_eq!(given.len(), rows.len());
    for session in rows.sessions() {
        let key = format!("{} {}", session.endpoint_url, session.shell.shell_id);
        assert_eq!(given[&key], session.id.unwrap().0);
    }
    let highest = rows.sessions().iter().map(|session| session.id.unwrap().0).max();
    assert_eq!(highest, i64::try_from(rows.len()).ok(), "no Id is wasted");
}

/// The rows that a worker reported: Ids, and what they belong to.
pub(super) fn printed_rows(text: &str) -> impl Iterator<Item = (i64, String)> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("row "));
    rows.filter_map(|row| row.split_once(' ')).map(|(id, key)| (id.parse().unwrap(), key.to_owned()))
}

/// Says what a user without the rights to change the table gets.
fn look(table: &Path) {
    let writing = Store::open(table).map_err(|error| format!("{:?}", error.problem()));
    println!("writing: {}", writing.map_or_else(|problem| problem, |_| "possible".to_owned()));
    let reading = StoreReader::open(table).and_then(|reader| reader.all(at(0)));
    println!(
        "reading: {}",
        reading.map_or_else(|error| format!("{:?}", error.problem()), |rows| rows.len().to_string())
    );
}

/// What a user who is not root, and owns nothing here if this one is, gets with these permissions.
#[cfg(unix)]
fn as_a_stranger(folder_mode: u32, file_mode: u32) -> Vec<String> {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65_534;

    let home = Home::new();
    let folder = home.folder.path().join("state");
    let table = folder.join("sessions.db");
    Store::open(&table).unwrap().import(&mut [imported("A", None)]).unwrap();
    // The test binary may lie where a stranger cannot go. Another process copies it: a handle that is open for writing
    // here would leak into what the other tests start, and what is being written cannot be run.
    let binary = home.folder.path().join("worker");
    let copied = Command::new("cp").arg(env::current_exe().unwrap()).arg(&binary).status().unwrap();
    assert!(copied.success());
    set_permissions(home.folder.path(), Permissions::from_mode(0o755)).unwrap();
    set_permissions(&binary, Permissions::from_mode(0o755)).unwrap();
    set_permissions(&table, Permissions::from_mode(file_mode)).unwrap();
    set_permissions(&folder, Permissions::from_mode(folder_mode)).unwrap();
    let mut command = command(&binary, "look 0", &table);
    if fs::metadata(&binary).unwrap().uid() == 0 {
        command.current_dir("/").uid(NOBODY).gid(NOBODY);
    }
    let output = command.output().unwrap();
    set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| line.contains("ing: ")).map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn a_read_only_table_is_read_and_not_written() {
    assert_eq!(as_a_stranger(0o777, 0o444), ["writing: ReadOnly", "reading: 1"]);
    assert_eq!(as_a_stranger(0o555, 0o444), ["writing: ReadOnly", "reading: 1"]);
    assert_eq!(as_a_stranger(0o777, 0o000), ["writing: Denied", "reading: Denied"]);
    assert_eq!(as_a_stranger(0o000, 0o444), ["writing: Denied", "reading: Denied"]);
}
