//! The objects of a file or a pipe, read to its end, and how it is told what is wrong with them.

use std::path::Path;

use crate::cli::diagnostic::Diagnostic;
use crate::cli::objects::{self, MAX_BYTES, Object, Refused};
use crate::cli::render::printable;
use crate::cli::{source, table};

/// All objects of a file, or of stdin where the path is `-`. `undone` says what has not happened if there are none.
pub(super) fn read(path: &Path, tls: bool, undone: &str) -> Result<Vec<Object>, Diagnostic> {
    let bytes = source::bytes(path, MAX_BYTES).map_err(|error| {
        Diagnostic::usage(format!("cannot read {}", source::shown(path)))
            .about(source::shown(path))
            .caused_by(&error)
            .with_hint(undone)
    })?;
    objects::read(&bytes, table::now(), tls).map_err(|errors| refused(path, &errors, undone))
}

/// Every error of a file at once, so that it can be put right at once.
pub(super) fn refused(path: &Path, errors: &Refused, undone: &str) -> Diagnostic {
    let mut diagnostic = Diagnostic::usage(format!("{} cannot be taken as sessions", source::shown(path)))
        .about(source::shown(path))
        .with_hint(format!("{undone}; `pssession import --help` says what is read"));
    diagnostic.causes = errors.lines().iter().map(|line| printable(line)).collect();
    diagnostic
}
