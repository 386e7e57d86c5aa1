//! Whose session is it: account names, and whether two of them are one account.

use std::fmt;

use crate::auth::ServerNames;

/// How two account names relate. What cannot be told from the names is neither the same nor different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// They are one account.
    Same,
    /// They are two accounts.
    Different,
    /// The names do not say.
    NotComparable,
}

/// The account that acts at one server: the login, and what is known there of whose it is.
///
/// A login is a name with an optional authority: `AUTHORITY\name`, `name@dns.domain`, or a bare name. Which account it
/// is depends on the server:
///
/// | login or owner | compared as |
/// |---|---|
/// | `CORP\jdoe` | itself |
/// | `corp.example\jdoe` | `CORP\jdoe`, where the server says that its domain has both names |
/// | `.\jdoe` | `WEB01\jdoe`, where the server says its name |
/// | `jdoe` | `WEB01\jdoe` on a machine of a workgroup, which names itself as its domain |
/// | `john.doe@corp.example` | nothing: the part before the `@` need not be the account's name |
/// | `jdoe@CORP.EXAMPLE`, with a Kerberos ticket | `CORP\jdoe`, where the server says that its domain has both names |
///
/// Whatever has no such form is [`NotComparable`](Comparison::NotComparable). The same name under two authorities is two
/// accounts only if the server says that the login's authority is itself or its domain, for Windows looks a name whose
/// authority it does not know up among its own accounts. Letter case never counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginAccount {
    login: String,
    stated: Option<String>,
    server: ServerNames,
}

impl LoginAccount {
    /// The account of this login, as it was typed, at a server that has said nothing of itself: no NTLM challenge (HTTP
    /// Basic, Kerberos), or none yet.
    #[must_use]
    pub fn new(login: impl Into<String>) -> Self {
        Self { login: login.into(), stated: None, server: ServerNames::default() }
    }

    /// The same at the server that names itself so.
    #[must_use]
    pub fn at(mut self, server: ServerNames) -> Self {
        self.server = server;
        self
    }

    /// The same with the NetBIOS name (`CORP\jdoe`) that a person says this login has. It counts in
    /// [`compare`](Self::compare) where the login is not comparable, and never in [`prove`](Self::prove).
    #[must_use]
    pub fn with_stated(mut self, account: Option<String>) -> Self {
        self.stated = account;
        self
    }

    /// What the server says of itself.
    #[must_use]
    pub fn server_names(&self) -> &ServerNames {
        &self.server
    }

    /// The login, as it was typed.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.login
    }

    /// Whether `login` is this very text, ignoring case.
    #[must_use]
    pub fn is_login(&self, login: &str) -> bool {
        !login.trim().is_empty() && same_ignoring_case(login, &self.login)
    }

    /// Whether `owner` is this account, as far as the login and the server's names prove it.
    #[must_use]
    pub fn prove(&self, owner: &str) -> Comparison {
        self.relate(&self.login, owner)
    }

    /// The same for what proves nothing: where the login is not comparable, the stated name is compared.
    #[must_use]
    pub fn compare(&self, owner: &str) -> Comparison {
        match (self.prove(owner), &self.stated) {
            (Comparison::NotComparable, Some(stated)) => self.relate(stated, owner),
            (proved, _) => proved,
        }
    }

    /// Whether a listing of shells that these accounts own must be one of everybody's: it shows an owner that is another
    /// account than this one, or two that are different from each other.
    #[must_use]
    pub fn sees_others_in<'a>(&self, owners: impl IntoIterator<Item = &'a str>) -> bool {
        let login = self.resolve_login(&self.login);
        let mut first = None;
        owners.into_iter().filter_map(|owner| self.resolve(owner)).any(|owner| {
            let first = first.get_or_insert(owner);
            login.is_some_and(|login| self.differ(login, owner, &[login]))
                || self.differ(*first, owner, &[*first, owner])
        })
    }

    fn relate(&self, login: &str, owner: &str) -> Comparison {
        let (Some(login), Some(owner)) = (self.resolve_login(login), self.resolve(owner)) else {
            return Comparison::NotComparable;
        };
        if self.differ(login, owner, &[login]) {
            Comparison::Different
        } else if same_ignoring_case(login.authority, owner.authority) {
            Comparison::Same
        } else {
            Comparison::NotComparable
        }
    }

    /// Whether two accounts are different. With the same name they are only if the server knows the authority of one of
    /// `known` as its own.
    fn differ(&self, one: Account<'_>, other: Account<'_>, known: &[Account<'_>]) -> bool {
        let own = [&self.server.netbios_domain, &self.server.netbios_computer];
        let is_own = |account: &Account<'_>| own.iter().any(|own| same_ignoring_case(own, account.authority));
        !same_ignoring_case(one.name, other.name)
            || (!same_ignoring_case(one.authority, other.authority) && known.iter().any(is_own))
    }

    /// The same as [`resolve`](Self::resolve), for the login: a name in the realm in which a ticket was issued is a
    /// principal, whose first part is the account's name, and no UPN.
    fn resolve_login<'a>(&'a self, login: &'a str) -> Option<Account<'a>> {
        let ServerNames { netbios_domain, dns_domain, realm, .. } = &self.server;
        match login.trim().split_once('@') {
            Some((name, of)) if !realm.is_empty() && same_ignoring_case(of, realm) => {
                Some(Account { authority: netbios_domain, name }).filter(|account| {
                    same_ignoring_case(realm, dns_domain)
                        && !account.authority.is_empty()
                        && !name.is_empty()
                        && !name.contains('\\')
                })
            }
            _ => self.resolve(login),
        }
    }

    /// The NetBIOS authority and the name that a text stands for at this server.
    fn resolve<'a>(&'a self, text: &'a str) -> Option<Account<'a>> {
        let (authority, name) = text.trim().split_once('\\').unwrap_or(("", text.trim()));
        let ServerNames { netbios_domain, netbios_computer, dns_domain, .. } = &self.server;
        let authority = match authority {
            // No account name holds an `@`: this is a UPN, whatever stands before it.
            _ if name.contains('@') => return None,
            "" if same_ignoring_case(netbios_domain, netbios_computer) => netbios_computer,
            "" => return None,
            "." => netbios_computer,
            dns if dns.contains('.') => {
                Some(netbios_domain).filter(|_| same_ignoring_case(dns, dns_domain))?
            }
            netbios => netbios,
        };
        Some(Account { authority, name }).filter(|account| !account.authority.is_empty() && !name.is_empty())
    }
}

/// An account name with a NetBIOS authority.
#[derive(Clone, Copy, Debug)]
struct Account<'a> {
    authority: &'a str,
    name: &'a str,
}

impl fmt::Display for LoginAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.login)
    }
}

fn same_ignoring_case(one: &str, other: &str) -> bool {
    one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_of_the_servers_own_realm_is_an_account_of_its_domain() {
        let compared = |login: &str, realm: &str, owner: &str| {
            let names = ServerNames { realm: realm.to_owned(), ..names("CORP", "WEB01", "corp.example") };
            LoginAccount::new(login).at(names).prove(owner)
        };
        let principal = "jdoe@CORP.EXAMPLE";
        assert_eq!(compared(principal, "CORP.EXAMPLE", r"CORP\jdoe"), Comparison::Same);
        assert_eq!(compared(principal, "CORP.EXAMPLE", r"CORP\boss"), Comparison::Different);
        assert_eq!(compared(principal, "CORP.EXAMPLE", r"WEB01\jdoe"), Comparison::Different);
        for (login, realm, owner) in [
            // Without a ticket it is a UPN.
            (principal, "", r"CORP\jdoe"),
            // The server's challenge names its own domain only.
            ("jdoe@PARTNER.EXAMPLE", "PARTNER.EXAMPLE", r"PARTNER\jdoe"),
            (principal, "PARTNER.EXAMPLE", r"CORP\jdoe"),
            ("@CORP.EXAMPLE", "CORP.EXAMPLE", r"CORP\jdoe"),
            // An owner is never a principal.
            (r"CORP\jdoe", "CORP.EXAMPLE", principal),
        ] {
            assert_eq!(compared(login, realm, owner), Comparison::NotComparable, "{login} {realm} {owner}");
        }
        let names =
            ServerNames { realm: "CORP.EXAMPLE".to_owned(), ..names("CORP", "WEB01", "corp.example") };
        let me = LoginAccount::new(principal).at(names);
        assert!(me.sees_others_in([r"CORP\boss"]) && !me.sees_others_in([r"CORP\jdoe"]));
    }

    fn names(netbios_domain: &str, netbios_computer: &str, dns_domain: &str) -> ServerNames {
        ServerNames {
            netbios_domain: netbios_domain.to_owned(),
            netbios_computer: netbios_computer.to_owned(),
            dns_domain: dns_domain.to_owned(),
            realm: String::new(),
        }
    }

    /// A server that says nothing, a member of a domain, a machine of a workgroup, and one whose challenge is meagre.
    fn servers() -> [ServerNames; 4] {
        [
            ServerNames::default(),
            names("CORP", "WEB01", "corp.example"),
            names("WEB01", "WEB01", "web01"),
            names("CORP", "", ""),
        ]
    }

    const LOGINS: [&str; 10] = [
        r"CORP\svc",
        r"web01\SVC",
        r"FAR\svc",
        r"corp.example\svc",
        r"far.example\svc",
        "svc@corp.example",
        "svc",
        r".\svc",
        r"CORP\svc@corp.example",
        "",
    ];

    const OWNERS: [&str; 10] = [
        r"corp\Svc",
        r"WEB01\svc",
        r"FAR\svc",
        r"Corp.Example\svc",
        "svc@corp.example",
        "svc",
        r".\svc",
        r"CORP\other",
        "other",
        "",
    ];

    /// A line per login, a letter per owner: Same, Different, or not comparable.
    const VERDICTS: [[&str; 10]; 4] = [
        [
            "S......D..",
            ".S.....D..",
            "..S....D..",
            "..........",
            "..........",
            "..........",
            "..........",
            "..........",
            "..........",
            "..........",
        ],
        [
            "SDDS..DD..",
            "DSDD..SD..",
            "..S....D..",
            "SDDS..DD..",
            "..........",
            "..........",
            "..........",
            "DSDD..SD..",
            "..........",
            "..........",
        ],
        [
            "S......DD.",
            "DSD..SSDD.",
            "..S....DD.",
            "..........",
            "..........",
            "..........",
            "DSD..SSDD.",
            "DSD..SSDD.",
            "..........",
            "..........",
        ],
        [
            "SDD....D..",
            ".S.....D..",
            "..S....D..",
            "..........",
            "..........",
            "..........",
            "..........",
            "..........",
            "..........",
            "..........",
        ],
    ];

    fn letter(comparison: Comparison) -> char {
        match comparison {
            Comparison::Same => 'S',
            Comparison::Different => 'D',
            Comparison::NotComparable => '.',
        }
    }

    #[test]
    fn each_login_is_compared_with_each_owner_as_each_server_names_itself() {
        for (server, verdicts) in servers().into_iter().zip(VERDICTS) {
            for (login, expected) in LOGINS.into_iter().zip(verdicts) {
                let account = LoginAccount::new(login).at(server.clone());
                let line: String = OWNERS.iter().map(|owner| letter(account.prove(owner))).collect();
                assert_eq!(line, expected, "{login:?} against {OWNERS:?} on {server:?}");
            }
        }
    }

    #[test]
    fn letter_case_never_counts() {
        let account = LoginAccount::new(r"corp.EXAMPLE\ÉMILE").at(names("Corp", "WEB01", "CORP.example"));
        assert_eq!(account.prove(r"cORP\émile"), Comparison::Same);
        assert!(account.is_login(r"CORP.example\émile") && !account.is_login(r"CORP\émile"));
        assert!(!LoginAccount::new("").is_login(""));
    }

    #[test]
    fn a_stated_name_counts_where_the_login_is_not_comparable_and_proves_nothing() {
        let account = |login: &str| LoginAccount::new(login).with_stated(Some(r"CORP\jdoe".to_owned()));
        let upn = account("john.doe@corp.example");
        assert_eq!(upn.compare(r"corp\JDOE"), Comparison::Same);
        assert_eq!(upn.compare(r"CORP\boss"), Comparison::Different);
        assert_eq!(upn.compare("jdoe"), Comparison::NotComparable);
        assert_eq!(upn.prove(r"CORP\jdoe"), Comparison::NotComparable);
        assert!(!upn.sees_others_in([r"CORP\boss"]));
        // What the login itself says is not overruled.
        assert_eq!(account(r"CORP\boss").compare(r"CORP\jdoe"), Comparison::Different);
    }

    #[test]
    fn a_listing_is_one_of_everybodys_shells_if_it_shows_another_owner_or_two_different_ones() {
        let [unnamed, member, workgroup, _] = servers();
        for (login, server, owners, expected) in [
            ("john.doe@corp.example", &member, &[r"CORP\jdoe"][..], false),
            ("john.doe@corp.example", &member, &[r"CORP\jdoe", r"corp\JDOE", "", "x@y"], false),
            ("john.doe@corp.example", &member, &[r"CORP\jdoe", r"CORP\boss"], true),
            ("john.doe@corp.example", &unnamed, &["", r"CORP\jdoe", r"CORP\boss"], true),
            (r"CORP\jdoe", &unnamed, &[r"CORP\boss"], true),
            (r"CORP\jdoe", &unnamed, &[r"WEB01\jdoe"], false),
            (r"CORP\jdoe", &member, &[r"WEB01\jdoe"], true),
            // A login whose authority the server does not know may be one of its own accounts; two owners are two.
            (r"FAR\jdoe", &member, &[r"WEB01\jdoe"], false),
            (r"FAR\jdoe", &member, &[r"FAR\jdoe", r"WEB01\jdoe"], true),
            (r"FAR\jdoe", &unnamed, &[r"A\jdoe", r"B\jdoe"], false),
            ("jdoe", &member, &["boss", "jdoe"], false),
            ("jdoe", &workgroup, &["boss"], true),
            ("jdoe", &workgroup, &["jdoe", r"WEB01\jdoe"], false),
            (r"CORP\jdoe", &member, &[], false),
        ] {
            let account = LoginAccount::new(login).at(server.clone());
            assert_eq!(
                account.sees_others_in(owners.iter().copied()),
                expected,
                "{login} {owners:?} {server:?}"
            );
        }
    }
}
