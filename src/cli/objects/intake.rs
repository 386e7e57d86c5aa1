//! What comes out of reading: objects with their places, or what is wrong with them.

use std::fmt;
use std::time::SystemTime;

use pssession::session::{LocalId, Selector};
use pssession::store::Row;

use super::MAX_OBJECTS;
use super::property::Properties;
use super::session::{self, Circumstances};
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
    /// A row of the local table, by its Id alone. The rest tells whether the Id is one of that table.
    Id { id: LocalId, others: Vec<Selector> },
    /// The rows of the local table that agree with all of these.
    Rows(Vec<Selector>),
}

/// Why an object is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// What it says cannot be meant.
    Wrong(String),
    /// It says nothing by which a session could be found: PowerShell cannot bind it.
    Unbound(String),
}

impl From<String> for Unfit {
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
    /// It is whole and well, and says nothing by which a session could be found.
    pub(crate) is_unbound: bool,
}

impl ObjectError {
    /// What it says cannot be meant.
    pub(crate) fn wrong(place: Place, problem: impl Into<String>) -> Self {
        Self { place, problem: problem.into(), is_unbound: false }
    }
}

/// Why a source is not taken: the first errors, and how many more there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) errors: Vec<ObjectError>,
    pub(crate) more: usize,
    /// Whether any of them, also of those that are not told, is more than an object that cannot be bound.
    is_bad: bool,
}

impl Refused {
    pub(crate) fn add(&mut self, error: ObjectError) {
        self.is_bad |= !error.is_unbound;
        if self.errors.len() < MAX_ERRORS { self.errors.push(error) } else { self.more += 1 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether the source was read well, and only holds objects that cannot be bound.
    pub(crate) fn is_only_unbound(&self) -> bool {
        !self.is_bad && !self.is_empty()
    }

    /// One line each, and the last says how many are not told.
    pub(crate) fn lines(&self) -> Vec<String> {
        let more = (self.more > 0).then(|| format!("and {} more", self.more));
        self.errors.iter().map(ToString::to_string).chain(more).collect()
    }
}

/// Collects objects until the first error, and errors from then on.
pub(super) struct Intake {
    circumstances: Circumstances,
    objects: Vec<Object>,
    refused: Refused,
    count: usize,
}

/// There are too many objects: the error is told, and reading on is of no use.
#[derive(Debug)]
pub(super) struct Full;

impl Intake {
    pub(super) fn new(now: SystemTime, naming: &Naming) -> Self {
        let circumstances = Circumstances { now, naming: naming.clone() };
        Self { circumstances, objects: Vec::new(), refused: Refused::default(), count: 0 }
    }

    pub(super) fn refuse(&mut self, place: Place, problem: String) {
        self.add(ObjectError::wrong(place, problem));
    }

    fn add(&mut self, error: ObjectError) {
        self.objects = Vec::new();
        self.refused.add(error);
    }

    /// Takes in one object, or what is wrong with its form.
    pub(super) fn take(&mut self, place: Place, found: Result<Properties<'_>, Unfit>) -> Result<(), Full> {
        if self.count == MAX_OBJECTS {
            self.refuse(place, format!("more than {MAX_OBJECTS} objects; split them"));
            return Err(Full);
        }
        self.count += 1;
        match found.and_then(|properties| session::subject(&properties, &self.circumstances)) {
            Err(Unfit::Wrong(problem)) => self.refuse(place, problem),
            Err(Unfit::Unbound(problem)) => self.add(ObjectError { place, problem, is_unbound: true }),
            Ok(subject) if self.refused.is_empty() => self.objects.push(Object { place, subject }),
            Ok(_) => {}
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<Object>, Refused> {
        if self.refused.is_empty() { Ok(self.objects) } else { Err(self.refused) }
    }
}
