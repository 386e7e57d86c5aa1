//! NTLM with sealed messages, end to end: the simulator checks every key, signature and number with sums of its own.

use pssession::simulator::{
    Account, Channel, ChannelBinding, InjectedFault, OperationKind, Profile, Simulator, World,
};
use pssession::wsman::op::{EnumerateShells, identify};
use pssession::wsman::{DEFAULT_MAX_ENVELOPE_SIZE, Header, MessageId, SessionId, read_answer, write_request};
use uuid::Uuid;

use super::tls::self_signed;
use super::*;

const SHELLS: usize = 3;

async fn simulator(level: ChannelBinding) -> Simulator {
    Simulator::builder()
        .world(World::with_shells(SHELLS))
        .account(Account::administrator("LAB\\ann"), "hunter2".to_owned().into())
        .channel_binding(level)
        .start()
        .await
        .unwrap()
}

fn with_password(simulator: &Simulator, password: &str) -> HttpConnectorBuilder {
    let credential = Credential::new("LAB\\ann", password.to_owned().into());
    HttpConnector::builder(endpoint(&simulator.url()), credential).login_gate(LoginGate::new())
}

fn right(simulator: &Simulator) -> HttpConnectorBuilder {
    with_password(simulator, "hunter2")
}

/// Lists the shells; how many there are.
async fn list(connection: &mut dyn Connection, number: u128) -> Result<usize, TransportError> {
    let listing = EnumerateShells { optimize: true, max_elements: 100 };
    let message_id = MessageId::new(Uuid::from_u128(number));
    let header = Header {
        to: "http://web01/wsman",
        message_id,
        session_id: SessionId::new(Uuid::from_u128(7)),
        operation_timeout: Duration::from_secs(60),
        max_envelope_size: DEFAULT_MAX_ENVELOPE_SIZE,
    };
    let mut envelope = String::new();
    write_request(&listing, &header, &mut envelope);
    let reply = connection.exchange(&envelope, LONG).await?;
    Ok(read_answer(&listing, message_id, &reply.body).unwrap().items.len())
}

#[tokio::test]
async fn sealed_messages_are_numbered_on_one_connection() {
    let simulator = simulator(ChannelBinding::default()).await;
    let connector = right(&simulator).build().unwrap();
    let mut connection = connector.connect().await.unwrap();
    for number in 1..=200 {
        assert_eq!(list(connection.as_mut(), number).await.unwrap(), SHELLS);
    }
    assert_eq!((simulator.connections(), simulator.handshakes(), connector.logins()), (1, 1, 1));
}

#[tokio::test]
async fn a_server_that_takes_no_tab_takes_our_frames() {
    let simulator = Simulator::builder()
        .world(World::with_shells(SHELLS).with_profile(Profile::Omi))
        .account(Account::administrator("LAB\\ann"), "hunter2".to_owned().into())
        .start()
        .await
        .unwrap();
    let mut connection = connect(right(&simulator)).await.unwrap();
    let mut envelope = String::new();
    identify::request(&mut envelope);
    let reply = connection.exchange(&envelope, LONG).await.unwrap();
    assert!(identify::read(&reply.body).is_ok());
    assert_eq!(simulator.connections(), 1);
}

#[tokio::test]
async fn after_a_close_the_request_is_sealed_anew_on_a_new_connection() {
    let simulator = simulator(ChannelBinding::default()).await;
    let connector = right(&simulator).build().unwrap();
    let mut connection = connector.connect().await.unwrap();
    assert_eq!(list(connection.as_mut(), 1).await.unwrap(), SHELLS);
    simulator.close_connections();
    // By the time that another login is through, the close has arrived.
    connector.connect().await.unwrap();
    for number in 2..4 {
        assert_eq!(list(connection.as_mut(), number).await.unwrap(), SHELLS);
    }
    assert_eq!((simulator.connections(), connector.logins()), (3, 3));
}

#[tokio::test]
async fn a_forgotten_login_is_renewed_once() {
    for (times, works) in [(1, true), (2, false)] {
        let simulator = simulator(ChannelBinding::default()).await;
        let connector = right(&simulator).build().unwrap();
        let mut connection = connector.connect().await.unwrap();
        simulator.world().lock().unwrap().inject(OperationKind::Enumerate, times, InjectedFault::ForgetLogin);
        let outcome = list(connection.as_mut(), 1).await;
        match outcome {
            Ok(count) => assert!(works && count == SHELLS),
            Err(TransportError::Auth { source: AuthError::NotAuthorized { .. }, .. }) => assert!(!works),
            Err(other) => panic!("{other:?}"),
        }
        assert_eq!((simulator.connections(), connector.logins()), (2, 2));
        assert_eq!(simulator.failed_logons(), 0);
    }
}

#[tokio::test]
async fn a_fault_on_a_sealed_connection_is_noticed_and_nothing_is_sent_again() {
    for injected_fault in [InjectedFault::Clear, InjectedFault::DropAfter, InjectedFault::Truncate] {
        let simulator = simulator(ChannelBinding::default()).await;
        let mut connection = connect(right(&simulator)).await.unwrap();
        simulator.world().lock().unwrap().inject(OperationKind::Enumerate, 1, injected_fault.clone());
        let error = list(connection.as_mut(), 1).await.unwrap_err();
        match injected_fault {
            InjectedFault::Clear => {
                assert!(
                    matches!(error, TransportError::Auth { source: AuthError::ClearAnswer, .. }),
                    "{error:?}"
                );
            }
            _ => assert!(matches!(error, TransportError::Lost { .. }), "{error:?}"),
        }
        assert_eq!(simulator.world().lock().unwrap().count(OperationKind::Enumerate), 1);
        assert!(!connection.is_usable());
    }
}

#[tokio::test]
async fn a_wrong_password_for_three_simulated_hosts_is_one_failed_logon() {
    let hosts = [
        simulator(ChannelBinding::default()).await,
        simulator(ChannelBinding::default()).await,
        simulator(ChannelBinding::default()).await,
    ];
    let gate = LoginGate::new();
    let connectors =
        hosts.each_ref().map(|host| with_password(host, "hunter3").login_gate(gate.clone()).build().unwrap());
    let outcomes = tokio::join!(connectors[0].connect(), connectors[1].connect(), connectors[2].connect());
    assert!(outcomes.0.is_err() && outcomes.1.is_err() && outcomes.2.is_err());
    assert_eq!(hosts.iter().map(Simulator::failed_logons).sum::<u64>(), 1);
}

#[tokio::test]
async fn unsealed_bodies_are_what_windows_refuses_by_default() {
    let simulator = simulator(ChannelBinding::default()).await;
    let security = Security { dangerous_unencrypted: true, ..Security::default() };
    let builder = right(&simulator).options(HttpOptions::default().with_security(security));
    let mut connection = connect(builder).await.unwrap();
    match list(connection.as_mut(), 1).await.unwrap_err() {
        TransportError::Status { status: 500, excerpt, .. } => assert_eq!(excerpt, ""),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_strict_server_takes_our_channel_binding() {
    let simulator = simulator(ChannelBinding::Strict).await;
    let identity = self_signed("web01.lab");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (host, acceptor) = (simulator.host(), identity.acceptor.clone());
    let channel = Channel::Tls { certificate_hash: Some(identity.hash()) };
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let stream = acceptor.accept(stream).await.unwrap();
            tokio::spawn({
                let (host, channel) = (host.clone(), channel.clone());
                async move { host.serve_connection(stream, channel).await }
            });
        }
    });
    let options = HttpOptions::default().with_ca_pem(identity.pem).with_resolve(address);
    let web01 = Endpoint::parse("web01.lab", true).unwrap();
    let credential = Credential::new("LAB\\ann", "hunter2".to_owned().into());
    let mut connection =
        connect(HttpConnector::builder(web01, credential).login_gate(LoginGate::new()).options(options))
            .await
            .unwrap();
    assert_eq!(list(connection.as_mut(), 1).await.unwrap(), SHELLS);
    assert_eq!(simulator.failed_logons(), 0);
    serving.abort();
}
