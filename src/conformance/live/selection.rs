//! Which checks are asked.

use super::check::{LiveCheck, checks};
use crate::session::WildcardPattern;

/// Which checks are asked: all of them, unless something else is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    only: Vec<WildcardPattern>,
    skip: Vec<WildcardPattern>,
}

/// A pattern that no check has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no check is called {pattern:?}")]
pub struct UnknownCheck {
    /// The pattern.
    pub pattern: String,
}

impl Selection {
    /// `only` these and not those of `skip`: ids, names of groups, or patterns of ids with PowerShell's wildcards. Capitals
    /// do not matter. Without `only` all are asked.
    ///
    /// # Errors
    /// A pattern that no check has.
    pub fn new<S: AsRef<str>, T: AsRef<str>>(
        only: impl IntoIterator<Item = S>,
        skip: impl IntoIterator<Item = T>,
    ) -> Result<Self, UnknownCheck> {
        Ok(Self {
            only: only.into_iter().map(|one| read(one.as_ref())).collect::<Result<_, _>>()?,
            skip: skip.into_iter().map(|one| read(one.as_ref())).collect::<Result<_, _>>()?,
        })
    }

    /// Whether this check is asked.
    #[must_use]
    pub fn has(&self, check: &LiveCheck) -> bool {
        let is_named = |patterns: &[WildcardPattern]| patterns.iter().any(|pattern| is_meant(pattern, check));
        (self.only.is_empty() || is_named(&self.only)) && !is_named(&self.skip)
    }
}

fn read(text: &str) -> Result<WildcardPattern, UnknownCheck> {
    let pattern = WildcardPattern::new(text.trim()).ok();
    let known = pattern.filter(|pattern| checks().any(|check| is_meant(pattern, check)));
    known.ok_or_else(|| UnknownCheck { pattern: text.to_owned() })
}

fn is_meant(pattern: &WildcardPattern, check: &LiveCheck) -> bool {
    pattern.as_str().eq_ignore_ascii_case(check.group()) || pattern.matches(check.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(only: &[&str], skip: &[&str]) -> Vec<&'static str> {
        let selection = Selection::new(only, skip).unwrap();
        checks().filter(|check| selection.has(check)).map(|check| check.id).collect()
    }

    #[test]
    fn checks_are_named_by_id_group_and_pattern() {
        assert_eq!(ids(&["delete/repeated"], &[]), ["delete/repeated"]);
        assert_eq!(ids(&["Delete"], &["delete/*-*"]), ["delete/repeated"]);
        assert_eq!(
            ids(&["*/no-such-shell"], &[]),
            ["get/no-such-shell", "signal/no-such-shell", "delete/no-such-shell"]
        );
        assert_eq!(ids(&["get/no-gui?"], &[]), ["get/no-guid"]);
        assert_eq!(ids(&[], &[]).len(), checks().count());
        assert!(ids(&["get"], &["*"]).is_empty());
    }

    #[test]
    fn a_name_that_no_check_has_is_an_error() {
        for unknown in ["gte", "get/[", ""] {
            let error = Selection::new(["get", unknown], [""; 0]).unwrap_err();
            assert_eq!(error.to_string(), format!("no check is called {unknown:?}"));
        }
    }
}
