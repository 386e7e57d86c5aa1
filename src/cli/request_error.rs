//! Why a request ends before anything is listed or closed, as an error of the command.

use std::error::Error;
use std::path::Path;

use pssession::interchange::ReadErrors;
use pssession::request::{NotRepeatable, RequestError, TableError};
use pssession::transport::SetupError;

use super::diagnostic::Diagnostic;
use super::exit::Exit;
use super::hints::{advice_hint, place};
use super::options::pin_without_host;

impl Diagnostic {
    /// Every error of a file of objects at once, so that it can be put right at once.
    pub(crate) fn objects(name: &str, errors: &ReadErrors, undone: &str) -> Self {
        let mut diagnostic = Self::usage(format!("cannot read sessions from {name}"))
            .about(name)
            .with_hint(format!("see `pssession import --help` for the formats; {undone}"));
        diagnostic.causes = errors.lines();
        diagnostic
    }
}

impl From<RequestError> for Diagnostic {
    fn from(error: RequestError) -> Self {
        match &error {
            RequestError::NotRepeatable(why) => {
                Self::usage(format!("--repeat-for cannot be used here: {why}")).about("--repeat-for").with_hint(
                    match why {
                        NotRepeatable::WhatIf => "remove --what-if or --repeat-for; nothing was sent",
                        NotRepeatable::Ids => {
                            "select by --client-ip, --owner or --name, with the hosts in --on; nothing was sent"
                        }
                        NotRepeatable::KeepsNewest => {
                            "run once for each host, or remove --keep-newest; nothing was sent"
                        }
                        _ => "name the hosts with --on or --inventory, and select by --client-ip, --owner or \
                              --name; nothing was sent",
                    },
                )
            }
            RequestError::Objects { name, errors } => Self::objects(name, errors, "nothing was sent"),
            RequestError::Table(table) => Self::from(table),
            RequestError::BadEndpoint { shell_id, source } => {
                Self::new("BadEndpoint", "InvalidData", source.to_string(), Exit::COULD_NOT_BEGIN)
                    .about(shell_id.as_str())
                    .with_hint("remove the row with `pssession forget`; nothing was sent")
            }
            RequestError::DifferentLogins { endpoint, one, other } => Self::usage(format!(
                "the sessions on {} belong to different logins: {one} and {other}",
                place(endpoint)
            ))
            .with_hint("choose the account with --user, or select sessions of one account; nothing was sent"),
            RequestError::TwoPasswords { user } => {
                Self::usage(format!("the config has two password sources for {user}")).with_hint(
                    "write a local account with its computer, as in WEB01\\Administrator, or run once for each \
                     password source; nothing was sent",
                )
            }
            RequestError::NotOfMachine { source, .. } => {
                Self::usage(error.to_string()).caused_by(source).with_hint(
                    "use --user '.\\NAME', or a password command without {host} for an account of a domain; nothing was \
                     sent",
                )
            }
            RequestError::SharedPassword { .. } => Self::usage(error.to_string()).with_hint(
                "use --user to choose one account, select sessions or servers of one account, or set a password \
                 source for each user in the config; nothing was sent",
            ),
            RequestError::PinWithoutHost(pin) => pin_without_host(pin),
            RequestError::Setup { endpoint, ca_file, source } => {
                Self::usage(format!("cannot connect to {} with these settings", place(endpoint)))
                    .about(endpoint.url())
                    .caused_by(source)
                    .with_hint(match ca_file {
                        Some(path) if matches!(source, SetupError::CaFile { .. }) => {
                            format!("{} must contain CERTIFICATE blocks in PEM; nothing was sent", path.display())
                        }
                        _ => source.advice().map_or_else(
                            || "nothing was sent".to_owned(),
                            |advice| format!("{}; nothing was sent", advice_hint(&advice, endpoint)),
                        ),
                    })
            }
            error => Self::usage(error.to_string()).with_hint("nothing was sent"),
        }
    }
}

impl From<&TableError> for Diagnostic {
    fn from(error: &TableError) -> Self {
        let new = |category, exit| Self::new("StoreUnusable", category, error.to_string(), exit);
        let unusable = |path: &Path, source: &dyn Error| {
            new("OpenError", Exit::COULD_NOT_BEGIN)
                .about(path.display().to_string())
                .caused_by(source)
                .with_hint("use --store for another file; the existing file is not changed")
        };
        match error {
            TableError::Missing => new("OpenError", Exit::COULD_NOT_BEGIN)
                .with_hint("use --store FILE to select one, or --on HOST to query a server"),
            TableError::NotTrusted { path, exposed } => new("SecurityError", Exit::COULD_NOT_BEGIN)
                .about(path.display().to_string())
                .with_hint(format!(
                    "other users could redirect your login; {}, or use --store for another file",
                    exposed.advice()
                )),
            TableError::Store { path, source } => unusable(path, source),
            TableError::Unreadable { path, source } => unusable(path, source),
            _ => new("InvalidResult", Exit::COULD_NOT_BEGIN),
        }
    }
}
