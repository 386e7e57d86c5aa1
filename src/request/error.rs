//! Why a request cannot be carried out.

use std::path::PathBuf;

use super::repetition::NotRepeatable;
use crate::auth::AuthError;
use crate::interchange::ReadErrors;
use crate::permissions::Exposed;
use crate::store::StoreError;
use crate::transport::{Endpoint, EndpointError, PinWithoutHost, SetupError};
use crate::wsman::ShellId;

/// Why a request ends before its sessions are listed or closed. What happened to a host or a session later is an
/// [`Event`](super::Event), or stands in the report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The query has neither a selector nor a filter: it would choose every session.
    #[error("no selector for the sessions")]
    NoSelector,
    /// The request is to be repeated, and cannot be.
    #[error("this selection cannot be repeated")]
    NotRepeatable(#[from] NotRepeatable),
    /// Evidence is to be kept, and the caller keeps none.
    #[error("this program keeps no evidence")]
    EvidenceNotKept,
    /// Objects that name sessions cannot be resolved.
    #[error("cannot read sessions from {name}")]
    Objects {
        /// What they were read from.
        name: String,
        /// What is wrong with which of them.
        #[source]
        errors: ReadErrors,
    },
    /// The local table is needed and cannot be used.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A remembered session has an endpoint that is none.
    #[error("session {shell_id} has no valid endpoint")]
    BadEndpoint {
        /// The session.
        shell_id: ShellId,
        /// What is wrong with the endpoint.
        source: EndpointError,
    },
    /// The sessions of one host were reached by different logins, and the settings choose none of them.
    #[error("the sessions on {} belong to different logins: {one} and {other}", endpoint.url())]
    DifferentLogins {
        /// The host.
        endpoint: Endpoint,
        /// A user.
        one: String,
        /// Another.
        other: String,
    },
    /// One account has two password sources.
    #[error("there are two password sources for {user}")]
    TwoPasswords {
        /// The account.
        user: String,
    },
    /// A password for each host is wanted for what may be an account of a domain.
    #[error("cannot use a password for each host on {}", endpoint.computer_name())]
    NotOfMachine {
        /// The host.
        endpoint: Endpoint,
        /// Which account it is.
        source: AuthError,
    },
    /// Several accounts have the same password source.
    #[error("one password cannot be used for several accounts: {}", users.join(" and "))]
    SharedPassword {
        /// The accounts.
        users: Vec<String>,
    },
    /// A pin names no host where several are reached.
    #[error(transparent)]
    PinWithoutHost(#[from] PinWithoutHost),
    /// A connector cannot be made with these settings.
    #[error("cannot connect to {} with these settings", endpoint.url())]
    Setup {
        /// The host.
        endpoint: Endpoint,
        /// The file of authorities of its settings.
        ca_file: Option<PathBuf>,
        /// Why.
        source: SetupError,
    },
    /// Sessions are on hosts that nobody named and no login was sent to before, and nobody allowed a login there.
    #[error("refusing to log in to {}: no person named it, and there was no earlier login", urls.join(", "))]
    UntrustedHosts {
        /// The endpoints' URLs.
        urls: Vec<String>,
    },
    /// The plan must be confirmed, and the caller asks nobody.
    #[error("confirmation required: {reasons}")]
    ConfirmationRequired {
        /// Why.
        reasons: String,
    },
    /// A file of certificate authorities cannot be read.
    #[error("cannot read the certificate authorities in {}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Why the local table cannot be used; it is left as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// There is none.
    #[error("there is no local table")]
    Missing,
    /// Others may write it, or what it is read from.
    #[error("the local table of sessions {} is not trusted: {exposed}", path.display())]
    NotTrusted {
        /// The file.
        path: PathBuf,
        /// Who may write what.
        exposed: Exposed,
    },
    /// It cannot be opened, read or written.
    #[error("cannot use the local table of sessions")]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// It cannot be found out who may write it.
    #[error("cannot use the local table of sessions")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The thread that used it panicked.
    #[error("the task of the local table ended unexpectedly")]
    Panicked,
}
