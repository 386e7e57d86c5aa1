//! JSON: one object, several, one a line, arrays of them, and the `{"value": [...], "Count": n}` in which Windows
//! PowerShell wraps an array. What has no meaning here is skipped without being built, however deep it goes.

mod brackets;
mod field;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::intake::{Intake, Lines};
use super::object::{InvalidObject, ObjectPosition};
use super::property::Properties;
use brackets::{Brackets, Mark};
use field::{FieldSeed, Name, NameAt};

/// Values, one after the other, as their text comes. An array at the top is read by its items.
#[derive(Default)]
pub(super) struct Values {
    brackets: Brackets,
    /// Whether the text to come is within an array, and whether a comma stands before it.
    in_array: bool,
    after_comma: bool,
    items: usize,
    /// Lines in front of the text to come, and how many bytes of its first line stand in front of it.
    line: usize,
    column: usize,
}

/// From so many bytes on, the items of an array are read.
const PIECE: usize = 64 * 1024;

impl Values {
    /// Reads what is whole in the text; at the end all of it. Gives how much that is, or nothing if the rest does not matter.
    pub(super) fn read(&mut self, text: &str, is_end: bool, intake: &mut Intake) -> Option<usize> {
        let (mut start, mut comma) = (0, None);
        while let Some((at, mark)) = self.brackets.next(text.as_bytes()) {
            let piece = text.get(start..at)?;
            match mark {
                Mark::ArrayBegins => {
                    self.values(piece, intake)?;
                    (self.in_array, self.after_comma) = (true, false);
                }
                Mark::Comma if self.in_array && piece.len() < PIECE => {
                    comma = Some(at);
                    continue;
                }
                Mark::Comma if self.in_array => self.array_items(piece, ",", intake)?,
                Mark::Comma => continue,
                Mark::End(close) if self.in_array => {
                    self.array_items(piece, close, intake)?;
                    self.in_array = false;
                }
                Mark::End(_) => {
                    self.values(text.get(start..=at)?, intake)?;
                    (start, comma) = (at + 1, None);
                    continue;
                }
            }
            self.pass(text.get(at..=at)?);
            (start, comma) = (at + 1, None);
        }
        if let Some(at) = comma.filter(|_| !is_end) {
            self.array_items(text.get(start..at)?, ",", intake)?;
            self.pass(",");
            start = at + 1;
        }
        let rest = text.get(start..)?;
        match (is_end, self.in_array) {
            (false, _) => {
                self.brackets.forget(start);
                Some(start)
            }
            (true, false) => self.values(rest, intake).map(|()| text.len()),
            (true, true) => self.array_items(rest, "", intake).map(|()| text.len()),
        }
    }

    /// Reads items of an array, and what ends them: a comma, the bracket, or nothing where the text ends.
    fn array_items(&mut self, piece: &str, end: &str, intake: &mut Intake) -> Option<()> {
        let (is_blank, is_last) = (piece.trim().is_empty(), end == "]");
        if is_blank && (end == "," || is_last && self.after_comma) {
            self.pass(piece);
            let problem = if is_last { "trailing comma" } else { "expected value" };
            let problem = format!("not JSON: {problem} at column {}", self.column + 1);
            intake.refuse(ObjectPosition::Line(self.line + 1), problem);
            return None;
        }
        let array = format!("[{piece}{}", if end == "," { "]" } else { end });
        let position = ObjectPosition::Item(self.items + 1);
        self.value(&array, 1, position, intake)?;
        self.pass(piece);
        self.after_comma = end == ",";
        Some(())
    }

    /// Reads values that stand at the top.
    fn values(&mut self, text: &str, intake: &mut Intake) -> Option<()> {
        let mut lines = Lines::from_line(self.line + 1, text);
        if text.trim_start().starts_with('{') {
            // One, for its end is where the text ends.
            self.value(text, 0, lines.at(0), intake)?;
        } else {
            let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
            loop {
                let start = values.byte_offset();
                match values.next() {
                    None => break,
                    Some(Err(error)) => return self.refuse(&error, 0, intake),
                    Some(Ok(IgnoredAny)) => {}
                }
                let value = text.get(start..values.byte_offset()).unwrap_or_default();
                self.value(value, 0, lines.at(start), intake)?;
            }
        }
        self.pass(text);
        Some(())
    }

    /// Reads one value, in front of which so many bytes were added.
    fn value(
        &mut self,
        text: &str,
        added: usize,
        position: ObjectPosition,
        intake: &mut Intake,
    ) -> Option<()> {
        let mut parser = serde_json::Deserializer::from_str(text);
        let entry = Entry { intake: &mut *intake, items: &mut self.items, role: Role::Whole(position) };
        match entry.deserialize(&mut parser).and_then(|goes_on| parser.end().map(|()| goes_on)) {
            Ok(goes_on) => goes_on.then_some(()),
            Err(error) => match serde_json::from_str::<IgnoredAny>(text) {
                Err(error) => self.refuse(&error, added, intake),
                // The syntax is right, so it is a text that no text can be.
                Ok(IgnoredAny) => {
                    intake.refuse(position, problem(&error, error.column()));
                    None
                }
            },
        }
    }

    fn refuse(&self, error: &serde_json::Error, added: usize, intake: &mut Intake) -> Option<()> {
        let in_front = if error.line() <= 1 { self.column } else { 0 };
        let column = (error.column() + in_front).saturating_sub(if error.line() <= 1 { added } else { 0 });
        intake.refuse(ObjectPosition::Line(self.line + error.line().max(1)), problem(error, column));
        None
    }

    fn pass(&mut self, text: &str) {
        self.line += text.matches('\n').count();
        self.column = match text.rfind('\n') {
            Some(at) => text.len() - at - 1,
            None => self.column + text.len(),
        };
    }
}

/// What the parser says, without the line, which is told as the position of the error.
fn problem(error: &serde_json::Error, column: usize) -> String {
    let said = error.to_string();
    let at = format!(" at line {} column {}", error.line(), error.column());
    let said = said.strip_suffix(&at).unwrap_or(&said);
    if error.is_eof() {
        format!("the JSON ends unexpectedly: {said}")
    } else {
        format!("not JSON: {said} at column {column}")
    }
}

/// A value, by where it stands. What it gives is whether to read on; of a wrapped value, whether it is a list.
struct Entry<'i, 'e> {
    intake: &'i mut Intake<'e>,
    items: &'i mut usize,
    role: Role,
}

#[derive(Clone, Copy)]
enum Role {
    /// One of the text.
    Whole(ObjectPosition),
    /// An item of an array.
    Item,
    /// What a property `value` holds: the objects, if it is an array of them.
    Wrapped,
}

impl<'de> DeserializeSeed<'de> for Entry<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Entry<'_, '_> {
    fn take(self, found: Result<Properties<'_>, InvalidObject>) -> bool {
        let position = match self.role {
            Role::Whole(position) => position,
            Role::Item => ObjectPosition::Item(*self.items + 1),
            Role::Wrapped => return false,
        };
        self.intake.take(position, found).is_ok()
    }

    fn refuse<E>(self, kind: &str) -> Result<bool, E> {
        Ok(self.take(Err(InvalidObject::Unbound(InvalidObject::found(kind)))))
    }
}

impl<'de> Visitor<'de> for Entry<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        if matches!(self.role, Role::Wrapped) {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(false);
        }
        let mut properties = Properties::default();
        let mut problem = None;
        let mut wrapped = false;
        while let Some(name) = map.next_key_seed(NameAt { guess: properties.len() })? {
            let added = match name {
                Name::Known(property) => {
                    let field = map.next_value_seed(FieldSeed::of(property))?;
                    properties.add(property, field)
                }
                Name::Other(name) => {
                    if matches!(self.role, Role::Whole(_)) && name.eq_ignore_ascii_case("value") {
                        let (intake, items) = (&mut *self.intake, &mut *self.items);
                        wrapped |= map.next_value_seed(Entry { intake, items, role: Role::Wrapped })?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                    properties.add_other(&name)
                }
            };
            problem = problem.or(added.err());
        }
        let found = match problem {
            None if wrapped && properties.len() == 0 => return Ok(true),
            None if wrapped => Err("both an object and a wrapped list of them".to_owned()),
            None => Ok(properties),
            Some(problem) => Err(problem),
        };
        Ok(self.take(found.map_err(InvalidObject::Wrong)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<bool, A::Error> {
        let Self { intake, items, role } = self;
        if matches!(role, Role::Item) {
            skip(array)?;
            return Entry { intake, items, role }.refuse("a list");
        }
        loop {
            let entry = Entry { intake: &mut *intake, items: &mut *items, role: Role::Item };
            match array.next_element_seed(entry)? {
                None => return Ok(true),
                Some(true) => *items += 1,
                Some(false) => return skip(array).map(|()| matches!(role, Role::Wrapped)),
            }
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        self.refuse("true or false")
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        self.refuse("a number")
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        self.refuse("a number")
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        self.refuse("a number")
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        self.refuse("a text")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(self.take(Err(InvalidObject::Null(InvalidObject::found("null")))))
    }
}

fn skip<'de, A: SeqAccess<'de>>(mut array: A) -> Result<(), A::Error> {
    while array.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}
