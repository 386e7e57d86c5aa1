//! Listings in pages: the contexts that are open, and how many items go into one envelope (DSP0226 8, Enumeration).

use std::collections::VecDeque;
use std::time::Duration;

use super::answers::ENVELOPE_OVERHEAD;
use super::faults::{self, Refusal};

/// An idle context dies after this: EnumerationTimeoutms since Windows 2012.
const IDLE_TIMEOUT: Duration = Duration::from_secs(240);
/// The most contexts that are kept; the oldest goes first, so that a careless client cannot fill the memory.
const MAX_OPEN: usize = 100;
/// The most items in a page, whatever was asked: MaxBatchItems.
const MAX_BATCH_ITEMS: usize = 32_000;

/// What is left of one listing; the items were written when it began.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    id: String,
    user: String,
    resource_uri: String,
    items: VecDeque<String>,
    /// What Enumerate said, if it said something; Pull must say the same.
    max_elements: Option<usize>,
    max_envelope_size: usize,
    used: Duration,
}

/// The listings that are open.
#[derive(Clone, Debug, Default)]
pub(super) struct Listings {
    open: VecDeque<Listing>,
}

/// One page: the items' text, and whether they were the last.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) items: String,
    pub(super) is_last: bool,
}

/// What Enumerate or Pull allows a page to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageLimits {
    pub(super) max_elements: Option<usize>,
    pub(super) max_envelope_size: usize,
}

impl Listing {
    pub(super) fn new(
        id: String,
        user: String,
        resource_uri: &str,
        items: VecDeque<String>,
        limits: PageLimits,
        now: Duration,
    ) -> Self {
        let PageLimits { max_elements, max_envelope_size } = limits;
        let resource_uri = resource_uri.to_owned();
        Self { id, user, resource_uri, items, max_elements, max_envelope_size, used: now }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Takes the next page; without a MaxElements that is one item (WS-Enumeration 3.2, Pull).
    pub(super) fn next_page(&mut self, max_elements: Option<usize>) -> Result<Page, Refusal> {
        let most = max_elements.unwrap_or(1).min(MAX_BATCH_ITEMS);
        let room = self.max_envelope_size.saturating_sub(ENVELOPE_OVERHEAD);
        let (mut items, mut count) = (String::new(), 0);
        while count < most
            && let Some(item) = self.items.front()
        {
            if items.len() + item.len() > room {
                break;
            }
            items.push_str(item);
            self.items.pop_front();
            count += 1;
        }
        if count == 0 && !self.items.is_empty() {
            return Err(Refusal::new(faults::ENVELOPE_SIZE_EXCEEDED));
        }
        Ok(Page { items, is_last: self.items.is_empty() })
    }
}

impl Listings {
    pub(super) fn keep(&mut self, listing: Listing) {
        if self.open.len() >= MAX_OPEN {
            self.open.pop_front();
        }
        self.open.push_back(listing);
    }

    /// Takes the next page of a listing, which must be the caller's and be pulled as it was begun.
    pub(super) fn pull(
        &mut self,
        id: &str,
        user: &str,
        resource_uri: &str,
        limits: PageLimits,
        now: Duration,
    ) -> Result<Page, Refusal> {
        let index = self.find(id, user, now).ok_or_else(|| Refusal::new(faults::INVALID_CONTEXT))?;
        let listing = self.open.get_mut(index).ok_or_else(|| Refusal::new(faults::INVALID_CONTEXT))?;
        let elements_differ = listing.max_elements.is_some_and(|most| limits.max_elements != Some(most));
        if elements_differ
            || listing.max_envelope_size != limits.max_envelope_size
            || listing.resource_uri != resource_uri
        {
            return Err(Refusal::new(faults::PULL_DIFFERS));
        }
        listing.used = now;
        let page = listing.next_page(limits.max_elements)?;
        if page.is_last {
            self.open.remove(index);
        }
        Ok(page)
    }

    /// Forgets a listing; `false` if it is not known.
    pub(super) fn release(&mut self, id: &str, user: &str, now: Duration) -> bool {
        self.find(id, user, now).and_then(|index| self.open.remove(index)).is_some()
    }

    /// Forgets every listing, as a restart of the service does.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    fn find(&mut self, id: &str, user: &str, now: Duration) -> Option<usize> {
        self.open.retain(|listing| now.saturating_sub(listing.used) < IDLE_TIMEOUT);
        self.open.iter().position(|listing| listing.id.eq_ignore_ascii_case(id) && listing.user == user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PageLimits = PageLimits { max_elements: Some(2), max_envelope_size: 8_192 };

    fn listing(items: usize) -> Listing {
        let items = (0..items).map(|n| format!("<i>{n}</i>")).collect();
        Listing::new("uuid:A".to_owned(), "alice".to_owned(), "r", items, LIMITS, Duration::ZERO)
    }

    #[test]
    fn pages_follow_until_the_last_one_and_then_the_context_is_stale() {
        let mut listings = Listings::default();
        listings.keep(listing(3));
        let mut pull = || listings.pull("uuid:a", "alice", "r", LIMITS, Duration::ZERO);
        assert_eq!(pull(), Ok(Page { items: "<i>0</i><i>1</i>".to_owned(), is_last: false }));
        assert_eq!(pull(), Ok(Page { items: "<i>2</i>".to_owned(), is_last: true }));
        assert_eq!(pull(), Err(Refusal::new(faults::INVALID_CONTEXT)));
    }

    #[test]
    fn an_idle_context_expires() {
        let mut listings = Listings::default();
        listings.keep(listing(3));
        let late = listings.pull("uuid:A", "alice", "r", LIMITS, IDLE_TIMEOUT);
        assert_eq!(late, Err(Refusal::new(faults::INVALID_CONTEXT)));
    }

    #[test]
    fn another_user_cannot_pull_or_release_a_context() {
        let mut listings = Listings::default();
        listings.keep(listing(3));
        let foreign = listings.pull("uuid:A", "bob", "r", LIMITS, Duration::ZERO);
        assert_eq!(foreign, Err(Refusal::new(faults::INVALID_CONTEXT)));
        assert!(!listings.release("uuid:A", "bob", Duration::ZERO));
        assert!(listings.release("uuid:A", "alice", Duration::ZERO));
    }

    #[test]
    fn a_pull_that_differs_from_its_enumerate_is_refused() {
        let mut listings = Listings::default();
        listings.keep(listing(3));
        let other = PageLimits { max_elements: Some(3), ..LIMITS };
        let pulled = listings.pull("uuid:A", "alice", "r", other, Duration::ZERO);
        assert_eq!(pulled, Err(Refusal::new(faults::PULL_DIFFERS)));
    }

    #[test]
    fn an_item_that_fits_no_envelope_is_refused_and_not_lost() {
        let items = VecDeque::from(["x".repeat(9_000)]);
        let mut listing = Listing::new(String::new(), String::new(), "r", items, LIMITS, Duration::ZERO);
        assert_eq!(listing.next_page(Some(2)), Err(Refusal::new(faults::ENVELOPE_SIZE_EXCEEDED)));
        assert_eq!(listing.items.len(), 1);
    }
}
