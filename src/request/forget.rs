//! Forgetting sessions: rows leave the local table, and nothing is sent.

use super::error::{RequestError, TableError};
use super::event::NothingFound;
use super::listing;
use super::miss_rule::MissRule;
use super::remembered::Remembered;
use super::source::Source;
use super::table::SessionTable;
use crate::session::{Selection, SessionQuery};
use crate::store::Rows;
use crate::teardown::{Report, Requirement, RunStatus, RunSummary};

/// The wish to forget sessions.
#[derive(Clone, Debug, Default)]
pub struct ForgetRequest {
    /// Where the sessions come from: the table, or objects that name rows of it.
    pub source: Source,
    /// Which sessions. A query without selectors and filters is refused, unless the sessions come as objects.
    pub query: SessionQuery,
    /// The local table.
    pub table: Option<SessionTable>,
    /// Whether only to find out what would be forgotten.
    pub what_if: bool,
    /// Which values that find nothing are errors.
    pub miss_rule: MissRule,
    /// What the selection has to find.
    pub required: Option<Requirement>,
}

/// What became of a [`ForgetRequest`].
#[derive(Debug)]
pub struct ForgottenSessions {
    /// The sessions that left the table, or would have.
    pub rows: Rows,
    /// What was found and missed.
    pub selection: Selection,
    /// Why there is none, if no miss says so.
    pub nothing: Option<NothingFound>,
    /// The status of the run.
    pub status: RunStatus,
}

impl ForgetRequest {
    /// Forgets the sessions.
    ///
    /// # Errors
    /// [`RequestError`]; nothing is forgotten then.
    pub async fn run(mut self) -> Result<ForgottenSessions, RequestError> {
        if self.query.is_empty() && !matches!(self.source, Source::Objects { .. }) {
            return Err(RequestError::NoSelector);
        }
        let table = self.table.as_ref();
        let remembered =
            Remembered::read(&mut self.source, &self.query, table).await?.only_rows_of_the_table();
        let selection = remembered.select(&self.query);
        let summary = RunSummary { required: self.required, ..self.miss_rule.summary(&selection) };
        let rows = remembered.rows.pick(&selection.chosen);
        let nothing = match rows.is_empty() && summary.literal_misses == 0 {
            true => {
                Some(match listing::nothing_remembered(&self.source, remembered.is_empty, table).await? {
                    NothingFound::NoObjectMatches => NothingFound::NoObjectInTable,
                    why => why,
                })
            }
            false => None,
        };
        if !self.what_if && !rows.is_empty() {
            let ids = rows.sessions().iter().filter_map(|session| session.id).collect();
            table.ok_or(TableError::Missing)?.forget(ids).await?;
        }
        Ok(ForgottenSessions { rows, selection, nothing, status: Report::default().status(&summary) })
    }
}
