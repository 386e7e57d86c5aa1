//! Where the sessions come from among which a request selects.

use super::hosts::Hosts;
use super::miss_rule::MissRule;
use super::table::SessionTable;
use crate::interchange::SessionObject;
use crate::session::SessionQuery;
use crate::store::Origin;
use crate::teardown::{Policy, Requirement};

/// Where to look for sessions.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Source {
    /// On the named hosts, which are listed now.
    #[default]
    Hosts,
    /// In the local table, among the sessions of these origins.
    Table(&'static [Origin]),
    /// Among objects.
    Objects {
        /// The objects.
        objects: Vec<SessionObject>,
        /// What they were read from, for errors: the name of a file, or `stdin`.
        name: String,
    },
}

/// Which sessions a request is about, where it looks for them, and with which limits.
#[derive(Clone, Debug, Default)]
pub struct SessionScope {
    /// Where to look.
    pub source: Source,
    /// The hosts that may be contacted.
    pub hosts: Hosts,
    /// Which sessions.
    pub query: SessionQuery,
    /// The local table: it gives sessions their Ids, and remembers where which account was accepted.
    pub table: Option<SessionTable>,
    /// Limits of the run.
    pub policy: Policy,
    /// Which values that find nothing are errors. Default: [`MissRule::Literal`].
    pub miss_rule: MissRule,
    /// What the selection has to find; `None` if whatever it finds is fine.
    pub required: Option<Requirement>,
}
