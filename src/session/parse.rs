//! Reads what a person writes for a selector or a filter. An error says what was given, what was wanted and what to
//! write instead.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net};
use uuid::Uuid;

use super::error::QueryError;
use super::filter::Bound;
use super::selector::IdRange;

/// Reads the NetBIOS name of an account, `CORP\jdoe`.
///
/// # Errors
/// [`QueryError::Value`] for anything else: a UPN, a DNS name before the backslash, a bare name.
pub fn parse_account(text: &str) -> Result<String, QueryError> {
    let trimmed = text.trim();
    let is_part = |part: &str| !part.is_empty() && !part.contains(['@', '\\']);
    match trimmed.split_once('\\') {
        Some((authority, name)) if is_part(authority) && !authority.contains('.') && is_part(name) => {
            Ok(trimmed.to_owned())
        }
        _ => Err(QueryError::value(
            text,
            "the NetBIOS name of an account",
            "write it as `whoami` prints it on Windows, such as CORP\\jdoe",
        )),
    }
}

/// Reads local numbers and ranges, such as `1,4..7`; a range may descend and needs both ends.
///
/// # Errors
/// [`QueryError::Value`] quotes the item that is neither.
pub fn parse_ids(text: &str) -> Result<Vec<IdRange>, QueryError> {
    text.split(',').map(parse_id_range).collect()
}

/// Reads a GUID in any form that .NET prints: 32 digits, dashed, in braces or parentheses, or as `{0x..,{0x..}}`.
///
/// # Errors
/// [`QueryError::Value`] quotes the text.
pub fn parse_guid(text: &str) -> Result<Uuid, QueryError> {
    let trimmed = text.trim();
    let guid = if let Some(inner) = enclosed(trimmed, '(', ')') {
        dashed(inner)
    } else if let Some(inner) = enclosed(trimmed, '{', '}') {
        dashed(inner).or_else(|| hexadecimal_fields(inner))
    } else {
        dashed(trimmed).or_else(|| undashed(trimmed))
    };
    guid.ok_or_else(|| {
        QueryError::value(
            text,
            "a GUID",
            "write 32 hexadecimal digits, as in fc4e9dfa-f246-452d-9fa3-1adbdd64ae85; dashes and braces are optional",
        )
    })
}

/// Reads an address or a network in CIDR notation. Bits behind the prefix are ignored, an IPv4 address inside IPv6 is
/// the IPv4 address, and an IPv6 address may have brackets.
///
/// # Errors
/// [`QueryError::Value`] quotes the text.
pub fn parse_client_network(text: &str) -> Result<IpNet, QueryError> {
    let trimmed = text.trim();
    let network = if trimmed.contains('/') {
        trimmed.parse::<IpNet>().ok().map(canonical)
    } else {
        let bare = enclosed(trimmed, '[', ']').unwrap_or(trimmed);
        bare.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()))
    };
    network.ok_or_else(|| {
        QueryError::value(
            text,
            "an address or network",
            "write it as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32",
        )
    })
}

/// Reads a limit: `2h` is at least two hours, `<10m` less than ten minutes.
///
/// # Errors
/// [`QueryError::Value`] as of [`parse_duration_text`].
pub fn parse_bound(text: &str) -> Result<Bound, QueryError> {
    match text.trim().strip_prefix('<') {
        Some(limit) => parse_duration_text(limit).map(Bound::Below),
        None => parse_duration_text(text).map(Bound::AtLeast),
    }
}

/// Reads a duration: whole numbers with the units `d`, `h`, `m` and `s`, such as `8s`, `30m` or `1h30m`, the greater
/// units first.
///
/// # Errors
/// [`QueryError::Value`] if it has another form, lacks a unit, or is too long for 64 bits of seconds.
pub fn parse_duration_text(text: &str) -> Result<Duration, QueryError> {
    let fail = |advice| QueryError::value(text, "a duration", advice);
    let mut rest = text.trim();
    let mut seconds = 0_u64;
    let mut previous = u64::MAX;
    if rest.is_empty() {
        return Err(fail(DURATION_FORM));
    }
    while !rest.is_empty() {
        let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = rest.strip_suffix(behind).unwrap_or_default();
        let mut letters = behind.chars();
        let unit = match letters.next() {
            _ if digits.is_empty() => return Err(fail(DURATION_FORM)),
            Some('d') => 86_400,
            Some('h') => 3_600,
            Some('m') => 60,
            Some('s') => 1,
            Some(_) => return Err(fail(DURATION_FORM)),
            None => return Err(fail("a number needs a unit: s, m, h or d, as in 90s or 30m")),
        };
        if unit >= previous {
            return Err(fail("write each unit once, the larger first, as in 1h30m"));
        }
        previous = unit;
        let count = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
        seconds = count.and_then(|count| seconds.checked_add(count)).ok_or_else(|| fail("it is too long"))?;
        rest = letters.as_str();
    }
    Ok(Duration::from_secs(seconds))
}

pub(super) fn parse_id_range(item: &str) -> Result<IdRange, QueryError> {
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let range = match item.split_once("..") {
        Some((first, last)) => number(first).zip(number(last)).map(|(first, last)| IdRange { first, last }),
        None => number(item).map(IdRange::single),
    };
    range.ok_or_else(|| {
        QueryError::value(item, "an id or a range of ids", "write whole numbers and ranges, as in 1,4..7")
    })
}

fn enclosed(text: &str, open: char, close: char) -> Option<&str> {
    text.strip_prefix(open)?.strip_suffix(close)
}

/// Five groups of digits. Like .NET it also takes a `+` or a `0x` in the place of a group's first digits.
fn dashed(text: &str) -> Option<Uuid> {
    if text.len() != 36 || !text.is_ascii() {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to).and_then(lenient_hexadecimal);
    Uuid::try_parse(text).ok().or_else(|| {
        if [8, 13, 18, 23].iter().any(|at| text.as_bytes().get(*at) != Some(&b'-')) {
            return None;
        }
        let (first, second, third) = (part(0, 8)?, part(9, 13)?, part(14, 18)?);
        let last = text.get(28..).filter(|last| last.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        let (fourth, fifth, sixth) = (part(19, 23)?, part(24, 28)?, u32::from_str_radix(last, 16).ok()?);
        let number = [(first, 96), (second, 80), (third, 64), (fourth, 48), (fifth, 32), (sixth, 0)];
        Some(Uuid::from_u128(number.iter().fold(0, |sum, (part, shift)| sum | u128::from(*part) << shift)))
    })
}

fn undashed(text: &str) -> Option<Uuid> {
    (text.len() == 32).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// Reads `0x..,0x..,0x..,{0x..,..}` (eight bytes inside), with blanks anywhere.
fn hexadecimal_fields(text: &str) -> Option<Uuid> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (head, tail) = compact.strip_suffix('}')?.split_once(",{")?;
    let mut fields = head.split(',').map(hexadecimal);
    let (first, second, third) = (fields.next()??, fields.next()??, fields.next()??);
    if fields.next().is_some() {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        tail.split(',').map(|field| u8::try_from(hexadecimal(field)?).ok()).collect();
    let bytes: [u8; 8] = bytes?.try_into().ok()?;
    // As in .NET, the upper half of a field that is too long is lost.
    let low = |field: u32| u16::try_from(field & 0xffff).ok();
    Some(Uuid::from_fields(first, low(second)?, low(third)?, &bytes))
}

fn hexadecimal(field: &str) -> Option<u32> {
    let digits = field.strip_prefix("0x").or_else(|| field.strip_prefix("0X"))?;
    if digits.is_empty() { None } else { lenient_hexadecimal(digits) }
}

/// Up to 32 bits, as the parts of a GUID are read: behind a `+` and a `0x`, both of which may be missing.
fn lenient_hexadecimal(digits: &str) -> Option<u32> {
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
    let significant = digits.trim_start_matches('0');
    match significant.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        true if significant.is_empty() => Some(0),
        true => u32::from_str_radix(significant, 16).ok(),
        false => None,
    }
}

/// An IPv4 network that is written inside IPv6 (`::ffff:192.0.2.0/120`) as the IPv4 network.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(inside) = network else { return network };
    let address: Option<Ipv4Addr> = inside.addr().to_ipv4_mapped();
    let prefix = inside.prefix_len().checked_sub(MAPPED_PREFIX);
    match address.zip(prefix).map(|(address, prefix)| Ipv4Net::new(address, prefix)) {
        Some(Ok(network)) => IpNet::V4(network),
        _ => network,
    }
}

/// The length of the prefix `::ffff:0:0/96` (RFC 4291 2.5.5.2, IPv4-Mapped IPv6 Address).
const MAPPED_PREFIX: u8 = 96;

const DURATION_FORM: &str = "write a whole number and a unit, as in 8s, 30m, 2h, 1d or 1h30m";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GUID: Uuid = Uuid::from_u128(0xfc4e9dfa_f246_452d_9fa3_1adbdd64ae85);

    #[test]
    fn an_account_is_a_netbios_name() {
        assert_eq!(parse_account(r" CORP\jdoe "), Ok(r"CORP\jdoe".to_owned()));
        for text in
            ["", "jdoe", r"\jdoe", r"CORP\", r".\jdoe", r"corp.example\jdoe", "jdoe@corp", r"A\b\c", r"A\b@c"]
        {
            let error = parse_account(text).unwrap_err().to_string();
            assert!(error.contains("whoami"), "{text}: {error}");
        }
    }

    #[test]
    fn ids_are_numbers_and_ranges_up_and_down() {
        let range = |first, last| IdRange { first, last };
        assert_eq!(parse_ids("1,4..7"), Ok(vec![range(1, 1), range(4, 7)]));
        assert_eq!(parse_ids(" 5 .. 3 , -2"), Ok(vec![range(5, 3), range(-2, -2)]));
        assert_eq!(parse_ids("-5..-3"), Ok(vec![range(-5, -3)]));
    }

    #[test]
    fn what_is_no_id_is_quoted_alone() {
        for (text, item) in [
            ("", ""),
            ("1,", ""),
            ("1,x,3", "x"),
            ("4..", "4.."),
            ("..7", "..7"),
            ("1...3", "1...3"),
            ("*", "*"),
            ("1.5", "1.5"),
            ("9223372036854775808", "9223372036854775808"),
        ] {
            match parse_ids(text) {
                Err(QueryError::Value { text: quoted, .. }) => assert_eq!(quoted, item, "{text:?}"),
                other => panic!("{text:?} gave {other:?}"),
            }
        }
    }

    #[test]
    fn every_form_of_a_guid_that_dotnet_prints_is_read() {
        for text in [
            "fc4e9dfaf246452d9fa31adbdd64ae85",
            "fc4e9dfa-f246-452d-9fa3-1adbdd64ae85",
            " FC4E9DFA-F246-452D-9FA3-1ADBDD64AE85 ",
            "{fc4e9dfa-f246-452d-9fa3-1adbdd64ae85}",
            "(fc4e9dfa-f246-452d-9fa3-1adbdd64ae85)",
            "{0xfc4e9dfa,0xf246,0x452d,{0x9f,0xa3,0x1a,0xdb,0xdd,0x64,0xae,0x85}}",
            "{0XFC4E9DFA, 0xf246, 0x452d, {0x9f, 0xa3, 0x1a, 0xdb, 0xdd, 0x64, 0xae, 0x85}}",
        ] {
            assert_eq!(parse_guid(text), Ok(GUID), "{text}");
        }
        assert_eq!(parse_guid("{0x0,0x0,0x0,{0,0,0,0,0,0,0,0}}").ok(), None);
        assert_eq!(parse_guid("00000000-0000-0000-0000-000000000000"), Ok(Uuid::nil()));
    }

    /// As PowerShell 7.6.9 answers.
    #[test]
    fn a_guid_may_have_a_sign_or_a_prefix_among_its_digits() {
        for (text, guid) in [
            ("+c4e9dfa-f246-452d-9fa3-1adbdd64ae85", 0x0c4e_9dfa_f246_452d_9fa3_1adb_dd64_ae85),
            ("{fc4e9dfa-+0x1-0xff-9fa3-0xdbdd64ae85}", 0xfc4e_9dfa_0001_00ff_9fa3_00db_dd64_ae85),
            (
                "{0x+1,0x10002,0x0000003,{0x4,0x005,0x6,0x7,0x8,0x9,0xa,0xb}}",
                0x0000_0001_0002_0003_0405_0607_0809_0a0b_u128,
            ),
        ] {
            assert_eq!(parse_guid(text), Ok(Uuid::from_u128(guid)), "{text}");
        }
    }

    #[test]
    fn what_is_no_guid_is_refused_with_advice() {
        for text in [
            "",
            "{",
            "{}",
            "()",
            "fc4e9dfa",
            "{fc4e9dfaf246452d9fa31adbdd64ae85}",
            "(fc4e9dfa-f246-452d-9fa3-1adbdd64ae85}",
            "fc4e9dfa-f246-452d-9fa3-1adbdd64ae8g",
            "{0x1fc4e9dfa,0xf246,0x452d,{0x9f,0xa3,0x1a,0xdb,0xdd,0x64,0xae,0x85}}",
            "{0x,0xf246,0x452d,{0x9f,0xa3,0x1a,0xdb,0xdd,0x64,0xae,0x85}}",
            "{0xfc4e9dfa,0xf246,0x452d,{0x19f,0xa3,0x1a,0xdb,0xdd,0x64,0xae,0x85}}",
            "fc4e9dfa-f246-452d-9fa3-1adb0x64ae85",
            "0x0x0x00-f246-452d-9fa3-1adbdd64ae85",
            "+c4e9dfaf246452d9fa31adbdd64ae85",
            "{0xfc4e9dfa,0xf246,0x452d,{0x9f,0xa3,0x1a,0xdb,0xdd,0x64,0xae}}",
            "{0xfc4e9dfa,0xf246,0x452d,0x1,{0x9f,0xa3,0x1a,0xdb,0xdd,0x64,0xae,0x85}}",
            "{0x-c4e9dfa,0xf246,0x452d,{0x9f,0xa3,0x1a,0xdb,0xdd,0x64,0xae,0x85}}",
        ] {
            let error = parse_guid(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{text:?} is not a GUID: write 32")), "{error}");
        }
    }

    #[test]
    fn a_network_is_an_address_or_has_a_prefix() {
        for (text, network) in [
            ("192.0.2.7", "192.0.2.7/32"),
            (" 192.0.2.0/24 ", "192.0.2.0/24"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("[2001:db8::1]", "2001:db8::1/128"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("::ffff:0:0/95", "::ffff:0.0.0.0/95"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(parse_client_network(text).unwrap(), network.parse().unwrap(), "{text}");
        }
        for text in ["", "web01", "192.0.2", "192.0.2.0/33", "192.0.2.0/", "::/129", "192.0.2.0/-1"] {
            assert!(parse_client_network(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn durations_are_whole_numbers_with_units_the_greater_first() {
        for (text, seconds) in [
            ("8s", 8),
            ("30m", 1800),
            ("2h", 7200),
            ("1d", 86_400),
            ("1h30m", 5400),
            (" 1d2h3m4s ", 93_784),
            ("0s", 0),
            ("007s", 7),
        ] {
            assert_eq!(parse_duration_text(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn other_durations_are_refused_with_what_to_write() {
        for (text, advice) in [
            ("90", "a number needs a unit"),
            ("1h30", "a number needs a unit"),
            ("", "write a whole number and a unit"),
            ("h", "write a whole number and a unit"),
            ("1.5h", "write a whole number and a unit"),
            ("-1h", "write a whole number and a unit"),
            ("1w", "write a whole number and a unit"),
            ("1H", "write a whole number and a unit"),
            ("1é", "write a whole number and a unit"),
            ("30m1h", "write each unit once"),
            ("1m1m", "write each unit once"),
            ("99999999999999999999s", "it is too long"),
            ("18446744073709551615d", "it is too long"),
            ("213503982334601d18446744073709551s", "it is too long"),
        ] {
            let error = parse_duration_text(text).unwrap_err().to_string();
            assert!(error.contains(advice), "{error}");
        }
    }

    #[test]
    fn a_less_than_sign_makes_an_upper_bound() {
        assert_eq!(parse_bound("2h"), Ok(Bound::AtLeast(Duration::from_secs(7200))));
        assert_eq!(parse_bound(" < 10m"), Ok(Bound::Below(Duration::from_secs(600))));
        for text in ["<", "<=10m", ">10m", "10"] {
            assert!(parse_bound(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_a_reader(text in "\\PC{0,40}|[0-9x{},.()<:/dhms-]{0,60}") {
            let _ = (parse_ids(&text), parse_guid(&text), parse_client_network(&text), parse_bound(&text));
        }

        #[test]
        fn a_guid_is_read_back_from_every_spelling(bits: u128) {
            let guid = Uuid::from_u128(bits);
            for text in [guid.simple().to_string(), guid.hyphenated().to_string(), guid.braced().to_string()] {
                prop_assert_eq!(parse_guid(&text), Ok(guid));
            }
        }
    }
}
