//! What a removal makes of listings: the check before the Delete, and the proof after it.

use std::time::Instant;

use super::super::event::Sighting;
use super::super::outcome::{Doubt, Failure, Outcome};
use super::super::policy::{MAX_RESENDS, VERIFY_POLLS, verify_poll};
use super::{Check, Removal, Seen, State, Turn};

impl Removal {
    pub(super) fn verify(&mut self, now: Instant) {
        (self.retries, self.delete_retries) = (0, 0);
        self.state = State::Verifying { since: now, polls: 0, seen: Seen::Nothing };
    }

    pub(super) fn sighted(&mut self, sighting: &Sighting<'_>, since: Instant, now: Instant) {
        match (&self.state, sighting) {
            (State::Planned, Sighting::Present(shell)) => {
                if self.recognises(shell) {
                    self.vouch(since);
                } else {
                    self.state = State::Done(Outcome::Failed(Failure::IdentityChanged));
                }
            }
            // An absence that proves nothing leaves the question to a Get.
            (State::Planned, Sighting::Absent { complete: true, shows_others })
                if self.could_see(*shows_others) =>
            {
                self.state = State::Done(Outcome::AlreadyGone);
            }
            (State::Checking(Check::Listing(_)), Sighting::Present(shell)) => {
                self.identified(shell, since, now)
            }
            (State::Checking(Check::Listing(_)), Sighting::Failed(setback)) => {
                self.give_up_checking(setback.clone(), now);
            }
            (State::Checking(Check::Listing(_)), Sighting::Absent { .. }) => self.verify(now),
            // Taken for somebody else, before our next look was due: what it still shows may be gone by now.
            (State::Verifying { since: begun, polls, .. }, Sighting::Present(_))
                if since < *begun + verify_poll(*polls) => {}
            (State::Verifying { .. }, _) if self.deleted_at.is_some_and(|sent| since < sent) => {}
            (State::Verifying { .. }, _) => self.look(sighting, now),
            _ => {}
        }
    }

    pub(super) fn look(&mut self, sighting: &Sighting<'_>, now: Instant) {
        let unknown = |doubt| State::Done(Outcome::Unknown(doubt));
        match sighting {
            Sighting::Absent { complete: true, shows_others } => {
                self.state = match (self.could_see(*shows_others), self.acted) {
                    (true, true) => State::Done(Outcome::Closed),
                    (true, false) => State::Done(Outcome::AlreadyGone),
                    (false, _) => {
                        unknown(Doubt::NotVisible { user: self.visibility.account().login().to_owned() })
                    }
                };
            }
            Sighting::Absent { .. } => self.poll_again(Seen::Incomplete, now),
            Sighting::Failed(setback) if setback.is_definite() => {
                self.state = unknown(Doubt::CannotAsk(setback.text()));
            }
            Sighting::Failed(setback) => self.poll_again(Seen::CannotAsk(setback.text()), now),
            // No Delete has done anything, and none will.
            Sighting::Present(_) if self.refusal.is_some() && !self.acted => {
                if let Some(refusal) = self.refusal.clone() {
                    self.fail(refusal);
                }
            }
            Sighting::Present(_) => {
                self.poll_again(Seen::Present, now);
                if self.should_resend() {
                    self.resends += 1;
                    self.state = State::Checking(Check::Get(Turn::Due));
                }
            }
        }
    }

    pub(super) fn poll_again(&mut self, saw: Seen, now: Instant) {
        if let State::Verifying { since, polls, seen } = &mut self.state {
            *seen = saw;
            while *since + verify_poll(*polls) <= now {
                *polls += 1;
            }
        }
    }

    /// Some servers say "gone" to a wrong resource, so that answer is doubted at once; else the early polls are
    /// awaited, because closing takes its time.
    pub(super) fn should_resend(&mut self) -> bool {
        let State::Verifying { polls, .. } = self.state else { return false };
        if self.halted.is_some() || self.resends >= MAX_RESENDS {
            return false;
        }
        let doubtful = self.said_gone && !self.acted && self.may_go_generic();
        if doubtful {
            self.generic = true;
        }
        doubtful || usize::try_from(polls).is_ok_and(|polls| polls >= VERIFY_POLLS.len())
    }

    /// Whether this account would see the session if it were there.
    pub(super) fn could_see(&self, shows_others: bool) -> bool {
        let shown = self.vouched_at.is_some();
        self.accepted || shows_others || self.visibility.could_see(&self.session, shown)
    }
}
