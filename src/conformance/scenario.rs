#![expect(clippy::disallowed_methods, reason = "opens the files of scenarios")]
//! I/O module: a folder of exchanges, read one exchange at a time.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::canonical_request::CanonicalRequest;
use super::header::{ExchangeHeader, Malformation, Origin, SCHEMA, ScenarioHeader};
use crate::wsman::uri;
use crate::wsman::xml::{self, Document, Element, Malformed};

/// The file that makes a folder a scenario.
pub const HEADER_FILE: &str = "scenario.json";
/// The largest request or response that is read, in bytes: what the parser takes.
pub const MAX_FILE: usize = xml::MAX_BYTES;
/// The largest header, in bytes: remarks on some ten thousand exchanges.
pub const MAX_HEADER: usize = 1024 * 1024;
/// The most exchanges of one scenario: a day of one busy client. A replay keeps about 50 bytes for each.
pub const MAX_EXCHANGES: u32 = 100_000;

/// A scenario: its header, and the way to its exchanges. What it holds in memory does not grow with them.
#[derive(Clone, Debug)]
pub struct Scenario {
    folder: PathBuf,
    header: ScenarioHeader,
    count: u32,
}

/// One request and what came of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchange {
    /// From 1, in wire order.
    pub number: u32,
    /// The envelope that the client sent.
    pub request: String,
    /// What matters of it.
    pub canonical: CanonicalRequest,
    /// Where the request stands.
    pub request_path: PathBuf,
    /// What the server answered; `None` where the connection was lost.
    pub response: Option<Vec<u8>>,
    /// Where the response stands, if there is one.
    pub response_path: PathBuf,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Where it comes from.
    pub origin: Origin,
    /// That the answer is known to break the rules.
    pub malformed: Option<Malformation>,
    /// The `a:MessageID` of the request, if it has one.
    pub(super) message_id: Option<String>,
    /// What the response is at first sight.
    pub(super) kind: ResponseKind,
}

/// What a response is at first sight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ResponseKind {
    /// Not well-formed, or not there.
    #[default]
    NoXml,
    /// Well-formed.
    Xml,
    /// An envelope with a fault.
    Fault,
}

impl Exchange {
    /// The response, if it is for a validator: well-formed, and not marked as malformed.
    #[must_use]
    pub fn to_validate(&self) -> Option<&[u8]> {
        let is_meant = self.malformed.is_none() && self.kind != ResponseKind::NoXml;
        self.response.as_deref().filter(|_| is_meant)
    }
}

/// What is wrong with a fixture: the file, the line where there is one, and the reason.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {reason}", path.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
#[non_exhaustive]
pub struct FixtureError {
    /// The file or folder.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: Option<usize>,
    /// What is wrong, as a fragment.
    pub reason: String,
}

impl FixtureError {
    fn new(path: &Path, line: Option<usize>, reason: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, reason: reason.into() }
    }

    fn io(path: &Path, error: &io::Error) -> Self {
        Self::new(path, None, error.to_string())
    }

    /// What our parser says about `bytes`, with the line instead of the byte.
    fn malformed(path: &Path, bytes: &[u8], malformed: &Malformed) -> Self {
        let reason = format!("{} at {}", malformed.problem, malformed.path);
        Self::new(path, Some(line_at(bytes, malformed.offset)), reason)
    }
}

/// The line, from 1, of a byte.
pub(super) fn line_at(bytes: &[u8], offset: usize) -> usize {
    1 + bytes.iter().take(offset).filter(|byte| **byte == b'\n').count()
}

/// The names of the two files of an exchange.
#[must_use]
pub fn file_names(number: u32) -> [String; 2] {
    ["request", "response"].map(|part| format!("{number:02}-{part}.xml"))
}

/// The folders of scenarios at `path`: itself if it is one, else the folders in it, in the order of their names.
///
/// # Errors
/// [`FixtureError`] when there is none, or a folder in it is none.
pub fn scenarios(path: &Path) -> Result<Vec<PathBuf>, FixtureError> {
    if path.join(HEADER_FILE).exists() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).map_err(|error| FixtureError::io(path, &error))?;
    let mut found = Vec::new();
    for entry in entries {
        let folder = entry.map_err(|error| FixtureError::io(path, &error))?.path();
        let is_hidden = folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden || !folder.is_dir() {
            continue;
        }
        if !folder.join(HEADER_FILE).exists() {
            return Err(FixtureError::new(&folder, None, format!("there is no {HEADER_FILE} in it")));
        }
        found.push(folder);
    }
    if found.is_empty() {
        let reason = format!("neither a scenario, with a {HEADER_FILE}, nor a directory of scenarios");
        return Err(FixtureError::new(path, None, reason));
    }
    found.sort();
    Ok(found)
}

impl Scenario {
    /// Opens the scenario of a folder: reads its header and counts its exchanges.
    ///
    /// # Errors
    /// [`FixtureError`] when the header is missing or not understood, or a file is missing or has an unknown name.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, FixtureError> {
        let folder = folder.into();
        let path = folder.join(HEADER_FILE);
        let text = read(&path, MAX_HEADER)?;
        let header: ScenarioHeader = serde_json::from_slice(&text)
            .map_err(|error| FixtureError::new(&path, Some(error.line()), reason_of(&error)))?;
        let line_of = |word: &str| {
            let text = String::from_utf8_lossy(&text);
            text.find(&format!("\"{word}\"")).map(|at| line_at(text.as_bytes(), at))
        };
        if header.schema != SCHEMA {
            let reason = format!("the schema is {:?}, but must be {SCHEMA:?}", header.schema);
            return Err(FixtureError::new(&path, line_of("Schema"), reason));
        }
        let count = count(&folder)?;
        let known = |number: u32| number > 0 && number <= count;
        for (key, exchange) in &header.exchanges {
            if !key.parse().is_ok_and(known) || !key.bytes().all(|byte| byte.is_ascii_digit()) {
                let reason = format!("there is no exchange {key:?}: they are 01 to {count:02}");
                return Err(FixtureError::new(&path, line_of(key), reason));
            }
            if exchange.status.is_some_and(|status| !(200..600).contains(&status)) {
                let reason = format!("exchange {key}: the status of an answer is 200 to 599");
                return Err(FixtureError::new(&path, line_of(key), reason));
            }
        }
        Ok(Self { folder, header, count })
    }

    /// What it shows.
    #[must_use]
    pub fn header(&self) -> &ScenarioHeader {
        &self.header
    }

    /// Where it stands.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many exchanges it has.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// All exchanges in wire order, each read when it is asked for.
    pub fn exchanges(&self) -> impl Iterator<Item = Result<Exchange, FixtureError>> {
        (1..=self.count).map(|number| self.exchange(number))
    }

    /// What matters of the request of one exchange, by its number from 1. Its response is not looked at.
    ///
    /// # Errors
    /// [`FixtureError`] when the request is missing, too large, not well-formed or no SOAP 1.2 envelope.
    pub fn canonical(&self, number: u32) -> Result<CanonicalRequest, FixtureError> {
        let [path, _] = file_names(number).map(|name| self.folder.join(name));
        let request = read(&path, MAX_FILE)?;
        CanonicalRequest::of(&request)
            .map_err(|malformed| FixtureError::malformed(&path, &request, &malformed))
    }

    /// Reads one exchange, by its number from 1.
    ///
    /// # Errors
    /// [`FixtureError`] when a file is missing or too large, or the request is not well-formed or no SOAP 1.2 envelope.
    /// What is wrong with a response is for [`judge`](super::judge()) to say.
    pub fn exchange(&self, number: u32) -> Result<Exchange, FixtureError> {
        let [request_path, response_path] = file_names(number).map(|name| self.folder.join(name));
        let request = read(&request_path, MAX_FILE)?;
        let read_envelope = |document: &Document<'_>| {
            let canonical = CanonicalRequest::of_envelope(document.root())?;
            Ok((canonical, message_id(document.root()).map(str::to_owned)))
        };
        let envelope = Document::parse_bytes(&request).and_then(|document| read_envelope(&document));
        let (canonical, message_id) =
            envelope.map_err(|malformed| FixtureError::malformed(&request_path, &request, &malformed))?;
        let said = self.remarks(number);
        let response = if said.lost {
            if response_path.exists() {
                let reason = "there is a response, but the header states that the connection was lost";
                return Err(FixtureError::new(&response_path, None, reason));
            }
            None
        } else {
            Some(read(&response_path, MAX_FILE)?)
        };
        let kind = response.as_deref().map(kind_of).unwrap_or_default();
        Ok(Exchange {
            number,
            request: String::from_utf8_lossy(&request).into_owned(),
            canonical,
            request_path,
            response,
            response_path,
            status: said.status.unwrap_or(if kind == ResponseKind::Fault { FAULT } else { OK }),
            origin: said.origin.unwrap_or(self.header.origin),
            malformed: said.malformed,
            message_id,
            kind,
        })
    }

    fn remarks(&self, number: u32) -> ExchangeHeader {
        let remarks = &self.header.exchanges;
        let found = [format!("{number:02}"), number.to_string()].iter().find_map(|key| remarks.get(key));
        found.cloned().unwrap_or_default()
    }
}

/// How many exchanges a folder has: their numbers run from 1 without a gap.
fn count(folder: &Path) -> Result<u32, FixtureError> {
    let (mut requests, mut last) = (0_u32, [0_u32; 2]);
    for entry in fs::read_dir(folder).map_err(|error| FixtureError::io(folder, &error))? {
        let name = entry.map_err(|error| FixtureError::io(folder, &error))?.file_name();
        let name = name.to_string_lossy();
        if !name.ends_with(".xml") {
            continue;
        }
        let number = name.split('-').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        let [request, response] = file_names(number);
        let part = match &*name {
            _ if number == 0 => None,
            name if name == request => Some(0),
            name if name == response => Some(1),
            _ => None,
        };
        let Some(last) = part.and_then(|part| last.get_mut(part)) else {
            let reason = "not a name of an exchange, such as 01-request.xml and 01-response.xml";
            return Err(FixtureError::new(&folder.join(&*name), None, reason));
        };
        *last = number.max(*last);
        requests += u32::from(part == Some(0));
    }
    let [last_request, last_response] = last;
    let problem = match requests {
        0 => Some("there is no exchange in it: no 01-request.xml".to_owned()),
        _ if requests > MAX_EXCHANGES => Some(format!("more than {MAX_EXCHANGES} exchanges")),
        _ if last_request != requests => {
            Some(format!("there are {requests} requests, but the last has the number {last_request:02}"))
        }
        _ if last_response > requests => {
            Some(format!("there is a response {last_response:02}, but no request of that number"))
        }
        _ => None,
    };
    problem.map_or(Ok(requests), |problem| Err(FixtureError::new(folder, None, problem)))
}

/// The usual status of an answer, and that of a fault.
pub(super) const OK: u16 = 200;
pub(super) const FAULT: u16 = 500;

pub(super) fn kind_of(response: &[u8]) -> ResponseKind {
    let Ok(document) = Document::parse_bytes(response) else { return ResponseKind::NoXml };
    let body = document.root().child(uri::SOAP, "Body");
    let is_fault = body.is_some_and(|body| body.child(uri::SOAP, "Fault").is_some());
    if is_fault { ResponseKind::Fault } else { ResponseKind::Xml }
}

/// The `a:MessageID` of an envelope.
pub(super) fn message_id(envelope: Element<'_>) -> Option<&str> {
    let header = envelope.child(uri::SOAP, "Header")?;
    header.child(uri::ADDRESSING, "MessageID").map(Element::text).filter(|id| !id.is_empty())
}

fn read(path: &Path, limit: usize) -> Result<Vec<u8>, FixtureError> {
    let reported = |error| FixtureError::io(path, &error);
    let mut bytes = Vec::new();
    let room = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    fs::File::open(path).map_err(reported)?.take(room).read_to_end(&mut bytes).map_err(reported)?;
    if bytes.len() > limit {
        return Err(FixtureError::new(path, None, format!("larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// What serde says, without the place, which stands before it.
fn reason_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests;
