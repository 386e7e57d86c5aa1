//! One task per host: it owns the host's connections and its removals.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use super::cancellation::StopOrder;
use super::connection::{ConnectionFactory, ask, identify, list, request_error};
use super::events::HostEvent;
use super::panics::caught;
use super::survey::SurveyedHost;
use super::{now, sleep_until, today};
use crate::client::WsmanClient;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::listing::Listing;
use crate::session::{LoginAccount, Visibility};
use crate::teardown::event::{Answer, RequestError, RequestKind, Tick};
use crate::teardown::host::{HostRun, HostShown, Job};
use crate::teardown::plan::Planned;
use crate::teardown::report::Record;
use crate::teardown::retry::Jitter;
use crate::wsman::op::Identity;

/// Drives one host: idle connections are given jobs, answers are given to the host's removals.
pub(super) struct Driver {
    factory: ConnectionFactory,
    host: HostRun,
    connections: Connections,
    halted: watch::Receiver<Option<StopOrder>>,
    events: mpsc::UnboundedSender<HostEvent>,
    /// The slots of Deletes that were answered and are not reported yet, and when they are to be.
    deleted: Vec<usize>,
    report_at: Option<Instant>,
}

/// The connections of one host, and when the next ones may be opened.
struct Connections {
    idle: Vec<WsmanClient>,
    /// What is asked over the others. They take turns in the host's own task: another one for each request costs more than
    /// the request.
    busy: FuturesUnordered<Work>,
    /// Those that are to come. A handshake reckons for long enough to do it aside.
    opening: JoinSet<Result<WsmanClient>>,
    /// Idle, busy, or being opened.
    open: usize,
    /// The host has accepted the credential on one connection, so that the next ones may log in at the same time.
    accepted: bool,
    limit: usize,
    failures: u32,
    not_before: Option<Instant>,
    /// A further one was refused; those that are open must do.
    no_more: bool,
    /// The credential was refused, and is not tried again: when the last one is gone, that was it.
    refused: Option<RequestError>,
}

/// What came of a task.
enum Completion {
    Asked { client: Option<WsmanClient>, slot: usize, is_delete: bool, answer: Result<Answer> },
    Listed { client: Option<WsmanClient>, listing: Result<Listing> },
    Identified { client: Option<WsmanClient>, identity: Result<Identity> },
}

/// One of them under way.
type Work = Pin<Box<dyn Future<Output = Completion> + Send>>;

impl Driver {
    pub(super) fn new(
        factory: ConnectionFactory,
        surveyed: SurveyedHost,
        sessions: Vec<Planned>,
        halted: watch::Receiver<Option<StopOrder>>,
        events: mpsc::UnboundedSender<HostEvent>,
    ) -> Self {
        let limit = factory.policy.connections_for(sessions.len(), factory.connector.max_connections());
        let sessions = sessions.into_iter().map(|planned| {
            let position = planned.position();
            (planned.into_descriptor(), position)
        });
        let policy = Arc::clone(&factory.policy);
        let listing = surveyed.listing.as_ref().map(|listing| listing.as_ref().map_err(request_error));
        let shown = HostShown {
            listing: listing.zip(surveyed.listed_at),
            got: surveyed.got.iter().map(|(shell, since)| (&**shell, *since)).collect(),
        };
        let account = match &surveyed.account {
            Some(account) => LoginAccount::clone(account),
            None => factory.account(surveyed.client.as_ref()),
        };
        let visibility = Visibility::new(account, today());
        let host = HostRun::new(sessions, visibility, shown, policy, undrawn());
        let idle = Vec::from_iter(surveyed.client);
        let accepted = !idle.is_empty();
        let connections = Connections {
            open: idle.len(),
            idle,
            busy: FuturesUnordered::new(),
            opening: JoinSet::new(),
            accepted,
            limit,
            failures: 0,
            not_before: None,
            no_more: false,
            refused: None,
        };
        Self { factory, host, connections, halted, events, deleted: Vec::new(), report_at: None }
    }

    /// Every session has a record in the end, whatever happens.
    pub(super) async fn run(mut self, permits: Arc<Semaphore>) {
        let url = self.factory.connector.endpoint().url().to_owned();
        if caught(&url, self.drive(permits)).await.is_err() {
            self.report_deletes();
            let abandoned = self.host.abandon();
            self.report(abandoned);
        }
    }

    async fn drive(&mut self, permits: Arc<Semaphore>) {
        let _permit = tokio::select! {
            biased;
            _ = self.halted.wait_for(Option::is_some) => None,
            permit = permits.acquire_owned() => permit.ok(),
        };
        self.obey();
        loop {
            self.host.tick(undrawn());
            self.dispatch();
            let now = now();
            let finished = self.host.take_finished(now);
            if !finished.is_empty() || self.report_at.is_some_and(|time| time <= now) {
                self.report_deletes();
            }
            self.report(finished);
            if self.host.is_done() {
                return;
            }
            if self.is_locked_out() {
                continue;
            }
            self.open_more(now);
            let not_before = self.connections.not_before.filter(|time| *time > now);
            let wake = [self.host.wake_at(now), not_before, self.report_at];
            let wake = wake.into_iter().flatten().min().unwrap_or(now + IDLE);
            tokio::select! {
                biased;
                Ok(()) = self.halted.changed() => self.obey(),
                Some(completion) = self.connections.busy.next() => self.complete(completion),
                Some(Ok(opened)) = self.connections.opening.join_next() => self.opened(opened),
                () = sleep_until(Some(wake)) => {}
            }
        }
    }

    fn report(&self, records: Vec<Record>) {
        for record in records {
            let _ = self.events.send(HostEvent::finished(record));
        }
    }

    /// Reports Deletes that were answered, several at a time: to wake whoever hears of it costs more than the Delete.
    fn report_deletes(&mut self) {
        self.report_at = None;
        let session = |slot: usize| self.host.session(slot).map(|(session, at)| (Arc::clone(session), at));
        let sessions: Vec<_> = self.deleted.drain(..).filter_map(session).collect();
        if !sessions.is_empty() {
            let _ = self.events.send(HostEvent::DeletesAnswered(sessions));
        }
    }

    fn obey(&mut self) {
        let order = *self.halted.borrow_and_update();
        if let Some(StopOrder { reason, until }) = order {
            self.host.halt(reason, until, undrawn());
        }
    }

    fn dispatch(&mut self) {
        while let Some(client) = self.connections.idle.pop() {
            let Some(job) = self.host.next_job(undrawn()) else {
                self.connections.idle.push(client);
                return;
            };
            match job {
                Job::List => {
                    let policy = Arc::clone(&self.factory.policy);
                    self.connections.busy.push(Box::pin(async move {
                        let (client, listing) =
                            over(client, async |client| list(client, &policy).await).await;
                        Completion::Listed { client, listing }
                    }));
                }
                Job::Identify => {
                    let limits = Limits::within(self.factory.policy.patience());
                    self.connections.busy.push(Box::pin(async move {
                        let (client, identity) =
                            over(client, async |client| identify(client, limits).await).await;
                        Completion::Identified { client, identity }
                    }));
                }
                Job::Ask { slot, request } => {
                    let Some((session, _)) = self.host.session(slot) else { continue };
                    let session = Arc::clone(session);
                    let is_delete = matches!(request.kind, RequestKind::Delete { .. });
                    self.connections.busy.push(Box::pin(async move {
                        let (client, answer) =
                            over(client, async |client| ask(client, &session.shell, request).await).await;
                        Completion::Asked { client, slot, is_delete, answer }
                    }));
                }
            }
        }
    }

    /// No connection is left, and no login may be tried: what is not done is at an end.
    fn is_locked_out(&mut self) -> bool {
        let Some(request_error) = self.connections.refused.as_ref().filter(|_| self.connections.open == 0)
        else {
            return false;
        };
        self.host.unreachable(request_error, undrawn());
        true
    }

    /// Opens as many connections as there are jobs and may be opened: the first one alone, since it shows whether the host
    /// accepts the credential, and the others together.
    fn open_more(&mut self, now: Instant) {
        let connections = &mut self.connections;
        let may = !connections.no_more
            && connections.refused.is_none()
            && connections.idle.is_empty()
            && connections.not_before.is_none_or(|time| time <= now);
        let limit = connections.limit + usize::from(self.host.is_stuck(now));
        let (opening, room) = (connections.opening.len(), limit.saturating_sub(connections.open));
        let most = if connections.accepted { room + opening } else { 1 };
        if !may || room == 0 || opening >= most {
            return;
        }
        for _ in opening..self.host.jobs(now, most) {
            connections.open += 1;
            let factory = self.factory.clone();
            connections.opening.spawn(async move {
                let url = factory.connector.endpoint().url();
                caught(url, factory.open()).await.flatten()
            });
        }
    }

    fn opened(&mut self, opened: Result<WsmanClient>) {
        match opened {
            Ok(client) => {
                self.connections.failures = 0;
                self.connections.accepted = true;
                if let Some(names) = client.server_names() {
                    self.host.name_server(names);
                }
                self.connections.idle.push(client);
            }
            Err(error) => self.not_opened(error),
        }
    }

    fn complete(&mut self, completion: Completion) {
        let at = self.factory.tick();
        match completion {
            Completion::Asked { client, slot, is_delete, answer } => {
                if is_delete && answer.is_ok() {
                    self.deleted.push(slot);
                    self.report_at.get_or_insert(at.now + REPORT_PAUSE);
                }
                let answer = answer.map_err(|error| request_error(&error));
                self.note_refusal(answer.as_ref().err());
                self.take_back(client);
                self.host.answered(slot, answer, at);
            }
            Completion::Listed { client, listing } => {
                let listing = listing.map_err(|error| request_error(&error));
                self.note_refusal(listing.as_ref().err());
                self.take_back(client);
                self.host.listed(listing.as_ref().map_err(RequestError::clone), at);
            }
            Completion::Identified { client, identity } => {
                let identity = identity.map_err(|error| request_error(&error));
                self.note_refusal(identity.as_ref().err());
                self.take_back(client);
                self.host.identified(identity.as_ref().map_err(RequestError::clone), at);
            }
        }
    }

    fn not_opened(&mut self, error: Error) {
        let at = self.factory.tick();
        let connections = &mut self.connections;
        connections.open = connections.open.saturating_sub(1);
        let retry = self.factory.policy.retry;
        let delay = retry.delay(connections.failures, error.retry_after(), at.jitter);
        match delay.filter(|_| error.is_retryable()) {
            // What fails at the same time has failed once.
            Some(_) if connections.not_before.is_some_and(|time| time > at.now) => {}
            Some(delay) => {
                connections.failures += 1;
                connections.not_before = Some(at.now + delay);
            }
            None if connections.open == 0 => self.host.unreachable(&request_error(&error), at),
            None => {
                connections.no_more = true;
                self.note_refusal(Some(&request_error(&error)));
            }
        }
    }

    fn note_refusal(&mut self, request_error: Option<&RequestError>) {
        if let Some(request_error) =
            request_error.filter(|request_error| request_error.is_credential_refused())
        {
            self.connections.refused = Some(request_error.clone());
        }
    }

    fn take_back(&mut self, client: Option<WsmanClient>) {
        let connections = &mut self.connections;
        match client {
            Some(client) => connections.idle.push(client),
            None => {
                connections.open = connections.open.saturating_sub(1);
                connections.no_more &= connections.open > 0;
            }
        }
    }
}

/// Now, without a throw of the dice: waits begin with answers only.
fn undrawn() -> Tick {
    Tick { now: now(), jitter: Jitter::NONE }
}

/// Does one job over a connection, which is lost where that panics.
async fn over<T>(
    client: WsmanClient,
    job: impl AsyncFnOnce(WsmanClient) -> (Option<WsmanClient>, Result<T>),
) -> (Option<WsmanClient>, Result<T>) {
    let url = client.endpoint_url().to_owned();
    caught(&url, job(client)).await.unwrap_or_else(|error| (None, Err(error)))
}

/// How long a Delete that was answered waits for others to be reported with: no progress line changes faster.
const REPORT_PAUSE: Duration = Duration::from_millis(100);

/// The pause of a host that has nothing to wait for; it only guards against a missed wake-up.
const IDLE: Duration = Duration::from_secs(1);
