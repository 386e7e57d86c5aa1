//! I/O module: an envelope held against the schemas of `wsman-schemas/`, by xmllint where that is installed. Schemas and
//! envelopes are written to a private temporary folder, and nothing is fetched.
#![expect(clippy::disallowed_methods, reason = "writes to its own temporary folder")]

mod files;
mod xmllint;

use std::fmt;
use std::fs;
use std::io;
use std::process::{Child, Command};

use tempfile::TempDir;

pub(crate) use files::FILES;

/// The most envelopes of one call of xmllint: their names make a command line of a few kilobytes.
const MAX_BATCH: usize = 256;

/// The most bytes of one call: xmllint reads some 20 MB in a second, and has [`xmllint::TIME_LIMIT`].
const MAX_BATCH_BYTES: usize = 16 << 20;

/// Who sent an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Request,
    Response,
}

/// One reason why an envelope is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The line of the envelope, from 1; `None` where xmllint names none.
    pub(crate) line: Option<u32>,
    /// The file of `wsman-schemas/` that was broken.
    pub(crate) schema: &'static str,
    /// What it says, in xmllint's words. It may quote the envelope.
    pub(crate) text: String,
}

/// Why nothing was validated.
#[derive(Debug)]
pub(crate) enum NotValidated {
    /// There is no xmllint on the PATH.
    NotInstalled,
    /// The temporary folder cannot be written, or xmllint does not run.
    Failed(io::Error),
}

/// The schemas, written to a temporary folder that goes when this does.
#[derive(Debug)]
pub(crate) struct Validator {
    folder: TempDir,
    start: Start,
}

/// How a program is started.
pub(crate) type Start = fn(&mut Command) -> io::Result<Child>;

/// What xmllint is told in turn: the schema, and what to say of what breaks it instead of xmllint's own words.
type Pass = (&'static str, Option<&'static str>);

impl Direction {
    fn passes(self) -> [Pass; 3] {
        // What goes with which action is a choice of a dozen, and xmllint tells how each of them failed.
        const ACTIONS: Option<&str> = Some("Action, selectors and body do not go together");
        match self {
            Self::Request => [("request.xsd", None), ("request.rng", None), ("request-actions.rng", ACTIONS)],
            Self::Response => {
                [("response.xsd", None), ("response.rng", None), ("response-actions.rng", ACTIONS)]
            }
        }
    }
}

impl Problem {
    /// The document and section that it concerns: of the namespace that the text names, else of the schema.
    pub(crate) fn section(&self) -> &'static str {
        let named =
            files::SECTIONS.iter().find(|(namespace, _)| self.text.contains(&format!("{{{namespace}}}")));
        match named {
            Some((_, section)) => section,
            None if self.schema.ends_with("-actions.rng") => {
                "MS-WSMV, 3.1.4 Message Processing Events and Sequencing Rules"
            }
            None if self.schema.ends_with(".rng") => {
                "DSP0226, 5.4 Addressing, and 6 WS-Management control headers"
            }
            None => "SOAP 1.2 Part 1, 5 SOAP Message Construct",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{} ({})", self.text, self.schema)
    }
}

impl fmt::Display for NotValidated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled => write!(f, "not validated: xmllint is not installed"),
            Self::Failed(error) => write!(f, "not validated: {error}"),
        }
    }
}

impl std::error::Error for NotValidated {}

impl From<io::Error> for NotValidated {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl Validator {
    /// Looks for xmllint and writes the schemas.
    ///
    /// # Errors
    /// [`NotValidated`]: there is no xmllint, or no temporary folder.
    pub(crate) fn new(start: Start) -> Result<Self, NotValidated> {
        if !xmllint::is_installed(start) {
            return Err(NotValidated::NotInstalled);
        }
        let folder = tempfile::Builder::new().prefix("pssession-schemas-").tempdir()?;
        for (name, text) in FILES {
            fs::write(folder.path().join(name), text.as_bytes())?;
        }
        Ok(Self { folder, start })
    }

    /// What is wrong with each of these envelopes, in their order.
    ///
    /// # Errors
    /// [`NotValidated`]: xmllint could not be asked.
    pub(crate) fn validate_all(
        &self,
        envelopes: &[(&[u8], Direction)],
    ) -> Result<Vec<Vec<Problem>>, NotValidated> {
        let mut problems = vec![Vec::new(); envelopes.len()];
        for direction in [Direction::Request, Direction::Response] {
            let mut batch = Vec::new();
            let mut bytes = 0;
            for (index, (envelope, _)) in envelopes.iter().enumerate().filter(|(_, (_, of))| *of == direction)
            {
                if batch.len() == MAX_BATCH || bytes + envelope.len() > MAX_BATCH_BYTES {
                    self.judge(&std::mem::take(&mut batch), direction, &mut problems)?;
                    bytes = 0;
                }
                bytes += envelope.len();
                batch.push((index, *envelope));
            }
            self.judge(&batch, direction, &mut problems)?;
        }
        Ok(problems)
    }

    fn judge(
        &self,
        batch: &[(usize, &[u8])],
        direction: Direction,
        problems: &mut [Vec<Problem>],
    ) -> Result<(), NotValidated> {
        if batch.is_empty() {
            return Ok(());
        }
        let folder = self.folder.path();
        // An envelope cannot know the name of the folder, so that none of its lines is taken for one of xmllint's.
        let secret = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        for (index, envelope) in batch {
            fs::write(folder.join(xmllint::file_name(&secret, *index)), envelope)?;
        }
        let indices: Vec<usize> = batch.iter().map(|(index, _)| *index).collect();
        for (schema, instead) in direction.passes() {
            for (index, found) in xmllint::run(folder, &secret, schema, &indices, self.start)? {
                let Some(known) = problems.get_mut(index) else { continue };
                match instead {
                    None => known.extend(found),
                    Some(text) => {
                        known.extend(
                            found.into_iter().take(1).map(|p| Problem { text: text.to_owned(), ..p }),
                        );
                    }
                }
            }
        }
        for index in indices {
            // What stays goes with the folder.
            let _ = fs::remove_file(folder.join(xmllint::file_name(&secret, index)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_the_document_of_the_namespace_that_it_tells() {
        let problem = |schema, text: &str| Problem { line: Some(3), schema, text: text.to_owned() };
        let in_fault = "Element '{http://schemas.microsoft.com/wbem/wsman/1/wsmanfault}WSManFault': no";
        assert_eq!(problem("response.xsd", in_fault).section(), "MS-WSMV, 2.2.4.43 WSManFaultType");
        let header = problem("request.rng", "Expecting an element MessageID, got nothing");
        assert!(header.section().starts_with("DSP0226, 5.4 Addressing"));
        assert_eq!(header.to_string(), "line 3: Expecting an element MessageID, got nothing (request.rng)");
    }

    #[test]
    fn an_absent_xmllint_is_said_plainly() {
        assert_eq!(NotValidated::NotInstalled.to_string(), "not validated: xmllint is not installed");
    }
}
