//! The library's own [`Connector`]: HTTP and HTTPS.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::SystemTime;

use super::authenticate::{Authenticator, Clock, Random};
use super::channel::HttpConnection;
use super::http::ClientFactory;
use super::redaction::Redactor;
use super::{
    BoxError, BoxFuture, Connection, Connector, Endpoint, HttpOptions, LoginGate, SetupError, TransportError,
};
use crate::auth::{self, AuthScheme, Credential, LoginPolicy, NtlmOptions};

/// Opens authenticated connections to one endpoint over HTTP or HTTPS. Its clones are handles of one connector.
#[derive(Clone)]
pub struct HttpConnector {
    dialer: Arc<Authenticator>,
    stated_account: Option<String>,
    max_connections: Option<usize>,
}

impl HttpConnector {
    /// Begins a connector for `credential` at `endpoint`.
    pub fn builder(endpoint: Endpoint, credential: Credential) -> HttpConnectorBuilder {
        HttpConnectorBuilder {
            endpoint,
            credential,
            auth: AuthScheme::default(),
            stated_account: None,
            max_connections: None,
            options: HttpOptions::default(),
            gate: LoginGate::of_process(),
            accepted_before: false,
            clock: system::clock(),
            random: system::random(),
        }
    }

    pub(super) fn dialer(&self) -> &Arc<Authenticator> {
        &self.dialer
    }

    /// How many handshakes have begun so far, the failed ones included.
    #[must_use]
    pub fn logins(&self) -> u64 {
        self.dialer.logins.load(Ordering::Relaxed)
    }
}

impl Connector for HttpConnector {
    fn endpoint(&self) -> &Endpoint {
        self.dialer.endpoint()
    }

    fn user(&self) -> &str {
        self.dialer.credential.user()
    }

    fn stated_account(&self) -> Option<&str> {
        self.stated_account.as_deref()
    }

    fn max_connections(&self) -> Option<usize> {
        self.max_connections
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Connection>, TransportError>> {
        Box::pin(async {
            let link = self.dialer.login().await?;
            let connection: Box<dyn Connection> =
                Box::new(HttpConnection::new(Arc::clone(&self.dialer), link));
            Ok(connection)
        })
    }
}

impl fmt::Debug for HttpConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnector")
            .field("endpoint", &self.dialer.endpoint().url())
            .field("credential", &self.dialer.credential)
            .finish_non_exhaustive()
    }
}

/// Settings of an [`HttpConnector`]; see [`HttpConnector::builder`].
#[must_use]
pub struct HttpConnectorBuilder {
    endpoint: Endpoint,
    credential: Credential,
    auth: AuthScheme,
    stated_account: Option<String>,
    max_connections: Option<usize>,
    options: HttpOptions,
    gate: LoginGate,
    accepted_before: bool,
    clock: Clock,
    random: Random,
}

impl HttpConnectorBuilder {
    /// How to log in. Default: [`AuthScheme::Auto`].
    pub fn auth(mut self, auth: AuthScheme) -> Self {
        self.auth = auth;
        self
    }

    /// Which account this login is, as `CORP\jdoe`, for what asks whose sessions are whose and proves nothing: see
    /// [`Connector::stated_account`]. Default: what can be told from the login.
    pub fn stated_account(mut self, account: impl Into<String>) -> Self {
        self.stated_account = Some(account.into());
        self
    }

    /// How many connections are used at most at the same time. Default: as many as the engine's policy has for a host.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections);
        self
    }

    /// How to reach the endpoint. Default: [`HttpOptions::default`].
    pub fn options(mut self, options: HttpOptions) -> Self {
        self.options = options;
        self
    }

    /// What is known of credentials: connectors with the same gate share it. Default: that of the process, so that a wrong
    /// password is one failed logon, however many connectors there are.
    pub fn login_gate(mut self, gate: LoginGate) -> Self {
        self.gate = gate;
        self
    }

    /// This host is known to have accepted this account before. Where it is ready within a second it is the first to see a
    /// credential that no server has accepted in this run, so that the others need not wait for a host that may refuse it
    /// or be silent. Default: it is not known.
    pub fn accepted_before(mut self, is_known: bool) -> Self {
        self.accepted_before = is_known;
        self
    }

    /// The clock for a login whose server names no time. Default: the system's.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The source of random bytes. Default: the system's.
    pub fn random<E: Into<BoxError>>(
        mut self,
        fill: impl Fn(&mut [u8]) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        self.random = Arc::new(move |bytes| fill(bytes).map_err(Into::into));
        self
    }

    /// Checks that the policy allows this login, and reads the CA file; nothing is sent.
    ///
    /// # Errors
    /// [`SetupError`] says which setting cannot be used.
    pub fn build(self) -> Result<HttpConnector, SetupError> {
        let policy = LoginPolicy {
            tls: self.endpoint.is_tls(),
            dangerous_basic_over_http: self.options.security.dangerous_basic_over_http,
            dangerous_unencrypted: self.options.security.dangerous_unencrypted,
            forbid_ntlm: self.options.security.forbid_ntlm,
        };
        // Made only to hear the policy's verdict, and never used: it needs neither time nor randomness.
        let rehearsal = NtlmOptions {
            spn: None,
            workstation: String::new(),
            seal: true,
            now: SystemTime::UNIX_EPOCH,
            client_challenge: [0; 8],
            session_key: [0; 16],
        };
        auth::handshake(self.auth, &self.credential, policy, &rehearsal)
            .map_err(|source| SetupError::Auth { endpoint: self.endpoint.url().to_owned(), source })?;
        let expected = self.accepted_before.then(|| self.gate.expect(&self.credential));
        let dialer = Authenticator {
            factory: ClientFactory::new(
                &self.endpoint,
                &self.options,
                Redactor::new(&self.credential, &self.endpoint),
            )?,
            spn: principal(&self.endpoint, self.options.spn.as_deref()),
            workstation: self.options.workstation,
            observer: self.options.observer,
            endpoint: self.endpoint,
            credential: self.credential,
            auth: self.auth,
            policy,
            expected: Mutex::new(expected),
            gate: self.gate,
            login_timeout: self.options.login_timeout,
            login_attempts: self.options.login_attempts,
            challenges: OnceLock::new(),
            #[cfg(all(kerberos, feature = "ntlm"))]
            asked_names: OnceLock::new(),
            clock: self.clock,
            random: self.random,
            logins: AtomicU64::new(0),
        };
        Ok(HttpConnector {
            dialer: Arc::new(dialer),
            stated_account: self.stated_account,
            max_connections: self.max_connections,
        })
    }
}

impl fmt::Debug for HttpConnectorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnectorBuilder")
            .field("endpoint", &self.endpoint.url())
            .field("credential", &self.credential)
            .field("auth", &self.auth)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// The service principal to log in to; `spn` may be a whole one or just another service.
fn principal(endpoint: &Endpoint, spn: Option<&str>) -> String {
    match spn {
        None => endpoint.spn(),
        Some(whole) if whole.contains('/') => whole.to_owned(),
        Some(service) => format!("{service}/{}", endpoint.computer_name()),
    }
}

/// The clock and the random bytes of this machine.
mod system {
    #![expect(clippy::disallowed_methods, reason = "a login needs the time and random bytes of this machine")]

    use std::sync::Arc;
    use std::time::SystemTime;

    use super::{Clock, Random};

    pub(super) fn clock() -> Clock {
        Arc::new(SystemTime::now)
    }

    #[cfg(feature = "ntlm")]
    pub(super) fn random() -> Random {
        Arc::new(|bytes| getrandom::fill(bytes).map_err(|e| e.to_string().into()))
    }

    /// Without NTLM no login needs random bytes.
    #[cfg(not(feature = "ntlm"))]
    pub(super) fn random() -> Random {
        Arc::new(|_| Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_may_be_given_whole_or_by_its_service() {
        let endpoint = Endpoint::parse("web01.lab:5985", false).unwrap();
        assert_eq!(principal(&endpoint, None), "HTTP/web01.lab");
        assert_eq!(principal(&endpoint, Some("WSMAN")), "WSMAN/web01.lab");
        assert_eq!(principal(&endpoint, Some("host/alias@LAB")), "host/alias@LAB");
    }
}
