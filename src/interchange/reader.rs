//! Objects from an input that comes in pieces: no more of it is kept than the object that is not whole yet, where its form
//! allows that.

use std::mem;
use std::time::SystemTime;

use super::delimited::Table;
use super::encoding::{decode_text, is_utf16};
use super::intake::Intake;
use super::json::Values;
use super::object::{ObjectPosition, ReadErrors, SessionObject};
use super::session::EndpointOf;
use super::single_values::{self, SingleValues};
use super::{MAX_BYTES, clixml, unsupported};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Reads objects from pieces of an input, and hands each over as soon as it is whole. JSON and CSV are read as they come;
/// of CLIXML, UTF-16 and bare values all is kept until the end.
///
/// It is all or nothing, as [`read`](super::read) is: if [`finish`](Self::finish) gives an error, what was handed over
/// counts for nothing.
pub struct ObjectReader<'a> {
    intake: Intake<'a>,
    single_values: SingleValues,
    form: Form,
    /// What has come and is not read yet.
    pending: String,
    /// The bytes behind it: a character that is not whole, or all bytes where they are no UTF-8.
    undecoded: Vec<u8>,
    /// Line ends in front of `pending`.
    lines_before: usize,
    bytes: u64,
}

enum Form {
    /// Not known yet.
    Unknown,
    Json(Values),
    Csv(Table),
    /// What is read at the end, as a whole.
    Whole,
    /// There is an error that nothing can follow.
    Refused,
}

/// From so many bytes on the first line is long enough to know the form.
const LONG_FIRST_LINE: usize = 64 * 1024;

impl<'a> ObjectReader<'a> {
    /// A reader that hands objects over to `each`. `now` and `endpoint_of` are those of [`read`](super::read), and so is what
    /// it refuses, but what PowerShell cannot bind: that is an [`Unbound`](super::SessionReference::Unbound) object.
    #[must_use]
    pub fn new(
        now: SystemTime,
        endpoint_of: &'a EndpointOf<'a>,
        each: impl FnMut(SessionObject) + 'a,
    ) -> Self {
        Self {
            intake: Intake::new(now, endpoint_of, each),
            single_values: SingleValues::Choose,
            form: Form::Unknown,
            pending: String::new(),
            undecoded: Vec::new(),
            lines_before: 0,
            bytes: 0,
        }
    }

    pub(super) fn with_single_values(self, single_values: SingleValues) -> Self {
        Self { single_values, ..self }
    }

    /// Takes the next piece, and tells whether more can matter.
    pub fn feed(&mut self, piece: &[u8]) -> bool {
        self.bytes = self.bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if self.bytes > MAX_BYTES {
            self.intake.refuse_all(ObjectPosition::Whole, format!("more than {MAX_BYTES} bytes"));
            self.form = Form::Refused;
        }
        match self.form {
            Form::Refused => return false,
            Form::Whole => self.undecoded.extend_from_slice(piece),
            // Two bytes tell UTF-16 from UTF-8.
            Form::Unknown if self.bytes < 2 => self.undecoded.extend_from_slice(piece),
            _ => {
                self.decode(piece);
                self.advance(false);
            }
        }
        !matches!(self.form, Form::Refused)
    }

    /// Reads what is left.
    ///
    /// # Errors
    /// [`ReadErrors`] lists what is wrong and where.
    pub fn finish(mut self) -> Result<(), ReadErrors> {
        if matches!(self.form, Form::Unknown) {
            self.decode(&[]);
        }
        self.advance(true);
        match self.form {
            Form::Whole => self.read_whole(),
            _ if !self.undecoded.is_empty() => self.refuse_encoding(),
            _ => {}
        }
        self.intake.finish()
    }

    /// Moves what is text to the pending text.
    fn decode(&mut self, piece: &[u8]) {
        self.undecoded.extend_from_slice(piece);
        if matches!(self.form, Form::Unknown) && is_utf16(&self.undecoded) {
            self.form = Form::Whole;
            return;
        }
        let (good, has_error) = match std::str::from_utf8(&self.undecoded) {
            Ok(text) => (text, false),
            Err(error) => {
                let good = self.undecoded.get(..error.valid_up_to()).unwrap_or_default();
                (std::str::from_utf8(good).unwrap_or_default(), error.error_len().is_some())
            }
        };
        self.pending.push_str(good);
        let decoded = good.len();
        self.undecoded.drain(..decoded);
        if has_error {
            self.refuse_encoding();
        }
    }

    /// What stands behind the pending text is no text.
    fn refuse_encoding(&mut self) {
        if let Err(error) = decode_text(&self.undecoded) {
            let line = self.lines_before + self.pending.matches('\n').count() + error.line;
            self.intake.refuse_all(ObjectPosition::Line(line), error.problem.to_owned());
        }
        self.form = Form::Refused;
    }

    /// Reads as much of the pending text as is whole; all of it at the end.
    fn advance(&mut self, is_end: bool) {
        if matches!(self.form, Form::Unknown) {
            self.recognise(is_end);
        }
        let read = match &mut self.form {
            Form::Json(values) => values.read(&self.pending, is_end, &mut self.intake),
            Form::Csv(table) => table.read(&self.pending, is_end, &mut self.intake),
            _ => return,
        };
        match read {
            Some(read) => {
                self.lines_before += self.pending.get(..read).unwrap_or_default().matches('\n').count();
                self.pending.drain(..read);
            }
            None => self.form = Form::Refused,
        }
    }

    /// Looks at how the text begins.
    fn recognise(&mut self, is_end: bool) {
        let text = self.pending.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.pending);
        let begin = text.trim_start();
        let first_line = begin.lines().next().unwrap_or_default();
        let is_line_whole = is_end || begin.contains('\n') || begin.len() > LONG_FIRST_LINE;
        self.form = match begin.chars().next() {
            None => return,
            Some('{' | '[') => Form::Json(Values::default()),
            Some('<') => Form::Whole,
            Some(_) if !is_line_whole => return,
            Some(_) if Table::begins_with(first_line) => Form::Csv(Table::default()),
            Some(_) => Form::Whole,
        };
        if text.len() < self.pending.len() {
            self.pending.drain(..BYTE_ORDER_MARK.len());
        }
        if matches!(self.form, Form::Whole) {
            let undecoded = mem::take(&mut self.undecoded);
            self.undecoded = mem::take(&mut self.pending).into_bytes();
            self.undecoded.extend(undecoded);
        }
    }

    fn read_whole(&mut self) {
        let bytes = mem::take(&mut self.undecoded);
        let intake = &mut self.intake;
        match decode_text(&bytes) {
            Err(error) => intake.refuse_all(ObjectPosition::Line(error.line), error.problem.to_owned()),
            Ok(text) => match text.trim_start().chars().next() {
                None => {}
                // Of UTF-16.
                Some('{' | '[') => drop(Values::default().read(&text, true, intake)),
                Some('<') => clixml::read(&text, intake),
                // What PowerShell 7 makes of no session at all.
                Some(_) if text.trim() == "null" => {}
                Some(_) if unsupported::refuse_printed(&text, intake) => {}
                Some(_) if single_values::are_all(&text) => {
                    single_values::read(&text, self.single_values, intake);
                }
                Some(_) => drop(Table::default().read(&text, true, intake)),
            },
        }
    }
}

impl std::fmt::Debug for ObjectReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObjectReader").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
