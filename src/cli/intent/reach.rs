//! Which servers, how protected, and how long to wait.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use pssession::auth::UnknownScheme;
use pssession::session::parse_duration_text;
use pssession::transport::Security;
use pssession::{AuthScheme, Endpoint};

use crate::cli::args::{DangerousArgs, LoginArgs, ReachArgs};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::source;

use super::{Trust, bad_value};

/// The largest inventory that is read, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The servers that are meant, and how to get there.
#[derive(Debug)]
pub(crate) struct Reach {
    /// Each endpoint once, in the order in which it was named; none where the local table or objects are looked at.
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) security: Security,
    /// How to log in, if that was said.
    pub(crate) scheme: Option<AuthScheme>,
    pub(crate) trust: Trust,
    /// The service principal, or its service, if another than HTTP is meant.
    pub(crate) spn: Option<String>,
    pub(crate) connect_timeout: Option<Duration>,
}

impl Reach {
    /// Reads the options, the inventory and the file of authorities.
    pub(crate) fn read(args: &ReachArgs) -> Result<Self, Diagnostic> {
        let scheme = args.login.auth.as_deref().map(str::parse).transpose();
        let scheme = scheme.map_err(|error: UnknownScheme| {
            Diagnostic::usage(format!("--auth: {error}"))
                .about("--auth")
                .with_hint("`pssession identify HOST` tells what a server offers; nothing was sent")
        })?;
        let (endpoints, trust) = (endpoints(args)?, Trust::read(&args.trust)?);
        trust.suits(&endpoints)?;
        Ok(Self {
            endpoints,
            security: security(&args.dangerous, &args.login),
            scheme,
            trust,
            spn: args.login.spn.as_deref().map(principal).transpose()?,
            connect_timeout: parse_duration("--connect-timeout", args.limits.connect_timeout.as_deref())?,
        })
    }
}

/// A duration of an option, which must not be zero; `None` if it was not given.
pub(crate) fn parse_duration(
    option: &'static str,
    text: Option<&str>,
) -> Result<Option<Duration>, Diagnostic> {
    let Some(text) = text else { return Ok(None) };
    let duration = parse_duration_text(text).map_err(|error| bad_value(option, &error))?;
    if duration.is_zero() {
        return Err(Diagnostic::usage(format!("{option}: a limit of no time at all"))
            .about(option)
            .with_hint("write at least 1s"));
    }
    Ok(Some(duration))
}

/// `service`, `service/host` or `service/host@REALM`.
fn principal(text: &str) -> Result<String, Diagnostic> {
    let (name, realm) = text.split_once('@').unwrap_or((text, "-"));
    let parts: Vec<&str> = name.split('/').collect();
    let is_whole = parts.len() > 1 || !text.contains('@');
    if !is_whole || realm.is_empty() || parts.iter().any(|part| part.trim() != *part || part.is_empty()) {
        return Err(Diagnostic::usage(format!("--spn: {text:?} is not a service principal"))
            .about("--spn")
            .with_hint("write host/web01.example.com, or a service alone, such as host; nothing was sent"));
    }
    Ok(text.to_owned())
}

fn security(args: &DangerousArgs, login: &LoginArgs) -> Security {
    Security {
        dangerous_basic_over_http: args.dangerous_basic_over_http,
        dangerous_unencrypted: args.dangerous_unencrypted,
        dangerous_skip_certificate_check: args.dangerous_skip_certificate_check,
        forbid_ntlm: login.no_ntlm,
    }
}

fn endpoints(args: &ReachArgs) -> Result<Vec<Endpoint>, Diagnostic> {
    let mut names: Vec<Named> =
        args.on.iter().map(|host| Named { host: host.clone(), place: None }).collect();
    if let Some(path) = &args.inventory {
        let listed = inventory(path)?;
        if listed.is_empty() && names.is_empty() {
            return Err(Diagnostic::usage(format!("the inventory {} names no server", source::shown(path)))
                .with_hint("it is UTF-8 text with one host a line, and # for comments"));
        }
        names.extend(listed);
    }
    let mut seen = HashSet::new();
    let mut endpoints = Vec::new();
    for Named { host, place } in names {
        let endpoint = Endpoint::parse(host.trim(), args.tls).map_err(|error| {
            let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
            Diagnostic::usage(format!("{place}{error}")).with_hint(
                "write web01, web01:5986, [2001:db8::1]:5985 or https://web01/wsman; nothing was sent",
            )
        })?;
        if seen.insert(endpoint.url().to_owned()) {
            endpoints.push(endpoint);
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
            .with_hint("it is UTF-8 text with one host a line, and # for comments")
    })?;
    let lines = (1..).zip(text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()));
    let named = |(number, line): (usize, &str)| Named {
        host: line.to_owned(),
        place: Some(format!("{} line {number}", source::shown(path))),
    };
    Ok(lines.filter(|(_, line)| !line.is_empty()).map(named).collect())
}
