//! Which hosts, as whom, how protected, and how long to wait.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pssession::auth::UnknownScheme;
use pssession::request::{HostSettings, Hosts, InvalidShard, PasswordSource, Shard};
use pssession::session::{parse_account, parse_duration_text};
use pssession::transport::Security;
use pssession::{Endpoint, Policy};

use crate::cli::args::{DangerousArgs, LimitArgs, LoginArgs, ReachArgs};
use crate::cli::config::{Config, Naming, principal};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::login::PASSWORD;
use crate::cli::{process, source};

use super::trust::{pins, read_authorities, requires_tls};
use super::{CmdletConnection, bad_value};

/// The largest inventory that is read, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The hosts that are meant, and how to get there.
#[derive(Debug)]
pub(crate) struct ConnectionOptions {
    /// The hosts that were named; none where the local table or objects are looked at.
    pub(crate) hosts: Hosts,
    /// What the options and the environment say of every host.
    said: HostSettings,
    /// The files of authorities that have been read.
    authorities: RefCell<HashMap<PathBuf, Vec<u8>>>,
    /// How a host becomes an endpoint that is only named.
    pub(crate) naming: Naming,
}

impl ConnectionOptions {
    /// Reads the options, the inventory and the file of authorities.
    pub(crate) fn read(
        args: &ReachArgs,
        cmdlet: &CmdletConnection,
        config: Config,
    ) -> Result<Self, Diagnostic> {
        let login = &args.login;
        let auth = login.auth.as_deref().map(str::parse).transpose();
        let auth = auth.map_err(|error: UnknownScheme| {
            Diagnostic::usage(format!("--auth: {error}"))
                .about("--auth")
                .with_hint("list the schemes of a server with `pssession identify HOST`; nothing was sent")
        })?;
        let account = login.account.as_deref().map(parse_account).transpose();
        let user = cmdlet.user.clone().or_else(|| login.user.clone());
        let said = HostSettings {
            user: user.filter(|user| !user.is_empty()),
            account: account.map_err(|error| bad_value("--account", &error))?,
            workstation: login.workstation.clone(),
            password: password(login),
            auth: cmdlet.auth.or(auth),
            no_ntlm: login.no_ntlm.then_some(true),
            spn: login.spn.as_deref().map(service_principal).transpose()?,
            ca_file: args.trust.ca_file.clone(),
            tls_server_name: args.trust.tls_server_name.clone(),
            connect_timeout: parse_duration("--connect-timeout", args.limits.connect_timeout.as_deref())?,
            login_timeout: parse_duration("--login-timeout", args.limits.login_timeout.as_deref())?,
            ..HostSettings::default()
        };
        let naming = Naming { config, tls: args.tls || cmdlet.tls };
        let options = Self {
            hosts: Hosts {
                endpoints: endpoints(args, &cmdlet.hosts, &naming)?,
                also_named: naming.named().map(|endpoint| endpoint.url().to_owned()).collect(),
                security: security(&args.dangerous),
                login_attempts: args.limits.login_attempts.map(u32::from),
                pins: pins(&args.trust, &naming)?,
                resolve: HashMap::new(),
            },
            said,
            authorities: RefCell::default(),
            naming,
        };
        options.check_certificates()?;
        if let Some(path) = &options.said.ca_file {
            options.read_ca_file(path)?;
        }
        Ok(options)
    }

    /// The same with other endpoints than those that were named.
    pub(crate) fn with_endpoints(mut self, endpoints: Vec<Endpoint>) -> Result<Self, Diagnostic> {
        self.hosts.endpoints = endpoints;
        self.check_certificates().map(|()| self)
    }

    /// The settings of a host: from the options and the environment, and else from the config.
    pub(crate) fn settings(&self, endpoint: &Endpoint) -> HostSettings {
        let mut settings = self.said.clone().or(&self.naming.config.of(endpoint));
        settings.workstation.get_or_insert_with(source::workstation);
        settings
    }

    /// The PEM text of a file of authorities, which is read once.
    pub(crate) fn read_ca_file(&self, path: &Path) -> Result<Vec<u8>, Diagnostic> {
        if let Some(pem) = self.authorities.borrow().get(path) {
            return Ok(pem.clone());
        }
        let pem = read_authorities(path)?;
        self.authorities.borrow_mut().insert(path.to_owned(), pem.clone());
        Ok(pem)
    }

    /// An error if an option names a certificate where no host uses TLS, so that nobody would look at one.
    fn check_certificates(&self) -> Result<(), Diagnostic> {
        let endpoints = &self.hosts.endpoints;
        if endpoints.is_empty() || endpoints.iter().any(Endpoint::is_tls) {
            return Ok(());
        }
        requires_tls(!self.hosts.pins.is_empty(), self.said.tls_server_name.is_some())
    }
}

/// The limits of the options, the library's defaults elsewhere.
pub(crate) fn policy(args: &LimitArgs, cmdlet: &CmdletConnection) -> Result<Policy, Diagnostic> {
    let mut policy = Policy::default();
    if let Some(open_files) = process::raise_open_files() {
        policy = policy.with_max_connections(process::connections_within(open_files));
    }
    if let Some(limit) = parse_duration("--operation-timeout", args.operation_timeout.as_deref())? {
        policy = policy.with_operation_timeout(limit);
    }
    if let Some(limit) = parse_duration("--list-timeout", args.list_timeout.as_deref())? {
        policy = policy.with_list_timeout(limit);
    }
    if let Some(limit) = parse_duration("--session-deadline", args.session_deadline.as_deref())? {
        policy = policy.with_session_deadline(limit);
    }
    if let Some(limit) = parse_duration("--barrier-timeout", args.barrier_timeout.as_deref())? {
        policy = policy.with_barrier_timeout(limit);
    }
    policy = policy.with_connect_retries(args.retries.unwrap_or_default().into());
    if let Some(connections) = args.connections_per_host {
        policy = policy.with_connections_per_host(usize::from(connections));
    }
    if let Some(hosts) = cmdlet.parallel_hosts.or(args.parallel_hosts) {
        policy = policy.with_parallel_hosts(usize::from(hosts));
    }
    Ok(policy.with_run_deadline(parse_duration("--deadline", args.deadline.as_deref())?))
}

/// Where the password comes from, if the options or the environment say so.
fn password(args: &LoginArgs) -> Option<PasswordSource> {
    let file = args.password_file.clone().map(PasswordSource::File);
    let source = file.or_else(|| args.password_command.clone().map(PasswordSource::Command));
    let is_set = || source::variable(PASSWORD).is_some_and(|password| !password.is_empty());
    source.or_else(|| is_set().then_some(PasswordSource::Environment))
}

/// A duration of an option, which must not be zero; `None` if it was not given.
pub(crate) fn parse_duration(
    option: &'static str,
    text: Option<&str>,
) -> Result<Option<Duration>, Diagnostic> {
    let Some(text) = text else { return Ok(None) };
    let duration = parse_duration_text(text).map_err(|error| bad_value(option, &error))?;
    if duration.is_zero() {
        return Err(Diagnostic::usage(format!("{option}: the limit is zero"))
            .about(option)
            .with_hint("use at least 1s"));
    }
    Ok(Some(duration))
}

fn service_principal(text: &str) -> Result<String, Diagnostic> {
    principal(text).map_err(|problem| {
        Diagnostic::usage(format!("--spn: {problem}")).about("--spn").with_hint(
            "use a full principal such as host/web01.example.com, or a service such as host; nothing \
                was sent",
        )
    })
}

fn security(args: &DangerousArgs) -> Security {
    Security {
        dangerous_basic_over_http: args.dangerous_basic_over_http,
        dangerous_unencrypted: args.dangerous_unencrypted,
        dangerous_skip_certificate_check: args.dangerous_skip_certificate_check,
        ..Security::default()
    }
}

fn endpoints(args: &ReachArgs, more: &[String], naming: &Naming) -> Result<Vec<Endpoint>, Diagnostic> {
    let named = args.on.iter().chain(more);
    let mut names: Vec<Named> = named.map(|host| Named { host: host.clone(), place: None }).collect();
    if let Some(path) = &args.inventory {
        let listed = inventory(path)?;
        if listed.is_empty() && names.is_empty() {
            return Err(Diagnostic::usage(format!(
                "the inventory {} contains no server",
                source::shown(path)
            ))
            .with_hint("the inventory must be UTF-8 or UTF-16, with one host a line, and # for comments"));
        }
        names.extend(listed);
    }
    let mut seen = HashSet::new();
    let mut endpoints = Vec::new();
    for Named { host, place } in names {
        let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
        let host = host.trim();
        let alone = [host.to_owned()];
        let hosts = match host.strip_prefix('@') {
            Some(group) => naming.config.group(group).map_err(|problem| {
                Diagnostic::usage(format!("{place}unknown group {host:?}: {problem}"))
                    .about(host)
                    .with_hint("define the group below [group] in the config; nothing was sent")
            })?,
            None => &alone,
        };
        for host in hosts {
            let endpoint = naming.endpoint(host).map_err(|error| {
                Diagnostic::usage(format!("{place}{error}")).with_hint(
                    "use a form such as web01, web01:5986, [2001:db8::1]:5985 or https://web01/wsman; nothing was \
                     sent",
                )
            })?;
            if seen.insert(endpoint.url().to_owned()) {
                endpoints.push(endpoint);
            }
        }
    }
    if let Some(shard) = args.shard.as_deref().map(shard).transpose()? {
        endpoints.retain(|endpoint| shard.contains(endpoint));
    }
    Ok(endpoints)
}

/// The part of the servers that this run takes.
fn shard(text: &str) -> Result<Shard, Diagnostic> {
    let variable = |name: &str| source::variable(name).unwrap_or_default();
    let text = match text {
        "auto" => format!("{}/{}", variable("JOB_COMPLETION_INDEX"), variable("PSSESSION_SHARDS")),
        text => text.to_owned(),
    };
    text.parse().map_err(|error: InvalidShard| {
        Diagnostic::usage(format!("--shard: {error}")).about("--shard").with_hint(
            "use --shard 0/4, or auto where JOB_COMPLETION_INDEX and PSSESSION_SHARDS are set; nothing was sent",
        )
    })
}

/// A server as it was written, and where, if that is a line of a file.
struct Named {
    host: String,
    place: Option<String>,
}

/// One server a line; blank lines and what follows a `#` do not count.
fn inventory(path: &Path) -> Result<Vec<Named>, Diagnostic> {
    let text = source::text(path, MAX_FILE_BYTES).map_err(|error| {
        Diagnostic::usage(format!("cannot read the inventory {}", source::shown(path)))
            .caused_by(&error)
            .with_hint("the inventory must be UTF-8 or UTF-16, with one host a line, and # for comments")
    })?;
    let lines = (1..).zip(text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()));
    let named = |(number, line): (usize, &str)| Named {
        host: line.to_owned(),
        place: Some(format!("{} line {number}", source::shown(path))),
    };
    Ok(lines.filter(|(_, line)| !line.is_empty()).map(named).collect())
}
