//! I/O module: a folder that appears whole or not at all. It is written beside its place, under another name.
#![expect(clippy::disallowed_methods, reason = "makes, renames and deletes folders")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder in the making. Dropped without [`AtomicDir::appear`] it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct AtomicDir {
    place: PathBuf,
    /// Holds the folder itself, and then the one that it replaces.
    beside: TempDir,
}

impl AtomicDir {
    /// Makes room beside `place`, on the same file system.
    pub(crate) fn beside(place: &Path) -> io::Result<Self> {
        let parent = match place.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let beside = tempfile::Builder::new().prefix(".pssession-").tempdir_in(parent)?;
        let folder = Self { place: place.to_owned(), beside };
        // With the usual permissions: those of the temporary one are for us alone.
        fs::create_dir(folder.path())?;
        Ok(folder)
    }

    fn path(&self) -> PathBuf {
        self.beside.path().join("new")
    }

    /// Writes one file. It is on the disk when this folder appears.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        fs::write(self.path().join(name), bytes)
    }

    /// Writes one file into a folder of this one. It is on the disk when this one appears.
    pub(crate) fn write_in(&self, folder: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
        let folder = self.path().join(folder);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)
    }

    /// Renames a file of such a folder; one that is not there is left out.
    pub(crate) fn rename(&self, folder: &str, from: &str, to: &str) -> io::Result<()> {
        let folder = self.path().join(folder);
        match fs::rename(folder.join(from), folder.join(to)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            renamed => renamed,
        }
    }

    /// One of its folders takes the place.
    pub(crate) fn appear_from(self, folder: &str) -> io::Result<()> {
        let path = self.path().join(folder);
        self.replace_with(&path)
    }

    /// Takes its place; what stood there goes.
    pub(crate) fn appear(self) -> io::Result<()> {
        let path = self.path();
        self.replace_with(&path)
    }

    fn replace_with(&self, path: &Path) -> io::Result<()> {
        sync(path)?;
        let old = self.beside.path().join("old");
        let replaces = self.place.exists();
        if replaces {
            fs::rename(&self.place, &old)?;
        }
        let appeared = fs::rename(path, &self.place);
        if appeared.is_err() && replaces {
            fs::rename(&old, &self.place)?;
        }
        appeared
    }
}

/// Waits until all files are on the disk: a full one is told now.
fn sync(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sync(&path)?;
        } else {
            // Windows flushes only what is open for writing.
            fs::File::options().write(true).open(&path)?.sync_all()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_appears_whole_in_the_place_of_another() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("x");
        for name in ["a", "b"] {
            let folder = AtomicDir::beside(&place).unwrap();
            folder.write(name, b"text").unwrap();
            folder.appear().unwrap();
            assert_eq!((names(&place), names(home.path())), (vec![name.to_owned()], vec!["x".to_owned()]));
        }
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        let folder = AtomicDir::beside(&home.path().join("x")).unwrap();
        folder.write("a", b"text").unwrap();
        folder.write("no/such/folder", b"text").unwrap_err();
        drop(folder);
        assert!(names(home.path()).is_empty());
        AtomicDir::beside(&home.path().join("no/x")).unwrap_err();
    }
}
