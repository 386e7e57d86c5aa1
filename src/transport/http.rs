//! I/O module: one connection each, and whole answers of bounded size.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName,
    HeaderValue, USER_AGENT,
};
use hyper::{Method, Response, Uri};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::answer::Answer;
use super::redaction::Redactor;
use super::route::Route;
use super::stream::{Stream, StreamConnector, certificate};
use super::tls::{Trust, client_config};
use super::tls_error::tls_error;
use super::tls_observer::TlsObserver;
use super::{BoxError, Endpoint, HttpOptions, SetupError, Silence, TlsError, TlsFound, TransportError};

/// How to open connections to one endpoint; its clones know the same.
#[derive(Clone)]
pub(super) struct ClientFactory(Arc<Target>);

/// Where requests go, and what is the same in all of them.
struct Target {
    streams: StreamConnector,
    /// Path and query.
    path: Uri,
    host_header: HeaderValue,
    connect_timeout: Duration,
    observer: Arc<TlsObserver>,
    redactor: Redactor,
}

impl ClientFactory {
    /// For logins whose secrets `redactor` knows.
    pub(super) fn new(
        endpoint: &Endpoint,
        options: &HttpOptions,
        redactor: Redactor,
    ) -> Result<Self, SetupError> {
        Self::with(endpoint, options, redactor, Arc::default())
    }

    pub(super) fn with_observer(
        endpoint: &Endpoint,
        options: &HttpOptions,
        observer: Arc<TlsObserver>,
    ) -> Result<Self, SetupError> {
        Self::with(endpoint, options, Redactor::default(), observer)
    }

    fn with(
        endpoint: &Endpoint,
        options: &HttpOptions,
        redactor: Redactor,
        observer: Arc<TlsObserver>,
    ) -> Result<Self, SetupError> {
        let trust = match &options.ca_pem {
            _ if !endpoint.is_tls() => None,
            _ if !options.pins.is_empty() => Some(Trust::Pinned(&options.pins)),
            _ if options.security.dangerous_skip_certificate_check => Some(Trust::DangerousEverybody),
            Some(pem) => Some(Trust::Only(pem)),
            None => Some(Trust::Platform),
        };
        let tls = trust.map(|trust| client_config(trust, Arc::clone(&observer))).transpose()?;
        let route = Route::to(endpoint, options)?;
        let client = |source: BoxError| SetupError::Client { source };
        let url: Uri = route.url.parse().map_err(|e: hyper::http::uri::InvalidUri| client(e.into()))?;
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        let host = route.host_header.as_deref().or(url.authority().map(|authority| authority.as_str()));
        Ok(Self(Arc::new(Target {
            path: path.parse().map_err(|e: hyper::http::uri::InvalidUri| client(e.into()))?,
            host_header: HeaderValue::from_str(host.unwrap_or_default()).map_err(|e| client(e.into()))?,
            streams: StreamConnector::new(url, route.lookup, tls),
            connect_timeout: options.connect_timeout,
            observer,
            redactor,
        })))
    }

    pub(super) fn redactor(&self) -> &Redactor {
        &self.0.redactor
    }

    /// What the last TLS handshake has shown.
    pub(super) fn tls_found(&self) -> Option<TlsFound> {
        self.0.observer.found()
    }

    /// A connection that is to come with its first request, or with [`Http::connect`].
    pub(super) fn open(&self) -> Http {
        Http { target: Arc::clone(&self.0), state: State::ToCome, connected_at: None, has_answered: false }
    }
}

/// One connection, or one that is to come.
pub(super) struct Http {
    target: Arc<Target>,
    state: State,
    /// When the connection came about, if it has.
    connected_at: Option<Instant>,
    /// Whether the server has answered on it, so that TLS has come about.
    has_answered: bool,
}

enum State {
    ToCome,
    Open(Box<Open>),
    /// A request came to no answer, or is under way: nothing more is sent.
    Gone,
}

/// A connection that stands. It lives in the task that waits for an answer, and does nothing between requests.
struct Open {
    sender: http1::SendRequest<Full<Bytes>>,
    /// `None` at its end.
    connection: Option<http1::Connection<Stream, Full<Bytes>>>,
    /// The server's certificate.
    certificate: Option<Arc<[u8]>>,
}

/// One request; the body's length is always announced.
#[derive(Default)]
pub(super) struct Request<'a> {
    /// Default: POST.
    pub(super) method: Option<Method>,
    /// Default: the endpoint's.
    pub(super) path: Option<Uri>,
    pub(super) body: Vec<u8>,
    pub(super) content_type: Option<&'a str>,
    pub(super) authorization: Option<&'a SecretString>,
    /// Ask for Identify without a login, as Windows allows it with a header of its own.
    pub(super) unauthenticated_identify: bool,
}

/// Why there is no whole answer.
#[derive(Debug)]
pub(super) enum PostError {
    /// There never was a connection.
    NotConnected(BoxError),
    /// The connection is gone, and nothing of the request was sent.
    Died,
    /// The request was, or may have been, sent.
    Lost(BoxError),
    /// Not all of the answer came in time.
    Timeout(Duration),
    /// The answer has more bytes than this.
    TooLarge(usize),
}

impl PostError {
    /// The error of one request to this endpoint, without a login that could explain it.
    pub(super) fn at(self, endpoint: &Endpoint) -> TransportError {
        let endpoint = endpoint.url().to_owned();
        match self {
            Self::NotConnected(source) => TransportError::Connect { endpoint, source },
            Self::Died => TransportError::Lost { endpoint, source: "the connection was closed".into() },
            Self::Lost(source) => TransportError::Lost { endpoint, source },
            Self::Timeout(after) => TransportError::Timeout { endpoint, after },
            Self::TooLarge(limit) => TransportError::TooLarge { endpoint, limit },
        }
    }
}

impl Http {
    /// Connects, with TLS where the endpoint has it, unless the connection stands.
    pub(super) async fn connect(&mut self) -> Result<(), PostError> {
        if matches!(self.state, State::ToCome) {
            self.state = State::Gone;
            let open = self.target.connect().await?;
            self.state = State::Open(Box::new(open));
            self.connected_at = Some(Instant::now());
        }
        Ok(())
    }

    /// Posts one request and reads its answer to the end: an answer that is not drained loses the connection. `timeout`
    /// counts from when the connection stands, for which there is a limit of its own. Dropping the future closes the
    /// connection.
    pub(super) async fn post(
        &mut self,
        request: Request<'_>,
        limit: usize,
        timeout: Duration,
    ) -> Result<Answer, PostError> {
        self.connect().await?;
        let State::Open(mut open) = std::mem::replace(&mut self.state, State::Gone) else {
            return Err(PostError::Died);
        };
        let answer = tokio::time::timeout(timeout, self.exchange(&mut open, request, limit)).await;
        let answer = answer.unwrap_or(Err(PostError::Timeout(timeout)))?;
        self.state = State::Open(open);
        Ok(answer)
    }

    async fn exchange(
        &mut self,
        open: &mut Open,
        request: Request<'_>,
        limit: usize,
    ) -> Result<Answer, PostError> {
        if let Some(authorization) = request.authorization {
            self.target.redactor.sent(authorization);
        }
        let request = self.target.request(request)?;
        let response =
            open.send(request, !self.has_answered).await.map_err(|failed| self.sending_failed(failed))?;
        self.has_answered = true;
        let mut answer = Answer::from_head(&response, open.certificate.clone());
        answer.body = open.read(response.into_body(), limit).await?;
        answer.redact_headers(&self.target.redactor);
        if !answer.is_soap() && !answer.is_sealed() {
            self.target.redactor.page(&mut answer.body);
        }
        Ok(answer)
    }

    /// What knows the secrets of the logins to this endpoint.
    pub(super) fn redactor(&self) -> &Redactor {
        &self.target.redactor
    }

    /// When the connection came about, if it has.
    pub(super) fn connected_at(&self) -> Option<Instant> {
        self.connected_at
    }

    /// What it means that no head of an answer came.
    fn sending_failed(&self, failed: Unanswered) -> PostError {
        let Unanswered { error, is_unsent } = failed;
        if self.has_answered {
            return if is_unsent { PostError::Died } else { PostError::Lost(reason(&error)) };
        }
        // With TLS 1.3 our part of the handshake is over before the server's: it may refuse us below the first request,
        // which it then has not read.
        let seen = &self.target.observer;
        let refused = || seen.was_asked().then_some(TlsError::ClientCertificate);
        let tls = tls_error(&error, seen.was_asked())
            .or_else(refused)
            .or_else(|| (!self.target.streams.is_tls() && !is_http(&error)).then_some(TlsError::NotHttp));
        tls.map_or_else(|| PostError::Lost(reason(&error)), |tls| PostError::NotConnected(tls.into()))
    }
}

impl Target {
    async fn connect(&self) -> Result<Open, PostError> {
        let silence = || BoxError::from(Silence::Connecting(self.connect_timeout));
        let not_connected = |error: BoxError| {
            PostError::NotConnected(match tls_error(error.as_ref(), self.observer.was_asked()) {
                Some(tls) => tls.into(),
                None if is_timeout(error.as_ref()) => silence(),
                None => error,
            })
        };
        let connecting = tokio::time::timeout(self.connect_timeout, self.streams.connect()).await;
        let stream = connecting.unwrap_or_else(|_| Err(silence())).map_err(not_connected)?;
        let certificate = certificate(&stream);
        let handshake = http1::Builder::new()
            .title_case_headers(true)
            .read_buf_exact_size(Some(READ_BUFFER))
            .handshake(stream)
            .await;
        let (sender, connection) = handshake.map_err(|error| not_connected(error.into()))?;
        Ok(Open { sender, connection: Some(connection), certificate })
    }

    fn request(&self, request: Request<'_>) -> Result<hyper::Request<Full<Bytes>>, PostError> {
        let unsent = |error: BoxError| PostError::NotConnected(error);
        let mut headers = HeaderMap::with_capacity(MOST_HEADERS);
        headers.insert(HOST, self.host_header.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        // IIS in front of Exchange compresses otherwise.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(USER_AGENT, HeaderValue::from_static(PROGRAM));
        // hyper announces no length for an empty body, and http.sys answers 411 to that.
        headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body.len()));
        if let Some(content_type) = request.content_type {
            let value = HeaderValue::from_str(content_type).map_err(|error| unsent(error.into()))?;
            headers.insert(CONTENT_TYPE, value);
        }
        if let Some(secret) = request.authorization {
            let mut value = HeaderValue::from_str(secret.expose_secret())
                .map_err(|_| unsent("the login token is no header value".into()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        if request.unauthenticated_identify {
            headers.insert(WSMAN_IDENTIFY, HeaderValue::from_static("unauthenticated"));
        }
        let mut message = hyper::Request::new(Full::new(Bytes::from(request.body)));
        *message.method_mut() = request.method.unwrap_or(Method::POST);
        *message.uri_mut() = request.path.unwrap_or_else(|| self.path.clone());
        *message.headers_mut() = headers;
        Ok(message)
    }
}

/// Why no head of an answer came, and whether nothing of the request was written.
struct Unanswered {
    error: hyper::Error,
    is_unsent: bool,
}

impl Open {
    async fn send(
        &mut self,
        request: hyper::Request<Full<Bytes>>,
        is_first: bool,
    ) -> Result<Response<Incoming>, Unanswered> {
        let Self { sender, connection, .. } = self;
        if !is_first {
            // What has been read since the last answer comes first: that the server has closed the connection.
            let ready = drive(connection, sender.ready()).await;
            ready.map_err(|error| Unanswered { error, is_unsent: true })?;
        }
        let sending = sender.try_send_request(request);
        drive(connection, sending).await.map_err(|mut failed| {
            let is_unsent = failed.take_message().is_some();
            Unanswered { error: failed.into_error(), is_unsent }
        })
    }

    async fn read(&mut self, mut body: Incoming, limit: usize) -> Result<Vec<u8>, PostError> {
        let announced = body.size_hint().exact().unwrap_or_default();
        let announced = usize::try_from(announced).ok().filter(|length| *length <= limit);
        let announced = announced.ok_or(PostError::TooLarge(limit))?;
        let mut whole = Vec::with_capacity(announced.min(BELIEVED_LENGTH));
        while let Some(frame) = drive(&mut self.connection, body.frame()).await {
            let frame = frame.map_err(|error| PostError::Lost(reason(&error)))?;
            let Ok(chunk) = frame.into_data() else { continue };
            if chunk.len() > limit.saturating_sub(whole.len()) {
                return Err(PostError::TooLarge(limit));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }
}

/// Waits for `work`, and lets the connection read and write meanwhile. Its errors come out of the work, which also learns
/// of its end.
async fn drive<T>(
    connection: &mut Option<http1::Connection<Stream, Full<Bytes>>>,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        if connection.as_mut().is_some_and(|open| Pin::new(open).poll(context).is_ready()) {
            *connection = None;
        }
        work.as_mut().poll(context)
    })
    .await
}

/// Why a connection was lost, without the layers above it, which say no more than that; rustls adds a page to read, which
/// helps nobody who is not its user.
fn reason(error: &hyper::Error) -> BoxError {
    let text = causes(error).last().map(ToString::to_string).unwrap_or_default();
    text.split_once(": https://").map_or(text.as_str(), |(text, _)| text).into()
}

/// Whether an answer that could not be read began as one of HTTP. There is no other sign of it than the error's text.
fn is_http(error: &hyper::Error) -> bool {
    !causes(error).any(|cause| cause.to_string().contains(NO_HTTP))
}

/// Whether the system has given up waiting.
fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    })
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause: &&'e (dyn Error + 'static)| Error::source(*cause))
}

/// What hyper says of an answer that does not begin with `HTTP/1.`.
const NO_HTTP: &str = "invalid HTTP version";

const PROGRAM: &str = concat!("pssession/", env!("CARGO_PKG_VERSION"));

const WSMAN_IDENTIFY: HeaderName = HeaderName::from_static("wsmanidentify");

/// How many bytes are read at once, and the longest head of a response. A buffer that grows with what it reads stays that
/// large for as long as its connection is idle, and a fleet has hundreds of them; heads with the tokens of a login are
/// some 20 KB at most.
const READ_BUFFER: usize = 64 * 1024;

/// The headers that a request of ours may have.
const MOST_HEADERS: usize = 8;

/// For how many bytes of a body there is room at once when the server announces that many or more. Larger are only
/// listings.
const BELIEVED_LENGTH: usize = 64 * 1024;
