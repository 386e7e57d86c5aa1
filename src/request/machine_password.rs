//! Accounts that each machine has for itself, such as the local administrators of LAPS: a password for each host.

use std::collections::HashMap;

use super::caller::{Caller, MachinePassword};
use super::connectors::Destination;
use super::error::RequestError;
use super::settings::PasswordSource;
use crate::auth::{AuthError, AuthScheme, Credential};
use crate::transport::{BoxFuture, Connection, Connector, Endpoint, TransportError};

/// The credentials of such accounts, or why there is none, by the URLs of the endpoints.
pub(super) struct MachineCredentials(HashMap<String, Result<Credential, String>>);

impl MachineCredentials {
    /// Asks the caller for all of them.
    ///
    /// # Errors
    /// [`RequestError::NotOfMachine`]: an account may be one of a domain. Nobody is asked for a password then.
    pub(super) fn ask<C: Caller>(destinations: &[Destination], caller: &C) -> Result<Self, C::Error> {
        let wanted: Vec<MachinePassword<'_>> = destinations.iter().filter_map(wanted).collect();
        for one in &wanted {
            of_machine(one, Credential::without_password(one.user))?;
        }
        if wanted.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        let passwords =
            caller.machine_passwords(&wanted).into_iter().map(Some).chain(std::iter::repeat_with(|| None));
        let mut found = HashMap::new();
        for (one, password) in wanted.iter().zip(passwords) {
            let credential = match password {
                Some(Ok(password)) => Ok(of_machine(one, Credential::new(one.user, password))?),
                Some(Err(problem)) => Err(problem),
                None => Err("no password was given for this host".to_owned()),
            };
            found.insert(one.endpoint.url().to_owned(), credential);
        }
        Ok(Self(found))
    }

    /// That of this endpoint, if its account has a password for each host.
    pub(super) fn of(&self, endpoint: &Endpoint) -> Option<Result<Credential, String>> {
        self.0.get(endpoint.url()).cloned()
    }
}

fn wanted(destination: &Destination) -> Option<MachinePassword<'_>> {
    let source = destination.settings.password.as_ref().filter(|source| source.is_per_host());
    let takes_password = destination.settings.auth.is_none_or(AuthScheme::takes_password);
    let user = destination.user().filter(|user| !user.is_empty() && takes_password)?;
    Some(MachinePassword { endpoint: &destination.endpoint, user, source: source? })
}

fn of_machine(one: &MachinePassword<'_>, credential: Credential) -> Result<Credential, RequestError> {
    let host = one.endpoint.computer_name().trim_matches(['[', ']']);
    let endpoint = one.endpoint.clone();
    credential.of_machine(host).map_err(|source| RequestError::NotOfMachine { endpoint, source })
}

/// A host whose account has no password that could be found. It is not contacted.
pub(super) struct WithoutPassword {
    endpoint: Endpoint,
    user: String,
    problem: String,
}

impl WithoutPassword {
    pub(super) fn new(destination: &Destination, problem: String) -> Self {
        let user = destination.user().unwrap_or_default().to_owned();
        Self { endpoint: destination.endpoint.clone(), user, problem }
    }
}

impl Connector for WithoutPassword {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn user(&self) -> &str {
        &self.user
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>> {
        let source = AuthError::Unusable { problem: self.problem.clone() };
        let endpoint = self.endpoint.url().to_owned();
        Box::pin(std::future::ready(Err(TransportError::Auth { endpoint, source })))
    }
}

impl PasswordSource {
    /// The command of a [`PasswordSource::Command`] for one host.
    ///
    /// # Errors
    /// The name of the host holds a character that a shell could take for something else, or begins with `-`.
    pub fn command_for(command: &str, endpoint: &Endpoint) -> Result<String, String> {
        let host = endpoint.computer_name().trim_matches(['[', ']']);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        match host.chars().all(is_plain) && !host.starts_with('-') {
            true => Ok(command.replace(Self::HOST, host)),
            false => Err(format!("the host name {host:?} cannot be given to a command")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_gets_the_name_of_the_host_and_nothing_that_a_shell_could_read() {
        let of = |host: &str| {
            let endpoint = Endpoint::parse(host, false).unwrap();
            PasswordSource::command_for("laps {host} | head -1 # {host}", &endpoint)
        };
        assert_eq!(of("Web01.lab:5985").unwrap(), "laps Web01.lab | head -1 # Web01.lab");
        assert_eq!(of("[2001:db8::1]").unwrap(), "laps 2001:db8::1 | head -1 # 2001:db8::1");
        assert!(PasswordSource::Command("laps {host}".into()).is_per_host());
        assert!(!PasswordSource::Command("pass show winrm".into()).is_per_host());
        assert!(!PasswordSource::File("{host}".into()).is_per_host());
    }
}
