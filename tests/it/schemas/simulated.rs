//! Whatever the simulated service answers is valid, and so is what other clients ask it here.

use std::time::Duration;

use pssession::simulator::{Account, Caller, InjectedFault, OperationKind, Profile, SimulatedShell, World};
use pssession::wsman::FAULTS;

use super::requests::*;
use super::validator::Direction;
use super::{Envelope, assert_valid};

const ALICE: &str = "11111111-1111-4111-8111-111111111111";
const LEFT: &str = "22222222-2222-4222-8222-222222222222";
const PROMPT: &str = "33333333-3333-4333-8333-333333333333";
const NEW: &str = "44444444-4444-4444-8444-444444444444";

/// A world that notes what it is asked and what it answers.
struct Noted {
    world: World,
    envelopes: Vec<Envelope>,
    now: Duration,
}

impl Noted {
    fn new(world: World) -> Self {
        Self { world, envelopes: Vec::new(), now: Duration::from_secs(60) }
    }

    /// Asks as an administrator, and gives the answer back.
    fn ask(&mut self, name: &str, request: &str) -> String {
        self.envelopes.push(Envelope {
            name: format!("{name}, request"),
            from: Direction::Request,
            bytes: request.as_bytes().to_vec(),
        });
        self.ask_anything(name, request, Some(Account::administrator("CONTOSO\\admin")))
    }

    /// The same with a request that need not be valid.
    fn ask_anything(&mut self, name: &str, request: &str, account: Option<Account>) -> String {
        self.now += Duration::from_millis(1_500);
        let caller = Caller { account, connection: 1, sealed: true };
        let mut response = self.world.handle(&caller, request.as_bytes(), self.now);
        while let Some(held) = response.held.take() {
            self.now += Duration::from_secs(5);
            response = self.world.resume(&held, self.now);
        }
        let text = String::from_utf8(response.body).unwrap();
        // Without a body it is no more than an HTTP status.
        if !text.is_empty() {
            self.envelopes.push(Envelope {
                name: format!("{name}, answer"),
                from: Direction::Response,
                bytes: text.clone().into(),
            });
        }
        text
    }

    /// The ShellId of a new shell, or the one that was proposed.
    fn create(&mut self, name: &str, request: &str, proposed: &str) -> String {
        let answer = self.ask(name, request);
        let id = answer.split_once(r#"Name="ShellId">"#).and_then(|(_, rest)| rest.split_once('<'));
        id.map_or(proposed, |(id, _)| id.trim()).to_owned()
    }
}

fn world() -> World {
    let mut world = World::new("sim01");
    let powershell =
        |id, name| SimulatedShell::powershell(id, name, "CONTOSO\\alice", "Microsoft.PowerShell");
    world.add(powershell(ALICE, "Runspace <1> & \"co\"").running(COMMAND_ID, ""));
    world.add(powershell(LEFT, "Runspace2").disconnected());
    world.add(SimulatedShell::cmd(PROMPT, "CONTOSO\\alice").running(COMMAND_ID, "ping -t \"a & b\""));
    world
}

#[test]
fn each_answer_of_a_run_of_all_operations_is_valid() {
    let envelopes = all_operations(world());
    for operation in ["Create", "Command", "Receive", "Send", "Signal", "Disconnect", "Reconnect", "Connect"]
    {
        let action = format!("/{operation}Response</a:Action>");
        let has_action = |envelope: &Envelope| String::from_utf8_lossy(&envelope.bytes).contains(&action);
        assert!(envelopes.iter().any(has_action), "no answer to a {operation} was seen");
    }
    assert_valid(&envelopes);
}

#[test]
fn so_is_each_answer_of_every_generation_of_servers() {
    let mut envelopes = Vec::new();
    for profile in Profile::ALL {
        for envelope in all_operations(world().with_profile(*profile)) {
            // OMI answers Identify in the namespace of SOAP, and a Get with an instance of a class of CIM, which has no
            // schema here; both are known, and refused elsewhere.
            let is_known = *profile == Profile::Omi
                && ["identify", "get"].iter().any(|name| envelope.name.starts_with(name));
            if envelope.from == Direction::Response && !is_known {
                envelopes
                    .push(Envelope { name: format!("{}: {}", profile.name(), envelope.name), ..envelope });
            }
        }
    }
    assert_valid(&envelopes);
}

/// Asks for everything, right and wrong; the questions and the answers.
fn all_operations(world: World) -> Vec<Envelope> {
    let mut noted = Noted::new(world);
    let identify = include_str!("../../../fixtures/envelopes/identify.request.xml");
    noted.ask("identify", identify);
    noted.ask_anything("identify, unauthenticated", identify, None);

    let first = noted.ask("first page", &enumerate(2));
    let context = context(&first);
    noted.ask("second page", &pull(context));
    noted.ask("a page too many", &pull(context));
    noted.ask("whole listing", &enumerate(32_000));
    noted.ask("nothing but a context", &enumerate(32_000).replace("<wsman:OptimizeEnumeration/>", ""));
    let first = noted.ask("another first page", &enumerate(1));
    noted.ask("release", &release(self::context(&first)));
    for shell_id in [ALICE, LEFT, PROMPT, NEW] {
        noted.ask("commands", &enumerate_commands(shell_id));
        noted.ask("get", &get(shell_id));
    }

    let shell_id = noted.create("create cmd", &create_cmd(), NEW);
    noted.ask("command", &command(&shell_id, CMD));
    noted.ask("commands of a new shell", &enumerate_commands(&shell_id));
    noted.ask("send", &send(&shell_id, CMD));
    for _ in 0..4 {
        noted.ask("receive", &receive(&shell_id, CMD));
    }
    for code in ["ctrl_c", "ctrl_break", "Terminate", "terminate"] {
        noted.ask("signal", &signal(&shell_id, CMD, &format!("{SHELL}/signal/{code}")));
    }
    noted.ask("receive of nothing", &receive(&shell_id, CMD));
    noted.ask("delete cmd", &delete(&shell_id, CMD));

    let shell_id = noted.create("create PowerShell", &create_powershell(NEW), NEW);
    noted.ask("proposed again", &create_powershell(NEW));
    noted.ask("get a new shell", &get(&shell_id));
    let pool = receive(&shell_id, POWERSHELL).replace(&format!(r#" CommandId="{COMMAND_ID}""#), "");
    for _ in 0..3 {
        noted.ask("receive of a pool", &pool);
    }
    noted.ask("pipeline", &command(&shell_id, POWERSHELL));
    noted.ask("receive of a pipeline", &receive(&shell_id, POWERSHELL));
    noted.ask("stop", &signal(&shell_id, POWERSHELL, "powershell/signal/crtl_c"));
    noted.ask("disconnect", &disconnect(&shell_id));
    noted.ask("disconnect again", &disconnect(&shell_id));
    noted.ask("receive of a disconnected shell", &pool);
    noted.ask("reconnect", &reconnect(&shell_id));
    noted.ask("disconnect once more", &disconnect(&shell_id));
    noted.ask("connect", &connect(&shell_id));
    noted.ask("connect again", &connect(&shell_id));
    noted.ask("delete with the generic URI", &delete(&shell_id, SHELL));
    noted.ask("delete again", &delete(&shell_id, SHELL));
    noted.ask("delete a disconnected shell", &delete(LEFT, POWERSHELL));
    noted.ask("configuration", &request(&format!("{TRANSFER}/Get"), CONFIG, None, "", ""));
    assert!(noted.envelopes.len() > 90, "{}", noted.envelopes.len());
    noted.envelopes
}

/// The context of a page, or one that nobody has given.
fn context(page: &str) -> &str {
    let context = page.split_once("EnumerationContext>").and_then(|(_, rest)| rest.split_once('<'));
    context.map(|(context, _)| context.trim()).filter(|context| !context.is_empty()).unwrap_or("uuid:none")
}

const CONFIG: &str = "http://schemas.microsoft.com/wbem/wsman/1/config";

#[test]
fn each_fault_is_valid_whatever_it_is_about() {
    let mut noted = Noted::new(world());
    for fault in FAULTS {
        noted.world.inject(OperationKind::Get, 1, InjectedFault::Fault(fault.code.0));
        let answer = noted.ask(&format!("fault {}", fault.code.0), &get(ALICE));
        assert!(answer.contains("<s:Fault>"), "{answer}");
    }
    let admin = Some(Account::administrator("CONTOSO\\admin"));
    let good = get(ALICE);
    let bad = [
        ("no body that it knows", request(&format!("{ENUMERATION}/Enumerate"), SHELL, None, "", "")),
        ("an action of nobody's", good.replace("transfer/Get", "transfer/Steal")),
        ("no action", good.replace("wsa:Action", "wsman:Action")),
        ("no selectors", request(&format!("{TRANSFER}/Get"), SHELL, None, "", "")),
        ("no resource of this host", good.replace(SHELL, "urn:nowhere")),
        ("no number of bytes", good.replace("153600", "many")),
        ("a negative timeout", good.replace("PT20S", "PT-1S")),
        ("a header that nobody knows", good.replace("<x:Trace ", r#"<x:Trace env:mustUnderstand="true" "#)),
        ("a filter of shells", enumerate_commands(ALICE).replace("windows/shell/Command", "windows/shell")),
        (
            "commands without a filter",
            enumerate(10).replace(
                ">http://schemas.microsoft.com/wbem/wsman/1/windows/shell<",
                ">http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command<",
            ),
        ),
        ("no envelope", "<a/>".to_owned()),
        ("no XML", "gibberish".to_owned()),
    ];
    for (name, request) in bad {
        noted.ask_anything(name, &request, admin.clone());
    }
    noted.ask_anything(
        "somebody else's shell",
        &delete(ALICE, POWERSHELL),
        Some(Account::user("CONTOSO\\bob")),
    );
    assert!(noted.envelopes.len() > 2 * FAULTS.len());
    assert_valid(&noted.envelopes);
}
