//! What a hostile answer costs, measured in a process of its own.
#![expect(clippy::print_stdout, reason = "the process that measures tells the test what it found")]

use super::fault::{Fault, faults_of_table};
use super::hostile::FAULTS;
use super::many_shells::{self, ManyShells};
use super::{AUTH_MODES, Operation, cell};

/// The most that reading any answer may add, in KiB. The host of the test is in the same process and is counted, too.
const LIMIT: u64 = 64 * 1024;
/// What begins a line of the measurement.
const MARK: &str = "measured:";

/// The peak above what was in use before, in KiB.
fn measure(work: impl FnOnce()) -> u64 {
    let before = status("VmRSS:");
    // Linux, proc(5): 5 makes the peak what is in use now.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    work();
    status("VmHWM:").saturating_sub(before)
}

fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// What may want memory: all that was thought up for it, and the answer that never ends.
fn greedy() -> impl Iterator<Item = &'static Fault> {
    FAULTS.iter().chain(faults_of_table().filter(|fault_kind| fault_kind.name == "an answer that never ends"))
}

#[test]
#[ignore = "the next test runs it in a process of its own"]
fn the_measurement() {
    for fault_kind in greedy() {
        for way in AUTH_MODES {
            let operations = [Operation::Enumerate, Operation::Pull];
            let applies = |operation: &Operation| fault_kind.not_applicable(way, *operation).is_none();
            let operation = operations.into_iter().find(applies).unwrap();
            let kib = measure(|| drop(cell::run(way, operation, fault_kind)));
            println!("{MARK} {kib} {}, {}", fault_kind.name, way.name());
        }
    }
    let held = measure(|| drop(vec![1_u8; 96 << 20]));
    println!("{MARK} {held} 96 MiB at once");
}

/// The shells of a long listing, and how many are on a page of half a megabyte.
const SHELLS: usize = 250_000;
const ON_A_PAGE: usize = 800;
/// So many are listed where they are kept.
const KEPT: usize = 50_000;
/// The most that a host costs whose shells are listed and planned, however many it lists, in KiB.
const OF_A_HOST: u64 = 192 * 1024;
/// The most bytes that a shell may cost as long as it is kept.
const OF_A_SHELL: u64 = 640;
/// What reading a page may take beside them, in bytes.
const PAGE: u64 = 16 << 20;

#[test]
#[ignore = "the next test runs it in a process of its own"]
fn the_measurement_of_long_listings() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let many_shells = || {
        let many_shells = ManyShells::new(SHELLS, ON_A_PAGE);
        (many_shells.client(), many_shells)
    };
    let kib = measure(|| {
        let (mut client, many_shells) = many_shells();
        let mut count = 0;
        let gaps = runtime.block_on(client.list_shells_with(|_| count += 1)).unwrap();
        assert_eq!((count, gaps.len()), (SHELLS, 0));
        println!("{MARK} {} read", many_shells.bytes() / 1024);
    });
    println!("{MARK} {kib} given away");
    let kib = measure(|| {
        let mut client = ManyShells::new(KEPT, ON_A_PAGE).client();
        let listing = runtime.block_on(client.list_shells()).unwrap();
        assert!(listing.complete() && listing.shells.len() == KEPT);
    });
    println!("{MARK} {kib} kept");
    let kib = measure(|| {
        let planned = many_shells::plan_all(&ManyShells::new(SHELLS, SHELLS / 125));
        assert!(planned > KEPT, "{planned}");
    });
    println!("{MARK} {kib} planned");
}

#[test]
fn a_long_listing_holds_no_page_and_a_shell_only_for_whoever_keeps_it() {
    let figures = measured("the_measurement_of_long_listings");
    let [read, given_away, kept, planned] = [0, 1, 2, 3].map(|index: usize| figures[index].0);
    assert!(given_away < LIMIT && LIMIT < read, "{figures:?}");
    assert!(kept * 1024 < OF_A_SHELL * KEPT as u64 + PAGE, "{figures:?}");
    assert!(planned < OF_A_HOST, "{figures:?}");
}

#[test]
fn while_a_hostile_answer_is_read_memory_stays_under_64_mebibytes() {
    let figures = measured("the_measurement");
    let (control, cells) = figures.split_last().unwrap();
    assert_eq!(cells.len(), greedy().count() * AUTH_MODES.len());
    assert!(control.0 > LIMIT, "the measurement sees nothing: {control:?}");
    assert!(cells.iter().all(|(kib, _)| *kib < LIMIT), "{figures:#?}");
}

/// What a measurement found, in KiB, and of what.
fn measured(measurement: &str) -> Vec<(u64, String)> {
    let name = format!("faults::memory::{measurement}");
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text.lines()
        .filter_map(|line| line.split_once(MARK)?.1.trim().split_once(' '))
        .map(|(kib, name)| (kib.parse().unwrap(), name.to_owned()))
        .collect()
}
