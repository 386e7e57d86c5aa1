//! A handler that knows nothing itself: it passes each envelope on to a server, and gives back what that one answered.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::simulator::{Caller, Delivery, Handler, Held, Response};
use crate::transport::{BoxFuture, Connection, Connector, Reply, TransportError};

/// Passes envelopes on to one server, with the login of its connector, whoever the client logged in as. Put it behind a
/// [`Simulator`](crate::simulator::Simulator), which demands a login of its own. What comes without a login is refused: it
/// must not use that of the connector.
#[derive(Debug)]
pub struct Gateway {
    upstream: Arc<Upstream>,
    path: String,
    next: u64,
}

/// The way to the server.
struct Upstream {
    connector: Arc<dyn Connector>,
    /// Connections that wait for a request.
    idle: Mutex<Vec<Box<dyn Connection>>>,
    permits: Semaphore,
    answers: Mutex<HashMap<u64, Response>>,
    on_error: Box<dyn Fn(&TransportError) + Send + Sync>,
}

/// The most connections to the server: a client has a handful, and a service takes 25 from one user.
const MAX_CONNECTIONS: usize = 16;
/// The most answers that no client has fetched.
const MAX_ANSWERS: usize = 1024;
/// How long the server may take for an answer: longer than the longest OperationTimeout that clients ask for, 180 s.
const READ_TIMEOUT: Duration = Duration::from_secs(300);

impl Gateway {
    /// A gateway to the server of the connector. It must be made and used within a tokio runtime. `on_error` hears why a
    /// request got no answer.
    pub fn new(
        connector: Arc<dyn Connector>,
        on_error: impl Fn(&TransportError) + Send + Sync + 'static,
    ) -> Self {
        let path = url::Url::parse(connector.endpoint().url())
            .map_or_else(|_| "/wsman".to_owned(), |url| url.path().to_owned());
        let upstream = Upstream {
            connector,
            idle: Mutex::default(),
            permits: Semaphore::new(MAX_CONNECTIONS),
            answers: Mutex::default(),
            on_error: Box::new(on_error),
        };
        Self { upstream: Arc::new(upstream), path, next: 0 }
    }

    /// Connects and logs in, so that a login that is refused shows before any client comes.
    ///
    /// # Errors
    /// [`TransportError`] says why there is no connection.
    pub fn connect(&self) -> BoxFuture<'_, Result<(), TransportError>> {
        Box::pin(async {
            let connection = self.upstream.connector.connect().await?;
            self.upstream.put_back(connection);
            Ok(())
        })
    }
}

impl Handler for Gateway {
    fn handle(&mut self, caller: &Caller, request: &[u8], _now: Duration) -> Response {
        if caller.account.is_none() {
            return Response::status(401);
        }
        let Ok(envelope) = std::str::from_utf8(request) else { return Response::status(400) };
        self.next += 1;
        let (number, envelope, upstream) = (self.next, envelope.to_owned(), Arc::clone(&self.upstream));
        tokio::spawn(async move {
            let response = upstream.answer(&envelope).await;
            upstream.keep(number, response);
        });
        Response { held: Some(Held::Ticket(number)), ..Response::status(0) }
    }

    fn resume(&mut self, held: &Held, _now: Duration) -> Response {
        let Held::Ticket(number) = held else { return Response::status(500) };
        let answer = self.upstream.answers().remove(number);
        answer.unwrap_or_else(|| Response { held: Some(held.clone()), ..Response::status(0) })
    }

    fn path(&self) -> &str {
        &self.path
    }

    fn machine(&self) -> &str {
        "gateway"
    }
}

impl Upstream {
    fn answers(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Response>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(&self, connection: Box<dyn Connection>) {
        if connection.is_usable() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }

    fn keep(&self, number: u64, response: Response) {
        let mut answers = self.answers();
        // A client that went away never asks for its answer.
        if answers.len() >= MAX_ANSWERS
            && let Some(oldest) = answers.keys().min().copied()
        {
            answers.remove(&oldest);
        }
        answers.insert(number, response);
    }

    async fn answer(&self, envelope: &str) -> Response {
        match self.exchange(envelope).await {
            Ok(reply) => Response { body: reply.body, ..Response::status(reply.status) },
            Err(error) => {
                (self.on_error)(&error);
                refusal(&error)
            }
        }
    }

    async fn exchange(&self, envelope: &str) -> Result<Reply, TransportError> {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.connector.connect().await?,
        };
        let reply = connection.exchange(envelope, READ_TIMEOUT).await;
        self.put_back(connection);
        reply
    }
}

/// What a client hears where the server gave no envelope.
fn refusal(error: &TransportError) -> Response {
    match error {
        TransportError::Lost { .. } | TransportError::Timeout { .. } => {
            Response { delivery: Delivery::Closed, ..Response::status(0) }
        }
        TransportError::Status { status, .. } => page(*status, "the server answered without an envelope"),
        _ => page(502, "there is no connection to the server"),
    }
}

fn page(status: u16, text: &str) -> Response {
    Response { body: text.as_bytes().to_vec(), delivery: Delivery::InClear, ..Response::status(status) }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("endpoint", &self.connector.endpoint().url()).finish_non_exhaustive()
    }
}
