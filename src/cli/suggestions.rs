//! Words that people bring from PowerShell and from other tools, where the nearest spelling would be the wrong advice.

use clap::error::{ContextKind, ContextValue, ErrorKind};

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
        ErrorKind::InvalidValue if words.iter().any(|word| word == "-on") => {
            Some("`-on` means `-o n`; use `--on`, with two dashes, to give servers".to_owned())
        }
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
    if !word.starts_with('-') {
        let takes_servers = usage.contains("--on");
        let tip = format!("use --on {word} for a server, or --name {word} for a session");
        return takes_servers.then_some(tip);
    }
    // A parser of single letters stops at the first letter of a PowerShell name.
    let whole = words.iter().find(|whole| is_powershell(whole) && whole.starts_with(&word));
    match whole {
        Some(whole) => Some(format!(
            "use {}; PowerShell parameters work with `pssession Remove-PSSession` and `Get-PSSession`",
            here(&kebab(whole))
        )),
        None if word == "--on" && !usage.contains("<HOST>") => {
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
    use crate::cli::commands::Cli;

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
