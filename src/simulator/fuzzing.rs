//! The service as fuzz targets and their regressions drive it: one connection in memory, tokens in, tokens out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;

use super::account::Account;
use super::login::Login;
use super::names;
use super::ntlm::Entropy;
use super::service::{ConnectionState, Counters, Incoming, Policy, Service};
use super::{Channel, ChannelBinding, World};

/// One connection to a service that knows one account.
pub(crate) struct Logins {
    service: Service,
    connection: ConnectionState,
    nonce: [u8; 8],
}

impl Logins {
    /// `account` is written `DOMAIN\name`.
    pub(crate) fn new(account: &str, password: &str, nonce: [u8; 8]) -> Self {
        let policy = Policy {
            negotiate: true,
            ntlm: true,
            spnego: true,
            allow_basic: true,
            allow_unencrypted: false,
            channel_binding: ChannelBinding::default(),
        };
        let service = Service {
            handler: Arc::new(Mutex::new(World::new("web01"))),
            accounts: vec![(Account::administrator(account), SecretString::from(password))],
            policy,
            names: names::of("web01", "LAB"),
            counters: Counters::default(),
            begin_ticket: None,
            traces: false,
        };
        let connection = ConnectionState { number: 1, channel: Channel::Plain, login: Login::None };
        Self { service, connection, nonce }
    }

    /// The status and the values of `WWW-Authenticate` that answer a request.
    pub(crate) fn respond(
        &mut self,
        authorization: &str,
        content_type: &str,
        body: &[u8],
    ) -> (u16, Vec<String>) {
        let request = Incoming {
            authorization: Some(authorization).filter(|value| !value.is_empty()),
            content_type,
            is_anonymous_identify: false,
            body,
        };
        let entropy = Entropy { nonce: self.nonce, time: 0x01D9_0000_0000_0000 };
        let answer = self.service.respond(&mut self.connection, &request, None, entropy, Duration::ZERO);
        (answer.status, answer.authenticate)
    }

    /// Whether a login stands on the connection.
    pub(crate) fn is_logged_in(&self) -> bool {
        matches!(self.connection.login, Login::Standing { .. })
    }
}
