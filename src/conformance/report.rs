//! What came of all exchanges that were judged.

use std::path::{Path, PathBuf};

use super::checks::{Check, CheckedExchange, Verdict};

/// What was found out about the exchanges of one scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Judged {
    /// The folder.
    pub folder: PathBuf,
    /// What the scenario shows.
    pub title: String,
    /// One for each exchange that was looked at.
    pub judgements: Vec<CheckedExchange>,
}

impl Judged {
    /// A scenario whose exchanges are still to be judged.
    #[must_use]
    pub fn new(folder: PathBuf, title: String) -> Self {
        Self { folder, title, judgements: Vec::new() }
    }

    /// The last part of the folder's path.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.folder.file_name().unwrap_or(self.folder.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// The command that judges one exchange again.
    #[must_use]
    pub fn reproduce(&self, number: u32) -> String {
        format!("pssession conformance {} --exchange {number}", quoted(&self.folder))
    }
}

/// What was found out about several scenarios.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// In the order in which they were judged.
    pub scenarios: Vec<Judged>,
}

impl Report {
    /// Every check, with its scenario and exchange.
    pub fn checks(&self) -> impl Iterator<Item = (&Judged, &CheckedExchange, &Check)> {
        self.scenarios.iter().flat_map(|scenario| {
            let judgements = scenario.judgements.iter();
            judgements.flat_map(move |judgement| {
                judgement.checks.iter().map(move |check| (scenario, judgement, check))
            })
        })
    }

    /// The checks that failed.
    pub fn mismatches(&self) -> impl Iterator<Item = (&Judged, &CheckedExchange, &Check)> {
        self.checks().filter(|(_, _, check)| check.verdict == Verdict::Mismatch)
    }

    /// How many checks ended so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks().filter(|(_, _, check)| check.verdict == verdict).count()
    }

    /// How many exchanges were looked at.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.scenarios.iter().map(|scenario| scenario.judgements.len()).sum()
    }

    /// Why nothing could be validated, if that is so.
    #[must_use]
    pub fn not_validated(&self) -> Option<&str> {
        let found = self.checks().find(|(_, _, check)| check.verdict == Verdict::NotValidated);
        found.map(|(_, _, check)| check.detail.as_str())
    }
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':' | '@' | '+' | ',');
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_a_space_is_quoted_for_the_shell() {
        let judged = |path: &str| Judged::new(path.into(), String::new()).reproduce(3);
        assert_eq!(judged("a/b-1"), "pssession conformance a/b-1 --exchange 3");
        assert_eq!(judged("it's a"), r"pssession conformance 'it'\''s a' --exchange 3");
    }
}
