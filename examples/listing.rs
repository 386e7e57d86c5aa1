//! Who holds the slots: one connection, typed calls, no engine.
//!
//! `cargo run --example listing`
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::collections::BTreeMap;
use std::sync::Arc;

use pssession::client::{IdSource as _, RandomIds};
use pssession::simulator::{Simulator, World};
use pssession::wsman::SessionId;
use pssession::{Connector as _, Credential, Endpoint, HttpConnector, WsmanClient};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Simulator::builder().world(World::with_shells(12)).start().await?;
    let endpoint = Endpoint::parse(&server.address().to_string(), false)?;
    let credential = Credential::new(server.user(), server.password());
    let connector = HttpConnector::builder(endpoint.clone(), credential).build()?;

    let connection = connector.connect().await?;
    let ids = Arc::new(RandomIds);
    let mut client = WsmanClient::new(connection, endpoint.url(), SessionId::new(ids.draw()), ids);
    let listing = client.list_shells().await?;

    let mut held: BTreeMap<&str, usize> = BTreeMap::new();
    for shell in &listing.shells {
        *held.entry(shell.owner.as_deref().unwrap_or("not reported")).or_default() += 1;
    }
    let complete = if listing.complete() { "complete" } else { "not complete" };
    println!("{} shells; the listing is {complete}", listing.shells.len());
    for (owner, count) in held {
        println!("{count:>3} {owner}");
    }
    Ok(())
}
