//! Windows shell Signal: ends one command of a shell.

use crate::wsman::envelope::{Operation, Target};
use crate::wsman::ids::{CommandId, ShellId};
use crate::wsman::uri::{self, Action};
use crate::wsman::xml::{Element, Malformed, escape_into};

/// Signals one command (MS-WSMV 3.1.4.12, Signal). A successful answer says that the signal was taken.
#[derive(Clone, Copy, Debug)]
pub struct Signal<'a> {
    /// The shell.
    pub shell_id: &'a ShellId,
    /// The shell's own resource URI.
    pub resource_uri: &'a str,
    /// The command.
    pub command_id: &'a CommandId,
    /// What it is told.
    pub code: SignalCode,
}

/// What a command can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignalCode {
    /// Ends the command, running or not, and frees what it holds. The PowerShell endpoint closes the pipeline.
    Terminate,
    /// Ctrl+C to a console program, which may ignore it.
    CtrlC,
    /// Stops a PowerShell pipeline; the answer waits until it has stopped.
    PowerShellCrtlC,
}

impl SignalCode {
    /// What goes into `rsp:Code`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Terminate => uri::SIGNAL_TERMINATE,
            Self::CtrlC => uri::SIGNAL_CTRL_C,
            Self::PowerShellCrtlC => uri::SIGNAL_POWERSHELL_CRTL_C,
        }
    }
}

impl Operation for Signal<'_> {
    const ACTION: Action = uri::SIGNAL;
    type Reply = ();

    fn target(&self) -> Target<'_> {
        Target { resource_uri: self.resource_uri, shell_id: Some(self.shell_id) }
    }

    fn write_body(&self, body: &mut String) {
        body.push_str(r#"<rsp:Signal CommandId=""#);
        escape_into(body, self.command_id.as_str());
        body.push_str(r#""><rsp:Code>"#);
        body.push_str(self.code.as_str());
        body.push_str("</rsp:Code></rsp:Signal>");
    }

    fn acknowledged(&self) -> Option<()> {
        Some(())
    }

    fn read_reply(&self, _body: Element<'_>) -> Result<(), Malformed> {
        Ok(())
    }
}
