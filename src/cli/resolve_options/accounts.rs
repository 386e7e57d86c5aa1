//! Whose password comes from where in one run, and which account a login is said to be.

use std::collections::HashMap;
use std::sync::Arc;

use pssession::Endpoint;
use pssession::session::{LoginAccount, parse_account};
use pssession::store::Rows;

use super::bad_value;
use crate::cli::args::LoginArgs;
use crate::cli::config::{Naming, PasswordSource, Settings, same_account};
use crate::cli::diagnostic::Diagnostic;

/// What the command line says of who logs in.
pub(super) fn identity(args: &LoginArgs) -> Result<Settings, Diagnostic> {
    let account = args.account.as_deref().map(parse_account).transpose();
    let account = account.map_err(|error| bad_value("--account", &error))?;
    let user = args.user.clone().filter(|user| !user.is_empty());
    Ok(Settings { user, account, ..Settings::default() })
}

/// Tells remembered sessions which account the login is that saw them, where the options or the config say so of it.
pub(crate) fn state_accounts(rows: &mut Rows, args: &LoginArgs, naming: &Naming) -> Result<(), Diagnostic> {
    let said = identity(args)?;
    let mut stated: HashMap<String, Settings> = HashMap::new();
    let users: Vec<_> = rows.notes().iter().map(|note| note.user.clone()).collect();
    for (session, user) in rows.sessions_mut().iter_mut().zip(users) {
        let settings = stated.entry(session.endpoint_url.clone()).or_insert_with(|| {
            let endpoint = Endpoint::parse(&session.endpoint_url, false);
            said.clone().or(&endpoint.map(|endpoint| naming.config.of(&endpoint)).unwrap_or_default())
        });
        let user = settings.user.as_ref().or(user.as_ref());
        if settings.account.is_some() && user.is_some_and(|user| same_account(user, &session.seen_by)) {
            let account = LoginAccount::new(session.seen_by.as_str()).with_stated(settings.account.clone());
            session.account = Some(Arc::new(account));
        }
    }
    Ok(())
}

/// For each account where its password comes from; those that are not here are asked for theirs.
///
/// An account has one password, and what proves it on one host proves it for all; a password is that of one account.
/// Where the options and the config say otherwise, most hosts would see a wrong password, and somebody's account gets
/// locked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Passwords(HashMap<String, PasswordSource>);

impl Passwords {
    /// From the user and the source of each host.
    pub(crate) fn of<'a>(
        hosts: impl IntoIterator<Item = (Option<&'a str>, Option<&'a PasswordSource>)>,
    ) -> Result<Self, Diagnostic> {
        let mut found: HashMap<String, PasswordSource> = HashMap::new();
        let mut users: Vec<(&PasswordSource, &str)> = Vec::new();
        for (user, source) in hosts {
            let (Some(user), Some(source)) = (user, source) else { continue };
            match found.insert(user.to_lowercase(), source.clone()) {
                Some(other) if other != *source => return Err(two_passwords(user)),
                Some(_) => {}
                None => users.push((source, user)),
            }
        }
        for (source, _) in &users {
            let mut sharing: Vec<&str> =
                users.iter().filter(|(other, _)| other == source).map(|(_, user)| *user).collect();
            if sharing.len() > 1 {
                sharing.sort_by_key(|user| user.to_lowercase());
                return Err(shared(&sharing));
            }
        }
        Ok(Self(found))
    }

    /// Where the password of this account comes from, if it is not asked for.
    pub(crate) fn source(&self, user: &str) -> Option<&PasswordSource> {
        self.0.get(&user.to_lowercase())
    }
}

fn two_passwords(user: &str) -> Diagnostic {
    Diagnostic::usage(format!("the config has two password sources for {user}")).with_hint(
        "write a local account with its computer, as in WEB01\\Administrator, or run once for each password \
         source; nothing was sent",
    )
}

fn shared(users: &[&str]) -> Diagnostic {
    Diagnostic::usage(format!("one password cannot be used for several accounts: {}", users.join(" and of \
        "))).with_hint(
        "use --user to choose one account, select sessions or servers of one account, or set a password source \
         for each user in the config; nothing was sent",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> PasswordSource {
        PasswordSource::File(path.into())
    }

    fn of(hosts: &[(&str, Option<PasswordSource>)]) -> Result<Passwords, String> {
        Passwords::of(hosts.iter().map(|(user, source)| (Some(*user), source.as_ref())))
            .map_err(|diagnostic| diagnostic.message)
    }

    #[test]
    fn one_account_is_told_one_password_wherever_it_logs_in() {
        let passwords =
            of(&[("ann", None), ("ANN", Some(file("a"))), ("bob", Some(file("b"))), ("cy", None)]).unwrap();
        assert_eq!(passwords.source("Ann"), Some(&file("a")));
        assert_eq!(passwords.source("bob"), Some(&file("b")));
        assert_eq!(passwords.source("cy"), None);
        assert_eq!(Passwords::of([(None, Some(&file("a")))]).unwrap(), Passwords::default());
    }

    #[test]
    fn a_password_of_two_accounts_and_two_of_one_account_are_refused() {
        let environment = || Some(PasswordSource::Environment);
        let two = of(&[("Bob", environment()), ("ann", environment()), ("bob", environment())]);
        assert_eq!(two.unwrap_err(), "one password cannot be used for several accounts: ann and of Bob");
        let two = of(&[("ann", Some(file("a"))), ("Ann", Some(file("b")))]);
        assert_eq!(two.unwrap_err(), "the config has two password sources for Ann");
    }
}
