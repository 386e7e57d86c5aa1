//! The checks as values, and their table.

use super::ask::Facts;
use super::seen::Seen;
use super::verdict::Next;
use super::{
    addressing, authentication, delete, encryption, enumerate, faults, get, http, identify, limits,
    must_understand, quotas, shell_end, shell_life, shells, signal, tls,
};
use crate::conformance::section::Section;

/// One thing that is asked of a live endpoint.
#[derive(Debug)]
#[non_exhaustive]
pub struct LiveCheck {
    /// Its name, which stays: `GROUP/NAME`.
    pub id: &'static str,
    /// What it asks, in one line.
    pub title: &'static str,
    /// What it states.
    pub section: Section,
    /// What the server must do; of an open question, what is to be found out.
    pub expectation: &'static str,
    /// What it cannot be asked without.
    pub needs: Needs,
    pub(super) next: NextFn,
}

/// The answers so far, in; the next request or the verdict, out.
pub(super) type NextFn = fn(&Facts, &[Seen]) -> Next;

/// What a check cannot be asked without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Needs {
    /// Nothing: not even a login.
    Nothing,
    /// A login.
    Login,
    /// A login that encrypts messages.
    Encryption,
    /// TLS.
    Tls,
    /// A login, and leave to create shells.
    Shells,
}

/// Checks of one subject.
#[derive(Debug)]
#[non_exhaustive]
pub struct Group {
    /// What the ids of its checks begin with.
    pub name: &'static str,
    /// Its subject.
    pub title: &'static str,
    tables: &'static [&'static [LiveCheck]],
}

impl Group {
    const fn new(name: &'static str, title: &'static str, tables: &'static [&'static [LiveCheck]]) -> Self {
        Self { name, title, tables }
    }

    /// Its checks, in the order in which they are asked.
    pub fn checks(&self) -> impl Iterator<Item = &'static LiveCheck> {
        self.tables.iter().copied().flatten()
    }
}

impl LiveCheck {
    /// A check of the table.
    pub(super) const fn new(
        id: &'static str,
        title: &'static str,
        section: Section,
        expectation: &'static str,
        needs: Needs,
        next: NextFn,
    ) -> Self {
        Self { id, title, section, expectation, needs, next }
    }

    /// The name of its group.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(group, _)| group)
    }
}

/// The groups, in the order in which they are asked.
pub const GROUPS: &[Group] = &[
    Group::new("http", "HTTP", &[http::CHECKS]),
    Group::new("authentication", "Authentication", &[authentication::CHECKS]),
    Group::new("tls", "TLS", &[tls::CHECKS]),
    Group::new("encryption", "Message encryption", &[encryption::CHECKS]),
    Group::new("identify", "Identify", &[identify::CHECKS]),
    Group::new("addressing", "Addressing headers", &[addressing::CHECKS]),
    Group::new("must-understand", "mustUnderstand", &[must_understand::CHECKS]),
    Group::new("enumerate", "Enumerate and Pull", &[enumerate::CHECKS]),
    Group::new("get", "Get", &[get::CHECKS]),
    Group::new("signal", "Signal", &[signal::CHECKS]),
    Group::new("delete", "Delete", &[delete::CHECKS]),
    Group::new("faults", "Faults", &[faults::CHECKS]),
    Group::new("limits", "Limits", &[limits::CHECKS]),
    Group::new("quotas", "Quotas", &[quotas::CHECKS]),
    Group::new("shells", "Shells", &[shells::CHECKS, shell_life::CHECKS, shell_end::CHECKS]),
];

/// Every check, in the order in which they are asked.
pub fn checks() -> impl Iterator<Item = &'static LiveCheck> {
    GROUPS.iter().flat_map(Group::checks)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_check_has_an_id_of_its_own_in_its_group_and_says_what_it_states() {
        let mut ids = HashSet::new();
        for group in GROUPS {
            for check in group.checks() {
                assert!(ids.insert(check.id), "{} twice", check.id);
                assert_eq!(check.group(), group.name);
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-/".contains(c);
                assert!(check.id.chars().all(plain), "{}", check.id);
                for text in [check.title, check.expectation, check.section.title, check.section.number] {
                    assert!(!text.is_empty() && !text.ends_with('.'), "{}: {text:?}", check.id);
                }
            }
        }
        assert!(ids.len() >= 60, "{}", ids.len());
    }

    #[test]
    fn only_the_group_of_shells_creates_some() {
        for check in checks() {
            assert_eq!(check.needs == Needs::Shells, check.group() == "shells", "{}", check.id);
        }
    }
}
