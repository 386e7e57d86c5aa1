//! What was said and changes nothing, so that nobody believes that it did.

use crate::cli::commands::Command;
use crate::cli::commands::remove::RemoveArgs;
use crate::cli::options::is_pattern;
use crate::cli::powershell::Bound;

/// One sentence for each parameter without an effect.
pub(super) fn without_effect(bound: &Bound, command: &Command) -> Vec<String> {
    let ignored = bound.ignored.iter().map(|parameter| format!("-{parameter} has no effect here"));
    let mut notices: Vec<String> = ignored.collect();
    let Command::Remove(args) = command else {
        notices.extend(without_a_server(bound));
        return notices;
    };
    if bound.reaching.application_name.is_some() {
        notices.push(
            "-ApplicationName has no effect here: each session is closed at its known endpoint, and a URL has its \
             own path"
                .to_owned(),
        );
    }
    if bound.reaching.use_ssl == Some(true) && !names_a_computer(bound, args) {
        notices.push(
            "-UseSSL has no effect here: each session is closed at its known endpoint, and the scheme of a URL \
             decides"
                .to_owned(),
        );
    }
    notices
}

/// What Get-PSSession does not do where a wildcard makes it look among the known sessions.
fn without_a_server(bound: &Bound) -> Vec<String> {
    let (patterns, names): (Vec<_>, Vec<_>) =
        bound.selection.computer_name.iter().partition(|name| is_pattern(name));
    let Some(pattern) = patterns.first() else { return Vec::new() };
    let mut notices: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                "{name} was not queried: with the pattern {pattern}, all names filter the known \
            sessions"
            )
        })
        .collect();
    let given = &bound.reaching;
    for (parameter, is_given) in [
        ("Credential", given.credential.is_some()),
        ("Authentication", given.authentication.is_some()),
        ("UseSSL", given.use_ssl == Some(true)),
        ("ApplicationName", given.application_name.is_some()),
    ] {
        if is_given {
            notices.push(format!(
                "-{parameter} has no effect here: the pattern {pattern} filters the known sessions"
            ));
        }
    }
    notices
}

/// Whether a scheme is still to be chosen: for a host without one, or for an object that names no more than a computer.
fn names_a_computer(bound: &Bound, args: &RemoveArgs) -> bool {
    !args.reach.on.is_empty()
        || args.reach.inventory.is_some()
        || args.reach.inventory_command.is_some()
        || args.select.session.is_some()
        || bound.selection.session.is_some()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::super::{bound, cmdlet, own_options};
    use super::*;
    use crate::cli::powershell::Binding;

    fn reported(line: &str) -> Vec<String> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let (cmdlet, words) = cmdlet(&words).unwrap();
        let Binding::Command(bound) = bound(cmdlet, words, || false).unwrap() else {
            panic!("{line} asks for help")
        };
        let notices = without_effect(&bound, &own_options(&bound).unwrap().0.command);
        notices.iter().map(|notice| notice.split(' ').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_name_beside_a_wildcard_is_not_asked_and_what_is_for_servers_alone_is_told() {
        assert_eq!(reported("gsn web01,web* -UseSSL -Credential ci"), ["web01", "-Credential", "-UseSSL"]);
        assert_eq!(reported("gsn web01 -UseSSL -Credential ci"), Vec::<String>::new());
    }

    #[test]
    fn what_has_an_effect_is_not_told() {
        for line in [
            "rsn 1 -Port 90 -Credential ci -Authentication Basic -ThrottleLimit 4",
            "rsn 1 -ConnectionUri https://web01/wsman",
            "rsn 1 -UseSSL --on web01",
            "rsn -Session - -UseSSL",
            "rsn 1 -UseSSL:$false",
            "gsn web01 -UseSSL -Port 90 -ApplicationName other",
        ] {
            assert_eq!(reported(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn what_has_none_is_told_once_each() {
        assert_eq!(reported("rsn 1 -ApplicationName wsman -ov x"), ["-OutVariable", "-ApplicationName"]);
        assert_eq!(reported("rsn 1 -UseSSL"), ["-UseSSL"]);
        assert_eq!(reported("rsn 1 -UseSSL -ConnectionUri https://web01/wsman"), ["-UseSSL"]);
        assert_eq!(reported("gsn web01 -PipelineVariable x"), ["-PipelineVariable"]);
    }
}
