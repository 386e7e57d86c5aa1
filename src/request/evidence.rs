//! Evidence: what is known of sessions right before they are closed.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::caller::Caller;
use super::remove::Removing;
use crate::session::SessionDescriptor;
use crate::store::{Origin, RowMetadata};
use crate::teardown::{Plan, Survey};
use crate::wsman::{Command, ShellId};

/// What is known of one session right before it is closed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionEvidence {
    /// Its place in the plan of the whole run, from 0.
    pub position: usize,
    /// The session, as its host listed it: with the address of its client, when it was seen and by which login.
    pub session: Arc<SessionDescriptor>,
    /// What is kept beside it.
    pub metadata: RowMetadata,
    /// Its commands with their command lines, as its host lists them now; or why they are not known.
    pub commands: Result<Vec<Command>, String>,
    from_its_address: Arc<[Arc<SessionDescriptor>]>,
}

impl SessionEvidence {
    /// The other sessions seen from the address of its client, on any host that was listed in this run: those of each
    /// host's last listing, and those that were planned before. None if the address is not known.
    pub fn others(&self) -> impl Iterator<Item = &Arc<SessionDescriptor>> {
        self.from_its_address.iter().filter(|other| !is_same(other, &self.session))
    }
}

/// Whether both are the same session.
fn is_same(one: &SessionDescriptor, other: &SessionDescriptor) -> bool {
    one.endpoint_url == other.endpoint_url && one.shell.shell_id == other.shell.shell_id
}

/// What the hosts have shown so far.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    /// The last listing of each host, by its URL.
    listed: HashMap<String, Vec<Arc<SessionDescriptor>>>,
    /// The sessions that were planned.
    planned: Vec<Arc<SessionDescriptor>>,
}

/// An address, or what stands in its place.
#[derive(PartialEq, Eq, Hash)]
enum Address {
    Ip(IpAddr),
    Text(String),
}

impl Address {
    fn of(session: &SessionDescriptor) -> Option<Self> {
        match session.shell.client_address() {
            Some(address) => Some(Self::Ip(address.to_canonical())),
            None => session.shell.client_ip.as_deref().map(|text| Self::Text(text.trim().to_lowercase())),
        }
    }
}

impl Sightings {
    /// Takes what a host has listed, in the place of its last listing.
    pub(super) fn note(&mut self, url: &str, sessions: Vec<SessionDescriptor>) {
        self.listed.insert(url.to_owned(), sessions.into_iter().map(Arc::new).collect());
    }

    /// Keeps a session that was planned, also when it is no longer listed.
    pub(super) fn keep(&mut self, session: &Arc<SessionDescriptor>) {
        self.planned.push(Arc::clone(session));
    }

    /// The sessions from each of these addresses, by host and in the order in which they were listed.
    fn by_address(
        &self,
        wanted: &[Arc<SessionDescriptor>],
    ) -> HashMap<Address, Arc<[Arc<SessionDescriptor>]>> {
        let addresses = wanted.iter().filter_map(|session| Address::of(session));
        let mut found: HashMap<Address, Vec<&Arc<SessionDescriptor>>> =
            addresses.map(|address| (address, Vec::new())).collect();
        let mut hosts: Vec<_> = self.listed.iter().collect();
        hosts.sort_by_key(|(url, _)| *url);
        let listed = hosts.into_iter().flat_map(|(_, sessions)| sessions);
        let mut seen = HashSet::new();
        for session in listed.chain(&self.planned) {
            let Some(group) = Address::of(session).and_then(|address| found.get_mut(&address)) else {
                continue;
            };
            if seen.insert((&*session.endpoint_url, &session.shell.shell_id)) {
                group.push(session);
            }
        }
        found.into_iter().map(|(address, group)| (address, group.into_iter().cloned().collect())).collect()
    }
}

impl<C: Caller> Removing<'_, C> {
    /// Gives the caller the evidence of a plan that is about to be carried out, if the request asks for it.
    pub(super) async fn keep_evidence(
        &self,
        plan: &Plan,
        metadata: impl Fn(usize) -> Option<RowMetadata>,
        survey: &mut Survey,
    ) -> Result<(), C::Error> {
        let sessions = plan.sessions().into_iter().filter(|planned| !planned.is_declined());
        let sessions: Vec<_> =
            sessions.map(|planned| (planned.position(), Arc::clone(planned.descriptor()))).collect();
        if !self.request.evidence || sessions.is_empty() {
            return Ok(());
        }
        let shells: Vec<(&str, &ShellId)> =
            sessions.iter().map(|(_, session)| (&*session.endpoint_url, &session.shell.shell_id)).collect();
        let (found, unlisted) = self.engine.commands_of(survey, &shells).await;
        let mut found: HashMap<usize, Vec<Command>> = found.into_iter().collect();
        let reasons: HashMap<&str, String> =
            unlisted.iter().map(|failure| (failure.endpoint_url.as_str(), failure.error.chain())).collect();
        let descriptors: Vec<_> = sessions.iter().map(|(_, session)| Arc::clone(session)).collect();
        let groups = self.rounds.borrow().sightings.as_ref().map(|seen| seen.by_address(&descriptors));
        let groups = groups.unwrap_or_default();
        let evidence = sessions.into_iter().enumerate().map(|(index, (position, session))| {
            let from_its_address = Address::of(&session).and_then(|address| groups.get(&address).cloned());
            let commands = found.remove(&index).ok_or_else(|| {
                let reason = reasons.get(&*session.endpoint_url).cloned();
                reason.unwrap_or_else(|| "the host was not listed".to_owned())
            });
            let listed = || RowMetadata::new(Origin::Listed);
            SessionEvidence {
                position,
                metadata: metadata(position).unwrap_or_else(listed),
                session,
                commands,
                from_its_address: from_its_address.unwrap_or_default(),
            }
        });
        self.caller.keep_evidence(&evidence.collect::<Vec<_>>())
    }
}
