//! On which line something stands.

use super::ObjectPosition;

/// Counts the lines of a text as a reader goes through it.
pub(super) struct Lines<'t> {
    text: &'t str,
    counted: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, counted: 0, line: 1 }
    }

    /// The line of what begins at this offset, or below the white space there. Offsets must not descend.
    pub(super) fn at(&mut self, offset: usize) -> ObjectPosition {
        let rest = self.text.get(offset..).unwrap_or_default();
        let begin = offset + (rest.len() - rest.trim_start().len());
        self.line += self.text.get(self.counted..begin).unwrap_or_default().matches('\n').count();
        self.counted = self.counted.max(begin);
        ObjectPosition::Line(self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_belongs_to_what_follows_it() {
        let mut lines = Lines::of("a\n\n b c\n");
        let found = [0, 1, 4, 6, 7, 99].map(|offset| lines.at(offset));
        assert_eq!(found, [1, 3, 3, 3, 4, 4].map(ObjectPosition::Line));
    }
}
