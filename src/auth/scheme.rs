//! The one table of authentication schemes: their names, the order of preference and the policy are read from it.

use std::fmt;
use std::str::FromStr;

use super::scheme_refusal::SchemeRefusal;
use super::{AuthError, Basic, Challenges, Credential, Handshake, NtlmOptions};
#[cfg(any(feature = "ntlm", kerberos))]
use super::{
    mechanism::Mechanism, raw_token::RawToken, sealing, spnego::Spnego, token_exchange::CarrierConfig,
};

/// How to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthScheme {
    /// The strongest that the server offers and the policy allows; never Basic, which must be asked for by name.
    #[default]
    Auto,
    /// SPNEGO: Kerberos where there is a ticket, else NTLM, as agreed on with the server.
    Negotiate,
    /// Kerberos alone, without a negotiation.
    Kerberos,
    /// NTLMv2 alone, without a negotiation.
    Ntlm,
    /// HTTP Basic: the password itself; needs HTTPS, or a dangerous switch.
    Basic,
}

/// One row of [`SCHEMES`].
#[derive(Clone, Copy, Debug)]
pub struct SchemeRow {
    /// The scheme.
    pub scheme: AuthScheme,
    /// Its name on the command line and in messages.
    pub name: &'static str,
    /// PowerShell's word for it, as `-Authentication` takes it; NTLM alone has none.
    pub powershell: Option<&'static str>,
    /// The words in `WWW-Authenticate`, of which one must be offered.
    pub headers: &'static [&'static str],
    /// What it is, in a few words, for tables and help.
    pub meaning: &'static str,
    /// Why [`AuthScheme::Auto`] never selects it, in words that follow its name; `None` if it may.
    pub never_automatic: Option<&'static str>,
    /// Whether it hands over the password itself, and so needs TLS.
    pub needs_tls: bool,
    /// Whether it can seal bodies on plain HTTP.
    pub seals: bool,
    /// Whether nothing is left of it where NTLM is forbidden.
    pub is_ntlm_only: bool,
    /// What proves who logs in.
    pub proof: LoginProof,
    /// How it begins, or why a build that lacks it cannot.
    begin: Result<Begin, SchemeRefusal>,
}

/// What proves who logs in with a scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginProof {
    /// A password.
    Password,
    /// A Kerberos ticket.
    Ticket,
    /// A Kerberos ticket where there is one, else a password.
    TicketOrPassword,
}

type Begin = fn(Login<'_>) -> Box<dyn Handshake>;

/// What a row is given to begin with.
#[cfg_attr(
    not(any(feature = "ntlm", kerberos)),
    expect(dead_code, reason = "Basic needs the credential alone")
)]
struct Login<'a> {
    row: &'a SchemeRow,
    credential: Credential,
    policy: LoginPolicy,
    options: NtlmOptions,
    /// The word to begin with.
    header: &'static str,
    /// Whether the server is known to offer it.
    is_offered: bool,
}

/// Every scheme, strongest first; a build that lacks one refuses it.
pub const SCHEMES: &[SchemeRow] = &[
    SchemeRow {
        scheme: AuthScheme::Negotiate,
        name: "negotiate",
        powershell: Some("Negotiate"),
        headers: &["Negotiate"],
        meaning: "SPNEGO: Kerberos where there is a ticket, else NTLM",
        never_automatic: None,
        needs_tls: false,
        seals: true,
        is_ntlm_only: !cfg!(kerberos),
        proof: LoginProof::TicketOrPassword,
        #[cfg(any(feature = "ntlm", kerberos))]
        begin: Ok(|login| login.negotiate()),
        #[cfg(not(any(feature = "ntlm", kerberos)))]
        begin: Err(WITHOUT_NTLM),
    },
    SchemeRow {
        scheme: AuthScheme::Kerberos,
        name: "kerberos",
        powershell: Some("Kerberos"),
        headers: &["Kerberos"],
        meaning: "Kerberos alone, with a ticket",
        never_automatic: None,
        needs_tls: false,
        seals: true,
        is_ntlm_only: false,
        proof: LoginProof::Ticket,
        #[cfg(kerberos)]
        begin: Ok(|login| {
            login.bare(super::kerberos::mechanism(&login.credential, &login.options), sealing::KERBEROS)
        }),
        #[cfg(not(kerberos))]
        begin: Err(WITHOUT_KERBEROS),
    },
    SchemeRow {
        scheme: AuthScheme::Ntlm,
        name: "ntlm",
        powershell: None,
        headers: &["Negotiate", "NTLM"],
        meaning: "NTLMv2 alone, for servers that know no SPNEGO",
        never_automatic: None,
        needs_tls: false,
        seals: true,
        is_ntlm_only: true,
        proof: LoginProof::Password,
        #[cfg(feature = "ntlm")]
        begin: Ok(|login| login.bare(login.ntlm(), sealing::SPNEGO)),
        #[cfg(not(feature = "ntlm"))]
        begin: Err(WITHOUT_NTLM),
    },
    SchemeRow {
        scheme: AuthScheme::Basic,
        name: "basic",
        powershell: Some("Basic"),
        headers: &["Basic"],
        meaning: "the password itself, of a local account",
        never_automatic: Some("sends the password"),
        needs_tls: true,
        seals: false,
        is_ntlm_only: false,
        proof: LoginProof::Password,
        begin: Ok(|login| {
            Box::new(match login.is_offered {
                true => Basic::offered(login.credential),
                false => Basic::new(login.credential),
            })
        }),
    },
];

#[cfg(any(feature = "ntlm", kerberos))]
impl Login<'_> {
    /// One mechanism's tokens as they are.
    fn bare(&self, mechanism: Box<dyn Mechanism>, protocol: &'static str) -> Box<dyn Handshake> {
        Box::new(RawToken::new(mechanism, self.config(protocol)))
    }

    /// A negotiation between all that this build has and the policy allows.
    fn negotiate(&self) -> Box<dyn Handshake> {
        let mut mechanisms: Vec<Box<dyn Mechanism>> = Vec::new();
        #[cfg(kerberos)]
        mechanisms.push(super::kerberos::mechanism(&self.credential, &self.options));
        // Whoever has a ticket and no password has nothing to offer for NTLM.
        #[cfg(feature = "ntlm")]
        if !self.policy.forbid_ntlm && (self.credential.has_password() || !cfg!(kerberos)) {
            // What is agreed on is signed, so that there must be keys, even where no body is sealed.
            let mut options = self.options.clone();
            options.seal = true;
            mechanisms.push(Box::new(super::ntlm::Ntlm::new(self.credential.clone(), options)));
        }
        Box::new(Spnego::new(mechanisms, self.config(sealing::SPNEGO)))
    }

    #[cfg(feature = "ntlm")]
    fn ntlm(&self) -> Box<dyn Mechanism> {
        Box::new(super::ntlm::Ntlm::new(self.credential.clone(), self.options.clone()))
    }

    fn config(&self, protocol: &'static str) -> CarrierConfig {
        let is_sealed = self.row.verdict(self.policy) == Verdict::Sealed;
        CarrierConfig {
            headers: self.row.headers,
            header: self.header,
            sealed: is_sealed.then_some(protocol),
            tls: self.policy.tls,
        }
    }
}

/// How the way to the server is protected, and which dangers were asked for by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginPolicy {
    /// The way is HTTPS.
    pub tls: bool,
    /// Allow HTTP Basic over plain HTTP: the password travels in clear, and so do the bodies.
    pub dangerous_basic_over_http: bool,
    /// Send bodies in clear over plain HTTP although the scheme could seal them.
    pub dangerous_unencrypted: bool,
    /// Never log in with NTLM, not even where a negotiation comes down to it.
    pub forbid_ntlm: bool,
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
    /// Nothing may be sent.
    Refused(SchemeRefusal),
}

impl SchemeRow {
    /// What `policy` says about this scheme.
    #[must_use]
    pub fn verdict(&self, policy: LoginPolicy) -> Verdict {
        if let Err(refusal) = self.begin {
            Verdict::Refused(refusal)
        } else if policy.forbid_ntlm && self.is_ntlm_only {
            Verdict::Refused(SchemeRefusal::NtlmDisabled)
        } else if policy.tls {
            Verdict::Tls
        } else if self.needs_tls {
            if policy.dangerous_basic_over_http {
                Verdict::Clear
            } else {
                Verdict::Refused(SchemeRefusal::PasswordInClear)
            }
        } else if policy.dangerous_unencrypted {
            Verdict::Clear
        } else if self.seals {
            Verdict::Sealed
        } else {
            Verdict::Refused(SchemeRefusal::BodiesInClear)
        }
    }

    /// Whether [`AuthScheme::Auto`] may choose it. What hands over the password itself must be asked for by name.
    #[must_use]
    pub fn is_chosen_by_auto(&self) -> bool {
        self.never_automatic.is_none()
    }

    /// Begins a login; `challenges` are what the server has been heard to offer, if it was heard.
    pub(super) fn begin(
        &self,
        credential: &Credential,
        policy: LoginPolicy,
        options: &NtlmOptions,
        challenges: Option<&Challenges>,
    ) -> Result<Box<dyn Handshake>, AuthError> {
        let refused = |problem| AuthError::NotAllowed { scheme: self.name, problem };
        let verdict = self.verdict(policy);
        if let Verdict::Refused(problem) = verdict {
            return Err(refused(problem));
        }
        let mut options = options.clone();
        options.seal = verdict == Verdict::Sealed;
        let is_offered = |header: &&&str| challenges.is_some_and(|challenges| challenges.has(header));
        let offered = self.headers.iter().find(is_offered).copied();
        let header = offered.or(self.headers.first().copied()).unwrap_or_default();
        let is_offered = offered.is_some();
        let login = Login { row: self, credential: credential.clone(), policy, options, header, is_offered };
        Ok(self.begin.map_err(refused)?(login))
    }
}

impl AuthScheme {
    /// Its name on the command line and in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().map_or(AUTO, |row| row.name)
    }

    /// Its row of [`SCHEMES`]; `None` for [`AuthScheme::Auto`].
    #[must_use]
    pub fn row(self) -> Option<&'static SchemeRow> {
        SCHEMES.iter().find(|row| row.scheme == self)
    }

    /// Whether a login with it may use a Kerberos ticket in this build.
    #[must_use]
    pub fn takes_ticket(self) -> bool {
        cfg!(kerberos) && self.row().is_none_or(|row| row.proof != LoginProof::Password)
    }

    /// Whether a login with it may use a password.
    #[must_use]
    pub fn takes_password(self) -> bool {
        self.row().is_none_or(|row| row.proof != LoginProof::Ticket)
    }

    /// Every scheme by name: `auto`, then those of [`SCHEMES`], strongest first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        std::iter::once(AUTO).chain(SCHEMES.iter().map(|row| row.name))
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

/// Text that names no scheme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an authentication scheme: {}", known())]
pub struct UnknownScheme {
    /// The text as it was given.
    pub text: String,
}

fn known() -> String {
    AuthScheme::names().collect::<Vec<_>>().join(", ")
}

const AUTO: &str = "auto";

#[cfg(not(kerberos))]
pub(super) const WITHOUT_KERBEROS: SchemeRefusal =
    SchemeRefusal::NotBuilt(&super::scheme_refusal::MissingFeature {
        mechanism: "Kerberos",
        feature: if cfg!(windows) { "sspi" } else { "kerberos" },
        needs: if cfg!(windows) { None } else { Some("the MIT Kerberos headers and libclang") },
    });

#[cfg(not(feature = "ntlm"))]
const WITHOUT_NTLM: SchemeRefusal = SchemeRefusal::NotBuilt(&super::scheme_refusal::MissingFeature {
    mechanism: "NTLM",
    feature: "ntlm",
    needs: None,
});

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::handshake;
    use super::*;
    use crate::auth::{Leg, Step};

    const HTTP: LoginPolicy = LoginPolicy {
        tls: false,
        dangerous_basic_over_http: false,
        dangerous_unencrypted: false,
        forbid_ntlm: false,
    };
    const HTTPS: LoginPolicy = LoginPolicy { tls: true, ..HTTP };
    const HTTP_BASIC: LoginPolicy = LoginPolicy { dangerous_basic_over_http: true, ..HTTP };

    fn begin(scheme: AuthScheme, policy: LoginPolicy) -> Result<Box<dyn Handshake>, AuthError> {
        let options = NtlmOptions {
            spn: None,
            workstation: String::new(),
            seal: false,
            now: SystemTime::UNIX_EPOCH,
            client_challenge: [1; 8],
            session_key: [2; 16],
        };
        handshake(scheme, &Credential::new("user", "geheim".into()), policy, &options)
    }

    /// Every policy there is.
    fn policies() -> impl Iterator<Item = LoginPolicy> {
        (0..16).map(|bits| LoginPolicy {
            tls: bits & 1 != 0,
            dangerous_unencrypted: bits & 2 != 0,
            dangerous_basic_over_http: bits & 4 != 0,
            forbid_ntlm: bits & 8 != 0,
        })
    }

    /// The auth matrix: scheme, HTTP or HTTPS, sealing, policy. The words are this table's own, not the code's.
    #[cfg(feature = "ntlm")]
    #[test]
    fn the_auth_matrix_has_a_verdict_in_every_cell() {
        const SHOWN: &str = "refused: Basic over plain HTTP exposes the password on the network";
        const FORBIDDEN: &str = "refused: NTLM is disabled, and no other mechanism is left";
        const WITHOUT: &str = "refused: this build does not include Kerberos";
        let has_kerberos = cfg!(kerberos);
        for policy in policies() {
            let LoginPolicy { tls, dangerous_basic_over_http, dangerous_unencrypted, forbid_ntlm } = policy;
            let protected = match (tls, dangerous_unencrypted) {
                (true, _) => "allowed, by TLS",
                (false, false) => "sealed",
                (false, true) => "allowed, in clear",
            };
            for row in SCHEMES {
                let expected = match row.name {
                    "negotiate" if forbid_ntlm && !has_kerberos => FORBIDDEN,
                    "ntlm" if forbid_ntlm => FORBIDDEN,
                    "kerberos" if !has_kerberos => WITHOUT,
                    "negotiate" | "kerberos" | "ntlm" => protected,
                    "basic" if tls => protected,
                    "basic" if dangerous_basic_over_http => "allowed, in clear",
                    "basic" => SHOWN,
                    other => panic!("{other} has no cell for {policy:?}"),
                };
                let verdict = match row.verdict(policy) {
                    Verdict::Tls => "allowed, by TLS".to_owned(),
                    Verdict::Sealed => "sealed".to_owned(),
                    Verdict::Clear => "allowed, in clear".to_owned(),
                    Verdict::Refused(problem) => format!("refused: {problem}"),
                };
                assert_eq!(verdict, expected, "{} under {policy:?}", row.name);
                match begin(row.scheme, policy) {
                    Ok(begun) => assert_eq!(begun.name(), row.name),
                    Err(error) => assert_eq!(
                        error.to_string(),
                        format!(
                            "{} is not allowed here: {}",
                            row.name,
                            expected.trim_start_matches("refused: ")
                        )
                    ),
                }
            }
        }
    }

    #[test]
    fn auto_begins_wherever_any_scheme_but_basic_may() {
        for policy in policies() {
            let mut allowed =
                SCHEMES.iter().filter(|row| !matches!(row.verdict(policy), Verdict::Refused(_)));
            let expected = allowed.find(|row| row.name != "basic").map(|row| row.name);
            let begun = begin(AuthScheme::Auto, policy);
            assert_eq!(begun.ok().map(|begun| begun.name()), expected, "{policy:?}");
        }
    }

    #[test]
    fn basic_over_plain_http_is_refused_without_the_dangerous_switch() {
        let error = begin(AuthScheme::Basic, HTTP).unwrap_err();
        let problem = SchemeRefusal::PasswordInClear;
        assert_eq!(error, AuthError::NotAllowed { scheme: "basic", problem });
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
        assert!(error.to_string().ends_with(": auto, negotiate, kerberos, ntlm, basic"), "{error}");
    }
}
