//! Which sessions are meant: selectors that pick, filters that narrow, misses that are reported.

use super::descriptor::SessionDescriptor;
use super::filter::Filter;
use super::keep_newest::KeepNewest;
use super::selector::{Miss, Picked, Selector};

/// Selectors and filters: different options must all agree, values of one option are alternatives.
///
/// Two entries of the same kind are different options: put all values of one option into one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionQuery {
    selectors: Vec<Selector>,
    filters: Vec<Filter>,
    keep_newest: Option<KeepNewest>,
}

/// What a query found among the sessions that it was shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Indexes of the chosen sessions, each once, at its first position.
    pub chosen: Vec<usize>,
    /// Selector values that found nothing, in the order in which they were given.
    pub misses: Vec<Miss>,
}

impl SessionQuery {
    /// Combines selectors and filters.
    #[must_use]
    pub fn new(selectors: Vec<Selector>, filters: Vec<Filter>) -> Self {
        Self { selectors, filters, keep_newest: None }
    }

    /// Leaves the newest sessions out of what the selectors and filters have chosen: the last thing that is done.
    #[must_use]
    pub fn keeping_newest(mut self, keep: KeepNewest) -> Self {
        self.keep_newest = Some(keep);
        self
    }

    /// Whether neither a selector nor a filter was given; keeping the newest counts as a filter. Such a query chooses
    /// everything, so whoever removes asks this first.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.selectors.is_empty() && self.filters.is_empty() && self.keep_newest.is_none()
    }

    /// Whether all filters let this session pass: what was chosen before and has changed since is judged again by them.
    #[must_use]
    pub fn admits(&self, session: &SessionDescriptor) -> bool {
        self.filters.iter().all(|filter| filter.admits(session))
    }

    /// Indexes of those sessions that are not among the newest to keep: the last step of a selection alone, for what was
    /// chosen before and has changed since.
    #[must_use]
    pub fn without_newest(&self, sessions: &[SessionDescriptor]) -> Vec<usize> {
        let mut chosen = (0..sessions.len()).collect();
        if let Some(keep) = &self.keep_newest {
            keep.narrow(&mut chosen, sessions);
        }
        chosen
    }

    /// Picks among `sessions`, which are in table order.
    ///
    /// The order is PowerShell's: the values of the first selector one after another, for each its sessions in table
    /// order, and each session once, at its first position; without a selector it is the table's. Misses are judged
    /// before filters, for each selector on its own and for each value: one that is given twice misses twice.
    #[must_use]
    pub fn select(&self, sessions: &[SessionDescriptor]) -> Selection {
        let mut misses = Vec::new();
        let mut picks = Vec::with_capacity(self.selectors.len());
        for selector in &self.selectors {
            picks.push(selector.pick(sessions, &mut misses));
        }
        let (first, others) = match picks.split_first() {
            Some((first, others)) => (first.clone(), others),
            None => (Picked::all(sessions), [].as_slice()),
        };
        let mut chosen = first.into_order();
        chosen.retain(|&index| {
            others.iter().all(|picked| picked.contains(index))
                && sessions.get(index).is_some_and(|session| self.admits(session))
        });
        if let Some(keep) = &self.keep_newest {
            keep.narrow(&mut chosen, sessions);
        }
        Selection { chosen, misses }
    }
}
