//! The later rounds of a repeated request: each host is asked again in its own time, and what matches by then is closed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::Semaphore;

use super::caller::Caller;
use super::event::Event;
use super::listing;
use super::remove::{Confirm, RemovedSessions, Removing, plan};
use super::repetition::Repetition;
use super::rounds::{HostChange, Seen};
use crate::store::{Origin, RowMetadata, Rows};
use crate::teardown::{Cancellation, HostCounts, Plan, Record, Report, RunStatus, RunSummary, Survey};
use crate::transport::Connector;

/// What all hosts of the later rounds share.
struct LaterRounds {
    every: Duration,
    /// Thrown when no host is to be asked again.
    ended: Cancellation,
    /// How many hosts are at work at the same time.
    permits: Semaphore,
}

/// What a later round closed on one host.
enum Closed {
    /// Nothing matched; the survey keeps its connection.
    Nothing(Survey),
    /// All that matched was to be closed.
    All,
    /// Nothing, because it would exceed a limit.
    TooMany,
}

impl<C: Caller> Removing<'_, C> {
    /// Keeps the selection up on these hosts after the first round. What was begun is brought to its end whatever ends it.
    pub(super) async fn repeat(
        &self,
        repetition: Repetition,
        connectors: Vec<Arc<dyn Connector>>,
        first: RemovedSessions,
    ) -> Result<RemovedSessions, C::Error> {
        let is_asked =
            |connector: &Arc<dyn Connector>| !self.rounds.borrow().is_refused(connector.endpoint().url());
        let connectors: Vec<_> = connectors.into_iter().filter(is_asked).collect();
        if connectors.is_empty() || !self.may_go_on(&first) {
            return Ok(first);
        }
        let RemovedSessions { report, metadata, mut summary } = first;
        for (record, metadata) in report.records.into_iter().zip(metadata) {
            self.rounds.borrow_mut().insert(record, metadata);
        }
        self.caller.event(Event::Repeating { hosts: connectors.len(), repetition });
        let shared = LaterRounds {
            every: repetition.interval(),
            ended: Cancellation::new(),
            permits: Semaphore::new(self.request.scope.policy.parallel_hosts),
        };
        let hosts: FuturesUnordered<_> =
            connectors.into_iter().map(|connector| self.repeat_on(connector, &shared)).collect();
        let (overdue, outcome) = self.until_ended(repetition.duration(), &shared, hosts).await;
        summary.deadline |= overdue;
        let (limit_exceeded, unlisted) = outcome?;
        summary.limit_exceeded |= limit_exceeded;
        summary.unlisted_commands += unlisted;
        Ok(self.conclude_rounds(summary))
    }

    /// Whether the first round leaves something to keep up.
    fn may_go_on(&self, first: &RemovedSessions) -> bool {
        let counts = first.report.counts();
        let all_declined = counts.declined > 0 && counts.declined == first.report.records.len();
        let nobody_reached = first.summary.hosts > 0 && first.summary.hosts == first.summary.unreachable;
        let ended = [
            self.cancellation.is_cancelled(),
            first.summary.could_not_begin,
            first.summary.limit_exceeded,
            all_declined,
            nobody_reached,
            first.status() == RunStatus::CredentialRefused,
            self.is_stopped(&first.report),
        ];
        !ended.contains(&true)
    }

    /// Whether failures end the run.
    fn is_stopped(&self, report: &Report) -> bool {
        let stops = self.request.scope.policy.stop_on_error;
        self.engine.has_failed_too_often()
            || (stops && report.records.iter().any(|record| record.outcome.is_bad()))
    }

    /// Waits for the hosts, and ends them when the time is over. Returns whether that was the run's deadline.
    async fn until_ended<F>(
        &self,
        duration: Duration,
        shared: &LaterRounds,
        mut hosts: FuturesUnordered<F>,
    ) -> (bool, Result<(bool, usize), C::Error>)
    where
        F: Future<Output = Result<bool, C::Error>>,
    {
        let mut period = std::pin::pin!(tokio::time::sleep(duration));
        let mut deadline = std::pin::pin!(self.engine.overdue());
        let (mut overdue, mut limit_exceeded, mut error) = (false, false, None);
        loop {
            let goes_on = !shared.ended.is_cancelled();
            tokio::select! {
                biased;
                () = self.cancellation.cancelled(), if goes_on => shared.ended.cancel(),
                () = &mut deadline, if goes_on => {
                    overdue = true;
                    shared.ended.cancel();
                }
                () = &mut period, if goes_on => shared.ended.cancel(),
                host = hosts.next() => match host {
                    None => {
                        // The deadline ends a listing, too.
                        overdue |= goes_on && self.engine.is_overdue();
                        break;
                    }
                    Some(Ok(exceeded)) => limit_exceeded |= exceeded,
                    Some(Err(first)) => {
                        error.get_or_insert(first);
                        shared.ended.cancel();
                    }
                },
            }
        }
        let unlisted = self.rounds.borrow().unlisted_commands();
        (overdue, error.map_or(Ok((limit_exceeded, unlisted)), Err))
    }

    /// Asks one host again and again, until that is at an end or it refuses the credential. Returns whether a limit ended
    /// the whole.
    async fn repeat_on(&self, connector: Arc<dyn Connector>, shared: &LaterRounds) -> Result<bool, C::Error> {
        let mut open = None;
        loop {
            tokio::select! {
                biased;
                () = shared.ended.cancelled() => return Ok(false),
                () = tokio::time::sleep(shared.every) => {}
            }
            let Ok(_permit) = shared.permits.acquire().await else { return Ok(false) };
            let survey = tokio::select! {
                biased;
                () = shared.ended.cancelled() => return Ok(false),
                survey = self.list_again(&connector, open.take()) => survey,
            };
            if survey.hosts().iter().all(|host| host.listing().is_none()) {
                // The run was cancelled, or its time is over.
                return Ok(false);
            }
            self.report_change(&survey);
            if self.rounds.borrow().is_refused(connector.endpoint().url()) {
                return Ok(false);
            }
            match self.close_returned(survey, shared).await? {
                Closed::Nothing(survey) => open = Some(survey),
                Closed::All => {}
                Closed::TooMany => {
                    shared.ended.cancel();
                    return Ok(true);
                }
            }
        }
    }

    /// Lists one host, over the connection that its last survey left open.
    async fn list_again(&self, connector: &Arc<dyn Connector>, open: Option<Survey>) -> Survey {
        let wanted = |_: &str| listing::wanted_by(&self.request.scope.query);
        let open = open.unwrap_or_else(|| Survey::unlisted(vec![Arc::clone(connector)]));
        let mut survey = self.engine.survey_again(open, self.cancellation, |_| ()).await;
        self.engine.get_shells(&mut survey, wanted, self.cancellation).await;
        survey
    }

    /// Reports that a host fails, or answers again, where that is news.
    fn report_change(&self, survey: &Survey) {
        let change = self.rounds.borrow_mut().note_answers(survey);
        match change {
            HostChange::None => {}
            HostChange::Failed => self.caller.event(Event::AllListed(survey)),
            HostChange::Recovered => {
                let endpoints = survey.hosts().iter().map(|host| host.connector().endpoint());
                endpoints.for_each(|endpoint| self.caller.event(Event::Recovered(endpoint)));
            }
        }
    }

    /// Closes what matches on one host now.
    async fn close_returned(&self, mut survey: Survey, shared: &LaterRounds) -> Result<Closed, C::Error> {
        let Some(rows) = self.select_again(&mut survey).await else { return Ok(Closed::Nothing(survey)) };
        let rows = self.leave_hosts_alone(rows, &mut RunSummary::default());
        if rows.is_empty() || shared.ended.is_cancelled() {
            return Ok(Closed::Nothing(survey));
        }
        let positions = self.positions(&rows);
        let new = positions.iter().filter(|(_, is_new)| *is_new).count();
        let limits = &self.request.limits;
        let exceeded = {
            let rounds = self.rounds.borrow();
            let before = rounds.planned(None).saturating_sub(rows.len() - new);
            limits.exceeded(rows.len(), rounds.listed(), before)
        };
        let (mut plan, metadata) = plan(rows);
        let number = |local: usize| positions.get(local).map_or(local, |(position, _)| *position);
        let places = positions.iter().map(|(position, _)| *position).zip(metadata.iter().cloned());
        let by_position: HashMap<usize, RowMetadata> = places.collect();
        self.report_returned(plan.clone(), &metadata, &positions);
        if let Some(exceeded) = exceeded {
            self.caller.event(Event::LimitExceeded(exceeded));
            return Ok(Closed::TooMany);
        }
        if new > 0 {
            // Whoever declines counts from 0.
            self.confirm(&mut plan)?;
        }
        plan.number(number);
        if new > 0 {
            self.keep_evidence(&plan, |position| by_position.get(&position).cloned(), &mut survey).await?;
        }
        self.caller.event(Event::Closing(&plan));
        let report = self.to_the_end(self.carry_out_again(plan, survey, &by_position)).await;
        self.settle_in_table(&report, &[], &HashSet::new()).await;
        if self.is_stopped(&report) {
            shared.ended.cancel();
        }
        Ok(Closed::All)
    }

    /// What matches on this host now and nobody said no to; `None` if there is nothing.
    async fn select_again(&self, survey: &mut Survey) -> Option<Rows> {
        let (scope, caller) = (&self.request.scope, self.caller);
        let query = &scope.query;
        // What runs is asked, and the table is written, only where something may match.
        if query.for_remembered().select(&survey.sessions()).chosen.is_empty() {
            return None;
        }
        let mut rows = listing::sessions_or_without_ids(survey, scope, caller, true).await.rows;
        if query.needs_commands() {
            self.list_commands_again(survey, &mut rows).await;
        }
        let selection = query.select(rows.sessions());
        self.rounds.borrow_mut().find(&selection);
        let rows = rows.into_picked(&selection.chosen).into_iter();
        let rows = rows.filter(|row| self.rounds.borrow().seen(&row.session) != Seen::Declined);
        let mut rows: Rows = rows.collect();
        if self.request.confirm != Confirm::Never && !query.needs_commands() {
            self.list_commands(survey, &mut rows).await;
        }
        Some(rows).filter(|rows| !rows.is_empty())
    }

    /// Lists what runs; that it is not known is reported once, until that changes.
    async fn list_commands_again(&self, survey: &mut Survey, rows: &mut Rows) {
        let failures = self.engine.list_commands(survey, rows.sessions_mut()).await;
        let mut is_news = false;
        for host in survey.hosts() {
            let url = host.connector().endpoint().url();
            let here = failures.iter().filter(|failure| failure.endpoint_url == url);
            let sessions = here.map(|failure| failure.sessions).sum();
            is_news |= self.rounds.borrow_mut().note_unlisted_commands(url, sessions);
        }
        if is_news {
            self.caller.event(Event::CommandsUnlisted { survey, failures: &failures, excluded: true });
        }
    }

    /// The positions of these sessions in the plan of the whole run, and whether each is new there.
    fn positions(&self, rows: &Rows) -> Vec<(usize, bool)> {
        let rounds = self.rounds.borrow();
        let mut next = rounds.next_position();
        let place = |session| match rounds.seen(session) {
            Seen::Still(position) => (position, false),
            _ => {
                next += 1;
                (next - 1, true)
            }
        };
        rows.sessions().iter().map(place).collect()
    }

    /// Reports what has returned, and the plan.
    fn report_returned(&self, mut plan: Plan, metadata: &[RowMetadata], positions: &[(usize, bool)]) {
        plan.number(|local| positions.get(local).map_or(local, |(position, _)| *position));
        for planned in plan.sessions() {
            let (session, position) = (planned.descriptor(), planned.position());
            if positions.contains(&(position, true)) {
                self.caller.event(Event::Returned { session, position });
            }
        }
        self.caller.event(Event::Planned { plan: &plan, metadata });
    }

    async fn carry_out_again(
        &self,
        plan: Plan,
        survey: Survey,
        metadata: &HashMap<usize, RowMetadata>,
    ) -> Report {
        let finished = |record: &Record| {
            let metadata = metadata.get(&record.position);
            let kept = metadata.cloned().unwrap_or(RowMetadata::new(Origin::Listed));
            let is_news = self.rounds.borrow_mut().insert(record.clone(), kept);
            if is_news {
                self.closed(record, metadata);
            }
        };
        self.engine.run(plan, survey, self.cancellation, finished).await
    }

    /// Puts all rounds together: the last outcome of each session, and the last answer of each host.
    fn conclude_rounds(&self, first: RunSummary) -> RemovedSessions {
        let mut rounds = self.rounds.borrow_mut();
        let literal_misses =
            rounds.misses().iter().filter(|miss| self.request.scope.miss_rule.is_error(miss)).count();
        let planned = rounds.planned(None);
        let summary = RunSummary {
            hits: first.hits.max(planned),
            found_any: first.found_any || planned > 0,
            literal_misses: literal_misses.min(first.literal_misses),
            hosts_left_alone: rounds.hosts_left_alone(),
            ..first
        };
        let (records, metadata) = rounds.take_records();
        let report = Report { records };
        let summary = summary.with_hosts(HostCounts::after(&report, rounds.results()));
        RemovedSessions { report, metadata, summary }
    }
}
