//! Whose certificate is good enough.

use std::path::Path;

use pssession::Endpoint;
use pssession::transport::{CertificatePin, HttpOptions};

use crate::cli::args::TrustArgs;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::source;

/// The largest file of authorities that is read, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// What was said of certificates; nothing leaves it to the platform.
#[derive(Debug)]
pub(crate) struct Trust {
    authorities: Option<Vec<u8>>,
    pins: Vec<CertificatePin>,
    server_name: Option<String>,
}

impl Trust {
    /// Reads the options and the file of authorities.
    pub(crate) fn read(args: &TrustArgs) -> Result<Self, Diagnostic> {
        let pin = |text: &String| {
            text.trim().parse::<CertificatePin>().map_err(|error| {
                Diagnostic::usage(format!("--certificate-pin: {error}"))
                    .about("--certificate-pin")
                    .with_hint("`pssession identify HOST --tls` shows the pin of a server; nothing was sent")
            })
        };
        Ok(Self {
            authorities: args.ca_file.as_deref().map(authorities).transpose()?,
            pins: args.certificate_pin.iter().map(pin).collect::<Result<_, _>>()?,
            server_name: args.tls_server_name.clone(),
        })
    }

    /// Whoever names a certificate means TLS: over plain HTTP nobody would look at one.
    pub(crate) fn suits(&self, endpoints: &[Endpoint]) -> Result<(), Diagnostic> {
        let option = match self {
            _ if endpoints.is_empty() || endpoints.iter().any(Endpoint::is_tls) => return Ok(()),
            Self { pins, .. } if !pins.is_empty() => "--certificate-pin",
            Self { server_name: Some(_), .. } => "--tls-server-name",
            _ => return Ok(()),
        };
        Err(Diagnostic::usage(format!("{option} is of no use over plain HTTP"))
            .about(option)
            .with_hint("say --tls, or name port 5986; nothing was sent"))
    }

    /// The same for one connection.
    pub(crate) fn apply(&self, mut options: HttpOptions) -> HttpOptions {
        if let Some(pem) = &self.authorities {
            options = options.with_ca_pem(pem.clone());
        }
        if let Some(name) = &self.server_name {
            options = options.with_tls_server_name(name.clone());
        }
        self.pins.iter().fold(options, |options, pin| options.with_certificate_pin(*pin))
    }
}

/// The bytes of a PEM file of certificate authorities.
fn authorities(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    let bytes = source::bytes(path, MAX_FILE_BYTES).map_err(|error| {
        Diagnostic::usage(format!("cannot read the certificate authorities in {}", source::shown(path)))
            .caused_by(&error)
            .with_hint("--ca-file takes a PEM file of one or more CERTIFICATE blocks")
    })?;
    Ok(bytes.to_vec())
}
