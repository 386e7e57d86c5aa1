//! Finding what stands between two stars, by the bit-parallel Shift-And method (Baeza-Yates and Gonnet, "A New Approach to
//! Text Searching"): one bit for each place, so that a unit costs one step for each 64 places, whatever the text is.

use super::MAX_PATTERN;
use super::unit::{Place, lower};

const BITS: usize = 64;

/// The words of the longest needle; they live on the stack while a text is searched.
const MAX_WORDS: usize = MAX_PATTERN.div_ceil(BITS);

/// Some places, to be found together and in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needle {
    places: usize,
    words: usize,
    /// In the order of their first units; the first begins at zero.
    classes: Vec<Class>,
}

/// The units from `first` to the next class, all of which the same places accept.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Class {
    first: u16,
    /// A bit for each place that accepts them.
    accepting: Box<[u64]>,
}

impl Needle {
    /// At most [`MAX_PATTERN`] places, and at least one.
    pub(super) fn new(places: &[Place]) -> Self {
        let words = places.len().div_ceil(BITS);
        let ranges: Vec<_> = places.iter().map(Place::ranges).collect();
        let mut firsts = vec![0];
        for range in ranges.iter().flatten() {
            firsts.push(*range.start());
            firsts.extend(range.end().checked_add(1));
        }
        firsts.sort_unstable();
        firsts.dedup();
        let class = |first| Class { first, accepting: vec![0; words].into_boxed_slice() };
        let mut classes: Vec<Class> = firsts.into_iter().map(class).collect();
        for (place, ranges) in ranges.iter().enumerate() {
            for range in ranges {
                let from = classes.partition_point(|class| class.first < *range.start());
                let inside = classes.iter_mut().skip(from).take_while(|class| class.first <= *range.end());
                for word in inside.filter_map(|class| class.accepting.get_mut(place / BITS)) {
                    *word |= 1 << (place % BITS);
                }
            }
        }
        Self { places: places.len(), words, classes }
    }

    /// Where its first occurrence ends, in units from where `units` stands, and moves `units` there. `on_step` is
    /// called for each word of each unit.
    pub(super) fn find(&self, units: impl Iterator<Item = u16>, on_step: impl FnMut()) -> Option<usize> {
        match self.words {
            1 => self.find_with([0; 1], units, on_step),
            _ => self.find_with([0; MAX_WORDS], units, on_step),
        }
    }

    /// In `state`, bit n says that the last n + 1 units are what the first n + 1 places accept.
    fn find_with<const WORDS: usize>(
        &self,
        mut state: [u64; WORDS],
        units: impl Iterator<Item = u16>,
        mut on_step: impl FnMut(),
    ) -> Option<usize> {
        let state = state.get_mut(..self.words)?;
        let found = 1_u64 << ((self.places - 1) % BITS);
        for (at, unit) in units.enumerate() {
            let mut carried = 1;
            for (word, accepting) in state.iter_mut().zip(self.accepting(lower(unit))) {
                on_step();
                let carry = *word >> (BITS - 1);
                *word = (*word << 1 | carried) & accepting;
                carried = carry;
            }
            if state.last().is_some_and(|last| last & found != 0) {
                return Some(at + 1);
            }
        }
        None
    }

    fn accepting(&self, lowered: u16) -> &[u64] {
        let behind = self.classes.partition_point(|class| class.first <= lowered);
        behind.checked_sub(1).and_then(|at| self.classes.get(at)).map_or(&[], |class| &class.accepting)
    }
}
