//! What happens while a request runs.

use super::brakes::ExceededLimit;
use super::error::TableError;
use super::remembered::UnboundObjects;
use super::repetition::Repetition;
use crate::session::{ListingView, OwnersSeen, Selection, SessionDescriptor};
use crate::store::RowMetadata;
use crate::teardown::{Plan, Record, Survey, SurveyedHost, UnlistedCommands};
use crate::transport::Endpoint;

/// One thing that happened, in the order in which it happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Listing begins.
    Listing {
        /// The hosts that are listed, in the order in which they were given.
        hosts: Vec<&'a Endpoint>,
    },
    /// A host's turn has come: it is connected to and listed.
    HostStarted(&'a Endpoint),
    /// A host has answered, or failed. A host that was not reached in time has no such event.
    Listed(&'a SurveyedHost),
    /// The listings of these hosts are at an end: all of them, or, where each host is closed as soon as it has answered, those
    /// about which there is something to report, at the end of the run. In the later rounds of a repetition a host that fails
    /// has this event once, until that changes.
    AllListed(&'a Survey),
    /// The commands of some sessions cannot be listed.
    CommandsUnlisted {
        /// The hosts.
        survey: &'a Survey,
        /// Which, and why.
        failures: &'a [UnlistedCommands],
        /// Whether these sessions are left out because of it.
        excluded: bool,
    },
    /// Hosts on which other accounts may have sessions that were not shown: whether this account would be shown them is not
    /// known.
    OthersMayExist(&'a [LimitedListing]),
    /// Sessions of the local table that the query would find, but for having been only listed on a host: the query looks
    /// among the others, and has found nothing there for one of its values, or nothing at all.
    OnlyListed(&'a [SessionDescriptor]),
    /// The local table cannot be used; the run goes on without it.
    TableUnusable(&'a TableError),
    /// What the query found, before anything is concluded from it; where each host is closed as soon as it has answered, at
    /// the end of the run and without the sessions that were chosen.
    Selected {
        /// What was found and missed.
        selection: &'a Selection,
        /// The sessions that its indexes mean.
        sessions: &'a [SessionDescriptor],
        /// Objects that name no session.
        unbound: &'a UnboundObjects,
    },
    /// Some of the owners that were asked for are not there; beside [`Nothing`](Self::Nothing), which says it, too, there is
    /// no such event.
    OwnersUnmatched(&'a OwnersSeen),
    /// All sessions that were found are among the newest, which are kept.
    AllKept {
        /// How many.
        sessions: usize,
    },
    /// Nothing was found, and no single value is to blame.
    Nothing {
        /// Why.
        why: NothingFound,
        /// The owners that were asked for and are not there.
        owners: &'a OwnersSeen,
        /// Whether something had to be found.
        is_error: bool,
    },
    /// Nothing is closed, because a selector value found nothing.
    StoppedByMiss,
    /// A remembered session is left out, because it has changed since.
    Skipped {
        /// The session, as it is now.
        session: &'a SessionDescriptor,
        /// Whether it is left out because it is unknown whether a command runs in it; else it no longer matches.
        commands_unknown: bool,
    },
    /// The plan, before anything is confirmed; where each host is closed as soon as it has answered, that of one host.
    Planned {
        /// The plan.
        plan: &'a Plan,
        /// What is kept beside each session, in the order of the plan.
        metadata: &'a [RowMetadata],
    },
    /// A host is left alone, because more of its sessions are planned than may be closed per host.
    HostLeftAlone {
        /// The endpoint's URL.
        endpoint_url: &'a str,
        /// How many sessions.
        sessions: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// The plan closes nothing, because it exceeds a limit.
    LimitExceeded(ExceededLimit),
    /// The plan is confirmed, and closing begins.
    Closing(&'a Plan),
    /// The server answered a Delete of this session with success. Whether the session is gone is still to be proven.
    DeleteAnswered {
        /// The session.
        session: &'a SessionDescriptor,
        /// Its position in the plan.
        position: usize,
    },
    /// A session has its outcome.
    Closed {
        /// The session and its outcome.
        record: &'a Record,
        /// What is kept beside it.
        metadata: &'a RowMetadata,
    },
    /// The run was cancelled: nothing new is started, and what was sent is verified.
    Cancelled,
    /// The plan was carried out, and the selection is kept up from now on.
    Repeating {
        /// How many hosts are asked again.
        hosts: usize,
        /// How long and how often.
        repetition: Repetition,
    },
    /// In a later round a host that had failed answers again.
    Recovered(&'a Endpoint),
    /// A session that matches is there in a later round: another one, or one that was gone. Its plan comes next.
    Returned {
        /// The session.
        session: &'a SessionDescriptor,
        /// Its position in the plan of the whole run.
        position: usize,
    },
}

/// A host that showed this account no sessions of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitedListing {
    /// The host.
    pub endpoint: Endpoint,
    /// What it showed.
    pub view: ListingView,
}

/// Why nothing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NothingFound {
    /// The hosts that were listed have this many sessions, none of which matches.
    OnHosts {
        /// How many hosts were listed; 0 if they were only asked for single sessions.
        hosts: usize,
        /// How many sessions they have.
        sessions: usize,
    },
    /// There was no object.
    NoObjects,
    /// No session among the objects matches.
    NoObjectMatches,
    /// None of the objects is in the local table and matches.
    NoObjectInTable,
    /// No session in the local table matches.
    NotInTable {
        /// How many sessions of the table were not looked at, because they were only listed on a host.
        only_listed: usize,
    },
    /// There is no session in the local table.
    EmptyTable,
}
