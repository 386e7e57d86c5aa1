//! WS-Transfer Delete: closes a shell and everything that runs in it.

use crate::wsman::envelope::{Operation, Target};
use crate::wsman::ids::ShellId;
use crate::wsman::uri::{self, Action};
use crate::wsman::xml::{Element, Malformed};

/// Deletes one shell (MS-WSMV 3.1.4.4, WXF-DELETE). The answer's body is empty: 200 says it all.
#[derive(Clone, Copy, Debug)]
pub struct Delete<'a> {
    /// The shell.
    pub shell_id: &'a ShellId,
    /// The shell's own resource URI; the generic one is the fallback.
    pub resource_uri: &'a str,
}

impl Operation for Delete<'_> {
    const ACTION: Action = uri::DELETE;
    type Reply = ();

    fn target(&self) -> Target<'_> {
        Target { resource_uri: self.resource_uri, shell_id: Some(self.shell_id) }
    }

    fn write_body(&self, _body: &mut String) {}

    fn acknowledged(&self) -> Option<()> {
        Some(())
    }

    fn read_reply(&self, _body: Element<'_>) -> Result<(), Malformed> {
        Ok(())
    }
}
