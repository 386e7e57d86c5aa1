//! One connector for each host, with the credential that suits it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::caller::Caller;
use super::error::RequestError;
use super::hosts::Hosts;
use super::logins::PasswordSources;
use super::machine_password::{MachineCredentials, WithoutPassword};
use super::settings::{HostSettings, same_account};
use super::table::SessionTable;
use crate::auth::{AuthError, AuthScheme, Credential, SchemeRow};
use crate::session::Transport;
use crate::store::Rows;
use crate::transport::{CertificatePins, Connector, Endpoint, HttpConnector, HttpOptions, SetupError};

/// An endpoint, and what is known of the way there.
pub(super) struct Destination {
    pub(super) endpoint: Endpoint,
    pub(super) settings: HostSettings,
    /// The user of the host's own settings, whoever logged in there before.
    named: Option<String>,
}

/// To the hosts that were named.
pub(super) async fn to_named<C: Caller>(
    hosts: &Hosts,
    caller: &C,
    table: Option<&SessionTable>,
) -> Result<Vec<Arc<dyn Connector>>, C::Error> {
    let destinations = hosts.endpoints.iter().map(|endpoint| {
        let settings = caller.settings(endpoint);
        Destination { endpoint: endpoint.clone(), named: settings.user.clone(), settings }
    });
    connect(destinations.collect(), hosts, caller, table).await
}

/// To one endpoint.
pub(super) fn to_one<C: Caller>(
    endpoint: &Endpoint,
    hosts: &Hosts,
    caller: &C,
) -> Result<HttpConnector, C::Error> {
    let settings = caller.settings(endpoint);
    caller.check(endpoint)?;
    let destination = Destination { endpoint: endpoint.clone(), named: settings.user.clone(), settings };
    let mut authorities = Authorities::default();
    authorities.read(&destination.settings, caller)?;
    let pins = CertificatePins::new(hosts.pins.iter().cloned(), [endpoint]).map_err(RequestError::from)?;
    let settings = &destination.settings;
    let scheme = settings.auth.unwrap_or_default();
    let of_machine = MachineCredentials::ask(std::slice::from_ref(&destination), caller)?;
    let credential = match of_machine.of(endpoint) {
        Some(Ok(credential)) => credential,
        Some(Err(problem)) => {
            let source = AuthError::Unusable { problem };
            let source = SetupError::Auth { endpoint: endpoint.url().to_owned(), source };
            let ca_file = settings.ca_file.clone();
            return Err(RequestError::Setup { endpoint: endpoint.clone(), ca_file, source }.into());
        }
        None => caller.credential(destination.user(), scheme, settings.password.as_ref())?,
    };
    let options = authorities.options(endpoint, settings, hosts, &pins);
    destination.http_connector(options, credential, false).map_err(C::Error::from)
}

/// To where remembered sessions are, as they were reached before unless the settings differ.
pub(super) async fn to_rows<C: Caller>(
    rows: &Rows,
    hosts: &Hosts,
    caller: &C,
    table: Option<&SessionTable>,
) -> Result<Vec<Arc<dyn Connector>>, C::Error> {
    let mut destinations: Vec<Destination> = Vec::new();
    for (session, note) in rows.sessions().iter().zip(rows.notes()) {
        if session.transport != Transport::WsMan {
            continue;
        }
        let endpoint = Endpoint::parse(&session.endpoint_url, false).map_err(|source| {
            RequestError::BadEndpoint { shell_id: session.shell.shell_id.clone(), source }
        })?;
        match destinations.iter().find(|destination| destination.endpoint == endpoint) {
            Some(destination) => destination.agrees(note.user.as_deref())?,
            None => {
                // A scheme that this build does not know leaves the choice to what the server offers. So does one that
                // sends the password itself: it is used only where it is asked for now.
                let auth: Option<AuthScheme> = note.auth.as_deref().and_then(|name| name.parse().ok());
                let auth = auth.filter(|scheme| scheme.row().is_none_or(SchemeRow::is_chosen_by_auto));
                let remembered = HostSettings {
                    user: note.user.as_deref().map(str::to_owned),
                    auth,
                    ..HostSettings::default()
                };
                let settings = caller.settings(&endpoint);
                destinations.push(Destination {
                    endpoint,
                    named: settings.user.clone(),
                    settings: settings.or(&remembered),
                });
            }
        }
    }
    connect(destinations, hosts, caller, table).await
}

/// A connector for each. No credential is asked for before everything else about all of them is in order.
async fn connect<C: Caller>(
    destinations: Vec<Destination>,
    hosts: &Hosts,
    caller: &C,
    table: Option<&SessionTable>,
) -> Result<Vec<Arc<dyn Connector>>, C::Error> {
    let mut authorities = Authorities::default();
    for destination in &destinations {
        caller.check(&destination.endpoint)?;
        authorities.read(&destination.settings, caller)?;
    }
    let endpoints = destinations.iter().map(|destination| &destination.endpoint);
    let pins = CertificatePins::new(hosts.pins.iter().cloned(), endpoints).map_err(RequestError::from)?;
    let with_password =
        destinations.iter().filter(|one| one.settings.auth.is_none_or(AuthScheme::takes_password));
    let sources = with_password.map(|one| (one.user(), one.settings.password.as_ref()));
    let passwords = PasswordSources::new(sources)?;
    let accepted = accepted_before(&destinations, table).await;
    let of_machines = MachineCredentials::ask(&destinations, caller)?;
    let connector = |destination: &Destination| -> Result<Arc<dyn Connector>, C::Error> {
        let (user, settings) = (destination.user(), &destination.settings);
        let source = user.and_then(|user| passwords.of(user));
        let credential = match of_machines.of(&destination.endpoint) {
            Some(Ok(credential)) => credential,
            Some(Err(problem)) => return Ok(Arc::new(WithoutPassword::new(destination, problem))),
            None => caller.credential(user, settings.auth.unwrap_or_default(), source)?,
        };
        let options = authorities.options(&destination.endpoint, settings, hosts, &pins);
        let is_known = accepted.contains(destination.endpoint.url());
        destination.connector(options, credential, is_known).map_err(C::Error::from)
    };
    destinations.iter().map(connector).collect()
}

/// The endpoints that have accepted the account before.
async fn accepted_before(destinations: &[Destination], table: Option<&SessionTable>) -> HashSet<String> {
    let Some(table) = table else { return HashSet::new() };
    let place = |one: &Destination| Some((one.endpoint.url().to_owned(), one.user()?.to_owned()));
    table.listed_before(destinations.iter().filter_map(place).collect()).await
}

impl Destination {
    pub(super) fn user(&self) -> Option<&str> {
        self.settings.user.as_deref()
    }

    fn connector(
        &self,
        options: HttpOptions,
        credential: Credential,
        accepted_before: bool,
    ) -> Result<Arc<dyn Connector>, RequestError> {
        Ok(Arc::new(self.http_connector(options, credential, accepted_before)?))
    }

    fn http_connector(
        &self,
        options: HttpOptions,
        credential: Credential,
        accepted_before: bool,
    ) -> Result<HttpConnector, RequestError> {
        let mut builder = HttpConnector::builder(self.endpoint.clone(), credential)
            .auth(self.settings.auth.unwrap_or_default())
            .options(options)
            .accepted_before(accepted_before);
        if let Some(account) = &self.settings.account {
            builder = builder.stated_account(account);
        }
        if let Some(connections) = self.settings.connections {
            builder = builder.max_connections(connections);
        }
        let (endpoint, ca_file) = (&self.endpoint, &self.settings.ca_file);
        builder.build().map_err(|source| RequestError::Setup {
            endpoint: endpoint.clone(),
            ca_file: ca_file.clone(),
            source,
        })
    }

    /// An error if another session there was reached by another login, and the settings choose neither.
    fn agrees(&self, user: Option<&str>) -> Result<(), RequestError> {
        let users = [self.user(), self.named.as_deref().or(user)];
        let is_one = match users {
            [Some(one), Some(other)] => same_account(one, other),
            [one, other] => one == other,
        };
        if is_one {
            return Ok(());
        }
        let [one, other] = users.map(|user| user.unwrap_or("the default account").to_owned());
        Err(RequestError::DifferentLogins { endpoint: self.endpoint.clone(), one, other })
    }
}

/// The files of certificate authorities of one request, each read once.
#[derive(Debug, Default)]
pub(super) struct Authorities(HashMap<PathBuf, Vec<u8>>);

impl Authorities {
    /// Reads the file of these settings, unless that has been done.
    pub(super) fn read<C: Caller>(&mut self, settings: &HostSettings, caller: &C) -> Result<(), C::Error> {
        if let Some(path) = &settings.ca_file
            && !self.0.contains_key(path)
        {
            self.0.insert(path.clone(), caller.read_ca_file(path)?);
        }
        Ok(())
    }

    fn pem(&self, path: &Path) -> Option<&Vec<u8>> {
        self.0.get(path)
    }

    /// The options of a connection to this endpoint.
    pub(super) fn options(
        &self,
        endpoint: &Endpoint,
        settings: &HostSettings,
        hosts: &Hosts,
        pins: &CertificatePins,
    ) -> HttpOptions {
        let mut options = settings.apply(HttpOptions::default());
        if let Some(pem) = settings.ca_file.as_deref().and_then(|path| self.pem(path)) {
            options = options.with_ca_pem(pem.clone());
        }
        if let Some(address) = hosts.resolve.get(endpoint.computer_name()) {
            options = options.with_resolve(*address);
        }
        if let Some(observer) = &hosts.observer {
            options = options.with_observer(Arc::clone(observer));
        }
        if let Some(attempts) = hosts.login_attempts {
            options = options.with_login_attempts(attempts);
        }
        let pins = match pins.for_endpoint(endpoint) {
            pins if pins.is_empty() => settings.certificate_pin.clone(),
            pins => pins,
        };
        let options = options.with_security(hosts.security_with(settings));
        pins.into_iter().fold(options, HttpOptions::with_certificate_pin)
    }
}
