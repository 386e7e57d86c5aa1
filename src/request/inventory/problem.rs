//! What is wrong with an inventory, and where.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The most problems that are kept; the rest is counted.
pub(super) const MAX_PROBLEMS: usize = 50;

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InventoryPlace {
    /// The file, or another name of the source.
    pub source: Arc<str>,
    /// The line, from 1; `None` where lines say nothing, as in JSON.
    pub line: Option<usize>,
}

/// One problem of an inventory. It never quotes what may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryProblem {
    /// Where it is.
    pub place: InventoryPlace,
    /// What is wrong.
    pub reason: String,
    /// Which of the inventory's hosts it concerns: the first, and how many; `None` where that is no question.
    pub hosts: Option<(String, usize)>,
    /// What it is about.
    pub kind: InventoryProblemKind,
}

/// What a problem is about, so that a caller can say what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InventoryProblemKind {
    /// A line, a key or a value that cannot be understood.
    Malformed,
    /// It is the configuration of an inventory plugin.
    Plugin,
    /// A user that only Ansible could evaluate: a template or an encrypted value.
    User,
    /// Another value that only Ansible could evaluate.
    Evaluated,
    /// Basic is what the inventory wants for the login.
    Basic,
    /// The inventory wants a login that this crate does not have.
    Authentication,
    /// The inventory wants no check of the server's certificate.
    Certificate,
}

/// All problems of an inventory; nothing may be started with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct InventoryErrors {
    /// The first of them.
    pub problems: Vec<InventoryProblem>,
    /// How many more there are.
    pub more: usize,
}

impl fmt::Display for InventoryPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{} line {line}", self.source),
            None => f.write_str(&self.source),
        }
    }
}

impl fmt::Display for InventoryProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)?;
        match &self.hosts {
            None => Ok(()),
            Some((host, 1)) => write!(f, " (host {host})"),
            Some((host, count)) => write!(f, " (host {host} and {} more)", count - 1),
        }
    }
}

impl fmt::Display for InventoryErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the inventory has {} errors", self.problems.len() + self.more)?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n{problem}"))
    }
}

/// Problems as they are found.
#[derive(Clone, Debug, Default)]
pub(super) struct Problems {
    found: InventoryErrors,
    /// Where each of those that concern hosts is in the list.
    of_hosts: HashMap<(InventoryPlace, String), usize>,
}

impl Problems {
    pub(super) fn add(
        &mut self,
        place: InventoryPlace,
        kind: InventoryProblemKind,
        reason: impl Into<String>,
    ) {
        self.push(InventoryProblem { place, reason: reason.into(), hosts: None, kind });
    }

    pub(super) fn malformed(&mut self, place: InventoryPlace, reason: impl Into<String>) {
        self.add(place, InventoryProblemKind::Malformed, reason);
    }

    /// A value that concerns a host, and perhaps more of its group: that is one problem.
    pub(super) fn of_host(
        &mut self,
        place: &InventoryPlace,
        kind: InventoryProblemKind,
        host: &str,
        reason: impl Into<String>,
    ) {
        let key = (place.clone(), reason.into());
        if let Some(index) = self.of_hosts.get(&key) {
            if let Some((_, count)) = self.found.problems.get_mut(*index).and_then(|one| one.hosts.as_mut()) {
                *count += 1;
            }
            return;
        }
        let (place, reason) = key.clone();
        let hosts = Some((host.to_owned(), 1));
        if self.push(InventoryProblem { place, reason, hosts, kind }) {
            self.of_hosts.insert(key, self.found.problems.len() - 1);
        }
    }

    fn push(&mut self, problem: InventoryProblem) -> bool {
        let fits = self.found.problems.len() < MAX_PROBLEMS;
        if fits {
            self.found.problems.push(problem);
        } else {
            self.found.more += 1;
        }
        fits
    }

    /// An error if there is any.
    pub(super) fn into_result(self) -> Result<(), InventoryErrors> {
        if self.found.problems.is_empty() { Ok(()) } else { Err(self.found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: usize) -> InventoryPlace {
        InventoryPlace { source: "hosts.ini".into(), line: Some(line) }
    }

    #[test]
    fn a_value_of_a_group_is_one_problem_however_many_hosts_have_it() {
        let mut problems = Problems::default();
        for host in ["web01", "web02", "web03"] {
            problems.of_host(&place(7), InventoryProblemKind::User, host, "ansible_user is a template");
        }
        problems.malformed(InventoryPlace { line: None, ..place(1) }, "no hosts");
        let errors = problems.into_result().unwrap_err();
        let shown: Vec<_> = errors.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["hosts.ini line 7: ansible_user is a template (host web01 and 2 more)", "hosts.ini: no hosts"]
        );
    }

    #[test]
    fn many_problems_are_bounded_and_counted() {
        let mut problems = Problems::default();
        (1..=MAX_PROBLEMS + 3).for_each(|line| problems.malformed(place(line), "x"));
        let errors = problems.into_result().unwrap_err();
        assert_eq!((errors.problems.len(), errors.more), (MAX_PROBLEMS, 3));
    }
}
