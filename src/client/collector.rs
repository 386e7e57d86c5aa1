//! How the pages of an enumeration become one listing, and when enough is enough.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use crate::listing::Gap;
use crate::wsman::op::Page;
use crate::wsman::{EnumerationContext, Shell, ShellId};

/// The most pages of one listing: at one shell per page still thirty times what Windows allows one user.
pub const MAX_PAGES: usize = 10_000;
/// The most shells of one listing, far above any real server.
pub const MAX_SHELLS: usize = 250_000;
/// The most bytes of text of one listing: what that many shells have, so that fewer and longer ones cost no more.
pub const MAX_LISTING_BYTES: usize = 64 * 1024 * 1024;
/// The most bytes of memory that the shells of one listing take where they are kept ([`WsmanClient::list_shells`]): more than
/// 50,000 ordinary ones. Who acts on a listing holds each of them some five times, and one host must not cost gigabytes.
///
/// [`WsmanClient::list_shells`]: super::WsmanClient::list_shells
pub const MAX_KEPT_BYTES: usize = 28 * 1024 * 1024;
/// What stands around a shell where it is kept, in bytes: the session that it is, without its texts.
const AROUND_A_SHELL: usize = 192;
/// The most pages in a row that bring nothing. Servers may repeat the enumeration context from page to page, so an
/// endless enumeration is told by its empty pages, its repeated shells and its length, not by its context.
pub const MAX_EMPTY_PAGES: usize = 16;

/// Passes on the shells of page after page, each once, and notes what may be missing. It keeps none of them.
#[derive(Debug)]
pub(super) struct Collector<F> {
    each: F,
    /// Whether `each` keeps them.
    kept: bool,
    gaps: Vec<Gap>,
    seen: Seen,
    pages: usize,
    empty_pages: usize,
    bytes: usize,
    kept_bytes: usize,
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

impl<F: FnMut(Shell)> Collector<F> {
    pub(super) fn new(each: F) -> Self {
        Self {
            each,
            kept: false,
            gaps: Vec::new(),
            seen: Seen::default(),
            pages: 0,
            empty_pages: 0,
            bytes: 0,
            kept_bytes: 0,
        }
    }

    /// The shells are kept, so that the memory that they take counts.
    pub(super) fn keeping(each: F) -> Self {
        Self { kept: true, ..Self::new(each) }
    }

    /// The enumeration begins again: what was passed on stays so, and is no duplicate when it comes again.
    pub(super) fn restart(&mut self) {
        self.gaps.clear();
        self.seen.round = self.seen.round.wrapping_add(1);
        (self.pages, self.empty_pages) = (0, 0);
    }

    pub(super) fn take(&mut self, page: Page<Shell>) -> Next {
        self.pages += 1;
        let brings_something = !page.items.is_empty() || !page.undecodable.is_empty();
        self.empty_pages = if brings_something { 0 } else { self.empty_pages + 1 };
        self.gaps.extend(page.undecodable.into_iter().map(Gap::Undecodable));
        let mut full = self.gaps.len() > MAX_GAPS;
        for shell in page.items {
            match self.seen.meet(&shell.shell_id) {
                Meeting::Again => {
                    full = self.gap(Gap::Duplicate(shell.shell_id));
                    break;
                }
                Meeting::AfterRestart => continue,
                Meeting::First => {}
            }
            if self.seen.count() > MAX_SHELLS {
                full = self.gap(Gap::TooManyShells(MAX_SHELLS));
                break;
            }
            let text = text_bytes(&shell);
            self.bytes += text;
            if self.bytes > MAX_LISTING_BYTES {
                full = self.gap(Gap::TooManyBytes(MAX_LISTING_BYTES));
                break;
            }
            self.kept_bytes += size_of::<Shell>() + AROUND_A_SHELL + text;
            if self.kept && self.kept_bytes > MAX_KEPT_BYTES {
                full = self.gap(Gap::TooMuchMemory(MAX_KEPT_BYTES));
                break;
            }
            (self.each)(shell);
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
        self.gaps.push(gap);
        true
    }

    pub(super) fn finish(self) -> Vec<Gap> {
        self.gaps
    }
}

/// The shells that came, by the hashes of their ids: these are small, nobody can aim at a collision, and by chance the
/// longest listing has one in a billion times.
#[derive(Debug, Default)]
struct Seen {
    hasher: RandomState,
    rounds: HashMap<u64, u8>,
    round: u8,
}

enum Meeting {
    First,
    /// It came before the enumeration began again.
    AfterRestart,
    Again,
}

impl Seen {
    fn meet(&mut self, shell_id: &ShellId) -> Meeting {
        match self.rounds.insert(self.hasher.hash_one(shell_id), self.round) {
            None => Meeting::First,
            Some(round) if round == self.round => Meeting::Again,
            Some(_) => Meeting::AfterRestart,
        }
    }

    fn count(&self) -> usize {
        self.rounds.len()
    }
}

fn text_bytes(shell: &Shell) -> usize {
    let optional = [&shell.name, &shell.owner, &shell.client_ip, &shell.state];
    let optional = optional.into_iter().flatten().map(|text| text.len()).sum::<usize>();
    shell.shell_id.as_str().len() + shell.resource_uri.len() + optional
}

/// After this many undecodable items the rest is not worth reading.
const MAX_GAPS: usize = 1_000;

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;
    use crate::wsman::Malformed;

    fn shell(id: usize) -> Shell {
        Shell::new(ShellId::from_server(id.to_string()), crate::wsman::uri::CMD_RESOURCE)
    }

    fn page(items: Vec<Shell>, context: Option<&str>) -> Page<Shell> {
        let next = context.map(EnumerationContext::from_server);
        Page { items, undecodable: Vec::new(), next }
    }

    type Kept = Rc<RefCell<Vec<String>>>;

    /// A collector, and the ids of what it passes on.
    fn collector() -> (Collector<impl FnMut(Shell)>, Kept) {
        let kept = Kept::default();
        let into = Rc::clone(&kept);
        (Collector::new(move |shell| into.borrow_mut().push(shell.shell_id.to_string())), kept)
    }

    #[test]
    fn a_context_may_repeat_as_long_as_pages_bring_shells() {
        let (mut collector, kept) = collector();
        for id in 0..100 {
            assert!(matches!(collector.take(page(vec![shell(id)], Some("same"))), Next::Pull(_)));
        }
        assert_eq!(collector.take(page(vec![], None)), Next::End);
        assert_eq!((kept.borrow().len(), collector.finish()), (100, vec![]));
    }

    #[test]
    fn a_shell_that_is_listed_twice_ends_the_listing_and_makes_it_incomplete() {
        let (mut collector, kept) = collector();
        assert!(matches!(collector.take(page(vec![shell(1)], Some("c"))), Next::Pull(_)));
        assert!(matches!(collector.take(page(vec![shell(1)], Some("c"))), Next::Stop(_)));
        assert_eq!(*kept.borrow(), ["1"]);
        assert_eq!(collector.finish(), [Gap::Duplicate(ShellId::from_server("1"))]);
    }

    #[test]
    fn an_enumeration_that_begins_again_passes_each_shell_on_once() {
        let (mut collector, kept) = collector();
        let broken = Malformed { problem: String::new(), path: String::new(), offset: 0 };
        collector.take(Page { undecodable: vec![broken], ..page(vec![shell(1), shell(2)], Some("c")) });
        collector.restart();
        assert!(matches!(collector.take(page(vec![shell(1)], Some("c"))), Next::Pull(_)));
        assert_eq!(collector.take(page(vec![shell(3)], None)), Next::End);
        assert_eq!((kept.borrow().join(" "), collector.finish()), ("1 2 3".to_owned(), vec![]));
    }

    #[test]
    fn empty_pages_end_the_listing_at_some_point() {
        let (mut collector, _) = collector();
        for _ in 1..MAX_EMPTY_PAGES {
            assert!(matches!(collector.take(page(vec![], Some("c"))), Next::Pull(_)));
        }
        assert!(matches!(collector.take(page(vec![], Some("c"))), Next::Stop(_)));
        assert_eq!(collector.finish(), [Gap::NoProgress(MAX_EMPTY_PAGES)]);
    }

    #[test]
    fn an_undecodable_shell_hides_no_other_but_makes_the_listing_incomplete() {
        let (mut collector, kept) = collector();
        let problem = Malformed { problem: "no ShellId".to_owned(), path: "/".to_owned(), offset: 0 };
        let page = Page { undecodable: vec![problem], ..page(vec![shell(1), shell(2)], None) };
        assert_eq!(collector.take(page), Next::End);
        assert_eq!((kept.borrow().len(), collector.finish().len()), (2, 1));
    }

    #[test]
    fn a_few_shells_with_very_long_texts_end_the_listing_too() {
        let (mut collector, kept) = collector();
        collector.bytes = MAX_LISTING_BYTES - 1_000;
        let long = |id| Shell { name: Some("x".repeat(900).into()), ..shell(id) };
        assert!(matches!(collector.take(page(vec![long(1)], Some("c"))), Next::Pull(_)));
        assert!(matches!(collector.take(page(vec![long(2)], Some("c"))), Next::Stop(_)));
        assert_eq!(*kept.borrow(), ["1"]);
        assert_eq!(collector.finish(), [Gap::TooManyBytes(MAX_LISTING_BYTES)]);
    }

    #[test]
    fn shells_that_are_kept_may_take_so_much_memory_and_no_more() {
        let ordinary =
            |id| Shell { name: Some("WinRM1".into()), owner: Some(r"LAB\ada".into()), ..shell(id) };
        let kept = RefCell::new(0);
        let mut collector = Collector::keeping(|_| *kept.borrow_mut() += 1);
        let mut id = 0;
        let mut pages = std::iter::from_fn(|| {
            id += 1_000;
            Some(page((id - 1_000..id).map(ordinary).collect(), Some("c")))
        });
        while matches!(collector.take(pages.next().unwrap()), Next::Pull(_)) {}
        assert_eq!(collector.finish(), [Gap::TooMuchMemory(MAX_KEPT_BYTES)]);
        assert!(*kept.borrow() >= 50_000, "{}", kept.borrow());
    }

    #[test]
    fn more_pages_or_shells_than_the_limit_are_not_taken() {
        let (mut full, _) = collector();
        full.pages = MAX_PAGES - 1;
        assert!(matches!(full.take(page(vec![shell(1)], Some("c"))), Next::Stop(_)));
        assert_eq!(full.finish(), [Gap::TooManyPages(MAX_PAGES)]);
        let (mut full, kept) = collector();
        full.take(page((0..=MAX_SHELLS).map(shell).collect(), None));
        assert_eq!((kept.borrow().len(), full.finish()), (MAX_SHELLS, vec![Gap::TooManyShells(MAX_SHELLS)]));
    }
}
