//! Text to values, the way PowerShell's language converts them.

use pssession::interchange::dotnet_int32;
pub(super) use pssession::interchange::powershell_int32 as int32;
use pssession::session::IdRange;

use super::preferences::Word;

/// A number, or a range with both ends, up or down.
pub(super) fn id_range(text: &str) -> Option<IdRange> {
    match text.split_once("..") {
        // An end is a whole number: `1...5` is a slip of the finger, not the range from 1 to 0.5.
        Some((first, last)) => Some(IdRange {
            first: dotnet_int32(first.trim())?.into(),
            last: dotnet_int32(last.trim())?.into(),
        }),
        None => int32(text).map(|number| IdRange::single(number.into())),
    }
}

/// What is read as numbers at position 0: digits and ranges of digits.
pub(super) fn is_number_or_range(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once("..").map_or(digits(text), |(first, last)| digits(first) && digits(last))
}

/// A switch: `$true`, `$false` or `$null`, the first two also without the dollar sign, and numbers.
pub(super) fn switch(text: &str) -> Option<bool> {
    let word = text.strip_prefix('$').unwrap_or(text);
    if word.eq_ignore_ascii_case("true") {
        Some(true)
    } else if word.eq_ignore_ascii_case("false") || text.eq_ignore_ascii_case("$null") {
        Some(false)
    } else {
        // Also what would round to 0.
        text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(|number| number != 0.0)
    }
}

/// A word of an enumeration in any case, an unambiguous beginning of one, or its number. Otherwise the words that it
/// may have been: those that it begins, or all.
pub(super) fn choose<T: Copy>(text: &str, words: &[Word<T>]) -> Result<T, Vec<&'static str>> {
    let text = text.trim();
    let exact = words.iter().find(|row| row.word.eq_ignore_ascii_case(text));
    if let Some(row) = exact.or_else(|| words.iter().find(|row| dotnet_int32(text) == Some(row.number))) {
        return Ok(row.value);
    }
    let begins =
        |row: &&Word<T>| row.word.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
    let begun: Vec<&Word<T>> = words.iter().filter(begins).collect();
    match begun.as_slice() {
        [only] if !text.is_empty() => Ok(only.value),
        [] => Err(words.iter().map(|row| row.word).collect()),
        several => Err(several.iter().map(|row| row.word).collect()),
    }
}

#[cfg(test)]
mod tests {
    use pssession::AuthScheme;

    use super::*;
    use crate::cli::powershell::preferences::{ACTIONS, AUTHENTICATIONS, ActionPreference};

    /// Section 1: `a..b` inclusive, ascending or descending, both ends required.
    #[test]
    fn a_range_goes_up_or_down_and_needs_both_ends() {
        let range = |first, last| Some(IdRange { first, last });
        assert_eq!(id_range("3..5"), range(3, 5));
        assert_eq!(id_range("5..3"), range(5, 3));
        assert_eq!(id_range("-2..0x2"), range(-2, 2));
        assert_eq!(id_range(" 1 .. 2 "), range(1, 2));
        assert_eq!(id_range("4"), range(4, 4));
        for text in ["3..", "..5", "..", "1...5", "1..2..3", "a..b", "1..2147483648", "1.5..3"] {
            assert_eq!(id_range(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_digits_and_ranges_of_digits_look_like_numbers() {
        for text in ["3", "12", "1..5"] {
            assert!(is_number_or_range(text), "{text}");
        }
        for text in ["", "-3", "0x10", "1.5", "10.0.0.1", "1..", "..1", "web01", "1..2..3"] {
            assert!(!is_number_or_range(text), "{text}");
        }
    }

    #[test]
    fn a_switch_takes_true_false_and_numbers() {
        for (text, value) in [
            ("$true", Some(true)),
            ("$False", Some(false)),
            ("TRUE", Some(true)),
            ("false", Some(false)),
            ("0", Some(false)),
            ("1", Some(true)),
            ("$null", Some(false)),
            ("null", None),
            ("2.5", Some(true)),
            ("0.0", Some(false)),
            ("nan", None),
            ("yes", None),
            ("", None),
            ("$1x", None),
        ] {
            assert_eq!(switch(text), value, "{text:?}");
        }
    }

    #[test]
    fn a_word_of_an_enumeration_may_be_abbreviated_while_it_is_unambiguous() {
        use ActionPreference::{Continue, SilentlyContinue, Stop};
        assert_eq!(choose("stop", ACTIONS), Ok(Stop));
        assert_eq!(choose(" SI ", ACTIONS), Ok(SilentlyContinue));
        assert_eq!(choose("2", ACTIONS), Ok(Continue));
        assert_eq!(choose("s", ACTIONS), Err(vec!["SilentlyContinue", "Stop", "Suspend"]));
        for text in ["", "7", "-1", "halt"] {
            assert_eq!(choose(text, ACTIONS).unwrap_err().len(), ACTIONS.len(), "{text:?}");
        }
        // The whole word wins over the longer one that it begins.
        assert_eq!(choose("negotiate", AUTHENTICATIONS), Ok(Ok(AuthScheme::Negotiate)));
        assert_eq!(choose("nego", AUTHENTICATIONS).unwrap_err().len(), 2);
        assert_eq!(choose("K", AUTHENTICATIONS), Ok(Ok(AuthScheme::Kerberos)));
    }
}
