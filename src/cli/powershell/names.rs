//! From what was typed behind the dash to the parameter that is meant.

use std::ffi::OsString;

use super::cmdlet::Cmdlet;
use super::convert;
use super::declaration::{Kind, Parameter, Place, Tier};
use super::error::Problem;
use super::parameters::PARAMETERS;
use super::words::{self, Word};

/// Names that people bring from other cmdlets and tools, and what to use here.
const FOREIGN: &[(&[&str], &str)] = &[
    (&["force", "yes"], "use '-Confirm:$false' or --yes to skip the confirmation"),
    (
        &["password", "pass", "pw"],
        "a password cannot be an argument; use --password-file, --password-command, PSSESSION_PASSWORD or the prompt",
    ),
    (&["user", "username"], "use -Credential or --user to give the account"),
    (&["host", "hostname", "server"], "use -ComputerName to give the computer"),
    (&["all"], "use -Name '*' for all sessions with a name"),
];

/// The parameter of this name, alias or unambiguous beginning of either, in any case.
pub(super) fn find(cmdlet: Cmdlet, typed: &str) -> Result<(&'static Parameter, Place), Problem> {
    let parameters = || PARAMETERS.iter().filter_map(|row| row.place(cmdlet).map(|place| (row, place)));
    if let Some(exact) =
        parameters().find(|(row, _)| spellings(row).any(|name| name.eq_ignore_ascii_case(typed)))
    {
        return Ok(exact);
    }
    let (declared, others): (Vec<_>, Vec<_>) = parameters()
        .filter(|(row, _)| spellings(row).any(|name| begins_with(name, typed)))
        .partition(|(_, place)| place.tier == Tier::Declared);
    match (declared.as_slice(), others.as_slice()) {
        ([only], _) | ([], [only]) => Ok(*only),
        ([], []) => Err(Problem::NamedParameterNotFound { typed: typed.to_owned(), tip: tip(typed) }),
        ([], _) => Err(ambiguous(typed, &others, &[])),
        _ => Err(ambiguous(typed, &declared, &others)),
    }
}

/// The parameter of a cmdlet with this very name or alias, in any case.
pub(crate) fn parameter_named(cmdlet: Cmdlet, typed: &str) -> Option<&'static str> {
    let of_cmdlet = PARAMETERS.iter().filter(|row| row.place(cmdlet).is_some());
    let is = |row: &&Parameter| spellings(row).any(|name| name.eq_ignore_ascii_case(typed));
    of_cmdlet.filter(is).map(|row| row.name).next()
}

/// The selector of a cmdlet that was typed as our own option, as `--id`, with two dashes.
pub(crate) fn selector_with_two_dashes(cmdlet: Cmdlet, words: &[OsString]) -> Option<&'static str> {
    let options =
        words.iter().take_while(|word| *word != "--").filter_map(|word| word.to_str()?.strip_prefix("--"));
    let mut names = options.map(|option| option.split('=').next().unwrap_or_default().replace('-', ""));
    names.find_map(|name| {
        let selects = |parameter: &&Parameter| parameter.place(cmdlet).is_some_and(|place| place.mandatory);
        PARAMETERS.iter().filter(selects).map(|one| one.name).find(|one| one.eq_ignore_ascii_case(&name))
    })
}

/// Whether `-Verbose` is among the words, in any of its spellings: what could not be bound asks for it as well.
pub(crate) fn is_verbose(cmdlet: Cmdlet, words: &[OsString]) -> bool {
    let classified = words.iter().filter_map(|word| word.to_str()).map(words::classify);
    classified.into_iter().any(|word| match word {
        Word::Parameter { name, value, .. } => {
            find(cmdlet, &name).is_ok_and(|(row, _)| row.name == "Verbose")
                && value.is_none_or(|value| convert::switch(&value) == Some(true))
        }
        _ => false,
    })
}

fn spellings(parameter: &Parameter) -> impl Iterator<Item = &'static str> {
    std::iter::once(parameter.name).chain(parameter.aliases.iter().copied())
}

fn begins_with(name: &str, beginning: &str) -> bool {
    name.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}

fn ambiguous(
    typed: &str,
    candidates: &[(&'static Parameter, Place)],
    losers: &[(&'static Parameter, Place)],
) -> Problem {
    let of_use = losers.iter().filter(|(row, _)| !matches!(row.kind, Kind::Refused(..)));
    Problem::AmbiguousParameter {
        typed: typed.to_owned(),
        candidates: candidates.iter().map(|(row, _)| row.name).collect(),
        losers: of_use.map(|(row, _)| row.name).collect(),
    }
}

fn tip(typed: &str) -> Option<String> {
    if let Some((name, _)) = typed.split_once('=') {
        return Some(format!(
            "separate the value with a space or a colon, not an equals sign: -{name} VALUE"
        ));
    }
    let lower = typed.to_ascii_lowercase();
    let known = FOREIGN.iter().find(|(words, _)| words.contains(&lower.as_str()));
    known.map(|(_, advice)| (*advice).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cmdlet: Cmdlet, typed: &str) -> Result<&'static str, Vec<&'static str>> {
        match find(cmdlet, typed) {
            Ok((row, _)) => Ok(row.name),
            Err(Problem::AmbiguousParameter { candidates, .. }) => Err(candidates),
            Err(Problem::NamedParameterNotFound { .. }) => Err(Vec::new()),
            Err(other) => panic!("{typed}: {other:?}"),
        }
    }

    /// Section 1, the table of abbreviations, row by row.
    #[test]
    fn abbreviations_mean_what_the_cmdlet_makes_of_them() {
        for (typed, meant) in [
            ("i", Err(&["Id", "InstanceId"][..])),
            ("id", Ok("Id")),
            ("in", Ok("InstanceId")),
            ("ins", Ok("InstanceId")),
            ("c", Err(&["ComputerName", "ContainerId"])),
            ("co", Err(&["ComputerName", "ContainerId"])),
            ("com", Ok("ComputerName")),
            ("cn", Ok("ComputerName")),
            ("con", Ok("ContainerId")),
            ("conf", Ok("Confirm")),
            ("cf", Ok("Confirm")),
            ("vm", Err(&["VMId", "VMName"])),
            ("vmi", Ok("VMId")),
            ("vmg", Ok("VMId")),
            ("vmn", Ok("VMName")),
            ("v", Err(&["VMId", "VMName"])),
            ("ve", Ok("Verbose")),
            ("w", Err(&["WhatIf", "WarningAction", "WarningVariable"])),
            ("wh", Ok("WhatIf")),
            ("wi", Ok("WhatIf")),
            ("e", Err(&["ErrorAction", "ErrorVariable"])),
            ("o", Err(&["OutVariable", "OutBuffer"])),
            ("p", Err(&["Port", "ProgressAction", "PipelineVariable"])),
            ("ea", Ok("ErrorAction")),
            ("d", Ok("Debug")),
            ("n", Ok("Name")),
            ("s", Ok("Session")),
        ] {
            for typed in [typed.to_owned(), typed.to_ascii_uppercase()] {
                let meant = meant.map_err(<[_]>::to_vec);
                assert_eq!(found(Cmdlet::RemovePSSession, &typed), meant, "-{typed}");
            }
        }
    }

    /// Section 7: the aliases of the common parameters. Section 1: an exact name or alias wins outright.
    #[test]
    fn an_exact_name_or_alias_wins_outright() {
        for (alias, name) in [
            ("wi", "WhatIf"),
            ("cf", "Confirm"),
            ("vb", "Verbose"),
            ("db", "Debug"),
            ("ea", "ErrorAction"),
            ("ev", "ErrorVariable"),
            ("wa", "WarningAction"),
            ("wv", "WarningVariable"),
            ("infa", "InformationAction"),
            ("iv", "InformationVariable"),
            ("proga", "ProgressAction"),
            ("ov", "OutVariable"),
            ("ob", "OutBuffer"),
            ("pv", "PipelineVariable"),
            ("Cn", "ComputerName"),
            ("VMGuid", "VMId"),
        ] {
            for typed in
                [alias.to_owned(), alias.to_ascii_uppercase(), name.to_owned(), name.to_ascii_lowercase()]
            {
                assert_eq!(found(Cmdlet::RemovePSSession, &typed), Ok(name), "-{typed}");
            }
        }
    }

    #[test]
    fn what_we_add_to_remove_takes_no_abbreviation_from_powershell() {
        let real: Vec<&Parameter> = PARAMETERS
            .iter()
            .filter(|row| row.place(Cmdlet::RemovePSSession).is_some_and(|place| place.tier != Tier::Added))
            .collect();
        for typed in real.iter().flat_map(|row| spellings(row)).flat_map(beginnings) {
            let fitting = real.iter().filter(|row| spellings(row).any(|name| begins_with(name, typed)));
            match (found(Cmdlet::RemovePSSession, typed), fitting.count()) {
                (Ok(meant), _) => {
                    assert!(real.iter().any(|row| row.name == meant), "-{typed} is taken by {meant}");
                }
                (Err(_), fitting) => assert!(fitting > 1, "-{typed} is no longer unambiguous"),
            }
        }
    }

    #[test]
    fn verbose_is_seen_in_what_could_not_be_bound() {
        let verbose = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            is_verbose(Cmdlet::RemovePSSession, &words)
        };
        for words in [&["-Nonsense", "-Verbose"][..], &["-vb", "-i", "1"], &["-VERB:$true"], &["\u{2013}ve"]]
        {
            assert!(verbose(words), "{words:?}");
        }
        for words in [&["-Nonsense"][..], &["-v"], &["-Verbose:$false"], &["--verbose"], &["Verbose"], &[]] {
            assert!(!verbose(words), "{words:?}");
        }
    }

    fn beginnings(name: &'static str) -> impl Iterator<Item = &'static str> {
        (1..=name.len()).map(|end| name.get(..end).unwrap())
    }

    #[test]
    fn get_has_its_own_parameters_and_so_its_own_abbreviations() {
        for (typed, meant) in [
            ("con", Err(&["ConfigurationName", "ConnectionUri", "ContainerId"][..])),
            ("conf", Ok("ConfigurationName")),
            ("st", Ok("State")),
            ("s", Err(&["State", "SessionOption"])),
            ("uri", Ok("ConnectionUri")),
            ("cu", Ok("ConnectionUri")),
            ("u", Err(&["ConnectionUri", "UseSSL"])),
            ("p", Ok("Port")),
            ("WhatIf", Err(&[])),
            ("Session", Ok("SessionOption")),
        ] {
            let mut meant = meant.map_err(<[_]>::to_vec);
            let mut found = found(Cmdlet::GetPSSession, typed);
            for names in [&mut meant, &mut found].into_iter().filter_map(|result| result.as_mut().err()) {
                names.sort_unstable();
            }
            assert_eq!(found, meant, "-{typed}");
        }
    }

    /// What PowerShell 7.6.9 answered. What Remove-PSSession has from us is named as well, or found where it has nothing.
    #[test]
    fn every_abbreviation_is_what_powershell_takes_it_for() {
        let text = include_str!("../../../fixtures/powershell/names.tsv");
        assert!(text.lines().count() > 1_000);
        for line in text.lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            let [verb, typed, answer, candidates] = columns.try_into().unwrap();
            let cmdlet = if verb == "Remove" { Cmdlet::RemovePSSession } else { Cmdlet::GetPSSession };
            let added = |name: &str| {
                let row = PARAMETERS.iter().find(|row| row.name == name).unwrap();
                row.place(cmdlet).is_some_and(|place| place.tier == Tier::Added)
            };
            let mut wanted: Vec<&str> = candidates.split(' ').filter(|name| !name.is_empty()).collect();
            wanted.sort_unstable();
            match find(cmdlet, typed) {
                Ok((row, _)) if added(row.name) => assert_eq!(answer, "NamedParameterNotFound", "{line}"),
                Ok((row, _)) => assert_eq!(answer, row.name, "{line}"),
                Err(Problem::AmbiguousParameter { mut candidates, losers, .. }) => {
                    candidates.extend(losers);
                    candidates.retain(|name| !added(name));
                    candidates.sort_unstable();
                    let refused = |name: &&&str| {
                        PARAMETERS.iter().any(|row| row.name == **name && row.kind.is_refused())
                    };
                    let is_expected = match candidates.is_empty() {
                        true => answer == "NamedParameterNotFound",
                        false => {
                            answer == "AmbiguousParameter"
                                && wanted
                                    .iter()
                                    .filter(|name| !refused(name))
                                    .all(|name| candidates.contains(name))
                                && candidates.iter().all(|name| wanted.contains(name))
                        }
                    };
                    assert!(is_expected, "{line}: {candidates:?}");
                }
                Err(error) => {
                    assert!(matches!(error, Problem::NamedParameterNotFound { .. }), "{line}: {error:?}");
                    assert_eq!(answer, "NamedParameterNotFound", "{line}");
                }
            }
        }
    }
}
