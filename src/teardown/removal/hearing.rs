//! What a removal makes of the answers to its requests.

use std::collections::VecDeque;
use std::time::Instant;

use super::super::event::{Answer, Moment, Setback};
use super::super::outcome::{Failure, NotStarted, Outcome};
use super::super::policy::MAX_RESENDS;
use super::{Check, Removal, State, Turn};
use crate::wsman::{CommandId, Fault, FaultGroup, Shell, uri};

impl Removal {
    pub(super) fn answered(&mut self, answer: Result<Answer, Setback>, at: Moment) {
        if let Err(Setback::Fault(fault)) = &answer
            && !matches!(self.state, State::Signalling { .. } | State::Done(_))
        {
            self.fault = Some(fault.clone());
        }
        match &self.state {
            State::Checking(Check::Get(Turn::Out)) => self.checked(answer, at),
            State::Signalling { turn: Turn::Out, .. } => self.signalled(answer),
            State::Deleting(Turn::Out) => self.deleted(answer, at),
            _ => {}
        }
    }

    pub(super) fn checked(&mut self, answer: Result<Answer, Setback>, at: Moment) {
        match answer {
            Ok(Answer::Shell(shell)) => {
                let since = self.looked_at(at.now);
                self.identified(&shell, since, at.now);
            }
            Ok(_) => self.state = State::Checking(Check::Listing(at.now)),
            Err(Setback::Fault(fault)) if fault.is_shell_gone() => self.verify(at.now),
            Err(setback) if may_read_again(&setback) => match self.backoff(&setback, at) {
                Some(turn) => self.state = State::Checking(Check::Get(turn)),
                None => self.give_up_checking(setback, at.now),
            },
            // 2008 R2 may not know Get for PowerShell shells; a listing shows the same.
            Err(Setback::Fault(fault)) if !fault.is_access_denied() && !fault.is_logon_failure() => {
                self.state = State::Checking(Check::Listing(at.now));
            }
            Err(setback) => self.give_up_checking(setback, at.now),
        }
    }

    /// From when the answer of a Get vouches: from when it was sent. A server that is so slow that this is too old twice
    /// will never give a younger look, and is believed; else its sessions could not be closed at all.
    fn looked_at(&mut self, now: Instant) -> Instant {
        let asked_at = self.asked_at.unwrap_or(now);
        let is_late = now.saturating_duration_since(asked_at) > self.policy.identity_max_age;
        let was_late = std::mem::replace(&mut self.got_late, is_late);
        if is_late && was_late { now } else { asked_at }
    }

    /// Whether this is the planned session; what the plan did not know of it is known from now on.
    pub(super) fn recognises(&mut self, shell: &Shell) -> bool {
        let is_it = self.session.is_still(shell);
        if is_it {
            self.session.learn(shell);
        }
        is_it
    }

    pub(super) fn identified(&mut self, shell: &Shell, since: Instant, now: Instant) {
        if !self.recognises(shell) {
            self.state = State::Done(Outcome::Failed(Failure::IdentityChanged));
        } else if self.halted.is_some() {
            self.verify(now);
        } else {
            self.vouch(since);
            self.go_on(now);
        }
    }

    /// Whether it is there cannot be learned by asking for it: what a Delete did before is still to be proved.
    pub(super) fn give_up_checking(&mut self, setback: Setback, now: Instant) {
        if self.is_open() { self.verify(now) } else { self.fail(setback) }
    }

    pub(super) fn signalled(&mut self, answer: Result<Answer, Setback>) {
        match answer {
            Err(setback) if setback.is_credential_refused() => self.fail(setback),
            Ok(Answer::Commands(running)) => {
                let running = running.into_iter().filter(Answer::is_running);
                let running = running.map(|command| command.command_id).collect();
                self.next_signal(Some(running));
            }
            Ok(_) => {
                self.signals += 1;
                self.next_signal(None);
            }
            // The command has ended by itself.
            Err(Setback::Fault(fault)) if fault.is_shell_gone() => self.next_signal(None),
            Err(_) => self.state = State::Deleting(Turn::Due),
        }
    }

    pub(super) fn next_signal(&mut self, listed: Option<VecDeque<CommandId>>) {
        let State::Signalling { turn, commands, .. } = &mut self.state else { return };
        *turn = Turn::Due;
        if listed.is_some() {
            *commands = listed;
        }
        if commands.as_ref().is_none_or(VecDeque::is_empty) {
            self.state = State::Deleting(Turn::Due);
        }
    }

    pub(super) fn deleted(&mut self, answer: Result<Answer, Setback>, at: Moment) {
        let setback = match answer {
            Ok(_) => {
                self.accepted = true;
                self.acted = true;
                return self.verify(at.now);
            }
            Err(setback) => setback,
        };
        match &setback {
            Setback::Fault(fault) if fault.is_unreportable_success() => {
                self.acted = true;
                self.verify(at.now);
            }
            Setback::Fault(fault) if fault.is_access_denied() || fault.is_logon_failure() => {
                self.refused(setback, at.now);
            }
            Setback::Fault(fault)
                if (fault.is_wrong_resource() || fault.is_disconnected()) && self.may_go_generic() =>
            {
                self.generic = true;
                self.delete_retries = 0;
                self.state = State::Deleting(Turn::Due);
            }
            Setback::Fault(fault) if is_gone(fault) => {
                self.said_gone = true;
                self.verify(at.now);
            }
            Setback::NoAnswer(_) => {
                self.acted = true;
                self.verify(at.now);
            }
            Setback::Fault(fault) if fault.is_timeout() => {
                self.acted = true;
                self.verify(at.now);
            }
            _ if was_turned_away(&setback) => match self.backoff(&setback, at) {
                Some(turn) => self.state = State::Deleting(turn),
                None => self.turned_away(setback, at.now),
            },
            Setback::Fault(fault) if is_refusal(fault) => self.refused(setback, at.now),
            // A code that says nothing about the shell: look what became of it.
            Setback::Fault(_) => {
                self.acted = true;
                self.verify(at.now);
            }
            _ => self.refused(setback, at.now),
        }
    }

    /// This Delete is refused for good, and no other follows. That is the server's word; a listing says what is true.
    fn refused(&mut self, setback: Setback, now: Instant) {
        self.resends = MAX_RESENDS;
        self.refusal = Some(setback);
        self.verify(now);
    }

    /// This Delete was not taken, however often it was sent; one before it may have done its work.
    fn turned_away(&mut self, setback: Setback, now: Instant) {
        self.resends = MAX_RESENDS;
        if self.is_open() { self.verify(now) } else { self.fail(setback) }
    }

    pub(super) fn may_go_generic(&self) -> bool {
        !self.generic && self.session.shell.resource_uri != uri::SHELL_RESOURCE
    }

    /// A Delete was taken, if only to refuse it, and its effect is not proved yet.
    pub(super) fn is_open(&self) -> bool {
        self.acted || self.said_gone || self.refusal.is_some()
    }

    pub(super) fn backoff(&mut self, setback: &Setback, at: Moment) -> Option<Turn> {
        let retry_after = match setback {
            Setback::TurnedAway { retry_after, .. } => *retry_after,
            _ => None,
        };
        if self.halted.is_some() {
            return None;
        }
        let retries = match self.state {
            State::Deleting(_) => &mut self.delete_retries,
            _ => &mut self.retries,
        };
        let delay = self.policy.retry.delay(*retries, retry_after, at.jitter)?;
        *retries += 1;
        Some(Turn::From(at.now + delay))
    }

    pub(super) fn fail(&mut self, setback: Setback) {
        let outcome = match setback {
            setback if setback.is_credential_refused() && !self.is_open() => {
                Outcome::NotStarted(NotStarted::CredentialRefused)
            }
            _ if self.halted.is_some() && !self.is_open() => return self.conclude_halted(),
            Setback::Fault(fault) if fault.is_access_denied() => {
                Outcome::Failed(Failure::AccessDenied(fault))
            }
            Setback::Fault(fault) => Outcome::Failed(Failure::Refused(fault)),
            setback => Outcome::Failed(Failure::Unreachable(setback.text())),
        };
        self.state = State::Done(outcome);
    }
}

/// The request did nothing and may be sent again as it is: a quota, busy, 503, no connection.
fn was_turned_away(setback: &Setback) -> bool {
    match setback {
        Setback::TurnedAway { .. } => true,
        Setback::Fault(fault) => {
            fault.is_retryable() && fault.group().is_none_or(|group| group != FaultGroup::Infrastructure)
        }
        _ => false,
    }
}

/// What only reads may also be sent again after a lost or late answer.
fn may_read_again(setback: &Setback) -> bool {
    match setback {
        Setback::TurnedAway { .. } | Setback::NoAnswer(_) => true,
        Setback::Fault(fault) => fault.is_retryable() || fault.is_timeout(),
        Setback::Refused(_) | Setback::CredentialRefused(_) => false,
    }
}

/// To a Delete through the generic resource, "no such resource" too can only mean the shell.
fn is_gone(fault: &Fault) -> bool {
    fault.is_shell_gone() || fault.group() == Some(FaultGroup::Gone)
}

/// The server will say the same to every repetition.
fn is_refusal(fault: &Fault) -> bool {
    fault.is_wrong_resource()
        || matches!(
            fault.group(),
            Some(FaultGroup::Unsupported | FaultGroup::Denied | FaultGroup::Disconnected | FaultGroup::Quota)
        )
}
