//! JSON: one object, several, one a line, arrays of them, and the `{"value": [...], "Count": n}` in which Windows
//! PowerShell wraps an array. What has no meaning here is skipped without being built, however deep it goes.

mod field;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::intake::{Intake, Lines};
use super::object::{InvalidObject, ObjectPosition};
use super::property::Properties;
use field::{FieldSeed, Name, NameAt};

/// Reads every value of the text, one after the other.
pub(super) fn read(text: &str, intake: &mut Intake) {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut lines = Lines::of(text);
    let mut items = 0;
    loop {
        let start = values.byte_offset();
        // First where it ends, then what it is: the parser tells the place only between two values.
        match values.next() {
            None => return,
            Some(Err(error)) => return intake.refuse(ObjectPosition::Line(error.line()), problem(&error)),
            Some(Ok(IgnoredAny)) => {}
        }
        let value = text.get(start..values.byte_offset()).unwrap_or_default();
        let position = lines.at(start);
        let mut parser = serde_json::Deserializer::from_str(value);
        let entry = Entry { intake, items: &mut items, role: Role::Whole(position) };
        match entry.deserialize(&mut parser) {
            Ok(true) => {}
            Ok(false) => return,
            // The syntax is right, so it is a text that no text can be.
            Err(error) => return intake.refuse(position, problem(&error)),
        }
    }
}

/// What the parser says, without the line, which is told as the position of the error.
fn problem(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let at = format!(" at line {} column {}", error.line(), error.column());
    let said = said.strip_suffix(&at).unwrap_or(&said);
    if error.is_eof() {
        format!("the JSON ends unexpectedly: {said}")
    } else {
        format!("not JSON: {said} at column {}", error.column())
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
