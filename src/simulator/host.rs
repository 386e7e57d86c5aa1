#![expect(clippy::disallowed_methods, reason = "draws challenges and reads the clock")]
//! I/O module: the connections of a service, request by request.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming as RequestBody;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::time::Instant;

use super::handler::RESUME_EVERY;
use super::limits::Limits;
use super::login::Login;
use super::ntlm::Entropy;
use super::pace::Pace;
use super::payload::{Closed, Payload, into_http};
use super::profile::Dialect;
use super::service::{Channel, ConnectionState, Incoming, Outgoing, Service};
use super::tls::Identity;
use super::trace::{self, Trace, TracedExchange};

/// The service itself, to be put behind streams of one's own, such as TLS ones.
#[derive(Clone, Debug)]
pub struct Host {
    pub(super) service: Arc<Service>,
    began: Instant,
    limits: Limits,
    trace: Option<Trace>,
    /// How many exchanges have come.
    exchanges: Arc<AtomicU64>,
    closing: watch::Receiver<u64>,
}

/// The largest request body, in bytes: an envelope of the largest size that any service takes, and its framing.
const MAX_REQUEST: usize = 512_000 + 4_096;
/// From 1601, where FILETIME begins, to 1970, in seconds.
const FILETIME_EPOCH: Duration = Duration::from_secs(11_644_473_600);

/// Says when the simulator is gone.
pub(super) struct Ends {
    closing: watch::Receiver<u64>,
}

impl Ends {
    pub(super) async fn ended(&mut self) {
        while self.closing.changed().await.is_ok() {}
    }
}

impl Host {
    /// Begins to count the time of a service.
    pub(super) fn new(
        service: Service,
        limits: Limits,
        trace: Option<Trace>,
        closing: watch::Receiver<u64>,
    ) -> Self {
        let (service, exchanges) = (Arc::new(service), Arc::default());
        Self { service, began: Instant::now(), limits, trace, exchanges, closing }
    }

    /// How long it has listened.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn ends(&self) -> Ends {
        Ends { closing: self.closing.clone() }
    }

    /// Serves one connection until it ends, its client is too slow, or the simulator is dropped.
    pub async fn serve_connection<S>(&self, stream: S, channel: Channel)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let number = self.service.counters.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let state = AsyncMutex::new(ConnectionState { number, channel, login: Login::None });
        let pace = Pace::new();
        let serve = service_fn(async |request| {
            pace.set_busy();
            let answer = self.answer(&state, request).await;
            pace.set_idle();
            answer
        });
        let connection = http1::Builder::new()
            .auto_date_header(self.service.dialect() == Dialect::Windows)
            .max_buf_size(self.limits.header_size())
            .serve_connection(TokioIo::new(pace.paced(stream)), serve);
        let mut closing = self.closing.clone();
        closing.mark_unchanged();
        // The client, or an injected fault, decides how a connection ends.
        tokio::select! {
            _ = connection => {}
            () = pace.too_slow(&self.limits) => {}
            _ = closing.changed() => {}
        }
    }

    pub(super) async fn serve_tls(&self, stream: TcpStream, identity: &Identity) {
        let accepted = tokio::time::timeout(self.limits.header_time, identity.acceptor.accept(stream));
        // A handshake that fails is the client's affair.
        if let Ok(Ok(stream)) = accepted.await {
            let certificate_hash = Some(identity.certificate.end_point_hash());
            self.serve_connection(stream, Channel::Tls { certificate_hash }).await;
        }
    }

    async fn answer(
        &self,
        state: &AsyncMutex<ConnectionState>,
        request: Request<RequestBody>,
    ) -> Result<Response<Payload>, Closed> {
        let mut state = state.lock().await;
        let mut traced = self.trace.as_ref().map(|_| TracedExchange {
            number: self.exchanges.fetch_add(1, Ordering::Relaxed) + 1,
            connection: state.number,
            request_line: format!("{} {}", request.method(), request.uri().path()),
            login: header(&request, AUTHORIZATION.as_str()).map(trace::login),
            ..TracedExchange::default()
        });
        let mut outgoing = self.exchange(&mut state, request, traced.as_mut()).await;
        while let Some(waiting) = outgoing.waiting.take() {
            tokio::time::sleep(RESUME_EVERY).await;
            outgoing = self.service.resume(&mut state, &waiting, self.began.elapsed());
        }
        if !outgoing.delay.is_zero() {
            tokio::time::sleep(outgoing.delay).await;
        }
        if let (Some(trace), Some(mut traced)) = (&self.trace, traced) {
            traced.status = outgoing.status;
            traced.offered = outgoing.authenticate.iter().map(|value| trace::login(value)).collect();
            traced.reason.clone_from(&outgoing.refused);
            traced.response = trace::scrub(outgoing.unsealed.as_deref().unwrap_or(&outgoing.body));
            trace.report(&traced);
        }
        into_http(outgoing, self.service.dialect())
    }

    async fn exchange(
        &self,
        state: &mut ConnectionState,
        request: Request<RequestBody>,
        traced: Option<&mut TracedExchange>,
    ) -> Outgoing {
        if !self.service.is_at(request.uri().path()) {
            return Outgoing::refused(404, "another path expected");
        }
        if request.method() != Method::POST {
            return Outgoing::refused(405, "POST expected");
        }
        let authorization = header(&request, AUTHORIZATION.as_str()).map(str::to_owned);
        let content_type = header(&request, CONTENT_TYPE.as_str()).unwrap_or_default().to_owned();
        let is_anonymous_identify = header(&request, "wsmanidentify")
            .is_some_and(|value| value.eq_ignore_ascii_case("unauthenticated"));
        let body = Limited::new(request.into_body(), MAX_REQUEST).collect();
        let body = match tokio::time::timeout(self.limits.body_time, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => {
                return Outgoing::refused(413, format!("a body of at most {MAX_REQUEST} bytes expected"));
            }
            Err(_) => return Outgoing::refused(408, "the rest of the body expected, nothing sent in time"),
        };
        let Ok(entropy) = draw_entropy() else {
            return Outgoing::status(503);
        };
        let incoming = Incoming {
            authorization: authorization.as_deref(),
            content_type: &content_type,
            is_anonymous_identify,
            body: &body,
        };
        let judged = match self.service.ticket_leg(state, incoming.authorization) {
            // A leg that panics leaves no login behind.
            Some(leg) => tokio::task::spawn_blocking(move || leg.judge()).await.ok(),
            None => None,
        };
        let mut outgoing = self.service.respond(state, &incoming, judged, entropy, self.began.elapsed());
        if let Some(traced) = traced {
            let opened = outgoing.opened.take();
            traced.sealed = opened.is_some();
            traced.request = match (&opened, content_type.starts_with("multipart/")) {
                (Some(opened), _) => trace::scrub(opened),
                (None, true) => format!("[{} sealed bytes]", body.len()),
                (None, false) => trace::scrub(&body),
            };
        }
        outgoing
    }
}

fn header<'r, B>(request: &'r Request<B>, name: &str) -> Option<&'r str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

fn draw_entropy() -> io::Result<Entropy> {
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce).map_err(|error| io::Error::other(error.to_string()))?;
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let ticks = (since_1970 + FILETIME_EPOCH).as_nanos() / 100;
    Ok(Entropy { nonce, time: u64::try_from(ticks).unwrap_or(u64::MAX) })
}
