//! How an operation becomes an envelope, and how an answer becomes its reply: the header block and the checks
//! that tie an answer to its request (DSP0226 5.4, Addressing; MS-WSMV 2.2.4, Message Syntax).

use std::time::Duration;

use super::acknowledgement::is_acknowledgement;
use super::decimal::push_decimal;
use super::duration::write_duration;
use super::fault::Fault;
use super::ids::{MessageId, SessionId, ShellId};
use super::uri::{self, Action};
use super::xml::{Document, Element, Malformed, escape_into};

/// One WS-Management operation: a value that knows how to write its envelope and read its reply.
pub trait Operation {
    /// The request and response actions.
    const ACTION: Action;
    /// What a successful answer means.
    type Reply;

    /// Which resource, and which instance of it, the operation is for.
    fn target(&self) -> Target<'_>;

    /// Appends the children of `s:Body`.
    fn write_body(&self, body: &mut String);

    /// The reply, where a success says nothing but that the operation is done.
    fn acknowledged(&self) -> Option<Self::Reply> {
        None
    }

    /// Reads the reply out of a whole answer in the usual spelling, which is cheaper than [`read_reply`](Self::read_reply);
    /// `None` where that is not sure.
    fn read_plain(&self, _answer: &[u8], _message_id: MessageId) -> Option<Self::Reply> {
        None
    }

    /// Reads the reply out of `s:Body`; a fault has been dealt with before.
    ///
    /// # Errors
    /// [`Malformed`] when the body is not what the operation's answer must be.
    fn read_reply(&self, body: Element<'_>) -> Result<Self::Reply, Malformed>;
}

/// The addressed resource: `w:ResourceURI` and, for one shell, the `ShellId` selector.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// `w:ResourceURI`.
    pub resource_uri: &'a str,
    /// The `ShellId` selector of `w:SelectorSet`, sent byte for byte as the server gave it.
    pub shell_id: Option<&'a ShellId>,
}

/// The header fields that the caller decides; the ids are drawn by the caller, never here.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// `a:To`: the URL posted to.
    pub to: &'a str,
    /// `a:MessageID`: fresh for every request.
    pub message_id: MessageId,
    /// `p:SessionId`: constant for one run.
    pub session_id: SessionId,
    /// `w:OperationTimeout`: how long the server may take.
    pub operation_timeout: Duration,
    /// `w:MaxEnvelopeSize`, in bytes: the largest answer that we take. The same in Enumerate and its Pulls.
    pub max_envelope_size: u32,
}

/// `w:MaxEnvelopeSize` unless told otherwise: the default of Windows 2012 and later. One PowerShell shell costs
/// about 1.1 kB in a listing, so the older 153,600 overflows at about 150 shells.
pub const DEFAULT_MAX_ENVELOPE_SIZE: u32 = 512_000;

/// Why an answer is not the reply that was asked for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The server understood and refused.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The answer is not the protocol, or not the answer to this request.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Appends the request envelope of `operation` to `out`; with a reused `out` nothing is allocated.
pub fn write_request<O: Operation>(operation: &O, header: &Header<'_>, out: &mut String) {
    let target = operation.target();
    out.push_str(concat!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope""#,
        r#" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing""#,
        r#" xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration""#,
        r#" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd""#,
        r#" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd""#,
        r#" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell">"#,
        "<s:Header><a:To>",
    ));
    escape_into(out, header.to);
    out.push_str(r#"</a:To><w:ResourceURI s:mustUnderstand="true">"#);
    escape_into(out, target.resource_uri);
    out.push_str(r#"</w:ResourceURI><a:ReplyTo><a:Address s:mustUnderstand="true">"#);
    out.push_str(uri::ANONYMOUS);
    out.push_str(r#"</a:Address></a:ReplyTo><a:Action s:mustUnderstand="true">"#);
    out.push_str(O::ACTION.request);
    out.push_str(r#"</a:Action><w:MaxEnvelopeSize s:mustUnderstand="true">"#);
    push_decimal(out, header.max_envelope_size.into());
    out.push_str("</w:MaxEnvelopeSize><a:MessageID>");
    header.message_id.write_into(out);
    out.push_str(concat!(
        r#"</a:MessageID><w:Locale xml:lang="en-US" s:mustUnderstand="false"/>"#,
        r#"<p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>"#,
        r#"<p:SessionId s:mustUnderstand="false">"#,
    ));
    header.session_id.write_into(out);
    out.push_str("</p:SessionId><w:OperationTimeout>");
    write_duration(out, header.operation_timeout);
    out.push_str("</w:OperationTimeout>");
    if let Some(shell_id) = target.shell_id {
        out.push_str("<w:SelectorSet>");
        write_shell_selector(out, shell_id);
        out.push_str("</w:SelectorSet>");
    }
    out.push_str("</s:Header><s:Body>");
    operation.write_body(out);
    out.push_str("</s:Body></s:Envelope>");
}

/// Appends the selector that names one shell.
pub(super) fn write_shell_selector(out: &mut String, shell_id: &ShellId) {
    out.push_str(r#"<w:Selector Name="ShellId">"#);
    escape_into(out, shell_id.as_str());
    out.push_str("</w:Selector>");
}

/// Reads the answer to `operation`, whatever its HTTP status: a fault is told by `s:Body/s:Fault` alone.
///
/// # Errors
/// [`AnswerError::Fault`] when the server refused; [`AnswerError::Malformed`] when the answer is no envelope, has
/// another message's `RelatesTo`, is the answer to another operation, or lacks what the reply needs.
pub fn read_answer<O: Operation>(
    operation: &O,
    message_id: MessageId,
    answer: &[u8],
) -> Result<O::Reply, AnswerError> {
    if let Some(reply) = operation.acknowledged()
        && is_acknowledgement(answer, O::ACTION.response, message_id)
    {
        return Ok(reply);
    }
    if let Some(reply) = operation.read_plain(answer, message_id) {
        return Ok(reply);
    }
    read_whole(operation, message_id, answer)
}

/// The same, read as a document.
pub(super) fn read_whole<O: Operation>(
    operation: &O,
    message_id: MessageId,
    answer: &[u8],
) -> Result<O::Reply, AnswerError> {
    let document = Document::parse_bytes(answer)?;
    let envelope = document.root();
    if !envelope.is(uri::SOAP, "Envelope") {
        return Err(envelope.malformed("the root is not a SOAP 1.2 Envelope").into());
    }
    let body = envelope.require(uri::SOAP, "Body")?;
    // SOAP 1.2 part 1, section 5.1: a Header, one Body, and nothing else. What a second Body says would not be read.
    let is_part = |element: &Element<'_>| ["Header", "Body"].iter().any(|part| element.is(uri::SOAP, part));
    let mut bodies = envelope.children().filter(|element| element.is(uri::SOAP, "Body"));
    let other = envelope.children().find(|element| !is_part(element)).or(bodies.nth(1));
    if let Some(other) = other {
        return Err(other.malformed("content outside the Header and Body of the envelope").into());
    }
    let header = envelope.child(uri::SOAP, "Header");
    let related = header.and_then(|h| h.child(uri::ADDRESSING, "RelatesTo"));
    if let Some(relates_to) = related.filter(|r| !r.text().eq_ignore_ascii_case(&message_id.to_string())) {
        let problem = format!("the response relates to {}, not to message {message_id}", relates_to.text());
        return Err(relates_to.malformed(problem).into());
    }
    if let Some(fault) = body.child(uri::SOAP, "Fault") {
        return Err(Fault::read(fault).into());
    }
    if related.is_none() {
        return Err(envelope.malformed("the response has no RelatesTo").into());
    }
    match header.and_then(|h| h.child(uri::ADDRESSING, "Action")) {
        Some(said) if said.text() == O::ACTION.response => {}
        Some(said) => {
            let problem = format!("the response is {}, not {}", said.text(), O::ACTION.response);
            return Err(said.malformed(problem).into());
        }
        None => return Err(envelope.malformed("the response has no Action").into()),
    }
    Ok(operation.read_reply(body)?)
}
