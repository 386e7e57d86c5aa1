//! What one row of the table says about a parameter.

use std::path::PathBuf;

use pssession::session::IdRange;
use uuid::Uuid;

use super::bound::Bound;
use super::cmdlet::Cmdlet;
use super::preferences::{
    ACTIONS, AUTHENTICATIONS, ActionPreference, Authentication, STATES, StateFilter, Word,
};
use super::sets::Set;

/// A parameter, for both cmdlets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) kind: Kind,
    pub(crate) check: Check,
    /// One line of help.
    pub(crate) help: &'static str,
    remove: Option<Place>,
    get: Option<Place>,
}

/// How a parameter stands in one cmdlet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) tier: Tier,
    /// The sets that it belongs to.
    pub(crate) sets: &'static [Set],
    /// Whether these sets need it.
    pub(crate) mandatory: bool,
    pub(crate) position: Option<u8>,
    /// What it takes out of an object that comes in by a pipe.
    pub(crate) pipeline: Pipeline,
    /// Whether its values are patterns.
    pub(crate) wildcards: bool,
}

/// What a parameter takes out of an object that comes in by a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pipeline {
    Nothing,
    /// The property of its name.
    ByName,
    /// The whole object, or the property of its name.
    ByValueAndName,
}

/// Whose parameter it is; where an abbreviation fits several, one declared parameter beats all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    /// The cmdlet's own.
    Declared,
    /// Ours, beyond the real cmdlet. It never wins over one of PowerShell's.
    Added,
    /// Of every cmdlet, and `-WhatIf` and `-Confirm`.
    Common,
}

/// The type of a parameter, and where its value goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Switch(fn(&mut Bound) -> &mut Option<bool>),
    Ids(fn(&mut Bound) -> &mut Vec<IdRange>),
    Guids(fn(&mut Bound) -> &mut Vec<Uuid>),
    Texts(fn(&mut Bound) -> &mut Vec<String>),
    Text(fn(&mut Bound) -> &mut Option<String>),
    /// A file with objects; `-` is stdin. Commas in it are its own.
    Objects(fn(&mut Bound) -> &mut Option<PathBuf>),
    Uris(fn(&mut Bound) -> &mut Vec<String>),
    /// A TCP port, at least 1.
    Port(fn(&mut Bound) -> &mut Option<u16>),
    Int(fn(&mut Bound) -> &mut Option<i32>),
    Action(fn(&mut Bound) -> &mut Option<ActionPreference>),
    Authentication(fn(&mut Bound) -> &mut Option<Authentication>),
    State(fn(&mut Bound) -> &mut Option<StateFilter>),
    /// Accepted without effect, because there is no script that could read it.
    Ignored(Shape),
    /// Known, and refused.
    Refused(&'static str, Refusal),
}

/// The type of a value that is only checked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Text,
    Int,
    Action,
}

/// Why something that PowerShell has is not to be had here, and what to use instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) why: &'static str,
    pub(crate) instead: &'static str,
}

/// What PowerShell's validators and its check of mandatory parameters refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// `ValidateNotNull`; an empty array is refused because the parameter is mandatory.
    NotNull,
    /// `ValidateNotNullOrEmpty`: also no empty array, no null and no empty text in it.
    NotNullOrEmpty,
    /// No validator: null, null members and an empty array are refused because the parameter is mandatory.
    Mandatory,
}

impl Parameter {
    pub(super) const fn new(name: &'static str, kind: Kind, check: Check, help: &'static str) -> Self {
        Self { name, aliases: &[], kind, check, help, remove: None, get: None }
    }

    pub(super) const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(super) const fn remove(mut self, place: Place) -> Self {
        self.remove = Some(place);
        self
    }

    pub(super) const fn get(mut self, place: Place) -> Self {
        self.get = Some(place);
        self
    }

    /// How it stands in this cmdlet; `None` where it has no such parameter.
    pub(crate) fn place(&self, cmdlet: Cmdlet) -> Option<Place> {
        match cmdlet {
            Cmdlet::RemovePSSession => self.remove,
            Cmdlet::GetPSSession => self.get,
        }
    }
}

impl Place {
    pub(super) const fn declared(sets: &'static [Set]) -> Self {
        let (tier, pipeline) = (Tier::Declared, Pipeline::Nothing);
        Self { tier, sets, mandatory: false, position: None, pipeline, wildcards: false }
    }

    pub(super) const fn added() -> Self {
        Self { tier: Tier::Added, ..Self::declared(Set::OF_REMOVE) }
    }

    pub(super) const fn common(sets: &'static [Set]) -> Self {
        Self { tier: Tier::Common, ..Self::declared(sets) }
    }

    pub(super) const fn mandatory(mut self) -> Self {
        self.mandatory = true;
        self
    }

    pub(super) const fn first(mut self) -> Self {
        self.position = Some(0);
        self
    }

    pub(super) const fn piped(mut self, pipeline: Pipeline) -> Self {
        self.pipeline = pipeline;
        self
    }

    pub(super) const fn wildcards(mut self) -> Self {
        self.wildcards = true;
        self
    }
}

impl Kind {
    /// PowerShell's name of the type.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Switch(_) => "SwitchParameter",
            Self::Ids(_) => "Int32[]",
            Self::Guids(_) => "Guid[]",
            Self::Texts(_) => "String[]",
            Self::Text(_) | Self::Ignored(Shape::Text) => "String",
            Self::Objects(_) => "PSSession[]",
            Self::Uris(_) => "Uri[]",
            Self::Port(_) | Self::Int(_) | Self::Ignored(Shape::Int) => "Int32",
            Self::Action(_) | Self::Ignored(Shape::Action) => "ActionPreference",
            Self::Authentication(_) => "AuthenticationMechanism",
            Self::State(_) => "SessionFilterState",
            Self::Refused(type_name, _) => type_name,
        }
    }

    /// The words that it takes, where there is a list of them.
    pub(crate) fn accepted(self) -> Vec<&'static str> {
        match self {
            Self::Action(_) | Self::Ignored(Shape::Action) => ACTIONS.iter().map(|row| row.word).collect(),
            Self::Authentication(_) => AUTHENTICATIONS.iter().map(|row| row.word).collect(),
            Self::State(_) => STATES.iter().map(|row| row.word).collect(),
            _ => Vec::new(),
        }
    }

    /// Those of them that are not refused.
    pub(crate) fn offered(self) -> Vec<&'static str> {
        match self {
            Self::Action(_) => words(ACTIONS, |action| action.ours().is_ok()),
            Self::Authentication(_) => words(AUTHENTICATIONS, |scheme| scheme.is_ok()),
            _ => self.accepted(),
        }
    }

    /// Whether several values, separated by commas, may be given.
    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::Ids(_) | Self::Guids(_) | Self::Texts(_) | Self::Uris(_))
    }

    pub(crate) fn is_refused(self) -> bool {
        matches!(self, Self::Refused(..))
    }

    pub(crate) fn is_switch(self) -> bool {
        matches!(self, Self::Switch(_))
    }
}

fn words<T: Copy>(all: &[Word<T>], fits: impl Fn(T) -> bool) -> Vec<&'static str> {
    all.iter().filter(|row| fits(row.value)).map(|row| row.word).collect()
}
