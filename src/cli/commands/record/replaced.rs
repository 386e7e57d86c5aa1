//! What a recording does not hold: shown to whoever made it, before it is kept.

use std::io::{self, Write as _};

use pssession::conformance::{Replaced, ReplacedKind, ScrubOptions};

use crate::cli::render::printable;

/// Kinds whose values are shown; of the others only the number is, since they are many, long or secret.
const SHOWN: [ReplacedKind; 8] = [
    ReplacedKind::Host,
    ReplacedKind::Domain,
    ReplacedKind::User,
    ReplacedKind::Sid,
    ReplacedKind::Address,
    ReplacedKind::Name,
    ReplacedKind::Configuration,
    ReplacedKind::Vocabulary,
];
/// The others.
const COUNTED: [ReplacedKind; 6] = [
    ReplacedKind::Id,
    ReplacedKind::CommandLine,
    ReplacedKind::Environment,
    ReplacedKind::Stream,
    ReplacedKind::Message,
    ReplacedKind::Other,
];
/// How many values of one kind are shown.
const MAX_SHOWN: usize = 10;

/// Writes the list to stderr.
pub(super) fn write(replaced: &[Replaced], keeps: ScrubOptions) -> io::Result<()> {
    let mut err = io::stderr().lock();
    writeln!(err, "replaced in the recording:")?;
    for kind in SHOWN {
        let found: Vec<_> = replaced.iter().filter(|one| one.kind == kind).collect();
        for one in found.iter().take(MAX_SHOWN) {
            writeln!(err, "  {:<22} {} -> {}", kind.plural(), printable(&one.original), one.placeholder)?;
        }
        if let Some(more) = found.len().checked_sub(MAX_SHOWN).filter(|more| *more > 0) {
            writeln!(err, "  {:<22} and {more} more", kind.plural())?;
        }
    }
    for kind in COUNTED {
        let count = replaced.iter().filter(|one| one.kind == kind).count();
        if count > 0 {
            writeln!(err, "  {:<22} {count}", kind.plural())?;
        }
    }
    if keeps.keep_streams {
        writeln!(
            err,
            "kept as they are: the input and output of commands and pipelines; review them before you share them"
        )?;
    }
    if keeps.keep_messages {
        writeln!(err, "kept as they are: the texts of faults; review them before you share them")?;
    }
    Ok(())
}
