//! The removals of one host, which share its connections and its listings: who is next, and when to look.

mod queue;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::queue::{Queue, Status};
use super::event::{Action, Answer, Event, ListingEvidence, Request, RequestError, ServerKind, Tick};
use super::outcome::{NotStarted, Outcome, UnknownReason};
use super::policy::{IDENTITY_MAX_AGE, LOOK_SPACING, Policy};
use super::removal::Removal;
use super::report::Record;
use crate::auth::ServerNames;
use crate::listing::Listing;
use crate::session::{SessionDescriptor, Visibility};
use crate::wsman::op::Identity;
use crate::wsman::{Shell, ShellId, ShellSchema};

/// Drives the removals of one host, still without I/O: it hands out jobs and takes their results.
#[derive(Debug)]
pub(super) struct HostRun {
    slots: Vec<Slot>,
    /// What each of them waits for.
    queue: Queue,
    /// What the account that acts sees there.
    visibility: Arc<Visibility>,
    policy: Arc<Policy>,
    /// When the listing that is out began.
    listing_since: Option<Instant>,
    /// When the listing began that showed the sessions.
    proven_at: Option<Instant>,
    /// How many shells that one showed, and how long it took.
    shown: usize,
    took: Duration,
    /// How many sessions were still planned when the last listing began, without those that it has settled.
    planned_before: usize,
    /// How often a new listing may be taken because that one has grown too old.
    relists: u32,
    /// When the last listing began that was to verify Deletes.
    looked_at: Option<Instant>,
    /// Why this account may not list here; it is not tried again.
    denied: Option<RequestError>,
    server: Option<ServerKind>,
    /// When the Identify that is out began.
    identify_since: Option<Instant>,
    /// How often an Identify that got lost may be sent again.
    identify_retries: u32,
    /// All were stopped, because one has ended badly.
    is_stopped: bool,
}

/// What a host has shown before its sessions are closed.
#[derive(Clone, Debug, Default)]
pub(super) struct HostShown<'a> {
    /// Its listing, or why there is none, and when that began.
    pub(super) listing: Option<(Result<&'a Listing, RequestError>, Instant)>,
    /// Shells that it showed one by one, and when each was asked for.
    pub(super) got: Vec<(&'a Shell, Instant)>,
}

#[derive(Debug)]
struct Slot {
    removal: Removal,
    position: usize,
    reported: bool,
}

/// One exchange (or enumeration) for one connection.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Job {
    /// Send this for the session in this slot, then call [`HostRun::answered`].
    Ask {
        /// The slot.
        slot: usize,
        /// What to send.
        request: Request,
    },
    /// List the host's shells, then call [`HostRun::listed`].
    List,
    /// Ask over an authenticated connection what the server is, then call [`HostRun::identified`].
    Identify,
}

impl HostRun {
    /// Takes the sessions (with their places in the plan) that the account of `visibility` closes on one host. What it has
    /// `shown` vouches for the sessions that are as they were planned; a listing says of the others that they are gone or
    /// changed.
    #[must_use]
    pub(super) fn new(
        sessions: impl IntoIterator<Item = (SessionDescriptor, usize)>,
        visibility: Visibility,
        shown: HostShown<'_>,
        policy: Arc<Policy>,
        at: Tick,
    ) -> Self {
        let (listed, denied) = match shown.listing {
            Some((Ok(listing), since)) => (Some((listing, since)), None),
            Some((Err(request_error), _)) => {
                (None, Some(request_error).filter(RequestError::is_access_denied))
            }
            None => (None, None),
        };
        let listed_shells = listed
            .into_iter()
            .flat_map(|(listing, since)| listing.shells.iter().map(move |shell| (&**shell, since)));
        let seen: Vec<_> = listed_shells.chain(shown.got).collect();
        let by_id: HashMap<_, _> =
            seen.iter().map(|(shell, since)| (&shell.shell_id, (*shell, *since))).collect();
        let visibility = Arc::new(visibility);
        let slot = |(mut session, position): (SessionDescriptor, usize)| {
            let known = by_id.get(&session.shell.shell_id).filter(|(shell, _)| session.is_still(shell));
            let proven_at = known.map(|(_, since)| *since);
            if let Some((shell, _)) = known {
                session.learn(shell);
            }
            let removal = Removal::new(session, Arc::clone(&visibility), proven_at, Arc::clone(&policy));
            Slot { removal, position, reported: false }
        };
        let slots: Vec<_> = sessions.into_iter().map(slot).collect();
        let proven_at = listed.map(|(_, since)| since);
        let mut run = Self {
            queue: Queue::new(slots.len()),
            visibility,
            policy: Arc::clone(&policy),
            listing_since: None,
            proven_at,
            shown: listed.map_or(0, |(listing, _)| listing.shells.len()),
            took: Duration::ZERO,
            planned_before: 0,
            relists: RELISTS,
            looked_at: None,
            denied,
            server: None,
            identify_since: None,
            identify_retries: IDENTIFY_RETRIES,
            is_stopped: false,
            slots,
        };
        run.observe(seen.iter().map(|(shell, _)| *shell), at);
        if let Some((listing, since)) = listed {
            run.show(Ok(listing), since, at, |removal| !removal.is_proven(since));
        }
        run.planned_before = run.queue.planned();
        run
    }

    /// A connection is free: what to do with it, if anything.
    pub(super) fn next_job(&mut self, at: Tick) -> Option<Job> {
        if self.is_relist_due(at.now) {
            self.relists = self.relists.saturating_sub(1);
            return Some(self.list(at.now));
        }
        if self.is_look_overdue(at.now) {
            return Some(self.look(at.now));
        }
        self.queue.advance(at.now);
        while let Some(slot) = self.queue.readiest(self.holds_planned(at.now)) {
            if let Action::Send(request) = self.step(slot, Event::Turn, at) {
                return Some(Job::Ask { slot, request });
            }
        }
        if self.is_identify_due() {
            self.identify_since = Some(at.now);
            return Some(Job::Identify);
        }
        if self.is_look_due(at.now) {
            return Some(self.look(at.now));
        }
        None
    }

    fn look(&mut self, now: Instant) -> Job {
        self.looked_at = Some(now);
        self.list(now)
    }

    fn list(&mut self, now: Instant) -> Job {
        self.listing_since = Some(now);
        self.planned_before = self.queue.planned();
        Job::List
    }

    /// How many more free connections would be put to use, up to `most`.
    #[must_use]
    pub(super) fn jobs(&self, now: Instant, most: usize) -> usize {
        let listings = self.is_relist_due(now) || self.is_look_overdue(now) || self.is_look_due(now);
        let of_the_host = usize::from(listings) + usize::from(self.is_identify_due());
        (of_the_host + self.queue.ready(now, self.holds_planned(now), most)).min(most)
    }

    /// Takes the result of [`Job::Ask`].
    pub(super) fn answered(&mut self, slot: usize, answer: Result<Answer, RequestError>, at: Tick) {
        if let Ok(Answer::Shell(shell)) = &answer {
            self.observe([&**shell], at);
        }
        self.step(slot, Event::Answered(answer), at);
        self.stop_on_error(Some(slot), at);
    }

    /// Takes the result of [`Job::List`]: it serves every session that is to be checked or verified.
    pub(super) fn listed(&mut self, listing: Result<&Listing, RequestError>, at: Tick) {
        let Some(since) = self.listing_since.take() else { return };
        match &listing {
            Ok(listing) => {
                self.proven_at = Some(since);
                (self.shown, self.took) = (listing.shells.len(), at.now.saturating_duration_since(since));
                if self.took < IDENTITY_MAX_AGE && self.queue.planned() < self.slots.len() {
                    self.relists = RELISTS;
                }
                self.observe(listing.shells.iter().map(Arc::as_ref), at);
            }
            Err(request_error) if request_error.is_access_denied() => {
                self.denied = Some(request_error.clone())
            }
            Err(_) => {}
        }
        let planned = self.queue.planned();
        self.show(listing, since, at, |_| true);
        self.planned_before -= planned - self.queue.planned();
        self.stop_on_error(None, at);
    }

    /// Takes the result of [`Job::Identify`].
    pub(super) fn identified(&mut self, identity: Result<&Identity, RequestError>, at: Tick) {
        self.identify_since = None;
        match identity {
            Ok(identity) if identity.is_windows() => self.know_server(ServerKind::Windows, at),
            Ok(_) => self.know_server(ServerKind::Other, at),
            Err(request_error) if !request_error.is_definite() && self.identify_retries > 0 => {
                self.identify_retries -= 1
            }
            Err(request_error) => self.step_all(&Event::Identified(Err(request_error)), at),
        }
        self.stop_on_error(None, at);
    }

    /// Learns from the shells that the server shows what it is.
    fn observe<'s>(&mut self, shells: impl IntoIterator<Item = &'s Shell>, at: Tick) {
        let kind = |shell: &Shell| match shell.schema {
            ShellSchema::Windows => ServerKind::Windows,
            ShellSchema::Cim => ServerKind::Other,
        };
        let kinds: Vec<_> = shells.into_iter().map(kind).collect();
        if kinds.contains(&ServerKind::Windows) {
            self.know_server(ServerKind::Windows, at);
        } else if !kinds.is_empty() && self.server.is_none() {
            self.know_server(ServerKind::Other, at);
        }
    }

    fn know_server(&mut self, kind: ServerKind, at: Tick) {
        if self.server != Some(kind) {
            self.server = Some(kind);
            self.step_all(&Event::Identified(Ok(kind)), at);
        }
    }

    /// Takes what the host says of itself in a login.
    pub(super) fn name_server(&mut self, names: &ServerNames) {
        self.learn(|visibility| visibility.name_server(names.clone()));
    }

    fn learn(&mut self, lesson: impl FnOnce(&mut Visibility)) {
        let mut visibility = Visibility::clone(&self.visibility);
        lesson(&mut visibility);
        if visibility != *self.visibility {
            self.visibility = Arc::new(visibility);
            self.slots.iter_mut().for_each(|slot| slot.removal.see(Arc::clone(&self.visibility)));
        }
    }

    /// Shows a listing to the removals that `want` it.
    fn show(
        &mut self,
        listing: Result<&Listing, RequestError>,
        since: Instant,
        at: Tick,
        want: impl Fn(&Removal) -> bool,
    ) {
        if let Ok(listing) = &listing {
            self.learn(|visibility| visibility.listed(&listing.shells));
        }
        let shows_others = self.visibility.sees_others();
        let shells = by_id(listing.as_ref().ok().copied());
        for slot in 0..self.slots.len() {
            let Some(entry) = self.slots.get(slot).filter(|entry| want(&entry.removal)) else { continue };
            let evidence = match (&listing, shells.get(&entry.removal.session().shell.shell_id)) {
                (Err(request_error), _) => ListingEvidence::Failed(request_error.clone()),
                (Ok(_), Some(shell)) => ListingEvidence::Present(shell),
                (Ok(listing), None) => ListingEvidence::Absent { complete: listing.complete(), shows_others },
            };
            self.step(slot, Event::Sighted { evidence, since }, at);
        }
    }

    /// Lets time pass: sessions whose deadline is over are concluded, and where nobody may list whoever waits for a
    /// listing is told so.
    pub(super) fn tick(&mut self, at: Tick) {
        if let Some(denied) = &self.denied {
            let evidence = ListingEvidence::Failed(denied.clone());
            for slot in self.queue.looking(at.now) {
                self.step(slot, Event::Sighted { evidence: evidence.clone(), since: at.now }, at);
            }
        }
        for slot in self.queue.overdue(at.now) {
            self.step(slot, Event::DeadlineCheck, at);
        }
        self.stop_on_error(None, at);
    }

    /// Begins nothing new; what was sent is looked after until `until`, or until its own deadline.
    pub(super) fn halt(&mut self, reason: NotStarted, until: Option<Instant>, at: Tick) {
        self.step_all(&Event::Halted { reason, until }, at);
    }

    /// There is no connection, and none can be had.
    pub(super) fn unreachable(&mut self, request_error: &RequestError, at: Tick) {
        (self.listing_since, self.identify_since) = (None, None);
        self.step_all(&Event::Unreachable(request_error.clone()), at);
        self.stop_on_error(None, at);
    }

    /// When the next thing happens by itself, if no answer comes before.
    #[must_use]
    pub(super) fn wake_at(&self, now: Instant) -> Option<Instant> {
        let stuck_after = self.policy.stuck_after;
        let host_sent = self.listing_since.into_iter().chain(self.identify_since);
        let released = self.listing_since.map(|since| since + IDENTITY_MAX_AGE);
        let next_look = self.looked_at.map(|at| at + LOOK_SPACING);
        let own = host_sent.map(|since| since + stuck_after).chain(released).chain(next_look);
        own.filter(|time| *time > now).chain(self.queue.next_time(now, stuck_after)).min()
    }

    /// Whether a request has been out for so long that one more connection may be opened.
    #[must_use]
    pub(super) fn is_stuck(&self, now: Instant) -> bool {
        let sent = self.queue.first_sent().into_iter();
        let sent = sent.chain(self.listing_since).chain(self.identify_since);
        sent.min().is_some_and(|sent| now.saturating_duration_since(sent) >= self.policy.stuck_after)
    }

    /// The records of the sessions that have ended since the last call.
    pub(super) fn take_finished(&mut self, now: Instant) -> Vec<Record> {
        let mut records = Vec::new();
        for slot in self.queue.take_finished() {
            let Some(slot) = self.slots.get_mut(slot) else { continue };
            slot.reported = true;
            records.extend(Record::of(&slot.removal, slot.position, now));
        }
        records
    }

    /// The records of the sessions that have none yet, when nobody goes on with this host because something has panicked.
    /// Whatever was asked for them, no answer will be read.
    pub(super) fn abandon(&mut self) -> Vec<Record> {
        let fresh = self.slots.iter_mut().filter(|slot| !slot.reported);
        let records = fresh.map(|slot| {
            slot.reported = true;
            let outcome =
                slot.removal.outcome().cloned().unwrap_or(Outcome::Unknown(UnknownReason::Panicked));
            Record::without_removal(Arc::clone(slot.removal.session()), slot.position, outcome)
        });
        records.collect()
    }

    /// Whether every session has an outcome.
    #[must_use]
    pub(super) fn is_done(&self) -> bool {
        self.queue.is_done()
    }

    /// The session in a slot, and its position in the plan.
    #[must_use]
    pub(super) fn session(&self, slot: usize) -> Option<(&Arc<SessionDescriptor>, usize)> {
        self.slots.get(slot).map(|slot| (slot.removal.session(), slot.position))
    }

    /// Each change of a removal comes through here.
    fn step(&mut self, slot: usize, event: Event<'_>, at: Tick) -> Action {
        let (Some(entry), Some(before)) = (self.slots.get_mut(slot), self.queue.status(slot)) else {
            return Action::Done;
        };
        let is_answered = matches!(event, Event::Answered(_));
        let action = entry.removal.step(event, at);
        let sent_at = match &action {
            Action::Send(_) => Some(at.now),
            _ => before.sent_at.filter(|_| !is_answered),
        };
        // What the server has refused will end badly; that is not waited for.
        let is_bad = entry.removal.is_refused() || entry.removal.outcome().is_some_and(Outcome::is_bad);
        let (phase, deadline) = (entry.removal.phase(), entry.removal.deadline());
        self.queue.set(slot, Status { phase, wants: (&action).into(), sent_at, deadline, is_bad });
        action
    }

    fn step_all(&mut self, event: &Event<'_>, at: Tick) {
        for slot in 0..self.slots.len() {
            self.step(slot, event.clone(), at);
        }
    }

    /// Whether those that are planned wait for the listing that is out, because no young one vouches for them. One that is
    /// out for too long will not either.
    fn holds_planned(&self, now: Instant) -> bool {
        let age = |at: Option<Instant>| at.map(|at| now.saturating_duration_since(at));
        age(self.listing_since).is_some_and(|age| age < IDENTITY_MAX_AGE)
            && age(self.proven_at).is_none_or(|age| age > IDENTITY_MAX_AGE)
    }

    /// One new listing checks all sessions that are planned, where that costs less than a Get for each.
    fn is_relist_due(&self, now: Instant) -> bool {
        let planned = self.queue.planned();
        if planned == 0 || self.relists == 0 || self.denied.is_some() || self.listing_since.is_some() {
            return false;
        }
        let age = self.proven_at.map(|at| now.saturating_duration_since(at));
        let begun = self.planned_before - planned;
        let is_worth_it = |gets: usize| gets > 1 + self.shown / SHELLS_PER_GET;
        if planned == self.slots.len() || (begun == 0 && is_worth_it(planned)) {
            return age.is_none_or(|age| age > IDENTITY_MAX_AGE);
        }
        // As many as have begun under the last one will begin under the next one. It is taken early enough that nobody
        // waits for it.
        is_worth_it(planned.min(begun))
            && age.is_some_and(|age| age.saturating_add(self.took * 2) > IDENTITY_MAX_AGE)
    }

    fn is_identify_due(&self) -> bool {
        self.identify_since.is_none() && self.queue.wants_identity()
    }

    fn may_look(&self, now: Instant) -> bool {
        self.listing_since.is_none()
            && self.denied.is_none()
            && self.looked_at.is_none_or(|at| now.saturating_duration_since(at) >= LOOK_SPACING)
    }

    /// What was deleted first must not wait for all others until its deadline.
    fn is_look_overdue(&self, now: Instant) -> bool {
        let patience = self.policy.session_deadline / 4;
        self.may_look(now)
            && self.queue.first_look().is_some_and(|time| now.saturating_duration_since(time) > patience)
    }

    /// A listing is worth its request when everything that can be deleted has been, except what is stuck.
    fn is_look_due(&self, now: Instant) -> bool {
        let is_fresh = |sent: Instant| now.saturating_duration_since(sent) < self.policy.stuck_after;
        self.may_look(now)
            && self.queue.first_look().is_some_and(|time| time <= now)
            && !self.queue.last_sent().is_some_and(is_fresh)
            && !self.queue.has_ready(now, false)
    }

    /// Stops where one has ended badly. Who was stopped before hears it again only where something has `happened` to it.
    fn stop_on_error(&mut self, happened: Option<usize>, at: Tick) {
        if !self.policy.stop_on_error || !self.queue.has_bad() {
            self.is_stopped = false;
        } else if !std::mem::replace(&mut self.is_stopped, true) {
            self.halt(NotStarted::Stopped, None, at);
        } else if let Some(slot) = happened {
            self.step(slot, Event::Halted { reason: NotStarted::Stopped, until: None }, at);
        }
    }
}

/// The shells of a listing, if there is one, by their ids.
fn by_id(listing: Option<&Listing>) -> HashMap<&ShellId, &Shell> {
    let shells = listing.into_iter().flat_map(|listing| &listing.shells);
    shells.map(|shell| (&shell.shell_id, &**shell)).collect()
}

/// A listing costs about as much as one Get for so many shells that it shows.
const SHELLS_PER_GET: usize = 100;
/// One, and one more when the connection has died during a prompt.
const RELISTS: u32 = 2;
/// An answer that got lost twice in a row is not to be had.
const IDENTIFY_RETRIES: u32 = 1;
