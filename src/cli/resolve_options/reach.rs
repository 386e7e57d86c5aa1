//! Which servers, how protected, and how long to wait.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use pssession::Endpoint;
use pssession::auth::UnknownScheme;
use pssession::session::parse_duration_text;
use pssession::transport::{CertificatePin, PinScope, Security};

use crate::cli::args::{DangerousArgs, LoginArgs, ReachArgs};
use crate::cli::config::{Config, Naming, PasswordSource, Settings, principal};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::login::PASSWORD;
use crate::cli::source;

use super::accounts::identity;
use super::bad_value;
use super::trust::{Authorities, Pins, pins, suits, suits_one, trust};

/// The largest inventory that is read, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The servers that are meant, and how to get there.
#[derive(Debug)]
pub(crate) struct ConnectionOptions {
    /// Each endpoint once, in the order in which it was named; none where the local table or objects are looked at.
    pub(crate) endpoints: Vec<Endpoint>,
    security: Security,
    /// How many hosts may see an unproven password without a verdict, if that was said.
    pub(crate) login_attempts: Option<u8>,
    /// What the command line has had read.
    pub(crate) authorities: Authorities,
    /// What the command line and the environment say, of every server.
    said: Settings,
    /// The pins of the command line, each with the hosts that it is for.
    pins: Vec<(PinScope, CertificatePin)>,
    /// How a host becomes an endpoint that is no more than named.
    pub(crate) naming: Naming,
}

impl ConnectionOptions {
    /// Reads the options, the inventory and the file of authorities.
    pub(crate) fn read(args: &ReachArgs, config: Config) -> Result<Self, Diagnostic> {
        let auth = args.login.auth.as_deref().map(str::parse).transpose();
        let auth = auth.map_err(|error: UnknownScheme| {
            Diagnostic::usage(format!("--auth: {error}"))
                .about("--auth")
                .with_hint("list the schemes of a server with `pssession identify HOST`; nothing was sent")
        })?;
        let said = Settings {
            workstation: args.login.workstation.clone(),
            password: password(&args.login),
            auth,
            no_ntlm: args.login.no_ntlm.then_some(true),
            spn: args.login.spn.as_deref().map(service_principal).transpose()?,
            connect_timeout: parse_duration("--connect-timeout", args.limits.connect_timeout.as_deref())?,
            login_timeout: parse_duration("--login-timeout", args.limits.login_timeout.as_deref())?,
            ..trust(&args.trust)
        };
        let said = said.or(&identity(&args.login)?);
        let naming = Naming { config, tls: args.tls };
        let endpoints = endpoints(args, &naming)?;
        let pins = pins(&args.trust, &naming)?;
        suits(&said, &pins, &endpoints)?;
        let mut authorities = Authorities::default();
        authorities.read(&said)?;
        Ok(Self {
            endpoints,
            security: security(&args.dangerous),
            login_attempts: args.limits.login_attempts,
            authorities,
            said,
            pins,
            naming,
        })
    }

    /// What is said of an endpoint: on the command line, in the environment, and else in the config. The pins are only those
    /// of the config: see [`Self::pins`].
    pub(crate) fn settings(&self, endpoint: &Endpoint) -> Settings {
        self.said.clone().or(&self.naming.config.of(endpoint))
    }

    /// The same, to other endpoints than those that were named.
    pub(crate) fn with_endpoints(self, endpoints: Vec<Endpoint>) -> Result<Self, Diagnostic> {
        suits(&self.said, &self.pins, &endpoints)?;
        Ok(Self { endpoints, ..self })
    }

    /// The pins for a run that reaches these endpoints.
    pub(crate) fn pins<'e>(
        &self,
        endpoints: impl IntoIterator<Item = &'e Endpoint>,
    ) -> Result<Pins, Diagnostic> {
        Pins::new(&self.pins, endpoints)
    }

    /// How bodies and passwords are protected: what is dangerous is accepted only on the command line alone.
    pub(crate) fn security(&self, settings: &Settings) -> Security {
        Security { forbid_ntlm: settings.no_ntlm == Some(true), ..self.security }
    }

    /// An error if the config names a certificate where nobody would look at one.
    pub(crate) fn check(&self, endpoint: &Endpoint) -> Result<(), Diagnostic> {
        suits_one(&self.naming.config.of(endpoint), endpoint)
    }

    /// The URLs of the endpoints that a person has named, so that a login may go there.
    pub(crate) fn named(&self) -> HashSet<String> {
        let named = self.endpoints.iter().cloned().chain(self.naming.named());
        named.map(|endpoint| endpoint.url().to_owned()).collect()
    }
}

/// Where the password comes from, if the command line or the environment says so.
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

fn endpoints(args: &ReachArgs, naming: &Naming) -> Result<Vec<Endpoint>, Diagnostic> {
    let mut names: Vec<Named> =
        args.on.iter().map(|host| Named { host: host.clone(), place: None }).collect();
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
    Ok(endpoints)
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
