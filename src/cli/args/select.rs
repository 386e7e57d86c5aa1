//! Which sessions are meant.

use std::path::PathBuf;

use clap::Args;

/// The most sessions that can be kept of a group: four full hosts; a larger number is a slip of the key.
const MAX_KEPT: i64 = 1_000_000;

/// Single sessions, without an option.
#[derive(Debug, Default, Args)]
pub(crate) struct SessionValues {
    /// Sessions by Id, range of Ids such as 4..7, or instance id, as `get` shows them
    #[arg(value_name = "ID|GUID", conflicts_with_all = ["id", "instance_id"])]
    pub(crate) values: Vec<String>,
}

/// Which sessions: values of one option are alternatives, different options must all agree.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Which sessions")]
pub(crate) struct SelectArgs {
    /// By the Id that `get` shows: numbers and ranges, such as 1,4..7
    #[arg(long, value_name = "ID", value_delimiter = ',', num_args = 1..)]
    pub(crate) id: Vec<String>,
    /// By name, with PowerShell's wildcards
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) name: Vec<String>,
    /// By computer name, with PowerShell's wildcards
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) computer_name: Vec<String>,
    /// By instance id, as `get` shows it
    #[arg(long, value_name = "GUID", value_delimiter = ',', num_args = 1..)]
    pub(crate) instance_id: Vec<String>,
    /// By container id, exactly as written
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) container_id: Vec<String>,
    /// By virtual machine id
    #[arg(long, value_name = "GUID", value_delimiter = ',')]
    pub(crate) vm_id: Vec<String>,
    /// By virtual machine name, with PowerShell's wildcards
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) vm_name: Vec<String>,
    /// Session objects from a file written by `get -o json|ndjson|csv` or PowerShell's ConvertTo-Json or
    /// Export-Clixml, or Ids and instance ids, one a line; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) session: Option<PathBuf>,
    /// Every session
    #[arg(long)]
    pub(crate) all: bool,
    /// Include sessions in the local table that were only listed on a server
    #[arg(long)]
    pub(crate) cached: bool,
    /// Owned by this account, with PowerShell's wildcards; without \ or @ under any authority
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) owner: Vec<String>,
    /// Exclude sessions that are, or may be, owned by this account, with wildcards
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) not_owner: Vec<String>,
    /// Owned by your account
    #[arg(long, conflicts_with = "not_mine")]
    pub(crate) mine: bool,
    /// Owned by another account than yours
    #[arg(long)]
    pub(crate) not_mine: bool,
    /// Opened from this address or network
    #[arg(long, value_name = "ADDR|CIDR", value_delimiter = ',')]
    pub(crate) client_ip: Vec<String>,
    /// In this state: opened (or connected), disconnected, closed, broken
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    pub(crate) state: Vec<String>,
    /// Of this type: ps (or powershell), cmd, or a resource URI
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    pub(crate) kind: Vec<String>,
    /// Of this PowerShell configuration, with wildcards
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) configuration_name: Vec<String>,
    /// Idle for at least this long: 8s, 30m, 2h, 1d; '<10m' for less
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) idle: Option<String>,
    /// Open for at least this long; '<10m' for less
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) age: Option<String>,
    /// On an endpoint with this port
    #[arg(long, value_name = "PORT", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Vec<u16>,
    /// Exclude sessions with this name, with wildcards
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) exclude: Vec<String>,
    /// Only sessions with a command that is running
    #[arg(long, conflicts_with = "skip_running")]
    pub(crate) running: bool,
    /// Exclude sessions with a command that is running, or may be
    #[arg(long)]
    pub(crate) skip_running: bool,
    /// Exclude sessions that are, or may be, yours and were used within this time
    #[arg(long, value_name = "DURATION")]
    pub(crate) skip_recent_mine: Option<String>,
    /// Exclude the N newest of the selected sessions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_KEPT))]
    pub(crate) keep_newest: Option<u32>,
    /// Apply --keep-newest to each group: by owner, client-ip, computer-name, name, type, configuration-name
    #[arg(long, value_name = "KEY", value_delimiter = ',', requires = "keep_newest")]
    pub(crate) per: Vec<String>,
}
