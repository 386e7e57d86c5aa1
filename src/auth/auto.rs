//! The login that chooses its scheme by the server's first answer.

use super::scheme::{PASSWORD_IN_CLEAR, Verdict};
use super::{
    Answer, AuthError, AuthScheme, Credential, Handshake, LoginPolicy, NtlmOptions, SCHEMES, SchemeRow, Step,
};

/// The strongest allowed scheme first; another one, strongest first, when the server's first answer offers only that.
#[derive(Debug)]
pub(super) struct Auto {
    current: SchemeRow,
    login: Box<dyn Handshake>,
    /// What another scheme would need, until the first answer has come.
    undecided: Option<(Credential, LoginPolicy, NtlmOptions)>,
}

impl Auto {
    pub(super) fn begin(
        credential: &Credential,
        policy: LoginPolicy,
        options: &NtlmOptions,
    ) -> Result<Box<dyn Handshake>, AuthError> {
        let allowed = |row: &&SchemeRow| !matches!(row.verdict(policy), Verdict::Refused(_));
        let Some(row) = SCHEMES.iter().find(allowed) else {
            return Err(AuthError::NotAllowed {
                scheme: AuthScheme::Auto.name(),
                problem: PASSWORD_IN_CLEAR,
            });
        };
        Ok(Box::new(Self {
            current: *row,
            login: row.begin(credential, policy, options),
            undecided: Some((credential.clone(), policy, options.clone())),
        }))
    }

    /// Chooses by the first answer. It carries no secret yet: a scheme that shows one begins by asking.
    fn decide(&mut self, answer: &Answer<'_>) -> Result<Step, AuthError> {
        let Some((credential, policy, options)) = self.undecided.take() else {
            return self.login.step(Some(answer));
        };
        if answer.status != 401 || answer.offers.has(self.current.header) {
            return self.login.step(Some(answer));
        }
        let Some(row) = SCHEMES.iter().find(|row| answer.offers.has(row.header)) else {
            return Err(AuthError::NotOffered { offered: answer.offers.to_string(), wanted: wanted(policy) });
        };
        if let Verdict::Refused(problem) = row.verdict(policy) {
            let wanted = format!("{} is not allowed here: {problem}", row.header);
            return Err(AuthError::NotOffered { offered: answer.offers.to_string(), wanted });
        }
        self.current = *row;
        self.login = row.begin(&credential, policy, &options);
        match self.login.step(None)? {
            Step::Send(leg) if leg.authorization.is_none() => self.login.step(Some(answer)),
            first => Ok(first),
        }
    }
}

impl Handshake for Auto {
    fn step(&mut self, answer: Option<&Answer<'_>>) -> Result<Step, AuthError> {
        match answer {
            Some(answer) => self.decide(answer),
            None => self.login.step(None),
        }
    }
}

/// The schemes that `policy` allows, for a message.
fn wanted(policy: LoginPolicy) -> String {
    let names: Vec<&str> = SCHEMES
        .iter()
        .filter(|row| !matches!(row.verdict(policy), Verdict::Refused(_)))
        .map(|row| row.header)
        .collect();
    format!("we need {}", names.join(" or "))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::auth::{Leg, Offers, Protection, handshake};

    const HTTP: LoginPolicy =
        LoginPolicy { tls: false, dangerous_basic_over_http: false, dangerous_unencrypted: false };
    const HTTPS: LoginPolicy = LoginPolicy { tls: true, ..HTTP };
    const HTTP_BASIC: LoginPolicy = LoginPolicy { dangerous_basic_over_http: true, ..HTTP };
    const HTTP_CLEAR: LoginPolicy = LoginPolicy { dangerous_unencrypted: true, ..HTTP };

    fn begin(policy: LoginPolicy) -> Result<Box<dyn Handshake>, AuthError> {
        let options = NtlmOptions {
            spn: None,
            seal: false,
            now: SystemTime::UNIX_EPOCH,
            client_challenge: [1; 8],
            session_key: [2; 16],
        };
        handshake(AuthScheme::Auto, &Credential::new("user", "geheim".into()), policy, &options)
    }

    fn step(login: &mut dyn Handshake, status: u16, header: &str) -> Result<Step, AuthError> {
        let offers = Offers::parse([header]);
        login.step(Some(&Answer { status, offers: &offers, server_certificate: None }))
    }

    fn leg(step: Step) -> Leg {
        match step {
            Step::Send(leg) => leg,
            other => panic!("{other:?}"),
        }
    }

    fn authorization(leg: &Leg) -> &str {
        leg.authorization.as_ref().map_or("", |header| header.expose_secret())
    }

    #[test]
    fn auto_takes_basic_where_only_that_is_offered_and_the_policy_allows_it() {
        for policy in [HTTPS, HTTP_BASIC] {
            let mut login = begin(policy).unwrap();
            login.step(None).unwrap();
            let proof = leg(step(&mut *login, 401, "Basic realm=\"WSMAN\"").unwrap());
            assert!(authorization(&proof).starts_with("Basic ") && proof.identify);
            assert!(matches!(step(&mut *login, 200, ""), Ok(Step::Established(Protection::Header(_)))));
        }
    }

    #[cfg(feature = "ntlm")]
    #[test]
    fn auto_says_which_switch_basic_would_need() {
        for policy in [HTTP, HTTP_CLEAR] {
            let mut login = begin(policy).unwrap();
            login.step(None).unwrap();
            let error = step(&mut *login, 401, "Basic realm=\"WSMAN\"").unwrap_err();
            let AuthError::NotOffered { offered, wanted } = error else { panic!("{error}") };
            assert_eq!(offered, "Basic");
            assert!(wanted.contains("--dangerous-basic-over-http"), "{wanted}");
        }
    }

    #[cfg(feature = "ntlm")]
    #[test]
    fn auto_takes_ntlm_where_it_is_offered_and_never_basic_after_it() {
        for policy in [HTTP, HTTPS, HTTP_BASIC, HTTP_CLEAR] {
            let mut login = begin(policy).unwrap();
            assert!(authorization(&leg(login.step(None).unwrap())).starts_with("Negotiate TlRM"));
            assert!(!format!("{login:?}").contains("geheim"));
            // NTLM is switched off there; Basic is not taken behind the user's back.
            let error = step(&mut *login, 401, "Negotiate, Basic realm=\"WSMAN\"").unwrap_err();
            assert!(matches!(error, AuthError::NotOffered { .. }), "{error}");
            assert!(step(&mut *login, 401, "Basic realm=\"WSMAN\"").is_err());
        }
    }

    #[cfg(feature = "ntlm")]
    #[test]
    fn auto_names_what_it_needs_when_nothing_fits() {
        for (policy, needs) in [(HTTP, "we need Negotiate"), (HTTPS, "we need Negotiate or Basic")] {
            let mut login = begin(policy).unwrap();
            login.step(None).unwrap();
            let error = step(&mut *login, 401, "Kerberos").unwrap_err();
            assert_eq!(error.to_string(), format!("the server offers Kerberos, and {needs}"));
        }
    }
}
