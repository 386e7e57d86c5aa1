//! OMI 1.9.1 with the PowerShell provider, as it was run: its HTTP, its logins, its envelopes and its faults.

use std::time::Duration;

use pssession::simulator::{Account, Caller, Profile, SimulatedShell, Simulator, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::http::basic;
use super::wire::*;

const SHELL_ID: &str = "11111111-1111-4111-8111-111111111111";
const COMMAND_ID: &str = "22222222-2222-4222-8222-222222222222";

fn world() -> World {
    let mut world = World::new("sim01").with_profile(Profile::Omi);
    world.add(SimulatedShell::powershell(SHELL_ID, "Runspace1", "root", "Microsoft.PowerShell"));
    world
}

fn ask(world: &mut World, request: &str) -> (u16, String) {
    let account = Some(Account::administrator("root"));
    let caller = Caller { account, connection: 1, sealed: false };
    let response = world.handle(&caller, request.as_bytes(), Duration::ZERO);
    (response.status, String::from_utf8(response.body).unwrap())
}

/// A simulator, and the head of its answer to a request.
async fn simulator() -> Simulator {
    Simulator::builder().world(world()).allow_basic().allow_unencrypted().start().await.unwrap()
}

async fn head(simulator: &Simulator, path: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(simulator.address()).await.unwrap();
    let length = body.len();
    let request =
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn it_answers_at_any_path_with_its_own_headers_and_phrase() {
    let simulator = simulator().await;
    let login = format!("Authorization: {}\r\n", basic(&simulator));
    for path in ["/wsman", "/anything"] {
        let head = head(&simulator, path, &login, identify()).await.to_lowercase();
        assert!(head.starts_with("http/1.1 200 success\r\n"), "{head}");
        assert!(head.contains("\r\nconnection: keep-alive\r\n"), "{head}");
        assert!(!head.contains("\r\nserver:") && !head.contains("\r\ndate:"), "{head}");
    }
}

#[tokio::test]
async fn an_empty_login_is_answered_with_all_schemes() {
    let simulator = simulator().await;
    let mut wire = Wire::new(TcpStream::connect(simulator.address()).await.unwrap());
    let answer = wire.post(&[("Authorization", "Negotiate")], b"").await.unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("www-authenticate"), ["Basic realm=\"WSMAN\"", "Negotiate", "Kerberos"]);
}

/// Time is the test's: whatever would come, would come before the hour is over.
#[tokio::test(start_paused = true)]
async fn a_request_without_a_login_is_never_answered() {
    let simulator = simulator().await;
    for headers in [&[][..], &[("WSMANIDENTIFY", "unauthenticated")]] {
        let (client, server) = tokio::io::duplex(65_536);
        let host = simulator.host();
        tokio::spawn(async move { host.serve_connection(server, Default::default()).await });
        let mut wire = Wire::new(client);
        let answered = wire.post(headers, identify().as_bytes());
        assert!(tokio::time::timeout(Duration::from_secs(3_600), answered).await.is_err());
    }
}

#[test]
fn its_envelopes_have_its_prefixes_and_order_and_no_language() {
    let (status, text) = ask(&mut world(), &list());
    assert_eq!(status, 200);
    assert!(text.starts_with(r#"<SOAP-ENV:Envelope xmlns:SOAP-ENV="#), "{text}");
    let places: Vec<_> = ["<wsa:To>", "<wsa:Action>", "<wsa:MessageID>", "<wsa:RelatesTo>"]
        .map(|tag| text.find(tag).unwrap())
        .into();
    assert!(places.is_sorted(), "{text}");
    assert!(text.contains("xmlns:msftwinrm=") && !text.contains(">\n"), "{text}");
    let (_, identity) = ask(&mut world(), identify());
    assert_eq!(element(&identity, "wsmid:ProductVersion"), "1.0.8-6");
    assert!(identity.contains("<wsmid:SecurityProfiles>\n") && identity.contains("<wsmid:Capability>"));
}

#[test]
fn its_shells_are_instances_of_cim_in_a_listing_and_alone() {
    let mut world = world();
    for request in [list(), get(SHELL_ID)] {
        let (_, text) = ask(&mut world, &request);
        let shell = r#"<p:Shell xmlns:p="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Shell""#;
        assert!(text.contains(shell), "{text}");
        assert_eq!(element(&text, "p:ShellId"), SHELL_ID);
        assert!(text.contains(r#"<p:Owner xsi:nil="true"/>"#), "{text}");
    }
    let unoptimized = list().replace("<w:OptimizeEnumeration/>", "");
    let (_, text) = ask(&mut world, &unoptimized);
    assert!(text.contains("<wsman:Items></wsman:Items>"), "{text}");
    let (_, text) = ask(&mut world, &pull(element(&text, "wsen:EnumerationContext"), 32_000));
    assert_eq!(element(&text, "p:ShellId"), SHELL_ID);
}

#[test]
fn what_is_not_there_is_unreachable_with_an_error_of_omi_and_the_rest_says_nothing() {
    let mut world = world();
    let nothing = "http://schemas.microsoft.com/powershell/Nothing";
    for (request, status, reason) in [
        (delete(SHELL_ID, nothing), "5", "the resource is not known here"),
        (get(COMMAND_ID), "6", "the instance was not found"),
        (pull("uuid:nothing", 1), "6", "Enumeration context not found"),
    ] {
        let (_, text) = ask(&mut world, &request);
        assert!(text.contains("<SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value>"), "{text}");
        assert!(text.contains("<SOAP-ENV:Value>wsa:DestinationUnreachable</SOAP-ENV:Value>"), "{text}");
        assert!(text.contains(reason) && text.contains("<p:OMI_Error xmlns:p="), "{text}");
        assert_eq!(element(&text, "p:CIMStatusCode"), status);
        assert!(text.contains("addressing/fault</wsa:Action>"), "{text}");
    }
    let (status, text) = ask(&mut world, &delete(SHELL_ID, POWERSHELL));
    assert_eq!((status, world.shells().len()), (500, 1), "the plug-in is no resource of it");
    assert!(text.contains("<SOAP-ENV:Value>wsman:InternalError</SOAP-ENV:Value>"), "{text}");
    assert!(text.contains(r#"<SOAP-ENV:Text xml:lang="en-US"></SOAP-ENV:Text>"#), "{text}");
    assert!(text.contains("wsman/fault</wsa:Action>"), "{text}");
    let create = request(&format!("{TRANSFER}/Create"), POWERSHELL, None, "<rsp:Shell></rsp:Shell>");
    assert_eq!(ask(&mut world, &create), (500, String::new()), "a shell without a name");
}

#[test]
fn the_generic_resource_deletes_and_a_signal_to_nobody_ends_the_shell() {
    let mut one = world();
    assert_eq!(ask(&mut one, &delete(SHELL_ID, SHELL)).0, 200);
    assert!(one.shells().is_empty());
    let mut other = world();
    let code = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/terminate";
    assert_eq!(ask(&mut other, &signal(SHELL_ID, SHELL, COMMAND_ID, code)).0, 500);
    assert!(other.shells().is_empty());
}
