//! kill -9 at any moment: no committed row is lost, no Id is given twice, and the table is as good as before.
#![expect(clippy::print_stdout, reason = "a worker reports on its standard output")]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;
use std::process::Child;
use std::thread;

use pssession::SessionDescriptor;
use pssession::session::LocalId;
use pssession::store::{ListingContext, Origin, Row, RowMetadata, Store, StoreReader};
use rusqlite::Connection;

use super::processes::{printed_rows, start};
use super::{Home, at, listing, session_at};

const ROUNDS: usize = 20;

/// What the killed processes do, and how many rows each adds in one transaction.
const WRITERS: [(&str, usize); 3] = [("list", 9), ("import", 30), ("forget", 12)];

/// Writes until it is killed: says `begin` before each transaction, and what it did after it.
pub(super) fn write(kind_and_name: &str, table: &Path) {
    let (kind, name) = kind_and_name.split_once(' ').unwrap();
    let (_, batch) = WRITERS.into_iter().find(|(writer, _)| *writer == kind).unwrap();
    let url = format!("http://{name}:5985/wsman");
    let mut sessions: Vec<SessionDescriptor> = Vec::new();
    for turn in 0.. {
        let mut store = Store::open(table).unwrap();
        let new: Vec<_> = (0..batch).map(|part| session_at(&url, &format!("{turn}-{part}"))).collect();
        println!("begin");
        if kind == "list" {
            // Complete, and longer each time, so that each listing rewrites every row of the last one.
            sessions.extend(new);
            let listing_context = ListingContext { endpoint_url: &url, ..listing(turn) };
            report(store.merge_listing(listing_context, &sessions).unwrap().sessions());
            continue;
        }
        let mut rows: Vec<_> = new
            .into_iter()
            .map(|session| Row { session, note: RowMetadata::new(Origin::Imported) })
            .collect();
        let ids: Vec<_> = store.import(&mut rows).unwrap().iter().map(|outcome| outcome.id).collect();
        let with_id =
            rows.into_iter().zip(&ids).map(|(row, id)| SessionDescriptor { id: Some(*id), ..row.session });
        report(&with_id.collect::<Vec<_>>());
        if kind == "forget" {
            let dropped = &ids[batch / 2..];
            dropped.iter().for_each(|id| println!("dropping {}", id.0));
            println!("begin");
            assert_eq!(store.forget(dropped.iter().copied()).unwrap(), dropped.len());
            dropped.iter().for_each(|id| println!("dropped {}", id.0));
        }
    }
}

fn report(sessions: &[SessionDescriptor]) {
    for session in sessions {
        println!("row {} {}", session.id.unwrap().0, key(session));
    }
}

fn key(session: &SessionDescriptor) -> String {
    format!("{} {}", session.endpoint_url, session.shell.shell_id)
}

/// What is known of one table, from what its writers said before they died and from what was found in it.
#[derive(Default)]
struct Acknowledged {
    /// To whom each Id was given.
    given: HashMap<i64, String>,
    /// The rows that must be there: those of which a commit was reported.
    committed: HashSet<i64>,
    /// The rows that must be gone.
    dropped: HashSet<i64>,
}

impl Acknowledged {
    fn note(&mut self, printed: &str) {
        for (id, key) in printed_rows(printed) {
            self.give(id, key);
            self.committed.insert(id);
        }
        let ids = |word: &'static str| {
            printed.lines().filter_map(move |line| line.strip_prefix(word)).map(|id| id.parse().unwrap())
        };
        // Between the two words it may be there or not.
        let dropping: HashSet<i64> = ids("dropping ").collect();
        self.committed.retain(|id| !dropping.contains(id));
        self.dropped.extend(ids("dropped "));
    }

    fn give(&mut self, id: i64, key: String) {
        let first = self.given.entry(id).or_insert_with(|| key.clone());
        assert_eq!(*first, key, "Id {id} was given twice");
    }

    /// Opens the table as the next process would.
    fn verify(&mut self, table: &Path) {
        let mut present = HashSet::new();
        for session in StoreReader::open(table).unwrap().all(at(0)).unwrap().sessions() {
            let LocalId(id) = session.id.unwrap();
            self.give(id, key(session));
            present.insert(id);
        }
        let lost: Vec<_> = self.committed.difference(&present).map(|id| &self.given[id]).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
        assert!(self.dropped.is_disjoint(&present), "a dropped row came back");
        let mut store = Store::open(table).unwrap();
        let after = session_at("http://after:5985/wsman", &self.given.len().to_string());
        let id = store.add_opened(&after, &RowMetadata::new(Origin::Opened)).unwrap().0;
        assert!(self.given.keys().all(|given| *given < id), "Id {id} is not new");
        self.give(id, key(&after));
        drop(store);
        let connection = Connection::open(table).unwrap();
        let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
    }
}

#[test]
fn writers_killed_at_any_moment_lose_no_committed_row_and_damage_nothing() {
    let home = Home::new();
    let mut trace = Acknowledged::default();
    let mut broken_off = [0; WRITERS.len()];
    for round in 0..ROUNDS {
        let mut children =
            WRITERS.map(|(kind, _)| start(&format!("write {kind} {kind}{round}"), &home.table()));
        for (index, child) in children.iter_mut().enumerate() {
            let mut printed = String::new();
            let mut lines = BufReader::new(child.stdout.take().unwrap());
            let transactions = 1 + (round + index) % 5;
            read_until(&mut lines, "begin\n", transactions, &mut printed);
            kill(child);
            lines.read_to_string(&mut printed).unwrap();
            trace.note(&printed);
            broken_off[index] += usize::from(printed.ends_with("begin\n"));
        }
        trace.verify(&home.table());
    }
    assert!(broken_off.iter().all(|count| *count > 0), "{broken_off:?} of {ROUNDS}: who died at work?");
    assert!(trace.committed.len() > ROUNDS && !trace.dropped.is_empty());
}

#[test]
fn makers_of_a_table_killed_at_any_moment_leave_one_that_can_be_used() {
    for round in 0..ROUNDS {
        let home = Home::new();
        let mut trace = Acknowledged::default();
        let mut children = ["a", "b"].map(|name| start(&format!("write import {name}"), &home.table()));
        for (index, child) in children.iter_mut().enumerate() {
            let mut lines = BufReader::new(child.stdout.take().unwrap());
            until_files(child, home.folder.path(), 1 + (round + index) % 4);
            kill(child);
            let mut printed = String::new();
            lines.read_to_string(&mut printed).unwrap();
            trace.note(&printed);
        }
        trace.verify(&home.table());
    }
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Reads until a line came so many times.
fn read_until(lines: &mut impl BufRead, wanted: &str, count: usize, printed: &mut String) {
    let mut seen = 0;
    while seen < count {
        let start = printed.len();
        assert_ne!(lines.read_line(printed).unwrap(), 0, "the process ended by itself: {printed}");
        seen += usize::from(&printed[start..] == wanted);
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
