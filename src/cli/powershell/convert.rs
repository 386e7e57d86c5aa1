//! Text to values, the way PowerShell's language converts them.

use pssession::session::IdRange;

use super::preferences::Word;

/// An Int32: blanks around it, `0x10` and decimals (rounded half to even) are fine, and empty text is 0.
pub(super) fn int32(text: &str) -> Option<i32> {
    let text = text.trim();
    if text.is_empty() {
        return Some(0);
    }
    whole(text).or_else(|| decimal(text))
}

/// A number, or a range with both ends, up or down.
pub(super) fn id_range(text: &str) -> Option<IdRange> {
    match text.split_once("..") {
        // An end is a whole number: `1...5` is a slip of the finger, not the range from 1 to 0.5.
        Some((first, last)) => {
            Some(IdRange { first: whole(first.trim())?.into(), last: whole(last.trim())?.into() })
        }
        None => int32(text).map(|number| IdRange::single(number.into())),
    }
}

/// What is read as numbers at position 0: digits and ranges of digits.
pub(super) fn is_number_or_range(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once("..").map_or(digits(text), |(first, last)| digits(first) && digits(last))
}

/// A switch: `$true`, `$false`, the same words without the dollar sign, and numbers.
pub(super) fn switch(text: &str) -> Option<bool> {
    let word = text.strip_prefix('$').unwrap_or(text);
    if word.eq_ignore_ascii_case("true") {
        Some(true)
    } else if word.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        whole(text).map(|number| number != 0)
    }
}

/// A word of an enumeration in any case, an unambiguous beginning of one, or its number. Otherwise the words that it
/// may have been: those that it begins, or all.
pub(super) fn choose<T: Copy>(text: &str, words: &[Word<T>]) -> Result<T, Vec<&'static str>> {
    let text = text.trim();
    let exact = words.iter().find(|row| row.word.eq_ignore_ascii_case(text));
    if let Some(row) = exact.or_else(|| words.iter().find(|row| whole(text) == Some(row.number))) {
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

fn whole(text: &str) -> Option<i32> {
    let (negative, digits) = signed(text);
    let Some(hexadecimal) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) else {
        return text.parse().ok();
    };
    // A second sign is none.
    if !hexadecimal.starts_with(|first: char| first.is_ascii_hexdigit()) {
        return None;
    }
    let magnitude = i64::from_str_radix(hexadecimal, 16).ok()?;
    i32::try_from(if negative { magnitude.checked_neg()? } else { magnitude }).ok()
}

/// A decimal, rounded to the nearest whole number, half to even.
fn decimal(text: &str) -> Option<i32> {
    let (negative, digits) = signed(text);
    let (integer, fraction) = digits.split_once('.')?;
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(all_digits(integer) && all_digits(fraction)) || (integer.is_empty() && fraction.is_empty()) {
        return None;
    }
    let floor: i64 = if integer.is_empty() { 0 } else { integer.parse().ok()? };
    let half = fraction.trim_end_matches('0').cmp("5");
    let up = match half {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => floor.checked_rem(2)?,
        std::cmp::Ordering::Greater => 1,
    };
    let magnitude = floor.checked_add(up)?;
    i32::try_from(if negative { magnitude.checked_neg()? } else { magnitude }).ok()
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::powershell::preferences::{ACTIONS, AUTHENTICATIONS, ActionPreference, Authentication};

    /// Section 1: surrounding blanks, `0x10`, a decimal rounded half to even; empty text becomes 0.
    #[test]
    fn integers_are_read_as_the_language_reads_them() {
        for (text, number) in [
            ("7", 7),
            (" 7 ", 7),
            ("+7", 7),
            ("-7", -7),
            ("007", 7),
            ("", 0),
            ("  ", 0),
            ("0x10", 16),
            ("0XfF", 255),
            ("-0x10", -16),
            ("1.4", 1),
            ("1.5", 2),
            ("2.5", 2),
            ("2.50001", 3),
            ("2.500", 2),
            ("3.5", 4),
            ("-1.5", -2),
            ("-2.5", -2),
            (".5", 0),
            ("5.", 5),
            ("1.6", 2),
            ("1.49999", 1),
            ("2147483647", i32::MAX),
            ("-2147483648", i32::MIN),
        ] {
            assert_eq!(int32(text), Some(number), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_int32_is_not_read() {
        for text in [
            "abc",
            "*",
            "2147483648",
            "-2147483649",
            "2147483647.5",
            "0x",
            "0xg",
            "0x+1",
            "0x80000000",
            "1.2.3",
            ".",
            "-",
            "--1",
            "1 2",
            "1.x",
            "99999999999999999999.5",
            "\u{0661}",
        ] {
            assert_eq!(int32(text), None, "{text:?}");
        }
    }

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
            ("$null", None),
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
        assert_eq!(choose("negotiate", AUTHENTICATIONS), Ok(Authentication::Negotiate));
        assert_eq!(choose("nego", AUTHENTICATIONS).unwrap_err().len(), 2);
        assert_eq!(choose("K", AUTHENTICATIONS), Ok(Authentication::Kerberos));
    }
}
