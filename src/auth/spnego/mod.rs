//! SPNEGO (RFC 4178, MS-SPNG): which mechanism logs in is agreed on with the server, and protected against whoever would
//! rather have a weaker one.

#[cfg(test)]
#[cfg(feature = "ntlm")]
mod tests;
mod token;

use der::asn1::{ObjectIdentifier, OctetString};

use self::token::{NegState, NegTokenResp};
use super::mechanism::{Mechanism, Progress, Shown, Token};
use super::token_exchange::{self, CarrierConfig};
use super::{Answer, AuthError, Handshake, ServerNames, Step};

/// The login that negotiates under `Negotiate`.
///
/// ```text
/// Start --(NegTokenInit, with the first mechanism's first token)--> Talking
/// Talking --(the server's token)--> Talking ... --(the mechanism's last token, our mechListMIC)--> Proved
///    |  +-- it takes another of ours: that one's first token, and from now on a mechListMIC is a must
///    |  +-- one that we did not offer, two in turn: Downgrade
///    +-- reject, or no token: Rejected or NotOffered if nothing was shown, else what the mechanism says
/// Proved --(2xx, and the server's mechListMIC is right where one is due)--> Established
///    +-- 401 that asks for our mechListMIC: once, alone
///    +-- 401 with accept-completed: the password is right, and the account is not admitted: NotAuthorized
///    +-- 401: refused
/// ```
#[derive(Debug)]
pub(super) struct Spnego {
    config: CarrierConfig,
    state: State,
    /// What the server has said of itself, once the login stands.
    server_names: Option<ServerNames>,
    /// The server's mechListMIC has verified, and the login stands.
    accepted: bool,
}

#[derive(Debug)]
enum State {
    /// The mechanisms to offer, the preferred first.
    Start(Vec<Box<dyn Mechanism>>),
    Asked(Vec<Box<dyn Mechanism>>),
    Running(Box<Negotiation>),
    Over,
}

/// What is offered, what was taken, and what protects it.
#[derive(Debug)]
struct Negotiation {
    mechanism: Box<dyn Mechanism>,
    /// The other ones that we offered, until the server has chosen.
    others: Option<Vec<Box<dyn Mechanism>>>,
    /// The DER of the list as it was sent.
    list: Vec<u8>,
    /// What our last token showed.
    shown: Shown,
    /// Whether the mechanism has said its last word.
    is_done: bool,
    /// Whether the login stands only with the server's mechListMIC.
    needs_mic: bool,
    mic_sent: bool,
    mic_verified: bool,
}

impl Spnego {
    /// Begins a negotiation of these mechanisms, the preferred first.
    pub(super) fn new(mechanisms: Vec<Box<dyn Mechanism>>, config: CarrierConfig) -> Self {
        Self { config, state: State::Start(mechanisms), server_names: None, accepted: false }
    }

    /// Offers what can be used here: a mechanism that has no first token, such as Kerberos without a ticket, is left
    /// out.
    fn offer(
        &mut self,
        mut mechanisms: Vec<Box<dyn Mechanism>>,
        certificate: Option<&[u8]>,
    ) -> Result<Step, AuthError> {
        let mut failure = AuthError::out_of_turn(SCHEME);
        while !mechanisms.is_empty() {
            let mut mechanism = mechanisms.remove(0);
            let token = match mechanism.step(None, certificate) {
                Ok(Progress::Continue(token) | Progress::Done(Some(token))) => token,
                Ok(Progress::Done(None)) => return Err(AuthError::out_of_turn(mechanism.name())),
                Err(error) => {
                    tracing::debug!(mechanism = mechanism.name(), %error, "not offered");
                    failure = error;
                    continue;
                }
            };
            let mut oids = oids(mechanism.as_ref())?;
            for other in &mechanisms {
                oids.extend(self::oids(other.as_ref())?);
            }
            let list = token::mech_type_list(&oids).map_err(unwritable)?;
            let bytes = token::write_init(&oids, &token.bytes).map_err(unwritable)?;
            let shows = token.shows;
            self.state = State::Running(Box::new(Negotiation {
                mechanism,
                others: Some(mechanisms),
                list,
                shown: shows,
                is_done: false,
                needs_mic: false,
                mic_sent: false,
                mic_verified: false,
            }));
            return Ok(token_exchange::send(self.config.header, &Token { bytes, shows }, true));
        }
        Err(failure)
    }

    fn hear(&mut self, mut negotiation: Box<Negotiation>, answer: &Answer<'_>) -> Result<Step, AuthError> {
        let header = self.config.header;
        let read = |bytes: Vec<u8>| NegTokenResp::read(&bytes).map_err(unreadable);
        let resp = match token_exchange::token(answer, header, SCHEME)
            .and_then(|bytes| bytes.map(read).transpose())
        {
            // The password has been judged, whatever the token is: it must not be sent again.
            Err(_) if answer.status == 401 && negotiation.shown == Shown::Password => {
                return Err(negotiation.rejected(None));
            }
            resp => resp?,
        };
        let reply = match answer.status {
            200..=299 => {
                negotiation.finish(resp, answer)?;
                self.server_names = negotiation.mechanism.server_names().cloned();
                self.accepted = negotiation.mic_verified;
                return self.config.establish(negotiation.mechanism);
            }
            401 => negotiation.reply(resp, answer, header)?,
            _ => return Err(AuthError::out_of_turn(SCHEME)),
        };
        self.state = State::Running(negotiation);
        Ok(token_exchange::send(header, &reply, false))
    }
}

impl Negotiation {
    /// The answer to a 401: the negotiation goes on, or the server has said no.
    fn reply(
        &mut self,
        resp: Option<NegTokenResp>,
        answer: &Answer<'_>,
        header: &str,
    ) -> Result<Token, AuthError> {
        let Some(resp) = resp else { return Err(self.refused(None, answer, header)) };
        let token = resp.response_token.as_ref().map(OctetString::as_bytes);
        match resp.neg_state {
            Some(NegState::AcceptCompleted) if self.shown == Shown::Password => {
                self.verify(&resp)?;
                return Err(self.not_authorized());
            }
            Some(NegState::Reject | NegState::AcceptCompleted) => return Err(self.rejected(token)),
            _ => {}
        }
        if resp.neg_state == Some(NegState::RequestMic) {
            self.needs_mic = true;
        }
        let another = self.choose(resp.supported_mech)?;
        if self.is_done {
            // Only a mechListMIC can be missing, and ours goes once.
            if self.mic_sent || (resp.mech_list_mic.is_none() && !self.needs_mic) {
                return Err(self.rejected(token));
            }
            self.verify(&resp)?;
            return self.write(None);
        }
        let progress = match (another, token) {
            (true, None) => self.mechanism.step(None, answer.server_certificate)?,
            (false, Some(token)) => self.mechanism.step(Some(token), answer.server_certificate)?,
            (true, Some(_)) => {
                return Err(malformed("it bears a token of a mechanism that has not begun"));
            }
            (false, None) => return Err(self.refused(None, answer, header)),
        };
        match progress {
            Progress::Continue(token) => self.write(Some(token)),
            Progress::Done(token) => {
                self.is_done = true;
                if token.is_none() {
                    self.verify(&resp)?;
                    if !self.needs_mic {
                        return Err(self.rejected(None));
                    }
                }
                self.write(token)
            }
        }
    }

    /// The answer with a success: the server says that all is done, and must have shown what is due.
    fn finish(&mut self, resp: Option<NegTokenResp>, answer: &Answer<'_>) -> Result<(), AuthError> {
        let resp = resp.unwrap_or_default();
        if !matches!(resp.neg_state, None | Some(NegState::AcceptCompleted)) {
            return Err(malformed("it comes with a success and is not complete"));
        }
        if self.choose(resp.supported_mech)? {
            return Err(malformed("it takes another mechanism with a success"));
        }
        if !self.is_done {
            let Some(token) = &resp.response_token else {
                return Err(match self.shown {
                    Shown::Nothing => not_offered(answer, "the login requires a 401 with a token"),
                    _ => AuthError::Downgrade { what: "the server's own proof" },
                });
            };
            match self.mechanism.step(Some(token.as_bytes()), answer.server_certificate)? {
                Progress::Done(None) => self.is_done = true,
                _ => return Err(malformed("it is a success before the mechanism has ended")),
            }
        }
        self.verify(&resp)?;
        if self.needs_mic && !self.mic_verified {
            return Err(AuthError::Downgrade { what: "the mechListMIC" });
        }
        Ok(())
    }

    /// Goes by the server's choice; whether it is another mechanism than the one that began.
    fn choose(&mut self, supported: Option<ObjectIdentifier>) -> Result<bool, AuthError> {
        let others = self.others.take().unwrap_or_default();
        let Some(oid) = supported else { return Ok(false) };
        if is(self.mechanism.as_ref(), &oid) {
            return Ok(false);
        }
        let Some(mechanism) = others.into_iter().find(|other| is(other.as_ref(), &oid)) else {
            return Err(AuthError::Downgrade { what: "the mechanism that was offered" });
        };
        self.mechanism = mechanism;
        // RFC 4178, section 5, Processing of mechListMIC: whoever altered the list could have had this chosen.
        self.needs_mic = true;
        Ok(true)
    }

    /// Checks the server's mechListMIC, if one is there.
    fn verify(&mut self, resp: &NegTokenResp) -> Result<(), AuthError> {
        // Old servers put the token into both fields (MS-SPNG appendix, product behaviour).
        let Some(mic) = resp.mech_list_mic.as_ref().filter(|mic| resp.response_token.as_ref() != Some(mic))
        else {
            return Ok(());
        };
        // RFC 4178, section 5, Processing of mechListMIC: it may be left out where the mechanism that was preferred is taken.
        if !self.needs_mic && !self.mechanism.signs() {
            return Ok(());
        }
        if self.mic_verified {
            return Err(malformed("it bears a second mechListMIC"));
        }
        self.mechanism.verify_mic(&self.list, mic.as_bytes())?;
        self.needs_mic = true;
        self.mic_verified = true;
        Ok(())
    }

    /// Our next message; once the mechanism is done, with our mechListMIC.
    fn write(&mut self, token: Option<Token>) -> Result<Token, AuthError> {
        let mut mic = None;
        if self.is_done {
            self.needs_mic |= self.mechanism.wants_mic();
            if self.needs_mic {
                mic = Some(octets(self.mechanism.mic(&self.list)?)?);
                self.mic_sent = true;
            }
        }
        let (bytes, shows) = match token {
            Some(token) => (Some(octets(token.bytes)?), token.shows),
            None => (None, self.shown),
        };
        let resp = NegTokenResp {
            neg_state: Some(NegState::AcceptIncomplete),
            supported_mech: None,
            response_token: bytes,
            mech_list_mic: mic,
        };
        // A message without a token of the mechanism's proves nothing new.
        let proves = if resp.response_token.is_some() { shows } else { Shown::Nothing };
        self.shown = shows;
        Ok(Token { bytes: resp.write().map_err(unwritable)?, shows: proves })
    }

    /// A 401 without a word for us.
    fn refused(&mut self, token: Option<&[u8]>, answer: &Answer<'_>, header: &str) -> AuthError {
        match self.shown {
            Shown::Nothing if answer.challenges.has(header) => {
                not_offered(answer, "it does not respond to the SPNEGO token")
            }
            Shown::Nothing => not_offered(answer, "negotiate requires Negotiate"),
            _ => self.mechanism.refused(token),
        }
    }

    /// The negotiation is complete, so that the password is right, and the answer is a 401 all the same.
    fn not_authorized(&mut self) -> AuthError {
        match self.mechanism.refused(None) {
            AuthError::Refused { user, scheme } => AuthError::NotAuthorized { user, scheme },
            other => other,
        }
    }

    /// A definite no.
    fn rejected(&mut self, token: Option<&[u8]>) -> AuthError {
        match self.shown {
            Shown::Nothing => AuthError::Rejected { offered: self.mechanism.name() },
            _ => self.mechanism.refused(token),
        }
    }
}

impl Handshake for Spnego {
    fn name(&self) -> &'static str {
        SCHEME
    }

    fn step(&mut self, answer: Option<&Answer<'_>>) -> Result<Step, AuthError> {
        match (std::mem::replace(&mut self.state, State::Over), answer) {
            (State::Start(mechanisms), None) => {
                let binds = mechanisms.first().is_some_and(|mechanism| mechanism.binds_first_token());
                if self.config.tls && binds {
                    self.state = State::Asked(mechanisms);
                    return Ok(token_exchange::ask());
                }
                self.offer(mechanisms, None)
            }
            (State::Asked(mechanisms), Some(answer)) => {
                if answer.status == 401 && answer.challenges.has(self.config.header) {
                    self.offer(mechanisms, answer.server_certificate)
                } else {
                    Err(not_offered(answer, "negotiate requires Negotiate"))
                }
            }
            (State::Running(negotiation), Some(answer)) => self.hear(negotiation, answer),
            _ => Err(AuthError::out_of_turn(SCHEME)),
        }
    }

    fn server_names(&self) -> Option<&ServerNames> {
        self.server_names.as_ref()
    }

    fn is_accepted(&self) -> bool {
        self.accepted
    }
}

fn oids(mechanism: &dyn Mechanism) -> Result<Vec<ObjectIdentifier>, AuthError> {
    let parsed = mechanism.oids().iter().map(|oid| ObjectIdentifier::new(oid));
    parsed.collect::<Result<_, _>>().map_err(|error| unwritable(error.into()))
}

fn is(mechanism: &dyn Mechanism, oid: &ObjectIdentifier) -> bool {
    oids(mechanism).is_ok_and(|oids| oids.contains(oid))
}

fn octets(bytes: Vec<u8>) -> Result<OctetString, AuthError> {
    OctetString::new(bytes).map_err(unwritable)
}

fn not_offered(answer: &Answer<'_>, wanted: &str) -> AuthError {
    let offered = answer.challenges.to_string();
    AuthError::NotOffered { offered, wanted: wanted.to_owned(), refusal: None }
}

fn malformed(problem: impl Into<String>) -> AuthError {
    AuthError::Malformed { scheme: SCHEME, problem: problem.into() }
}

fn unreadable(error: der::Error) -> AuthError {
    malformed(format!("it is not a NegTokenResp: {error}"))
}

fn unwritable(error: der::Error) -> AuthError {
    malformed(format!("it cannot be answered: {error}"))
}

/// The name in errors.
const SCHEME: &str = "negotiate";
