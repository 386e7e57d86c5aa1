//! Who logs in: a user name and a password that is never printed and is wiped on drop.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use secrecy::{ExposeSecret, SecretString};

use super::AuthError;

/// A user name and its password.
///
/// Clones are one credential: what a server says of one of them counts for all
/// ([`LoginGate`](crate::transport::LoginGate)). Two values that were made apart are two credentials, even with the same
/// name and password: nothing compares secrets.
#[derive(Clone)]
pub struct Credential {
    user: String,
    password: SecretString,
    /// Whether there is a password at all.
    has_password: bool,
    /// The only host that knows the account, where that was said.
    host: Option<String>,
    identity: Arc<()>,
}

impl Credential {
    /// Takes `user`, `.\user`, `DOMAIN\user` or `user@realm`, and the password. Nothing is checked here: a name or
    /// password that cannot be sent is refused with [`AuthError::Unusable`] when the login begins.
    #[must_use]
    pub fn new(user: impl Into<String>, password: SecretString) -> Self {
        Self { user: user.into(), password, has_password: true, host: None, identity: Arc::default() }
    }

    /// Whoever holds a Kerberos ticket (see [`ticket_holder`](super::ticket_holder)), by the same kinds of name. What needs
    /// a password is refused with [`AuthError::Unusable`] when the login begins.
    #[must_use]
    pub fn without_password(user: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: SecretString::default(),
            has_password: false,
            host: None,
            identity: Arc::default(),
        }
    }

    /// The same for an account of one machine, such as a local administrator whose password no other machine has: failed
    /// logons are counted for this host alone ([`LoginGate`](crate::transport::LoginGate)). It is another credential
    /// than this one and its clones.
    ///
    /// # Errors
    /// [`AuthError::Unusable`]: the name is not `user`, `.\user` or `MACHINE\user`, where the host is `MACHINE` or begins
    /// with `MACHINE.`. Any other may be an account of a domain, whose failed logons all hosts count together.
    pub fn of_machine(self, host: &str) -> Result<Self, AuthError> {
        if !is_machine_account(&self.user, host) {
            return Err(unusable(format!(
                "{} may be an account of a domain, and a password for each host needs an account of the machine",
                self.user
            )));
        }
        Ok(Self { host: Some(host.to_lowercase()), identity: Arc::default(), ..self })
    }

    /// The user name as it was given.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The parts of the name as they are sent; the domain of `.\user` is the server's own name, which NTLM learns from its
    /// challenge.
    #[must_use]
    pub fn names(&self) -> UserNames {
        match self.user.split_once('\\') {
            Some((".", user)) => UserNames { domain: String::new(), user: user.to_owned() },
            Some((domain, user)) => UserNames { domain: domain.to_owned(), user: user.to_owned() },
            None => UserNames { domain: String::new(), user: self.user.clone() },
        }
    }

    /// Whether it is `.\user`, an account of the server itself.
    #[cfg(feature = "ntlm")]
    pub(super) fn is_of_the_server(&self) -> bool {
        self.user.starts_with(".\\")
    }

    /// What identifies the account, without its secret: the key of whatever counts logins.
    #[must_use]
    pub fn key(&self) -> CredentialKey {
        CredentialKey { user: self.user.to_lowercase(), host: self.host.clone() }
    }

    /// What this value and its clones share, and no other credential has.
    #[cfg_attr(not(feature = "client"), expect(dead_code, reason = "only logins over a network are counted"))]
    pub(crate) fn identity(&self) -> CredentialIdentity {
        CredentialIdentity(Arc::downgrade(&self.identity))
    }

    /// Whether there is a password, so that NTLM and Basic can be tried.
    #[cfg(feature = "ntlm")]
    pub(super) fn has_password(&self) -> bool {
        self.has_password
    }

    /// The password, for the handshakes only.
    pub(crate) fn password(&self) -> &SecretString {
        &self.password
    }

    /// Refuses what no scheme that takes a password can send.
    pub(super) fn check(&self) -> Result<(), AuthError> {
        if !self.has_password {
            return Err(unusable("no password is given, and only Kerberos works without one"));
        }
        let names = self.names();
        if names.user.is_empty() {
            return Err(unusable("the user name is empty"));
        }
        if names.user.encode_utf16().count() > MAX_NAME_UNITS
            || names.domain.encode_utf16().count() > MAX_NAME_UNITS
        {
            return Err(unusable(format!(
                "the user or domain name is longer than {MAX_NAME_UNITS} characters"
            )));
        }
        if self.user.chars().any(char::is_control) {
            return Err(unusable("the user name contains a control character"));
        }
        if self.password.expose_secret().len() > MAX_PASSWORD_BYTES {
            return Err(unusable(format!("the password is longer than {MAX_PASSWORD_BYTES} bytes")));
        }
        Ok(())
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({:?}, Secret(..))", self.user)
    }
}

/// A user name cut into the parts that NTLM sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserNames {
    /// The domain; empty for a local account, for `.\user` and for a UPN.
    pub domain: String,
    /// The user; for `user@realm` the whole of it, since the server resolves a UPN itself.
    pub user: String,
}

/// An account without its secret; equal for the same name in any case, because the server counts failed logons
/// without regard to case. The account of one machine is another on each host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialKey {
    user: String,
    host: Option<String>,
}

/// Whether this name can only mean an account of that machine, as far as its spelling tells.
fn is_machine_account(user: &str, host: &str) -> bool {
    let name = |name: &str| !name.is_empty() && !name.contains(['\\', '@']);
    match user.split_once('\\') {
        None => name(user),
        Some((".", user)) => name(user),
        Some((machine, user)) => {
            let is_address = host.parse::<IpAddr>().is_ok();
            let label = host.split('.').next().unwrap_or_default();
            name(user) && !is_address && machine.eq_ignore_ascii_case(label)
        }
    }
}

/// One [`Credential`] and its clones. It does not keep them alive, and is never that of a later credential.
#[derive(Clone, Debug)]
pub(crate) struct CredentialIdentity(Weak<()>);

#[cfg_attr(not(feature = "client"), expect(dead_code, reason = "only logins over a network are counted"))]
impl CredentialIdentity {
    /// Whether any clone is left.
    pub(crate) fn is_alive(&self) -> bool {
        self.0.strong_count() > 0
    }
}

impl PartialEq for CredentialIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

impl Eq for CredentialIdentity {}

fn unusable(problem: impl Into<String>) -> AuthError {
    AuthError::Unusable { problem: problem.into() }
}

/// The longest user or domain name in UTF-16 units. Windows takes 256 in an account name and 1,024 in a UPN; an
/// NTLM field must stay below 65,536 bytes.
pub(super) const MAX_NAME_UNITS: usize = 1024;

/// The longest password in bytes. Windows takes 256 characters; more would only burst the server's header limit.
const MAX_PASSWORD_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(user: &str) -> Credential {
        Credential::new(user, "geheim".into())
    }

    #[test]
    fn a_user_name_is_cut_as_windows_cuts_it() {
        for (text, domain, user) in [
            ("user", "", "user"),
            (r".\user", "", "user"),
            (r"DOMAIN\user", "DOMAIN", "user"),
            ("user@example.com", "", "user@example.com"),
            (r"DOMAIN\user@realm", "DOMAIN", "user@realm"),
            (r"DOMAIN\a\b", "DOMAIN", r"a\b"),
        ] {
            let names = credential(text).names();
            assert_eq!((names.domain.as_str(), names.user.as_str()), (domain, user), "{text}");
        }
    }

    #[test]
    fn a_name_or_password_that_cannot_be_sent_is_refused() {
        for user in
            ["", r"DOMAIN\", "a\nb", &"x".repeat(MAX_NAME_UNITS + 1), &format!(r"{}\u", "d".repeat(1025))]
        {
            assert!(matches!(credential(user).check(), Err(AuthError::Unusable { .. })), "{user:?}");
        }
        let long = Credential::new("u", "p".repeat(MAX_PASSWORD_BYTES + 1).into());
        assert!(matches!(long.check(), Err(AuthError::Unusable { .. })));
        assert_eq!(credential(&"x".repeat(MAX_NAME_UNITS)).check(), Ok(()));
    }

    #[test]
    fn without_a_password_nothing_is_sent_that_needs_one() {
        let error = Credential::without_password("user@REALM").check().unwrap_err();
        assert!(error.to_string().contains("no password is given"), "{error}");
    }

    #[test]
    fn debug_shows_the_user_and_not_the_password() {
        let shown = format!("{0:?} {0:#?}", credential(r"DOMAIN\user"));
        assert!(shown.contains("user") && shown.contains("Secret(..)"), "{shown}");
        assert!(!shown.contains("geheim"), "{shown}");
        assert!(!format!("{:?}", credential("user").key()).contains("geheim"));
    }

    #[test]
    fn clones_are_one_credential_and_an_equal_one_is_another() {
        let one = credential("user");
        assert!(one.clone().identity() == one.identity() && credential("user").identity() != one.identity());
        let identity = one.clone().identity();
        assert!(identity.is_alive());
        drop(one);
        assert!(!identity.is_alive());
    }

    #[test]
    fn an_account_of_one_machine_is_another_on_each_host_and_never_one_of_a_domain() {
        let on = |user: &str, host: &str| credential(user).of_machine(host);
        let (here, there) = (on("admin", "web01").unwrap(), on("ADMIN", "web02").unwrap());
        assert!(here.key() != there.key() && here.key() != credential("admin").key());
        assert_eq!(here.key(), on("Admin", "WEB01").unwrap().key());
        for (user, host, is_one) in [
            (r".\admin", "10.0.0.7", true),
            (r"WEB01\admin", "web01.lab.example", true),
            (r"web01\admin", "WEB01", true),
            (r"CORP\admin", "web01.corp.example", false),
            (r"10\admin", "10.0.0.7", false),
            ("admin@corp.example", "web01", false),
            (r"WEB01\", "web01", false),
            ("", "web01", false),
        ] {
            assert_eq!(on(user, host).is_ok(), is_one, "{user} on {host}");
        }
    }

    #[test]
    fn an_account_in_another_case_has_the_same_key() {
        assert_eq!(credential(r"DOMAIN\User").key(), credential(r"domain\uSER").key());
        assert_ne!(credential("user1").key(), credential("user2").key());
    }
}
