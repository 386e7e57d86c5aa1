//! Close the idle sessions of a whole fleet, and print progress as each host and each session is done.
//!
//! `cargo run --example fleet -- 5`
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::cell::Cell;
use std::time::Duration;

use pssession::request::{
    Caller, Confirm, Event, Hosts, PasswordSource, RemoveRequest, RequestError, SessionScope,
};
use pssession::secrecy::SecretString;
use pssession::session::{Bound, Filter};
use pssession::simulator::{Account, Simulator, World};
use pssession::teardown::Cancellation;
use pssession::{AuthScheme, Credential, Endpoint, Policy, SessionQuery};

/// The account that closes the sessions, on every host.
const USER: &str = r"CORP\ops";

/// This program, as the caller of a request.
struct Fleet {
    credential: Credential,
    /// How many hosts or sessions are done, and of how many.
    progress: Cell<(usize, usize)>,
}

impl Fleet {
    /// One more is done: `3/5`.
    fn one_more(&self) -> String {
        let (done, of) = self.progress.get();
        self.progress.set((done + 1, of));
        format!("{}/{of}", done + 1)
    }
}

impl Caller for Fleet {
    type Error = RequestError;

    // One credential for all hosts: after the first refusal it is sent to no further host.
    fn credential(
        &self,
        _user: Option<&str>,
        _scheme: AuthScheme,
        _source: Option<&PasswordSource>,
    ) -> Result<Credential, RequestError> {
        Ok(self.credential.clone())
    }

    fn event(&self, event: Event<'_>) {
        match event {
            Event::Listing { hosts } => self.progress.set((0, hosts.len())),
            Event::Listed(host) => {
                let (number, url) = (self.one_more(), host.connector().endpoint().url());
                match host.listing() {
                    Some(Err(error)) => println!("[{number}] {url}: {}", error.chain()),
                    _ => println!("[{number}] {url}: listed {} sessions", host.sessions().len()),
                }
            }
            Event::Closing(plan) => self.progress.set((0, plan.len())),
            Event::Closed { record, .. } => {
                let (number, session) = (self.one_more(), &record.session);
                let shell_id = &session.shell.shell_id;
                println!("[{number}] {} {shell_id}: {}", session.endpoint_url, record.outcome);
            }
            _ => {}
        }
    }
}

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

    let endpoints: Result<Vec<_>, _> =
        servers.iter().map(|server| Endpoint::parse(&server.address().to_string(), false)).collect();
    let idle = Filter::Idle(Bound::AtLeast(Duration::from_secs(600)));
    let request = RemoveRequest {
        scope: SessionScope {
            hosts: Hosts::new(endpoints?),
            query: SessionQuery::new(Vec::new(), vec![idle]),
            policy: Policy::default()
                .with_parallel_hosts(8)
                .with_run_deadline(Some(Duration::from_secs(300))),
            ..SessionScope::default()
        },
        confirm: Confirm::Never,
        ..RemoveRequest::default()
    };
    let fleet = Fleet { credential: Credential::new(USER, password), progress: Cell::default() };
    // Another task, such as a signal handler, calls `cancel` on a clone of it.
    let cancellation = Cancellation::new();
    let removed = request.run(&fleet, &cancellation).await?;

    let (counts, summary) = (removed.report.counts(), removed.summary);
    println!("{} closed, {} failed, {} hosts unreachable", counts.closed, counts.failed, summary.unreachable);
    Ok(())
}
