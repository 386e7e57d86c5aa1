//! What comes out of a shell: Receive, which waits until there is something (MS-WSMV 3.1.4.14, Receive).

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{Done, expect_body};
use crate::simulator::account::Account;
use crate::simulator::answers::{self, Answer, ENVELOPE_OVERHEAD};
use crate::simulator::fault_injection::InjectedFault;
use crate::simulator::faults::{self, Provider, Refusal};
use crate::simulator::request::Request;
use crate::simulator::shells::SimulatedShell;
use crate::simulator::world::World;
use crate::wsman::uri;
use crate::wsman::xml::escape_into;

/// A request that has no answer yet. Whoever holds it asks [`Handler::resume`](crate::simulator::Handler::resume) again, until
/// there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Held {
    /// A Receive of a [`World`] that has nothing to say.
    Receive(HeldReceive),
    /// Whatever another handler waits for, under a number of its own.
    Ticket(u64),
}

/// A Receive that has nothing to say yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldReceive {
    shell_id: String,
    command_id: Option<String>,
    /// When its OperationTimeout is over, on the world's clock.
    until: Duration,
    room: usize,
    /// What is to be done to the answer.
    pub(in crate::simulator) injected_fault: Option<InjectedFault>,
    pub(in crate::simulator) message_id: Option<String>,
    /// Its entry in the log.
    pub(in crate::simulator) entry: u64,
}

/// The states that an answer names.
const STATES: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState";

impl World {
    pub(super) fn receive(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Done, Refusal> {
        let receive = expect_body(request, uri::SHELL, "Receive")?;
        let desired = receive
            .child(uri::SHELL, "DesiredStream")
            .ok_or_else(|| Refusal::new(faults::SCHEMA_VALIDATION))?;
        let command_id = desired.attribute("CommandId").map(str::to_owned);
        let shell = self.connected_shell(account, request)?;
        match &command_id {
            None if !shell.is_powershell() => {
                return Err(Refusal::new(faults::INVALID_PARAMETER).by(Provider::Cmd));
            }
            Some(id) if shell.command(id).is_none() => return Err(Refusal::no_such_command()),
            _ => {}
        }
        shell.touch(now);
        let held = HeldReceive {
            shell_id: shell.shell_id.clone(),
            command_id,
            until: now.saturating_add(request.operation_timeout),
            room: request.max_envelope_size.saturating_sub(ENVELOPE_OVERHEAD) / 4 * 3,
            injected_fault: None,
            message_id: request.message_id.map(str::to_owned),
            entry: 0,
        };
        Ok(self.listen(&held, now)?.map_or(Done::Waits(held), Done::Answered))
    }

    /// What a held Receive hears now: nothing yet, something, or why it will hear no more.
    pub(in crate::simulator) fn listen(
        &mut self,
        held: &HeldReceive,
        now: Duration,
    ) -> Result<Option<Answer>, Refusal> {
        let found = self.shells.iter_mut().find(|shell| shell.shell_id == held.shell_id);
        let shell = found.ok_or_else(|| Refusal::new(faults::ABORTED))?;
        if shell.is_disconnected() {
            return Err(Refusal::new(faults::STREAM_DISCONNECTED));
        }
        let heard = match &held.command_id {
            Some(command_id) => hear_command(shell, command_id, held.room, now)?,
            None => hear_pool(shell, held.room, now),
        };
        match heard {
            Some(body) => {
                let body = format!("<rsp:ReceiveResponse>{body}</rsp:ReceiveResponse>");
                Ok(Some(Answer::new(uri::RECEIVE, answers::RECEIVE, body)))
            }
            None if now >= held.until => Err(Refusal::new(faults::OPERATION_TIMED_OUT)),
            None => Ok(None),
        }
    }
}

fn hear_command(
    shell: &mut SimulatedShell,
    command_id: &str,
    room: usize,
    now: Duration,
) -> Result<Option<String>, Refusal> {
    let streams: &[&str] = if shell.is_powershell() { &[] } else { &["stdout", "stderr"] };
    let command = shell.command_mut(command_id).ok_or_else(|| Refusal::new(faults::ABORTED))?;
    let said = command.console.take(room, now);
    let is_done = command.has_ended(now) && command.console.is_silent();
    if said.is_empty() && !is_done {
        return Ok(None);
    }
    let mut id = String::new();
    escape_into(&mut id, &command.command_id);
    let mut body = String::new();
    for (stream, bytes) in said {
        let _ = write!(
            body,
            r#"<rsp:Stream Name="{stream}" CommandId="{id}">{}</rsp:Stream>"#,
            BASE64.encode(bytes)
        );
    }
    command.console.is_reported_done |= is_done;
    let state = if is_done { "Done" } else { "Running" };
    if is_done {
        for stream in streams {
            let _ = write!(body, r#"<rsp:Stream Name="{stream}" CommandId="{id}" End="true"></rsp:Stream>"#);
        }
    }
    let _ = write!(body, r#"<rsp:CommandState CommandId="{id}" State="{STATES}/{state}">"#);
    if is_done {
        let _ = write!(body, "<rsp:ExitCode>{}</rsp:ExitCode>", command.console.exit_code);
    }
    body.push_str("</rsp:CommandState>");
    Ok(Some(body))
}

fn hear_pool(shell: &mut SimulatedShell, room: usize, now: Duration) -> Option<String> {
    let said = shell.tie.console.take(room, now);
    let write = |(stream, bytes): (&str, Vec<u8>)| {
        format!(r#"<rsp:Stream Name="{stream}">{}</rsp:Stream>"#, BASE64.encode(bytes))
    };
    (!said.is_empty()).then(|| said.into_iter().map(write).collect())
}
