//! What the control endpoint does to the world. Pure.

use std::time::Duration;

use serde_json::{Value, json};

use super::request::Fields;
use crate::simulator::fault_injection::{FOR_EVER, InjectedFault};
use crate::simulator::guids::upper;
use crate::simulator::request::OperationKind;
use crate::simulator::request_log::LogEntry;
use crate::simulator::script::Script;
use crate::simulator::shells::{SimulatedCommand, SimulatedShell};
use crate::simulator::world::World;
use crate::wsman::uri;

/// An order that was not obeyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    status: u16,
    error_id: &'static str,
    message: String,
}

/// The most shells that control requests may make.
const MAX_SHELLS: usize = 10_000;
/// The most commands that a seeded shell may run.
const MAX_RUNNING: usize = 1_000;
/// The most injected faults that may wait.
const MAX_INJECTED_FAULTS: usize = 1_000;
/// What stands in the place of an answer that is garbage.
const GARBAGE: &[u8] = b"\x00\xff<garbage & no end";
/// What a gateway says whose service is away.
const UNAVAILABLE: &[u8] = b"<html><body><h1>Service Unavailable</h1></body></html>";
/// The owner of a seeded shell that names none.
const OWNER: &str = "CONTOSO\\admin";

impl Refused {
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self { status: 400, error_id: "BadOrder", message: message.into() }
    }

    pub(super) fn unauthorized() -> Self {
        let message =
            "the request requires the header Authorization: Bearer, with the token printed at the start";
        Self { status: 401, error_id: "Unauthorized", message: message.to_owned() }
    }

    pub(super) fn too_large(most: usize) -> Self {
        let message = format!("the body is incomplete, or larger than {most} bytes");
        Self { status: 413, error_id: "TooLarge", message }
    }

    fn unknown(method: &str, path: &str) -> Self {
        let message = format!(
            "there is no {method} {path}; there are GET and POST /shells, POST and DELETE /scripts, GET and DELETE /log, \
             POST and DELETE /faults, POST /clock, POST /reset"
        );
        Self { status: 404, error_id: "NoSuchOrder", message }
    }

    pub(super) fn status(&self) -> u16 {
        self.status
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "Schema": "pssession.error/1", "ErrorId": self.error_id, "Message": self.message })
    }
}

/// Does what is ordered; gives the HTTP status and the answer.
pub(super) fn obey(
    world: &mut World,
    method: &str,
    path: &str,
    body: &[u8],
    now: Duration,
) -> Result<(u16, Value), Refused> {
    if (method, path) == ("POST", "/scripts") {
        add_script(world, body)?;
        return Ok((201, shells(world, now)));
    }
    let mut fields = Fields::read(body)?;
    if matches!(method, "GET" | "DELETE") || path == "/reset" {
        fields.end()?;
    }
    let status = match (method, path) {
        ("GET", "/shells") => 200,
        ("POST", "/shells") => {
            seed(world, &mut fields, now)?;
            201
        }
        ("GET", "/log") => return Ok((200, log(world))),
        ("DELETE", "/log") => {
            world.clear_log();
            200
        }
        ("POST", "/faults") => {
            injected_fault(world, &mut fields)?;
            201
        }
        ("DELETE", "/faults") => {
            world.clear_faults();
            200
        }
        ("DELETE", "/scripts") => {
            world.clear_scripts();
            200
        }
        ("POST", "/clock") => {
            let by = fields.seconds("Seconds")?.ok_or_else(|| Refused::bad("Seconds is missing"))?;
            fields.end()?;
            world.advance(by, now);
            200
        }
        ("POST", "/reset") => {
            world.reset();
            200
        }
        _ => return Err(Refused::unknown(method, path)),
    };
    Ok((status, shells(world, now)))
}

/// Every order but that for the log is answered by what is left.
fn shells(world: &World, now: Duration) -> Value {
    let time = world.time(now);
    let shells: Vec<_> = world.shells().iter().map(|shell| describe(shell, time)).collect();
    json!({ "Schema": "pssession.simulator.shells/1", "Time": time.as_secs_f64(), "Shells": shells })
}

fn describe(shell: &SimulatedShell, time: Duration) -> Value {
    let passed = time.saturating_sub(shell.since);
    let command = |command: &SimulatedCommand| {
        let state = if command.has_ended(time) { "Done" } else { "Running" };
        json!({ "CommandId": command.command_id, "CommandLine": command.command_line, "State": state })
    };
    json!({
        "ShellId": shell.shell_id,
        "Name": shell.name,
        "ResourceUri": shell.resource_uri,
        "Owner": shell.owner,
        "ClientIP": shell.client_ip,
        "State": shell.state,
        "IdleTimeout": shell.idle_timeout.as_secs_f64(),
        "ShellRunTime": (shell.run_time + passed).as_secs_f64(),
        "ShellInactivity": (shell.inactivity + passed).as_secs_f64(),
        "Commands": shell.commands.iter().map(command).collect::<Vec<_>>(),
    })
}

fn log(world: &World) -> Value {
    let entry = |entry: &LogEntry| {
        json!({
            "Operation": entry.kind.name(),
            "ShellId": entry.shell_id,
            "CommandId": entry.command_id,
            "CommandLine": entry.command_line,
            "ResourceUri": entry.resource_uri,
            "User": entry.user,
            "Connection": entry.connection,
            "Sealed": entry.sealed,
            "MessageId": entry.message_id,
            "Time": entry.at.as_secs_f64(),
            "Status": entry.status,
            "FaultCode": entry.fault,
            "Reason": entry.reason,
        })
    };
    json!({ "Schema": "pssession.simulator.log/1", "Log": world.log().map(entry).collect::<Vec<_>>() })
}

fn seed(world: &mut World, fields: &mut Fields, now: Duration) -> Result<(), Refused> {
    let most = MAX_SHELLS.saturating_sub(world.shells().len());
    let room = u64::try_from(most).unwrap_or(u64::MAX);
    if let Some(count) = fields.number("Count", room)? {
        fields.end()?;
        world.populate(usize::try_from(count).unwrap_or(most));
        return Ok(());
    }
    if most == 0 {
        return Err(Refused::bad(format!("there are already {MAX_SHELLS} shells, the maximum")));
    }
    let shell_id = fields.text("ShellId")?.unwrap_or_else(|| upper(world.guids.next_guid()));
    if shell_id.is_empty()
        || world.shells().iter().any(|shell| shell.shell_id.eq_ignore_ascii_case(&shell_id))
    {
        return Err(Refused::bad(format!("ShellId {shell_id:?} is empty, or another shell's")));
    }
    let owner = fields.text("Owner")?.unwrap_or_else(|| OWNER.to_owned());
    let kind = fields.text("Type")?.unwrap_or_else(|| "ps".to_owned());
    let name = fields.text("Name")?;
    let configuration = fields.text("ConfigurationName")?;
    let mut shell = match kind.as_str() {
        "ps" => {
            let configuration = configuration.unwrap_or_else(|| "Microsoft.PowerShell".to_owned());
            let resource_uri = format!("{}{configuration}", uri::POWERSHELL_PREFIX);
            SimulatedShell::of(&shell_id, &resource_uri, &owner)
        }
        "cmd" if configuration.is_some() => {
            return Err(Refused::bad("a cmd shell has no ConfigurationName"));
        }
        "cmd" => SimulatedShell::of(&shell_id, uri::CMD_RESOURCE, &owner),
        other => return Err(Refused::bad(format!("Type must be ps or cmd, but is {other:?}"))),
    };
    shell.name = name;
    shell.since = world.time(now);
    match fields.text("State")?.as_deref() {
        None => {}
        Some(state @ ("Connected" | "Disconnected")) if kind == "ps" => shell.state = Some(state.to_owned()),
        Some(other) => {
            let message =
                format!("State must be Connected or Disconnected, of a PowerShell session, but is {other:?}");
            return Err(Refused::bad(message));
        }
    }
    if let Some(idle_timeout) = fields.seconds("IdleTimeout")? {
        shell.idle_timeout = idle_timeout;
    }
    shell.inactivity = fields.seconds("ShellInactivity")?.unwrap_or_default();
    shell.run_time = fields.seconds("ShellRunTime")?.unwrap_or_default().max(shell.inactivity);
    let running = fields.texts("Running")?;
    if running.len() > MAX_RUNNING {
        return Err(Refused::bad(format!("Running holds more than {MAX_RUNNING} commands")));
    }
    for line in running {
        shell = shell.running(&upper(world.guids.next_guid()), &line);
    }
    fields.end()?;
    world.add(shell);
    Ok(())
}

/// The body is a script as a file has it.
fn add_script(world: &mut World, body: &[u8]) -> Result<(), Refused> {
    let text = std::str::from_utf8(body).map_err(|_| Refused::bad("the script is not UTF-8"))?;
    let script = Script::parse(text).map_err(|error| Refused::bad(format!("the script: {error}")))?;
    if script.is_empty() {
        return Err(Refused::bad("the script has no rule"));
    }
    world.add_script(script).map_err(Refused::bad)
}

/// The names of what can go wrong.
const INJECTED_FAULTS: &[&str] = &[
    "delay",
    "hang",
    "reset",
    "reset-after",
    "half",
    "fault",
    "fault-after",
    "garbage",
    "401",
    "503",
    "wrong-relates-to",
    "pretend",
    "clear",
];

fn injected_fault(world: &mut World, fields: &mut Fields) -> Result<(), Refused> {
    let name = fields.text("Fault")?.unwrap_or_default();
    let operation = fields.text("Operation")?.unwrap_or_default();
    let kind = OperationKind::from_name(&operation).ok_or_else(|| {
        let names: Vec<_> = OperationKind::ALL.iter().map(|kind| kind.name()).collect();
        Refused::bad(format!("Operation must be one of {}, but is {operation:?}", names.join(", ")))
    })?;
    let shell_id = fields.text("ShellId")?;
    let times = fields.number("Times", u64::MAX)?.unwrap_or(1);
    let times = usize::try_from(times).unwrap_or(usize::MAX);
    let code = |fields: &mut Fields| match fields.number("FaultCode", u64::from(u32::MAX))? {
        Some(code) => Ok(u32::try_from(code).unwrap_or(u32::MAX)),
        None => Err(Refused::bad(format!("{name} needs a FaultCode"))),
    };
    let injected_fault = match name.as_str() {
        "delay" => {
            let delay = fields.seconds("Seconds")?.ok_or_else(|| Refused::bad("delay needs Seconds"))?;
            InjectedFault::Delay(delay)
        }
        "hang" => InjectedFault::Delay(FOR_EVER),
        "reset" => InjectedFault::Drop,
        "reset-after" => InjectedFault::DropAfter,
        "half" => InjectedFault::Truncate,
        "fault" => InjectedFault::Fault(code(fields)?),
        "fault-after" => InjectedFault::FaultAfter(code(fields)?),
        "garbage" => InjectedFault::Status(200, GARBAGE.to_vec()),
        "401" => InjectedFault::ForgetLogin,
        "503" => InjectedFault::Status(503, UNAVAILABLE.to_vec()),
        "wrong-relates-to" => InjectedFault::WrongRelatesTo,
        "pretend" => InjectedFault::Pretend,
        "clear" => InjectedFault::Clear,
        other => {
            let names = INJECTED_FAULTS.join(", ");
            return Err(Refused::bad(format!("Fault must be one of {names}, but is {other:?}")));
        }
    };
    fields.end()?;
    if world.pending_faults() >= MAX_INJECTED_FAULTS {
        return Err(Refused::bad(format!("{MAX_INJECTED_FAULTS} faults are already pending")));
    }
    match shell_id {
        Some(shell_id) => world.inject_for(kind, &shell_id, times, injected_fault),
        None => world.inject(kind, times, injected_fault),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(world: &mut World, method: &str, path: &str, body: &str) -> Result<(u16, Value), Refused> {
        obey(world, method, path, body.as_bytes(), Duration::ZERO)
    }

    #[test]
    fn a_seeded_shell_is_told_as_it_was_ordered() {
        let mut world = World::new("sim01");
        let body = r#"{"Type": "ps", "ShellId": "A", "Name": "build-1", "Owner": "LAB\\ci", "State": "Disconnected",
            "IdleTimeout": 60, "ShellInactivity": 5, "Running": ["x", "y"]}"#;
        let (status, value) = order(&mut world, "POST", "/shells", body).unwrap();
        let shell = &value["Shells"][0];
        assert_eq!(status, 201);
        for (name, expected) in [
            ("ShellId", json!("A")),
            ("Name", json!("build-1")),
            ("Owner", json!("LAB\\ci")),
            ("State", json!("Disconnected")),
            ("IdleTimeout", json!(60.0)),
            ("ShellInactivity", json!(5.0)),
        ] {
            assert_eq!(shell[name], expected, "{name}");
        }
        assert_eq!(shell["Commands"][1]["CommandLine"], "y");
        order(&mut world, "POST", "/shells", r#"{"Count": 3}"#).unwrap();
        assert_eq!(world.shells().len(), 4);
    }

    #[test]
    fn the_clock_ends_idle_shells_and_reset_forgets_everything() {
        let mut world = World::new("sim01");
        order(&mut world, "POST", "/shells", r#"{"IdleTimeout": 60}"#).unwrap();
        order(&mut world, "POST", "/shells", r#"{"IdleTimeout": 600}"#).unwrap();
        let (_, value) = order(&mut world, "POST", "/clock", r#"{"Seconds": 60}"#).unwrap();
        assert_eq!(value["Shells"].as_array().unwrap().len(), 1);
        order(&mut world, "POST", "/faults", r#"{"Fault": "hang", "Operation": "delete"}"#).unwrap();
        let (_, value) = order(&mut world, "POST", "/reset", "").unwrap();
        assert_eq!(value["Time"], json!(0.0));
        assert_eq!((world.shells().len(), world.pending_faults()), (0, 0));
    }

    #[test]
    fn scripts_are_added_up_to_a_limit_and_removed() {
        let mut world = World::new("sim01");
        let many = format!("[{}]", vec![r#"{"match": "x"}"#; 600].join(","));
        assert_eq!(order(&mut world, "POST", "/scripts", &many).unwrap().0, 201);
        let refused = order(&mut world, "POST", "/scripts", &many).unwrap_err();
        assert!(refused.message.contains("more than 1000 rules"), "{}", refused.message);
        for (method, path) in [("DELETE", "/scripts"), ("POST", "/reset")] {
            order(&mut world, method, path, "").unwrap();
            assert_eq!(order(&mut world, "POST", "/scripts", &many).unwrap().0, 201, "{path}");
        }
    }

    #[test]
    fn every_fault_can_be_ordered() {
        for name in INJECTED_FAULTS {
            let mut world = World::new("sim01");
            let needs = match *name {
                "delay" => r#", "Seconds": 0.5"#,
                "fault" | "fault-after" => r#", "FaultCode": 2150858843"#,
                _ => "",
            };
            let body = format!(r#"{{"Fault": "{name}", "Operation": "Delete", "Times": 2{needs}}}"#);
            let (status, _) = order(&mut world, "POST", "/faults", &body).unwrap();
            assert_eq!((status, world.pending_faults()), (201, 1), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_order_is_said_and_nothing_is_done() {
        let mut world = World::new("sim01");
        for (method, path, body, said) in [
            ("GET", "/", "", "there is no GET /"),
            ("PUT", "/shells", "", "there is no PUT /shells"),
            ("POST", "/shells", "[]", "not a JSON object"),
            ("POST", "/shells", "{", "not JSON: EOF"),
            ("POST", "/shells", r#"{"Nmae": "x"}"#, r#"unknown field "Nmae""#),
            ("POST", "/shells", r#"{"Name": 1}"#, "Name must be a text, but is 1"),
            ("POST", "/shells", r#"{"Type": "ssh"}"#, "Type must be ps or cmd"),
            ("POST", "/shells", r#"{"Type": "cmd", "State": "Connected"}"#, "State must be"),
            ("POST", "/shells", r#"{"Count": 10001}"#, "from 0 to 10000"),
            ("POST", "/shells", r#"{"Count": -1}"#, "from 0 to 10000"),
            ("POST", "/shells", r#"{"Running": [1]}"#, "a list of texts"),
            ("POST", "/scripts", "", "the script has no rule"),
            (
                "POST",
                "/scripts",
                r#"[{"match": "x", "stdot": "y"}]"#,
                r#"line 1: unknown key "stdot"; did you mean"#,
            ),
            ("DELETE", "/scripts", r#"{"match": "x"}"#, r#"unknown field "match""#),
            ("POST", "/clock", "", "Seconds is missing"),
            ("POST", "/clock", r#"{"Seconds": 1e300}"#, "at most ten years"),
            ("POST", "/faults", r#"{"Fault": "delay", "Operation": "Get"}"#, "delay needs Seconds"),
            ("POST", "/faults", r#"{"Fault": "fault", "Operation": "Get"}"#, "fault needs a FaultCode"),
            ("POST", "/faults", r#"{"Fault": "x", "Operation": "Get"}"#, "Fault must be one of delay"),
            (
                "POST",
                "/faults",
                r#"{"Fault": "hang", "Operation": "Dance"}"#,
                "Operation must be one of Login",
            ),
        ] {
            let refused = order(&mut world, method, path, body).unwrap_err();
            assert!(refused.message.contains(said), "{body}: {}", refused.message);
        }
        assert_eq!((world.shells().len(), world.pending_faults()), (0, 0));
    }
}
