//! I/O module: evidence of sessions as files, one JSON object for each, written before the session is closed. They are for
//! this user alone, and no text of a server is part of their names.
#![expect(clippy::disallowed_methods, reason = "reads the clock, makes the folder and its files")]

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pssession::interchange::{session_record, timestamp};
use pssession::permissions::{self, Kind};
use pssession::request::SessionEvidence;
use serde_json::{Value, json};
use tempfile::TempPath;

use super::diagnostic::Diagnostic;
use super::exit::Exit;
use super::render::visible;

/// What the name of a file in the making begins with.
const PREFIX: &str = ".pssession-evidence-";

/// The most other sessions in one file, so that it stays below some megabytes; how many there are is in it, too.
const MAX_OTHERS: usize = 1_000;

/// Where the evidence of one run goes.
#[derive(Debug)]
pub(crate) struct EvidenceWriter {
    folder: PathBuf,
    /// What the names of this run's files begin with: no other run has it.
    run: String,
}

impl EvidenceWriter {
    /// Makes the folder, for this user alone, or takes one that nobody else may write.
    ///
    /// # Errors
    /// It cannot be made, is no folder, or others may write it.
    pub(crate) fn begin(folder: &Path) -> Result<Self, Diagnostic> {
        make(folder).map_err(|error| {
            failed(format!("cannot keep evidence in {}", folder.display()))
                .about(folder.display().to_string())
                .caused_by(&error)
                .with_hint(
                    "give --evidence a directory of your own, or the name of a new one; nothing was sent",
                )
        })?;
        let started = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or_default();
        let run = format!("{}-{}", started.strftime("%Y%m%dT%H%M%SZ"), std::process::id());
        Ok(Self { folder: folder.to_owned(), run })
    }

    /// Writes a file for each session: all of them, or none.
    ///
    /// # Errors
    /// One of them cannot be written.
    pub(crate) fn write(&self, evidence: &[SessionEvidence]) -> Result<(), Diagnostic> {
        self.write_all(evidence).map_err(|error| {
            failed(format!("cannot write the evidence to {}", self.folder.display()))
                .about(self.folder.display().to_string())
                .caused_by(&error)
                .with_hint("make room there, or choose another directory; no session of this plan was closed")
        })
    }

    fn write_all(&self, evidence: &[SessionEvidence]) -> io::Result<()> {
        // A full disk is found before the first name appears.
        let written: Vec<TempPath> =
            evidence.iter().map(|evidence| self.write_one(evidence)).collect::<io::Result<_>>()?;
        let mut there = Vec::new();
        for (evidence, file) in evidence.iter().zip(written) {
            let name = format!("{}-{:04}.json", self.run, evidence.position.saturating_add(1));
            let path = self.folder.join(name);
            if let Err(error) = file.persist_noclobber(&path) {
                there.iter().for_each(|path| drop(fs::remove_file(path)));
                return Err(error.error);
            }
            there.push(path);
        }
        if cfg!(unix) {
            // The new names, too, have to outlive a crash.
            fs::File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }

    fn write_one(&self, evidence: &SessionEvidence) -> io::Result<TempPath> {
        let temporary = tempfile::Builder::new().prefix(PREFIX).tempfile_in(&self.folder)?;
        let mut out = BufWriter::new(temporary.as_file());
        writeln!(out, "{}", visible(&format!("{:#}", record(evidence, SystemTime::now()))))?;
        out.flush()?;
        drop(out);
        temporary.as_file().sync_all()?;
        Ok(temporary.into_temp_path())
    }
}

/// The object of `pssession.evidence/1`.
fn record(evidence: &SessionEvidence, now: SystemTime) -> Value {
    let (commands, problem) = match &evidence.commands {
        Ok(commands) => {
            let command = |command: &pssession::wsman::Command| {
                json!({
                    "CommandId": command.command_id.as_str(),
                    "CommandLine": command.command_line,
                    "State": command.state,
                })
            };
            (Some(commands.iter().map(command).collect::<Vec<_>>()), None)
        }
        Err(problem) => (None, Some(problem)),
    };
    let others = evidence.others();
    let shown: Vec<_> = others.take(MAX_OTHERS).map(|other| session_record(other, None)).collect();
    json!({
        "Schema": "pssession.evidence/1",
        "Version": env!("CARGO_PKG_VERSION"),
        "RecordedAt": timestamp(now),
        "Session": session_record(&evidence.session, Some(&evidence.metadata)),
        "ClientIP": evidence.session.shell.client_ip.as_deref(),
        "Commands": commands,
        "CommandsError": problem,
        "SameAddressCount": evidence.others().count(),
        "SameAddress": shown,
    })
}

fn make(folder: &Path) -> io::Result<()> {
    match fs::symlink_metadata(folder) {
        Ok(found) if found.is_symlink() => return Err(io::Error::other("it is a symbolic link")),
        Ok(found) if !found.is_dir() => return Err(io::Error::other("it is not a directory")),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            private_folder().create(folder)?;
        }
        Err(error) => return Err(error),
    }
    match permissions::exposed(&folder.join(PREFIX), Kind::Alone)? {
        Some(exposed) => Err(io::Error::other(exposed.to_string())),
        // Whether a file can be made there is known before anything is sent.
        None => tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder)?.close(),
    }
}

#[cfg(unix)]
fn private_folder() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Elsewhere the permissions of the folder above have to do.
#[cfg(not(unix))]
fn private_folder() -> fs::DirBuilder {
    fs::DirBuilder::new()
}

fn failed(message: String) -> Diagnostic {
    Diagnostic::new("EvidenceNotKept", "WriteError", message, Exit::COULD_NOT_BEGIN)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_new_folder_is_for_its_owner_alone_and_a_foreign_one_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let new = home.path().join("new");
        EvidenceWriter::begin(&new).unwrap();
        EvidenceWriter::begin(&new).unwrap();
        assert_eq!(fs::metadata(&new).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(&new).unwrap().count(), 0);
        symlink(&new, home.path().join("link")).unwrap();
        fs::write(home.path().join("file"), "").unwrap();
        let open = home.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        for (name, reason) in [
            ("link", "a symbolic link"),
            ("file", "not a directory"),
            ("open", "writable by everyone"),
            ("no/such", "No such file"),
        ] {
            let error = EvidenceWriter::begin(&home.path().join(name)).unwrap_err();
            assert!(error.causes.join(" ").contains(reason), "{name}: {:?}", error.causes);
            assert_eq!(error.exit, Exit::COULD_NOT_BEGIN);
        }
    }
}
