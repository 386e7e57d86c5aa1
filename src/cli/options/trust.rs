//! Whose certificate is good enough.

use std::path::Path;

use pssession::Endpoint;
use pssession::request::HostSettings;
use pssession::transport::{CertificatePin, PinHost, PinScope, PinWithoutHost};

use crate::cli::args::TrustArgs;
use crate::cli::config::Naming;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::source;

/// The largest file of authorities that is read, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The option of the pins.
const PIN: &str = "--certificate-pin";

/// The pins of the options, each with the hosts that it is for.
pub(super) fn pins(args: &TrustArgs, naming: &Naming) -> Result<Vec<(PinScope, CertificatePin)>, Diagnostic> {
    let mut pins = Vec::new();
    for text in &args.certificate_pin {
        let (host, pin) = PinScope::split(text.trim());
        let pin = pin.parse::<CertificatePin>().map_err(|error| {
            Diagnostic::usage(format!("{PIN}: {error}"))
                .about(PIN)
                .with_hint("get the pin of a server with `pssession identify HOST --tls`; nothing was sent")
        })?;
        let scopes = match host {
            None => vec![PinScope::Unnamed],
            Some(host) => scopes(host.trim(), naming)?,
        };
        pins.extend(scopes.into_iter().map(|scope| (scope, pin)));
    }
    Ok(pins)
}

/// The hosts that stand before a pin: one, all of a group, or every one.
fn scopes(host: &str, naming: &Naming) -> Result<Vec<PinScope>, Diagnostic> {
    let wrong = |problem: String| {
        Diagnostic::usage(format!("{PIN}: {problem}")).about(PIN).with_hint(
            "write HOST=sha256/..., HOST:PORT=, @GROUP= (of the config) or *= for every host; nothing was sent",
        )
    };
    let Some(group) = host.strip_prefix('@') else {
        return PinScope::parse(host).map(|scope| vec![scope]).map_err(|error| wrong(error.to_string()));
    };
    let members = naming.config.group(group);
    let members = members.map_err(|problem| wrong(format!("unknown group {host:?}: {problem}")))?;
    let scope = |member: &String| match member.contains("://") {
        true => naming.endpoint(member).map(|endpoint| PinScope::Host(PinHost::of(&endpoint))),
        false => PinScope::parse(member),
    };
    members.iter().map(scope).collect::<Result<_, _>>().map_err(|error| wrong(error.to_string()))
}

/// An error where an option names a certificate and no host uses TLS: nobody would look at one.
pub(super) fn requires_tls(has_pins: bool, has_server_name: bool) -> Result<(), Diagnostic> {
    let option = match (has_pins, has_server_name) {
        (true, _) => PIN,
        (_, true) => "--tls-server-name",
        _ => return Ok(()),
    };
    Err(Diagnostic::usage(format!("{option} requires TLS"))
        .about(option)
        .with_hint("add --tls, or use port 5986; nothing was sent"))
}

/// The same for what the config says of one host.
pub(crate) fn check_config(configured: &HostSettings, endpoint: &Endpoint) -> Result<(), Diagnostic> {
    let key = match configured {
        _ if endpoint.is_tls() => return Ok(()),
        HostSettings { certificate_pin, .. } if !certificate_pin.is_empty() => "certificate-pin",
        HostSettings { tls_server_name: Some(_), .. } => "tls-server-name",
        _ => return Ok(()),
    };
    let url = endpoint.url();
    Err(Diagnostic::usage(format!("`{key}` in the config requires TLS, but the URL is {url}"))
        .about(url)
        .with_hint(
            "add `tls = true` to the host, and give the host alone or with its HTTPS port; nothing was sent",
        ))
}

/// The bytes of a PEM file of certificate authorities.
pub(super) fn read_authorities(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    let bytes = source::bytes(path, MAX_FILE_BYTES).map_err(|error| {
        Diagnostic::usage(format!("cannot read the certificate authorities in {}", source::shown(path)))
            .caused_by(&error)
            .with_hint("give --ca-file a PEM file with one or more CERTIFICATE blocks")
    })?;
    // Between the blocks there may be remarks in any encoding.
    Ok(source::decoded(&bytes).map_or_else(|_| bytes.to_vec(), |text| text.as_bytes().to_vec()))
}

/// A pin that names no host, where several are reached.
pub(crate) fn pin_without_host(error: &PinWithoutHost) -> Diagnostic {
    let PinWithoutHost { pin, first, .. } = error;
    Diagnostic::usage(format!("{PIN}: {error}")).about(PIN).with_hint(format!(
        "add the host: {PIN} {first}={pin}, or @GROUP= for the hosts of a group, or *= for every host; nothing \
         was sent"
    ))
}
