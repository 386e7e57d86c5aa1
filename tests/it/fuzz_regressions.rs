//! The seeds and past findings of the fuzz targets, read again. Those of the command's own readers are read by the tests
//! of the command (`cli::fuzzing`), those of the simulator's logins by those of the library (`fuzzing`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::corpus;
use crate::support::oracles::TARGETS;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn no_seed_and_no_past_finding_is_a_finding() {
    corpus::replay(TARGETS);
}

#[test]
fn every_target_has_a_binary_and_a_seed() {
    // The package has no fuzz targets.
    if !root().exists() {
        return;
    }
    let targets: BTreeSet<String> = names(&root().join("targets"))
        .iter()
        .map(|name| name.strip_suffix(".rs").unwrap().to_owned())
        .collect();
    for (name, _) in TARGETS {
        assert!(targets.contains(*name), "{name} has no file in tests/fuzz/targets");
    }
    assert_eq!(names(&root().join("corpus")), targets);
    for target in &targets {
        assert!(!names(&root().join("corpus").join(target)).is_empty(), "{target} has no seed");
    }
}
