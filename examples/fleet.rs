//! Close the idle sessions of a whole fleet, and print progress as each host and each session is done.
//!
//! `cargo run --example fleet -- 5`
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::sync::Arc;
use std::time::Duration;

use pssession::secrecy::SecretString;
use pssession::session::{Bound, Filter};
use pssession::simulator::{Account, Simulator, World};
use pssession::teardown::{Cancellation, RunSummary};
use pssession::{Connector, Credential, Endpoint, Engine, HttpConnector, Plan, Policy, SessionQuery};

/// The account that closes the sessions, on every host.
const USER: &str = r"CORP\ops";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hosts: usize = std::env::args().nth(1).map_or(Ok(5), |count| count.parse())?;
    let password = SecretString::from("Password of a simulator");
    let mut servers = Vec::new();
    for shells in 1..=hosts {
        let account = Account::administrator(USER);
        let world = World::with_shells(shells);
        servers.push(Simulator::builder().world(world).account(account, password.clone()).start().await?);
    }

    // One credential for all hosts: after the first refusal it is sent to no further host.
    let credential = Credential::new(USER, password);
    let mut connectors: Vec<Arc<dyn Connector>> = Vec::new();
    for server in &servers {
        let endpoint = Endpoint::parse(&server.address().to_string(), false)?;
        connectors.push(Arc::new(HttpConnector::builder(endpoint, credential.clone()).build()?));
    }

    let policy = Policy::default().with_parallel_hosts(8).with_run_deadline(Some(Duration::from_secs(300)));
    let engine = Engine::new(policy);
    // Another task, such as a signal handler, calls `cancel` on a clone of it.
    let cancellation = Cancellation::new();

    let mut listed = 0;
    let survey = engine
        .survey_with(connectors, &cancellation, |host| {
            listed += 1;
            let url = host.connector().endpoint().url();
            match host.listing() {
                Some(Err(error)) => println!("[{listed}/{hosts}] {url}: {}", error.chain()),
                _ => println!("[{listed}/{hosts}] {url}: listed {} sessions", host.sessions().len()),
            }
        })
        .await;

    let sessions = survey.sessions();
    let idle = Filter::Idle(Bound::AtLeast(Duration::from_secs(600)));
    let selection = SessionQuery::new(Vec::new(), vec![idle]).select(&sessions);
    let plan = Plan::new(selection.chosen.iter().filter_map(|&index| sessions.get(index).cloned()));
    let (planned, mut done) = (plan.len(), 0);
    let summary = RunSummary::default().with_hosts(survey.tally());
    let report = engine
        .run(plan, survey, &cancellation, |record| {
            done += 1;
            let session = &record.session;
            println!(
                "[{done}/{planned}] {} {}: {}",
                session.endpoint_url, session.shell.shell_id, record.outcome
            );
        })
        .await;

    let counts = report.counts();
    println!("{} closed, {} failed, {} hosts unreachable", counts.closed, counts.failed, summary.unreachable);
    Ok(())
}
