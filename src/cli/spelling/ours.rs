//! What was bound, as our own command line would say it.

use std::net::Ipv6Addr;

use clap::Parser as _;

use super::verb;
use crate::cli::args::{Cli, Command, GetArgs, LoginArgs, ReachArgs, RemoveArgs, SelectArgs};
use crate::cli::powershell::{Authentication, Bound, Reaching, StateFilter};
use crate::cli::suggestions;

/// The most hosts that are asked at once, whatever a script's `-ThrottleLimit` says.
const MAX_THROTTLE: i32 = 1_000;

/// Our own command line that means the same. Our options were typed in our spelling; the rest is filled in, not
/// spelt, so that a comma in a name stays one.
pub(super) fn in_our_words(bound: &Bound) -> Cli {
    // Our parser knows that these two exclude each other, however each was said.
    let confirm = bound.common.confirm.map(|asks| if asks { "--confirm" } else { "--yes" });
    let mut words = vec!["pssession".to_owned(), verb(bound.cmdlet).to_owned()];
    words.extend(confirm.map(str::to_owned));
    words.extend(bound.ours.iter().filter(|word| Some(word.as_str()) != confirm).cloned());
    let mut cli =
        Cli::try_parse_from(&words).unwrap_or_else(|error| suggestions::advise(error, &words).exit());
    if bound.common.debug == Some(true) {
        cli.talk.verbose = cli.talk.verbose.max(2);
    }
    match &mut cli.command {
        Command::Remove(args) => remove(bound, args),
        Command::Get(args) => get(bound, args),
        _ => {}
    }
    cli
}

fn remove(bound: &Bound, args: &mut RemoveArgs) {
    select(bound, &mut args.select);
    args.select.computer_name.extend(bound.selection.computer_name.iter().cloned());
    args.select.port.extend(bound.reaching.port);
    args.what_if |= bound.common.what_if == Some(true);
    if let Some(action) = bound.common.error_action.and_then(|action| action.ours().ok()) {
        args.error_action = action;
    }
    reach(&bound.reaching, &mut args.reach);
}

fn get(bound: &Bound, args: &mut GetArgs) {
    select(bound, &mut args.select);
    let names = &bound.selection.computer_name;
    if names.iter().any(|name| is_pattern(name)) {
        // No server has such a name: the help page means those of the known sessions whose computer matches.
        args.select.computer_name.extend(names.iter().cloned());
        args.select.port.extend(bound.reaching.port);
    } else {
        args.reach.on.extend(names.iter().map(|name| host(name, &bound.reaching)));
    }
    reach(&bound.reaching, &mut args.reach);
}

fn select(bound: &Bound, args: &mut SelectArgs) {
    let given = &bound.selection;
    args.id.extend(given.id.iter().map(ToString::to_string));
    args.session = given.session.clone().or(args.session.take());
    args.name.extend(given.name.iter().cloned());
    args.instance_id.extend(given.instance_id.iter().map(ToString::to_string));
    args.container_id.extend(given.container_id.iter().cloned());
    args.vm_id.extend(given.vm_id.iter().map(ToString::to_string));
    args.vm_name.extend(given.vm_name.iter().cloned());
    args.state.extend(given.state.and_then(StateFilter::state).map(|state| state.as_str().to_owned()));
    args.configuration_name.extend(given.configuration_name.iter().cloned());
}

fn reach(given: &Reaching, args: &mut ReachArgs) {
    args.on.extend(given.connection_uri.iter().cloned());
    args.tls |= given.use_ssl == Some(true);
    login(given, &mut args.login);
    // As in PowerShell, 0 and less leave it to the default.
    let throttle = given.throttle_limit.filter(|limit| *limit > 0).map(|limit| limit.min(MAX_THROTTLE));
    args.limits.parallel_hosts =
        throttle.and_then(|limit| u16::try_from(limit).ok()).or(args.limits.parallel_hosts);
}

fn login(given: &Reaching, args: &mut LoginArgs) {
    args.user = given.credential.clone().or(args.user.take());
    let scheme = given.authentication.and_then(|scheme: Authentication| scheme.ours().ok());
    args.auth = scheme.map(str::to_owned).or(args.auth.take());
}

/// Whether a computer's name has wildcards; the brackets of an IPv6 address are none.
pub(super) fn is_pattern(name: &str) -> bool {
    let name = name.trim();
    let address = name.strip_prefix('[').and_then(|rest| rest.split(['%', ']']).next());
    let is_address = address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    name.contains(['*', '?', '[']) && !is_address
}

/// A server of `-ComputerName`, with what `-Port`, `-UseSSL` and `-ApplicationName` say of all of them.
fn host(name: &str, given: &Reaching) -> String {
    let host = match name.trim() {
        "" | "." => "localhost".to_owned(),
        bare if bare.parse::<Ipv6Addr>().is_ok() => format!("[{bare}]"),
        name => name.to_owned(),
    };
    let (scheme, usual) = if given.use_ssl == Some(true) { ("https", 5986) } else { ("http", 5985) };
    match (&given.application_name, given.port) {
        (None, None) => host,
        (None, Some(port)) => format!("{host}:{port}"),
        (Some(application), port) => {
            format!("{scheme}://{host}:{}/{}", port.unwrap_or(usual), application.trim_start_matches('/'))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::super::{bound, cmdlet};
    use super::*;
    use crate::cli::powershell::Binding;

    fn cli(words: &[&str]) -> Cli {
        let words: Vec<OsString> =
            std::iter::once("pssession").chain(words.iter().copied()).map(OsString::from).collect();
        let (cmdlet, words) = cmdlet(&words).unwrap();
        match bound(cmdlet, words, || false).unwrap() {
            Binding::Command(bound) => in_our_words(&bound),
            Binding::Help(_) => panic!("help"),
        }
    }

    fn remove_args(words: &[&str]) -> RemoveArgs {
        match cli(words).command {
            Command::Remove(args) => args,
            other => panic!("{other:?}"),
        }
    }

    fn hosts(words: &[&str]) -> (Vec<String>, bool) {
        match cli(words).command {
            Command::Get(args) => (args.reach.on, args.reach.tls),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_said_in_powershells_words_means_the_same_in_ours() {
        let args = remove_args(&["rsn", "1,4..7", "-WhatIf", "-ea", "Stop", "--output", "json", "--yes"]);
        assert_eq!(args.select.id, ["1", "4..7"]);
        assert!(args.what_if && args.yes && args.output.output.is_some());
        let args = remove_args(&["Remove-PSSession", "-Name", "a`,b,c*", "-Confirm:$false"]);
        // The backtick is the pattern's own: what follows it is literal.
        assert_eq!(args.select.name, ["a`,b", "c*"]);
        assert!(args.yes && !args.confirm);
        let args = remove_args(&["rsn", "-cn", "web*", "-cf", "-Credential", "LAB\\ada", "-Port", "90"]);
        assert_eq!((args.select.computer_name, args.select.port), (vec!["web*".to_owned()], vec![90]));
        assert!(args.confirm);
        assert_eq!(args.reach.login.user.as_deref(), Some("LAB\\ada"));
        let args = remove_args(&["rsn", "-Session", "-", "-ThrottleLimit", "5", "--store", "x.db"]);
        assert_eq!(args.select.session.as_deref(), Some(Path::new("-")));
        assert_eq!(args.reach.limits.parallel_hosts, Some(5));
    }

    #[test]
    fn a_computer_becomes_a_host_with_its_port_scheme_and_path() {
        let on = |host: &str| (vec![host.to_owned()], false);
        assert_eq!(hosts(&["gsn", "web01"]), on("web01"));
        assert_eq!(hosts(&["gsn", "-ComputerName", "."]), on("localhost"));
        assert_eq!(hosts(&["gsn", "-cn", "2001:db8::1", "-Port", "90"]), on("[2001:db8::1]:90"));
        assert_eq!(hosts(&["gsn", "[fe80::1%eth0]:5985"]), on("[fe80::1%eth0]:5985"));
        let tls = (vec!["https://web01:5986/other".to_owned()], true);
        assert_eq!(hosts(&["gsn", "-cn", "web01", "-UseSSL", "-ApplicationName", "/other"]), tls);
        assert_eq!(hosts(&["gsn", "-ConnectionUri", "http://web01/wsman"]), on("http://web01/wsman"));
    }

    #[test]
    fn a_computer_with_wildcards_is_looked_for_among_the_known_sessions() {
        for name in ["Serv*", "web0?", "[sw]eb01", "web[01]"] {
            let Command::Get(args) = cli(&["gsn", "-ComputerName", name, "-Port", "90"]).command else {
                panic!("{name}")
            };
            assert_eq!((args.select.computer_name, args.select.port), (vec![name.to_owned()], vec![90]));
            assert!(args.reach.on.is_empty());
        }
    }
}
