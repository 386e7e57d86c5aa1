//! What a request asks for: the header block read, and judged as Windows judges it.

use std::time::Duration;

use super::addressing;
use super::faults::{self, Refusal};
use crate::wsman::read_duration;
use crate::wsman::uri;
use crate::wsman::xml::Element;

/// What a request asks for. `Login` is no request: it names the moment of logging in, for injected faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OperationKind {
    /// The login of a connection.
    Login,
    /// Identify.
    Identify,
    /// Enumerate of shells.
    Enumerate,
    /// Enumerate of a shell's commands.
    EnumerateCommands,
    /// Pull.
    Pull,
    /// Release.
    Release,
    /// Get.
    Get,
    /// Signal.
    Signal,
    /// Delete.
    Delete,
    /// Create.
    Create,
    /// Command.
    Command,
    /// Send.
    Send,
    /// Receive.
    Receive,
    /// Disconnect.
    Disconnect,
    /// Reconnect.
    Reconnect,
    /// Connect.
    Connect,
    /// An action that the simulator does not know.
    Other,
}

impl OperationKind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::Login,
        Self::Identify,
        Self::Enumerate,
        Self::EnumerateCommands,
        Self::Pull,
        Self::Release,
        Self::Get,
        Self::Signal,
        Self::Delete,
        Self::Create,
        Self::Command,
        Self::Send,
        Self::Receive,
        Self::Disconnect,
        Self::Reconnect,
        Self::Connect,
        Self::Other,
    ];

    /// Its name, as it is written here: `Delete`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "Login",
            Self::Identify => "Identify",
            Self::Enumerate => "Enumerate",
            Self::EnumerateCommands => "EnumerateCommands",
            Self::Pull => "Pull",
            Self::Release => "Release",
            Self::Get => "Get",
            Self::Signal => "Signal",
            Self::Delete => "Delete",
            Self::Create => "Create",
            Self::Command => "Command",
            Self::Send => "Send",
            Self::Receive => "Receive",
            Self::Disconnect => "Disconnect",
            Self::Reconnect => "Reconnect",
            Self::Connect => "Connect",
            Self::Other => "Other",
        }
    }

    /// The kind of that name, capitals aside.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    fn of(action: &str, resource_uri: &str) -> Self {
        match action {
            _ if action == uri::ENUMERATE.request && resource_uri == uri::COMMAND_RESOURCE => {
                Self::EnumerateCommands
            }
            _ if action == uri::ENUMERATE.request => Self::Enumerate,
            _ if action == uri::PULL.request => Self::Pull,
            _ if action == uri::RELEASE.request => Self::Release,
            _ => match action.strip_prefix(uri::TRANSFER).or_else(|| action.strip_prefix(uri::SHELL)) {
                Some("/Get") => Self::Get,
                Some("/Signal") => Self::Signal,
                Some("/Delete") => Self::Delete,
                Some("/Create") => Self::Create,
                Some("/Command") => Self::Command,
                Some("/Send") => Self::Send,
                Some("/Receive") => Self::Receive,
                Some("/Disconnect") => Self::Disconnect,
                Some("/Reconnect") => Self::Reconnect,
                Some("/Connect") => Self::Connect,
                _ => Self::Other,
            },
        }
    }
}

/// One request, as far as its header is sound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'d> {
    pub(super) kind: OperationKind,
    pub(super) resource_uri: &'d str,
    pub(super) message_id: Option<&'d str>,
    /// The `ShellId` selector of the header, or of a filter.
    pub(super) shell_id: Option<&'d str>,
    /// The `Name` selector of the header: which plug-in.
    pub(super) plugin_name: Option<&'d str>,
    /// The client's own tag, `p:SessionId`.
    pub(super) session_id: Option<&'d str>,
    /// `a:To`: where the client believes to be.
    pub(super) to: &'d str,
    /// The command that the body is about.
    pub(super) command_id: Option<&'d str>,
    /// How long the operation may take.
    pub(super) operation_timeout: Duration,
    options: Option<Element<'d>>,
    /// The largest answer that the caller takes, in bytes.
    pub(super) max_envelope_size: usize,
    /// Whether that is less than anybody may ask for.
    asks_for_too_little: bool,
    pub(super) body: Option<Element<'d>>,
}

impl<'d> Request<'d> {
    /// Reads what is there; [`Request::judge`] says whether it is enough.
    pub(super) fn read(envelope: Element<'d>, server_envelope_size: usize) -> Self {
        let header = envelope.child(uri::SOAP, "Header");
        let field = |namespace, local| header.and_then(|header| header.child(namespace, local));
        let body = envelope.child(uri::SOAP, "Body").and_then(|body| body.children().next());
        let resource_uri = field(uri::WSMAN, "ResourceURI").map_or("", Element::text);
        let action = field(uri::ADDRESSING, "Action").map_or("", Element::text);
        let kind = match body {
            Some(body) if body.is(uri::IDENTITY, "Identify") => OperationKind::Identify,
            _ => OperationKind::of(action, resource_uri),
        };
        let asked_size =
            field(uri::WSMAN, "MaxEnvelopeSize").and_then(|size| size.text().parse::<usize>().ok());
        let filter = body.and_then(|body| body.child(uri::WSMAN, "Filter"));
        Self {
            kind,
            resource_uri,
            message_id: field(uri::ADDRESSING, "MessageID").map(Element::text).filter(|id| !id.is_empty()),
            shell_id: header.and_then(shell_selector).or_else(|| filter.and_then(shell_selector)),
            plugin_name: header.and_then(|header| selector(header, "Name")),
            session_id: field(uri::WSMV, "SessionId").map(Element::text).filter(|id| !id.is_empty()),
            to: field(uri::ADDRESSING, "To").map_or("", Element::text),
            command_id: body.and_then(command_id),
            operation_timeout: field(uri::WSMAN, "OperationTimeout")
                .and_then(|timeout| read_duration(timeout.text()))
                .map_or(MAX_TIMEOUT, |timeout| timeout.min(MAX_TIMEOUT)),
            options: field(uri::WSMAN, "OptionSet"),
            max_envelope_size: asked_size.map_or(server_envelope_size, |size| size.min(server_envelope_size)),
            asks_for_too_little: asked_size.is_some_and(|size| size < LEAST_ENVELOPE),
            body,
        }
    }

    /// The text of one option, whose name is compared ignoring case.
    pub(super) fn option(&self, name: &str) -> Option<&'d str> {
        let mut options = self.options?.children();
        let found = options.find(|option| {
            option.is(uri::WSMAN, "Option")
                && option.attribute("Name").is_some_and(|found| found.eq_ignore_ascii_case(name))
        });
        found.map(Element::text)
    }

    /// Whether the header is one that the service may act on.
    pub(super) fn judge(&self, envelope: Element<'d>) -> Result<(), Refusal> {
        if self.kind == OperationKind::Identify {
            return Ok(());
        }
        let header =
            envelope.child(uri::SOAP, "Header").ok_or_else(|| Refusal::new(faults::HEADER_REQUIRED))?;
        for block in header.children() {
            let demanded = block
                .attribute_in(uri::SOAP, "mustUnderstand")
                .is_some_and(|value| matches!(value.trim(), "true" | "1"));
            if demanded && !is_understood(block) {
                return Err(Refusal::new(faults::MUST_UNDERSTAND));
            }
        }
        let has_action =
            header.child(uri::ADDRESSING, "Action").is_some_and(|action| !action.text().is_empty());
        if !has_action || self.resource_uri.is_empty() || self.message_id.is_none() {
            return Err(Refusal::new(faults::HEADER_REQUIRED));
        }
        let timeout = header.child(uri::WSMAN, "OperationTimeout");
        if self.asks_for_too_little {
            return Err(Refusal::new(faults::MINIMUM_ENVELOPE));
        }
        if timeout.is_some_and(|timeout| read_duration(timeout.text()).is_none()) {
            return Err(Refusal::new(faults::INVALID_HEADER));
        }
        addressing::judge(header)
    }
}

/// The smallest MaxEnvelopeSize, in bytes (DSP0226 6.2, wsman:MaxEnvelopeSize).
const LEAST_ENVELOPE: usize = 8_192;
/// The longest that any operation may take: MaxTimeoutms.
const MAX_TIMEOUT: Duration = Duration::from_secs(60);

/// `CommandId` of a body, or of the first stream that it is about.
fn command_id(body: Element<'_>) -> Option<&str> {
    let inner = || body.child(uri::SHELL, "DesiredStream").or_else(|| body.child(uri::SHELL, "Stream"));
    body.attribute("CommandId").or_else(|| inner()?.attribute("CommandId"))
}

/// The `ShellId` selector of the `w:SelectorSet` in `parent`.
pub(super) fn shell_selector<'d>(parent: Element<'d>) -> Option<&'d str> {
    selector(parent, "ShellId")
}

fn selector<'d>(parent: Element<'d>, wanted: &str) -> Option<&'d str> {
    parent
        .child(uri::WSMAN, "SelectorSet")?
        .children()
        .find(|selector| {
            selector.is(uri::WSMAN, "Selector")
                && selector.attribute("Name").is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        })
        .map(Element::text)
}

fn is_understood(block: Element<'_>) -> bool {
    UNDERSTOOD
        .iter()
        .any(|(namespace, locals)| block.namespace() == *namespace && locals.contains(&block.local()))
}

/// The headers that the service knows.
const UNDERSTOOD: &[(&str, &[&str])] = &[
    (uri::ADDRESSING, &["To", "From", "ReplyTo", "FaultTo", "Action", "MessageID", "RelatesTo"]),
    (
        uri::WSMAN,
        &["ResourceURI", "SelectorSet", "OptionSet", "OperationTimeout", "MaxEnvelopeSize", "Locale"],
    ),
    (uri::WSMV, &["DataLocale", "SessionId", "OperationID", "SequenceId", "ActivityId", "CompressionType"]),
];
