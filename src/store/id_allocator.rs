//! The Ids of new rows.

use std::collections::HashSet;

use crate::session::LocalId;

/// PowerShell's Id is an Int32, and so are those that are given here.
const MAX_ID: i64 = 2_147_483_647;

/// The highest Id after which the next ones are counted. An import may keep a higher one; were that counted, a single
/// object could use up all Ids.
pub(super) const MAX_COUNTED_ID: i64 = 1_000_000_000;

/// Gives Ids to the objects of one import: an object keeps its own when it is above every Id counted before that import
/// and no other session has it; else it gets the next free one.
#[derive(Debug)]
pub(super) struct IdAllocator {
    used_before: i64,
    highest: i64,
    kept: HashSet<i64>,
}

impl IdAllocator {
    /// `used_before` is the highest Id that was ever counted, `uncounted` are those above [`MAX_COUNTED_ID`] that sessions
    /// have; `wanted` are those that the objects come with.
    pub(super) fn new(
        used_before: i64,
        uncounted: impl IntoIterator<Item = i64>,
        wanted: impl Iterator<Item = LocalId>,
    ) -> Self {
        let counted = wanted.map(|id| id.0).filter(|id| *id <= MAX_COUNTED_ID);
        let highest = counted.fold(used_before, i64::max);
        Self { used_before, highest, kept: uncounted.into_iter().collect() }
    }

    /// The Id of the next object; `None` when all are used up.
    pub(super) fn give(&mut self, wanted: Option<LocalId>) -> Option<LocalId> {
        if let Some(LocalId(id)) = wanted
            && id > self.used_before
            && id <= MAX_ID
            && self.kept.insert(id)
        {
            return wanted;
        }
        self.next()
    }

    /// The next Id that no session has; `None` when all are used up.
    pub(super) fn next(&mut self) -> Option<LocalId> {
        self.highest = (self.highest..MAX_ID).map(|id| id + 1).find(|id| !self.kept.contains(id))?;
        Some(LocalId(self.highest))
    }

    /// The highest Id that counts as given.
    pub(super) fn counted(&self) -> i64 {
        self.highest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_keeps_its_id_only_above_every_id_used_before() {
        for (used, wanted, given) in [
            (0, vec![Some(1), Some(2)], vec![1, 2]),
            (5, vec![Some(3), Some(6), Some(7)], vec![8, 6, 7]),
            (5, vec![Some(5), None, Some(9), Some(9)], vec![10, 11, 9, 12]),
            (0, vec![Some(-1), Some(0), None], vec![1, 2, 3]),
            (0, vec![Some(i64::MAX), Some(MAX_ID + 1), Some(4)], vec![5, 6, 4]),
            (0, vec![Some(MAX_ID), None, Some(MAX_ID)], vec![MAX_ID, 1, 2]),
            (
                MAX_COUNTED_ID,
                vec![Some(MAX_COUNTED_ID + 1), None],
                vec![MAX_COUNTED_ID + 1, MAX_COUNTED_ID + 2],
            ),
            (MAX_ID - 1, vec![None], vec![MAX_ID]),
        ] {
            let wanted: Vec<_> = wanted.into_iter().map(|id| id.map(LocalId)).collect();
            let mut ids = IdAllocator::new(used, [], wanted.iter().copied().flatten());
            let got: Vec<_> = wanted.iter().map(|id| ids.give(*id).unwrap().0).collect();
            assert_eq!(got, given, "{wanted:?} after {used}");
        }
        for used_up in [MAX_ID, i64::MAX] {
            assert_eq!(IdAllocator::new(used_up, [], std::iter::empty()).give(None), None);
            assert_eq!(
                IdAllocator::new(MAX_COUNTED_ID, [MAX_COUNTED_ID + 1], std::iter::empty()).next().unwrap().0,
                MAX_COUNTED_ID + 2
            );
        }
    }
}
