//! A command that was typed in PowerShell's spelling: bound, said in our own words, run, and told in PowerShell's
//! manner.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::Ipv6Addr;
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};

use super::args::{Cli, Command, GetArgs, LoginArgs, ReachArgs, RemoveArgs, SelectArgs};
use super::commands::Context;
use super::diagnostic::{Diagnostic, DiagnosticFormat};
use super::exit::Exit;
use super::manner::{Manner, Voice};
use super::powershell::{
    ActionPreference, Authentication, Binding, BindingError, Bound, Cmdlet, Reaching, StateFilter, arity,
    bind, help,
};
use super::{foreign, run_in, start_logging};

/// The most hosts that are asked at once, whatever a script's `-ThrottleLimit` says.
const MAX_THROTTLE: i32 = 1_000;

/// The cmdlet that a command line names, as the program itself (a link of its name) or as the first word, and the words
/// behind it.
pub(crate) fn cmdlet(words: &[OsString]) -> Option<(Cmdlet, &[OsString])> {
    let (program, words) = words.split_first()?;
    let program = Path::new(program).file_name().and_then(|name| name.to_str());
    if let Some(cmdlet) = program.and_then(Cmdlet::named) {
        return Some((cmdlet, words));
    }
    let (first, rest) = words.split_first()?;
    Some((Cmdlet::named(first.to_str()?)?, rest))
}

/// Runs it.
pub(crate) fn run(cmdlet: Cmdlet, words: &[OsString]) -> Exit {
    let plain = Voice { cmdlet: cmdlet.name(), class: cmdlet.class(), verbose: false, silent: false };
    let format = if asks_for_json(words) { DiagnosticFormat::Json } else { DiagnosticFormat::Concise(plain) };
    let bound = match bound(cmdlet, words) {
        Ok(Binding::Command(bound)) => bound,
        Ok(Binding::Help(cmdlet)) => {
            // Whoever closed the pipe wants no more of it.
            let _ = write!(std::io::stdout().lock(), "{}", help(cmdlet));
            return Exit::SUCCESS;
        }
        Err(error) => {
            unbound(&error).emit(format);
            return Exit::USAGE;
        }
    };
    let voice = Voice {
        verbose: bound.common.verbose == Some(true),
        silent: matches!(
            bound.common.error_action,
            Some(ActionPreference::SilentlyContinue | ActionPreference::Ignore)
        ),
        ..plain
    };
    let cli = match in_our_words(&bound) {
        Ok(cli) => cli,
        Err(error) => {
            unbound(&error).emit(format);
            return Exit::USAGE;
        }
    };
    for parameter in &bound.ignored {
        let _ = writeln!(std::io::stderr().lock(), "WARNING: -{parameter} has no effect here");
    }
    start_logging(&cli.talk);
    let context = Context { manner: Manner::PowerShell(voice), ..Context::default() };
    let exit = run_in(&cli, &context, in_powershells_words);
    // PowerShell knows success, failure and what could not be bound; what only we know keeps its own code.
    match (exit.code(), Diagnostic::records()) {
        (0 | 1 | 3 | 4, 0) => Exit::SUCCESS,
        (0 | 1 | 3 | 4, _) => Exit::COULD_NOT_BEGIN,
        _ => exit,
    }
}

fn bound(cmdlet: Cmdlet, words: &[OsString]) -> Result<Binding, BindingError> {
    let mut ours = Cli::command();
    ours.build();
    let ours = ours.find_subcommand(verb(cmdlet));
    let binding =
        bind(cmdlet, words.iter().cloned(), &|option| ours.and_then(|command| arity(command, option)))?;
    if let Binding::Command(bound) = &binding {
        // A bad pattern or filter is an error of the command line, too.
        bound.selectors()?;
        bound.filters()?;
    }
    Ok(binding)
}

/// Our command for a cmdlet.
fn verb(cmdlet: Cmdlet) -> &'static str {
    match cmdlet {
        Cmdlet::RemovePSSession => "remove",
        Cmdlet::GetPSSession => "get",
    }
}

/// Before anything is bound only the words can tell.
fn asks_for_json(words: &[OsString]) -> bool {
    let json = |word: &OsString| word == "json" || word == "ndjson";
    let joined = |word: &OsString| word == "--output=json" || word == "--output=ndjson";
    words.iter().any(joined)
        || words
            .windows(2)
            .any(|pair| matches!(pair, [option, format] if option == "--output" && json(format)))
}

fn unbound(error: &BindingError) -> Diagnostic {
    let diagnostic = Diagnostic::new(error.id(), error.category(), error.to_string(), Exit::USAGE)
        .with_hint(format!("{}; nothing was sent", error.hint()));
    match error.target() {
        Some(target) => diagnostic.about(target),
        None => diagnostic,
    }
}

/// The same advice with the names that PowerShell's user knows.
fn in_powershells_words(mut diagnostic: Diagnostic) -> Diagnostic {
    if diagnostic.id == "ConfirmationNeeded" {
        diagnostic.hint = Some(
            "look at it with -WhatIf, then say '-Confirm:$false' or --yes; nothing was closed".to_owned(),
        );
    }
    diagnostic
}

/// Our own command line that means the same. Our options were typed in our spelling; the rest is filled in, not
/// spelt, so that a comma in a name stays one.
fn in_our_words(bound: &Bound) -> Result<Cli, BindingError> {
    let words = ["pssession".to_owned(), verb(bound.cmdlet).to_owned()];
    let words: Vec<String> = words.into_iter().chain(bound.ours.iter().cloned()).collect();
    let mut cli = Cli::try_parse_from(&words).unwrap_or_else(|error| foreign::advise(error, &words).exit());
    if bound.common.debug == Some(true) {
        cli.talk.verbose = cli.talk.verbose.max(2);
    }
    match &mut cli.command {
        Command::Remove(args) => remove(bound, args),
        Command::Get(args) => get(bound, args),
        _ => {}
    }
    Ok(cli)
}

fn remove(bound: &Bound, args: &mut RemoveArgs) {
    select(bound, &mut args.select);
    args.select.computer_name.extend(bound.selection.computer_name.iter().cloned());
    args.select.port.extend(bound.reaching.port);
    args.what_if |= bound.common.what_if == Some(true);
    match bound.common.confirm {
        Some(true) => args.confirm = true,
        Some(false) => args.yes = true,
        None => {}
    }
    if let Some(action) = bound.common.error_action.and_then(|action| action.ours().ok()) {
        args.error_action = action;
    }
    reach(&bound.reaching, &mut args.reach);
}

fn get(bound: &Bound, args: &mut GetArgs) {
    select(bound, &mut args.select);
    let hosts = bound.selection.computer_name.iter().map(|name| host(name, &bound.reaching));
    args.reach.on.extend(hosts);
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
    use super::*;

    fn cli(words: &[&str]) -> Cli {
        let words: Vec<OsString> =
            std::iter::once("pssession").chain(words.iter().copied()).map(OsString::from).collect();
        let (cmdlet, words) = cmdlet(&words).unwrap();
        match bound(cmdlet, words).unwrap() {
            Binding::Command(bound) => in_our_words(&bound).unwrap(),
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
    fn a_cmdlet_is_the_first_word_or_the_program_itself() {
        let named = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            cmdlet(&words).map(|(cmdlet, rest)| (cmdlet, rest.len()))
        };
        assert_eq!(named(&["pssession", "rsn", "1"]), Some((Cmdlet::RemovePSSession, 1)));
        assert_eq!(named(&["/usr/local/bin/Remove-PSSession", "1"]), Some((Cmdlet::RemovePSSession, 1)));
        assert_eq!(named(&["gsn"]), Some((Cmdlet::GetPSSession, 0)));
        assert_eq!(named(&["pssession", "remove", "rsn"]), None);
        assert_eq!(named(&["pssession"]), None);
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
        let tls = (vec!["https://web01:5986/other".to_owned()], true);
        assert_eq!(hosts(&["gsn", "-cn", "web01", "-UseSSL", "-ApplicationName", "/other"]), tls);
        assert_eq!(hosts(&["gsn", "-ConnectionUri", "http://web01/wsman"]), on("http://web01/wsman"));
    }
}
