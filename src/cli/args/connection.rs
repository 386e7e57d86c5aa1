//! Which servers, as whom, and how long to wait.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use pssession::AuthScheme;

use crate::cli::source;

/// Where, as whom, and how long.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReachArgs {
    /// Servers to query: name, range such as web[01-40], address or [IPv6], optionally with :port, URL, or @GROUP of
    /// the config or the inventory; comma-separated, repeatable
    #[arg(long, value_name = "HOST", value_delimiter = ',', help_heading = "Where")]
    pub(crate) on: Vec<String>,
    /// A file of servers, one per line, # for comments, or an Ansible inventory in INI, YAML or JSON; - is stdin
    #[arg(long, value_name = "FILE", help_heading = "Where")]
    pub(crate) inventory: Option<PathBuf>,
    /// Read the servers from what this command prints, such as 'ansible-inventory --list'
    #[arg(long, value_name = "COMMAND", help_heading = "Where", conflicts_with = "inventory")]
    pub(crate) inventory_command: Option<String>,
    /// Only the servers of this part of the list, K from 0 to N-1; auto takes K from JOB_COMPLETION_INDEX and N from
    /// PSSESSION_SHARDS
    #[arg(long, value_name = "K/N", help_heading = "Where")]
    pub(crate) shard: Option<String>,
    /// Use HTTPS [default port: 5986]
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

/// How the one host is reached that a command names by an option of its own.
#[derive(Clone, Debug, Args)]
pub(crate) struct HostArgs {
    /// Use HTTPS [default port: 5986]
    #[arg(long, help_heading = "Where")]
    pub(crate) tls: bool,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    #[command(flatten)]
    pub(crate) login: LoginArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Connect timeout, TLS handshake included [default: 10s]
    #[arg(long, value_name = "DURATION", help_heading = "Limits")]
    pub(crate) connect_timeout: Option<String>,
    /// Timeout for one login on an open connection [default: 15s]
    #[arg(long, value_name = "DURATION", help_heading = "Limits")]
    pub(crate) login_timeout: Option<String>,
    #[command(flatten)]
    pub(crate) dangerous: DangerousArgs,
}

/// Whose certificate is good enough.
#[derive(Clone, Debug, Args)]
pub(crate) struct TrustArgs {
    /// Trust the certificate authorities in this PEM file instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "Where")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Trust the certificate with this fingerprint, HOST=sha256/BASE64, regardless of its issuer and name; HOST
    /// may have a :port, be @GROUP of the config or * for every host, and is optional for a single host;
    /// comma-separated, repeatable
    #[arg(long, value_name = "HOST=PIN", value_delimiter = ',', help_heading = "Where")]
    #[arg(conflicts_with = "dangerous_skip_certificate_check")]
    pub(crate) certificate_pin: Vec<String>,
    /// Server name for TLS, expected in the certificate [default: the host]
    #[arg(long, value_name = "NAME", help_heading = "Where")]
    pub(crate) tls_server_name: Option<String>,
}

/// Where the config is.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The config file with per-host defaults [default: in the user's config directory]
    #[arg(long, value_name = "FILE", env = "PSSESSION_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
}

/// Where the local table is.
#[derive(Debug, Args)]
pub(crate) struct TableArgs {
    /// The file of the local session table [default: in the user's state directory]
    #[arg(long, value_name = "FILE", env = "PSSESSION_STORE", hide_env_values = true)]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Login")]
pub(crate) struct LoginArgs {
    /// The account: user, DOMAIN\user or user@realm
    #[arg(long, value_name = "USER", env = "PSSESSION_USER", hide_env_values = true)]
    pub(crate) user: Option<String>,
    /// The account of this login, DOMAIN\name, to find out which sessions are yours; not used to log in [default:
    /// from the login and the server]
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// The workstation name that NTLM sends to the server; empty to send none [default: the NetBIOS name]
    #[arg(long, value_name = "NAME")]
    pub(crate) workstation: Option<String>,
    /// Authentication scheme; auto selects the strongest that the server offers and the options allow, never basic
    /// [default: auto]
    #[arg(long, value_name = "SCHEME", value_parser = PossibleValuesParser::new(AuthScheme::names()), ignore_case = true)]
    pub(crate) auth: Option<String>,
    /// Never log in with NTLM, not even within negotiate
    #[arg(long)]
    pub(crate) no_ntlm: bool,
    /// The service principal for Kerberos and NTLM: a full name, or a service of each server [default: HTTP]
    #[arg(long, value_name = "NAME")]
    pub(crate) spn: Option<String>,
    /// Read the password from the first line of this file; - is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "password_command")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from the first line that this command prints; with {host} in it, it is run for each host, for
    /// the password of that machine's own account
    #[arg(long, value_name = "COMMAND")]
    pub(crate) password_command: Option<String>,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Connect timeout, TLS handshake included [default: 10s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) connect_timeout: Option<String>,
    /// Timeout for one login on an open connection; waiting for other hosts is not counted [default: 15s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) login_timeout: Option<String>,
    /// Hosts that may receive a password that no host has accepted yet, and not complete the login [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) login_attempts: Option<u8>,
    /// Timeout for one operation on the server [default: 60s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) operation_timeout: Option<String>,
    /// Timeout to list all sessions of one host [default: 5m]
    #[arg(long, value_name = "DURATION")]
    pub(crate) list_timeout: Option<String>,
    /// Deadline to close and verify one session [default: 120s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) session_deadline: Option<String>,
    /// Deadline for the whole run [default: none]
    #[arg(long, value_name = "DURATION")]
    pub(crate) deadline: Option<String>,
    /// Hosts to query at the same time [default: 128]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) parallel_hosts: Option<u16>,
    /// Repeat connecting this often; a login is never repeated [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=10))]
    pub(crate) retries: Option<u8>,
    /// Where all hosts must answer before a session is closed: time for the first page of a listing [default: 30s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) barrier_timeout: Option<String>,
    /// Connections per host [default: 1, 2 or 4, by the number of sessions]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) connections_per_host: Option<u8>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Dangerous, on the command line only")]
pub(crate) struct DangerousArgs {
    /// Send the password unencrypted over plain HTTP
    #[arg(long)]
    pub(crate) dangerous_basic_over_http: bool,
    /// Send and accept unencrypted messages over plain HTTP
    #[arg(long)]
    pub(crate) dangerous_unencrypted: bool,
    /// Trust any certificate
    #[arg(long)]
    pub(crate) dangerous_skip_certificate_check: bool,
}

impl ReachArgs {
    /// The same with these servers before those of `--on`.
    pub(crate) fn with_hosts(&self, hosts: &[String]) -> Self {
        Self { on: [hosts, &self.on].concat(), ..self.clone() }
    }
}

impl HostArgs {
    /// The same as the commands for several hosts say it, with this host.
    pub(crate) fn reach(&self, host: Option<&str>) -> ReachArgs {
        ReachArgs {
            on: host.into_iter().map(str::to_owned).collect(),
            inventory: None,
            inventory_command: None,
            shard: None,
            tls: self.tls,
            trust: self.trust.clone(),
            login: self.login.clone(),
            config: self.config.clone(),
            limits: LimitArgs {
                connect_timeout: self.connect_timeout.clone(),
                login_timeout: self.login_timeout.clone(),
                ..LimitArgs::default()
            },
            dangerous: self.dangerous.clone(),
        }
    }

    /// The first of these options that was typed. What the environment says is for every command, and does not count.
    pub(crate) fn first_typed(&self) -> Option<&'static str> {
        let Self { tls, trust, login, config, connect_timeout, login_timeout, dangerous } = self;
        let TrustArgs { ca_file, certificate_pin, tls_server_name } = trust;
        let LoginArgs { user, account, workstation, auth, no_ntlm, spn, password_file, password_command } =
            login;
        let DangerousArgs {
            dangerous_basic_over_http,
            dangerous_unencrypted,
            dangerous_skip_certificate_check,
        } = dangerous;
        let typed = |value: Option<String>, variable| value.is_some() && value != source::variable(variable);
        let config = config.config.as_ref().map(|path| path.to_string_lossy().into_owned());
        let given = [
            ("--tls", *tls),
            ("--ca-file", ca_file.is_some()),
            ("--certificate-pin", !certificate_pin.is_empty()),
            ("--tls-server-name", tls_server_name.is_some()),
            ("--user", typed(user.clone(), "PSSESSION_USER")),
            ("--account", account.is_some()),
            ("--workstation", workstation.is_some()),
            ("--auth", auth.is_some()),
            ("--no-ntlm", *no_ntlm),
            ("--spn", spn.is_some()),
            ("--password-file", password_file.is_some()),
            ("--password-command", password_command.is_some()),
            ("--config", typed(config, "PSSESSION_CONFIG")),
            ("--connect-timeout", connect_timeout.is_some()),
            ("--login-timeout", login_timeout.is_some()),
            ("--dangerous-basic-over-http", *dangerous_basic_over_http),
            ("--dangerous-unencrypted", *dangerous_unencrypted),
            ("--dangerous-skip-certificate-check", *dangerous_skip_certificate_check),
        ];
        given.into_iter().find(|(_, is_given)| *is_given).map(|(name, _)| name)
    }
}
