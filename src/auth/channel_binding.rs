//! The channel binding `tls-server-end-point` (RFC 5929, section 4, The tls-server-end-point Channel Binding Type).

use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};
use x509_cert::der::asn1::{AnyRef, ContextSpecific, ObjectIdentifier};
use x509_cert::der::{Decode as _, Header, SliceReader, TagNumber};
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::auth::AuthError;

/// The application data of a channel binding, as GSS-API takes it: the type's name and the end point's hash.
#[cfg(kerberos)]
pub(super) fn application_data(certificate: &[u8]) -> Result<Vec<u8>, AuthError> {
    Ok([PREFIX, &end_point_hash(certificate)?].concat())
}

/// The value of `MsvAvChannelBindings`: the MD5 of a `gss_channel_bindings_struct` (MS-NLMP 2.2.2.1, AV_PAIR) without
/// addresses, whose application data is the end point's hash.
#[cfg(feature = "ntlm")]
pub(super) fn channel_binding(end_point_hash: &[u8]) -> [u8; 16] {
    let length = u32::try_from(PREFIX.len() + end_point_hash.len()).unwrap_or(u32::MAX);
    md5::Md5::new()
        .chain_update([0; 16])
        .chain_update(length.to_le_bytes())
        .chain_update(PREFIX)
        .chain_update(end_point_hash)
        .finalize()
        .into()
}

/// The hash of a certificate's DER, with the hash function of the algorithm that it is signed with; SHA-256 for MD5,
/// SHA-1 and, as the RFC leaves those undefined, whatever has no hash function of its own (Ed25519).
pub(super) fn end_point_hash(certificate: &[u8]) -> Result<Vec<u8>, AuthError> {
    let algorithm = signature_algorithm(certificate).map_err(|_| AuthError::Certificate)?;
    let oid = if algorithm.oid == RSA_PSS { pss_hash(algorithm.parameters) } else { Some(algorithm.oid) };
    Ok(match oid {
        Some(SHA224 | SHA224_WITH_RSA | ECDSA_WITH_SHA224) => Sha224::digest(certificate).to_vec(),
        Some(SHA384 | SHA384_WITH_RSA | ECDSA_WITH_SHA384) => Sha384::digest(certificate).to_vec(),
        Some(SHA512 | SHA512_WITH_RSA | ECDSA_WITH_SHA512) => Sha512::digest(certificate).to_vec(),
        _ => Sha256::digest(certificate).to_vec(),
    })
}

/// The outer `signatureAlgorithm`. The certificate itself is passed over unread: the TLS library has judged it, and
/// an oddity in it must not cost the login.
fn signature_algorithm(certificate: &[u8]) -> x509_cert::der::Result<AlgorithmIdentifierRef<'_>> {
    let mut reader = SliceReader::new(certificate)?;
    Header::decode(&mut reader)?.tag.assert_eq(x509_cert::der::Tag::Sequence)?;
    AnyRef::decode(&mut reader)?;
    AlgorithmIdentifierRef::decode(&mut reader)
}

/// The `hashAlgorithm` of RSASSA-PSS-params (RFC 4055, section 3.1, RSASSA-PSS Public Keys), if it is named.
fn pss_hash(parameters: Option<AnyRef<'_>>) -> Option<ObjectIdentifier> {
    let mut reader = SliceReader::new(parameters?.value()).ok()?;
    ContextSpecific::<AlgorithmIdentifierRef<'_>>::decode_explicit(&mut reader, TagNumber::N0)
        .ok()
        .flatten()
        .map(|hash| hash.value.oid)
}

const PREFIX: &[u8] = b"tls-server-end-point:";

const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const SHA224_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.14");
const SHA384_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const SHA512_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_WITH_SHA224: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.1");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const SHA224: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.4");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// The outline of a certificate that is signed with an algorithm of this DER (object identifier and parameters).
#[cfg(test)]
#[cfg(feature = "ntlm")]
pub(super) fn sample_certificate(algorithm: &str) -> Vec<u8> {
    let algorithm = super::ntlm::test_vectors::hex(algorithm);
    let tag = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let parts = [tag(0x30, &tag(0x02, &[1])), tag(0x30, &algorithm), tag(0x03, &[0, 1, 2])];
    tag(0x30, &parts.concat())
}

#[cfg(test)]
#[cfg(feature = "ntlm")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::auth::ntlm::test_vectors::hex;

    #[test]
    fn the_binding_is_that_of_the_example() {
        let hash = Sha256::digest(b"example-der");
        assert_eq!(channel_binding(&hash).to_vec(), hex("7cf4aa5b365763d01042dbec1a92a874"));
    }

    #[test]
    fn the_certificates_signature_algorithm_names_the_hash() {
        let rsa = |last: &str| format!("06092a864886f70d0101{last}0500");
        let pss = |hash: &str, length: u8| {
            let hash = hex(hash);
            let outer: Vec<u8> =
                [&[0x30, length + 4, 0xa0, length + 2, 0x30, length], hash.as_slice()].concat();
            let outer: String = outer.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("06092a864886f70d01010a{outer}")
        };
        for (algorithm, bytes) in [
            (rsa("04"), 32),
            (rsa("05"), 32),
            (rsa("0b"), 32),
            (rsa("0c"), 48),
            (rsa("0d"), 64),
            ("06072a8648ce3d0401".to_owned(), 32),
            ("06082a8648ce3d040302".to_owned(), 32),
            ("06082a8648ce3d040303".to_owned(), 48),
            ("06082a8648ce3d040304".to_owned(), 64),
            ("06032b6570".to_owned(), 32),
            ("06032b6571".to_owned(), 32),
            ("06092a864886f70d01010a3000".to_owned(), 32),
            ("06092a864886f70d01010a".to_owned(), 32),
            (pss("0609608648016503040201", 11), 32),
            (pss("0609608648016503040202", 11), 48),
            (pss("06096086480165030402030500", 13), 64),
        ] {
            let hash = end_point_hash(&sample_certificate(&algorithm)).unwrap();
            assert_eq!(hash.len(), bytes, "{algorithm}");
        }
    }

    #[test]
    fn a_real_certificate_is_hashed_whole() {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let certificate =
            rcgen::CertificateParams::new(vec!["win01".to_owned()]).unwrap().self_signed(&key).unwrap();
        let der = certificate.der();
        assert_eq!(end_point_hash(der).unwrap(), Sha384::digest(der).to_vec());
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for bytes in [&b""[..], b"0", b"\x30\x00", b"\x30\x80\x00\x00", b"\x04\x01\x00"] {
            assert_eq!(end_point_hash(bytes), Err(AuthError::Certificate));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), at in 0usize..40, byte: u8) {
            let _ = end_point_hash(&bytes);
            let mut changed = sample_certificate("06092a864886f70d01010a300da00b300906096086480165030402");
            let at = at % changed.len();
            changed[at] = byte;
            let _ = end_point_hash(&changed);
        }
    }
}
