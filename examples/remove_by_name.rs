//! Close the sessions whose names match a pattern, and print how each ended.
//!
//! `cargo run --example remove_by_name -- 'build-*'`
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::sync::Arc;

use pssession::session::{Selector, WildcardPattern};
use pssession::simulator::{Simulator, World};
use pssession::teardown::Cancellation;
use pssession::{Credential, Endpoint, Engine, HttpConnector, Plan, Policy, SessionQuery};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pattern = std::env::args().nth(1).unwrap_or_else(|| "build-*".to_owned());
    let server = Simulator::builder().world(World::with_shells(12)).start().await?;
    let endpoint = Endpoint::parse(&server.address().to_string(), false)?;
    let connector =
        HttpConnector::builder(endpoint, Credential::new(server.user(), server.password())).build()?;

    let engine = Engine::new(Policy::default());
    let cancellation = Cancellation::new();
    let survey = engine.survey(vec![Arc::new(connector)], &cancellation).await;
    let sessions = survey.sessions();
    let selector = Selector::Name(vec![WildcardPattern::new(&pattern)?]);
    let selection = SessionQuery::new(vec![selector], Vec::new()).select(&sessions);
    let plan = Plan::new(selection.chosen.iter().filter_map(|&index| sessions.get(index).cloned()));

    let report = engine.run(plan, survey, &cancellation, |_| ()).await;
    for record in &report.records {
        println!("{}: {:?} {:?}", record.outcome.name(), record.session.name(), record.outcome.reason());
    }
    Ok(())
}
