//! The subcommands: one file for each, with its arguments, its examples and its `run`; here is their list.

pub(crate) mod completions;
pub(crate) mod conformance;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod forget;
pub(crate) mod get;
pub(crate) mod identify;
pub(crate) mod import;
pub(crate) mod man;
pub(crate) mod record;
pub(crate) mod remove;
pub(crate) mod replay;
pub(crate) mod simulator;

use clap::{Parser, Subcommand};

use super::args::LogArgs;
use super::environment::Environment;
use super::exit::{self, Exit};
use super::ui::Ui;

/// Find, select and close PowerShell sessions and WinRM shells on Windows servers, and prove that they are gone.
#[derive(Debug, Parser)]
#[command(name = "pssession", version, arg_required_else_help = true, disable_help_subcommand = false)]
#[command(after_help = EXAMPLES, after_long_help = exit::below(EXAMPLES))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) talk: LogArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List sessions and shells on servers or in the local table
    #[command(visible_aliases = ["list", "ls"])]
    #[command(override_usage = "pssession get [HOST...] [WHICH] [OPTIONS]", after_help = get::EXAMPLES)]
    Get(get::GetArgs),
    /// Close sessions and shells, and prove that they are gone
    #[command(visible_alias = "rm")]
    #[command(override_usage = "pssession remove [ID|GUID...] [--on HOST,...] [WHICH] [OPTIONS]", after_help = remove::EXAMPLES)]
    Remove(remove::RemoveArgs),
    /// Remove sessions from the local table without closing them
    #[command(override_usage = "pssession forget [ID|GUID...] [WHICH] [OPTIONS]", after_help = forget::EXAMPLES)]
    Forget(forget::ForgetArgs),
    /// Import sessions from files into the local table
    #[command(override_usage = "pssession import FILE... [OPTIONS]", after_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    /// Export the local table, to import it elsewhere
    #[command(after_help = export::EXAMPLES)]
    Export(export::ExportArgs),
    /// Show, without a login, whether a host is WinRM, its authentication schemes and its certificate
    #[command(after_help = identify::EXAMPLES)]
    Identify(identify::IdentifyArgs),
    /// Explain a WSMan fault code and what to do (offline)
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::ExplainArgs),
    /// Run a WinRM simulator on loopback, for tests
    #[command(after_help = simulator::EXAMPLES)]
    Simulator(simulator::SimulatorArgs),
    /// Record exchanges with a server as a scenario, without names, addresses and payloads
    #[command(
        override_usage = "pssession record DIR [OPTIONS] -- COMMAND...\n       pssession record DIR --to HOST [--listen ADDR] [OPTIONS]"
    )]
    #[command(after_help = record::EXAMPLES)]
    Record(Box<record::RecordArgs>),
    /// Convert a recording to a scenario
    #[command(after_help = convert::EXAMPLES)]
    Convert(convert::ConvertArgs),
    /// Serve the recorded responses of a scenario on loopback, and nothing else
    #[command(after_help = replay::EXAMPLES)]
    Replay(replay::ReplayArgs),
    /// Check recorded exchanges, or a live host with --on
    #[command(override_usage = "pssession conformance DIR [OPTIONS]\n       pssession conformance --on HOST [OPTIONS]", after_help = conformance::EXAMPLES)]
    Conformance(conformance::ConformanceArgs),
    /// Demonstrate list, what-if and remove on three simulated hosts
    #[command(after_help = demo::EXAMPLES)]
    Demo,
    /// Print a shell completion script for commands, options and known sessions
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::CompletionsArgs),
    /// Print a manual page, or write all manual pages
    #[command(after_help = man::EXAMPLES)]
    Man(man::ManArgs),
}

const EXAMPLES: &str = "\
PowerShell syntax: Remove-PSSession, Get-PSSession (`pssession help NAME`)

Examples:
  pssession demo                                   a demonstration without a Windows machine
  pssession get web01 --user 'CONTOSO\\alice'        list the shells and their owners
  pssession remove --on web01 --owner '*ci-runner' --idle 2h --what-if";

/// Runs one command; the demo runs several through here.
pub(crate) async fn dispatch(command: &Command, environment: &Environment) -> Exit {
    match command {
        Command::Get(args) => get::run(args, environment).await,
        Command::Remove(args) => remove::run(args, environment).await,
        Command::Forget(args) => forget::run(args, environment).await,
        Command::Import(args) => import::run(args, environment).await,
        Command::Export(args) => export::run(args, environment).await,
        Command::Identify(args) => identify::run(args, environment).await,
        Command::Explain(args) => Ui::plain(args.output).conclude(explain::run(args)),
        Command::Simulator(args) => Ui::plain(args.output).conclude(simulator::run(args).await),
        Command::Record(args) => record::run(args, environment).await,
        Command::Convert(args) => {
            let ui = Ui::default().quiet(environment.quiet);
            ui.conclude(convert::run(args, &ui))
        }
        Command::Replay(args) => {
            let ui = Ui::plain(args.output).quiet(environment.quiet);
            ui.conclude(replay::run(args, &ui).await)
        }
        Command::Conformance(args) => {
            let ui = Ui::report(args.output).quiet(environment.quiet);
            ui.conclude(conformance::run(args, environment, &ui).await)
        }
        Command::Demo => Ui::default().conclude(demo::run().await),
        Command::Completions(args) => Ui::default().conclude(completions::run(args)),
        Command::Man(args) => Ui::default().conclude(man::run(args)),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::complete::words;

    #[test]
    fn every_command_has_examples_and_each_of_them_is_understood() {
        let command = Cli::command();
        for command in std::iter::once(&command).chain(command.get_subcommands()) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let (_, examples) =
                help.split_once("Examples:\n").unwrap_or_else(|| panic!("{command}: {help:?}"));
            let ours: Vec<&str> =
                examples.lines().map(str::trim).filter(|line| line.starts_with("pssession ")).collect();
            assert!(!ours.is_empty(), "{command} shows none");
            for example in ours {
                // What follows a pipe, a redirection or a wide gap is not for us.
                let ends = [" | ", " > ", "   "];
                let line = ends.iter().fold(example, |line, end| line.split(end).next().unwrap());
                let parsed = Cli::try_parse_from(words(line));
                assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            }
        }
    }
}
