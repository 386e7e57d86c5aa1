//! Completion in a shell: the script of `pssession completions` calls back here with the words of its command line, and
//! is answered with what could stand at the cursor. Whatever is wrong, the answer is silence.

mod cmdlet;
mod line;
mod powershell;
mod shell;
mod table_values;

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, ValueEnum as _};
use clap_complete::CompletionCandidate;
use pssession::request::SessionTable;

use super::commands::Cli;
use super::config::{self, Config};
use super::render::printable;
use super::{environment, powershell_entry, source};

use powershell::Typed;
pub(crate) use shell::{Shell, script};

/// Tells that a shell asks, and which; the scripts set it, and nothing else does.
const VARIABLE: &str = "PSSESSION_COMPLETE";

/// The most candidates of one answer: no person reads more.
const MAX_CANDIDATES: usize = 100;

/// The longest candidate, in bytes. A name may be as long as a server likes.
const MAX_CANDIDATE: usize = 512;

/// Answers a shell that asks. Where none does, which is nearly always, this is one look at the environment.
pub(crate) fn answer() -> Option<ExitCode> {
    let shell = Shell::from_str(&source::variable(VARIABLE)?, true).ok()?;
    let mut words = source::shown_words().into_iter().skip_while(|word| word != "--").skip(1);
    let answer: Vec<String> = match shell {
        // Bash takes words apart at more than blanks, so it sends what it wants completed and the whole line.
        Shell::Bash => {
            let (wanted, typed) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let line = line::split(&typed);
            let (before, last) = (line.before, line.last);
            let candidates = candidates(before, &line::unquoted(&last).0);
            let inserted = candidates.iter().filter_map(|(value, _)| line::insertion(value, &last, &wanted));
            inserted.collect()
        }
        Shell::Powershell => {
            let mut before: Vec<String> = words.collect();
            let last = before.pop().unwrap_or_default();
            let typed = Typed::new(shell::unmarked(&last));
            let candidates = candidates(before, &typed.value());
            let inserted = candidates
                .iter()
                .filter_map(|(value, help)| Some(shell::answer(shell, &typed.insertion(value)?, help)));
            let inserted: Vec<String> = inserted.collect();
            if inserted.is_empty() { vec![typed.unchanged().to_owned()] } else { inserted }
        }
        Shell::Zsh | Shell::Fish => {
            let mut before: Vec<String> = words.collect();
            let last = before.pop().unwrap_or_default();
            let candidates = candidates(before, &line::unquoted(&last).0);
            candidates.iter().map(|(value, help)| shell::answer(shell, value, help)).collect()
        }
    };
    let mut out = std::io::stdout().lock();
    // A shell that does not listen needs no answer.
    let _ = answer.iter().try_for_each(|line| writeln!(out, "{line}"));
    Some(ExitCode::SUCCESS)
}

/// The words of a line, as a shell would pass them.
#[cfg(test)]
pub(super) fn words(line: &str) -> Vec<String> {
    line::split(&format!("{line} ")).before
}

/// What could stand in place of `last`, with a few words on each.
fn candidates(before: Vec<String>, last: &str) -> Vec<(String, String)> {
    let table = environment::table(file(&before, "--store", "PSSESSION_STORE"));
    let config = config::read(file(&before, "--config", "PSSESSION_CONFIG").as_deref()).unwrap_or_default();
    let words: Vec<OsString> = before.iter().map(OsString::from).collect();
    let found = match powershell_entry::cmdlet(&words) {
        Some((cmdlet, rest)) => {
            let rest = before.into_iter().skip(words.len().saturating_sub(rest.len()));
            cmdlet::candidates(cmdlet, rest, last, &|before, last| {
                native(before, last, table.clone(), &config)
            })
        }
        None => {
            let names = if before.len() == 1 { cmdlet::names(last) } else { Vec::new() };
            native(before, last, table, &config).into_iter().chain(names).collect()
        }
    };
    // What may be a further value of an option, and one without an option, is offered for both.
    let mut seen = HashSet::new();
    let found = found.into_iter().filter(|(value, _)| is_harmless(value) && seen.insert(value.clone()));
    found.take(MAX_CANDIDATES).collect()
}

/// The same for a line in our own spelling.
fn native(
    before: Vec<String>,
    last: &str,
    table: Option<SessionTable>,
    config: &Config,
) -> Vec<(String, String)> {
    let mut command = table_values::with_live_values(Cli::command(), table, config);
    let index = before.len();
    let words = before.into_iter().chain([last.to_owned()]).map(OsString::from).collect();
    let folder = std::env::current_dir().ok();
    let found = clap_complete::engine::complete(&mut command, words, index, folder.as_deref());
    let shown = |candidate: &CompletionCandidate| {
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        let help = printable(help.lines().next().unwrap_or_default());
        Some((candidate.get_value().to_str()?.to_owned(), help))
    };
    found.unwrap_or_default().iter().filter_map(shown).collect()
}

/// Nothing that a terminal would obey or that misleads a reader, and no endless text.
fn is_harmless(value: &str) -> bool {
    value.len() <= MAX_CANDIDATE && printable(value) == value
}

/// The file that the command line names with an option, else the environment with a variable.
fn file(words: &[String], option: &str, variable: &str) -> Option<PathBuf> {
    let mut named = None;
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.strip_prefix(option) {
            Some("") => named = rest.next().map(String::as_str),
            Some(value) => named = value.strip_prefix('=').or(named),
            None => {}
        }
    }
    match named {
        Some(path) => Some(source::at_home(path)),
        None => source::variable(variable).filter(|path| !path.is_empty()).map(PathBuf::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_line_is_the_last_one_named() {
        let store = |line: &str| file(&words(line), "--store", "PSSESSION_STORE");
        assert_eq!(store("pssession get --store a --store=b --id"), Some("b".into()));
        assert_eq!(store("pssession get --store a --stored c"), Some("a".into()));
    }

    #[test]
    fn what_a_terminal_would_obey_is_no_candidate() {
        assert!(is_harmless("name with blank"));
        assert!(!is_harmless("a\u{1b}[2Jb") && !is_harmless("a\nb") && !is_harmless("a\u{202e}b"));
        assert!(!is_harmless(&"x".repeat(MAX_CANDIDATE + 1)));
    }
}
