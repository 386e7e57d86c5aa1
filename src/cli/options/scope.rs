//! Where sessions come from: the servers that are named, the local table, or objects from a file or a pipe.

use std::path::{Path, PathBuf};

use pssession::interchange::{self, ObjectReader, SessionObject};
use pssession::request::Source;
use pssession::store::Origin;

use crate::cli::args::ReachArgs;
use crate::cli::config::Naming;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::source;

use super::{CmdletConnection, SelectOptions};

/// Where the sessions come from among which the query selects, before it is read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The named servers are asked now.
    Servers,
    /// The local table, and in it the sessions of these origins.
    Table(&'static [Origin]),
    /// The objects in this file; `-` is stdin. Servers that are named beside it may be sent a credential.
    Objects(PathBuf, Extent),
}

/// How far a source of objects is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Extent {
    #[default]
    Whole,
    /// Stdin up to an empty line: it stays open behind it.
    BlankLine,
    /// Not at all: what stands in place of its path are the objects themselves, as `"$s"` gives them.
    Text,
}

impl Extent {
    /// How this value of `--session` is read: JSON or CLIXML is no path, unless there is such a file.
    pub(crate) fn of(value: &Path) -> Self {
        let text = value.to_str().unwrap_or_default().trim();
        let is_text =
            (text.starts_with(['{', '[']) && text.ends_with(['}', ']'])) || text.starts_with("<Objs");
        if is_text && !source::is_file(text) { Self::Text } else { Self::Whole }
    }
}

impl Scope {
    /// For a command that can ask servers.
    pub(crate) fn of(
        select: &SelectOptions,
        reach: &ReachArgs,
        cmdlet: &CmdletConnection,
    ) -> Result<Self, Diagnostic> {
        one_reader_of_stdin(select, reach)?;
        let has_inventory = reach.inventory.is_some() || reach.inventory_command.is_some();
        let servers = !reach.on.is_empty() || has_inventory || !cmdlet.hosts.is_empty();
        if servers && select.cached {
            return Err(Diagnostic::usage("--cached and --on cannot be used together")
                .with_hint("remove one of them; nothing was sent"));
        }
        if servers && select.session.is_none() { Ok(Self::Servers) } else { Self::without_servers(select) }
    }

    /// The same where another program runs this one and leaves stdin open: it is read for nothing but the objects.
    pub(crate) fn supervised(self, reach: &ReachArgs) -> Result<Self, Diagnostic> {
        if let [option, ..] = readers_of_stdin(reach)[..] {
            return Err(Diagnostic::usage(format!("{option} cannot read stdin, which --supervised watches"))
                .with_hint("use a file instead; nothing was sent"));
        }
        match self {
            Self::Objects(path, _) if path == Path::new("-") => Ok(Self::Objects(path, Extent::BlankLine)),
            other => Ok(other),
        }
    }

    /// For a command that asks no server.
    pub(crate) fn without_servers(select: &SelectOptions) -> Result<Self, Diagnostic> {
        match &select.session {
            Some(_) if select.cached => {
                Err(Diagnostic::usage("--cached and --session cannot be used together")
                    .with_hint("remove one of them; nothing was done"))
            }
            Some(path) => Ok(Self::Objects(path.clone(), Extent::of(path))),
            // Whoever names one session by its number or id means that one, however it came into the table.
            None if select.cached || select.names_one() => Ok(Self::Table(&Origin::ALL)),
            None => Ok(Self::Table(&Origin::CURRENT)),
        }
    }

    /// Reads the objects, if that is what it is. With `unbound`, those that PowerShell cannot bind are kept, too.
    pub(crate) fn read(self, naming: &Naming, unbound: bool) -> Result<Source, Diagnostic> {
        Ok(match self {
            Self::Servers => Source::Hosts,
            Self::Table(origins) => Source::Table(origins),
            Self::Objects(path, extent) => {
                let objects = read_objects(&path, extent, naming, unbound, "nothing was sent")?;
                Source::Objects { objects, name: shown(&path, extent) }
            }
        })
    }

    /// Where else to look for what is missed.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Table(origins) if origins.contains(&Origin::Listed) => Some(
                "list the known sessions with `pssession get --cached`, or use --on HOST to query a server",
            ),
            Self::Table(_) => Some("use --cached to include listed sessions, or --on HOST to query a server"),
            Self::Servers => {
                Some("list the sessions with `pssession get` and the same --on, or use the wildcards * and ?")
            }
            Self::Objects(..) => None,
        }
    }
}

/// Hands over each object of a file, or of stdin where the path is `-`, as soon as it is read: what comes before an error
/// counts for nothing. `undone` says what has not happened then.
pub(crate) fn read_each_object(
    path: &Path,
    naming: &Naming,
    undone: &str,
    take: impl FnMut(SessionObject),
) -> Result<(), Diagnostic> {
    let endpoint_of = |host: &str| naming.endpoint(host);
    let mut reader = ObjectReader::new(source::now(), &endpoint_of, take);
    let name = source::shown(path);
    source::pieces(path, |piece| reader.feed(piece)).map_err(|error| unreadable(&name, &error, undone))?;
    reader.finish().map_err(|errors| Diagnostic::objects(&name, &errors, undone))
}

fn unreadable(name: &str, error: &std::io::Error, undone: &str) -> Diagnostic {
    Diagnostic::usage(format!("cannot read {name}")).about(name).caused_by(error).with_hint(undone)
}

/// All objects of a file, or of stdin where the path is `-`. `undone` says what has not happened if there are none.
fn read_objects(
    path: &Path,
    extent: Extent,
    naming: &Naming,
    unbound: bool,
    undone: &str,
) -> Result<Vec<SessionObject>, Diagnostic> {
    let name = shown(path, extent);
    let bytes = match extent {
        Extent::Text => Ok(path.as_os_str().as_encoded_bytes().to_vec().into()),
        Extent::Whole => source::bytes(path, interchange::MAX_BYTES),
        Extent::BlankLine => source::stdin_to_blank_line(interchange::MAX_BYTES),
    };
    let bytes = bytes.map_err(|error| unreadable(&name, &error, undone))?;
    let read = if unbound { interchange::read_with_unbound } else { interchange::read };
    read(&bytes, source::now(), &|host| naming.endpoint(host))
        .map_err(|errors| Diagnostic::objects(&name, &errors, undone))
}

/// The name of a source of objects in an error.
fn shown(path: &Path, extent: Extent) -> String {
    if extent == Extent::Text { "the text of --session".to_owned() } else { source::shown(path) }
}

/// What `-` stands for can be read once.
fn one_reader_of_stdin(select: &SelectOptions, reach: &ReachArgs) -> Result<(), Diagnostic> {
    let session = (select.session.as_deref() == Some(Path::new("-"))).then_some("--session");
    let readers: Vec<_> = session.into_iter().chain(readers_of_stdin(reach)).collect();
    if readers.len() > 1 {
        return Err(Diagnostic::usage(format!("stdin is used more than once: {}", readers.join(" and ")))
            .with_hint("use files for the others; stdin can be read only once; nothing was sent"));
    }
    Ok(())
}

/// The options that say where and as whom, and read stdin.
fn readers_of_stdin(reach: &ReachArgs) -> Vec<&'static str> {
    let readers = [
        ("--inventory", reach.inventory.as_deref()),
        ("--password-file", reach.login.password_file.as_deref()),
        ("--ca-file", reach.trust.ca_file.as_deref()),
    ];
    let stdin = readers.into_iter().filter(|(_, path)| *path == Some(Path::new("-")));
    stdin.map(|(option, _)| option).collect()
}
