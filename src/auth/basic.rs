//! HTTP Basic (RFC 7617): never sent to a server that has not offered it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{Answer, AuthError, Credential, Handshake, Leg, Protection, Step};

/// The Basic handshake: learn the offer, then prove the login with one Identify, whose answer must be an envelope. It does
/// not ask whether the way is protected; [`handshake`](super::handshake) does.
#[derive(Debug)]
pub struct Basic {
    credential: Credential,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    /// The server has offered Basic, and accepted the login, before.
    Offered,
    Asked,
    Sent,
    Accepted,
    Over,
}

impl Basic {
    /// Begins a login.
    #[must_use]
    pub fn new(credential: Credential) -> Self {
        Self { credential, state: State::Start }
    }

    /// Begins a login with a server that has offered Basic before, and has accepted it.
    pub(super) fn offered(credential: Credential) -> Self {
        Self { credential, state: State::Offered }
    }

    /// The request that bears the password.
    fn prove(&mut self) -> Step {
        self.state = State::Sent;
        let authorization = Some(self.header());
        Step::Send(Leg { authorization, identify: true, begins: true, proves: true })
    }

    /// The header that each request bears.
    fn header(&self) -> SecretString {
        let names = self.credential.names();
        let user = if names.domain.is_empty() { names.user.as_str() } else { self.credential.user() };
        let password = self.credential.password().expose_secret();
        let mut pair = Zeroizing::new(String::with_capacity(user.len() + 1 + password.len()));
        pair.push_str(user);
        pair.push(':');
        pair.push_str(password);
        // The exact capacity keeps the secret from being copied to a larger buffer that nobody wipes.
        let length = base64::encoded_len(pair.len(), true).unwrap_or_default();
        let mut value = String::with_capacity(PREFIX.len() + length);
        value.push_str(PREFIX);
        STANDARD.encode_string(pair.as_bytes(), &mut value);
        value.into()
    }

    fn check(&self) -> Result<(), AuthError> {
        self.credential.check()?;
        let problem = if self.credential.user().contains(':') {
            "a user name with a colon cannot be sent with Basic"
        } else if self.credential.password().expose_secret().chars().any(char::is_control) {
            "a password with a control character cannot be sent with Basic"
        } else {
            return Ok(());
        };
        Err(AuthError::Unusable { problem: problem.to_owned() })
    }
}

impl Handshake for Basic {
    fn name(&self) -> &'static str {
        SCHEME
    }

    fn step(&mut self, answer: Option<&Answer<'_>>) -> Result<Step, AuthError> {
        match (std::mem::replace(&mut self.state, State::Over), answer) {
            (State::Start, None) => {
                self.check()?;
                self.state = State::Asked;
                Ok(Step::Send(Leg { authorization: None, identify: false, begins: true, proves: false }))
            }
            // The first request that is worth something proves the login as well as an Identify would.
            (State::Offered, None) => {
                self.check()?;
                Ok(Step::Established(Protection::Header(self.header())))
            }
            (State::Asked, Some(answer)) => {
                if answer.status != 401 || !answer.challenges.has("Basic") {
                    return Err(AuthError::NotOffered {
                        offered: answer.challenges.to_string(),
                        wanted: "Basic was selected".to_owned(),
                        refusal: None,
                    });
                }
                Ok(self.prove())
            }
            (State::Sent, Some(answer)) if answer.status == 401 => {
                Err(AuthError::Refused { user: self.credential.user().to_owned(), scheme: SCHEME })
            }
            (State::Sent, Some(_)) => {
                self.state = State::Accepted;
                Ok(Step::Established(Protection::Header(self.header())))
            }
            _ => Err(AuthError::out_of_turn(SCHEME)),
        }
    }

    fn is_accepted(&self) -> bool {
        self.state == State::Accepted
    }
}

const SCHEME: &str = "basic";

const PREFIX: &str = "Basic ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Challenges;

    fn answer(status: u16, challenges: &Challenges) -> Answer<'_> {
        Answer { status, challenges, server_certificate: None }
    }

    fn asked(user: &str, password: &str) -> Basic {
        let mut basic = Basic::new(Credential::new(user, password.into()));
        let Step::Send(leg) = basic.step(None).unwrap() else { panic!("not sent") };
        assert!(leg.authorization.is_none() && !leg.identify);
        basic
    }

    fn sent(user: &str, password: &str) -> (Basic, String) {
        let mut basic = asked(user, password);
        let challenges = Challenges::parse(["Negotiate", "basic realm=\"WSMAN\""]);
        let Step::Send(leg) = basic.step(Some(&answer(401, &challenges))).unwrap() else {
            panic!("not sent")
        };
        assert!(leg.identify);
        (basic, leg.authorization.unwrap().expose_secret().to_owned())
    }

    #[test]
    fn the_password_goes_out_only_after_the_offer() {
        // RFC 7617, section 2, and its UTF-8 example in section 2.1.
        assert_eq!(sent("Aladdin", "open sesame").1, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(sent("test", "123\u{a3}").1, "Basic dGVzdDoxMjPCow==");
        assert_eq!(sent(r".\test", "123\u{a3}").1, "Basic dGVzdDoxMjPCow==");
    }

    #[test]
    fn after_a_known_offer_the_next_request_bears_the_password() {
        let mut basic = Basic::offered(Credential::new("Aladdin", "open sesame".into()));
        let step = basic.step(None).unwrap();
        let Step::Established(Protection::Header(header)) = &step else { panic!("{step:?}") };
        assert_eq!(header.expose_secret(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(!basic.is_accepted(), "only an answer shows that");
    }

    #[test]
    fn without_the_offer_nothing_is_sent() {
        for (status, header, offered) in [
            (401, "Negotiate, Kerberos", "Negotiate, Kerberos"),
            (200, "Basic realm=\"x\"", "Basic"),
            (401, "", "no authentication"),
        ] {
            let challenges = Challenges::parse([header]);
            let error = asked("user", "geheim").step(Some(&answer(status, &challenges))).unwrap_err();
            let AuthError::NotOffered { offered: said, .. } = error else { panic!("{error}") };
            assert_eq!(said, offered);
        }
    }

    #[test]
    fn a_401_to_the_password_is_a_definite_refusal() {
        let challenges = Challenges::parse(["Basic realm=\"WSMAN\""]);
        let (mut basic, _) = sent("user", "geheim");
        let error = basic.step(Some(&answer(401, &challenges))).unwrap_err();
        assert_eq!(error, AuthError::Refused { user: "user".into(), scheme: "basic" });
        assert!(matches!(basic.step(Some(&answer(401, &challenges))), Err(AuthError::Malformed { .. })));
    }

    #[test]
    fn every_later_request_bears_the_same_header() {
        let (mut basic, first) = sent("user", "geheim");
        let step = basic.step(Some(&answer(200, &Challenges::default()))).unwrap();
        let Step::Established(Protection::Header(header)) = &step else { panic!("{step:?}") };
        assert_eq!(header.expose_secret(), first);
        assert!(!format!("{step:?} {basic:?}").contains("geheim"));
        assert!(!format!("{step:?} {basic:?}").contains(&first));
    }

    #[test]
    fn a_colon_or_a_control_character_cannot_be_sent() {
        for (user, password) in [("a:b", "p"), ("a", "p\r\n"), ("", "p")] {
            let error = Basic::new(Credential::new(user, password.into())).step(None).unwrap_err();
            assert!(matches!(error, AuthError::Unusable { .. }), "{error}");
        }
    }
}
