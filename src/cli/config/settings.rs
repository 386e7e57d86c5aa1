//! What can be said of a host: the options of the command line that differ from host to host.

use std::path::PathBuf;
use std::time::Duration;

use pssession::AuthScheme;
use pssession::transport::CertificatePin;

/// What was said; the rest is left open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) user: Option<String>,
    /// Which account that user's login is.
    pub(crate) account: Option<String>,
    pub(crate) workstation: Option<String>,
    pub(crate) password: Option<PasswordSource>,
    pub(crate) auth: Option<AuthScheme>,
    pub(crate) no_ntlm: Option<bool>,
    pub(crate) spn: Option<String>,
    pub(crate) tls: Option<bool>,
    pub(crate) port: Option<u16>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) certificate_pin: Vec<CertificatePin>,
    pub(crate) tls_server_name: Option<String>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) login_timeout: Option<Duration>,
}

/// Where a password comes from that is not asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PasswordSource {
    File(PathBuf),
    Command(String),
    /// `PSSESSION_PASSWORD`.
    Environment,
}

impl Settings {
    /// The same, with what these leave open as `others` say it. A password and an account are those of the user beside
    /// them: they do not go to a user whom somebody else has named.
    pub(crate) fn or(self, others: &Self) -> Self {
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
            port: self.port.or(others.port),
            ca_file: self.ca_file.or(others.ca_file),
            certificate_pin: match self.certificate_pin.is_empty() {
                true => others.certificate_pin,
                false => self.certificate_pin,
            },
            tls_server_name: self.tls_server_name.or(others.tls_server_name),
            connect_timeout: self.connect_timeout.or(others.connect_timeout),
            login_timeout: self.login_timeout.or(others.login_timeout),
        }
    }
}

/// `service`, `service/host` or `service/host@REALM`; an error says what is wrong.
pub(crate) fn principal(text: &str) -> Result<String, String> {
    let (name, realm) = text.split_once('@').unwrap_or((text, "-"));
    let parts: Vec<&str> = name.split('/').collect();
    let is_whole = parts.len() > 1 || !text.contains('@');
    if !is_whole || realm.is_empty() || parts.iter().any(|part| part.trim() != *part || part.is_empty()) {
        return Err(format!("{text:?} is not a service principal"));
    }
    Ok(text.to_owned())
}

/// Whether two spellings are one account.
pub(crate) fn same_account(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
