//! What was typed. Every cross-option decision is made in `resolve_options`, none here.

mod forget;
mod kit;
mod objects;
mod output;
mod reach;
mod remove;
mod select;
mod small;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::exit;

pub(crate) use forget::ForgetArgs;
pub(crate) use kit::{ConformanceArgs, ConvertArgs, ReplayArgs, ReportFormat};
pub(crate) use objects::{ExportArgs, ImportArgs};
pub(crate) use output::{Format, OutputArgs, PlainFormat};
pub(crate) use reach::{ConfigArgs, DangerousArgs, LimitArgs, LoginArgs, ReachArgs, TableArgs, TrustArgs};
pub(crate) use remove::{ErrorAction, RemoveArgs, SignalWhen};
pub(crate) use select::SelectArgs;
pub(crate) use small::{CompletionsArgs, DemoArgs, ExplainArgs, IdentifyArgs, ManArgs, Shell, SimulatorArgs};

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
    /// List sessions and shells on servers (--on) or in the local table
    #[command(visible_aliases = ["list", "ls"])]
    #[command(override_usage = "pssession get [--on HOST,...] [WHICH] [OPTIONS]", after_help = GET_EXAMPLES)]
    Get(GetArgs),
    /// Close sessions and shells, and prove that they are gone
    #[command(visible_alias = "rm")]
    #[command(override_usage = "pssession remove [--on HOST,...] WHICH [OPTIONS]", after_help = REMOVE_EXAMPLES)]
    Remove(RemoveArgs),
    /// Remove sessions from the local table without closing them
    #[command(override_usage = "pssession forget WHICH [OPTIONS]", after_help = FORGET_EXAMPLES)]
    Forget(ForgetArgs),
    /// Import sessions from files into the local table
    #[command(override_usage = "pssession import FILE... [OPTIONS]", after_help = IMPORT_EXAMPLES)]
    Import(ImportArgs),
    /// Export the local table, to import it elsewhere
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(ExportArgs),
    /// Show, without a login, whether a host is WinRM, its authentication schemes and its certificate
    #[command(after_help = IDENTIFY_EXAMPLES)]
    Identify(IdentifyArgs),
    /// Explain a WSMan fault code and what to do (offline)
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Run a WinRM simulator on loopback, for tests
    #[command(after_help = SIMULATOR_EXAMPLES)]
    Simulator(SimulatorArgs),
    /// Convert a recording to a scenario
    #[command(after_help = CONVERT_EXAMPLES)]
    Convert(ConvertArgs),
    /// Serve the recorded responses of a scenario on loopback, and nothing else
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(ReplayArgs),
    /// Check recorded exchanges: responses parse and validate, requests match
    #[command(after_help = CONFORMANCE_EXAMPLES)]
    Conformance(ConformanceArgs),
    /// Demonstrate list, what-if and remove on three simulated hosts
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(DemoArgs),
    /// Print a shell completion script for commands, options and known sessions
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print a manual page, or write all manual pages
    #[command(after_help = MAN_EXAMPLES)]
    Man(ManArgs),
}

const EXAMPLES: &str = "\
PowerShell syntax: Remove-PSSession, Get-PSSession (`pssession help NAME`)

Examples:
  pssession demo                                   a demonstration without a Windows machine
  pssession get --on web01 --user CONTOSO\\alice    list the shells and their owners
  pssession remove --on web01 --owner '*ci-runner' --idle 2h --what-if";

const GET_EXAMPLES: &str = "\
The password comes from --password-file, --password-command, PSSESSION_PASSWORD or a prompt.

Examples:
  pssession get --on web01,web02 --user CONTOSO\\alice
  pssession get --on web01 --owner '*ci-runner' --idle 2h
  pssession get --inventory hosts.txt -o ndjson | jq .Owner
  pssession get --inventory hosts.txt --owner '*ci-runner' --age 1d --fail-if-any
  pssession get --cached                           sessions seen before; contacts no server";

const REMOVE_EXAMPLES: &str = "\
The password comes from --password-file, --password-command, PSSESSION_PASSWORD or a prompt.

Examples:
  pssession remove --on web01 --owner '*ci-runner' --idle 2h --what-if
  pssession remove --on web01,web02 --name 'build-*' --yes
  pssession remove --on web01 --mine --keep-newest 1 --per client-ip --report closed.json
  pssession remove --id 3,7..9                     by the Ids that `get` shows
  pssession get --on web01 -o ndjson | jq -c 'select(.Port == 90)' | pssession remove --session -";

const FORGET_EXAMPLES: &str = "\
Examples:
  pssession forget --id 3
  pssession forget --computer-name 'web0*' --cached --what-if
  pssession forget --all --cached                  empties the local table";

const IMPORT_EXAMPLES: &str = "\
It reads the output of `get`, `remove` and `export` with -o ndjson, json or csv, and of PowerShell's
Get-PSSession | ConvertTo-Json (Export-Csv, Export-Clixml). If any object is invalid, nothing is imported.

Examples:
  pssession import sessions.json
  pssession export --store other.db | pssession import -
  pwsh -Command 'Get-PSSession | ConvertTo-Json' | pssession import --tls -";

const EXPORT_EXAMPLES: &str = "\
Examples:
  pssession export > sessions.ndjson
  pssession export -o csv --store other.db";

const IDENTIFY_EXAMPLES: &str = "\
Examples:
  pssession identify web01
  pssession identify web01 --tls -o json
  pssession identify web01 --doctor --user CONTOSO\\alice    log in once, and explain each step";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  pssession explain 2150859173
  pssession explain -2144108123
  pssession explain 0x803381A5";

const SIMULATOR_EXAMPLES: &str = "\
The output also shows a control endpoint, where tests create shells, read the log and inject faults.

Examples:
  pssession simulator
  pssession simulator --shells 30 --port 5985 -o json
  pssession simulator --profile 2008r2 --shells 0 -o json";

const CONVERT_EXAMPLES: &str = "\
The scenario keeps everything in the recording, including host names, accounts and payloads, and lists those found.
DIR is created completely or not at all.

Examples:
  pssession convert recorded.yml scenarios/disconnect
  pssession convert recorded.yml scenarios/disconnect --server 'Windows Server 2016' --force";

const REPLAY_EXAMPLES: &str = "\
It accepts Basic and NTLM, encrypted or not, with the user and password that it prints.
The exit code is 0 if every exchange was requested and nothing else, otherwise 9.

Examples:
  pssession replay scenarios/disconnect --until-done
  pssession replay scenarios/disconnect --port 5985 --in-order -o json";

const CONFORMANCE_EXAMPLES: &str = "\
The exit code is 9 if something does not match. Unsupported operations are not exercised and are never a mismatch.

Examples:
  pssession conformance scenarios
  pssession conformance scenarios/disconnect --exchange 3 -o table
  pssession conformance scenarios --junit conformance.xml -o json > conformance.json";

const DEMO_EXAMPLES: &str = "\
Examples:
  pssession demo
  pssession demo | less";

const COMPLETIONS_EXAMPLES: &str = "\
The script runs `pssession` from the PATH. Sessions come from the local table; no server is contacted.

Installation:
  bash         in ~/.bashrc                    source <(pssession completions bash)
  zsh          in ~/.zshrc, after compinit     source <(pssession completions zsh)
  fish         in ~/.config/fish/config.fish   pssession completions fish | source
  PowerShell   in $PROFILE                     pssession completions powershell | Out-String | Invoke-Expression

Examples:
  pssession completions bash > /etc/bash_completion.d/pssession
  pssession completions zsh > /usr/local/share/zsh/site-functions/_pssession
  pssession completions fish > ~/.config/fish/completions/pssession.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  pssession man | man -l -
  pssession man remove | man -l -
  pssession man Remove-PSSession | man -l -
  pssession man --dir /usr/local/share/man/man1
  pssession man --powershell-module ~/.local/share/powershell/Modules";

/// How much is said, and how.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Log to stderr: -v each step, -vv in detail
    #[arg(short, long, action = ArgAction::Count, global = true, display_order = 900)]
    pub(crate) verbose: u8,
    /// Format of log lines
    #[arg(long, value_enum, default_value_t, global = true, value_name = "FORMAT", display_order = 901)]
    pub(crate) log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) table: TableArgs,
    /// End with exit code 3 if a session is shown
    #[arg(long, conflicts_with = "fail_if_none")]
    pub(crate) fail_if_any: bool,
    /// End with exit code 3 if no session is shown
    #[arg(long)]
    pub(crate) fail_if_none: bool,
    /// Succeed even if a named session does not exist
    #[arg(long)]
    pub(crate) ignore_not_found: bool,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
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
