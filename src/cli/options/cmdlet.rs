//! What a cmdlet's parameters mean: values of the request, beside our own options.

use std::net::Ipv6Addr;
use std::path::PathBuf;

use pssession::AuthScheme;
use pssession::session::{Filter, Selector};

use crate::cli::args::ErrorAction;
use crate::cli::diagnostic::PowerShellStyle;
use crate::cli::powershell::{BindingError, Bound, Cmdlet, Reaching};

/// The most hosts that are asked at once, whatever a script's `-ThrottleLimit` says.
const MAX_THROTTLE: i32 = 1_000;

/// What a cmdlet's parameters say; nothing where the command has our own spelling.
#[derive(Clone, Debug, Default)]
pub(crate) struct CmdletOptions {
    /// How PowerShell writes for the cmdlet.
    pub(crate) style: Option<PowerShellStyle>,
    pub(crate) selectors: Vec<Selector>,
    pub(crate) filters: Vec<Filter>,
    /// `-Session`: the file that holds objects; `-` is stdin.
    pub(crate) session: Option<PathBuf>,
    pub(crate) connection: CmdletConnection,
    pub(crate) what_if: bool,
    /// `-Confirm`, with its value.
    pub(crate) confirm: Option<bool>,
    pub(crate) error_action: Option<ErrorAction>,
}

/// What a cmdlet's parameters say of hosts and logins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CmdletConnection {
    /// Hosts, as they would stand in `--on`.
    pub(crate) hosts: Vec<String>,
    pub(crate) tls: bool,
    pub(crate) user: Option<String>,
    pub(crate) auth: Option<AuthScheme>,
    pub(crate) parallel_hosts: Option<u16>,
}

impl CmdletOptions {
    /// From what was bound.
    ///
    /// # Errors
    /// A pattern is none.
    pub(crate) fn new(bound: &Bound) -> Result<Self, BindingError> {
        let names = &bound.selection.computer_name;
        let (mut selectors, mut filters) = (bound.selectors()?, bound.filters()?);
        let mut connection = connection(&bound.reaching);
        // No server has a name with wildcards: it means those of the known sessions whose computer matches.
        let among_sessions =
            bound.cmdlet == Cmdlet::RemovePSSession || names.iter().any(|name| is_pattern(name));
        if among_sessions {
            filters.extend(bound.reaching.port.map(|port| Filter::Port(vec![port])));
        }
        match bound.cmdlet {
            Cmdlet::RemovePSSession => {}
            Cmdlet::GetPSSession if among_sessions => selectors.extend(bound.computer_names()?),
            Cmdlet::GetPSSession => {
                let hosts = names.iter().map(|name| host(name, &bound.reaching));
                connection.hosts.splice(..0, hosts);
            }
        }
        let error_action = bound.common.error_action.and_then(|action| action.ours().ok());
        Ok(Self {
            style: Some(PowerShellStyle {
                cmdlet: bound.cmdlet.name(),
                class: bound.cmdlet.class(),
                verbose: bound.common.verbose == Some(true),
                action: error_action.unwrap_or_default(),
            }),
            selectors,
            filters,
            session: bound.selection.session.clone(),
            connection,
            what_if: bound.common.what_if == Some(true),
            confirm: bound.common.confirm,
            error_action,
        })
    }
}

fn connection(given: &Reaching) -> CmdletConnection {
    // As in PowerShell, 0 and less leave it to the default.
    let throttle = given.throttle_limit.filter(|limit| *limit > 0).map(|limit| limit.min(MAX_THROTTLE));
    CmdletConnection {
        hosts: given.connection_uri.clone(),
        tls: given.use_ssl == Some(true),
        user: given.credential.clone(),
        auth: given.authentication.and_then(Result::ok),
        parallel_hosts: throttle.and_then(|limit| u16::try_from(limit).ok()),
    }
}

/// Whether a computer's name has wildcards; the brackets of an IPv6 address are none.
pub(crate) fn is_pattern(name: &str) -> bool {
    let name = name.trim();
    let address = name.strip_prefix('[').and_then(|rest| rest.split(['%', ']']).next());
    let is_address = address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    name.contains(['*', '?', '[']) && !is_address
}

/// A server of `-ComputerName`, with what `-Port`, `-UseSSL` and `-ApplicationName` say of all of them.
fn host(name: &str, given: &Reaching) -> String {
    let host = match name.trim() {
        "" | "." => "localhost".to_owned(),
        bare if bare.parse::<Ipv6Addr>().is_ok() => format!("[{bare}]"),
        name => name.to_owned(),
    };
    let (scheme, usual) = if given.use_ssl == Some(true) { ("https", 5986) } else { ("http", 5985) };
    match (&given.application_name, given.port) {
        (None, None) => host,
        (None, Some(port)) => format!("{host}:{port}"),
        (Some(application), port) => {
            format!("{scheme}://{host}:{}/{}", port.unwrap_or(usual), application.trim_start_matches('/'))
        }
    }
}
