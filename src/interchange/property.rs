//! The properties of one object: those that mean something here, by name in any case, each with a plain value.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::client::MAX_COMMANDS;
use crate::wsman::{MAX_COMMAND_ID_BYTES, MAX_FIELD_BYTES, one_line};

/// The longest text of one property, in bytes. Names and URIs are far shorter.
pub(super) const MAX_TEXT: usize = MAX_FIELD_BYTES;

/// The most values in a property that is a list: as many as the commands that are taken of one shell.
pub(super) const MAX_LIST: usize = MAX_COMMANDS;

/// The longest text that is a list of ids, in bytes: that many, with a blank behind each.
const MAX_LIST_TEXT: usize = MAX_LIST * (MAX_COMMAND_ID_BYTES + 1);

/// The most properties of one object that mean nothing here: PowerShell's has about ten.
pub(super) const MAX_OTHERS: usize = 1_000;

/// The longest piece of a bad value that an error quotes, in characters.
const MAX_QUOTE: usize = 80;

macro_rules! properties {
    (written: $($name:ident),*; read: $($read:ident),* $(,)?) => {
        /// The properties of [`session_record`](super::session_record), in their order: the header of a CSV, also of an
        /// empty one.
        pub const SESSION_PROPERTIES: &[&str] = &[$(stringify!($name)),*];

        /// A property that means something here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Property { $($name,)* $($read),* }

        impl Property {
            /// Those that are written, and then those that are only read.
            pub(super) const ALL: &[Self] = &[$(Self::$name,)* $(Self::$read),*];

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* $(Self::$read => stringify!($read)),* }
            }
        }
    };
}

// In the order in which they are written, so that the next one is mostly the next one. Read only: PowerShell's aliases,
// and what holds its connection.
properties! {
    written: Schema, Id, Name, InstanceId, ComputerName, ComputerType, VMId, VMName, ContainerId, ConfigurationName, State,
    Availability, Transport, Port, Endpoint, ShellId, ResourceUri, ServerState, Owner, ClientIP, ProcessId, IdleTimeout,
    MaxIdleTimeout, ShellRunTime, ShellInactivity, CommandIds, SeenBy, SeenAt, Origin, User, Auth, SessionId;
    read: Cn, VMGuid, ConnectionUri, Runspace,
}

/// What is kept of a `Runspace`, in lower case: where it leads, and how it stands.
const RUNSPACE_PARTS: [&str; 5] =
    ["connectioninfo", "connectionuri", "runspacestateinfo", "state", "runspaceavailability"];

impl Property {
    /// The property of this name, in any case; looked for first at `guess`.
    pub(super) fn find(name: &str, guess: usize) -> Option<Self> {
        let is_it = |property: &&Self| property.name().eq_ignore_ascii_case(name);
        Self::ALL.get(guess).filter(is_it).or_else(|| Self::ALL.iter().find(is_it)).copied()
    }
}

/// The value of a property, as far as any of them can mean something. Its text stands where it was read, if it can.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field<'t> {
    Nothing,
    Flag(bool),
    Whole(i64),
    Real(f64),
    Text(Cow<'t, str>),
    List(Vec<Field<'t>>),
    /// An object, its names in lower case.
    Parts(Vec<(String, Field<'t>)>),
    /// A text or a list beyond the limits, which is not kept.
    TooLong,
}

impl<'t> Field<'t> {
    /// Keeps a text unless it is too long.
    pub(super) fn text(text: impl Into<Cow<'t, str>>) -> Self {
        let text = text.into();
        if text.len() > MAX_TEXT { Self::TooLong } else { Self::Text(text) }
    }

    /// The value itself: PowerShell wraps one to which something was added, as {"value": 2, "Value": "Opened"}.
    pub(super) fn unwrapped(&self) -> &Self {
        self.part("value").unwrap_or(self)
    }

    /// Keeps the text of a CSV's cell unless it is too long; a list of ids may be longer than a name.
    pub(super) fn cell(property: Property, text: &'t str) -> Self {
        match property {
            Property::CommandIds if text.len() <= MAX_LIST_TEXT => Self::Text(text.into()),
            _ => Self::text(text),
        }
    }

    /// Whether this part of an object is worth keeping; of all but `Runspace` every one is.
    pub(super) fn keeps(property: Property, part: &str) -> bool {
        property != Property::Runspace || part == "value" || RUNSPACE_PARTS.contains(&part)
    }

    /// A part of an object, by its name in lower case.
    pub(super) fn part(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Parts(parts) => parts.iter().find(|(part, _)| part == name).map(|(_, field)| field),
            _ => None,
        }
    }
}

/// The properties of one object.
#[derive(Debug, Default)]
pub(super) struct Properties<'t> {
    known: Vec<(Property, Field<'t>)>,
    /// The names of the others in lower case. They mean nothing, but two that are one are a mistake or a trick.
    others: HashSet<String>,
}

impl<'t> Properties<'t> {
    /// How many properties with a meaning there are.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Adds a property.
    ///
    /// # Errors
    /// It is there already.
    pub(super) fn add(&mut self, property: Property, field: Field<'t>) -> Result<(), String> {
        if self.known.iter().any(|(known, _)| *known == property) {
            return Err(twice(property.name()));
        }
        self.known.push((property, field));
        Ok(())
    }

    /// Remembers the name of a property without a meaning here.
    ///
    /// # Errors
    /// It is there already, or there are too many.
    pub(super) fn add_other(&mut self, name: &str) -> Result<(), String> {
        if self.others.len() == MAX_OTHERS {
            return Err(format!("more than {MAX_OTHERS} unknown properties"));
        }
        if self.others.insert(name.to_lowercase()) { Ok(()) } else { Err(twice(name)) }
    }

    /// Its value, if it has one that says something.
    ///
    /// # Errors
    /// The value is beyond the limits.
    pub(super) fn get(&self, property: Property) -> Result<Option<&Field<'t>>, String> {
        let field = self.known.iter().find(|(known, _)| *known == property).map(|(_, field)| field);
        match field.map(Field::unwrapped) {
            Some(Field::TooLong) => {
                Err(format!("{} is longer than {MAX_TEXT} bytes or {MAX_LIST} values", property.name()))
            }
            // A name of blanks is a name.
            Some(Field::Text(text))
                if text.is_empty() || property != Property::Name && text.trim().is_empty() =>
            {
                Ok(None)
            }
            None | Some(Field::Nothing) => Ok(None),
            field => Ok(field),
        }
    }

    /// A part of PowerShell's `Runspace`: the names that lead to it, in lower case.
    pub(super) fn of_runspace(&self, path: &[&str]) -> Option<&Field<'t>> {
        let (_, runspace) = self.known.iter().find(|(known, _)| *known == Property::Runspace)?;
        path.iter().try_fold(runspace.unwrapped(), |field, name| Some(field.part(name)?.unwrapped()))
    }
}

/// A piece of a value, for an error.
pub(super) fn short(text: &str) -> String {
    one_line(text, MAX_QUOTE)
}

fn twice(name: &str) -> String {
    format!("duplicate property {:?}; property names are case-insensitive", short(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange::tests::{naming, now};
    use crate::interchange::{SessionReference, read, session_record};

    #[test]
    fn what_is_written_is_what_is_read() {
        let names: Vec<_> = Property::ALL.iter().map(|property| property.name()).collect();
        let object = read(br#"{"ShellId":"A"}"#, now(), &naming(false)).unwrap().remove(0);
        let SessionReference::Session(row) = object.reference else { panic!("{object:?}") };
        let written: Vec<_> = session_record(&row.session, None).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names[..written.len()], written);
        assert_eq!(names[written.len()..], ["Cn", "VMGuid", "ConnectionUri", "Runspace"]);
    }

    #[test]
    fn a_name_is_found_in_any_case_whatever_the_guess() {
        for guess in [0, 3, 4, 999] {
            assert_eq!(Property::find("instanceID", guess), Some(Property::InstanceId));
            assert_eq!(Property::find("ApplicationPrivateData", guess), None);
        }
    }
}
