//! A command that was typed in PowerShell's spelling: bound, said in our own words, run, and told in PowerShell's
//! manner.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};

use super::args::ErrorAction;
use super::commands::Cli;
use super::diagnostic::{Diagnostic, DiagnosticFormat, PowerShellStyle};
use super::environment::Environment;
use super::exit::Exit;
use super::options::CmdletOptions;
use super::powershell::{
    self, Binding, BindingError, Bound, Cmdlet, arity, bind, is_verbose, selector_with_two_dashes,
};
use super::{run_in, source, start_output, suggestions};

#[cfg(test)]
mod answers;
mod notices;

/// The cmdlet whose page is asked for with `help`, as in `pssession help rsn`.
pub(crate) fn asks_for_help(words: &[OsString]) -> Option<Cmdlet> {
    match words {
        [_, help, name] if help == "help" => Cmdlet::named(name.to_str()?),
        _ => None,
    }
}

/// Prints the page of a cmdlet.
pub(crate) fn help(cmdlet: Cmdlet) -> Exit {
    // Whoever closed the pipe wants no more of it.
    let _ = write!(std::io::stdout().lock(), "{}", powershell::help(cmdlet));
    Exit::SUCCESS
}

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
    let bound = match bound(cmdlet, words, source::stdin_is_piped) {
        Ok(Binding::Command(bound)) => bound,
        Ok(Binding::Help(cmdlet)) => return help(cmdlet),
        Err(error) => return report_binding_error(&error, cmdlet, words),
    };
    let (cli, cmdlet) = match own_options(&bound) {
        Ok(parsed) => parsed,
        Err(error) => return report_binding_error(&error, cmdlet, words),
    };
    if !asks_for_json(words) && !cli.talk.quiet {
        for notice in notices::without_effect(&bound, &cli.command) {
            let _ = writeln!(std::io::stderr().lock(), "WARNING: {notice}");
        }
    }
    start_output(&cli.talk);
    let quiet = cli.talk.quiet;
    let exit = run_in(&cli, &Environment { cmdlet, quiet, ..Environment::default() });
    in_powershells_codes(exit, Diagnostic::records())
}

/// Our own options among the words, and what the parameters mean beside them.
fn own_options(bound: &Bound) -> Result<(Cli, CmdletOptions), BindingError> {
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
    Ok((cli, CmdletOptions::new(bound)?))
}

fn report_binding_error(error: &BindingError, cmdlet: Cmdlet, words: &[OsString]) -> Exit {
    let style = PowerShellStyle {
        cmdlet: cmdlet.name(),
        class: cmdlet.class(),
        verbose: is_verbose(cmdlet, words),
        action: ErrorAction::default(),
    };
    let json = asks_for_json(words);
    let format = if json { DiagnosticFormat::Json } else { DiagnosticFormat::Concise(style) };
    let mut diagnostic = unbound(error, selector_with_two_dashes(cmdlet, words));
    if !json {
        // The record of a binding error has no target object in PowerShell; a program here learns the parameter.
        diagnostic.target = None;
    }
    diagnostic.emit(format);
    Exit::USAGE
}

/// PowerShell knows success, failure and what could not be bound; what only we know keeps its own code.
fn in_powershells_codes(exit: Exit, records: usize) -> Exit {
    match (exit.code(), records) {
        (0 | 1 | 3 | 4, 0) => Exit::SUCCESS,
        (0 | 1 | 3 | 4, _) => Exit::COULD_NOT_BEGIN,
        _ => exit,
    }
}

/// Binds the words. What lacks nothing but the sessions, at the end of a pipe, takes those that come out of it; a
/// selector with one dash too many has said which, and is an error.
fn bound(cmdlet: Cmdlet, words: &[OsString], is_piped: impl Fn() -> bool) -> Result<Binding, BindingError> {
    match bound_as_typed(cmdlet, words) {
        Err(error)
            if error.lacks_sessions() && selector_with_two_dashes(cmdlet, words).is_none() && is_piped() =>
        {
            let from_the_pipe = ["-Session", "-"].map(OsString::from);
            bound_as_typed(cmdlet, &[&from_the_pipe, words].concat())
        }
        bound => bound,
    }
}

fn bound_as_typed(cmdlet: Cmdlet, words: &[OsString]) -> Result<Binding, BindingError> {
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
pub(crate) fn verb(cmdlet: Cmdlet) -> &'static str {
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

/// `selector` was typed as an option of our own, which only narrows what a cmdlet has chosen.
fn unbound(error: &BindingError, selector: Option<&str>) -> Diagnostic {
    let hint = match selector.filter(|_| error.lacks_sessions()) {
        Some(selector) => format!("use one dash for parameters of a cmdlet: -{selector}"),
        None => error.hint(),
    };
    let diagnostic = Diagnostic::new(error.id(), error.category(), error.to_string(), Exit::USAGE)
        .with_hint(format!("{hint}; nothing was sent"));
    match error.target() {
        Some(target) => diagnostic.about(target),
        None => diagnostic,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use pssession::SessionQuery;
    use pssession::session::{Filter, Selector, WildcardPattern};

    use crate::cli::commands::Command;
    use crate::cli::options::SelectOptions;

    use super::*;

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
    fn an_error_record_makes_the_code_1_and_what_powershell_has_no_word_for_keeps_its_own() {
        use pssession::teardown::RunStatus;
        for (ours, without, with) in [
            (RunStatus::Success, 0, 1),
            (RunStatus::CouldNotBegin, 0, 1),
            (RunStatus::NotAsRequired, 0, 1),
            (RunStatus::Partial, 0, 1),
            (RunStatus::CredentialRefused, 5, 5),
            (RunStatus::Deadline, 7, 7),
            (RunStatus::Unknown, 8, 8),
            (RunStatus::Interrupted, 130, 130),
            (RunStatus::Terminated, 143, 143),
        ] {
            let codes = [0, 3].map(|records| in_powershells_codes(ours.into(), records).code());
            assert_eq!(codes, [without, with], "{ours:?}");
        }
        for exit in [Exit::USAGE, Exit::UNCONFIRMED] {
            assert_eq!(in_powershells_codes(exit, 1), exit);
        }
    }

    /// Our own options and what the parameters mean.
    fn read(words: &[&str]) -> (Cli, CmdletOptions) {
        let words: Vec<OsString> =
            std::iter::once("pssession").chain(words.iter().copied()).map(OsString::from).collect();
        let (cmdlet, words) = cmdlet(&words).unwrap();
        match bound(cmdlet, words, || false).unwrap() {
            Binding::Command(bound) => own_options(&bound).unwrap(),
            Binding::Help(_) => panic!("help"),
        }
    }

    fn query(words: &[&str]) -> SessionQuery {
        let (_, cmdlet) = read(words);
        SessionQuery::new(cmdlet.selectors, cmdlet.filters)
    }

    /// The query of our own command line.
    fn own_query(words: &[&str]) -> SessionQuery {
        let cli = Cli::try_parse_from(std::iter::once("pssession").chain(words.iter().copied())).unwrap();
        let Command::Remove(args) = cli.command else { panic!("{words:?}") };
        SelectOptions::read(&args.select, None, &CmdletOptions::default()).unwrap().query
    }

    #[test]
    fn parameters_and_own_options_make_the_same_query() {
        for (parameters, options) in [
            (&["rsn", "1,4..7", "-WhatIf"][..], &["remove", "--id", "1,4..7"][..]),
            (&["Remove-PSSession", "-Name", "web*,x"], &["remove", "--name", "web*,x"]),
            (&["rsn", "-cn", "web*", "-Port", "90"], &["remove", "--computer-name", "web*", "--port", "90"]),
            (&["gsn", "-Name", "x", "-State", "Opened"], &["remove", "--name", "x", "--state", "opened"]),
        ] {
            assert_eq!(query(parameters), own_query(options), "{parameters:?}");
        }
        // The backtick is the pattern's own: what follows it is literal.
        let names = ["a`,b", "c*"].map(|text| WildcardPattern::new(text).unwrap()).to_vec();
        let expected = SessionQuery::new(vec![Selector::Name(names)], Vec::new());
        assert_eq!(query(&["rsn", "-Name", "a`,b,c*"]), expected);
    }

    #[test]
    fn parameters_become_values_beside_our_own_options() {
        let (cli, cmdlet) = read(&["rsn", "1", "-WhatIf", "-ea", "Stop", "--output", "json", "--yes"]);
        let Command::Remove(args) = cli.command else { panic!() };
        assert!(cmdlet.what_if && args.yes && args.output.output.is_some());
        assert_eq!(cmdlet.error_action, Some(ErrorAction::Stop));
        assert_eq!(read(&["rsn", "1", "-Confirm:$false"]).1.confirm, Some(false));
        let (_, cmdlet) = read(&["rsn", "1", "-cf", "-Credential", "LAB\\ada", "-ThrottleLimit", "5"]);
        assert_eq!((cmdlet.confirm, cmdlet.connection.user.as_deref()), (Some(true), Some("LAB\\ada")));
        assert_eq!(cmdlet.connection.parallel_hosts, Some(5));
        let (cli, cmdlet) = read(&["rsn", "-Session", "-", "--store", "x.db"]);
        let Command::Remove(args) = cli.command else { panic!() };
        assert_eq!((cmdlet.session, args.table.store), (Some("-".into()), Some("x.db".into())));
    }

    #[test]
    fn a_computer_becomes_a_host_with_its_port_scheme_and_path() {
        let hosts = |words: &[&str]| {
            let connection = read(words).1.connection;
            (connection.hosts, connection.tls)
        };
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
            let (_, cmdlet) = read(&["gsn", "-ComputerName", name, "-Port", "90"]);
            let pattern = vec![WildcardPattern::new(name).unwrap()];
            assert_eq!(cmdlet.selectors, [Selector::ComputerName(pattern)]);
            assert_eq!(cmdlet.filters, [Filter::Port(vec![90])]);
            assert!(cmdlet.connection.hosts.is_empty());
        }
    }

    #[test]
    fn help_takes_the_name_of_a_cmdlet_in_any_case() {
        let asked = |words: &[&str]| asks_for_help(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(asked(&["pssession", "help", "Remove-PSSession"]), Some(Cmdlet::RemovePSSession));
        assert_eq!(asked(&["pssession", "help", "get-pssession"]), Some(Cmdlet::GetPSSession));
        assert_eq!(asked(&["pssession", "help", "remove"]), None);
        assert_eq!(asked(&["pssession", "help"]), None);
    }

    #[test]
    fn sessions_come_out_of_a_pipe_only_where_nothing_else_says_which() {
        let at_the_end_of_a_pipe = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            match bound(Cmdlet::RemovePSSession, &words, || true) {
                Ok(Binding::Command(bound)) => Some(bound.selection),
                _ => None,
            }
        };
        let stdin = Some(PathBuf::from("-"));
        assert_eq!(at_the_end_of_a_pipe(&[]).unwrap().session, stdin);
        assert_eq!(at_the_end_of_a_pipe(&["-WhatIf", "--yes"]).unwrap().session, stdin);
        assert_eq!(at_the_end_of_a_pipe(&["-Id", "1"]).unwrap().session, None);
        assert_eq!(at_the_end_of_a_pipe(&["-Name"]), None);
        for ours in [&["--id", "1"][..], &["--computer-name=web01"], &["--session", "sessions.json"]] {
            assert_eq!(at_the_end_of_a_pipe(ours), None, "{ours:?}");
        }
        assert_eq!(at_the_end_of_a_pipe(&["-Name", "x", "-Id", "1"]), None);
        let nothing = bound(Cmdlet::GetPSSession, &[], || panic!("Get-PSSession takes no objects"));
        assert!(matches!(nothing, Ok(Binding::Command(bound)) if bound.selection.session.is_none()));
    }

    #[test]
    fn a_selector_with_two_dashes_is_told_how_it_is_written_here() {
        let hint = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            let error = bound(Cmdlet::RemovePSSession, &words, || false).unwrap_err();
            unbound(&error, selector_with_two_dashes(Cmdlet::RemovePSSession, &words)).hint.unwrap()
        };
        assert!(hint(&["--computer-name", "web01"]).contains("cmdlet: -ComputerName;"));
        assert!(hint(&["--id=3", "--yes"]).contains("cmdlet: -Id;"));
        assert!(hint(&["--all"]).starts_with("select the sessions with -Id"));
        // What is wrong is something else.
        assert!(!hint(&["--id=3", "-Foo"]).contains("one dash"));
    }
}
