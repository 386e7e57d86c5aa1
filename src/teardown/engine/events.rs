//! What an engine reports while it works.

use std::sync::Arc;

use super::survey::SurveyedHost;
use crate::session::SessionDescriptor;
use crate::teardown::report::Record;
use crate::transport::Endpoint;

/// One thing that happened while an [`Engine`](super::Engine) works.
#[derive(Debug)]
#[non_exhaustive]
pub enum EngineEvent<'a> {
    /// A host's turn has come: it is connected to and listed.
    HostStarted(&'a Endpoint),
    /// A host has answered or failed. A host that was not reached in time has no such event.
    HostListed(&'a SurveyedHost),
    /// The server answered a Delete of this session with success. Whether the session is gone is still to be proven.
    DeleteAnswered {
        /// The session.
        session: &'a SessionDescriptor,
        /// Its position in the plan.
        position: usize,
    },
    /// A session has its outcome.
    Finished(&'a Record),
}

/// The same on its way from the task of a host.
pub(super) enum HostEvent {
    /// Sessions, each with its position in the plan.
    DeletesAnswered(Vec<(Arc<SessionDescriptor>, usize)>),
    Finished(Box<Record>),
}

impl HostEvent {
    pub(super) fn finished(record: Record) -> Self {
        Self::Finished(Box::new(record))
    }
}
