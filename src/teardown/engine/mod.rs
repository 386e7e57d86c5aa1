//! I/O module: drives plans over connections, with clock, dice and tasks.
#![expect(clippy::disallowed_methods, reason = "reads the clock: listings say when they were taken")]

mod cancellation;
mod commands;
mod connection;
mod connection_slots;
mod driver;
mod events;
mod failure_count;
mod panics;
mod single_gets;
mod survey;

pub use cancellation::Cancellation;
pub use commands::UnlistedCommands;
pub use events::EngineEvent;
pub use survey::{Survey, SurveyedHost};

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use self::cancellation::{StopBroadcast, StopOrder};
use self::connection::{ConnectionFactory, Listed};
use self::connection_slots::ConnectionSlots;
use self::driver::Driver;
use self::events::HostEvent;
use self::failure_count::FailureCount;
use self::panics::caught;
use super::outcome::{Failure, NotStarted, Outcome};
use super::plan::{HostPlan, Plan, Planned};
use super::policy::{INTERRUPT_GRACE, Policy};
use super::report::{Record, Report};
use crate::client::{IdSource, RandomIds};
use crate::session::Transport;
use crate::transport::Connector;
use crate::wsman::{SessionId, ShellId};

/// Runs plans. Two phases: [`survey`](Self::survey) lists hosts, and [`run`](Self::run) closes what was chosen from
/// the answers, over the same connections. One engine is one run: its deadline counts from its first phase.
pub struct Engine {
    policy: Arc<Policy>,
    ids: Arc<dyn IdSource>,
    session_id: SessionId,
    slots: ConnectionSlots,
    failures: FailureCount,
    started: OnceLock<Instant>,
}

impl Engine {
    /// An engine with these limits, which draws random ids.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self::with_ids(policy, Arc::new(RandomIds))
    }

    /// An engine that draws its ids (and its jitter) from `ids`.
    #[must_use]
    pub fn with_ids(policy: Policy, ids: Arc<dyn IdSource>) -> Self {
        let session_id = SessionId::new(ids.draw());
        let slots = ConnectionSlots::new(policy.max_connections);
        let failures = FailureCount::new(policy.abort_if_failed);
        Self { policy: Arc::new(policy), ids, session_id, slots, failures, started: OnceLock::new() }
    }

    /// Lists every host, several at a time. A host that cannot be listed has an error in its place; one that was not
    /// reached before `cancellation` or the run's deadline has no listing.
    pub async fn survey(&self, connectors: Vec<Arc<dyn Connector>>, cancellation: &Cancellation) -> Survey {
        self.survey_with(connectors, cancellation, |_| {}).await
    }

    /// As [`survey`](Self::survey). Reports [`EngineEvent::HostStarted`] and [`EngineEvent::HostListed`].
    pub async fn survey_with(
        &self,
        connectors: Vec<Arc<dyn Connector>>,
        cancellation: &Cancellation,
        on_event: impl FnMut(EngineEvent<'_>),
    ) -> Survey {
        self.survey_again(Survey::unlisted(connectors), cancellation, on_event).await
    }

    /// Lists the hosts of a survey again, over the connections that it left open: there is a new login only where a
    /// connection is lost. A host that has refused the credential is not asked again, and keeps its error. Reports the
    /// same events as [`survey_with`](Self::survey_with).
    pub async fn survey_again(
        &self,
        mut survey: Survey,
        cancellation: &Cancellation,
        mut on_event: impl FnMut(EngineEvent<'_>),
    ) -> Survey {
        let deadline = self.deadline();
        let permits = Arc::new(Semaphore::new(self.policy.parallel_hosts));
        let mut tasks = JoinSet::new();
        let (starts, mut started) = mpsc::unbounded_channel();
        for (index, host) in survey.hosts.iter_mut().enumerate().filter(|(_, host)| !host.refuses_login()) {
            let client = host.begin_again();
            let factory = self.factory(&host.connector);
            let (permits, starts) = (Arc::clone(&permits), starts.clone());
            tasks.spawn(async move {
                let _permit = permits.acquire_owned().await;
                let _ = starts.send(index);
                let began = now();
                let url = factory.connector.endpoint().url();
                let listed = caught(url, factory.list_again(client)).await;
                (index, listed.unwrap_or_else(Listed::failed), began)
            });
        }
        loop {
            // In order, so that what has arrived is taken first and a run can be repeated to the letter.
            tokio::select! {
                biased;
                Some(index) = started.recv() => {
                    if let Some(host) = survey.hosts.get(index) {
                        on_event(EngineEvent::HostStarted(host.connector.endpoint()));
                    }
                }
                listed = tasks.join_next() => match listed {
                    Some(Ok((index, listed, began))) => {
                        if let Some(host) = survey.hosts.get_mut(index) {
                            host.account = listed.account.map(Arc::new);
                            host.client = self.slots.keep_idle(listed.client);
                            host.listing = Some(listed.listing);
                            host.listed_at = Some(began);
                            host.seen_at = today();
                            on_event(EngineEvent::HostListed(host));
                        }
                    }
                    // What can panic is caught above.
                    Some(Err(_)) => {}
                    None => break,
                },
                () = cancellation.cancelled() => break,
                () = sleep_until(deadline) => break,
            }
        }
        survey
    }

    /// Asks the hosts that deny this account their listing for single shells, by Get: those that `wanted` names for the
    /// host's endpoint URL. What they show is among the survey's sessions afterwards. A host for which none is wanted is
    /// not asked; one that is not asked in time (before `cancellation` or the run's deadline) counts as not asked.
    pub async fn get_shells(
        &self,
        survey: &mut Survey,
        wanted: impl Fn(&str) -> Vec<ShellId>,
        cancellation: &Cancellation,
    ) {
        let deadline = self.deadline();
        let permits = Arc::new(Semaphore::new(self.policy.parallel_hosts));
        let mut tasks = JoinSet::new();
        for (index, host) in survey.hosts.iter_mut().enumerate().filter(|(_, host)| host.denies_listing()) {
            let ids = wanted(host.connector.endpoint().url());
            if ids.is_empty() {
                continue;
            }
            let (factory, permits) = (self.factory(&host.connector), Arc::clone(&permits));
            let client = host.client.take();
            tasks.spawn(async move {
                let _permit = permits.acquire_owned().await;
                let url = factory.connector.endpoint().url();
                let answers = caught(url, single_gets::get(&factory, client, &ids)).await;
                (index, answers.unwrap_or_else(|_| single_gets::Answers::none(ids, url)))
            });
        }
        loop {
            tokio::select! {
                biased;
                asked = tasks.join_next() => match asked {
                    Some(Ok((index, answers))) => {
                        if let Some(host) = survey.hosts.get_mut(index) {
                            answers.tell(host);
                            host.client = self.slots.keep_idle(host.client.take());
                            host.seen_at = today();
                        }
                    }
                    Some(Err(_)) => {}
                    None => break,
                },
                () = cancellation.cancelled() => break,
                () = sleep_until(deadline) => break,
            }
        }
    }

    /// Runs `plan` over the connections of `survey`. Each record is given to `on_finished` as soon as it stands;
    /// the report holds them all, in the order of the plan.
    pub async fn run(
        &self,
        plan: Plan,
        survey: Survey,
        cancellation: &Cancellation,
        mut on_finished: impl FnMut(&Record),
    ) -> Report {
        let on_event = |event: EngineEvent<'_>| {
            if let EngineEvent::Finished(record) = event {
                on_finished(record);
            }
        };
        self.run_with(plan, survey, cancellation, on_event).await
    }

    /// As [`run`](Self::run). Reports [`EngineEvent::DeleteAnswered`] and [`EngineEvent::Finished`].
    pub async fn run_with(
        &self,
        plan: Plan,
        survey: Survey,
        cancellation: &Cancellation,
        mut on_event: impl FnMut(EngineEvent<'_>),
    ) -> Report {
        let deadline = self.deadline();
        let mut records = Vec::with_capacity(plan.len());
        let mut stop = StopBroadcast::default();
        let (finished, mut inbox) = mpsc::unbounded_channel();
        let order = |reason| StopOrder { reason, until: Some(now() + INTERRUPT_GRACE) };
        if cancellation.is_cancelled() {
            stop.give(order(NotStarted::Interrupted));
        } else if deadline.is_some_and(|deadline| deadline <= now()) {
            stop.give(order(NotStarted::Deadline));
        } else if self.failures.is_exceeded() {
            stop.give(StopOrder { reason: NotStarted::Stopped, until: None });
        }
        let mut tasks = self.start(plan, survey, &mut stop, &finished);
        drop(finished);
        loop {
            let is_halted = |reason| stop.order().is_some_and(|halt| halt.reason == reason);
            let cut_short = is_halted(NotStarted::Interrupted) || is_halted(NotStarted::Deadline);
            tokio::select! {
                biased;
                () = cancellation.cancelled(), if !cut_short => {
                    stop.give(order(NotStarted::Interrupted));
                }
                () = sleep_until(deadline), if !cut_short => {
                    stop.give(order(NotStarted::Deadline));
                }
                () = self.failures.exceeded(), if stop.order().is_none() => {
                    stop.give(StopOrder { reason: NotStarted::Stopped, until: None });
                }
                event = inbox.recv() => {
                    let record = match event {
                        None => break,
                        Some(HostEvent::DeletesAnswered(sessions)) => {
                            for (session, position) in sessions {
                                on_event(EngineEvent::DeleteAnswered { session: &session, position });
                            }
                            continue;
                        }
                        Some(HostEvent::Finished(record)) => *record,
                    };
                    on_event(EngineEvent::Finished(&record));
                    self.failures.add(record.outcome.is_bad());
                    let is_last = self.policy.stop_on_error && record.outcome.is_bad();
                    if is_last && stop.order().is_none() {
                        stop.give(StopOrder { reason: NotStarted::Stopped, until: None });
                    }
                    records.push(record);
                }
            }
        }
        while tasks.join_next().await.is_some() {}
        Report::new(records)
    }

    fn start(
        &self,
        plan: Plan,
        survey: Survey,
        stop: &mut StopBroadcast,
        finished: &mpsc::UnboundedSender<HostEvent>,
    ) -> JoinSet<()> {
        let mut hosts: HashMap<String, SurveyedHost> = survey.into_hosts_by_url();
        if self.slots.are_scarce() {
            // A host whose turn has not come must not keep a connection from one that is at work.
            hosts.values_mut().for_each(|host| drop(host.client.take()));
        }
        let permits = Arc::new(Semaphore::new(self.policy.parallel_hosts));
        let driver = |host_plan: HostPlan| {
            let surveyed = hosts.remove(host_plan.endpoint_url());
            let (surveyed, sessions) = admit(host_plan, surveyed, finished)?;
            let factory = self.factory(&surveyed.connector);
            Some(Driver::new(factory, surveyed, sessions, stop.subscribe(), finished.clone()))
        };
        // A connector of the program may panic when it is asked for its name: nothing has begun then.
        let drivers: Vec<_> = plan.into_hosts().into_iter().filter_map(driver).collect();
        drivers.into_iter().map(|driver| driver.run(Arc::clone(&permits))).collect()
    }

    fn factory(&self, connector: &Arc<dyn Connector>) -> ConnectionFactory {
        ConnectionFactory {
            connector: Arc::clone(connector),
            policy: Arc::clone(&self.policy),
            ids: Arc::clone(&self.ids),
            slots: self.slots.clone(),
            session_id: self.session_id,
        }
    }

    /// Waits until the run's deadline has passed; for ever without one.
    #[cfg(feature = "request")]
    pub(crate) async fn overdue(&self) {
        sleep_until(self.deadline()).await;
    }

    /// Whether the run's deadline has passed.
    #[cfg(feature = "request")]
    pub(crate) fn is_overdue(&self) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now())
    }

    /// Whether so many sessions have failed that nothing new begins.
    #[cfg(feature = "request")]
    pub(crate) fn has_failed_too_often(&self) -> bool {
        self.failures.is_exceeded()
    }

    fn deadline(&self) -> Option<Instant> {
        let started = *self.started.get_or_init(now);
        self.policy.run_deadline.map(|limit| started + limit)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Settles at once what must not be touched: declined sessions, and hosts whose selection is not to be trusted.
fn admit(
    plan: HostPlan,
    surveyed: Option<SurveyedHost>,
    finished: &mpsc::UnboundedSender<HostEvent>,
) -> Option<(SurveyedHost, Vec<Planned>)> {
    let conclude =
        |planned: &Planned, outcome| drop(finished.send(HostEvent::finished(planned.concluded(outcome))));
    let url = plan.endpoint_url().to_owned();
    let (declined, sessions): (Vec<_>, Vec<_>) =
        plan.into_sessions().into_iter().partition(Planned::is_declined);
    declined.iter().for_each(|planned| conclude(planned, Outcome::Declined));
    let (sessions, others): (Vec<_>, Vec<_>) =
        sessions.into_iter().partition(|planned| planned.descriptor().transport == Transport::WsMan);
    for planned in &others {
        let transport = planned.descriptor().transport().to_owned();
        conclude(planned, Outcome::Failed(Failure::NotWsMan(transport)));
    }
    let verdict = match &surveyed {
        None => {
            Some(Outcome::Failed(Failure::Unreachable(format!("{url} is not among the hosts of this run"))))
        }
        Some(host) => host.verdict(),
    };
    if let Some(outcome) = verdict {
        sessions.iter().for_each(|planned| conclude(planned, outcome.clone()));
        return None;
    }
    surveyed.filter(|_| !sessions.is_empty()).map(|surveyed| (surveyed, sessions))
}

/// The clock that can be paused in tests.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The time of day, by which what was seen in other runs grows old.
fn today() -> SystemTime {
    SystemTime::now()
}

async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
