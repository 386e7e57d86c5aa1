//! The one table of authentication schemes: `--auth` values, order of preference and policy are read from it.

use std::fmt;
use std::str::FromStr;

use super::auto::Auto;
use super::{AuthError, Basic, Credential, Handshake, NtlmOptions};

/// How to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthScheme {
    /// The strongest that the server offers and the policy allows.
    #[default]
    Auto,
    /// HTTP Basic: the password itself; needs HTTPS, or a dangerous switch.
    Basic,
    /// NTLMv2 through `Negotiate`, with message encryption on plain HTTP.
    Ntlm,
}

/// One row of [`SCHEMES`].
#[derive(Clone, Copy, Debug)]
pub struct SchemeRow {
    /// The scheme.
    pub scheme: AuthScheme,
    /// Its name on the command line and in messages.
    pub name: &'static str,
    /// The word in `WWW-Authenticate`.
    pub header: &'static str,
    /// Whether it hands over the password itself, and so needs TLS.
    pub needs_tls: bool,
    /// Whether it can seal bodies on plain HTTP.
    pub seals: bool,
    begin: fn(Credential, NtlmOptions) -> Box<dyn Handshake>,
}

/// Every scheme of this build, strongest first.
pub const SCHEMES: &[SchemeRow] = &[
    #[cfg(feature = "ntlm")]
    SchemeRow {
        scheme: AuthScheme::Ntlm,
        name: "ntlm",
        header: "Negotiate",
        needs_tls: false,
        seals: true,
        begin: |credential, options| Box::new(super::Ntlm::new(credential, options)),
    },
    SchemeRow {
        scheme: AuthScheme::Basic,
        name: "basic",
        header: "Basic",
        needs_tls: true,
        seals: false,
        begin: |credential, _| Box::new(Basic::new(credential)),
    },
];

/// How the way to the server is protected, and which dangers were asked for by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginPolicy {
    /// The way is HTTPS.
    pub tls: bool,
    /// Allow HTTP Basic over plain HTTP: the password travels in clear, and so do the bodies.
    pub dangerous_basic_over_http: bool,
    /// Send bodies in clear over plain HTTP although the scheme could seal them.
    pub dangerous_unencrypted: bool,
}

/// What a policy says about a scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// TLS protects the bodies.
    Tls,
    /// The scheme seals the bodies.
    Sealed,
    /// The bodies travel in clear, as was asked for.
    Clear,
    /// Nothing may be sent; the text says what would allow it.
    Refused(&'static str),
}

impl SchemeRow {
    /// What `policy` says about this scheme.
    #[must_use]
    pub fn verdict(&self, policy: LoginPolicy) -> Verdict {
        if policy.tls {
            Verdict::Tls
        } else if self.needs_tls {
            if policy.dangerous_basic_over_http {
                Verdict::Clear
            } else {
                Verdict::Refused(PASSWORD_IN_CLEAR)
            }
        } else if policy.dangerous_unencrypted {
            Verdict::Clear
        } else if self.seals {
            Verdict::Sealed
        } else {
            Verdict::Refused(BODIES_IN_CLEAR)
        }
    }

    pub(super) fn begin(
        &self,
        credential: &Credential,
        policy: LoginPolicy,
        options: &NtlmOptions,
    ) -> Box<dyn Handshake> {
        let mut options = options.clone();
        options.seal = self.verdict(policy) == Verdict::Sealed;
        (self.begin)(credential.clone(), options)
    }
}

/// Begins a login with `scheme` under `policy`. `options.seal` is not looked at: the policy decides. The random parts of
/// `options` must be fresh.
///
/// # Errors
/// [`AuthError::NotAllowed`] before anything is sent, if the policy forbids the scheme or this build lacks it.
pub fn handshake(
    scheme: AuthScheme,
    credential: &Credential,
    policy: LoginPolicy,
    options: &NtlmOptions,
) -> Result<Box<dyn Handshake>, AuthError> {
    if scheme == AuthScheme::Auto {
        return Auto::begin(credential, policy, options);
    }
    let Some(row) = SCHEMES.iter().find(|row| row.scheme == scheme) else {
        return Err(AuthError::NotAllowed {
            scheme: scheme.name(),
            problem: "this build does not include it",
        });
    };
    match row.verdict(policy) {
        Verdict::Refused(problem) => Err(AuthError::NotAllowed { scheme: row.name, problem }),
        _ => Ok(row.begin(credential, policy, options)),
    }
}

impl AuthScheme {
    /// Its name on the command line and in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Basic => "basic",
            Self::Ntlm => "ntlm",
        }
    }
}

impl fmt::Display for AuthScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads `auto` or a name of [`SCHEMES`], in any case.
impl FromStr for AuthScheme {
    type Err = UnknownScheme;

    fn from_str(text: &str) -> Result<Self, UnknownScheme> {
        let mut known = std::iter::once(Self::Auto).chain(SCHEMES.iter().map(|row| row.scheme));
        known
            .find(|scheme| scheme.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownScheme { text: text.to_owned() })
    }
}

/// Text that names no scheme of this build.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an authentication scheme: {}", known())]
pub struct UnknownScheme {
    /// The text as it was given.
    pub text: String,
}

fn known() -> String {
    let names: Vec<&str> =
        std::iter::once(AuthScheme::Auto.name()).chain(SCHEMES.iter().map(|row| row.name)).collect();
    names.join(", ")
}

pub(super) const PASSWORD_IN_CLEAR: &str = "Basic over plain HTTP shows the password to everyone on the way; it needs `--tls` or `--dangerous-basic-over-http`";

const BODIES_IN_CLEAR: &str = "it cannot seal bodies; it needs `--tls` or `--dangerous-unencrypted`";

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::auth::{Leg, Step};

    const HTTP: LoginPolicy =
        LoginPolicy { tls: false, dangerous_basic_over_http: false, dangerous_unencrypted: false };
    const HTTPS: LoginPolicy = LoginPolicy { tls: true, ..HTTP };
    const HTTP_BASIC: LoginPolicy = LoginPolicy { dangerous_basic_over_http: true, ..HTTP };

    fn begin(scheme: AuthScheme, policy: LoginPolicy) -> Result<Box<dyn Handshake>, AuthError> {
        let options = NtlmOptions {
            spn: None,
            seal: false,
            now: SystemTime::UNIX_EPOCH,
            client_challenge: [1; 8],
            session_key: [2; 16],
        };
        handshake(scheme, &Credential::new("user", "geheim".into()), policy, &options)
    }

    #[test]
    fn every_scheme_has_a_verdict_under_every_policy() {
        let refused = Verdict::Refused(PASSWORD_IN_CLEAR);
        for row in SCHEMES {
            for tls in [false, true] {
                for dangerous_basic_over_http in [false, true] {
                    for dangerous_unencrypted in [false, true] {
                        let policy = LoginPolicy { tls, dangerous_basic_over_http, dangerous_unencrypted };
                        let expected = match (row.name, tls, dangerous_basic_over_http, dangerous_unencrypted)
                        {
                            (_, true, _, _) => Verdict::Tls,
                            ("ntlm", false, _, false) => Verdict::Sealed,
                            ("ntlm", false, _, true) => Verdict::Clear,
                            ("basic", false, true, _) => Verdict::Clear,
                            ("basic", false, false, _) => refused,
                            (other, ..) => panic!("{other} has no verdict for {policy:?} in this test"),
                        };
                        assert_eq!(row.verdict(policy), expected, "{} under {policy:?}", row.name);
                        let begun = begin(row.scheme, policy);
                        assert_eq!(begun.is_err(), expected == refused, "{} under {policy:?}", row.name);
                    }
                }
            }
        }
    }

    #[test]
    fn basic_over_plain_http_is_refused_without_the_dangerous_switch() {
        let error = begin(AuthScheme::Basic, HTTP).unwrap_err();
        assert!(matches!(error, AuthError::NotAllowed { scheme: "basic", .. }));
        assert!(error.to_string().contains("--dangerous-basic-over-http"), "{error}");
        for policy in [HTTPS, HTTP_BASIC] {
            let first = begin(AuthScheme::Basic, policy).unwrap().step(None).unwrap();
            assert!(matches!(first, Step::Send(Leg { authorization: None, .. })));
        }
    }

    #[test]
    fn names_are_read_in_any_case_and_listed_when_unknown() {
        assert_eq!("AUTO".parse(), Ok(AuthScheme::Auto));
        for row in SCHEMES {
            assert_eq!(row.name.to_uppercase().parse(), Ok(row.scheme));
            assert_eq!(row.scheme.to_string(), row.name);
        }
        let error = "digest".parse::<AuthScheme>().unwrap_err();
        assert!(error.to_string().ends_with("basic"), "{error}");
    }
}
