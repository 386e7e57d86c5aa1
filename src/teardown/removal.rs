//! The removal of one session: a state machine without I/O, clock or dice.
//!
//! ```text
//!  Planned ─▶ Checking ─▶ Signalling ─▶ Deleting ─▶ Verifying ─▶ Done
//!
//!  Planned    ─▶ Checking     the listing that vouches for it is too old: Get
//!  Planned    ─▶ Signalling   the listing is young
//!  Planned    ─▶ Deleting     the listing is young, no signals wanted
//!  Planned    ─▶ Verifying    a new listing lacks it: is this Windows?
//!  Planned    ─▶ Done         halted; a new listing of Windows lacks it, or shows another; unreachable
//!  Checking   ─▶ Signalling   it is the planned one
//!  Checking   ─▶ Deleting     it is the planned one, and was signalled before (or no signals wanted)
//!  Checking   ─▶ Verifying    not there; or a Delete went out before, and no new one may
//!  Checking   ─▶ Done         identity differs; neither Get nor listing; halted
//!  Signalling ─▶ Deleting     signalled, or could not, or the time for it is over
//!  Signalling ─▶ Done         halted; credential refused; unreachable
//!  Deleting   ─▶ Checking     the vouching listing has grown too old meanwhile: Get
//!  Deleting   ─▶ Verifying    sent, whatever the answer
//!  Deleting   ─▶ Done         never sent: no connection; halted; out of time
//!  Verifying  ─▶ Checking     still there: Get, then Deleting again (at most twice)
//!  Verifying  ─▶ Done         absent and provably so: Closed, AlreadyGone;
//!                             still there, refused or at the deadline: Failed;
//!                             cannot ask, not visible, not Windows: Unknown
//! ```
//!
//! A test walks every edge of this picture and holds the picture against what it walked.
//!
//! Verifying asks up to three questions. The listing: is it there? Where that is denied, a Get: only after a Delete that
//! was answered 200 does "no such shell" prove anything. And once absence is established: is this Windows, whose word
//! alone is a proof?

mod deletes;
mod replies;
#[cfg(test)]
mod search;
mod send;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use self::deletes::Deletes;
use super::event::{Action, Event, RequestError, ServerKind, Tick};
use super::outcome::{Failure, NotStarted, Outcome, UnknownReason};
use super::policy::{Policy, verify_poll};
use crate::session::{SessionDescriptor, Visibility};
use crate::wsman::{CommandId, Fault, FaultCode};

/// The removal of one session. It is told what happens, says what it wants, and ends with an [`Outcome`].
#[derive(Clone, Debug)]
pub(super) struct Removal {
    /// Shared with the request that is out, and with the record.
    session: Arc<SessionDescriptor>,
    /// What the account that acts sees there.
    visibility: Arc<Visibility>,
    policy: Arc<Policy>,
    state: State,
    /// What the server is, once that is known.
    server: Option<ServerKind>,
    /// A listing lacked it before anything was sent, which alone proved nothing.
    missed: Option<Missed>,
    /// When the listing or Get began that last showed the planned identity.
    proven_at: Option<Instant>,
    /// When the last Get or Delete was sent: a Get's answer may be old when it comes, and vouches for no later time.
    asked_at: Option<Instant>,
    /// The last Get took so long that its answer was too old when it came.
    got_late: bool,
    begun_at: Option<Instant>,
    deadline: Option<Instant>,
    halted: Option<NotStarted>,
    signalled: bool,
    /// The commands that the session was planned with are as old as the listing that vouches for it.
    knows_commands: bool,
    signals: u32,
    /// Repetitions of the Get that is out or due.
    retries: u32,
    deletes: Deletes,
    fault: Option<Fault>,
}

/// Where a removal is, for logs and progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Nothing was sent.
    Planned,
    /// Making sure that it is still the planned one.
    Checking,
    /// Ending its commands.
    Signalling,
    /// Sending the Delete.
    Deleting,
    /// Looking whether it is gone.
    Verifying,
    /// It has an outcome.
    Done,
}

#[derive(Clone, Debug)]
enum State {
    Planned,
    Checking(Check),
    Signalling { turn: Turn, until: Instant, commands: Option<VecDeque<CommandId>> },
    Deleting(Turn),
    Verifying { since: Instant, polls: u32, seen: Seen, question: Question },
    Done(Outcome),
}

/// What the proof waits for.
#[derive(Clone, Debug)]
enum Question {
    /// The next listing.
    Listing,
    /// A Get, for the listing is denied. If the Get cannot say it either, this is why it is not known.
    Get(Turn, UnknownReason),
    /// The session is gone if this is Windows.
    Server,
}

#[derive(Clone, Copy, Debug)]
enum Check {
    Get(Turn),
    /// This server cannot Get; the next listing from this time on shows the same.
    Listing(Instant),
}

/// A request's way: due, out, or waiting to be repeated.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Due,
    Out,
    From(Instant),
}

impl Turn {
    fn is_due(self, now: Instant) -> bool {
        match self {
            Self::Due => true,
            Self::Out => false,
            Self::From(time) => time <= now,
        }
    }
}

/// Why a listing that lacks the session proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Missed {
    /// This account may not see it.
    NotVisible,
    /// More may be there than it shows.
    Incomplete,
}

impl Missed {
    fn of(complete: bool) -> Self {
        if complete { Self::NotVisible } else { Self::Incomplete }
    }
}

/// What the last listing said while verifying.
#[derive(Clone, Debug)]
enum Seen {
    Nothing,
    Present,
    Incomplete,
    CannotAsk(String),
}

impl Removal {
    /// Plans the removal of `session` by the account of `visibility`. `proven_at` is when the listing began that showed
    /// the session, or `None` if it comes from elsewhere.
    #[must_use]
    pub(super) fn new(
        session: impl Into<Arc<SessionDescriptor>>,
        visibility: Arc<Visibility>,
        proven_at: Option<Instant>,
        policy: Arc<Policy>,
    ) -> Self {
        Self {
            session: session.into(),
            visibility,
            policy,
            state: State::Planned,
            proven_at,
            server: None,
            missed: None,
            asked_at: None,
            got_late: false,
            begun_at: None,
            deadline: None,
            halted: None,
            signalled: false,
            knows_commands: true,
            signals: 0,
            retries: 0,
            deletes: Deletes::default(),
            fault: None,
        }
    }

    /// Takes what has been learned since of what the account sees.
    pub(super) fn see(&mut self, visibility: Arc<Visibility>) {
        self.visibility = visibility;
    }

    /// Takes an event and says what is wanted next.
    pub(super) fn step(&mut self, event: Event<'_>, at: Tick) -> Action {
        let from = self.phase();
        let mut request = None;
        match event {
            Event::Turn => request = self.take_turn(at.now),
            Event::Answered(answer) => self.answered(answer, at),
            Event::Sighted { evidence, since } => self.sighted(&evidence, since, at.now),
            Event::Identified(server) => self.server_identified(server, at.now),
            Event::DeadlineCheck => {}
            Event::Halted { reason, until } => self.halt(reason, until, at.now),
            Event::Unreachable(request_error) => self.unreachable(&request_error),
        }
        if request.is_none() {
            self.keep_time(at.now);
        }
        let to = self.phase();
        if from != to {
            self.log(from, to);
        }
        request.map_or_else(|| self.wanted(), Action::Send)
    }

    /// Where it is.
    #[must_use]
    pub(super) fn phase(&self) -> Phase {
        match self.state {
            State::Planned => Phase::Planned,
            State::Checking(_) => Phase::Checking,
            State::Signalling { .. } => Phase::Signalling,
            State::Deleting(_) => Phase::Deleting,
            State::Verifying { .. } => Phase::Verifying,
            State::Done(_) => Phase::Done,
        }
    }

    /// The session.
    #[must_use]
    pub(super) fn session(&self) -> &Arc<SessionDescriptor> {
        &self.session
    }

    /// How it ended, once it has.
    #[must_use]
    pub(super) fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Done(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// The code of the last fault that a Delete or a Get was answered with.
    #[must_use]
    pub(super) fn fault_code(&self) -> Option<FaultCode> {
        self.fault.as_ref().and_then(|fault| fault.code)
    }

    /// Commands that were signalled with success.
    #[must_use]
    pub(super) fn signals(&self) -> u32 {
        self.signals
    }

    /// Whether its Delete was refused for good, and a listing is still to say what is true.
    pub(super) fn is_refused(&self) -> bool {
        self.deletes.refusal.is_some() && !self.deletes.may_take_effect() && self.phase() == Phase::Verifying
    }

    /// When its first request was sent.
    #[must_use]
    pub(super) fn begun_at(&self) -> Option<Instant> {
        self.begun_at
    }

    /// When it must have an outcome; `None` before its first request.
    #[must_use]
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn wanted(&self) -> Action {
        let of_turn = |turn: Turn| match turn {
            Turn::Due => Action::Ready,
            Turn::Out => Action::Await,
            Turn::From(time) => Action::Wait(time),
        };
        match &self.state {
            State::Planned => Action::Ready,
            State::Checking(Check::Get(turn)) | State::Signalling { turn, .. } | State::Deleting(turn) => {
                of_turn(*turn)
            }
            State::Checking(Check::Listing(since)) => Action::Look(*since),
            State::Verifying { since, polls, question, .. } => match question {
                Question::Listing => Action::Look(*since + verify_poll(*polls)),
                Question::Get(turn, _) => of_turn(*turn),
                Question::Server => Action::Identify,
            },
            State::Done(_) => Action::Done,
        }
    }
}

/// Ending early.
impl Removal {
    fn halt(&mut self, reason: NotStarted, until: Option<Instant>, now: Instant) {
        if self.halted.is_none_or(|halted| halted == NotStarted::Stopped) {
            self.halted = Some(reason);
        }
        if let (Some(until), Some(deadline)) = (until, self.deadline.as_mut()) {
            *deadline = until.min(*deadline);
        }
        match &self.state {
            State::Done(_) | State::Deleting(Turn::Out) | State::Verifying { .. } => {}
            State::Checking(Check::Get(Turn::Out)) if self.deletes.were_sent() => {}
            _ if self.deletes.were_sent() => self.verify(now),
            _ => self.conclude_halted(),
        }
    }

    fn conclude_halted(&mut self) {
        let reason = self.halted.unwrap_or(NotStarted::Interrupted);
        self.state = State::Done(Outcome::NotStarted(reason));
    }

    fn unreachable(&mut self, request_error: &RequestError) {
        match &self.state {
            State::Done(_) => {}
            State::Deleting(Turn::Out) | State::Verifying { .. } => {
                self.state = State::Done(Outcome::Unknown(UnknownReason::CannotAsk(request_error.text())));
            }
            _ if self.deletes.were_sent() => {
                self.state = State::Done(Outcome::Unknown(UnknownReason::CannotAsk(request_error.text())));
            }
            _ => self.fail(request_error.clone()),
        }
    }

    fn keep_time(&mut self, now: Instant) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        // To be stopped cuts nobody's time short.
        let cut_short = self.halted.filter(|reason| *reason != NotStarted::Stopped);
        let outcome = match (&self.state, cut_short) {
            (State::Done(_), _) => return,
            (State::Verifying { .. } | State::Deleting(Turn::Out), Some(reason)) => {
                Outcome::Unknown(UnknownReason::Halted(reason))
            }
            (State::Verifying { seen: Seen::Present, .. }, None) => {
                Outcome::Failed(Failure::StillThere(self.fault.clone()))
            }
            (State::Verifying { seen: Seen::Incomplete, .. }, None) => {
                Outcome::Unknown(UnknownReason::ListingIncomplete)
            }
            (State::Verifying { seen: Seen::CannotAsk(text), .. }, None) => {
                Outcome::Unknown(UnknownReason::CannotAsk(text.clone()))
            }
            (State::Verifying { .. } | State::Deleting(Turn::Out), None) => {
                Outcome::Unknown(UnknownReason::TooLate)
            }
            _ if self.deletes.were_sent() => Outcome::Unknown(UnknownReason::TooLate),
            _ => Outcome::Failed(Failure::TooLate),
        };
        self.state = State::Done(outcome);
    }

    fn log(&self, from: Phase, to: Phase) {
        tracing::debug!(
            computer = %self.session.computer_name,
            shell_id = %self.session.shell.shell_id,
            %from,
            %to,
            attempt = self.deletes.resends + self.retries + self.deletes.retries + 1,
            outcome = self.outcome().map(tracing::field::display),
            "removal"
        );
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
