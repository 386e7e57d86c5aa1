//! I/O module: TCP to one endpoint, and TLS where it has it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{DefaultServerNameResolver, HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::route::Lookup;
use super::{BoxError, BoxFuture};

/// Connects to one endpoint.
pub(super) struct StreamConnector {
    url: Uri,
    way: Way,
}

enum Way {
    Plain(HttpConnector<Resolver>),
    /// It refuses a URL that is not https.
    Tls(HttpsConnector<HttpConnector<Resolver>>),
}

/// A connection to read from and write to.
pub(super) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

impl StreamConnector {
    /// To the host of `url`, which is where `lookup` says; with TLS if it has a configuration.
    pub(super) fn new(url: Uri, lookup: Lookup, tls: Option<rustls::ClientConfig>) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver(lookup));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
        tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let way = match tls {
            None => Way::Plain(tcp),
            Some(tls) => {
                let names = Arc::new(DefaultServerNameResolver::default());
                Way::Tls(HttpsConnector::new(tcp, tls, true, names))
            }
        };
        Self { url, way }
    }

    pub(super) fn is_tls(&self) -> bool {
        matches!(self.way, Way::Tls(_))
    }

    /// Connects, however long it takes.
    pub(super) async fn connect(&self) -> Result<Stream, BoxError> {
        match &self.way {
            Way::Plain(tcp) => Ok(MaybeHttpsStream::Http(tcp.clone().call(self.url.clone()).await?)),
            Way::Tls(tls) => tls.clone().call(self.url.clone()).await,
        }
    }
}

/// The certificate that the server has shown, in DER.
pub(super) fn certificate(stream: &Stream) -> Option<Arc<[u8]>> {
    match stream {
        MaybeHttpsStream::Http(_) => None,
        MaybeHttpsStream::Https(stream) => {
            let (_, session) = stream.inner().get_ref();
            session.peer_certificates()?.first().map(|certificate| Arc::from(&**certificate))
        }
    }
}

/// Looks up where the endpoint is.
#[derive(Clone)]
struct Resolver(Lookup);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let lookup = self.0.clone();
        Box::pin(async move {
            let host = match &lookup {
                Lookup::Fixed(address) => return Ok(vec![*address].into_iter()),
                Lookup::Url => name.as_str(),
                Lookup::Instead(host) => host,
            };
            // The port is the URL's.
            let found: Vec<_> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(found.into_iter())
        })
    }
}

/// Half of the two minutes after which http.sys, and many a firewall, forgets an idle connection.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// How often, and how many times, a connection is asked that does not answer to the first question.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_RETRIES: u32 = 3;

/// How long what was sent may stay without the other side's acknowledgement. Other systems keep their own.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
