//! What each column shows of a session, and how sessions are sorted by it.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use pssession::SessionDescriptor;
use pssession::session::{LocalId, SessionState, SessionType};
use pssession::teardown::{Outcome, Record};

use super::cell::{Cell, Meaning};
use super::text::{duration, printable};
use crate::cli::args::{Column, SortKey};

/// A session that is idle for longer than this is likely forgotten.
const LONG_IDLE: Duration = Duration::from_secs(24 * 60 * 60);

/// The configuration that PowerShell uses unless another one is asked for.
const USUAL_CONFIGURATION: &str = "Microsoft.PowerShell";

/// One row: a session, and what became of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    pub(super) session: &'a SessionDescriptor,
    pub(super) outcome: Option<&'a Outcome>,
    pub(super) given_id: Option<LocalId>,
}

impl<'a> Shown<'a> {
    pub(super) fn session(session: &'a SessionDescriptor) -> Self {
        Self { session, outcome: None, given_id: None }
    }

    pub(super) fn removal(record: &'a Record) -> Self {
        Self { outcome: Some(&record.outcome), ..Self::session(&record.session) }
    }
}

/// How the hosts of one table are called: by name, with the port or the whole endpoint where the name alone says too
/// little.
#[derive(Debug, Default)]
pub(super) struct HostLabels {
    /// By name in lower case: the ports, and the endpoints.
    known: HashMap<String, (HashSet<u16>, HashSet<Arc<str>>)>,
}

impl HostLabels {
    pub(super) fn of<'a>(sessions: impl Iterator<Item = &'a SessionDescriptor>) -> Self {
        let mut labels = Self::default();
        for session in sessions {
            let (ports, urls) = labels.known.entry(session.computer_name.to_lowercase()).or_default();
            ports.insert(session.port);
            urls.insert(Arc::clone(&session.endpoint_url));
        }
        labels
    }

    pub(super) fn label(&self, session: &SessionDescriptor) -> String {
        let name = &session.computer_name;
        // A session that no endpoint leads to.
        if session.endpoint_url.is_empty() {
            return name.to_string();
        }
        let default = if session.endpoint_url.starts_with("https:") { 5986 } else { 5985 };
        match self.known.get(&name.to_lowercase()) {
            Some((ports, urls)) if urls.len() > ports.len() => session.endpoint_url.to_string(),
            Some((ports, _)) if ports.len() == 1 && session.port == default => name.to_string(),
            _ => format!("{name}:{}", session.port),
        }
    }
}

/// What one column shows of a row.
pub(super) fn cell(column: Column, shown: Shown<'_>, hosts: &HostLabels) -> Cell {
    let Shown { session, outcome, given_id } = shown;
    let shell = &session.shell;
    let text = |text: Option<&str>| Cell::new(printable(text.unwrap_or_default()));
    let time = |time: Option<Duration>| Cell::new(time.map(duration).unwrap_or_default());
    let number = |number: Option<i64>| Cell::new(number.map(|number| number.to_string()).unwrap_or_default());
    match column {
        Column::Id => number(session.id.map(|id| id.0)),
        Column::GivenId => number(given_id.map(|id| id.0)),
        Column::Host => text(Some(&hosts.label(session))),
        Column::Owner => text(shell.owner.as_deref()),
        Column::Name => text(session.name()),
        Column::Type => text(Some(&kind(session))),
        Column::State => {
            let state = session.state();
            let is_away = state == SessionState::Disconnected;
            text(Some(state.as_str())).meaning(if is_away { Meaning::Inactive } else { Meaning::None })
        }
        Column::Idle => {
            let is_long = session.idle().is_some_and(|idle| idle > LONG_IDLE);
            time(session.idle()).meaning(if is_long { Meaning::Doubtful } else { Meaning::None })
        }
        Column::Running => text(session.is_running().map(|running| if running { "yes" } else { "no" })),
        Column::InstanceId => text(Some(shell.shell_id.as_str())),
        Column::ClientIp => text(shell.client_ip.as_deref()),
        Column::Age => time(session.age()),
        Column::IdleTimeout => time(shell.idle_timeout),
        Column::Endpoint => text(Some(&session.endpoint_url)),
        Column::ProcessId => text(shell.process_id.map(|id| id.to_string()).as_deref()),
        Column::Outcome => text(outcome.map(Outcome::name)).meaning(outcome.map_or(Meaning::None, meaning)),
        Column::Reason => text(outcome.and_then(Outcome::reason).as_deref()),
    }
}

fn meaning(outcome: &Outcome) -> Meaning {
    match outcome {
        Outcome::Closed => Meaning::Good,
        Outcome::Failed(_) => Meaning::Bad,
        Outcome::Unknown(_) => Meaning::Doubtful,
        _ => Meaning::None,
    }
}

/// `ps`, `cmd`, the configuration's name, or the resource URI's last part.
pub(super) fn kind(session: &SessionDescriptor) -> String {
    let uri = &session.shell.resource_uri;
    match session.configuration_name() {
        Some(name) if name.eq_ignore_ascii_case(USUAL_CONFIGURATION) => "ps".to_owned(),
        Some(name) => name.to_owned(),
        None if session.session_type() == SessionType::Cmd => "cmd".to_owned(),
        None => uri.rsplit('/').next().unwrap_or(uri).to_owned(),
    }
}

/// What a column is sorted by; `None` where nothing is known.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(i128),
    Text(String),
}

/// The positions of these rows in the order that the keys ask for. What is not known comes last.
pub(super) fn sorted(rows: &[Shown<'_>], keys: &[SortKey]) -> Vec<usize> {
    let hosts = HostLabels::of(rows.iter().map(|row| row.session));
    let values = |row: &Shown<'_>| keys.iter().map(|key| value(key.column, *row, &hosts)).collect();
    let values: Vec<Vec<Option<Value>>> = rows.iter().map(values).collect();
    let mut order: Vec<(usize, Vec<Option<Value>>)> = values.into_iter().enumerate().collect();
    order.sort_by(|(_, one), (_, other)| {
        let compared = keys.iter().zip(one.iter().zip(other)).map(|(key, pair)| match pair {
            (Some(one), Some(other)) if key.descending => other.cmp(one),
            (Some(one), Some(other)) => one.cmp(other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        });
        compared.fold(Ordering::Equal, Ordering::then)
    });
    order.into_iter().map(|(position, _)| position).collect()
}

fn value(column: Column, shown: Shown<'_>, hosts: &HostLabels) -> Option<Value> {
    let session = shown.session;
    let time = |time: Option<Duration>| time.and_then(|time| i128::try_from(time.as_nanos()).ok());
    let number = match column {
        Column::Id => session.id.map(|id| i128::from(id.0)),
        Column::ProcessId => session.shell.process_id.map(i128::from),
        Column::Idle => time(session.idle()),
        Column::Age => time(session.age()),
        Column::IdleTimeout => time(session.shell.idle_timeout),
        _ => {
            let cell = cell(column, shown, hosts);
            return (cell != Cell::new("")).then(|| Value::Text(cell.text.to_lowercase()));
        }
    };
    number.map(Value::Number)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use clap::ValueEnum as _;
    use pssession::ShellId;
    use pssession::session::SeenOn;
    use pssession::wsman::Shell;

    use super::*;

    fn session(host: &str, url: &str, port: u16) -> SessionDescriptor {
        let shell = Shell::new(
            ShellId::from_server("A"),
            "http://schemas.microsoft.com/powershell/Microsoft.PowerShell",
        );
        SessionDescriptor::from_shell(shell, SeenOn { host, url, port }, "", SystemTime::UNIX_EPOCH)
    }

    fn labels(sessions: &[SessionDescriptor]) -> Vec<String> {
        let labels = HostLabels::of(sessions.iter());
        sessions.iter().map(|session| labels.label(session)).collect()
    }

    #[test]
    fn a_host_has_its_port_where_that_is_not_the_default_or_not_the_only_one() {
        let http = session("web01", "http://web01:5985/wsman", 5985);
        let https = session("WEB01", "https://web01:5986/wsman", 5986);
        let other = session("web02", "http://web02:47001/wsman", 47001);
        let path = session("web01", "http://web01:5985/other", 5985);
        let six = session("2001:db8::1", "http://[2001:db8::1]:80/wsman", 80);
        let none = session("box", "", 0);
        assert_eq!(labels(&[http.clone(), other.clone()]), ["web01", "web02:47001"]);
        assert_eq!(labels(std::slice::from_ref(&https)), ["WEB01"]);
        assert_eq!(labels(&[http.clone(), https]), ["web01:5985", "WEB01:5986"]);
        assert_eq!(labels(&[http, path]), ["http://web01:5985/wsman", "http://web01:5985/other"]);
        assert_eq!(labels(&[six, none]), ["[2001:db8::1]:80", "box"]);
    }

    #[test]
    fn a_type_is_ps_cmd_or_the_name_of_a_configuration() {
        let mut session = session("web01", "http://web01:5985/wsman", 5985);
        for (uri, shown) in [
            ("http://schemas.microsoft.com/powershell/Microsoft.PowerShell", "ps"),
            ("http://schemas.microsoft.com/powershell/microsoft.powershell", "ps"),
            ("http://schemas.microsoft.com/powershell/JEARole", "JEARole"),
            ("http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd", "cmd"),
            ("http://example.com/other/shell", "shell"),
            ("", ""),
        ] {
            Arc::make_mut(&mut session.shell).resource_uri = uri.into();
            assert_eq!(kind(&session), shown, "{uri}");
        }
    }

    #[test]
    fn idle_beyond_a_day_and_disconnected_are_marked() {
        let mut session = session("web01", "http://web01:5985/wsman", 5985);
        let marks = |session: &SessionDescriptor| {
            [Column::Idle, Column::State]
                .map(|column| cell(column, Shown::session(session), &HostLabels::default()).meaning)
        };
        Arc::make_mut(&mut session.shell).shell_inactivity = Some(LONG_IDLE);
        assert_eq!(marks(&session), [Meaning::None; 2]);
        Arc::make_mut(&mut session.shell).shell_inactivity = Some(LONG_IDLE + Duration::from_secs(1));
        Arc::make_mut(&mut session.shell).state = Some("Disconnected".into());
        assert_eq!(marks(&session), [Meaning::Doubtful, Meaning::Inactive]);
    }

    #[test]
    fn rows_are_sorted_by_each_key_in_turn_and_what_is_not_known_comes_last() {
        let mut sessions: Vec<_> =
            [("web02", Some(5)), ("web01", None), ("Web01", Some(90)), ("web01", Some(7))]
                .into_iter()
                .map(|(host, idle)| {
                    let mut session =
                        session(host, &format!("http://{}:5985/wsman", host.to_lowercase()), 5985);
                    Arc::make_mut(&mut session.shell).shell_inactivity = idle.map(Duration::from_secs);
                    session
                })
                .collect();
        sessions[0].id = Some(LocalId(10));
        sessions[1].id = Some(LocalId(9));
        let rows: Vec<_> = sessions.iter().map(Shown::session).collect();
        let by = |keys: &[&str]| {
            let keys: Vec<_> = keys.iter().map(|key| SortKey::from_str(key, false).unwrap()).collect();
            sorted(&rows, &keys)
        };
        assert_eq!(by(&["idle"]), [0, 3, 2, 1]);
        assert_eq!(by(&["-idle"]), [2, 3, 0, 1]);
        assert_eq!(by(&["host", "-idle"]), [2, 3, 1, 0]);
        assert_eq!(by(&["id"]), [1, 0, 2, 3]);
        assert_eq!(by(&["owner"]), [0, 1, 2, 3]);
    }
}
