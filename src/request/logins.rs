//! Whose password goes where in one request.

use std::collections::HashMap;

use super::error::RequestError;
use super::settings::PasswordSource;

/// For each account where its password comes from; the caller is asked for the others.
///
/// An account has one password, and what proves it on one host proves it for all; a password is that of one account.
/// Where the settings differ from that, most hosts would see a wrong password, and the account gets locked. Accounts of
/// single machines, whose source asks for the host, are left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PasswordSources(HashMap<String, PasswordSource>);

impl PasswordSources {
    /// From the user and the source of each host.
    ///
    /// # Errors
    /// [`RequestError::TwoPasswords`], [`RequestError::SharedPassword`].
    pub(super) fn new<'a>(
        hosts: impl IntoIterator<Item = (Option<&'a str>, Option<&'a PasswordSource>)>,
    ) -> Result<Self, RequestError> {
        let mut found: HashMap<String, PasswordSource> = HashMap::new();
        let mut users: Vec<(&PasswordSource, &str)> = Vec::new();
        for (user, source) in hosts {
            let (Some(user), Some(source)) = (user, source.filter(|source| !source.is_per_host())) else {
                continue;
            };
            match found.insert(user.to_lowercase(), source.clone()) {
                Some(other) if other != *source => {
                    return Err(RequestError::TwoPasswords { user: user.to_owned() });
                }
                Some(_) => {}
                None => users.push((source, user)),
            }
        }
        for (source, _) in &users {
            let mut sharing: Vec<String> = users
                .iter()
                .filter(|(other, _)| other == source)
                .map(|(_, user)| (*user).to_owned())
                .collect();
            if sharing.len() > 1 {
                sharing.sort_by_key(|user| user.to_lowercase());
                return Err(RequestError::SharedPassword { users: sharing });
            }
        }
        Ok(Self(found))
    }

    /// Where the password of this account comes from, if the settings name a source.
    pub(super) fn of(&self, user: &str) -> Option<&PasswordSource> {
        self.0.get(&user.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> PasswordSource {
        PasswordSource::File(path.into())
    }

    fn of(hosts: &[(&str, Option<PasswordSource>)]) -> Result<PasswordSources, String> {
        PasswordSources::new(hosts.iter().map(|(user, source)| (Some(*user), source.as_ref())))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn one_account_has_one_password_wherever_it_logs_in() {
        let passwords =
            of(&[("ann", None), ("ANN", Some(file("a"))), ("bob", Some(file("b"))), ("cy", None)]).unwrap();
        assert_eq!(passwords.of("Ann"), Some(&file("a")));
        assert_eq!(passwords.of("bob"), Some(&file("b")));
        assert_eq!(passwords.of("cy"), None);
        assert_eq!(PasswordSources::new([(None, Some(&file("a")))]).unwrap(), PasswordSources::default());
    }

    #[test]
    fn a_password_of_two_accounts_and_two_of_one_account_are_refused() {
        let environment = || Some(PasswordSource::Environment);
        let two = of(&[("Bob", environment()), ("ann", environment()), ("bob", environment())]);
        assert_eq!(two.unwrap_err(), "one password cannot be used for several accounts: ann and Bob");
        let two = of(&[("ann", Some(file("a"))), ("Ann", Some(file("b")))]);
        assert_eq!(two.unwrap_err(), "there are two password sources for Ann");
    }
}
