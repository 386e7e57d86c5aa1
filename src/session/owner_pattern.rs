//! Patterns of owners: an account's name under whatever authority, or a whole account.

use super::wildcard::{PatternError, WildcardPattern};

/// A pattern that owners are compared with, with PowerShell's wildcards.
///
/// A pattern without `\` and `@` is compared with the name part of an owner, so that `ci-runner` matches
/// `CONTOSO\ci-runner`; one with either of them is compared with the whole owner.
///
/// ```
/// # use pssession::session::OwnerPattern;
/// assert!(OwnerPattern::new("ci-*")?.matches(r"CONTOSO\ci-runner"));
/// assert!(OwnerPattern::new(r"contoso\*")?.matches(r"CONTOSO\ci-runner"));
/// assert!(!OwnerPattern::new(r"LAB\ci-*")?.matches(r"CONTOSO\ci-runner"));
/// # Ok::<(), pssession::session::PatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerPattern {
    pattern: WildcardPattern,
    form: Form,
}

/// Which part of an owner a pattern is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// The name part.
    Name,
    /// The whole, with an authority before the backslash. The pattern of the name alone, where it is one.
    Account { authority_is_dns: bool, name: Option<WildcardPattern> },
    /// The whole, as a UPN.
    Upn,
}

/// How an owner relates to a pattern that protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnerMatch {
    Matches,
    /// It is another account for certain.
    Differs,
    /// The names do not say.
    InDoubt,
}

impl OwnerPattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// [`PatternError`] as of [`WildcardPattern::new`].
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let pattern = WildcardPattern::new(text)?;
        let form = match text.split_once('\\') {
            Some((authority, name)) => Form::Account {
                authority_is_dns: authority.contains('.'),
                name: WildcardPattern::new(name).ok(),
            },
            None if text.contains('@') => Form::Upn,
            None => Form::Name,
        };
        Ok(Self { pattern, form })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.pattern.as_str()
    }

    /// Whether this is the pattern of a UPN, which servers do not report as owners.
    #[must_use]
    pub fn is_upn(&self) -> bool {
        self.form == Form::Upn
    }

    /// Whether an owner matches.
    #[must_use]
    pub fn matches(&self, owner: &str) -> bool {
        match self.form {
            Form::Name => self.pattern.matches(name_part(owner)),
            Form::Account { .. } | Form::Upn => self.pattern.matches(owner),
        }
    }

    /// The same where a session must be protected as long as its owner may be meant.
    pub(super) fn relate(&self, owner: Option<&str>) -> OwnerMatch {
        let Some(owner) = owner.filter(|owner| !owner.trim().is_empty()) else { return OwnerMatch::InDoubt };
        if self.matches(owner) {
            return OwnerMatch::Matches;
        }
        let (authority, name) = owner.split_once('\\').unwrap_or(("", owner));
        // The prefix of a UPN is not the account's name.
        if name.contains('@') || self.is_upn() {
            return OwnerMatch::InDoubt;
        }
        match &self.form {
            Form::Account { .. } if authority.is_empty() => OwnerMatch::InDoubt,
            // A DNS name and a NetBIOS name may be those of one domain.
            Form::Account { authority_is_dns, name: pattern }
                if (*authority_is_dns || authority.contains('.'))
                    && pattern.as_ref().is_none_or(|pattern| pattern.matches(name)) =>
            {
                OwnerMatch::InDoubt
            }
            _ => OwnerMatch::Differs,
        }
    }
}

/// The name of an owner without its authority.
fn name_part(owner: &str) -> &str {
    match owner.split_once('\\') {
        Some((_, name)) => name,
        None => owner.split_once('@').map_or(owner, |(name, _)| name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> OwnerPattern {
        OwnerPattern::new(text).unwrap()
    }

    #[test]
    fn a_pattern_without_an_authority_is_compared_with_the_name() {
        for (text, owner, expected) in [
            ("ci-runner", r"CONTOSO\ci-runner", true),
            ("CI-*", r"CONTOSO\ci-runner", true),
            ("*ci-runner", r"CONTOSO\ci-runner", true),
            ("ci-runner", "ci-runner", true),
            ("ci-runner", "ci-runner@contoso.example", true),
            ("contoso*", r"CONTOSO\ci-runner", false),
            (r"contoso\*", r"CONTOSO\ci-runner", true),
            (r"*\ci-runner", r"CONTOSO\ci-runner", true),
            (r"*\ci-runner", "ci-runner", false),
            ("ci-runner@*", "ci-runner@contoso.example", true),
            ("ci-runner@*", r"CONTOSO\ci-runner", false),
            ("*", r"CONTOSO\ci-runner", true),
        ] {
            assert_eq!(pattern(text).matches(owner), expected, "{text} {owner}");
        }
    }

    #[test]
    fn what_may_be_meant_is_in_doubt() {
        use OwnerMatch::{Differs, InDoubt, Matches};
        for (text, owner, expected) in [
            ("backup", Some(r"LAB\backup"), Matches),
            ("backup", Some(r"LAB\ada"), Differs),
            ("backup", Some("ada"), Differs),
            ("backup", Some("b.kup@lab.example"), InDoubt),
            ("backup", Some(" "), InDoubt),
            ("backup", None, InDoubt),
            (r"LAB\backup", Some(r"lab\BACKUP"), Matches),
            (r"LAB\backup", Some(r"FAR\backup"), Differs),
            (r"LAB\backup", Some("backup"), InDoubt),
            (r"LAB\backup", Some("ada"), InDoubt),
            (r"LAB\backup", Some(r"lab.example\backup"), InDoubt),
            (r"LAB\backup", Some(r"lab.example\ada"), Differs),
            (r"lab.example\backup", Some(r"LAB\backup"), InDoubt),
            (r"LAB\backup", Some(r".\backup"), InDoubt),
            ("backup@lab.example", Some(r"LAB\ada"), InDoubt),
            ("backup@lab.example", Some("backup@lab.example"), Matches),
        ] {
            assert_eq!(pattern(text).relate(owner), expected, "{text} {owner:?}");
        }
    }
}
