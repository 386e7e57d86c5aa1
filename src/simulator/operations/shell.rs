//! A shell's life: Create, Get, Delete (MS-WSMV 3.1.4, Message Processing Events and Sequencing Rules).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use uuid::Uuid;

use super::expect_body;
use crate::simulator::account::Account;
use crate::simulator::answers::{self, Answer};
use crate::simulator::command_io::CommandIo;
use crate::simulator::faults::{self, Provider, Refusal};
use crate::simulator::guids::upper;
use crate::simulator::profile::{Described, Dialect};
use crate::simulator::psrp::{MessageReader, Pool, kind};
use crate::simulator::request::Request;
use crate::simulator::shells::{Detail, SimulatedShell, Tie};
use crate::simulator::world::World;
use crate::wsman::read_duration;
use crate::wsman::uri;
use crate::wsman::xml::{Element, escape_into};

/// Where every shell of a client comes from: the simulator listens on loopback.
const CLIENT_IP: &str = "127.0.0.1";
/// The shortest and the longest IdleTimeOut that the plugins take: a minute, and INT_MAX milliseconds.
const IDLE_TIMEOUTS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_millis(2_147_483_647);
/// The longest name of a shell, in characters.
const MAX_NAME: usize = 255;
/// The generation of the remoting protocol. A client may have any version of it, and is answered with the host's own.
const PROTOCOL: &str = "2";

impl World {
    pub(super) fn create(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        let resource_uri = request.resource_uri;
        if !self.is_registered(resource_uri) {
            return Err(Refusal::new(faults::INVALID_RESOURCE_URI));
        }
        let is_powershell = resource_uri.starts_with(uri::POWERSHELL_PREFIX);
        if !is_powershell && resource_uri != uri::CMD_RESOURCE {
            return Err(Refusal::new(faults::ACTION_MISMATCH));
        }
        let body = expect_body(request, uri::SHELL, "Shell")?;
        let owner = account.full_name();
        if self.is_full(&owner) {
            return Err(Refusal::new(faults::QUOTA_MAX_SHELLS));
        }
        let traits = self.traits();
        let name = body.attribute("Name");
        if traits.demands_name && name.is_none() {
            return Err(Refusal::new(faults::INVALID_PARAMETER).without_body());
        }
        if name.is_some_and(|name| name.chars().count() > MAX_NAME) {
            return Err(Refusal::new(faults::INVALID_PARAMETER));
        }
        let idle_timeout = idle_timeout(body)?;
        let proposed = proposed_id(body.attribute("ShellId"))?.filter(|_| traits.keeps_proposed_ids);
        if proposed
            .as_ref()
            .is_some_and(|id| self.shells.iter().any(|shell| shell.shell_id.eq_ignore_ascii_case(id)))
        {
            return Err(Refusal::new(faults::ID_CONFLICT));
        }
        let (mut console, mut pool) = (CommandIo::default(), None);
        if is_powershell {
            if let Some(version) = request.option("protocolversion").filter(|version| !is_spoken(version)) {
                tracing::debug!(version, "the client demands another remoting protocol");
                return Err(Refusal::new(faults::PROTOCOL_VERSION).by(Provider::PowerShell));
            }
            let mut opened = negotiate(body, "creationXml", kind::INIT_RUNSPACEPOOL)?;
            for payload in opened.opened(traits.versions) {
                console.say("stdout", &payload);
            }
            pool = Some(opened);
        }
        let shell_id = proposed.clone().unwrap_or_else(|| upper(self.guids.next_guid()));
        let shell = SimulatedShell {
            name: name.map(str::to_owned),
            client_ip: CLIENT_IP.to_owned(),
            idle_timeout: idle_timeout.unwrap_or(crate::simulator::shells::DEFAULT_IDLE_TIMEOUT),
            since: now,
            tie: Tie {
                session_id: request.session_id.map(str::to_owned),
                is_fixed: proposed.is_none(),
                console,
                pool,
            },
            ..SimulatedShell::of(&shell_id, resource_uri, &owner)
        };
        let mut text = resource_created(request, &shell_id);
        let is_described = match traits.describes_created {
            Described::Every => true,
            Described::Cmd => !is_powershell,
            Described::None => false,
        };
        if is_described {
            shell.write(&mut text, now, traits.fields, Detail::Created);
        }
        self.add(shell);
        Ok(Answer::new(uri::CREATE, answers::SHELL, text))
    }

    pub(super) fn get(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        if request.resource_uri == uri::COMMAND_RESOURCE {
            return Err(Refusal::new(faults::ACTION_MISMATCH));
        }
        let index = self.addressed_shell(account, request)?;
        let mut body = String::new();
        if let Some(shell) = self.shells.get(index) {
            shell.write(&mut body, now, self.traits().fields, Detail::Listed);
        }
        Ok(Answer::new(uri::GET, answers::TRANSFER, body))
    }

    pub(super) fn delete(&mut self, account: &Account, request: &Request<'_>) -> Result<Answer, Refusal> {
        let index = self.addressed_shell(account, request)?;
        // OMI's provider is asked under the generic resource alone.
        if self.traits().dialect == Dialect::Omi && request.resource_uri != uri::SHELL_RESOURCE {
            return Err(Refusal::new(faults::INTERNAL));
        }
        self.shells.remove(index);
        Ok(Answer::new(uri::DELETE, answers::PLAIN, ""))
    }
}

/// The GUID that a client chose, as Windows would write it.
pub(super) fn proposed_id(proposed: Option<&str>) -> Result<Option<String>, Refusal> {
    proposed
        .map(|id| Uuid::try_parse(id).map(upper).map_err(|_| Refusal::new(faults::ID_NOT_VALID)))
        .transpose()
}

/// `IdleTimeOut` of a body, if it has one.
pub(super) fn idle_timeout(body: Element<'_>) -> Result<Option<Duration>, Refusal> {
    let Some(element) = body.child(uri::SHELL, "IdleTimeOut") else { return Ok(None) };
    let timeout = read_duration(element.text()).ok_or_else(|| Refusal::new(faults::SCHEMA_VALIDATION))?;
    if IDLE_TIMEOUTS.contains(&timeout) {
        Ok(Some(timeout))
    } else {
        Err(Refusal::new(faults::IDLE_TIMEOUT_OUT_OF_BOUNDS))
    }
}

/// The pool that the messages in `creationXml` or `connectXml` speak of: a capability and `opening`.
pub(super) fn negotiate(body: Element<'_>, name: &str, opening: u32) -> Result<Pool, Refusal> {
    let refusal = || Refusal::new(faults::NO_NEGOTIATION_DATA).by(Provider::PowerShell);
    let element = body.child(uri::POWERSHELL, name).ok_or_else(|| Refusal::new(faults::SCHEMA_VALIDATION))?;
    let payload: String = element.text().split_whitespace().collect();
    let payload = BASE64.decode(payload).map_err(|_| refusal())?;
    let messages = MessageReader::default().take(&payload).ok_or_else(refusal)?;
    if !messages.iter().any(|message| message.kind == kind::SESSION_CAPABILITY) {
        return Err(refusal());
    }
    let found = messages.iter().find(|message| message.kind == opening).ok_or_else(refusal)?;
    Ok(Pool::new(found))
}

fn is_spoken(version: &str) -> bool {
    let (major, minor) = version.trim().split_once('.').unwrap_or((version.trim(), "0"));
    major == PROTOCOL && minor.parse::<u32>().is_ok()
}

fn resource_created(request: &Request<'_>, shell_id: &str) -> String {
    let mut text = String::from("<x:ResourceCreated><a:Address>");
    escape_into(&mut text, request.to);
    text.push_str("</a:Address><a:ReferenceParameters><w:ResourceURI>");
    escape_into(&mut text, request.resource_uri);
    text.push_str(r#"</w:ResourceURI><w:SelectorSet><w:Selector Name="ShellId">"#);
    escape_into(&mut text, shell_id);
    text.push_str("</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>");
    text
}
