//! JSON: one object, several, one a line, arrays of them, and the `{"value": [...], "Count": n}` in which Windows
//! PowerShell wraps an array. What has no meaning here is skipped without being built, however deep it goes.

mod field;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lines::Lines;
use super::no_object;
use super::property::Properties;
use super::read::{Intake, InvalidObject, ObjectPosition};
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
        let entry = Entry { intake, items: &mut items, position, is_item: false };
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

/// A value of the text, or an item of an array in it. What it gives is whether to read on.
struct Entry<'i, 'e> {
    intake: &'i mut Intake<'e>,
    items: &'i mut usize,
    position: ObjectPosition,
    is_item: bool,
}

impl Entry<'_, '_> {
    fn refused_as<E>(self, what: &str) -> Result<bool, E> {
        self.unfit(InvalidObject::Unbound(no_object(what)))
    }

    fn unfit<E>(self, unfit: InvalidObject) -> Result<bool, E> {
        Ok(self.intake.take(self.position, Err(unfit)).is_ok())
    }
}

impl<'de> DeserializeSeed<'de> for Entry<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// The items of an array, each counted. Whether to read on.
fn take_items<'de, A: SeqAccess<'de>>(
    mut array: A,
    intake: &mut Intake,
    items: &mut usize,
) -> Result<bool, A::Error> {
    loop {
        let position = ObjectPosition::Item(*items + 1);
        match array.next_element_seed(Entry { intake, items, position, is_item: true })? {
            None => return Ok(true),
            Some(true) => *items += 1,
            Some(false) => return skip(array).map(|()| false),
        }
    }
}

fn skip<'de, A: SeqAccess<'de>>(mut array: A) -> Result<(), A::Error> {
    while array.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'de> Visitor<'de> for Entry<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let Self { intake, items: count, position, is_item } = self;
        let mut properties = Properties::default();
        let mut trouble = None;
        let mut wrapped = false;
        while let Some(name) = map.next_key_seed(NameAt { guess: properties.len() })? {
            let added = match name {
                Name::Known(property) => {
                    let field = map.next_value_seed(FieldSeed::of(property))?;
                    properties.add(property, field)
                }
                Name::Other(name) if !is_item && name.eq_ignore_ascii_case("value") => {
                    let wrap = Wrap { intake: &mut *intake, items: &mut *count };
                    wrapped |= map.next_value_seed(wrap)?;
                    properties.add_other(&name)
                }
                Name::Other(name) => {
                    map.next_value::<IgnoredAny>()?;
                    properties.add_other(&name)
                }
            };
            trouble = trouble.or(added.err());
        }
        let found = match trouble {
            None if wrapped && properties.len() == 0 => return Ok(true),
            None if wrapped => {
                Err(InvalidObject::Wrong("both an object and a wrapped list of them".to_owned()))
            }
            None => Ok(properties),
            Some(trouble) => Err(InvalidObject::Wrong(trouble)),
        };
        Ok(intake.take(position, found).is_ok())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<bool, A::Error> {
        if self.is_item {
            skip(array)?;
            return self.refused_as("a list");
        }
        take_items(array, self.intake, self.items)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        self.refused_as("true or false")
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        self.refused_as("a number")
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        self.refused_as("a number")
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        self.refused_as("a number")
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        self.refused_as("a text")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        self.unfit(InvalidObject::Null(no_object("null")))
    }
}

/// What `value` holds: the objects, if it is an array of them. Whether it was one.
struct Wrap<'i, 'e> {
    intake: &'i mut Intake<'e>,
    items: &'i mut usize,
}

impl<'de> DeserializeSeed<'de> for Wrap<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Wrap<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<bool, A::Error> {
        take_items(array, self.intake, self.items).map(|_| true)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
}
