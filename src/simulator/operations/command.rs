//! What goes into a shell: Command, Send, Signal (MS-WSMV 3.1.4, Message Processing Events and Sequencing Rules).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::expect_body;
use super::program::CommandAddress;
use super::shell::proposed_id;
use crate::simulator::account::Account;
use crate::simulator::answers::{self, Answer};
use crate::simulator::command_io::CommandIo;
use crate::simulator::faults::{self, Provider, Refusal};
use crate::simulator::guids::upper;
use crate::simulator::profile::Dialect;
use crate::simulator::request::Request;
use crate::simulator::shells::{SimulatedCommand, SimulatedShell};
use crate::simulator::world::World;
use crate::wsman::uri;
use crate::wsman::xml::Element;

/// MaxConcurrentCommandsPerShell.
const MAX_COMMANDS: usize = 1_000;
/// What a process exits with that Ctrl+C has ended: STATUS_CONTROL_C_EXIT.
const CTRL_C_EXIT: i64 = 0xC000_013A;

impl World {
    pub(super) fn command(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        let line = expect_body(request, uri::SHELL, "CommandLine")?;
        let keeps_ids = self.traits().keeps_proposed_ids;
        let drawn = self.guids.next_guid();
        let shell = self.connected_shell(account, request)?;
        let shell_id = shell.shell_id.clone();
        if shell.commands.len() >= MAX_COMMANDS {
            return Err(Refusal::new(faults::QUOTA_MAX_COMMANDS));
        }
        let proposed = proposed_id(line.attribute("CommandId"))?.filter(|_| keeps_ids);
        let command_id = proposed.unwrap_or_else(|| upper(drawn));
        if shell.command(&command_id).is_some() {
            return Err(Refusal::new(faults::ID_CONFLICT));
        }
        let is_powershell = shell.is_powershell();
        let (command_line, console) = if is_powershell {
            (String::new(), CommandIo::default())
        } else {
            let text = command_line(line)?;
            let console = self.start_command(&text, account, now);
            (text, console)
        };
        let command =
            SimulatedCommand { command_id: command_id.clone(), command_line, running: true, console };
        let shell = self.connected_shell(account, request)?;
        shell.commands.push(command);
        shell.touch(now);
        if is_powershell {
            let sent = pipeline(line).and_then(|payload| {
                let address = CommandAddress { shell_id: &shell_id, command_id: &command_id };
                let fed = self.feed(address, (&payload, false), account, now);
                fed.map_err(|_| Refusal::new(faults::INVALID_PARAMETER).by(Provider::PowerShell))
            });
            if let Err(refusal) = sent {
                self.connected_shell(account, request)?.commands.pop();
                return Err(refusal);
            }
        }
        let body =
            format!("<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>");
        Ok(Answer::new(uri::COMMAND, answers::SHELL, body))
    }

    pub(super) fn send(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        let send = expect_body(request, uri::SHELL, "Send")?;
        let shell = self.connected_shell(account, request)?;
        let (shell_id, is_powershell) = (shell.shell_id.clone(), shell.is_powershell());
        for stream in send.children().filter(|stream| stream.is(uri::SHELL, "Stream")) {
            let text: String = stream.text().split_whitespace().collect();
            let bytes = BASE64.decode(text).map_err(|_| Refusal::new(faults::SCHEMA_VALIDATION))?;
            let Some(command_id) = stream.attribute("CommandId") else {
                if !is_powershell {
                    return Err(Refusal::new(faults::INVALID_PARAMETER).by(Provider::Cmd));
                }
                feed_pool(self.connected_shell(account, request)?, &bytes, now)?;
                continue;
            };
            // Python's clients write `True`.
            let is_end = stream
                .attribute("End")
                .is_some_and(|end| end.trim() == "1" || end.trim().eq_ignore_ascii_case("true"));
            let shell = self.connected_shell(account, request)?;
            // Until a client can know it, Windows' process has not quite started yet.
            if !is_powershell
                && shell.command(command_id).is_some_and(|command| command.console.is_reported_done)
            {
                return Err(Refusal::new(faults::BROKEN_PIPE).by(Provider::Cmd));
            }
            let address = CommandAddress { shell_id: &shell_id, command_id };
            self.feed(address, (&bytes, is_end), account, now)?;
        }
        self.connected_shell(account, request)?.touch(now);
        Ok(Answer::new(uri::SEND, answers::SHELL, "<rsp:SendResponse/>"))
    }

    pub(super) fn signal(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        let signal = expect_body(request, uri::SHELL, "Signal")?;
        // Who addresses no shell hears of that first.
        let index = self.addressed_shell(account, request)?;
        if self.traits().dialect == Dialect::Omi {
            self.end_host_of_unknown_command(index, request)?;
        }
        let code = signal
            .child(uri::SHELL, "Code")
            .map(Element::text)
            .filter(|code| !code.is_empty())
            .ok_or_else(|| Refusal::new(faults::SCHEMA_VALIDATION))?;
        let shell = self.connected_shell(account, request)?;
        let powershell = shell.is_powershell();
        let answer = Answer::new(uri::SIGNAL, answers::SHELL, "<rsp:SignalResponse/>");
        let Some(command_id) = request.command_id else {
            // The PowerShell plugin accepts a Signal to the whole shell and does nothing.
            return if powershell {
                Ok(answer)
            } else {
                Err(Refusal::new(faults::INVALID_PARAMETER).by(Provider::Cmd))
            };
        };
        let pool = shell.tie.pool.as_mut();
        let position = shell
            .commands
            .iter()
            .position(|command| command.command_id.eq_ignore_ascii_case(command_id))
            .ok_or_else(Refusal::no_such_command)?;
        let command = shell.commands.get_mut(position).ok_or_else(Refusal::no_such_command)?;
        if powershell && code == uri::SIGNAL_POWERSHELL_CRTL_C {
            if let (true, Some(pool)) = (command.running, pool) {
                command.console.stop_pipeline(pool, now);
            }
            command.running = false;
        } else if powershell {
            shell.commands.remove(position);
        } else {
            match console_signal(code) {
                Some(CommandSignal::Terminate) => drop(shell.commands.remove(position)),
                // What has ended already is released by any signal.
                Some(CommandSignal::Break) if !command.has_ended(now) => {
                    command.running = false;
                    command.console.interrupt(now);
                    command.console.exit_code = CTRL_C_EXIT;
                }
                Some(CommandSignal::Break) => drop(shell.commands.remove(position)),
                None => return Err(Refusal::new(faults::INVALID_PARAMETER).by(Provider::Cmd)),
            }
        }
        shell.touch(now);
        Ok(answer)
    }
}

impl World {
    /// OMI's provider ends the process of a shell that gets a Signal for a command that it does not know.
    fn end_host_of_unknown_command(&mut self, index: usize, request: &Request<'_>) -> Result<(), Refusal> {
        let shell = self.shells.get(index).ok_or_else(Refusal::no_such_shell)?;
        if request.command_id.is_some_and(|id| shell.command(id).is_none()) {
            self.shells.remove(index);
            return Err(Refusal::new(faults::INTERNAL));
        }
        Ok(())
    }
}

/// The command and its arguments, as one line.
fn command_line(line: Element<'_>) -> Result<String, Refusal> {
    let command = line.child(uri::SHELL, "Command").ok_or_else(|| Refusal::new(faults::SCHEMA_VALIDATION))?;
    let mut text = command.text().to_owned();
    for argument in line.children().filter(|child| child.is(uri::SHELL, "Arguments")) {
        text.push(' ');
        text.push_str(argument.text());
    }
    Ok(text)
}

/// The first payload of a pipeline.
fn pipeline(line: Element<'_>) -> Result<Vec<u8>, Refusal> {
    let argument = line.child(uri::SHELL, "Arguments").map_or("", Element::text);
    let payload = BASE64.decode(argument.trim()).ok().filter(|payload| !payload.is_empty());
    payload.ok_or_else(|| Refusal::new(faults::INVALID_PARAMETER).by(Provider::PowerShell))
}

/// Gives a payload to the pool itself.
fn feed_pool(shell: &mut SimulatedShell, payload: &[u8], now: Duration) -> Result<(), Refusal> {
    let busy = shell.commands.iter().filter(|command| !command.has_ended(now)).count();
    // Whoever took over a shell that was seeded has no pool here.
    let Some(pool) = &mut shell.tie.pool else { return Ok(()) };
    let refusal = || Refusal::new(faults::INVALID_PARAMETER).by(Provider::PowerShell);
    for fragment in pool.answers(payload, busy).ok_or_else(refusal)? {
        shell.tie.console.say("stdout", &fragment);
    }
    Ok(())
}

enum CommandSignal {
    /// Ends the command and releases it.
    Terminate,
    /// Ctrl+C or Ctrl+Break: ends what runs.
    Break,
}

fn console_signal(code: &str) -> Option<CommandSignal> {
    match code.strip_prefix(uri::SHELL)?.strip_prefix("/signal/")? {
        "Terminate" | "terminate" => Some(CommandSignal::Terminate),
        "ctrl_c" | "ctrl_break" => Some(CommandSignal::Break),
        _ => None,
    }
}
