//! The smaller commands.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::{ConfigArgs, DangerousArgs, LimitArgs, LoginArgs, PlainFormat, ReachArgs, TrustArgs};

#[derive(Debug, Args)]
pub(crate) struct IdentifyArgs {
    /// Name, address or [IPv6], optionally with :port, or URL; without a port, both HTTP and HTTPS are checked
    pub(crate) host: String,
    /// Log in and list once, and report the result of each step
    #[arg(long)]
    pub(crate) doctor: bool,
    /// Use only HTTPS [default port: 5986]
    #[arg(long, help_heading = "Where")]
    pub(crate) tls: bool,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// Timeout for the connection and for the response [default: 10s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) connect_timeout: Option<String>,
    /// Output format [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<PlainFormat>,
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) dangerous: DangerousArgs,
}

impl IdentifyArgs {
    /// How the host is to be reached, as the other commands say it. The host itself is left out.
    pub(crate) fn reach(&self) -> ReachArgs {
        ReachArgs {
            on: Vec::new(),
            inventory: None,
            tls: self.tls,
            trust: self.trust.clone(),
            login: self.login.clone(),
            config: self.config.clone(),
            limits: LimitArgs { connect_timeout: self.connect_timeout.clone(), ..LimitArgs::default() },
            dangerous: self.dangerous.clone(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Decimal, signed decimal or 0x hexadecimal
    #[arg(allow_hyphen_values = true)]
    pub(crate) code: String,
    /// Output format [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<PlainFormat>,
}

#[derive(Debug, Args)]
pub(crate) struct SimulatorArgs {
    /// Number of initial shells
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub(crate) shells: u16,
    /// The TCP port; 0 selects a free port
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(crate) listen: std::net::IpAddr,
    /// Also offer Basic, and accept unencrypted messages
    #[arg(long)]
    pub(crate) allow_unencrypted: bool,
    /// The server version to simulate
    #[arg(long, value_name = "NAME", default_value = "2022", value_parser = profiles())]
    pub(crate) profile: pssession::simulator::Profile,
    /// The TCP port of the control endpoint; 0 selects a free port
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) control_port: u16,
    /// The address of the control endpoint
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(crate) control_listen: std::net::IpAddr,
    /// Output format of the line with the address [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<PlainFormat>,
}

/// The profiles by name, so that they are listed and completed.
fn profiles() -> impl TypedValueParser<Value = pssession::simulator::Profile> {
    let names = pssession::simulator::Profile::ALL.iter().map(|profile| profile.name());
    PossibleValuesParser::new(names).try_map(|name| name.parse())
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell to generate the script for
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// A shell that can ask for completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell", alias = "pwsh")]
    Powershell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The command to print the page of [default: pssession itself]
    #[arg(value_name = "COMMAND", conflicts_with_all = ["dir", "powershell_module"])]
    pub(crate) command: Option<String>,
    /// Write all pages into this directory, as pssession.1, pssession-get.1, ...
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: Option<PathBuf>,
    /// Write the PowerShell module, whose functions run this command, into this directory, as
    /// Pssession/Pssession.psd1, ...
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) powershell_module: Option<PathBuf>,
}
