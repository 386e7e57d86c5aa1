//! The words between one removal and its driver: what happens, and what is wanted.

use std::time::{Duration, Instant};

use super::outcome::NotStarted;
use super::retry::Jitter;
use crate::wsman::op::SignalCode;
use crate::wsman::{Command, CommandId, Fault, Shell};

/// When an event happens; clock and dice belong to the driver.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick {
    /// The time.
    pub(super) now: Instant,
    /// For a wait that begins now.
    pub(super) jitter: Jitter,
}

/// What happens to a removal.
#[derive(Clone, Debug)]
pub(super) enum Event<'a> {
    /// A connection is free: say what to send, if anything.
    Turn,
    /// The request that is out has been answered, or has failed.
    Answered(Result<Answer, RequestError>),
    /// The host has been listed, or could not be.
    Sighted {
        /// What the listing says of the session.
        evidence: ListingEvidence<'a>,
        /// When the listing began.
        since: Instant,
    },
    /// It is known what the server is, or that this cannot be learned.
    Identified(Result<ServerKind, RequestError>),
    /// Time has passed.
    DeadlineCheck,
    /// Nothing new may begin.
    Halted {
        /// Why.
        reason: NotStarted,
        /// Until when what was sent may still be looked after; `None` leaves the session's own deadline.
        until: Option<Instant>,
    },
    /// There is no connection to the host, and none can be had.
    Unreachable(RequestError),
}

/// What a removal wants next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// It has something to send: give it a [`Event::Turn`] when a connection is free.
    Ready,
    /// Send this, and come back with [`Event::Answered`]. Only ever the answer to a [`Event::Turn`].
    Send(Request),
    /// Its request is out.
    Await,
    /// It has something to send from this time on.
    Wait(Instant),
    /// It wants a listing of the host that begins at this time or later.
    Look(Instant),
    /// It wants to know what the server is: come back with [`Event::Identified`].
    Identify,
    /// It has an outcome.
    Done,
}

/// What a server is, as far as its word counts: only Windows proves that a shell is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerKind {
    /// Windows' own service: it has shown an `rsp:Shell`, or its Identify names the version of its stack.
    Windows,
    /// Any other. OMI lists what one of its several agents knows.
    Other,
}

/// One request about one session.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    /// What is asked.
    pub(super) kind: RequestKind,
    /// How long the answer is awaited.
    pub(super) patience: Duration,
}

/// What is asked of the server; the shell is the removal's own.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RequestKind {
    /// Get the shell.
    Get,
    /// List its commands.
    ListCommands,
    /// Signal one of its commands.
    Signal {
        /// The command.
        command_id: CommandId,
        /// What it is told.
        code: SignalCode,
    },
    /// Delete it.
    Delete {
        /// Through the generic shell resource instead of the shell's own.
        generic: bool,
    },
}

/// A successful answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// To [`RequestKind::Get`].
    Shell(Box<Shell>),
    /// To [`RequestKind::ListCommands`].
    Commands(Vec<Command>),
    /// To a Signal or a Delete.
    Done,
}

/// Why a request has no successful answer, as far as a removal must know.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RequestError {
    /// The server understood and refused.
    Fault(Fault),
    /// There was no connection, so that nothing was sent; it may be sent again.
    NotSent(String),
    /// The server, or what stands before it, turned it away by an HTTP status such as 503; it may be sent again. That it
    /// did nothing is likely and no more.
    TurnedAway {
        /// The error's chain.
        text: String,
        /// How long the server asked us to wait.
        retry_after: Option<Duration>,
    },
    /// It was not served, and will not be: the login cannot be made, the answer is HTTP 404, and the like.
    Refused(String),
    /// It may have been served, but no answer says so: lost, too late, or not understood.
    NoAnswer(String),
    /// The credential was refused, here or elsewhere in this run.
    CredentialRefused(String),
}

/// What a listing says about one session.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ListingEvidence<'a> {
    /// It is there.
    Present(&'a Shell),
    /// It is not listed.
    Absent {
        /// Whether nothing can be missing from the listing.
        complete: bool,
        /// Whether the listing shows shells of other owners, so that this account sees everybody's.
        shows_others: bool,
    },
    /// The host could not be listed.
    Failed(RequestError),
}

impl Answer {
    /// Whether a listed command has not ended.
    #[must_use]
    pub(super) fn is_running(command: &Command) -> bool {
        command.state.as_deref().is_none_or(|state| !state.trim().ends_with("Done"))
    }

    /// Whether the listing says in so many words that the command runs.
    #[must_use]
    pub(super) fn is_reported_running(command: &Command) -> bool {
        command.state.as_deref().is_some_and(|state| state.trim().ends_with("Running"))
    }
}

impl RequestError {
    /// The error as text.
    #[must_use]
    pub(super) fn text(&self) -> String {
        match self {
            Self::Fault(fault) => fault.to_string(),
            Self::TurnedAway { text, .. } => text.clone(),
            Self::NotSent(text)
            | Self::Refused(text)
            | Self::NoAnswer(text)
            | Self::CredentialRefused(text) => text.clone(),
        }
    }

    /// Whether asking again is pointless.
    #[must_use]
    pub(super) fn is_definite(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.is_access_denied() || fault.is_logon_failure(),
            Self::Refused(_) | Self::CredentialRefused(_) => true,
            Self::NotSent(_) | Self::TurnedAway { .. } | Self::NoAnswer(_) => false,
        }
    }

    /// Whether the server lets this account not do this (fault 5).
    #[must_use]
    pub(super) fn is_access_denied(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.is_access_denied())
    }

    /// Whether the credential must not be used again.
    #[must_use]
    pub(super) fn is_credential_refused(&self) -> bool {
        match self {
            Self::Fault(fault) => fault.is_logon_failure(),
            Self::CredentialRefused(_) => true,
            _ => false,
        }
    }
}
