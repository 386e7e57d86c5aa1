//! One authenticated connection at work: seal, post, open; and one new login when the old one is gone.

use std::sync::Arc;
use std::time::Duration;

use super::answer::Answer;
use super::authenticate::{Authenticator, Link};
use super::http::{PostError, Request};
use super::{BoxFuture, Connection, Reply, TransportError, observer};
use crate::auth::{AuthError, Protection, ServerNames, sealing};
use crate::wsman::op::identify;
use crate::wsman::xml::MAX_BYTES;

/// The library's [`Connection`].
pub(super) struct HttpConnection {
    dialer: Arc<Authenticator>,
    /// What the server said of itself in the last login.
    server_names: Option<ServerNames>,
    /// Taken while an exchange runs, and put back only after a good answer: a failed or dropped exchange leaves none.
    link: Option<Link>,
}

impl HttpConnection {
    pub(super) fn new(dialer: Arc<Authenticator>, link: Link) -> Self {
        Self { dialer, server_names: link.server_names.clone(), link: Some(link) }
    }

    async fn run(&mut self, envelope: &str, read_timeout: Duration) -> Result<Reply, TransportError> {
        let endpoint = self.dialer.endpoint().url();
        let Some(mut link) = self.link.take() else {
            return Err(self
                .dialer
                .not_connected("an earlier failure has made the connection unusable".into()));
        };
        let mut fresh = false;
        loop {
            // What the server did not take may go again: as a new message, on a new connection, once.
            match link.send(envelope, read_timeout).await {
                Err(Failure::Post(PostError::Died)) if !fresh => {
                    tracing::debug!(
                        endpoint,
                        announced = link.closed,
                        "the connection died; logging in again"
                    );
                }
                // This server has judged the password itself: another login would be another failed one.
                Ok(answer) if answer.status == 401 && matches!(link.protection, Protection::Header(_)) => {
                    return Err(self.dialer.password_refused(link.scheme));
                }
                Ok(answer) if answer.status == 401 && !fresh => {
                    tracing::debug!(endpoint, "the server dropped the login; logging in again");
                }
                // The password was right a moment ago: it is the account that may not do this.
                Ok(answer) if answer.status == 401 => {
                    return Err(self.dialer.not_authorized(link.scheme));
                }
                Ok(answer) => {
                    link.closed |= answer.closes;
                    let reply = link.open(answer, endpoint, envelope)?;
                    if std::mem::take(&mut link.is_unconfirmed) {
                        self.dialer.confirmed();
                    }
                    self.link = Some(link);
                    return Ok(reply);
                }
                Err(Failure::Auth(source)) => return Err(self.dialer.auth_error(source)),
                Err(Failure::Answer(error)) => return Err(error),
                Err(Failure::Post(PostError::NotConnected(source))) => {
                    return Err(self.dialer.not_connected(source));
                }
                Err(Failure::Post(PostError::Died)) => {
                    return Err(self.dialer.not_connected("the connection died twice".into()));
                }
                Err(Failure::Post(PostError::Lost(source))) => {
                    return Err(TransportError::Lost { endpoint: endpoint.to_owned(), source });
                }
                Err(Failure::Post(PostError::Timeout(after))) => {
                    return Err(TransportError::Timeout { endpoint: endpoint.to_owned(), after });
                }
                Err(Failure::Post(PostError::TooLarge(_))) => return Err(too_large(endpoint)),
            }
            fresh = true;
            // Aside, so that an exchange has no room for a login in it: nearly none needs one.
            link = Box::pin(self.dialer.login()).await?;
            self.server_names.clone_from(&link.server_names);
        }
    }
}

impl Connection for HttpConnection {
    fn exchange<'a>(
        &'a mut self,
        envelope: &'a str,
        read_timeout: Duration,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        Box::pin(async move {
            let Some(observer) = self.dialer.observer.clone() else {
                return self.run(envelope, read_timeout).await;
            };
            let sequence = observer::next_sequence();
            let result = self.run(envelope, read_timeout).await;
            observer::report(observer.as_ref(), sequence, self.dialer.endpoint(), envelope, result.as_ref());
            result
        })
    }

    fn server_names(&self) -> Option<&ServerNames> {
        self.server_names.as_ref()
    }

    fn is_usable(&self) -> bool {
        self.link.is_some()
    }
}

/// Why a link gave no answer that can be used.
pub(super) enum Failure {
    Post(PostError),
    Auth(AuthError),
    Answer(TransportError),
}

impl Link {
    /// Whether the server lets a request through, such as this Identify: `false` is a 401.
    pub(super) async fn identify(&mut self, timeout: Duration, endpoint: &str) -> Result<bool, Failure> {
        let mut envelope = String::new();
        identify::request(&mut envelope);
        let answer = self.send(&envelope, timeout).await?;
        if answer.status == 401 {
            return Ok(false);
        }
        self.closed |= answer.closes;
        self.open(answer, endpoint, &envelope).map_err(Failure::Answer)?;
        Ok(true)
    }

    /// Posts one envelope; a sealed message is sealed here, once, for this connection.
    async fn send(&mut self, envelope: &str, read_timeout: Duration) -> Result<Answer, Failure> {
        if self.closed {
            return Err(Failure::Post(PostError::Died));
        }
        let mut limit = MAX_BYTES;
        let mut request = Request { content_type: Some(SOAP), ..Request::default() };
        let sealed_type;
        match &mut self.protection {
            Protection::Connection => request.body = envelope.into(),
            Protection::Header(secret) => {
                request.body = envelope.into();
                request.authorization = Some(secret);
            }
            Protection::Sealed(seal) => {
                let (content_type, body) =
                    sealing::seal_body(seal.as_mut(), envelope.as_bytes()).map_err(Failure::Auth)?;
                sealed_type = content_type;
                request.content_type = Some(&sealed_type);
                request.body = body;
                limit += FRAMING;
            }
        }
        self.http.post(request, limit, read_timeout).await.map_err(Failure::Post)
    }

    /// The answer's envelope. What is in clear after a sealed request is never parsed: an error is quoted, and a
    /// success is refused. What it echoes of the login is masked.
    fn open(&mut self, mut answer: Answer, endpoint: &str, envelope: &str) -> Result<Reply, TransportError> {
        let redactor = self.http.redactor();
        let auth = |source| TransportError::Auth { endpoint: endpoint.to_owned(), source };
        match &mut self.protection {
            Protection::Sealed(seal) if answer.is_sealed() => {
                let mut body = answer.body;
                sealing::open_body_in_place(seal.as_mut(), &mut body).map_err(auth)?;
                if body.len() > MAX_BYTES {
                    return Err(too_large(endpoint));
                }
                redactor.envelope(&mut body, envelope);
                Ok(Reply { status: answer.status, body })
            }
            Protection::Sealed(_) if answer.is_success() => Err(auth(AuthError::ClearAnswer)),
            Protection::Sealed(_) => {
                redactor.page(&mut answer.body);
                Err(answer.into_status_error(endpoint))
            }
            Protection::Connection | Protection::Header(_) if answer.is_soap() => {
                redactor.envelope(&mut answer.body, envelope);
                Ok(Reply { status: answer.status, body: answer.body })
            }
            Protection::Connection | Protection::Header(_) => Err(answer.into_status_error(endpoint)),
        }
    }
}

fn too_large(endpoint: &str) -> TransportError {
    TransportError::TooLarge { endpoint: endpoint.to_owned(), limit: MAX_BYTES }
}

/// The content type of an envelope in clear.
pub(super) const SOAP: &str = "application/soap+xml;charset=UTF-8";

/// What the frame adds to a sealed answer: some 270 bytes for each pair of parts, and a server of many parts cuts its
/// answer into 16 KiB each (MS-WSMV 2.2.9.1, Encrypted Message Types).
pub(super) const FRAMING: usize = 64 * 1024;
