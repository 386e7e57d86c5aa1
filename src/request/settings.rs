//! What is set for one host: who logs in there, how, and whose certificate is accepted.

use std::path::PathBuf;
use std::time::Duration;

use crate::auth::AuthScheme;
use crate::transport::{CertificatePin, HttpOptions};

/// The settings of one host; what is `None` or empty is left to the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostSettings {
    /// The user who logs in, as it is typed: `user`, `DOMAIN\user` or `user@realm`.
    pub user: Option<String>,
    /// Which account that login is, as `DOMAIN\name`; for ownership, never to log in.
    pub account: Option<String>,
    /// The workstation name that NTLM sends; empty to send none.
    pub workstation: Option<String>,
    /// Where the password of `user` comes from.
    pub password: Option<PasswordSource>,
    /// The authentication scheme. Default: [`AuthScheme::Auto`].
    pub auth: Option<AuthScheme>,
    /// Whether NTLM is disabled, also within Negotiate. Default: no.
    pub no_ntlm: Option<bool>,
    /// The service principal name, or the service part of it. Default: `HTTP`.
    pub spn: Option<String>,
    /// Whether a host that is named without a scheme is reached over HTTPS. Default: no.
    pub tls: Option<bool>,
    /// The host name or address to which the connection goes, instead of the host's own name. Certificates, principals,
    /// settings and the table go by the name all the same. Default: the host.
    pub address: Option<String>,
    /// The port of a host that is named without one. Default: 5985, with TLS 5986.
    pub port: Option<u16>,
    /// A PEM file of certificate authorities, instead of those of the platform.
    pub ca_file: Option<PathBuf>,
    /// Certificates that are accepted whoever issued them.
    pub certificate_pin: Vec<CertificatePin>,
    /// The name that the certificate must have. Default: the host.
    pub tls_server_name: Option<String>,
    /// How long connecting may take, TLS included. Default: 10 s.
    pub connect_timeout: Option<Duration>,
    /// How long one login may take. Default: 15 s.
    pub login_timeout: Option<Duration>,
    /// How many connections are used at most at the same time. Default: one to four, by the number of sessions.
    pub connections: Option<usize>,
}

/// Where a password comes from; the [`Caller`](super::Caller) reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// The first line of a file.
    File(PathBuf),
    /// The first line that a command prints. Where the text holds `{host}`, it is run for each host with that host's name,
    /// and the password is of an account of that machine.
    Command(String),
    /// An environment variable of the caller.
    Environment,
}

impl PasswordSource {
    /// Where a [`PasswordSource::Command`] wants the name of the host.
    pub const HOST: &str = "{host}";

    /// Whether each host has a password of its own.
    #[must_use]
    pub fn is_per_host(&self) -> bool {
        matches!(self, Self::Command(command) if command.contains(Self::HOST))
    }
}

impl HostSettings {
    /// Fills what is left open from `others`. A password and an account belong to the user beside them: they are not
    /// taken over for another user.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        let others = others.clone();
        let is_anothers = match (&self.user, &others.user) {
            (Some(user), Some(other)) => !same_account(user, other),
            _ => false,
        };
        Self {
            password: self.password.or(others.password.filter(|_| !is_anothers)),
            account: self.account.or(others.account.filter(|_| !is_anothers)),
            workstation: self.workstation.or(others.workstation),
            user: self.user.or(others.user),
            auth: self.auth.or(others.auth),
            no_ntlm: self.no_ntlm.or(others.no_ntlm),
            spn: self.spn.or(others.spn),
            tls: self.tls.or(others.tls),
            address: self.address.or(others.address),
            port: self.port.or(others.port),
            ca_file: self.ca_file.or(others.ca_file),
            certificate_pin: match self.certificate_pin.is_empty() {
                true => others.certificate_pin,
                false => self.certificate_pin,
            },
            tls_server_name: self.tls_server_name.or(others.tls_server_name),
            connect_timeout: self.connect_timeout.or(others.connect_timeout),
            login_timeout: self.login_timeout.or(others.login_timeout),
            connections: self.connections.or(others.connections),
        }
    }

    /// Applies what concerns the connection, but for certificates.
    pub(super) fn apply(&self, mut options: HttpOptions) -> HttpOptions {
        if let Some(name) = &self.tls_server_name {
            options = options.with_tls_server_name(name.clone());
        }
        if let Some(address) = &self.address {
            options = options.with_address(address.clone());
        }
        if let Some(principal) = &self.spn {
            options = options.with_spn(principal);
        }
        if let Some(name) = &self.workstation {
            options = options.with_workstation(name.clone());
        }
        if let Some(limit) = self.connect_timeout {
            options = options.with_connect_timeout(limit);
        }
        if let Some(limit) = self.login_timeout {
            options = options.with_login_timeout(limit);
        }
        options
    }
}

/// Whether two spellings are one account: they are compared without regard to case.
#[must_use]
pub fn same_account(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
