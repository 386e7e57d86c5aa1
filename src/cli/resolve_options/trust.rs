//! Whose certificate is good enough.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use pssession::Endpoint;
use pssession::transport::{CertificatePin, CertificatePins, HttpOptions, PinHost, PinScope, PinWithoutHost};

use crate::cli::args::TrustArgs;
use crate::cli::config::{Naming, Settings};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::source;

/// The largest file of authorities that is read, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The option of the pins.
const PIN: &str = "--certificate-pin";

/// What the options say of certificates, but for the pins.
pub(super) fn trust(args: &TrustArgs) -> Settings {
    Settings {
        ca_file: args.ca_file.clone(),
        tls_server_name: args.tls_server_name.clone(),
        ..Settings::default()
    }
}

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

/// The pins that count at each host of one run: those of the options, and where there are none, those of the config.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pins(CertificatePins);

impl Pins {
    /// An error if one names no host and several are reached.
    pub(super) fn new<'e>(
        said: &[(PinScope, CertificatePin)],
        endpoints: impl IntoIterator<Item = &'e Endpoint>,
    ) -> Result<Self, Diagnostic> {
        CertificatePins::new(said.iter().cloned(), endpoints).map(Self).map_err(|error| {
            let PinWithoutHost { pin, first, .. } = &error;
            Diagnostic::usage(format!("{PIN}: {error}")).about(PIN).with_hint(format!(
                "add the host: {PIN} {first}={pin}, or @GROUP= for the hosts of a group, or *= for every host; \
                 nothing was sent"
            ))
        })
    }

    /// Those at an endpoint of which the config says this.
    pub(crate) fn at(&self, endpoint: &Endpoint, configured: &Settings) -> Vec<CertificatePin> {
        let said = self.0.for_endpoint(endpoint);
        if said.is_empty() { configured.certificate_pin.clone() } else { said }
    }
}

/// Whoever names a certificate means TLS: over plain HTTP nobody would look at one.
pub(super) fn suits(
    said: &Settings,
    pins: &[(PinScope, CertificatePin)],
    endpoints: &[Endpoint],
) -> Result<(), Diagnostic> {
    let option = match said {
        _ if endpoints.is_empty() || endpoints.iter().any(Endpoint::is_tls) => return Ok(()),
        _ if !pins.is_empty() => PIN,
        Settings { tls_server_name: Some(_), .. } => "--tls-server-name",
        _ => return Ok(()),
    };
    Err(Diagnostic::usage(format!("{option} requires TLS"))
        .about(option)
        .with_hint("add --tls, or use port 5986; nothing was sent"))
}

/// The same for what the config says of one host: it would not be a slip of the hand, but go unseen.
pub(super) fn suits_one(configured: &Settings, endpoint: &Endpoint) -> Result<(), Diagnostic> {
    let key = match configured {
        _ if endpoint.is_tls() => return Ok(()),
        Settings { certificate_pin, .. } if !certificate_pin.is_empty() => "certificate-pin",
        Settings { tls_server_name: Some(_), .. } => "tls-server-name",
        _ => return Ok(()),
    };
    let url = endpoint.url();
    Err(Diagnostic::usage(format!("`{key}` in the config requires TLS, but the URL is {url}"))
        .about(url)
        .with_hint(
            "add `tls = true` to the host, and give the host alone or with its HTTPS port; nothing was sent",
        ))
}

/// The files of authorities of one run, each read once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Authorities(HashMap<PathBuf, Vec<u8>>);

impl Authorities {
    /// Reads the file of these settings, unless that has been done.
    pub(crate) fn read(&mut self, settings: &Settings) -> Result<(), Diagnostic> {
        if let Some(path) = &settings.ca_file
            && !self.0.contains_key(path)
        {
            self.0.insert(path.clone(), authorities(path)?);
        }
        Ok(())
    }

    /// The options for a connection with these settings, to a server at which these pins count.
    pub(crate) fn options(&self, settings: &Settings, pins: Vec<CertificatePin>) -> HttpOptions {
        let mut options = HttpOptions::default();
        if let Some(pem) = settings.ca_file.as_ref().and_then(|path| self.0.get(path)) {
            options = options.with_ca_pem(pem.clone());
        }
        if let Some(name) = &settings.tls_server_name {
            options = options.with_tls_server_name(name.clone());
        }
        if let Some(principal) = &settings.spn {
            options = options.with_spn(principal);
        }
        options = options.with_workstation(settings.workstation.clone().unwrap_or_else(source::workstation));
        if let Some(limit) = settings.connect_timeout {
            options = options.with_connect_timeout(limit);
        }
        if let Some(limit) = settings.login_timeout {
            options = options.with_login_timeout(limit);
        }
        pins.into_iter().fold(options, HttpOptions::with_certificate_pin)
    }
}

/// The bytes of a PEM file of certificate authorities.
fn authorities(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    let bytes = source::bytes(path, MAX_FILE_BYTES).map_err(|error| {
        Diagnostic::usage(format!("cannot read the certificate authorities in {}", source::shown(path)))
            .caused_by(&error)
            .with_hint("give --ca-file a PEM file with one or more CERTIFICATE blocks")
    })?;
    // Between the blocks there may be remarks in any encoding.
    Ok(source::decoded(&bytes).map_or_else(|_| bytes.to_vec(), |text| text.as_bytes().to_vec()))
}
