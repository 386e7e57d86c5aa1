//! Bring your own transport: a [`Connector`] that counts what goes through another one.
//!
//! `cargo run --example custom_transport`
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pssession::simulator::{Simulator, World};
use pssession::teardown::Cancellation;
use pssession::transport::{BoxFuture, Reply, TransportError};
use pssession::{Connection, Connector, Credential, Endpoint, Engine, HttpConnector, Policy};

/// Counts exchanges and passes everything on.
struct Counting {
    inner: HttpConnector,
    exchanges: Arc<AtomicUsize>,
}

struct CountingConnection {
    inner: Box<dyn Connection>,
    exchanges: Arc<AtomicUsize>,
}

impl Connector for Counting {
    fn endpoint(&self) -> &Endpoint {
        self.inner.endpoint()
    }

    fn user(&self) -> &str {
        self.inner.user()
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>> {
        Box::pin(async {
            let inner = self.inner.connect().await?;
            let exchanges = Arc::clone(&self.exchanges);
            let connection: Box<dyn Connection> = Box::new(CountingConnection { inner, exchanges });
            Ok(connection)
        })
    }
}

impl Connection for CountingConnection {
    fn exchange<'a>(
        &'a mut self,
        envelope: &'a str,
        read_timeout: Duration,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        self.exchanges.fetch_add(1, Ordering::Relaxed);
        self.inner.exchange(envelope, read_timeout)
    }

    fn is_usable(&self) -> bool {
        self.inner.is_usable()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Simulator::builder().world(World::with_shells(12)).start().await?;
    let endpoint = Endpoint::parse(&server.address().to_string(), false)?;
    let inner =
        HttpConnector::builder(endpoint, Credential::new(server.user(), server.password())).build()?;
    let exchanges = Arc::new(AtomicUsize::new(0));
    let connector = Counting { inner, exchanges: Arc::clone(&exchanges) };

    let survey = Engine::new(Policy::default()).survey(vec![Arc::new(connector)], &Cancellation::new()).await;
    println!("{} sessions in {} exchange(s)", survey.sessions().len(), exchanges.load(Ordering::Relaxed));
    Ok(())
}
