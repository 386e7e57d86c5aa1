//! Account names: `user`, `DOMAIN\user` and `user@domain` are the same person when nothing says otherwise.

/// An account name, taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account<'a> {
    user: &'a str,
    domain: Option<&'a str>,
}

impl<'a> Account<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        let text = text.trim();
        let (user, domain) = if let Some((domain, user)) = text.split_once('\\') {
            (user, domain)
        } else if let Some((user, domain)) = text.rsplit_once('@') {
            (user, domain)
        } else {
            (text, "")
        };
        // A dot stands for whatever computer it is.
        Self { user, domain: Some(domain).filter(|domain| !matches!(*domain, "" | ".")) }
    }

    /// User parts equal ignoring case, and domain parts equal where both have one.
    pub(crate) fn is_same(self, other: Account<'_>) -> bool {
        let domains_agree = match (self.domain, other.domain) {
            (Some(ours), Some(theirs)) => same_ignoring_case(ours, theirs),
            _ => true,
        };
        !self.user.is_empty() && same_ignoring_case(self.user, other.user) && domains_agree
    }
}

fn same_ignoring_case(one: &str, other: &str) -> bool {
    one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        let there = Account::parse(one).is_same(Account::parse(other));
        let back = Account::parse(other).is_same(Account::parse(one));
        assert_eq!(there, back, "{one} and {other} must agree both ways");
        there
    }

    #[test]
    fn user_parts_are_compared_ignoring_case() {
        assert!(same("Bob", "bOB"));
        assert!(same("ÉMILE", "émile"));
        assert!(!same("bob", "bobby"));
    }

    #[test]
    fn domains_are_compared_only_where_both_have_one() {
        assert!(same(r"LAB\bob", "bob"));
        assert!(same(r"LAB\bob", "bob@lab"));
        assert!(!same(r"LAB\bob", r"WEB01\bob"));
        assert!(!same(r"LAB\bob", "bob@lab.example"));
    }

    #[test]
    fn a_dot_or_nothing_before_the_backslash_is_no_domain() {
        assert!(same(r".\bob", r"WEB01\bob"));
        assert!(same(r"\bob", r"WEB01\bob"));
    }

    #[test]
    fn nobody_is_the_same_as_nobody() {
        assert!(!same("", ""));
        assert!(!same(r"LAB\", r"LAB\"));
    }
}
