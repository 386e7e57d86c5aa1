//! Identify: is this WS-Management, and whose? It has no header, needs no login, and its answer relates to nothing.

use crate::wsman::envelope::AnswerError;
use crate::wsman::fault::Fault;
use crate::wsman::uri;
use crate::wsman::xml::{Document, Element};

/// What a server says about itself (DSP0226 11, Metadata and discovery).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `ProtocolVersion`: the WS-Management namespace that the server speaks.
    pub protocol_version: String,
    /// `ProductVendor`, such as `Microsoft Corporation`.
    pub product_vendor: Option<String>,
    /// `ProductVersion`, such as `OS: 10.0.17763 SP: 0.0 Stack: 3.0`; Windows shows zeros to an anonymous client.
    pub product_version: Option<String>,
}

impl Identity {
    /// Whether this is Windows' own service: only that names the version of its stack.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.product_version.as_deref().is_some_and(|version| version.contains("Stack:"))
    }
}

/// Appends the Identify envelope.
pub fn request(out: &mut String) {
    out.push_str(concat!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope""#,
        r#" xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">"#,
        "<s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>",
    ));
}

/// Reads the answer. OMI puts `IdentifyResponse` into the SOAP namespace, so that names are matched without their
/// namespace here.
///
/// # Errors
/// [`AnswerError::Fault`] when the server refused; [`AnswerError::Malformed`] when the answer is no envelope, or
/// has no `IdentifyResponse` with a `ProtocolVersion`.
pub fn read(answer: &[u8]) -> Result<Identity, AnswerError> {
    let document = Document::parse_bytes(answer)?;
    let envelope = document.root();
    if !envelope.is(uri::SOAP, "Envelope") {
        return Err(envelope.malformed("the root is not a SOAP 1.2 Envelope").into());
    }
    let body = envelope.require(uri::SOAP, "Body")?;
    if let Some(fault) = body.child(uri::SOAP, "Fault") {
        return Err(Fault::read(fault).into());
    }
    let response = body
        .child_named("IdentifyResponse")
        .ok_or_else(|| body.malformed("missing element IdentifyResponse"))?;
    let text_of = |local| {
        response.child_named(local).map(Element::text).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    Ok(Identity {
        protocol_version: text_of("ProtocolVersion")
            .ok_or_else(|| response.malformed("missing element ProtocolVersion"))?,
        product_vendor: text_of("ProductVendor"),
        product_version: text_of("ProductVersion"),
    })
}
