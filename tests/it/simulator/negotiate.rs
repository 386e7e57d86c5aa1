//! What a login costs, scheme by scheme, and the simulator's own half of a negotiation.

use pssession::auth::{
    Answer, AuthError, AuthScheme, Challenges, Credential, LoginPolicy, NtlmOptions, Protection, SCHEMES,
    Seal, Step, handshake, sealing,
};
use pssession::simulator::{Simulator, SimulatorBuilder, World};
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;

use super::wire::*;

fn builder() -> SimulatorBuilder {
    Simulator::builder().world(World::with_shells(3))
}

async fn connect(simulator: &Simulator) -> Wire<TcpStream> {
    Wire::new(TcpStream::connect(simulator.address()).await.unwrap())
}

/// Logs in as the simulator's user, and counts the round trips of it.
async fn login(
    simulator: &Simulator,
    wire: &mut Wire<TcpStream>,
    scheme: AuthScheme,
    password: &str,
) -> (Result<Protection, AuthError>, usize) {
    let options = NtlmOptions {
        spn: Some("HTTP/127.0.0.1".to_owned()),
        workstation: String::new(),
        seal: true,
        now: std::time::SystemTime::UNIX_EPOCH,
        client_challenge: *b"cliently",
        session_key: *b"a key of sixteen",
    };
    let policy = LoginPolicy { dangerous_basic_over_http: true, ..LoginPolicy::default() };
    let credential = Credential::new(simulator.user(), password.to_owned().into());
    let mut handshake = handshake(scheme, &credential, policy, &options).unwrap();
    let mut step = handshake.step(None);
    let mut round_trips = 0;
    loop {
        let leg = match step {
            Ok(Step::Send(leg)) => leg,
            Ok(Step::Established(protection)) => return (Ok(protection), round_trips),
            Err(error) => return (Err(error), round_trips),
        };
        let value = leg.authorization.map(|value| value.expose_secret().to_owned());
        let headers: Vec<_> = value.iter().map(|value| ("Authorization", value.as_str())).collect();
        let body = if leg.identify { identify() } else { Vec::new() };
        let answer = wire.post(&headers, &body).await.unwrap();
        round_trips += 1;
        let challenges = Challenges::parse(answer.header("www-authenticate"));
        step = handshake.step(Some(&Answer {
            status: answer.status,
            challenges: &challenges,
            server_certificate: None,
        }));
    }
}

fn identify() -> Vec<u8> {
    let mut envelope = String::new();
    pssession::wsman::op::identify::request(&mut envelope);
    envelope.into_bytes()
}

fn password(simulator: &Simulator) -> String {
    simulator.password().expose_secret().to_owned()
}

fn sealed(protection: Result<Protection, AuthError>) -> Box<dyn Seal> {
    match protection.unwrap() {
        Protection::Sealed(seal) => seal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_handshake_takes_at_most_three_round_trips_and_no_connection_a_second_one() {
    for (scheme, negotiates, expected) in [
        (AuthScheme::Negotiate, true, 2),
        (AuthScheme::Ntlm, true, 2),
        (AuthScheme::Ntlm, false, 2),
        (AuthScheme::Auto, true, 2),
        // A negotiation that is not understood, and NTLM alone.
        (AuthScheme::Auto, false, 3),
    ] {
        let simulator = builder().spnego(negotiates).start().await.unwrap();
        let mut wire = connect(&simulator).await;
        let (protection, round_trips) = login(&simulator, &mut wire, scheme, &password(&simulator)).await;
        assert_eq!(round_trips, expected, "{scheme}, {negotiates}");
        let mut seal = sealed(protection);
        for _ in 0..50 {
            let (content_type, body) = sealing::seal_body(&mut *seal, list().as_bytes()).unwrap();
            let answer = wire.post(&[("Content-Type", &content_type)], &body).await.unwrap();
            let opened = sealing::open_body(&mut *seal, &answer.body).unwrap();
            assert_eq!(String::from_utf8(opened).unwrap().matches("<rsp:Shell ").count(), 3);
        }
        assert_eq!((simulator.connections(), simulator.handshakes(), simulator.failed_logons()), (1, 1, 0));
    }
}

#[tokio::test]
async fn basic_asks_once_and_proves_once() {
    let simulator = builder().negotiate(false).allow_basic().allow_unencrypted().start().await.unwrap();
    let mut wire = connect(&simulator).await;
    let (protection, round_trips) =
        login(&simulator, &mut wire, AuthScheme::Basic, &password(&simulator)).await;
    assert!(matches!(protection, Ok(Protection::Header(_))));
    assert_eq!(round_trips, 2);
}

#[tokio::test]
async fn a_wrong_password_is_one_failed_logon_whatever_the_scheme_and_the_server() {
    for scheme in [AuthScheme::Auto].into_iter().chain(SCHEMES.iter().map(|row| row.scheme)) {
        if [AuthScheme::Basic, AuthScheme::Kerberos].contains(&scheme) {
            continue;
        }
        for negotiates in [true, false] {
            let simulator = builder().spnego(negotiates).allow_basic().start().await.unwrap();
            let mut wire = connect(&simulator).await;
            let (outcome, round_trips) = login(&simulator, &mut wire, scheme, "wrong").await;
            let failed = u64::from(negotiates || scheme != AuthScheme::Negotiate);
            assert_eq!(simulator.failed_logons(), failed, "{scheme}, {negotiates}");
            assert_eq!(matches!(outcome, Err(AuthError::Refused { .. })), failed == 1, "{outcome:?}");
            assert!(round_trips <= 3);
        }
    }
}

#[tokio::test]
async fn where_no_negotiation_is_understood_a_negotiation_alone_says_so() {
    let simulator = builder().spnego(false).start().await.unwrap();
    let mut wire = connect(&simulator).await;
    let (outcome, _) = login(&simulator, &mut wire, AuthScheme::Negotiate, &password(&simulator)).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, AuthError::NotOffered { .. }), "{error}");
    assert!(error.to_string().contains("does not respond to the SPNEGO token"), "{error}");
}
