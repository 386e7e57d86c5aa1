//! Words and times for a person.

use std::collections::HashSet;
use std::time::Duration;

use pssession::Report;

pub(crate) use pssession::wsman::printable;

/// The two largest units: `8s`, `30m`, `2h 5m`, `3d 4h`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (large, small) = match seconds {
        0..60 => return format!("{seconds}s"),
        60..3_600 => return format!("{}m", seconds / 60),
        3_600..86_400 => ((seconds / 3_600, 'h'), (seconds % 3_600 / 60, 'm')),
        _ => ((seconds / 86_400, 'd'), (seconds % 86_400 / 3_600, 'h')),
    };
    if small.0 == 0 {
        format!("{}{}", large.0, large.1)
    } else {
        format!("{}{} {}{}", large.0, large.1, small.0, small.1)
    }
}

/// One line that says how a run ended.
pub(crate) fn summary(report: &Report) -> String {
    let counts = report.counts();
    let hosts: HashSet<&str> = report.records.iter().map(|record| &*record.session.endpoint_url).collect();
    let on_hosts = format!("on {}", plural(hosts.len(), "host"));
    if counts.what_if > 0 {
        return format!("would close {} {on_hosts}; nothing was closed", plural(counts.what_if, "session"));
    }
    let parts = [
        (counts.closed, "closed"),
        (counts.already_gone, "already gone"),
        (counts.failed, "failed"),
        (counts.unknown, "unknown"),
        (counts.not_started, "not started"),
        (counts.declined, "declined"),
    ];
    let reported: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, how)| format!("{count} {how}")).collect();
    format!("{} {on_hosts}: {}", plural(report.records.len(), "session"), reported.join(", "))
}

/// `1 session`, `2 sessions`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("{count} {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_told_in_its_two_largest_units() {
        let reported = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(reported(8), "8s");
        assert_eq!(reported(90), "1m");
        assert_eq!(reported(7_200), "2h");
        assert_eq!(reported(7_500), "2h 5m");
        assert_eq!(reported(273_600), "3d 4h");
    }

    #[test]
    fn one_is_singular_and_none_is_plural() {
        assert_eq!(plural(1, "session"), "1 session");
        assert_eq!(plural(0, "session"), "0 sessions");
    }
}
