//! Listing sessions.

use super::accounts::state_accounts;
use super::caller::Caller;
use super::event::{Event, NothingFound};
use super::miss_rule::OnMiss;
use super::remembered::{Remembered, UnboundObjects};
use super::source::{SessionScope, Source};
use super::{connectors, listing};
use crate::session::{OwnersSeen, Selection, SessionQuery};
use crate::store::Rows;
use crate::teardown::{Cancellation, Engine, Report, RunStatus, RunSummary, Survey};

/// The wish to see sessions.
#[derive(Clone, Debug, Default)]
pub struct ListRequest {
    /// Which sessions, and where.
    pub scope: SessionScope,
    /// Whether the commands of each listed session are asked for, which costs at least one request for each. They are also
    /// asked for where the query needs them. Default: no.
    pub commands: bool,
    /// Whether filters apply before selectors, as in `Get-PSSession -ComputerName`: then a value misses what is not among
    /// the rest, also as a pattern, but only if there is a rest. Default: no.
    pub filters_first: bool,
    /// What to do about a value that finds nothing.
    pub on_miss: OnMiss,
}

/// What a [`ListRequest`] found.
#[derive(Debug)]
pub struct ListedSessions {
    /// The sessions, in the order of selection.
    pub rows: Rows,
    /// What decides the status of the run.
    pub summary: RunSummary,
    /// Why there is none, if no error says so.
    pub nothing: Option<NothingFound>,
    /// The owners that were asked for and are not there, where nothing was found.
    pub owners: OwnersSeen,
    /// Whether it ended because a value found nothing ([`OnMiss`]); there are no rows then.
    pub stopped: bool,
}

impl ListedSessions {
    /// The status of the run.
    #[must_use]
    pub fn status(&self) -> RunStatus {
        if self.stopped { RunStatus::CouldNotBegin } else { Report::default().status(&self.summary) }
    }
}

impl ListRequest {
    /// Lists the sessions.
    ///
    /// # Errors
    /// [`RequestError`](super::RequestError), or an error of the caller's own.
    pub async fn run<C: Caller>(
        self,
        caller: &C,
        cancellation: &Cancellation,
    ) -> Result<ListedSessions, C::Error> {
        self.repeated(caller).await?.list(caller, cancellation).await
    }

    /// Prepares to list the sessions again and again.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn repeated<C: Caller>(self, caller: &C) -> Result<RepeatedListing, C::Error> {
        let scope = &self.scope;
        let survey = match scope.source {
            Source::Hosts => {
                let connectors = connectors::to_named(&scope.hosts, caller, scope.table.as_ref()).await?;
                Survey::unlisted(connectors)
            }
            _ => Survey::default(),
        };
        Ok(RepeatedListing { engine: Engine::new(scope.policy.clone()), survey, request: self })
    }
}

/// A [`ListRequest`] that lists again and again over the same connections. There is a new login only where a connection is
/// lost, and none at a host that has refused the credential. The run's deadline counts from the first listing.
#[derive(Debug)]
pub struct RepeatedListing {
    request: ListRequest,
    engine: Engine,
    survey: Survey,
}

impl RepeatedListing {
    /// Lists the sessions as they are now. Objects are read once: a second listing of them finds none.
    ///
    /// # Errors
    /// As [`ListRequest::run`].
    pub async fn list<C: Caller>(
        &mut self,
        caller: &C,
        cancellation: &Cancellation,
    ) -> Result<ListedSessions, C::Error> {
        let (rows, selection, unlisted, summary, nothing) = match self.request.scope.source {
            Source::Hosts => self.on_hosts(caller, cancellation).await?,
            _ => self.request.remembered(caller).await?,
        };
        let sessions = rows.sessions();
        caller.event(Event::Selected {
            selection: &selection,
            sessions,
            unbound: &UnboundObjects::default(),
        });
        let mut owners = OwnersSeen::default();
        if selection.chosen.is_empty() && summary.literal_misses == 0 {
            owners = selection.owners;
        } else if !selection.owners.unmatched.is_empty() {
            caller.event(Event::OwnersUnmatched(&selection.owners));
        }
        let stopped = self.request.on_miss.stops(&summary, caller)?;
        let required = self.request.scope.required;
        let summary = RunSummary { required, unlisted_commands: unlisted, ..summary };
        let rows = if stopped { Rows::default() } else { rows.into_picked(&selection.chosen) };
        Ok(ListedSessions { rows, summary, nothing, owners, stopped })
    }

    async fn on_hosts<C: Caller>(
        &mut self,
        caller: &C,
        cancellation: &Cancellation,
    ) -> Result<Found, C::Error> {
        let Self { request, engine, survey } = self;
        let ListRequest { scope, commands, filters_first, .. } = request;
        let query = &scope.query;
        let wanted = |_: &str| listing::wanted_by(query);
        let before = std::mem::take(survey);
        let is_first = before.hosts().iter().all(|host| host.listing().is_none());
        *survey = listing::survey_again(engine, before, wanted, caller, cancellation).await;
        if is_first {
            listing::report_views(listing::views(survey), query, caller);
        }
        let mut rows = listing::sessions(survey, scope, caller).await?;
        let excluded = query.needs_commands();
        let unlisted = match *commands || excluded {
            true => listing::list_commands(engine, survey, rows.sessions_mut(), excluded, caller).await,
            false => 0,
        };
        let nothing = listing::nothing_on_hosts(survey, rows.len());
        let (rows, mut selection) = match *filters_first {
            true => select_after_filters(rows, query),
            false => {
                let selection = query.select(rows.sessions());
                (rows, selection)
            }
        };
        listing::drop_unfounded_misses(survey, &mut selection);
        let summary = listing::with_hosts(scope.miss_rule.summary(&selection), survey, cancellation);
        Ok((rows, selection, unlisted, summary, nothing))
    }
}

impl ListRequest {
    async fn remembered<C: Caller>(&mut self, caller: &C) -> Result<Found, C::Error> {
        let scope = &mut self.scope;
        let table = scope.table.as_ref();
        let mut remembered = Remembered::read(&mut scope.source, &scope.query, table).await?;
        state_accounts(&mut remembered.rows, caller);
        let selection = remembered.select(&scope.query);
        let nothing = match selection.chosen.is_empty() {
            true => Some(listing::nothing_remembered(&scope.source, remembered.is_empty, table).await?),
            false => None,
        };
        listing::report_only_listed(&scope.source, &scope.query, &selection, table, caller).await?;
        let summary = scope.miss_rule.summary(&selection);
        Ok((remembered.rows, selection, 0, summary, nothing))
    }
}

type Found = (Rows, Selection, usize, RunSummary, Option<NothingFound>);

/// What [`ListRequest::filters_first`] says.
fn select_after_filters(rows: Rows, query: &SessionQuery) -> (Rows, Selection) {
    let rows: Rows = rows.into_iter().filter(|row| query.admits(&row.session)).collect();
    let mut selection = query.select(rows.sessions());
    if rows.is_empty() {
        selection.misses.clear();
    }
    for miss in &mut selection.misses {
        miss.silent = false;
    }
    (rows, selection)
}
