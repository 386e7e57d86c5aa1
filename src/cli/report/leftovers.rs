//! I/O module: the empty files of runs that were killed before they could write their report or take the file away again.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use pssession::permissions;

/// What the name of a report in the making begins with.
const PREFIX: &str = ".pssession-report-";

/// How many characters follow it.
const RANDOM: usize = 6;

/// How old a file is before it is taken for left behind: between its making and its lock there is a moment.
const MIN_AGE: Duration = Duration::from_secs(60);

/// The most entries of a folder that are looked at: the report does not wait for a folder of a million files.
const MAX_ENTRIES: usize = 10_000;

/// A new empty file in this folder, for its owner alone, which no other run takes for left behind.
pub(super) fn make(folder: &Path) -> io::Result<NamedTempFile> {
    let temporary = tempfile::Builder::new().prefix(PREFIX).rand_bytes(RANDOM).tempfile_in(folder)?;
    // Where a file system has no locks, nothing is cleared away there either.
    let _ = temporary.as_file().try_lock();
    Ok(temporary)
}

/// Takes away what runs of this user left in this folder: by its name one of theirs, empty, old, and locked by nobody.
/// That it cannot be done hinders nobody.
pub(super) fn clear(folder: &Path, now: SystemTime) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.take(MAX_ENTRIES).filter_map(Result::ok) {
        let is_named_so = entry.file_name().to_str().is_some_and(is_name_of_ours);
        if is_named_so && is_left(&entry.path(), now).unwrap_or_default() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_name_of_ours(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX);
    random.is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn is_left(path: &Path, now: SystemTime) -> io::Result<bool> {
    let metadata = fs::symlink_metadata(path)?;
    let age = now.duration_since(metadata.modified()?).unwrap_or_default();
    if !metadata.is_file() || metadata.len() > 0 || age < MIN_AGE || !permissions::is_ours(&metadata) {
        return Ok(false);
    }
    // Whoever is still at work holds the lock.
    Ok(File::options().write(true).open(path)?.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, name: &str, text: &str) {
        fs::write(folder.join(name), text).unwrap();
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn only_what_is_ours_empty_old_and_idle_is_taken_away() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path();
        for name in ["aaaaaa", "Zz09aB", "short", "toolong", "with-a", ""] {
            file(folder, &format!("{PREFIX}{name}"), "");
        }
        file(folder, ".pssession-reported", "");
        file(folder, &format!("{PREFIX}ffffff"), "x");
        fs::create_dir(folder.join(format!("{PREFIX}dddddd"))).unwrap();
        let at_work = make(folder).unwrap();
        let before = names(folder);
        clear(folder, SystemTime::now());
        assert_eq!(names(folder), before, "what is new may be another run's");
        clear(folder, SystemTime::now() + MIN_AGE * 2);
        let mut left = before;
        left.retain(|name| !name.ends_with("aaaaaa") && !name.ends_with("Zz09aB"));
        assert_eq!(names(folder), left);
        let path = at_work.path().to_owned();
        assert!(path.exists());
        // It was killed.
        let (unlocked, kept) = at_work.keep().unwrap();
        drop(unlocked);
        clear(folder, SystemTime::now() + MIN_AGE * 2);
        assert!(!kept.exists());
    }

    #[test]
    fn a_folder_that_cannot_be_read_hinders_nobody() {
        clear(Path::new("/no/such/folder"), SystemTime::now());
    }
}
