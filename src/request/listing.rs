//! Asking hosts for their sessions, and what follows from what they answer.

use std::sync::Arc;

use super::caller::Caller;
use super::error::RequestError;
use super::event::{Event, LimitedListing, NothingFound};
use super::source::{SessionScope, Source};
use super::table::SessionTable;
use crate::auth::AuthScheme;
use crate::session::{
    ListingView, LoginAccount, Selection, Selector, SelectorProperty, SessionDescriptor, SessionQuery,
};
use crate::store::{MergedListing, Origin, Row, RowMetadata, Rows};
use crate::teardown::{Cancellation, Engine, EngineEvent, RunSummary, Survey, SurveyedHost};
use crate::transport::{Connector, Endpoint};
use crate::wsman::ShellId;

/// Lists every host. One that denies its listing is asked for the shells that are `wanted` there, one by one.
pub(super) async fn survey<C: Caller>(
    engine: &Engine,
    connectors: Vec<Arc<dyn Connector>>,
    wanted: impl Fn(&str) -> Vec<ShellId>,
    caller: &C,
    cancellation: &Cancellation,
) -> Survey {
    survey_again(engine, Survey::unlisted(connectors), wanted, caller, cancellation).await
}

/// The same with the hosts of a survey, over the connections that it left open.
pub(super) async fn survey_again<C: Caller>(
    engine: &Engine,
    before: Survey,
    wanted: impl Fn(&str) -> Vec<ShellId>,
    caller: &C,
    cancellation: &Cancellation,
) -> Survey {
    let hosts = before.hosts().iter().map(|host| host.connector().endpoint()).collect();
    caller.event(Event::Listing { hosts });
    let mut survey = engine.survey_again(before, cancellation, |event| pass_on(event, caller)).await;
    engine.get_shells(&mut survey, wanted, cancellation).await;
    caller.event(Event::AllListed(&survey));
    survey
}

/// Tells the caller how a survey goes on.
pub(super) fn pass_on<C: Caller>(event: EngineEvent<'_>, caller: &C) {
    match event {
        EngineEvent::HostStarted(endpoint) => caller.event(Event::HostStarted(endpoint)),
        EngineEvent::HostListed(host) => caller.event(Event::Listed(host)),
        EngineEvent::DeleteAnswered { session, position } => {
            caller.event(Event::DeleteAnswered { session, position });
        }
        EngineEvent::Finished(_) => {}
    }
}

/// Where these connectors lead.
pub(super) fn endpoints(connectors: &[Arc<dyn Connector>]) -> Vec<&Endpoint> {
    connectors.iter().map(|connector| connector.endpoint()).collect()
}

/// The shells by whose ids alone a query selects.
pub(super) fn wanted_by(query: &SessionQuery) -> Vec<ShellId> {
    query.instance_ids().unwrap_or_default().iter().copied().map(ShellId::from_guid).collect()
}

/// The sessions that were listed, each with the Id that the local table gives it. Without a usable table they have no
/// Ids, which is an error only for a query by Id.
pub(super) async fn sessions<C: Caller>(
    survey: &Survey,
    scope: &SessionScope,
    caller: &C,
) -> Result<Rows, C::Error> {
    if scope.query.has_ids()
        && let Some(table) = &scope.table
    {
        // Without Ids nothing could be selected.
        table.check().await.map_err(RequestError::from)?;
    }
    Ok(sessions_or_without_ids(survey, scope, caller, true).await.rows)
}

/// The same where the table was found usable before. Those that it does not know have their rows afterwards if
/// `writes_new`.
pub(super) async fn sessions_or_without_ids<C: Caller>(
    survey: &Survey,
    scope: &SessionScope,
    caller: &C,
    writes_new: bool,
) -> MergedListing {
    let scheme = |endpoint: &Endpoint| caller.settings(endpoint).auth.unwrap_or_default();
    if let Some(table) = &scope.table {
        match table.merge(survey, |endpoint| Some(scheme(endpoint)), writes_new).await {
            Ok(merged) => return merged,
            Err(error) => caller.event(Event::TableUnusable(&error)),
        }
    }
    let rows = survey.hosts().iter().flat_map(|host| {
        let auth: Arc<str> = scheme(host.connector().endpoint()).name().into();
        host.sessions().into_iter().map(move |session| {
            let (user, auth) = (Some(Arc::clone(&session.seen_by)), Some(Arc::clone(&auth)));
            Row { note: RowMetadata { user, auth, ..RowMetadata::new(Origin::Listed) }, session }
        })
    });
    MergedListing { rows: rows.collect(), unwritten: Vec::new() }
}

/// Merges what was learned of remembered sessions into the table.
pub(super) async fn remember<C: Caller>(survey: &Survey, table: Option<&SessionTable>, caller: &C) {
    let Some(table) = table else { return };
    let scheme = |endpoint: &Endpoint| -> Option<AuthScheme> { caller.settings(endpoint).auth };
    if let Err(error) = table.merge(survey, scheme, true).await {
        caller.event(Event::TableUnusable(&error));
    }
}

/// What each host that has given its whole listing shows its account.
pub(super) fn views(survey: &Survey) -> Vec<LimitedListing> {
    let view = |host: &SurveyedHost| {
        let listing = host.listing()?.ok().filter(|listing| listing.complete())?;
        let endpoint = host.connector().endpoint().clone();
        let shells = listing.shells.iter().map(AsRef::as_ref);
        let view = match host.account() {
            Some(account) => ListingView::of(account, shells),
            None => ListingView::of(&LoginAccount::new(host.connector().user()), shells),
        };
        Some(LimitedListing { endpoint, view })
    };
    survey.hosts().iter().filter_map(view).collect()
}

/// Reports the hosts on which others may have sessions. That a host shows none at all counts only where this run has not
/// shown that the account sees other people's sessions anywhere.
pub(super) fn report_views<C: Caller>(mut views: Vec<LimitedListing>, query: &SessionQuery, caller: &C) {
    let sees_others = views.iter().any(|host| host.view == ListingView::Everybody);
    views.retain(|host| match host.view {
        ListingView::Everybody => false,
        ListingView::Empty => !sees_others,
        ListingView::OnlyOwn | ListingView::Unclear => true,
    });
    if !views.is_empty() && !query.is_only_mine() {
        caller.event(Event::OthersMayExist(&views));
    }
}

/// Reports the sessions that a query by name or the like, which looks among the current sessions of the table, would find
/// among those that were only listed.
pub(super) async fn report_only_listed<C: Caller>(
    source: &Source,
    query: &SessionQuery,
    selection: &Selection,
    table: Option<&SessionTable>,
    caller: &C,
) -> Result<(), RequestError> {
    let looks_there = match source {
        Source::Table(origins) => !origins.contains(&Origin::Listed),
        _ => false,
    };
    let names_none = query.selectors().iter().all(|selector| *selector == Selector::All);
    let found_all = names_none || (selection.misses.is_empty() && !selection.chosen.is_empty());
    let (true, false, Some(table)) = (looks_there, found_all, table) else { return Ok(()) };
    let rows = table.rows(query, &[Origin::Listed]).await?;
    let found = query.select(rows.sessions());
    let rows = rows.into_picked(&found.chosen);
    if !rows.is_empty() {
        caller.event(Event::OnlyListed(rows.sessions()));
    }
    Ok(())
}

/// Lists the commands of these sessions. Returns how many could not be asked, and counts in the status of the run.
/// `excluded` tells whether such a session is left out; else its commands are only shown.
pub(super) async fn list_commands<C: Caller>(
    engine: &Engine,
    survey: &mut Survey,
    sessions: &mut [SessionDescriptor],
    excluded: bool,
    caller: &C,
) -> usize {
    let mut failures = engine.list_commands(survey, sessions).await;
    if !excluded {
        // There is nothing to show on a server without this operation, or to an account that may not list.
        let asked_singly = |url: &str| {
            let mut hosts = survey.hosts().iter().filter(|host| host.was_asked_singly());
            hosts.any(|host| host.connector().endpoint().url() == url)
        };
        failures.retain(|failure| !failure.is_unsupported() && !asked_singly(&failure.endpoint_url));
    }
    caller.event(Event::CommandsUnlisted { survey, failures: &failures, excluded });
    failures.iter().map(|failure| failure.sessions).sum()
}

/// Why nothing was selected among so many sessions; `None` if no host was listed, or there may be sessions that could not
/// be read: the errors about them say enough.
pub(super) fn nothing_on_hosts(survey: &Survey, sessions: usize) -> Option<NothingFound> {
    if answered_hosts(survey) == 0 || (sessions == 0 && has_gaps(survey)) {
        return None;
    }
    let listed = survey.hosts().iter().filter(|host| host.listing().is_some_and(|listing| listing.is_ok()));
    Some(NothingFound::OnHosts { hosts: listed.count(), sessions })
}

/// Why nothing was selected in a source that asks no host.
pub(super) async fn nothing_remembered(
    source: &Source,
    is_empty: bool,
    table: Option<&SessionTable>,
) -> Result<NothingFound, RequestError> {
    Ok(match (source, table) {
        (Source::Objects { .. }, _) if is_empty => NothingFound::NoObjects,
        (Source::Objects { .. }, _) => NothingFound::NoObjectMatches,
        (Source::Table(origins), Some(table)) if !origins.contains(&Origin::Listed) => {
            match table.count(&[Origin::Listed]).await? {
                0 if table.count(&Origin::ALL).await? == 0 => NothingFound::EmptyTable,
                only_listed => NothingFound::NotInTable { only_listed },
            }
        }
        (Source::Table(_), Some(table)) if table.count(&Origin::ALL).await? == 0 => NothingFound::EmptyTable,
        _ => NothingFound::NotInTable { only_listed: 0 },
    })
}

/// Whether there may be sessions that could not be read.
pub(super) fn has_gaps(survey: &Survey) -> bool {
    survey.hosts().iter().any(|host| {
        matches!(host.listing(), Some(Ok(listing)) if !listing.complete()) || !host.unanswered().is_empty()
    })
}

/// How many hosts have answered, with all or with what was asked for.
pub(super) fn answered_hosts(survey: &Survey) -> usize {
    let answered = |host: &&SurveyedHost| {
        host.was_asked_singly() || host.listing().is_some_and(|listing| listing.is_ok())
    };
    survey.hosts().iter().filter(answered).count()
}

/// Drops misses that say nothing: where no host was listed, and of a single session for which its host did not answer.
pub(super) fn drop_unfounded_misses(survey: &Survey, selection: &mut Selection) {
    if answered_hosts(survey) == 0 {
        selection.misses.clear();
    }
    let unanswered = survey.hosts().iter().flat_map(SurveyedHost::unanswered);
    let unanswered: Vec<_> = unanswered.filter_map(|(shell_id, _)| shell_id.guid()).collect();
    selection.misses.retain(|miss| {
        miss.property != SelectorProperty::InstanceId
            || miss.value.parse().map_or(true, |guid| !unanswered.contains(&guid))
    });
}

/// The same summary with how the hosts answered.
pub(super) fn with_hosts(summary: RunSummary, survey: &Survey, cancellation: &Cancellation) -> RunSummary {
    let unasked = survey.hosts().iter().any(|host| host.listing().is_none());
    let deadline = unasked && !cancellation.is_cancelled();
    RunSummary { deadline, ..summary }.with_hosts(survey.tally())
}
