//! `pssession conformance --on HOST`: the checks of a live endpoint.

use std::io::Write as _;

use pssession::conformance::live::{LiveReport, Stop, Suite};
use pssession::simulator::{Profile, UnknownProfile};
use pssession::teardown::{Cancellation, Interruption, RunStatus};
use pssession::{Connector as _, Endpoint, Error};

use super::ConformanceArgs;
use crate::cli::args::ReportFormat;
use crate::cli::caller::CommandCaller;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::hints::{hint, kind, place};
use crate::cli::interrupt;
use crate::cli::options::ConnectionOptions;
use crate::cli::render::{self, plural};
use crate::cli::ui::Ui;
use crate::cli::unmatched::{self, Unmatched};

/// The checks, without a host.
pub(super) fn list(args: &ConformanceArgs, ui: &Ui) -> Result<Exit, Diagnostic> {
    let selection = args.selection()?;
    if ui.writes_records() {
        render::live_checks(args.output, &selection)?;
    }
    Ok(Exit::SUCCESS)
}

pub(super) async fn run(
    args: &ConformanceArgs,
    environment: &Environment,
    ui: &Ui,
) -> Result<Exit, Diagnostic> {
    let profile = args.profile.as_deref().map(str::parse::<Profile>).transpose();
    let profile = profile.map_err(|error: UnknownProfile| {
        Diagnostic::usage(format!("--profile: {error}")).about("--profile").with_hint("nothing was sent")
    })?;
    let suite =
        Suite { selection: args.selection()?, profile, allow_create: args.allow_create, ..Suite::default() };
    let config = environment.config(&args.host.config)?;
    let reach = args.host.reach(args.on.as_deref());
    let connection = ConnectionOptions::read(&reach, &environment.cmdlet.connection, config)?;
    let connection = environment.resolved(connection);
    let [endpoint] = connection.hosts.endpoints.as_slice() else {
        return Err(Diagnostic::usage("--on must name one host")
            .about("--on")
            .with_hint("run it once for each host; nothing was sent"));
    };
    let cancellation = Cancellation::new();
    let watch = interrupt::watch(&cancellation);
    let unmatched = Unmatched::new(unmatched::rule(ui, false), None, ui);
    let credential = environment.credential.as_ref();
    let caller = CommandCaller::new(ui, &watch, &cancellation, &connection, credential, unmatched, |_| ());
    let connector = connection.hosts.http_connector(endpoint, &caller)?;
    let report = suite.run(&connector, cancellation.cancelled(), |_| ()).await;
    let interruption = watch.stop();
    super::write(
        args,
        ui,
        || render::live_junit(connector.endpoint().url(), &report),
        || render::live_report(args.output, connector.endpoint().url(), &report),
    )?;
    conclude(args, endpoint, &report, interruption, ui)
}

/// The counts for a person, what ended the run early, and the exit code.
fn conclude(
    args: &ConformanceArgs,
    endpoint: &Endpoint,
    report: &LiveReport,
    interruption: Option<Interruption>,
    ui: &Ui,
) -> Result<Exit, Diagnostic> {
    let failed = report.failures().count();
    if args.output.is_none_or(|output| output == ReportFormat::Table) && !ui.is_quiet() {
        let counts = ["passed", "failed", "deviates", "reported", "skipped"]
            .map(|verdict| (verdict, report.count(verdict)));
        let said: Vec<String> = counts
            .iter()
            .filter(|(verdict, count)| *count > 0 || ["passed", "failed"].contains(verdict))
            .map(|(verdict, count)| format!("{count} {verdict}"))
            .collect();
        let checks = plural(report.findings.len(), "check");
        writeln!(std::io::stderr().lock(), "{checks} of {}: {}", place(endpoint), said.join(", "))?;
    }
    if !report.left.is_empty() {
        let message = format!(
            "{} of this run may be left on {}: {}",
            plural(report.left.len(), "shell"),
            place(endpoint),
            report.left.join(", ")
        );
        ui.error(
            &Diagnostic::new("ShellsLeft", "ResourceExists", message, RunStatus::Partial.into())
                .about(endpoint.url())
                .with_hint(format!(
                    "close them with `pssession remove --on {} --name pssession-conformance`",
                    place(endpoint)
                )),
        );
    }
    match &report.stop {
        Some(Stop::Interrupted) => Ok(match interruption {
            Some(Interruption::Term) => Exit::TERMINATED,
            _ => Exit::INTERRUPTED,
        }),
        Some(Stop::Refused(error)) => Err(ended(endpoint, error, RunStatus::CredentialRefused.into())),
        Some(Stop::NotConnected(error)) => Err(ended(endpoint, error, Exit::COULD_NOT_BEGIN)),
        _ if failed > 0 => Ok(Exit::MISMATCH),
        _ if !report.left.is_empty() => Ok(RunStatus::Partial.into()),
        _ => Ok(Exit::SUCCESS),
    }
}

/// What ended the checks before the last one.
fn ended(endpoint: &Endpoint, error: &Error, exit: Exit) -> Diagnostic {
    let (id, category) = kind(error);
    let message = format!("the checks of {} ended before the last one", place(endpoint));
    Diagnostic::new(id, category, message, exit)
        .about(endpoint.url())
        .caused_by(error)
        .with_hint(hint(error, endpoint))
}
