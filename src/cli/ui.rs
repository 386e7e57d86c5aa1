//! How one run writes: the format of stdout, and in which form errors, warnings and remarks go to stderr.

use std::io::{self, IsTerminal as _, Write as _};

use super::args::{Format, OutputArgs, PlainFormat, ReportFormat};
use super::diagnostic::{Diagnostic, DiagnosticFormat, PowerShellStyle, wrapped};
use super::exit::Exit;
use super::progress;
use super::terminal;

/// How one run writes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ui {
    /// The format of stdout; `None` if `-o` does not choose one.
    chosen: Option<Format>,
    /// The error that ends the run; no `-ErrorAction` silences it.
    last_error: DiagnosticFormat,
    /// Whether the errors before it are left out.
    silent: bool,
    /// Whether tables are written even where stdout is no terminal.
    tables: bool,
    /// How PowerShell writes, if the command has its spelling.
    powershell: Option<PowerShellStyle>,
    /// Whether only errors are written.
    quiet: bool,
}

impl Ui {
    /// For a command that writes sessions.
    pub(crate) fn new(output: &OutputArgs, powershell: Option<PowerShellStyle>, tables: bool) -> Self {
        let chosen = output.format();
        let last_error = match (chosen, powershell) {
            (Some(Format::Json | Format::Ndjson), _) => DiagnosticFormat::Json,
            (_, Some(style)) => DiagnosticFormat::Concise(style),
            _ => DiagnosticFormat::Text,
        };
        let silent = powershell.is_some_and(PowerShellStyle::is_silent);
        Self { chosen, last_error, silent, tables, powershell, quiet: false }
    }

    /// For a command that writes text, or one JSON object.
    pub(crate) fn plain(output: Option<PlainFormat>) -> Self {
        Self::json_if(output == Some(PlainFormat::Json))
    }

    /// For a command that writes a report.
    pub(crate) fn report(output: Option<ReportFormat>) -> Self {
        Self::json_if(matches!(output, Some(ReportFormat::Json | ReportFormat::Ndjson)))
    }

    fn json_if(json: bool) -> Self {
        let last_error = if json { DiagnosticFormat::Json } else { DiagnosticFormat::Text };
        // A table is what `-q` leaves out.
        let chosen = json.then_some(Format::Json);
        Self { chosen, last_error, ..Self::default() }
    }

    /// The same without errors, but for the one that ends the run.
    pub(crate) fn silenced(self, silent: bool) -> Self {
        Self { silent: self.silent || silent, ..self }
    }

    /// The same with nothing but errors, and what `-o` asks for.
    pub(crate) fn quiet(self, quiet: bool) -> Self {
        Self { quiet, ..self }
    }

    /// Whether nothing but errors is written to stderr.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether stdout is written to.
    pub(crate) fn writes_records(&self) -> bool {
        !self.quiet || self.chosen.is_some()
    }

    /// The format of stdout: what was chosen, else a table on a terminal and NDJSON into a pipe.
    pub(crate) fn format(&self) -> Format {
        let usual = if self.tables || io::stdout().is_terminal() { Format::Table } else { Format::Ndjson };
        self.chosen.unwrap_or(usual)
    }

    /// Whether `-o` chooses the format.
    pub(crate) fn has_chosen_format(&self) -> bool {
        self.chosen.is_some()
    }

    /// How PowerShell writes, if the command has its spelling.
    pub(crate) fn powershell(&self) -> Option<PowerShellStyle> {
        self.powershell
    }

    /// How errors are written.
    pub(crate) fn errors(&self) -> DiagnosticFormat {
        if self.silent { DiagnosticFormat::Silent } else { self.last_error }
    }

    /// Whether a person reads stderr, so that a remark is welcome.
    pub(crate) fn is_for_a_person(&self) -> bool {
        self.errors().is_for_a_person()
    }

    /// Writes an error.
    pub(crate) fn error(&self, diagnostic: &Diagnostic) {
        diagnostic.emit(self.errors());
    }

    /// Writes a warning.
    pub(crate) fn warn(&self, diagnostic: &Diagnostic) {
        if !self.quiet {
            diagnostic.warn(self.errors());
        }
    }

    /// Writes a remark for a person, beside errors that are for a person.
    pub(crate) fn remark(&self, text: &str) {
        if self.is_for_a_person() {
            self.line(if self.powershell.is_some() { "WARNING: " } else { "" }, text);
        }
    }

    /// Writes a remark, also beside errors for a program.
    pub(crate) fn always(&self, text: &str) {
        self.line("", text);
    }

    /// Whether a cmdlet was called with `-Verbose`.
    pub(crate) fn is_verbose(&self) -> bool {
        self.powershell.is_some_and(|style| style.verbose)
    }

    /// Writes what PowerShell writes with `-Verbose`.
    pub(crate) fn verbose(&self, text: &str) {
        if self.is_verbose() {
            self.line("VERBOSE: ", text);
        }
    }

    /// Writes a note with a hint: lines for a person, an object for a program.
    pub(crate) fn note(&self, id: &'static str, message: &str, hint: &'static str) {
        if self.quiet {
            return;
        }
        if self.is_for_a_person() {
            let width = terminal::width_of_stderr();
            let [message, hint] = [("note: ", message), ("  hint: ", hint)]
                .map(|(label, text)| format!("{label}{}", wrapped(label.len(), text, width)));
            self.always(&format!("{message}\n{hint}"));
        } else {
            self.error(&Diagnostic::new(id, "NotSpecified", message, Exit::SUCCESS).with_hint(hint));
        }
    }

    fn line(&self, label: &str, text: &str) {
        if self.quiet {
            return;
        }
        let mut out = io::stderr().lock();
        progress::clear(&mut out);
        // A closed stderr leaves nobody to tell.
        let _ = writeln!(out, "{label}{text}");
    }

    /// The exit code of a run that ended like this; writes the error that ended it.
    pub(crate) fn conclude(&self, ended: Result<Exit, Diagnostic>) -> Exit {
        ended.unwrap_or_else(|diagnostic| {
            diagnostic.emit(self.last_error);
            diagnostic.exit
        })
    }
}
