//! Words that people bring from PowerShell and from other tools, where the nearest spelling would be the wrong advice.

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::commands::Cli;
use super::powershell::{Cmdlet, arity, parameter_named};

/// Options of other tools, and what they are called here.
const OPTIONS: &[(&[&str], &str)] = &[
    (
        &["--password", "--pass", "-p", "-P"],
        "a password cannot be an argument; use --password-file, --password-command, PSSESSION_PASSWORD or the prompt",
    ),
    (&["--host", "--hosts", "--hostname", "--server", "--servers", "-H", "-t"], "use --on to give servers"),
    (&["--username", "--credential", "-u", "-U", "-l"], "use --user to give the account"),
    (&["--force", "-f"], "use --yes to skip the confirmation"),
    (&["--dry-run", "--plan", "-n"], "use --what-if to print the plan without closing anything"),
    (&["--json", "--csv"], "use -o to select the format, as in -o json"),
    (&["--ssl", "--https", "--use-ssl"], "use --tls for HTTPS"),
    (
        &["--timeout"],
        "use --connect-timeout, --login-timeout, --operation-timeout, --list-timeout, --session-deadline or \
         --deadline",
    ),
    (
        &["--selector", "--label", "--labels", "--filter", "--field-selector", "--where"],
        "select sessions with --owner, --name, --state, --type, --client-ip or --idle",
    ),
    (
        &[
            "--exclude-owner",
            "--except-owner",
            "--ignore-owner",
            "--owner-not",
            "--no-owner",
            "--protect-owner",
        ],
        "use --not-owner to exclude the sessions of an account",
    ),
    (&["--busy", "--active", "--with-command"], "use --running for sessions with a command that is running"),
    (
        &["--not-running", "--no-running", "--idle-only", "--skip-busy"],
        "use --skip-running to exclude sessions with a command that is running",
    ),
    (&["--on"], "give the host without an option, as in `pssession identify web01`"),
];

/// Commands of other tools, and what they are called here.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["show", "ps", "query"], "get"),
    (&["delete", "del", "close", "kill", "stop"], "remove"),
    (&["import-csv", "import-clixml", "load", "restore"], "import"),
    (&["export-csv", "export-clixml", "dump", "save", "backup"], "export"),
    (&["test-wsman", "ping", "probe"], "identify"),
];

/// Adds advice to an error of the argument parser where this page knows better than a likeness of spelling.
pub(crate) fn advise(mut error: clap::Error, words: &[String]) -> clap::Error {
    let tip = match error.kind() {
        ErrorKind::UnknownArgument => unknown_argument(&error, words),
        ErrorKind::InvalidSubcommand => context(&error, ContextKind::InvalidSubcommand)
            .and_then(|word| unknown_command(&word.to_lowercase())),
        ErrorKind::InvalidValue => glued_output(words),
        _ => None,
    };
    if let Some(tip) = tip {
        for likeness in
            [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        {
            error.remove(likeness);
        }
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

fn unknown_command(word: &str) -> Option<String> {
    let is_cmdlet = word.contains("-pss");
    known(COMMANDS, word).map(|command| format!("use `pssession {command}`")).or_else(|| {
        is_cmdlet.then(|| "the cmdlets available are Get-PSSession and Remove-PSSession".to_owned())
    })
}

fn unknown_argument(error: &clap::Error, words: &[String]) -> Option<String> {
    let word = context(error, ContextKind::InvalidArg)?;
    let usage = context(error, ContextKind::Usage).unwrap_or_default();
    if let Some(tip) = key_and_value(&word, words) {
        return Some(tip);
    }
    // A parser of single letters stops at the first letter that is no option.
    let mut whole = words.iter().filter(|whole| word.len() == 2 && has_one_dash(whole, &word));
    let parameter = words.iter().filter(|whole| whole.starts_with(&word)).find_map(|whole| parameter(whole));
    match parameter.or_else(|| whole.clone().find_map(|whole| parameter_name(whole))) {
        Some(parameter) => {
            let option = kebab(&parameter);
            let tip = format!(
                "use {}; PowerShell parameters work with `pssession Remove-PSSession` and `Get-PSSession`",
                here(&option)
            );
            Some(known(OPTIONS, &option).map_or(tip, str::to_owned))
        }
        None if let Some(option) = whole.find_map(|whole| own_option(whole)) => {
            Some(format!("use {option}, with two dashes"))
        }
        None if word == "--on" && !usage.contains("HOST") => {
            Some("this command connects to no server; use `get` or `remove`".to_owned())
        }
        None => known(OPTIONS, &word).map(str::to_owned),
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        _ => None,
    }
}

fn known(table: &[(&[&str], &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(words, _)| words.contains(&word)).map(|(_, here)| *here)
}

/// One dash, a capital and more: `-ComputerName`.
fn is_powershell(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next() == Some('-')
        && letters.next().is_some_and(|letter| letter.is_ascii_uppercase())
        && letters.next().is_some_and(|letter| letter.is_ascii_alphabetic())
}

/// The PowerShell parameter that a word names: any that begins with a capital, and the known ones in any case.
fn parameter(word: &str) -> Option<String> {
    if is_powershell(word) { Some(word.to_owned()) } else { parameter_name(word) }
}

/// `-vmid` as `-VMId`.
fn parameter_name(word: &str) -> Option<String> {
    let name = name_behind_one_dash(word)?;
    Cmdlet::ALL.into_iter().find_map(|cmdlet| parameter_named(cmdlet, name)).map(|name| format!("-{name}"))
}

/// Whether a word has one dash, and this letter among those behind it.
fn has_one_dash(word: &str, letter: &str) -> bool {
    let letter = letter.trim_start_matches('-');
    name_behind_one_dash(word).is_some_and(|name| name.contains(letter))
}

/// `what-if` of `-what-if=x`: at least two letters behind a single dash.
fn name_behind_one_dash(word: &str) -> Option<&str> {
    let name = word.strip_prefix('-').filter(|name| !name.starts_with('-'))?;
    let name = name.split(['=', ':']).next().unwrap_or_default();
    (name.len() > 1 && name.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '-'))
        .then_some(name)
}

/// The long option of our own that a word lacks a dash for.
fn own_option(word: &str) -> Option<String> {
    let option = format!("--{}", name_behind_one_dash(word)?);
    let mut command = Cli::command();
    command.build();
    command.get_subcommands().any(|command| arity(command, &option).is_some()).then_some(option)
}

/// `-owner x` is `-o wner` to a parser of single letters.
fn glued_output(words: &[String]) -> Option<String> {
    let glued = |word: &&String| word.strip_prefix("-o").is_some_and(|rest| !rest.starts_with('='));
    let (word, option) = words.iter().filter(glued).find_map(|word| Some((word, own_option(word)?)))?;
    let rest = word.strip_prefix("-o").unwrap_or_default();
    let what = if option == "--on" { ", to give servers" } else { "" };
    Some(format!("`{word}` means `-o {rest}`; use `{option}`, with two dashes{what}"))
}

/// `-l owner=x` of other tools names the property that the option here is called by.
fn key_and_value(word: &str, words: &[String]) -> Option<String> {
    const SELECTING: &[&str] = &["-l", "-f", "--selector", "--filter", "--label", "--field-selector"];
    if !SELECTING.contains(&word) {
        return None;
    }
    let at = words.iter().position(|one| one.starts_with(word))?;
    let glued = words.get(at)?.strip_prefix(word)?.trim_start_matches('=');
    let pair = if glued.is_empty() { words.get(at + 1)? } else { glued };
    let (key, value) = pair.split_once('=')?;
    let (key, value) = (key.trim().to_ascii_lowercase(), value.trim_start_matches('='));
    let option = match key.strip_suffix('!') {
        Some(key) => own_option(&format!("-not-{key}"))?,
        None => own_option(&format!("-{key}"))?,
    };
    Some(format!("use {option} {value} to select sessions"))
}

/// `Get-PSSession -ComputerName` asks that computer, which is another question here.
fn here(option: &str) -> &str {
    if option == "--computer-name" {
        "--on to connect to that server, or --computer-name to filter the sessions found"
    } else {
        option
    }
}

/// `-VMName:x` as `--vm-name`.
fn kebab(word: &str) -> String {
    let letters: Vec<char> = word.chars().skip(1).take_while(char::is_ascii_alphanumeric).collect();
    let mut kebab = "--".to_owned();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at.saturating_add(1));
        let begins_word = before.is_some_and(char::is_ascii_lowercase)
            || (before.is_some() && after.is_some_and(char::is_ascii_lowercase));
        if letter.is_ascii_uppercase() && begins_word {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn a_powershell_name_becomes_the_option_of_this_command() {
        let names = [("-Name", "--name"), ("-ComputerName", "--computer-name"), ("-VMName", "--vm-name")];
        for (powershell, here) in
            names.into_iter().chain([("-Confirm:$false", "--confirm"), ("-VMId", "--vm-id")])
        {
            assert!(is_powershell(powershell));
            assert_eq!(kebab(powershell), here);
        }
        assert!(!is_powershell("-V") && !is_powershell("--Name") && !is_powershell("-vv"));
    }

    #[test]
    fn a_cmdlet_that_is_not_here_is_told_which_are() {
        for word in ["Disconnect-PSSession", "Remove-PSSesion", "new-pssession"] {
            let words = ["pssession", word].map(str::to_owned);
            let reported = advise(Cli::try_parse_from(&words).unwrap_err(), &words).to_string();
            assert!(
                reported.contains("tip: the cmdlets available are Get-PSSession and Remove-PSSession"),
                "{reported}"
            );
            assert!(!reported.contains("similar"), "{reported}");
        }
    }
}
