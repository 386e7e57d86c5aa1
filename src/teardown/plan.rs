//! What will be closed: the very value that a dry run prints and that the engine runs.

use std::fmt;
use std::sync::Arc;

use super::outcome::Outcome;
use super::report::Record;
use crate::session::{Comparison, SessionDescriptor};

/// More sessions than this are confirmed first: a slip of a wildcard must not close a department.
pub const GUARD_LIMIT: usize = 10;

/// The sessions to close, by host. Nothing outside of it is touched.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    hosts: Vec<HostPlan>,
    /// By position: which host, and which of its sessions.
    places: Vec<(usize, usize)>,
}

/// What is planned on one endpoint.
#[derive(Clone, Debug)]
pub struct HostPlan {
    endpoint_url: String,
    sessions: Vec<Planned>,
}

/// One session of a plan.
#[derive(Clone, Debug)]
pub struct Planned {
    descriptor: Arc<SessionDescriptor>,
    position: usize,
    declined: bool,
    claimed: bool,
}

/// Why a plan must be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfirmReason {
    /// So many sessions are somebody else's.
    NotOurs {
        /// How many.
        sessions: usize,
        /// The owner of the first of them.
        owner: String,
    },
    /// Of so many sessions it cannot be told whether they are ours.
    NotComparable {
        /// How many.
        sessions: usize,
        /// The owner of the first of them, if the server names one.
        owner: Option<String>,
    },
    /// In so many sessions a command runs.
    Running {
        /// How many.
        sessions: usize,
    },
    /// The plan is larger than [`GUARD_LIMIT`].
    Many {
        /// How many sessions it has.
        sessions: usize,
    },
}

impl Plan {
    /// Plans to close `chosen`, in the order of selection; a session chosen twice is planned once.
    #[must_use]
    pub fn new(chosen: impl IntoIterator<Item = SessionDescriptor>) -> Self {
        let mut plan = Self::default();
        let mut seen = std::collections::HashSet::new();
        let mut index = std::collections::HashMap::new();
        for descriptor in chosen {
            let at = match index.get(&descriptor.endpoint_url) {
                Some(at) => *at,
                None => plan.hosts.len(),
            };
            if !seen.insert((at, descriptor.shell.shell_id.clone())) {
                continue;
            }
            if at == plan.hosts.len() {
                index.insert(descriptor.endpoint_url.clone(), at);
                let endpoint_url = descriptor.endpoint_url.to_string();
                plan.hosts.push(HostPlan { endpoint_url, sessions: Vec::new() });
            }
            if let Some(host) = plan.hosts.get_mut(at) {
                let position = plan.places.len();
                plan.places.push((at, host.sessions.len()));
                let descriptor = Arc::new(descriptor);
                host.sessions.push(Planned { descriptor, position, declined: false, claimed: false });
            }
        }
        plan
    }

    /// How many sessions are planned, declined ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing is planned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The hosts, in the order in which their first sessions were selected.
    #[must_use]
    pub fn hosts(&self) -> &[HostPlan] {
        &self.hosts
    }

    /// The sessions, in the order of selection.
    #[must_use]
    pub fn sessions(&self) -> Vec<&Planned> {
        let places = self.places.iter();
        places.filter_map(|(host, session)| self.hosts.get(*host)?.sessions.get(*session)).collect()
    }

    /// Takes a person's no to the session at `position`: it stays in the plan and ends as [`Outcome::Declined`].
    pub fn decline(&mut self, position: usize) {
        if let Some(planned) = self.at(position) {
            planned.declined = true;
        }
    }

    /// Takes a person's word that the session at `position` is theirs (they opened or imported it), whatever owner the
    /// server names: it is no [`ConfirmReason::NotOurs`].
    pub fn claim(&mut self, position: usize) {
        if let Some(planned) = self.at(position) {
            planned.claimed = true;
        }
    }

    fn at(&mut self, position: usize) -> Option<&mut Planned> {
        let (host, session) = self.places.get(position)?;
        self.hosts.get_mut(*host)?.sessions.get_mut(*session)
    }

    /// Why a person must confirm the plan first; empty if it may run as it is. A session whose commands were not
    /// listed does not count as running one.
    #[must_use]
    pub fn guard(&self) -> Vec<ConfirmReason> {
        let mut reasons = Vec::new();
        let all = self.sessions();
        let sessions = || all.iter().map(|planned| &planned.descriptor);
        let unclaimed = |ownership| {
            let unclaimed = all.iter().filter(|planned| !planned.claimed).map(|planned| &planned.descriptor);
            let owned: Vec<_> = unclaimed.filter(|session| session.ownership() == ownership).collect();
            let owner = owned.first().and_then(|first| first.shell.owner.as_deref()).map(str::to_owned);
            (owned.len(), owner)
        };
        if let (sessions, Some(owner)) = unclaimed(Comparison::Different) {
            reasons.push(ConfirmReason::NotOurs { sessions, owner });
        }
        if let (sessions @ 1.., owner) = unclaimed(Comparison::NotComparable) {
            reasons.push(ConfirmReason::NotComparable { sessions, owner });
        }
        let running = sessions().filter(|session| session.is_running() == Some(true)).count();
        if running > 0 {
            reasons.push(ConfirmReason::Running { sessions: running });
        }
        if self.len() > GUARD_LIMIT {
            reasons.push(ConfirmReason::Many { sessions: self.len() });
        }
        reasons
    }

    /// Gives the sessions other positions, by their order in this plan: those of one host in the plan of many. It is the
    /// last change of a plan.
    #[cfg(feature = "request")]
    pub(crate) fn number(&mut self, position: impl Fn(usize) -> usize) {
        for planned in self.hosts.iter_mut().flat_map(|host| &mut host.sessions) {
            planned.position = position(planned.position);
        }
    }

    /// The plan as records of sessions that all ended like this, with nothing sent.
    #[cfg(feature = "request")]
    pub(crate) fn concluded(&self, outcome: &Outcome) -> Vec<Record> {
        self.sessions().into_iter().map(|planned| planned.concluded(outcome.clone())).collect()
    }

    /// The plan as records that say only that it was planned.
    #[must_use]
    pub fn what_if(&self) -> Vec<Record> {
        let planned = self.sessions().into_iter();
        planned.map(|planned| planned.concluded(Outcome::WhatIf)).collect()
    }

    /// Takes the plan apart.
    #[must_use]
    pub fn into_hosts(self) -> Vec<HostPlan> {
        self.hosts
    }
}

impl HostPlan {
    /// The endpoint's URL.
    #[must_use]
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    /// Its sessions, in the order of selection.
    #[must_use]
    pub fn sessions(&self) -> &[Planned] {
        &self.sessions
    }

    /// Takes it apart.
    #[must_use]
    pub fn into_sessions(self) -> Vec<Planned> {
        self.sessions
    }
}

impl Planned {
    /// The session as the plan shows it.
    #[must_use]
    pub fn descriptor(&self) -> &Arc<SessionDescriptor> {
        &self.descriptor
    }

    /// Its place in the order of selection, from 0.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Whether a person said no to it.
    #[must_use]
    pub fn is_declined(&self) -> bool {
        self.declined
    }

    pub(super) fn concluded(&self, outcome: Outcome) -> Record {
        Record::without_removal(Arc::clone(&self.descriptor), self.position, outcome)
    }

    /// The session alone.
    #[must_use]
    pub fn into_descriptor(self) -> SessionDescriptor {
        Arc::unwrap_or_clone(self.descriptor)
    }
}

impl fmt::Display for ConfirmReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let are = |sessions: usize| if sessions == 1 { "session is" } else { "sessions are" };
        match self {
            Self::NotOurs { sessions: 1, owner } => write!(f, "1 session is not yours (owner {owner})"),
            Self::NotOurs { sessions, owner } => {
                write!(f, "{sessions} sessions are not yours (first owner {owner})")
            }
            Self::NotComparable { sessions, owner } => {
                write!(f, "{sessions} {} possibly not yours: ", are(*sessions))?;
                match owner {
                    Some(owner) => write!(f, "this login and the owner {owner} cannot be compared"),
                    None => f.write_str("the server reports no owner"),
                }
            }
            Self::Running { sessions: 1 } => f.write_str("1 session with a running command"),
            Self::Running { sessions } => write!(f, "{sessions} sessions with a running command"),
            Self::Many { sessions } => write!(f, "{sessions} sessions, more than {GUARD_LIMIT}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::session;
    use super::*;
    use crate::session::LoginAccount;
    use crate::wsman::CommandId;

    #[test]
    fn sessions_are_grouped_by_host_and_keep_the_order_of_selection() {
        let plan = Plan::new([session("b", "1"), session("a", "2"), session("b", "3"), session("B", "1")]);
        let hosts: Vec<_> = plan.hosts().iter().map(|host| host.sessions().len()).collect();
        assert_eq!(hosts, [2, 1, 1]);
        let order: Vec<_> = plan.sessions().iter().map(|p| p.descriptor().shell.shell_id.as_str()).collect();
        assert_eq!(order, ["1", "2", "3", "1"]);
    }

    #[test]
    fn a_session_chosen_twice_is_planned_once_ignoring_case() {
        let plan = Plan::new([session("a", "aB"), session("a", "Ab")]);
        assert_eq!(plan.len(), 1);
    }

    #[test]
    fn our_own_idle_sessions_need_no_confirmation() {
        let plan = Plan::new((0..10).map(|n| session("a", &n.to_string())));
        assert_eq!(plan.guard(), []);
    }

    #[test]
    fn foreign_running_and_many_sessions_each_need_one() {
        let mut sessions: Vec<_> = (0..11).map(|n| session("a", &n.to_string())).collect();
        sessions[3].shell_mut().owner = Some(r"LAB\grace".into());
        sessions[4].shell_mut().owner = None;
        sessions[5].shell_mut().owner = Some("ada".into());
        sessions[5].commands = Some(vec![CommandId::from_server("C")]);
        let texts: Vec<_> = Plan::new(sessions).guard().iter().map(ToString::to_string).collect();
        let expected = [
            r"1 session is not yours (owner LAB\grace)",
            "2 sessions are possibly not yours: the server reports no owner",
            "1 session with a running command",
            "11 sessions, more than 10",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn a_session_whose_owner_cannot_be_compared_is_not_ours() {
        let mut local = session("a", "1");
        local.seen_by = "ada".into();
        let reasons = Plan::new([local.clone()]).guard();
        assert_eq!(
            reasons,
            [ConfirmReason::NotComparable { sessions: 1, owner: Some(r"LAB\ada".to_owned()) }]
        );
        let stated = LoginAccount::new("ada").with_stated(Some(r"LAB\ada".to_owned()));
        local.account = Some(Arc::new(stated));
        assert_eq!(Plan::new([local]).guard(), []);
    }

    #[test]
    fn a_foreign_session_that_a_person_claims_needs_no_confirmation() {
        let mut theirs = session("a", "1");
        theirs.shell_mut().owner = Some(r"LAB\grace".into());
        let mut plan = Plan::new([theirs, session("a", "2")]);
        plan.claim(0);
        assert_eq!(plan.guard(), []);
    }

    #[test]
    fn what_if_shows_the_very_plan() {
        let plan = Plan::new([session("a", "1"), session("b", "2")]);
        let records = plan.what_if();
        assert_eq!(records.len(), plan.len());
        assert!(records.iter().all(|record| record.outcome == Outcome::WhatIf));
    }
}
