//! What comes out of reading: objects with their positions, or what is wrong with them.

use std::fmt;

use super::property::Property;
use crate::session::{LocalId, Selector, SessionDescriptor, SessionQuery, WildcardPattern};
use crate::store::Row;

/// How many errors are kept: an input with more has one mistake in every line.
const MAX_ERRORS: usize = 20;

/// One object of an input.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionObject {
    /// Where in the input it begins.
    pub position: ObjectPosition,
    /// Which session it is or names.
    pub reference: SessionReference,
}

/// Which session an object is, or which sessions of the local table it chooses.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionReference {
    /// A session, by its ShellId or InstanceId. Without an endpoint it is one that only a table can locate.
    Session(Box<Row>),
    /// A row of the local table, by its Id alone.
    Id {
        /// The Id in the local table.
        id: LocalId,
        /// The names beside the Id. If the row has other names, the Id is from another table.
        names: Vec<NameProperty>,
    },
    /// The rows of the local table that a selector chooses.
    Rows {
        /// The selector, from a name, a computer or a virtual machine.
        selector: Selector,
        /// The Id beside it: only the chosen row with this Id is meant.
        id: Option<LocalId>,
    },
    /// None: PowerShell cannot bind the object to a parameter.
    Unbound(UnboundObject),
}

/// A name of the session that an object has beside its Id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameProperty {
    pub(super) property: Property,
    /// Its value.
    pub text: String,
}

impl NameProperty {
    /// The name of the property: `Name`, `ComputerName`, `ContainerId` or `VMName`.
    #[must_use]
    pub fn property(&self) -> &'static str {
        self.property.name()
    }

    /// Whether the session has this name. No character is a wildcard; case is compared as the selector does.
    #[must_use]
    pub fn matches(&self, session: &SessionDescriptor) -> bool {
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

/// An object that PowerShell cannot bind to a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnboundObject {
    /// What is wrong, for a person.
    pub problem: String,
    /// Which of PowerShell's errors it is.
    pub reason: UnboundReason,
}

/// Why PowerShell cannot bind an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnboundReason {
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

impl InvalidObject {
    /// The problem with a value of this kind, where an object is expected.
    pub(super) fn found(kind: &str) -> String {
        format!("expected an object, found {kind}")
    }
}

impl From<String> for InvalidObject {
    fn from(problem: String) -> Self {
        Self::Wrong(problem)
    }
}

/// Where an object begins in its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectPosition {
    /// The input as a whole.
    Whole,
    /// The line on which it begins, from 1.
    Line(usize),
    /// Its number in an array, from 1.
    Item(usize),
}

impl fmt::Display for ObjectPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("all of it"),
            Self::Line(line) => write!(f, "line {line}"),
            Self::Item(item) => write!(f, "item {item}"),
        }
    }
}

/// An object that is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {problem}")]
pub struct ObjectError {
    /// Where in the input it begins.
    pub position: ObjectPosition,
    /// What is wrong, for a person.
    pub problem: String,
}

impl ObjectError {
    /// The error of the object at this position.
    #[must_use]
    pub fn new(position: ObjectPosition, problem: impl Into<String>) -> Self {
        Self { position, problem: problem.into() }
    }
}

/// Why an input is refused. `Display` writes one line for each error.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.lines().join("\n"))]
pub struct ReadErrors {
    /// The first errors.
    pub errors: Vec<ObjectError>,
    /// How many more there are.
    pub more: usize,
}

impl ReadErrors {
    /// Adds an error, or only counts it if there are many.
    pub fn add(&mut self, error: ObjectError) {
        if self.errors.len() < MAX_ERRORS { self.errors.push(error) } else { self.more += 1 }
    }

    /// Whether there is no error.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// One line for each error; the last line says how many more there are.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let more = (self.more > 0).then(|| format!("and {} more", self.more));
        self.errors.iter().map(ToString::to_string).chain(more).collect()
    }
}
