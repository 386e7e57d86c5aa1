//! What is looked at: the servers that are named, the local table, or objects from a file or a pipe.

use std::path::{Path, PathBuf};

use pssession::store::Origin;

use crate::cli::args::{ReachArgs, SelectArgs};
use crate::cli::diagnostic::Diagnostic;

/// Where the sessions come from among which the query selects.
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
}

impl Scope {
    /// What a command looks at that can ask servers.
    pub(crate) fn of(select: &SelectArgs, reach: &ReachArgs) -> Result<Self, Diagnostic> {
        one_reader_of_stdin(select, reach)?;
        let servers = !reach.on.is_empty() || reach.inventory.is_some();
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

    /// What a command looks at that asks no server.
    pub(crate) fn without_servers(select: &SelectArgs) -> Result<Self, Diagnostic> {
        match &select.session {
            Some(_) if select.cached => {
                Err(Diagnostic::usage("--cached and --session cannot be used together")
                    .with_hint("remove one of them; nothing was done"))
            }
            Some(path) => Ok(Self::Objects(path.clone(), Extent::Whole)),
            // Whoever names one session by its number or id means that one, however it came into the table.
            None if select.cached || !select.id.is_empty() || !select.instance_id.is_empty() => {
                Ok(Self::Table(&Origin::ALL))
            }
            None => Ok(Self::Table(&Origin::CURRENT)),
        }
    }
}

/// What `-` stands for can be read once.
fn one_reader_of_stdin(select: &SelectArgs, reach: &ReachArgs) -> Result<(), Diagnostic> {
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
