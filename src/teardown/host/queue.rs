//! What each session of a host waits for, sorted, so that an answer costs the same however many sessions there are.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::super::event::Action;
use super::super::removal::Phase;

/// The sessions of one host by what they wait for. Slots are numbered from 0.
#[derive(Debug)]
pub(super) struct Queue {
    statuses: Vec<Status>,
    /// Has something to send. The session that is furthest along comes first, so that each one's phases follow each other
    /// closely and its check is young when its Delete goes out.
    ready: BTreeSet<(Reverse<Phase>, usize)>,
    /// Has something to send from this time on. [`Queue::advance`] makes it ready.
    waiting: BTreeSet<(Instant, usize)>,
    /// Wants a listing from this time on.
    looking: BTreeSet<(Instant, usize)>,
    /// Has a request out since this time.
    sent: BTreeSet<(Instant, usize)>,
    /// Ends at this time, whatever it waits for.
    deadlines: BTreeSet<(Instant, usize)>,
    /// Has ended since the last [`Queue::take_finished`].
    finished: BTreeSet<usize>,
    planned: usize,
    identifying: usize,
    bad: usize,
    done: usize,
}

/// What a host must know of one session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Status {
    pub(super) phase: Phase,
    pub(super) wants: Wants,
    /// When its request went out that has no answer yet.
    pub(super) sent_at: Option<Instant>,
    /// When it must have an outcome.
    pub(super) deadline: Option<Instant>,
    /// It has ended badly, or will.
    pub(super) is_bad: bool,
}

/// An [`Action`], as far as it says when a session's turn comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wants {
    /// A connection.
    Turn,
    /// A connection from this time on.
    TurnFrom(Instant),
    /// A listing that begins at this time or later.
    Listing(Instant),
    /// To know what the server is.
    Identity,
    /// Nothing but the answer that is out, if that.
    Nothing,
}

impl From<&Action> for Wants {
    fn from(action: &Action) -> Self {
        match action {
            Action::Ready => Self::Turn,
            Action::Wait(time) => Self::TurnFrom(*time),
            Action::Look(time) => Self::Listing(*time),
            Action::Identify => Self::Identity,
            Action::Send(_) | Action::Await | Action::Done => Self::Nothing,
        }
    }
}

impl Status {
    /// Before anything was sent.
    pub(super) const PLANNED: Self =
        Self { phase: Phase::Planned, wants: Wants::Turn, sent_at: None, deadline: None, is_bad: false };

    fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }
}

impl Queue {
    /// So many sessions, all of them planned.
    pub(super) fn new(slots: usize) -> Self {
        let mut queue = Self {
            statuses: vec![Status::PLANNED; slots],
            ready: BTreeSet::new(),
            waiting: BTreeSet::new(),
            looking: BTreeSet::new(),
            sent: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            finished: BTreeSet::new(),
            planned: 0,
            identifying: 0,
            bad: 0,
            done: 0,
        };
        (0..slots).for_each(|slot| queue.file(slot, Status::PLANNED));
        queue
    }

    pub(super) fn status(&self, slot: usize) -> Option<Status> {
        self.statuses.get(slot).copied()
    }

    /// Takes how it stands with the session in `slot` now.
    pub(super) fn set(&mut self, slot: usize, status: Status) {
        let Some(entry) = self.statuses.get_mut(slot) else { return };
        let before = std::mem::replace(entry, status);
        if before != status {
            self.unfile(slot, before);
            self.file(slot, status);
            if status.is_done() && !before.is_done() {
                self.finished.insert(slot);
            }
        }
    }

    fn file(&mut self, slot: usize, status: Status) {
        match status.wants {
            Wants::Turn => drop(self.ready.insert((Reverse(status.phase), slot))),
            Wants::TurnFrom(time) => drop(self.waiting.insert((time, slot))),
            Wants::Listing(time) => drop(self.looking.insert((time, slot))),
            Wants::Identity => self.identifying += 1,
            Wants::Nothing => {}
        }
        self.sent.extend(status.sent_at.map(|time| (time, slot)));
        self.deadlines.extend(status.deadline.filter(|_| !status.is_done()).map(|time| (time, slot)));
        self.planned += usize::from(status.phase == Phase::Planned);
        self.done += usize::from(status.is_done());
        self.bad += usize::from(status.is_bad);
    }

    fn unfile(&mut self, slot: usize, status: Status) {
        match status.wants {
            Wants::Turn => drop(self.ready.remove(&(Reverse(status.phase), slot))),
            Wants::TurnFrom(time) => {
                self.waiting.remove(&(time, slot));
                self.ready.remove(&(Reverse(status.phase), slot));
            }
            Wants::Listing(time) => drop(self.looking.remove(&(time, slot))),
            Wants::Identity => self.identifying -= 1,
            Wants::Nothing => {}
        }
        status.sent_at.map(|time| self.sent.remove(&(time, slot)));
        status.deadline.map(|time| self.deadlines.remove(&(time, slot)));
        self.planned -= usize::from(status.phase == Phase::Planned);
        self.done -= usize::from(status.is_done());
        self.bad -= usize::from(status.is_bad);
    }

    /// Whoever has waited until now is ready.
    pub(super) fn advance(&mut self, now: Instant) {
        while let Some(&(time, slot)) = self.waiting.first().filter(|(time, _)| *time <= now) {
            self.waiting.remove(&(time, slot));
            if let Some(status) = self.statuses.get(slot) {
                self.ready.insert((Reverse(status.phase), slot));
            }
        }
    }

    /// Whose turn it is; after [`Queue::advance`]. `held` keeps those back that are planned.
    pub(super) fn readiest(&self, held: bool) -> Option<usize> {
        let (Reverse(phase), slot) = self.ready.first()?;
        Some(*slot).filter(|_| !held || *phase != Phase::Planned)
    }

    /// Whether it is anybody's turn.
    pub(super) fn has_ready(&self, now: Instant, held: bool) -> bool {
        self.ready(now, held, 1) > 0
    }

    /// How many have their turn, up to `most`. Nobody who waits is planned, and those who are stand last.
    pub(super) fn ready(&self, now: Instant, held: bool, most: usize) -> usize {
        let ready = self.ready.iter().take_while(|(Reverse(phase), _)| !held || *phase != Phase::Planned);
        let waiting = self.waiting.iter().take_while(|(time, _)| *time <= now);
        let ready = ready.map(|(_, slot)| slot);
        let waiting = waiting.map(|(_, slot)| slot);
        ready.chain(waiting).take(most).count()
    }

    /// From when on a listing is wanted.
    pub(super) fn first_look(&self) -> Option<Instant> {
        self.looking.first().map(|(time, _)| *time)
    }

    /// Who wants a listing that begins now.
    pub(super) fn looking(&self, now: Instant) -> Vec<usize> {
        self.looking.range(..=(now, usize::MAX)).map(|(_, slot)| *slot).collect()
    }

    /// Whose deadline is over.
    pub(super) fn overdue(&self, now: Instant) -> Vec<usize> {
        self.deadlines.range(..=(now, usize::MAX)).map(|(_, slot)| *slot).collect()
    }

    /// When the next wait or deadline after `now` ends, or a request counts as stuck.
    pub(super) fn next_time(&self, now: Instant, stuck_after: Duration) -> Option<Instant> {
        let later = |times: &BTreeSet<(Instant, usize)>| {
            let after = (now, usize::MAX);
            times
                .range((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded))
                .next()
                .map(|(time, _)| *time)
        };
        // No more than there are connections.
        let stuck = self.sent.iter().map(|(time, _)| *time + stuck_after).find(|time| *time > now);
        let times = [later(&self.waiting), later(&self.looking), later(&self.deadlines), stuck];
        times.into_iter().flatten().min()
    }

    /// When the request went out that is out for longest.
    pub(super) fn first_sent(&self) -> Option<Instant> {
        self.sent.first().map(|(time, _)| *time)
    }

    /// When the last request went out, of those that are out.
    pub(super) fn last_sent(&self) -> Option<Instant> {
        self.sent.last().map(|(time, _)| *time)
    }

    /// How many are planned, and no more.
    pub(super) fn planned(&self) -> usize {
        self.planned
    }

    /// Whether anybody wants to know what the server is.
    pub(super) fn wants_identity(&self) -> bool {
        self.identifying > 0
    }

    /// Whether anybody has ended badly, or will.
    pub(super) fn has_bad(&self) -> bool {
        self.bad > 0
    }

    /// Whether all have ended.
    pub(super) fn is_done(&self) -> bool {
        self.done == self.statuses.len()
    }

    /// Who has ended since the last call.
    pub(super) fn take_finished(&mut self) -> BTreeSet<usize> {
        std::mem::take(&mut self.finished)
    }
}
