//! The user's config: what goes without saying of hosts, by their names, and names for groups of them. All but `file` is
//! pure.

mod file;
mod host;
mod key;
mod reading;

use std::collections::BTreeMap;
use std::path::PathBuf;

use pssession::Endpoint;
use pssession::request::HostSettings;
use pssession::transport::EndpointError;

use host::Host;

pub(crate) use file::{find, read};
pub(crate) use key::principal;

/// What the config file says; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// The file, if there is one.
    path: Option<PathBuf>,
    /// In the order of the file: for each setting the first host that names it counts.
    hosts: Vec<Host>,
    /// The members of each group, as they would stand in `--on`.
    groups: BTreeMap<String, Vec<String>>,
}

impl Config {
    /// What goes without saying of the host of this endpoint.
    pub(crate) fn of(&self, endpoint: &Endpoint) -> HostSettings {
        let Ok(alone) = Endpoint::parse(endpoint.computer_name(), false) else {
            return HostSettings::default();
        };
        let hosts = self.hosts.iter().filter(|host| host.is(&alone));
        hosts.fold(HostSettings::default(), |settings, host| settings.or(&host.settings))
    }

    /// The members of a group; an error that names the groups that there are.
    pub(crate) fn group(&self, name: &str) -> Result<&[String], String> {
        let found = self.groups.iter().find(|(group, _)| group.eq_ignore_ascii_case(name));
        found.map(|(_, members)| members.as_slice()).ok_or_else(|| {
            let place =
                self.path.as_ref().map_or("there is no config", |_| "the config has no group of that name");
            match key::likeliest(name, self.groups.keys().map(String::as_str)) {
                Some(likely) => format!("{place}; did you mean @{likely}?"),
                None => place.to_owned(),
            }
        })
    }

    /// The groups, each with its members.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.groups.iter().map(|(name, members)| (name.as_str(), members.as_slice()))
    }

    /// The hosts that are named one by one, each as it stands there: no wildcard names a host.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let members = self.groups.values().flatten().map(String::as_str);
        self.hosts.iter().flat_map(Host::exact_names).chain(members)
    }
}

/// How a host becomes an endpoint that is no more than named.
#[derive(Clone, Debug)]
pub(crate) struct Naming {
    pub(crate) config: Config,
    /// HTTPS was asked for.
    pub(crate) tls: bool,
}

impl Naming {
    /// The endpoint that this text means. A URL says all of it; else what it does not say is looked up.
    pub(crate) fn endpoint(&self, text: &str) -> Result<Endpoint, EndpointError> {
        self.endpoint_with(text, &HostSettings::default())
    }

    /// The same for a host with settings of its own, which are above those of the config.
    pub(crate) fn endpoint_with(&self, text: &str, own: &HostSettings) -> Result<Endpoint, EndpointError> {
        let plain = Endpoint::parse(text, self.tls)?;
        if text.contains("://") {
            return Ok(plain);
        }
        let settings = own.clone().or(&self.config.of(&plain));
        let tls = self.tls || settings.tls.unwrap_or_default();
        let host = plain.computer_name();
        // A host alone is as it was typed, but for the brackets that an IPv6 address may lack.
        let is_alone =
            text == host || host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) == Some(text);
        match settings.port.filter(|_| is_alone) {
            // The text alone would mean https for some ports.
            Some(port) if own.tls == Some(false) && !tls => {
                Endpoint::parse(&format!("http://{host}:{port}"), false)
            }
            Some(port) => Endpoint::parse(&format!("{host}:{port}"), tls),
            None => Endpoint::parse(text, tls),
        }
    }

    /// The endpoints that the config names, so that a login may go there.
    pub(crate) fn named(&self) -> impl Iterator<Item = Endpoint> {
        self.config.names().filter_map(|name| self.endpoint(name).ok())
    }
}

/// The line and the problem of a config in this folder that is refused.
#[cfg(any(test, fuzzing))]
pub(crate) fn check(text: &str, folder: PathBuf) -> Result<(), (usize, String)> {
    let places = key::Places { folder, home: None };
    reading::read(text, &places).map(drop).map_err(|wrong| (wrong.line, wrong.problem))
}

#[cfg(test)]
mod tests;
