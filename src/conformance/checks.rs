//! One exchange, held against our parser, the schemas, and our own request.

use super::canonical_request::CanonicalRequest;
use super::expected_request::Asked;
use super::header::{Malformation, Origin};
use super::mismatch::difference;
use super::scenario::{Exchange, ResponseKind, line_at};
use super::section::{self, Section};
use crate::wsman::xml::{Document, Element, Malformed};
use crate::wsman::{AnswerError, Fault, uri};

/// What was found out about one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedExchange {
    /// The exchange.
    pub number: u32,
    /// Its operation: the last part of the request's action, or `Identify`.
    pub operation: String,
    /// Where it comes from.
    pub origin: Origin,
    /// One for each [`CheckKind`], in that order.
    pub checks: [Check; 3],
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// What was looked at.
    pub kind: CheckKind,
    /// What came of it.
    pub verdict: Verdict,
    /// Why, where it is no plain pass; may have several lines.
    pub detail: String,
    /// What it was held against.
    pub section: Section,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckKind {
    /// Our parser reads the response as the answer to the request.
    Parses,
    /// The response is valid against the schemas.
    Validates,
    /// Our own request for the same is the recorded one, in all that matters.
    OurRequest,
}

impl CheckKind {
    /// As a report names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parses => "response parses",
            Self::Validates => "response validates",
            Self::OurRequest => "our request matches",
        }
    }
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is as it must be.
    Passed,
    /// It is not.
    Mismatch,
    /// There was nothing to look at, such as a request of an operation that we lack.
    NotExercised,
    /// There was no validator.
    NotValidated,
}

impl Verdict {
    /// As a report names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Mismatch => "mismatch",
            Self::NotExercised => "not exercised",
            Self::NotValidated => "not validated",
        }
    }
}

/// What a validator says of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validation {
    /// It is valid.
    Valid,
    /// It is not: what the validator said, in one or more lines.
    Invalid(String),
    /// It could not be asked, and why.
    Unavailable(String),
}

/// Judges one exchange. `validation` is what a validator says of [`Exchange::to_validate`]; without anything to validate
/// it does not matter.
#[must_use]
pub fn judge(exchange: &Exchange, validation: Validation) -> CheckedExchange {
    // It was parsed when it was read.
    let document = Document::parse(&exchange.request);
    let asked = document.as_ref().ok().map(|document| Asked::read(document.root()));
    let (action, is_identify) = asked.as_ref().map_or(("", false), |asked| (asked.action, asked.is_identify));
    let concerned = section::of_action(action);
    let operation = if is_identify { "Identify" } else { action.rsplit('/').next().unwrap_or_default() };
    CheckedExchange {
        number: exchange.number,
        operation: operation.to_owned(),
        origin: exchange.origin,
        checks: [
            parses(exchange, asked.as_ref(), concerned),
            validates(exchange, concerned, validation),
            our_request(&exchange.canonical, asked.as_ref(), concerned),
        ],
    }
}

fn parses(exchange: &Exchange, asked: Option<&Asked<'_>>, concerned: Section) -> Check {
    let check =
        |verdict, detail: String, section| Check { kind: CheckKind::Parses, verdict, detail, section };
    let Some(response) = &exchange.response else {
        return check(Verdict::NotExercised, "the connection was lost".to_owned(), concerned);
    };
    let is_refused = exchange.malformed == Some(Malformation::Refused);
    let message_id = exchange.message_id.as_deref().unwrap_or_default();
    match read(response, asked, message_id, concerned) {
        Ok(_) if is_refused => {
            let detail = "it is marked as refused, but the parser accepts it".to_owned();
            check(Verdict::Mismatch, detail, concerned)
        }
        Ok(fault) => {
            check(Verdict::Passed, fault.map(|fault| fault.to_string()).unwrap_or_default(), concerned)
        }
        Err((malformed, section)) => {
            let (path, line) = (exchange.response_path.display(), line_at(response, malformed.offset));
            let detail = format!("{path}:{line}: {} at {}", malformed.problem, malformed.path);
            check(if is_refused { Verdict::Passed } else { Verdict::Mismatch }, detail, section)
        }
    }
}

/// Reads an answer: a fault, if it is one. Else what is wrong, and the section that says so.
fn read(
    response: &[u8],
    asked: Option<&Asked<'_>>,
    message_id: &str,
    concerned: Section,
) -> Result<Option<Fault>, (Malformed, Section)> {
    let document = Document::parse_bytes(response).map_err(|malformed| (malformed, section::XML))?;
    let envelope = document.root();
    let in_envelope = |malformed| (malformed, section::ENVELOPE);
    if !envelope.is(uri::SOAP, "Envelope") {
        return Err(in_envelope(envelope.malformed("the root is not a SOAP 1.2 Envelope")));
    }
    let body = envelope.require(uri::SOAP, "Body").map_err(in_envelope)?;
    let fault = body.child(uri::SOAP, "Fault");
    let is_identify = asked.is_some_and(|asked| asked.is_identify);
    if !is_identify {
        let action = asked.map_or("", |asked| asked.action);
        let related = related(envelope, fault.is_some(), message_id, action);
        related.map_err(|malformed| (malformed, section::ADDRESSING))?;
    }
    if let Some(fault) = fault {
        return Ok(Some(Fault::read(fault)));
    }
    // What is none of ours need only be an envelope that answers.
    match asked.and_then(|asked| asked.read_answer(response).ok()) {
        Some(Err(AnswerError::Malformed(malformed))) => Err((malformed, concerned)),
        Some(Err(AnswerError::Fault(fault))) => Ok(Some(fault)),
        _ => Ok(None),
    }
}

/// Whether an answer names the request, and is of its kind. A fault may be unable to name it.
fn related(envelope: Element<'_>, is_fault: bool, message_id: &str, action: &str) -> Result<(), Malformed> {
    let header = envelope.child(uri::SOAP, "Header");
    let field = |local| header.and_then(|header| header.child(uri::ADDRESSING, local));
    match field("RelatesTo") {
        Some(relates_to) if !relates_to.text().eq_ignore_ascii_case(message_id) => {
            let problem = format!("it relates to {}, not to {message_id}", relates_to.text());
            return Err(relates_to.malformed(problem));
        }
        None if !is_fault => return Err(envelope.malformed("missing element RelatesTo")),
        _ => {}
    }
    match field("Action") {
        _ if is_fault => Ok(()),
        Some(answered) if answered.text().strip_suffix("Response") == Some(action) => Ok(()),
        Some(answered) => {
            Err(answered.malformed(format!("the action is {}, not {action}Response", answered.text())))
        }
        None => Err(envelope.malformed("missing element Action")),
    }
}

fn validates(exchange: &Exchange, concerned: Section, validation: Validation) -> Check {
    let check = |verdict, detail, section| Check { kind: CheckKind::Validates, verdict, detail, section };
    let not = |why: &str| check(Verdict::NotExercised, why.to_owned(), concerned);
    if exchange.malformed.is_some() {
        return not("the response is marked as malformed");
    }
    let concerned = match exchange.kind {
        _ if exchange.response.is_none() => return not("the connection was lost"),
        ResponseKind::NoXml => return not("the response is not well-formed"),
        ResponseKind::Fault => section::FAULT,
        ResponseKind::Xml => concerned,
    };
    match validation {
        Validation::Valid => check(Verdict::Passed, String::new(), concerned),
        Validation::Invalid(said) => check(Verdict::Mismatch, said, concerned),
        Validation::Unavailable(why) => check(Verdict::NotValidated, why, concerned),
    }
}

fn our_request(recorded: &CanonicalRequest, asked: Option<&Asked<'_>>, concerned: Section) -> Check {
    let check = |verdict, detail| Check { kind: CheckKind::OurRequest, verdict, detail, section: concerned };
    let Some(asked) = asked else { return check(Verdict::NotExercised, String::new()) };
    let ours = match asked.request() {
        Ok(ours) => ours,
        Err(why) => return check(Verdict::NotExercised, why.to_owned()),
    };
    match CanonicalRequest::of(ours.as_bytes()) {
        Ok(ours) if ours == *recorded => check(Verdict::Passed, String::new()),
        Ok(ours) => check(
            Verdict::Mismatch,
            format!("recorded (-) and ours (+):\n{}", difference(recorded.lines(), ours.lines()).join("\n")),
        ),
        Err(malformed) => check(Verdict::Mismatch, malformed.to_string()),
    }
}

#[cfg(test)]
mod tests;
