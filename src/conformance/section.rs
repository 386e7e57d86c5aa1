//! Where the documents say what a check holds an exchange against.

use std::fmt;

use crate::wsman::uri;

/// A section of a document. Numbers move between editions, titles stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Section {
    /// The document, such as `DSP0226`.
    pub document: &'static str,
    /// The number of the section, as far as it is settled.
    pub number: &'static str,
    /// Its title.
    pub title: &'static str,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, {}", self.document, self.number, self.title)
    }
}

pub(super) const fn section(document: &'static str, number: &'static str, title: &'static str) -> Section {
    Section { document, number, title }
}

/// How an answer names its request.
pub(super) const ADDRESSING: Section = section("DSP0226", "5.4", "Addressing");
/// What is well-formed.
pub(super) const XML: Section = section("XML 1.0", "2.1", "Well-Formed XML Documents");
/// What an envelope is.
pub(super) const ENVELOPE: Section = section("SOAP 1.2 part 1", "5.1", "SOAP Envelope");
/// What a fault is.
pub(super) const FAULT: Section = section("DSP0226", "14.6", "Master faults");

const IDENTIFY: Section = section("DSP0226", "11", "Metadata and discovery");
const RULES: &str = "3.1.4";

/// The section of an operation, by its request's action.
pub(super) fn of_action(action: &str) -> Section {
    let operation = action.rsplit('/').next().unwrap_or_default();
    let is = |known: uri::Action| action == known.request;
    match operation {
        "" => IDENTIFY,
        _ if is(uri::ENUMERATE) => section("DSP0226", "8.2", "Enumerate"),
        _ if is(uri::PULL) => section("DSP0226", "8.4", "Pull"),
        _ if is(uri::RELEASE) => section("DSP0226", "8.5", "Release"),
        _ if is(uri::DELETE) => section("MS-WSMV", "3.1.4.4", "WXF-DELETE"),
        _ if is(uri::SIGNAL) => section("MS-WSMV", "3.1.4.12", "Signal"),
        "Get" => section("MS-WSMV", RULES, "WXF-Get"),
        "Create" => section("MS-WSMV", RULES, "WXF-Create"),
        "Command" => section("MS-WSMV", RULES, "Command"),
        "Send" => section("MS-WSMV", RULES, "Send"),
        "Receive" => section("MS-WSMV", RULES, "Receive"),
        "Disconnect" => section("MS-WSMV", RULES, "Disconnect"),
        "Reconnect" => section("MS-WSMV", RULES, "Reconnect"),
        "Connect" => section("MS-WSMV", RULES, "Connect"),
        _ => ADDRESSING,
    }
}
