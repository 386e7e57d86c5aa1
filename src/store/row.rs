//! What the table keeps of one session, and in which form many of them come out.

use std::sync::Arc;
use std::time::SystemTime;

use crate::auth::ServerNames;
use crate::session::{LocalId, LoginAccount, SeenOn, SessionDescriptor};
use crate::wsman::{SessionId, Shell};

/// How a session came into the table. PowerShell's "sessions in the current session" are the opened and imported ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// This program opened it.
    Opened,
    /// A person imported it.
    Imported,
    /// It was only seen on a server.
    Listed,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 3] = [Self::Opened, Self::Imported, Self::Listed];
    /// The origins that PowerShell would call "in the current session".
    pub const CURRENT: [Self; 2] = [Self::Opened, Self::Imported];

    /// The word, as it is stored and printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "Opened",
            Self::Imported => "Imported",
            Self::Listed => "Listed",
        }
    }

    /// Reads the word, in any case; `None` for any other.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str().eq_ignore_ascii_case(word.trim()))
    }
}

/// What the table keeps beside the descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowMetadata {
    /// How the session came here.
    pub origin: Origin,
    /// The account with which to reach it again; never with a password.
    pub user: Option<Arc<str>>,
    /// The name of the authentication scheme that worked, as on the command line.
    pub auth: Option<Arc<str>>,
    /// The WSMan `SessionId` header of the client that opened it.
    pub session_id: Option<SessionId>,
}

impl RowMetadata {
    /// A note that says nothing but the origin.
    #[must_use]
    pub const fn new(origin: Origin) -> Self {
        Self { origin, user: None, auth: None, session_id: None }
    }
}

/// One session of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The session; its `id` is set on everything that comes out of the table.
    pub session: SessionDescriptor,
    /// What is kept beside it.
    pub note: RowMetadata,
}

/// Rows of the table, in two lists of equal length, so that a query can select from the sessions as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    sessions: Vec<SessionDescriptor>,
    notes: Vec<RowMetadata>,
}

impl Rows {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { sessions: Vec::with_capacity(capacity), notes: Vec::with_capacity(capacity) }
    }

    pub(super) fn push(&mut self, row: Row) {
        self.sessions.push(row.session);
        self.notes.push(row.note);
    }

    /// The sessions, ready for [`SessionQuery::select`](crate::session::SessionQuery::select).
    #[must_use]
    pub fn sessions(&self) -> &[SessionDescriptor] {
        &self.sessions
    }

    /// The sessions, to be brought up to date.
    pub fn sessions_mut(&mut self) -> &mut [SessionDescriptor] {
        &mut self.sessions
    }

    /// As [`pick`](Self::pick), without a copy of what is picked; an index that comes twice counts once.
    #[must_use]
    pub fn into_picked(mut self, indexes: &[usize]) -> Self {
        if !indexes.is_sorted_by(|one, next| one < next) {
            let mut rows: Vec<_> = self.into_iter().map(Some).collect();
            return indexes.iter().filter_map(|&index| rows.get_mut(index)?.take()).collect();
        }
        // In their own order they stay where they are: most often all of many are picked.
        retain_at(&mut self.sessions, indexes);
        retain_at(&mut self.notes, indexes);
        self
    }

    /// The rows at these indexes, in their order; an index that is not there is left out.
    #[must_use]
    pub fn pick(&self, indexes: &[usize]) -> Self {
        let rows = indexes.iter().filter_map(|&index| self.get(index));
        rows.map(|(session, note)| Row { session: session.clone(), note: note.clone() }).collect()
    }

    /// The sessions, and what is kept beside each.
    #[must_use]
    pub fn into_parts(self) -> (Vec<SessionDescriptor>, Vec<RowMetadata>) {
        (self.sessions, self.notes)
    }

    /// What is kept beside the session at the same index.
    #[must_use]
    pub fn notes(&self) -> &[RowMetadata] {
        &self.notes
    }

    /// One row.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<(&SessionDescriptor, &RowMetadata)> {
        self.sessions.get(index).zip(self.notes.get(index))
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }
}

/// Keeps what stands at these indexes, which ascend.
fn retain_at<T>(items: &mut Vec<T>, indexes: &[usize]) {
    let mut wanted = indexes.iter().copied().peekable();
    let mut index = 0;
    items.retain(|_| {
        let is_wanted = wanted.next_if_eq(&index).is_some();
        index += 1;
        is_wanted
    });
}

impl IntoIterator for Rows {
    type Item = Row;
    type IntoIter = std::iter::Map<
        std::iter::Zip<std::vec::IntoIter<SessionDescriptor>, std::vec::IntoIter<RowMetadata>>,
        fn((SessionDescriptor, RowMetadata)) -> Row,
    >;

    fn into_iter(self) -> Self::IntoIter {
        self.sessions.into_iter().zip(self.notes).map(|(session, note)| Row { session, note })
    }
}

impl FromIterator<Row> for Rows {
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> Self {
        let mut all = Self::default();
        rows.into_iter().for_each(|row| all.push(row));
        all
    }
}

/// Who listed which endpoint, when, and whether the listing shows all that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListingContext<'a> {
    /// The URL of the endpoint.
    pub endpoint_url: &'a str,
    /// The login that listed, as it was typed.
    pub seen_by: &'a str,
    /// What the server said of itself in that login; `None` if it said nothing.
    pub server_names: Option<&'a ServerNames>,
    /// The name of the authentication scheme with which it logged in.
    pub auth: Option<&'a str>,
    /// When the listing was taken.
    pub seen_at: SystemTime,
    /// Whether every page came and every item was decoded. Only then does absence mean anything.
    pub complete: bool,
}

/// The shells that one listing shows, and what makes sessions of them.
#[derive(Clone, Debug)]
pub struct ListedShells<'a> {
    /// Who listed where.
    pub context: ListingContext<'a>,
    /// The endpoint, as a session keeps it.
    pub seen_on: SeenOn<'a>,
    /// The account that listed, with what its server says of itself.
    pub account: Option<Arc<LoginAccount>>,
    /// The shells, in the server's order.
    pub shells: &'a [Arc<Shell>],
    /// Whether sessions that the table does not know get their rows now. Who is about to close them may write those that
    /// stay, afterwards.
    pub writes_new: bool,
}

/// What the table makes of one listing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MergedListing {
    /// The sessions, in their order, each with its Id.
    pub rows: Rows,
    /// The Ids of those that have no row in the table.
    pub unwritten: Vec<LocalId>,
}

impl MergedListing {
    /// What the table makes of several listings, one after the other.
    #[must_use]
    pub fn concat(listings: Vec<Self>) -> Self {
        let listings = match <[Self; 1]>::try_from(listings) {
            Ok([only]) => return only,
            Err(listings) => listings,
        };
        let rows = listings.iter().map(|listing| listing.rows.len()).sum();
        let mut concatenated = Self { rows: Rows::with_capacity(rows), unwritten: Vec::new() };
        for listing in listings {
            concatenated.rows.sessions.extend(listing.rows.sessions);
            concatenated.rows.notes.extend(listing.rows.notes);
            concatenated.unwritten.extend(listing.unwritten);
        }
        concatenated
    }
}

impl ListedShells<'_> {
    /// The sessions that the shells are.
    pub(super) fn sessions(&self) -> impl Iterator<Item = SessionDescriptor> {
        let ListingContext { endpoint_url, seen_by, seen_at, .. } = self.context;
        let seen_on = SeenOn { url: endpoint_url, ..self.seen_on };
        let shells = self.shells.iter().cloned();
        SessionDescriptor::from_shells(shells, seen_on, seen_by, self.account.as_ref(), seen_at)
    }
}

/// What became of one object of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The Id that the object came with.
    pub given: Option<LocalId>,
    /// The Id that its row has.
    pub id: LocalId,
    /// Whether the row is new, and not one that was there already.
    pub is_new: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_origin_is_read_back_from_its_own_word() {
        for origin in Origin::ALL {
            assert_eq!(Origin::from_word(&origin.as_str().to_uppercase()), Some(origin));
        }
        assert_eq!(Origin::from_word("Found"), None);
    }
}
