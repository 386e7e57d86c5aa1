//! One login: challenge, then judge the answer.

use super::crypto::{base_key, exported_key, mic, proof, response_key};
use super::session::MessageSecurity;
use super::token::{self, Authenticate, ChallengeFields};
use crate::auth::ServerNames;

/// A challenge that waits for its answer.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct Acceptor {
    negotiate: Vec<u8>,
    challenge: Vec<u8>,
    nonce: [u8; 8],
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
}

/// Why a login does not stand. The caller hears none of this: Windows answers 401 without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum LoginRefused {
    /// The message cannot be read, or asks for too little protection.
    Malformed,
    /// No account of that name.
    NoAccount,
    /// The proof does not fit the account's password.
    WrongPassword,
    /// The MIC is missing or wrong.
    WrongMic,
    /// The channel binding is missing or wrong.
    WrongBinding,
}

/// What a login on this connection must be bound to.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulator) struct Binding {
    /// The right value of MsvAvChannelBindings, where one is known.
    pub(in crate::simulator) hash: Option<[u8; 16]>,
    /// Whether it may be missing.
    pub(in crate::simulator) is_optional: bool,
}

impl Acceptor {
    /// Answers a NEGOTIATE; `None` if it is none, or asks for too little.
    pub(in crate::simulator) fn challenge(
        negotiate: &[u8],
        names: &ServerNames,
        entropy: Entropy,
    ) -> Option<Self> {
        let asked =
            (token::message_type(negotiate) == Some(1)).then(|| token::negotiate_flags(negotiate))??;
        if asked & token::DEMANDED != token::DEMANDED {
            return None;
        }
        let flags = asked & token::GRANTED | token::ADDED;
        let Entropy { nonce, time } = entropy;
        let challenge = token::write_challenge(&ChallengeFields { flags, nonce, names, time });
        Some(Self { negotiate: negotiate.to_vec(), challenge, nonce })
    }

    /// The CHALLENGE to send.
    pub(in crate::simulator) fn token(&self) -> &[u8] {
        &self.challenge
    }

    /// Judges an AUTHENTICATE. `find` gives the index and password of the account that a domain and user mean.
    pub(in crate::simulator) fn judge<'p>(
        &self,
        authenticate: &[u8],
        find: impl Fn(&str, &str) -> Option<(usize, &'p str)>,
        binding: Binding,
    ) -> Result<Accepted, LoginRefused> {
        let message = (token::message_type(authenticate) == Some(3))
            .then(|| Authenticate::read(authenticate))
            .flatten()
            .filter(|message| message.flags & token::DEMANDED == token::DEMANDED)
            .ok_or(LoginRefused::Malformed)?;
        let (given, temp) = message.proof_and_temp().ok_or(LoginRefused::Malformed)?;
        let (account, password) = find(&message.domain, &message.user).ok_or(LoginRefused::NoAccount)?;
        let key = response_key(&message.user, &message.domain, password);
        if proof(&key, &self.nonce, temp) != given {
            return Err(LoginRefused::WrongPassword);
        }
        let exported = exported_key(&base_key(&key, &given), &message.sealed_key);
        // The challenge had a timestamp, so the client owes a MIC (MS-NLMP 3.1.5.1.2, Client Receives a
        // CHALLENGE_MESSAGE from the Server).
        let has_mic = message
            .av_pair(token::AV_FLAGS)
            .and_then(|flags| flags.first())
            .is_some_and(|flags| flags & 2 != 0);
        let expected = mic(&exported, &self.negotiate, &self.challenge, &token::without_mic(authenticate));
        if !has_mic || message.mic != expected {
            return Err(LoginRefused::WrongMic);
        }
        // Sixteen zero bytes say the same as no binding at all.
        let bound =
            message.av_pair(token::AV_CHANNEL_BINDINGS).filter(|value| value.iter().any(|byte| *byte != 0));
        let is_right = match (binding.hash, bound) {
            (None, _) => true,
            (Some(_), None) => binding.is_optional,
            (Some(hash), Some(bound)) => bound == hash,
        };
        if !is_right {
            return Err(LoginRefused::WrongBinding);
        }
        Ok(Accepted { account, security: MessageSecurity::new(&exported) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::hex;
    use super::*;

    /// The handshake of the wire specification, section 4.4: user, password and challenges of MS-NLMP 4.2, a
    /// timestamp of 0x01DA000000000000, an SPN, a MIC.
    const NEGOTIATE: &str =
        "4e544c4d5353500001000000378208e2000000000000000000000000000000000a0000000000000f";
    const CHALLENGE: &str = "4e544c4d53535000020000000c000c0038000000358289e20123456789abcdef000000000000000030003000440000000a0000000000000f44006f006d00610069006e0002000c0044006f006d00610069006e0001000c0053006500720076006500720007000800000000000000da0100000000";
    const AUTHENTICATE: &str = "4e544c4d5353500003000000180018005800000098009800700000000c000c00080100000800080014010000000000001c010000100010001c010000358289e20a0000000000000f81951ba009c8d3fc5930e0a9904b6c6b00000000000000000000000000000000000000000000000004293d6233ea2636acf50bddad7c5a960101000000000000000000000000da01aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c0053006500720076006500720007000800000000000000da01060004000200000009002c0048005400540050002f00770069006e00300031002e006500780061006d0070006c0065002e0063006f006d00000000000000000044006f006d00610069006e0055007300650072001b51d13f7245fe7ab609ba416dca28de";
    const UNBOUND: Binding = Binding { hash: None, is_optional: true };

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
        }
    }

    fn find(password: &'static str) -> impl Fn(&str, &str) -> Option<(usize, &'static str)> {
        move |domain, user| (domain == "Domain" && user == "User").then_some((7, password))
    }

    #[test]
    fn the_published_handshake_is_accepted_and_its_keys_open_the_first_body() {
        let mut accepted = acceptor().judge(&hex(AUTHENTICATE), find("Password"), UNBOUND).unwrap();
        assert_eq!(accepted.account, 7);
        let opened = accepted.security.open(&hex("010000008c782f51e5334a7600000000"), &hex("389d425b"));
        assert_eq!(opened.as_deref(), Some(&b"<x/>"[..]));
    }

    #[test]
    fn a_wrong_password_and_an_unknown_account_are_refused() {
        let judged = acceptor().judge(&hex(AUTHENTICATE), find("password"), UNBOUND);
        assert_eq!(judged.err(), Some(LoginRefused::WrongPassword));
        let judged = acceptor().judge(&hex(AUTHENTICATE), |_, _| None, UNBOUND);
        assert_eq!(judged.err(), Some(LoginRefused::NoAccount));
    }

    #[test]
    fn an_altered_byte_anywhere_is_refused() {
        let good = hex(AUTHENTICATE);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(acceptor().judge(&bad, find("Password"), UNBOUND).is_err(), "byte {at}");
        }
    }

    #[test]
    fn an_altered_negotiate_is_noticed_by_the_mic() {
        let mut acceptor = acceptor();
        acceptor.negotiate[12] ^= 1;
        let judged = acceptor.judge(&hex(AUTHENTICATE), find("Password"), UNBOUND);
        assert_eq!(judged.err(), Some(LoginRefused::WrongMic));
    }

    #[test]
    fn a_missing_channel_binding_is_refused_only_when_it_must_be_there() {
        let strict = Binding { hash: Some([1; 16]), is_optional: false };
        let judged = acceptor().judge(&hex(AUTHENTICATE), find("Password"), strict);
        assert_eq!(judged.err(), Some(LoginRefused::WrongBinding));
        let relaxed = Binding { is_optional: true, ..strict };
        assert!(acceptor().judge(&hex(AUTHENTICATE), find("Password"), relaxed).is_ok());
    }

    #[test]
    fn truncated_messages_are_refused_without_a_panic() {
        let good = hex(AUTHENTICATE);
        for end in 0..good.len() {
            assert!(acceptor().judge(&good[..end], find("Password"), UNBOUND).is_err(), "{end} bytes");
        }
        let entropy = Entropy { nonce: [0; 8], time: 0 };
        for end in 0..16 {
            assert!(Acceptor::challenge(&hex(NEGOTIATE)[..end], &names("D", "C"), entropy).is_none());
        }
    }

    #[test]
    fn a_client_that_cannot_seal_gets_no_challenge() {
        let mut weak = hex(NEGOTIATE);
        weak[12] &= !0x20;
        assert!(Acceptor::challenge(&weak, &names("D", "C"), Entropy { nonce: [0; 8], time: 0 }).is_none());
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
