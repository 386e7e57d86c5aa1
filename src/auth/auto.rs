//! How a login begins: with the scheme that was asked for, or with the one that the server's first answers decide.

use super::{
    Answer, AuthError, AuthScheme, Challenges, Credential, Handshake, LoginPolicy, NtlmOptions, SCHEMES,
    SchemeRefusal, SchemeRow, ServerNames, Step, Verdict,
};

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
    handshake_after(None, scheme, credential, policy, options)
}

/// As [`handshake`], with a server whose offers are known from an earlier login.
pub(crate) fn handshake_after(
    challenges: Option<&Challenges>,
    scheme: AuthScheme,
    credential: &Credential,
    policy: LoginPolicy,
    options: &NtlmOptions,
) -> Result<Box<dyn Handshake>, AuthError> {
    match scheme.row() {
        Some(row) => row.begin(credential, policy, options, challenges),
        None => Auto::begin(credential, policy, options),
    }
}

/// The strongest allowed scheme first; another one, strongest first, when the server's first answer offers only that.
/// Never one that hands over the password itself.
///
/// A server that offers a scheme and does not answer its first token, such as one that takes NTLM and knows no SPNEGO,
/// is tried with the next one, as long as no leg has shown a credential.
#[derive(Debug)]
struct Auto {
    login: Box<dyn Handshake>,
    current: &'static SchemeRow,
    /// What another scheme would need, until the choice is made.
    undecided: Option<Undecided>,
}

type Undecided = (Credential, LoginPolicy, NtlmOptions);

impl Auto {
    fn begin(
        credential: &Credential,
        policy: LoginPolicy,
        options: &NtlmOptions,
    ) -> Result<Box<dyn Handshake>, AuthError> {
        let Some(row) = allowed(policy).next() else {
            return Err(AuthError::NotAllowed { scheme: AuthScheme::Auto.name(), problem: why_none(policy) });
        };
        Ok(Box::new(Self {
            login: row.begin(credential, policy, options, None)?,
            current: row,
            undecided: Some((credential.clone(), policy, options.clone())),
        }))
    }

    /// Goes on by an answer that no credential has been shown for.
    fn decide(&mut self, answer: &Answer<'_>, undecided: Undecided) -> Result<Step, AuthError> {
        if answer.status == 401 && !is_offered(answer, self.current) {
            return self.change(strongest(answer, undecided.1)?, answer, undecided);
        }
        let failure = match self.login.step(Some(answer)) {
            Err(failure @ AuthError::NotOffered { .. }) if answer.status == 401 => failure,
            step => {
                // It has only asked so far, such as for the certificate that its first token is bound to.
                if matches!(&step, Ok(Step::Send(leg)) if leg.begins && !leg.proves) {
                    self.undecided = Some(undecided);
                }
                return step;
            }
        };
        // The server does not know what it offers.
        let weaker = allowed(undecided.1).skip_while(|row| row.scheme != self.current.scheme).skip(1);
        for row in weaker.filter(|row| is_offered(answer, row)) {
            // What cannot even begin, such as Kerberos without a ticket, has sent nothing.
            if let Ok(step) = self.change(row, answer, undecided.clone()) {
                return Ok(step);
            }
        }
        Err(failure)
    }

    /// Begins with another scheme.
    fn change(
        &mut self,
        row: &'static SchemeRow,
        answer: &Answer<'_>,
        (credential, policy, options): Undecided,
    ) -> Result<Step, AuthError> {
        self.login = row.begin(&credential, policy, &options, Some(answer.challenges))?;
        self.current = row;
        let first = match self.login.step(None)? {
            Step::Send(leg) if leg.authorization.is_none() => self.login.step(Some(answer))?,
            first => first,
        };
        if matches!(&first, Step::Send(leg) if leg.begins && !leg.proves) {
            self.undecided = Some((credential, policy, options));
        }
        Ok(first)
    }
}

impl Handshake for Auto {
    fn name(&self) -> &'static str {
        self.current.name
    }

    fn step(&mut self, answer: Option<&Answer<'_>>) -> Result<Step, AuthError> {
        match (answer, self.undecided.take()) {
            (Some(answer), Some(undecided)) => self.decide(answer, undecided),
            (answer, undecided) => {
                self.undecided = undecided;
                self.login.step(answer)
            }
        }
    }

    fn server_names(&self) -> Option<&ServerNames> {
        self.login.server_names()
    }

    fn is_accepted(&self) -> bool {
        self.login.is_accepted()
    }
}

fn is_offered(answer: &Answer<'_>, row: &SchemeRow) -> bool {
    row.headers.iter().any(|header| answer.challenges.has(header))
}

fn allowed(policy: LoginPolicy) -> impl Iterator<Item = &'static SchemeRow> {
    automatic().filter(move |row| !matches!(row.verdict(policy), Verdict::Refused(_)))
}

fn automatic() -> impl Iterator<Item = &'static SchemeRow> {
    SCHEMES.iter().filter(|row| row.is_chosen_by_auto())
}

/// What forbids the weakest of the schemes: the others are forbidden at least for the same.
fn why_none(policy: LoginPolicy) -> SchemeRefusal {
    match automatic().last().map(|row| row.verdict(policy)) {
        Some(Verdict::Refused(refusal)) => refusal,
        _ => SchemeRefusal::NtlmDisabled,
    }
}

/// The strongest that is offered and allowed; else why the strongest that is offered may not be used.
fn strongest(answer: &Answer<'_>, policy: LoginPolicy) -> Result<&'static SchemeRow, AuthError> {
    let offered = answer.challenges.to_string();
    if let Some(row) = allowed(policy).find(|row| is_offered(answer, row)) {
        return Ok(row);
    }
    Err(match SCHEMES.iter().find(|row| is_offered(answer, row)).map(|row| (row, row.verdict(policy))) {
        Some((SchemeRow { name, never_automatic: Some(why), .. }, _)) => AuthError::NotOffered {
            offered,
            wanted: format!("{name} {why} to the server, so it must be selected explicitly"),
            refusal: None,
        },
        Some((row, Verdict::Refused(refusal))) => AuthError::NotOffered {
            offered,
            wanted: format!("{} is not allowed here: {refusal}", row.name),
            refusal: Some(refusal),
        },
        _ => AuthError::NotOffered { offered, wanted: wanted(policy), refusal: None },
    })
}

/// The schemes that `policy` allows, for a message.
fn wanted(policy: LoginPolicy) -> String {
    let mut words: Vec<&str> = allowed(policy).flat_map(|row| row.headers).copied().collect();
    let mut seen = Vec::new();
    words.retain(|word| {
        !seen.contains(word) && {
            seen.push(word);
            true
        }
    });
    format!("this login requires {}", words.join(" or "))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::auth::Leg;

    const HTTP: LoginPolicy = LoginPolicy {
        tls: false,
        dangerous_basic_over_http: false,
        dangerous_unencrypted: false,
        forbid_ntlm: false,
    };
    const HTTPS: LoginPolicy = LoginPolicy { tls: true, ..HTTP };
    const HTTP_BASIC: LoginPolicy = LoginPolicy { dangerous_basic_over_http: true, ..HTTP };
    const HTTP_CLEAR: LoginPolicy = LoginPolicy { dangerous_unencrypted: true, ..HTTP };

    fn begin(policy: LoginPolicy) -> Result<Box<dyn Handshake>, AuthError> {
        let options = NtlmOptions {
            spn: None,
            workstation: String::new(),
            seal: false,
            now: SystemTime::UNIX_EPOCH,
            client_challenge: [1; 8],
            session_key: [2; 16],
        };
        handshake(AuthScheme::Auto, &Credential::new("user", "geheim".into()), policy, &options)
    }

    fn step(login: &mut dyn Handshake, status: u16, header: &str) -> Result<Step, AuthError> {
        let challenges = Challenges::parse([header]);
        login.step(Some(&Answer { status, challenges: &challenges, server_certificate: None }))
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

    #[cfg(feature = "ntlm")]
    #[test]
    fn auto_never_takes_basic_whatever_the_policy_and_the_server_say() {
        for policy in [HTTP, HTTPS, HTTP_BASIC, HTTP_CLEAR] {
            let mut login = begin(policy).unwrap();
            login.step(None).unwrap();
            let error = step(&mut *login, 401, "Basic realm=\"WSMAN\"").unwrap_err();
            assert_eq!(
                error.to_string(),
                "the server offers Basic, but basic sends the password to the server, so it must be selected \
                 explicitly"
            );
            assert!(step(&mut *login, 401, "Basic realm=\"WSMAN\"").is_err(), "no second try");
        }
    }

    #[test]
    fn auto_without_any_other_scheme_than_basic_does_not_begin() {
        let error = begin(LoginPolicy { forbid_ntlm: true, ..HTTPS });
        if cfg!(kerberos) {
            assert_eq!(error.unwrap().name(), "negotiate");
        } else {
            let error = error.unwrap_err();
            assert!(matches!(error, AuthError::NotAllowed { scheme: "auto", .. }), "{error}");
        }
    }

    #[cfg(feature = "ntlm")]
    #[test]
    fn auto_negotiates_where_that_is_offered_and_never_takes_basic_after_it() {
        for policy in [HTTP, HTTP_BASIC, HTTP_CLEAR] {
            let mut login = begin(policy).unwrap();
            assert!(authorization(&leg(login.step(None).unwrap())).starts_with("Negotiate YE"));
            assert!(!format!("{login:?}").contains("geheim"));
            // A definite no of a server that can negotiate: neither raw NTLM nor Basic is tried behind the user's back.
            let error = step(&mut *login, 401, "Negotiate oQcwBaADCgEC, Basic realm=\"WSMAN\"").unwrap_err();
            assert!(matches!(error, AuthError::Rejected { .. }), "{error}");
            assert!(step(&mut *login, 401, "Basic realm=\"WSMAN\"").is_err());
        }
    }

    #[cfg(feature = "ntlm")]
    #[test]
    fn a_server_that_knows_no_negotiation_is_tried_with_raw_ntlm_as_long_as_nothing_was_shown() {
        for (first_answer, word) in [
            ("Negotiate, Basic realm=\"WSMAN\"", "Negotiate "),
            ("NTLM, Basic realm=\"WSMAN\"", "NTLM "),
            ("Negotiate, NTLM", "Negotiate "),
        ] {
            let mut login = begin(HTTP_BASIC).unwrap();
            login.step(None).unwrap();
            let raw = leg(step(&mut *login, 401, first_answer).unwrap());
            assert!(raw.begins && !raw.proves);
            assert!(authorization(&raw).starts_with(&format!("{word}TlRM")), "{first_answer}");
            assert_eq!(login.name(), "ntlm");
            let error = step(&mut *login, 401, first_answer).unwrap_err();
            assert!(matches!(error, AuthError::NotOffered { .. }), "{error}");
            assert!(step(&mut *login, 401, first_answer).is_err(), "no third one");
        }
    }

    #[cfg(feature = "ntlm")]
    #[test]
    fn a_refused_proof_is_not_followed_by_another_login() {
        use crate::auth::ntlm::test_vectors;
        use base64::Engine as _;

        let raw =
            base64::engine::general_purpose::STANDARD.encode(test_vectors::hex(test_vectors::CHALLENGE));
        let mut login = begin(HTTP).unwrap();
        login.step(None).unwrap();
        login_after_raw(&mut *login, &raw);
        let error = step(&mut *login, 401, "Negotiate, NTLM, Basic realm=\"WSMAN\"").unwrap_err();
        assert!(matches!(error, AuthError::Refused { scheme: "ntlm", .. }), "{error}");
        assert!(step(&mut *login, 401, "Negotiate").is_err());
    }

    #[cfg(feature = "ntlm")]
    fn login_after_raw(login: &mut dyn Handshake, challenge: &str) {
        step(login, 401, "Negotiate").unwrap();
        let proof = leg(step(login, 401, &format!("Negotiate {challenge}")).unwrap());
        assert!(proof.proves && !proof.begins);
    }

    #[cfg(kerberos)]
    #[test]
    fn auto_never_takes_basic_from_a_server_that_has_offered_more() {
        let mut login = begin(HTTPS).unwrap();
        assert!(leg(login.step(None).unwrap()).authorization.is_none(), "it asks for the certificate");
        let first = leg(step(&mut *login, 401, "Negotiate, Basic realm=\"WSMAN\"").unwrap());
        assert!(authorization(&first).starts_with("Negotiate "));
        let error = step(&mut *login, 401, "Basic realm=\"WSMAN\"").unwrap_err();
        assert!(matches!(error, AuthError::NotOffered { .. }), "{error}");
    }

    #[cfg(feature = "ntlm")]
    #[test]
    fn an_offer_that_came_with_the_first_token_is_not_given_up_for_the_password_either() {
        for first_answer in ["NTLM, Basic realm=\"WSMAN\"", "Negotiate, Basic realm=\"WSMAN\""] {
            let mut login = begin(HTTP_BASIC).unwrap();
            login.step(None).unwrap();
            let raw = leg(step(&mut *login, 401, first_answer).unwrap());
            assert!(raw.begins && !raw.proves);
            let error = step(&mut *login, 401, "Basic realm=\"WSMAN\"").unwrap_err();
            assert!(matches!(error, AuthError::NotOffered { .. }), "{error}");
        }
    }

    #[cfg(feature = "ntlm")]
    #[test]
    fn auto_names_what_it_needs_when_nothing_fits() {
        let kerberos = if cfg!(kerberos) { " or Kerberos" } else { "" };
        for policy in [HTTP, HTTPS] {
            let mut login = begin(policy).unwrap();
            login.step(None).unwrap();
            let error = step(&mut *login, 401, "Digest").unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("the server offers Digest, but this login requires Negotiate{kerberos} or NTLM")
            );
        }
    }
}
