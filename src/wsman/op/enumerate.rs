//! WS-Enumeration Enumerate: the shells of a server, and the commands of a shell.

use super::page::{Item, Page};
use crate::wsman::decimal::push_decimal;
use crate::wsman::envelope::{Operation, Target, write_shell_selector};
use crate::wsman::ids::{MessageId, ShellId};
use crate::wsman::shell::{Command, Shell};
use crate::wsman::uri::{self, Action};
use crate::wsman::xml::{Element, Malformed};

/// How many items a page may hold unless told otherwise: what a server's `MaxBatchItems` is by default.
pub const DEFAULT_MAX_ELEMENTS: u32 = 32_000;

/// Lists the shells of a server (DSP0226 8.2, Enumerate): one's own, or everybody's for an
/// administrator. There is no filter; the client selects.
#[derive(Clone, Copy, Debug)]
pub struct EnumerateShells {
    /// Whether the first answer may hold items; without it that answer has only a context, and all items are pulled.
    pub optimize: bool,
    /// The most items of one answer, in an optimised enumeration; the same in each Pull after it.
    pub max_elements: u32,
}

impl Operation for EnumerateShells {
    const ACTION: Action = uri::ENUMERATE;
    type Reply = Page<Shell>;

    fn target(&self) -> Target<'_> {
        Target { resource_uri: uri::SHELL_RESOURCE, shell_id: None }
    }

    fn write_body(&self, body: &mut String) {
        body.push_str("<n:Enumerate>");
        if self.optimize {
            write_optimisation(body, self.max_elements);
        }
        body.push_str("</n:Enumerate>");
    }

    fn read_plain(&self, answer: &[u8], message_id: MessageId) -> Option<Page<Shell>> {
        Shell::read_plain_page(answer, Self::ACTION.response, message_id, "EnumerateResponse")
    }

    fn read_reply(&self, body: Element<'_>) -> Result<Page<Shell>, Malformed> {
        Page::read(body, "EnumerateResponse")
    }
}

/// Lists the commands of one shell. The shell is named by a filter in the body, not in the header.
#[derive(Clone, Copy, Debug)]
pub struct EnumerateCommands<'a> {
    /// The shell.
    pub shell_id: &'a ShellId,
    /// The most items of one answer; the same in each Pull after it.
    pub max_elements: u32,
}

impl Operation for EnumerateCommands<'_> {
    const ACTION: Action = uri::ENUMERATE;
    type Reply = Page<Command>;

    fn target(&self) -> Target<'_> {
        Target { resource_uri: uri::COMMAND_RESOURCE, shell_id: None }
    }

    fn write_body(&self, body: &mut String) {
        body.push_str("<n:Enumerate>");
        write_optimisation(body, self.max_elements);
        body.push_str(r#"<w:Filter Dialect=""#);
        body.push_str(uri::SELECTOR_FILTER);
        body.push_str(r#""><w:SelectorSet>"#);
        write_shell_selector(body, self.shell_id);
        body.push_str("</w:SelectorSet></w:Filter></n:Enumerate>");
    }

    fn read_reply(&self, body: Element<'_>) -> Result<Page<Command>, Malformed> {
        Page::read(body, "EnumerateResponse")
    }
}

/// In Enumerate the limit is WS-Management's `MaxElements`; in Pull it is WS-Enumeration's.
fn write_optimisation(body: &mut String, max_elements: u32) {
    body.push_str("<w:OptimizeEnumeration/><w:MaxElements>");
    push_decimal(body, max_elements.into());
    body.push_str("</w:MaxElements>");
}
