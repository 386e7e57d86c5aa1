//! What a server's certificate says of itself. It is read leniently: whether it is good is for the TLS library to say.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::SystemTime;

use x509_cert::Version;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use x509_cert::der::{Decode as _, Header, Reader, SliceReader, Tag, TagNumber, Tagged as _};
use x509_cert::name::Name;
use x509_cert::time::Validity;

use super::CertificatePin;

/// A server's own certificate, as far as a person needs to know it. Its texts are the server's: show them with escapes
/// neutralised.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// Of X.509: 1, 2 or 3. TLS wants 3; the others have no extensions, and so no names.
    pub version: u8,
    /// Whom it names, such as `CN=web01.example.com`.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// From when it is valid.
    pub not_before: SystemTime,
    /// Until when it is valid.
    pub not_after: SystemTime,
    /// The hosts it stands for: DNS names and addresses of its `subjectAltName`, at most [`MAX_NAMES`]. The common name
    /// does not count.
    pub names: Vec<String>,
    /// Its fingerprint.
    pub pin: CertificatePin,
}

impl Certificate {
    /// Reads the DER of a certificate; `None` if it cannot be read.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        read(der).ok()
    }

    /// Whether it is of a version of X.509 that TLS libraries refuse: 1 or 2.
    #[must_use]
    pub fn is_too_old_for_tls(&self) -> bool {
        self.version < 3
    }

    /// Whether it names itself as its issuer.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }
}

/// The fields of TBSCertificate in their order (RFC 5280, section 4.1, Basic Certificate Fields). The serial number and
/// the key are passed over unread: some are longer or stranger than the rules allow.
struct Fields<'a> {
    version: Version,
    issuer: Name,
    validity: Validity,
    subject: Name,
    public_key: &'a [u8],
    /// What follows the key: unique identifiers and extensions.
    rest: SliceReader<'a>,
}

/// The DER of a certificate's SubjectPublicKeyInfo; `None` if the certificate cannot be read.
pub(super) fn public_key(der: &[u8]) -> Option<&[u8]> {
    fields(der).ok().map(|fields| fields.public_key)
}

fn fields(der: &[u8]) -> x509_cert::der::Result<Fields<'_>> {
    let mut outer = SliceReader::new(der)?;
    enter(&mut outer)?;
    let header = enter(&mut outer)?;
    let mut reader = SliceReader::new(outer.read_slice(header.length)?)?;
    let explicit = |reader: &mut SliceReader<'_>, number| reader.peek_byte() == Some(number);
    let mut version = Version::V1;
    if explicit(&mut reader, 0xa0) {
        version = Version::decode(&mut SliceReader::new(AnyRef::decode(&mut reader)?.value())?)?;
    }
    AnyRef::decode(&mut reader)?;
    AnyRef::decode(&mut reader)?;
    Ok(Fields {
        version,
        issuer: Name::decode(&mut reader)?,
        validity: Validity::decode(&mut reader)?,
        subject: Name::decode(&mut reader)?,
        public_key: reader.tlv_bytes()?,
        rest: reader,
    })
}

fn read(der: &[u8]) -> x509_cert::der::Result<Certificate> {
    let Fields { version, issuer, validity, subject, mut rest, .. } = fields(der)?;
    let mut names = Vec::new();
    while !rest.is_finished() {
        let field = AnyRef::decode(&mut rest)?;
        let is_extensions = field.tag() == Tag::ContextSpecific { constructed: true, number: TagNumber::N3 };
        if is_extensions {
            read_extensions(field.value(), &mut names)?;
        }
    }
    Ok(Certificate {
        version: match version {
            Version::V1 => 1,
            Version::V2 => 2,
            Version::V3 => 3,
        },
        subject: subject.to_string(),
        issuer: issuer.to_string(),
        not_before: SystemTime::UNIX_EPOCH + validity.not_before.to_unix_duration(),
        not_after: SystemTime::UNIX_EPOCH + validity.not_after.to_unix_duration(),
        names,
        pin: CertificatePin::of(der),
    })
}

/// Steps into a SEQUENCE.
fn enter<'a>(reader: &mut impl Reader<'a>) -> x509_cert::der::Result<Header> {
    let header = Header::decode(reader)?;
    header.tag.assert_eq(Tag::Sequence)?;
    Ok(header)
}

fn read_extensions(list: &[u8], names: &mut Vec<String>) -> x509_cert::der::Result<()> {
    let mut reader = SliceReader::new(list)?;
    enter(&mut reader)?;
    while !reader.is_finished() {
        let extension = AnyRef::decode(&mut reader)?;
        let mut parts = SliceReader::new(extension.value())?;
        if ObjectIdentifier::decode(&mut parts)? != SUBJECT_ALT_NAME {
            continue;
        }
        let mut value = AnyRef::decode(&mut parts)?;
        if value.tag() == Tag::Boolean {
            value = AnyRef::decode(&mut parts)?;
        }
        read_names(value.decode_as::<OctetStringRef<'_>>()?.as_bytes(), names)?;
    }
    Ok(())
}

fn read_names(list: &[u8], names: &mut Vec<String>) -> x509_cert::der::Result<()> {
    let mut reader = SliceReader::new(list)?;
    enter(&mut reader)?;
    while !reader.is_finished() && names.len() < MAX_NAMES {
        let name = AnyRef::decode(&mut reader)?;
        let (number, bytes) = match name.tag() {
            Tag::ContextSpecific { number, .. } => (number.value(), name.value()),
            _ => continue,
        };
        match number {
            DNS_NAME => names.push(String::from_utf8_lossy(bytes).into_owned()),
            IP_ADDRESS => names.extend(address(bytes)),
            _ => {}
        }
    }
    Ok(())
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| Ipv4Addr::from(bytes).to_string());
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(|bytes| Ipv6Addr::from(bytes).to_string())).ok()
}

/// The most names of one certificate that are read; nobody reads more.
pub const MAX_NAMES: usize = 100;

const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// The tags of `GeneralName` (RFC 5280, section 4.2.1.6, Subject Alternative Name).
const DNS_NAME: u8 = 2;
const IP_ADDRESS: u8 = 7;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Vec<u8> {
        let names = ["web01.lab", "*.web.lab", "10.0.0.7", "2001:db8::1"].map(str::to_owned);
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "Lab");
        params.distinguished_name.push(rcgen::DnType::CommonName, "web01.lab");
        params.not_before = rcgen::date_time_ymd(2026, 1, 2);
        params.not_after = rcgen::date_time_ymd(2051, 3, 4);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_says_who_until_when_and_for_which_hosts() {
        let der = sample();
        let certificate = Certificate::read(&der).unwrap();
        assert_eq!((certificate.version, certificate.subject.as_str()), (3, "CN=web01.lab,O=Lab"));
        assert!(certificate.is_self_signed());
        let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(seconds(certificate.not_before), 1_767_312_000);
        assert_eq!(seconds(certificate.not_after), 2_561_500_800);
        assert_eq!(certificate.names, ["web01.lab", "*.web.lab", "10.0.0.7", "2001:db8::1"]);
        assert_eq!(certificate.pin, CertificatePin::of(&der));
    }

    #[test]
    fn what_is_no_certificate_is_not_read() {
        for bytes in [&b""[..], b"0", b"\x30\x00", b"\x30\x80\x00\x00", b"\x04\x01\x00"] {
            assert_eq!(Certificate::read(bytes), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
            let mut der = sample();
            let at = at.index(der.len());
            der[at] = byte;
            let _ = (Certificate::read(&der), public_key(&der));
            der.truncate(cut.index(der.len()));
            let _ = Certificate::read(&der);
        }
    }
}
