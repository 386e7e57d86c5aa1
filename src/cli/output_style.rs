//! In whose manner a command speaks: our own, or PowerShell's, where it was typed in PowerShell's spelling.

use super::args::{ErrorAction, Format};
use super::diagnostic::DiagnosticFormat;

/// The manner of one run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum OutputStyle {
    #[default]
    Native,
    PowerShell(PowerShellStyle),
}

/// How PowerShell would speak for a cmdlet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PowerShellStyle {
    /// The cmdlet's name, which stands before each of its errors.
    pub(crate) cmdlet: &'static str,
    /// What stands behind the comma in a fully qualified error id.
    pub(crate) class: &'static str,
    /// `-Verbose`.
    pub(crate) verbose: bool,
    /// `-ErrorAction`.
    pub(crate) action: ErrorAction,
}

impl PowerShellStyle {
    /// Whether error records are kept to oneself.
    fn is_silent(self) -> bool {
        matches!(self.action, ErrorAction::SilentlyContinue | ErrorAction::Ignore)
    }
}

impl OutputStyle {
    /// How errors are written beside this output.
    pub(crate) fn errors(self, output: Option<Format>) -> DiagnosticFormat {
        match self {
            Self::PowerShell(powershell_style) if powershell_style.is_silent() => DiagnosticFormat::Silent,
            _ => self.last_error(output),
        }
    }

    /// How the error is written that ends the command: no `-ErrorAction` silences it.
    pub(crate) fn last_error(self, output: Option<Format>) -> DiagnosticFormat {
        match (self, DiagnosticFormat::beside(output)) {
            (Self::PowerShell(powershell_style), DiagnosticFormat::Text) => {
                DiagnosticFormat::Concise(powershell_style)
            }
            (_, format) => format,
        }
    }

    /// How PowerShell would speak, where it was typed in its spelling.
    pub(crate) fn powershell_style(self) -> Option<PowerShellStyle> {
        match self {
            Self::Native => None,
            Self::PowerShell(powershell_style) => Some(powershell_style),
        }
    }
}
