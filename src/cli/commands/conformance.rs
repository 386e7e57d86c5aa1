//! `pssession conformance DIR`: every exchange of one or more scenarios, judged.

use std::io::Write as _;
use std::path::Path;

use pssession::conformance::{
    FixtureError, Judged, Report, Scenario, Validation, Verdict, judge, scenarios, write_junit,
};

use crate::cli::args::{ConformanceArgs, ReportFormat};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::render::{self, plural};

pub(crate) fn run(args: &ConformanceArgs) -> Result<Exit, Diagnostic> {
    let folders = scenarios(&args.dir).map_err(|error| bad_fixture(&error))?;
    let mut report = Report::default();
    let mut validate = |_: &[u8]| Validation::Unavailable("this version has no validator".to_owned());
    for folder in folders {
        let judged = judged(folder, args.exchange, &mut validate).map_err(|error| bad_fixture(&error))?;
        report.scenarios.push(judged);
    }
    if let Some(number) = args.exchange.filter(|_| report.exchanges() == 0) {
        return Err(Diagnostic::usage(format!("there is no exchange {number} in {}", args.dir.display())));
    }
    let is_for_stdout = |path: &Path| path == Path::new("-");
    match args.junit.as_deref() {
        Some(path) if is_for_stdout(path) => {
            std::io::stdout().lock().write_all(write_junit(&report).as_bytes())?
        }
        Some(path) => {
            write_file(path, &report)?;
            render::conformance(args.output, &report)?;
        }
        None => render::conformance(args.output, &report)?,
    }
    conclude(args, &report)
}

fn judged(
    folder: std::path::PathBuf,
    only: Option<u32>,
    validate: &mut dyn FnMut(&[u8]) -> Validation,
) -> Result<Judged, FixtureError> {
    let scenario = Scenario::open(folder)?;
    let mut judged = Judged::new(scenario.folder().to_owned(), scenario.header().title.clone());
    match only {
        Some(number) if number == 0 || number > scenario.count() => {}
        Some(number) => judged.judgements.push(judge(&scenario.exchange(number)?, validate)?),
        None => {
            for exchange in scenario.exchanges() {
                judged.judgements.push(judge(&exchange?, validate)?);
            }
        }
    }
    Ok(judged)
}

/// What is wrong with a scenario; nothing has been judged or served.
pub(super) fn bad_fixture(error: &FixtureError) -> Diagnostic {
    Diagnostic::new("InvalidScenario", "InvalidData", error.to_string(), Exit::USAGE)
        .about(error.path.display().to_string())
        .with_hint("fixtures/README.md says what a scenario is; `pssession convert` makes one of a recording")
}

fn write_file(path: &Path, report: &Report) -> Result<(), Diagnostic> {
    std::fs::File::create(path).and_then(|mut file| file.write_all(write_junit(report).as_bytes())).map_err(
        |error| {
            let message = format!("the report {} could not be written", path.display());
            Diagnostic::new("CannotWriteReport", "WriteError", message, Exit::COULD_NOT_BEGIN)
                .caused_by(&error)
        },
    )
}

/// One line for a person, why nothing was validated, and the exit code.
fn conclude(args: &ConformanceArgs, report: &Report) -> Result<Exit, Diagnostic> {
    let mismatches = report.count(Verdict::Mismatch);
    let mut err = std::io::stderr().lock();
    if let Some(why) = report.not_validated() {
        writeln!(err, "not validated: {why}")?;
    }
    if args.output.is_none_or(|output| output == ReportFormat::Table) {
        writeln!(
            err,
            "{} in {}: {} passed, {}, {} not exercised, {} not validated",
            plural(report.exchanges(), "exchange"),
            plural(report.scenarios.len(), "scenario"),
            report.count(Verdict::Passed),
            if mismatches == 1 { "1 mismatch".to_owned() } else { format!("{mismatches} mismatches") },
            report.count(Verdict::NotExercised),
            report.count(Verdict::NotValidated),
        )?;
    }
    Ok(if mismatches == 0 { Exit::SUCCESS } else { Exit::MISMATCH })
}
