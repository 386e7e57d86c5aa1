//! What a removal makes of looks at the server: the check before the Delete, and the proof after it.

use std::time::Instant;

use super::super::event::{Answer, ListingEvidence, RequestError, ServerKind};
use super::super::outcome::{Failure, Outcome, UnknownReason};
use super::super::policy::{MAX_RESENDS, VERIFY_POLLS, verify_poll};
use super::replies::may_read_again;
use super::{Check, Missed, Question, Removal, Seen, State, Turn};

impl Removal {
    pub(super) fn verify(&mut self, now: Instant) {
        (self.retries, self.deletes.retries) = (0, 0);
        self.state =
            State::Verifying { since: now, polls: 0, seen: Seen::Nothing, question: Question::Listing };
    }

    pub(super) fn sighted(&mut self, evidence: &ListingEvidence<'_>, since: Instant, now: Instant) {
        match (&self.state, evidence) {
            (State::Planned, ListingEvidence::Present(shell)) => {
                if self.recognises(shell) {
                    self.vouch(since);
                } else {
                    self.state = State::Done(Outcome::Failed(Failure::IdentityChanged));
                }
            }
            (State::Planned, ListingEvidence::Absent { complete, shows_others }) => {
                // An absence that proves nothing leaves the question to a Get.
                self.missed = Some(Missed::of(*complete));
                if *complete && self.could_see(*shows_others) {
                    self.gone(now);
                }
            }
            // Taken for somebody else. The Get that is out may get no answer, and the next listing none either.
            (State::Checking(Check::Get(turn)), ListingEvidence::Absent { complete, shows_others }) => {
                let is_out = matches!(turn, Turn::Out);
                self.missed = Some(Missed::of(*complete));
                if *complete && !is_out && self.could_see(*shows_others) {
                    self.gone(now);
                }
            }
            (State::Signalling { .. } | State::Deleting(_), ListingEvidence::Absent { complete, .. })
                if !self.deletes.were_sent() =>
            {
                self.missed = Some(Missed::of(*complete));
            }
            (State::Checking(Check::Listing(_)), ListingEvidence::Present(shell)) => {
                self.identified(shell, since, now)
            }
            // Taken for somebody else: the next one may show it.
            (State::Checking(Check::Listing(from)), ListingEvidence::Failed(_)) if since < *from => {}
            (State::Checking(Check::Listing(_)), ListingEvidence::Failed(request_error)) => {
                self.give_up_checking(request_error.clone(), now);
            }
            (State::Checking(Check::Listing(_)), ListingEvidence::Absent { .. }) => {
                self.verify(now);
                self.sighted(evidence, since, now);
            }
            // Taken for somebody else, before our next look was due: what it still shows may be gone by now.
            (State::Verifying { since: begun, polls, .. }, ListingEvidence::Present(_))
                if since < *begun + verify_poll(*polls) => {}
            (State::Verifying { .. }, _) if self.deletes.sent_at.is_some_and(|sent| since < sent) => {}
            (State::Verifying { question: Question::Listing, .. }, _) => self.look(evidence, now),
            _ => {}
        }
    }

    pub(super) fn look(&mut self, evidence: &ListingEvidence<'_>, now: Instant) {
        match evidence {
            ListingEvidence::Absent { complete: true, shows_others } if self.could_see(*shows_others) => {
                self.gone(now);
            }
            ListingEvidence::Absent { complete: true, .. } => self.unknown(self.not_visible()),
            ListingEvidence::Absent { .. } => self.poll_again(Seen::Incomplete, now),
            ListingEvidence::Failed(request_error) if request_error.is_access_denied() => {
                self.ask_for_it(request_error)
            }
            ListingEvidence::Failed(request_error) if request_error.is_definite() => {
                self.unknown(UnknownReason::CannotAsk(request_error.text()));
            }
            ListingEvidence::Failed(request_error) => {
                self.poll_again(Seen::CannotAsk(request_error.text()), now)
            }
            ListingEvidence::Present(_) => self.still_there(now),
        }
    }

    /// This account may not list. After a Delete a Get says what became of it; before one it has said what it can.
    fn ask_for_it(&mut self, denied: &RequestError) {
        let doubt = match self.could_see(false) {
            true => UnknownReason::CannotAsk(denied.text()),
            false => self.not_visible(),
        };
        match &mut self.state {
            State::Verifying { question, .. } if self.deletes.were_sent() => {
                *question = Question::Get(Turn::Due, doubt);
            }
            _ => self.unknown(doubt),
        }
    }

    /// The answer to the Get that is to say what no listing can.
    pub(super) fn got(&mut self, answer: Result<Answer, RequestError>, doubt: UnknownReason, now: Instant) {
        match answer {
            Ok(Answer::Shell(_)) => self.still_there(now),
            Err(RequestError::Fault(fault)) if fault.is_no_such_shell() && self.deletes.were_accepted() => {
                self.gone(now);
            }
            Err(request_error) if may_read_again(&request_error) => {
                self.poll_again(Seen::CannotAsk(request_error.text()), now);
            }
            _ => self.unknown(doubt),
        }
    }

    fn still_there(&mut self, now: Instant) {
        match self.deletes.refusal.clone() {
            // No Delete has done anything, and none will.
            Some(refusal) if !self.deletes.may_take_effect() => self.fail(refusal),
            None if !self.deletes.may_take_effect() && self.halted.is_some() => self.conclude_halted(),
            _ => {
                self.poll_again(Seen::Present, now);
                if self.should_resend() {
                    self.deletes.resends += 1;
                    self.state = State::Checking(Check::Get(Turn::Due));
                }
            }
        }
    }

    /// Absence is established, as far as Windows' word is a proof.
    fn gone(&mut self, now: Instant) {
        self.state = match self.server {
            Some(ServerKind::Windows) => State::Done(self.deletes.outcome_of_absence()),
            Some(ServerKind::Other) => State::Done(Outcome::Unknown(UnknownReason::CannotProve)),
            None => {
                if self.begun_at.is_none() {
                    self.begin(now);
                }
                State::Verifying { since: now, polls: 0, seen: Seen::Nothing, question: Question::Server }
            }
        };
    }

    pub(super) fn server_identified(&mut self, server: Result<ServerKind, RequestError>, now: Instant) {
        let is_awaited = matches!(self.state, State::Verifying { question: Question::Server, .. });
        match server {
            Ok(server) => {
                self.server = Some(server);
                if is_awaited {
                    self.gone(now);
                }
            }
            Err(request_error) if is_awaited => self.unknown(UnknownReason::CannotAsk(request_error.text())),
            Err(_) => {}
        }
    }

    fn poll_again(&mut self, saw: Seen, now: Instant) {
        if let State::Verifying { since, polls, seen, question } = &mut self.state {
            (*seen, *question) = (saw, Question::Listing);
            while *since + verify_poll(*polls) <= now {
                *polls += 1;
            }
        }
    }

    /// Some servers say "gone" to a wrong resource, so that answer is doubted at once; else the early polls are
    /// awaited, because closing takes its time.
    fn should_resend(&mut self) -> bool {
        let State::Verifying { polls, .. } = self.state else { return false };
        if self.halted.is_some() || self.deletes.resends >= MAX_RESENDS {
            return false;
        }
        let doubtful = self.deletes.said_gone && !self.deletes.may_take_effect() && self.may_go_generic();
        if doubtful {
            self.deletes.generic = true;
        }
        doubtful || usize::try_from(polls).is_ok_and(|polls| polls >= VERIFY_POLLS.len())
    }

    /// Whether this account would see the session if it were there.
    pub(super) fn could_see(&self, shows_others: bool) -> bool {
        shows_others || self.visibility.could_see(&self.session, self.proven_at.is_some())
    }

    fn unknown(&mut self, doubt: UnknownReason) {
        self.state = State::Done(Outcome::Unknown(doubt));
    }

    pub(super) fn not_visible(&self) -> UnknownReason {
        UnknownReason::NotVisible { user: self.visibility.account().login().to_owned() }
    }
}
