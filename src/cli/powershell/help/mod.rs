//! Help in PowerShell's form: what the table of parameters knows, and the prose beside it. A page is shown as text by
//! `-?`, as a manual page by `man`, and as comments in the PowerShell module.

mod prose;
mod text;

use super::cmdlet::Cmdlet;
use super::declaration::{Kind, Parameter, Pipeline, Place, Tier};
use super::parameters::PARAMETERS;
use super::sets::Set;

pub(crate) use text::help;

/// All that is told of a cmdlet.
#[derive(Debug)]
pub(crate) struct Page {
    /// One line for each parameter set.
    pub(crate) syntax: Vec<String>,
    /// One text a paragraph, here and below.
    pub(crate) description: &'static [&'static str],
    pub(crate) groups: Vec<Group>,
    pub(crate) inputs: &'static str,
    pub(crate) outputs: &'static str,
    pub(crate) notes: &'static [&'static str],
    pub(crate) examples: &'static [Example],
    /// What else to read, as it is typed.
    pub(crate) related: &'static [&'static str],
}

/// Parameters of one kind.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) entries: Vec<Entry>,
}

/// What is told of a parameter.
#[derive(Debug)]
pub(crate) struct Entry {
    /// `-ComputerName, -Cn <String[]>`
    pub(crate) usage: String,
    pub(crate) about: String,
    /// What PowerShell's help tells below a parameter; nothing where it would say nothing new.
    pub(crate) facts: Vec<(&'static str, String)>,
}

/// A command line that does something, as a POSIX shell wants it.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) title: &'static str,
    pub(crate) lines: &'static [&'static str],
    pub(crate) remark: &'static str,
}

/// Whether a parameter belongs to a group.
type Holds = fn(&Parameter, Place) -> bool;

/// The groups, in the order of the page.
const GROUPS: [(&str, Holds); 5] = [
    ("PARAMETERS", |row, place| place.tier == Tier::Declared && !row.kind.is_refused()),
    ("ADDITIONAL PARAMETERS FOR SERVERS", |row, place| place.tier == Tier::Added && !row.kind.is_refused()),
    ("COMMON PARAMETERS", |row, place| place.tier == Tier::Common && !matches!(row.kind, Kind::Ignored(_))),
    ("ACCEPTED, WITHOUT EFFECT", |row, _| matches!(row.kind, Kind::Ignored(_))),
    ("NOT SUPPORTED", |row, _| row.kind.is_refused()),
];

/// The page of a cmdlet.
pub(crate) fn page(cmdlet: Cmdlet) -> Page {
    let prose = prose::of(cmdlet);
    let groups = GROUPS.iter().map(|(title, holds)| {
        let rows = PARAMETERS.iter().filter_map(|row| row.place(cmdlet).map(|place| (row, place)));
        let held = rows.filter(|(row, place)| holds(row, *place));
        Group { title, entries: held.map(|(row, place)| entry(row, place)).collect() }
    });
    Page {
        syntax: cmdlet.sets().iter().map(|set| syntax(cmdlet, *set)).collect(),
        description: prose.description,
        groups: groups.filter(|group| !group.entries.is_empty()).collect(),
        inputs: prose.inputs,
        outputs: prose.outputs,
        notes: prose.notes,
        examples: prose.examples,
        related: prose.related,
    }
}

fn syntax(cmdlet: Cmdlet, set: Set) -> String {
    let mut line = cmdlet.name().to_owned();
    for row in PARAMETERS.iter().filter(|row| !row.kind.is_refused()) {
        let Some(place) = row.place(cmdlet) else { continue };
        if place.tier == Tier::Declared && place.sets.contains(&set) {
            line.push(' ');
            line.push_str(&usage(row, place));
        }
    }
    if cmdlet == Cmdlet::RemovePSSession {
        line.push_str(" [-WhatIf] [-Confirm]");
    }
    line + " [<CommonParameters>]"
}

fn usage(row: &Parameter, place: Place) -> String {
    let name = if place.position.is_some() { format!("[-{}]", row.name) } else { format!("-{}", row.name) };
    let whole = if row.kind.is_switch() { name } else { format!("{name} <{}>", row.kind.type_name()) };
    if place.mandatory { whole } else { format!("[{whole}]") }
}

fn entry(row: &Parameter, place: Place) -> Entry {
    let aliases: String = row.aliases.iter().map(|alias| format!(", -{alias}")).collect();
    let type_name = if row.kind.is_switch() { String::new() } else { format!(" <{}>", row.kind.type_name()) };
    let about = match row.kind {
        Kind::Refused(_, refusal) => format!("{}; {}", refusal.why, refusal.instead),
        kind if kind.accepted().is_empty() => row.help.to_owned(),
        kind => format!("{}: {}", row.help, kind.accepted().join(", ")),
    };
    let telling = place.tier != Tier::Common && !row.kind.is_refused();
    let facts = if telling { facts(place) } else { Vec::new() };
    Entry { usage: format!("-{}{aliases}{type_name}", row.name), about, facts }
}

fn facts(place: Place) -> Vec<(&'static str, String)> {
    let position = place.position.map_or_else(|| "named".to_owned(), |position| position.to_string());
    let pipeline = match place.pipeline {
        Pipeline::Nothing => "false",
        Pipeline::ByName => "true (ByPropertyName)",
        Pipeline::ByValueAndName => "true (ByValue, ByPropertyName)",
    };
    vec![
        ("Required?", place.mandatory.to_string()),
        ("Position?", position),
        ("Accept pipeline input?", pipeline.to_owned()),
        ("Accept wildcard characters?", place.wildcards.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::commands::Cli;
    use crate::cli::complete::words;
    use crate::cli::powershell::{Binding, arity, bind};
    use crate::cli::powershell_entry::verb;

    #[test]
    fn every_parameter_of_a_cmdlet_is_on_its_page_once() {
        for cmdlet in Cmdlet::ALL {
            let page = help(cmdlet);
            let (_, page) = page.split_once("\nPARAMETERS\n").unwrap();
            let (page, _) = page.split_once("\nINPUTS\n").unwrap();
            for row in PARAMETERS {
                let heads = page.lines().filter(|line| {
                    line.strip_prefix("    -")
                        .is_some_and(|rest| rest.split([' ', ',']).next() == Some(row.name))
                });
                assert_eq!(heads.count(), usize::from(row.place(cmdlet).is_some()), "{}", row.name);
            }
        }
    }

    #[test]
    fn each_set_has_its_line_of_syntax() {
        let syntax = page(Cmdlet::RemovePSSession).syntax;
        assert_eq!(syntax.len(), 8);
        for line in [
            "Remove-PSSession [-Id] <Int32[]> [-WhatIf] [-Confirm] [<CommonParameters>]",
            "Remove-PSSession [-Session] <PSSession[]> [-WhatIf] [-Confirm] [<CommonParameters>]",
            "Remove-PSSession -VMId <Guid[]> [-WhatIf] [-Confirm] [<CommonParameters>]",
        ] {
            assert!(syntax.iter().any(|printed| printed == line), "{line}\n{syntax:#?}");
        }
        let get = page(Cmdlet::GetPSSession).syntax;
        assert_eq!(
            get.first().unwrap(),
            "Get-PSSession [-Name <String[]>] [-State <SessionFilterState>] [-ConfigurationName <String>] \
             [<CommonParameters>]"
        );
    }

    /// Section 1, the table of parameters: position, pipeline, wildcards.
    #[test]
    fn the_facts_of_the_selectors_are_those_of_the_cmdlet() {
        let page = page(Cmdlet::RemovePSSession);
        let facts = |name: &str| -> Vec<String> {
            let entries = page.groups.iter().flat_map(|group| &group.entries);
            let head = |entry: &&Entry| entry.usage.split([' ', ',']).next() == Some(name);
            entries.clone().find(head).unwrap().facts.iter().map(|(_, fact)| fact.clone()).collect()
        };
        assert_eq!(facts("-Id"), ["true", "0", "true (ByPropertyName)", "false"]);
        assert_eq!(facts("-Session"), ["true", "0", "true (ByValue, ByPropertyName)", "false"]);
        assert_eq!(facts("-ComputerName"), ["true", "0", "true (ByPropertyName)", "true"]);
        assert_eq!(facts("-Name"), ["true", "named", "true (ByPropertyName)", "true"]);
        assert_eq!(facts("-ContainerId"), ["true", "named", "true (ByPropertyName)", "false"]);
        assert_eq!(facts("-VMName"), ["true", "named", "true (ByPropertyName)", "true"]);
        assert_eq!(facts("-Port"), ["false", "named", "false", "false"]);
        assert!(facts("-Verbose").is_empty());
    }

    #[test]
    fn each_example_names_a_cmdlet_and_says_what_it_does() {
        for (cmdlet, least) in [(Cmdlet::RemovePSSession, 6), (Cmdlet::GetPSSession, 5)] {
            let page = page(cmdlet);
            assert!(page.examples.len() >= least);
            for example in page.examples {
                assert!(example.lines.iter().any(|line| line.contains(cmdlet.name())), "{example:?}");
                assert!(!example.remark.is_empty() && !example.title.is_empty());
            }
        }
    }

    #[test]
    fn each_cmdlet_in_an_example_is_understood() {
        let mut command = Cli::command();
        command.build();
        for example in Cmdlet::ALL.into_iter().flat_map(|cmdlet| page(cmdlet).examples) {
            let parts =
                example.lines.iter().flat_map(|line| line.split(" | ").flat_map(|part| part.split("; ")));
            for (at, part) in parts.map(|part| part.trim_start_matches("EndPSS() { ")).enumerate() {
                let words = words(part.split(" > ").next().unwrap());
                let Some(cmdlet) = words.first().and_then(|word| Cmdlet::named(word)) else { continue };
                let ours = command.find_subcommand(verb(cmdlet)).unwrap();
                let mut rest: Vec<OsString> = words.into_iter().skip(1).map(OsString::from).collect();
                if at > 0 && rest.is_empty() && cmdlet == Cmdlet::RemovePSSession {
                    // At the end of a pipe.
                    rest = ["-Session", "-"].map(OsString::from).into();
                }
                let bound = bind(cmdlet, rest, &|option| arity(ours, option));
                assert!(matches!(bound, Ok(Binding::Command(_))), "{part}: {bound:?}");
            }
        }
    }
}
