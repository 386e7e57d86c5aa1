//! What a trouble is, and where it can strike.

use std::sync::atomic::{AtomicUsize, Ordering};

use pssession::simulator::World;

use super::auth_mode::{AuthMode, Keys};
use super::{Operation, hostile, wire, words};
use crate::support::raw::Act;

pub(super) struct Fault {
    /// As the page calls it.
    pub(super) name: &'static str,
    pub(super) deed: Deed,
    pub(super) reach: Reach,
    /// It happens once; the others happen each time that the operation is asked for.
    pub(super) once: bool,
    /// The server forgets the login, too.
    pub(super) forgets: bool,
}

/// What happens to the operation that is struck. What is said of an envelope holds before it is sealed, where it is.
pub(super) enum Deed {
    /// Nothing is done, and this comes back in clear.
    Instead(fn(&Strike<'_>) -> Act),
    /// It is done, and this comes back in clear.
    After(fn(&Strike<'_>) -> Act),
    /// It is done, and the right answer's bytes travel otherwise.
    Delivery(fn(Vec<u8>) -> Act),
    /// It is done, and the answer's envelope is another.
    Envelope(fn(&Strike<'_>) -> Vec<u8>),
    /// A page of a listing is another; it is told how many of them there have been.
    Pages(fn(&Strike<'_>, usize) -> String),
    /// Nothing is done; this fault comes back with this HTTP status.
    Fault(u32, u16),
    /// It is done; this fault comes back all the same.
    FaultAfter(u32),
    /// It is done, and the answer is sealed so.
    Sealed(fn(&mut Keys, &[u8]) -> (String, Vec<u8>)),
    /// The login's challenge lacks these flags.
    Challenge(u32),
    /// The login is offered in these words.
    Offer(&'static str),
    /// Nobody listens (any more).
    Refused,
    /// The world changes between the plan and what comes of it.
    Meanwhile(fn(&mut World)),
}

/// The request that is struck.
pub(super) struct Strike<'a> {
    pub(super) way: AuthMode,
    pub(super) operation: Operation,
    /// The right answer.
    pub(super) envelope: &'a str,
    pub(super) message_id: &'a str,
    pub(super) is_pull: bool,
}

/// The operations and logins that a trouble can strike, and why not the others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Whatever is answered over HTTP.
    Http,
    /// Whatever is answered with an envelope.
    Envelopes,
    /// What comes in pages.
    Pages,
    /// What is sealed.
    Sealed,
    /// What is sealed, behind an earlier answer on the same connection.
    SealedBefore,
    /// The login by NTLM over HTTP, which has to seal.
    SealedLogin,
    /// What changes something, and so can be carried out in spite of its answer.
    Acts,
    /// The Delete, whose session was planned a while ago.
    Delete,
}

/// Every trouble, in the page's order.
pub(super) fn faults_of_table() -> impl Iterator<Item = &'static Fault> {
    wire::FAULTS.iter().chain(words::FAULTS).chain(hostile::FAULTS)
}

impl Fault {
    pub(super) const fn new(name: &'static str, reach: Reach, deed: Deed) -> Self {
        Self { name, deed, reach, once: false, forgets: false }
    }

    pub(super) fn is_due(&self, strikes: &AtomicUsize) -> bool {
        !self.once || strikes.load(Ordering::SeqCst) == 0
    }

    /// Why there is no such cell, if there is none.
    pub(super) fn not_applicable(&self, way: AuthMode, operation: Operation) -> Option<NotApplicable> {
        use Operation::{Delete, Enumerate, Handshake, Signal};
        let is_login = operation == Handshake;
        let is_sealing = matches!(self.reach, Reach::Sealed | Reach::SealedBefore | Reach::SealedLogin);
        match self.reach {
            _ if is_sealing && !way.is_sealed() => Some(NotApplicable::NotSealed),
            Reach::SealedLogin if !is_login => Some(NotApplicable::LoginOnly),
            Reach::Sealed | Reach::SealedBefore if is_login => Some(NotApplicable::NotSealedYet),
            Reach::SealedBefore if operation == Enumerate => Some(NotApplicable::NothingBefore),
            Reach::Acts if !matches!(operation, Signal | Delete) => Some(NotApplicable::NothingDone),
            Reach::Delete if operation != Delete => Some(NotApplicable::DeleteOnly),
            Reach::Envelopes | Reach::Pages if is_login => Some(NotApplicable::NoEnvelope),
            Reach::Pages if operation.is_single() => Some(NotApplicable::NoListing),
            Reach::Pages if operation == Enumerate && matches!(self.deed, Deed::Pages(_)) => {
                Some(NotApplicable::FurtherPages)
            }
            _ => None,
        }
    }
}

/// Why there is no such cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotApplicable {
    NotSealed,
    NotSealedYet,
    NothingBefore,
    LoginOnly,
    NoEnvelope,
    NoListing,
    FurtherPages,
    NothingDone,
    DeleteOnly,
}

/// Every reason, in short and in full.
pub(super) const REASONS: [(NotApplicable, &str, &str); 9] = [
    (
        NotApplicable::NotSealed,
        "not sealed",
        "over HTTPS it is TLS that protects the bodies, and nothing is sealed",
    ),
    (NotApplicable::NotSealedYet, "not sealed yet", "nothing is sealed before the login stands"),
    (
        NotApplicable::NothingBefore,
        "nothing before",
        "it is the first sealed answer, and there is none to repeat",
    ),
    (NotApplicable::LoginOnly, "login only", "only a login has an offer and a challenge"),
    (NotApplicable::NoEnvelope, "no envelope", "of the answers to a login no envelope is read"),
    (NotApplicable::NoListing, "no listing", "the answer has no items and no pages"),
    (
        NotApplicable::FurtherPages,
        "see Pull",
        "an Enumerate brings one page; the further ones come with Pull",
    ),
    (
        NotApplicable::NothingDone,
        "nothing done",
        "it changes nothing, and is answered as if it were not done",
    ),
    (NotApplicable::DeleteOnly, "see Delete", "it happens between the plan and the Delete"),
];
