//! An authority, certificates that are good or bad in one way each, and a simulated host behind TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pssession::simulator::{Channel, ChannelBinding, Simulator, World};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SigningKey as _};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientCertVerifierBuilder, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use x509_cert::der::asn1::BitString;
use x509_cert::der::{Decode as _, Encode as _};

pub(crate) const BOTH: &[&SupportedProtocolVersion] = &[&TLS12, &TLS13];

/// An authority of an estate's own.
pub(crate) struct Authority {
    pub(crate) pem: String,
    der: CertificateDer<'static>,
    params: CertificateParams,
    issuer: Issuer<'static, KeyPair>,
}

/// A server's certificate and its key.
#[derive(Default)]
pub(crate) struct Leaf {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    pub(crate) key_pem: String,
    key: Vec<u8>,
    /// What a server shows beside it.
    chain: Vec<Vec<u8>>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params.clone(), key);
        Self { pem: made.pem(), der: made.der().clone(), params, issuer }
    }

    /// A certificate for these names, changed by `change` before it is signed.
    pub(crate) fn issue(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let (params, key) = leaf(names, change);
        Leaf::new(&params.signed_by(&key, &self.issuer).unwrap(), &key)
    }

    /// The same, by an authority below this one whose own certificate is of X.509 version 1.
    pub(crate) fn issue_below_version_1(&self, names: &[&str]) -> Leaf {
        let mut below = Self::new("Old CA");
        let made = below.params.signed_by(below.issuer.key(), &self.issuer).unwrap();
        below.der = as_version_1(&made, self.issuer.key()).into();
        Leaf { chain: vec![below.der.to_vec()], ..below.issue(names, |_| {}) }
    }

    /// What a server needs to insist on a certificate of this authority.
    fn client_verifier(&self) -> ClientCertVerifierBuilder {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
    }
}

/// A certificate that signed itself, as a WinRM listener has it when nobody asked an authority.
pub(crate) fn self_signed(names: &[&str]) -> Leaf {
    let (params, key) = leaf(names, |_| {});
    Leaf::new(&params.self_signed(&key).unwrap(), &key)
}

/// A certificate that signed itself and is the same on each day, so that a page can show its pin.
pub(crate) fn unchanging(name: &str) -> Leaf {
    // RFC 8410, section 10.3, Examples of Ed25519 Private Key: this is none of anybody's.
    let prefix = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    let key = PrivateKeyDer::try_from([&prefix[..], &[7; 32]].concat()).unwrap();
    let key = KeyPair::from_der_and_sign_algo(&key, &rcgen::PKCS_ED25519).unwrap();
    let (mut params, _) = leaf(&[name], |_| {});
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(1.into());
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2098, 12, 31);
    Leaf::new(&params.self_signed(&key).unwrap(), &key)
}

/// A self-signed certificate of X.509 version 1.
pub(crate) fn version_1(change: impl FnOnce(&mut CertificateParams)) -> Leaf {
    let (params, key) = leaf(&[], change);
    let der = as_version_1(&params.self_signed(&key).unwrap(), &key);
    Leaf { pem: pem(&der), der, key_pem: key.serialize_pem(), key: key.serialize_der(), chain: Vec::new() }
}

/// The same certificate in X.509 version 1, as `openssl x509 -req` makes one: without a version and extensions.
fn as_version_1(made: &rcgen::Certificate, signer: &KeyPair) -> Vec<u8> {
    let mut certificate = x509_cert::Certificate::from_der(made.der()).unwrap();
    certificate.tbs_certificate.version = x509_cert::Version::V1;
    certificate.tbs_certificate.extensions = None;
    let signature = signer.sign(&certificate.tbs_certificate.to_der().unwrap()).unwrap();
    certificate.signature = BitString::from_bytes(&signature).unwrap();
    certificate.to_der().unwrap()
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn leaf(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> (CertificateParams, KeyPair) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "web01.lab");
    change(&mut params);
    (params, KeyPair::generate().unwrap())
}

impl Leaf {
    fn new(made: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self {
            der: made.der().to_vec(),
            pem: made.pem(),
            key_pem: key.serialize_pem(),
            key: key.serialize_der(),
            chain: Vec::new(),
        }
    }

    pub(crate) fn pin(&self) -> String {
        pssession::transport::CertificatePin::of(&self.der).to_string()
    }

    /// RFC 5929, section 4, The tls-server-end-point Channel Binding Type, for a signature with SHA-256.
    pub(crate) fn end_point_hash(&self) -> Vec<u8> {
        Sha256::digest(&self.der).to_vec()
    }

    pub(crate) fn acceptor(&self, versions: &[&'static SupportedProtocolVersion]) -> TlsAcceptor {
        self.acceptor_for(versions, None)
    }

    /// An impostor's: it shows this certificate, and has the key of another.
    pub(crate) fn acceptor_with_the_key_of(
        &self,
        other: &Self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> TlsAcceptor {
        let shown = Self { der: self.der.clone(), key: other.key.clone(), ..Self::default() };
        shown.acceptor(versions)
    }

    /// The same; with an authority it insists on a client certificate of that one.
    pub(crate) fn acceptor_for(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        clients: Option<&Authority>,
    ) -> TlsAcceptor {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                builder.with_client_cert_verifier(authority.client_verifier().build().unwrap())
            }
        };
        let key = PrivateKeyDer::try_from(self.key.clone()).unwrap();
        // Not with_single_cert: that looks at the certificate, and takes none of version 1 or of another key.
        let key = ring::sign::any_supported_type(&key).unwrap();
        let chain = [&self.der].into_iter().chain(&self.chain).map(|der| der.clone().into()).collect();
        let shown = CertifiedKey::new(chain, key);
        let config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)));
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A simulated host behind TLS.
pub(crate) struct TlsHost {
    pub(crate) simulator: Simulator,
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl TlsHost {
    /// On loopback, as strict about channel bindings as Windows can be.
    pub(crate) async fn start(world: World, leaf: &Leaf, acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::serve(world, leaf, acceptor, listener).await
    }

    pub(crate) async fn serve(
        world: World,
        leaf: &Leaf,
        acceptor: TlsAcceptor,
        listener: TcpListener,
    ) -> Self {
        let builder = Simulator::builder().world(world).channel_binding(ChannelBinding::Strict);
        Self::around(builder.start().await.unwrap(), leaf, acceptor, listener)
    }

    /// The same for a host that has been set up.
    pub(crate) fn around(
        simulator: Simulator,
        leaf: &Leaf,
        acceptor: TlsAcceptor,
        listener: TcpListener,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let host = simulator.host();
        let channel = Channel::Tls { certificate_hash: Some(leaf.end_point_hash()) };
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (host, channel, acceptor) = (host.clone(), channel.clone(), acceptor.clone());
                tokio::spawn(async move {
                    // A handshake that fails is the client's affair.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        host.serve_connection(stream, channel).await;
                    }
                });
            }
        });
        Self { simulator, address, task }
    }
}

impl Drop for TlsHost {
    fn drop(&mut self) {
        self.task.abort();
    }
}
