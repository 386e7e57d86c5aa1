//! The model of a server: what is true of one shell, and what may be answered to its Delete.

use super::super::super::event::{Answer, RequestError};
use super::super::super::testing;
use crate::wsman::Fault;

/// What is true, and what was asked.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(super) struct World {
    pub(super) kind: Kind,
    /// Our shell is there.
    pub(super) is_there: bool,
    /// Another shell has taken its id.
    pub(super) is_replaced: bool,
    /// A Delete was taken, whose effect comes at the next look or answer.
    pub(super) is_closing: bool,
    /// One of our looks has shown it, or has shown that this account sees it.
    pub(super) was_seen: bool,
    /// What the last look that began after the last Delete has shown.
    pub(super) last_look: Look,
    /// Some Delete was answered otherwise than that there is no such shell, or lost.
    pub(super) was_touched: bool,
    /// Some Delete was answered 200.
    pub(super) was_accepted: bool,
    /// A Delete has reached the server, or may have.
    pub(super) was_sent: bool,
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(super) enum Look {
    None,
    There,
    /// Something else with its id: a shell whose client has come back from another address looks the same.
    Other,
    Gone,
    /// A listing without it by an account that might not see it.
    NotVisible,
}

/// What does not change in a run.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) windows: bool,
    /// The account may list.
    pub(super) lists: bool,
    /// A listing shows other people's shells.
    pub(super) shows_others: bool,
    /// The account sees this shell where it lists or gets.
    pub(super) sees_it: bool,
}

/// What an answer does and says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Nothing,
    /// The shell is closed.
    Closes,
    /// The shell is closed a little later.
    ClosesLater,
}

/// (word, what it does, the answer)
pub(super) type DeleteRow = (&'static str, Effect, fn() -> Result<Answer, RequestError>);

pub(super) const GONE: u32 = 2_150_858_843;

/// What a server may answer to a Delete of a shell that is there.
#[rustfmt::skip]
pub(super) const DELETES: &[DeleteRow] = &[
    ("200", Effect::Closes, || Ok(Answer::Done)),
    ("200-later", Effect::ClosesLater, || Ok(Answer::Done)),
    ("200-ignored", Effect::Nothing, || Ok(Answer::Done)),
    ("denied", Effect::Nothing, || Err(RequestError::Fault(fault(5)))),
    ("denied-done", Effect::Closes, || Err(RequestError::Fault(fault(5)))),
    ("gone-lie", Effect::Nothing, || Err(RequestError::Fault(fault(GONE)))),
    ("gone-done", Effect::Closes, || Err(RequestError::Fault(fault(GONE)))),
    ("aborted-done", Effect::Closes, || Err(RequestError::Fault(fault(995)))),
    ("quota", Effect::Nothing, || Err(RequestError::Fault(fault(2_150_859_174)))),
    ("quota-done", Effect::Closes, || Err(RequestError::Fault(fault(2_150_859_174)))),
    ("503", Effect::Nothing, || Err(turned_away())),
    ("503-done", Effect::Closes, || Err(turned_away())),
    ("404", Effect::Nothing, || Err(RequestError::Refused("HTTP 404".to_owned()))),
    ("404-done", Effect::Closes, || Err(RequestError::Refused("HTTP 404".to_owned()))),
    ("lost", Effect::Nothing, || Err(RequestError::NoAnswer("broken pipe".to_owned()))),
    ("lost-done", Effect::Closes, || Err(RequestError::NoAnswer("broken pipe".to_owned()))),
    ("lost-later", Effect::ClosesLater, || Err(RequestError::NoAnswer("broken pipe".to_owned()))),
    ("timed-out", Effect::Nothing, || Err(RequestError::Fault(fault(2_150_858_793)))),
    ("timed-out-done", Effect::Closes, || Err(RequestError::Fault(fault(2_150_858_793)))),
    ("wrong-resource", Effect::Nothing, || Err(RequestError::Fault(fault(2_150_858_811)))),
    ("not-found", Effect::Nothing, || Err(RequestError::Fault(fault(2_150_858_752)))),
    ("disconnected", Effect::Nothing, || Err(RequestError::Fault(fault(2_150_859_204)))),
    ("plugin-failed-done", Effect::Closes, || Err(RequestError::Fault(fault(2_150_858_755)))),
    ("bad-credential", Effect::Nothing, || Err(RequestError::CredentialRefused("wrong password".to_owned()))),
];

pub(super) fn turned_away() -> RequestError {
    RequestError::TurnedAway { text: "HTTP 503".to_owned(), retry_after: None }
}

pub(super) fn not_sent() -> RequestError {
    RequestError::NotSent("connection refused".to_owned())
}

impl World {
    /// Time passes: what was to come comes.
    pub(super) fn settle(&mut self) {
        if std::mem::take(&mut self.is_closing) {
            self.is_there = false;
        }
    }

    pub(super) fn take(&mut self, effect: Effect) {
        match effect {
            Effect::Nothing => {}
            Effect::Closes => self.is_there = false,
            Effect::ClosesLater => self.is_closing = true,
        }
    }
}

/// A fault that says no more than its code.
pub(super) fn fault(code: u32) -> Fault {
    Fault { sender: String::new(), reason: String::new(), ..testing::fault(code) }
}
