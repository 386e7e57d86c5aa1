//! Scripted programs on the wire: which rule answers a command line, when it is heard, and what the log says.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pssession::simulator::{
    Account, Caller, OperationKind, Response, Rule, Script, ShellType, SimulatedShell, World,
};

use super::wire::*;

const SHELL_ID: &str = "11111111-1111-4111-8111-111111111111";
const CMD: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";

fn world(rules: impl IntoIterator<Item = Rule>) -> World {
    let script = rules.into_iter().fold(Script::default(), Script::with);
    let mut world = World::new("sim01").with_script(script);
    world.add(SimulatedShell::cmd(SHELL_ID, "CONTOSO\\admin"));
    world
}

fn rule(pattern: &str) -> Rule {
    Rule::new(pattern).unwrap()
}

fn ask(world: &mut World, second: u64, body: &str, operation: &str) -> Response {
    let account = Some(Account::administrator("CONTOSO\\admin"));
    let caller = Caller { account, connection: 1, sealed: true };
    let request = request(&format!("{SHELL}/{operation}"), CMD, Some(SHELL_ID), body);
    world.handle(&caller, request.as_bytes(), Duration::from_secs(second))
}

/// Starts a command line, and gives its id.
fn run(world: &mut World, line: &str) -> String {
    let body = format!("<rsp:CommandLine><rsp:Command>{line}</rsp:Command></rsp:CommandLine>");
    let answer = String::from_utf8(ask(world, 0, &body, "Command").body).unwrap();
    let id = answer.split("<rsp:CommandId>").nth(1).and_then(|rest| rest.split('<').next());
    id.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// What a Receive hears: stdout, stderr and the exit code, if the command is done; `None` if it has to wait.
fn hear(world: &mut World, second: u64, command_id: &str) -> Option<(String, String, i64)> {
    let body = format!(
        r#"<rsp:Receive><rsp:DesiredStream CommandId="{command_id}">stdout stderr</rsp:DesiredStream></rsp:Receive>"#
    );
    let response = ask(world, second, &body, "Receive");
    if response.held.is_some() {
        return None;
    }
    let answer = String::from_utf8(response.body).unwrap();
    let stream = |name: &str| {
        let begin = format!(r#"<rsp:Stream Name="{name}""#);
        let parts = answer.split(begin.as_str()).skip(1);
        let texts = parts.filter_map(|part| part.split('>').nth(1)?.split('<').next());
        texts.map(|text| String::from_utf8(BASE64.decode(text).unwrap()).unwrap()).collect::<String>()
    };
    let code = answer.split("<rsp:ExitCode>").nth(1).and_then(|rest| rest.split('<').next());
    Some((stream("stdout"), stream("stderr"), code.expect("it is done").parse().unwrap()))
}

fn answer(world: &mut World, line: &str) -> (String, String, i64) {
    let id = run(world, line);
    hear(world, 0, &id).expect("an answer at once")
}

fn texts(stdout: &str, stderr: &str, code: i64) -> (String, String, i64) {
    (stdout.to_owned(), stderr.to_owned(), code)
}

#[test]
fn the_first_rule_that_matches_answers_and_without_one_the_programs_do() {
    let mut world = world([
        rule("deploy *").stdout("done\n").stderr("one warning\n").exit_code(3),
        rule("deploy *").stdout("never"),
        rule("whoami").shell_type(ShellType::PowerShell).stdout("never"),
    ]);
    assert_eq!(answer(&mut world, "DEPLOY now"), texts("done\r\n", "one warning\r\n", 3));
    assert_eq!(answer(&mut world, "cmd /c deploy now"), texts("done\r\n", "one warning\r\n", 3));
    assert_eq!(answer(&mut world, "whoami"), texts("contoso\\admin\r\n", "", 0));
}

#[test]
fn an_encoded_script_is_matched_decoded_or_as_it_was_sent() {
    let units: Vec<u8> = "Get-Service -Name W32Time".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let line = format!("powershell -NoProfile -EncodedCommand {}", BASE64.encode(units));
    let mut decoded = world([rule("get-service *").stdout("Running")]);
    assert_eq!(answer(&mut decoded, &line), texts("Running", "", 0));
    let mut sent = world([rule("powershell *-EncodedCommand *").exit_code(-1)]);
    assert_eq!(answer(&mut sent, &line), texts("", "", -1));
    let (stdout, stderr, code) = answer(&mut world([]), &line);
    assert!(stderr.contains("'Get-Service' is not recognized"), "{stderr}");
    assert_eq!((stdout.as_str(), code), ("", 1));
}

#[test]
fn a_delay_is_heard_on_the_worlds_clock_and_an_interrupt_ends_it() {
    let mut world = world([rule("slow").stdout("late").exit_code(2).delay(Duration::from_secs(5))]);
    let id = run(&mut world, "slow");
    assert_eq!(hear(&mut world, 4, &id), None);
    assert_eq!(hear(&mut world, 5, &id), Some(texts("late", "", 2)));
    let id = run(&mut world, "slow");
    let code = format!("{SHELL}/signal/ctrl_c");
    let signal = format!(r#"<rsp:Signal CommandId="{id}"><rsp:Code>{code}</rsp:Code></rsp:Signal>"#);
    assert_eq!(ask(&mut world, 1, &signal, "Signal").status, 200);
    assert_eq!(hear(&mut world, 1, &id), Some(texts("", "", 0xC000_013A)), "what it had not said is lost");
}

#[test]
fn a_rule_that_reads_stdin_answers_when_the_input_has_ended() {
    let mut world = world([rule("sort").stdout("a\nb\n").reads_stdin()]);
    let id = run(&mut world, "sort");
    let send = |end: &str| {
        let stream = BASE64.encode("b\na\n");
        format!(
            r#"<rsp:Send><rsp:Stream Name="stdin" CommandId="{id}"{end}>{stream}</rsp:Stream></rsp:Send>"#
        )
    };
    assert_eq!(ask(&mut world, 0, &send(""), "Send").status, 200);
    assert_eq!(hear(&mut world, 0, &id), None);
    assert_eq!(ask(&mut world, 0, &send(r#" End="true""#), "Send").status, 200);
    assert_eq!(hear(&mut world, 0, &id), Some(texts("a\r\nb\r\n", "", 0)));
}

#[test]
fn the_log_says_what_was_started() {
    let mut world = world([]);
    answer(&mut world, "cmd /c whoami");
    let started: Vec<_> = world.log().map(|entry| (entry.kind, entry.command_line.as_deref())).collect();
    assert_eq!(started, [(OperationKind::Command, Some("whoami")), (OperationKind::Receive, None)]);
}

#[test]
fn a_script_that_is_added_is_asked_first_until_it_is_removed() {
    let mut world = world([rule("x").stdout("start")]);
    world.add_script(Script::default().with(rule("x").stdout("added"))).unwrap();
    assert_eq!(answer(&mut world, "x").0, "added");
    world.clear_scripts();
    assert_eq!(answer(&mut world, "x").0, "start");
}
