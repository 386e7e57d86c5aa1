//! Passes on what a reader finds, and counts the lines that it has passed.

use std::time::SystemTime;

use super::object::{
    InvalidObject, ObjectError, ObjectPosition, ReadErrors, SessionObject, SessionReference, UnboundObject,
    UnboundReason,
};
use super::property::Properties;
use super::session::{self, EndpointOf, ReadContext};
use crate::store::Row;
use crate::wsman::Interner;

/// The most objects in one input: as many as the shells that are taken from one host.
pub const MAX_OBJECTS: usize = 250_000;

/// Passes on objects until the first error, and collects errors from then on.
pub(super) struct Intake<'a> {
    read_context: ReadContext<'a>,
    each: Box<dyn FnMut(SessionObject) + 'a>,
    refused: ReadErrors,
    count: usize,
    texts: Interner,
}

/// There are too many objects: the error is told, and reading on is of no use.
#[derive(Debug)]
pub(super) struct Full;

impl<'a> Intake<'a> {
    pub(super) fn new(
        now: SystemTime,
        endpoint_of: &'a EndpointOf<'a>,
        each: impl FnMut(SessionObject) + 'a,
    ) -> Self {
        let read_context = ReadContext { now, endpoint_of };
        let (refused, texts) = (ReadErrors::default(), Interner::default());
        Self { read_context, each: Box::new(each), refused, count: 0, texts }
    }

    pub(super) fn refuse(&mut self, position: ObjectPosition, problem: String) {
        self.refused.add(ObjectError::new(position, problem));
    }

    /// Refuses the input for this reason alone: because of it, other errors mean nothing.
    pub(super) fn refuse_all(&mut self, position: ObjectPosition, problem: String) {
        self.refused = ReadErrors::default();
        self.refuse(position, problem);
    }

    /// Takes in one object, or what is wrong with its form.
    pub(super) fn take(
        &mut self,
        position: ObjectPosition,
        found: Result<Properties<'_>, InvalidObject>,
    ) -> Result<(), Full> {
        if self.count == MAX_OBJECTS {
            self.refuse(position, format!("more than {MAX_OBJECTS} objects; split the input"));
            return Err(Full);
        }
        self.count += 1;
        let unbound = |problem, reason| SessionReference::Unbound(UnboundObject { problem, reason });
        let reference =
            match found.and_then(|properties| session::session_reference(&properties, &self.read_context)) {
                Err(InvalidObject::Wrong(problem)) => {
                    self.refuse(position, problem);
                    return Ok(());
                }
                Err(InvalidObject::Unbound(problem)) => unbound(problem, UnboundReason::NotBound),
                Err(InvalidObject::Ambiguous(problem)) => unbound(problem, UnboundReason::Ambiguous),
                Err(InvalidObject::Null(problem)) => unbound(problem, UnboundReason::Null),
                Ok(mut reference) => {
                    if let SessionReference::Session(row) = &mut reference {
                        share_texts(row, &mut self.texts);
                    }
                    reference
                }
            };
        if self.refused.is_empty() {
            (self.each)(SessionObject { position, reference });
        }
        Ok(())
    }

    /// Takes in so many values, which are one reference.
    pub(super) fn take_values(
        &mut self,
        position: ObjectPosition,
        count: usize,
        reference: SessionReference,
    ) {
        if self.count.saturating_add(count) > MAX_OBJECTS {
            return self.refuse(position, format!("more than {MAX_OBJECTS} values; split the input"));
        }
        self.count += count;
        if self.refused.is_empty() {
            (self.each)(SessionObject { position, reference });
        }
    }

    pub(super) fn finish(self) -> Result<(), ReadErrors> {
        if self.refused.is_empty() { Ok(()) } else { Err(self.refused) }
    }
}

/// Keeps once what many sessions have in common.
fn share_texts(row: &mut Row, texts: &mut Interner) {
    let Row { session, note } = row;
    for text in [&mut session.computer_name, &mut session.endpoint_url] {
        *text = texts.intern(text);
    }
    let shell = session.shell_mut();
    shell.resource_uri = texts.intern(&shell.resource_uri);
    let optional = [&mut shell.name, &mut shell.owner, &mut shell.client_ip, &mut shell.state];
    for text in optional.into_iter().chain([&mut note.user, &mut note.auth]).flatten() {
        *text = texts.intern(text);
    }
}

/// Counts the lines of a text as a reader goes through it.
pub(super) struct Lines<'t> {
    text: &'t str,
    counted: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    /// Those of a text that begins on this line.
    pub(super) fn from_line(line: usize, text: &'t str) -> Self {
        Self { text, counted: 0, line }
    }

    /// The line of what begins at this offset, or below the white space there. Offsets must not descend.
    pub(super) fn at(&mut self, offset: usize) -> ObjectPosition {
        let rest = self.text.get(offset..).unwrap_or_default();
        let begin = offset + (rest.len() - rest.trim_start().len());
        self.line += self.text.get(self.counted..begin).unwrap_or_default().matches('\n').count();
        self.counted = self.counted.max(begin);
        ObjectPosition::Line(self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_belongs_to_what_follows_it() {
        let mut lines = Lines::from_line(1, "a\n\n b c\n");
        let found = [0, 1, 4, 6, 7, 99].map(|offset| lines.at(offset));
        assert_eq!(found, [1, 3, 3, 3, 4, 4].map(ObjectPosition::Line));
    }
}
