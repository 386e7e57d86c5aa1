//! I/O module: the evidence of a run as one JSON file. A file beside it is made before anything is sent, so that a folder
//! that cannot be written stops the run in time; what was noted takes the place of FILE, whole, however the run ended.
#![expect(clippy::disallowed_methods, reason = "reads the clock and opens the report's folder")]

mod leftovers;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use pssession::interchange::{planned_record, removal_record, timestamp};
use pssession::session::{Selection, SessionDescriptor};
use pssession::store::RowMetadata;
use pssession::teardown::{Cancellation, Plan, Record, Report, SurveyedHost};
use pssession::{Endpoint, error_chain};
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use super::diagnostic::Diagnostic;
use super::exit::Exit;
use super::render::visible;
use super::ui::Ui;
use super::unmatched::option_of;

/// What is noted while a run goes on; nothing where no report was asked for. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReportWriter(Arc<Mutex<Option<Notes>>>);

#[derive(Debug)]
struct Notes {
    place: Place,
    started_at: SystemTime,
    what_if: bool,
    hosts: Vec<Value>,
    /// The number of each of them, by its URL.
    numbers: HashMap<String, usize>,
    misses: Vec<Value>,
    /// By their positions in the plan, each with what is kept beside it.
    planned: BTreeMap<usize, (Arc<SessionDescriptor>, RowMetadata)>,
    records: BTreeMap<usize, Record>,
    /// What was asked for.
    asked: Value,
    /// The positions of sessions that returned after the first round.
    returned: BTreeSet<usize>,
}

/// Where a report is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportPlace<'a> {
    /// The report is all that stdout shows.
    Stdout,
    File(&'a Path),
}

impl<'a> ReportPlace<'a> {
    /// From `--report`; `has_output` says whether `-o` wants stdout, too.
    pub(crate) fn new(report: Option<&'a Path>, has_output: bool) -> Result<Option<Self>, Diagnostic> {
        match report {
            None => Ok(None),
            Some(path) if path != Path::new("-") => Ok(Some(Self::File(path))),
            Some(_) if !has_output => Ok(Some(Self::Stdout)),
            Some(_) => {
                Err(Diagnostic::usage("--report - and -o both write to stdout").about("--report").with_hint(
                    "remove -o, because the report contains the same records, or give --report a file; nothing \
                     was sent",
                ))
            }
        }
    }
}

/// Where the report goes, made ready.
#[derive(Debug)]
enum Place {
    Stdout,
    File { path: PathBuf, folder: PathBuf, temporary: NamedTempFile },
}

impl ReportWriter {
    /// Makes room for the report that was asked for, if one was. `read` are the files that the run reads, each with its
    /// option.
    pub(crate) fn begin(
        place: Option<ReportPlace<'_>>,
        what_if: bool,
        read: &[(&'static str, Option<&Path>)],
    ) -> Result<Self, Diagnostic> {
        let place = match place {
            None => return Ok(Self::default()),
            Some(ReportPlace::Stdout) => Place::Stdout,
            Some(ReportPlace::File(path)) => {
                spare_what_is_read(path, read)?;
                prepare(path).map_err(|error| unwritable(path, &error))?
            }
        };
        let notes = Notes {
            place,
            started_at: SystemTime::now(),
            what_if,
            hosts: Vec::new(),
            misses: Vec::new(),
            numbers: HashMap::new(),
            planned: BTreeMap::new(),
            records: BTreeMap::new(),
            asked: Value::Null,
            returned: BTreeSet::new(),
        };
        Ok(Self(Arc::new(Mutex::new(Some(notes)))))
    }

    /// Notes what was asked for.
    pub(crate) fn asked(&self, asked: Map<String, Value>) {
        self.note(|notes| notes.asked = Value::Object(asked));
    }

    /// Notes that the session at this position of the plan returned after the first round.
    pub(crate) fn returned(&self, position: usize) {
        self.note(|notes| {
            notes.returned.insert(position);
        });
    }

    /// Notes the hosts that are listed, before any has answered.
    pub(crate) fn listing(&self, hosts: &[&Endpoint]) {
        self.note(|notes| {
            for endpoint in hosts {
                let number = notes.hosts.len();
                notes.numbers.insert(endpoint.url().to_owned(), number);
                notes.hosts.push(unlisted_host(endpoint));
            }
        });
    }

    /// Notes what a host has answered.
    pub(crate) fn listed(&self, asked: &SurveyedHost, cancellation: &Cancellation) {
        let cancelled = cancellation.is_cancelled();
        self.note(|notes| {
            let number = notes.numbers.get(asked.connector().endpoint().url());
            if let Some(noted) = number.and_then(|number| notes.hosts.get_mut(*number)) {
                *noted = host(asked, cancelled);
            }
        });
    }

    /// Notes what was named and is not there.
    pub(crate) fn selected(&self, selection: &Selection) {
        let miss = |miss: &pssession::session::Miss| json!({ "Option": option_of(miss.property), "Value": miss.value, "Silent": miss.silent });
        self.note(|notes| notes.misses = selection.misses.iter().map(miss).collect());
    }

    /// Notes the plan, before anybody is asked.
    pub(crate) fn planned(&self, plan: &Plan, metadata: &[RowMetadata]) {
        self.note(|notes| {
            for (planned, metadata) in plan.sessions().into_iter().zip(metadata) {
                let session = (Arc::clone(planned.descriptor()), metadata.clone());
                notes.planned.insert(planned.position(), session);
            }
        });
    }

    /// Notes what became of one session.
    pub(crate) fn finished(&self, record: &Record) {
        self.note(|notes| drop(notes.records.insert(record.position, record.clone())));
    }

    /// Writes the report of a run that ended like this. A usage error is no run: nothing was sent.
    pub(crate) fn conclude(&self, ended: Result<Exit, Diagnostic>, ui: &Ui) -> Result<Exit, Diagnostic> {
        let exit = ended.as_ref().map_or_else(|diagnostic| diagnostic.exit, |exit| *exit);
        let error = ended.as_ref().err();
        match self.end(|notes| if exit == Exit::USAGE { Ok(()) } else { notes.write(exit, error) }) {
            Ok(()) => ended,
            Err(diagnostic) if exit == Exit::SUCCESS => Err(diagnostic),
            Err(diagnostic) => {
                ui.error(&diagnostic);
                ended
            }
        }
    }

    /// Writes what is known so far, because the process is about to be left at once.
    pub(crate) fn leave(&self, exit: Exit) {
        if let Err(diagnostic) = self.end(|notes| notes.write(exit, None)) {
            Ui::default().error(&diagnostic);
        }
    }

    fn note(&self, note: impl FnOnce(&mut Notes)) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(note);
    }

    /// Ends it, once; whoever comes second waits until that is done.
    fn end(&self, write: impl FnOnce(Notes) -> Result<(), Diagnostic>) -> Result<(), Diagnostic> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.take().map_or(Ok(()), write)
    }
}

impl Notes {
    fn write(mut self, exit: Exit, error: Option<&Diagnostic>) -> Result<(), Diagnostic> {
        match std::mem::replace(&mut self.place, Place::Stdout) {
            Place::Stdout => Ok(self.write_to(&mut io::stdout().lock(), exit, error)?),
            Place::File { path, folder, temporary } => self
                .write_to(&mut temporary.as_file(), exit, error)
                .and_then(|()| put(temporary, &path, &folder))
                .map_err(|error| unwritten(&path, &error)),
        }
    }

    /// Writes the object of `pssession.report/1`, session by session: all at once would take far more memory than they do.
    fn write_to(&self, out: &mut impl io::Write, exit: Exit, error: Option<&Diagnostic>) -> io::Result<()> {
        let mut out = io::BufWriter::new(out);
        let head = format!("{:#}", self.head(exit, error));
        // The sessions are its last property.
        out.write_all(visible(head.strip_suffix("\n}").unwrap_or(&head)).as_bytes())?;
        out.write_all(b",\n  \"Sessions\": [")?;
        for (number, (position, (session, metadata))) in self.planned.iter().enumerate() {
            let object = match self.records.get(position) {
                Some(record) => removal_record(record, Some(metadata)),
                None => planned_record(session, Some(metadata)),
            };
            let text = format!("{:#}", Value::from(object)).replace('\n', "\n    ");
            let before = if number == 0 { "\n    " } else { ",\n    " };
            write!(out, "{before}{}", visible(&text))?;
        }
        out.write_all(if self.planned.is_empty() { b"]\n}\n" } else { b"\n  ]\n}\n" })?;
        out.flush()
    }

    /// The sessions that returned, in the order in which they did.
    fn returned_sessions(&self) -> Vec<Value> {
        let planned = self.returned.iter().filter_map(|position| self.planned.get(position));
        let one = |(session, _): &(Arc<SessionDescriptor>, RowMetadata)| {
            json!({
                "Endpoint": &*session.endpoint_url,
                "ShellId": session.shell.shell_id.as_str(),
                "SeenAt": timestamp(session.seen_at),
            })
        };
        planned.map(one).collect()
    }

    /// All but the sessions.
    fn head(&self, exit: Exit, error: Option<&Diagnostic>) -> Value {
        let counts = Report::new(self.records.values().cloned().collect()).counts();
        json!({
            "Schema": "pssession.report/1",
            "Version": env!("CARGO_PKG_VERSION"),
            "StartedAt": timestamp(self.started_at),
            "EndedAt": timestamp(SystemTime::now()),
            "WhatIf": self.what_if,
            "Asked": self.asked,
            "Returned": self.returned_sessions(),
            "ExitCode": exit.code(),
            "Error": error.map(Diagnostic::to_json),
            "Counts": {
                "WhatIf": counts.what_if,
                "Closed": counts.closed,
                "AlreadyGone": counts.already_gone,
                "Declined": counts.declined,
                "NotStarted": counts.not_started,
                "Failed": counts.failed,
                "Unknown": counts.unknown,
            },
            "Hosts": self.hosts,
            "Misses": self.misses,
        })
    }
}

/// A host that has not answered yet.
fn unlisted_host(endpoint: &Endpoint) -> Value {
    json!({
        "Endpoint": endpoint.url(),
        "ComputerName": endpoint.computer_name(),
        "User": null,
        "Listed": false,
        "Complete": false,
        "Sessions": null,
        "Error": "not listed",
    })
}

fn host(asked: &SurveyedHost, cancelled: bool) -> Value {
    let endpoint = asked.connector().endpoint();
    let listing = asked.listing();
    let error = match listing {
        Some(Ok(listing)) if listing.complete() => None,
        Some(Ok(listing)) => {
            Some(listing.gaps.iter().map(|gap| error_chain(gap)).collect::<Vec<_>>().join("; "))
        }
        Some(Err(error)) => Some(error.chain()),
        None if cancelled => Some("not listed: interrupted".to_owned()),
        None => Some("not listed".to_owned()),
    };
    let listing = listing.and_then(Result::ok);
    json!({
        "Endpoint": endpoint.url(),
        "ComputerName": endpoint.computer_name(),
        "User": asked.connector().user(),
        "Listed": listing.is_some(),
        "Complete": listing.is_some_and(pssession::Listing::complete),
        "Sessions": listing.map(|listing| listing.shells.len()),
        "Error": error,
    })
}

/// The report must not take the place of a file that the run reads.
fn spare_what_is_read(path: &Path, read: &[(&'static str, Option<&Path>)]) -> Result<(), Diagnostic> {
    let Ok(there) = fs::canonicalize(path) else { return Ok(()) };
    let is_it = |path: &Path| fs::canonicalize(path).is_ok_and(|path| path == there);
    match read.iter().find(|(_, path)| path.is_some_and(is_it)) {
        None => Ok(()),
        Some((option, _)) => Err(Diagnostic::usage(format!(
            "cannot write the report to {}: {option} is the same file",
            path.display()
        ))
        .about("--report")
        .with_hint("choose another file; nothing was sent")),
    }
}

/// A file that can take the place of `path`: in the same folder, and for its owner alone.
fn prepare(path: &Path) -> io::Result<Place> {
    let path = match fs::metadata(path) {
        // A device or a pipe would be replaced by a file.
        Ok(found) if !found.is_file() => return Err(io::Error::other("it exists and is not a regular file")),
        // What a link leads to is replaced, not the link.
        Ok(_) => fs::canonicalize(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error),
    };
    let name = path.file_name().ok_or_else(|| io::Error::other("it is not a file name"))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    leftovers::clear(folder, SystemTime::now());
    let temporary = leftovers::make(folder)?;
    Ok(Place::File { path: folder.join(name), folder: folder.to_owned(), temporary })
}

/// Puts the file in its place once all of it is on the disk.
fn put(temporary: NamedTempFile, path: &Path, folder: &Path) -> io::Result<()> {
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    if cfg!(unix) {
        // The new name, too, has to outlive a crash.
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::usage(format!("cannot write the report to {}", path.display()))
        .about("--report")
        .caused_by(error)
        .with_hint("give --report a file in a writable directory, or - for stdout; nothing was sent")
}

fn unwritten(path: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("cannot write the report to {}", path.display());
    Diagnostic::new("ReportNotWritten", "WriteError", message, Exit::COULD_NOT_BEGIN)
        .about(path.display().to_string())
        .caused_by(error)
        .with_hint("use -o json to print the same records; the sessions are closed all the same")
}
