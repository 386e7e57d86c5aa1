//! An error as the user reads it: one line, the chain of causes, and something to do; or one JSON object.

use std::error::Error;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use super::args::ErrorAction;
use super::exit::Exit;
use super::render::{printable, visible};
use super::{progress, terminal};

/// One error for stderr, and the exit code that it asks for.
#[derive(Debug)]
pub(crate) struct Diagnostic {
    pub(crate) id: &'static str,
    pub(crate) category: &'static str,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) target: Option<String>,
    pub(crate) hint: Option<String>,
    pub(crate) exit: Exit,
    silent: bool,
}

/// Whether the error before ended with advice.
static AFTER_A_HINT: AtomicBool = AtomicBool::new(false);

/// What the layers of the HTTP client say when the reason stands below them.
const WRAPPERS: &[&str] = &["tcp connect error", "dns error"];

/// How many errors there were, told or not: PowerShell's spelling ends with 1 where there was any.
static RECORDS: AtomicUsize = AtomicUsize::new(0);

/// How diagnostics are written: for a person, for a program, or not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DiagnosticFormat {
    #[default]
    Text,
    /// For a person, in PowerShell's concise view.
    Concise(PowerShellStyle),
    Json,
    Silent,
}

/// How PowerShell writes for a cmdlet.
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
    /// Whether error records are left out.
    pub(crate) fn is_silent(self) -> bool {
        matches!(self.action, ErrorAction::SilentlyContinue | ErrorAction::Ignore)
    }
}

impl DiagnosticFormat {
    /// Whether a person reads it.
    pub(crate) fn is_for_a_person(self) -> bool {
        matches!(self, Self::Text | Self::Concise(_))
    }
}

impl Diagnostic {
    /// An error of the given id and category (PowerShell's words).
    pub(crate) fn new(
        id: &'static str,
        category: &'static str,
        message: impl Into<String>,
        exit: Exit,
    ) -> Self {
        let message = message.into();
        Self { id, category, message, causes: Vec::new(), target: None, hint: None, exit, silent: false }
    }

    /// What was typed cannot be meant: nothing has been sent.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new("InvalidArgument", "InvalidArgument", message, Exit::USAGE)
    }

    /// An error of the machine itself; a closed pipe is nobody's error.
    fn io(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self { silent: true, ..Self::new("BrokenPipe", "None", "", Exit::SUCCESS) };
        }
        Self::new("IOError", "WriteError", "cannot write the output", Exit::COULD_NOT_BEGIN).caused_by(&error)
    }

    /// Adds the whole chain of causes.
    pub(crate) fn caused_by(mut self, error: &dyn Error) -> Self {
        let mut cause: Option<&dyn Error> = Some(error);
        while let Some(error) = cause {
            let text = error.to_string();
            // A wrapper often repeats what it wraps, or says no more than that something went wrong below it.
            let empty = error.source().is_some() && WRAPPERS.contains(&text.as_str());
            if !empty
                && self.causes.last().is_none_or(|last| !last.contains(&text))
                && !self.message.contains(&text)
            {
                self.causes.push(text);
            }
            cause = error.source();
        }
        self
    }

    /// Adds advice with something to do, if there is any.
    pub(crate) fn with_hint(mut self, hint: impl IntoHint) -> Self {
        self.hint = hint.into_hint();
        self
    }

    /// Names what it is about: a host, a session, a value.
    pub(crate) fn about(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Writes it to stderr.
    pub(crate) fn emit(&self, format: DiagnosticFormat) {
        if self.silent {
            return;
        }
        RECORDS.fetch_add(1, Ordering::Relaxed);
        let mut out = std::io::stderr().lock();
        progress::clear(&mut out);
        // A closed stderr leaves nobody to tell.
        let _ = match format {
            DiagnosticFormat::Silent => Ok(()),
            DiagnosticFormat::Text => {
                // An empty line keeps the advice with its own error.
                let gap = if AFTER_A_HINT.swap(self.hint.is_some(), Ordering::Relaxed) { "\n" } else { "" };
                write!(
                    out,
                    "{gap}{}",
                    self.to_text(terminal::stderr_has_colour(), terminal::width_of_stderr())
                )
            }
            DiagnosticFormat::Concise(powershell_style) => {
                let (colour, width) = (terminal::stderr_has_colour(), terminal::width_of_stderr());
                write!(out, "{}", self.to_concise(powershell_style, colour, width))
            }
            DiagnosticFormat::Json => writeln!(out, "{}", visible(&self.to_json().to_string())),
        };
    }

    /// Writes it to stderr as a warning: the run goes on, and it counts as no error.
    pub(crate) fn warn(&self, format: DiagnosticFormat) {
        let hint = self.hint.as_deref().map(|hint| format!("; {}", printable(hint))).unwrap_or_default();
        let text = format!("{}{hint}", printable(&self.message));
        let mut out = std::io::stderr().lock();
        progress::clear(&mut out);
        // A closed stderr leaves nobody to tell.
        let _ = match format {
            DiagnosticFormat::Silent => Ok(()),
            DiagnosticFormat::Text => {
                let text = wrapped("warning: ".len(), &text, terminal::width_of_stderr());
                writeln!(out, "{} {text}", paint("33", "warning:", terminal::stderr_has_colour()))
            }
            DiagnosticFormat::Concise(_) => writeln!(out, "WARNING: {text}"),
            DiagnosticFormat::Json => writeln!(out, "{}", visible(&self.to_json().to_string())),
        };
    }

    /// Keeps the advice of the last error with its own error, where something else follows it on stderr.
    pub(crate) fn end_of_advice() {
        if AFTER_A_HINT.swap(false, Ordering::Relaxed) {
            // A closed stderr leaves nobody to tell.
            let _ = writeln!(std::io::stderr().lock());
        }
    }

    /// How many errors have been written, or would have been if they were not silenced.
    pub(crate) fn records() -> usize {
        RECORDS.load(Ordering::Relaxed)
    }

    /// `Remove-PSSession: ...` with the causes on the same line, the advice below, on a terminal in lines of at most
    /// `width` columns; with `-Verbose` also what a script would ask of the error record.
    fn to_concise(&self, powershell_style: PowerShellStyle, colour: bool, width: Option<usize>) -> String {
        let (red, green, plain) = if colour { ("\x1b[31;1m", "\x1b[32;1m", "\x1b[0m") } else { ("", "", "") };
        let parts = std::iter::once(&self.message).chain(&self.causes).map(|part| printable(part));
        let message = parts.collect::<Vec<_>>().join(": ");
        let mut text = format!("{red}{}: {message}{plain}\n", powershell_style.cmdlet);
        if let Some(hint) = &self.hint {
            let hint = wrapped("  hint: ".len(), &printable(hint), width);
            text.push_str(&format!("  {green}hint:{plain} {hint}\n"));
        }
        if powershell_style.verbose {
            text.push_str(&format!("  FullyQualifiedErrorId: {},{}\n", self.id, powershell_style.class));
            let target = printable(self.target.as_deref().unwrap_or_default());
            text.push_str(&format!("  Category: {}, TargetObject: {target}\n", self.category));
        }
        text
    }

    /// `error: ...`, the causes, an empty line and `hint: ...`; on a terminal in lines of at most `width` columns.
    fn to_text(&self, colour: bool, width: Option<usize>) -> String {
        let wrapped = |label: &str, text: &str| wrapped(label.len() + 1, &printable(text), width);
        let message = wrapped("error:", &self.message);
        let mut text = format!("{} {message}\n", paint("31", "error:", colour));
        for cause in &self.causes {
            text.push_str(&format!("  because: {}\n", wrapped("  because:", cause)));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("\n{} {}\n", paint("32", "hint:", colour), wrapped("hint:", hint)));
        }
        text
    }

    /// The object of `pssession.error/1`.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        json!({
            "Schema": "pssession.error/1",
            "ErrorId": self.id,
            "Category": self.category,
            "Message": self.message,
            "Causes": self.causes,
            "Target": self.target,
            "Hint": self.hint,
        })
    }
}

/// The text in lines that begin below its first word, which stands at column `indent`. What stands between backticks is
/// to be copied, so that it stays in one piece, as a long word does.
pub(crate) fn wrapped(indent: usize, text: &str, width: Option<usize>) -> String {
    let Some(width) = width.filter(|width| *width >= indent + MIN_WIDTH) else { return text.to_owned() };
    let mut is_quoted = false;
    let joined: String = text
        .chars()
        .map(|letter| {
            is_quoted ^= letter == '`';
            if is_quoted && letter == ' ' { JOINT } else { letter }
        })
        .collect();
    let blanks = " ".repeat(indent);
    let options = textwrap::Options::new(width)
        .initial_indent(&blanks)
        .subsequent_indent(&blanks)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(&joined, options).trim_start().replace(JOINT, " ")
}

/// In fewer columns the terminal breaks lines as it likes.
const MIN_WIDTH: usize = 20;

/// Stands for a blank at which no line ends; no text has it, for it would not be printable.
const JOINT: char = '\u{1f}';

fn paint(code: &str, word: &str, colour: bool) -> String {
    if colour { format!("\x1b[1;{code}m{word}\x1b[0m") } else { word.to_owned() }
}

/// Advice, or none.
pub(crate) trait IntoHint {
    fn into_hint(self) -> Option<String>;
}

impl IntoHint for &str {
    fn into_hint(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl IntoHint for String {
    fn into_hint(self) -> Option<String> {
        Some(self)
    }
}

impl IntoHint for Option<String> {
    fn into_hint(self) -> Option<String> {
        self
    }
}

impl From<std::io::Error> for Diagnostic {
    fn from(error: std::io::Error) -> Self {
        Self::io(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn layers_that_say_nothing_are_left_out_unless_nothing_stands_below_them() {
        let reason = Layer("Connection refused", None);
        let chain = Layer("tcp connect error", Some(reason.into()));
        assert_eq!(Diagnostic::usage("x").caused_by(&chain).causes, ["Connection refused"]);
        assert_eq!(Diagnostic::usage("x").caused_by(&Layer("dns error", None)).causes, ["dns error"]);
    }

    #[test]
    fn the_concise_view_is_one_line_and_tells_a_script_more_only_if_it_is_verbose() {
        let error = Diagnostic::usage("no session has the id \"7\"").about("7").with_hint("look");
        let action = ErrorAction::Continue;
        let powershell_style =
            PowerShellStyle { cmdlet: "Remove-PSSession", class: "Class", verbose: false, action };
        let concise = "Remove-PSSession: no session has the id \"7\"\n  hint: look\n";
        assert_eq!(error.to_concise(powershell_style, false, None), concise);
        let verbose = error.to_concise(PowerShellStyle { verbose: true, ..powershell_style }, false, None);
        let more =
            "  FullyQualifiedErrorId: InvalidArgument,Class\n  Category: InvalidArgument, TargetObject: 7\n";
        assert_eq!(verbose, format!("{concise}{more}"));
    }

    #[test]
    fn the_advice_of_the_concise_view_ends_its_lines_between_words_too() {
        let error = Diagnostic::usage("x").with_hint("list the sessions with `pssession get` first");
        let style =
            PowerShellStyle { cmdlet: "C", class: "D", verbose: false, action: ErrorAction::Continue };
        let concise = error.to_concise(style, false, Some(40));
        assert_eq!(concise, "C: x\n  hint: list the sessions with\n        `pssession get` first\n");
    }

    #[test]
    fn what_a_terminal_would_obey_is_spelt_out_in_every_part_of_an_error() {
        let hostile = "a\u{1b}[2J\u{202e}b";
        let error = Diagnostic::usage(hostile).caused_by(&Layer(hostile, None)).with_hint(hostile);
        let mut error = error.about(hostile);
        error.causes = vec![hostile.to_owned()];
        let shown = r"a\u{1b}[2J\u{202e}b";
        let text = format!("error: {shown}\n  because: {shown}\n\nhint: {shown}\n");
        assert_eq!(error.to_text(false, None), text);
        let powershell_style =
            PowerShellStyle { cmdlet: "C", class: "D", verbose: true, action: ErrorAction::Continue };
        let concise = error.to_concise(powershell_style, false, None);
        assert!(concise.starts_with(&format!("C: {shown}: {shown}\n  hint: {shown}\n")), "{concise}");
        assert!(concise.ends_with(&format!("TargetObject: {shown}\n")), "{concise}");
        let json = visible(&error.to_json().to_string()).into_owned();
        assert!(json.contains(r"a\u001b[2J\u202eb") && json.is_ascii(), "{json}");
    }

    #[test]
    fn without_colour_the_text_has_no_escapes_and_with_it_only_the_labels_are_painted() {
        let diagnostic = Diagnostic::usage("no server is named").with_hint("give --on");
        assert_eq!(diagnostic.to_text(false, None), "error: no server is named\n\nhint: give --on\n");
        let painted = diagnostic.to_text(true, None);
        assert_eq!(
            painted.replace("\x1b[1;31m", "").replace("\x1b[1;32m", "").replace("\x1b[0m", ""),
            diagnostic.to_text(false, None)
        );
        assert_ne!(painted, diagnostic.to_text(false, None));
    }

    #[test]
    fn lines_end_between_words_and_never_in_a_command() {
        let mut error = Diagnostic::usage("cannot list the sessions on web01, web02 and web03")
            .with_hint("check the name, or run `pssession identify web01 --doctor` to see each step");
        error.causes.push("a word_that_is_longer_than_any_line_of_such_a_terminal".to_owned());
        assert_eq!(
            error.to_text(false, Some(40)),
            "error: cannot list the sessions on\n       web01, web02 and web03\n  because: a\n           \
             word_that_is_longer_than_any_line_of_such_a_terminal\n\nhint: check the name, or run\n      \
             `pssession identify web01 --doctor`\n      to see each step\n"
        );
    }
}
