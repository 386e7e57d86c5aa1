//! One HTTP request on one connection: who is asking, sealed or not, and what the handler answers. Pure: the host
//! ([`super::host`]) brings the bytes, the time and the randomness.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::SecretString;

use super::account::{Account, Caller};
use super::fault_injection::Delivery;
use super::handler::Handler;
use super::login::Login;
use super::ntlm::{ChannelBinding, Entropy};
use super::operations::Held;
use super::profile::Dialect;
use super::ticket::{BeginTicket, JudgedLeg};
use super::world::Response;
use crate::auth::ServerNames;
use crate::auth::sealing;

/// What everybody on the service's connections shares.
pub(super) struct Service {
    pub(super) handler: Arc<Mutex<dyn Handler>>,
    pub(super) accounts: Vec<(Account, SecretString)>,
    pub(super) policy: Policy,
    /// What it says of itself in its challenge.
    pub(super) names: ServerNames,
    pub(super) counters: Counters,
    /// Begins a login with a Kerberos ticket, if tickets are taken.
    pub(super) begin_ticket: Option<BeginTicket>,
    /// Whether answers bear what was opened and sealed, for a trace.
    pub(super) traces: bool,
}

/// What the service allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    pub(super) negotiate: bool,
    pub(super) ntlm: bool,
    /// Whether SPNEGO is understood, or NTLM's raw tokens alone.
    pub(super) spnego: bool,
    pub(super) allow_basic: bool,
    pub(super) allow_unencrypted: bool,
    pub(super) channel_binding: ChannelBinding,
}

/// What [`Simulator`](super::Simulator) counts.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) connections: AtomicU64,
    pub(super) handshakes: AtomicU64,
    pub(super) failed_logons: AtomicU64,
}

/// One connection. Its login ends with it.
pub(super) struct ConnectionState {
    pub(super) number: u64,
    pub(super) channel: Channel,
    pub(super) login: Login,
}

/// How the connection itself is protected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Channel {
    /// Plain TCP.
    #[default]
    Plain,
    /// TLS. The hash of the server's certificate, as RFC 5929 (4, tls-server-end-point) prescribes, lets the
    /// service judge channel bindings; without it they are not looked at.
    Tls {
        /// The hash.
        certificate_hash: Option<Vec<u8>>,
    },
}

/// The parts of a request that matter here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming<'r> {
    pub(super) authorization: Option<&'r str>,
    pub(super) content_type: &'r str,
    pub(super) is_anonymous_identify: bool,
    pub(super) body: &'r [u8],
}

/// The answer as HTTP has it.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) authenticate: Vec<String>,
    pub(super) body: Vec<u8>,
    pub(super) delay: Duration,
    pub(super) delivery: Delivery,
    /// Why the request was turned away before the handler heard of it.
    pub(super) refused: Option<String>,
    /// The sealed request as it was opened, if the service traces.
    pub(super) opened: Option<Vec<u8>>,
    /// The sealed answer before it was sealed, if the service traces.
    pub(super) unsealed: Option<Vec<u8>>,
    /// There is no answer yet; [`Service::resume`] is to be asked.
    pub(super) waiting: Option<Waiting>,
}

/// A request whose answer has to wait.
#[derive(Debug)]
pub(super) struct Waiting {
    held: Held,
    sealed: bool,
}

/// How far into a body its first tag is looked for, in bytes.
const MAX_OPENING: usize = 256;
/// Why a body in clear is turned away.
pub(super) const NOT_SEALED: &str = "sealed body expected, body in clear sent";
const SOAP_NAME: &str = "application/soap+xml";
const SOAP_TYPE: &str = "application/soap+xml;charset=UTF-8";

impl Service {
    pub(super) fn handler(&self) -> MutexGuard<'_, dyn Handler> {
        self.handler.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the service is at that path, a slash at its end and capitals aside.
    /// OMI is at every one.
    pub(super) fn is_at(&self, path: &str) -> bool {
        self.dialect() == Dialect::Omi
            || path.trim_end_matches('/').eq_ignore_ascii_case(self.handler().path().trim_end_matches('/'))
    }

    /// Answers one request, with the leg of a login with a ticket if it brings one.
    pub(super) fn respond(
        &self,
        connection: &mut ConnectionState,
        request: &Incoming<'_>,
        leg: Option<JudgedLeg>,
        entropy: Entropy,
        now: Duration,
    ) -> Outgoing {
        let outgoing = self.begin(connection, request, leg, entropy, now);
        if let Some(reason) = &outgoing.refused {
            self.handler().login_refused(connection.number, outgoing.status, reason, now);
        }
        outgoing
    }

    fn begin(
        &self,
        connection: &mut ConnectionState,
        request: &Incoming<'_>,
        leg: Option<JudgedLeg>,
        entropy: Entropy,
        now: Duration,
    ) -> Outgoing {
        if request.is_anonymous_identify && self.dialect() == Dialect::Windows {
            if let Some(refused) = self.wrong_content_type(request) {
                return refused;
            }
            let caller = Caller { account: None, connection: connection.number, sealed: false };
            return self.ask(connection, &caller, request.body, now);
        }
        match (leg, request.authorization) {
            (Some(leg), _) => self.admit_ticket(connection, request, leg, now),
            (None, None) => self.authenticated(connection, request, now),
            (None, Some(authorization)) => self.log_in(connection, request, authorization, entropy, now),
        }
    }

    /// A request that relies on the connection's login.
    pub(super) fn authenticated(
        &self,
        connection: &mut ConnectionState,
        request: &Incoming<'_>,
        now: Duration,
    ) -> Outgoing {
        let may_be_clear = self.may_be_clear(connection);
        let Login::Standing { account, security } = &mut connection.login else {
            return self.login_required();
        };
        let account = self.accounts.get(*account).map(|(account, _)| account.clone());
        let sealed = request.content_type.trim_start().to_ascii_lowercase().starts_with("multipart/");
        let caller = Caller { account, connection: connection.number, sealed };
        if !sealed {
            if let Some(refused) = self.wrong_content_type(request) {
                return refused;
            }
            return if may_be_clear {
                self.ask(connection, &caller, request.body, now)
            } else {
                Outgoing::refused(500, NOT_SEALED)
            };
        }
        if !security.seals() {
            return Outgoing::refused(500, "sealed body sent, but the login has not agreed on SEAL");
        }
        if self.frames() == sealing::FrameLayout::Omi && has_tabs(request.body) {
            return Outgoing { delivery: Delivery::Closed, ..Outgoing::status(0) };
        }
        let Ok(frames) = sealing::read_frames(request.body) else {
            return Outgoing::refused(400, "the frame of a sealed body expected, another body sent");
        };
        let mut envelope = Vec::new();
        for frame in frames {
            match security.open(&frame.signature, &frame.ciphertext) {
                Some(part) if part.len() == frame.plaintext_len => envelope.extend(part),
                Some(_) => return Outgoing::refused(400, "the Length of a frame is not that of its content"),
                None => {
                    connection.login = Login::None;
                    return Outgoing::refused(500, "the sealed body cannot be opened with the login's keys");
                }
            }
        }
        let response = self.handler().handle(&caller, sealing::without_padding(&envelope), now);
        let outgoing = self.deliver(connection, true, response);
        Outgoing { opened: self.traces.then_some(envelope), ..outgoing }
    }

    /// 415, if a body says that it is another thing than an envelope. Inferred: which answer Windows gives is known (415),
    /// and that a body without a type is taken is not.
    pub(super) fn wrong_content_type(&self, request: &Incoming<'_>) -> Option<Outgoing> {
        let name = request.content_type.split(';').next().unwrap_or_default().trim();
        let is_right = name.is_empty() || name.eq_ignore_ascii_case(SOAP_NAME) || request.body.is_empty();
        let is_strict = self.dialect() == Dialect::Windows;
        (is_strict && !is_right)
            .then(|| Outgoing::refused(415, format!("Content-Type {SOAP_NAME} expected, {name:.60} sent")))
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.handler().profile().traits().dialect
    }

    fn frames(&self) -> sealing::FrameLayout {
        self.handler().profile().traits().frames
    }

    /// Asks the handler in clear.
    pub(super) fn ask(
        &self,
        connection: &mut ConnectionState,
        caller: &Caller,
        body: &[u8],
        now: Duration,
    ) -> Outgoing {
        let response = self.handler().handle(caller, body, now);
        self.deliver(connection, false, response)
    }

    /// Asks again for an answer that had to wait.
    pub(super) fn resume(
        &self,
        connection: &mut ConnectionState,
        waiting: &Waiting,
        now: Duration,
    ) -> Outgoing {
        let response = self.handler().resume(&waiting.held, now);
        self.deliver(connection, waiting.sealed, response)
    }

    /// The handler's answer, sealed if the request was.
    fn deliver(&self, connection: &mut ConnectionState, sealed: bool, mut response: Response) -> Outgoing {
        if let Some(held) = response.held.take() {
            return Outgoing { waiting: Some(Waiting { held, sealed }), ..Outgoing::status(0) };
        }
        let Login::Standing { security, .. } = &mut connection.login else {
            return self.clear(connection, response);
        };
        if !sealed || response.delivery != Delivery::Whole || response.body.is_empty() {
            return self.clear(connection, response);
        }
        let Some((signature, ciphertext)) = security.seal(&response.body) else {
            connection.login = Login::None;
            return Outgoing::refused(500, "the answer cannot be sealed with the login's keys");
        };
        let (protocol, length) = (security.protocol(), response.body.len());
        let body = sealing::write_frame(self.frames(), protocol, &signature, &ciphertext, length);
        Outgoing {
            content_type: Some(sealing::content_type(protocol)),
            unsealed: self.traces.then_some(response.body),
            body,
            delay: response.delay,
            ..Outgoing::status(response.status)
        }
    }

    /// The handler's answer as it is.
    fn clear(&self, connection: &mut ConnectionState, response: Response) -> Outgoing {
        if response.status == 401 && response.body.is_empty() {
            if response.delivery == Delivery::LoginForgotten {
                connection.login = Login::None;
            }
            return self.unauthorized();
        }
        let content_type = match (response.body.is_empty(), is_soap(&response.body)) {
            (true, _) => None,
            (false, true) => Some(SOAP_TYPE.to_owned()),
            (false, false) => Some("text/html".to_owned()),
        };
        Outgoing {
            content_type,
            body: response.body,
            delay: response.delay,
            delivery: response.delivery,
            ..Outgoing::status(response.status)
        }
    }

    pub(super) fn may_be_clear(&self, connection: &ConnectionState) -> bool {
        self.policy.allow_unencrypted || connection.channel != Channel::Plain
    }
}

/// Whether the parts' headers of a frame are indented.
fn has_tabs(frame: &[u8]) -> bool {
    frame.split(|byte| *byte == b'\n').nth(1).is_some_and(|line| line.starts_with(b"\t"))
}

/// Whether a body is an envelope, whatever its prefix: what is none is HTML, as a gateway sends it.
fn is_soap(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body.get(..MAX_OPENING).unwrap_or(body));
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let text = match text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) {
        Some((_, rest)) => rest.trim_start(),
        None => text,
    };
    let name = text.strip_prefix('<').and_then(|rest| rest.split([' ', '>', '\n', '\r', '\t', '/']).next());
    name.is_some_and(|name| name.rsplit(':').next() == Some("Envelope"))
}

impl Default for Policy {
    /// As Windows is installed.
    fn default() -> Self {
        Self {
            negotiate: true,
            ntlm: true,
            spnego: true,
            allow_basic: false,
            allow_unencrypted: false,
            channel_binding: ChannelBinding::Relaxed,
        }
    }
}

impl Outgoing {
    pub(super) fn status(status: u16) -> Self {
        Self {
            status,
            content_type: None,
            authenticate: Vec::new(),
            body: Vec::new(),
            delay: Duration::ZERO,
            delivery: Delivery::Whole,
            refused: None,
            opened: None,
            unsealed: None,
            waiting: None,
        }
    }

    pub(super) fn refused(status: u16, reason: impl Into<String>) -> Self {
        Self { refused: Some(reason.into()), ..Self::status(status) }
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("policy", &self.policy)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_known_by_its_first_tag_whatever_its_prefix() {
        for soap in ["<s:Envelope>", "<SOAP-ENV:Envelope xmlns=\"\">", "<?xml version=\"1.0\"?>\n<Envelope/>"]
        {
            assert!(is_soap(soap.as_bytes()), "{soap}");
        }
        for other in ["", "<html>", "Envelope", "<s:Body><s:Envelope/></s:Body>", "<?xml"] {
            assert!(!is_soap(other.as_bytes()), "{other}");
        }
    }
}
