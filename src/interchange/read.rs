//! What comes out of reading: objects with their places, or what is wrong with them.

use std::fmt;
use std::time::SystemTime;

use pssession::SessionQuery;
use pssession::session::{LocalId, Selector, SessionDescriptor, WildcardPattern};
use pssession::store::Row;

use super::MAX_OBJECTS;
use super::property::{Properties, Property};
use super::session::{self, ReadContext};
use crate::cli::config::Naming;

/// How many errors are told one by one: whoever has more has one mistake in every line.
const MAX_ERRORS: usize = 20;

/// One object, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    pub(crate) place: Place,
    pub(crate) subject: Subject,
}

/// What an object names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Subject {
    /// A session, by its ShellId or InstanceId. Without an endpoint it is one that only a table can place.
    Session(Box<Row>),
    /// A row of the local table, by its Id alone. The names tell whether the Id is one of that table.
    Id { id: LocalId, names: Vec<Named> },
    /// The rows of the local table that this selector chooses; of an Id beside it one of them must have it.
    Rows { selector: Selector, id: Option<LocalId> },
    /// Nothing: PowerShell cannot bind it.
    Unbound(Unbound),
}

/// What an object is called beside its Id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(super) property: Property,
    pub(crate) text: String,
}

impl Named {
    pub(crate) fn property(&self) -> &'static str {
        self.property.name()
    }

    /// Whether the session is called so, to the letter.
    pub(crate) fn is_of(&self, session: &SessionDescriptor) -> bool {
        // What is escaped is a pattern.
        let Ok(pattern) = WildcardPattern::new(&WildcardPattern::escape(&self.text)) else { return false };
        let selector = match self.property {
            Property::ContainerId => Selector::ContainerId(vec![self.text.clone()]),
            Property::ComputerName => Selector::ComputerName(vec![pattern]),
            Property::VMName => Selector::VmName(vec![pattern]),
            _ => Selector::Name(vec![pattern]),
        };
        let query = SessionQuery::new(vec![selector], Vec::new());
        !query.select(std::slice::from_ref(session)).chosen.is_empty()
    }
}

/// Why PowerShell cannot bind an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unbound {
    pub(crate) problem: String,
    pub(crate) reason: Reason,
}

/// PowerShell's error for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It has nothing that a parameter takes.
    NotBound,
    /// It has what two parameter sets take.
    Ambiguous,
    /// It is null.
    Null,
}

/// Why an object is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InvalidObject {
    /// What it says cannot be meant.
    Wrong(String),
    /// It says nothing by which a session could be found: PowerShell cannot bind it.
    Unbound(String),
    /// It says two things, each of which would choose others.
    Ambiguous(String),
    /// It is null.
    Null(String),
}

impl From<String> for InvalidObject {
    fn from(problem: String) -> Self {
        Self::Wrong(problem)
    }
}

/// Where something stands in its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere in particular.
    Whole,
    /// The line on which it begins, from 1.
    Line(usize),
    /// Its number in an array, from 1.
    Item(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("all of it"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Item(item) => write!(f, "item {item}"),
        }
    }
}

/// An object that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub(crate) struct ObjectError {
    pub(crate) place: Place,
    pub(crate) problem: String,
}

impl ObjectError {
    /// What it says cannot be meant.
    pub(crate) fn wrong(place: Place, problem: impl Into<String>) -> Self {
        Self { place, problem: problem.into() }
    }
}

/// Why a source is not taken: the first errors, and how many more there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) errors: Vec<ObjectError>,
    pub(crate) more: usize,
}

impl Refused {
    pub(crate) fn add(&mut self, error: ObjectError) {
        if self.errors.len() < MAX_ERRORS { self.errors.push(error) } else { self.more += 1 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// One line each, and the last says how many are not told.
    pub(crate) fn lines(&self) -> Vec<String> {
        let more = (self.more > 0).then(|| format!("and {} more", self.more));
        self.errors.iter().map(ToString::to_string).chain(more).collect()
    }
}

/// Collects objects until the first error, and errors from then on.
pub(super) struct Intake {
    read_context: ReadContext,
    objects: Vec<Object>,
    refused: Refused,
    count: usize,
}

/// There are too many objects: the error is told, and reading on is of no use.
#[derive(Debug)]
pub(super) struct Full;

impl Intake {
    pub(super) fn new(now: SystemTime, naming: &Naming) -> Self {
        let read_context = ReadContext { now, naming: naming.clone() };
        Self { read_context, objects: Vec::new(), refused: Refused::default(), count: 0 }
    }

    pub(super) fn refuse(&mut self, place: Place, problem: String) {
        self.add(ObjectError::wrong(place, problem));
    }

    fn add(&mut self, error: ObjectError) {
        self.objects = Vec::new();
        self.refused.add(error);
    }

    /// Takes in one object, or what is wrong with its form.
    pub(super) fn take(
        &mut self,
        place: Place,
        found: Result<Properties<'_>, InvalidObject>,
    ) -> Result<(), Full> {
        if self.count == MAX_OBJECTS {
            self.refuse(place, format!("more than {MAX_OBJECTS} objects; split the input"));
            return Err(Full);
        }
        self.count += 1;
        let unbound = |problem, reason| Subject::Unbound(Unbound { problem, reason });
        let subject = match found.and_then(|properties| session::subject(&properties, &self.read_context)) {
            Err(InvalidObject::Wrong(problem)) => {
                self.refuse(place, problem);
                return Ok(());
            }
            Err(InvalidObject::Unbound(problem)) => unbound(problem, Reason::NotBound),
            Err(InvalidObject::Ambiguous(problem)) => unbound(problem, Reason::Ambiguous),
            Err(InvalidObject::Null(problem)) => unbound(problem, Reason::Null),
            Ok(subject) => subject,
        };
        if self.refused.is_empty() {
            self.objects.push(Object { place, subject });
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<Object>, Refused> {
        if self.refused.is_empty() { Ok(self.objects) } else { Err(self.refused) }
    }
}
