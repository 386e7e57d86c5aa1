//! WS-Transfer Get: one shell as it is now.

use crate::wsman::envelope::{Operation, Target};
use crate::wsman::ids::ShellId;
use crate::wsman::shell::Shell;
use crate::wsman::uri::{self, Action};
use crate::wsman::xml::{Element, Malformed};

/// Gets one shell through the generic resource: the cheapest way to ask whether it is still there.
#[derive(Clone, Copy, Debug)]
pub struct Get<'a> {
    /// The shell.
    pub shell_id: &'a ShellId,
}

impl Operation for Get<'_> {
    const ACTION: Action = uri::GET;
    type Reply = Shell;

    fn target(&self) -> Target<'_> {
        Target { resource_uri: uri::SHELL_RESOURCE, shell_id: Some(self.shell_id) }
    }

    fn write_body(&self, _body: &mut String) {}

    fn read_reply(&self, body: Element<'_>) -> Result<Shell, Malformed> {
        match body.child(uri::CIM_SHELL, "Shell") {
            Some(shell) => Shell::read(shell),
            None => Shell::read(body.require(uri::SHELL, "Shell")?),
        }
    }
}
