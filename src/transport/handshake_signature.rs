//! Whether a TLS handshake is signed with the key of the certificate that the server shows. Without that anybody could show
//! a certificate that is pinned.
//!
//! The TLS library reads certificates of X.509 version 3 alone. For the others its algorithms are given the bare key.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, PeerMisbehaved};
use x509_cert::der::asn1::{AnyRef, UintRef};
use x509_cert::der::{Decode as _, Header, SliceReader};
use x509_cert::spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::certificate::{Certificate, public_key};
use super::tls_error::TlsError;

/// The signature of a TLS 1.2 handshake.
pub(super) fn verify_tls12(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let verified = match old_public_key(certificate) {
        Some(key) => verify_tls12_with_raw_key(message, key, signed, algorithms),
        None => verify_tls12_signature(message, certificate, signed, algorithms),
    };
    verified.map_err(|error| explained(error, certificate))
}

/// The signature of a TLS 1.3 handshake.
pub(super) fn verify_tls13(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let verified = match old_public_key(certificate) {
        Some(key) => {
            let key = SubjectPublicKeyInfoDer::from(key);
            verify_tls13_signature_with_raw_key(message, &key, signed, algorithms)
        }
        None => verify_tls13_signature(message, certificate, signed, algorithms),
    };
    verified.map_err(|error| explained(error, certificate))
}

/// The key of a certificate that the TLS library cannot read, for its version alone.
fn old_public_key<'a>(certificate: &'a CertificateDer<'_>) -> Option<&'a [u8]> {
    let is_old = Certificate::read(certificate).is_some_and(|certificate| certificate.is_too_old_for_tls());
    public_key(certificate).filter(|_| is_old)
}

/// As [`verify_tls12_signature`] does it: of the algorithms of the scheme the one that the key is for.
fn verify_tls12_with_raw_key(
    message: &[u8],
    key: &[u8],
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let scheme = algorithms.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme);
    let (_, candidates) = scheme.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    let (identifier, bits) = parts(key).ok_or(CertificateError::BadEncoding)?;
    let fitting = candidates.iter().find(|algorithm| *algorithm.public_key_alg_id() == *identifier);
    let algorithm = fitting.ok_or_else(|| because(other_kind()))?;
    match algorithm.verify_signature(bits, message, signed.signature()) {
        Ok(()) => Ok(HandshakeSignatureValid::assertion()),
        Err(_) => Err(CertificateError::BadSignature.into()),
    }
}

/// The content of a key's AlgorithmIdentifier, and the key itself (RFC 5280, section 4.1.2.7, Subject Public Key Info).
fn parts(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(key).ok()?;
    Header::decode(&mut reader).ok()?;
    let identifier = AnyRef::decode(&mut reader).ok()?.value();
    let bits = SubjectPublicKeyInfoRef::from_der(key).ok()?.subject_public_key.as_bytes()?;
    Some((identifier, bits))
}

/// A signature that is wrong, told apart from a key that can verify none of the kind: another kind's, or an RSA key that is
/// too short.
fn explained(error: Error, certificate: &CertificateDer<'_>) -> Error {
    match error {
        Error::InvalidCertificate(CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            ..
        }) => because(other_kind()),
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            let bits = public_key(certificate).and_then(rsa_bits);
            because(match bits.filter(|bits| *bits < MIN_RSA_BITS) {
                Some(bits) => TlsError::Unusable { problem: format!("its RSA key has {bits} bits") },
                None => TlsError::BadSignature,
            })
        }
        other => other,
    }
}

fn because(cause: TlsError) -> Error {
    CertificateError::Other(OtherError(Arc::new(cause))).into()
}

fn other_kind() -> TlsError {
    TlsError::Unusable { problem: "the handshake is signed with a different type of key".to_owned() }
}

/// The length of an RSA key in bits (RFC 8017, appendix A.1.1, RSA Public Key Syntax).
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let key = SubjectPublicKeyInfoRef::from_der(key).ok().filter(|key| key.algorithm.oid == RSA)?;
    let mut reader = SliceReader::new(key.subject_public_key.as_bytes()?).ok()?;
    Header::decode(&mut reader).ok()?;
    let modulus = UintRef::decode(&mut reader).ok()?;
    let leading = modulus.as_bytes().first()?.leading_zeros();
    (modulus.as_bytes().len() * 8).checked_sub(usize::try_from(leading).ok()?)
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// ring verifies no signature of a shorter one.
const MIN_RSA_BITS: usize = 2048;
