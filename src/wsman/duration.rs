//! `xs:duration` to and from [`Duration`]: the three shapes that Windows writes, and more.

use std::fmt::Write as _;
use std::time::Duration;

use super::decimal::push_decimal;

/// Appends `PT60S`, or `PT0.500S` where there are milliseconds; anything finer is dropped.
pub fn write_duration(out: &mut String, duration: Duration) {
    let millis = duration.subsec_millis();
    out.push_str("PT");
    push_decimal(out, duration.as_secs());
    if millis > 0 {
        let _ = write!(out, ".{millis:03}");
    }
    out.push('S');
}

/// Reads an `xs:duration` without years and months, such as `PT7200.000S` or `P0DT0H1M2S`, to the millisecond;
/// `None` for any other text, a negative duration, or one that overflows 64 bits of milliseconds.
#[must_use]
pub fn read_duration(text: &str) -> Option<Duration> {
    let rest = text.trim().strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None if rest.is_empty() => return None,
        None => (rest, ""),
    };
    let days = read_fields(date, &DATE_UNITS)?;
    let clock = read_fields(time, &TIME_UNITS)?;
    days.checked_add(clock).map(Duration::from_millis)
}

/// A designator, and its length in milliseconds.
type Unit = (char, u64);

const SECOND: u64 = 1_000;
const DAY: u64 = 24 * 60 * 60 * SECOND;
const DATE_UNITS: [Unit; 2] = [('W', 7 * DAY), ('D', DAY)];
const TIME_UNITS: [Unit; 3] = [('H', 60 * 60 * SECOND), ('M', 60 * SECOND), ('S', SECOND)];

/// Adds up `1H2M3.5S`: each unit at most once and in the order of `units`, a fraction only of seconds.
fn read_fields(text: &str, units: &[Unit]) -> Option<u64> {
    let mut total = 0_u64;
    let mut rest = text;
    let mut units = units.iter();
    while !rest.is_empty() {
        let (number, designator, after) = split_field(rest)?;
        let &(_, unit) = units.find(|unit| unit.0 == designator)?;
        let amount = match number.split_once('.') {
            Some((whole, fraction)) if designator == 'S' => {
                read_whole(whole)?.checked_mul(unit)?.checked_add(read_millis(fraction)?)?
            }
            _ => read_whole(number)?.checked_mul(unit)?,
        };
        total = total.checked_add(amount)?;
        rest = after;
    }
    Some(total)
}

/// Splits `1H2M` into `1`, `H` and `2M`.
fn split_field(text: &str) -> Option<(&str, char, &str)> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, tail) = text.split_at_checked(at)?;
    let mut characters = tail.chars();
    let designator = characters.next()?;
    Some((number, designator, characters.as_str()))
}

fn read_whole(digits: &str) -> Option<u64> {
    // `u64::from_str` would also take a plus sign, but split_field has let nothing but digits and dots through.
    digits.parse().ok()
}

/// Reads the digits behind the point as milliseconds; finer ones are dropped.
fn read_millis(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let weights = [100_u64, 10, 1];
    Some(digits.bytes().zip(weights).map(|(digit, weight)| u64::from(digit - b'0') * weight).sum())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn millis(text: &str) -> Option<u128> {
        read_duration(text).map(|duration| duration.as_millis())
    }

    #[test]
    fn the_shapes_that_windows_writes_are_read() {
        assert_eq!(millis("PT20S"), Some(20_000));
        assert_eq!(millis("PT7200.000S"), Some(7_200_000));
        assert_eq!(millis("P0DT0H1M2S"), Some(62_000));
        assert_eq!(millis("PT2147483.647S"), Some(2_147_483_647));
    }

    #[test]
    fn weeks_days_hours_and_fractions_are_read() {
        assert_eq!(millis("P1W"), Some(604_800_000));
        assert_eq!(millis("P2D"), Some(172_800_000));
        assert_eq!(millis("P1DT1H"), Some(90_000_000));
        assert_eq!(millis("PT0.5S"), Some(500));
        assert_eq!(millis("PT0.0019999S"), Some(1));
        assert_eq!(millis(" PT1M "), Some(60_000));
        assert_eq!(millis("PT0S"), Some(0));
    }

    #[test]
    fn what_is_no_duration_is_none() {
        let bad = [
            "", "P", "PT", "P1DT", "T1S", "1S", "PT1", "PTS", "PT.S", "PT.5S", "PT5.S", "PT1.2.3S", "PT1.5M",
            "P1S", "PT1D", "PT1S1M", "PT1S1S", "P1D1W", "pt1s", "PT+1S", "PT 1S", "PT1S x", "PT١S", "PTT1S",
            "Pé", "PT1é",
        ];
        for text in bad {
            assert_eq!(read_duration(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_negative_duration_is_none() {
        assert_eq!(read_duration("-PT1S"), None);
        assert_eq!(read_duration("PT-1S"), None);
    }

    #[test]
    fn years_and_months_have_no_fixed_length_and_are_none() {
        assert_eq!(read_duration("P1Y"), None);
        assert_eq!(read_duration("P1M"), None);
        assert_eq!(read_duration("P1Y2M3DT1S"), None);
    }

    #[test]
    fn an_overflow_is_none_and_the_largest_is_not() {
        assert_eq!(millis("PT18446744073709551.615S"), Some(u128::from(u64::MAX)));
        for text in
            ["PT18446744073709551.616S", "PT18446744073709551616S", "P99999999999999W", "P213503982335DT1H"]
        {
            assert_eq!(read_duration(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_to_the_millisecond(ms in any::<u64>()) {
            let mut text = String::new();
            write_duration(&mut text, Duration::from_millis(ms));
            prop_assert_eq!(read_duration(&text), Some(Duration::from_millis(ms)));
        }

        #[test]
        fn no_text_panics(text in "[-+P0-9.WDTHMSYé ]{0,24}") {
            let _ = read_duration(&text);
        }
    }
}
