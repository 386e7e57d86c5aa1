//! TLS by rustls with ring: whom to trust, and what to offer.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::{BoxError, SetupError};

/// Whose certificates are good enough.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trust<'a> {
    /// No TLS on the way: nobody is trusted. The HTTP client wants a configuration all the same.
    Nobody,
    /// The platform's trust store.
    Platform,
    /// Only what chains to these PEM certificates.
    Only(&'a [u8]),
    /// Everybody: `dangerous_skip_certificate_check`.
    DangerousEverybody,
}

/// The client's side of TLS 1.2 and 1.3: HTTP/1.1 only (HTTP/2 would multiplex an authenticated connection), and no
/// resumption, so that each connection shows the certificate that its channel binding needs.
pub(super) fn client_config(trust: Trust<'_>) -> Result<ClientConfig, SetupError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verifier(trust, &provider)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| SetupError::Tls { source: e.into() })?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn verifier(
    trust: Trust<'_>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, SetupError> {
    let provider = Arc::clone(provider);
    let tls = |source: BoxError| SetupError::Tls { source };
    Ok(match trust {
        Trust::Nobody => Arc::new(Nobody(provider)),
        Trust::Platform => {
            Arc::new(rustls_platform_verifier::Verifier::new(provider).map_err(|e| tls(e.into()))?)
        }
        Trust::Only(pem) => WebPkiServerVerifier::builder_with_provider(Arc::new(roots(pem)?), provider)
            .build()
            .map_err(|e| tls(e.into()))?,
        Trust::DangerousEverybody => Arc::new(DangerousEverybody(provider)),
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
        return Err(bad("it holds no PEM certificate".into()));
    }
    Ok(roots)
}

/// Accepts any certificate; the handshake must still be signed by its key.
#[derive(Debug)]
struct DangerousEverybody(Arc<CryptoProvider>);

/// Accepts no certificate.
#[derive(Debug)]
struct Nobody(Arc<CryptoProvider>);

macro_rules! signatures_of_the_provider {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            let algorithms = &self.0.signature_verification_algorithms;
            rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            let algorithms = &self.0.signature_verification_algorithms;
            rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    };
}

impl ServerCertVerifier for DangerousEverybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    signatures_of_the_provider!();
}

impl ServerCertVerifier for Nobody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Err(rustls::Error::General("no certificate is trusted on this connection".into()))
    }

    signatures_of_the_provider!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_without_a_certificate_is_refused() {
        for pem in [&b""[..], b"hello", b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(client_config(Trust::Only(pem)), Err(SetupError::CaFile { .. })));
        }
    }

    #[test]
    fn only_http_1_1_is_offered() {
        let config = client_config(Trust::Nobody).unwrap();
        assert_eq!(config.alpn_protocols, [b"http/1.1".to_vec()]);
    }
}
