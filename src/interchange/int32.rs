//! Text to an Int32, the way PowerShell converts it: .NET's converter first, then PowerShell's own number literals
//! (about_Numeric_Literals), rounded to the nearest whole number, half to even.

/// A text as an Int32, as PowerShell's language converts it: white space around it is ignored, empty text is 0, and
/// number literals are allowed (about_Numeric_Literals). `None` for what PowerShell cannot convert.
#[must_use]
pub fn powershell_int32(text: &str) -> Option<i32> {
    let text = text.trim_matches(is_blank);
    if text.is_empty() {
        return Some(0);
    }
    dotnet_int32(text).or_else(|| literal(text))
}

/// A text as an Int32, as .NET's own converter reads it: decimal or hexadecimal, without the rest of PowerShell's
/// literals.
#[must_use]
pub fn dotnet_int32(text: &str) -> Option<i32> {
    text.parse().ok().or_else(|| hexadecimal(text))
}

/// What .NET trims: Unicode's white space.
fn is_blank(character: char) -> bool {
    character.is_whitespace()
}

/// `0x10`, `&h10`, `#10`: up to 32 bits, of which the first is the sign.
fn hexadecimal(text: &str) -> Option<i32> {
    let digits = ["0x", "0X", "&h", "&H", "#"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    if !digits.starts_with(|first: char| first.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok().map(u32::cast_signed)
}

/// The dashes that PowerShell takes for a minus sign: hyphen-minus, en dash, em dash, horizontal bar.
const MINUS: [char; 4] = ['-', '\u{2013}', '\u{2014}', '\u{2015}'];

/// The multiplier at the end, and what it stands for.
const MULTIPLIERS: [(&str, i128, f64); 6] = [
    ("kb", 1 << 10, 1_024.0),
    ("mb", 1 << 20, 1_048_576.0),
    ("gb", 1 << 30, 1_073_741_824.0),
    ("tb", 1 << 40, 1_099_511_627_776.0),
    ("pb", 1 << 50, 1_125_899_906_842_624.0),
    ("", 1, 1.0),
];

/// What a literal's suffix says of its type; of several that fit, the longer stands first.
const SUFFIXES: [(&str, Suffix); 10] = [
    ("uy", Suffix { bits: Some(8), signed: false }),
    ("us", Suffix { bits: Some(16), signed: false }),
    ("ul", Suffix { bits: Some(64), signed: false }),
    ("u", Suffix { bits: None, signed: false }),
    ("y", Suffix { bits: Some(8), signed: true }),
    ("s", Suffix { bits: Some(16), signed: true }),
    ("l", Suffix { bits: Some(64), signed: true }),
    ("n", Suffix { bits: None, signed: true }),
    ("d", Suffix { bits: None, signed: true }),
    ("", Suffix { bits: None, signed: true }),
];

#[derive(Clone, Copy)]
struct Suffix {
    /// The width of the type; `None` for one that is wide enough for every Int32.
    bits: Option<u32>,
    signed: bool,
}

impl Suffix {
    fn holds(self, number: i128) -> bool {
        let bits = self.bits.unwrap_or(i128::BITS - 2);
        match self.signed {
            true => number >> (bits - 1) == 0 || number >> (bits - 1) == -1,
            false => number >= 0 && number >> bits == 0,
        }
    }
}

/// A literal of PowerShell's: a sign, decimal, `0x` or `0b`, a suffix of a type, a multiplier.
fn literal(text: &str) -> Option<i32> {
    let (negative, text) = match text.strip_prefix(MINUS) {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = text.to_ascii_lowercase();
    let scaled = |(word, whole, real)| Some((lower.strip_suffix(word)?, whole, real));
    let (lower, whole_scale, real_scale) = MULTIPLIERS.into_iter().find_map(scaled)?;
    let is_hexadecimal = lower.starts_with("0x");
    for (word, suffix) in SUFFIXES {
        // In a hexadecimal number a `d` is a digit.
        let Some(digits) = lower.strip_suffix(word).filter(|_| !(is_hexadecimal && word == "d")) else {
            continue;
        };
        let number = if let Some(digits) = digits.strip_prefix("0x") {
            bits(digits, 16, suffix)
        } else if let Some(digits) = digits.strip_prefix("0b") {
            bits(digits, 2, suffix)
        } else {
            decimal(digits)
        };
        let Some(number) = number else { continue };
        return match number {
            Number::Whole(number) => {
                let number = number.checked_mul(whole_scale)?;
                let number = if negative { -number } else { number };
                i32::try_from(number).ok().filter(|_| suffix.holds(number))
            }
            Number::Real(number) => {
                let number = number * real_scale;
                rounded(if negative { -number } else { number })
                    .filter(|number| suffix.holds((*number).into()))
            }
        };
    }
    None
}

enum Number {
    Whole(i128),
    Real(f64),
}

/// Digits of a base that is a power of two. Of a number that fills its type the first bit is the sign: 8 hexadecimal
/// digits or 16, or as many as the suffix says.
fn bits(digits: &str, base: u32, suffix: Suffix) -> Option<Number> {
    if digits.is_empty() {
        // `0x` alone is 0, and `0b` is nothing.
        return (base == 16).then_some(Number::Whole(0));
    }
    if !digits.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    let magnitude = i128::from_str_radix(digits, base).ok()?;
    let per_digit = base.ilog2();
    let length = u32::try_from(digits.len()).ok()?.checked_mul(per_digit)?;
    let fills = match (base, suffix.bits) {
        (2, _) => [8, 16, 32, 64].contains(&length),
        (_, Some(bits)) => length == bits,
        (_, None) => length == 32 || length == 64,
    };
    let is_negative = suffix.signed && fills && magnitude >> (length - 1) == 1;
    Some(Number::Whole(if is_negative { magnitude - (1_i128 << length) } else { magnitude }))
}

/// Decimal digits, with a point or an exponent or without. With either it goes through a double.
fn decimal(text: &str) -> Option<Number> {
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !text.is_empty() && all_digits(text) {
        return text.parse().ok().map(Number::Whole);
    }
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = !(integer.is_empty() && fraction.is_empty());
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    let good_exponent = exponent.is_none_or(|exponent| !exponent.is_empty() && all_digits(exponent));
    let good = has_digits && all_digits(integer) && all_digits(fraction) && good_exponent;
    good.then(|| text.parse().ok().map(Number::Real)).flatten()
}

/// The nearest whole number, half to even; `None` where that is no Int32.
fn rounded(number: f64) -> Option<i32> {
    format!("{:.0}", number.round_ties_even()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("0.5000000000000000001", 0),
            ("2147483647", i32::MAX),
            ("-2147483648", i32::MIN),
            ("0x80000000", i32::MIN),
            ("-0xffffffff", 1),
        ] {
            assert_eq!(powershell_int32(text), Some(number), "{text:?}");
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
            "0xg",
            "-0x80000000",
            "0x1ffffffff",
            "1.2.3",
            ".",
            "-",
            "--1",
            "1 2",
            "1.x",
            "1e",
            "e1",
            "1pb",
            "0b2",
            "0b",
            "kb",
            "-1u",
            "300y",
            "99999999999999999999999999999999999999999999",
            "99999999999999999999.5",
            "1e999999999999999999999",
            "\u{0661}",
            "\u{2010}5",
        ] {
            assert_eq!(powershell_int32(text), None, "{text:?}");
        }
    }
}
