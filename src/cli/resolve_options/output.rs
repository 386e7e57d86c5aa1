//! What is printed, and how.

use crate::cli::args::{Format, OutputArgs};
use crate::cli::diagnostic::Diagnostic;

/// The format that was asked for, if one was.
pub(crate) fn format(args: &OutputArgs) -> Result<Option<Format>, Diagnostic> {
    safe(args.output, args.csv_safe)
}

/// The same of a format and `--csv-safe`, which means nothing beside another format than CSV.
pub(crate) fn safe(format: Option<Format>, csv_safe: bool) -> Result<Option<Format>, Diagnostic> {
    match format {
        format if !csv_safe => Ok(format),
        Some(Format::Csv) => Ok(Some(Format::CsvSafe)),
        _ => Err(Diagnostic::usage("--csv-safe requires CSV output")
            .about("--csv-safe")
            .with_hint("add -o csv, or remove --csv-safe; nothing was sent")),
    }
}
