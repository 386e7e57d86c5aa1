//! What a hostile answer costs, measured in a process of its own.
#![expect(clippy::print_stdout, reason = "the process that measures tells the test what it found")]

use super::hostile::TROUBLES;
use super::trouble::{Trouble, troubles};
use super::{Operation, WAYS, cell};

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
fn greedy() -> impl Iterator<Item = &'static Trouble> {
    TROUBLES.iter().chain(troubles().filter(|trouble| trouble.name == "an answer that never ends"))
}

#[test]
#[ignore = "the next test runs it in a process of its own"]
fn the_measurement() {
    for trouble in greedy() {
        for way in WAYS {
            let operations = [Operation::Enumerate, Operation::Pull];
            let applies = |operation: &Operation| trouble.not_applicable(way, *operation).is_none();
            let operation = operations.into_iter().find(applies).unwrap();
            let kib = measure(|| drop(cell::run(way, operation, trouble)));
            println!("{MARK} {kib} {}, {}", trouble.name, way.name());
        }
    }
    let held = measure(|| drop(vec![1_u8; 96 << 20]));
    println!("{MARK} {held} 96 MiB at once");
}

#[test]
fn while_a_hostile_answer_is_read_memory_stays_under_64_mebibytes() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "faults::memory::the_measurement", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let figures: Vec<(u64, &str)> = text
        .lines()
        .filter_map(|line| line.split_once(MARK)?.1.trim().split_once(' '))
        .map(|(kib, name)| (kib.parse().unwrap(), name))
        .collect();
    let (control, cells) = figures.split_last().unwrap();
    assert_eq!(cells.len(), greedy().count() * WAYS.len());
    assert!(control.0 > LIMIT, "the measurement sees nothing: {control:?}");
    assert!(cells.iter().all(|(kib, _)| *kib < LIMIT), "{figures:#?}");
}
