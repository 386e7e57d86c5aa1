//! I/O module: how clients may trust the certificate of a server of ours, for as long as it serves.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use pssession::simulator::SimulatorCertificate;
use pssession::transport::CertificatePin;
use serde_json::Value;
use tempfile::NamedTempFile;

use super::diagnostic::Diagnostic;
use super::exit::Exit;

/// The variable that names the folder of temporary files.
const TEMPORARY: &str = if cfg!(windows) { "TMP" } else { "TMPDIR" };

/// A certificate with its pin, and a file with the authority that issued it; the file goes with this value.
#[derive(Debug)]
pub(crate) struct PublishedCertificate {
    pin: CertificatePin,
    ca_file: NamedTempFile,
}

impl PublishedCertificate {
    /// Writes the file.
    pub(crate) fn of(certificate: &SimulatorCertificate) -> Result<Self, Diagnostic> {
        let ca_file = tempfile::Builder::new().prefix("pssession-simulator-ca-").suffix(".pem").tempfile();
        let written = ca_file.and_then(|mut file| {
            file.write_all(certificate.authority_pem().as_bytes())?;
            Ok(file)
        });
        let ca_file = written.map_err(|error| {
            let message = "the CA file cannot be written to the folder of temporary files";
            Diagnostic::new("CannotWrite", "WriteError", message.to_owned(), Exit::COULD_NOT_BEGIN)
                .caused_by(&error)
                .with_hint(format!("set {TEMPORARY} to a folder with free space"))
        })?;
        Ok(Self { pin: CertificatePin::of(certificate.der()), ca_file })
    }

    /// The value of `--certificate-pin` for the server at that address.
    pub(crate) fn pin_at(&self, address: SocketAddr) -> String {
        format!("{}={}", address.ip(), self.pin)
    }

    /// Adds both to the line that says where the server listens.
    pub(crate) fn describe(&self, address: SocketAddr, line: &mut Value) {
        if let Some(fields) = line.as_object_mut() {
            fields.insert("CertificatePin".to_owned(), self.pin_at(address).into());
            fields.insert("CaFile".to_owned(), self.path().to_string_lossy().into());
        }
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        self.ca_file.path()
    }
}
