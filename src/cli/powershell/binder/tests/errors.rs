//! What is refused: the ids and categories of section 1, and each text as it is printed.

use super::*;

fn id(words: &[&str]) -> &'static str {
    refusal(words).id()
}

/// "any two selectors from different sets give `AmbiguousParameterSet`"
#[test]
fn any_two_selectors_are_an_ambiguous_parameter_set() {
    let selectors = [
        ["-Id", "1"],
        ["-Session", "-"],
        ["-ComputerName", "a"],
        ["-Name", "a"],
        ["-InstanceId", GUID],
        ["-ContainerId", "a"],
        ["-VMId", GUID],
        ["-VMName", "a"],
    ];
    for one in selectors {
        for other in selectors.iter().filter(|other| **other != one) {
            let error = refusal(&[one[0], one[1], other[0], other[1]]);
            assert_eq!(error.id(), "AmbiguousParameterSet", "{one:?} {other:?}");
            assert_eq!(error.category(), "InvalidArgument");
        }
    }
}

/// Table of parameters, column "Null / empty handling".
#[test]
fn null_and_empty_are_refused_with_the_id_of_the_parameter() {
    const DECLARED: &str = "ParameterArgumentValidationError";
    const NULL: &str = "ParameterArgumentValidationErrorNullNotAllowed";
    const EMPTY: &str = "ParameterArgumentValidationErrorEmptyArrayNotAllowed";
    for (parameter, value, expected) in [
        ("-Id", "$null", DECLARED),
        ("-Id", "@()", EMPTY),
        ("-Session", "$null", NULL),
        ("-Session", "@()", EMPTY),
        ("-ComputerName", "$NULL", DECLARED),
        ("-ComputerName", "@()", DECLARED),
        ("-ComputerName", "a,$null", DECLARED),
        ("-ComputerName", "", DECLARED),
        ("-Name", "$null", DECLARED),
        ("-Name", "@()", DECLARED),
        ("-Name", "$null,a", DECLARED),
        ("-Name", "", DECLARED),
        ("-InstanceId", "$null", DECLARED),
        ("-InstanceId", "@()", EMPTY),
        ("-ContainerId", "$null", DECLARED),
        ("-ContainerId", "@()", DECLARED),
        ("-ContainerId", "", DECLARED),
        ("-VMId", "$null", DECLARED),
        ("-VMId", "@()", DECLARED),
        ("-VMName", "$null", DECLARED),
        ("-VMName", "@()", DECLARED),
        ("-VMName", "", DECLARED),
    ] {
        let error = refusal(&[parameter, value]);
        assert_eq!((error.id(), error.category()), (expected, "InvalidData"), "{parameter} {value}");
        assert_eq!(error.target(), parameter.strip_prefix('-'));
    }
    assert_eq!(id(&["-Name", "a,", ""]), DECLARED, "an empty member");
}

/// "Text that cannot become the element type (`-Id abc`, `-Id *`, a bad GUID, an integer over Int32)"
#[test]
fn text_of_the_wrong_type_cannot_be_converted() {
    for words in [
        ["-Id", "abc"],
        ["-Id", "*"],
        ["-Id", "2147483648"],
        ["-Id", "1,x"],
        ["-Id", "1.."],
        ["-InstanceId", "fc4e9dfa"],
        ["-InstanceId", ""],
        ["-VMId", "x"],
        ["-Session", ""],
        ["-ErrorAction", "halt"],
        ["-Confirm:perhaps", "1"],
        ["-Port", "http"],
        ["-Credential", "a,b"],
        ["-ConnectionUri", "web01"],
        ["-ConnectionUri", "ftp://web01/"],
        ["-ConnectionUri", "https://"],
    ] {
        let error = refusal(&words);
        assert_eq!(
            (error.id(), error.category()),
            ("CannotConvertArgumentNoMessage", "InvalidArgument"),
            "{words:?}"
        );
    }
}

/// As PowerShell 7.6.9 orders them: names that lack a value or are ambiguous, the values of names in turn, the sets,
/// positions and unknown names in turn, what is missing.
#[test]
fn of_several_errors_powershells_first_is_told() {
    for (line, expected) in [
        ("-Id x -foo", "CannotConvertArgumentNoMessage"),
        ("-Id x -i 3", "AmbiguousParameter"),
        ("-i 3 -Id x -Id 4", "AmbiguousParameter"),
        ("-Name x -Name", "MissingArgument"),
        ("-Id 3 -Id x", "ParameterAlreadyBound"),
        ("-Id x -Id 3", "CannotConvertArgumentNoMessage"),
        ("-Name $null -Id x", "ParameterArgumentValidationError"),
        ("-Id x -Name $null", "CannotConvertArgumentNoMessage"),
        ("-Id 3 -Name x -Id 4", "ParameterAlreadyBound"),
        ("-Id 3 -Name x 7", "AmbiguousParameterSet"),
        ("-Id 3 -Name x -foo", "AmbiguousParameterSet"),
        ("-foo 3 4 -bar", "NamedParameterNotFound"),
        ("3 4 -foo", "PositionalParameterNotFound"),
        ("-foo -WhatIf", "NamedParameterNotFound"),
        ("-foo:3 -Id 3", "NamedParameterNotFound"),
        ("-Name -i", "AmbiguousParameter"),
        ("-Name -foo:3", "MissingArgument"),
        ("-Name -foo, b", "MissingArgument"),
        ("-Id -foo", "CannotConvertArgumentNoMessage"),
        ("-WhatIf -wi:x 3", "ParameterAlreadyBound"),
    ] {
        assert_eq!(id(&line.split(' ').collect::<Vec<_>>()), expected, "{line}");
    }
}

#[test]
fn a_common_parameter_refuses_what_powershell_refuses() {
    for (words, expected) in [
        (["-ev", ""], "ParameterArgumentValidationError"),
        (["-OutVariable", ""], "ParameterArgumentValidationError"),
        (["-pv", ""], "ParameterArgumentValidationError"),
        (["-ob", "-1"], "ParameterArgumentValidationError"),
        (["-ob", "x"], "CannotConvertArgumentNoMessage"),
        (["-wa", "Suspend"], "ParameterBindingFailed"),
        (["-infa", "5"], "ParameterBindingFailed"),
        (["-ea", "Suspend"], "ParameterBindingFailed"),
        (["-wa", "99"], "CannotConvertArgumentNoMessage"),
    ] {
        assert_eq!(id(&["1", words[0], words[1]]), expected, "{words:?}");
    }
}

/// "No arguments at all ... usage error, never 'remove all'"
#[test]
fn without_a_selector_nothing_is_meant() {
    for words in [&[][..], &["-WhatIf"], &["-Confirm:$false"], &["--yes"], &["-Port", "5985"], &["-Verbose"]]
    {
        let error = refusal(words);
        assert_eq!(
            (error.id(), error.category()),
            ("MissingMandatoryParameter", "InvalidArgument"),
            "{words:?}"
        );
    }
}

#[test]
fn a_parameter_needs_its_value_and_takes_it_once() {
    for words in [&["-Name"][..], &["-Name", "-WhatIf"], &["-Name", "--yes"], &["-Name:"], &["-Id", "1,"]] {
        assert_eq!(id(words), "MissingArgument", "{words:?}");
    }
    for words in
        [&["-Name", "a", "-name", "b"][..], &["-Cn", "a", "-com", "b"], &["a", "-WhatIf", "-wi:$false"]]
    {
        assert_eq!(id(words), "ParameterAlreadyBound", "{words:?}");
    }
}

/// "Two positional arguments are `PositionalParameterNotFound`", which is what an expanded wildcard leaves.
#[test]
fn a_second_positional_argument_is_not_taken() {
    for words in [
        &["Server1.txt", "Server2.txt"][..],
        &["1", "2"],
        &["-ComputerName", "Server1.txt", "Server2.txt"],
        &["-Name", "a", "b"],
        &["-Id", "1", "2"],
        &["1", "web01"],
    ] {
        let error = refusal(words);
        assert_eq!(error.id(), "PositionalParameterNotFound", "{words:?}");
        assert!(error.hint().contains("quote wildcards"));
    }
}

/// `-Confirm:$false` and `-WhatIf:$true` as a POSIX shell leaves them; what follows is not their value.
#[test]
fn a_colon_whose_value_the_shell_has_eaten_is_an_error_with_the_hint_to_quote() {
    for words in [&["-Confirm:"][..], &["-Confirm:", "1"], &["-WhatIf:", "$true"], &["-cf:", "-Id", "1"]] {
        let error = refusal(words);
        assert_eq!(error.id(), "MissingArgument", "{words:?}");
        assert!(error.hint().contains("quote the argument, as in '-"), "{}", error.hint());
    }
    assert_eq!(id(&["-Id:", "7"]), "MissingArgument");
}

#[test]
fn a_password_in_a_url_or_behind_a_name_is_never_echoed() {
    for words in [
        &["1", "-ConnectionUri", "https://u:geheim@web01/"][..],
        &["1", "-ConnectionUri", "https://u:geheim,geheim@web01/"],
        &["1", "-ConnectionUri", "u:geheim@web01"],
        &["1", "-Password", "geheim"],
        &["1", "-Password:geheim"],
    ] {
        let error = refusal(words);
        assert!(!format!("{error} {} {error:?}", error.hint()).contains("geheim"), "{error:?}");
    }
}

#[test]
fn get_says_which_parameters_do_not_go_together() {
    let id = |words: &[&str]| command(Cmdlet::GetPSSession, words).unwrap_err().id();
    assert_eq!(id(&["-Id", "1", "-Name", "a"]), "AmbiguousParameterSet");
    assert_eq!(id(&["web01", "-Name", "a", "-InstanceId", GUID]), "AmbiguousParameterSet");
    assert_eq!(id(&["-State", "Opened", "-Id", "1"]), "AmbiguousParameterSet");
    assert_eq!(id(&["-Credential", "ci"]), "AmbiguousParameterSet");
    assert_eq!(id(&["-Port", "5985"]), "MissingMandatoryParameter");
    assert_eq!(id(&["-Session", "-"]), "ParameterNotSupported");
    assert_eq!(id(&["-WhatIf"]), "NamedParameterNotFound");
    assert_eq!(id(&["-Name", "a", "b", "c"]), "PositionalParameterNotFound");
}

/// Each error as it reads: id, category, message, hint.
#[test]
fn each_error_says_what_where_and_what_to_do() {
    let texts: String = EXAMPLES
        .iter()
        .map(|(cmdlet, words)| {
            let error =
                command(*cmdlet, words).and_then(|bound| bound.selectors()).expect_err(&words.join(" "));
            format!("{} ({})\n  {error}\n  {}\n", error.id(), error.category(), error.hint())
        })
        .collect();
    let expected = include_str!("errors.txt");
    assert!(texts == expected, "errors.txt should be:\n{texts}");
}

const EXAMPLES: &[(Cmdlet, &[&str])] = {
    use Cmdlet::{GetPSSession as GET, RemovePSSession as REMOVE};
    &[
        (REMOVE, &["-ComputerName", "a", "-Name", "b"]),
        (GET, &["-Id", "1", "-Name", "b"]),
        (GET, &["-Credential", "ci"]),
        (GET, &["-Credential", "ci", "-State", "Opened"]),
        (REMOVE, &["-c", "a"]),
        (REMOVE, &["-o", "json"]),
        (REMOVE, &["-v"]),
        (REMOVE, &["-Nonsense"]),
        (REMOVE, &["-Force"]),
        (REMOVE, &["-Name=build"]),
        (REMOVE, &["\u{2014}output", "json"]),
        (REMOVE, &["-Name"]),
        (REMOVE, &["-Confirm:", "-Id", "1"]),
        (REMOVE, &["-Id:"]),
        (REMOVE, &["-Id", "1,", "-WhatIf"]),
        (REMOVE, &[",1"]),
        (REMOVE, &["-Id", "1", "-id", "2"]),
        (REMOVE, &["-ComputerName", "Server1.txt", "Server2.txt"]),
        (REMOVE, &["-Id", "abc"]),
        (REMOVE, &["-InstanceId", "fc4e9dfa"]),
        (REMOVE, &["1", "-Confirm:perhaps"]),
        (REMOVE, &["1", "-ErrorAction", "S"]),
        (REMOVE, &["1", "-Credential", "a,b"]),
        (REMOVE, &["1", "-ConnectionUri", "web01"]),
        (REMOVE, &["1", "-ConnectionUri", "https://u:p@web01/"]),
        (REMOVE, &["-Name", ""]),
        (REMOVE, &["-Id", "$null"]),
        (REMOVE, &["-Session", "@()"]),
        (REMOVE, &["-Name", "a,$null"]),
        (REMOVE, &["1", "-Port", "0"]),
        (REMOVE, &[]),
        (GET, &["-Port", "5985"]),
        (REMOVE, &["1", "-CertificateThumbprint", "00"]),
        (REMOVE, &["1", "-SessionOption", "x"]),
        (GET, &["web01", "-AllowRedirection"]),
        (REMOVE, &["1", "-ErrorAction", "Suspend"]),
        (REMOVE, &["1", "-ErrorAction", "6"]),
        (REMOVE, &["1", "-Authentication", "CredSSP"]),
        (REMOVE, &["1", "-Authentication", "Digest"]),
        (REMOVE, &["1", "-Authentication", "NegotiateW"]),
        (REMOVE, &["-Name", "a["]),
    ]
};

#[cfg(unix)]
#[test]
fn text_that_is_not_utf_8_is_refused_as_it_is() {
    use std::os::unix::ffi::OsStringExt as _;
    let words = [OsString::from("-Name"), OsString::from_vec(b"caf\xe9".to_vec())];
    let error = bind(Cmdlet::RemovePSSession, words, &our_options).unwrap_err();
    assert_eq!(error.to_string(), "the argument \"caf\u{fffd}\" is not valid UTF-8");
    assert_eq!((error.id(), error.category()), ("ArgumentNotText", "InvalidArgument"));
}
