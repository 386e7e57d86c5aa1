//! How many sessions there are of each owner, host, type...

use std::cmp::Reverse;
use std::collections::HashMap;

use pssession::SessionDescriptor;
use serde_json::{Map, Value};

use super::columns::{HostLabels, Shown, cell};
use super::text::plural;
use crate::cli::args::CountKey;

/// How many owners a summary names.
const MAX_OWNERS: usize = 3;

/// Sessions that agree in what they are counted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// What they have in common, one for each key, as a table shows it.
    pub(super) labels: Vec<String>,
    pub(super) sessions: usize,
    /// The same as properties of an object.
    properties: Map<String, Value>,
}

/// The numbers, the largest first. What differs only in case is counted together, as Windows does.
pub(crate) fn counts(sessions: &[SessionDescriptor], keys: &[CountKey]) -> Vec<Count> {
    let hosts = HostLabels::of(sessions.iter());
    let mut positions: HashMap<Vec<String>, usize> = HashMap::new();
    let mut counts: Vec<Count> = Vec::new();
    for session in sessions {
        let label = |key: &CountKey| cell(key.column(), Shown::session(session), &hosts).text;
        let labels: Vec<String> = keys.iter().map(label).collect();
        let group = labels.iter().map(|label| label.to_lowercase()).collect();
        let next = counts.len();
        let position = *positions.entry(group).or_insert(next);
        if position == next {
            let properties = properties(session, keys);
            counts.push(Count { labels, sessions: 0, properties });
        }
        if let Some(count) = counts.get_mut(position) {
            count.sessions += 1;
        }
    }
    counts.sort_by(|one, other| {
        (Reverse(one.sessions), &one.labels).cmp(&(Reverse(other.sessions), &other.labels))
    });
    counts
}

/// The names of the properties of these objects.
pub(crate) fn count_properties(keys: &[CountKey]) -> Vec<&'static str> {
    let of_keys = keys.iter().flat_map(|key| names(*key).iter().copied());
    ["Schema"].into_iter().chain(of_keys).chain(["Sessions"]).collect()
}

/// A number as an object.
pub(crate) fn count_record(count: &Count) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("Schema".to_owned(), "pssession.count/1".into());
    record.extend(count.properties.clone());
    record.insert("Sessions".to_owned(), count.sessions.into());
    record
}

/// A key by the names that session objects have.
fn names(key: CountKey) -> &'static [&'static str] {
    match key {
        CountKey::Owner => &["Owner"],
        CountKey::Host => &["ComputerName", "Endpoint"],
        CountKey::Type => &["Type"],
        CountKey::State => &["State"],
        CountKey::Name => &["Name"],
        CountKey::ClientIp => &["ClientIP"],
    }
}

fn properties(session: &SessionDescriptor, keys: &[CountKey]) -> Map<String, Value> {
    let shell = &session.shell;
    let mut properties = Map::new();
    for key in keys {
        let values = match key {
            CountKey::Owner => vec![shell.owner.as_deref().into()],
            CountKey::Host => vec![(*session.computer_name).into(), (*session.endpoint_url).into()],
            CountKey::Type => vec![super::columns::kind(session).into()],
            CountKey::State => vec![session.state().as_str().into()],
            CountKey::Name => vec![session.name().into()],
            CountKey::ClientIp => vec![shell.client_ip.as_deref().into()],
        };
        properties.extend(names(*key).iter().map(|name| (*name).to_owned()).zip(values));
    }
    properties
}

/// One line that says how many sessions there are, and whose.
pub(crate) fn listing_summary(sessions: &[SessionDescriptor]) -> String {
    let owners = counts(sessions, &[CountKey::Owner]);
    let named = if owners.len() > MAX_OWNERS { MAX_OWNERS - 1 } else { owners.len() };
    let names: Vec<&str> = owners.iter().map(owner_label).collect();
    let is_ambiguous = |name: &str| {
        let same = names.iter().filter(|other| bare(other).eq_ignore_ascii_case(bare(name)));
        same.count() > 1
    };
    let mut parts: Vec<String> = Vec::new();
    for (owner, name) in owners.iter().zip(&names).take(named) {
        let name = if is_ambiguous(name) { name } else { bare(name) };
        parts.push(format!("{name} {}", owner.sessions));
    }
    let others: usize = owners.iter().skip(named).map(|owner| owner.sessions).sum();
    if others > 0 {
        parts.push(format!("{others} other{}", if others == 1 { "" } else { "s" }));
    }
    format!("{}: {}", sessions_on_hosts(sessions), parts.join(", "))
}

/// `51 sessions on 5 hosts`.
pub(crate) fn sessions_on_hosts(sessions: &[SessionDescriptor]) -> String {
    let hosts = counts(sessions, &[CountKey::Host]).len();
    format!("{} on {}", plural(sessions.len(), "session"), plural(hosts, "host"))
}

fn owner_label(owner: &Count) -> &str {
    match owner.properties.get("Owner") {
        Some(Value::String(name)) if !name.is_empty() => owner.labels.first().map_or("", String::as_str),
        _ => "(owner not reported)",
    }
}

/// The account's name without its authority.
fn bare(name: &str) -> &str {
    name.rsplit_once('\\').map_or(name, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use pssession::ShellId;
    use pssession::session::SeenOn;
    use pssession::wsman::Shell;

    use super::*;

    fn sessions(of: &[(&str, &str, usize)]) -> Vec<SessionDescriptor> {
        let session = |host: &str, owner: &str| {
            let mut shell = Shell::new(ShellId::from_server("A"), "");
            shell.owner = Some(owner).filter(|owner| !owner.is_empty()).map(Into::into);
            let url = format!("http://{host}:5985/wsman");
            let seen_on = SeenOn { host, url: &url, port: 5985 };
            SessionDescriptor::from_shell(shell, seen_on, "", SystemTime::UNIX_EPOCH)
        };
        of.iter().flat_map(|(host, owner, count)| (0..*count).map(|_| session(host, owner))).collect()
    }

    #[test]
    fn a_summary_names_who_has_most_and_counts_the_others() {
        for (of, expected) in [
            (&[("web01", "LAB\\alice", 1)][..], "1 session on 1 host: alice 1"),
            (
                &[("web01", "LAB\\alice", 3), ("web02", "LAB\\ci-runner", 46), ("web01", "LAB\\bob", 1)],
                "50 sessions on 2 hosts: ci-runner 46, alice 3, bob 1",
            ),
            (
                &[("a", "LAB\\alice", 3), ("b", "LAB\\ci", 46), ("c", "LAB\\bob", 1), ("c", "LAB\\eve", 1)],
                "51 sessions on 3 hosts: ci 46, alice 3, 2 others",
            ),
            (&[("a", "LAB\\ci", 2), ("a", "WEB\\ci", 1)], "3 sessions on 1 host: LAB\\ci 2, WEB\\ci 1"),
            (&[("a", "lab\\CI", 2), ("a", "LAB\\ci", 1)], "3 sessions on 1 host: CI 3"),
            (&[("a", "", 2)], "2 sessions on 1 host: (owner not reported) 2"),
        ] {
            assert_eq!(listing_summary(&sessions(of)), expected);
        }
    }

    #[test]
    fn sessions_are_counted_by_each_combination_the_largest_first() {
        let sessions = sessions(&[("web01", "LAB\\b", 2), ("web02", "LAB\\a", 2), ("web01", "LAB\\a", 5)]);
        let by = |keys: &[CountKey]| -> Vec<(String, usize)> {
            counts(&sessions, keys).iter().map(|count| (count.labels.join(" "), count.sessions)).collect()
        };
        assert_eq!(by(&[CountKey::Owner]), [("LAB\\a".to_owned(), 7), ("LAB\\b".to_owned(), 2)]);
        assert_eq!(
            by(&[CountKey::Host, CountKey::Owner]),
            [("web01 LAB\\a".to_owned(), 5), ("web01 LAB\\b".to_owned(), 2), ("web02 LAB\\a".to_owned(), 2)]
        );
    }

    #[test]
    fn objects_have_the_names_of_session_objects() {
        let sessions = sessions(&[("web01", "LAB\\a", 2)]);
        let keys = [CountKey::Owner, CountKey::Host];
        let record = Value::Object(count_record(&counts(&sessions, &keys)[0]));
        let expected = serde_json::json!({
            "Schema": "pssession.count/1", "Owner": "LAB\\a", "ComputerName": "web01",
            "Endpoint": "http://web01:5985/wsman", "Sessions": 2,
        });
        assert_eq!(record, expected);
        let names: Vec<&str> = record.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(count_properties(&keys), names);
    }
}
