//! I/O module: `pssession conformance DIR`: every exchange of one or more scenarios, judged; and `--on HOST`: a live
//! endpoint.
#![expect(clippy::disallowed_methods, reason = "writes the JUnit report")]

mod live;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use pssession::conformance::live::Selection;
use pssession::conformance::{
    Exchange, FixtureError, Judged, Report, Scenario, Validation, Verdict, judge, scenarios,
};

use crate::cli::args::{HostArgs, ReportFormat};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::process;
use crate::cli::render::{self, plural};
use crate::cli::schemas::{Direction, NotValidated, Problem, Validator};
use crate::cli::ui::Ui;

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
The exit code is 9 if something does not match. Unsupported operations are not exercised and are never a mismatch.

Examples:
  pssession conformance scenarios
  pssession conformance scenarios/disconnect --exchange 3 -o table
  pssession conformance scenarios --junit conformance.xml -o json > conformance.json
  pssession conformance --on web01 --user 'CONTOSO\\alice'         check a live host; changes nothing there
  pssession conformance --on web01 --allow-create --profile 2019   also create, use and delete shells of its own
  pssession conformance --on web01 --only 'enumerate,*/no-such-shell' -o table
  pssession conformance --list -o table";

#[derive(Debug, Args)]
pub(crate) struct ConformanceArgs {
    /// A scenario, or a directory of scenarios
    #[arg(value_hint = clap::ValueHint::DirPath, required_unless_present_any = ["on", "list"])]
    #[arg(conflicts_with_all = ["on", "list"])]
    pub(crate) dir: Option<PathBuf>,
    /// Check only the exchange with this number
    #[arg(long, value_name = "N", conflicts_with_all = ["on", "list"])]
    pub(crate) exchange: Option<u32>,
    /// Check this live host instead: name, address or [IPv6], optionally with :port, or URL. Nothing on it is changed
    /// unless --allow-create is given
    #[arg(long, value_name = "HOST", help_heading = "A live host")]
    pub(crate) on: Option<String>,
    /// List the checks of a live host
    #[arg(long, conflicts_with = "on", help_heading = "A live host")]
    pub(crate) list: bool,
    /// Ask only these checks: ids, groups or patterns with * and ?; comma-separated, repeatable
    #[arg(
        long,
        value_name = "CHECK",
        value_delimiter = ',',
        help_heading = "A live host",
        conflicts_with = "dir"
    )]
    pub(crate) only: Vec<String>,
    /// Do not ask these checks
    #[arg(
        long,
        value_name = "CHECK",
        value_delimiter = ',',
        help_heading = "A live host",
        conflicts_with = "dir"
    )]
    pub(crate) skip: Vec<String>,
    /// Create, use and delete shells of this run
    #[arg(long, conflicts_with_all = ["dir", "list"], help_heading = "A live host")]
    pub(crate) allow_create: bool,
    /// The generation of the server, whose known deviations are no failures: 2008r2, 2012r2, 2016, 2019, 2022, 2025,
    /// 2025-hardened, exchange or omi
    #[arg(long, value_name = "PROFILE", conflicts_with_all = ["dir", "list"], help_heading = "A live host")]
    pub(crate) profile: Option<String>,
    #[command(flatten)]
    pub(crate) host: HostArgs,
    /// Output format [default: table on a terminal, ndjson into a pipe]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<ReportFormat>,
    /// Also write the report as JUnit XML; `-` is stdout, and replaces the normal output
    #[arg(long, value_name = "FILE", conflicts_with = "list", value_hint = clap::ValueHint::FilePath)]
    pub(crate) junit: Option<PathBuf>,
}

/// The most exchanges that are validated at once: starting a validator costs more than an envelope.
const MAX_BATCH: usize = 256;
/// The most bytes of responses that are held for that.
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;

impl ConformanceArgs {
    /// Which checks are asked.
    fn selection(&self) -> Result<Selection, Diagnostic> {
        Selection::new(&self.only, &self.skip).map_err(|error| {
            Diagnostic::usage(error.to_string())
                .about(&error.pattern)
                .with_hint("list the checks with `pssession conformance --list`; nothing was sent")
        })
    }
}

pub(crate) async fn run(
    args: &ConformanceArgs,
    environment: &Environment,
    ui: &Ui,
) -> Result<Exit, Diagnostic> {
    if let Some(option) = args.host.first_typed().filter(|_| args.on.is_none()) {
        return Err(Diagnostic::usage(format!("{option} is for a live host, and no host is named"))
            .about(option)
            .with_hint("name the host with --on instead of a directory or --list, or leave the option out"));
    }
    match &args.dir {
        Some(dir) => judge_scenarios(args, dir, ui),
        None if args.list => live::list(args, ui),
        None => live::run(args, environment, ui).await,
    }
}

fn judge_scenarios(args: &ConformanceArgs, dir: &Path, ui: &Ui) -> Result<Exit, Diagnostic> {
    let folders = scenarios(dir).map_err(|error| bad_fixture(&error))?;
    let mut bench = Bench::default();
    for folder in folders {
        bench.take(folder, args.exchange).map_err(|error| bad_fixture(&error))?;
    }
    let report = bench.finish();
    if let Some(number) = args.exchange.filter(|_| report.exchanges() == 0) {
        return Err(Diagnostic::usage(format!("no exchange {number} in {}", dir.display())));
    }
    write(args, ui, || render::junit(&report), || render::conformance(args.output, &report))?;
    conclude(args, &report, ui)
}

/// Writes a report to stdout and into the file of `--junit`.
fn write(
    args: &ConformanceArgs,
    ui: &Ui,
    junit: impl FnOnce() -> String,
    render: impl FnOnce() -> std::io::Result<()>,
) -> Result<(), Diagnostic> {
    match args.junit.as_deref() {
        Some(path) if path == Path::new("-") => {
            std::io::stdout().lock().write_all(junit().as_bytes())?;
            return Ok(());
        }
        Some(path) => write_file(path, &junit())?,
        None => {}
    }
    if ui.writes_records() {
        render()?;
    }
    Ok(())
}

/// What is judged, a batch at a time.
struct Bench {
    report: Report,
    /// Exchanges of the last scenarios of the report, each with the position of its own.
    batch: Vec<(usize, Exchange)>,
    bytes: usize,
    validator: Result<Validator, NotValidated>,
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            report: Report::default(),
            batch: Vec::new(),
            bytes: 0,
            validator: Validator::new(process::start),
        }
    }
}

impl Bench {
    /// Takes the exchanges of one scenario, or only that of a number.
    fn take(&mut self, folder: PathBuf, only: Option<u32>) -> Result<(), FixtureError> {
        let scenario = Scenario::open(folder)?;
        let position = self.report.scenarios.len();
        let judged = Judged::new(scenario.folder().to_owned(), scenario.header().title.clone());
        self.report.scenarios.push(judged);
        let numbers = 1..=scenario.count();
        for number in numbers.filter(|number| only.is_none_or(|only| only == *number)) {
            let exchange = scenario.exchange(number)?;
            self.bytes += exchange.request.len() + exchange.response.as_ref().map_or(0, Vec::len);
            self.batch.push((position, exchange));
            if self.batch.len() >= MAX_BATCH || self.bytes >= MAX_BATCH_BYTES {
                self.judge();
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Report {
        self.judge();
        self.report
    }

    fn judge(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        let answers: Vec<(&Path, &[u8])> = batch
            .iter()
            .filter_map(|(_, exchange)| Some((exchange.response_path.as_path(), exchange.to_validate()?)))
            .collect();
        let mut said = self.validate(&answers).into_iter();
        for (position, exchange) in &batch {
            let said = exchange.to_validate().and_then(|_| said.next());
            let judgement = judge(exchange, said.unwrap_or(Validation::Valid));
            if let Some(judged) = self.report.scenarios.get_mut(*position) {
                judged.judgements.push(judgement);
            }
        }
    }

    /// What the validator says of each of these answers.
    fn validate(&self, answers: &[(&Path, &[u8])]) -> Vec<Validation> {
        let envelopes: Vec<_> = answers.iter().map(|(_, answer)| (*answer, Direction::Response)).collect();
        let said = self.validator.as_ref().map(|validator| validator.validate_all(&envelopes));
        match said {
            Ok(Ok(problems)) => answers
                .iter()
                .zip(&problems)
                .map(|((path, _), problems)| validation(path, problems))
                .collect(),
            Ok(Err(why)) => unavailable(&why, answers.len()),
            Err(why) => unavailable(why, answers.len()),
        }
    }
}

fn unavailable(why: &NotValidated, count: usize) -> Vec<Validation> {
    // The verdict says that much already.
    let why = why.to_string().trim_start_matches("not validated: ").to_owned();
    vec![Validation::Unavailable(why); count]
}

/// Each problem with its place, and the section that its schema states.
fn validation(path: &Path, problems: &[Problem]) -> Validation {
    if problems.is_empty() {
        return Validation::Valid;
    }
    let reported = |problem: &Problem| {
        let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}: {} ({}; {})", path.display(), problem.text, problem.schema, problem.section())
    };
    Validation::Invalid(problems.iter().map(reported).collect::<Vec<_>>().join("\n"))
}

/// What is wrong with a scenario; nothing has been judged or served.
pub(super) fn bad_fixture(error: &FixtureError) -> Diagnostic {
    Diagnostic::new("InvalidScenario", "InvalidData", error.to_string(), Exit::USAGE)
        .about(error.path.display().to_string())
        .with_hint(
            "create a scenario with `pssession record`, or from a capture with `pssession convert`; \
             fixtures/README.md describes the format",
        )
}

fn write_file(path: &Path, junit: &str) -> Result<(), Diagnostic> {
    std::fs::File::create(path).and_then(|mut file| file.write_all(junit.as_bytes())).map_err(|error| {
        let message = format!("cannot write the report {}", path.display());
        Diagnostic::new("CannotWriteReport", "WriteError", message, Exit::COULD_NOT_BEGIN).caused_by(&error)
    })
}

/// One line for a person, why nothing was validated, and the exit code.
fn conclude(args: &ConformanceArgs, report: &Report, ui: &Ui) -> Result<Exit, Diagnostic> {
    let mismatches = report.count(Verdict::Mismatch);
    let mut err = std::io::stderr().lock();
    if let Some(why) = report.not_validated() {
        writeln!(err, "not validated: {why}")?;
    }
    if args.output.is_none_or(|output| output == ReportFormat::Table) && !ui.is_quiet() {
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
