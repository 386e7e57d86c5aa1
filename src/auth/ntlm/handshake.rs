//! The three legs of an NTLM login.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::keys::{Key, encrypt_session_key};
use super::message::{self, Challenge, Proof};
use super::response::{Inputs, RESPONSE_OVERHEAD, ntowf_v2, respond};
use super::seal::NtlmSeal;
use super::{SCHEME, binding, malformed};
use crate::auth::credential::MAX_NAME_UNITS;
use crate::auth::{Answer, AuthError, Credential, Handshake, Leg, NtlmOptions, Protection, Step};

/// The NTLM handshake: Negotiate, Challenge, Authenticate.
///
/// ```text
/// Start --(Negotiate)--> Asked --(Challenge: Authenticate)--> Sent --(2xx)--> Established
///                          |                                    |
///                          +-- no offer: NotOffered             +-- 401: Refused
///                          +-- weaker, malformed: an error
/// ```
pub struct Ntlm {
    credential: Credential,
    options: NtlmOptions,
    state: State,
}

enum State {
    Start,
    Asked { negotiate: Vec<u8> },
    Sent { exported: Key },
    Over,
}

impl Ntlm {
    /// Begins a login.
    #[must_use]
    pub fn new(credential: Credential, options: NtlmOptions) -> Self {
        Self { credential, options, state: State::Start }
    }

    fn start(&mut self) -> Result<Step, AuthError> {
        self.credential.check()?;
        if self.options.spn.as_ref().is_some_and(|spn| spn.encode_utf16().count() > MAX_NAME_UNITS) {
            let problem = format!("the service principal is longer than {MAX_NAME_UNITS} characters");
            return Err(AuthError::Unusable { problem });
        }
        let negotiate = message::negotiate()?;
        let leg = leg(&negotiate);
        self.state = State::Asked { negotiate };
        Ok(leg)
    }

    fn answer_challenge(&mut self, negotiate: &[u8], answer: &Answer<'_>) -> Result<Step, AuthError> {
        let token = self.challenge_token(answer)?;
        let raw = STANDARD.decode(token).map_err(|_| malformed("it is not base64"))?;
        let challenge = Challenge::read(&raw, self.options.seal)?;
        let binding = match answer.server_certificate {
            Some(certificate) => Some(binding::channel_binding(&binding::end_point_hash(certificate)?)),
            None => None,
        };
        let target_info = challenge.client_target_info(self.options.spn.as_deref(), binding)?;
        if target_info.len() > MAX_TARGET_INFO {
            return Err(malformed("its target information is too long to be answered"));
        }

        let names = self.credential.names();
        let ntowf = ntowf_v2(self.credential.password().expose_secret(), &names.user, &names.domain);
        let response = respond(
            &ntowf,
            &Inputs {
                server_challenge: challenge.server_challenge,
                client_challenge: self.options.client_challenge,
                time: challenge.timestamp.unwrap_or_else(|| file_time(self.options.now)),
                target_info: &target_info,
                time_is_the_servers: challenge.timestamp.is_some(),
            },
        );
        let (exported, encrypted_session_key) = if challenge.exchanges_keys() {
            let exported = Zeroizing::new(self.options.session_key);
            let encrypted = encrypt_session_key(&response.session_base_key, &exported);
            (exported, encrypted.to_vec())
        } else {
            (response.session_base_key, Vec::new())
        };
        let proof = Proof {
            lm: &response.lm,
            nt: response.nt,
            domain: names.domain,
            user: names.user,
            encrypted_session_key,
        };
        let authenticate = message::authenticate(negotiate, &challenge, proof, &exported)?;
        self.state = State::Sent { exported };
        Ok(leg(&authenticate))
    }

    fn challenge_token<'a>(&self, answer: &Answer<'a>) -> Result<&'a str, AuthError> {
        let wanted = if answer.status != 401 {
            "NTLM needs a 401 with a challenge"
        } else if !answer.offers.has(HEADER) {
            "NTLM needs Negotiate"
        } else if let Some(token) = answer.offers.token(HEADER) {
            return Ok(token);
        } else {
            "it answered our NTLM token without a challenge; NTLM may be switched off there"
        };
        Err(AuthError::NotOffered { offered: answer.offers.to_string(), wanted: wanted.to_owned() })
    }

    fn finish(&self, exported: &Key, answer: &Answer<'_>) -> Result<Step, AuthError> {
        match answer.status {
            200..=299 if self.options.seal => {
                Ok(Step::Established(Protection::Sealed(Box::new(NtlmSeal::new(exported)))))
            }
            200..=299 => Ok(Step::Established(Protection::Connection)),
            // With or without a token: the server has judged the password, so that it must not be sent again.
            401 => Err(AuthError::Refused { user: self.credential.user().to_owned(), scheme: SCHEME }),
            _ => Err(AuthError::out_of_turn(SCHEME)),
        }
    }
}

impl Handshake for Ntlm {
    fn step(&mut self, answer: Option<&Answer<'_>>) -> Result<Step, AuthError> {
        match (std::mem::replace(&mut self.state, State::Over), answer) {
            (State::Start, None) => self.start(),
            (State::Asked { negotiate }, Some(answer)) => self.answer_challenge(&negotiate, answer),
            (State::Sent { exported }, Some(answer)) => self.finish(&exported, answer),
            _ => Err(AuthError::out_of_turn(SCHEME)),
        }
    }
}

impl fmt::Debug for Ntlm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Start => "start",
            State::Asked { .. } => "asked",
            State::Sent { .. } => "sent",
            State::Over => "over",
        };
        f.debug_struct("Ntlm")
            .field("credential", &self.credential)
            .field("options", &self.options)
            .field("state", &state)
            .finish()
    }
}

fn leg(token: &[u8]) -> Step {
    let authorization = SecretString::from(format!("{HEADER} {}", STANDARD.encode(token)));
    Step::Send(Leg { authorization: Some(authorization), identify: false })
}

/// A FILETIME: tenths of a microsecond since 1601.
fn file_time(now: SystemTime) -> [u8; 8] {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let ticks =
        since.as_secs().saturating_mul(10_000_000).saturating_add(u64::from(since.subsec_nanos() / 100));
    ticks.saturating_add(UNIX_EPOCH_AS_FILE_TIME).to_le_bytes()
}

const HEADER: &str = "Negotiate";

/// 1970-01-01 as a FILETIME.
const UNIX_EPOCH_AS_FILE_TIME: u64 = 116_444_736_000_000_000;

/// The response must fit a field of the message, whose length is a `u16`; the codec panics on a longer one.
const MAX_TARGET_INFO: usize = 0xFFFF - RESPONSE_OVERHEAD;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::auth::Offers;
    use crate::auth::ntlm::samples::{self, hex};

    fn options(seal: bool) -> NtlmOptions {
        NtlmOptions {
            spn: Some("HTTP/win01.example.com".to_owned()),
            seal,
            now: UNIX_EPOCH,
            client_challenge: samples::CLIENT_CHALLENGE,
            session_key: samples::SESSION_KEY,
        }
    }

    fn ntlm(seal: bool) -> Ntlm {
        Ntlm::new(Credential::new(r"Domain\User", "Password".into()), options(seal))
    }

    fn token(step: &Step) -> Vec<u8> {
        let Step::Send(leg) = step else { panic!("{step:?}") };
        assert!(!leg.identify);
        let header = leg.authorization.as_ref().unwrap().expose_secret();
        STANDARD.decode(header.strip_prefix("Negotiate ").unwrap()).unwrap()
    }

    fn step(login: &mut Ntlm, status: u16, header: &str) -> Result<Step, AuthError> {
        let offers = Offers::parse([header]);
        login.step(Some(&Answer { status, offers: &offers, server_certificate: None }))
    }

    fn challenged(seal: bool, challenge: &[u8]) -> (Ntlm, Result<Step, AuthError>) {
        let mut login = ntlm(seal);
        login.step(None).unwrap();
        let answer = step(&mut login, 401, &format!("Negotiate {}", STANDARD.encode(challenge)));
        (login, answer)
    }

    #[test]
    fn the_whole_handshake_is_the_example_byte_for_byte() {
        let mut login = ntlm(true);
        assert_eq!(token(&login.step(None).unwrap()), hex(samples::NEGOTIATE));
        let challenge = STANDARD.encode(hex(samples::CHALLENGE));
        let answer = step(&mut login, 401, &format!("Kerberos, Negotiate {challenge}")).unwrap();
        let authenticate = token(&answer);
        assert_eq!(authenticate.len(), 300);
        assert_eq!(authenticate, hex(samples::AUTHENTICATE));

        let Step::Established(Protection::Sealed(mut seal)) = step(&mut login, 200, "").unwrap() else {
            panic!("not sealed")
        };
        let sealed = seal.seal(b"<x/>").unwrap();
        assert_eq!(sealed.ciphertext, hex("389d425b"));
        assert_eq!(sealed.signature, hex("010000008c782f51e5334a7600000000"));
        assert!(matches!(step(&mut login, 200, ""), Err(AuthError::Malformed { .. })));
    }

    #[test]
    fn a_challenge_that_weakens_the_login_is_refused() {
        let without = |flag: u32| {
            let mut challenge = hex(samples::CHALLENGE);
            let flags = u32::from_le_bytes(challenge[20..24].try_into().unwrap());
            challenge[20..24].copy_from_slice(&(flags & !flag).to_le_bytes());
            challenge
        };
        for (flag, name, always) in [
            (0x1, "UNICODE", true),
            (0x0008_0000, "EXTENDED_SESSIONSECURITY", true),
            (0x0080_0000, "TARGET_INFO", true),
            (0x10, "SIGN", false),
            (0x20, "SEAL", false),
            (0x2000_0000, "128", false),
            (0x4000_0000, "KEY_EXCH", false),
        ] {
            let error = challenged(true, &without(flag)).1.unwrap_err();
            assert_eq!(error, AuthError::Downgrade { what: name });
            assert_eq!(
                challenged(false, &without(flag)).1.is_err(),
                always,
                "{name} where nothing is sealed"
            );
        }
        let mut empty = hex(samples::CHALLENGE);
        empty[40..44].fill(0);
        let error = challenged(false, &empty).1.unwrap_err();
        assert_eq!(error, AuthError::Downgrade { what: "the target information" });
    }

    #[test]
    fn a_server_without_an_ntlm_challenge_is_named_with_what_it_offers() {
        for (status, header, offered) in [
            (401, "Kerberos, Basic realm=\"WSMAN\"", "Kerberos, Basic"),
            (401, "Negotiate", "Negotiate"),
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
        for header in ["Negotiate, Kerberos", "Negotiate oQcwBaADCgEC", ""] {
            let (mut login, answer) = challenged(true, &hex(samples::CHALLENGE));
            answer.unwrap();
            let refused = AuthError::Refused { user: r"Domain\User".into(), scheme: "ntlm" };
            assert_eq!(step(&mut login, 401, header).unwrap_err(), refused);
            assert!(matches!(step(&mut login, 200, ""), Err(AuthError::Malformed { .. })));
        }
    }

    #[test]
    fn a_token_that_is_no_challenge_is_malformed() {
        let spnego = hex("a1073005a0030a0102");
        let mut authenticate = hex(samples::CHALLENGE);
        authenticate[8] = 3;
        let mut cut_pair = hex(samples::CHALLENGE);
        cut_pair[70] = 0xff;
        let mut short_time = hex(samples::CHALLENGE);
        short_time[102] = 6;
        for bytes in
            [spnego, authenticate, cut_pair, short_time, hex(samples::CHALLENGE)[..47].to_vec(), vec![]]
        {
            let error = challenged(true, &bytes).1.unwrap_err();
            assert!(matches!(error, AuthError::Malformed { .. } | AuthError::NotOffered { .. }), "{error}");
        }
        let mut login = ntlm(true);
        login.step(None).unwrap();
        assert!(matches!(step(&mut login, 401, "Negotiate abc"), Err(AuthError::Malformed { .. })));
    }

    #[test]
    fn a_challenge_without_a_version_or_with_a_strange_name_is_answered() {
        let with_version = hex(samples::CHALLENGE);
        let mut short = with_version[..48].to_vec();
        short[23] &= !0x02;
        short[40..48].copy_from_slice(&[4, 0, 4, 0, 48, 0, 0, 0]);
        short.extend_from_slice(&[0, 0, 0, 0]);
        // A lone end marker is no target information; the next one has a name pair.
        assert!(matches!(challenged(true, &short).1, Err(AuthError::Downgrade { .. })));
        short.truncate(48);
        short[40] = 6;
        short[42] = 6;
        short.extend_from_slice(&[1, 0, 2, 0, 0x41, 0]);
        assert_eq!(short.len(), 54);
        token(&challenged(true, &short).1.unwrap());

        let mut strange = with_version;
        strange[56..58].copy_from_slice(&[0x00, 0xd8]);
        token(&challenged(true, &strange).1.unwrap());
    }

    /// The fields of an AUTHENTICATE as the codec reads them, without the MIC that it does not know.
    fn fields(message: &[u8]) -> (ntlmclient::AuthenticateMessage, Vec<ntlmclient::TargetInfoEntry>) {
        let ntlmclient::Message::Authenticate(fields) = ntlmclient::Message::try_from(message).unwrap()
        else {
            panic!("another message")
        };
        let mut rest = &fields.ntlm_response[44..];
        let mut pairs = Vec::new();
        while rest.len() > 4 {
            let (pair, next) = ntlmclient::TargetInfoEntry::try_from_bytes(rest).unwrap();
            pairs.push(pair);
            rest = next;
        }
        assert_eq!(rest, [0; 4]);
        (fields, pairs)
    }

    #[test]
    fn without_a_timestamp_the_clock_and_lmv2_are_used_and_there_is_no_mic() {
        let mut challenge = hex(samples::CHALLENGE);
        challenge[100] = 3;
        let message = token(&challenged(true, &challenge).1.unwrap());
        assert_eq!(message[72..88], [0; 16]);
        let (fields, pairs) = fields(&message);
        assert_eq!(fields.lm_response[16..], samples::CLIENT_CHALLENGE);
        assert_eq!(fields.ntlm_response[24..32], UNIX_EPOCH_AS_FILE_TIME.to_le_bytes());
        assert!(pairs.iter().all(|pair| pair.entry_type != ntlmclient::TargetInfoType::Flags));
    }

    #[test]
    fn over_tls_the_login_is_bound_to_the_certificate() {
        use ntlmclient::TargetInfoType as Type;

        let certificate = binding::sample_certificate("06082a8648ce3d040302");
        let mut login = ntlm(false);
        login.step(None).unwrap();
        let header = format!("Negotiate {}", STANDARD.encode(hex(samples::CHALLENGE)));
        let offers = Offers::parse([header.as_str()]);
        let answer = Answer { status: 401, offers: &offers, server_certificate: Some(&certificate) };
        let message = token(&login.step(Some(&answer)).unwrap());
        let (fields, pairs) = fields(&message);
        assert_eq!(fields.session_key.len(), 16);
        let order: Vec<Type> = pairs.iter().map(|pair| pair.entry_type).collect();
        assert_eq!(order[3..], [Type::Flags, Type::ChannelBindings, Type::TargetName, Type::Terminator]);
        let expected = binding::channel_binding(&binding::end_point_hash(&certificate).unwrap());
        assert_eq!(pairs[4].data, expected);
        assert!(matches!(step(&mut login, 204, ""), Ok(Step::Established(Protection::Connection))));

        let mut login = ntlm(false);
        login.step(None).unwrap();
        let answer = Answer { status: 401, offers: &offers, server_certificate: Some(b"no certificate") };
        assert_eq!(login.step(Some(&answer)).unwrap_err(), AuthError::Certificate);
    }

    #[test]
    fn the_pairs_that_are_ours_replace_the_servers() {
        let mut challenge = hex(samples::CHALLENGE);
        challenge.truncate(112);
        for pair in [
            "0600040005000000",
            "0a001000ffffffffffffffffffffffffffffffff",
            "09000200ff00",
            "00000000",
            "0700",
        ] {
            challenge.extend_from_slice(&hex(pair));
        }
        let length = u16::try_from(challenge.len() - 68 - 2).unwrap().to_le_bytes();
        challenge[40..42].copy_from_slice(&length);
        let (_, pairs) = fields(&token(&challenged(true, &challenge).1.unwrap()));
        assert_eq!(pairs.len(), 6);
        assert_eq!(pairs[3].data, [7, 0, 0, 0]);
        assert_eq!(pairs[4].to_string().unwrap(), "HTTP/win01.example.com");
    }

    #[test]
    fn names_and_principals_that_do_not_fit_are_refused_before_anything_is_sent() {
        let long = "x".repeat(40_000);
        let mut too_long = options(true);
        too_long.spn = Some(long.clone());
        let user = Credential::new(long, "Password".into());
        for mut login in
            [Ntlm::new(user, options(true)), Ntlm::new(Credential::new("u", "p".into()), too_long)]
        {
            assert!(matches!(login.step(None), Err(AuthError::Unusable { .. })));
        }
    }

    #[test]
    fn target_information_that_cannot_be_answered_is_refused() {
        let mut challenge = hex(samples::CHALLENGE)[..68].to_vec();
        challenge.extend_from_slice(&[1, 0, 0xf0, 0xff]);
        challenge.extend_from_slice(&[0; 0xfff0]);
        challenge[40..42].copy_from_slice(&0xfff4_u16.to_le_bytes());
        assert!(matches!(challenged(true, &challenge).1, Err(AuthError::Malformed { .. })));
    }

    #[test]
    fn debug_shows_no_secret() {
        let (login, answer) = challenged(true, &hex(samples::CHALLENGE));
        let shown = format!("{login:?} {:?}", answer.unwrap());
        assert!(!shown.contains("Password") && !shown.contains("TlRM") && !shown.contains("85"), "{shown}");
    }

    proptest! {
        #[test]
        fn no_bytes_of_a_challenge_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), seal: bool) {
            let _ = challenged(seal, &bytes).1;
        }

        #[test]
        fn no_change_of_a_good_challenge_makes_it_panic(
            changes in prop::collection::vec((0usize..116, any::<u8>()), 0..6),
            cut in 0usize..140,
            seal: bool,
        ) {
            let mut bytes = hex(samples::CHALLENGE);
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            bytes.resize(cut, 0);
            if let Ok(answer) = challenged(seal, &bytes).1 {
                fields(&token(&answer));
            }
        }
    }
}
