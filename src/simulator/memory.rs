//! The world as a [`Connector`]: no network, and no clock but tokio's, so that paused time works.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::account::{Account, Caller};
use super::fault_injection::{Delivery, InjectedFault};
use super::handler::RESUME_EVERY;
use super::world::{Response, World};
use crate::auth::AuthError;
use crate::auth::ServerNames;
use crate::transport::{BoxFuture, Connection, Connector, Endpoint, Reply, TransportError};
use crate::wsman::one_line;

/// Connects straight to a [`World`], as one account. Its connections behave as the ones over HTTP do: a lost one is
/// of no further use, a forgotten login is renewed once, a sealed request takes no clear answer. InjectedFault with a
/// [`Login`](super::OperationKind::Login) makes [`Connector::connect`] fail.
#[derive(Clone, Debug)]
pub struct WorldConnector {
    world: Arc<Mutex<World>>,
    endpoint: Endpoint,
    account: Account,
    user: String,
    sealed: bool,
    server_names: Option<ServerNames>,
    began: Instant,
}

struct MemoryConnection {
    connector: WorldConnector,
    /// Taken while an exchange runs, and put back only after a good answer.
    number: Option<u64>,
}

/// How many characters of a body that is no SOAP are quoted.
const EXCERPT_CHARS: usize = 200;

impl WorldConnector {
    /// A way to `world` under the address `endpoint`; bodies count as sealed. The world's time begins now.
    #[must_use]
    pub fn new(world: Arc<Mutex<World>>, endpoint: Endpoint, account: Account) -> Self {
        let user = account.full_name();
        Self { world, endpoint, account, user, sealed: true, server_names: None, began: Instant::now() }
    }

    /// The same with bodies that count as clear, as over TLS.
    #[must_use]
    pub fn unsealed(mut self) -> Self {
        self.sealed = false;
        self
    }

    /// The same under another login text, such as `ann@corp.example`; the account stays.
    #[must_use]
    pub fn logged_in_as(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    /// The same with what the server says of itself in a login. Without it a login tells nothing.
    #[must_use]
    pub fn with_server_names(mut self, names: ServerNames) -> Self {
        self.server_names = Some(names);
        self
    }

    async fn login(&self) -> Result<u64, TransportError> {
        let (injected_fault, number) = {
            let mut world = self.world();
            (world.take_login_fault(), world.next_connection())
        };
        match injected_fault {
            Some(InjectedFault::Delay(delay)) => tokio::time::sleep(delay).await,
            Some(InjectedFault::Fault(_) | InjectedFault::ForgetLogin) => return Err(self.refused()),
            Some(InjectedFault::Status(status, body)) => return Err(self.no_soap(status, &body)),
            Some(InjectedFault::Drop | InjectedFault::DropAfter) => {
                return Err(self.not_connected(io::ErrorKind::ConnectionRefused));
            }
            _ => {}
        }
        Ok(number)
    }

    fn handle(&self, connection: u64, envelope: &str) -> Response {
        let caller = Caller { account: Some(self.account.clone()), connection, sealed: self.sealed };
        self.world().handle(&caller, envelope.as_bytes(), self.began.elapsed())
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer as the real transport would take or refuse it.
    fn judge(&self, response: Response) -> Result<Reply, TransportError> {
        let Response { status, body, delivery, .. } = response;
        let is_sealed = self.sealed && delivery == Delivery::Whole && !body.is_empty();
        let is_success = (200..300).contains(&status);
        match delivery {
            Delivery::Closed | Delivery::Truncated => {
                let source = Box::new(io::Error::from(io::ErrorKind::UnexpectedEof));
                Err(TransportError::Lost { endpoint: self.url(), source })
            }
            _ if is_sealed || (!self.sealed && body.starts_with(b"<s:Envelope")) => {
                Ok(Reply { status, body })
            }
            _ if self.sealed && is_success => {
                Err(TransportError::Auth { endpoint: self.url(), source: AuthError::ClearAnswer })
            }
            _ => Err(self.no_soap(status, &body)),
        }
    }

    fn url(&self) -> String {
        self.endpoint.url().to_owned()
    }

    fn refused(&self) -> TransportError {
        let source = AuthError::Refused { user: self.user.clone(), scheme: "ntlm" };
        TransportError::Auth { endpoint: self.url(), source }
    }

    fn not_connected(&self, kind: io::ErrorKind) -> TransportError {
        TransportError::Connect { endpoint: self.url(), source: Box::new(io::Error::from(kind)) }
    }

    fn no_soap(&self, status: u16, body: &[u8]) -> TransportError {
        let text = one_line(&String::from_utf8_lossy(body), EXCERPT_CHARS);
        let excerpt = if text.is_empty() { String::new() } else { format!(": {text}") };
        TransportError::Status { endpoint: self.url(), status, excerpt, retry_after: None }
    }
}

impl Connector for WorldConnector {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn user(&self) -> &str {
        &self.user
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>> {
        Box::pin(async move {
            let number = Some(self.login().await?);
            let connection: Box<dyn Connection> =
                Box::new(MemoryConnection { connector: self.clone(), number });
            Ok(connection)
        })
    }
}

impl MemoryConnection {
    async fn run(&mut self, envelope: &str, read_timeout: Duration) -> Result<Reply, TransportError> {
        let connector = &self.connector;
        let Some(mut number) = self.number.take() else {
            return Err(connector.not_connected(io::ErrorKind::NotConnected));
        };
        let mut response = connector.handle(number, envelope);
        let deadline = connector.began.elapsed().saturating_add(read_timeout);
        while let Some(held) = response.held.take() {
            tokio::time::sleep(RESUME_EVERY).await;
            let now = connector.began.elapsed();
            if now >= deadline {
                return Err(TransportError::Timeout { endpoint: connector.url(), after: read_timeout });
            }
            response = connector.world().resume(&held, now);
        }
        if response.status == 401 {
            number = connector.login().await?;
            response = connector.handle(number, envelope);
        }
        if response.status == 401 {
            return Err(connector.refused());
        }
        if response.delay >= read_timeout {
            tokio::time::sleep(read_timeout).await;
            return Err(TransportError::Timeout { endpoint: connector.url(), after: read_timeout });
        }
        if !response.delay.is_zero() {
            tokio::time::sleep(response.delay).await;
        }
        let reply = connector.judge(response)?;
        self.number = Some(number);
        Ok(reply)
    }
}

impl Connection for MemoryConnection {
    fn exchange<'a>(
        &'a mut self,
        envelope: &'a str,
        read_timeout: Duration,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        Box::pin(self.run(envelope, read_timeout))
    }

    fn server_names(&self) -> Option<&ServerNames> {
        self.connector.server_names.as_ref()
    }

    fn is_usable(&self) -> bool {
        self.number.is_some()
    }
}
