//! Requests as somebody else's client might write them, well or badly, over the same connections and logins: for checks
//! of a server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper::{Method, Uri};
use secrecy::SecretString;

use super::answer::Answer;
use super::authenticate::{Authenticator, Link};
use super::channel::{FRAMING, SOAP};
use super::http::{Http, Request};
use super::{ExchangeObserver, HttpConnector, Reply, TlsFound, TransportError, observer};
use crate::auth::{AuthError, Challenges, Protection, sealing};
use crate::wsman::xml::MAX_BYTES;

/// One request, written as it is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRequest {
    /// The HTTP method. Default: `POST`.
    pub method: String,
    /// The path, if it is another one than the endpoint's.
    pub path: Option<String>,
    /// `Content-Type`. Default: that of an envelope in clear. A sealed body brings its own.
    pub content_type: Option<String>,
    /// `Authorization`, on a connection without a login: a token that belongs to no account.
    pub authorization: Option<String>,
    /// Whether `WSMANIDENTIFY: unauthenticated` is sent.
    pub unauthenticated_identify: bool,
    /// The body in clear.
    pub body: Vec<u8>,
    /// What becomes of the body on a connection whose login encrypts.
    pub encryption: RawEncryption,
}

/// What becomes of a body on a connection whose login encrypts messages (MS-WSMV 2.2.9.1, Encrypted Message Types).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RawEncryption {
    /// It is encrypted, in the frame that this library sends.
    #[default]
    Encrypted,
    /// It is encrypted, and each header of the frame's parts begins with a tab, as the document has it.
    Indented,
    /// One byte of the ciphertext is changed.
    Altered,
    /// It is sent in clear.
    InClear,
}

/// The answer to a [`RawRequest`], whatever it is. What it repeats of the login is masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`; empty if there is none.
    pub content_type: String,
    /// The `WWW-Authenticate` headers.
    pub challenges: Challenges,
    /// Whether the server closes the connection.
    pub closes: bool,
    /// Whether the body came encrypted.
    pub encrypted: bool,
    /// The body in clear.
    pub body: Vec<u8>,
}

/// A connection for [`RawRequest`]s. It never connects, logs in or sends anything a second time.
pub struct RawConnection {
    dialer: Arc<Authenticator>,
    channel: Option<Channel>,
    scheme: Option<&'static str>,
    encrypts: bool,
}

impl fmt::Debug for RawConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawConnection")
            .field("endpoint", &self.dialer.endpoint().url())
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

enum Channel {
    WithoutLogin(Http),
    LoggedIn(Box<Link>),
}

impl Default for RawRequest {
    fn default() -> Self {
        Self {
            method: Method::POST.to_string(),
            path: None,
            content_type: Some(SOAP.to_owned()),
            authorization: None,
            unauthenticated_identify: false,
            body: Vec::new(),
            encryption: RawEncryption::default(),
        }
    }
}

impl HttpConnector {
    /// A connection on which nobody has logged in; it comes about with its first request.
    #[must_use]
    pub fn raw_without_login(&self) -> RawConnection {
        let channel = Some(Channel::WithoutLogin(self.dialer().factory.open()));
        RawConnection { dialer: Arc::clone(self.dialer()), channel, scheme: None, encrypts: false }
    }

    /// A connection on which this connector's credential has logged in.
    ///
    /// # Errors
    /// As [`Connector::connect`](super::Connector::connect).
    pub async fn raw(&self) -> Result<RawConnection, TransportError> {
        let link = self.dialer().login().await?;
        let encrypts = matches!(link.protection, Protection::Sealed(_));
        let scheme = Some(link.scheme);
        let channel = Some(Channel::LoggedIn(Box::new(link)));
        Ok(RawConnection { dialer: Arc::clone(self.dialer()), channel, scheme, encrypts })
    }

    /// What the last TLS handshake has shown; `None` over plain HTTP and before the first.
    #[must_use]
    pub fn tls_found(&self) -> Option<TlsFound> {
        self.dialer().factory.tls_found()
    }

    /// The service principal that logins name.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.dialer().spn
    }
}

impl RawConnection {
    /// The scheme that logged in, if one did.
    #[must_use]
    pub fn scheme(&self) -> Option<&'static str> {
        self.scheme
    }

    /// Whether the login encrypts messages.
    #[must_use]
    pub fn encrypts(&self) -> bool {
        self.encrypts
    }

    /// Whether another request can be sent. After an error, a 401, an answer that closes the connection, and a request
    /// that was altered or sent in clear where messages are encrypted, it cannot.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.channel.is_some()
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// There is no whole answer, it cannot be decrypted, or the credential itself was refused.
    pub async fn exchange(
        &mut self,
        request: &RawRequest,
        timeout: Duration,
    ) -> Result<RawAnswer, TransportError> {
        let Some(mut channel) = self.channel.take() else {
            return Err(self.dialer.not_connected("the connection is used up".into()));
        };
        let is_spoilt =
            self.encrypts && matches!(request.encryption, RawEncryption::Altered | RawEncryption::InClear);
        // What was not sent as the login has it is none of its exchanges.
        let observed = self.dialer.observer.clone().filter(|_| self.scheme.is_some() && !is_spoilt);
        let sequence = observed.as_ref().map(|_| observer::next_sequence());
        let exchanged = channel.exchange(&self.dialer, request, timeout).await;
        if let (Some(observed), Some(sequence)) = (observed, sequence) {
            self.show(observed.as_ref(), sequence, request, &exchanged);
        }
        let (answer, encrypted) = exchanged?;
        let is_refused = answer.status == 401 && self.scheme.is_some();
        if !(is_spoilt || is_refused || answer.closes) {
            self.channel = Some(channel);
        }
        Ok(RawAnswer {
            status: answer.status,
            content_type: answer.content_type,
            challenges: answer.challenges,
            closes: answer.closes,
            encrypted,
            body: answer.body,
        })
    }
}

impl RawConnection {
    /// Shows an exchange to who observes this connection.
    fn show(
        &self,
        observed: &dyn ExchangeObserver,
        sequence: u64,
        request: &RawRequest,
        exchanged: &Result<(Answer, bool), TransportError>,
    ) {
        let (endpoint, text) = (self.dialer.endpoint(), String::from_utf8_lossy(&request.body));
        let reply =
            exchanged.as_ref().map(|(answer, _)| Reply { status: answer.status, body: answer.body.clone() });
        observer::report(observed, sequence, endpoint, &text, reply.as_ref().map_err(|error| *error));
    }
}

impl Channel {
    async fn exchange(
        &mut self,
        dialer: &Arc<Authenticator>,
        raw: &RawRequest,
        timeout: Duration,
    ) -> Result<(Answer, bool), TransportError> {
        let auth = |source| dialer.auth_error(source);
        let (mut authorization, mut seal) = (None, None);
        let http = match self {
            Self::WithoutLogin(http) => {
                authorization = raw.authorization.as_deref().map(SecretString::from);
                http
            }
            Self::LoggedIn(link) => {
                match &mut link.protection {
                    Protection::Connection => {}
                    Protection::Header(secret) => authorization = Some(secret.clone()),
                    Protection::Sealed(sealing) => seal = Some(sealing),
                }
                &mut link.http
            }
        };
        let (mut content_type, mut body) = (raw.content_type.clone(), raw.body.clone());
        if let Some(seal) = seal.as_deref_mut().filter(|_| raw.encryption != RawEncryption::InClear) {
            let (frame_type, frame) = sealing::seal_body(seal.as_mut(), &body).map_err(auth)?;
            content_type = Some(frame_type);
            body = framed(frame, raw.encryption);
        }
        let method = Method::from_bytes(raw.method.as_bytes());
        let method = method.map_err(|error| dialer.not_connected(error.into()))?;
        let path = raw.path.as_deref().map(str::parse::<Uri>).transpose();
        let path = path.map_err(|error| dialer.not_connected(error.into()))?;
        let request = Request {
            method: Some(method),
            path,
            content_type: content_type.as_deref(),
            authorization: authorization.as_ref(),
            unauthenticated_identify: raw.unauthenticated_identify,
            body,
        };
        let posted = http.post(request, MAX_BYTES + FRAMING, timeout).await;
        let mut answer = posted.map_err(|error| error.at(dialer.endpoint()))?;
        let encrypted = answer.is_sealed();
        match seal {
            Some(seal) if encrypted => {
                sealing::open_body_in_place(seal.as_mut(), &mut answer.body).map_err(auth)?;
            }
            _ if encrypted => return Err(auth(AuthError::BadSeal)),
            _ => {}
        }
        let request_text = String::from_utf8_lossy(&raw.body);
        http.redactor().envelope(&mut answer.body, &request_text);
        if let Self::LoggedIn(link) = self {
            if answer.status == 401 && matches!(link.protection, Protection::Header(_)) {
                return Err(dialer.password_refused(link.scheme));
            }
            if answer.status != 401 && std::mem::take(&mut link.is_unconfirmed) {
                dialer.confirmed();
            }
        }
        Ok((answer, encrypted))
    }
}

/// A frame as it is sent.
fn framed(mut frame: Vec<u8>, encryption: RawEncryption) -> Vec<u8> {
    match encryption {
        RawEncryption::Altered => {
            let before_boundary = frame.len().checked_sub(CLOSING.len() + 1);
            if let Some(byte) = before_boundary.and_then(|at| frame.get_mut(at)) {
                *byte ^= 1;
            }
            frame
        }
        RawEncryption::Indented => {
            // The headers stand before the first byte that is none of a text.
            const OCTETS: &[u8] = b"Content-Type: application/octet-stream\r\n";
            let end =
                frame.windows(OCTETS.len()).position(|part| part == OCTETS).map_or(0, |at| at + OCTETS.len());
            let (head, rest) = frame.split_at_checked(end).unwrap_or((&[], &frame));
            let head = String::from_utf8_lossy(head);
            let head = head.replace("\r\nContent-Type:", "\r\n\tContent-Type:");
            let head = head.replace("\r\nOriginalContent:", "\r\n\tOriginalContent:");
            [head.as_bytes(), rest].concat()
        }
        RawEncryption::Encrypted | RawEncryption::InClear => frame,
    }
}

/// What follows the ciphertext.
const CLOSING: &[u8] = b"--Encrypted Boundary--\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: &[u8] =
        b"--Encrypted Boundary\r\nContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\
        OriginalContent: type=application/soap+xml;charset=UTF-8;Length=2\r\n--Encrypted Boundary\r\n\
        Content-Type: application/octet-stream\r\n\x01\0\0\0\xffab--Encrypted Boundary--\r\n";

    #[test]
    fn one_byte_of_the_ciphertext_is_altered_and_nothing_else() {
        let altered = framed(FRAME.to_vec(), RawEncryption::Altered);
        let differs: Vec<usize> = (0..FRAME.len()).filter(|at| altered[*at] != FRAME[*at]).collect();
        assert_eq!(differs, [FRAME.len() - CLOSING.len() - 1]);
        assert_eq!(altered.len(), FRAME.len());
    }

    #[test]
    fn each_header_of_a_frame_is_indented_and_the_ciphertext_stays() {
        let indented = framed(FRAME.to_vec(), RawEncryption::Indented);
        let text = String::from_utf8_lossy(&indented);
        assert_eq!(text.matches("\r\n\t").count(), 3, "{text}");
        assert!(indented.ends_with(b"\xffab--Encrypted Boundary--\r\n"));
    }
}
