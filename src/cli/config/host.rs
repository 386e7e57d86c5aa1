//! Which hosts a part of the config is about.

use std::net::Ipv6Addr;

use pssession::Endpoint;
use pssession::session::WildcardPattern;

use super::HostSettings;

/// One `[[host]]` of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) names: Vec<Name>,
    pub(super) settings: HostSettings,
}

/// A host, or some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// One host, as it was written, and as all its spellings are.
    One { text: String, host: Endpoint },
    /// All whose name is like this.
    Like(WildcardPattern),
}

impl Host {
    /// Whether it is about this host, given as an endpoint that says no more than its name.
    pub(super) fn is(&self, host: &Endpoint) -> bool {
        let name = host.computer_name().trim_matches(['[', ']']);
        self.names.iter().any(|one| match one {
            Name::One { host: one, .. } => one == host,
            Name::Like(pattern) => pattern.matches(name),
        })
    }

    pub(super) fn exact_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().filter_map(|name| match name {
            Name::One { text, .. } => Some(text.as_str()),
            Name::Like(_) => None,
        })
    }
}

impl Name {
    /// Reads a name or a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let is_address = text.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok();
        if !is_address {
            let pattern = WildcardPattern::new(text).map_err(|error| error.to_string())?;
            if pattern.is_wildcard() {
                return Ok(Self::Like(pattern));
            }
        }
        let host = Endpoint::parse(text, false).map_err(|error| error.to_string())?;
        let name = host.computer_name();
        if text.contains("://") || name.trim_matches(['[', ']']) != text.trim_matches(['[', ']']) {
            return Err(format!("it contains more than a host; write {name:?}, and the port with `port`"));
        }
        Ok(Self::One { text: text.to_owned(), host })
    }
}
