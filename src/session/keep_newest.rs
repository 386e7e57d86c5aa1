//! Keeping the newest sessions out of a selection: of each group so many, by when they were opened.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::SystemTime;

use super::descriptor::SessionDescriptor;
use super::error::QueryError;
use super::session_type::SessionType;

/// Leaves the newest sessions of each group out of what is chosen; the older ones stay chosen.
///
/// A session was opened its [age](SessionDescriptor::age) before it was seen. Of two that were opened at the same
/// moment, the one that stands first in the table counts as the newer one. A session whose age, or one of whose group
/// keys, is not known is never chosen, and takes no place among those that are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepNewest {
    count: usize,
    per: Vec<GroupKey>,
}

/// What the sessions of one group have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupKey {
    /// `Owner`, as the server spells it, ignoring case: `LAB\bob` and `bob@lab` are two.
    Owner,
    /// `ClientIP` as an address.
    ClientIp,
    /// `ComputerName`, ignoring case.
    ComputerName,
    /// `Name`, ignoring case.
    Name,
    /// PowerShell, cmd, or any other resource URI, ignoring case.
    Type,
    /// `ConfigurationName`, ignoring case.
    ConfigurationName,
}

/// One key of one session.
#[derive(PartialEq, Eq, Hash)]
enum Value {
    Text(String),
    Address(IpAddr),
}

impl KeepNewest {
    /// Keeps `count` sessions of all that are chosen; none if it is 0, and then only those of an unknown age stay out.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { count, per: Vec::new() }
    }

    /// Keeps so many of each group: those that agree in every key. Without a key there is one group.
    #[must_use]
    pub fn per(mut self, keys: Vec<GroupKey>) -> Self {
        self.per = keys;
        self
    }

    /// Takes what is kept, and what cannot be judged, out of `chosen`; the order of the rest stays.
    pub(super) fn narrow(&self, chosen: &mut Vec<usize>, sessions: &[SessionDescriptor]) {
        let mut groups: HashMap<Vec<Value>, Vec<(Reverse<SystemTime>, usize)>> = HashMap::new();
        for &index in chosen.iter() {
            let Some(session) = sessions.get(index) else { continue };
            if let Some((opened, group)) = opened_at(session).zip(self.group(session)) {
                groups.entry(group).or_default().push((Reverse(opened), index));
            }
        }
        let mut older = vec![false; sessions.len()];
        for mut group in groups.into_values() {
            group.sort_unstable();
            for (_, index) in group.into_iter().skip(self.count) {
                if let Some(older) = older.get_mut(index) {
                    *older = true;
                }
            }
        }
        chosen.retain(|&index| older.get(index) == Some(&true));
    }

    fn group(&self, session: &SessionDescriptor) -> Option<Vec<Value>> {
        self.per.iter().map(|key| key.of(session)).collect()
    }
}

impl GroupKey {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::ClientIp, Self::ComputerName, Self::Name, Self::Type, Self::ConfigurationName];

    /// Its word, as it is typed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::ClientIp => "client-ip",
            Self::ComputerName => "computer-name",
            Self::Name => "name",
            Self::Type => "type",
            Self::ConfigurationName => "configuration-name",
        }
    }

    /// Reads a word, in any case.
    ///
    /// # Errors
    /// [`QueryError::Value`] quotes the text.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let word = text.trim();
        Self::ALL.into_iter().find(|key| key.as_str().eq_ignore_ascii_case(word)).ok_or_else(|| {
            QueryError::value(
                text,
                "a property to group by",
                "write owner, client-ip, computer-name, name, type or configuration-name",
            )
        })
    }

    /// What the session has there; `None` if that is not known.
    fn of(self, session: &SessionDescriptor) -> Option<Value> {
        match self {
            Self::Owner => text(session.shell.owner.as_deref()?),
            Self::ClientIp => session.client_address().map(Value::Address),
            Self::ComputerName => text(&session.computer_name),
            Self::Name => text(session.name()?),
            Self::Type => match session.session_type() {
                SessionType::PowerShell => text("ps"),
                SessionType::Cmd => text("cmd"),
                SessionType::Uri(uri) => text(&uri),
            },
            Self::ConfigurationName => text(session.configuration_name()?),
        }
    }
}

/// When it was opened; `None` if its age is not known, or reaches back further than time can be counted.
fn opened_at(session: &SessionDescriptor) -> Option<SystemTime> {
    session.seen_at.checked_sub(session.age()?)
}

/// Text that is compared ignoring case; an empty one says nothing.
fn text(text: &str) -> Option<Value> {
    let folded: String = text.trim().chars().flat_map(char::to_lowercase).collect();
    (!folded.is_empty()).then_some(Value::Text(folded))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::query::SessionQuery;
    use super::super::sample::session;
    use super::*;
    use crate::wsman::{Shell, uri};

    fn aged(seconds: impl Into<Option<u64>>) -> SessionDescriptor {
        of(seconds, |_| ())
    }

    fn of(seconds: impl Into<Option<u64>>, change: impl FnOnce(&mut Shell)) -> SessionDescriptor {
        let mut session = session(|shell| {
            shell.shell_run_time = seconds.into().map(Duration::from_secs);
            change(shell);
        });
        session.seen_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        session
    }

    fn owned(seconds: u64, owner: &str) -> SessionDescriptor {
        of(seconds, |shell| shell.owner = Some(owner.into()))
    }

    fn chosen(count: usize, per: &[GroupKey], sessions: &[SessionDescriptor]) -> Vec<usize> {
        let keep = KeepNewest::new(count).per(per.to_vec());
        SessionQuery::default().keeping_newest(keep).select(sessions).chosen
    }

    #[test]
    fn the_older_ones_stay_chosen_in_their_order() {
        let sessions = [aged(10), aged(40), aged(20), aged(30)];
        assert_eq!(chosen(2, &[], &sessions), [1, 3]);
        assert_eq!(chosen(0, &[], &sessions), [0, 1, 2, 3]);
        assert_eq!(chosen(4, &[], &sessions), [0; 0]);
    }

    #[test]
    fn when_it_was_opened_counts_not_how_old_it_was_when_it_was_seen() {
        let mut seen_long_ago = aged(10);
        seen_long_ago.seen_at -= Duration::from_secs(1_000);
        assert_eq!(chosen(1, &[], &[seen_long_ago, aged(500)]), [0]);
    }

    #[test]
    fn of_equals_the_first_in_the_table_is_kept() {
        assert_eq!(chosen(1, &[], &[aged(10), aged(10), aged(10)]), [1, 2]);
    }

    #[test]
    fn what_is_of_unknown_age_or_group_is_never_chosen_and_takes_no_place() {
        let unowned = of(5, |_| ());
        let sessions = [aged(None), owned(10, "bob"), aged(u64::MAX), unowned, owned(20, "bob")];
        assert_eq!(chosen(0, &[], &sessions), [1, 3, 4]);
        assert_eq!(chosen(1, &[GroupKey::Owner], &sessions), [4]);
        assert_eq!(chosen(0, &[GroupKey::Owner], &sessions), [1, 4]);
    }

    #[test]
    fn a_group_agrees_in_every_key() {
        let from = |seconds, ip: &str| {
            of(seconds, |shell| {
                shell.owner = Some("bob".into());
                shell.client_ip = Some(ip.into());
            })
        };
        let sessions = [from(1, "192.0.2.7"), from(2, "192.0.2.8"), from(3, "::ffff:192.0.2.7")];
        assert_eq!(chosen(1, &[GroupKey::Owner, GroupKey::ClientIp], &sessions), [2]);
        assert_eq!(chosen(1, &[GroupKey::Owner], &sessions), [1, 2]);
    }

    #[test]
    fn each_key_tells_sessions_apart_and_ignores_case() {
        let configuration = |name: &str| format!("{}{name}", uri::POWERSHELL_PREFIX);
        type Set = fn(&mut SessionDescriptor, &str);
        let rows: [(GroupKey, Set, [String; 3]); 5] = [
            (
                GroupKey::Owner,
                |session, text| session.shell_mut().owner = Some(text.into()),
                [r"LAB\Émile", r"lab\éMILE", r"LAB\bob"].map(str::to_owned),
            ),
            (
                GroupKey::ComputerName,
                |session, text| session.computer_name = text.into(),
                ["Web01", "wEB01", "web02"].map(str::to_owned),
            ),
            (
                GroupKey::Name,
                |session, text| session.shell_mut().name = Some(text.into()),
                ["Build", "bUILD", "build-1"].map(str::to_owned),
            ),
            (
                GroupKey::Type,
                |session, text| session.shell_mut().resource_uri = text.into(),
                [configuration("One"), configuration("Two"), uri::CMD_RESOURCE.to_owned()],
            ),
            (
                GroupKey::ConfigurationName,
                |session, text| session.shell_mut().resource_uri = text.into(),
                [configuration("One"), configuration("oNE"), configuration("Two")],
            ),
        ];
        for (key, set, values) in rows {
            let mut sessions = [aged(1), aged(2), aged(3)];
            for (session, value) in sessions.iter_mut().zip(&values) {
                set(session, value);
            }
            assert_eq!(chosen(1, &[key], &sessions), [1], "{key:?}");
        }
    }

    #[test]
    fn a_key_is_read_back_from_its_own_word_and_nothing_else_is_one() {
        for key in GroupKey::ALL {
            assert_eq!(GroupKey::parse(&format!(" {} ", key.as_str().to_uppercase())), Ok(key));
        }
        for text in ["", "user", "owner,name", "client_ip"] {
            assert!(GroupKey::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn of_each_group_as_many_as_asked_are_kept_and_none_of_them_is_older_than_what_is_chosen(
            drawn in prop::collection::vec((0_u64..6, 0_usize..3), 0..30),
            count in 0_usize..5,
        ) {
            let owners = ["ada", "bob", "eve"];
            let sessions: Vec<_> = drawn.iter().map(|(age, owner)| owned(*age, owners[*owner])).collect();
            let chosen = chosen(count, &[GroupKey::Owner], &sessions);
            prop_assert!(chosen.is_sorted());
            for owner in 0..owners.len() {
                let group: Vec<usize> = (0..drawn.len()).filter(|index| drawn[*index].1 == owner).collect();
                let (older, kept): (Vec<usize>, Vec<usize>) =
                    group.iter().partition(|index| chosen.contains(index));
                prop_assert_eq!(kept.len(), count.min(group.len()));
                for old in &older {
                    // The older one, and of equals the later one.
                    prop_assert!(kept.iter().all(|new| (drawn[*new].0, *new) < (drawn[*old].0, *old)));
                }
            }
        }
    }
}
