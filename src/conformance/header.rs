//! `scenario.json`: what a scenario shows, whose server spoke, and where each exchange comes from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The `Schema` of the headers that this version reads and writes.
pub const SCHEMA: &str = "pssession.scenario/1";

/// The header of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ScenarioHeader {
    /// [`SCHEMA`].
    pub schema: String,
    /// What the scenario shows, in one line.
    pub title: String,
    /// Which server answers so.
    pub server: String,
    /// The document and section that it was made from, or the file that it was converted from.
    pub source: String,
    /// Where its exchanges come from, unless one says otherwise.
    pub origin: Origin,
    /// Whether names and values were replaced by placeholders, so that they do not tell two requests apart. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scrubbed: bool,
    /// What is to be said of single exchanges, by number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exchanges: BTreeMap<String, ExchangeHeader>,
}

impl ScenarioHeader {
    /// A header that says nothing of single exchanges.
    #[must_use]
    pub fn new(title: String, server: String, source: String, origin: Origin) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            title,
            server,
            source,
            origin,
            scrubbed: false,
            exchanges: BTreeMap::new(),
        }
    }
}

/// What is to be said of one exchange. Everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ExchangeHeader {
    /// Where it comes from, if not from where the others come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The HTTP status of the answer. Default: 500 for a fault, else 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// That the answer is known to break the rules, and what our parser makes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub malformed: Option<Malformation>,
    /// The connection was lost instead of an answer: there is no response file. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost: bool,
    /// What else a reader should know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Where an exchange comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// Taken off the wire.
    Recorded,
    /// Typed from what somebody showed of the wire.
    Transcribed,
    /// Written from the documents.
    HandMade,
}

impl Origin {
    /// As it stands in a header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Transcribed => "transcribed",
            Self::HandMade => "hand-made",
        }
    }
}

/// How an answer that is meant to break the rules is taken. No schema is asked about either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Malformation {
    /// Our parser must refuse it.
    Refused,
    /// Our parser must read it all the same: real servers answer so.
    Tolerated,
}
