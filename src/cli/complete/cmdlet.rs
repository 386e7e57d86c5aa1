//! A line in PowerShell's spelling: names of parameters, words of enumerations, and for the rest the values that the
//! option of our own offers that means the same.

use clap::CommandFactory as _;

use crate::cli::commands::Cli;
use crate::cli::powershell::{Cmdlet, Cursor, Parameter, arity, cursor};
use crate::cli::powershell_entry::verb;

/// What completes a line in our own spelling: the words before the last, and the last.
type Native<'a> = &'a dyn Fn(Vec<String>, &str) -> Vec<Candidate>;

/// A value and a few words on it.
type Candidate = (String, String);

/// Parameters, and the options that take the same values.
const TWINS: &[(&str, &str)] = &[
    ("Id", "--id"),
    ("Session", "--session"),
    ("Name", "--name"),
    ("InstanceId", "--instance-id"),
    ("ContainerId", "--container-id"),
    ("VMId", "--vm-id"),
    ("VMName", "--vm-name"),
    ("ConfigurationName", "--configuration-name"),
];

/// The names of the cmdlets that begin so, which `pssession` takes as its first word.
pub(super) fn names(last: &str) -> Vec<Candidate> {
    let begun = Cmdlet::ALL.into_iter().filter(|cmdlet| cmdlet.name().starts_with(last));
    begun.map(|cmdlet| (cmdlet.name().to_owned(), cmdlet.about().to_owned())).collect()
}

/// What could stand in place of `last` behind the words of a cmdlet.
pub(super) fn candidates(
    cmdlet: Cmdlet,
    before: impl IntoIterator<Item = String>,
    last: &str,
    native: Native<'_>,
) -> Vec<Candidate> {
    let mut ours = Cli::command();
    ours.build();
    let ours = ours.find_subcommand(verb(cmdlet));
    let command = |words: Vec<String>| -> Vec<String> {
        ["pssession", verb(cmdlet)].into_iter().map(str::to_owned).chain(words).collect()
    };
    match cursor(cmdlet, before, last, &|option| ours.and_then(|command| arity(command, option))) {
        Cursor::Name(parameters) => parameter_names(&parameters, last),
        Cursor::Ours(words) => native(command(words), last),
        Cursor::Value { of, kept, typed } => {
            let twin = |parameter: &Parameter| {
                let option = twin(cmdlet, parameter.name)?;
                Some(native(command(vec![option.to_owned()]), &typed))
            };
            let values = of
                .into_iter()
                .flat_map(|parameter| twin(parameter).unwrap_or_else(|| words(parameter, &typed)));
            values.map(|(value, about)| (format!("{kept}{value}"), about)).collect()
        }
    }
}

/// Names that begin as was typed, in any case; aliases only where no name does.
fn parameter_names(parameters: &[&Parameter], typed: &str) -> Vec<Candidate> {
    let typed = typed.trim_start_matches('-');
    let named = |names: fn(&Parameter) -> Vec<&str>| -> Vec<Candidate> {
        let all = parameters.iter().flat_map(|one| names(one).into_iter().map(|name| (name, one.help)));
        let begun = all.filter(|(name, _)| begins(name, typed));
        begun.map(|(name, help)| (format!("-{name}"), help.to_owned())).collect()
    };
    let names = named(|parameter| vec![parameter.name]);
    if names.is_empty() { named(|parameter| parameter.aliases.to_vec()) } else { names }
}

/// The words that a parameter takes, where there is a list of them.
fn words(parameter: &Parameter, typed: &str) -> Vec<Candidate> {
    let (words, about) = match parameter.kind.is_switch() {
        true => (vec!["$true", "$false"], "in quotes, or the shell expands it"),
        false => (parameter.kind.offered(), ""),
    };
    words
        .into_iter()
        .filter(|word| begins(word, typed))
        .map(|word| (word.to_owned(), about.to_owned()))
        .collect()
}

fn twin(cmdlet: Cmdlet, parameter: &str) -> Option<&'static str> {
    match (cmdlet, parameter) {
        (Cmdlet::RemovePSSession, "ComputerName") => Some("--computer-name"),
        (Cmdlet::GetPSSession, "ComputerName") => Some("--on"),
        _ => TWINS.iter().find(|(name, _)| *name == parameter).map(|(_, option)| *option),
    }
}

fn begins(word: &str, typed: &str) -> bool {
    word.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(line: &str) -> Vec<String> {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let last = words.pop().unwrap();
        let cmdlet = Cmdlet::named(&words.remove(0)).unwrap();
        // What our own spelling is asked for.
        let native =
            |before: Vec<String>, last: &str| vec![(format!("{} {last}", before.join(" ")), String::new())];
        candidates(cmdlet, words, &last, &native).into_iter().map(|(value, _)| value).collect()
    }

    #[test]
    fn names_and_words_are_offered_in_any_case_as_far_as_they_are_of_use() {
        assert_eq!(offered("rsn -COM"), ["-ComputerName"]);
        assert_eq!(offered("rsn -vmg"), ["-VMGuid"]);
        assert_eq!(offered("rsn -Id 1 -conf"), ["-Confirm"]);
        assert_eq!(offered("gsn -conf"), ["-ConfigurationName"]);
        assert_eq!(offered("rsn -ErrorAction s"), ["SilentlyContinue", "Stop"]);
        assert_eq!(offered("rsn -ea:S"), ["-ea:SilentlyContinue", "-ea:Stop"]);
        assert_eq!(offered("gsn web01 -Authentication "), ["Default", "Basic", "Negotiate", "Kerberos"]);
        assert_eq!(offered("gsn -cn web01 -State d"), ["Disconnected"]);
        assert_eq!(offered("rsn -Confirm:"), ["-Confirm:$true", "-Confirm:$false"]);
        assert!(offered("rsn -Port ").is_empty());
    }

    #[test]
    fn the_option_that_means_the_same_knows_the_values() {
        assert_eq!(offered("rsn -Name bui"), ["pssession remove --name bui"]);
        assert_eq!(offered("rsn -Name:bui"), ["-Name:pssession remove --name bui"]);
        assert_eq!(offered("gsn -cn w"), ["pssession get --on w"]);
        assert_eq!(offered("rsn w"), ["pssession remove --id w", "pssession remove --computer-name w"]);
        assert_eq!(offered("rsn --store x --out"), ["pssession remove --store x --out"]);
    }

    #[test]
    fn every_twin_is_a_parameter_and_an_option() {
        let mut command = Cli::command();
        command.build();
        for cmdlet in Cmdlet::ALL {
            let ours = command.find_subcommand(verb(cmdlet)).unwrap();
            for name in TWINS.iter().map(|(name, _)| *name).chain(["ComputerName"]) {
                let option = twin(cmdlet, name).unwrap();
                assert!(arity(ours, option).is_some(), "{option}");
                assert!(
                    !offered(&format!("rsn -{name}")).is_empty() || name == "ConfigurationName",
                    "{name}"
                );
            }
        }
    }
}
