//! No command line panics the binder, and every spelling of a command is the same command.

use proptest::prelude::*;

use super::*;
use crate::cli::powershell::words::DASHES;

/// Words that mean something, and others.
fn any_word() -> impl Strategy<Value = String> {
    let names: Vec<String> = PARAMETERS
        .iter()
        .flat_map(|row| row.aliases.iter().chain([&row.name]).map(|name| format!("-{name}")))
        .chain(
            ["-?", "--", "-", "--output", "--yes", ",", "$null", "@()", "1..5", "-Confirm:", GUID]
                .map(str::to_owned),
        )
        .collect();
    prop_oneof![
        4 => prop::sample::select(names),
        2 => "[-\u{2013}\u{2014}\u{2015}]{0,2}[a-zA-Z]{0,4}:?[0-9,.$@()'a-z`-]{0,6}",
        1 => "\\PC{0,12}",
    ]
}

/// What a selector is given: the parameter, a value, and the shortest beginning that means it.
const SELECTORS: &[(&str, &str, usize)] = &[
    ("Id", "1,3..5", 2),
    ("Session", "-", 1),
    ("ComputerName", "Serv*,web01", 3),
    ("Name", "build-*", 1),
    ("InstanceId", GUID, 2),
    ("ContainerId", "c0ffee", 3),
    ("VMId", GUID, 3),
    ("VMName", "vm1,vm2", 3),
];

/// The same of other parameters; the empty value is a switch.
const OTHERS: &[(&str, &str, usize)] = &[
    ("WhatIf", "", 2),
    ("Confirm", "", 4),
    ("Verbose", "", 2),
    ("Debug", "", 1),
    ("ErrorAction", "Stop", 6),
    ("ErrorVariable", "problems", 6),
    ("OutBuffer", "5", 4),
    ("PipelineVariable", "it", 2),
    ("Port", "5986", 2),
    ("Credential", "LAB\\ci", 2),
    ("Authentication", "Basic", 2),
];

fn cased(name: &str, upper: &[bool]) -> String {
    let flip = |(letter, upper): (char, &bool)| {
        if *upper { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
    };
    name.chars().zip(upper.iter().cycle()).map(flip).collect()
}

/// One parameter, spelled in some way.
fn spelled(row: (&str, &str, usize), dash: char, keep: usize, upper: &[bool], colon: bool) -> Vec<String> {
    let (name, value, shortest) = row;
    let end = shortest + keep % (name.len() - shortest + 1);
    let name = format!("{dash}{}", cased(name.get(..end).unwrap(), upper));
    match (value, colon) {
        ("", false) => vec![name],
        ("", true) => vec![format!("{name}:$true")],
        (value, true) => vec![format!("{name}:{value}")],
        (value, false) => vec![name, value.to_owned()],
    }
}

proptest! {
    #[test]
    fn no_command_line_panics_the_binder(words in prop::collection::vec(any_word(), 0..8), to_get: bool) {
        let cmdlet = if to_get { Cmdlet::GetPSSession } else { Cmdlet::RemovePSSession };
        match bind(cmdlet, words.iter().map(OsString::from), &our_options) {
            Ok(Binding::Command(bound)) => {
                let _ = (bound.selectors(), bound.filters());
                // Never all: whatever was bound to be removed names its sessions.
                let chosen = &bound.selection;
                prop_assert!(to_get || bound.selectors().map_or(true, |picked| picked.len() == 1) || chosen.session.is_some());
            }
            Ok(Binding::Help(_)) => {}
            Err(error) => prop_assert!(!error.to_string().is_empty() && !error.hint().is_empty()),
        }
    }

    #[test]
    fn every_spelling_of_a_command_is_the_same_command(
        selector in prop::sample::select(SELECTORS),
        others in prop::sample::subsequence(OTHERS, 0..5),
        dash in prop::sample::select(&DASHES[..]),
        keep in 0..40_usize,
        upper in prop::collection::vec(any::<bool>(), 1..9),
        colon: bool,
        last: bool,
    ) {
        let canonical = |row: &(&str, &str, usize)| spelled(*row, '-', row.0.len() - row.2, &[false], false);
        let typed = |row: &(&str, &str, usize)| spelled(*row, dash, keep, &upper, colon);
        let plain: Vec<String> = std::iter::once(&selector).chain(&others).flat_map(canonical).collect();
        let mut words: Vec<String> = if last { Vec::new() } else { typed(&selector) };
        words.extend(others.iter().flat_map(typed));
        words.extend(if last { typed(&selector) } else { Vec::new() });
        let bound = |words: &[String]| {
            command(Cmdlet::RemovePSSession, &words.iter().map(String::as_str).collect::<Vec<_>>())
        };
        prop_assert!(bound(&plain).is_ok(), "{:?}", plain);
        prop_assert_eq!(bound(&words), bound(&plain), "{:?}", words);
    }
}
