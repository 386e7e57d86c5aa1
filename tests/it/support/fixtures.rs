//! Files of `fixtures/`, and snapshots among them.

use std::path::PathBuf;

/// The environment variable that makes [`assert_snapshot`] write what it would compare.
const BLESS: &str = "PSSESSION_UPDATE_SNAPSHOTS";

/// The path of a file of `fixtures/`.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The bytes of a fixture; its absence is a failure that says what to write.
#[expect(clippy::disallowed_methods, reason = "a test reads its fixtures")]
pub(crate) fn read(name: &str) -> Vec<u8> {
    let path = path(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// The names of the files in a folder of `fixtures/`, sorted.
pub(crate) fn names(folder: &str) -> Vec<String> {
    let path = path(folder);
    let entries = std::fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Compares `text` with an accepted snapshot, of which the last line end does not count.
#[expect(clippy::disallowed_methods, reason = "a test reads its environment and accepts snapshots")]
pub(crate) fn assert_snapshot(name: &str, text: &str) {
    let path = path(name);
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&path, format!("{text}\n")).unwrap();
        return;
    }
    let accepted = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; run with {BLESS}=1, then review the file", path.display())
    });
    let hint = "review the change, then accept it with PSSESSION_UPDATE_SNAPSHOTS=1";
    assert_eq!(text, accepted.trim_end_matches('\n'), "{name} differs: {hint}");
}
