//! WS-Enumeration Release: gives an enumeration up before its end.

use crate::wsman::envelope::{Operation, Target};
use crate::wsman::ids::EnumerationContext;
use crate::wsman::uri::{self, Action};
use crate::wsman::xml::{Element, Malformed, escape_into};

/// Lets the server forget an enumeration (DSP0226 8.5, Release). A courtesy: its result does not matter, since an
/// idle context dies by itself.
#[derive(Clone, Copy, Debug)]
pub struct Release<'a> {
    /// The context of the last page.
    pub context: &'a EnumerationContext,
    /// The resource that was enumerated.
    pub resource_uri: &'a str,
}

impl Operation for Release<'_> {
    const ACTION: Action = uri::RELEASE;
    type Reply = ();

    fn target(&self) -> Target<'_> {
        Target { resource_uri: self.resource_uri, shell_id: None }
    }

    fn write_body(&self, body: &mut String) {
        body.push_str("<n:Release><n:EnumerationContext>");
        escape_into(body, self.context.as_str());
        body.push_str("</n:EnumerationContext></n:Release>");
    }

    fn acknowledged(&self) -> Option<()> {
        Some(())
    }

    fn read_reply(&self, _body: Element<'_>) -> Result<(), Malformed> {
        Ok(())
    }
}
