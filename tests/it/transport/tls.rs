//! Whose certificate is good enough, and that the login is bound to it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use pssession::simulator::Simulator;
use pssession::transport::TlsError;
use sha2::Sha256;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

pub(crate) struct Identity {
    pub(crate) pem: String,
    der: CertificateDer<'static>,
    pub(crate) acceptor: TlsAcceptor,
}

impl Identity {
    /// RFC 5929, section 4, The 'tls-server-end-point' Channel Binding Type.
    pub(super) fn hash(&self) -> Vec<u8> {
        Sha256::digest(&self.der).to_vec()
    }
}

/// A self-signed certificate, as a WinRM listener has it.
pub(crate) fn self_signed(name: &str) -> Identity {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let der = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![der.clone()], key)
        .unwrap();
    Identity { pem: made.cert.pem(), der, acceptor: TlsAcceptor::from(Arc::new(config)) }
}

async fn server(identity: &Identity) -> RawServer {
    let login = FakeNtlm::accepting();
    RawServer::start_tls(identity.acceptor.clone(), move |seen| login.act(seen, |_| reported())).await
}

fn over_tls(server: &RawServer, options: HttpOptions) -> HttpConnectorBuilder {
    let endpoint = Endpoint::parse("web01.lab", true).unwrap();
    alone(endpoint).options(options.with_resolve(server.address))
}

fn refusal(outcome: Result<Box<dyn Connection>, TransportError>) -> String {
    let error = outcome.map(|_| ()).unwrap_err();
    assert!(matches!(error, TransportError::Connect { .. }), "{error:?}");
    error_chain(&error)
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused_until_the_ca_file_holds_it() {
    let identity = self_signed("web01.lab");
    let server = server(&identity).await;
    match over_tls(&server, HttpOptions::default()).build() {
        Ok(connector) => assert!(refusal(connector.connect().await).contains("certificate")),
        // A machine without any trusted certificate.
        Err(error) => assert!(matches!(error, SetupError::Tls { .. }), "{error:?}"),
    }
    let stranger = HttpOptions::default().with_ca_pem(self_signed("web01.lab").pem);
    assert!(refusal(connect(over_tls(&server, stranger)).await).contains("certificate"));

    let trusted = HttpOptions::default().with_ca_pem(identity.pem);
    let mut connection = connect(over_tls(&server, trusted)).await.unwrap();
    assert_eq!(ask(connection.as_mut()).await.unwrap().body, ANSWER.as_bytes());
    assert!(server.seen().iter().all(|seen| seen.header("host") == Some("web01.lab:5986")));
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused_unless_nobody_looks() {
    let identity = self_signed("db01.lab");
    let server = server(&identity).await;
    let options = HttpOptions::default().with_ca_pem(identity.pem);
    assert!(refusal(connect(over_tls(&server, options.clone())).await).contains("certificate"));
    assert!(server.seen().is_empty(), "nothing is sent to a stranger");

    let security = Security { dangerous_skip_certificate_check: true, ..Security::default() };
    let mut connection = connect(over_tls(&server, options.with_security(security))).await.unwrap();
    ask(connection.as_mut()).await.unwrap();
}

#[tokio::test]
async fn ntlm_over_tls_is_bound_to_the_certificate_and_not_sealed() {
    let identity = self_signed("web01.lab");
    let server = server(&identity).await;
    let hash = identity.hash();
    let options = HttpOptions::default().with_ca_pem(identity.pem);
    let connector = over_tls(&server, options).build().unwrap();
    let mut connection = connector.connect().await.unwrap();
    for _ in 0..3 {
        ask(connection.as_mut()).await.unwrap();
    }
    assert_eq!((server.accepts(), connector.logins()), (1, 1));

    // The struct that MS-NLMP hashes: no addresses, and the application data.
    let data = [&b"tls-server-end-point:"[..], &hash].concat();
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    let binding = Md5::digest([&[0; 16][..], &length, &data].concat());
    let pair = [&[10, 0, 16, 0][..], &binding].concat();
    let tokens: Vec<_> = server
        .seen()
        .iter()
        .filter_map(|seen| seen.header("authorization")?.strip_prefix("Negotiate ").map(str::to_owned))
        .map(|token| STANDARD.decode(token).unwrap())
        .collect();
    // The first is a negotiation, which this server does not know.
    assert_eq!(tokens.len(), 3);
    assert!(tokens[2].windows(pair.len()).any(|window| window == pair), "no channel binding");
    assert!(server.seen().last().unwrap().body == ENVELOPE.as_bytes());
}

#[tokio::test]
async fn the_wrong_scheme_is_an_error_of_its_own_kind_each_way() {
    let identity = self_signed("web01.lab");
    let (tls, plain) = (server(&identity).await, Simulator::builder().start().await.unwrap());
    let options = HttpOptions::default().with_ca_pem(identity.pem);
    let https = Endpoint::parse(&plain.address().to_string(), true).unwrap();
    let http = Endpoint::parse(&tls.address.to_string(), false).unwrap();
    for (endpoint, expected) in [(https, TlsError::NotTls), (http, TlsError::NotHttp)] {
        let connector = HttpConnector::builder(endpoint.clone(), credential()).options(options.clone());
        let Err(error) = connect(connector).await else { panic!("{expected:?}: connected") };
        assert_eq!(error.tls(), Some(&expected), "{error:?}");
        assert!(!pssession::Error::from(error).is_retryable(), "it would go wrong again");
        let error = probe(&endpoint, &options).await.unwrap_err();
        assert_eq!(error.tls(), Some(&expected), "{error:?}");
    }
    assert_eq!((tls.seen().len(), plain.handshakes()), (0, 0));
}

#[tokio::test]
async fn a_ca_file_without_a_certificate_is_refused_before_anything_is_sent() {
    let endpoint = Endpoint::parse("web01.lab", true).unwrap();
    let options = HttpOptions::default().with_ca_pem("no PEM at all");
    let error = alone(endpoint).options(options).build().unwrap_err();
    assert!(matches!(error, SetupError::CaFile { .. }), "{error:?}");
}
