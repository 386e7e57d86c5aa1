//! Several real processes at one table: this test binary, started again with a task in its environment.
#![expect(clippy::print_stdout, reason = "a worker reports on its standard output")]

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use pssession::store::{Sighting, Store, StoreReader};
use rusqlite::Connection;

use super::{Home, at, imported, listing, session_at};

const TASK: &str = "PSSESSION_TEST_STORE_TASK";
const TABLE: &str = "PSSESSION_TEST_STORE_TABLE";

const PROCESSES: usize = 8;
const SHELLS: usize = 25;
const ROUNDS: usize = 20;

#[test]
#[ignore = "a process that the other tests of this module start"]
fn worker() {
    let (Ok(task), Ok(table)) = (env::var(TASK), env::var(TABLE)) else { return };
    match task.split_once(' ').unwrap() {
        ("merge", number) => merge(number, Path::new(&table)),
        ("flood", name) => flood(name, Path::new(&table)),
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

fn start(task: &str, table: &Path) -> Child {
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
            let sighting = Sighting { endpoint_url: url, complete, ..listing(turn) };
            for session in store.merge_listing(sighting, &found).unwrap().sessions() {
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
    let rows = StoreReader::open(home.table()).unwrap().all(at(0)).unwrap();
    assert_eq!(rows.len(), 2 * PROCESSES * SHELLS);
    assert_eq!(given.len(), rows.len());
    for session in rows.sessions() {
        let key = format!("{} {}", session.endpoint_url, session.shell.shell_id);
        assert_eq!(given[&key], session.id.unwrap().0);
    }
    let highest = rows.sessions().iter().map(|session| session.id.unwrap().0).max();
    assert_eq!(highest, i64::try_from(rows.len()).ok(), "no Id is wasted");
}

/// Imports rows, a few in each transaction, until it is killed; says so after each commit.
fn flood(name: &str, table: &Path) {
    for number in 0_u64.. {
        let objects: Vec<_> =
            (0..=number % 7).map(|part| imported(&format!("{name}-{number}-{part}"), None)).collect();
        let mut store = Store::open(table).unwrap();
        for (object, outcome) in objects.iter().zip(store.import(&objects).unwrap()) {
            let session = &object.session;
            println!("row {} {} {}", outcome.id.0, session.endpoint_url, session.shell.shell_id);
        }
    }
}

#[test]
fn a_process_killed_at_any_moment_loses_no_committed_row_and_damages_nothing() {
    let shared = Home::new();
    let mut committed: HashMap<String, i64> = HashMap::new();
    for round in 0..ROUNDS {
        // Every other round kills the makers of a new table.
        let fresh = (round % 2 == 1).then(Home::new);
        let table = fresh.as_ref().unwrap_or(&shared).table();
        let mut children = ["a", "b"].map(|name| start(&format!("flood {round}{name}"), &table));
        let mut printed = String::new();
        for (index, child) in children.iter_mut().enumerate() {
            let mut lines = BufReader::new(child.stdout.take().unwrap());
            match &fresh {
                Some(home) => until_files(child, home.folder.path(), 1 + (round / 2 + index) % 4),
                None => read_rows(&mut lines, (round * 31 + index * 17) % 60, &mut printed),
            }
            child.kill().unwrap();
            lines.read_to_string(&mut printed).unwrap();
            child.wait().unwrap();
        }
        let rows: HashMap<_, _> = printed_rows(&printed).map(|(id, key)| (key, id)).collect();
        match &fresh {
            Some(home) => verify(&home.table(), &rows),
            None => {
                committed.extend(rows);
                verify(&table, &committed);
            }
        }
    }
    assert!(committed.len() > ROUNDS, "{} rows prove nothing", committed.len());
}

/// Every row that a process reported is there, also for a process that comes after.
fn verify(table: &Path, committed: &HashMap<String, i64>) {
    let mut store = Store::open(table).unwrap();
    let rows = store.all(at(0)).unwrap();
    let present: HashMap<_, _> = rows
        .sessions()
        .iter()
        .map(|session| {
            (format!("{} {}", session.endpoint_url, session.shell.shell_id), session.id.unwrap().0)
        })
        .collect();
    for (key, id) in committed {
        assert_eq!(present.get(key), Some(id), "{key}");
    }
    store.import(&[imported("after", None)]).unwrap();
    drop(store);
    let connection = Connection::open(table).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

/// Reads until so many rows were reported.
fn read_rows(lines: &mut impl BufRead, count: usize, printed: &mut String) {
    let mut seen = 0;
    while seen < count {
        let start = printed.len();
        assert_ne!(lines.read_line(printed).unwrap(), 0, "the process ended by itself: {printed}");
        seen += usize::from(printed[start..].starts_with("row "));
    }
}

/// Waits, awake, until a folder has so many files: the lock, then the table under its first name, then its own, then
/// its two companions.
fn until_files(child: &mut Child, folder: &Path, count: usize) {
    while fs::read_dir(folder).unwrap().count() < count {
        assert!(child.try_wait().unwrap().is_none(), "the process ended by itself");
        thread::yield_now();
    }
}

fn printed_rows(text: &str) -> impl Iterator<Item = (i64, String)> {
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
    Store::open(&table).unwrap().import(&[imported("A", None)]).unwrap();
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
