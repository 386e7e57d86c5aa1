//! Our own request, built from what a recorded one asks for.

use std::time::Duration;

use uuid::Uuid;

use crate::wsman::op::{
    Delete, EnumerateCommands, EnumerateShells, Get, Item, Pull, Release, Signal, SignalCode, identify,
};
use crate::wsman::xml::Element;
use crate::wsman::{
    AnswerError, Command, CommandId, DEFAULT_MAX_ENVELOPE_SIZE, EnumerationContext, Header, MessageId,
    Operation, SessionId, Shell, ShellId, read_answer, uri, write_request,
};

/// What a recorded request asks for, as far as it matters to building ours.
pub(super) struct Asked<'d> {
    pub(super) action: &'d str,
    resource_uri: &'d str,
    message_id: Option<MessageId>,
    shell_id: ShellId,
    has_shell_id: bool,
    body: Option<Element<'d>>,
    pub(super) is_identify: bool,
}

/// What of ours the request is; or why it is none.
type Found<R> = Result<R, &'static str>;

/// What is done with the operation that was found.
trait Use {
    type Made;
    fn with<O: Operation>(self, operation: &O, message_id: MessageId) -> Self::Made;
}

impl<'d> Asked<'d> {
    pub(super) fn read(envelope: Element<'d>) -> Self {
        let header = envelope.child(uri::SOAP, "Header");
        let text = |namespace, local| {
            header.and_then(|header| header.child(namespace, local)).map_or("", Element::text)
        };
        let body = envelope.child(uri::SOAP, "Body").and_then(|body| body.children().next());
        let filter = body.and_then(|body| body.child(uri::WSMAN, "Filter"));
        let shell_id = header.and_then(shell_selector).or_else(|| filter.and_then(shell_selector));
        let message_id = text(uri::ADDRESSING, "MessageID");
        let guid = message_id.split_once(':').filter(|(uuid, _)| uuid.eq_ignore_ascii_case("uuid"));
        Self {
            action: text(uri::ADDRESSING, "Action"),
            resource_uri: text(uri::WSMAN, "ResourceURI"),
            message_id: guid.and_then(|(_, guid)| Uuid::try_parse(guid).ok()).map(MessageId::new),
            has_shell_id: shell_id.is_some(),
            shell_id: ShellId::from_server(shell_id.unwrap_or_default()),
            body,
            is_identify: body.is_some_and(|body| body.is(uri::IDENTITY, "Identify")),
        }
    }

    /// Writes our request for the same; or says why there is none.
    pub(super) fn request(&self) -> Found<String> {
        if self.is_identify {
            let mut out = String::new();
            identify::request(&mut out);
            return Ok(out);
        }
        self.apply(Write, true)
    }

    /// Reads the answer as that to our operation; or says why it is not one of ours.
    pub(super) fn read_answer(&self, answer: &[u8]) -> Found<Result<(), AnswerError>> {
        if self.is_identify {
            return Ok(identify::read(answer).map(drop));
        }
        self.apply(Read { answer }, false)
    }

    /// Hands the operation to `used`. A request must be rebuilt in full where it is `exact`; to read its answer it need
    /// only be of the kind.
    fn apply<U: Use>(&self, used: U, exact: bool) -> Found<U::Made> {
        let message_id = self.message_id.ok_or("its MessageID is not a UUID")?;
        let (shell_id, resource_uri) = (&self.shell_id, self.resource_uri);
        let with_shell = || if self.has_shell_id { Ok(()) } else { Err("it has no ShellId") };
        let action = self.action;
        let made = if action == uri::DELETE.request {
            with_shell()?;
            used.with(&Delete { shell_id, resource_uri }, message_id)
        } else if action == uri::GET.request && resource_uri == uri::SHELL_RESOURCE {
            with_shell()?;
            used.with(&Get { shell_id }, message_id)
        } else if action == uri::SIGNAL.request {
            with_shell()?;
            let code = self.signal_code();
            let command_id = self.body.and_then(|body| body.attribute("CommandId"));
            if exact && command_id.is_none() {
                return Err("it signals the shell, but only commands are signalled");
            }
            if exact && code.is_none() {
                return Err("its signal code is not supported");
            }
            let command_id = &CommandId::from_server(command_id.unwrap_or_default());
            let code = code.unwrap_or(SignalCode::Terminate);
            used.with(&Signal { shell_id, resource_uri, command_id, code }, message_id)
        } else if action == uri::ENUMERATE.request && resource_uri == uri::SHELL_RESOURCE {
            let optimize = self.field(uri::WSMAN, "OptimizeEnumeration").is_some();
            let max_elements = self.max_elements(uri::WSMAN, exact && optimize)?;
            used.with(&EnumerateShells { optimize, max_elements }, message_id)
        } else if action == uri::ENUMERATE.request && resource_uri == uri::COMMAND_RESOURCE {
            let max_elements = self.max_elements(uri::WSMAN, exact)?;
            used.with(&EnumerateCommands { shell_id, max_elements }, message_id)
        } else if action == uri::PULL.request && resource_uri == uri::SHELL_RESOURCE {
            self.pull::<Shell, U>(used, message_id, exact)?
        } else if action == uri::PULL.request && resource_uri == uri::COMMAND_RESOURCE {
            self.pull::<Command, U>(used, message_id, exact)?
        } else if action == uri::RELEASE.request {
            used.with(&Release { context: &self.context(), resource_uri }, message_id)
        } else {
            return Err("the operation is not supported");
        };
        Ok(made)
    }

    fn pull<T: Item, U: Use>(&self, used: U, message_id: MessageId, exact: bool) -> Found<U::Made> {
        let max_elements = self.max_elements(uri::ENUMERATION, exact)?;
        Ok(used.with(&Pull::<T>::new(&self.context(), max_elements, self.resource_uri), message_id))
    }

    fn field(&self, namespace: &str, local: &str) -> Option<Element<'d>> {
        self.body.and_then(|body| body.child(namespace, local))
    }

    fn max_elements(&self, namespace: &str, needed: bool) -> Found<u32> {
        let given = self.field(namespace, "MaxElements").and_then(|max| max.text().parse().ok());
        if needed {
            given.ok_or("it lacks MaxElements, which is always sent")
        } else {
            Ok(given.unwrap_or(1))
        }
    }

    fn context(&self) -> EnumerationContext {
        let context = self.field(uri::ENUMERATION, "EnumerationContext");
        EnumerationContext::from_server(context.map_or("", Element::text))
    }

    fn signal_code(&self) -> Option<SignalCode> {
        let code = self.field(uri::SHELL, "Code")?.text();
        [SignalCode::Terminate, SignalCode::CtrlC, SignalCode::PowerShellCrtlC]
            .into_iter()
            .find(|ours| ours.as_str() == code)
    }
}

struct Write;

impl Use for Write {
    type Made = String;

    fn with<O: Operation>(self, operation: &O, message_id: MessageId) -> String {
        let header = Header {
            to: "",
            message_id,
            session_id: SessionId::new(Uuid::nil()),
            operation_timeout: Duration::ZERO,
            max_envelope_size: DEFAULT_MAX_ENVELOPE_SIZE,
        };
        let mut out = String::new();
        write_request(operation, &header, &mut out);
        out
    }
}

struct Read<'a> {
    answer: &'a [u8],
}

impl Use for Read<'_> {
    type Made = Result<(), AnswerError>;

    fn with<O: Operation>(self, operation: &O, message_id: MessageId) -> Self::Made {
        read_answer(operation, message_id, self.answer).map(drop)
    }
}

/// The `ShellId` selector of the `w:SelectorSet` in `parent`.
fn shell_selector<'d>(parent: Element<'d>) -> Option<&'d str> {
    let set = parent.child(uri::WSMAN, "SelectorSet")?;
    let is_shell = |name: &str| name.eq_ignore_ascii_case("ShellId");
    set.children().find(|selector| selector.attribute("Name").is_some_and(is_shell)).map(Element::text)
}
