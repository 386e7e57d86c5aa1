//! The objects of a file or a pipe, read to its end, and how it is told what is wrong with them.

use std::path::Path;

use crate::cli::config::Naming;
use crate::cli::diagnostic::{Diagnostic, DiagnosticFormat};
use crate::cli::exit::Exit;
use crate::cli::manner::{Manner, Voice};
use crate::cli::objects::{self, MAX_BYTES, Object, Refused};
use crate::cli::{source, table};

/// To whom it is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) manner: Manner,
    pub(super) errors: DiagnosticFormat,
}

/// All objects of a file, or of stdin where the path is `-`. `undone` says what has not happened if there are none.
pub(super) fn read(
    path: &Path,
    naming: &Naming,
    undone: &str,
    told: Told,
) -> Result<Vec<Object>, Diagnostic> {
    let bytes = source::bytes(path, MAX_BYTES).map_err(|error| {
        Diagnostic::usage(format!("cannot read {}", source::shown(path)))
            .about(source::shown(path))
            .caused_by(&error)
            .with_hint(undone)
    })?;
    objects::read(&bytes, table::now(), naming).map_err(|errors| match told.manner {
        Manner::PowerShell(voice) if errors.is_only_unbound() => unbound(&errors, undone, voice, told.errors),
        _ => refused(path, &errors, undone),
    })
}

/// In PowerShell each object that cannot be bound is an error of its own. The last one is left to the caller.
fn unbound(errors: &Refused, undone: &str, voice: Voice, format: DiagnosticFormat) -> Diagnostic {
    let told = |line: &String| {
        let message = format!("the input object cannot be bound to a parameter of {}: {line}", voice.cmdlet);
        Diagnostic::new("InputObjectNotBound", "InvalidArgument", message, Exit::COULD_NOT_BEGIN)
    };
    let lines = errors.lines();
    let (last, others) = match lines.split_last() {
        Some((last, others)) => (told(last), others),
        None => (told(&String::new()), [].as_slice()),
    };
    others.iter().for_each(|line| told(line).emit(format));
    last.with_hint(format!("{undone}; Get-PSSession writes objects, and -InstanceId and -Id take values"))
}

/// Every error of a file at once, so that it can be put right at once.
pub(super) fn refused(path: &Path, errors: &Refused, undone: &str) -> Diagnostic {
    let mut diagnostic = Diagnostic::usage(format!("{} cannot be taken as sessions", source::shown(path)))
        .about(source::shown(path))
        .with_hint(format!("{undone}; `pssession import --help` says what is read"));
    diagnostic.causes = errors.lines();
    diagnostic
}
