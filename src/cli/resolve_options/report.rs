//! Where the report of a run goes, and what stdout is then for.

use std::path::Path;

use crate::cli::args::RemoveArgs;
use crate::cli::diagnostic::Diagnostic;

/// The place of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportTo<'a> {
    /// The report is all that stdout shows.
    Stdout,
    File(&'a Path),
}

/// Where the report is to go, if one is wanted.
pub(crate) fn report_to(args: &RemoveArgs) -> Result<Option<ReportTo<'_>>, Diagnostic> {
    match args.report.as_deref() {
        None => Ok(None),
        Some(path) if path != Path::new("-") => Ok(Some(ReportTo::File(path))),
        Some(_) if args.output.output.is_none() => Ok(Some(ReportTo::Stdout)),
        Some(_) => Err(Diagnostic::usage("--report - and -o both write to stdout").about("--report").with_hint(
            "remove -o, because the report contains the same records, or give --report a file; nothing was sent",
        )),
    }
}
