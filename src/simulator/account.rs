//! Who may log in, and who is asking.

/// A Windows account as the simulated service knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The domain, or the computer's name for a local account; may be empty.
    pub domain: String,
    /// The user name.
    pub name: String,
    /// The user principal name, `name@dns.domain`, where it is not made of the other two.
    pub upn: Option<String>,
    /// An administrator sees and may close everybody's shells; others only their own.
    pub administrator: bool,
    /// Whether the account may list shells and commands. Who is neither an administrator nor in Remote Management Users
    /// may not (fault 5), and may still Get, Signal and Delete their own shells.
    pub may_list: bool,
}

impl Account {
    /// An administrator, written `DOMAIN\name` or `name`.
    #[must_use]
    pub fn administrator(name: &str) -> Self {
        Self { administrator: true, ..Self::user(name) }
    }

    /// An account without rights over other users' shells, written `DOMAIN\name` or `name`.
    #[must_use]
    pub fn user(name: &str) -> Self {
        let (domain, name) = name.split_once('\\').unwrap_or(("", name));
        let (domain, name) = (domain.to_owned(), name.to_owned());
        Self { domain, name, upn: None, administrator: false, may_list: true }
    }

    /// The same with this user principal name; it need not begin with the user name.
    #[must_use]
    pub fn with_upn(mut self, upn: &str) -> Self {
        self.upn = Some(upn.to_owned());
        self
    }

    /// The same account without the right to list.
    #[must_use]
    pub fn without_listing(mut self) -> Self {
        self.may_list = false;
        self
    }

    /// `DOMAIN\name`, or `name` where there is no domain: what `Owner` of this account's shells says.
    #[must_use]
    pub fn full_name(&self) -> String {
        if self.domain.is_empty() { self.name.clone() } else { format!("{}\\{}", self.domain, self.name) }
    }

    /// Whether `owner` is this account: names equal ignoring case, and domains where both have one.
    #[must_use]
    pub fn is_owner(&self, owner: &str) -> bool {
        let (domain, name) = owner.split_once('\\').unwrap_or(("", owner));
        self.name.eq_ignore_ascii_case(name)
            && (domain.is_empty() || self.domain.is_empty() || self.domain.eq_ignore_ascii_case(domain))
    }

    /// Whether a login that names `domain` and `user` means this account; `user` may be a UPN.
    pub(super) fn is_meant_by(&self, domain: &str, user: &str) -> bool {
        if self.upn.as_deref().is_some_and(|upn| domain.is_empty() && upn.eq_ignore_ascii_case(user)) {
            return true;
        }
        if let Some((name, realm)) = user.split_once('@').filter(|_| domain.is_empty()) {
            let first_label = realm.split('.').next().unwrap_or(realm);
            return self.name.eq_ignore_ascii_case(name)
                && (realm.eq_ignore_ascii_case(&self.domain)
                    || first_label.eq_ignore_ascii_case(&self.domain));
        }
        self.name.eq_ignore_ascii_case(user)
            && (domain.is_empty() || domain == "." || domain.eq_ignore_ascii_case(&self.domain))
    }
}

/// Who sent a request, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account; `None` for an unauthenticated Identify.
    pub account: Option<Account>,
    /// The number of the connection, counted from 1.
    pub connection: u64,
    /// Whether the body was sealed.
    pub sealed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_without_a_domain_is_the_account_of_that_name() {
        let alice = Account::user("CONTOSO\\alice");
        assert!(alice.is_owner("alice"));
        assert!(alice.is_owner("contoso\\ALICE"));
        assert!(!alice.is_owner("FABRIKAM\\alice"));
    }

    #[test]
    fn a_login_may_name_the_domain_or_not_or_be_a_upn() {
        let alice = Account::user("CONTOSO\\alice");
        assert!(alice.is_meant_by("", "Alice"));
        assert!(alice.is_meant_by("contoso", "alice"));
        assert!(alice.is_meant_by("", "alice@contoso.example"));
        assert!(!alice.is_meant_by("FABRIKAM", "alice"));
        assert!(!alice.is_meant_by("", "alice@fabrikam.example"));
    }
}
