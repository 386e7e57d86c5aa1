#![expect(clippy::disallowed_methods, reason = "draws passwords and challenges, reads the clock and listens")]
//! I/O module: a handler, such as the world, behind a TCP port.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming as RequestBody, SizeHint};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, SERVER, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use secrecy::SecretString;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::time::Instant;

use super::account::Account;
use super::control::Control;
use super::fault_injection::Delivery;
use super::handler::{Handler, RESUME_EVERY};
use super::login::Login;
use super::names;
use super::ntlm::{ChannelBinding, Entropy};
use super::service::{Channel, ConnectionState, Counters, Incoming, Outgoing, Policy, Service};
use super::world::World;
use crate::auth::ServerNames;

/// A simulated WinRM service that listens on a port of this machine until it is dropped. What answers is a [`World`],
/// or another [`Handler`].
#[derive(Debug)]
pub struct Simulator<H = World> {
    address: SocketAddr,
    path: String,
    handler: Arc<Mutex<H>>,
    host: Host,
    closing: watch::Sender<u64>,
}

/// The service itself, to be put behind streams of one's own, such as TLS ones.
#[derive(Clone, Debug)]
pub struct Host {
    service: Arc<Service>,
    began: Instant,
    closing: watch::Receiver<u64>,
}

/// How a [`Simulator`] is set up. Without anything said: 127.0.0.1, a free port, one administrator with a random
/// password, Negotiate only, sealed bodies only.
#[derive(Debug)]
pub struct SimulatorBuilder<H = World> {
    handler: H,
    address: SocketAddr,
    accounts: Vec<(Account, SecretString)>,
    policy: Policy,
    names: Option<ServerNames>,
}

/// The account of a simulator that was given none.
const DEFAULT_ACCOUNT: &str = "CONTOSO\\admin";
/// Length of a drawn password: 24 characters out of 32 are 120 bits.
const PASSWORD_LENGTH: usize = 24;
/// The characters of a drawn password: 32, without those that are easily confused.
const PASSWORD_CHARACTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// The largest request body, in bytes: an envelope of the largest size that any service takes, and its framing.
const MAX_REQUEST: usize = 512_000 + 4_096;
/// How long to wait after a failed accept: the process may be out of descriptors, and trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// From 1601, where FILETIME begins, to 1970, in seconds.
const FILETIME_EPOCH: Duration = Duration::from_secs(11_644_473_600);

impl Simulator {
    /// Begins to set up a simulator.
    #[must_use]
    pub fn builder() -> SimulatorBuilder {
        SimulatorBuilder {
            handler: World::new("simulator"),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            accounts: Vec::new(),
            policy: Policy::default(),
            names: None,
        }
    }

    /// The world behind the port.
    #[must_use]
    pub fn world(&self) -> Arc<Mutex<World>> {
        self.handler()
    }

    /// Opens the control endpoint at `address`, for tests that do not run in this process. It ends with the simulator.
    ///
    /// # Errors
    /// The port cannot be bound, or the system gives no random bytes.
    pub async fn control(&self, address: SocketAddr) -> io::Result<Control> {
        Control::start(address, self.world(), self.host()).await
    }
}

impl<H> Simulator<H> {
    /// What answers behind the port.
    #[must_use]
    pub fn handler(&self) -> Arc<Mutex<H>> {
        Arc::clone(&self.handler)
    }

    /// The endpoint's URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The name of the first account, as `DOMAIN\name`.
    #[must_use]
    pub fn user(&self) -> String {
        self.host.service.accounts.first().map(|(account, _)| account.full_name()).unwrap_or_default()
    }

    /// The password of the first account.
    #[must_use]
    pub fn password(&self) -> SecretString {
        self.host.service.accounts.first().map(|(_, password)| password.clone()).unwrap_or_default()
    }

    /// The service, to be put behind streams of one's own.
    #[must_use]
    pub fn host(&self) -> Host {
        self.host.clone()
    }

    /// How many connections have come.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.host.service.counters.connections.load(Ordering::Relaxed)
    }

    /// How many NTLM handshakes have been answered with a challenge.
    #[must_use]
    pub fn handshakes(&self) -> u64 {
        self.host.service.counters.handshakes.load(Ordering::Relaxed)
    }

    /// How many logins were refused: wrong password, unknown account, wrong MIC or channel binding.
    #[must_use]
    pub fn failed_logons(&self) -> u64 {
        self.host.service.counters.failed_logons.load(Ordering::Relaxed)
    }

    /// Closes all connections; new ones are welcome.
    pub fn close_connections(&self) {
        self.closing.send_modify(|generation| *generation += 1);
    }
}

impl SimulatorBuilder {
    /// The world to serve, instead of one without shells.
    #[must_use]
    pub fn world(mut self, world: World) -> Self {
        self.handler = world;
        self
    }
}

impl<H: Handler> SimulatorBuilder<H> {
    /// Another handler instead of a world, behind the same logins.
    #[must_use]
    pub fn handler<O: Handler>(self, handler: O) -> SimulatorBuilder<O> {
        let Self { handler: _, address, accounts, policy, names } = self;
        SimulatorBuilder { handler, address, accounts, policy, names }
    }

    /// The port, instead of any free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// The address to bind, instead of 127.0.0.1. Whoever reaches it can guess at the password.
    #[must_use]
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.address.set_ip(address);
        self
    }

    /// One more account; the first is the one that [`Simulator::user`] names.
    #[must_use]
    pub fn account(mut self, account: Account, password: SecretString) -> Self {
        self.accounts.push((account, password));
        self
    }

    /// Whether Negotiate is offered. Default: yes.
    #[must_use]
    pub fn negotiate(mut self, offered: bool) -> Self {
        self.policy.negotiate = offered;
        self
    }

    /// Whether a negotiation (SPNEGO) is understood under Negotiate, or NTLM's raw tokens alone. Default: yes.
    #[must_use]
    pub fn spnego(mut self, understood: bool) -> Self {
        self.policy.spnego = understood;
        self
    }

    /// Offers Basic, too. Over plain HTTP it needs [`Self::allow_unencrypted`] to be of use.
    #[must_use]
    pub fn allow_basic(mut self) -> Self {
        self.policy.allow_basic = true;
        self
    }

    /// Takes bodies in clear over plain HTTP (the service's AllowUnencrypted).
    #[must_use]
    pub fn allow_unencrypted(mut self) -> Self {
        self.policy.allow_unencrypted = true;
        self
    }

    /// How strictly logins over TLS are bound to the channel.
    #[must_use]
    pub fn channel_binding(mut self, level: ChannelBinding) -> Self {
        self.policy.channel_binding = level;
        self
    }

    /// What the service says of itself in its NTLM challenge. Default: it is a member of the first account's domain, or of
    /// a workgroup where that has none, and its name is the handler's machine.
    #[must_use]
    pub fn server_names(mut self, names: ServerNames) -> Self {
        self.names = Some(names);
        self
    }

    /// Binds the port and begins to serve.
    ///
    /// # Errors
    /// The port cannot be bound, or the system gives no random bytes.
    pub async fn start(mut self) -> io::Result<Simulator<H>> {
        if self.accounts.is_empty() {
            self.accounts.push((Account::administrator(DEFAULT_ACCOUNT), random_password()?));
        }
        let listener = TcpListener::bind(self.address).await?;
        let address = listener.local_addr()?;
        let (closing, closed) = watch::channel(0);
        let path = self.handler.path().to_owned();
        let domain = self.accounts.first().map_or("", |(account, _)| account.domain.as_str());
        let names = self.names.unwrap_or_else(|| names::of(self.handler.machine(), domain));
        let handler = Arc::new(Mutex::new(self.handler));
        let service = Arc::new(Service {
            handler: handler.clone(),
            accounts: self.accounts,
            policy: self.policy,
            names,
            counters: Counters::default(),
        });
        let host = Host { service, began: Instant::now(), closing: closed };
        let serving = host.clone();
        tokio::spawn(accept(listener, host.ends(), move |stream| {
            let host = serving.clone();
            async move { host.serve_connection(stream, Channel::Plain).await }
        }));
        Ok(Simulator { address, path, handler, host, closing })
    }
}

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
    /// How long it has listened.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn ends(&self) -> Ends {
        Ends { closing: self.closing.clone() }
    }

    /// Serves one connection until it ends or the simulator is dropped.
    pub async fn serve_connection<S>(&self, stream: S, channel: Channel)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let number = self.service.counters.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let state = AsyncMutex::new(ConnectionState { number, channel, login: Login::None });
        let serve = service_fn(|request| self.answer(&state, request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), serve);
        let mut closing = self.closing.clone();
        closing.mark_unchanged();
        // The client, or an injected fault, decides how a connection ends.
        tokio::select! {
            _ = connection => {}
            _ = closing.changed() => {}
        }
    }

    async fn answer(
        &self,
        state: &AsyncMutex<ConnectionState>,
        request: Request<RequestBody>,
    ) -> Result<Response<Payload>, Closed> {
        let mut state = state.lock().await;
        let mut outgoing = self.exchange(&mut state, request).await;
        while let Some(waiting) = outgoing.waiting.take() {
            tokio::time::sleep(RESUME_EVERY).await;
            outgoing = self.service.resume(&mut state, &waiting, self.began.elapsed());
        }
        if !outgoing.delay.is_zero() {
            tokio::time::sleep(outgoing.delay).await;
        }
        into_http(outgoing)
    }

    async fn exchange(&self, state: &mut ConnectionState, request: Request<RequestBody>) -> Outgoing {
        if !self.service.is_at(request.uri().path()) {
            return Outgoing::status(404);
        }
        if request.method() != Method::POST {
            return Outgoing::status(405);
        }
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, MAX_REQUEST).collect().await else {
            return Outgoing::status(413);
        };
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let Ok(entropy) = draw_entropy() else {
            return Outgoing::status(503);
        };
        let incoming = Incoming {
            authorization: header(AUTHORIZATION.as_str()),
            content_type: header(CONTENT_TYPE.as_str()).unwrap_or_default(),
            is_anonymous_identify: header("wsmanidentify")
                .is_some_and(|value| value.eq_ignore_ascii_case("unauthenticated")),
            body: &body.to_bytes(),
        };
        self.service.respond(state, &incoming, entropy, self.began.elapsed())
    }
}

/// Serves each connection in a task of its own, until the simulator is gone.
pub(super) async fn accept<F>(listener: TcpListener, mut ends: Ends, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(tokio::spawn(serve(stream))),
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            () = ends.ended() => return,
        }
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the simulator closes the connection")]
struct Closed;

fn into_http(outgoing: Outgoing) -> Result<Response<Payload>, Closed> {
    if outgoing.delivery == Delivery::Closed {
        return Err(Closed);
    }
    let length = outgoing.body.len();
    let mut body = Bytes::from(outgoing.body);
    let breaks = outgoing.delivery == Delivery::Truncated;
    if breaks {
        body.truncate(length / 2);
    }
    let mut response = Response::new(Payload { length, body: Some(body), breaks });
    *response.status_mut() = StatusCode::from_u16(outgoing.status).map_err(|_| Closed)?;
    let headers = response.headers_mut();
    headers.insert(SERVER, HeaderValue::from_static("Microsoft-HTTPAPI/2.0"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(value) = outgoing.content_type.and_then(|value| HeaderValue::from_str(&value).ok()) {
        headers.insert(CONTENT_TYPE, value);
    }
    for value in outgoing.authenticate.iter().filter_map(|value| HeaderValue::from_str(value).ok()) {
        headers.append(WWW_AUTHENTICATE, value);
    }
    Ok(response)
}

/// A body that may break off before its announced end.
struct Payload {
    length: usize,
    body: Option<Bytes>,
    breaks: bool,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        Poll::Ready(match self.body.take().filter(|body| !body.is_empty()) {
            Some(body) => Some(Ok(Frame::data(body))),
            None if self.breaks => Some(Err(Closed)),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.length == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.length).unwrap_or(u64::MAX))
    }
}

fn draw_entropy() -> io::Result<Entropy> {
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce).map_err(|error| io::Error::other(error.to_string()))?;
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let ticks = (since_1970 + FILETIME_EPOCH).as_nanos() / 100;
    Ok(Entropy { nonce, time: u64::try_from(ticks).unwrap_or(u64::MAX) })
}

fn random_password() -> io::Result<SecretString> {
    let mut bytes = [0_u8; PASSWORD_LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    let characters = bytes.iter().filter_map(|byte| PASSWORD_CHARACTERS.get(usize::from(byte % 32)).copied());
    Ok(SecretString::from(characters.map(char::from).collect::<String>()))
}
