//! One listing of a server's shells: what was seen, and what may be missing from it.

use std::sync::Arc;
use std::time::Duration;

use crate::wsman::{Malformed, Shell, ShellId};

/// The shells of one server at one time. Only a [`complete`](Self::complete) listing proves that a shell is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// The shells, each id once, in the server's order.
    pub shells: Vec<Arc<Shell>>,
    /// Why shells may be missing; empty when the server said `EndOfSequence` and every item was understood.
    pub gaps: Vec<Gap>,
}

/// Why a listing may lack shells.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Gap {
    /// An item, or something beside the items, could not be decoded.
    #[error("part of it cannot be decoded: {0}")]
    Undecodable(Malformed),
    /// The server listed the same shell twice, so its pages cannot be trusted.
    #[error("shell {0} is listed twice")]
    Duplicate(ShellId),
    /// Page after page came without a shell and without an end.
    #[error("{0} pages in a row are empty")]
    NoProgress(usize),
    /// There were more pages than we take.
    #[error("more than {0} pages")]
    TooManyPages(usize),
    /// There were more shells than we take.
    #[error("more than {0} shells")]
    TooManyShells(usize),
    /// The shells had more text than we take.
    #[error("more than {0} bytes of text")]
    TooManyBytes(usize),
    /// The shells would have taken more memory than one host gets.
    #[error("more shells than fit into {} MiB of memory", .0 >> 20)]
    TooMuchMemory(usize),
    /// Its pages took longer than one host gets.
    #[error("it did not end within {0:?}")]
    TooLong(Duration),
    /// The server forgot the enumeration, twice.
    #[error("the server lost the enumeration context twice")]
    StaleContext,
}

impl Listing {
    /// Whether nothing can be missing.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.gaps.is_empty()
    }

    /// The shell with this id, ignoring case.
    #[must_use]
    pub fn find(&self, shell_id: &ShellId) -> Option<&Shell> {
        self.shells.iter().map(Arc::as_ref).find(|shell| shell.shell_id == *shell_id)
    }
}
