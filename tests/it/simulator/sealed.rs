//! NTLM between the library's handshake and the simulator's acceptor, which share no sums: bound to the connection,
//! sealed over plain HTTP, bound to the channel over TLS.

use pssession::auth::{
    Answer as HandshakeAnswer, AuthError, AuthScheme, Challenges, Credential, LoginPolicy, NtlmOptions,
    Protection, Seal, Step, handshake, sealing, sealing::FrameLayout,
};
use pssession::simulator::{
    Account, Channel, ChannelBinding, InjectedFault, OperationKind, Profile, Simulator, SimulatorBuilder,
    World,
};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpStream;

use super::wire::*;

async fn start() -> Simulator {
    Simulator::builder().world(World::with_shells(12)).start().await.unwrap()
}

async fn connect(simulator: &Simulator) -> Wire<TcpStream> {
    Wire::new(TcpStream::connect(simulator.address()).await.unwrap())
}

fn options(seal: bool) -> NtlmOptions {
    NtlmOptions {
        spn: Some("HTTP/127.0.0.1".to_owned()),
        workstation: String::new(),
        seal,
        now: std::time::SystemTime::UNIX_EPOCH,
        client_challenge: *b"cliently",
        session_key: *b"a key of sixteen",
    }
}

pub(super) async fn login_as<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
    user: &str,
    password: SecretString,
    certificate: Option<&[u8]>,
) -> Result<Protection, AuthError> {
    let credential = Credential::new(user, password);
    let policy = LoginPolicy { tls: certificate.is_some(), ..LoginPolicy::default() };
    let mut handshake = handshake(AuthScheme::Ntlm, &credential, policy, &options(certificate.is_none()))?;
    let mut step = handshake.step(None)?;
    loop {
        let leg = match step {
            Step::Send(leg) => leg,
            Step::Established(protection) => return Ok(protection),
        };
        let value = leg.authorization.map(|value| value.expose_secret().to_owned()).unwrap_or_default();
        let answer = wire.post(&[("Authorization", &value)], b"").await.unwrap();
        let challenges = Challenges::parse(answer.header("www-authenticate"));
        step = handshake.step(Some(&HandshakeAnswer {
            status: answer.status,
            challenges: &challenges,
            server_certificate: certificate,
        }))?;
    }
}

async fn login(simulator: &Simulator, wire: &mut Wire<TcpStream>) -> Box<dyn Seal> {
    match login_as(wire, &simulator.user(), simulator.password(), None).await.unwrap() {
        Protection::Sealed(seal) => seal,
        other => panic!("{other:?}"),
    }
}

/// Posts one sealed request and opens the answer.
async fn ask(wire: &mut Wire<TcpStream>, seal: &mut dyn Seal, request: &str) -> (u16, String) {
    let (content_type, body) = sealing::seal_body(seal, request.as_bytes()).unwrap();
    let answer = wire.post(&[("Content-Type", &content_type)], &body).await.unwrap();
    assert!(answer.header("content-type")[0].starts_with("multipart/encrypted"), "{answer:?}");
    let opened = sealing::open_body(seal, &answer.body).unwrap();
    (answer.status, String::from_utf8(opened).unwrap())
}

#[tokio::test]
async fn sealed_requests_list_signal_and_delete_on_one_connection() {
    let simulator = start().await;
    let mut wire = connect(&simulator).await;
    let mut seal = login(&simulator, &mut wire).await;
    let (status, text) = ask(&mut wire, &mut *seal, &list()).await;
    assert_eq!((status, text.matches("<rsp:Shell ").count()), (200, 12));
    let shells = simulator.world().lock().unwrap().shells().to_vec();
    for shell in &shells {
        let request = delete(&shell.shell_id, &shell.resource_uri);
        assert_eq!(ask(&mut wire, &mut *seal, &request).await.0, 200);
        let (status, text) = ask(&mut wire, &mut *seal, &request).await;
        assert!(status == 500 && text.contains("2150858843"));
    }
    assert_eq!((simulator.connections(), simulator.handshakes()), (1, 1));
    let world = simulator.world();
    let world = world.lock().unwrap();
    assert!(world.shells().is_empty());
    assert!(world.log().all(|entry| entry.sealed && entry.connection == 1));
    assert!(world.log().all(|entry| entry.user.as_deref() == Some("CONTOSO\\admin")));
}

#[tokio::test]
async fn a_second_connection_is_not_authenticated_by_the_first() {
    let simulator = start().await;
    let (mut first, mut second) = (connect(&simulator).await, connect(&simulator).await);
    let mut seal = login(&simulator, &mut first).await;
    let (content_type, body) = sealing::seal_body(&mut *seal, list().as_bytes()).unwrap();
    let stray = second.post(&[("Content-Type", &content_type)], &body).await.unwrap();
    assert_eq!(stray.status, 401);
    assert_eq!(simulator.world().lock().unwrap().log().count(), 0);
}

/// The bytes of a sealed answer before its signature.
async fn head_of_answer(profile: Profile, request: &str) -> (Vec<u8>, Vec<u8>) {
    let world = World::with_shells(1).with_profile(profile);
    let simulator = Simulator::builder().world(world).tls(false).ntlm(true).start().await.unwrap();
    let mut wire = connect(&simulator).await;
    wire.path = profile.path();
    let mut seal = login(&simulator, &mut wire).await;
    let (content_type, body) = sealing::seal_body(&mut *seal, request.as_bytes()).unwrap();
    let answer = wire.post(&[("Content-Type", &content_type)], &body).await.unwrap();
    let opened = sealing::open_body(&mut *seal, &answer.body).unwrap();
    let signature = answer.body.windows(4).position(|bytes| bytes == [16, 0, 0, 0]).unwrap();
    let (head, rest) = answer.body.split_at(signature);
    let head = String::from_utf8(head.to_vec()).unwrap();
    let head = head.replace(&format!("Length={}\r", opened.len()), "Length=N\r");
    (head.into_bytes(), rest[rest.len() - 26..].to_vec())
}

#[tokio::test]
async fn answers_are_framed_as_each_server_does_it() {
    for profile in Profile::ALL {
        let (head, end) = head_of_answer(*profile, &list()).await;
        let (tab, more) = if *profile == Profile::Omi { ("", "\r\n") } else { ("\t", "") };
        let expected = format!(
            "--Encrypted Boundary\r\n\
             {tab}Content-Type: application/HTTP-SPNEGO-session-encrypted\r\n\
             {tab}OriginalContent: type=application/soap+xml;charset=UTF-8;Length=N\r\n\
             --Encrypted Boundary\r\n\
             {tab}Content-Type: application/octet-stream\r\n"
        );
        assert_eq!(String::from_utf8(head).unwrap(), expected, "{profile:?}");
        let expected = format!("--Encrypted Boundary--\r\n{more}");
        assert!(end.ends_with(expected.as_bytes()), "{profile:?}: {end:?}");
    }
}

#[tokio::test]
async fn tabs_in_a_frame_are_taken_by_all_but_omi() {
    for profile in [Profile::Windows2008R2, Profile::Windows2022, Profile::Omi] {
        let world = World::with_shells(1).with_profile(profile);
        let simulator = Simulator::builder().world(world).start().await.unwrap();
        let mut wire = connect(&simulator).await;
        let mut seal = login(&simulator, &mut wire).await;
        let sealed = seal.seal(list().as_bytes()).unwrap();
        let (protocol, layout) = (seal.protocol(), FrameLayout::Windows);
        let body =
            sealing::write_frame(layout, protocol, &sealed.signature, &sealed.ciphertext, list().len());
        let answer = wire.post(&[("Content-Type", &sealing::content_type(protocol))], &body).await;
        assert_eq!(answer.is_none(), profile == Profile::Omi, "{profile:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_sealed_request_may_be_padded() {
    let simulator = start().await;
    let mut wire = connect(&simulator).await;
    let mut seal = login(&simulator, &mut wire).await;
    for padding in ["\0", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "\r\n", " \0\n\0"] {
        let (status, text) = ask(&mut wire, &mut *seal, &format!("{}{padding}", list())).await;
        assert_eq!((status, text.matches("<rsp:Shell ").count()), (200, 12), "{padding:?}");
    }
    let elsewhere = list().replace("<s:Body>", "<s:Body>\0");
    let (content_type, body) = sealing::seal_body(&mut *seal, elsewhere.as_bytes()).unwrap();
    let answer = wire.post(&[("Content-Type", &content_type)], &body).await.unwrap();
    assert_ne!(answer.status, 200, "a NUL elsewhere is no padding");
}

#[tokio::test]
async fn a_clear_body_on_an_authenticated_connection_is_answered_500_without_a_body() {
    let simulator = start().await;
    let mut wire = connect(&simulator).await;
    login(&simulator, &mut wire).await;
    let headers = [("Content-Type", "application/soap+xml;charset=UTF-8")];
    let answer = wire.post(&headers, list().as_bytes()).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (500, 0));
}

#[tokio::test]
async fn a_clear_body_is_served_where_the_service_allows_it() {
    let simulator = Simulator::builder().allow_unencrypted().start().await.unwrap();
    let mut wire = connect(&simulator).await;
    login(&simulator, &mut wire).await;
    assert_eq!(wire.post(&[], list().as_bytes()).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_wrong_password_is_refused_without_a_token_and_counted_once() {
    let simulator = start().await;
    let mut wire = connect(&simulator).await;
    let refused =
        login_as(&mut wire, &simulator.user(), SecretString::from("guess"), None).await.unwrap_err();
    assert!(matches!(refused, AuthError::Refused { .. }), "{refused:?}");
    assert_eq!(simulator.failed_logons(), 1);
    let refused = login_as(&mut wire, "CONTOSO\\nobody", simulator.password(), None).await.unwrap_err();
    assert!(matches!(refused, AuthError::Refused { .. }), "{refused:?}");
    assert_eq!(simulator.failed_logons(), 2);
}

#[tokio::test]
async fn a_user_may_be_named_with_a_domain_or_without_or_as_a_upn() {
    for user in ["CONTOSO\\admin", "contoso\\ADMIN", "admin", "admin@contoso.example"] {
        let simulator = start().await;
        let mut wire = connect(&simulator).await;
        assert!(login_as(&mut wire, user, simulator.password(), None).await.is_ok(), "{user}");
    }
}

#[tokio::test]
async fn names_and_passwords_outside_ascii_log_in() {
    let simulator = Simulator::builder()
        .account(Account::user("CONTOSO\\Jürgen Groß"), SecretString::from("pässwörd €"))
        .start()
        .await
        .unwrap();
    let mut wire = connect(&simulator).await;
    assert!(login_as(&mut wire, "CONTOSO\\Jürgen Groß", simulator.password(), None).await.is_ok());
}

#[tokio::test]
async fn an_altered_sealed_body_ends_the_login() {
    let simulator = start().await;
    let mut wire = connect(&simulator).await;
    let mut seal = login(&simulator, &mut wire).await;
    let (content_type, mut body) = sealing::seal_body(&mut *seal, list().as_bytes()).unwrap();
    let middle = body.len() / 2;
    body[middle] ^= 1;
    let headers = [("Content-Type", content_type.as_str())];
    let answer = wire.post(&headers, &body).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (500, 0));
    assert_eq!(wire.post(&headers, &body).await.unwrap().status, 401);
}

#[tokio::test]
async fn what_is_no_frame_is_a_bad_request() {
    let simulator = start().await;
    let mut wire = connect(&simulator).await;
    let seal = login(&simulator, &mut wire).await;
    let content_type = sealing::content_type(seal.protocol());
    let answer = wire.post(&[("Content-Type", &content_type)], b"--Encrypted Boundary\r\n").await.unwrap();
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn an_injected_fault_answers_a_sealed_request_in_clear() {
    let simulator = start().await;
    simulator.world().lock().unwrap().inject(OperationKind::Enumerate, 1, InjectedFault::Clear);
    let mut wire = connect(&simulator).await;
    let mut seal = login(&simulator, &mut wire).await;
    let (content_type, body) = sealing::seal_body(&mut *seal, list().as_bytes()).unwrap();
    let answer = wire.post(&[("Content-Type", &content_type)], &body).await.unwrap();
    assert_eq!(answer.header("content-type"), ["application/soap+xml;charset=UTF-8"]);
    assert!(answer.text().contains("EnumerateResponse"));
}

#[tokio::test]
async fn a_forgotten_login_is_a_401_with_offers_and_a_new_handshake_mends_it() {
    let simulator = start().await;
    simulator.world().lock().unwrap().inject(OperationKind::Enumerate, 1, InjectedFault::ForgetLogin);
    let mut wire = connect(&simulator).await;
    let mut seal = login(&simulator, &mut wire).await;
    let (content_type, body) = sealing::seal_body(&mut *seal, list().as_bytes()).unwrap();
    let answer = wire.post(&[("Content-Type", &content_type)], &body).await.unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("www-authenticate"), ["Negotiate"]);
    let mut seal = login(&simulator, &mut wire).await;
    assert_eq!(ask(&mut wire, &mut *seal, &list()).await.0, 200);
    assert_eq!(simulator.handshakes(), 2);
}

#[tokio::test]
async fn an_injected_fault_can_spoil_the_login_itself() {
    let simulator = start().await;
    simulator.world().lock().unwrap().inject(OperationKind::Login, 1, InjectedFault::Drop);
    let token = "Negotiate TlRMTVNTUAABAAAA";
    let mut wire = connect(&simulator).await;
    assert!(wire.post(&[("Authorization", token)], b"").await.is_none());
    let unavailable = InjectedFault::Status(503, Vec::new());
    simulator.world().lock().unwrap().inject(OperationKind::Login, 1, unavailable);
    let mut wire = connect(&simulator).await;
    assert_eq!(wire.post(&[("Authorization", token)], b"").await.unwrap().status, 503);
}

#[tokio::test]
async fn garbage_for_a_token_is_refused() {
    let simulator = start().await;
    let mut wire = connect(&simulator).await;
    for token in ["Negotiate", "Negotiate !!!", "Negotiate TlRMTVNTUAABAAAA", "Digest x", "Kerberos YII="] {
        let answer = wire.post(&[("Authorization", token)], b"").await.unwrap();
        assert_eq!(answer.status, 401, "{token}");
        assert_eq!(answer.header("www-authenticate"), ["Negotiate"], "{token}");
    }
}

/// Behind a stream of the test's own, that counts as TLS with the certificate of that hash.
async fn over_tls(builder: SimulatorBuilder, hash: Option<Vec<u8>>) -> (Simulator, Wire<DuplexStream>) {
    let simulator = builder.world(World::with_shells(3)).start().await.unwrap();
    let (near, far) = tokio::io::duplex(65_536);
    let host = simulator.host();
    let channel = Channel::Tls { certificate_hash: hash };
    tokio::spawn(async move { host.serve_connection(far, channel).await });
    (simulator, Wire::new(near))
}

fn certificate() -> Vec<u8> {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    signed.cert.der().to_vec()
}

#[tokio::test]
async fn over_tls_bodies_travel_clear_and_the_right_channel_binding_is_accepted() {
    let der = certificate();
    let hash = Sha256::digest(&der).to_vec();
    let builder = Simulator::builder().channel_binding(ChannelBinding::Strict);
    let (simulator, mut wire) = over_tls(builder, Some(hash)).await;
    let protection = login_as(&mut wire, &simulator.user(), simulator.password(), Some(&der)).await.unwrap();
    assert!(matches!(protection, Protection::Connection));
    let answer = wire.post(&[], list().as_bytes()).await.unwrap();
    assert_eq!(answer.text().matches("<rsp:Shell ").count(), 3);
    assert!(!simulator.world().lock().unwrap().log().next().unwrap().sealed);
}

#[tokio::test]
async fn a_wrong_channel_binding_is_refused_unless_nobody_looks() {
    for (level, accepted) in
        [(ChannelBinding::Strict, false), (ChannelBinding::Relaxed, false), (ChannelBinding::None, true)]
    {
        let hash = Sha256::digest(b"another certificate").to_vec();
        let (simulator, mut wire) = over_tls(Simulator::builder().channel_binding(level), Some(hash)).await;
        let login = login_as(&mut wire, &simulator.user(), simulator.password(), Some(&certificate())).await;
        assert_eq!(login.is_ok(), accepted, "{level:?}");
    }
}

#[tokio::test]
async fn a_missing_channel_binding_is_refused_by_the_strict_only() {
    for (level, accepted) in [(ChannelBinding::Strict, false), (ChannelBinding::Relaxed, true)] {
        let hash = Sha256::digest(b"a certificate").to_vec();
        let (simulator, mut wire) = over_tls(Simulator::builder().channel_binding(level), Some(hash)).await;
        let login = login_as(&mut wire, &simulator.user(), simulator.password(), None).await;
        assert_eq!(login.is_ok(), accepted, "{level:?}");
    }
}
