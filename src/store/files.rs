//! I/O module: the files around the table: where they are, who may read them, what is in the way.
//!
//! Nothing here opens the database itself. POSIX drops all locks of a process on a file as soon as the process closes any
//! handle of it: a look at the header would take the locks from under another connection of this process, and another
//! process could then delete its `-wal` file. SQLite knows this of its own handles only.
#![expect(clippy::disallowed_methods, reason = "makes folders and files before SQLite sees them")]

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::error::{StoreErrorKind, StoreProblem};

/// A table's path, made absolute, with links followed: SQLite takes some relative names for something else
/// (`:memory:`, `file:`), and the files beside it must be beside the real one.
#[derive(Debug)]
pub(super) struct Place {
    /// The database.
    pub(super) file: PathBuf,
}

impl Place {
    /// The place of an existing folder's file, or `None` if the folder is not there.
    pub(super) fn find(path: &Path) -> Result<Option<Self>, StoreErrorKind> {
        match fs::canonicalize(path) {
            Ok(file) => return Ok(Some(Self { file })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        if fs::symlink_metadata(path).is_ok() {
            return Err(StoreProblem::NotAFile.into());
        }
        let name = path.file_name().ok_or(StoreProblem::NotAFile)?;
        match fs::canonicalize(folder_of(path)) {
            Ok(folder) => Ok(Some(Self { file: folder.join(name) })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The place of a file whose folder is created if need be, for this user only.
    pub(super) fn make(path: &Path) -> Result<Self, StoreErrorKind> {
        if let Some(place) = Self::find(path)? {
            return Ok(place);
        }
        private_folder().create(folder_of(path))?;
        Self::find(path)?.ok_or_else(|| StoreProblem::NotAFile.into())
    }

    /// Whether there is a file with something in it.
    ///
    /// # Errors
    /// Something else than a file is there, or one that is too short for a database.
    pub(super) fn is_occupied(&self) -> Result<bool, StoreErrorKind> {
        match fs::metadata(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
            // A pipe would block whoever opens it.
            Ok(metadata) if !metadata.is_file() => Err(StoreProblem::NotAFile.into()),
            // SQLite takes a single byte for nothing.
            Ok(metadata) if (1..HEADER_LENGTH).contains(&metadata.len()) => {
                Err(StoreProblem::NotATable.into())
            }
            Ok(metadata) => Ok(metadata.len() > 0),
        }
    }

    /// A file beside the table, such as its `.lock`.
    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.file.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    /// Whether SQLite has changes that are not in the main file.
    pub(super) fn has_wal(&self) -> bool {
        fs::metadata(self.beside("-wal")).is_ok_and(|wal| wal.len() > 0)
    }

    /// Takes the lock under which tables are created and migrated; it lasts for as long as the file is held.
    pub(super) fn lock(&self, patience: Duration) -> Result<File, StoreErrorKind> {
        let lock = private_file().create(true).open(self.beside(".lock"))?;
        let mut waits = Waits::new(patience);
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) if waits.wait() => {}
                Err(TryLockError::WouldBlock) => return Err(StoreProblem::Locked.into()),
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
    }

    /// An empty file in which a new table is built, for this user only. Call it under the lock.
    pub(super) fn draft(&self) -> Result<Self, StoreErrorKind> {
        let draft = Self { file: self.beside(".new") };
        // What a process left that died while it built one.
        for suffix in ["", "-journal", "-wal", "-shm"] {
            match fs::remove_file(draft.beside(suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        private_file().create_new(true).open(&draft.file)?;
        Ok(draft)
    }

    /// Puts a finished draft in its place, to survive a power failure. Call it under the lock.
    pub(super) fn adopt(&self, draft: &Self) -> Result<(), StoreErrorKind> {
        fs::rename(&draft.file, &self.file)?;
        // Windows cannot open a folder as a file, and journals the change of its name anyway.
        if cfg!(unix) {
            File::open(folder_of(&self.file))?.sync_all()?;
        }
        Ok(())
    }
}

/// Bounded waiting in small steps, counted and not timed.
#[derive(Debug)]
pub(super) struct Waits {
    count: u64,
    waited: Duration,
    patience: Duration,
}

impl Waits {
    pub(super) fn new(patience: Duration) -> Self {
        Self { count: 0, waited: Duration::ZERO, patience }
    }

    /// Sleeps a little; `false`, without sleeping, once patience is at its end.
    pub(super) fn wait(&mut self) -> bool {
        if self.waited >= self.patience {
            return false;
        }
        self.count += 1;
        let step = Duration::from_millis(self.count).min(LONGEST_STEP);
        thread::sleep(step);
        self.waited += step;
        true
    }
}

/// SQLite does not queue those who wait: who asks seldom starves beside writers that never pause. SQLite's own handler
/// asks every 100 ms, and was seen to starve for 10 s.
const LONGEST_STEP: Duration = Duration::from_millis(10);

/// SQLite file format, section 1.3, The Database Header.
const HEADER_LENGTH: u64 = 100;

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn private_file() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// Elsewhere the folder's own permissions have to do.
#[cfg(not(unix))]
fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    options
}

#[cfg(unix)]
fn private_folder() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

#[cfg(not(unix))]
fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    builder
}
