//! One answer, and the questions that checks put to it.

use std::time::Duration;

use uuid::Uuid;

use super::verdict::{Next, Or, failed, judged, skipped};
use crate::transport::RawAnswer;
use crate::wsman::xml::{Document, Element};
use crate::wsman::{Fault, FaultCode, uri};

/// What came of one request.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The message id of the request.
    pub(super) message_id: Uuid,
    /// The answer, or why there is none.
    pub(super) answer: Result<RawAnswer, NoAnswer>,
    /// How long it took.
    pub(super) took: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoAnswer {
    pub(super) why: String,
    /// Nothing came in time.
    pub(super) is_silence: bool,
}

impl Seen {
    /// The answer; without one the check has failed.
    pub(super) fn answer(&self) -> Or<&RawAnswer> {
        match &self.answer {
            Ok(answer) => Or::Continue(answer),
            Err(missing) => failed(&missing.why),
        }
    }

    /// Reads the envelope; an answer without one ends the check.
    pub(super) fn envelope<T>(&self, read: impl FnOnce(Element<'_>) -> T) -> Or<T> {
        let answer = self.answer()?;
        if answer.body.is_empty() {
            return failed(format!("HTTP {} without a body", answer.status));
        }
        match Document::parse_bytes(&answer.body) {
            Ok(document) if document.root().is(uri::SOAP, "Envelope") => Or::Continue(read(document.root())),
            Ok(document) => failed(format!(
                "HTTP {} with {} instead of an envelope",
                answer.status,
                document.root().local()
            )),
            Err(error) => failed(format!("HTTP {}, and the body cannot be read: {error}", answer.status)),
        }
    }

    /// The fault, if it is one.
    pub(super) fn fault_if_any(&self) -> Or<Option<Fault>> {
        self.envelope(|envelope| fault_element(envelope).map(Fault::read))
    }

    /// The fault; any other answer fails the check, and a denial of access skips it.
    pub(super) fn fault(&self) -> Or<Fault> {
        match self.fault_if_any()? {
            Some(fault) if fault.is_access_denied() => skipped(denied(&fault)),
            Some(fault) => Or::Continue(fault),
            None => failed(format!("{} instead of a fault", self.describe())),
        }
    }

    /// Reads the body of an answer that is no fault.
    pub(super) fn body<T>(&self, read: impl FnOnce(Element<'_>) -> T) -> Or<T> {
        match self.fault_if_any()? {
            Some(fault) if fault.is_access_denied() => return skipped(denied(&fault)),
            Some(fault) => return failed(format!("fault {}", name(&fault))),
            None => {}
        }
        match self.envelope(|envelope| envelope.child(uri::SOAP, "Body").map(read))? {
            Some(value) => Or::Continue(value),
            None => failed("an envelope without a Body"),
        }
    }

    /// Reads the header of any answer.
    pub(super) fn any_header<T>(&self, read: impl FnOnce(Element<'_>) -> T) -> Or<T> {
        match self.envelope(|envelope| envelope.child(uri::SOAP, "Header").map(read))? {
            Some(value) => Or::Continue(value),
            None => failed("an envelope without a Header"),
        }
    }

    /// Passes if the answer is a fault with one of these subcodes.
    pub(super) fn is_fault_of(&self, subcodes: &[&str]) -> Next {
        let fault = self.fault()?;
        let subcode = fault.subcode.as_deref().unwrap_or_default();
        judged(subcodes.contains(&subcode), format!("fault {}", name(&fault)))
    }

    /// Passes if the server refuses: with a fault, or a status of 400 and above; not with a login's 401.
    pub(super) fn is_refusal(&self) -> Next {
        let answer = self.answer()?;
        judged(answer.status >= 400 && answer.status != 401, self.describe())
    }

    /// `ShellId` and `ResourceURI` of the shell that a CreateResponse names.
    pub(super) fn created_shell(&self) -> Option<(String, String)> {
        let answer = self.answer.as_ref().ok()?;
        let document = Document::parse_bytes(&answer.body).ok()?;
        let body = document.root().child(uri::SOAP, "Body")?;
        let parameters =
            body.child(uri::TRANSFER, "ResourceCreated")?.child(uri::ADDRESSING, "ReferenceParameters")?;
        let resource_uri = parameters.child(uri::WSMAN, "ResourceURI").map_or("", Element::text);
        let mut selectors = parameters.child(uri::WSMAN, "SelectorSet")?.children();
        let selector = selectors.find(|selector| {
            selector.attribute("Name").is_some_and(|name| name.eq_ignore_ascii_case("ShellId"))
        })?;
        Some((selector.text().to_owned(), resource_uri.to_owned())).filter(|(id, _)| !id.is_empty())
    }

    /// What it is, in a few words.
    pub(super) fn describe(&self) -> String {
        let answer = match &self.answer {
            Ok(answer) => answer,
            Err(missing) => return missing.why.clone(),
        };
        let Ok(document) = Document::parse_bytes(&answer.body) else {
            return format!("HTTP {}", answer.status);
        };
        if let Some(fault) = fault_element(document.root()).map(Fault::read) {
            return format!("fault {}", name(&fault));
        }
        let body = document.root().child(uri::SOAP, "Body").and_then(|body| body.children().next());
        let action = || {
            let header = document.root().child(uri::SOAP, "Header")?;
            let action = header.child(uri::ADDRESSING, "Action")?.text();
            action.rsplit('/').next()
        };
        let shown = action().or(body.map(Element::local)).unwrap_or("an envelope");
        format!("HTTP {} with {shown}", answer.status)
    }
}

/// The fault in an envelope.
pub(super) fn fault_element(envelope: Element<'_>) -> Option<Element<'_>> {
    envelope.child(uri::SOAP, "Body")?.child(uri::SOAP, "Fault")
}

fn denied(fault: &Fault) -> String {
    format!("this account is denied access (fault {})", name(fault))
}

/// A fault by its subcode and code.
pub(super) fn name(fault: &Fault) -> String {
    let subcode = fault.subcode.as_deref().unwrap_or(&fault.sender);
    match fault.code {
        Some(FaultCode(code)) => format!("{subcode} ({code})"),
        None => subcode.to_owned(),
    }
}
