//! Leaving a shell and coming back: Disconnect, Reconnect, Connect (MS-WSMV 3.1.4, Message Processing Events and
//! Sequencing Rules).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::expect_body;
use super::shell::{idle_timeout, negotiate};
use crate::simulator::account::Account;
use crate::simulator::answers::{self, Answer};
use crate::simulator::faults::{self, Refusal};
use crate::simulator::psrp::kind;
use crate::simulator::request::Request;
use crate::simulator::shells::SimulatedShell;
use crate::simulator::world::World;
use crate::wsman::uri;

impl World {
    pub(super) fn disconnect(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        let body = expect_body(request, uri::SHELL, "Disconnect")?;
        let idle_timeout = idle_timeout(body)?;
        let shell = self.disconnectable_shell(account, request)?;
        if shell.is_disconnected() {
            return Err(Refusal::new(faults::ALREADY_DISCONNECTED));
        }
        if !shell.is_powershell() || shell.tie.is_fixed {
            return Err(Refusal::new(faults::DISCONNECT_NOT_SUPPORTED));
        }
        shell.touch(now);
        shell.state = Some("Disconnected".to_owned());
        shell.idle_timeout = idle_timeout.unwrap_or(shell.idle_timeout);
        Ok(Answer::new(uri::DISCONNECT, answers::PLAIN, ""))
    }

    pub(super) fn reconnect(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        let shell = self.disconnectable_shell(account, request)?;
        let is_theirs = shell.tie.session_id.as_deref().is_none_or(|session_id| {
            request.session_id.is_some_and(|asked| asked.eq_ignore_ascii_case(session_id))
        });
        if !is_theirs {
            let is_free = shell.is_disconnected();
            let code = if is_free { faults::SESSION_ID_MISMATCH } else { faults::CONNECTED_ELSEWHERE };
            return Err(Refusal::new(code));
        }
        shell.join(now);
        Ok(Answer::new(uri::RECONNECT, answers::PLAIN, ""))
    }

    pub(super) fn connect(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        let body = expect_body(request, uri::SHELL, "Connect")?;
        let versions = self.traits().versions;
        let shell = self.disconnectable_shell(account, request)?;
        if let Some(command_id) = request.command_id {
            shell.command(command_id).ok_or_else(Refusal::no_such_command)?;
            return Ok(Answer::new(uri::CONNECT, answers::SHELL, "<rsp:ConnectResponse/>"));
        }
        if !shell.is_disconnected() {
            return Err(Refusal::new(faults::CONNECTED_ELSEWHERE));
        }
        let newcomer = negotiate(body, "connectXml", kind::CONNECT_RUNSPACEPOOL)?;
        let (payload, next) = shell.tie.pool.get_or_insert(newcomer).connected(versions);
        for fragment in next {
            shell.tie.console.say("stdout", &fragment);
        }
        shell.join(now);
        shell.tie.session_id = request.session_id.map(str::to_owned);
        let body = format!(
            concat!(
                "<rsp:ConnectResponse><rsp:InputStreams>stdin pr</rsp:InputStreams>",
                "<rsp:OutputStreams>stdout</rsp:OutputStreams>",
                r#"<connectResponseXml xmlns="{}">{}</connectResponseXml></rsp:ConnectResponse>"#,
            ),
            uri::POWERSHELL,
            BASE64.encode(payload)
        );
        Ok(Answer::new(uri::CONNECT, answers::SHELL, body))
    }

    /// The addressed shell, if this host knows of disconnected shells at all.
    fn disconnectable_shell(
        &mut self,
        account: &Account,
        request: &Request<'_>,
    ) -> Result<&mut SimulatedShell, Refusal> {
        if !self.traits().disconnects {
            return Err(Refusal::new(faults::ACTION_NOT_SUPPORTED));
        }
        let index = self.addressed_shell(account, request)?;
        self.shells.get_mut(index).ok_or_else(Refusal::no_such_shell)
    }
}
