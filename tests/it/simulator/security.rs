//! How a simulated server protects itself: TLS with a certificate of its own, Extended Protection, NTLM turned off, clients
//! that are too large or too slow; and what a trace shows of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pssession::auth::{AuthError, Protection};
use pssession::simulator::{
    Channel, ChannelBinding, Limits, Profile, Simulator, SimulatorBuilder, TracedExchange, World,
};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::http::basic;
use super::sealed::login_as;
use super::wire::*;

const ANONYMOUS: (&str, &str) = ("WSMANIDENTIFY", "unauthenticated");
const SOAP: (&str, &str) = ("Content-Type", "application/soap+xml;charset=UTF-8");

/// Connects as a client that trusts nobody but the simulator's authority.
async fn connect(simulator: &Simulator, name: &str) -> std::io::Result<Wire<TlsStream<TcpStream>>> {
    let pem = simulator.certificate().unwrap().authority_pem();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(simulator.address()).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    Ok(Wire::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}

fn reasons(simulator: &Simulator) -> Vec<String> {
    simulator.world().lock().unwrap().log().filter_map(|entry| entry.reason.clone()).collect()
}

#[tokio::test]
async fn its_authority_vouches_for_its_names_and_no_other_and_it_says_nothing_in_clear() {
    let simulator =
        Simulator::builder().world(World::new("web01")).tls(true).allow_basic().start().await.unwrap();
    assert_eq!(simulator.url(), format!("https://127.0.0.1:{}/wsman", simulator.port()));
    for name in ["127.0.0.1", "::1", "localhost", "web01"] {
        let mut wire = connect(&simulator, name).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let answer = wire.post(&[SOAP, ANONYMOUS], identify().as_bytes()).await.unwrap();
        assert_eq!(answer.status, 200);
        let login = basic(&simulator);
        let answer = wire.post(&[SOAP, ("Authorization", &login)], list().as_bytes()).await.unwrap();
        assert_eq!(answer.status, 200, "a body in clear needs no more than TLS");
    }
    assert!(connect(&simulator, "web02").await.is_err());
    let mut clear = Wire::new(TcpStream::connect(simulator.address()).await.unwrap());
    assert!(clear.post(&[SOAP, ANONYMOUS], identify().as_bytes()).await.is_none());

    let other = Simulator::builder().tls(true).start().await.unwrap();
    assert_ne!(simulator.certificate().unwrap().der(), other.certificate().unwrap().der());
    assert!(Simulator::builder().start().await.unwrap().certificate().is_none());
}

async fn login(simulator: &Simulator, certificate: Option<&[u8]>) -> Result<Protection, AuthError> {
    let mut wire = connect(simulator, "localhost").await.unwrap();
    login_as(&mut wire, &simulator.user(), simulator.password(), certificate).await
}

#[tokio::test]
async fn extended_protection_refuses_a_wrong_binding_or_a_missing_one_too() {
    let other = Simulator::builder().tls(true).start().await.unwrap();
    let other = other.certificate().unwrap().der();
    for (level, wrong, missing) in [
        (ChannelBinding::None, true, true),
        (ChannelBinding::Relaxed, false, true),
        (ChannelBinding::Strict, false, false),
    ] {
        let simulator = Simulator::builder().tls(true).channel_binding(level).start().await.unwrap();
        let own = simulator.certificate().unwrap().der().to_vec();
        login(&simulator, Some(&own)).await.unwrap();
        assert_eq!(login(&simulator, Some(other)).await.is_ok(), wrong, "{level:?}");
        assert_eq!(login(&simulator, None).await.is_ok(), missing, "{level:?}");
        let mut expected = Vec::new();
        expected.extend((!wrong).then_some("the channel binding is not that of this server's certificate"));
        expected.extend((!missing).then_some("channel binding expected, none sent"));
        assert_eq!(reasons(&simulator), expected, "{level:?}");
    }
}

#[tokio::test]
async fn ntlm_can_be_off_and_is_so_on_a_hardened_server() {
    let off = "another mechanism expected, NTLM sent: NTLM is off here";
    let hardened = || World::new("simulator").with_profile(Profile::Windows2025Hardened);
    let builders: [fn(World) -> SimulatorBuilder; 2] = [
        |world| Simulator::builder().world(world).tls(true).ntlm(false),
        |world| Simulator::builder().world(world),
    ];
    for (builder, world) in builders.into_iter().zip([World::new("simulator"), hardened()]) {
        let simulator = builder(world).start().await.unwrap();
        let own = simulator.certificate().unwrap().der().to_vec();
        login(&simulator, Some(&own)).await.unwrap_err();
        let mut wire = connect(&simulator, "localhost").await.unwrap();
        let offered = wire.post(&[SOAP], b"").await.unwrap();
        assert_eq!((offered.status, offered.header("www-authenticate")), (401, vec!["Negotiate"]));
        let ntlm = [("Authorization", "NTLM TlRMTVNTUAABAAAABYIIAAAAAAA=")];
        let answer = wire.post(&ntlm, b"").await.unwrap();
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, vec!["Negotiate"]));
        assert_eq!(reasons(&simulator), [off, off]);
        assert_eq!((simulator.failed_logons(), simulator.handshakes()), (0, 0));
    }
    let eased = Simulator::builder().world(hardened()).ntlm(true).channel_binding(ChannelBinding::None);
    let eased = eased.start().await.unwrap();
    login(&eased, None).await.unwrap();
}

/// Serves one end of a pipe, so that no real time passes.
async fn pipe(limits: Limits) -> (DuplexStream, Simulator) {
    let simulator = Simulator::builder().allow_basic().limits(limits).start().await.unwrap();
    let (client, server) = tokio::io::duplex(65_536);
    let host = simulator.host();
    tokio::spawn(async move { host.serve_connection(server, Channel::Plain).await });
    (client, simulator)
}

/// What comes until the connection is closed, and how many seconds that takes.
async fn until_closed(client: &mut DuplexStream) -> (String, u64) {
    let began = tokio::time::Instant::now();
    let mut all = Vec::new();
    client.read_to_end(&mut all).await.unwrap();
    (String::from_utf8(all).unwrap(), began.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn who_sends_nothing_or_too_slowly_is_disconnected() {
    let (mut client, _simulator) = pipe(Limits::default()).await;
    assert_eq!(until_closed(&mut client).await, (String::new(), 120), "an idle client");

    let (mut client, _simulator) = pipe(Limits::default()).await;
    let began = tokio::time::Instant::now();
    for byte in b"POST /wsman HTTP/1.1\r\nX-Slow: 1234567890123456789012345678901234567890" {
        if client.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(began.elapsed().as_secs().clamp(30, 31), began.elapsed().as_secs(), "a slow header");

    let (mut client, _simulator) = pipe(Limits::default()).await;
    client.write_all(b"POST /wsman HTTP/1.1\r\nContent-Length: 9\r\n\r\n1234").await.unwrap();
    let mut head = [0; 12];
    let began = tokio::time::Instant::now();
    client.read_exact(&mut head).await.unwrap();
    assert_eq!((&head, began.elapsed().as_secs()), (b"HTTP/1.1 408", 120), "a slow body");
}

#[tokio::test(start_paused = true)]
async fn the_time_that_the_service_takes_is_not_the_clients() {
    let mut limits = Limits::default();
    limits.idle_time = Duration::from_secs(5);
    let (client, simulator) = pipe(limits).await;
    let world = simulator.world();
    world.lock().unwrap().inject(
        pssession::simulator::OperationKind::Identify,
        1,
        pssession::simulator::InjectedFault::Delay(Duration::from_secs(60)),
    );
    let mut wire = Wire::new(client);
    for _ in 0..2 {
        let answer = wire.post(&[SOAP, ANONYMOUS], identify().as_bytes()).await.unwrap();
        assert_eq!(answer.status, 200);
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_header_that_is_too_large_is_refused() {
    for (size, status) in [(16_000, "HTTP/1.1 401"), (17_000, "HTTP/1.1 431")] {
        let (mut client, _simulator) = pipe(Limits::default()).await;
        let head = format!("POST /wsman HTTP/1.1\r\nContent-Length: 0\r\nX: {}\r\n\r\n", "x".repeat(size));
        client.write_all(head.as_bytes()).await.unwrap();
        assert!(until_closed(&mut client).await.0.starts_with(status), "{size}");
    }
}

#[tokio::test]
async fn a_trace_shows_opened_envelopes_and_what_was_expected_and_no_secret() {
    let told = Arc::new(Mutex::new(Vec::<TracedExchange>::new()));
    let heard = Arc::clone(&told);
    let builder = Simulator::builder().world(World::new("web01")).allow_basic();
    let simulator =
        builder.trace(move |exchange| heard.lock().unwrap().push(exchange.clone())).start().await.unwrap();
    let mut wire = Wire::new(TcpStream::connect(simulator.address()).await.unwrap());
    let protection = login_as(&mut wire, &simulator.user(), simulator.password(), None).await.unwrap();
    let Protection::Sealed(mut seal) = protection else { panic!("{protection:?}") };
    let (content_type, body) = pssession::auth::sealing::seal_body(&mut *seal, list().as_bytes()).unwrap();
    wire.post(&[("Content-Type", &content_type)], &body).await.unwrap();
    wire.post(&[SOAP, ("Authorization", &basic(&simulator))], list().as_bytes()).await.unwrap();
    wire.post(&[("Authorization", "Digest x")], b"").await.unwrap();
    wire.send("GET", "/wsman", &[], b"").await.unwrap();

    let told = told.lock().unwrap();
    let [negotiate, authenticate, listing, basic, digest, get] = &told[..] else { panic!("{told:?}") };
    assert!(
        negotiate.login.as_ref().unwrap().starts_with("Negotiate with NTLM NEGOTIATE with flags UNICODE, ")
    );
    assert_eq!(negotiate.status, 401);
    let login = authenticate.login.as_ref().unwrap();
    assert!(login.contains(r#"AUTHENTICATE of "CONTOSO\\admin" with flags "#), "{login}");
    assert!(login.ends_with("MIC announced, no channel binding"), "{login}");
    assert!(listing.sealed && listing.request == list() && listing.response.contains("EnumerateResponse"));
    assert_eq!(basic.reason.as_deref(), Some("sealed body expected, body in clear sent"));
    assert_eq!(digest.reason.as_deref(), Some("the scheme \"Digest\" is not offered here"));
    let lines = get.to_string();
    assert_eq!(lines, "[6] connection 1: GET /wsman\n[6] answered 405: POST expected");
    let all: String = told.iter().map(ToString::to_string).collect();
    assert!(!all.contains(simulator.password().expose_secret()), "{all}");
}
