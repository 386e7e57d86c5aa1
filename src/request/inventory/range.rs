//! Ranges in host names: `web[01:40].lab` as Ansible has them, and `web[01-40].lab`.

use std::net::Ipv6Addr;

/// What Ansible counts letters by.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The names that a text with ranges stands for, at most `limit`. Several ranges are combined, the last one counting
/// fastest. Brackets around an IPv6 address are no range.
///
/// # Errors
/// What is wrong with a range, or that there are more names than `limit`.
pub fn expand_host_range(text: &str, limit: usize) -> Result<Vec<String>, String> {
    let mut names = vec![String::new()];
    let mut rest = text;
    while let Some((head, behind)) = rest.split_once('[') {
        let (inside, tail) = behind.split_once(']').ok_or("a range without its closing bracket")?;
        let parts = match inside.parse::<Ipv6Addr>() {
            Ok(_) => vec![format!("[{inside}]")],
            Err(_) => items(inside, limit)?,
        };
        if parts.len().saturating_mul(names.len()) > limit {
            return Err(format!("more than {limit} hosts"));
        }
        let combined =
            |name: &String| parts.iter().map(|part| format!("{name}{head}{part}")).collect::<Vec<_>>();
        names = names.iter().flat_map(combined).collect();
        rest = tail;
    }
    names.iter_mut().for_each(|name| name.push_str(rest));
    Ok(names)
}

/// What stands for one pair of brackets.
fn items(range: &str, limit: usize) -> Result<Vec<String>, String> {
    let wrong = || format!("[{}] is not a range such as [01-40], [a-f] or [01:40:2]", shown(range));
    let separator = if range.contains(':') { ':' } else { '-' };
    let bounds: Vec<&str> = range.split(separator).collect();
    let (first, last, step) = match bounds[..] {
        [first, last] => (first, last, "1"),
        [first, last, step] if separator == ':' => (first, last, step),
        _ => return Err(wrong()),
    };
    let step = number(step).and_then(|step| usize::try_from(step).ok()).filter(|step| *step > 0);
    let step = step.ok_or_else(wrong)?;
    if let (Some(first), Some(last)) = (letter(first), letter(last)) {
        if first > last {
            return Err(backwards(range));
        }
        let letters = LETTERS.chars().take(last + 1).skip(first).step_by(step);
        return Ok(letters.map(String::from).collect());
    }
    let first = if first.is_empty() && separator == ':' { "0" } else { first };
    let (from, to) = number(first).zip(number(last)).ok_or_else(wrong)?;
    let width = if first.len() > 1 && first.starts_with('0') { first.len() } else { 0 };
    if width > 0 && width != last.len() {
        return Err(format!("the two ends of [{}] have different lengths", shown(range)));
    }
    let count = to.checked_sub(from).ok_or_else(|| backwards(range))?;
    if usize::try_from(count).map_or(usize::MAX, |count| count / step) >= limit {
        return Err(format!("more than {limit} hosts"));
    }
    Ok((from..=to).step_by(step).map(|number| format!("{number:0width$}")).collect())
}

/// The most of a range that is quoted, in characters.
const MAX_SHOWN: usize = 40;

fn shown(range: &str) -> String {
    range.chars().take(MAX_SHOWN).collect()
}

fn backwards(range: &str) -> String {
    format!("[{}] ends before it begins", shown(range))
}

fn letter(text: &str) -> Option<usize> {
    let mut letters = text.chars();
    let only = letters.next().filter(|_| letters.next().is_none())?;
    LETTERS.chars().position(|letter| letter == only)
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_stands_for_each_of_its_names() {
        for (text, names) in [
            ("web01", &["web01"][..]),
            ("web[08-10].lab", &["web08.lab", "web09.lab", "web10.lab"]),
            ("web[08:10].lab", &["web08.lab", "web09.lab", "web10.lab"]),
            ("web[9:11]", &["web9", "web10", "web11"]),
            ("web[01:07:3]", &["web01", "web04", "web07"]),
            ("web[:2]", &["web0", "web1", "web2"]),
            ("db-[a-c]", &["db-a", "db-b", "db-c"]),
            ("db-[y:B:2]", &["db-y", "db-A"]),
            ("r[1:2]n[a:b]:5986", &["r1na:5986", "r1nb:5986", "r2na:5986", "r2nb:5986"]),
            ("[::1]:5985", &["[::1]:5985"]),
            ("http://[2001:db8::1]:80/wsman", &["http://[2001:db8::1]:80/wsman"]),
        ] {
            assert_eq!(expand_host_range(text, 10).unwrap(), names, "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused_with_its_reason() {
        for (text, reason) in [
            ("web[01", "closing bracket"),
            ("web[]", "is not a range"),
            ("web[1]", "is not a range"),
            ("web[1-2-3]", "is not a range"),
            ("web[1:2:0]", "is not a range"),
            ("web[1:2:3:4]", "is not a range"),
            ("web[a:10]", "is not a range"),
            ("web[1:]", "is not a range"),
            ("web[-3]", "is not a range"),
            ("web[1:99999999999999999999]", "is not a range"),
            ("web[10:9]", "ends before it begins"),
            ("web[f-a]", "ends before it begins"),
            ("web[01:100]", "different lengths"),
            ("web[0:18446744073709551615]", "more than 10 hosts"),
            ("web[1:11]", "more than 10 hosts"),
            ("web[1:4]-[1:3]", "more than 10 hosts"),
        ] {
            let error = expand_host_range(text, 10).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
