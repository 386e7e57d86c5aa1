//! Whose certificate is good enough.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use pssession::Endpoint;
use pssession::transport::{CertificatePin, HttpOptions};

use crate::cli::args::TrustArgs;
use crate::cli::config::Settings;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::source;

/// The largest file of authorities that is read, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// What the options say of certificates.
pub(super) fn trust(args: &TrustArgs) -> Result<Settings, Diagnostic> {
    let pin = |text: &String| {
        text.trim().parse::<CertificatePin>().map_err(|error| {
            Diagnostic::usage(format!("--certificate-pin: {error}"))
                .about("--certificate-pin")
                .with_hint("`pssession identify HOST --tls` shows the pin of a server; nothing was sent")
        })
    };
    Ok(Settings {
        ca_file: args.ca_file.clone(),
        certificate_pin: args.certificate_pin.iter().map(pin).collect::<Result<_, _>>()?,
        tls_server_name: args.tls_server_name.clone(),
        ..Settings::default()
    })
}

/// Whoever names a certificate means TLS: over plain HTTP nobody would look at one.
pub(super) fn suits(said: &Settings, endpoints: &[Endpoint]) -> Result<(), Diagnostic> {
    let option = match said {
        _ if endpoints.is_empty() || endpoints.iter().any(Endpoint::is_tls) => return Ok(()),
        Settings { certificate_pin, .. } if !certificate_pin.is_empty() => "--certificate-pin",
        Settings { tls_server_name: Some(_), .. } => "--tls-server-name",
        _ => return Ok(()),
    };
    Err(Diagnostic::usage(format!("{option} is of no use over plain HTTP"))
        .about(option)
        .with_hint("say --tls, or name port 5986; nothing was sent"))
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
    Err(Diagnostic::usage(format!("the {key} of the config is of no use over plain HTTP, as in {url}"))
        .about(url)
        .with_hint(
            "write `tls = true` beside it, and name the host alone or with its HTTPS port; nothing was sent",
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

    /// The options for a connection with these settings.
    pub(crate) fn options(&self, settings: &Settings) -> HttpOptions {
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
        settings.certificate_pin.iter().fold(options, |options, pin| options.with_certificate_pin(*pin))
    }
}

/// The bytes of a PEM file of certificate authorities.
fn authorities(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    let bytes = source::bytes(path, MAX_FILE_BYTES).map_err(|error| {
        Diagnostic::usage(format!("cannot read the certificate authorities in {}", source::shown(path)))
            .caused_by(&error)
            .with_hint("--ca-file takes a PEM file of one or more CERTIFICATE blocks")
    })?;
    // Between the blocks there may be remarks in any encoding.
    Ok(source::decoded(&bytes).map_or_else(|_| bytes.to_vec(), |text| text.as_bytes().to_vec()))
}
