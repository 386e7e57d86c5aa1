//! Who is logged on to Windows, by name.

use super::failure::Failure;
use crate::auth::TicketError;

/// The names of the logged-on user, as Windows has them in the environment of each process. They are for messages and for
/// the choice between this logon and a password; who logs in, only the system knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Logon {
    /// `USERNAME`.
    pub(super) user: String,
    /// `USERDOMAIN`: the NetBIOS name of the domain, or of this machine.
    pub(super) domain: String,
    /// `USERDNSDOMAIN`: the DNS name of the domain; empty for an account of this machine, and for a service.
    pub(super) dns_domain: String,
}

impl Logon {
    /// The name of `user`'s logon, or of whatever logon there is if that is empty.
    pub(super) fn holder(&self, user: &str) -> Result<String, Failure> {
        if self.is(user) {
            return Ok(self.name());
        }
        let text = match self.dns_domain.is_empty() {
            true => "the logon is not one of a domain".to_owned(),
            false => format!("the logon is {}", self.name()),
        };
        Err(Failure::new(TicketError::NoTicket, &text))
    }

    /// `user@REALM`. Without a realm there may be tickets all the same (`runas /netonly`), but nobody knows for whom.
    fn name(&self) -> String {
        if self.user.is_empty() || self.dns_domain.is_empty() {
            return UNNAMED.to_owned();
        }
        format!("{}@{}", self.user, self.dns_domain)
    }

    fn is(&self, user: &str) -> bool {
        let name = self.name();
        if user.is_empty() || name.eq_ignore_ascii_case(user) {
            return true;
        }
        if name == UNNAMED {
            return false;
        }
        match user.split_once('\\') {
            Some((domain, user)) => {
                super::is_of_domain(&name, domain, user)
                    || (self.domain.eq_ignore_ascii_case(domain) && self.user.eq_ignore_ascii_case(user))
            }
            None => self.user.eq_ignore_ascii_case(user),
        }
    }
}

/// The logon, where no realm is known.
const UNNAMED: &str = "the logged-on user";

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> Logon {
        Logon { user: "ann".to_owned(), domain: "LAB".to_owned(), dns_domain: "CORP.EXAMPLE.COM".to_owned() }
    }

    #[test]
    fn the_logon_is_taken_for_its_user_by_any_of_its_names_and_for_nobody_else() {
        for (user, expected) in [
            ("", true),
            ("ann", true),
            ("Ann@corp.example.com", true),
            ("LAB\\Ann", true),
            ("corp\\ann", true),
            ("corp.example.com\\ann", true),
            (".\\ann", false),
            ("WEB01\\ann", false),
            ("ann@other.com", false),
            ("bob", false),
            ("LAB\\bob", false),
        ] {
            let holder = ann().holder(user);
            assert_eq!(holder.is_ok(), expected, "{user}");
            if expected {
                assert_eq!(holder.unwrap(), "ann@CORP.EXAMPLE.COM");
            }
        }
        let failure = ann().holder("bob").unwrap_err();
        assert_eq!(failure.reason(), TicketError::NoTicket);
        assert_eq!(failure.problem(), " (the logon is ann@CORP.EXAMPLE.COM)");
    }

    #[test]
    fn a_logon_without_a_realm_is_nobodys_in_particular() {
        let local = Logon { dns_domain: String::new(), ..ann() };
        let name = local.holder("").unwrap();
        assert_eq!(local.holder(&name), Ok(name), "the name that it was given stands for it");
        for user in ["ann", "LAB\\ann", "ann@LAB"] {
            assert!(local.holder(user).is_err(), "{user}: a password may be meant");
        }
    }
}
