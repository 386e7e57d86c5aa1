//! The hosts of a request, as the caller names them.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;

use super::caller::Caller;
use super::connectors;
use super::settings::HostSettings;
use crate::transport::{
    CertificatePin, Connector, Endpoint, ExchangeObserver, HttpConnector, PinScope, Security,
};

/// The hosts that a request may contact, and what holds for all of them; what is set for one host alone is the
/// [`Caller`]'s to say.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    /// Those that a person named for this request, each once, in the order in which they are listed. Remembered sessions
    /// are closed on their own hosts; then these are hosts to which a credential may be sent.
    pub endpoints: Vec<Endpoint>,
    /// URLs of endpoints that a person named elsewhere, such as in a config: a credential may be sent there, too.
    pub also_named: HashSet<String>,
    /// How messages and passwords are protected.
    pub security: Security,
    /// How many hosts may have an unproven password without a verdict. Default: that of the transport, 2.
    pub login_attempts: Option<u32>,
    /// Certificates that are accepted at some hosts, whoever issued them. They count instead of those of a host's settings.
    pub pins: Vec<(PinScope, CertificatePin)>,
    /// The addresses of these host names, instead of asking the name service.
    pub resolve: HashMap<String, SocketAddr>,
    /// Who sees the exchanges with them, in clear. Default: nobody.
    pub observer: Option<Arc<dyn ExchangeObserver>>,
}

impl Hosts {
    /// These hosts, with the defaults.
    #[must_use]
    pub fn new(endpoints: Vec<Endpoint>) -> Self {
        Self { endpoints, ..Self::default() }
    }

    /// A connector to each of the endpoints, in their order.
    ///
    /// # Errors
    /// [`RequestError`](super::RequestError), or an error of the caller's own. Nothing is sent then.
    pub async fn connectors<C: Caller>(&self, caller: &C) -> Result<Vec<Arc<dyn Connector>>, C::Error> {
        connectors::to_named(self, caller, None).await
    }

    /// The connector to this endpoint, for requests that only this library's own connector can send, such as
    /// [`HttpConnector::raw`].
    ///
    /// # Errors
    /// [`RequestError`](super::RequestError), or an error of the caller's own. Nothing is sent then.
    pub fn http_connector<C: Caller>(
        &self,
        endpoint: &Endpoint,
        caller: &C,
    ) -> Result<HttpConnector, C::Error> {
        connectors::to_one(endpoint, self, caller)
    }

    /// How messages and passwords are protected at a host with these settings.
    #[must_use]
    pub fn security_with(&self, settings: &HostSettings) -> Security {
        Security { forbid_ntlm: settings.no_ntlm == Some(true), ..self.security }
    }

    /// Whether a person named this endpoint, so that a credential may be sent there.
    pub(super) fn is_named(&self, url: &str) -> bool {
        self.also_named.contains(url) || self.endpoints.iter().any(|endpoint| endpoint.url() == url)
    }
}
