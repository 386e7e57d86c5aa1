//! The shells that exist, and how Windows describes them.

use std::fmt::Write as _;
use std::time::Duration;

use super::command_io::CommandIo;
use super::profile::Fields;
use super::psrp::Pool;
use crate::wsman::uri;
use crate::wsman::xml::escape_into;

/// One shell of the simulated host. Its durations are as of [`SimulatedShell::since`] and grow from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedShell {
    /// `ShellId`.
    pub shell_id: String,
    /// `Name`; a cmd shell often has none.
    pub name: Option<String>,
    /// `ResourceUri`.
    pub resource_uri: String,
    /// `Owner`, as `DOMAIN\name` or `name`.
    pub owner: String,
    /// `ClientIP`.
    pub client_ip: String,
    /// `ProcessId`; absent from cmd shells.
    pub process_id: Option<u32>,
    /// `State`; absent from cmd shells.
    pub state: Option<String>,
    /// `IdleTimeOut`.
    pub idle_timeout: Duration,
    /// `MaxIdleTimeOut`; absent from cmd shells.
    pub max_idle_timeout: Option<Duration>,
    /// `ShellRunTime` at `since`.
    pub run_time: Duration,
    /// `ShellInactivity` at `since`.
    pub inactivity: Duration,
    /// The world's time at which the two durations were true.
    pub since: Duration,
    /// The commands that it knows.
    pub commands: Vec<SimulatedCommand>,
    /// Leaves `ShellId` out of listings, so that a client cannot decode the item.
    pub undecodable: bool,
    /// What ties it to the client that opened it; [`Tie::default`] for a shell that nobody here has opened.
    pub tie: Tie,
}

/// What the simulator keeps of a shell's client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tie {
    /// `p:SessionId` of the client; `None` belongs to everybody.
    pub(super) session_id: Option<String>,
    /// The client has not chosen the ShellId, so that it cannot be left.
    pub(super) is_fixed: bool,
    /// What the shell itself says.
    pub(super) console: CommandIo,
    /// Its runspace pool.
    pub(super) pool: Option<Pool>,
}

/// How much of a shell is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// As a CreateResponse has it: what it uses is not known yet.
    Created,
    /// As a listing or a Get has it.
    Listed,
}

/// One command of a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedCommand {
    /// `CommandId`.
    pub command_id: String,
    /// `CommandLine`; empty for PowerShell pipelines.
    pub command_line: String,
    /// Whether it runs (`Running`) or has ended and waits to be released (`Done`).
    pub running: bool,
    /// What it has said, and when it ends by itself; [`CommandIo::default`] says nothing and never ends.
    pub console: CommandIo,
}

/// `IdleTimeOut` unless told otherwise: Windows' default, two hours.
pub(super) const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(7_200);
/// `MaxIdleTimeOut` unless told otherwise: what Windows writes for "unlimited", INT_MAX milliseconds.
const UNLIMITED: Duration = Duration::from_millis(2_147_483_647);

impl SimulatedShell {
    /// A connected PowerShell session of `owner` on the endpoint `configuration`, such as `Microsoft.PowerShell`.
    #[must_use]
    pub fn powershell(shell_id: &str, name: &str, owner: &str, configuration: &str) -> Self {
        Self {
            shell_id: shell_id.to_owned(),
            name: Some(name.to_owned()),
            resource_uri: format!("{}{configuration}", uri::POWERSHELL_PREFIX),
            owner: owner.to_owned(),
            client_ip: "10.0.2.2".to_owned(),
            process_id: Some(4_384),
            state: Some("Connected".to_owned()),
            idle_timeout: DEFAULT_IDLE_TIMEOUT,
            max_idle_timeout: Some(UNLIMITED),
            run_time: Duration::ZERO,
            inactivity: Duration::ZERO,
            since: Duration::ZERO,
            commands: Vec::new(),
            undecodable: false,
            tie: Tie::default(),
        }
    }

    /// A cmd (WinRS) shell of `owner`.
    #[must_use]
    pub fn cmd(shell_id: &str, owner: &str) -> Self {
        Self {
            name: None,
            resource_uri: uri::CMD_RESOURCE.to_owned(),
            process_id: None,
            state: None,
            max_idle_timeout: None,
            ..Self::powershell(shell_id, "", owner, "")
        }
    }

    /// A shell of that resource.
    pub(super) fn of(shell_id: &str, resource_uri: &str, owner: &str) -> Self {
        match resource_uri.strip_prefix(uri::POWERSHELL_PREFIX) {
            Some(configuration) => Self::powershell(shell_id, "", owner, configuration),
            None => Self::cmd(shell_id, owner),
        }
    }

    /// The same shell, disconnected.
    #[must_use]
    pub fn disconnected(mut self) -> Self {
        self.state = Some("Disconnected".to_owned());
        self
    }

    /// The same shell with one more running command.
    #[must_use]
    pub fn running(mut self, command_id: &str, command_line: &str) -> Self {
        let (command_id, command_line) = (command_id.to_owned(), command_line.to_owned());
        let console = CommandIo::default();
        self.commands.push(SimulatedCommand { command_id, command_line, running: true, console });
        self
    }

    /// The same shell with another age and idle time.
    #[must_use]
    pub fn aged(mut self, run_time: Duration, inactivity: Duration) -> Self {
        (self.run_time, self.inactivity) = (run_time, inactivity);
        self
    }

    pub(super) fn is_powershell(&self) -> bool {
        self.resource_uri.starts_with(uri::POWERSHELL_PREFIX)
    }

    pub(super) fn is_disconnected(&self) -> bool {
        self.state.as_deref() == Some("Disconnected")
    }

    /// One of its commands.
    pub(super) fn command(&self, command_id: &str) -> Option<&SimulatedCommand> {
        self.commands.iter().find(|command| command.command_id.eq_ignore_ascii_case(command_id))
    }

    pub(super) fn command_mut(&mut self, command_id: &str) -> Option<&mut SimulatedCommand> {
        self.commands.iter_mut().find(|command| command.command_id.eq_ignore_ascii_case(command_id))
    }

    /// A client takes the shell back, or over.
    pub(super) fn join(&mut self, now: Duration) {
        self.touch(now);
        self.state = Some("Connected".to_owned());
    }

    /// Something happened in the shell: it is no longer idle.
    pub(super) fn touch(&mut self, now: Duration) {
        self.run_time += now.saturating_sub(self.since);
        self.inactivity = Duration::ZERO;
        self.since = now;
    }

    /// Writes `rsp:Shell` with its children in Windows' order (MS-WSMV 2.2.4.37, Shell).
    pub(super) fn write(&self, out: &mut String, now: Duration, fields: Fields, detail: Detail) {
        if fields == Fields::Cim {
            return self.write_cim(out);
        }
        let is_full = fields == Fields::Full;
        let passed = now.saturating_sub(self.since);
        let _ = write!(out, r#"<rsp:Shell xmlns:rsp="{}">"#, uri::SHELL);
        if !self.undecodable {
            element(out, "ShellId", &self.shell_id);
        }
        if let Some(name) = self.name.as_ref().filter(|_| is_full) {
            element(out, "Name", name);
        }
        element(out, "ResourceUri", &self.resource_uri);
        element(out, "Owner", &self.owner);
        element(out, "ClientIP", &self.client_ip);
        if let Some(process_id) = self.process_id {
            element(out, "ProcessId", &process_id.to_string());
        }
        element(out, "IdleTimeOut", &seconds(self.idle_timeout));
        let powershell = self.is_powershell();
        element(out, "InputStreams", if powershell { "stdin pr" } else { "stdin" });
        element(out, "OutputStreams", if powershell { "stdout" } else { "stdout stderr" });
        if let Some(max_idle_timeout) = self.max_idle_timeout {
            element(out, "MaxIdleTimeOut", &seconds(max_idle_timeout));
        }
        if powershell {
            out.push_str(concat!(
                "<rsp:Locale>en-US</rsp:Locale><rsp:DataLocale>en-US</rsp:DataLocale>",
                "<rsp:CompressionMode>NoCompression</rsp:CompressionMode>",
                "<rsp:ProfileLoaded>Yes</rsp:ProfileLoaded><rsp:Encoding>UTF8</rsp:Encoding>",
            ));
            if is_full {
                out.push_str("<rsp:BufferMode>Block</rsp:BufferMode>");
            }
        }
        if let Some(state) = self.state.as_ref().filter(|_| is_full) {
            element(out, "State", state);
        }
        element(out, "ShellRunTime", &days(self.run_time + passed));
        element(out, "ShellInactivity", &days(self.inactivity + passed));
        if powershell && is_full && detail == Detail::Listed {
            out.push_str("<rsp:MemoryUsed>46MB</rsp:MemoryUsed><rsp:ChildProcesses>0</rsp:ChildProcesses>");
        }
        out.push_str("</rsp:Shell>");
    }
}

impl SimulatedShell {
    /// Writes it as OMI does: an instance of a class of CIM, most of whose properties are nil. Which are is inferred, but
    /// that the id, the resource and the streams are not.
    fn write_cim(&self, out: &mut String) {
        let _ =
            write!(out, r#"<rsp:Shell xmlns:rsp="{}" xmlns:xsi="{}">"#, uri::CIM_SHELL, uri::SCHEMA_INSTANCE);
        element(out, "ShellId", &self.shell_id);
        if let Some(name) = &self.name {
            element(out, "Name", name);
        }
        element(out, "ResourceUri", &self.resource_uri);
        element(out, "InputStreams", if self.is_powershell() { "stdin pr" } else { "stdin" });
        element(out, "OutputStreams", if self.is_powershell() { "stdout" } else { "stdout stderr" });
        for nil in ["Owner", "ClientIP", "ProcessId", "IdleTimeOut", "Locale", "DataLocale", "State"] {
            let _ = write!(out, r#"<rsp:{nil} xsi:nil="true"/>"#);
        }
        out.push_str("</rsp:Shell>");
    }
}

impl SimulatedCommand {
    /// Whether it has ended, by itself or by a signal.
    pub(super) fn has_ended(&self, now: Duration) -> bool {
        !self.running || self.console.ends.is_some_and(|ends| ends <= now)
    }

    /// Writes `rsp:Command`, as a listing of commands has it.
    pub(super) fn write(&self, out: &mut String, now: Duration) {
        let _ = write!(out, r#"<rsp:Command xmlns:rsp="{}">"#, uri::SHELL);
        element(out, "CommandId", &self.command_id);
        element(out, "CommandLine", &self.command_line);
        element(out, "CommandState", if self.has_ended(now) { "Done" } else { "Running" });
        out.push_str("</rsp:Command>");
    }
}

fn element(out: &mut String, name: &str, text: &str) {
    let _ = write!(out, "<rsp:{name}>");
    escape_into(out, text);
    let _ = write!(out, "</rsp:{name}>");
}

/// `PT7200.000S`, as Windows writes time limits.
fn seconds(duration: Duration) -> String {
    format!("PT{}.{:03}S", duration.as_secs(), duration.subsec_millis())
}

/// `P0DT0H1M2S`, as Windows writes run times.
fn days(duration: Duration) -> String {
    let total = duration.as_secs();
    let (days, hours, minutes) = (total / 86_400, total / 3_600 % 24, total / 60 % 60);
    format!("P{days}DT{hours}H{minutes}M{}S", total % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_time_and_inactivity_grow_with_the_worlds_time() {
        let shell =
            SimulatedShell::cmd("A", "alice").aged(Duration::from_secs(90_000), Duration::from_secs(5));
        let mut out = String::new();
        shell.write(&mut out, Duration::from_secs(62), Fields::Full, Detail::Listed);
        assert!(out.contains("<rsp:ShellRunTime>P1DT1H1M2S</rsp:ShellRunTime>"), "{out}");
        assert!(out.contains("<rsp:ShellInactivity>P0DT0H1M7S</rsp:ShellInactivity>"), "{out}");
    }

    #[test]
    fn a_cmd_shell_has_no_state_and_no_process() {
        let mut out = String::new();
        SimulatedShell::cmd("A", "alice").write(&mut out, Duration::ZERO, Fields::Full, Detail::Listed);
        assert!(!out.contains("State"), "{out}");
        assert!(!out.contains("ProcessId"), "{out}");
        assert!(out.contains("<rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut>"), "{out}");
    }

    #[test]
    fn activity_ends_idleness_and_not_the_run_time() {
        let mut shell =
            SimulatedShell::cmd("A", "alice").aged(Duration::from_secs(10), Duration::from_secs(9));
        shell.touch(Duration::from_secs(5));
        assert_eq!((shell.run_time, shell.inactivity), (Duration::from_secs(15), Duration::ZERO));
    }
}
