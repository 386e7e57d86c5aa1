//! The requests that closing sessions costs, counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pssession::teardown::{Cancellation, Engine, Plan, Policy, SignalMode};
use pssession::transport::{BoxFuture, Connection, Connector, Endpoint, Reply, TransportError};

use super::teardown::{Lab, ours, outcomes};

/// What went over the wire: `Connect`, and the last word of each request's action (commands told from shells).
type Counts = Arc<Mutex<BTreeMap<String, usize>>>;

struct Counting {
    inner: Arc<dyn Connector>,
    counts: Counts,
}

struct CountingConnection {
    inner: Box<dyn Connection>,
    counts: Counts,
}

fn count(counts: &Counts, what: &str) {
    *counts.lock().unwrap().entry(what.to_owned()).or_default() += 1;
}

impl Connector for Counting {
    fn endpoint(&self) -> &Endpoint {
        self.inner.endpoint()
    }

    fn user(&self) -> &str {
        self.inner.user()
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>> {
        Box::pin(async move {
            count(&self.counts, "Connect");
            let inner = self.inner.connect().await?;
            let counts = Arc::clone(&self.counts);
            Ok(Box::new(CountingConnection { inner, counts }) as Box<dyn Connection>)
        })
    }
}

impl Connection for CountingConnection {
    fn exchange<'a>(
        &'a mut self,
        envelope: &'a str,
        read_timeout: Duration,
    ) -> BoxFuture<'a, Result<Reply, TransportError>> {
        let (_, action) = envelope.split_once("<a:Action").unwrap();
        let (action, _) = action.split_once("</a:Action>").unwrap();
        let word = action.rsplit('/').next().unwrap();
        let commands = envelope.contains("windows/shell/Command</w:ResourceURI>");
        count(&self.counts, if commands { "Commands" } else { word });
        self.inner.exchange(envelope, read_timeout)
    }

    fn is_usable(&self) -> bool {
        self.inner.is_usable()
    }
}

/// Closes `sessions` sessions, each with `commands` running commands, and counts.
async fn spent(policy: Policy, sessions: usize, commands: usize, pause: Duration) -> Vec<(String, usize)> {
    let shell = |number: usize| {
        let shell = ours(&format!("S{number}"));
        (0..commands).fold(shell, |shell, command| shell.running(&format!("C{command}"), "ping"))
    };
    let lab = Lab::with((0..sessions).map(shell));
    let counts = Counts::default();
    let inner = Arc::clone(&lab.connectors()[0]);
    let connector: Arc<dyn Connector> = Arc::new(Counting { inner, counts: Arc::clone(&counts) });
    let engine = Engine::new(policy);
    let survey = engine.survey(vec![connector], &Cancellation::new()).await;
    let plan = Plan::new(survey.sessions());
    tokio::time::sleep(pause).await;
    let report = engine.run(plan, survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(outcomes(&report), vec!["Closed"; sessions]);
    let counts = counts.lock().unwrap();
    counts.iter().map(|(what, count)| (what.clone(), *count)).collect()
}

fn budget(rows: &[(&str, usize)]) -> Vec<(String, usize)> {
    rows.iter().filter(|row| row.1 > 0).map(|(what, count)| ((*what).to_owned(), *count)).collect()
}

#[tokio::test(start_paused = true)]
async fn one_connection_costs_a_handshake_two_listings_and_what_the_sessions_need() {
    for (n, s) in [(1, 0), (1, 2), (8, 0), (8, 3), (40, 1)] {
        let policy = Policy::default().with_connections_per_host(1);
        let spent = spent(policy, n, s, Duration::ZERO).await;
        let rows = [("Commands", n), ("Connect", 1), ("Delete", n), ("Enumerate", 2), ("Signal", n * s)];
        assert_eq!(spent, budget(&rows), "{n} sessions with {s} commands each");
    }
}

#[tokio::test(start_paused = true)]
async fn without_signals_it_is_a_handshake_two_listings_and_the_deletes() {
    for n in [1, 8, 40] {
        let policy = Policy::default().with_signal(SignalMode::Never).with_connections_per_host(1);
        let spent = spent(policy, n, 2, Duration::ZERO).await;
        assert_eq!(spent, budget(&[("Connect", 1), ("Delete", n), ("Enumerate", 2)]), "{n} sessions");
    }
}

#[tokio::test(start_paused = true)]
async fn a_prompt_costs_one_more_listing_and_not_a_get_per_session() {
    let policy = Policy::default().with_signal(SignalMode::Never);
    let spent = spent(policy, 8, 0, Duration::from_secs(30)).await;
    assert_eq!(spent, budget(&[("Connect", 1), ("Delete", 8), ("Enumerate", 3)]));
}

#[tokio::test(start_paused = true)]
async fn more_sessions_share_at_most_the_stated_number_of_connections() {
    // In memory every answer is immediate, so that connections are opened only as far as they are of use.
    for (n, most) in [(8, 1), (9, 2), (32, 2), (33, 4), (100, 4)] {
        let policy = Policy::default().with_signal(SignalMode::Never);
        let spent = spent(policy, n, 0, Duration::ZERO).await;
        let connects = spent.iter().find(|row| row.0 == "Connect").unwrap().1;
        assert!((1..=most).contains(&connects), "{n} sessions took {connects} connections");
        assert!(spent.contains(&("Enumerate".to_owned(), 2)), "{n}: {spent:?}");
    }
}
