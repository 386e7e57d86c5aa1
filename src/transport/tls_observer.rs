//! What was seen of a server during TLS handshakes, whether they came about or not.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Certificate, CertificatePin, TlsError};

/// What a TLS handshake has shown of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsFound {
    /// The version that both agreed on; `None` if the handshake ended before its signature.
    pub version: Option<TlsVersion>,
    /// What the certificate says; `None` if it cannot be read.
    pub certificate: Option<Certificate>,
    /// Its fingerprint.
    pub pin: CertificatePin,
    /// Why it is not trusted by the options, if it is not.
    pub distrust: Option<TlsError>,
}

/// A version of TLS that we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}

/// Looks on at the handshakes with one endpoint.
#[derive(Debug, Default)]
pub(super) struct TlsObserver {
    /// Let a handshake go on whatever the verdict: for who sends no secret and wants to see the certificate.
    lenient: bool,
    asked: AtomicBool,
    found: Mutex<Option<TlsFound>>,
}

impl TlsObserver {
    /// One that lets every certificate pass, and remembers what is wrong with it.
    pub(super) fn lenient() -> Self {
        Self { lenient: true, ..Self::default() }
    }

    pub(super) fn is_lenient(&self) -> bool {
        self.lenient
    }

    /// Takes down the verdict on a certificate, and gives the one that the handshake is to go by.
    pub(super) fn hear(&self, leaf: &[u8], verdict: Result<(), TlsError>) -> Result<(), TlsError> {
        *self.lock() = Some(TlsFound {
            version: None,
            certificate: Certificate::read(leaf),
            pin: CertificatePin::of(leaf),
            distrust: verdict.clone().err(),
        });
        if self.lenient { Ok(()) } else { verdict }
    }

    pub(super) fn note_version(&self, version: TlsVersion) {
        if let Some(found) = self.lock().as_mut() {
            found.version = Some(version);
        }
    }

    /// The server asked for a client certificate.
    pub(super) fn note_demand(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// What the last handshake has shown.
    pub(super) fn found(&self) -> Option<TlsFound> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<TlsFound>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
