//! Which checks are asked.

use super::check::{LiveCheck, checks};

/// Which checks are asked: all of them, unless something else is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    only: Vec<String>,
    skip: Vec<String>,
}

/// A pattern that no check has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no check is called {pattern:?}")]
pub struct UnknownCheck {
    /// The pattern.
    pub pattern: String,
}

impl Selection {
    /// `only` these and not those of `skip`: ids, names of groups, or patterns of ids in which `*` stands for any text and
    /// `?` for one character. Capitals do not matter. Without `only` all are asked.
    ///
    /// # Errors
    /// A pattern that no check has.
    pub fn new<S: AsRef<str>, T: AsRef<str>>(
        only: impl IntoIterator<Item = S>,
        skip: impl IntoIterator<Item = T>,
    ) -> Result<Self, UnknownCheck> {
        let read = |pattern: &str| {
            let pattern = pattern.trim().to_ascii_lowercase();
            match checks().any(|check| is_meant(&pattern, check)) {
                true => Ok(pattern),
                false => Err(UnknownCheck { pattern }),
            }
        };
        Ok(Self {
            only: only.into_iter().map(|one| read(one.as_ref())).collect::<Result<_, _>>()?,
            skip: skip.into_iter().map(|one| read(one.as_ref())).collect::<Result<_, _>>()?,
        })
    }

    /// Whether this check is asked.
    #[must_use]
    pub fn has(&self, check: &LiveCheck) -> bool {
        let is_named = |patterns: &[String]| patterns.iter().any(|pattern| is_meant(pattern, check));
        (self.only.is_empty() || is_named(&self.only)) && !is_named(&self.skip)
    }
}

fn is_meant(pattern: &str, check: &LiveCheck) -> bool {
    pattern == check.group() || matches(pattern, check.id)
}

/// Whether a text is of this pattern; both are short and of our own table.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let mut characters = pattern.chars();
    match characters.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = characters.as_str();
            let mut tails = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            tails.any(|at| text.get(at..).is_some_and(|tail| matches(rest, tail)))
        }
        Some(wanted) => {
            let mut others = text.chars();
            others.next().is_some_and(|found| wanted == '?' || wanted == found)
                && matches(characters.as_str(), others.as_str())
        }
    }
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
        let error = Selection::new(["get", "gte"], [""; 0]).unwrap_err();
        assert_eq!(error.to_string(), "no check is called \"gte\"");
    }
}
