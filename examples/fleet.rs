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
    hosts: Progress,
    sessions: Progress,
}

/// How many are done, and of how many.
#[derive(Default)]
struct Progress(Cell<usize>, Cell<usize>);

impl Progress {
    /// There are so many more.
    fn more(&self, count: usize) {
        self.1.set(self.1.get() + count);
    }

    /// One more is done: `3/5`.
    fn done(&self) -> String {
        self.0.set(self.0.get() + 1);
        format!("{}/{}", self.0.get(), self.1.get())
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
            Event::Listing { hosts } => self.hosts.more(hosts.len()),
            Event::Listed(host) => {
                let (number, url) = (self.hosts.done(), host.connector().endpoint().url());
                match host.listing() {
                    Some(Err(error)) => println!("[{number}] {url}: {}", error.chain()),
                    _ => println!("[{number}] {url}: listed {} sessions", host.sessions().len()),
                }
            }
            Event::Closing(plan) => self.sessions.more(plan.len()),
            Event::Closed { record, .. } => {
                let (number, session) = (self.sessions.done(), &record.session);
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
    let credential = Credential::new(USER, password);
    let fleet = Fleet { credential, hosts: Progress::default(), sessions: Progress::default() };
    // Another task, such as a signal handler, calls `cancel` on a clone of it.
    let cancellation = Cancellation::new();
    let removed = request.run(&fleet, &cancellation).await?;

    let (counts, summary) = (removed.report.counts(), removed.summary);
    println!("{} closed, {} failed, {} hosts unreachable", counts.closed, counts.failed, summary.unreachable);
    Ok(())
}
