//! The removals of one host, which share its connections and its listings: who is next, and when to look.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::event::{Action, Answer, Event, Moment, Request, Setback, Sighting};
use super::outcome::{NotStarted, Outcome};
use super::policy::Policy;
use super::removal::{Phase, Removal};
use super::report::Record;
use crate::auth::ServerNames;
use crate::listing::Listing;
use crate::session::{SessionDescriptor, Visibility};
use crate::wsman::{Shell, ShellId};

/// Drives the removals of one host, still without I/O: it hands out jobs and takes their results.
#[derive(Debug)]
pub struct HostRun {
    slots: Vec<Slot>,
    /// What the account that acts sees there.
    visibility: Arc<Visibility>,
    policy: Arc<Policy>,
    /// When the listing that is out began.
    listing_since: Option<Instant>,
    /// When the listing began that showed the sessions.
    vouched_at: Option<Instant>,
    /// How often a new listing may be taken because that one has grown too old.
    relists: u32,
}

#[derive(Debug)]
struct Slot {
    removal: Removal,
    position: usize,
    wants: Action,
    sent_at: Option<Instant>,
    reported: bool,
}

/// One exchange (or enumeration) for one connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Job {
    /// Send this for the session in this slot, then call [`HostRun::answered`].
    Ask {
        /// The slot.
        slot: usize,
        /// What to send.
        request: Request,
    },
    /// List the host's shells, then call [`HostRun::listed`].
    List,
}

impl HostRun {
    /// Takes the sessions (with their places in the plan) that the account of `visibility` closes on one host. `listed` is its listing, if
    /// there is one, and when that began: it vouches for the sessions that it shows as they were planned, and says of
    /// the others that they are gone or changed.
    #[must_use]
    pub fn new(
        sessions: impl IntoIterator<Item = (SessionDescriptor, usize)>,
        visibility: Visibility,
        listed: Option<(&Listing, Instant)>,
        policy: Arc<Policy>,
        at: Moment,
    ) -> Self {
        let shells = by_id(listed.map(|(listing, _)| listing));
        let visibility = Arc::new(visibility);
        let slot = |(mut session, position): (SessionDescriptor, usize)| {
            let shell = shells.get(&session.shell.shell_id).filter(|shell| session.is_still(shell));
            let vouched_at = shell.and(listed).map(|(_, since)| since);
            if let Some(shell) = shell {
                session.learn(shell);
            }
            let removal = Removal::new(session, Arc::clone(&visibility), vouched_at, Arc::clone(&policy));
            Slot { removal, position, wants: Action::Ready, sent_at: None, reported: false }
        };
        let slots = sessions.into_iter().map(slot).collect();
        let vouched_at = listed.map(|(_, since)| since);
        let mut run = Self {
            slots,
            visibility,
            policy: Arc::clone(&policy),
            listing_since: None,
            vouched_at,
            relists: RELISTS,
        };
        if let Some((listing, since)) = listed {
            run.show(Ok(listing), since, at, |removal| !removal.is_vouched(since));
        }
        run
    }

    /// A connection is free: what to do with it, if anything.
    pub fn next_job(&mut self, at: Moment) -> Option<Job> {
        if self.is_relist_due(at.now) {
            self.relists = self.relists.saturating_sub(1);
            self.listing_since = Some(at.now);
            return Some(Job::List);
        }
        while let Some(slot) = self.readiest(at.now) {
            if let Action::Send(request) = self.step(slot, Event::Turn, at) {
                if let Some(entry) = self.slots.get_mut(slot) {
                    entry.wants = Action::Await;
                    entry.sent_at = Some(at.now);
                }
                return Some(Job::Ask { slot, request });
            }
        }
        if self.is_look_due(at.now) {
            self.listing_since = Some(at.now);
            return Some(Job::List);
        }
        None
    }

    /// Whether one more free connection would be put to use.
    #[must_use]
    pub fn has_job(&self, now: Instant) -> bool {
        self.is_relist_due(now) || self.readiest(now).is_some() || self.is_look_due(now)
    }

    /// Takes the result of [`Job::Ask`].
    pub fn answered(&mut self, slot: usize, answer: Result<Answer, Setback>, at: Moment) {
        if let Some(entry) = self.slots.get_mut(slot) {
            entry.sent_at = None;
        }
        self.step(slot, Event::Answered(answer), at);
        self.stop_on_error(at);
    }

    /// Takes the result of [`Job::List`]: it serves every session that is to be checked or verified.
    pub fn listed(&mut self, listing: Result<&Listing, Setback>, at: Moment) {
        let Some(since) = self.listing_since.take() else { return };
        if listing.is_ok() {
            self.vouched_at = Some(since);
        }
        self.show(listing, since, at, |_| true);
        self.stop_on_error(at);
    }

    /// Takes what the host says of itself in a login.
    pub fn name_server(&mut self, names: &ServerNames) {
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
        listing: Result<&Listing, Setback>,
        since: Instant,
        at: Moment,
        want: impl Fn(&Removal) -> bool,
    ) {
        if let Ok(listing) = &listing {
            self.learn(|visibility| visibility.listed(&listing.shells));
        }
        let shows_others = self.visibility.sees_others();
        let shells = by_id(listing.as_ref().ok().copied());
        for slot in 0..self.slots.len() {
            let Some(entry) = self.slots.get(slot).filter(|entry| want(&entry.removal)) else { continue };
            let sighting = match (&listing, shells.get(&entry.removal.session().shell.shell_id)) {
                (Err(setback), _) => Sighting::Failed(setback.clone()),
                (Ok(_), Some(shell)) => Sighting::Present(shell),
                (Ok(listing), None) => Sighting::Absent { complete: listing.complete(), shows_others },
            };
            self.step(slot, Event::Sighted { sighting, since }, at);
        }
    }

    /// Lets time pass: sessions whose deadline is over are concluded.
    pub fn tick(&mut self, at: Moment) {
        let over = |slot: &Slot| slot.removal.deadline().is_some_and(|deadline| deadline <= at.now);
        for slot in 0..self.slots.len() {
            if self.slots.get(slot).is_some_and(over) {
                self.step(slot, Event::Tick, at);
            }
        }
        self.stop_on_error(at);
    }

    /// Begins nothing new; what was sent is looked after until `until`, or until its own deadline.
    pub fn halt(&mut self, reason: NotStarted, until: Option<Instant>, at: Moment) {
        self.step_all(&Event::Halted { reason, until }, at);
    }

    /// There is no connection, and none can be had.
    pub fn unreachable(&mut self, setback: &Setback, at: Moment) {
        self.listing_since = None;
        self.step_all(&Event::Unreachable(setback.clone()), at);
        self.stop_on_error(at);
    }

    /// When the next thing happens by itself, if no answer comes before.
    #[must_use]
    pub fn wake_at(&self, now: Instant) -> Option<Instant> {
        let stuck_after = self.policy.stuck_after;
        let times = self.slots.iter().flat_map(|slot| {
            let due = match slot.wants {
                Action::Wait(time) | Action::Look(time) => Some(time),
                _ => None,
            };
            let stuck = slot.sent_at.map(|sent| sent + stuck_after);
            let deadline = slot.removal.deadline().filter(|_| slot.wants != Action::Done);
            [due, stuck, deadline]
        });
        let listing_stuck = self.listing_since.map(|since| since + stuck_after);
        times.flatten().chain(listing_stuck).filter(|time| *time > now).min()
    }

    /// Whether a request has been out for so long that one more connection may be opened.
    #[must_use]
    pub fn is_stuck(&self, now: Instant) -> bool {
        let sent = self.slots.iter().filter_map(|slot| slot.sent_at).chain(self.listing_since);
        sent.min().is_some_and(|sent| now.saturating_duration_since(sent) >= self.policy.stuck_after)
    }

    /// The records of the sessions that have ended since the last call.
    pub fn take_finished(&mut self, now: Instant) -> Vec<Record> {
        let fresh = self.slots.iter_mut().filter(|slot| !slot.reported);
        let records = fresh.filter_map(|slot| {
            let record = Record::of(&slot.removal, slot.position, now)?;
            slot.reported = true;
            Some(record)
        });
        records.collect()
    }

    /// Whether every session has an outcome.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.slots.iter().all(|slot| slot.wants == Action::Done)
    }

    /// The session in a slot.
    #[must_use]
    pub fn session(&self, slot: usize) -> Option<&SessionDescriptor> {
        self.slots.get(slot).map(|slot| slot.removal.session())
    }

    fn step(&mut self, slot: usize, event: Event<'_>, at: Moment) -> Action {
        let Some(entry) = self.slots.get_mut(slot) else { return Action::Done };
        let action = entry.removal.step(event, at);
        entry.wants = action.clone();
        action
    }

    fn step_all(&mut self, event: &Event<'_>, at: Moment) {
        for slot in 0..self.slots.len() {
            self.step(slot, event.clone(), at);
        }
    }

    /// The session that is furthest along goes first, so that each one's phases follow each other closely and its
    /// check is young when its Delete goes out.
    fn readiest(&self, now: Instant) -> Option<usize> {
        let checking_all = self.listing_since.is_some();
        let ready = self.slots.iter().enumerate().filter(|(_, slot)| {
            let held = checking_all && slot.removal.phase() == Phase::Planned;
            !held
                && match slot.wants {
                    Action::Ready => true,
                    Action::Wait(time) => time <= now,
                    _ => false,
                }
        });
        ready.max_by_key(|(index, slot)| (slot.removal.phase(), Reverse(*index))).map(|(index, _)| index)
    }

    /// One new listing checks all sessions at once, if none has begun; one that grows old later is checked by a Get.
    fn is_relist_due(&self, now: Instant) -> bool {
        let age = self.vouched_at.map(|at| now.saturating_duration_since(at));
        let planned = |slot: &Slot| slot.removal.phase() == Phase::Planned;
        self.relists > 0
            && self.listing_since.is_none()
            && age.is_none_or(|age| age > self.policy.identity_max_age)
            && self.slots.iter().all(planned)
    }

    /// A listing is worth its request when everything that can be deleted has been, except what is stuck.
    fn is_look_due(&self, now: Instant) -> bool {
        let wanted = |slot: &Slot| matches!(slot.wants, Action::Look(time) if time <= now);
        let fresh = |sent: Instant| now.saturating_duration_since(sent) < self.policy.stuck_after;
        self.listing_since.is_none()
            && self.slots.iter().any(wanted)
            && !self.slots.iter().any(|slot| slot.sent_at.is_some_and(fresh))
            && self.readiest(now).is_none()
    }

    fn stop_on_error(&mut self, at: Moment) {
        // What the server has refused will end badly; that is not waited for.
        let bad =
            |slot: &Slot| slot.removal.is_refused() || slot.removal.outcome().is_some_and(Outcome::is_bad);
        if self.policy.stop_on_error && self.slots.iter().any(bad) {
            self.halt(NotStarted::Stopped, None, at);
        }
    }
}

/// The shells of a listing, if there is one, by their ids.
fn by_id(listing: Option<&Listing>) -> HashMap<&ShellId, &Shell> {
    let shells = listing.into_iter().flat_map(|listing| &listing.shells);
    shells.map(|shell| (&shell.shell_id, shell)).collect()
}

/// One, and one more when the connection has died during a prompt.
const RELISTS: u32 = 2;

#[cfg(test)]
mod tests {
    use super::super::event::RequestKind;
    use super::super::policy::SignalMode;
    use super::super::retry::Jitter;
    use super::super::testing::{session, shell, some_instant, visibility};
    use super::*;
    use crate::session::LoginAccount;
    use std::time::{Duration, SystemTime};

    struct Desk {
        host: HostRun,
        now: Instant,
    }

    impl Desk {
        fn new(ids: &[&str], vouched: bool) -> Self {
            let policy = Arc::new(Policy::default().with_signal(SignalMode::Never));
            let now = some_instant();
            let sessions = ids.iter().enumerate().map(|(position, id)| (session("web01.lab", id), position));
            let listing = listing(ids);
            let at = Moment { now, jitter: Jitter::NONE };
            Self {
                host: HostRun::new(sessions, visibility(), vouched.then_some((&listing, now)), policy, at),
                now,
            }
        }

        fn at(&self) -> Moment {
            Moment { now: self.now, jitter: Jitter::NONE }
        }

        /// The next job in words.
        fn job(&mut self) -> String {
            match self.host.next_job(self.at()) {
                None => "nothing".to_owned(),
                Some(Job::List) => "list".to_owned(),
                Some(Job::Ask { slot, request }) => match request.kind {
                    RequestKind::Get => format!("get {slot}"),
                    RequestKind::Delete { .. } => format!("delete {slot}"),
                    other => format!("{other:?}"),
                },
            }
        }

        fn done(&mut self, slot: usize) {
            self.host.answered(slot, Ok(Answer::Done), self.at());
        }

        fn listed(&mut self, ids: &[&str]) {
            self.host.listed(Ok(&listing(ids)), self.at());
        }
    }

    fn listing(ids: &[&str]) -> Listing {
        Listing { shells: ids.iter().map(|id| shell(id)).collect(), gaps: Vec::new() }
    }

    #[test]
    fn a_listing_that_was_taken_before_says_which_remembered_sessions_are_gone_or_changed() {
        let now = some_instant();
        let at = Moment { now, jitter: Jitter::NONE };
        let mut changed = session("web01.lab", "B");
        changed.shell.owner = Some("somebody else".to_owned());
        let sessions = [session("web01.lab", "A"), changed, session("web01.lab", "C")];
        let listing = listing(&["a", "b"]);
        let policy = Arc::new(Policy::default().with_signal(SignalMode::Never));
        let host = HostRun::new(
            (0..).zip(sessions).map(|(n, s)| (s, n)),
            visibility(),
            Some((&listing, now)),
            policy,
            at,
        );
        let mut desk = Desk { host, now };
        let ended = desk.host.take_finished(now);
        let ended: Vec<_> = ended.iter().map(|record| record.outcome.to_string()).collect();
        assert_eq!(ended, ["Failed(identity changed)", "AlreadyGone"]);
        assert_eq!([desk.job(), desk.job()], ["delete 0", "nothing"]);
    }

    #[test]
    fn one_listing_verifies_all_deletes_once_none_is_outstanding() {
        let mut desk = Desk::new(&["A", "B"], true);
        assert_eq!([desk.job(), desk.job(), desk.job()], ["delete 0", "delete 1", "nothing"]);
        desk.done(0);
        assert_eq!(desk.job(), "nothing");
        desk.done(1);
        assert_eq!([desk.job(), desk.job()], ["list", "nothing"]);
        desk.listed(&[]);
        assert!(desk.host.is_done());
        assert_eq!(desk.host.take_finished(desk.now).len(), 2);
        assert_eq!(desk.host.take_finished(desk.now).len(), 0);
    }

    #[test]
    fn a_stuck_delete_no_longer_holds_up_the_listing() {
        let mut desk = Desk::new(&["A", "B"], true);
        assert_eq!([desk.job(), desk.job()], ["delete 0", "delete 1"]);
        desk.done(1);
        assert_eq!(desk.job(), "nothing");
        assert!(!desk.host.is_stuck(desk.now));
        assert_eq!(desk.host.wake_at(desk.now), Some(desk.now + Duration::from_secs(5)));
        desk.now += Duration::from_secs(5);
        assert!(desk.host.is_stuck(desk.now) && desk.host.has_job(desk.now));
        assert_eq!(desk.job(), "list");
    }

    #[test]
    fn sessions_that_no_listing_vouches_for_are_listed_once_and_then_deleted() {
        let mut desk = Desk::new(&["A", "B"], false);
        assert_eq!([desk.job(), desk.job()], ["list", "nothing"]);
        desk.listed(&["a"]);
        assert_eq!([desk.job(), desk.job()], ["delete 0", "nothing"]);
    }

    #[test]
    fn a_listing_that_fails_twice_leaves_the_check_to_gets() {
        let mut desk = Desk::new(&["A", "B"], false);
        for _ in 0..2 {
            assert_eq!(desk.job(), "list");
            desk.host.listed(Err(Setback::NoAnswer("broken pipe".to_owned())), desk.at());
        }
        assert_eq!([desk.job(), desk.job()], ["get 0", "get 1"]);
    }

    #[test]
    fn what_the_server_says_of_itself_and_what_it_lists_decide_which_absence_is_a_proof() {
        let of = |owner: &str, shell: Shell| Shell { owner: Some(owner.to_owned()), ..shell };
        let ended = |login: &str, names: Option<&ServerNames>, owners: &[&str]| {
            let now = some_instant();
            let at = Moment { now, jitter: Jitter::NONE };
            let mut absent = session("web01.lab", "A");
            absent.shell = of(r"LAB\svc", absent.shell);
            absent.seen_by = r"LAB\other".to_owned();
            let visibility = Visibility::new(LoginAccount::new(login), SystemTime::UNIX_EPOCH);
            let mut host = HostRun::new([(absent, 0)], visibility, None, Arc::new(Policy::default()), at);
            names.iter().for_each(|names| host.name_server(names));
            assert_eq!(host.next_job(at), Some(Job::List));
            let shells = owners.iter().map(|owner| of(owner, shell(owner))).collect();
            host.listed(Ok(&Listing { shells, gaps: Vec::new() }), at);
            let records = host.take_finished(now);
            records.first().map_or_else(|| "asked for".to_owned(), |record| record.outcome.to_string())
        };
        let names = ServerNames {
            netbios_domain: "LAB".to_owned(),
            netbios_computer: "WEB01".to_owned(),
            dns_domain: "lab.example".to_owned(),
        };
        for (login, names, owners, expected) in [
            (r"LAB\svc", None, &[][..], "AlreadyGone"),
            ("svc", None, &[], "asked for"),
            ("svc", Some(&names), &[], "asked for"),
            (r".\svc", Some(&names), &[], "asked for"),
            (r"lab.example\svc", None, &[], "asked for"),
            (r"lab.example\svc", Some(&names), &[], "AlreadyGone"),
            ("john.doe@lab.example", Some(&names), &[r"LAB\jdoe"], "asked for"),
            ("john.doe@lab.example", Some(&names), &[r"LAB\jdoe", r"LAB\boss"], "AlreadyGone"),
            (r"WEB01\svc", None, &[r"LAB\svc"], "asked for"),
            (r"WEB01\svc", Some(&names), &[r"LAB\svc"], "AlreadyGone"),
        ] {
            assert_eq!(ended(login, names, owners), expected, "{login} {names:?} {owners:?}");
        }
    }
}
