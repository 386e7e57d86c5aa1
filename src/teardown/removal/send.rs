//! What a removal sends when a connection is free.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::super::event::{Request, RequestKind};
use super::super::policy::{IDENTITY_MAX_AGE, SIGNAL_PHASE, SignalMode};
use super::{Check, Question, Removal, State, Turn};
use crate::wsman::ShellSchema;
use crate::wsman::op::SignalCode;

impl Removal {
    /// A connection is free. At most one edge is taken, so a state may decline its turn and be given the next one.
    pub(super) fn take_turn(&mut self, now: Instant) -> Option<Request> {
        let proven = self.is_proven(now);
        match &mut self.state {
            State::Planned => {
                self.begin(now);
                if proven {
                    self.go_on(now)
                } else {
                    self.state = State::Checking(Check::Get(Turn::Due))
                }
                self.take_turn(now)
            }
            State::Checking(Check::Get(turn)) if turn.is_due(now) => {
                *turn = Turn::Out;
                Some(self.get(now))
            }
            State::Signalling { until, .. } if *until <= now => {
                self.state = State::Deleting(Turn::Due);
                None
            }
            State::Signalling { turn: turn @ Turn::Due, until, commands } => {
                let left = until.duration_since(now);
                let kind = match commands {
                    None => RequestKind::ListCommands,
                    Some(commands) => {
                        let Some(command_id) = commands.pop_front() else {
                            self.state = State::Deleting(Turn::Due);
                            return None;
                        };
                        RequestKind::Signal { command_id, code: SignalCode::Terminate }
                    }
                };
                *turn = Turn::Out;
                Some(self.request(kind, left, now))
            }
            State::Deleting(turn) if turn.is_due(now) && !proven => {
                self.state = State::Checking(Check::Get(Turn::Out));
                Some(self.get(now))
            }
            State::Deleting(turn) if turn.is_due(now) => {
                *turn = Turn::Out;
                self.asked_at = Some(now);
                let generic = self.deletes.generic || self.session.shell.schema != ShellSchema::Windows;
                Some(self.request(RequestKind::Delete { generic }, self.policy.patience(), now))
            }
            State::Verifying { question: Question::Get(turn, _), .. } if turn.is_due(now) => {
                *turn = Turn::Out;
                Some(self.get(now))
            }
            _ => None,
        }
    }

    pub(super) fn begin(&mut self, now: Instant) {
        self.begun_at = Some(now);
        self.deadline = Some(now + self.policy.session_deadline);
    }

    pub(in crate::teardown) fn is_proven(&self, now: Instant) -> bool {
        self.proven_at.is_some_and(|at| now.saturating_duration_since(at) <= IDENTITY_MAX_AGE)
    }

    pub(super) fn vouch(&mut self, since: Instant) {
        self.proven_at = Some(since);
        self.knows_commands = false;
    }

    /// The identity stands: signal once, then delete.
    pub(super) fn go_on(&mut self, now: Instant) {
        self.retries = 0;
        if self.policy.signal == SignalMode::Never || self.signalled {
            self.state = State::Deleting(Turn::Due);
            return;
        }
        self.signalled = true;
        // Elsewhere a Signal to a command that does not run has ended the host process of the shell.
        let may_know = self.knows_commands && self.session.shell.schema == ShellSchema::Windows;
        let known = self.session.commands.clone().filter(|_| may_know).map(VecDeque::from);
        let until = now + SIGNAL_PHASE;
        self.state = match known {
            Some(commands) if commands.is_empty() => State::Deleting(Turn::Due),
            commands => State::Signalling { turn: Turn::Due, until, commands },
        };
    }

    fn get(&mut self, now: Instant) -> Request {
        self.asked_at = Some(now);
        self.request(RequestKind::Get, self.policy.patience(), now)
    }

    pub(super) fn request(&self, kind: RequestKind, patience: Duration, now: Instant) -> Request {
        let left = self.deadline.map_or(patience, |deadline| deadline.saturating_duration_since(now));
        Request { kind, patience: patience.min(left).max(LEAST_PATIENCE) }
    }
}

/// Even at the deadline an answer gets a moment to arrive.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);
