//! Why the table cannot be used: one error, which names the file, the reason and the way out.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use rusqlite::ErrorCode;
use rusqlite::ffi;

/// The table at [`path`](Self::path) could not be read or changed. Nothing was changed.
#[derive(Debug)]
pub struct StoreError {
    path: PathBuf,
    kind: StoreErrorKind,
}

impl StoreError {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is the matter with it.
    #[must_use]
    pub fn problem(&self) -> &StoreProblem {
        &self.kind.problem
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use the session table {}: {}", self.path.display(), self.kind.problem)
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.kind.source.as_deref().map(|source| -> &(dyn StdError + 'static) { source })
    }
}

/// What can be the matter with the table. The text of each says why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreProblem {
    /// A folder, a device, or a link that leads nowhere.
    #[error("it is not a file; choose the path of a file")]
    NotAFile,
    /// Something else than an SQLite database.
    #[error("it is not a session table, and is not changed; choose another path, or move the file away")]
    NotATable,
    /// An SQLite database with another program's application id.
    #[error(
        "it is the database of another program (application id {application_id:#010x}), and is not changed; \
         choose another path"
    )]
    Foreign {
        /// The other program's mark.
        application_id: u32,
    },
    /// A table of a later version of this crate.
    #[error(
        "a newer version wrote it (schema {found}, this version supports {known}), and it is not changed; use \
         that version, or choose another path"
    )]
    Newer {
        /// The schema version of the file.
        found: i64,
        /// The latest one known here.
        known: i64,
    },
    /// The file's content makes no sense, although it is ours.
    #[error(
        "it is damaged; move it away, with its -wal and -shm files, to start a new one, or restore a backup"
    )]
    Corrupt,
    /// The file, its folder or its file system is read-only, and the call has to write.
    #[error("it cannot be written; make the file and its directory writable, or choose another path")]
    ReadOnly,
    /// The operating system refuses this user.
    #[error("permission denied; give this user access to the file and its directory, or choose another path")]
    Denied,
    /// No room on the disk, or in the quota.
    #[error("the disk is full, and nothing was changed; free some space and try again")]
    Full,
    /// Another process held it for longer than [`StoreOptions::patience`](super::StoreOptions::patience).
    #[error("another process has locked it; try again, and look for a pssession process that hangs")]
    Locked,
    /// The file system cannot do what several processes need.
    #[error("its file system cannot share it between processes; choose a path on a local disk")]
    NotShareable,
    /// A row that may not be kept.
    #[error("{0}")]
    InvalidRow(InvalidRow),
    /// Every Id has been given.
    #[error("no Ids are left; move the file away to start a new one")]
    NoIdsLeft,
    /// Anything else; the source says what.
    #[error("the operating system or SQLite failed; see the cause, and keep the file on a local disk")]
    Failed,
}

/// Why a row may not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRow {
    /// Without it the session can be neither named to a server nor told from others.
    #[error("a session without a ShellId cannot be stored; add its ShellId or InstanceId")]
    NoShellId,
    /// A password would land on the disk.
    #[error("an endpoint URL with a user name or password is not stored; remove them from the URL")]
    LoginInUrl,
}

/// A problem and its cause, on the way to the place that knows the path.
#[derive(Debug)]
pub(super) struct StoreErrorKind {
    pub(super) problem: StoreProblem,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl StoreErrorKind {
    pub(super) fn at(self, path: &Path) -> StoreError {
        StoreError { path: path.to_owned(), kind: self }
    }

    /// The file is ours, but this value in it is not.
    pub(super) fn corrupt(what: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { problem: StoreProblem::Corrupt, source: Some(what.into()) }
    }
}

impl From<StoreProblem> for StoreErrorKind {
    fn from(problem: StoreProblem) -> Self {
        Self { problem, source: None }
    }
}

impl From<InvalidRow> for StoreErrorKind {
    fn from(unfit: InvalidRow) -> Self {
        StoreProblem::InvalidRow(unfit).into()
    }
}

impl From<io::Error> for StoreErrorKind {
    fn from(error: io::Error) -> Self {
        let problem = match error.kind() {
            io::ErrorKind::PermissionDenied => StoreProblem::Denied,
            io::ErrorKind::ReadOnlyFilesystem => StoreProblem::ReadOnly,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreProblem::Full,
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => StoreProblem::NotAFile,
            io::ErrorKind::Unsupported => StoreProblem::NotShareable,
            _ => StoreProblem::Failed,
        };
        Self { problem, source: Some(Box::new(error)) }
    }
}

impl From<rusqlite::Error> for StoreErrorKind {
    fn from(error: rusqlite::Error) -> Self {
        let problem = match &error {
            rusqlite::Error::SqliteFailure(failure, _) => of_sqlite(*failure),
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => StoreProblem::Corrupt,
            _ => StoreProblem::Failed,
        };
        Self { problem, source: Some(Box::new(error)) }
    }
}

fn of_sqlite(failure: ffi::Error) -> StoreProblem {
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreProblem::Locked,
        ErrorCode::DatabaseCorrupt => StoreProblem::Corrupt,
        ErrorCode::NotADatabase => StoreProblem::NotATable,
        ErrorCode::DiskFull => StoreProblem::Full,
        ErrorCode::ReadOnly => StoreProblem::ReadOnly,
        ErrorCode::PermissionDenied | ErrorCode::CannotOpen => StoreProblem::Denied,
        ErrorCode::FileLockingProtocolFailed => StoreProblem::NotShareable,
        ErrorCode::SystemIoFailure => match failure.extended_code {
            ffi::SQLITE_IOERR_SHMOPEN
            | ffi::SQLITE_IOERR_SHMLOCK
            | ffi::SQLITE_IOERR_SHMMAP
            | ffi::SQLITE_IOERR_LOCK
            | ffi::SQLITE_IOERR_RDLOCK => StoreProblem::NotShareable,
            // On unix SQLite makes room for the shared memory file by writing to it.
            ffi::SQLITE_IOERR_SHMSIZE => StoreProblem::Full,
            _ => StoreProblem::Failed,
        },
        // The names of tables or columns do not fit: it has our marks, but somebody changed it.
        ErrorCode::Unknown | ErrorCode::TypeMismatch | ErrorCode::ConstraintViolation => {
            StoreProblem::Corrupt
        }
        _ => StoreProblem::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(code: std::ffi::c_int) -> StoreProblem {
        StoreErrorKind::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).problem
    }

    #[test]
    fn each_answer_of_sqlite_that_a_person_can_act_on_has_its_own_problem() {
        for (code, expected) in [
            (ffi::SQLITE_BUSY, StoreProblem::Locked),
            (ffi::SQLITE_BUSY_RECOVERY, StoreProblem::Locked),
            (ffi::SQLITE_FULL, StoreProblem::Full),
            (ffi::SQLITE_IOERR_SHMSIZE, StoreProblem::Full),
            (ffi::SQLITE_READONLY_DIRECTORY, StoreProblem::ReadOnly),
            (ffi::SQLITE_CORRUPT, StoreProblem::Corrupt),
            (ffi::SQLITE_NOTADB, StoreProblem::NotATable),
            (ffi::SQLITE_CANTOPEN, StoreProblem::Denied),
            (ffi::SQLITE_IOERR_SHMMAP, StoreProblem::NotShareable),
            (ffi::SQLITE_PROTOCOL, StoreProblem::NotShareable),
            (ffi::SQLITE_IOERR_READ, StoreProblem::Failed),
        ] {
            assert_eq!(problem(code), expected, "{code}");
        }
    }

    #[test]
    fn the_message_says_what_where_why_and_what_to_do() {
        let error =
            StoreErrorKind::from(StoreProblem::Newer { found: 7, known: 1 }).at(Path::new("/s/sessions.db"));
        assert_eq!(
            error.to_string(),
            "cannot use the session table /s/sessions.db: a newer version wrote it (schema 7, this version \
             supports 1), and it is not changed; use that version, or choose another path"
        );
    }
}
