//! Text from a server or a file, made safe to show on a terminal.

/// `text` on one line: runs of white space become one space, control characters and the marks that reorder text on
/// a terminal become U+FFFD, and what exceeds `limit` characters is cut with an ellipsis.
#[must_use]
pub fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut room = limit;
    for word in text.split_whitespace() {
        let gap = if line.is_empty() { None } else { Some(' ') };
        for character in gap.into_iter().chain(word.chars()) {
            if room == 0 {
                line.push('…');
                return line;
            }
            room -= 1;
            line.push(shown(character));
        }
    }
    line
}

/// `text` with each control character, and each invisible one that would mislead a reader, as U+FFFD.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(shown).collect()
}

fn shown(character: char) -> char {
    if deceives(character) { char::REPLACEMENT_CHARACTER } else { character }
}

/// Control characters, and the format characters that hide or reorder what follows.
fn deceives(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_of_any_length_becomes_one_space() {
        assert_eq!(one_line("  Access\r\n\tis   denied. ", 80), "Access is denied.");
    }

    #[test]
    fn what_a_terminal_would_obey_is_replaced() {
        assert_eq!(one_line("a\u{9b}31mb\u{7f}\u{202e}c", 80), "a\u{fffd}31mb\u{fffd}\u{fffd}c");
    }

    #[test]
    fn ordinary_text_of_any_script_stays_as_it_is() {
        assert_eq!(printable("Jürgen 東京 🙂"), "Jürgen 東京 🙂");
        assert_eq!(printable("a\nb\u{1b}[2J"), "a\u{fffd}b\u{fffd}[2J");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(one_line("four five", 4), "four…");
        assert_eq!(one_line("four", 4), "four");
        assert_eq!(one_line("ééé", 2), "éé…");
    }
}
