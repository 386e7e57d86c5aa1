//! Texts that come again and again, kept once.

use std::sync::Arc;

/// How many texts are remembered: what one host's shells, or the rows of one host, have in common.
const REMEMBERED: usize = 16;

/// Gives equal texts the same memory, as far as it remembers them: the latest few. So unlike texts cost little time.
#[derive(Debug, Default)]
pub struct Interner {
    texts: Vec<Arc<str>>,
    /// Where the next text goes when all places are taken.
    next: usize,
}

impl Interner {
    /// The text, shared with those before that are equal.
    #[must_use]
    pub fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.iter().find(|known| ***known == *text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        if let Some(place) = self.texts.get_mut(self.next).filter(|_| self.next < REMEMBERED) {
            *place = Arc::clone(&new);
        } else {
            self.texts.push(Arc::clone(&new));
        }
        self.next = (self.next + 1) % REMEMBERED;
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_kept_once_and_only_the_latest_are_remembered() {
        let mut interner = Interner::default();
        let first = interner.intern("a");
        assert!(Arc::ptr_eq(&first, &interner.intern("a")));
        for number in 0..2 * REMEMBERED {
            assert_eq!(*interner.intern(&number.to_string()), *number.to_string());
        }
        assert!(!Arc::ptr_eq(&first, &interner.intern("a")));
        assert_eq!(interner.texts.len(), REMEMBERED);
        let latest = interner.intern("a");
        assert!(Arc::ptr_eq(&latest, &interner.intern("a")));
    }
}
