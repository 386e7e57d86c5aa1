//! One login: challenge, then judge the answer.

use super::crypto::{Key, base_key, exported_key, mic, proof, response_key};
use super::refusal::LoginRefused;
use super::session::MessageSecurity;
use super::token::{self, Authenticate, ChallengeFields};
use crate::auth::ServerNames;

/// A challenge that waits for its answer.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct Acceptor {
    negotiate: Vec<u8>,
    challenge: Vec<u8>,
    nonce: [u8; 8],
    /// What was agreed on.
    flags: u32,
}

/// What a login needs from outside: a random challenge and the time.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) struct Entropy {
    /// The server's challenge.
    pub(in crate::simulator) nonce: [u8; 8],
    /// FILETIME: hundreds of nanoseconds since 1601.
    pub(in crate::simulator) time: u64,
}

/// A login that stands: whose it is, by index into the accounts that were asked, and its message security.
#[derive(Debug)]
pub(in crate::simulator) struct Accepted {
    pub(in crate::simulator) account: usize,
    pub(in crate::simulator) security: MessageSecurity,
    /// Whether NTLM's own last message bore a MIC, so that a negotiation around it owes one, too.
    pub(in crate::simulator) bears_mic: bool,
}

/// What a login on this connection must bring along.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) struct Demands {
    /// Whether bodies will have to be sealed.
    pub(in crate::simulator) sealing: bool,
    /// The right value of MsvAvChannelBindings, where one is known.
    pub(in crate::simulator) binding: Option<[u8; 16]>,
    /// Whether that may be missing.
    pub(in crate::simulator) may_be_unbound: bool,
}

impl Acceptor {
    /// Answers any NEGOTIATE: whether its flags are enough is judged at the end (MS-NLMP 3.2.5.1.1, Server Receives a
    /// NEGOTIATE_MESSAGE from the Client).
    pub(in crate::simulator) fn challenge(
        negotiate: &[u8],
        names: &ServerNames,
        entropy: Entropy,
    ) -> Result<Self, LoginRefused> {
        let asked = match token::message_type(negotiate) {
            Some(1) => token::negotiate_flags(negotiate),
            _ => None,
        };
        let asked = asked.ok_or(LoginRefused::Malformed("a NEGOTIATE"))?;
        let characters = if asked & token::UNICODE == 0 { token::OEM } else { token::UNICODE };
        let flags = asked & token::GRANTED | token::ADDED | characters;
        let Entropy { nonce, time } = entropy;
        let challenge = token::write_challenge(&ChallengeFields { flags, nonce, names, time });
        Ok(Self { negotiate: negotiate.to_vec(), challenge, nonce, flags })
    }

    /// The CHALLENGE to send.
    pub(in crate::simulator) fn token(&self) -> &[u8] {
        &self.challenge
    }

    /// Judges an AUTHENTICATE. `find` gives the index and password of the account that a domain and user mean. Of a login
    /// with the right password all that is wrong is given.
    pub(in crate::simulator) fn judge<'p>(
        &self,
        authenticate: &[u8],
        find: impl Fn(&str, &str) -> Option<(usize, &'p str)>,
        demands: Demands,
    ) -> Result<Accepted, Vec<LoginRefused>> {
        let (message, account, exchange_key) =
            self.prove(authenticate, find).map_err(|refused| vec![refused])?;
        let flags = message.flags & self.flags;
        let exported = match &message.sealed_key {
            _ if flags & token::KEY_EXCHANGE == 0 => exchange_key,
            Some(sealed) => exported_key(&exchange_key, sealed),
            None if flags & (token::SIGN | token::SEAL) == 0 => exchange_key,
            None => return Err(vec![LoginRefused::NoSessionKey]),
        };
        let bears_mic = message.announces_mic();
        let mut refused = Vec::new();
        if bears_mic {
            let expected =
                mic(&exported, &self.negotiate, &self.challenge, &token::without_mic(authenticate));
            match message.mic {
                Some(mic) if mic == expected => {}
                Some(mic) if mic != [0; 16] => refused.push(LoginRefused::WrongMic),
                _ => refused.push(LoginRefused::NoMic),
            }
        }
        match (demands.binding, message.channel_binding()) {
            (Some(_), None) if !demands.may_be_unbound => refused.push(LoginRefused::NoBinding),
            (Some(right), Some(bound)) if bound != right => refused.push(LoginRefused::WrongBinding),
            _ => {}
        }
        let missing = token::DEMANDED_TO_SEAL & !flags;
        if demands.sealing && missing != 0 {
            refused.push(LoginRefused::MissingFlags(missing));
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        Ok(Accepted { account, security: MessageSecurity::new(&exported, flags), bears_mic })
    }

    /// Whose password the message proves: the message, the account and the key exchange key.
    fn prove<'t, 'p>(
        &self,
        authenticate: &'t [u8],
        find: impl Fn(&str, &str) -> Option<(usize, &'p str)>,
    ) -> Result<(Authenticate<'t>, usize, Key), LoginRefused> {
        let malformed = LoginRefused::Malformed("an AUTHENTICATE");
        let message = (token::message_type(authenticate) == Some(3))
            .then(|| Authenticate::read(authenticate))
            .flatten()
            .ok_or(malformed)?;
        match message.nt_response.len() {
            0 => return Err(LoginRefused::Anonymous),
            24 => return Err(LoginRefused::Version1),
            _ => {}
        }
        let (given, temp) = message.proof_and_temp().ok_or(malformed)?;
        let (account, password) = find(&message.domain, &message.user).ok_or(LoginRefused::NoAccount)?;
        let key = response_key(&message.user, &message.domain, password);
        if proof(&key, &self.nonce, temp) != given {
            return Err(LoginRefused::WrongPassword);
        }
        Ok((message, account, base_key(&key, &given)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::hex;
    use super::super::refusal::reason;
    use super::*;
    use crate::simulator::body_security::BodySecurity as _;

    /// The handshake of the wire specification, section 4.4: user, password and challenges of MS-NLMP 4.2, a
    /// timestamp of 0x01DA000000000000, an SPN, a MIC.
    const NEGOTIATE: &str =
        "4e544c4d5353500001000000378208e2000000000000000000000000000000000a0000000000000f";
    const CHALLENGE: &str = "4e544c4d53535000020000000c000c0038000000358289e20123456789abcdef000000000000000030003000440000000a0000000000000f44006f006d00610069006e0002000c0044006f006d00610069006e0001000c0053006500720076006500720007000800000000000000da0100000000";
    const AUTHENTICATE: &str = "4e544c4d5353500003000000180018005800000098009800700000000c000c00080100000800080014010000000000001c010000100010001c010000358289e20a0000000000000f81951ba009c8d3fc5930e0a9904b6c6b00000000000000000000000000000000000000000000000004293d6233ea2636acf50bddad7c5a960101000000000000000000000000da01aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c0053006500720076006500720007000800000000000000da01060004000200000009002c0048005400540050002f00770069006e00300031002e006500780061006d0070006c0065002e0063006f006d00000000000000000044006f006d00610069006e0055007300650072001b51d13f7245fe7ab609ba416dca28de";
    const SEALED: Demands = Demands { sealing: true, binding: None, may_be_unbound: true };
    const CLEAR: Demands = Demands { sealing: false, ..SEALED };

    fn names(domain: &str, computer: &str) -> ServerNames {
        ServerNames {
            netbios_domain: domain.to_owned(),
            netbios_computer: computer.to_owned(),
            ..ServerNames::default()
        }
    }

    fn acceptor() -> Acceptor {
        Acceptor {
            negotiate: hex(NEGOTIATE),
            challenge: hex(CHALLENGE),
            nonce: [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef],
            flags: 0xe289_8235,
        }
    }

    fn find(password: &'static str) -> impl Fn(&str, &str) -> Option<(usize, &'static str)> {
        move |domain, user| (domain == "Domain" && user == "User").then_some((7, password))
    }

    #[test]
    fn the_published_handshake_is_accepted_and_its_keys_open_the_first_body() {
        let mut accepted = acceptor().judge(&hex(AUTHENTICATE), find("Password"), SEALED).unwrap();
        assert_eq!(accepted.account, 7);
        let opened = accepted.security.open(&hex("010000008c782f51e5334a7600000000"), &hex("389d425b"));
        assert_eq!(opened.as_deref(), Some(&b"<x/>"[..]));
    }

    #[test]
    fn a_wrong_password_and_an_unknown_account_are_refused() {
        let judged = acceptor().judge(&hex(AUTHENTICATE), find("password"), SEALED);
        assert_eq!(judged.err(), Some(vec![LoginRefused::WrongPassword]));
        let judged = acceptor().judge(&hex(AUTHENTICATE), |_, _| None, SEALED);
        assert_eq!(judged.err(), Some(vec![LoginRefused::NoAccount]));
    }

    #[test]
    fn an_altered_byte_anywhere_is_refused() {
        let good = hex(AUTHENTICATE);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(acceptor().judge(&bad, find("Password"), SEALED).is_err(), "byte {at}");
        }
    }

    #[test]
    fn an_altered_negotiate_is_noticed_by_the_mic() {
        let mut acceptor = acceptor();
        acceptor.negotiate[12] ^= 1;
        let judged = acceptor.judge(&hex(AUTHENTICATE), find("Password"), SEALED);
        assert_eq!(judged.err(), Some(vec![LoginRefused::WrongMic]));
    }

    #[test]
    fn a_missing_channel_binding_is_refused_only_when_it_must_be_there() {
        let strict = Demands { binding: Some([1; 16]), may_be_unbound: false, ..SEALED };
        let judged = acceptor().judge(&hex(AUTHENTICATE), find("Password"), strict);
        assert_eq!(judged.err(), Some(vec![LoginRefused::NoBinding]));
        let relaxed = Demands { may_be_unbound: true, ..strict };
        assert!(acceptor().judge(&hex(AUTHENTICATE), find("Password"), relaxed).is_ok());
    }

    #[test]
    fn truncated_messages_are_refused_without_a_panic() {
        let good = hex(AUTHENTICATE);
        for end in 0..good.len() {
            assert!(acceptor().judge(&good[..end], find("Password"), SEALED).is_err(), "{end} bytes");
        }
        let entropy = Entropy { nonce: [0; 8], time: 0 };
        for end in 0..16 {
            assert!(Acceptor::challenge(&hex(NEGOTIATE)[..end], &names("D", "C"), entropy).is_err());
        }
    }

    /// The published handshake with other flags in all three messages and without a MIC, as a client would make it that
    /// knows no MIC: the proof stays right, since it is not over the flags.
    fn weak(flags: u32, announces_mic: bool) -> (Acceptor, Vec<u8>) {
        let mut negotiate = hex(NEGOTIATE);
        negotiate[12..16].copy_from_slice(&flags.to_le_bytes());
        let entropy = Entropy { nonce: acceptor().nonce, time: 0x01DA_0000_0000_0000 };
        let acceptor = Acceptor::challenge(&negotiate, &names("Domain", "Server"), entropy).unwrap();
        let temp = if announces_mic {
            hex("0101000000000000000000000000da01aaaaaaaaaaaaaaaa00000000060004000200000000000000")
        } else {
            hex("0101000000000000000000000000da01aaaaaaaaaaaaaaaa000000000000000000000000")
        };
        let key = response_key("User", "Domain", "Password");
        let nt = [proof(&key, &acceptor.nonce, &temp).to_vec(), temp].concat();
        let text = |text: &str| match flags & token::UNICODE {
            0 => text.as_bytes().to_vec(),
            _ => super::super::crypto::utf16(text),
        };
        let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
        let mut payload = Vec::new();
        for value in [vec![], nt, text("Domain"), text("User"), vec![], vec![]] {
            let length = u16::try_from(value.len()).unwrap();
            let offset = u32::try_from(64 + payload.len()).unwrap();
            message.extend([length.to_le_bytes(), length.to_le_bytes()].concat());
            message.extend(offset.to_le_bytes());
            payload.extend(value);
        }
        message.extend(acceptor.flags.to_le_bytes());
        message.extend(payload);
        (acceptor, message)
    }

    /// What Go's, JavaScript's and curl's own negotiators send: no SEAL, no SIGN, no MIC, and curl's speaks no UNICODE.
    #[test]
    fn a_client_without_seal_or_mic_stands_where_bodies_may_be_clear_and_is_refused_at_the_end_elsewhere() {
        for flags in [0x2008_8205, 0x2008_8206] {
            let (acceptor, message) = weak(flags, false);
            assert_eq!(acceptor.token()[..8], *b"NTLMSSP\0");
            let accepted = acceptor.judge(&message, find("Password"), CLEAR).unwrap();
            assert!(!accepted.security.seals() && !accepted.bears_mic);
            let refused = acceptor.judge(&message, find("Password"), SEALED).unwrap_err();
            assert_eq!(reason(&refused), "flags missing: SEAL");
            let refused = acceptor.judge(&message, find("password"), CLEAR).err();
            assert_eq!(refused, Some(vec![LoginRefused::WrongPassword]));
        }
        let (acceptor, message) = weak(0x0000_8205, false);
        let refused = acceptor.judge(&message, find("Password"), SEALED).unwrap_err();
        assert_eq!(reason(&refused), "flags missing: SEAL, EXTENDED_SESSIONSECURITY, 128");
    }

    #[test]
    fn a_mic_that_is_announced_must_come() {
        let (acceptor, message) = weak(0x2008_8205, true);
        let judged = acceptor.judge(&message, find("Password"), CLEAR);
        assert_eq!(
            judged.err(),
            Some(vec![LoginRefused::WrongMic]),
            "what lies where the MIC would be is none"
        );
        let mut message = hex(AUTHENTICATE);
        message[72..88].fill(0);
        let judged = self::acceptor().judge(&message, find("Password"), CLEAR);
        assert_eq!(judged.err(), Some(vec![LoginRefused::NoMic]));
    }

    #[test]
    fn an_anonymous_login_and_one_of_version_1_are_refused() {
        for (length, refused) in [(0_u16, LoginRefused::Anonymous), (24, LoginRefused::Version1)] {
            let mut message = hex(AUTHENTICATE);
            message[20..22].copy_from_slice(&length.to_le_bytes());
            assert_eq!(acceptor().judge(&message, find("Password"), CLEAR).err(), Some(vec![refused]));
        }
    }

    #[test]
    fn the_challenge_has_the_layout_and_the_flags_of_the_published_one() {
        let entropy = Entropy { nonce: acceptor().nonce, time: 0x01DA_0000_0000_0000 };
        let made = Acceptor::challenge(&hex(NEGOTIATE), &names("Domain", "Server"), entropy).unwrap();
        let published = hex(CHALLENGE);
        assert_eq!(made.token()[..24], published[..24]);
        assert_eq!(made.token()[24..40], published[24..40]);
        let with_timestamp = hex("0700080000000000 0000da01".replace(' ', "").as_str());
        assert!(made.token().windows(12).any(|window| window == with_timestamp));
    }
}
