//! In whose manner a command speaks: our own, or PowerShell's, where it was typed in PowerShell's spelling.

use super::args::Format;
use super::diagnostic::DiagnosticFormat;

/// The manner of one run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Manner {
    #[default]
    Native,
    PowerShell(Voice),
}

/// How PowerShell would speak for a cmdlet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Voice {
    /// The cmdlet's name, which stands before each of its errors.
    pub(crate) cmdlet: &'static str,
    /// What stands behind the comma in a fully qualified error id.
    pub(crate) class: &'static str,
    /// `-Verbose`.
    pub(crate) verbose: bool,
    /// `-ErrorAction SilentlyContinue` or `Ignore`.
    pub(crate) silent: bool,
}

impl Manner {
    /// Whether it is PowerShell's, who knows other words than our options.
    pub(crate) fn is_powershell(self) -> bool {
        matches!(self, Self::PowerShell(_))
    }

    /// How errors are written beside this output.
    pub(crate) fn errors(self, output: Option<Format>) -> DiagnosticFormat {
        match (self, DiagnosticFormat::beside(output)) {
            (Self::PowerShell(voice), _) if voice.silent => DiagnosticFormat::Silent,
            (Self::PowerShell(voice), DiagnosticFormat::Text) => DiagnosticFormat::Concise(voice),
            (_, format) => format,
        }
    }
}
