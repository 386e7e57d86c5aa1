//! The library's own language and transport against the simulator: do the two halves understand each other?

use std::time::Duration;

use pssession::auth::{AuthScheme, Credential};
use pssession::simulator::{OperationKind, Simulator, World};
use pssession::transport::{Connection, Connector as _, Endpoint, HttpConnector, HttpOptions, Security};
use pssession::wsman::op::{
    Delete, EnumerateCommands, EnumerateShells, Get, Pull, Release, Signal, SignalCode, identify,
};
use pssession::wsman::{
    AnswerError, Command, Header, MessageId, Operation, SessionId, Shell, read_answer, uri, write_request,
};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(10);

async fn start(shells: usize) -> Simulator {
    Simulator::builder().world(World::with_shells(shells)).start().await.unwrap()
}

async fn connect(simulator: &Simulator, security: Security) -> Box<dyn Connection> {
    connect_by(simulator, AuthScheme::Auto, security).await
}

async fn connect_by(simulator: &Simulator, auth: AuthScheme, security: Security) -> Box<dyn Connection> {
    let endpoint = Endpoint::parse(&simulator.url(), false).unwrap();
    let credential = Credential::new(simulator.user(), simulator.password());
    let options = HttpOptions::default().with_security(security);
    let connector = HttpConnector::builder(endpoint, credential).auth(auth).options(options).build().unwrap();
    connector.connect().await.unwrap()
}

async fn ask<O: Operation>(
    connection: &mut dyn Connection,
    operation: &O,
    max_envelope_size: u32,
) -> Result<O::Reply, AnswerError> {
    let message_id = MessageId::new(Uuid::from_u128(7));
    let header = Header {
        to: "http://127.0.0.1:5985/wsman",
        message_id,
        session_id: SessionId::new(Uuid::from_u128(8)),
        operation_timeout: Duration::from_secs(60),
        max_envelope_size,
    };
    let mut envelope = String::new();
    write_request(operation, &header, &mut envelope);
    let reply = connection.exchange(&envelope, SOON).await.unwrap();
    read_answer(operation, message_id, &reply.body)
}

/// Everything, page by page.
async fn list(connection: &mut dyn Connection, optimize: bool, max_elements: u32, size: u32) -> Vec<Shell> {
    let mut page = ask(connection, &EnumerateShells { optimize, max_elements }, size).await.unwrap();
    let mut shells = Vec::new();
    loop {
        assert!(page.undecodable.is_empty(), "{:?}", page.undecodable);
        shells.append(&mut page.items);
        let Some(context) = page.next else { return shells };
        let pull = Pull::<Shell>::new(&context, max_elements, uri::SHELL_RESOURCE);
        page = ask(connection, &pull, size).await.unwrap();
    }
}

#[tokio::test]
async fn every_listing_decodes_however_it_is_paged() {
    let simulator = start(40).await;
    let mut connection = connect(&simulator, Security::default()).await;
    let whole = list(&mut *connection, true, 32_000, 512_000).await;
    assert_eq!(whole.len(), 40);
    for (optimize, max_elements, size) in [(true, 7, 512_000), (false, 7, 512_000), (true, 32_000, 8_192)] {
        let paged = list(&mut *connection, optimize, max_elements, size).await;
        let ids = |shells: &[Shell]| shells.iter().map(|shell| shell.shell_id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&paged), ids(&whole));
    }
    let world = simulator.world();
    let world = world.lock().unwrap();
    for (decoded, seeded) in whole.iter().zip(world.shells()) {
        assert_eq!(decoded.shell_id.as_str(), seeded.shell_id);
        assert_eq!(*decoded.resource_uri, *seeded.resource_uri);
        assert_eq!(decoded.name.as_deref(), seeded.name.as_deref());
        assert_eq!(decoded.owner.as_deref(), Some(&*seeded.owner));
        assert_eq!(decoded.client_ip.as_deref(), Some(&*seeded.client_ip));
        assert_eq!(decoded.process_id, seeded.process_id);
        assert_eq!(decoded.state.as_deref(), seeded.state.as_deref());
        assert_eq!(decoded.idle_timeout, Some(seeded.idle_timeout));
        assert_eq!(decoded.max_idle_timeout, seeded.max_idle_timeout);
    }
}

#[tokio::test]
async fn commands_are_signalled_and_shells_deleted_and_then_gone() {
    let simulator = start(12).await;
    let mut connection = connect(&simulator, Security::default()).await;
    let connection = &mut *connection;
    let mut signalled = 0;
    for shell in list(connection, true, 32_000, 512_000).await {
        let commands = EnumerateCommands { shell_id: &shell.shell_id, max_elements: 32_000 };
        let commands: Vec<Command> = ask(connection, &commands, 512_000).await.unwrap().items;
        for command in &commands {
            let signal = Signal {
                shell_id: &shell.shell_id,
                resource_uri: &shell.resource_uri,
                command_id: &command.command_id,
                code: SignalCode::Terminate,
            };
            ask(connection, &signal, 512_000).await.unwrap();
            signalled += 1;
        }
        let delete = Delete { shell_id: &shell.shell_id, resource_uri: &shell.resource_uri };
        ask(connection, &delete, 512_000).await.unwrap();
        let Err(AnswerError::Fault(fault)) =
            ask(connection, &Get { shell_id: &shell.shell_id }, 512_000).await
        else {
            panic!("{} is still there", shell.shell_id)
        };
        assert!(fault.is_shell_gone());
        assert_eq!(fault.machine.as_deref(), Some("simulator"));
        assert_eq!(fault.provider.as_deref(), Some("Shell provider"));
    }
    assert!(signalled > 0);
    assert!(list(connection, true, 32_000, 512_000).await.is_empty());
    assert_eq!((simulator.connections(), simulator.handshakes()), (1, 1));
    let world = simulator.world();
    assert!(world.lock().unwrap().log().all(|entry| entry.sealed));
}

#[tokio::test]
async fn a_released_listing_is_a_stale_context() {
    let simulator = start(5).await;
    let mut connection = connect(&simulator, Security::default()).await;
    let connection = &mut *connection;
    let page = ask(connection, &EnumerateShells { optimize: true, max_elements: 2 }, 512_000).await.unwrap();
    let context = page.next.unwrap();
    let release = Release { context: &context, resource_uri: uri::SHELL_RESOURCE };
    ask(connection, &release, 512_000).await.unwrap();
    let pull = Pull::<Shell>::new(&context, 2, uri::SHELL_RESOURCE);
    let Err(AnswerError::Fault(fault)) = ask(connection, &pull, 512_000).await else {
        panic!("the context is still known")
    };
    assert!(fault.is_stale_context());
}

#[tokio::test]
async fn basic_over_plain_http_is_used_when_it_is_asked_for_and_allowed_on_both_sides() {
    let builder = Simulator::builder().world(World::with_shells(3)).allow_basic().allow_unencrypted();
    let simulator = builder.negotiate(false).start().await.unwrap();
    let security = Security { dangerous_basic_over_http: true, ..Security::default() };
    let mut connection = connect_by(&simulator, AuthScheme::Basic, security).await;
    assert_eq!(list(&mut *connection, true, 32_000, 512_000).await.len(), 3);
    let world = simulator.world();
    let world = world.lock().unwrap();
    assert!(world.log().filter(|entry| entry.kind == OperationKind::Enumerate).all(|entry| !entry.sealed));
}

#[tokio::test]
async fn an_authenticated_identify_decodes() {
    let simulator = start(0).await;
    let mut connection = connect(&simulator, Security::default()).await;
    let mut envelope = String::new();
    identify::request(&mut envelope);
    let reply = connection.exchange(&envelope, SOON).await.unwrap();
    let identity = identify::read(&reply.body).unwrap();
    assert_eq!(identity.product_version.as_deref(), Some("OS: 10.0.20348 SP: 0.0 Stack: 3.0"));
}
