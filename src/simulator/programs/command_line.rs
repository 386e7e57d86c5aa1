//! What a command line of a cmd shell starts: a command of cmd.exe, or a text in PowerShell.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A command line, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Invocation {
    /// A command of cmd.exe: the line, and what is left of it without `cmd /c` before it.
    Cmd { line: String, inner: String },
    /// A text in PowerShell, decoded; none if it was encoded, and that cannot be read.
    PowerShell { line: String, script: Option<String> },
}

/// How .NET reads Base64: with padding or, as some clients send it, without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The parameters of powershell.exe that have a value, which says nothing about the text that it runs.
const WITH_VALUE: &[&str] = &[
    "configurationname",
    "ep",
    "ex",
    "executionpolicy",
    "inputformat",
    "outputformat",
    "psconsolefile",
    "version",
    "windowstyle",
    "workingdirectory",
];

impl Invocation {
    /// Reads a command line.
    pub(in crate::simulator) fn read(line: &str) -> Self {
        let line = line.trim();
        let inner = without_cmd(line);
        let (program, arguments) = first_word(inner);
        let is_powershell =
            ["powershell", "pwsh"].iter().any(|name| base_name(program).eq_ignore_ascii_case(name));
        let (line, inner) = (line.to_owned(), inner.to_owned());
        match is_powershell.then(|| script(arguments)).flatten() {
            Some(script) => Self::PowerShell { line, script: script.ok() },
            None => Self::Cmd { line, inner },
        }
    }

    /// The texts that a rule may match: what runs, and the line as it was sent.
    pub(in crate::simulator) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Cmd { line, inner } if line == inner => vec![line],
            Self::Cmd { line, inner } => vec![inner, line],
            Self::PowerShell { line, script } => script.iter().map(String::as_str).chain([&**line]).collect(),
        }
    }
}

/// The line without `cmd /c` before it, however often.
fn without_cmd(line: &str) -> &str {
    let mut line = line;
    loop {
        let (program, rest) = first_word(line);
        let (flag, inner) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if !(base_name(program).eq_ignore_ascii_case("cmd") && flag.eq_ignore_ascii_case("/c")) {
            return line;
        }
        line = without_quotes(inner.trim());
    }
}

/// The first word, which may be in quotes, and the rest.
pub(super) fn first_word(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    let quoted = line.strip_prefix('"').and_then(|rest| rest.split_once('"'));
    let (word, rest) = quoted.unwrap_or_else(|| line.split_once(char::is_whitespace).unwrap_or((line, "")));
    (word, rest.trim())
}

/// A program's name without its folder and `.exe`.
pub(super) fn base_name(program: &str) -> &str {
    let name = program.rsplit(['\\', '/']).next().unwrap_or(program);
    match name.len().checked_sub(4).and_then(|at| name.split_at_checked(at)) {
        Some((stem, end)) if end.eq_ignore_ascii_case(".exe") => stem,
        _ => name,
    }
}

fn without_quotes(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// The text that these arguments of powershell.exe run; `None` if they run a file or nothing.
fn script(mut arguments: &str) -> Option<Result<String, ()>> {
    loop {
        let (word, rest) = first_word(arguments);
        if word.is_empty() {
            return None;
        }
        let Some(parameter) = word.strip_prefix(['-', '/']).filter(|name| !name.is_empty()) else {
            return Some(Ok(without_quotes(arguments.trim()).to_owned()));
        };
        // PowerShell takes every beginning of a name, and `ec` for the encoded command.
        let is = |name: &str| name.starts_with(&parameter.to_ascii_lowercase());
        if is("encodedcommand") || parameter.eq_ignore_ascii_case("ec") {
            return Some(decoded(first_word(rest).0).ok_or(()));
        } else if is("command") {
            return Some(Ok(without_quotes(rest).to_owned()));
        } else if is("file") {
            return None;
        }
        arguments = if WITH_VALUE.iter().any(|name| is(name)) { first_word(rest).1 } else { rest };
    }
}

/// Base64 of UTF-16, lowest byte first.
fn decoded(text: &str) -> Option<String> {
    let bytes = BASE64.decode(text).ok()?;
    let units = bytes.chunks(2).map(|pair| pair.try_into().map(u16::from_le_bytes));
    String::from_utf16(&units.collect::<Result<Vec<_>, _>>().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `whoami /all`
    const ENCODED: &str = "dwBoAG8AYQBtAGkAIAAvAGEAbABsAA==";

    #[test]
    fn what_powershell_runs_is_decoded() {
        let prefixes = [
            "powershell -encodedcommand",
            "PowerShell.exe -NoProfile -ec",
            "pwsh -ep Bypass -e",
            "cmd /c powershell -En",
        ];
        for prefix in prefixes {
            let line = format!("{prefix} {ENCODED}");
            let read = Invocation::read(&line);
            assert_eq!(read.texts(), ["whoami /all", &line], "{prefix}");
        }
        let unpadded = Invocation::read(&format!("powershell -e {}", ENCODED.trim_end_matches('=')));
        assert_eq!(unpadded.texts()[0], "whoami /all");
    }

    #[test]
    fn every_way_to_write_a_line() {
        for (line, texts) in [
            ("whoami /all", vec!["whoami /all"]),
            ("cmd.exe /c \"whoami /all\"", vec!["whoami /all", "cmd.exe /c \"whoami /all\""]),
            ("powershell whoami /all", vec!["whoami /all", "powershell whoami /all"]),
            (
                "powershell -NoP -Command \"Get-Date\"",
                vec!["Get-Date", "powershell -NoP -Command \"Get-Date\""],
            ),
            ("powershell -File x.ps1", vec!["powershell -File x.ps1"]),
            ("powershell -e !!", vec!["powershell -e !!"]),
        ] {
            assert_eq!(Invocation::read(line).texts(), texts, "{line}");
        }
        let path = r#""C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe" -c Get-Date"#;
        assert_eq!(Invocation::read(path).texts()[0], "Get-Date");
    }
}
