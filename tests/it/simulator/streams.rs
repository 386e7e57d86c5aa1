//! Opening shells, running commands in them, leaving them and coming back: what other clients need.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pssession::simulator::{Account, Caller, InjectedFault, OperationKind, Response, World};

use super::wire::*;

const SHELL_ID: &str = "11111111-1111-4111-8111-111111111111";
const COMMAND_ID: &str = "AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA";
const CMD: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";
const CTRL_C: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/ctrl_c";
const TERMINATE: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/Terminate";
const TIMED_OUT: u32 = 2150858793;

fn ask_at(world: &mut World, second: u64, request: &str) -> Response {
    let account = Some(Account::administrator("CONTOSO\\admin"));
    let caller = Caller { account, connection: 1, sealed: true };
    world.handle(&caller, request.as_bytes(), Duration::from_secs(second))
}

fn text(response: Response) -> String {
    assert!(response.held.is_none(), "it waits");
    String::from_utf8(response.body).unwrap()
}

fn ask(world: &mut World, request: &str) -> String {
    text(ask_at(world, 0, request))
}

#[track_caller]
fn assert_fault(text: &str, code: u32) {
    assert!(text.contains(&format!(r#"Code="{code}""#)), "{text}");
}

fn create(resource: &str, attributes: &str, inside: &str) -> String {
    request(
        &format!("{TRANSFER}/Create"),
        resource,
        None,
        &format!("<rsp:Shell{attributes}>{inside}</rsp:Shell>"),
    )
}

fn run(line: &str) -> String {
    let body = format!(
        r#"<rsp:CommandLine CommandId="{COMMAND_ID}"><rsp:Command>{line}</rsp:Command></rsp:CommandLine>"#
    );
    request(&format!("{SHELL}/Command"), CMD, Some(SHELL_ID), &body)
}

fn receive(resource: &str, command_id: Option<&str>) -> String {
    let command_id = command_id.map_or(String::new(), |id| format!(r#" CommandId="{id}""#));
    let body = format!(
        "<rsp:Receive><rsp:DesiredStream{command_id}>stdout stderr</rsp:DesiredStream></rsp:Receive>"
    );
    request(&format!("{SHELL}/Receive"), resource, Some(SHELL_ID), &body)
}

fn send(data: &str, end: &str) -> String {
    let stream = BASE64.encode(data);
    let body = format!(
        r#"<rsp:Send><rsp:Stream Name="stdin" CommandId="{COMMAND_ID}"{end}>{stream}</rsp:Stream></rsp:Send>"#
    );
    request(&format!("{SHELL}/Send"), CMD, Some(SHELL_ID), &body)
}

/// A PSRP payload: whole fragments with messages of these types, and nothing in them.
fn payload(kinds: &[u32]) -> String {
    let mut bytes = Vec::new();
    for kind in kinds {
        bytes.extend([0; 16]);
        bytes.push(3);
        bytes.extend(40_u32.to_be_bytes());
        bytes.extend(2_u32.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend([7; 32]);
    }
    BASE64.encode(bytes)
}

fn opening(name: &str, kinds: &[u32]) -> String {
    let payload = payload(kinds);
    format!(r#"<{name} xmlns="http://schemas.microsoft.com/powershell">{payload}</{name}>"#)
}

/// A world with one cmd shell, opened by its client.
fn with_cmd_shell() -> World {
    let mut world = World::new("sim01");
    let created = ask(&mut world, &create(CMD, &format!(r#" ShellId="{SHELL_ID}" Name="mine""#), ""));
    assert!(created.contains("CreateResponse</a:Action>"), "{created}");
    world
}

/// A world with one PowerShell shell, opened by the client session `uuid:A`.
fn with_pool() -> World {
    let mut world = World::new("sim01");
    let inside = opening("creationXml", &[0x0001_0002, 0x0001_0004]);
    let created =
        ask(&mut world, &of_session("A", &create(POWERSHELL, &format!(r#" ShellId="{SHELL_ID}""#), &inside)));
    assert!(created.contains("<rsp:State>Connected</rsp:State>"), "{created}");
    world
}

fn of_session(name: &str, request: &str) -> String {
    request.replace("</s:Header>", &format!("<p:SessionId>uuid:{name}</p:SessionId></s:Header>"))
}

#[test]
fn a_created_shell_is_its_callers_and_is_listed_and_deleted() {
    let mut world = with_cmd_shell();
    let shell = world.shells()[0].clone();
    assert_eq!((shell.owner.as_str(), shell.name.as_deref()), ("CONTOSO\\admin", Some("mine")));
    assert!(ask(&mut world, &list()).contains(SHELL_ID));
    let again = ask(&mut world, &create(CMD, &format!(r#" ShellId="{SHELL_ID}""#), ""));
    assert_fault(&again, 2150859223);
    assert!(ask(&mut world, &delete(SHELL_ID, CMD)).contains("DeleteResponse"));
    assert!(world.shells().is_empty());
}

#[test]
fn a_create_that_asks_for_too_much_is_refused_with_its_own_code() {
    let mut world = World::new("sim01");
    for (resource, attributes, inside, code) in [
        (CMD, r#" ShellId="mine""#, "", 2150859221),
        (CMD, "", "<rsp:IdleTimeOut>PT1S</rsp:IdleTimeOut>", 2150859250),
        (CMD, "", "<rsp:IdleTimeOut>soon</rsp:IdleTimeOut>", 2150858817),
        (SHELL, "", "", 2150858801),
        ("http://schemas.microsoft.com/powershell/Nobody", "", "", 2150858811),
        (POWERSHELL, "", "", 2150858817),
        (POWERSHELL, "", &opening("creationXml", &[0x0001_0002]), 2152992674),
        (
            POWERSHELL,
            "",
            r#"<creationXml xmlns="http://schemas.microsoft.com/powershell">?</creationXml>"#,
            2152992674,
        ),
    ] {
        assert_fault(&ask(&mut world, &create(resource, attributes, inside)), code);
    }
    let newer = create(POWERSHELL, "", &opening("creationXml", &[0x0001_0002, 0x0001_0004])).replace(
        "</s:Header>",
        r#"<w:OptionSet><w:Option Name="protocolversion">9.0</w:Option></w:OptionSet></s:Header>"#,
    );
    assert_fault(&ask(&mut world, &newer), 2152991685);
    assert!(world.shells().is_empty());
}

#[test]
fn a_command_says_its_output_once_and_is_done_until_it_is_released() {
    let mut world = with_cmd_shell();
    let begun = ask(&mut world, &run("echo hi"));
    assert_eq!(element(&begun, "rsp:CommandId"), COMMAND_ID);
    assert_fault(&ask(&mut world, &run("echo hi")), 2150859223);
    let first = ask(&mut world, &receive(CMD, Some(COMMAND_ID)));
    assert!(
        first.contains(&format!(
            r#"<rsp:Stream Name="stdout" CommandId="{COMMAND_ID}">aGkNCg==</rsp:Stream>"#
        ))
    );
    assert!(first.contains("CommandState/Done\"><rsp:ExitCode>0</rsp:ExitCode>"), "{first}");
    let second = ask(&mut world, &receive(CMD, Some(COMMAND_ID)));
    assert!(!second.contains("aGkNCg=="), "{second}");
    assert!(second.contains("CommandState/Done"), "{second}");
    ask(&mut world, &signal(SHELL_ID, CMD, COMMAND_ID, TERMINATE));
    assert_fault(&ask(&mut world, &receive(CMD, Some(COMMAND_ID))), 2150858843);
}

#[test]
fn a_receive_waits_until_its_command_ends_by_the_worlds_clock() {
    let mut world = with_cmd_shell();
    ask(&mut world, &run("sleep 30"));
    assert!(ask(&mut world, &list_commands(SHELL_ID)).contains("Running"));
    let held = ask_at(&mut world, 1, &receive(CMD, Some(COMMAND_ID))).held.unwrap();
    assert!(world.resume(&held, Duration::from_secs(2)).held.is_some());
    assert_eq!(world.log().last().unwrap().status, 0);
    world.advance(Duration::from_secs(28), Duration::from_secs(2));
    let answered = text(world.resume(&held, Duration::from_secs(2)));
    assert!(answered.contains("CommandState/Done"), "{answered}");
    assert_eq!(element(&answered, "a:RelatesTo"), MESSAGE_ID);
    assert_eq!(world.log().last().unwrap().status, 200);
    assert!(text(ask_at(&mut world, 2, &list_commands(SHELL_ID))).contains("Done"));
}

#[test]
fn a_receive_with_nothing_to_say_is_a_timeout_and_the_command_runs_on() {
    let mut world = with_cmd_shell();
    ask(&mut world, &run("pause"));
    assert!(ask(&mut world, &receive(CMD, Some(COMMAND_ID))).contains("CommandState/Running"));
    let quick = receive(CMD, Some(COMMAND_ID)).replace("PT60S", "PT5S");
    let held = ask_at(&mut world, 10, &quick).held.unwrap();
    assert!(world.resume(&held, Duration::from_secs(14)).held.is_some());
    assert_fault(&text(world.resume(&held, Duration::from_secs(15))), TIMED_OUT);
    assert_eq!(world.log().last().unwrap().fault, Some(TIMED_OUT));
    assert!(world.shells()[0].commands[0].running);
}

#[test]
fn a_receive_is_cut_off_when_its_shell_or_command_goes() {
    for goes in [delete(SHELL_ID, CMD), signal(SHELL_ID, CMD, COMMAND_ID, TERMINATE)] {
        let mut world = with_cmd_shell();
        ask(&mut world, &run("sleep 30"));
        let held = ask_at(&mut world, 0, &receive(CMD, Some(COMMAND_ID))).held.unwrap();
        ask(&mut world, &goes);
        assert_fault(&text(world.resume(&held, Duration::ZERO)), 995);
    }
}

#[test]
fn ctrl_c_ends_a_running_command_and_releases_an_ended_one() {
    let mut world = with_cmd_shell();
    ask(&mut world, &run("sleep 30"));
    ask(&mut world, &signal(SHELL_ID, CMD, COMMAND_ID, CTRL_C));
    let answered = ask(&mut world, &receive(CMD, Some(COMMAND_ID)));
    assert_eq!(element(&answered, "rsp:ExitCode"), "3221225786");
    ask(&mut world, &signal(SHELL_ID, CMD, COMMAND_ID, CTRL_C));
    assert!(world.shells()[0].commands.is_empty());
}

#[test]
fn input_goes_into_a_command_and_its_end_ends_it() {
    let mut world = with_cmd_shell();
    ask(&mut world, &run("more"));
    assert!(ask(&mut world, &send("one ", "")).contains("<rsp:SendResponse/>"));
    assert!(ask(&mut world, &receive(CMD, Some(COMMAND_ID))).contains(&BASE64.encode("one ")));
    // As one client writes it.
    ask(&mut world, &send("two", r#" End="True""#));
    let rest = ask(&mut world, &receive(CMD, Some(COMMAND_ID)));
    assert!(rest.contains(&BASE64.encode("two")) && rest.contains("Done"), "{rest}");
    let odd = send("x", "").replace(&BASE64.encode("x"), "?");
    assert_fault(&ask(&mut world, &odd), 2150858817);
}

#[test]
fn an_injected_fault_reaches_an_answer_that_had_to_wait() {
    let mut world = with_cmd_shell();
    ask(&mut world, &run("sleep 1"));
    world.inject(OperationKind::Receive, 1, InjectedFault::FaultAfter(1115));
    let held = ask_at(&mut world, 0, &receive(CMD, Some(COMMAND_ID))).held.unwrap();
    assert_fault(&text(world.resume(&held, Duration::from_secs(1))), 1115);
}

#[test]
fn a_pool_says_that_it_is_open_and_then_waits() {
    let mut world = with_pool();
    let said = ask(&mut world, &receive(POWERSHELL, None));
    assert_eq!(said.matches(r#"<rsp:Stream Name="stdout">"#).count(), 3, "{said}");
    assert!(ask_at(&mut world, 0, &receive(POWERSHELL, None)).held.is_some());
}

#[test]
fn a_pipeline_that_is_empty_is_done() {
    let mut world = with_pool();
    let body = format!(
        r#"<rsp:CommandLine CommandId="{COMMAND_ID}"><rsp:Command/><rsp:Arguments>{}</rsp:Arguments></rsp:CommandLine>"#,
        payload(&[0x0002_1006])
    );
    ask(&mut world, &request(&format!("{SHELL}/Command"), POWERSHELL, Some(SHELL_ID), &body));
    let said = ask(&mut world, &receive(POWERSHELL, Some(COMMAND_ID)));
    assert!(said.contains("CommandState/Done"), "{said}");
    assert_eq!(said.matches("<rsp:Stream ").count(), 1, "its state: {said}");
    let nonsense = body.replace(&payload(&[0x0002_1006]), "AAAA").replace(COMMAND_ID, SHELL_ID);
    let refused = request(&format!("{SHELL}/Command"), POWERSHELL, Some(SHELL_ID), &nonsense);
    assert_fault(&ask(&mut world, &refused), 87);
}

fn leave(what: &str, session: &str, body: &str) -> String {
    of_session(session, &request(&format!("{SHELL}/{what}"), POWERSHELL, Some(SHELL_ID), body))
}

#[test]
fn a_pool_is_left_and_taken_back_by_its_own_session_only() {
    let mut world = with_pool();
    let disconnect =
        leave("Disconnect", "A", "<rsp:Disconnect><rsp:IdleTimeOut>PT90S</rsp:IdleTimeOut></rsp:Disconnect>");
    let held = ask_at(&mut world, 0, &receive(POWERSHELL, None));
    assert!(held.held.is_none(), "what it said at the opening");
    let held = ask_at(&mut world, 0, &receive(POWERSHELL, None)).held.unwrap();
    assert!(ask(&mut world, &disconnect).contains("<s:Body></s:Body>"));
    assert_fault(&text(world.resume(&held, Duration::ZERO)), 2150859230);
    assert_fault(&ask(&mut world, &disconnect), 2150859215);
    assert_fault(&ask(&mut world, &receive(POWERSHELL, None)), 2150859204);
    let shell = &world.shells()[0];
    assert_eq!((shell.state.as_deref(), shell.idle_timeout.as_secs()), (Some("Disconnected"), 90));
    assert_fault(&ask(&mut world, &leave("Reconnect", "B", "")), 2150859206);
    assert!(ask(&mut world, &leave("Reconnect", "A", "")).contains("ReconnectResponse"));
    assert_fault(&ask(&mut world, &leave("Reconnect", "B", "")), 2150859213);
    assert_eq!(world.shells()[0].state.as_deref(), Some("Connected"));
}

#[test]
fn another_client_adopts_a_pool_that_was_left() {
    let mut world = with_pool();
    let connect =
        format!("<rsp:Connect>{}</rsp:Connect>", opening("connectXml", &[0x0001_0002, 0x0001_0008]));
    assert_fault(&ask(&mut world, &leave("Connect", "B", &connect)), 2150859213);
    ask(&mut world, &leave("Disconnect", "A", "<rsp:Disconnect/>"));
    let bare = format!("<rsp:Connect>{}</rsp:Connect>", opening("connectXml", &[0x0001_0002]));
    assert_fault(&ask(&mut world, &leave("Connect", "B", &bare)), 2152992674);
    let adopted = ask(&mut world, &leave("Connect", "B", &connect));
    assert!(adopted.contains("<connectResponseXml xmlns="), "{adopted}");
    assert!(ask(&mut world, &leave("Reconnect", "B", "")).contains("ReconnectResponse"));
}

#[test]
fn a_cmd_shell_and_one_without_a_chosen_id_cannot_be_left() {
    let mut world = with_cmd_shell();
    let body = "<rsp:Disconnect/>";
    let cmd = request(&format!("{SHELL}/Disconnect"), CMD, Some(SHELL_ID), body);
    assert_fault(&ask(&mut world, &cmd), 2150859205);
    let created = create(POWERSHELL, "", &opening("creationXml", &[0x0001_0002, 0x0001_0004]));
    ask(&mut world, &created);
    let given = world.shells()[1].shell_id.clone();
    let left = request(&format!("{SHELL}/Disconnect"), POWERSHELL, Some(&given), body);
    assert_fault(&ask(&mut world, &left), 2150859205);
}

#[test]
fn a_moved_clock_ends_shells_that_nobody_used_and_spares_busy_ones() {
    let mut world = with_cmd_shell();
    ask(&mut world, &run("pause"));
    let create = create(CMD, "", "<rsp:IdleTimeOut>PT60S</rsp:IdleTimeOut>");
    ask(&mut world, &create);
    world.advance(Duration::from_secs(59), Duration::ZERO);
    assert_eq!(world.shells().len(), 2);
    world.advance(Duration::from_secs(1), Duration::ZERO);
    assert_eq!(world.shells().len(), 1);
    world.advance(Duration::from_secs(1_000_000), Duration::ZERO);
    assert_eq!(world.shells().len(), 1);
}
