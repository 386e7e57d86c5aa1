//! How the pages of an enumeration become one listing, and when enough is enough.

use std::collections::HashSet;

use crate::listing::{Gap, Listing};
use crate::wsman::op::Page;
use crate::wsman::{EnumerationContext, Shell, ShellId};

/// The most pages of one listing: at one shell per page still thirty times what Windows allows one user.
pub const MAX_PAGES: usize = 10_000;
/// The most shells of one listing: about 250 MB of descriptors, far above any real server.
pub const MAX_SHELLS: usize = 250_000;
/// The most bytes of text of one listing: what that many shells have, so that fewer and longer ones cost no more.
pub const MAX_LISTING_BYTES: usize = 256 * 1024 * 1024;
/// The most pages in a row that bring nothing. Servers may repeat the enumeration context from page to page, so an
/// endless enumeration is told by its empty pages, its repeated shells and its length, not by its context.
pub const MAX_EMPTY_PAGES: usize = 16;

/// Puts pages together into a [`Listing`].
#[derive(Debug, Default)]
pub(super) struct Collector {
    listing: Listing,
    seen: HashSet<ShellId>,
    pages: usize,
    empty_pages: usize,
    bytes: usize,
}

/// What to do after a page.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next {
    /// That was all.
    End,
    /// Pull the next page.
    Pull(EnumerationContext),
    /// Enough: release the enumeration.
    Stop(EnumerationContext),
}

impl Collector {
    pub(super) fn take(&mut self, page: Page<Shell>) -> Next {
        self.pages += 1;
        let brings_something = !page.items.is_empty() || !page.undecodable.is_empty();
        self.empty_pages = if brings_something { 0 } else { self.empty_pages + 1 };
        self.listing.gaps.extend(page.undecodable.into_iter().map(Gap::Undecodable));
        let mut full = self.listing.gaps.len() > MAX_GAPS;
        for shell in page.items {
            if self.listing.shells.len() >= MAX_SHELLS {
                full = self.gap(Gap::TooManyShells(MAX_SHELLS));
                break;
            }
            self.bytes += text_bytes(&shell);
            if self.bytes > MAX_LISTING_BYTES {
                full = self.gap(Gap::TooManyBytes(MAX_LISTING_BYTES));
                break;
            }
            if self.seen.insert(shell.shell_id.clone()) {
                self.listing.shells.push(shell);
            } else {
                full = self.gap(Gap::Duplicate(shell.shell_id));
                break;
            }
        }
        let Some(context) = page.next else { return Next::End };
        if self.empty_pages >= MAX_EMPTY_PAGES {
            full = self.gap(Gap::NoProgress(self.empty_pages));
        } else if self.pages >= MAX_PAGES {
            full = self.gap(Gap::TooManyPages(MAX_PAGES));
        }
        if full { Next::Stop(context) } else { Next::Pull(context) }
    }

    pub(super) fn gap(&mut self, gap: Gap) -> bool {
        self.listing.gaps.push(gap);
        true
    }

    pub(super) fn finish(self) -> Listing {
        self.listing
    }
}

fn text_bytes(shell: &Shell) -> usize {
    let optional = [&shell.name, &shell.owner, &shell.client_ip, &shell.state];
    let optional = optional.into_iter().flatten().map(String::len).sum::<usize>();
    shell.shell_id.as_str().len() + shell.resource_uri.len() + optional
}

/// After this many undecodable items the rest is not worth reading.
const MAX_GAPS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wsman::Malformed;

    fn shell(id: usize) -> Shell {
        Shell::new(ShellId::from_server(id.to_string()), crate::wsman::uri::CMD_RESOURCE)
    }

    fn page(items: Vec<Shell>, context: Option<&str>) -> Page<Shell> {
        let next = context.map(EnumerationContext::from_server);
        Page { items, undecodable: Vec::new(), next }
    }

    #[test]
    fn a_context_may_repeat_as_long_as_pages_bring_shells() {
        let mut collector = Collector::default();
        for id in 0..100 {
            assert!(matches!(collector.take(page(vec![shell(id)], Some("same"))), Next::Pull(_)));
        }
        assert_eq!(collector.take(page(vec![], None)), Next::End);
        let listing = collector.finish();
        assert!(listing.complete());
        assert_eq!(listing.shells.len(), 100);
    }

    #[test]
    fn a_shell_that_is_listed_twice_ends_the_listing_and_makes_it_incomplete() {
        let mut collector = Collector::default();
        assert!(matches!(collector.take(page(vec![shell(1)], Some("c"))), Next::Pull(_)));
        assert!(matches!(collector.take(page(vec![shell(1)], Some("c"))), Next::Stop(_)));
        let listing = collector.finish();
        assert_eq!((listing.shells.len(), listing.complete()), (1, false));
    }

    #[test]
    fn empty_pages_end_the_listing_at_some_point() {
        let mut collector = Collector::default();
        for _ in 1..MAX_EMPTY_PAGES {
            assert!(matches!(collector.take(page(vec![], Some("c"))), Next::Pull(_)));
        }
        assert!(matches!(collector.take(page(vec![], Some("c"))), Next::Stop(_)));
        assert!(!collector.finish().complete());
    }

    #[test]
    fn an_undecodable_shell_hides_no_other_but_makes_the_listing_incomplete() {
        let mut collector = Collector::default();
        let problem = Malformed { problem: "no ShellId".to_owned(), path: "/".to_owned(), offset: 0 };
        let page = Page { undecodable: vec![problem], ..page(vec![shell(1), shell(2)], None) };
        assert_eq!(collector.take(page), Next::End);
        let listing = collector.finish();
        assert_eq!((listing.shells.len(), listing.complete()), (2, false));
    }

    #[test]
    fn a_few_shells_with_very_long_texts_end_the_listing_too() {
        let mut collector = Collector { bytes: MAX_LISTING_BYTES - 1_000, ..Collector::default() };
        let long = |id| Shell { name: Some("x".repeat(900)), ..shell(id) };
        assert!(matches!(collector.take(page(vec![long(1)], Some("c"))), Next::Pull(_)));
        assert!(matches!(collector.take(page(vec![long(2)], Some("c"))), Next::Stop(_)));
        let listing = collector.finish();
        assert_eq!((listing.shells.len(), listing.gaps), (1, vec![Gap::TooManyBytes(MAX_LISTING_BYTES)]));
    }

    #[test]
    fn more_pages_or_shells_than_the_limit_are_not_taken() {
        let mut collector = Collector { pages: MAX_PAGES - 1, ..Collector::default() };
        assert!(matches!(collector.take(page(vec![shell(1)], Some("c"))), Next::Stop(_)));
        assert_eq!(collector.finish().gaps, [Gap::TooManyPages(MAX_PAGES)]);
        let mut collector = Collector::default();
        collector.take(page((0..=MAX_SHELLS).map(shell).collect(), None));
        let listing = collector.finish();
        assert_eq!((listing.shells.len(), listing.gaps.len()), (MAX_SHELLS, 1));
    }
}
