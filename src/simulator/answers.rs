//! Envelopes as Windows writes them: no white space, no XML declaration, Windows' own prefixes.

use std::fmt::Write as _;

use uuid::Uuid;

use super::guids::upper;
use super::profile::{Dialect, Traits};
use crate::wsman::MessageId;
use crate::wsman::uri::{self, Action};
use crate::wsman::xml::escape_into;

/// A successful answer: its `a:Action`, the prefixes that Windows declares for it, and the children of `s:Body`.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) action: &'static str,
    pub(super) prefixes: &'static str,
    pub(super) body: String,
}

/// What every envelope costs besides its items, in bytes: declarations, headers, an echoed `RelatesTo` of a usual
/// length, and the wrappers of a page. It is kept out of the room for items.
pub(super) const ENVELOPE_OVERHEAD: usize = 1_400;

/// The prefixes of Delete and Release.
pub(super) const PLAIN: &str = "wp";
/// The prefixes of Get.
pub(super) const TRANSFER: &str = "xwp";
/// The prefixes of Enumerate and Pull.
pub(super) const ENUMERATION: &str = "nwp";
/// The prefixes of the shell's own operations.
pub(super) const SHELL: &str = "xwrp";
/// The prefixes of Receive.
pub(super) const RECEIVE: &str = "wrp";
/// The prefixes of faults.
pub(super) const FAULT: &str = "xenwp";

impl Answer {
    pub(super) fn new(action: Action, prefixes: &'static str, body: impl Into<String>) -> Self {
        Self { action: action.response, prefixes, body: body.into() }
    }
}

/// Writes one envelope; `prefixes` holds a letter for each declaration besides `s` and `a`. OMI begins with `a:To`.
pub(super) fn envelope(
    action: &str,
    (prefixes, dialect): (&str, Dialect),
    message_id: MessageId,
    activity_id: Option<Uuid>,
    relates_to: Option<&str>,
    body: &str,
) -> String {
    let mut out = String::with_capacity(body.len() + ENVELOPE_OVERHEAD);
    let _ =
        write!(out, r#"<s:Envelope xml:lang="en-US" xmlns:s="{}" xmlns:a="{}""#, uri::SOAP, uri::ADDRESSING);
    for prefix in prefixes.chars() {
        let (name, namespace) = match prefix {
            'x' => ("x", uri::TRANSFER),
            'e' => ("e", EVENTING),
            'n' => ("n", uri::ENUMERATION),
            'w' => ("w", uri::WSMAN),
            'r' => ("rsp", uri::SHELL),
            _ => ("p", uri::WSMV),
        };
        let _ = write!(out, r#" xmlns:{name}="{namespace}""#);
    }
    let to = format!("<a:To>{}</a:To>", uri::ANONYMOUS);
    let (first, last) = match dialect {
        Dialect::Windows => ("", to.as_str()),
        Dialect::Omi => (to.as_str(), ""),
    };
    let _ =
        write!(out, "><s:Header>{first}<a:Action>{action}</a:Action><a:MessageID>{message_id}</a:MessageID>");
    if let Some(activity_id) = activity_id {
        let _ = write!(out, "<p:ActivityId>{}</p:ActivityId>", upper(activity_id));
    }
    out.push_str(last);
    if let Some(relates_to) = relates_to {
        out.push_str("<a:RelatesTo>");
        escape_into(&mut out, relates_to);
        out.push_str("</a:RelatesTo>");
    }
    out.push_str("</s:Header><s:Body>");
    out.push_str(body);
    out.push_str("</s:Body></s:Envelope>");
    out
}

/// Writes the answer to Identify, which has no headers (DSP0226 11, Metadata and Discovery). Windows tells its version
/// only to a caller who has logged in.
pub(super) fn identity(traits: &Traits, is_logged_in: bool) -> String {
    if traits.dialect == Dialect::Omi {
        return omi_identity(traits);
    }
    let os = if is_logged_in { traits.os } else { "0.0.0" };
    format!(
        concat!(
            r#"<s:Envelope xml:lang="en-US" xmlns:s="{soap}"><s:Header></s:Header><s:Body>"#,
            r#"<wsmid:IdentifyResponse xmlns:wsmid="{identity}">"#,
            "<wsmid:ProtocolVersion>{protocol}</wsmid:ProtocolVersion>",
            "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>",
            "<wsmid:ProductVersion>OS: {os} SP: 0.0 Stack: {stack}</wsmid:ProductVersion>",
            "</wsmid:IdentifyResponse></s:Body></s:Envelope>",
        ),
        soap = uri::SOAP,
        identity = uri::IDENTITY,
        protocol = uri::WSMAN,
        os = os,
        stack = traits.versions.stack,
    )
}

/// OMI writes new lines between its elements here, and puts the answer itself into SOAP's namespace. Which profiles and
/// which capability it names is inferred.
fn omi_identity(traits: &Traits) -> String {
    format!(
        concat!(
            "<s:Envelope xmlns:s=\"{soap}\" xmlns:wsmid=\"{identity}\">\n<s:Header/>\n<s:Body>\n",
            "<s:IdentifyResponse>\n<wsmid:ProtocolVersion>{protocol}</wsmid:ProtocolVersion>\n",
            "<wsmid:ProductVendor>Open Management Infrastructure</wsmid:ProductVendor>\n",
            "<wsmid:ProductVersion>{version}</wsmid:ProductVersion>\n<wsmid:SecurityProfiles>\n",
            "<wsmid:SecurityProfileName>{profile}/http/basic</wsmid:SecurityProfileName>\n",
            "<wsmid:SecurityProfileName>{profile}/https/basic</wsmid:SecurityProfileName>\n",
            "</wsmid:SecurityProfiles>\n<wsmid:Capability>{capability}</wsmid:Capability>\n",
            "</s:IdentifyResponse>\n</s:Body>\n</s:Envelope>",
        ),
        soap = uri::SOAP,
        identity = uri::IDENTITY,
        protocol = uri::WSMAN,
        version = traits.versions.stack,
        profile = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile",
        capability = "WSMAN_CAPABILITY",
    )
}

/// Only ever declared, in faults.
const EVENTING: &str = "http://schemas.xmlsoap.org/ws/2004/08/eventing";
