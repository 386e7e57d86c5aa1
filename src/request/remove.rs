//! Closing sessions: those that the named hosts list now, or remembered ones after a look at how they are now.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::accounts::state_accounts;
use super::brakes::CloseLimits;
use super::caller::Caller;
use super::error::RequestError;
use super::event::{Event, NothingFound};
use super::miss_rule::OnMiss;
use super::remembered::{Remembered, UnboundObjects};
use super::repetition::Repetition;
use super::rounds::{Rounds, Seen};
use super::source::{SessionScope, Source};
use super::{connectors, listing};
use crate::limits::LONGEST_LIMIT;
use crate::session::{LocalId, Selection, SessionDescriptor, Transport};
use crate::store::{Origin, RowMetadata, Rows};
use crate::teardown::{
    Cancellation, Engine, EngineEvent, HostCounts, Plan, Record, Report, Requirement, RunStatus, RunSummary,
    Survey,
};
use crate::transport::Connector;

/// The wish to close sessions.
#[derive(Clone, Debug, Default)]
pub struct RemoveRequest {
    /// Which sessions, and where. A query without selectors and filters is refused, unless the sessions come as objects.
    pub scope: SessionScope,
    /// What is confirmed before anything is closed.
    pub confirm: Confirm,
    /// Whether the plan is all that is wanted: nothing is closed then.
    pub what_if: bool,
    /// What to do about a value that finds nothing.
    pub on_miss: OnMiss,
    /// How much may be closed.
    pub limits: CloseLimits,
    /// Whether the caller is given evidence of each session before anything is closed ([`Caller::keep_evidence`]). It tells
    /// what else was seen from the same address, so the answers of all hosts are awaited first.
    pub evidence: bool,
    /// How long and how often the hosts are asked again for sessions that match, after the plan was carried out. Every
    /// protection holds in each round; the connectors are kept, so that no credential is asked for again. A host that refuses
    /// the credential is not asked again. Default: not at all.
    pub repetition: Option<Repetition>,
}

/// What is confirmed by the [`Caller`] before anything is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confirm {
    /// The plan, if there is a reason for it ([`Plan::guard`]).
    #[default]
    Guard,
    /// Each session.
    Each,
    /// Nothing. Even then no credential goes to a host that nobody named and no earlier login went to.
    Never,
}

/// What became of a [`RemoveRequest`].
#[derive(Debug)]
pub struct RemovedSessions {
    /// A record for each session of the plan; with a repetition the last one of each session that was ever planned.
    pub report: Report,
    /// What is kept beside the session of each record.
    pub metadata: Vec<RowMetadata>,
    /// What else decides the status of the run.
    pub summary: RunSummary,
}

impl RemovedSessions {
    /// The status of the run.
    #[must_use]
    pub fn status(&self) -> RunStatus {
        self.report.status(&self.summary)
    }
}

impl RemoveRequest {
    /// Selects the sessions, has them confirmed, closes them and proves that they are gone.
    ///
    /// # Errors
    /// [`RequestError`], or an error of the caller's own. Nothing is closed then.
    pub async fn run<C: Caller>(
        mut self,
        caller: &C,
        cancellation: &Cancellation,
    ) -> Result<RemovedSessions, C::Error> {
        if self.scope.query.is_empty() && !matches!(self.scope.source, Source::Objects { .. }) {
            return Err(RequestError::NoSelector.into());
        }
        self.check_repetition().map_err(RequestError::from)?;
        let source = std::mem::take(&mut self.scope.source);
        let hosts = self.scope.hosts.endpoints.len();
        let policy = self.scope.policy.clone();
        let policy = match self.needs_all_answers(if source == Source::Hosts { hosts } else { usize::MAX }) {
            true => policy,
            // Nobody waits for a host that takes its time.
            false => policy.with_barrier_timeout(LONGEST_LIMIT),
        };
        let engine = Engine::new(policy);
        let rounds = RefCell::new(Rounds::new(self.evidence));
        let removal = Removing { request: &self, engine, caller, cancellation, rounds };
        match source {
            Source::Hosts => removal.on_hosts().await,
            source => removal.remembered(source).await,
        }
    }
}

impl RemoveRequest {
    /// Whether something needs the answers of all hosts before the first session is closed. Else no host waits for another.
    fn needs_all_answers(&self, hosts: usize) -> bool {
        let asks = self.confirm != Confirm::Never || self.on_miss != OnMiss::Continue;
        let compares_hosts = self.scope.query.keeps_newest() && hosts > 1;
        let limited = self.limits.need_the_whole_plan();
        asks || self.what_if || self.evidence || self.scope.policy.stop_on_error || compares_hosts || limited
    }
}

/// What is to be closed, and the hosts that were asked about it.
struct Chosen {
    rows: Rows,
    survey: Survey,
    summary: RunSummary,
    /// Somebody said no to all of it.
    declined: bool,
}

/// A request that runs.
pub(super) struct Removing<'a, C> {
    pub(super) request: &'a RemoveRequest,
    pub(super) engine: Engine,
    pub(super) caller: &'a C,
    pub(super) cancellation: &'a Cancellation,
    /// What has happened on its hosts so far.
    pub(super) rounds: RefCell<Rounds>,
}

impl<C: Caller> Removing<'_, C> {
    /// Lists the named hosts, and closes what is selected of what they list.
    async fn on_hosts(&self) -> Result<RemovedSessions, C::Error> {
        self.can_confirm()?;
        let (scope, caller) = (&self.request.scope, self.caller);
        let connectors = connectors::to_named(&scope.hosts, caller, scope.table.as_ref()).await?;
        let again = self.request.repetition.map(|repetition| (repetition, connectors.clone()));
        let removed = match self.request.needs_all_answers(connectors.len()) {
            true => self.close(self.choose_on_hosts(connectors).await?).await?,
            false => {
                if let Some(table) = scope.table.as_ref().filter(|_| scope.query.has_ids()) {
                    // Without Ids nothing could be selected.
                    table.check().await.map_err(RequestError::from)?;
                }
                self.close_host_by_host(connectors, None).await?
            }
        };
        match again {
            Some((repetition, connectors)) => self.repeat(repetition, connectors, removed).await,
            None => Ok(removed),
        }
    }

    /// Lists all hosts, and selects among what they list.
    async fn choose_on_hosts(&self, connectors: Vec<Arc<dyn Connector>>) -> Result<Chosen, C::Error> {
        let (scope, caller) = (&self.request.scope, self.caller);
        let query = &scope.query;
        let wanted = |_: &str| listing::wanted_by(query);
        let mut survey = listing::survey(&self.engine, connectors, wanted, caller, self.cancellation).await;
        listing::report_views(listing::views(&survey), query, caller);
        let mut rows = listing::sessions(&survey, scope, caller).await?;
        let mut unlisted_commands = 0;
        if query.needs_commands() {
            unlisted_commands = self.list_commands(&mut survey, &mut rows).await;
        }
        let mut selection = query.select(rows.sessions());
        listing::drop_unfounded_misses(&survey, &mut selection);
        let summary = RunSummary { unlisted_commands, ..scope.miss_rule.summary(&selection) };
        let summary = listing::with_hosts(summary, &survey, self.cancellation);
        let nothing = listing::nothing_on_hosts(&survey, rows.len());
        let required = scope.required;
        let unbound = UnboundObjects::default();
        let summary = self.conclude(&selection, rows.sessions(), &unbound, summary, nothing, required)?;
        let mut rows = rows.into_picked(&selection.chosen);
        if self.request.confirm != Confirm::Never && !query.needs_commands() && !summary.could_not_begin {
            // Only then can the guard, the plan and the questions say what runs.
            self.list_commands(&mut survey, &mut rows).await;
        }
        Ok(Chosen { rows, survey, summary, declined: false })
    }

    /// Selects among what is remembered, asks the hosts of these sessions how they are now, and closes them.
    async fn remembered(&self, mut source: Source) -> Result<RemovedSessions, C::Error> {
        let (scope, caller) = (&self.request.scope, self.caller);
        let (query, table) = (scope.query.for_remembered(), scope.table.as_ref());
        let mut remembered = Remembered::read(&mut source, &query, table).await?;
        state_accounts(&mut remembered.rows, caller);
        let selection = remembered.select(&query);
        let mut summary = scope.miss_rule.summary(&selection);
        summary.literal_misses += remembered.unbound.errors();
        let nothing = match selection.chosen.is_empty() {
            true => Some(listing::nothing_remembered(&source, remembered.is_empty, table).await?),
            false => None,
        };
        // Whoever passes no object asks for nothing.
        let required = scope.required.filter(|_| !remembered.is_empty);
        let sessions = remembered.rows.sessions();
        let summary = self.conclude(&selection, sessions, &remembered.unbound, summary, nothing, required)?;
        listing::report_only_listed(&source, &query, &selection, table, caller)
            .await
            .map_err(C::Error::from)?;
        let rows = remembered.rows.into_picked(&selection.chosen);
        let only_shown = self.request.what_if && !scope.query.needs_commands() && !scope.query.keeps_newest();
        let survey = Survey::default();
        if summary.could_not_begin || rows.is_empty() || only_shown {
            return self.close(Chosen { rows, survey, summary, declined: false }).await;
        }
        self.can_confirm()?;
        if !self.may_log_in(&rows).await? {
            return self.close(Chosen { rows, survey, summary, declined: true }).await;
        }
        let connectors = connectors::to_rows(&rows, &scope.hosts, caller, table).await?;
        match self.request.needs_all_answers(connectors.len()) {
            true => self.close(self.ask_again(rows, connectors, summary).await?).await,
            false => self.close_host_by_host(connectors, Some((rows, summary))).await,
        }
    }

    /// Asks the hosts how the chosen sessions are now. One that is no longer what was asked for is left out.
    async fn ask_again(
        &self,
        rows: Rows,
        connectors: Vec<Arc<dyn Connector>>,
        summary: RunSummary,
    ) -> Result<Chosen, C::Error> {
        let caller = self.caller;
        let wanted = |url: &str| {
            let there = rows.sessions().iter().filter(|session| *session.endpoint_url == *url);
            there.map(|session| session.shell.shell_id.clone()).collect()
        };
        let mut survey = listing::survey(&self.engine, connectors, wanted, caller, self.cancellation).await;
        let (rows, kept, unlisted_commands) = self.refresh(&mut survey, rows).await;
        let required = self.require(summary.required, rows.len(), kept);
        let summary = RunSummary { hits: rows.len(), required, unlisted_commands, ..summary };
        let summary = listing::with_hosts(summary, &survey, self.cancellation);
        Ok(Chosen { rows, survey, summary, declined: false })
    }

    /// Brings remembered sessions up to date with what their hosts say now. Returns those that are still meant, how many are
    /// left out because the newest are kept, and of how many the commands are unknown.
    pub(super) async fn refresh(&self, survey: &mut Survey, mut rows: Rows) -> (Rows, usize, usize) {
        let (scope, caller) = (&self.request.scope, self.caller);
        let query = &scope.query;
        listing::remember(survey, scope.table.as_ref(), caller).await;
        for session in rows.sessions_mut() {
            session.commands = None;
            if query.keeps_newest() {
                // What is gone or cannot be asked takes no place among those that are kept.
                session.shell_mut().shell_run_time = None;
            }
        }
        survey.refresh(rows.sessions_mut());
        let mut unlisted_commands = 0;
        if self.request.confirm != Confirm::Never || query.needs_commands() {
            unlisted_commands = self.list_commands(survey, &mut rows).await;
        }
        let (still, changed): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| query.admits(&row.session));
        for row in &changed {
            let commands_unknown = row.session.commands.is_none() && query.needs_commands();
            caller.event(Event::Skipped { session: &row.session, commands_unknown });
        }
        let still: Rows = still.into_iter().collect();
        let older = query.without_newest(still.sessions());
        let kept = still.len() - older.len();
        (still.into_picked(&older), kept, unlisted_commands)
    }

    /// Lists what runs in the sessions. Returns how many could not be asked and are left out for it; where only the guard
    /// wants to know, a failure changes nothing.
    pub(super) async fn list_commands(&self, survey: &mut Survey, rows: &mut Rows) -> usize {
        if self.request.scope.query.needs_commands() {
            return listing::list_commands(&self.engine, survey, rows.sessions_mut(), true, self.caller)
                .await;
        }
        self.engine.list_commands(survey, rows.sessions_mut()).await;
        0
    }

    /// Reports what was missed, and decides whether that ends the request.
    pub(super) fn conclude(
        &self,
        selection: &Selection,
        sessions: &[SessionDescriptor],
        unbound: &UnboundObjects,
        summary: RunSummary,
        nothing: Option<NothingFound>,
        required: Option<Requirement>,
    ) -> Result<RunSummary, C::Error> {
        self.rounds.borrow_mut().miss(selection);
        self.caller.event(Event::Selected { selection, sessions, unbound });
        let must_match = required.is_some();
        let required = self.require(required, summary.hits, selection.kept);
        let mut summary = RunSummary { required, ..summary };
        if summary.hits + selection.kept == 0
            && summary.literal_misses == 0
            && let Some(why) = nothing
        {
            self.caller.event(Event::Nothing { why, owners: &selection.owners, is_error: must_match });
        } else if !selection.owners.unmatched.is_empty() {
            self.caller.event(Event::OwnersUnmatched(&selection.owners));
        }
        summary.could_not_begin = self.request.on_miss.stops(&summary, self.caller)?;
        if summary.could_not_begin {
            self.caller.event(Event::StoppedByMiss);
        }
        Ok(summary)
    }

    /// What has to be found: nothing more where all that was found is kept, for then all is as it should be.
    pub(super) fn require(
        &self,
        required: Option<Requirement>,
        hits: usize,
        kept: usize,
    ) -> Option<Requirement> {
        if hits > 0 || kept == 0 {
            return required;
        }
        self.caller.event(Event::AllKept { sessions: kept });
        None
    }

    fn can_confirm(&self) -> Result<(), C::Error> {
        let asks_each = self.request.confirm == Confirm::Each && !self.request.what_if;
        // A question that only a later round has must find somebody, too.
        let asks_later = self.request.confirm != Confirm::Never && self.request.repetition.is_some();
        if asks_each || asks_later { self.caller.can_confirm() } else { Ok(()) }
    }

    /// Whether a credential may be sent to where these sessions are said to be: to hosts that a person named, to those
    /// that were listed before, and else only if somebody allows it.
    async fn may_log_in(&self, rows: &Rows) -> Result<bool, C::Error> {
        let scope = &self.request.scope;
        let over_ws_man = rows.sessions().iter().filter(|session| session.transport == Transport::WsMan);
        let urls: BTreeSet<_> = over_ws_man.map(|session| &*session.endpoint_url).collect();
        let urls = urls.into_iter().filter(|url| !scope.hosts.is_named(url));
        let urls: Vec<_> = urls.map(str::to_owned).collect();
        let unknown = match &scope.table {
            Some(table) => table.unknown_endpoints(urls).await.map_err(RequestError::from)?,
            None => urls,
        };
        if unknown.is_empty() { Ok(true) } else { self.caller.confirm_hosts(&unknown) }
    }

    /// Plans, has the plan confirmed, and carries it out.
    async fn close(&self, chosen: Chosen) -> Result<RemovedSessions, C::Error> {
        let Chosen { rows, mut survey, mut summary, declined } = chosen;
        self.rounds.borrow_mut().note_answers(&survey);
        let host_results = survey.host_results();
        let rows = self.leave_hosts_alone(rows, &mut summary);
        let listed = survey.hosts().iter().map(|host| host.shells().count()).sum::<usize>().max(rows.len());
        let exceeded = self.request.limits.exceeded(rows.len(), listed, 0);
        let (mut plan, metadata) = plan(rows);
        if declined {
            (0..plan.len()).for_each(|position| plan.decline(position));
        }
        self.caller.event(Event::Planned { plan: &plan, metadata: &metadata });
        if let Some(exceeded) = exceeded {
            summary.limit_exceeded = true;
            self.caller.event(Event::LimitExceeded(exceeded));
        }
        let report = match () {
            () if summary.could_not_begin => Report::default(),
            () if self.request.what_if => Report::new(plan.what_if()),
            () if summary.limit_exceeded => Report::default(),
            () => {
                if !declined {
                    self.confirm(&mut plan)?;
                    self.keep_evidence(&plan, |position| metadata.get(position).cloned(), &mut survey)
                        .await?;
                }
                self.caller.event(Event::Closing(&plan));
                let on_event = |event: EngineEvent<'_>| match event {
                    EngineEvent::Finished(record) => self.closed(record, metadata.get(record.position)),
                    event => listing::pass_on(event, self.caller),
                };
                self.to_the_end(self.engine.run_with(plan, survey, self.cancellation, on_event)).await
            }
        };
        self.settle_in_table(&report, &metadata, &HashSet::new()).await;
        let summary = summary.with_hosts(HostCounts::after(&report, &host_results));
        // Without a plan that ran there are no records to stand beside.
        let metadata = if report.records.is_empty() { Vec::new() } else { metadata };
        Ok(RemovedSessions { report, metadata, summary })
    }

    /// Takes away the sessions of hosts that have too many.
    pub(super) fn leave_hosts_alone(&self, rows: Rows, summary: &mut RunSummary) -> Rows {
        let is_known = |row: &&SessionDescriptor| matches!(self.rounds.borrow().seen(row), Seen::Still(_));
        let known: Vec<_> =
            rows.sessions().iter().filter(is_known).map(|row| row.endpoint_url.clone()).collect();
        let before = |url: &str| {
            let counted = known.iter().filter(|known| ***known == *url).count();
            self.rounds.borrow().planned(Some(url)).saturating_sub(counted)
        };
        let (rows, hosts) = self.request.limits.leave_hosts_alone(rows, before);
        let limit = self.request.limits.max_close_per_host.unwrap_or_default();
        for (endpoint_url, sessions) in &hosts {
            if self.rounds.borrow_mut().leave_alone(endpoint_url) {
                self.caller.event(Event::HostLeftAlone { endpoint_url, sessions: *sessions, limit });
            }
        }
        summary.hosts_left_alone += hosts.len();
        rows
    }

    pub(super) fn closed(&self, record: &Record, metadata: Option<&RowMetadata>) {
        let listed = RowMetadata::new(Origin::Listed);
        self.caller.event(Event::Closed { record, metadata: metadata.unwrap_or(&listed) });
    }

    /// The rows of what is gone leave the table, and what is not comes into it where it is `unwritten`; that this could not be
    /// done is reported, and changes nothing on the hosts.
    pub(super) async fn settle_in_table(
        &self,
        report: &Report,
        metadata: &[RowMetadata],
        unwritten: &HashSet<LocalId>,
    ) {
        if let Some(table) = &self.request.scope.table
            && let Err(error) = table.settle(&report.records, metadata, unwritten).await
        {
            self.caller.event(Event::TableUnusable(&error));
        }
    }

    /// Has the plan confirmed. What somebody says no to stays in the plan, declined.
    pub(super) fn confirm(&self, plan: &mut Plan) -> Result<(), C::Error> {
        if plan.is_empty() {
            return Ok(());
        }
        match self.request.confirm {
            Confirm::Never => {}
            Confirm::Each => self.caller.confirm_each(plan)?,
            Confirm::Guard => {
                let reasons = plan.guard();
                if !reasons.is_empty() && !self.caller.confirm_plan(plan, &reasons)? {
                    (0..plan.len()).for_each(|position| plan.decline(position));
                }
            }
        }
        Ok(())
    }

    /// Runs to the end. A cancellation is reported at once, because verifying what was sent may take its time.
    pub(super) async fn to_the_end<T>(&self, run: impl Future<Output = T>) -> T {
        let mut run = std::pin::pin!(run);
        tokio::select! {
            biased;
            report = &mut run => return report,
            () = self.cancellation.cancelled() => {}
        }
        if self.rounds.borrow_mut().cancel() {
            self.caller.event(Event::Cancelled);
        }
        run.await
    }
}

/// A plan to close these sessions, and what is kept beside each, in its order. What a person opened or imported is theirs.
pub(super) fn plan(rows: Rows) -> (Plan, Vec<RowMetadata>) {
    let (sessions, metadata) = rows.into_parts();
    let mut plan = Plan::new(sessions);
    for (position, metadata) in metadata.iter().enumerate() {
        if metadata.origin != Origin::Listed {
            plan.claim(position);
        }
    }
    (plan, metadata)
}
