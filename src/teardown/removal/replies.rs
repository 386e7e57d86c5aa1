//! What a removal makes of the answers to its requests.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::super::event::{Answer, RequestError, Tick};
use super::super::outcome::{Failure, NotStarted, Outcome, UnknownReason};
use super::super::policy::{IDENTITY_MAX_AGE, MAX_RESENDS};
use super::deletes::DeleteAnswer;
use super::{Check, Missed, Question, Removal, State, Turn};
use crate::wsman::{CommandId, Fault, FaultGroup, Shell, ShellSchema, uri};

impl Removal {
    pub(super) fn answered(&mut self, answer: Result<Answer, RequestError>, at: Tick) {
        if let Err(RequestError::Fault(fault)) = &answer
            && !matches!(self.state, State::Signalling { .. } | State::Done(_))
        {
            self.fault = Some(fault.clone());
        }
        match &self.state {
            State::Checking(Check::Get(Turn::Out)) => self.checked(answer, at),
            State::Signalling { turn: Turn::Out, .. } => self.signalled(answer),
            State::Deleting(Turn::Out) => self.deleted(answer, at),
            State::Verifying { question: Question::Get(Turn::Out, doubt), .. } => {
                let doubt = doubt.clone();
                self.got(answer, doubt, at.now);
            }
            _ => {}
        }
    }

    pub(super) fn checked(&mut self, answer: Result<Answer, RequestError>, at: Tick) {
        match answer {
            Ok(Answer::Shell(shell)) => {
                let since = self.looked_at(at.now);
                self.identified(&shell, since, at.now);
            }
            Ok(_) => self.state = State::Checking(Check::Listing(at.now)),
            Err(RequestError::Fault(fault)) if fault.is_shell_gone() => self.verify(at.now),
            Err(request_error) if request_error.is_credential_refused() => {
                self.give_up_checking(request_error, at.now)
            }
            // 2008 R2 may not know Get for PowerShell shells; a listing shows the same.
            Err(request_error) => {
                let again =
                    may_read_again(&request_error).then(|| self.backoff(&request_error, at)).flatten();
                if again.is_none() && self.halted.is_some() {
                    return self.give_up_checking(request_error, at.now);
                }
                let listing = Check::Listing(at.now);
                self.state = State::Checking(again.map_or(listing, Check::Get));
            }
        }
    }

    /// From when the answer of a Get vouches: from when it was sent. A server that is so slow that this is too old twice
    /// will never give a younger look, and is believed; else its sessions could not be closed at all.
    fn looked_at(&mut self, now: Instant) -> Instant {
        let asked_at = self.asked_at.unwrap_or(now);
        let is_late = now.saturating_duration_since(asked_at) > IDENTITY_MAX_AGE;
        let was_late = std::mem::replace(&mut self.got_late, is_late);
        if is_late && was_late { now } else { asked_at }
    }

    /// Whether this is the planned session; what the plan did not know of it is known from now on.
    pub(super) fn recognises(&mut self, shell: &Shell) -> bool {
        let is_it = self.session.is_still(shell);
        if is_it {
            Arc::make_mut(&mut self.session).learn(shell);
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
    pub(super) fn give_up_checking(&mut self, request_error: RequestError, now: Instant) {
        if self.deletes.were_sent() { self.verify(now) } else { self.fail(request_error) }
    }

    pub(super) fn signalled(&mut self, answer: Result<Answer, RequestError>) {
        match answer {
            Err(request_error) if request_error.is_credential_refused() => self.fail(request_error),
            Ok(Answer::Commands(running)) => {
                let runs = match self.session.shell.schema {
                    ShellSchema::Windows => Answer::is_running,
                    _ => Answer::is_reported_running,
                };
                let running = running.into_iter().filter(runs);
                let running = running.map(|command| command.command_id).collect();
                self.next_signal(Some(running));
            }
            Ok(_) => {
                self.signals += 1;
                self.next_signal(None);
            }
            // The command has ended by itself.
            Err(RequestError::Fault(fault)) if fault.is_shell_gone() => self.next_signal(None),
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

    pub(super) fn deleted(&mut self, answer: Result<Answer, RequestError>, at: Tick) {
        let request_error = match answer {
            Ok(_) => {
                self.deletes.answered(DeleteAnswer::Accepted, self.asked_at);
                return self.verify(at.now);
            }
            Err(RequestError::NotSent(text)) => return self.not_sent(RequestError::NotSent(text), at),
            Err(request_error) => request_error,
        };
        let (answer, mut next) = judge(&request_error);
        if next == Next::GoGeneric && !self.may_go_generic() {
            // To the generic resource, "no such resource" too can only mean the shell.
            next = if is_gone(&request_error) { Next::UnknownReason } else { Next::GiveUp };
        }
        self.deletes.answered(answer, self.asked_at);
        self.deletes.said_gone = next == Next::UnknownReason;
        match next {
            Next::GoGeneric => {
                self.deletes.generic = true;
                self.deletes.retries = 0;
                self.state = State::Deleting(Turn::Due);
            }
            Next::Repeat => match self.backoff(&request_error, at) {
                Some(turn) => self.state = State::Deleting(turn),
                None => self.refused(request_error, at.now),
            },
            Next::GiveUp => self.refused(request_error, at.now),
            Next::UnknownReason | Next::Look => self.verify(at.now),
        }
    }

    /// This Delete never left us. One before it may have.
    fn not_sent(&mut self, request_error: RequestError, at: Tick) {
        match self.backoff(&request_error, at) {
            Some(turn) => self.state = State::Deleting(turn),
            None if self.deletes.were_sent() => self.refused(request_error, at.now),
            None => self.fail(request_error),
        }
    }

    /// This Delete is refused for good, and no other follows. That is the server's word; a look says what is true.
    fn refused(&mut self, request_error: RequestError, now: Instant) {
        self.deletes.resends = MAX_RESENDS;
        self.deletes.refusal = Some(request_error);
        self.verify(now);
    }

    pub(super) fn may_go_generic(&self) -> bool {
        !self.deletes.generic && self.session.shell.resource() != uri::SHELL_RESOURCE
    }

    /// When the request that was turned away goes again. No Delete waits for what is beyond the deadline: the server is
    /// asked before what became of those that were sent.
    pub(super) fn backoff(&mut self, request_error: &RequestError, at: Tick) -> Option<Turn> {
        let retry_after = match request_error {
            RequestError::TurnedAway { retry_after, .. } => *retry_after,
            _ => None,
        };
        if self.halted.is_some() {
            return None;
        }
        let is_delete = matches!(self.state, State::Deleting(_));
        let is_owed = is_delete && self.deletes.were_sent();
        let retries = if is_delete { &mut self.deletes.retries } else { &mut self.retries };
        let time = at.now + self.policy.retry.delay(*retries, retry_after, at.jitter)?;
        if is_owed && self.deadline.is_some_and(|deadline| deadline <= time) {
            return None;
        }
        *retries += 1;
        Some(Turn::From(time))
    }

    pub(super) fn fail(&mut self, request_error: RequestError) {
        let outcome = match request_error {
            request_error if request_error.is_credential_refused() && !self.deletes.were_sent() => {
                Outcome::NotStarted(NotStarted::CredentialRefused)
            }
            // None was sent, or each was turned away, and the session is there.
            request_error
                if self.halted.is_some()
                    && (!self.deletes.were_sent() || was_turned_away(&request_error)) =>
            {
                return self.conclude_halted();
            }
            // Nobody has seen it.
            _ if !self.deletes.were_sent() && self.missed == Some(Missed::NotVisible) => {
                Outcome::Unknown(self.not_visible())
            }
            _ if !self.deletes.were_sent() && self.missed == Some(Missed::Incomplete) => {
                Outcome::Unknown(UnknownReason::ListingIncomplete)
            }
            RequestError::Fault(fault) if fault.is_access_denied() => {
                Outcome::Failed(Failure::AccessDenied(fault))
            }
            RequestError::Fault(fault) => Outcome::Failed(Failure::Refused(fault)),
            request_error => Outcome::Failed(Failure::Unreachable(request_error.text())),
        };
        self.state = State::Done(outcome);
    }
}

/// What follows on a Delete's answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Look whether it is there.
    Look,
    /// The same: it is gone, the server says.
    UnknownReason,
    /// Send it again.
    Repeat,
    /// Send it to the generic resource.
    GoGeneric,
    /// Look, and send none again.
    GiveUp,
}

/// What a Delete's answer, if it was sent, says about who closed the session, and what follows.
fn judge(request_error: &RequestError) -> (DeleteAnswer, Next) {
    use DeleteAnswer::{NoSuchShell, Refused, Uncertain};
    match request_error {
        RequestError::Fault(fault) if fault.is_no_such_shell() => (NoSuchShell, Next::UnknownReason),
        RequestError::Fault(fault) if fault.is_unreportable_success() => (Uncertain, Next::Look),
        RequestError::Fault(fault) if fault.is_access_denied() || fault.is_logon_failure() => {
            (Refused, Next::GiveUp)
        }
        RequestError::Fault(fault) if fault.is_wrong_resource() || fault.is_disconnected() => {
            (Refused, Next::GoGeneric)
        }
        request_error if is_gone(request_error) => (Refused, Next::UnknownReason),
        RequestError::Fault(fault) if fault.is_timeout() => (Uncertain, Next::Look),
        request_error if was_turned_away(request_error) => (Refused, Next::Repeat),
        RequestError::Fault(fault) if is_refusal(fault) => (Refused, Next::GiveUp),
        // A code that says nothing about the shell, or no answer: look what became of it.
        RequestError::Fault(_) | RequestError::NoAnswer(_) => (Uncertain, Next::Look),
        _ => (Refused, Next::GiveUp),
    }
}

/// Likely the request did nothing; it may be sent again as it is: a quota, busy, 503, no connection.
fn was_turned_away(request_error: &RequestError) -> bool {
    match request_error {
        RequestError::NotSent(_) | RequestError::TurnedAway { .. } => true,
        RequestError::Fault(fault) => {
            fault.is_retryable() && fault.group().is_none_or(|group| group != FaultGroup::Infrastructure)
        }
        _ => false,
    }
}

/// What only reads may also be sent again after a lost or late answer.
pub(super) fn may_read_again(request_error: &RequestError) -> bool {
    match request_error {
        RequestError::NotSent(_) | RequestError::TurnedAway { .. } | RequestError::NoAnswer(_) => true,
        RequestError::Fault(fault) => fault.is_retryable() || fault.is_timeout(),
        RequestError::Refused(_) | RequestError::CredentialRefused(_) => false,
    }
}

fn is_gone(request_error: &RequestError) -> bool {
    matches!(request_error, RequestError::Fault(fault) if fault.is_shell_gone() || fault.group() == Some(FaultGroup::Gone))
}

/// The server will say the same to every repetition.
fn is_refusal(fault: &Fault) -> bool {
    matches!(
        fault.group(),
        Some(FaultGroup::Unsupported | FaultGroup::Denied | FaultGroup::Disconnected | FaultGroup::Quota)
    )
}
