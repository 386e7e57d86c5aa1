//! I/O module: the certificate that a simulator makes for itself, with random keys, and TLS with it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The certificate of a simulator that speaks TLS, and the authority that signed it. Both are new at each start, and the
/// authority's key is forgotten at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatorCertificate {
    der: Vec<u8>,
    authority_pem: String,
}

/// What the listener needs to speak TLS.
pub(super) struct Identity {
    pub(super) certificate: SimulatorCertificate,
    pub(super) acceptor: TlsAcceptor,
}

impl SimulatorCertificate {
    /// The DER of the certificate that the server shows: what a pin is of.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The PEM of the authority's certificate: what a CA file holds. The server's is for `localhost`, 127.0.0.1, ::1, the
    /// address that it listens on, and the machine's name.
    #[must_use]
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// What a channel binding is made of: both are signed with SHA-256 (RFC 5929 4.1, Description).
    pub(super) fn end_point_hash(&self) -> Vec<u8> {
        Sha256::digest(&self.der).to_vec()
    }
}

impl Identity {
    pub(super) fn make(machine: &str, address: IpAddr) -> io::Result<Self> {
        let (certificate, key) = issue(machine, address).map_err(io::Error::other)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
                builder.with_no_client_auth().with_single_cert(vec![certificate.der.clone().into()], key)
            })
            .map_err(io::Error::other)?;
        // A login belongs to its connection, which HTTP/2 does not know.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { certificate, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

fn issue(machine: &str, address: IpAddr) -> Result<(SimulatorCertificate, KeyPair), rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(DnType::CommonName, "pssession simulator");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();

    let mut server = CertificateParams::new(vec!["localhost".to_owned()])?;
    server.distinguished_name.push(DnType::CommonName, machine);
    // A machine's name may be no name of the DNS, such as one with a space.
    server.subject_alt_names.extend(machine.try_into().ok().map(SanType::DnsName));
    for address in [address, Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] {
        let name = SanType::IpAddress(address);
        if !server.subject_alt_names.contains(&name) {
            server.subject_alt_names.push(name);
        }
    }
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let made = server.signed_by(&key, &Issuer::new(authority, authority_key))?;
    Ok((SimulatorCertificate { der: made.der().to_vec(), authority_pem }, key))
}
