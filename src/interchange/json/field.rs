//! The names and the values of one object's properties.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::interchange::property::{Field, MAX_LIST, Property};

/// The most parts that are kept of a value that is an object: a GUID or a time span has fewer.
const MAX_PARTS: usize = 32;

/// The name of a property.
pub(super) enum Name {
    Known(Property),
    Other(String),
}

/// Reads a name, which is likely to be that of the property at `guess`.
pub(super) struct NameAt {
    pub(super) guess: usize,
}

impl<'de> DeserializeSeed<'de> for NameAt {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameAt {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a property")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(Property::find(name, self.guess).map_or_else(|| Name::Other(name.to_owned()), Name::Known))
    }
}

/// Reads the value of a property; of an object or a list, what lies directly in it, and of a `Runspace` what lies in that.
pub(super) struct FieldSeed {
    property: Property,
    /// How many objects and lists within one another are still kept.
    depth: usize,
}

impl FieldSeed {
    pub(super) fn of(property: Property) -> Self {
        Self { property, depth: if property == Property::Runspace { RUNSPACE_DEPTH } else { 1 } }
    }

    fn part(&self) -> Self {
        Self { property: self.property, depth: self.depth.saturating_sub(1) }
    }
}

/// `Runspace.ConnectionInfo.ConnectionUri`, `Runspace.RunspaceStateInfo.State.value`.
const RUNSPACE_DEPTH: usize = 3;

impl<'de> DeserializeSeed<'de> for FieldSeed {
    type Value = Field<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FieldSeed {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Field<'de>, E> {
        Ok(Field::Nothing)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Field<'de>, E> {
        Ok(Field::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Field<'de>, E> {
        Ok(Field::Whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Field<'de>, E> {
        // Nothing here counts so far; as text it is refused, and quoted, where a number is wanted.
        Ok(i64::try_from(number).map_or_else(|_| Field::text(number.to_string()), Field::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Field<'de>, E> {
        Ok(Field::Real(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Field<'de>, E> {
        Ok(Field::text(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Field<'de>, E> {
        Ok(Field::text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Field<'de>, A::Error> {
        let mut list = Vec::new();
        while list.len() < MAX_LIST && self.depth > 0 {
            match array.next_element_seed(self.part())? {
                Some(field) => list.push(field),
                None => return Ok(Field::List(list)),
            }
        }
        let mut rest = 0_usize;
        while array.next_element::<IgnoredAny>()?.is_some() {
            rest += 1;
        }
        Ok(if rest == 0 || self.depth == 0 { Field::List(list) } else { Field::TooLong })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field<'de>, A::Error> {
        let mut parts = Vec::new();
        while parts.len() < MAX_PARTS && self.depth > 0 {
            let Some(name) = map.next_key::<String>()? else { return Ok(Field::Parts(parts)) };
            let name = name.to_ascii_lowercase();
            if Field::keeps(self.property, &name) {
                parts.push((name, map.next_value_seed(self.part())?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Parts(parts))
    }
}
