//! The three messages of an NTLM login, as a mechanism.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::keys::encrypt_session_key;
use super::message::{self, Challenge, Proof};
use super::response::{Inputs, RESPONSE_OVERHEAD, ntowf_v2, respond};
use super::seal::NtlmSeal;
use super::{SCHEME, malformed};
use crate::auth::binding;
use crate::auth::credential::MAX_NAME_UNITS;
use crate::auth::mechanism::{Mechanism, Progress, Shown, Token};
use crate::auth::{AuthError, Credential, NtlmOptions, Seal};

/// One NTLM context: Negotiate, Challenge, Authenticate.
///
/// ```text
/// Start --(Negotiate)--> Asked --(Challenge: Authenticate)--> Proved
///                          +-- weaker, malformed: an error
/// ```
pub(in crate::auth) struct Ntlm {
    credential: Credential,
    options: NtlmOptions,
    state: State,
}

enum State {
    Start,
    Asked { negotiate: Vec<u8> },
    Proved { seal: Box<NtlmSeal>, has_mic: bool },
    Over,
}

impl Ntlm {
    /// Begins a context. With `options.seal` a challenge without keys to sign and seal with is refused.
    pub(in crate::auth) fn new(credential: Credential, options: NtlmOptions) -> Self {
        Self { credential, options, state: State::Start }
    }

    fn start(&mut self) -> Result<Progress, AuthError> {
        self.credential.check()?;
        if self.options.spn.as_ref().is_some_and(|spn| spn.encode_utf16().count() > MAX_NAME_UNITS) {
            let problem = format!("the service principal is longer than {MAX_NAME_UNITS} characters");
            return Err(AuthError::Unusable { problem });
        }
        let negotiate = message::negotiate()?;
        self.state = State::Asked { negotiate: negotiate.clone() };
        Ok(Progress::Continue(Token { bytes: negotiate, shows: Shown::Nothing }))
    }

    fn prove(
        &mut self,
        negotiate: &[u8],
        challenge: &[u8],
        certificate: Option<&[u8]>,
    ) -> Result<Progress, AuthError> {
        let challenge = Challenge::read(challenge, self.options.seal)?;
        let binding = match certificate {
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
        let bytes = message::authenticate(negotiate, &challenge, proof, &exported)?;
        self.state = State::Proved {
            seal: Box::new(NtlmSeal::new(&exported)),
            has_mic: challenge.timestamp.is_some(),
        };
        Ok(Progress::Done(Some(Token { bytes, shows: Shown::Password })))
    }

    fn keys(&mut self) -> Result<&mut NtlmSeal, AuthError> {
        match &mut self.state {
            State::Proved { seal, .. } => Ok(seal),
            _ => Err(AuthError::out_of_turn(SCHEME)),
        }
    }
}

impl Mechanism for Ntlm {
    fn name(&self) -> &'static str {
        SCHEME
    }

    fn oids(&self) -> &'static [&'static str] {
        &["1.3.6.1.4.1.311.2.2.10"]
    }

    fn binds_first_token(&self) -> bool {
        false
    }

    fn step(&mut self, token: Option<&[u8]>, certificate: Option<&[u8]>) -> Result<Progress, AuthError> {
        match (std::mem::replace(&mut self.state, State::Over), token) {
            (State::Start, None) => self.start(),
            (State::Asked { negotiate }, Some(challenge)) => self.prove(&negotiate, challenge, certificate),
            _ => Err(AuthError::out_of_turn(SCHEME)),
        }
    }

    fn wants_mic(&self) -> bool {
        matches!(self.state, State::Proved { has_mic: true, .. })
    }

    fn mic(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        self.keys()?.mic(message)
    }

    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<(), AuthError> {
        self.keys()?.verify_mic(message, mic)
    }

    /// Whatever came with it: the server has judged the password, so that it must not be sent again.
    fn refused(&mut self, _: Option<&[u8]>) -> AuthError {
        AuthError::Refused { user: self.credential.user().to_owned(), scheme: SCHEME }
    }

    fn into_seal(self: Box<Self>, protocol: &'static str) -> Result<Box<dyn Seal>, AuthError> {
        match self.state {
            State::Proved { seal, .. } => Ok(Box::new(seal.with_protocol(protocol))),
            _ => Err(AuthError::out_of_turn(SCHEME)),
        }
    }
}

impl fmt::Debug for Ntlm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Start => "start",
            State::Asked { .. } => "asked",
            State::Proved { .. } => "proved",
            State::Over => "over",
        };
        f.debug_struct("Ntlm")
            .field("credential", &self.credential)
            .field("options", &self.options)
            .field("state", &state)
            .finish()
    }
}

/// A FILETIME: tenths of a microsecond since 1601.
fn file_time(now: SystemTime) -> [u8; 8] {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let ticks =
        since.as_secs().saturating_mul(10_000_000).saturating_add(u64::from(since.subsec_nanos() / 100));
    ticks.saturating_add(UNIX_EPOCH_AS_FILE_TIME).to_le_bytes()
}

/// 1970-01-01 as a FILETIME.
const UNIX_EPOCH_AS_FILE_TIME: u64 = 116_444_736_000_000_000;

/// The response must fit a field of the message, whose length is a `u16`; the codec panics on a longer one.
const MAX_TARGET_INFO: usize = 0xFFFF - RESPONSE_OVERHEAD;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
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

    fn token(progress: Progress) -> Vec<u8> {
        match progress {
            Progress::Continue(token) | Progress::Done(Some(token)) => token.bytes,
            Progress::Done(None) => panic!("no token"),
        }
    }

    fn challenged(seal: bool, challenge: &[u8]) -> (Ntlm, Result<Progress, AuthError>) {
        let mut login = ntlm(seal);
        login.step(None, None).unwrap();
        let answer = login.step(Some(challenge), None);
        (login, answer)
    }

    #[test]
    fn the_whole_handshake_is_the_example_byte_for_byte() {
        let mut login = ntlm(true);
        assert_eq!(token(login.step(None, None).unwrap()), hex(samples::NEGOTIATE));
        let Progress::Done(Some(authenticate)) = login.step(Some(&hex(samples::CHALLENGE)), None).unwrap()
        else {
            panic!("not done")
        };
        assert_eq!((authenticate.bytes.len(), authenticate.shows), (300, Shown::Password));
        assert_eq!(authenticate.bytes, hex(samples::AUTHENTICATE));
        assert!(login.wants_mic());

        let mut seal = Box::new(login).into_seal("p").unwrap();
        let sealed = seal.seal(b"<x/>").unwrap();
        assert_eq!(sealed.ciphertext, hex("389d425b"));
        assert_eq!(sealed.signature, hex("010000008c782f51e5334a7600000000"));
        assert_eq!(seal.protocol(), "p");
    }

    #[test]
    fn there_are_no_keys_before_the_proof_and_no_step_after_it() {
        let mut login = ntlm(true);
        assert!(matches!(login.mic(b"x"), Err(AuthError::Malformed { .. })));
        let (mut login, answer) = challenged(true, &hex(samples::CHALLENGE));
        answer.unwrap();
        assert!(matches!(login.step(Some(b"x"), None), Err(AuthError::Malformed { .. })));
        assert!(Box::new(login).into_seal("p").is_err());
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
            assert!(matches!(error, AuthError::Malformed { .. }), "{error}");
        }
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
        token(challenged(true, &short).1.unwrap());

        let mut strange = with_version;
        strange[56..58].copy_from_slice(&[0x00, 0xd8]);
        token(challenged(true, &strange).1.unwrap());
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
        let message = token(challenged(true, &challenge).1.unwrap());
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
        login.step(None, None).unwrap();
        let message = token(login.step(Some(&hex(samples::CHALLENGE)), Some(&certificate)).unwrap());
        let (fields, pairs) = fields(&message);
        assert_eq!(fields.session_key.len(), 16);
        let order: Vec<Type> = pairs.iter().map(|pair| pair.entry_type).collect();
        assert_eq!(order[3..], [Type::Flags, Type::ChannelBindings, Type::TargetName, Type::Terminator]);
        let expected = binding::channel_binding(&binding::end_point_hash(&certificate).unwrap());
        assert_eq!(pairs[4].data, expected);

        let mut login = ntlm(false);
        login.step(None, None).unwrap();
        let error = login.step(Some(&hex(samples::CHALLENGE)), Some(b"no certificate")).unwrap_err();
        assert_eq!(error, AuthError::Certificate);
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
        let (_, pairs) = fields(&token(challenged(true, &challenge).1.unwrap()));
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
            assert!(matches!(login.step(None, None), Err(AuthError::Unusable { .. })));
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
        let shown = shown.replace("shows: Password", "");
        assert!(!shown.contains("Password") && !shown.contains("78, 84") && !shown.contains("85"), "{shown}");
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
                fields(&token(answer));
            }
        }
    }
}
