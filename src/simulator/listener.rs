//! I/O module: a handler, such as the world, behind a TCP port.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::builder::SimulatorBuilder;
use super::control::Control;
use super::host::{Ends, Host};
use super::limits::Limits;
use super::service::{Channel, Service};
use super::tls::{Identity, SimulatorCertificate};
use super::trace::Trace;
use super::world::World;

/// A simulated WinRM service that listens on a port of this machine until it is dropped. What answers is a [`World`],
/// or another [`Handler`](super::Handler).
#[derive(Debug)]
pub struct Simulator<H = World> {
    address: SocketAddr,
    path: String,
    handler: Arc<Mutex<H>>,
    host: Host,
    certificate: Option<SimulatorCertificate>,
    closing: watch::Sender<u64>,
}

/// How long to wait after a failed accept: the process may be out of descriptors, and trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

impl Simulator {
    /// Begins to set up a simulator.
    #[must_use]
    pub fn builder() -> SimulatorBuilder {
        SimulatorBuilder::default()
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
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.address, self.path)
    }

    /// The certificate that it shows, if it speaks TLS.
    #[must_use]
    pub fn certificate(&self) -> Option<&SimulatorCertificate> {
        self.certificate.as_ref()
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
    /// Begins to serve behind a port that is bound.
    pub(super) fn begin(
        listener: TcpListener,
        handler: Arc<Mutex<H>>,
        service: Service,
        identity: Option<Identity>,
        limits: Limits,
        trace: Option<Trace>,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let path = service.handler().path().to_owned();
        let (closing, closed) = watch::channel(0);
        let host = Host::new(service, limits, trace, closed);
        let certificate = identity.as_ref().map(|identity| identity.certificate.clone());
        let (serving, identity) = (host.clone(), identity.map(Arc::new));
        tokio::spawn(accept(listener, host.ends(), move |stream| {
            let (host, identity) = (serving.clone(), identity.clone());
            async move {
                match identity {
                    None => host.serve_connection(stream, Channel::Plain).await,
                    Some(identity) => host.serve_tls(stream, &identity).await,
                }
            }
        }));
        Ok(Self { address, path, handler, host, certificate, closing })
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
