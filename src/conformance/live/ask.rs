//! What a check knows before it asks, and one request of it.

use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::verdict::Next;
use crate::transport::{RawEncryption, RawRequest, TlsFound};

/// What a check may know: ids that were drawn for it, and how the endpoint is reached.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The endpoint's URL.
    pub(super) url: String,
    /// The name by which the host is reached.
    pub(super) host: String,
    /// The endpoint's path.
    pub(super) path: String,
    /// The message id of the next request.
    pub(super) message_id: Uuid,
    /// The client session of this run.
    pub(super) session_id: Uuid,
    /// A ShellId that no shell has.
    pub(super) absent: Uuid,
    /// The ShellId that this check proposes where it creates a shell.
    pub(super) proposed: Uuid,
    /// The CommandId that this check proposes.
    pub(super) command_id: Uuid,
    /// How the login went.
    pub(super) login: Option<LoginFacts>,
    pub(super) is_tls: bool,
    /// What the last TLS handshake has shown.
    pub(super) tls: Option<TlsFound>,
    /// The service principal of logins.
    pub(super) principal: String,
    pub(super) now: SystemTime,
}

/// How the login went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LoginFacts {
    pub(super) scheme: &'static str,
    pub(super) encrypts: bool,
}

/// On which connection a request goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// A new one on which nobody has logged in.
    NoLogin,
    /// The one of this check's last request, if it still stands; else as [`Over::NoLogin`].
    SameWithoutLogin,
    /// One that has logged in, and that other checks have used.
    Login,
    /// A new one that has logged in.
    NewLogin,
}

/// One request of a check.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) request: RawRequest,
    pub(super) over: Over,
    /// How long the server may take, if that is not the usual time.
    pub(super) within: Option<Duration>,
}

impl Ask {
    /// A request over a login.
    pub(super) fn new(body: impl Into<Vec<u8>>) -> Self {
        let request = RawRequest { body: body.into(), ..RawRequest::default() };
        Self { request, over: Over::Login, within: None }
    }

    /// A request without a body on a new connection without a login.
    pub(super) fn empty() -> Self {
        let request = RawRequest { content_type: None, ..RawRequest::default() };
        Self { request, over: Over::NoLogin, within: None }
    }

    pub(super) fn over(self, over: Over) -> Self {
        Self { over, ..self }
    }

    pub(super) fn within(self, limit: Duration) -> Self {
        Self { within: Some(limit), ..self }
    }

    pub(super) fn authorization(mut self, value: impl Into<String>) -> Self {
        self.request.authorization = Some(value.into());
        self
    }

    pub(super) fn content_type(mut self, value: &str) -> Self {
        self.request.content_type = Some(value.to_owned());
        self
    }

    pub(super) fn encryption(mut self, encryption: RawEncryption) -> Self {
        self.request.encryption = encryption;
        self
    }

    /// It is what comes next.
    pub(super) fn next(self) -> Next {
        Next::Continue(self)
    }
}
