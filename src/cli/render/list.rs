//! Every property on its own line, as PowerShell's `Format-List` shows it; what is not known is left out.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Map, Value};

use super::text::{duration, printable};

/// Properties that are seconds in a record and read better as `2h 5m`.
const DURATIONS: &[&str] = &["IdleTimeout", "MaxIdleTimeout", "ShellRunTime", "ShellInactivity"];

/// One block a record, an empty line between two.
pub(super) fn list(
    out: &mut impl Write,
    records: impl Iterator<Item = Map<String, Value>>,
) -> io::Result<()> {
    for (at, record) in records.enumerate() {
        let gap = if at == 0 { "" } else { "\n" };
        write!(out, "{gap}{}", block(&record, &[]))?;
    }
    Ok(())
}

/// The properties that are known; those of `always` also where they are not.
pub(super) fn block(record: &Map<String, Value>, always: &[&str]) -> String {
    let is_shown =
        |name: &String, value| name != "Schema" && (!is_nothing(value) || always.contains(&name.as_str()));
    let known = || record.iter().filter(|(name, value)| is_shown(name, value));
    let width = known().map(|(name, _)| name.len()).max().unwrap_or_default();
    let line = |(name, value): (&String, &Value)| {
        let line =
            format!("{name:width$} : {}", if is_nothing(value) { String::new() } else { shown(name, value) });
        format!("{}\n", line.trim_end())
    };
    known().map(line).collect()
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn shown(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) => printable(text),
        Value::Array(items) => items.iter().map(|item| shown(name, item)).collect::<Vec<_>>().join(", "),
        Value::Number(number) if DURATIONS.contains(&name) => number
            .as_f64()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map_or_else(|| number.to_string(), duration),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_aligned_absent_ones_left_out_and_durations_readable() {
        let record = serde_json::json!({
            "Schema": "x/1", "Name": "a\u{1b}b", "VMName": null, "IdleTimeout": 7500, "CommandIds": [], "Port": 5985,
        });
        let Value::Object(record) = record else { unreachable!() };
        let mut out = Vec::new();
        list(&mut out, [record.clone(), record].into_iter()).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().next(), Some(r"Name        : a\u{1b}b"));
        assert_eq!(text.lines().nth(1), Some("IdleTimeout : 2h 5m"));
        assert_eq!(text.lines().nth(3), Some(""));
        assert_eq!(text.lines().count(), 7);
    }
}
