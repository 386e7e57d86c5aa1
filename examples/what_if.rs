//! Print what a removal would do, and do nothing: the plan is a value.
//!
//! `cargo run --example what_if`
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::sync::Arc;
use std::time::Duration;

use pssession::session::{Bound, Filter, OwnerPattern};
use pssession::simulator::{Simulator, World};
use pssession::teardown::Cancellation;
use pssession::{Credential, Endpoint, Engine, HttpConnector, Plan, Policy, SessionQuery};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Simulator::builder().world(World::with_shells(12)).start().await?;
    let endpoint = Endpoint::parse(&server.address().to_string(), false)?;
    let connector =
        HttpConnector::builder(endpoint, Credential::new(server.user(), server.password())).build()?;

    let engine = Engine::new(Policy::default());
    let survey = engine.survey(vec![Arc::new(connector)], &Cancellation::new()).await;
    let sessions = survey.sessions();
    let filters = vec![
        Filter::Owner(vec![OwnerPattern::new("ci-runner")?]),
        Filter::Idle(Bound::AtLeast(Duration::from_secs(600))),
    ];
    let selection = SessionQuery::new(Vec::new(), filters).select(&sessions);
    let plan = Plan::new(selection.chosen.iter().filter_map(|&index| sessions.get(index).cloned()));

    for record in plan.what_if() {
        let session = &record.session;
        println!("{}: {} of {:?}", record.outcome.name(), session.shell.shell_id, session.shell.owner);
    }
    for concern in plan.guard() {
        println!("to be confirmed: {concern:?}");
    }
    Ok(())
}
