//! I/O module, the only file that uses `reqwest`: one client per connection, and whole answers of bounded size.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST, HeaderMap,
    HeaderName, HeaderValue, LOCATION, RETRY_AFTER, SERVER, WWW_AUTHENTICATE,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::gate::{ConnectionDied, GATE_WAIT, Gate};
use super::redaction::Redactor;
use super::route::{Lookup, Route};
use super::tls::{Trust, client_config};
use super::tls_error::tls_error;
use super::tls_observer::TlsObserver;
use super::{BoxError, Endpoint, HttpOptions, SetupError, Silence, TlsError};
use crate::auth::Challenges;

/// How to open connections to one endpoint.
pub(super) struct ClientFactory {
    route: Route,
    host_header: Option<HeaderValue>,
    connect_timeout: Duration,
    tls: rustls::ClientConfig,
    observer: Arc<TlsObserver>,
    redactor: Arc<Redactor>,
}

impl ClientFactory {
    /// For logins whose secrets `redactor` knows.
    pub(super) fn new(
        endpoint: &Endpoint,
        options: &HttpOptions,
        redactor: Redactor,
    ) -> Result<Self, SetupError> {
        let factory = Self::with_observer(endpoint, options, Arc::default())?;
        Ok(Self { redactor: Arc::new(redactor), ..factory })
    }

    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    pub(super) fn with_observer(
        endpoint: &Endpoint,
        options: &HttpOptions,
        observer: Arc<TlsObserver>,
    ) -> Result<Self, SetupError> {
        let trust = match &options.ca_pem {
            _ if !endpoint.is_tls() => Trust::Nobody,
            _ if !options.pins.is_empty() => Trust::Pinned(&options.pins),
            _ if options.security.dangerous_skip_certificate_check => Trust::DangerousEverybody,
            Some(pem) => Trust::Only(pem),
            None => Trust::Platform,
        };
        let route = Route::to(endpoint, options)?;
        Ok(Self {
            host_header: route.host_header.as_deref().and_then(|host| HeaderValue::from_str(host).ok()),
            route,
            connect_timeout: options.connect_timeout,
            tls: client_config(trust, Arc::clone(&observer))?,
            observer,
            redactor: Arc::default(),
        })
    }

    /// A client for one connection; the connection itself comes with the first request.
    pub(super) fn open(&self) -> Result<Http, BoxError> {
        // A refusal that came after the connect timeout would look like a timeout.
        let gate = Gate::new(GATE_WAIT.min(self.connect_timeout / 2));
        let mut headers = HeaderMap::new();
        // IIS in front of Exchange compresses otherwise.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(host) = &self.host_header {
            headers.insert(HOST, host.clone());
        }
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .tls_info(true)
            .http1_only()
            .http1_title_case_headers()
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(None)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .connect_timeout(self.connect_timeout)
            .tcp_keepalive(TCP_KEEPALIVE)
            .user_agent(USER_AGENT)
            .default_headers(headers)
            .connector_layer(gate.clone());
        builder = match self.route.lookup.clone() {
            Lookup::Url => builder,
            Lookup::Fixed(host, address) => builder.resolve(&host, address),
            Lookup::Instead(host) => builder.dns_resolver(Instead(host)),
        };
        let observer = Arc::clone(&self.observer);
        Ok(Http {
            client: builder.build()?,
            url: self.route.url.clone(),
            observer,
            redactor: Arc::clone(&self.redactor),
            gate,
            connect_timeout: self.connect_timeout,
            answered: AtomicBool::new(false),
        })
    }
}

/// One connection, or one that is to come with the first request.
pub(super) struct Http {
    client: reqwest::Client,
    url: String,
    observer: Arc<TlsObserver>,
    redactor: Arc<Redactor>,
    gate: Gate,
    connect_timeout: Duration,
    /// Whether the server has answered on it, so that TLS has come about.
    answered: AtomicBool,
}

/// Looks one host up, whatever name it is asked for: the URL bears the name for TLS.
struct Instead(Arc<str>);

impl reqwest::dns::Resolve for Instead {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let host = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((&*host, 0)).await?.collect();
            let addresses: reqwest::dns::Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

/// One request; the body's length is always announced.
#[derive(Default)]
pub(super) struct Request<'a> {
    pub(super) body: Vec<u8>,
    pub(super) content_type: Option<&'a str>,
    pub(super) authorization: Option<&'a SecretString>,
    /// Ask for Identify without a login, as Windows allows it with a header of its own.
    pub(super) unauthenticated_identify: bool,
}

/// One whole answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) challenges: Challenges,
    pub(super) retry_after: Option<Duration>,
    pub(super) location: Option<String>,
    pub(super) server: Option<String>,
    pub(super) date: Option<String>,
    pub(super) certificate: Option<Vec<u8>>,
    /// Whether the server said that it closes the connection after this answer.
    pub(super) closes: bool,
    pub(super) body: Vec<u8>,
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

impl Http {
    /// Posts one request and reads its answer to the end: an answer that is not drained loses the connection. `timeout`
    /// counts from when the connection stands, for which there is a limit of its own. Dropping the future closes the
    /// connection.
    pub(super) async fn post(
        &self,
        request: Request<'_>,
        limit: usize,
        timeout: Duration,
    ) -> Result<Answer, PostError> {
        if let Some(authorization) = request.authorization {
            self.redactor.sent(authorization);
        }
        let whole = async {
            let response = self.send(request).await?;
            self.answered.store(true, Ordering::Relaxed);
            let mut answer = read(response, limit).await?;
            answer.redact_headers(&self.redactor);
            if !answer.is_soap() && !answer.is_sealed() {
                self.redactor.page(&mut answer.body);
            }
            Ok(answer)
        };
        let late = async {
            self.gate.connected().await;
            tokio::time::sleep(timeout).await;
        };
        tokio::select! {
            biased;
            answer = whole => answer,
            () = late => Err(PostError::Timeout(timeout)),
        }
    }

    /// What knows the secrets of the logins to this endpoint.
    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Waits until the connection has stood for so long.
    pub(super) async fn connected_for(&self, time: Duration) {
        tokio::time::sleep_until(self.gate.connected().await + time).await;
    }

    /// When the connection came about, if it has.
    pub(super) fn connected_at(&self) -> Option<Instant> {
        self.gate.connected_at()
    }

    async fn send(&self, request: Request<'_>) -> Result<reqwest::Response, PostError> {
        let mut headers = HeaderMap::new();
        // hyper announces no length for an empty body, and http.sys answers 411 to that.
        headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body.len()));
        if let Some(content_type) = request.content_type {
            let value = HeaderValue::from_str(content_type).map_err(|e| PostError::NotConnected(e.into()))?;
            headers.insert(CONTENT_TYPE, value);
        }
        if let Some(secret) = request.authorization {
            let mut value = HeaderValue::from_str(secret.expose_secret())
                .map_err(|_| PostError::NotConnected("the login token is no header value".into()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        if request.unauthenticated_identify {
            headers.insert(WSMAN_IDENTIFY, HeaderValue::from_static("unauthenticated"));
        }
        self.client
            .post(&self.url)
            .headers(headers)
            .body(request.body)
            .send()
            .await
            .map_err(|error| self.sending_failed(error))
    }

    fn is_plain(&self) -> bool {
        self.url.starts_with("http://")
    }

    /// What it means that no head of an answer came. hyper gives a request back, and the pool takes it to the gate, only
    /// if none of it was written.
    fn sending_failed(&self, error: reqwest::Error) -> PostError {
        let error = error.without_url();
        if died(&error) {
            return PostError::Died;
        }
        if error.is_connect() && error.is_timeout() {
            return PostError::NotConnected(Silence::Connecting(self.connect_timeout).into());
        }
        let unsent = error.is_connect() || error.is_builder();
        // With TLS 1.3 our part of the handshake is over before the server's: it may refuse us below the first request,
        // which it then has not read.
        let shaking_hands = unsent || !self.answered.load(Ordering::Relaxed);
        let tls = Some(&self.observer).filter(|_| shaking_hands).and_then(|seen| {
            let refused = || (seen.was_asked() && !unsent).then_some(TlsError::ClientCertificate);
            tls_error(&error, seen.was_asked()).or_else(refused)
        });
        let tls = tls
            .or_else(|| (shaking_hands && self.is_plain() && !is_http(&error)).then_some(TlsError::NotHttp));
        match tls {
            Some(tls) => PostError::NotConnected(tls.into()),
            None if unsent => PostError::NotConnected(error.into()),
            None => PostError::Lost(reason(&error)),
        }
    }
}

async fn read(mut response: reqwest::Response, limit: usize) -> Result<Answer, PostError> {
    if response.content_length().is_some_and(|length| usize::try_from(length).is_ok_and(|n| n > limit)) {
        return Err(PostError::TooLarge(limit));
    }
    let mut answer = Answer::from_head(&response);
    while let Some(chunk) = response.chunk().await.map_err(|e| PostError::Lost(reason(&e)))? {
        if chunk.len() > limit.saturating_sub(answer.body.len()) {
            return Err(PostError::TooLarge(limit));
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

impl Answer {
    fn from_head(response: &reqwest::Response) -> Self {
        let headers = response.headers();
        let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let challenges = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|v| v.to_str().ok());
        let closes = headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','))
            .any(|v| v.trim().eq_ignore_ascii_case("close"));
        Self {
            status: response.status().as_u16(),
            content_type: text(CONTENT_TYPE).unwrap_or_default(),
            challenges: Challenges::parse(challenges),
            retry_after: text(RETRY_AFTER).and_then(|v| v.trim().parse().ok()).map(Duration::from_secs),
            location: text(LOCATION),
            server: text(SERVER),
            date: text(DATE),
            certificate: response
                .extensions()
                .get::<reqwest::tls::TlsInfo>()
                .and_then(|info| info.peer_certificate())
                .map(<[u8]>::to_vec),
            closes,
            body: Vec::new(),
        }
    }

    /// Masks what may be quoted of the head.
    fn redact_headers(&mut self, redactor: &Redactor) {
        for header in [&mut self.location, &mut self.server].into_iter().flatten() {
            *header = redactor.text(header).into_owned();
        }
    }
}

/// Why a connection was lost, without the layers above it, which say no more than that; rustls adds a page to read, which
/// helps nobody who is not its user.
fn reason(error: &reqwest::Error) -> BoxError {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    let text = deepest.to_string();
    text.split_once(": https://").map_or(text.as_str(), |(text, _)| text).into()
}

fn died(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.is::<ConnectionDied>())
}

/// Whether an answer that could not be read began as one of HTTP. The client's error has no other sign of it than its text.
fn is_http(error: &reqwest::Error) -> bool {
    !causes(error).any(|cause| cause.to_string().contains(NO_HTTP))
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}

/// What hyper says of an answer that does not begin with `HTTP/1.`.
const NO_HTTP: &str = "invalid HTTP version";

const USER_AGENT: &str = concat!("pssession/", env!("CARGO_PKG_VERSION"));

const WSMAN_IDENTIFY: HeaderName = HeaderName::from_static("wsmanidentify");

/// Half of the two minutes after which http.sys, and many a firewall, forgets an idle connection.
const TCP_KEEPALIVE: Duration = Duration::from_secs(60);
