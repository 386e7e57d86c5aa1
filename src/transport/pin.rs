//! A pin: the fingerprint of the one certificate that a server may show.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a server's own certificate (the DER of the leaf), written as `sha256/BASE64`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertificatePin([u8; 32]);

impl CertificatePin {
    /// The pin of this certificate.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

/// Text that is no pin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not sha256/BASE64, the SHA-256 of a certificate: {problem}")]
pub struct CertificatePinError {
    /// The text as it was given.
    pub text: String,
    /// What is wrong.
    pub problem: &'static str,
}

/// Reads `sha256/BASE64`, with or without the `=` at its end.
impl FromStr for CertificatePin {
    type Err = CertificatePinError;

    fn from_str(text: &str) -> Result<Self, CertificatePinError> {
        let fail = |problem| CertificatePinError { text: text.to_owned(), problem };
        let Some((kind, digest)) = text.split_once('/') else {
            return Err(fail("it does not begin with sha256/"));
        };
        if !kind.eq_ignore_ascii_case(KIND) {
            return Err(fail("only sha256 is supported"));
        }
        if digest.len() > 1 && digest.starts_with('/') && digest.trim_end_matches('=').len() > BASE64_LENGTH {
            return Err(fail("sha256// is the pin of a public key; use the pin of the whole certificate"));
        }
        let bytes = STANDARD.decode(digest).or_else(|_| STANDARD_NO_PAD.decode(digest));
        let bytes = bytes.map_err(|_| fail("the text after sha256/ is not Base64"))?;
        bytes.try_into().map(Self).map_err(|_| fail("the text after sha256/ is not 32 bytes long"))
    }
}

impl fmt::Display for CertificatePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KIND}/{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for CertificatePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificatePin({self})")
    }
}

const KIND: &str = "sha256";

/// 32 bytes in Base64, without padding.
const BASE64_LENGTH: usize = 43;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_as_it_is_written() {
        let pin = CertificatePin::of(b"a certificate");
        assert_eq!(pin.to_string().parse(), Ok(pin));
        assert_eq!(pin.to_string().trim_end_matches('=').parse(), Ok(pin));
        assert_eq!(pin.to_string().replace("sha256", "SHA256").parse(), Ok(pin));
        assert_ne!(pin, CertificatePin::of(b"another"));
        let empty = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(CertificatePin::of(b"").to_string(), empty);
    }

    #[test]
    fn what_is_no_pin_is_refused_with_its_reason() {
        let digest = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        for (text, reason) in [
            ("", "sha256/"),
            (digest.replace('/', "-").as_str(), "sha256/"),
            (&format!("sha1/{digest}"), "only sha256"),
            (&format!("sha256//{digest}"), "public key"),
            ("sha256/", "32 bytes"),
            ("sha256/AAAA", "32 bytes"),
            ("sha256/e3:b0:c4", "not Base64"),
        ] {
            let error = text.parse::<CertificatePin>().unwrap_err();
            assert!(error.problem.contains(reason), "{text:?}: {error}");
        }
    }
}
