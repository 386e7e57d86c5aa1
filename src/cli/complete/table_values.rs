//! I/O module: what the local table and the config know, as values of options. They are only looked at, and trouble with them stays unsaid.
#![expect(clippy::disallowed_methods, reason = "reads the clock: rows that have expired are not offered")]

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::time::{Duration, SystemTime};

use clap::Command;
use clap_complete::{ArgValueCompleter, CompletionCandidate};
use pssession::request::SessionTable;
use pssession::session::WildcardPattern;
use pssession::store::{StoreError, StoreOptions, StoreReader};
use pssession::{Endpoint, SessionDescriptor};

use super::{MAX_CANDIDATES, is_harmless};
use crate::cli::config::Config;
use crate::cli::hints::place;
use crate::cli::powershell::Cmdlet;

/// How long to wait for other processes that use the table: a person has just pressed a key.
const PATIENCE: Duration = Duration::from_millis(200);

/// A value and a few words on it.
type Known = (String, String);

/// How the values of an option are read from the table.
#[derive(Clone, Copy)]
enum Column {
    /// As the session has it.
    Exact(fn(&SessionDescriptor) -> Option<Known>),
    /// The option takes a pattern, so that what has a meaning there is escaped.
    Pattern(fn(&SessionDescriptor) -> Option<Known>),
    /// The servers that the config names, its groups of them, and those that were listed before.
    Hosts,
    /// Owners, whole, and without their authority where what is typed begins only that.
    Owners,
    /// The words that the option knows, each with its meaning; the table has no others.
    Words(&'static [(&'static str, &'static str)]),
}

/// What `--state` takes.
const STATES: &[(&str, &str)] = &[
    ("opened", "some client is connected"),
    ("disconnected", "no client is connected"),
    ("closed", "it was closed"),
    ("broken", "a complete listing no longer shows it"),
    ("unknown", "no server has reported it"),
];

/// What `--type` takes beside resource URIs.
const TYPES: &[(&str, &str)] = &[("ps", "PowerShell, of any configuration"), ("cmd", "cmd (WinRS)")];

/// What `--per` takes.
const GROUP_KEYS: &[(&str, &str)] = &[
    ("owner", "the account"),
    ("client-ip", "the address of the client"),
    ("computer-name", "the server"),
    ("name", "the session's name"),
    ("type", "PowerShell, cmd or another resource"),
    ("configuration-name", "the PowerShell configuration"),
];

/// The options, by the name of their field, in whichever command they stand.
const OPTIONS: &[(&str, Column)] = &[
    ("id", Column::Exact(|session| Some((session.id?.0.to_string(), about(session))))),
    ("name", Column::Pattern(name)),
    ("exclude", Column::Pattern(name)),
    ("computer_name", Column::Pattern(|session| Some((session.computer_name.to_string(), String::new())))),
    ("instance_id", Column::Exact(|session| Some((session.shell.shell_id.to_string(), about(session))))),
    ("container_id", Column::Exact(|session| Some((session.container_id.clone(), about(session))))),
    ("vm_id", Column::Exact(|session| Some((session.vm_id?.to_string(), session.vm_name.clone())))),
    ("vm_name", Column::Pattern(|session| Some((session.vm_name.clone(), String::new())))),
    (
        "configuration_name",
        Column::Pattern(|session| Some((session.configuration_name()?.to_owned(), String::new()))),
    ),
    ("owner", Column::Owners),
    ("not_owner", Column::Owners),
    ("values", Column::Exact(|session| Some((session.id?.0.to_string(), about(session))))),
    ("hosts", Column::Hosts),
    ("state", Column::Words(STATES)),
    ("kind", Column::Words(TYPES)),
    ("per", Column::Words(GROUP_KEYS)),
    ("on", Column::Hosts),
];

/// The command, with live values for its options, and for `man` the names of its pages.
pub(super) fn with_live_values(command: Command, table: Option<SessionTable>, config: &Config) -> Command {
    let cmdlets = Cmdlet::ALL.map(|cmdlet| cmdlet.name().to_owned());
    let names = command.get_subcommands().map(|one| one.get_name().to_owned());
    let names: Vec<String> = names.chain(cmdlets).collect();
    command.mut_subcommands(|subcommand| {
        let names = names.clone();
        let is_man = subcommand.get_name() == "man";
        let table = &table;
        subcommand.mut_args(move |argument| {
            let completer = match argument.get_id().as_str() {
                "command" if is_man => {
                    let names = names.clone();
                    ArgValueCompleter::new(move |typed: &OsStr| {
                        offer(names.iter().map(|name| (name.clone(), String::new())), typed)
                    })
                }
                id => {
                    let Some((_, column)) = OPTIONS.iter().find(|(option, _)| *option == id) else {
                        return argument;
                    };
                    let (column, table) = (*column, table.clone());
                    let named = named(config, column);
                    ArgValueCompleter::new(move |typed: &OsStr| {
                        let known = table.as_ref().and_then(|table| known(table, column).ok());
                        let known = known.map(|known| with_names(known, column, typed));
                        offer(named.iter().cloned().chain(known.unwrap_or_default()), typed)
                    })
                }
            };
            argument.add(completer)
        })
    })
}

/// What the config has for a column.
fn named(config: &Config, column: Column) -> Vec<Known> {
    let hosts = || config.names().map(|name| (name.to_owned(), String::new()));
    let groups = || config.groups().map(|(name, members)| (format!("@{name}"), members.join(", ")));
    match column {
        Column::Exact(_) | Column::Pattern(_) | Column::Owners => Vec::new(),
        Column::Words(words) => {
            words.iter().map(|(word, about)| ((*word).to_owned(), (*about).to_owned())).collect()
        }
        Column::Hosts => groups().chain(hosts()).collect(),
    }
}

/// All values of a column, those of the newest sessions first.
fn known(table: &SessionTable, column: Column) -> Result<Vec<Known>, StoreError> {
    if !table.is_trusted() {
        return Ok(Vec::new());
    }
    let read_owner: fn(&SessionDescriptor) -> Option<Known> = owner;
    let reader = StoreReader::open_with(table.path(), StoreOptions::default().patience(PATIENCE))?;
    let (read, is_pattern) = match column {
        Column::Hosts => {
            let urls = reader.known_endpoints()?;
            return Ok(urls.iter().map(|url| (host(url), String::new())).collect());
        }
        Column::Words(_) => return Ok(Vec::new()),
        Column::Exact(read) => (read, false),
        Column::Pattern(read) => (read, true),
        Column::Owners => (read_owner, true),
    };
    let rows = reader.all(SystemTime::now())?;
    let mut sessions: Vec<&SessionDescriptor> = rows.sessions().iter().collect();
    sessions.sort_by_key(|session| Reverse((session.seen_at, session.id)));
    let values = sessions.into_iter().filter_map(read);
    Ok(values
        .map(|(value, about)| (if is_pattern { WildcardPattern::escape(&value) } else { value }, about))
        .collect())
}

/// What continues `typed`, each value once. What cannot be written as one value of a list is left out.
fn offer(known: impl IntoIterator<Item = Known>, typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy().to_lowercase();
    let mut seen = HashSet::new();
    known
        .into_iter()
        .filter(|(value, _)| !value.is_empty() && !value.starts_with('-') && !value.contains(','))
        .filter(|(value, _)| is_harmless(value) && value.to_lowercase().starts_with(&typed))
        .filter(|(value, _)| seen.insert(value.clone()))
        .take(MAX_CANDIDATES)
        .map(|(value, about)| {
            let about = Some(about).filter(|about| !about.is_empty());
            CompletionCandidate::new(value).help(about.map(Into::into))
        })
        .collect()
}

fn owner(session: &SessionDescriptor) -> Option<Known> {
    Some((session.shell.owner.as_deref()?.to_owned(), String::new()))
}

/// Behind whole owners their names without an authority, which are patterns, too, where something is typed already.
fn with_names(known: Vec<Known>, column: Column, typed: &OsStr) -> Vec<Known> {
    if typed.is_empty() || !matches!(column, Column::Owners) {
        return known;
    }
    let name = |(owner, _): &Known| {
        owner.split_once('\\').map(|(authority, name)| (name.to_owned(), format!("of {authority}")))
    };
    let names: Vec<Known> = known.iter().filter_map(name).collect();
    known.into_iter().chain(names).collect()
}

fn name(session: &SessionDescriptor) -> Option<Known> {
    Some((session.name()?.to_owned(), format!("on {}", session.computer_name)))
}

/// `build-7 on web01`.
fn about(session: &SessionDescriptor) -> String {
    let name = session.name().map(|name| format!("{name} ")).unwrap_or_default();
    format!("{name}on {}", session.computer_name)
}

/// The shortest way to write an endpoint.
fn host(url: &str) -> String {
    let Ok(endpoint) = Endpoint::parse(url, false) else { return url.to_owned() };
    let name = endpoint.computer_name();
    let ways = [place(&endpoint), format!("{name}:{}", endpoint.port())];
    let leads_there = |way: &String| Endpoint::parse(way, false).is_ok_and(|way| way.url() == url);
    ways.into_iter().find(leads_there).unwrap_or_else(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use pssession::session::{GroupKey, SessionState, SessionType};

    use super::*;
    use crate::cli::commands::Cli;

    #[test]
    fn every_option_with_live_values_exists() {
        let command = Cli::command();
        for (option, _) in OPTIONS {
            let has = |command: &Command| command.get_arguments().any(|one| one.get_id() == option);
            assert!(command.get_subcommands().any(has), "{option}");
        }
    }

    #[test]
    fn every_word_that_is_offered_is_understood() {
        for (word, _) in STATES {
            assert!(SessionState::parse(word).is_ok(), "{word}");
        }
        for (word, _) in TYPES {
            assert!(SessionType::parse(word).is_ok(), "{word}");
        }
        let keys: Vec<_> = GroupKey::ALL.into_iter().map(GroupKey::as_str).collect();
        assert_eq!(GROUP_KEYS.iter().map(|(word, _)| *word).collect::<Vec<_>>(), keys);
    }

    #[test]
    fn a_server_is_offered_as_it_is_named_most_shortly() {
        for (url, shortest) in [
            ("http://web01:5985/wsman", "web01"),
            ("http://web01:8080/wsman", "web01:8080"),
            ("https://web01:5986/wsman", "web01:5986"),
            ("https://web01:8443/wsman", "https://web01:8443/wsman"),
            ("http://web01:5985/other", "http://web01:5985/other"),
        ] {
            assert_eq!(host(url), shortest);
        }
    }

    #[test]
    fn candidates_are_few_and_each_can_be_written_in_a_list() {
        let value = |value: &str| (value.to_owned(), String::new());
        let known = ["Build-7", "a,b", "-x", "", "Build-7", "build\u{7}", "other"].map(value);
        let offered = offer(known, OsStr::new("bUI"));
        assert_eq!(offered.iter().map(CompletionCandidate::get_value).collect::<Vec<_>>(), ["Build-7"]);
        let many = (0..1_000).map(|number| value(&format!("n{number}")));
        assert_eq!(offer(many, OsStr::new("")).len(), MAX_CANDIDATES);
    }
}
