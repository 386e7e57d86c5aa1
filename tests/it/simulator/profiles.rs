//! What a client sees of each generation of servers.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pssession::simulator::{Account, Caller, Profile, SimulatedShell, World};

use super::wire::*;

const SHELL_ID: &str = "11111111-1111-4111-8111-111111111111";
const CMD: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";
const EXCHANGE: &str = "http://schemas.microsoft.com/powershell/Microsoft.Exchange";

fn ask(world: &mut World, request: &str) -> (u16, String) {
    let account = Some(Account::administrator("CONTOSO\\admin"));
    let caller = Caller { account, connection: 1, sealed: true };
    let response = world.handle(&caller, request.as_bytes(), Duration::ZERO);
    (response.status, String::from_utf8(response.body).unwrap())
}

/// A world of that generation with one PowerShell session.
fn world(profile: Profile) -> World {
    let mut world = World::new("sim01").with_profile(profile);
    world.add(SimulatedShell::powershell(SHELL_ID, "Runspace1", "CONTOSO\\alice", "Microsoft.PowerShell"));
    world
}

fn create(resource: &str, attributes: &str) -> String {
    let mut payload = Vec::new();
    for kind in [0x0001_0002_u32, 0x0001_0004] {
        payload.extend([0; 16]);
        payload.extend([3, 0, 0, 0, 40, 2, 0, 0, 0]);
        payload.extend(kind.to_le_bytes());
        payload.extend([7; 32]);
    }
    let opening = format!(
        r#"<creationXml xmlns="http://schemas.microsoft.com/powershell">{}</creationXml>"#,
        BASE64.encode(payload)
    );
    let body = format!("<rsp:Shell{attributes}>{opening}</rsp:Shell>");
    request(&format!("{TRANSFER}/Create"), resource, None, &body)
}

/// One line of the table: everything of a profile that a client can tell.
fn seen(profile: Profile) -> String {
    let mut world = world(profile);
    let code = |text: &str| {
        let code = text.split_once("Code=\"").map(|(_, rest)| rest.split('"').next().unwrap());
        code.unwrap_or(if text.contains("Fault>") { "uncoded" } else { "ok" }).to_owned()
    };
    let resource = if profile == Profile::Exchange { EXCHANGE } else { POWERSHELL };
    let created = ask(&mut world, &create(resource, &format!(r#" ShellId="{CMD_ID}" Name="n""#))).1;
    let nameless = ask(&mut world, &create(CMD, "")).1;
    let listed = ask(&mut world, &list()).1;
    let commands = ask(&mut world, &list_commands(SHELL_ID)).1;
    let left = request(&format!("{SHELL}/Disconnect"), resource, Some(CMD_ID), "<rsp:Disconnect/>");
    let left = ask(&mut world, &left).1;
    let mut full = 0;
    while !world.is_full("CONTOSO\\carol") {
        full += 1;
        world.add(SimulatedShell::cmd(&full.to_string(), "CONTOSO\\carol"));
    }
    let big = format!("{}{}", list(), " ".repeat(160_000));
    let yes = |is: bool| if is { "yes" } else { "no" };
    format!(
        "{:13} {:12} {:3} {:3} {:7} {:7} {:5} {:10} {:10} {:8} {:5} {:5} {}",
        profile.name(),
        world.profile().path(),
        yes(created.contains(CMD_ID)),
        yes(created.contains("<rsp:Shell ") || created.contains("<p:Shell ")),
        code(&nameless),
        code(&listed),
        yes(listed.contains("rsp:State>")),
        code(&commands),
        code(&left),
        yes(created.contains("ActivityId>")),
        full,
        ask(&mut world, &big).0,
        element(&ask(&mut world, identify()).1, "wsmid:ProductVersion"),
    )
}

const CMD_ID: &str = "22222222-2222-4222-8222-222222222222";

#[test]
fn the_table_of_differences_is_what_a_client_sees() {
    let table: Vec<_> = Profile::ALL.iter().map(|profile| seen(*profile)).collect();
    // Path, keeps a chosen id, describes what it created, takes a shell without a name, lists shells, tells their
    // State, lists commands, Disconnect, ActivityId, shells per user, 160 KB, Identify.
    let expected = [
        "2008r2        /wsman       no  no  ok      ok      no    2150858811 2150858771 no           5   413 OS: 6.1.7601 SP: 0.0 Stack: 2.0",
        "2012r2        /wsman       yes yes ok      ok      yes   ok         ok         yes         30   200 OS: 6.3.9600 SP: 0.0 Stack: 3.0",
        "2016          /wsman       yes yes ok      ok      yes   ok         ok         yes         30   200 OS: 10.0.14393 SP: 0.0 Stack: 3.0",
        "2019          /wsman       yes yes ok      ok      yes   ok         ok         no          30   200 OS: 10.0.17763 SP: 0.0 Stack: 3.0",
        "2022          /wsman       yes yes ok      ok      yes   ok         ok         no          30   200 OS: 10.0.20348 SP: 0.0 Stack: 3.0",
        "2025          /wsman       yes yes ok      ok      yes   ok         ok         no          30   200 OS: 10.0.26100 SP: 0.0 Stack: 3.0",
        "2025-hardened /wsman       yes yes ok      ok      yes   ok         ok         no          30   200 OS: 10.0.26100 SP: 0.0 Stack: 3.0",
        "exchange      /PowerShell/ yes yes ok      5       no    5          ok         no          30   500 OS: 10.0.20348 SP: 0.0 Stack: 3.0",
        "omi           /wsman       yes no  ok      ok      no    uncoded    uncoded    no          30   200 1.0.8-6",
    ];
    assert_eq!(table.join("\n"), expected.join("\n"));
}

#[tokio::test]
async fn exchange_is_reached_at_its_own_path() {
    let builder = pssession::simulator::Simulator::builder();
    let simulator = builder.world(World::new("ex01").with_profile(Profile::Exchange)).start().await.unwrap();
    assert!(simulator.url().ends_with("/PowerShell/"), "{}", simulator.url());
    let connect = || async { tokio::net::TcpStream::connect(simulator.address()).await.unwrap() };
    let mut wire = Wire::new(connect().await);
    assert_eq!(wire.send("POST", "/powershell?x=1", &[], b"").await.unwrap().status, 401);
    assert_eq!(wire.send("POST", "/wsman", &[], b"").await.unwrap().status, 404);
}
