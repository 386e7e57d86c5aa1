//! Help in PowerShell's form, read from the table.

use std::fmt::Write as _;

use super::cmdlet::Cmdlet;
use super::declaration::{Kind, Parameter, Place, Tier};
use super::parameters::PARAMETERS;
use super::sets::Set;

/// The groups of parameters, in the order of the page.
const GROUPS: [Group; 5] = [
    Group { title: "PARAMETERS", holds: |row, place| place.tier == Tier::Declared && !is_refused(row) },
    Group {
        title: "PARAMETERS BEYOND POWERSHELL'S OWN, FOR REACHING SERVERS",
        holds: |row, place| place.tier == Tier::Added && !is_refused(row),
    },
    Group {
        title: "COMMON PARAMETERS",
        holds: |row, place| place.tier == Tier::Common && !matches!(row.kind, Kind::Ignored(_)),
    },
    Group { title: "ACCEPTED, WITHOUT EFFECT", holds: |row, _| matches!(row.kind, Kind::Ignored(_)) },
    Group { title: "NOT SUPPORTED", holds: |row, _| is_refused(row) },
];

struct Group {
    title: &'static str,
    holds: fn(&Parameter, Place) -> bool,
}

/// The page that `-?` prints.
pub(crate) fn help(cmdlet: Cmdlet) -> String {
    let mut page =
        format!("NAME\n    {} ({})\n    {}\n\nSYNTAX\n", cmdlet.name(), cmdlet.alias(), cmdlet.about());
    for set in cmdlet.sets() {
        // Writing into a String cannot fail.
        let _ = writeln!(page, "    {}", syntax(cmdlet, *set));
    }
    for group in GROUPS {
        let rows: Vec<&Parameter> = PARAMETERS
            .iter()
            .filter(|row| row.place(cmdlet).is_some_and(|place| (group.holds)(row, place)))
            .collect();
        if !rows.is_empty() {
            let _ = writeln!(page, "\n{}", group.title);
        }
        for row in rows {
            page.push_str(&entry(row));
        }
    }
    page.push_str(NOTES);
    page
}

const NOTES: &str = "
NOTES
    Names may be abbreviated while they are unambiguous, in any case. Values are separated by commas.
    In a shell, quote wildcards and dollar signs: -Name 'build-*', '-Confirm:$false'.
    Options of pssession itself keep their two dashes: --output, --yes, --user, --on.
";

fn syntax(cmdlet: Cmdlet, set: Set) -> String {
    let mut line = cmdlet.name().to_owned();
    for row in PARAMETERS.iter().filter(|row| !is_refused(row)) {
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

fn entry(row: &Parameter) -> String {
    let aliases: String = row.aliases.iter().map(|alias| format!(", -{alias}")).collect();
    let type_name = if row.kind.is_switch() { String::new() } else { format!(" <{}>", row.kind.type_name()) };
    let about = match row.kind {
        Kind::Refused(_, refusal) => format!("{}; {}", refusal.why, refusal.instead),
        kind if kind.accepted().is_empty() => row.help.to_owned(),
        kind => format!("{}: {}", row.help, kind.accepted().join(", ")),
    };
    format!("    -{}{aliases}{type_name}\n        {about}\n", row.name)
}

fn is_refused(row: &Parameter) -> bool {
    matches!(row.kind, Kind::Refused(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_of_a_cmdlet_is_on_its_page_once() {
        for cmdlet in Cmdlet::ALL {
            let page = help(cmdlet);
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
        let page = help(Cmdlet::RemovePSSession);
        for line in [
            "Remove-PSSession [-Id] <Int32[]> [-WhatIf] [-Confirm] [<CommonParameters>]",
            "Remove-PSSession [-Session] <PSSession[]> [-WhatIf] [-Confirm] [<CommonParameters>]",
            "Remove-PSSession -VMId <Guid[]> [-WhatIf] [-Confirm] [<CommonParameters>]",
        ] {
            assert!(page.lines().any(|printed| printed.trim() == line), "{line}\n{page}");
        }
        assert!(
            help(Cmdlet::GetPSSession).contains(
                "    Get-PSSession [-Name <String[]>] [-State <SessionFilterState>] [-ConfigurationName <String>] \
                 [<CommonParameters>]\n"
            )
        );
    }
}
