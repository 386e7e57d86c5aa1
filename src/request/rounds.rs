//! What one request has found and done on its hosts so far: pure bookkeeping over all rounds.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::evidence::Sightings;
use crate::auth::AuthError;
use crate::error::Error;
use crate::session::{Miss, Selection, SessionDescriptor};
use crate::store::RowMetadata;
use crate::teardown::{HostResult, ListingResult, Outcome, Record, Survey};
use crate::transport::TransportError;
use crate::wsman::ShellId;

/// A session on the host with this URL.
pub(super) type SessionKey = (Arc<str>, ShellId);

/// What has happened in all rounds so far.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// By position in the plan of the whole run.
    records: BTreeMap<usize, (Record, RowMetadata)>,
    /// The latest position of each session that was planned.
    positions: HashMap<SessionKey, usize>,
    /// What was seen for evidence; `None` where nobody wants it.
    pub(super) sightings: Option<Sightings>,
    /// How each host answered last, in the order in which they answered first.
    results: Vec<HostResult>,
    /// How many sessions each host showed last.
    listed: HashMap<String, usize>,
    left_alone: HashSet<String>,
    /// Hosts that refused a login, or at which it was held back: each further one could count as a failed logon.
    refused: HashSet<String>,
    /// How many sessions of each host have unknown commands, although they matter.
    unlisted_commands: HashMap<String, usize>,
    /// Values that have found nothing in any round.
    misses: Vec<Miss>,
    /// Whether it was reported that the run was cancelled.
    cancelled: bool,
}

/// What a later answer of a host says beside the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostChange {
    /// Nothing new.
    None,
    /// It fails now, or fails otherwise.
    Failed,
    /// It answers again.
    Recovered,
}

/// A session of a later round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It matches for the first time, or again after it was gone.
    New,
    /// It was planned at this position, and is not known to be gone.
    Still(usize),
    /// Somebody said no to it.
    Declined,
}

impl Rounds {
    /// The bookkeeping of a request that wants evidence, or does not.
    pub(super) fn new(evidence: bool) -> Self {
        Self { sightings: evidence.then(Sightings::default), ..Self::default() }
    }

    /// Takes the answers of hosts. What changed is told for the last of them: later rounds ask one host at a time.
    pub(super) fn note_answers(&mut self, survey: &Survey) -> HostChange {
        let mut change = HostChange::None;
        for (host, result) in survey.hosts().iter().zip(survey.host_results()) {
            if host.listing().is_some_and(|listing| listing.is_ok()) || host.was_asked_singly() {
                self.listed.insert(result.endpoint_url.clone(), host.shells().count());
                if let Some(sightings) = &mut self.sightings {
                    sightings.note(&result.endpoint_url, host.sessions());
                }
            }
            if host.listing().is_some_and(|listing| listing.is_err_and(refuses_login)) {
                self.refused.insert(result.endpoint_url.clone());
            }
            change = self.note_result(result);
        }
        change
    }

    fn note_result(&mut self, result: HostResult) -> HostChange {
        let is_fine = result.listing == ListingResult::Complete;
        match self.results.iter_mut().find(|known| known.endpoint_url == result.endpoint_url) {
            Some(known) if known.listing == result.listing => HostChange::None,
            Some(known) => {
                known.listing = result.listing;
                if is_fine { HostChange::Recovered } else { HostChange::Failed }
            }
            None => {
                self.results.push(result);
                if is_fine { HostChange::None } else { HostChange::Failed }
            }
        }
    }

    /// Whether this host refused the login, or it was held back there: it is not asked again.
    pub(super) fn is_refused(&self, url: &str) -> bool {
        let refused = [ListingResult::CredentialRefused, ListingResult::CredentialWithheld];
        self.refused.contains(url)
            || self.results.iter().any(|host| host.endpoint_url == url && refused.contains(&host.listing))
    }

    /// How the hosts answered last.
    pub(super) fn results(&self) -> &[HostResult] {
        &self.results
    }

    /// How many sessions all hosts have shown, each in its last answer.
    pub(super) fn listed(&self) -> usize {
        self.listed.values().sum()
    }

    /// Whether it is news that this host is left alone.
    pub(super) fn leave_alone(&mut self, url: &str) -> bool {
        self.left_alone.insert(url.to_owned())
    }

    /// How many hosts are left alone.
    pub(super) fn hosts_left_alone(&self) -> usize {
        self.left_alone.len()
    }

    /// Takes what a first selection missed.
    pub(super) fn miss(&mut self, selection: &Selection) {
        self.misses.clone_from(&selection.misses);
    }

    /// Takes what a later selection found: what it does not miss is missed no more.
    pub(super) fn find(&mut self, selection: &Selection) {
        self.misses.retain(|miss| selection.misses.contains(miss));
    }

    /// What was missed in every round.
    pub(super) fn misses(&self) -> &[Miss] {
        &self.misses
    }

    /// Notes of how many sessions the commands are unknown. Returns whether that is news.
    pub(super) fn note_unlisted_commands(&mut self, url: &str, sessions: usize) -> bool {
        let before = self.unlisted_commands.insert(url.to_owned(), sessions);
        sessions > 0 && before.unwrap_or_default() == 0
    }

    /// Of how many sessions the commands were unknown in the last round of each host.
    pub(super) fn unlisted_commands(&self) -> usize {
        self.unlisted_commands.values().sum()
    }

    /// Whether it is news that the run was cancelled.
    pub(super) fn cancel(&mut self) -> bool {
        !std::mem::replace(&mut self.cancelled, true)
    }

    /// What is known of a session that matches now.
    pub(super) fn seen(&self, session: &SessionDescriptor) -> Seen {
        let Some(position) = self.positions.get(&key(session)) else { return Seen::New };
        match self.records.get(position).map(|(record, _)| &record.outcome) {
            Some(Outcome::Declined) => Seen::Declined,
            Some(outcome) if outcome.is_gone() => Seen::New,
            _ => Seen::Still(*position),
        }
    }

    /// How many sessions were planned on this host; on all hosts if there is none.
    pub(super) fn planned(&self, url: Option<&str>) -> usize {
        let records = self.records.values().map(|(record, _)| record);
        records.filter(|record| url.is_none_or(|url| *record.session.endpoint_url == *url)).count()
    }

    /// The first position that no session has.
    pub(super) fn next_position(&self) -> usize {
        self.records.last_key_value().map_or(0, |(position, _)| position.saturating_add(1))
    }

    /// Takes the outcome of a session, in the place of an earlier one. Returns whether it is news.
    pub(super) fn insert(&mut self, record: Record, metadata: RowMetadata) -> bool {
        self.positions.insert(key(&record.session), record.position);
        let (session, outcome) = (Arc::clone(&record.session), record.outcome.name());
        let before = self.records.insert(record.position, (record, metadata));
        if let Some(sightings) = self.sightings.as_mut().filter(|_| before.is_none()) {
            sightings.keep(&session);
        }
        before.is_none_or(|(before, _)| before.outcome.name() != outcome)
    }

    /// All records, in the order of the plan, and what is kept beside each.
    pub(super) fn take_records(&mut self) -> (Vec<Record>, Vec<RowMetadata>) {
        std::mem::take(&mut self.records).into_values().unzip()
    }
}

fn refuses_login(error: &Error) -> bool {
    let not_authorized = matches!(
        error,
        Error::Transport(TransportError::Auth { source: AuthError::NotAuthorized { .. }, .. })
    );
    not_authorized || error.is_credential_refused()
}

fn key(session: &SessionDescriptor) -> SessionKey {
    (session.endpoint_url.clone(), session.shell.shell_id.clone())
}
