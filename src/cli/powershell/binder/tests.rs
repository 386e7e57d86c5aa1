//! Section 1 of the cmdlet's specification (Parameters), row by row, and section 7 (Common parameters).

mod answers;
mod errors;
mod spellings;

use std::path::PathBuf;

use pssession::AuthScheme;
use pssession::session::{IdRange, Selector};
use uuid::Uuid;

use super::*;
use crate::cli::powershell::preferences::{ActionPreference, StateFilter};

const GUID: &str = "fc4e9dfa-f246-452d-9fa3-1adbdd64ae85";

fn our_options(option: &str) -> Option<Arity> {
    match option {
        "--output" | "--user" | "--on" => Some(Arity::Value),
        "--yes" => Some(Arity::Flag),
        _ => None,
    }
}

fn binding(cmdlet: Cmdlet, words: &[&str]) -> Result<Binding, BindingError> {
    bind(cmdlet, words.iter().map(OsString::from), &our_options)
}

fn command(cmdlet: Cmdlet, words: &[&str]) -> Result<Bound, BindingError> {
    match binding(cmdlet, words)? {
        Binding::Command(bound) => Ok(*bound),
        Binding::Help(_) => panic!("{words:?} asks for help"),
    }
}

fn remove(words: &[&str]) -> Bound {
    command(Cmdlet::RemovePSSession, words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

fn get(words: &[&str]) -> Bound {
    command(Cmdlet::GetPSSession, words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

fn refusal(words: &[&str]) -> BindingError {
    command(Cmdlet::RemovePSSession, words).expect_err(&words.join(" "))
}

fn guid() -> Uuid {
    GUID.parse().unwrap()
}

fn ids(pairs: &[(i64, i64)]) -> Vec<IdRange> {
    pairs.iter().map(|&(first, last)| IdRange { first, last }).collect()
}

/// Table of parameters, column "Set".
#[test]
fn each_selector_binds_in_its_own_set() {
    for (words, set) in [
        (&["-Id", "1"][..], Set::Id),
        (&["-Session", "-"], Set::Session),
        (&["-ComputerName", "web01"], Set::ComputerName),
        (&["-Name", "build"], Set::Name),
        (&["-InstanceId", GUID], Set::InstanceId),
        (&["-ContainerId", "c0ffee"], Set::ContainerId),
        (&["-VMId", GUID], Set::VmId),
        (&["-VMName", "vm"], Set::VmName),
    ] {
        assert_eq!(remove(words).set, set, "{words:?}");
    }
}

/// Table of parameters, column "Type".
#[test]
fn each_selector_is_converted_to_its_type() {
    let name = |text: &str| vec![text.to_owned()];
    assert_eq!(remove(&["-Id", "1,0x10"]).selection.id, ids(&[(1, 1), (16, 16)]));
    assert_eq!(remove(&["-Session", "a,b.json"]).selection.session, Some(PathBuf::from("a,b.json")));
    assert_eq!(remove(&["-ComputerName", "web01"]).selection.computer_name, name("web01"));
    assert_eq!(remove(&["-Name", " "]).selection.name, name(" "));
    assert_eq!(
        remove(&["-InstanceId", "{FC4E9DFA-F246-452D-9FA3-1ADBDD64AE85}"]).selection.instance_id,
        [guid()]
    );
    assert_eq!(remove(&["-ContainerId", "*"]).selection.container_id, name("*"));
    assert_eq!(remove(&["-VMId", GUID]).selection.vm_id, [guid()]);
    assert_eq!(remove(&["-VMName", "vm*"]).selection.vm_name, name("vm*"));
}

/// Table of parameters, column "Alias".
#[test]
fn the_declared_aliases_stand_for_their_parameters() {
    assert_eq!(remove(&["-Cn", "a"]), remove(&["-ComputerName", "a"]));
    assert_eq!(remove(&["-VMGuid", GUID]), remove(&["-VMId", GUID]));
}

/// "an argument of only digits/commas/ranges is Id, everything else is ComputerName"
#[test]
fn at_position_0_numbers_are_ids_and_all_else_computer_names() {
    for words in [&["3"][..], &["1,3..5"], &["1,", "2"], &["5..3"]] {
        let bound = remove(words);
        assert_eq!((bound.set, bound.selection.computer_name.len()), (Set::Id, 0), "{words:?}");
    }
    for words in [&["web01"][..], &["10.0.0.1"], &["1,web01"], &["Serv*"], &["-3"], &["."], &["0x10"]] {
        let bound = remove(words);
        assert_eq!((bound.set, bound.selection.id.len()), (Set::ComputerName, 0), "{words:?}");
    }
    assert_eq!(remove(&["--", "-Name"]).selection.computer_name, ["-Name"]);
    // As it is typed in PowerShell, where digits in quotes are text.
    assert_eq!(remove(&["'3',", "'4'"]).selection.computer_name, ["3", "4"]);
    assert_eq!(remove(&["'3',4"]).selection.id, ids(&[(3, 3), (4, 4)]));
}

#[test]
fn a_word_with_a_dash_that_names_no_parameter_is_the_value_of_the_one_before_it() {
    assert_eq!(remove(&["-Name", "-foo", "-WhatIf"]).selection.name, ["-foo"]);
    assert_eq!(remove(&["-Name", "\u{2013}foo"]).selection.name, ["\u{2013}foo"]);
    assert_eq!(remove(&["-Id", "1,$null"]).selection.id, ids(&[(1, 1), (0, 0)]));
    assert_eq!(
        remove(&["-InstanceId", "$null,{0x1,0x2,0x3,{0x4,0x5,0x6,0x7,0x8,0x9,0xa,0xb}}"])
            .selection
            .instance_id
            .len(),
        2
    );
}

/// "**Clone**: accept `a..b` in `-Id` directly", "0 and negative numbers are legal", empty text becomes 0.
#[test]
fn ids_may_be_ranges_zero_negative_or_empty() {
    assert_eq!(remove(&["-Id", "1,3..5"]).selection.id, ids(&[(1, 1), (3, 5)]));
    assert_eq!(remove(&["-Id", "5..3"]).selection.id, ids(&[(5, 3)]));
    assert_eq!(remove(&["-Id", "0,", "-7"]).selection.id, ids(&[(0, 0), (-7, -7)]));
    assert_eq!(remove(&["-Id", ""]).selection.id, ids(&[(0, 0)]));
    assert_eq!(remove(&["-Id", "1.5,2.5"]).selection.id, ids(&[(2, 2), (2, 2)]));
}

/// "No check for the all-zero GUID: legal"
#[test]
fn the_guid_of_zeros_is_one() {
    assert_eq!(
        remove(&["-InstanceId", "00000000000000000000000000000000"]).selection.instance_id,
        [Uuid::nil()]
    );
}

/// "A scalar is accepted where an array is declared. Values are separated by commas."
#[test]
fn lists_are_the_same_however_the_shell_has_split_them() {
    let whole = remove(&["-Id", "1,2", "-WhatIf"]);
    for words in [
        &["-Id", "1,", "2", "-WhatIf"][..],
        &["-Id", "1", ",2", "-WhatIf"],
        &["-Id", "1", ",", "2", "-WhatIf"],
        &["-Id:1,", "2", "-WhatIf"],
        &["-WhatIf", "1,", "2"],
    ] {
        assert_eq!(remove(words), whole, "{words:?}");
    }
}

/// Section 7: -WhatIf, -Confirm, -Verbose, -Debug.
#[test]
fn switches_are_on_or_say_which() {
    let common = remove(&["-Name", "a", "-WhatIf", "-Confirm:$false", "-vb:$TRUE", "-Debug:0"]).common;
    assert_eq!((common.what_if, common.confirm), (Some(true), Some(false)));
    assert_eq!((common.verbose, common.debug), (Some(true), Some(false)));
    assert_eq!(remove(&["a", "-WhatIf:$false"]).common.what_if, Some(false));
    // A switch takes no value behind a blank: the word goes on to position 0.
    assert_eq!(remove(&["-Confirm", "web01"]).selection.computer_name, ["web01"]);
}

/// Section 7: -ErrorAction, by name, number and beginning.
#[test]
fn the_error_action_is_a_word_a_number_or_a_beginning() {
    for text in ["Stop", "stop", "1", "St"] {
        assert_eq!(remove(&["a", "-ea", text]).common.error_action, Some(ActionPreference::Stop), "{text}");
    }
}

/// Section 7: "a CLI may accept and ignore the variable ones with a notice"
#[test]
fn variable_parameters_are_accepted_and_listed() {
    let words = "a -ev e -wa Stop -wv w -infa 0 -iv i -proga Ignore -ov +o -ob 5 -pv p";
    let words: Vec<&str> = words.split(' ').collect();
    assert_eq!(
        remove(&words).ignored,
        [
            "ErrorVariable",
            "WarningAction",
            "WarningVariable",
            "InformationAction",
            "InformationVariable",
            "ProgressAction",
            "OutVariable",
            "OutBuffer",
            "PipelineVariable",
        ]
    );
}

#[test]
fn remove_takes_gets_parameters_for_reaching_servers_in_every_set() {
    let reaching = "-Credential LAB\\ci -Authentication Negotiate -UseSSL -Port 5986 -ApplicationName wsman \
                    -ThrottleLimit 4 -ConnectionUri https://web01/wsman,http://web02:5985/wsman";
    for selector in [["-Id", "1"], ["-Session", "-"], ["-VMId", GUID], ["-Name", "a"]] {
        let words: Vec<&str> = selector.into_iter().chain(reaching.split_whitespace()).collect();
        let bound = remove(&words).reaching;
        assert_eq!(bound.credential.as_deref(), Some("LAB\\ci"));
        assert_eq!(bound.authentication, Some(Ok(AuthScheme::Negotiate)));
        assert_eq!((bound.use_ssl, bound.port, bound.throttle_limit), (Some(true), Some(5986), Some(4)));
        assert_eq!(bound.application_name.as_deref(), Some("wsman"));
        assert_eq!(bound.connection_uri, ["https://web01/wsman", "http://web02:5985/wsman"]);
    }
}

#[test]
fn our_own_options_pass_through_with_their_values() {
    let bound = remove(&["--output", "json", "Serv*", "--yes", "-WhatIf", "--on=web01"]);
    assert_eq!(bound.ours, ["--output", "json", "--yes", "--on=web01"]);
    assert_eq!(bound.selection.computer_name, ["Serv*"]);
}

#[test]
fn help_wins_over_everything_else() {
    for words in [&["-?"][..], &["-Nonsense", "-?"], &["--help"], &["-Id", "x", "\u{2013}?"]] {
        assert_eq!(binding(Cmdlet::RemovePSSession, words), Ok(Binding::Help(Cmdlet::RemovePSSession)));
    }
}

/// Section 5, Get-PSSession, and the sets that it declares.
#[test]
fn get_finds_the_set_that_fits_what_was_given() {
    for (words, set) in [
        (&[][..], Set::Name),
        (&["-Verbose"], Set::Name),
        (&["-Name", "a*"], Set::Name),
        // Ours: what is remembered is narrowed as well.
        (&["-State", "Broken"], Set::Name),
        (&["-Name", "a*", "-State", "Opened", "-ConfigurationName", "x"], Set::Name),
        (&["-Id", "3"], Set::Id),
        (&["3"], Set::Id),
        (&["-InstanceId", GUID], Set::InstanceId),
        (&["web01"], Set::ComputerName),
        (&["-Name", "a", "web01"], Set::ComputerName),
        (&["-Name", "a", "3"], Set::ComputerName),
        (&["web01", "-State", "Disconnected", "-Port", "5985", "-UseSSL"], Set::ComputerName),
        (&["web01", "-InstanceId", GUID], Set::ComputerInstanceId),
        (&["-URI", "http://web01/wsman"], Set::ConnectionUri),
        (&["-CU", "http://web01/wsman", "-InstanceId", GUID], Set::ConnectionUriInstanceId),
        (&["-ContainerId", "c"], Set::ContainerId),
        (&["-ContainerId", "c", "-InstanceId", GUID], Set::ContainerIdInstanceId),
        (&["-VMId", GUID, "-Name", "a"], Set::VmId),
        (&["-VMGuid", GUID, "-InstanceId", GUID], Set::VmIdInstanceId),
        (&["-VMName", "vm*", "-State", "All"], Set::VmName),
        (&["-VMName", "vm*", "-InstanceId", GUID], Set::VmNameInstanceId),
    ] {
        assert_eq!(get(words).set, set, "{words:?}");
    }
}

#[test]
fn get_reads_its_filters() {
    let bound = get(&["web01", "-State", "dis", "-ConfigurationName", "Microsoft.*"]);
    assert_eq!(bound.selection.state, Some(StateFilter::Disconnected));
    assert_eq!(bound.filters().unwrap().len(), 2);
    assert_eq!(bound.selectors().unwrap(), [], "the servers to ask are no selector");
    assert_eq!(get(&["web01", "-State", "All"]).filters().unwrap(), []);
}

#[test]
fn what_was_bound_becomes_selectors() {
    assert_eq!(remove(&["1,3..5"]).selectors().unwrap(), [Selector::Id(ids(&[(1, 1), (3, 5)]))]);
    assert_eq!(remove(&["-InstanceId", GUID]).selectors().unwrap(), [Selector::InstanceId(vec![guid()])]);
    assert_eq!(remove(&["-Session", "-"]).selectors().unwrap(), []);
    for words in
        [["-Name", "a*"], ["-ComputerName", "a*"], ["-VMName", "a*"], ["-ContainerId", "a"], ["-VMId", GUID]]
    {
        assert_eq!(remove(&words).selectors().unwrap().len(), 1, "{words:?}");
    }
}
