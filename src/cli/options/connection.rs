//! Which hosts, as whom, how protected, and how long to wait.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pssession::auth::UnknownScheme;
use pssession::request::{
    HostSettings, Hosts, InvalidShard, MAX_INVENTORY_HOSTS, PasswordSource, Shard, expand_host_range,
};
use pssession::session::{parse_account, parse_duration_text};
use pssession::transport::Security;
use pssession::{Endpoint, Policy};

use crate::cli::args::{DangerousArgs, LimitArgs, LoginArgs, ReachArgs};
use crate::cli::config::{Config, Naming, principal};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::login::PASSWORD;
use crate::cli::{process, source};

use super::inventory::{HOST_FORMS, InventoryNotes, NamedInventory, all_of, overrides};
use super::trust::{pins, read_authorities, requires_tls};
use super::{CmdletConnection, bad_value};

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
    /// What the inventory sets of hosts, by their URLs.
    listed: HashMap<String, HostSettings>,
    /// What a person should know of the inventory.
    pub(crate) inventory_notes: InventoryNotes,
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
        let Named { endpoints, listed, notes } = named(args, cmdlet, &naming)?;
        let options = Self {
            hosts: Hosts {
                endpoints,
                also_named: naming.named().map(|endpoint| endpoint.url().to_owned()).collect(),
                security: security(&args.dangerous),
                login_attempts: args.limits.login_attempts.map(u32::from),
                pins: pins(&args.trust, &naming)?,
                resolve: HashMap::new(),
                observer: None,
            },
            said,
            authorities: RefCell::default(),
            naming,
            listed,
            inventory_notes: notes,
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

    /// The settings of a host: from the options and the environment, else from the inventory, else from the config.
    pub(crate) fn settings(&self, endpoint: &Endpoint) -> HostSettings {
        let listed = self.listed.get(endpoint.url()).cloned().unwrap_or_default();
        let mut settings = self.said.clone().or(&listed).or(&self.naming.config.of(endpoint));
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

/// The hosts of the options and the inventory.
#[derive(Default)]
struct Named {
    /// Each once.
    endpoints: Vec<Endpoint>,
    /// What the inventory sets of them, by their URLs.
    listed: HashMap<String, HostSettings>,
    notes: InventoryNotes,
}

impl Named {
    /// Adds a host, or the hosts of a group of the config.
    fn add(&mut self, host: &str, settings: &HostSettings, naming: &Naming) -> Result<(), Diagnostic> {
        let alone = [host.to_owned()];
        let hosts = match host.strip_prefix('@') {
            Some(group) => naming.config.group(group).map_err(|problem| {
                Diagnostic::usage(format!("unknown group {host:?}: {problem}"))
                    .about(host)
                    .with_hint("define the group below [group] in the config; nothing was sent")
            })?,
            None => &alone,
        };
        for host in hosts {
            let endpoint = naming.endpoint_with(host, settings).map_err(|error| {
                Diagnostic::usage(error.to_string()).with_hint(format!("{HOST_FORMS}; nothing was sent"))
            })?;
            let url = endpoint.url().to_owned();
            let user = HostSettings { user: settings.user.clone(), ..HostSettings::default() };
            match self.listed.get_mut(&url) {
                None => {
                    self.listed.insert(url, user);
                    self.endpoints.push(endpoint);
                }
                Some(before) if before.user.is_none() => *before = user,
                Some(before) if user.user.is_none() || *before == user => {}
                Some(_) => {
                    return Err(Diagnostic::usage(format!("{url} is listed before, with another user"))
                        .with_hint("keep one of them, or use --user; nothing was sent"));
                }
            }
        }
        Ok(())
    }
}

fn named(args: &ReachArgs, cmdlet: &CmdletConnection, naming: &Naming) -> Result<Named, Diagnostic> {
    let inventory = NamedInventory::read(args)?;
    let (mut named, mut groups) = (Named::default(), Vec::new());
    let nothing = HostSettings::default();
    for host in args.on.iter().map(|host| host.trim()) {
        match (host.strip_prefix('@'), &inventory) {
            (Some(group), Some(inventory)) if inventory.has_group(group, &naming.config)? => {
                groups.push(group)
            }
            (Some(_), inventory) => named.add(host, &nothing, naming).map_err(|mut error| {
                if let Some(inventory) = inventory {
                    error.message = format!("{}, and {} has none", error.message, inventory.name());
                }
                error
            })?,
            (None, _) => {
                let hosts = expand_host_range(host, MAX_INVENTORY_HOSTS).map_err(|problem| {
                    Diagnostic::usage(format!("--on: {host:?}: {problem}"))
                        .about("--on")
                        .with_hint(format!("{HOST_FORMS}; nothing was sent"))
                })?;
                hosts.iter().try_for_each(|host| named.add(host, &nothing, naming))?;
            }
        }
    }
    cmdlet.hosts.iter().try_for_each(|host| named.add(host.trim(), &nothing, naming))?;
    if let Some(inventory) = &inventory {
        let (selected, notes) = inventory.select(&groups, overrides(args, cmdlet))?;
        let (mut lines, mut hint) = (Vec::new(), None);
        for host in &selected.hosts {
            if let Err(error) = named.add(&host.address, &host.settings, naming) {
                lines.push(format!("{}: {}", host.place, error.message));
                hint = hint.or(error.hint);
            }
        }
        if !lines.is_empty() {
            return Err(all_of(lines, 0, inventory.name(), hint.as_deref().unwrap_or(HOST_FORMS)));
        }
        named.notes = notes;
    }
    if let Some(shard) = args.shard.as_deref().map(shard).transpose()? {
        named.endpoints.retain(|endpoint| shard.contains(endpoint));
    }
    Ok(named)
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
