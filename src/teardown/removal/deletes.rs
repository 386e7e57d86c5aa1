//! What is known of the Deletes of one removal (pure data).

use std::time::Instant;

use super::super::event::RequestError;
use super::super::outcome::Outcome;

/// The Deletes that were sent for one session, and what their answers say together.
#[derive(Clone, Debug, Default)]
pub(super) struct Deletes {
    /// When the last one was sent that may have reached the server: what a listing from before says is no proof of what
    /// it did.
    pub(super) sent_at: Option<Instant>,
    /// The answer that says the most of all.
    strongest: DeleteAnswer,
    /// The last one was answered that the shell is gone, in whatever words: to a wrong resource some servers say so, too.
    pub(super) said_gone: bool,
    /// How the last one was refused, after which there is no further one.
    pub(super) refusal: Option<RequestError>,
    /// The next one goes (and maybe the last one went) through the generic resource, not the shell's own.
    pub(super) generic: bool,
    /// How often the one that is out or due was turned away, whatever was asked between.
    pub(super) retries: u32,
    /// How many were sent again after a Get had shown the shell.
    pub(super) resends: u32,
}

/// How a Delete was answered, from the least to the most that it says about who closed the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DeleteAnswer {
    /// None has reached the server.
    #[default]
    NotSent,
    /// There is no such shell (2150858843).
    NoSuchShell,
    /// A refusal. That it did nothing is the server's word; it may have been carried out all the same.
    Refused,
    /// Nothing, or what says nothing: its effect may still come.
    Uncertain,
    /// 200.
    Accepted,
}

impl Deletes {
    /// Takes the answer to the one that was sent at `sent_at`.
    pub(super) fn answered(&mut self, answer: DeleteAnswer, sent_at: Option<Instant>) {
        self.strongest = self.strongest.max(answer);
        self.sent_at = sent_at.or(self.sent_at);
    }

    /// Whether one may have reached the server.
    pub(super) fn were_sent(&self) -> bool {
        self.strongest > DeleteAnswer::NotSent
    }

    /// Whether one was answered 200.
    pub(super) fn were_accepted(&self) -> bool {
        self.strongest == DeleteAnswer::Accepted
    }

    /// Whether the effect of one may still come.
    pub(super) fn may_take_effect(&self) -> bool {
        self.strongest >= DeleteAnswer::Uncertain
    }

    /// What it means that the session is proved to be gone.
    pub(super) fn outcome_of_absence(&self) -> Outcome {
        if self.strongest > DeleteAnswer::NoSuchShell { Outcome::Closed } else { Outcome::AlreadyGone }
    }
}
