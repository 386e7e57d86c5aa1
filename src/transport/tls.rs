//! TLS by rustls with ring: whom to trust, and what to offer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};

use super::handshake_signature::{verify_tls12, verify_tls13};
use super::tls_error::{Distrust, distrust};
use super::tls_observer::{TlsObserver, TlsVersion};
use super::{BoxError, Certificate, CertificatePin, SetupError, TlsError};

/// Whose certificates are good enough.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trust<'a> {
    /// The platform's trust store.
    Platform,
    /// Only what chains to these PEM certificates.
    Only(&'a [u8]),
    /// Only these certificates themselves, whoever signed them and whatever their names, while they are valid.
    Pinned(&'a [CertificatePin]),
    /// Everybody: `dangerous_skip_certificate_check`.
    DangerousEverybody,
}

/// The client's side of TLS 1.2 and 1.3: HTTP/1.1 only (HTTP/2 would multiplex an authenticated connection), and no
/// resumption, so that each connection shows the certificate that its channel binding needs.
pub(super) fn client_config(
    trust: Trust<'_>,
    observer: Arc<TlsObserver>,
) -> Result<ClientConfig, SetupError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let rule = rule(trust, &provider, &observer)?;
    let judge = Judge { rule, provider: Arc::clone(&provider), observer: Arc::clone(&observer) };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| SetupError::Tls { source: e.into() })?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(judge))
        .with_client_cert_resolver(Arc::new(NoCertificate(observer)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn rule(
    trust: Trust<'_>,
    provider: &Arc<CryptoProvider>,
    observer: &TlsObserver,
) -> Result<Rule, SetupError> {
    let provider = Arc::clone(provider);
    let tls = |source: BoxError| SetupError::Tls { source };
    Ok(match trust {
        Trust::Platform => match rustls_platform_verifier::Verifier::new(provider) {
            Ok(verifier) => Rule::Chain(Arc::new(verifier)),
            // Whoever only looks can do without.
            Err(error) if observer.is_lenient() => {
                Rule::Nobody(format!("this machine has no trust store ({error})"))
            }
            Err(error) => return Err(tls(error.into())),
        },
        Trust::Only(pem) => Rule::Chain(
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots(pem)?), provider)
                .build()
                .map_err(|e| tls(e.into()))?,
        ),
        Trust::Pinned(pins) => Rule::Pinned(pins.to_vec()),
        Trust::DangerousEverybody => Rule::DangerousEverybody,
    })
}

fn roots(pem: &[u8]) -> Result<RootCertStore, SetupError> {
    let bad = |problem: String| SetupError::CaFile { problem };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|e| bad(e.to_string()))?;
        roots.add(certificate).map_err(|e| bad(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("it contains no PEM certificate".into()));
    }
    Ok(roots)
}

/// What makes a certificate good enough.
#[derive(Debug)]
enum Rule {
    /// Nothing, for this reason.
    Nobody(String),
    /// Its chain and its name, by this verifier.
    Chain(Arc<dyn ServerCertVerifier>),
    Pinned(Vec<CertificatePin>),
    DangerousEverybody,
}

/// Judges certificates by one rule. Whatever the rule, the handshake must be signed by the certificate's key.
#[derive(Debug)]
struct Judge {
    rule: Rule,
    provider: Arc<CryptoProvider>,
    observer: Arc<TlsObserver>,
}

impl Judge {
    fn verdict(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), Distrust> {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs());
        match &self.rule {
            Rule::Nobody(reason) => Err(Distrust::Other(reason.clone())),
            Rule::DangerousEverybody => Ok(()),
            Rule::Chain(verifier) => {
                let certificate = Certificate::read(leaf);
                // Not every platform's verifier refuses these, and none names them in words for a person.
                if let Some(old) = certificate.as_ref().filter(|it| it.is_too_old_for_tls()) {
                    within_its_time(old, time)?;
                    return Err(Distrust::OldVersion { version: old.version });
                }
                match verifier.verify_server_cert(leaf, chain, name, ocsp, now) {
                    Ok(_) => Ok(()),
                    Err(error) => Err(distrust(&error, certificate.as_ref(), name, time)),
                }
            }
            Rule::Pinned(pins) if !pins.contains(&CertificatePin::of(leaf)) => Err(Distrust::PinMismatch),
            Rule::Pinned(_) => match Certificate::read(leaf) {
                Some(certificate) => within_its_time(&certificate, time),
                None => Err(Distrust::Other("it cannot be parsed".to_owned())),
            },
        }
    }
}

fn within_its_time(certificate: &Certificate, now: SystemTime) -> Result<(), Distrust> {
    if now > certificate.not_after {
        Err(Distrust::Expired)
    } else if now < certificate.not_before {
        Err(Distrust::NotYetValid)
    } else {
        Ok(())
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.verdict(leaf, chain, name, ocsp, now).map_err(|problem| TlsError::Untrusted {
            problem,
            pin: CertificatePin::of(leaf),
            certificate: Certificate::read(leaf).map(Box::new),
        });
        match self.observer.hear(leaf, verdict) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(error) => Err(rustls::CertificateError::Other(OtherError(Arc::new(error))).into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.observer.note_version(TlsVersion::Tls12);
        verify_tls12(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.observer.note_version(TlsVersion::Tls13);
        verify_tls13(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Has no certificate to show, and remembers that one was asked for.
#[derive(Debug)]
struct NoCertificate(Arc<TlsObserver>);

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.note_demand();
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(trust: Trust<'_>) -> Result<ClientConfig, SetupError> {
        client_config(trust, Arc::default())
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_refused() {
        for pem in [&b""[..], b"hello", b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(config(Trust::Only(pem)), Err(SetupError::CaFile { .. })));
        }
    }

    #[test]
    fn only_http_1_1_is_offered() {
        let config = config(Trust::DangerousEverybody).unwrap();
        assert_eq!(config.alpn_protocols, [b"http/1.1".to_vec()]);
    }
}
