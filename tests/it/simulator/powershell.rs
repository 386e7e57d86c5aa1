//! What PowerShell 7.6.9 itself sends over libmi: `fixtures/powershell-client/` is what it wrote when it opened, used, left, took
//! back and removed sessions. The simulator answers it as Windows does.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pssession::simulator::{Account, Caller, OperationKind, Response, World};

use crate::support::fixtures;

const OPENED: &str = "3ED63AF0-CDCC-499C-85AD-E0C9C70AD98D";
const LEFT: &str = "E498E43E-397B-4C98-BF7C-E49463B3EDEF";
const ADOPTED: &str = "4F9D7DD6-B44D-4BE0-8384-308DB2260430";
const BUSY: &str = "CCB5C162-DE6B-4AE3-989D-3460D0668204";

/// MS-PSRP 2.2.1, MessageType.
const SESSION_CAPABILITY: u32 = 0x0001_0002;
const RUNSPACEPOOL_STATE: u32 = 0x0002_1005;
const APPLICATION_PRIVATE_DATA: u32 = 0x0002_1009;

fn recorded(name: &str) -> String {
    String::from_utf8(fixtures::read(&format!("powershell-client/{name}.xml"))).unwrap()
}

fn ask(world: &mut World, request: &str) -> Response {
    let caller =
        Caller { account: Some(Account::administrator("CONTOSO\\admin")), connection: 1, sealed: true };
    world.handle(&caller, request.as_bytes(), Duration::ZERO)
}

/// The answer to a recorded request, which must be a success.
#[track_caller]
fn answer(world: &mut World, request: &str) -> String {
    let response = ask(world, request);
    assert!(response.held.is_none(), "it waits");
    let text = String::from_utf8(response.body).unwrap();
    assert_eq!(response.status, 200, "{text}");
    text
}

/// A world in which PowerShell has opened this session: the recorded request with another id.
fn opened(shell_id: &str) -> World {
    let mut world = World::new("sim01");
    let created = answer(&mut world, &recorded("open-create").replace(OPENED, shell_id));
    assert!(created.contains(&format!("<rsp:ShellId>{shell_id}</rsp:ShellId>")), "{created}");
    world
}

/// The texts of the streams of an answer.
fn streams(text: &str) -> Vec<&str> {
    let parts = text.split("Stream Name=\"stdout\"").skip(1);
    parts.filter_map(|part| part.split_once('>')?.1.split_once('<')).map(|(stream, _)| stream).collect()
}

/// The message types in the fragments of an answer's streams (MS-PSRP 2.2.1).
fn messages(text: &str) -> Vec<u32> {
    let payloads = streams(text).into_iter().map(|stream| BASE64.decode(stream.trim()).unwrap());
    payloads.map(|payload| u32::from_le_bytes(payload[25..29].try_into().unwrap())).collect()
}

#[test]
fn a_session_is_opened_with_protocol_2_4_used_and_removed() {
    let mut world = opened(OPENED);
    let mut said = Vec::new();
    while said.last() != Some(&RUNSPACEPOOL_STATE) {
        let received = answer(&mut world, &recorded("open-receive"));
        said.extend(messages(&received));
        if said.len() == 1 {
            let capability = BASE64.decode(streams(&received)[0]).unwrap();
            let capability = String::from_utf8_lossy(&capability).into_owned();
            // Its own version, whatever the client has.
            assert!(capability.contains(r#"<Version N="protocolversion">2.3</Version>"#), "{capability}");
        }
    }
    assert_eq!(said, [SESSION_CAPABILITY, APPLICATION_PRIVATE_DATA, RUNSPACEPOOL_STATE]);
    assert!(ask(&mut world, &recorded("open-receive")).held.is_some(), "the next one waits");
    answer(&mut world, &recorded("invoke-command"));
    answer(&mut world, &recorded("invoke-receive"));
    answer(&mut world, &recorded("invoke-signal"));
    answer(&mut world, &recorded("remove-delete"));
    assert_eq!(world.shells(), []);
}

#[test]
fn a_session_that_was_left_is_taken_back_and_removed() {
    let mut world = opened(LEFT);
    answer(&mut world, &recorded("leave-disconnect"));
    answer(&mut world, &recorded("return-reconnect"));
    answer(&mut world, &recorded("return-receive"));
    answer(&mut world, &recorded("return-delete"));
    assert_eq!(world.shells(), []);
}

#[test]
fn a_session_that_another_client_left_is_adopted_and_removed() {
    let mut world = opened(ADOPTED);
    // Its first client has heard that it is open.
    while !messages(&answer(&mut world, &recorded("open-receive").replace(OPENED, ADOPTED)))
        .contains(&RUNSPACEPOOL_STATE)
    {}
    answer(&mut world, &recorded("leave-disconnect").replace(LEFT, ADOPTED));
    let connected = answer(&mut world, &recorded("adopt-connect"));
    assert!(connected.contains("<connectResponseXml"), "{connected}");
    let received = answer(&mut world, &recorded("adopt-receive"));
    assert_eq!(messages(&received), [APPLICATION_PRIVATE_DATA], "it waits for that");
    answer(&mut world, &recorded("adopt-delete"));
    assert_eq!(world.shells(), []);
}

#[test]
fn a_busy_session_is_signalled_and_removed() {
    let mut world = opened(BUSY);
    answer(&mut world, &recorded("busy-command"));
    answer(&mut world, &recorded("busy-signal"));
    answer(&mut world, &recorded("busy-delete"));
    assert_eq!(world.shells(), []);
    let count = |kind| world.count(kind);
    assert_eq!((count(OperationKind::Signal), count(OperationKind::Delete)), (1, 1));
}

#[test]
fn another_generation_of_the_protocol_is_refused() {
    for (version, status) in [("2.0", 200), ("2.99", 200), ("3.0", 500), ("x", 500)] {
        let mut world = World::new("sim01");
        let create = recorded("open-create").replace(">2.4</w:Option>", &format!(">{version}</w:Option>"));
        assert_eq!(ask(&mut world, &create).status, status, "{version}");
    }
}
