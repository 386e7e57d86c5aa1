//! Closing host by host: each host is listed, its sessions are selected, closed and verified, whatever the others do.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};

use super::caller::Caller;
use super::event::{Event, LimitedListing, NothingFound};
use super::listing;
use super::remembered::UnboundObjects;
use super::remove::{RemovedSessions, Removing, plan};
use crate::session::{LocalId, Miss, OwnersSeen, Selection, SessionDescriptor};
use crate::store::{Origin, Row, RowMetadata, Rows};
use crate::teardown::{EngineEvent, HostCounts, HostResult, Record, Report, RunSummary, Survey};
use crate::transport::Connector;
use crate::wsman::ShellId;

/// The sessions of one host take up to so many positions of the plan: more than are taken from one listing.
const POSITIONS_PER_HOST: usize = 1 << 20;

/// One host, and what is to be closed there.
struct Work {
    /// None for sessions that no connection leads to; each has an outcome all the same.
    connector: Option<Arc<dyn Connector>>,
    /// The remembered sessions there, each with its position in the plan; else those that the query selects are meant.
    remembered: Option<Vec<(usize, Row)>>,
}

/// What became of one host.
#[derive(Default)]
struct Done {
    /// Its survey, if there is something to report about it.
    survey: Option<Survey>,
    host_results: Vec<HostResult>,
    /// Whether it was not reached before the time was over.
    unasked: bool,
    records: Vec<(Record, RowMetadata)>,
    views: Vec<LimitedListing>,
    selected: Selected,
    unlisted_commands: usize,
    /// 1 if it has more sessions than may be closed per host.
    left_alone: usize,
    /// The sessions that are to be closed and have no row in the table: most of them would leave it at once.
    unwritten: Vec<LocalId>,
}

/// What was selected on hosts so far.
#[derive(Default)]
struct Selected {
    hits: usize,
    kept: usize,
    sessions: usize,
    /// Hosts that have answered; those that gave their listing.
    answered: usize,
    listed: usize,
    incomplete: bool,
    /// Values that found nothing on any host that answered.
    misses: Option<Vec<Miss>>,
    literals: usize,
    /// Sessions that a filter leaves out because something is not known of them.
    not_comparable: Vec<SessionDescriptor>,
    unnamed: Vec<SessionDescriptor>,
    owner_in_doubt: Vec<SessionDescriptor>,
    /// The owners that were seen on the hosts, and the patterns that match none of those.
    owners: Option<OwnersSeen>,
}

impl<C: Caller> Removing<'_, C> {
    /// Closes what the query selects on each host, or the remembered sessions, as soon as that host has answered.
    pub(super) async fn close_host_by_host(
        &self,
        connectors: Vec<Arc<dyn Connector>>,
        remembered: Option<(Rows, RunSummary)>,
    ) -> Result<RemovedSessions, C::Error> {
        self.caller.event(Event::Listing { hosts: listing::endpoints(&connectors) });
        let (rows, selected_before) = remembered.unzip();
        let works = match rows {
            None => {
                connectors.into_iter().map(|host| Work { connector: Some(host), remembered: None }).collect()
            }
            Some(rows) => by_host(connectors, rows),
        };
        let hosts = stream::iter(works.into_iter().enumerate());
        let mut hosts = hosts
            .map(|(number, work)| async move { (number, self.close_host(number, work).await) })
            .buffer_unordered(self.request.scope.policy.parallel_hosts);
        let mut done = Vec::new();
        self.to_the_end(async {
            while let Some(host) = hosts.next().await {
                done.push(host);
            }
        })
        .await;
        drop(hosts);
        done.sort_by_key(|(number, _)| *number);
        self.conclude_hosts(done.into_iter().map(|(_, done)| done).collect(), selected_before).await
    }

    /// One host from its listing to the last outcome.
    async fn close_host(&self, number: usize, work: Work) -> Done {
        let mut survey = self.list_host(&work).await;
        self.rounds.borrow_mut().note_answers(&survey);
        let mut done = Done { host_results: survey.host_results(), ..Done::default() };
        for host in survey.hosts() {
            done.unasked = host.listing().is_none();
            if !done.unasked {
                self.caller.event(Event::Listed(host));
            }
        }
        let rows = match work.remembered {
            None => {
                done.views = listing::views(&survey);
                let rows = self.select_on(&mut survey, &mut done).await.into_iter();
                rows.enumerate().map(|(local, row)| (number * POSITIONS_PER_HOST + local, row)).collect()
            }
            Some(remembered) => self.refresh_on(&mut survey, remembered, &mut done).await,
        };
        self.carry_out(rows, survey, &mut done).await;
        done
    }

    /// Lists one host; where that is denied it is asked for the shells that are wanted, one by one.
    async fn list_host(&self, work: &Work) -> Survey {
        let wanted: Vec<ShellId> = match &work.remembered {
            Some(rows) => rows.iter().map(|(_, row)| row.session.shell.shell_id.clone()).collect(),
            None => listing::wanted_by(&self.request.scope.query),
        };
        let connector = Vec::from_iter(work.connector.clone());
        let on_event = |event: EngineEvent<'_>| {
            if let EngineEvent::HostStarted(endpoint) = event {
                self.caller.event(Event::HostStarted(endpoint));
            }
        };
        let mut survey = self.engine.survey_with(connector, self.cancellation, on_event).await;
        self.engine.get_shells(&mut survey, |_| wanted.clone(), self.cancellation).await;
        survey
    }

    /// Plans these sessions of one host, each with its position, and closes them.
    async fn carry_out(&self, rows: Vec<(usize, Row)>, survey: Survey, done: &mut Done) {
        let (positions, rows): (Vec<usize>, Vec<Row>) = rows.into_iter().unzip();
        let mut summary = RunSummary::default();
        let rows = self.leave_hosts_alone(rows.into_iter().collect(), &mut summary);
        done.left_alone = summary.hosts_left_alone;
        let (mut plan, metadata) = plan(rows);
        plan.number(|local| positions.get(local).copied().unwrap_or(local));
        let by_position: HashMap<usize, &RowMetadata> = positions.iter().copied().zip(&metadata).collect();
        let is_listed = survey
            .hosts()
            .iter()
            .all(|host| !host.was_asked_singly() && host.listing().is_some_and(|listing| listing.is_ok()));
        let verdict = survey.hosts().first().and_then(|host| host.verdict());
        let closed = |record: &Record| self.closed(record, by_position.get(&record.position).copied());
        if !plan.is_empty() {
            self.caller.event(Event::Planned { plan: &plan, metadata: &metadata });
            self.caller.event(Event::Closing(&plan));
        }
        let records = match verdict {
            Some(outcome) => {
                done.survey = Some(survey);
                let records = plan.concluded(&outcome);
                records.iter().for_each(closed);
                records
            }
            None if plan.is_empty() => {
                done.survey = (!is_listed).then_some(survey);
                Vec::new()
            }
            None => {
                if !is_listed {
                    self.caller.event(Event::AllListed(&survey));
                }
                let on_event = |event: EngineEvent<'_>| match event {
                    EngineEvent::Finished(record) => closed(record),
                    event => listing::pass_on(event, self.caller),
                };
                self.engine.run_with(plan, survey, self.cancellation, on_event).await.records
            }
        };
        let with_metadata = |record: Record| {
            let metadata = by_position.get(&record.position).map(|metadata| RowMetadata::clone(metadata));
            (record, metadata.unwrap_or(RowMetadata::new(Origin::Listed)))
        };
        done.records = records.into_iter().map(with_metadata).collect();
    }

    /// Brings remembered sessions of one host up to date. Those that are still meant keep their positions.
    async fn refresh_on(
        &self,
        survey: &mut Survey,
        remembered: Vec<(usize, Row)>,
        done: &mut Done,
    ) -> Vec<(usize, Row)> {
        let key = |row: &Row| (row.session.endpoint_url.clone(), row.session.shell.shell_id.clone());
        let positions: HashMap<_, _> =
            remembered.iter().map(|(position, row)| (key(row), *position)).collect();
        let rows = remembered.into_iter().map(|(_, row)| row).collect();
        let (rows, kept, unlisted) = self.refresh(survey, rows).await;
        (done.selected.hits, done.selected.kept) = (rows.len(), kept);
        done.unlisted_commands = unlisted;
        rows.into_iter().filter_map(|row| Some((*positions.get(&key(&row))?, row))).collect()
    }

    /// Selects among what one host has listed.
    async fn select_on(&self, survey: &mut Survey, done: &mut Done) -> Rows {
        let (scope, caller) = (&self.request.scope, self.caller);
        // Where all are to be closed, each has a record by which its row is written afterwards, if it stays.
        let writes_new =
            !scope.query.chooses_everything() || self.request.limits.max_close_per_host.is_some();
        let merged = listing::sessions_or_without_ids(survey, scope, caller, writes_new).await;
        let (mut rows, unwritten) = (merged.rows, merged.unwritten);
        if scope.query.needs_commands() {
            done.unlisted_commands = self.list_commands(survey, &mut rows).await;
        }
        let mut selection = scope.query.select(rows.sessions());
        listing::drop_unfounded_misses(survey, &mut selection);
        done.selected = Selected::on_host(survey, &rows, &selection);
        done.unwritten = unwritten;
        rows.into_picked(&selection.chosen)
    }

    /// Reports what concerns all hosts, and puts their records together.
    async fn conclude_hosts(
        &self,
        hosts: Vec<Done>,
        selected_before: Option<RunSummary>,
    ) -> Result<RemovedSessions, C::Error> {
        let scope = &self.request.scope;
        let (mut selected, mut records, mut surveys) = (Selected::default(), Vec::new(), Vec::new());
        let (mut host_results, mut unasked, mut unlisted_commands) = (Vec::new(), false, 0);
        let (mut hosts_left_alone, mut views, mut unwritten) = (0, Vec::new(), HashSet::new());
        for done in hosts {
            selected.add(done.selected);
            records.extend(done.records);
            views.extend(done.views);
            surveys.extend(done.survey);
            host_results.extend(done.host_results);
            unasked |= done.unasked;
            unlisted_commands += done.unlisted_commands;
            hosts_left_alone += done.left_alone;
            unwritten.extend(done.unwritten);
        }
        if !surveys.is_empty() {
            self.caller.event(Event::AllListed(&Survey::of(surveys)));
        }
        listing::report_views(views, &scope.query, self.caller);
        let summary = match selected_before {
            None => {
                let (selection, sessions) = selected.selection();
                let found_any = selected.hits + selected.kept > 0 || selection.found_any();
                let literal_misses = scope.miss_rule.errors(&selection);
                let summary =
                    RunSummary { hits: selected.hits, literal_misses, found_any, ..RunSummary::default() };
                let nothing = selected.nothing();
                self.conclude(
                    &selection,
                    &sessions,
                    &UnboundObjects::default(),
                    summary,
                    nothing,
                    scope.required,
                )?
            }
            Some(summary) => {
                let required = self.require(summary.required, selected.hits, selected.kept);
                RunSummary { hits: selected.hits, required, ..summary }
            }
        };
        records.sort_by_key(|(record, _)| record.position);
        let (records, metadata): (_, Vec<_>) = records.into_iter().unzip();
        let report = Report { records };
        self.settle_in_table(&report, &metadata, &unwritten).await;
        let deadline = unasked && !self.cancellation.is_cancelled();
        let summary = RunSummary { deadline, unlisted_commands, hosts_left_alone, ..summary };
        let summary = summary.with_hosts(HostCounts::after(&report, &host_results));
        Ok(RemovedSessions { report, metadata, summary })
    }
}

impl Selected {
    /// What was selected among the sessions of one host.
    fn on_host(survey: &Survey, rows: &Rows, selection: &Selection) -> Self {
        let answered = listing::answered_hosts(survey);
        let those = |indexes: &[usize]| {
            let sessions = indexes.iter().filter_map(|index| rows.sessions().get(*index));
            sessions.cloned().collect()
        };
        Self {
            hits: selection.chosen.len(),
            kept: selection.kept,
            sessions: rows.len(),
            answered,
            listed: survey
                .hosts()
                .iter()
                .filter(|host| host.listing().is_some_and(|listing| listing.is_ok()))
                .count(),
            incomplete: listing::has_gaps(survey),
            misses: (answered > 0).then(|| selection.misses.clone()),
            literals: selection.literals,
            not_comparable: those(&selection.not_comparable),
            unnamed: those(&selection.unnamed),
            owner_in_doubt: those(&selection.owner_in_doubt),
            owners: (!rows.is_empty()).then(|| selection.owners.clone()),
        }
    }

    /// Adds those of another host: a value is missed only where no host has it.
    fn add(&mut self, other: Self) {
        self.hits += other.hits;
        self.kept += other.kept;
        self.sessions += other.sessions;
        self.answered += other.answered;
        self.listed += other.listed;
        self.incomplete |= other.incomplete;
        self.literals = self.literals.max(other.literals);
        self.not_comparable.extend(other.not_comparable);
        self.unnamed.extend(other.unnamed);
        self.owner_in_doubt.extend(other.owner_in_doubt);
        self.owners = match (self.owners.take(), other.owners) {
            (Some(owners), Some(others)) => Some(owners.and(others)),
            (owners, others) => owners.or(others),
        };
        self.misses = match (self.misses.take(), other.misses) {
            (Some(misses), Some(others)) => Some(missed_by_both(misses, &others)),
            (misses, others) => misses.or(others),
        };
    }

    /// The selection as one, without what was chosen, and the sessions that its indexes mean.
    fn selection(&mut self) -> (Selection, Vec<SessionDescriptor>) {
        let mut sessions = std::mem::take(&mut self.not_comparable);
        let not_comparable = (0..sessions.len()).collect();
        let first = sessions.len();
        sessions.append(&mut self.unnamed);
        let second = sessions.len();
        sessions.append(&mut self.owner_in_doubt);
        let selection = Selection {
            misses: self.misses.take().unwrap_or_default(),
            kept: self.kept,
            literals: self.literals,
            not_comparable,
            unnamed: (first..second).collect(),
            owner_in_doubt: (second..sessions.len()).collect(),
            owners: self.owners.take().unwrap_or_default(),
            ..Selection::default()
        };
        (selection, sessions)
    }

    /// Why nothing was selected; `None` if errors say so.
    fn nothing(&self) -> Option<NothingFound> {
        let unreadable = self.sessions == 0 && self.incomplete;
        (self.answered > 0 && !unreadable)
            .then_some(NothingFound::OnHosts { hosts: self.listed, sessions: self.sessions })
    }
}

/// The misses that are in both lists. Both have the order of the values, so that a value that is given twice counts twice.
fn missed_by_both(misses: Vec<Miss>, others: &[Miss]) -> Vec<Miss> {
    let mut others = others.iter();
    let mut rest = others.clone();
    misses
        .into_iter()
        .filter(|miss| {
            let found = rest.any(|other| other == miss);
            if found {
                others = rest.clone();
            } else {
                rest = others.clone();
            }
            found
        })
        .collect()
}

/// The remembered sessions of each host, in the order in which the hosts come first; those without a connection are last.
fn by_host(connectors: Vec<Arc<dyn Connector>>, rows: Rows) -> Vec<Work> {
    let numbers: HashMap<String, usize> = connectors
        .iter()
        .enumerate()
        .map(|(number, connector)| (connector.endpoint().url().to_owned(), number))
        .collect();
    let mut works: Vec<Work> = connectors
        .into_iter()
        .map(|connector| Work { connector: Some(connector), remembered: Some(Vec::new()) })
        .collect();
    works.push(Work { connector: None, remembered: Some(Vec::new()) });
    let last = works.len() - 1;
    for (position, row) in rows.into_iter().enumerate() {
        let number = numbers.get(&*row.session.endpoint_url).copied().unwrap_or(last);
        if let Some(sessions) = works.get_mut(number).and_then(|work| work.remembered.as_mut()) {
            sessions.push((position, row));
        }
    }
    works.retain(|work| work.remembered.as_ref().is_none_or(|sessions| !sessions.is_empty()));
    works
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::SelectorProperty;

    fn misses(values: &str) -> Vec<Miss> {
        let miss = |value: char| Miss {
            property: SelectorProperty::Name,
            value: value.to_string(),
            silent: false,
            literal: true,
        };
        values.chars().map(miss).collect()
    }

    #[test]
    fn a_value_is_missed_only_where_both_miss_it() {
        for (one, other, both) in [
            ("abc", "abc", "abc"),
            ("abc", "b", "b"),
            ("b", "abc", "b"),
            ("aab", "aab", "aab"),
            ("aab", "ab", "ab"),
            ("ac", "bc", "c"),
            ("abc", "", ""),
            ("", "abc", ""),
        ] {
            assert_eq!(missed_by_both(misses(one), &misses(other)), misses(both), "{one} {other}");
        }
    }
}
