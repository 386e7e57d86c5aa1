#![expect(clippy::disallowed_methods, reason = "draws the token and listens")]
//! I/O module: the control endpoint, JSON over HTTP, for tests that do not run in this process. The requests are in
//! [`routes`].
//!
//! | order | body | does |
//! |---|---|---|
//! | `GET /shells` | | lists the shells that are left, with their commands |
//! | `POST /shells` | `{"Count": 3}`, or `Type` (`ps`, `cmd`), `ShellId`, `Name`, `Owner`, `ConfigurationName`, `State`, `IdleTimeout`, `Running` | seeds shells |
//! | `POST /scripts` | a rule or a list of rules, as [`Script::parse`](super::Script::parse) reads it | adds answers to commands and pipelines |
//! | `DELETE /scripts` | | removes those that were added |
//! | `GET /log` | | tells each operation: what, which shell, who, which connection, sealed or not, how it ended |
//! | `DELETE /log` | | empties the log |
//! | `POST /faults` | `Fault`, `Operation`, and `ShellId`, `Times`, `Seconds`, `FaultCode` | lets the next operations of that kind go wrong |
//! | `DELETE /faults` | | clears the faults that are left |
//! | `POST /clock` | `{"Seconds": 3600}` | moves the world's clock |
//! | `POST /reset` | | no shells, no added script, no injected fault, no log, the clock as it came |
//!
//! Every request needs `Authorization: Bearer TOKEN`. What is wrong is answered as `{"ErrorId": ..., "Message": ...}`.

mod request;
mod routes;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio::net::{TcpListener, TcpStream};

use super::host::Host;
use super::listener::accept;
use super::world::World;
use routes::Refused;

/// The control endpoint of a [`Simulator`](super::Simulator), which ends with it.
#[derive(Debug)]
pub struct Control {
    address: SocketAddr,
    token: SecretString,
}

/// What every connection shares.
struct ControlState {
    world: Arc<Mutex<World>>,
    host: Host,
    token: SecretString,
}

/// The largest body of an order, in bytes: a few hundred command lines.
const MAX_BODY: usize = 64 * 1024;
/// The largest script, in bytes: it holds what programs say.
const MAX_SCRIPT: usize = 1024 * 1024;
/// How many random bytes make a token: as many as nobody guesses.
const TOKEN_BYTES: usize = 32;

impl Control {
    pub(super) async fn start(address: SocketAddr, world: Arc<Mutex<World>>, host: Host) -> io::Result<Self> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let token = SecretString::from(URL_SAFE_NO_PAD.encode(bytes));
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let ends = host.ends();
        let fixture = Arc::new(ControlState { world, host, token: token.clone() });
        tokio::spawn(accept(listener, ends, move |stream| Arc::clone(&fixture).serve(stream)));
        Ok(Self { address, token })
    }

    /// Where orders go to, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What every order must bear, drawn anew at each start.
    #[must_use]
    pub fn token(&self) -> &SecretString {
        &self.token
    }
}

impl ControlState {
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let mut ends = self.host.ends();
        let serve = service_fn(|request| self.answer(request));
        // How a connection ends is the client's affair.
        tokio::select! {
            _ = http1::Builder::new().serve_connection(TokioIo::new(stream), serve) => {}
            () = ends.ended() => {}
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
        let is_known = self.knows(request.headers().get(AUTHORIZATION));
        let obeyed = if is_known { self.obey(request).await } else { Err(Refused::unauthorized()) };
        let (status, value) = match obeyed {
            Ok((status, value)) => (status, value),
            Err(refused) => (refused.status(), refused.to_json()),
        };
        let mut response = Response::new(Full::new(Bytes::from(format!("{value}\n"))));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if !is_known {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Ok(response)
    }

    /// Whether the header bears the token. The comparison takes the same time wherever the two differ.
    fn knows(&self, header: Option<&HeaderValue>) -> bool {
        let text = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (scheme, token) = text.split_once(' ').unwrap_or_default();
        let is_right = token.trim().as_bytes().ct_eq(self.token.expose_secret().as_bytes());
        scheme.eq_ignore_ascii_case("Bearer") && bool::from(is_right)
    }

    async fn obey(&self, request: Request<Incoming>) -> Result<(u16, serde_json::Value), Refused> {
        let (head, body) = request.into_parts();
        let most = if head.uri.path() == "/scripts" { MAX_SCRIPT } else { MAX_BODY };
        let body = Limited::new(body, most).collect().await.map_err(|_| Refused::too_large(most))?;
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        routes::obey(&mut world, head.method.as_str(), head.uri.path(), &body.to_bytes(), self.host.elapsed())
    }
}
