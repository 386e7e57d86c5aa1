//! The keys of a `[[host]]`, what each takes, and what must not stand there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pssession::auth::UnknownScheme;
use pssession::request::{HostSettings, PasswordSource};
use pssession::session::{QueryError, parse_account, parse_duration_text};
use pssession::transport::{CertificatePin, CertificatePinError};
use pssession::{AuthScheme, Endpoint};
use toml::de::DeValue;

use crate::cli::source;

/// How much of a key's name must be another's to be taken for a slip of the pen, from 0 to 1.
const LIKENESS: f64 = 0.7;

/// As many as the option takes.
const MAX_CONNECTIONS: usize = 16;

/// Where the paths of the file begin.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    /// The folder of the file: where a relative path begins.
    pub(super) folder: PathBuf,
    /// What `~` stands for.
    pub(super) home: Option<PathBuf>,
}

/// A setting of a host. Its error never quotes the value: who writes into the wrong line may have written a password.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) set: fn(&mut HostSettings, &DeValue<'_>, &Places) -> Result<(), String>,
}

/// The key that says which hosts are meant.
pub(super) const NAME: &str = "name";

/// Each setting, under the name of its option.
pub(super) const KEYS: &[Key] = &[
    Key { name: "user", set: |settings, value, _| put(&mut settings.user, text(value)?.to_owned()) },
    Key {
        name: "account",
        set: |settings, value, _| {
            let account = parse_account(text(value)?).map_err(unquoted)?;
            put(&mut settings.account, account)
        },
    },
    Key {
        name: "workstation",
        set: |settings, value, _| put(&mut settings.workstation, text(value)?.to_owned()),
    },
    Key {
        name: "password-file",
        set: |settings, value, places| {
            let source = PasswordSource::File(path(value, places)?);
            put(&mut settings.password, source)
        },
    },
    Key {
        name: "password-command",
        set: |settings, value, _| {
            let source = PasswordSource::Command(text(value)?.to_owned());
            put(&mut settings.password, source)
        },
    },
    Key {
        name: "auth",
        set: |settings, value, _| {
            let names = || AuthScheme::names().collect::<Vec<_>>().join(", ");
            let unknown = |_: UnknownScheme| format!("it is not an authentication scheme: {}", names());
            put(&mut settings.auth, text(value)?.parse().map_err(unknown)?)
        },
    },
    Key { name: "no-ntlm", set: |settings, value, _| put(&mut settings.no_ntlm, yes_or_no(value)?) },
    Key {
        name: "spn",
        set: |settings, value, _| {
            let spn = principal(text(value)?).map_err(|_| "it is not a service principal".to_owned());
            put(&mut settings.spn, spn?)
        },
    },
    Key { name: "tls", set: |settings, value, _| put(&mut settings.tls, yes_or_no(value)?) },
    Key { name: "address", set: |settings, value, _| put(&mut settings.address, address(value)?) },
    Key { name: "port", set: |settings, value, _| put(&mut settings.port, port(value)?) },
    Key { name: "ca-file", set: |settings, value, places| put(&mut settings.ca_file, path(value, places)?) },
    Key {
        name: "certificate-pin",
        set: |settings, value, _| {
            let unfit = |CertificatePinError { problem, .. }| {
                format!("it is not sha256/BASE64, the SHA-256 of a certificate: {problem}")
            };
            let pin = |text: &str| text.parse().map_err(unfit);
            let pins: Result<Vec<CertificatePin>, String> = texts(value)?.into_iter().map(pin).collect();
            settings.certificate_pin = pins?;
            Ok(())
        },
    },
    Key {
        name: "tls-server-name",
        set: |settings, value, _| put(&mut settings.tls_server_name, text(value)?.to_owned()),
    },
    Key {
        name: "connect-timeout",
        set: |settings, value, _| put(&mut settings.connect_timeout, limit(value)?),
    },
    Key {
        name: "connections-per-host",
        set: |settings, value, _| put(&mut settings.connections, connections(value)?),
    },
    Key { name: "login-timeout", set: |settings, value, _| put(&mut settings.login_timeout, limit(value)?) },
];

/// `service`, `service/host` or `service/host@REALM`; an error says what is wrong.
pub(crate) fn principal(text: &str) -> Result<String, String> {
    let (name, realm) = text.split_once('@').unwrap_or((text, "-"));
    let parts: Vec<&str> = name.split('/').collect();
    let is_whole = parts.len() > 1 || !text.contains('@');
    if !is_whole || realm.is_empty() || parts.iter().any(|part| part.trim() != *part || part.is_empty()) {
        return Err(format!("{text:?} is not a service principal"));
    }
    Ok(text.to_owned())
}

/// Why a key must not stand in the file, and what to do instead; `None` if nothing is known of it.
pub(super) fn refused(name: &str) -> Option<(&'static str, &'static str)> {
    let name = name.to_lowercase().replace('_', "-");
    if name.starts_with("dangerous") || ["unencrypted", "skip-certificate-check"].contains(&name.as_str()) {
        return Some((
            "dangerous options are accepted only on the command line",
            "remove it; for your own certificate, use `ca-file` or `certificate-pin`",
        ));
    }
    let is_secret = ["password", "passwd", "pass", "pwd", "secret"].contains(&name.as_str());
    is_secret.then_some((
        "a password is not allowed in this file",
        "remove it, and use `password-file` or `password-command` (a password manager)",
    ))
}

/// The one among `names` for which `name` is likely meant.
pub(super) fn likeliest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase().replace('_', "-");
    let scored = names.map(|one| (strsim::jaro(&name, &one.to_lowercase()), one));
    let likely = scored.filter(|(score, _)| *score > LIKENESS);
    likely.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, name)| name)
}

/// A text that is not empty and that a terminal shows as it is.
fn text<'a>(value: &'a DeValue<'_>) -> Result<&'a str, String> {
    match value.as_str() {
        None => Err("it is not a string; write it in quotes".to_owned()),
        Some("") => Err("it is empty".to_owned()),
        Some(text) if text.chars().any(char::is_control) => Err("it contains a control character".to_owned()),
        Some(text) => Ok(text),
    }
}

/// One text, or a list of them that is not empty.
pub(super) fn texts<'a>(value: &'a DeValue<'_>) -> Result<Vec<&'a str>, String> {
    match value.as_array() {
        None => Ok(vec![text(value)?]),
        Some(values) if values.is_empty() => Err("it is empty".to_owned()),
        Some(values) => values.iter().map(|value| text(value.get_ref())).collect(),
    }
}

/// A file, from where the path begins to which it belongs. What `-` is elsewhere, stdin, is not for a config to read.
fn path(value: &DeValue<'_>, places: &Places) -> Result<PathBuf, String> {
    let text = text(value)?;
    match (source::below_home(text), &places.home) {
        _ if text == "-" => Err("stdin is allowed only on the command line".to_owned()),
        (Some(rest), Some(home)) => Ok(home.join(rest)),
        (Some(_), None) => Err("`~` cannot be expanded: there is no home directory".to_owned()),
        (None, _) => Ok(places.folder.join(Path::new(text))),
    }
}

/// A time limit that leaves some time.
fn limit(value: &DeValue<'_>) -> Result<Duration, String> {
    let limit = parse_duration_text(text(value)?).map_err(unquoted)?;
    match limit.is_zero() {
        true => Err("the limit is zero; use at least \"1s\"".to_owned()),
        false => Ok(limit),
    }
}

/// The error without the text that it is about.
fn unquoted(error: QueryError) -> String {
    match error {
        QueryError::Value { wanted, advice, .. } => format!("it is not {wanted}: {advice}"),
        _ => "it cannot be read".to_owned(),
    }
}

fn yes_or_no(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| "it is neither true nor false".to_owned())
}

fn port(value: &DeValue<'_>) -> Result<u16, String> {
    let number =
        value.as_integer().and_then(|number| u16::from_str_radix(number.as_str(), number.radix()).ok());
    number.filter(|port| *port != 0).ok_or_else(|| "it is not a port (a number from 1 to 65535)".to_owned())
}

/// A host without a port or a scheme: those are the endpoint's.
fn address(value: &DeValue<'_>) -> Result<String, String> {
    let text = text(value)?;
    let is_host = Endpoint::parse(text, false).is_ok_and(|endpoint| {
        let host = endpoint.computer_name();
        host == text || host.trim_matches(['[', ']']) == text
    });
    match is_host {
        true => Ok(text.to_owned()),
        false => Err("it is not a host name or an address, without a port".to_owned()),
    }
}

fn connections(value: &DeValue<'_>) -> Result<usize, String> {
    let number =
        value.as_integer().and_then(|number| usize::from_str_radix(number.as_str(), number.radix()).ok());
    number
        .filter(|connections| (1..=MAX_CONNECTIONS).contains(connections))
        .ok_or_else(|| format!("it is not a number from 1 to {MAX_CONNECTIONS}"))
}

/// Each setting is made once.
fn put<T>(place: &mut Option<T>, value: T) -> Result<(), String> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err("`password-file` and `password-command` cannot be used together".to_owned()),
    }
}
