//! The objects of a file or a pipe, read to its end, and how it is told what is wrong with them.

use std::path::Path;

use pssession::interchange::{
    self, MAX_BYTES, ObjectPosition, ReadErrors, SessionObject, UnboundObject, UnboundReason,
};

use crate::cli::config::Naming;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::output_style::OutputStyle;
use crate::cli::resolve_options::Extent;
use crate::cli::{source, table};

/// All objects of a file, or of stdin where the path is `-`; in PowerShell's manner also those that cannot be bound. `undone` says what has not happened if there are none.
pub(super) fn read(
    path: &Path,
    extent: Extent,
    naming: &Naming,
    undone: &str,
    style: OutputStyle,
) -> Result<Vec<SessionObject>, Diagnostic> {
    let bytes = match extent {
        Extent::Whole => source::bytes(path, MAX_BYTES),
        Extent::BlankLine => source::stdin_to_blank_line(MAX_BYTES),
    };
    let bytes = bytes.map_err(|error| {
        Diagnostic::usage(format!("cannot read {}", source::shown(path)))
            .about(source::shown(path))
            .caused_by(&error)
            .with_hint(undone)
    })?;
    let read = match style {
        OutputStyle::Native => interchange::read,
        OutputStyle::PowerShell(_) => interchange::read_with_unbound,
    };
    read(&bytes, table::now(), &|host| naming.endpoint(host)).map_err(|errors| refused(path, &errors, undone))
}

/// In PowerShell each object that cannot be bound is an error of its own, and the others go on.
pub(super) fn unbound(place: ObjectPosition, unbound: &UnboundObject, cmdlet: &str) -> Diagnostic {
    let (id, category) = match unbound.reason {
        UnboundReason::NotBound => ("InputObjectNotBound", "InvalidArgument"),
        UnboundReason::Ambiguous => ("AmbiguousParameterSet", "InvalidArgument"),
        UnboundReason::Null => ("ParameterArgumentValidationErrorNullNotAllowed", "InvalidData"),
    };
    let message =
        format!("the input object cannot be bound to a parameter of {cmdlet}: {place}: {}", unbound.problem);
    Diagnostic::new(id, category, message, Exit::COULD_NOT_BEGIN)
}

/// The same of those that are not told one by one: whoever has more has one mistake in every line.
pub(super) fn more_unbound(count: usize) -> Diagnostic {
    let message = format!("{count} more input objects cannot be bound");
    Diagnostic::new("InputObjectNotBound", "InvalidArgument", message, Exit::COULD_NOT_BEGIN)
}

/// What to do about objects that cannot be bound.
pub(super) const BINDABLE: &str =
    "use the objects that Get-PSSession writes, or pass values with -InstanceId or -Id";

/// Every error of a file at once, so that it can be put right at once.
pub(super) fn refused(path: &Path, errors: &ReadErrors, undone: &str) -> Diagnostic {
    let mut diagnostic = Diagnostic::usage(format!("cannot read sessions from {}", source::shown(path)))
        .about(source::shown(path))
        .with_hint(format!("see `pssession import --help` for the formats; {undone}"));
    diagnostic.causes = errors.lines();
    diagnostic
}
