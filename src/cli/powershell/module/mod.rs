//! The PowerShell module: functions that call this command and give back objects. What the table of parameters knows is
//! filled into the texts beside this file; no PowerShell has run them here.

use std::fmt::Write as _;

use super::cmdlet::Cmdlet;
use super::declaration::{Check, Kind, Parameter, Pipeline, Place, Tier};
use super::parameters::PARAMETERS;

/// The folder of the module, and what it is called.
pub(crate) const MODULE: &str = "Pssession";

/// The account and its password are one parameter there.
const CREDENTIAL: &str = "Credential";

/// Where a parameter means more in PowerShell than on a command line.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("Id", "The numbers that the list shows, such as 1, 2 or (4..7)."),
    ("Session", "Sessions, as Get-PssSession or Get-PSSession gives them."),
    (
        CREDENTIAL,
        "The account and its password, which goes into the environment of the command and nowhere else.",
    ),
];

/// A file of the module: its name, and what is in it.
pub(crate) type File = (&'static str, String);

/// The files of the module.
pub(crate) fn files() -> [File; 3] {
    let mut functions = include_str!("Pssession.psm1").to_owned();
    for cmdlet in Cmdlet::ALL {
        for (part, text) in [
            ("help", help(cmdlet)),
            ("parameters", parameters(cmdlet)),
            ("names", names(cmdlet)),
            ("selectors", selectors(cmdlet)),
        ] {
            let place = format!("{{{{{}.{part}}}}}\n", cmdlet.name());
            functions = functions.replace(&place, &text);
        }
    }
    [
        ("Pssession.psd1", include_str!("Pssession.psd1").replace("{{version}}", env!("CARGO_PKG_VERSION"))),
        ("Pssession.psm1", functions),
        ("Pssession.Format.ps1xml", include_str!("Pssession.Format.ps1xml").to_owned()),
    ]
}

/// What a function declares: what the cmdlet does itself, and what reaches servers. PowerShell adds the common ones.
fn rows(cmdlet: Cmdlet) -> impl Iterator<Item = (&'static Parameter, Place)> {
    let rows = PARAMETERS.iter().filter_map(move |row| row.place(cmdlet).map(|place| (row, place)));
    rows.filter(|(row, place)| place.tier != Tier::Common && !row.kind.is_refused())
}

fn help(cmdlet: Cmdlet) -> String {
    let mut text = String::new();
    for (row, _) in rows(cmdlet) {
        let other = OTHER_WORDS.iter().find(|(name, _)| *name == row.name);
        let about = other.map_or_else(|| format!("{}.", row.help), |(_, words)| (*words).to_owned());
        // Writing into a String cannot fail.
        let _ = writeln!(text, "    .PARAMETER {}\n    {about}\n", row.name);
    }
    text
}

fn parameters(cmdlet: Cmdlet) -> String {
    let mut text = String::new();
    for (row, place) in rows(cmdlet) {
        for attribute in attributes(cmdlet, row, place) {
            let _ = writeln!(text, "        [{attribute}]");
        }
        let _ = writeln!(text, "        [{}] ${},\n", type_name(row), row.name);
    }
    text
}

fn attributes(cmdlet: Cmdlet, row: &Parameter, place: Place) -> Vec<String> {
    let mut all = Vec::new();
    let mut facts = String::new();
    if place.mandatory {
        facts.push_str(", Mandatory");
    }
    // Every text would fit an object, and is to be a computer.
    if let Some(position) = place.position.filter(|_| !matches!(row.kind, Kind::Objects(_))) {
        let _ = write!(facts, ", Position = {position}");
    }
    // Whatever is piped goes to the command as an object, which looks at its properties itself.
    if place.pipeline == Pipeline::ByValueAndName {
        facts.push_str(", ValueFromPipeline");
    }
    if place.sets.len() < cmdlet.sets().len() {
        all.extend(place.sets.iter().map(|set| format!("Parameter(ParameterSetName = '{set:?}'{facts})")));
    }
    if !row.aliases.is_empty() {
        all.push(format!("Alias({})", quoted(row.aliases)));
    }
    if !matches!(row.kind, Kind::Switch(_) | Kind::Port(_) | Kind::Int(_)) {
        let check =
            if row.check == Check::NotNullOrEmpty { "ValidateNotNullOrEmpty()" } else { "ValidateNotNull()" };
        all.push(check.to_owned());
    }
    match row.kind {
        Kind::Port(_) => all.push("ValidateRange(1, 65535)".to_owned()),
        Kind::Text(_) if row.name == CREDENTIAL => {
            all.push("System.Management.Automation.Credential()".to_owned())
        }
        kind if !kind.offered().is_empty() => all.push(format!("ValidateSet({})", quoted(&kind.offered()))),
        _ => {}
    }
    all
}

fn type_name(row: &Parameter) -> &'static str {
    match row.kind {
        Kind::Switch(_) => "switch",
        Kind::Ids(_) => "int[]",
        Kind::Guids(_) => "guid[]",
        Kind::Texts(_) => "string[]",
        Kind::Objects(_) => "psobject[]",
        Kind::Uris(_) => "uri[]",
        Kind::Port(_) | Kind::Int(_) => "int",
        Kind::Text(_) if row.name == CREDENTIAL => "pscredential",
        _ => "string",
    }
}

/// Those that are handed on as words.
fn names(cmdlet: Cmdlet) -> String {
    let said =
        rows(cmdlet).filter(|(row, _)| row.name != CREDENTIAL && !matches!(row.kind, Kind::Objects(_)));
    lines(said.map(|(row, _)| row.name).collect())
}

/// Those that say which sessions are meant, without objects.
fn selectors(cmdlet: Cmdlet) -> String {
    let selecting =
        rows(cmdlet).filter(|(row, place)| place.mandatory && !matches!(row.kind, Kind::Objects(_)));
    lines(selecting.map(|(row, _)| row.name).collect())
}

/// Words of an array, a line for each few of them.
fn lines(names: Vec<&str>) -> String {
    names.chunks(6).map(|few| format!("            {}\n", quoted(few))).collect()
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_is_left_open_and_no_text_ends_its_comment() {
        for (name, text) in files() {
            assert!(!text.contains("{{") && !text.contains("}}"), "{name}");
            assert_eq!(text.matches("<#").count(), text.matches("#>").count(), "{name}");
        }
    }

    #[test]
    fn each_function_has_the_parameters_of_its_cmdlet() {
        let [_, (_, functions), _] = files();
        for cmdlet in Cmdlet::ALL {
            let name = cmdlet.name().replace("PSSession", "PssSession");
            let (_, function) = functions.split_once(&format!("\nfunction {name} {{")).unwrap();
            let (function, _) = function.split_once("\n}\n").unwrap();
            for (row, _) in rows(cmdlet) {
                assert_eq!(function.matches(&format!("] ${},\n", row.name)).count(), 1, "{}", row.name);
                assert!(function.contains(&format!("    .PARAMETER {}\n", row.name)), "{}", row.name);
            }
            assert!(!function.contains("$CertificateThumbprint"));
        }
    }

    #[test]
    fn a_declaration_says_what_the_table_says() {
        let remove = parameters(Cmdlet::RemovePSSession);
        let id = "        [Parameter(ParameterSetName = 'Id', Mandatory, Position = 0)]\n        [ValidateNotNull()]\n        [int[]] $Id,\n";
        assert!(remove.contains(id), "{remove}");
        assert!(remove.contains("[Parameter(ParameterSetName = 'Session', Mandatory, ValueFromPipeline)]"));
        let get = parameters(Cmdlet::GetPSSession);
        assert!(get.contains("[ValidateSet('All', 'Opened', 'Disconnected', 'Closed', 'Broken')]"), "{get}");
        assert!(get.contains("[pscredential] $Credential,"));
    }
}
