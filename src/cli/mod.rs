//! The command: arguments in, exit code out. It sees only the library's public names.

mod args;
mod atomic_dir;
mod commands;
mod complete;
mod config;
mod diagnostic;
mod exit;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod hints;
mod interrupt;
mod login;
mod manual;
mod output_style;
mod permissions;
mod powershell;
mod process;
mod progress;
mod recording;
mod render;
mod report;
mod resolve_options;
mod schemas;
mod source;
mod spelling;
mod suggestions;
mod table;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command, LogArgs, LogFormat};
use commands::Context;
use diagnostic::{Diagnostic, DiagnosticFormat};
use exit::Exit;
use output_style::OutputStyle;

/// Parses the arguments, runs the command, and says in one number how it ended.
pub(crate) fn run() -> ExitCode {
    // Before anything is read: the password may be in the environment.
    process::forbid_core_dumps();
    if let Some(answered) = complete::answer() {
        return answered;
    }
    let words = source::arguments();
    if let Some(cmdlet) = spelling::asks_for_help(&words) {
        return spelling::help(cmdlet).into();
    }
    if let Some((cmdlet, words)) = spelling::cmdlet(&words) {
        return spelling::run(cmdlet, words).into();
    }
    let cli =
        Cli::try_parse().unwrap_or_else(|error| suggestions::advise(error, &source::shown_words()).exit());
    start_logging(&cli.talk);
    run_in(&cli, &Context::default(), std::convert::identity).into()
}

/// Runs a command to its end and tells its last error, which `retell` may put into other words.
fn run_in(cli: &Cli, context: &Context, retell: fn(Diagnostic) -> Diagnostic) -> Exit {
    let ended = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Diagnostic::from)
        .and_then(|runtime| runtime.block_on(dispatch(&cli.command, context)));
    ended.unwrap_or_else(|diagnostic| {
        let diagnostic = retell(diagnostic);
        diagnostic.emit(diagnostic_format(&cli.command, context.style));
        diagnostic.exit
    })
}

/// Runs one command; the demo runs several through here.
async fn dispatch(command: &Command, context: &Context) -> Result<Exit, Diagnostic> {
    match command {
        Command::Get(args) => commands::get::run(args, context).await,
        Command::Remove(args) => commands::remove::run(args, context).await,
        Command::Forget(args) => commands::forget::run(args, context).await,
        Command::Import(args) => commands::import::run(args, context).await,
        Command::Export(args) => commands::export::run(args, context).await,
        Command::Identify(args) => commands::identify::run(args, context).await,
        Command::Explain(args) => commands::explain::run(args),
        Command::Simulator(args) => commands::simulator::run(args).await,
        Command::Convert(args) => commands::convert::run(args),
        Command::Replay(args) => commands::replay::run(args).await,
        Command::Conformance(args) => commands::conformance::run(args),
        Command::Demo(_) => commands::demo::run().await,
        Command::Completions(args) => commands::completions::run(args),
        Command::Man(args) => commands::man::run(args),
    }
}

/// Errors are JSON where the output was asked to be.
fn diagnostic_format(command: &Command, style: OutputStyle) -> DiagnosticFormat {
    match command {
        Command::Get(args) => style.last_error(args.output.output),
        Command::Remove(args) => style.last_error(args.output.output),
        Command::Forget(args) => DiagnosticFormat::beside(args.output.output),
        Command::Import(args) => DiagnosticFormat::beside(args.output.output),
        Command::Export(_) => DiagnosticFormat::Text,
        Command::Identify(args) => DiagnosticFormat::plain(args.output),
        Command::Explain(args) => DiagnosticFormat::plain(args.output),
        Command::Simulator(args) => DiagnosticFormat::plain(args.output),
        Command::Replay(args) => DiagnosticFormat::plain(args.output),
        Command::Conformance(args) => DiagnosticFormat::report(args.output),
        Command::Convert(_) => DiagnosticFormat::Text,
        Command::Demo(_) | Command::Completions(_) | Command::Man(_) => DiagnosticFormat::Text,
    }
}

/// Log lines go to stderr: nothing unasked, each step with `-v`, each state change and message with `-vv`.
fn start_logging(talk: &LogArgs) {
    let level = match talk.verbose {
        0 => return,
        1 => tracing::Level::INFO,
        2 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let only_ours = tracing_subscriber::filter::Targets::new().with_target("pssession", level);
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match talk.log_format {
        LogFormat::Text => {
            let colour = terminal::stderr_has_colour();
            tracing_subscriber::registry()
                .with(lines.without_time().with_target(false).with_ansi(colour))
                .with(only_ours)
                .init();
        }
        LogFormat::Json => tracing_subscriber::registry().with(lines.json()).with(only_ours).init(),
    }
}
