//! Which servers, as whom, and how long to wait.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use pssession::AuthScheme;

/// Where, as whom, and how long.
#[derive(Debug, Args)]
pub(crate) struct ReachArgs {
    /// Ask these servers: a name, address, [IPv6], each with :port, or a URL, or @GROUP of the config;
    /// comma lists, may be repeated
    #[arg(long, value_name = "HOST", value_delimiter = ',', help_heading = "Where")]
    pub(crate) on: Vec<String>,
    /// A file of servers, one a line, # for comments; - is stdin
    #[arg(long, value_name = "FILE", help_heading = "Where")]
    pub(crate) inventory: Option<PathBuf>,
    /// HTTPS, port 5986 unless told otherwise
    #[arg(long, help_heading = "Where")]
    pub(crate) tls: bool,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) dangerous: DangerousArgs,
}

/// Whose certificate is good enough.
#[derive(Clone, Debug, Args)]
pub(crate) struct TrustArgs {
    /// Trust the certificate authorities in this PEM file instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "Where")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Trust the certificate of this host with this fingerprint, HOST=sha256/BASE64, whoever signed it and whatever its
    /// name; HOST may have a :port, or be @GROUP of the config or * for every host, and may be left out where one host is
    /// asked; comma lists, may be repeated
    #[arg(long, value_name = "HOST=PIN", value_delimiter = ',', help_heading = "Where")]
    #[arg(conflicts_with = "dangerous_skip_certificate_check")]
    pub(crate) certificate_pin: Vec<String>,
    /// Ask for this name in TLS, and look for it in the certificate [default: the host]
    #[arg(long, value_name = "NAME", help_heading = "Where")]
    pub(crate) tls_server_name: Option<String>,
}

/// Where the config is.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The file that says what goes without saying of hosts [default: in the user's config folder]
    #[arg(long, value_name = "FILE", env = "PSSESSION_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
}

/// Where the local table is.
#[derive(Debug, Args)]
pub(crate) struct TableArgs {
    /// The file of the local table, which gives each session its Id [default: in the user's state folder]
    #[arg(long, value_name = "FILE", env = "PSSESSION_STORE", hide_env_values = true)]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Login")]
pub(crate) struct LoginArgs {
    /// The account: user, DOMAIN\user or user@realm
    #[arg(long, value_name = "USER", env = "PSSESSION_USER", hide_env_values = true)]
    pub(crate) user: Option<String>,
    /// Which account this login is, DOMAIN\name, for the question whose sessions are whose; it proves nothing
    /// [default: what the login and the server say]
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// The machine's name that NTLM tells the server; an empty one is not told [default: its NetBIOS name]
    #[arg(long, value_name = "NAME")]
    pub(crate) workstation: Option<String>,
    /// How to log in; auto takes the strongest that the server offers and the rest allows, never basic [default: auto]
    #[arg(long, value_name = "SCHEME", value_parser = PossibleValuesParser::new(AuthScheme::names()), ignore_case = true)]
    pub(crate) auth: Option<String>,
    /// Never log in with NTLM, not even where negotiate comes down to it
    #[arg(long)]
    pub(crate) no_ntlm: bool,
    /// The service principal for Kerberos and NTLM: a whole one, or a service of each server [default: HTTP]
    #[arg(long, value_name = "NAME")]
    pub(crate) spn: Option<String>,
    /// Read the password from the first line of this file; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "password_command")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from the first line that this command prints
    #[arg(long, value_name = "COMMAND")]
    pub(crate) password_command: Option<String>,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// For one TCP (and TLS) connection to come about [default: 10s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) connect_timeout: Option<String>,
    /// For one login, once the connection stands; waiting for other hosts does not count [default: 15s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) login_timeout: Option<String>,
    /// Hosts that may be shown a password that nobody has accepted yet, and give no verdict [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) login_attempts: Option<u8>,
    /// For the server to carry out one operation [default: 60s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) operation_timeout: Option<String>,
    /// For one host to list all its sessions [default: 5m]
    #[arg(long, value_name = "DURATION")]
    pub(crate) list_timeout: Option<String>,
    /// For one session to be closed and verified [default: 120s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) session_deadline: Option<String>,
    /// For the whole run [default: none]
    #[arg(long, value_name = "DURATION")]
    pub(crate) deadline: Option<String>,
    /// Hosts that are asked at once [default: 32]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) parallel_hosts: Option<u16>,
    /// Connections to each host [default: 1, 2 or 4, by the number of sessions]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) connections_per_host: Option<u8>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Dangerous, on the command line only")]
pub(crate) struct DangerousArgs {
    /// Send the password in clear over plain HTTP
    #[arg(long)]
    pub(crate) dangerous_basic_over_http: bool,
    /// Send and accept unsealed bodies over plain HTTP
    #[arg(long)]
    pub(crate) dangerous_unencrypted: bool,
    /// Trust any certificate
    #[arg(long)]
    pub(crate) dangerous_skip_certificate_check: bool,
}
