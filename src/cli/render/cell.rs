//! One cell of a table: its text, measured in the columns of a terminal, and what its colour means.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// What stands for the part of a text that is left out.
const ELLIPSIS: &str = "…";

/// What stands where nothing is known: a blank would move the next field to its place for awk.
const NOTHING: &str = "-";

/// What a colour means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Meaning {
    #[default]
    None,
    /// Closed.
    Good,
    /// Failed.
    Bad,
    /// Unknown, or idle beyond a day.
    Doubtful,
    /// Disconnected.
    Inactive,
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) meaning: Meaning,
}

impl Cell {
    /// A cell with this text; a dash where there is none.
    pub(super) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let text = if text.is_empty() { NOTHING.to_owned() } else { text };
        Self { text, meaning: Meaning::None }
    }

    /// A cell with this text, also where there is none.
    pub(super) fn verbatim(text: String) -> Self {
        Self { text, meaning: Meaning::None }
    }

    pub(super) fn meaning(self, meaning: Meaning) -> Self {
        Self { meaning, ..self }
    }

    /// How many columns it takes.
    pub(super) fn width(&self) -> usize {
        self.text.width()
    }
}

impl Meaning {
    /// The text in its colour: one of the sixteen that each terminal shows readably on its own background.
    pub(super) fn paint(self, text: &str) -> Cow<'_, str> {
        let code = match self {
            Self::None => return Cow::Borrowed(text),
            Self::Good => "32",
            Self::Bad => "31",
            Self::Doubtful => "33",
            Self::Inactive => "2",
        };
        Cow::Owned(format!("\u{1b}[{code}m{text}\u{1b}[0m"))
    }
}

/// The text in at most `width` columns: what is too much is left out of its middle.
pub(crate) fn shortened_in_the_middle(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let room = width.saturating_sub(ELLIPSIS.width());
    let head = fitting(text.graphemes(true), room.div_ceil(2));
    // A wide character may have left a column free.
    let rest = room.saturating_sub(head.width());
    let mut tail: Vec<&str> = Vec::new();
    let mut left = rest;
    for grapheme in text.graphemes(true).rev() {
        match left.checked_sub(grapheme.width()) {
            Some(rest) => left = rest,
            None => break,
        }
        tail.push(grapheme);
    }
    tail.reverse();
    Cow::Owned(format!("{head}{ELLIPSIS}{}", tail.concat()))
}

/// An account in at most `width` columns: of `CONTOSO\\ci-runner` the name tells more than the domain, which it shares
/// with others.
pub(crate) fn shortened_account(text: &str, width: usize) -> Cow<'_, str> {
    let Some((authority, name)) = text.split_once('\\').filter(|_| text.width() > width) else {
        return shortened_in_the_middle(text, width);
    };
    match width.checked_sub(name.width() + ELLIPSIS.width() + 1) {
        Some(room) => Cow::Owned(format!("{}{ELLIPSIS}\\{name}", fitting(authority.graphemes(true), room))),
        None => shortened_in_the_middle(name, width),
    }
}

/// The text in at most `width` columns: what is too much is left out at its end.
pub(crate) fn shortened_at_the_end(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let head = fitting(text.graphemes(true), width.saturating_sub(ELLIPSIS.width()));
    Cow::Owned(format!("{head}{ELLIPSIS}"))
}

/// As many of these as fit.
fn fitting<'a>(graphemes: impl Iterator<Item = &'a str>, width: usize) -> String {
    let mut left = width;
    let fits = graphemes.take_while(|grapheme| match left.checked_sub(grapheme.width()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    });
    fits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shortened_in_its_middle_to_the_columns_it_may_take() {
        for (text, width, shown) in [
            ("ci-runner", 9, "ci-runner"),
            ("ci-runner", 8, "ci-r…ner"),
            ("ci-runner", 7, "ci-…ner"),
            ("CONTOSO\\ci-runner", 10, "CONTO…nner"),
            // Two columns each: 夜間 is four, and a fifth would be half a character.
            ("夜間ビルド夜間", 10, "夜間…夜間"),
            ("夜間ビルド夜間", 9, "夜間…夜間"),
            ("夜間ビルド", 8, "夜間…ド"),
            // An accent stays with its letter, and takes no column.
            ("re\u{301}sume\u{301} build", 6, "re\u{301}s…ld"),
            ("🚀🚀🚀🚀", 7, "🚀…🚀🚀"),
            ("👍🏽👍🏽👍🏽", 5, "👍🏽…👍🏽"),
            ("abc", 1, "…"),
        ] {
            let shortened = shortened_in_the_middle(text, width);
            assert_eq!(shortened, shown, "{text} in {width}");
            assert!(shortened.width() <= width, "{text} in {width}");
        }
    }

    #[test]
    fn of_an_account_the_domain_is_shortened_first() {
        for (text, width, shown) in [
            ("CONTOSO\\ci-runner", 17, "CONTOSO\\ci-runner"),
            ("CONTOSO\\ci-runner", 16, "CONTO…\\ci-runner"),
            ("CONTOSO\\ci-runner", 11, "…\\ci-runner"),
            ("CONTOSO\\ci-runner", 10, "ci-runner"),
            ("CONTOSO\\ci-runner", 8, "ci-r…ner"),
            ("佐藤商事\\夜間", 9, "佐…\\夜間"),
            ("alice@contoso.example", 12, "alice@…ample"),
        ] {
            let shortened = shortened_account(text, width);
            assert_eq!(shortened, shown, "{text} in {width}");
            assert!(shortened.width() <= width, "{text} in {width}");
        }
    }

    #[test]
    fn a_text_is_shortened_at_its_end_without_half_a_character() {
        for (text, width, shown) in [
            ("access denied", 13, "access denied"),
            ("access denied", 8, "access …"),
            ("夜間ビルド", 6, "夜間…"),
            ("夜間ビルド", 5, "夜間…"),
            ("夜間ビルド", 4, "夜…"),
        ] {
            assert_eq!(shortened_at_the_end(text, width), shown, "{text} in {width}");
        }
    }

    #[test]
    fn a_cell_without_text_is_a_dash() {
        assert_eq!(Cell::new("").text, "-");
        assert_eq!(Cell::new("x").text, "x");
    }

    #[test]
    fn only_what_means_something_is_painted() {
        assert_eq!(Meaning::None.paint("Opened"), "Opened");
        assert_eq!(Meaning::Good.paint("Closed"), "\u{1b}[32mClosed\u{1b}[0m");
        assert_eq!(Meaning::Bad.paint("Failed"), "\u{1b}[31mFailed\u{1b}[0m");
        assert_eq!(Meaning::Doubtful.paint("Unknown"), "\u{1b}[33mUnknown\u{1b}[0m");
        assert_eq!(Meaning::Inactive.paint("Disconnected"), "\u{1b}[2mDisconnected\u{1b}[0m");
    }
}
