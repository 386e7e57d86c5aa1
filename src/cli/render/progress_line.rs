//! The line that says how far a run is: what was listed, deleted and proven, and who keeps it waiting.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use pssession::teardown::Outcome;

use super::cell::shortened_at_the_end;
use super::text::plural;

/// One host is no list to get through; two are.
const MIN_HOSTS: usize = 2;

/// A host that has not answered for this long keeps the run waiting.
const SLOW: Duration = Duration::from_secs(2);

/// What happened so far. Times count from the start of the run.
#[derive(Debug, Default)]
pub(crate) struct ProgressLine {
    hosts: usize,
    listed: usize,
    unlisted: usize,
    planned: usize,
    /// By position: a session may be deleted twice.
    deleted: HashSet<usize>,
    proven: usize,
    failed: usize,
    unknown: usize,
    /// By endpoint.
    at_work: HashMap<String, AtWork>,
}

/// A host that has something to answer.
#[derive(Debug)]
struct AtWork {
    name: String,
    /// When it last answered, or was first asked.
    since: Duration,
    is_listing: bool,
    /// Sessions without an outcome.
    left: usize,
}

impl ProgressLine {
    /// So many hosts are listed.
    pub(crate) fn list(&mut self, hosts: usize) {
        self.hosts = hosts;
    }

    /// A host is asked for its sessions.
    pub(crate) fn started(&mut self, url: &str, name: &str, now: Duration) {
        self.host(url, name, now).is_listing = true;
    }

    /// It has answered, or failed.
    pub(crate) fn listed(&mut self, url: &str, well: bool) {
        *(if well { &mut self.listed } else { &mut self.unlisted }) += 1;
        self.settle(url, |host| host.is_listing = false);
    }

    /// One more session is to be closed there.
    pub(crate) fn planned(&mut self, url: &str, name: &str, now: Duration) {
        self.planned += 1;
        self.host(url, name, now).left += 1;
    }

    /// Its Delete was answered.
    pub(crate) fn deleted(&mut self, url: &str, position: usize, now: Duration) {
        self.deleted.insert(position);
        if let Some(host) = self.at_work.get_mut(url) {
            host.since = now;
        }
    }

    /// It has its outcome. What was never begun counts as nothing.
    pub(crate) fn concluded(&mut self, url: &str, outcome: &Outcome, now: Duration) {
        match outcome {
            Outcome::Closed | Outcome::AlreadyGone => self.proven += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Unknown(_) => self.unknown += 1,
            _ => {}
        }
        self.settle(url, |host| {
            host.left = host.left.saturating_sub(1);
            host.since = now;
        });
    }

    /// Something of a host is done; perhaps it was the last.
    fn settle(&mut self, url: &str, change: impl FnOnce(&mut AtWork)) {
        let Some(host) = self.at_work.get_mut(url) else { return };
        change(host);
        if !host.is_listing && host.left == 0 {
            self.at_work.remove(url);
        }
    }

    fn host(&mut self, url: &str, name: &str, now: Duration) -> &mut AtWork {
        let host = AtWork { name: name.to_owned(), since: now, is_listing: false, left: 0 };
        self.at_work.entry(url.to_owned()).or_insert(host)
    }

    /// The line in at most `width` columns.
    pub(crate) fn text(&self, now: Duration, width: usize) -> String {
        let parts = [self.listing(), self.closing(), self.waiting(now)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        shortened_at_the_end(&parts.join("; "), width).into_owned()
    }

    fn listing(&self) -> Option<String> {
        let failed = if self.unlisted > 0 { format!(", {} failed", self.unlisted) } else { String::new() };
        (self.hosts >= MIN_HOSTS)
            .then(|| format!("listed {} of {}{failed}", self.listed, plural(self.hosts, "host")))
    }

    fn closing(&self) -> Option<String> {
        let counts = [(self.failed, "failed"), (self.unknown, "unknown")];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let others: String = counts.map(|(count, how)| format!(", {count} {how}")).collect();
        (self.planned > 0).then(|| {
            format!("deleted {}, proven {} of {}{others}", self.deleted.len(), self.proven, self.planned)
        })
    }

    fn waiting(&self, now: Duration) -> Option<String> {
        let waits = self.at_work.values().map(|host| (now.saturating_sub(host.since), &host.name));
        let mut slow: Vec<_> = waits.filter(|(wait, _)| *wait >= SLOW).collect();
        slow.sort_by(|(one, name), (other, other_name)| other.cmp(one).then(name.cmp(other_name)));
        let (longest, name) = slow.first()?;
        let more = if slow.len() > 1 { format!(" and {} more", slow.len() - 1) } else { String::new() };
        Some(format!("waiting for {name} ({} s){more}", longest.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use pssession::teardown::{NotStarted, UnknownReason};
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    const WIDE: usize = 200;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn listing() -> ProgressLine {
        let mut line = ProgressLine::default();
        line.list(200);
        for number in 0..200 {
            line.started(&format!("http://web{number}"), &format!("web{number}"), at(0));
        }
        for number in 0..180 {
            line.listed(&format!("http://web{number}"), true);
        }
        line
    }

    #[test]
    fn hosts_that_answered_are_counted_and_the_slowest_is_named() {
        let mut line = listing();
        assert_eq!(line.text(at(1), WIDE), "listed 180 of 200 hosts");
        assert_eq!(line.text(at(9), WIDE), "listed 180 of 200 hosts; waiting for web180 (9 s) and 19 more");
        (180..199).for_each(|number| line.listed(&format!("http://web{number}"), false));
        assert_eq!(line.text(at(9), WIDE), "listed 180 of 200 hosts, 19 failed; waiting for web199 (9 s)");
    }

    #[test]
    fn a_single_slow_host_is_named_and_not_counted() {
        let mut line = ProgressLine::default();
        line.list(1);
        line.started("http://web01", "web01", at(0));
        assert_eq!(line.text(at(1), WIDE), "");
        assert_eq!(line.text(at(3), WIDE), "waiting for web01 (3 s)");
    }

    #[test]
    fn what_was_deleted_proven_failed_and_unknown_is_counted_and_nothing_else() {
        let mut line = ProgressLine::default();
        (0..42).for_each(|_| line.planned("http://web01", "web01", at(0)));
        assert_eq!(line.text(at(1), WIDE), "deleted 0, proven 0 of 42");
        (0..12).for_each(|position| line.deleted("http://web01", position, at(1)));
        line.deleted("http://web01", 3, at(1));
        (0..8).for_each(|_| line.concluded("http://web01", &Outcome::Closed, at(2)));
        assert_eq!(line.text(at(2), WIDE), "deleted 12, proven 8 of 42");
        // An interrupt concludes the rest at once: nothing of it was closed.
        for _ in 0..28 {
            line.concluded("http://web01", &Outcome::NotStarted(NotStarted::Interrupted), at(3));
        }
        assert_eq!(line.text(at(3), WIDE), "deleted 12, proven 8 of 42");
        line.concluded("http://web01", &Outcome::Unknown(UnknownReason::TooLate), at(3));
        assert_eq!(line.text(at(3), WIDE), "deleted 12, proven 8 of 42, 1 unknown");
        assert_eq!(line.text(at(8), WIDE), "deleted 12, proven 8 of 42, 1 unknown; waiting for web01 (5 s)");
    }

    #[test]
    fn a_host_that_answers_again_and_again_keeps_nobody_waiting() {
        let mut line = ProgressLine::default();
        (0..9).for_each(|_| line.planned("http://web01", "web01", at(0)));
        for second in 0..9 {
            line.deleted("http://web01", 1, at(second));
            assert!(!line.text(at(second + 1), WIDE).contains("waiting"), "{second}");
        }
    }

    #[test]
    fn the_line_fits_any_terminal() {
        let line = listing();
        for width in 0..90 {
            let text = line.text(at(9), width);
            assert!(text.width() <= width.max(1), "{width}: {text}");
        }
        assert_eq!(line.text(at(9), 40), "listed 180 of 200 hosts; waiting for we…");
    }
}
