//! A mechanism's tokens as they are, without a negotiation around them: NTLM under `Negotiate` or `NTLM`, Kerberos
//! under `Kerberos`.

use super::mechanism::{Mechanism, Progress, Shown, Token};
use super::token_exchange::{self, CarrierConfig};
use super::{Answer, AuthError, Handshake, ServerNames, Step};

/// The login that carries one mechanism's tokens under one word.
///
/// ```text
/// Start --(first token)--> Waiting --(401 with a token: the next)--> ... --(the last)--> Proved --(2xx)--> Established
///   |                       +-- 401 without a token: NotOffered, or what the mechanism says    +-- 401: refused
///   +--(nothing, if the first token needs the certificate)--> Asked --(401: first token)--> Waiting
/// ```
#[derive(Debug)]
pub(super) struct RawToken {
    config: CarrierConfig,
    /// The word in use, of those of the manner.
    header: &'static str,
    name: &'static str,
    state: State,
    /// The first token went under a second word: a server that asks for each in turn gets no third one.
    has_changed_word: bool,
    /// What the server has said of itself, once the login stands.
    server_names: Option<ServerNames>,
}

#[derive(Debug)]
enum State {
    Start(Box<dyn Mechanism>),
    Asked(Box<dyn Mechanism>),
    /// `first`: the token that was sent is the first one, and may go again under another word.
    Waiting {
        mechanism: Box<dyn Mechanism>,
        sent: Token,
        first: bool,
    },
    Proved(Box<dyn Mechanism>),
    Over,
}

impl RawToken {
    pub(super) fn new(mechanism: Box<dyn Mechanism>, config: CarrierConfig) -> Self {
        let (header, name) = (config.header, mechanism.name());
        Self {
            config,
            header,
            name,
            state: State::Start(mechanism),
            has_changed_word: false,
            server_names: None,
        }
    }

    fn first(
        &mut self,
        mut mechanism: Box<dyn Mechanism>,
        certificate: Option<&[u8]>,
    ) -> Result<Step, AuthError> {
        let progress = mechanism.step(None, certificate)?;
        self.send(mechanism, progress, true)
    }

    fn send(
        &mut self,
        mechanism: Box<dyn Mechanism>,
        progress: Progress,
        first: bool,
    ) -> Result<Step, AuthError> {
        let step;
        (step, self.state) = match progress {
            Progress::Continue(sent) => {
                (token_exchange::send(self.header, &sent, first), State::Waiting { mechanism, sent, first })
            }
            Progress::Done(Some(sent)) => {
                (token_exchange::send(self.header, &sent, first), State::Proved(mechanism))
            }
            Progress::Done(None) => return Err(AuthError::out_of_turn(self.name)),
        };
        Ok(step)
    }

    fn establish(&mut self, mechanism: Box<dyn Mechanism>) -> Result<Step, AuthError> {
        self.server_names = mechanism.server_names().cloned();
        self.config.establish(mechanism)
    }

    /// The answer to a token that is not the last one.
    fn heard(
        &mut self,
        mut mechanism: Box<dyn Mechanism>,
        sent: Token,
        first: bool,
        answer: &Answer<'_>,
    ) -> Result<Step, AuthError> {
        if let Some(token) = token_exchange::token(answer, self.header, self.name)? {
            let progress = mechanism.step(Some(&token), answer.server_certificate)?;
            return match (answer.status, progress) {
                (401, Progress::Done(None)) => Err(mechanism.refused(None)),
                (401, progress) => self.send(mechanism, progress, false),
                (200..=299, Progress::Done(None)) => self.establish(mechanism),
                _ => Err(AuthError::out_of_turn(self.name)),
            };
        }
        match (sent.shows, answer.status) {
            (Shown::Nothing, _) => self.under_another_word(mechanism, sent, first, answer),
            (_, 401) => Err(mechanism.refused(None)),
            _ => Err(AuthError::Downgrade { what: "the server's own proof" }),
        }
    }

    /// The first token again, where the server offers another of our words and not this one.
    fn under_another_word(
        &mut self,
        mechanism: Box<dyn Mechanism>,
        sent: Token,
        first: bool,
        answer: &Answer<'_>,
    ) -> Result<Step, AuthError> {
        match self.config.offered(answer) {
            Some(header)
                if header != self.header && first && answer.status == 401 && !self.has_changed_word =>
            {
                self.has_changed_word = true;
                self.header = header;
                self.send(mechanism, Progress::Continue(sent), true)
            }
            _ => Err(self.not_offered(answer)),
        }
    }

    fn not_offered(&self, answer: &Answer<'_>) -> AuthError {
        let wanted = if answer.status != 401 {
            format!("{} requires a 401 with its token", self.name)
        } else if self.config.offered(answer).is_some() {
            format!("it does not respond to the {0} token; {0} may be disabled on the server", self.name)
        } else {
            format!("{} requires {}", self.name, self.config.headers.join(" or "))
        };
        AuthError::NotOffered { offered: answer.challenges.to_string(), wanted, refusal: None }
    }
}

impl Handshake for RawToken {
    fn name(&self) -> &'static str {
        self.name
    }

    fn step(&mut self, answer: Option<&Answer<'_>>) -> Result<Step, AuthError> {
        match (std::mem::replace(&mut self.state, State::Over), answer) {
            (State::Start(mechanism), None) if self.config.tls && mechanism.binds_first_token() => {
                self.state = State::Asked(mechanism);
                Ok(token_exchange::ask())
            }
            (State::Start(mechanism), None) => self.first(mechanism, None),
            (State::Asked(mechanism), Some(answer)) => match self.config.offered(answer) {
                Some(header) if answer.status == 401 => {
                    self.header = header;
                    self.first(mechanism, answer.server_certificate)
                }
                _ => Err(self.not_offered(answer)),
            },
            (State::Waiting { mechanism, sent, first }, Some(answer)) => {
                self.heard(mechanism, sent, first, answer)
            }
            (State::Proved(mut mechanism), Some(answer)) => match answer.status {
                200..=299 => self.establish(mechanism),
                401 => {
                    let token = token_exchange::token(answer, self.header, self.name).ok().flatten();
                    Err(mechanism.refused(token.as_deref()))
                }
                _ => Err(AuthError::out_of_turn(self.name)),
            },
            _ => Err(AuthError::out_of_turn(self.name)),
        }
    }

    fn server_names(&self) -> Option<&ServerNames> {
        self.server_names.as_ref()
    }
}

#[cfg(test)]
#[cfg(feature = "ntlm")]
mod tests {
    use std::time::UNIX_EPOCH;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::auth::ntlm::{Ntlm, test_vectors};
    use crate::auth::{Challenges, Credential, Leg, NtlmOptions, Protection, sealing};

    fn ntlm(sealed: bool) -> RawToken {
        let options = NtlmOptions {
            spn: Some("HTTP/win01.example.com".to_owned()),
            workstation: String::new(),
            seal: sealed,
            now: UNIX_EPOCH,
            client_challenge: test_vectors::CLIENT_CHALLENGE,
            session_key: test_vectors::SESSION_KEY,
        };
        let mechanism = Ntlm::new(Credential::new(r"Domain\User", "Password".into()), options);
        let sealed = sealed.then_some(sealing::SPNEGO);
        RawToken::new(
            Box::new(mechanism),
            CarrierConfig {
                headers: &["Negotiate", "NTLM"],
                header: "Negotiate",
                sealed,
                tls: sealed.is_none(),
            },
        )
    }

    fn step(login: &mut RawToken, status: u16, header: &str) -> Result<Step, AuthError> {
        let challenges = Challenges::parse([header]);
        login.step(Some(&Answer { status, challenges: &challenges, server_certificate: None }))
    }

    fn leg(step: Result<Step, AuthError>) -> Leg {
        match step.unwrap() {
            Step::Send(leg) => leg,
            other => panic!("{other:?}"),
        }
    }

    fn authorization(leg: &Leg) -> &str {
        leg.authorization.as_ref().unwrap().expose_secret()
    }

    fn encoded(hex: &str) -> String {
        STANDARD.encode(test_vectors::hex(hex))
    }

    /// A login that has sent its proof.
    fn proved(sealed: bool) -> RawToken {
        let mut login = ntlm(sealed);
        login.step(None).unwrap();
        let proof = leg(step(&mut login, 401, &format!("Negotiate {}", encoded(test_vectors::CHALLENGE))));
        assert!(proof.proves && !proof.begins && !proof.identify);
        login
    }

    #[test]
    fn the_tokens_are_those_of_the_mechanism() {
        let mut login = ntlm(true);
        let first = leg(login.step(None));
        assert_eq!(authorization(&first), format!("Negotiate {}", encoded(test_vectors::NEGOTIATE)));
        assert!(first.begins && !first.proves);
        let challenge = format!("Kerberos, Negotiate {}", encoded(test_vectors::CHALLENGE));
        let proof = leg(step(&mut login, 401, &challenge));
        assert_eq!(authorization(&proof), format!("Negotiate {}", encoded(test_vectors::AUTHENTICATE)));
        assert!(matches!(step(&mut login, 200, ""), Ok(Step::Established(Protection::Sealed(_)))));
        assert!(matches!(step(&mut login, 200, ""), Err(AuthError::Malformed { .. })));
        assert!(matches!(step(&mut proved(false), 204, ""), Ok(Step::Established(Protection::Connection))));
    }

    #[test]
    fn a_server_that_asks_for_each_word_in_turn_gets_no_third_token() {
        let mut login = ntlm(true);
        login.step(None).unwrap();
        assert!(leg(step(&mut login, 401, "NTLM")).begins);
        let error = step(&mut login, 401, "Negotiate").unwrap_err();
        assert!(matches!(error, AuthError::NotOffered { .. }), "{error}");
    }

    #[test]
    fn where_only_ntlm_is_offered_the_first_token_goes_again_under_that_word() {
        let mut login = ntlm(true);
        login.step(None).unwrap();
        let again = leg(step(&mut login, 401, "NTLM, Basic realm=\"x\""));
        assert_eq!(authorization(&again), format!("NTLM {}", encoded(test_vectors::NEGOTIATE)));
        assert!(again.begins && !again.proves);
        let proof = leg(step(&mut login, 401, &format!("NTLM {}", encoded(test_vectors::CHALLENGE))));
        assert_eq!(authorization(&proof), format!("NTLM {}", encoded(test_vectors::AUTHENTICATE)));
    }

    #[test]
    fn a_server_without_a_challenge_is_named_with_what_it_offers() {
        for (status, header, offered) in [
            (401, "Kerberos, Basic realm=\"WSMAN\"", "Kerberos, Basic"),
            (401, "Negotiate", "Negotiate"),
            (401, "Negotiate, NTLM", "Negotiate, NTLM"),
            (401, "", "no authentication"),
            (200, "", "no authentication"),
        ] {
            let mut login = ntlm(true);
            login.step(None).unwrap();
            let error = step(&mut login, status, header).unwrap_err();
            let AuthError::NotOffered { offered: said, .. } = error else { panic!("{error}") };
            assert_eq!(said, offered);
        }
    }

    #[test]
    fn a_401_after_the_proof_is_a_definite_refusal() {
        for header in ["Negotiate, Kerberos", "Negotiate oQcwBaADCgEC", "Negotiate abc", "NTLM", ""] {
            let mut login = proved(true);
            let refused = AuthError::Refused { user: r"Domain\User".into(), scheme: "ntlm" };
            assert_eq!(step(&mut login, 401, header).unwrap_err(), refused);
            assert!(matches!(step(&mut login, 200, ""), Err(AuthError::Malformed { .. })));
        }
    }

    #[test]
    fn a_token_that_is_not_base64_is_malformed() {
        let mut login = ntlm(true);
        login.step(None).unwrap();
        assert!(matches!(step(&mut login, 401, "Negotiate abc"), Err(AuthError::Malformed { .. })));
    }
}
