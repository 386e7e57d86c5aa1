//! Text from a server or a file, made safe to show on a terminal.

use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint};
use icu_properties::{CodePointSetData, CodePointSetDataBorrowed};

/// Unicode's `Bidi_Control`: it changes the order in which what follows is shown.
const BIDI_CONTROL: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<BidiControl>();

/// Unicode's `Default_Ignorable_Code_Point`: nothing is shown of it.
const DEFAULT_IGNORABLE: CodePointSetDataBorrowed<'static> =
    CodePointSetData::new::<DefaultIgnorableCodePoint>();

/// `text` on one line: runs of white space become one space, what [`is_printable`] denies is spelt out as by
/// [`printable`], and what exceeds `limit` characters is cut with an ellipsis.
#[must_use]
pub fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut room = limit;
    for word in text.split_whitespace() {
        let gap = if line.is_empty() { None } else { Some(' ') };
        for character in gap.into_iter().chain(word.chars()) {
            let before = line.len();
            push_shown(&mut line, character);
            // Each character of an escape takes one byte.
            let taken = if is_printable(character) { 1 } else { line.len() - before };
            match room.checked_sub(taken) {
                Some(left) => room = left,
                None => {
                    line.truncate(before);
                    line.push('…');
                    return line;
                }
            }
        }
    }
    line
}

/// `text` with each character that [`is_printable`] denies spelt out: `\n`, `\r`, `\t`, and others by their code point,
/// as `\u{202e}`.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|character| push_shown(&mut shown, character));
    shown
}

/// Whether a reader sees this character as what it is. A terminal obeys control characters and breaks the line at
/// separators; those with the properties `Bidi_Control` or `Default_Ignorable_Code_Point` of the Unicode Character
/// Database (UAX #44, Property Index) reorder text or are not seen at all.
#[must_use]
pub fn is_printable(character: char) -> bool {
    match character {
        ' '..='~' => true,
        '\u{2028}' | '\u{2029}' => false,
        other => !other.is_control() && !BIDI_CONTROL.contains(other) && !DEFAULT_IGNORABLE.contains(other),
    }
}

fn push_shown(shown: &mut String, character: char) {
    match character {
        '\n' | '\r' | '\t' => shown.extend(character.escape_default()),
        other if is_printable(other) => shown.push(other),
        other => shown.extend(other.escape_unicode()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_of_any_length_becomes_one_space() {
        assert_eq!(one_line("  Access\r\n\tis   denied. ", 80), "Access is denied.");
    }

    #[test]
    fn what_a_terminal_would_obey_or_hide_is_spelt_out() {
        assert_eq!(one_line("a\u{9b}31mb\u{7f}\u{202e}c", 80), r"a\u{9b}31mb\u{7f}\u{202e}c");
        assert_eq!(printable("a\u{200b}\u{ad}\u{e0041}\u{2028}b"), r"a\u{200b}\u{ad}\u{e0041}\u{2028}b");
    }

    #[test]
    fn ordinary_text_of_any_script_stays_as_it_is() {
        assert_eq!(printable("Jürgen 東京 🙂"), "Jürgen 東京 🙂");
        assert_eq!(printable("a\r\n\tb\u{1b}[2J"), r"a\r\n\tb\u{1b}[2J");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(one_line("four five", 4), "four…");
        assert_eq!(one_line("four", 4), "four");
        assert_eq!(one_line("ééé", 2), "éé…");
        // An escape is shown whole or not at all.
        assert_eq!(one_line("a\u{202e}b", 10), r"a\u{202e}b");
        assert_eq!(one_line("a\u{202e}b", 8), "a…");
    }

    /// `fixtures/unicode/README.md` says where the ranges come from.
    #[test]
    fn what_is_not_printable_is_what_the_unicode_character_database_says() {
        let ranges: Vec<(u32, u32)> = include_str!("../../fixtures/unicode/not-printable.txt")
            .lines()
            .filter_map(|line| line.split_whitespace().next()?.split_once(".."))
            .map(|(from, to)| [from, to].map(|code| u32::from_str_radix(code, 16).unwrap()).into())
            .collect();
        for character in '\0'..=char::MAX {
            let code = u32::from(character);
            let listed = ranges.iter().any(|(from, to)| (*from..=*to).contains(&code));
            assert_eq!(is_printable(character), !listed, "{code:04X}");
        }
    }
}
