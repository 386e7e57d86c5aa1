//! Whether an account would see a session if it were there: only then is its absence from a listing a proof.

use std::borrow::Borrow;
use std::time::{Duration, SystemTime};

use super::account::{Comparison, LoginAccount};
use super::descriptor::SessionDescriptor;
use crate::auth::ServerNames;
use crate::wsman::Shell;

/// What one run knows of what its account sees at one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visibility {
    account: LoginAccount,
    now: SystemTime,
    sees_others: bool,
}

/// For how long it counts that a login was shown a session: rights are taken away, and after a day a session that is
/// not listed may be hidden as well as gone.
const SHOWN_COUNTS_FOR: Duration = Duration::from_secs(24 * 60 * 60);

impl Visibility {
    /// What is known before the account has listed anything; `now` is the present time.
    #[must_use]
    pub fn new(account: LoginAccount, now: SystemTime) -> Self {
        Self { account, now, sees_others: false }
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> &LoginAccount {
        &self.account
    }

    /// Takes what the server says of itself.
    pub fn name_server(&mut self, names: ServerNames) {
        self.account = self.account.clone().at(names);
    }

    /// Takes what a listing by this account shows. Once one shows other people's shells, the account sees everybody's.
    pub fn listed<'a, S: Borrow<Shell> + 'a>(&mut self, shells: impl IntoIterator<Item = &'a S>) {
        let owners = shells.into_iter().filter_map(|shell| shell.borrow().owner.as_deref());
        self.sees_others = self.sees_others || self.account.sees_others_in(owners);
    }

    /// Whether a listing has shown the account other people's shells.
    #[must_use]
    pub fn sees_others(&self) -> bool {
        self.sees_others
    }

    /// Whether the account would be shown `session` if it were there. `shown` says that a listing or a Get of this run
    /// has shown it. Otherwise the same login must have been shown it less than a day ago, the account must provably own
    /// it, or see everybody's.
    #[must_use]
    pub fn could_see(&self, session: &SessionDescriptor, shown: bool) -> bool {
        // An owner that only a file or a pipe names proves nothing.
        let owner = session.shell.owner.as_deref().filter(|_| shown || !session.seen_by.is_empty());
        shown
            || self.sees_others
            || self.was_shown(session)
            || owner.is_some_and(|owner| self.account.prove(owner) == Comparison::Same)
    }

    /// A time that is still to come proves nothing: somebody has synchronize the clocks.
    fn was_shown(&self, session: &SessionDescriptor) -> bool {
        let age = self.now.duration_since(session.seen_at);
        self.account.is_login(&session.seen_by) && age.is_ok_and(|age| age < SHOWN_COUNTS_FOR)
    }
}

/// Whose shells a listing shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListingView {
    /// Everybody's: among them are those of other accounts.
    Everybody,
    /// Only those of the account that listed them; it may be one that is shown no others.
    OnlyOwn,
    /// Those of accounts that cannot be compared with the one that listed them.
    Unclear,
    /// None at all.
    Empty,
}

impl ListingView {
    /// What a listing of these shells by this account shows.
    #[must_use]
    pub fn of<'a>(account: &LoginAccount, shells: impl Iterator<Item = &'a Shell> + Clone) -> Self {
        let owners = shells.clone().filter_map(|shell| shell.owner.as_deref());
        let is_own = |shell: &Shell| {
            let owner = shell.owner.as_deref();
            owner.is_some_and(|owner| account.compare(owner) == Comparison::Same)
        };
        if shells.clone().next().is_none() {
            Self::Empty
        } else if account.sees_others_in(owners) {
            Self::Everybody
        } else if shells.clone().all(is_own) {
            Self::OnlyOwn
        } else {
            Self::Unclear
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{bare_shell, session};
    use super::*;

    fn at(hours: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(hours * 3600)
    }

    fn owned(owner: &str, seen_by: &str) -> SessionDescriptor {
        let mut session = session(|shell| shell.owner = Some(owner.into()));
        session.seen_by = seen_by.into();
        session.seen_at = at(48);
        session
    }

    fn visibility(login: &str) -> Visibility {
        Visibility::new(LoginAccount::new(login), at(48))
    }

    #[test]
    fn the_same_login_counts_for_a_day_and_no_other_spelling_of_it() {
        let boss = owned(r"CORP\boss", r"CORP\Ops");
        let ops = |hours| Visibility::new(LoginAccount::new(r"corp\OPS"), at(hours));
        assert!(ops(48).could_see(&boss, false) && ops(71).could_see(&boss, false));
        assert!(!ops(72).could_see(&boss, false) && !ops(47).could_see(&boss, false));
        assert!(!visibility("ops").could_see(&boss, false));
        assert!(visibility("ops").could_see(&boss, true));
        let imported = owned(r"CORP\boss", "");
        assert!(!visibility("").could_see(&imported, false));
    }

    #[test]
    fn an_owner_counts_where_a_server_has_shown_it() {
        assert!(visibility(r"CORP\boss").could_see(&owned(r"corp\boss", r"CORP\ops"), false));
        assert!(!visibility(r"CORP\boss").could_see(&owned(r"corp\boss", ""), false));
        assert!(!visibility("boss").could_see(&owned(r"CORP\boss", r"CORP\ops"), false));
        let mut named = visibility(r"corp.example\boss");
        assert!(!named.could_see(&owned(r"CORP\boss", r"CORP\ops"), false));
        named.name_server(ServerNames {
            netbios_domain: "CORP".to_owned(),
            dns_domain: "corp.example".to_owned(),
            ..ServerNames::default()
        });
        assert!(named.could_see(&owned(r"CORP\boss", r"CORP\ops"), false));
    }

    #[test]
    fn whoever_was_shown_other_peoples_shells_once_sees_everybodys() {
        let shells = |owners: &[&str]| -> Vec<Shell> {
            let owners = owners.iter().map(|owner| Some((*owner).to_owned()));
            owners.map(|owner| Shell { owner: owner.map(Into::into), ..bare_shell() }).collect()
        };
        let absent = owned(r"CORP\boss", "");
        let mut upn = visibility("john.doe@corp.example");
        upn.listed(&shells(&[r"CORP\jdoe"]));
        assert!(!upn.could_see(&absent, false));
        upn.listed(&shells(&[r"CORP\jdoe", r"CORP\svc"]));
        upn.listed(&shells(&[]));
        assert!(upn.could_see(&absent, false));
    }

    #[test]
    fn a_listing_shows_everybodys_shells_only_with_one_of_another_account() {
        let view = |login: &str, owners: &[&str]| {
            let owners = owners.iter().map(|owner| Some((*owner).to_owned()));
            let shells: Vec<_> =
                owners.map(|owner| Shell { owner: owner.map(Into::into), ..bare_shell() }).collect();
            ListingView::of(&LoginAccount::new(login), shells.iter())
        };
        for (login, owners, expected) in [
            (r"CORP\ada", &[][..], ListingView::Empty),
            (r"CORP\ada", &[r"corp\ADA"], ListingView::OnlyOwn),
            (r"CORP\ada", &[r"CORP\ada", r"CORP\bob"], ListingView::Everybody),
            (r"CORP\ada", &[r"CORP\ada", "bob"], ListingView::Unclear),
            ("ada@corp.example", &[r"CORP\ada"], ListingView::Unclear),
            ("ada@corp.example", &[r"CORP\ada", r"CORP\bob"], ListingView::Everybody),
        ] {
            assert_eq!(view(login, owners), expected, "{login} {owners:?}");
        }
    }

    #[test]
    fn a_stated_name_proves_nothing() {
        let account = LoginAccount::new("boss@corp.example").with_stated(Some(r"CORP\boss".to_owned()));
        let visibility = Visibility::new(account, at(48));
        assert!(!visibility.could_see(&owned(r"CORP\boss", r"CORP\ops"), false));
    }
}
