//! The command: arguments in, exit code out. It sees only the library's public names.

mod args;
mod atomic_dir;
mod caller;
mod commands;
mod complete;
mod config;
mod confirm;
mod diagnostic;
mod environment;
mod evidence;
mod exit;
mod folded_errors;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod hints;
mod host_errors;
mod interrupt;
mod login;
mod manual;
mod options;
mod positional;
mod powershell;
mod powershell_entry;
mod process;
mod progress;
mod published_certificate;
mod recording;
mod render;
mod report;
mod request_error;
mod scenario_dir;
mod schemas;
mod screen;
mod shell_quote;
mod source;
mod suggestions;
mod terminal;
mod ui;
mod unmatched;

use std::process::ExitCode;

use clap::Parser as _;

use args::{LogArgs, LogFormat};
use commands::{Cli, dispatch};
use diagnostic::Diagnostic;
use environment::Environment;
use exit::Exit;
use ui::Ui;

/// Parses the arguments, runs the command, and says in one number how it ended.
pub(crate) fn run() -> ExitCode {
    // Before anything is read: the password may be in the environment.
    process::forbid_core_dumps();
    if let Some(answered) = complete::answer() {
        return answered;
    }
    let words = source::arguments();
    if let Some(cmdlet) = powershell_entry::asks_for_help(&words) {
        return powershell_entry::help(cmdlet).into();
    }
    if let Some((cmdlet, words)) = powershell_entry::cmdlet(&words) {
        return powershell_entry::run(cmdlet, words).into();
    }
    let cli =
        Cli::try_parse().unwrap_or_else(|error| suggestions::advise(error, &source::shown_words()).exit());
    start_output(&cli.talk);
    run_in(&cli, &Environment { quiet: cli.talk.quiet, ..Environment::default() }).into()
}

/// Runs a command to its end.
fn run_in(cli: &Cli, environment: &Environment) -> Exit {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(dispatch(&cli.command, environment)),
        Err(error) => Ui::default().conclude(Err(Diagnostic::from(error))),
    }
}

/// Decides over colours, then over log lines.
fn start_output(talk: &LogArgs) {
    terminal::choose_colour(talk.color);
    start_logging(talk);
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
