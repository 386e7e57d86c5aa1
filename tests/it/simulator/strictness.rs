//! What Windows refuses although a lenient server could do it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pssession::simulator::{Account, Caller, Profile, SimulatedShell, Simulator, World};
use std::time::Duration;
use tokio::net::TcpStream;

use super::http::basic;
use super::wire::*;

const SHELL_ID: &str = "11111111-1111-4111-8111-111111111111";
const COMMAND_ID: &str = "22222222-2222-4222-8222-222222222222";
const CMD: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";

fn ask(world: &mut World, request: &str) -> (u16, String) {
    let account = Some(Account::administrator("CONTOSO\\admin"));
    let caller = Caller { account, connection: 1, sealed: true };
    let response = world.handle(&caller, request.as_bytes(), Duration::ZERO);
    (response.status, String::from_utf8(response.body).unwrap())
}

#[track_caller]
fn assert_fault(answer: &(u16, String), code: u32, subcode: &str, detail: &str) {
    let (status, text) = answer;
    assert_eq!(*status, 500, "{text}");
    for part in [format!(r#"Code="{code}""#), format!("<s:Value>{subcode}</s:Value>"), detail.to_owned()] {
        assert!(text.contains(&part), "{part} is not in {text}");
    }
}

#[tokio::test]
async fn another_type_of_content_is_415_on_windows() {
    for (profile, status) in [(Profile::Windows2022, 415), (Profile::Omi, 200)] {
        let world = World::with_shells(1).with_profile(profile);
        let simulator =
            Simulator::builder().world(world).allow_basic().allow_unencrypted().start().await.unwrap();
        let login = basic(&simulator);
        let mut wire = Wire::new(TcpStream::connect(simulator.address()).await.unwrap());
        for (content_type, status) in [
            ("text/xml", status),
            ("application/soap+xmlx", status),
            ("application/soap+xml", 200),
            ("Application/SOAP+XML; charset=utf-8", 200),
        ] {
            let headers = [("Content-Type", content_type), ("Authorization", login.as_str())];
            let answer = wire.post(&headers, list().as_bytes()).await.unwrap();
            assert_eq!(answer.status, status, "{profile:?} {content_type}");
        }
        let world = simulator.world();
        let world = world.lock().unwrap();
        let reason = world.log().find_map(|entry| entry.reason.clone());
        let expected = (status == 415).then_some("Content-Type application/soap+xml expected, text/xml sent");
        assert_eq!(reason.as_deref(), expected);
    }
}

#[test]
fn an_envelope_of_less_than_8192_bytes_cannot_be_asked_for() {
    let mut world = World::with_shells(1);
    let small = list().replace(">512000<", ">8191<");
    assert_fault(&ask(&mut world, &small), 2150858822, "w:EncodingLimit", "/MinimumEnvelopeLimit<");
    assert_eq!(ask(&mut world, &list().replace(">512000<", ">8192<")).0, 200);
}

#[test]
fn a_filter_on_an_unknown_resource_is_a_fault_of_the_resource() {
    let mut world = World::with_shells(1);
    let filtered = list_commands(SHELL_ID).replace("/shell/Command<", "/shell<");
    assert_fault(&ask(&mut world, &filtered), 2150858776, "n:FilteringNotSupported", "");
    let unknown = list_commands(SHELL_ID).replace("/windows/shell/Command<", "/windows/nothing<");
    assert_fault(&ask(&mut world, &unknown), 2150858811, "a:DestinationUnreachable", "/InvalidResourceURI<");
}

#[test]
fn a_command_that_is_known_to_be_done_takes_no_input() {
    let mut world = World::new("sim01");
    world.add(SimulatedShell::cmd(SHELL_ID, "CONTOSO\\admin"));
    let shell = |action: &str, body: &str| request(&format!("{SHELL}/{action}"), CMD, Some(SHELL_ID), body);
    let begin = format!(
        r#"<rsp:CommandLine CommandId="{COMMAND_ID}"><rsp:Command>hostname</rsp:Command></rsp:CommandLine>"#
    );
    assert_eq!(ask(&mut world, &shell("Command", &begin)).0, 200);
    let stream =
        format!(r#"<rsp:Stream Name="stdin" CommandId="{COMMAND_ID}">{}</rsp:Stream>"#, BASE64.encode("x"));
    let send = shell("Send", &format!("<rsp:Send>{stream}</rsp:Send>"));
    assert_eq!(ask(&mut world, &send).0, 200, "its client cannot know yet");
    let receive = format!(
        r#"<rsp:Receive><rsp:DesiredStream CommandId="{COMMAND_ID}">stdout stderr</rsp:DesiredStream></rsp:Receive>"#
    );
    let (_, text) = ask(&mut world, &shell("Receive", &receive));
    assert!(text.contains("CommandState/Done"), "{text}");
    let answer = ask(&mut world, &send);
    assert_fault(&answer, 109, "w:InternalError", r#"provider="Shell cmd plugin""#);
}
