//! Message security of an NTLM session with extended session security and key exchange (MS-NLMP 3.4.4.2, With Extended
//! Session Security).

use std::fmt;

use rc4::StreamCipher as _;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

use super::keys::{Cipher, Key, Sender, cipher, hmac_md5, seal_key, sign_key};
use crate::auth::{AuthError, Seal, Sealed, sealing};

/// Message security of one NTLM connection. The first failure poisons it: the stream has moved on, and nothing that
/// follows could be trusted.
pub struct NtlmSeal {
    outgoing: Direction,
    incoming: Direction,
    protocol: &'static str,
    poisoned: bool,
}

struct Direction {
    cipher: Cipher,
    /// Only as long as the login may need the start of the stream again.
    seal_key: Option<Key>,
    sign_key: Key,
    sequence: u32,
}

impl NtlmSeal {
    /// The client's end of a session with this exported key.
    pub(super) fn new(exported: &Key) -> Self {
        Self {
            outgoing: Direction::new(exported, Sender::Client),
            incoming: Direction::new(exported, Sender::Server),
            protocol: sealing::SPNEGO,
            poisoned: false,
        }
    }

    /// The same once the login stands, for frames of this protocol: nothing is signed any more but what is sealed.
    pub(super) fn with_protocol(self, protocol: &'static str) -> Self {
        Self { protocol, outgoing: self.outgoing.begun(), incoming: self.incoming.begun(), ..self }
    }

    /// The signature of a list of mechanisms, which is sent in clear.
    pub(in crate::auth) fn mic(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        self.guarded(|this| this.outgoing.mic(message).map(|mic| mic.to_vec()))
    }

    /// Checks the other end's signature of a list of mechanisms.
    pub(in crate::auth) fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<(), AuthError> {
        self.guarded(|this| {
            let expected = this.incoming.mic(message)?;
            if bool::from(expected.ct_eq(mic)) {
                Ok(())
            } else {
                Err(AuthError::Downgrade { what: "the right mechListMIC" })
            }
        })
    }

    /// Runs one operation; from its first failure on, all are refused.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, AuthError>) -> Result<T, AuthError> {
        if self.poisoned {
            return Err(AuthError::Poisoned);
        }
        let result = work(self);
        self.poisoned = result.is_err();
        result
    }
}

impl Seal for NtlmSeal {
    fn protocol(&self) -> &'static str {
        self.protocol
    }

    fn seal(&mut self, plaintext: &[u8]) -> Result<Sealed, AuthError> {
        self.guarded(|this| {
            let mut ciphertext = plaintext.to_vec();
            this.outgoing.cipher.apply_keystream(&mut ciphertext);
            let signature = this.outgoing.sign(plaintext)?;
            Ok(Sealed { signature: signature.to_vec(), ciphertext })
        })
    }

    fn open(&mut self, signature: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, AuthError> {
        let mut plaintext = ciphertext.to_vec();
        self.open_in_place(signature, &mut plaintext).map(|()| plaintext)
    }

    fn open_in_place(&mut self, signature: &[u8], text: &mut [u8]) -> Result<(), AuthError> {
        self.guarded(|this| {
            this.incoming.cipher.apply_keystream(text);
            let expected = this.incoming.sign(text)?;
            if bool::from(expected.ct_eq(signature)) {
                Ok(())
            } else {
                text.zeroize();
                Err(AuthError::BadSeal)
            }
        })
    }
}

impl fmt::Debug for NtlmSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NtlmSeal")
            .field("sent", &self.outgoing.sequence)
            .field("received", &self.incoming.sequence)
            .field("poisoned", &self.poisoned)
            .finish_non_exhaustive()
    }
}

impl Direction {
    fn new(exported: &Key, sender: Sender) -> Self {
        let seal_key = seal_key(exported, sender);
        let cipher = cipher(&seal_key);
        Self { cipher, seal_key: Some(seal_key), sign_key: sign_key(exported, sender), sequence: 0 }
    }

    /// The same without the key from which the stream began.
    fn begun(self) -> Self {
        Self { seal_key: None, ..self }
    }

    /// Signs what is not sealed, before anything is. The stream goes back to its start, the number does not (MS-SPNG
    /// 3.3.5.1, NTLM RC4 Key State for MechListMIC and First Signed Message).
    fn mic(&mut self, message: &[u8]) -> Result<[u8; 16], AuthError> {
        let mic = self.sign(message)?;
        self.cipher = cipher(self.seal_key.as_ref().ok_or(AuthError::Poisoned)?);
        Ok(mic)
    }

    /// The signature of the message whose data the cipher has just passed over; its checksum takes the next eight
    /// bytes of the same stream.
    fn sign(&mut self, plaintext: &[u8]) -> Result<[u8; 16], AuthError> {
        let sequence = self.sequence.to_le_bytes();
        let mac = hmac_md5(&self.sign_key, &[&sequence, plaintext]);
        let mut signature = [0; 16];
        signature[0] = 1;
        signature[4..12].copy_from_slice(&mac[..8]);
        signature[12..].copy_from_slice(&sequence);
        self.cipher.apply_keystream(&mut signature[4..12]);
        self.sequence = self.sequence.checked_add(1).ok_or(AuthError::Poisoned)?;
        Ok(signature)
    }
}

#[cfg(test)]
impl NtlmSeal {
    /// The server's end, for tests.
    pub(crate) fn server(exported: [u8; 16]) -> Self {
        let NtlmSeal { outgoing, incoming, protocol, poisoned } = Self::new(&exported.into());
        Self { outgoing: incoming, incoming: outgoing, protocol, poisoned }
    }

    /// The client's end, for tests.
    pub(crate) fn client(exported: [u8; 16]) -> Self {
        Self::new(&exported.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::auth::ntlm::test_vectors::{SESSION_KEY, hex};

    fn ends() -> (NtlmSeal, NtlmSeal) {
        (NtlmSeal::client(SESSION_KEY), NtlmSeal::server(SESSION_KEY))
    }

    #[test]
    fn sealed_messages_are_those_of_the_published_example() {
        let plaintext = hex("50006c00610069006e007400650078007400");
        let (mut client, _) = ends();
        for (ciphertext, signature) in [
            ("54e50165bf1936dc996020c1811b0f06fb5f", "010000007fb38ec5c55d497600000000"),
            ("64c308e09ea236e7f4232553c94a01e700fa", "01000000255405955d31d8c401000000"),
        ] {
            let sealed = client.seal(&plaintext).unwrap();
            assert_eq!((sealed.signature, sealed.ciphertext), (hex(signature), hex(ciphertext)));
        }
    }

    #[test]
    fn the_first_raw_ntlm_body_has_sequence_number_zero() {
        let sealed = ends().0.seal(b"<x/>").unwrap();
        assert_eq!(sealed.ciphertext, hex("389d425b"));
        assert_eq!(sealed.signature, hex("010000008c782f51e5334a7600000000"));
    }

    #[test]
    fn after_a_mech_list_mic_the_stream_starts_again_and_the_numbers_go_on() {
        let list = hex("300c060a2b06010401823702020a");
        let (mut client, mut server) = ends();
        let (ours, theirs) = (client.mic(&list).unwrap(), server.mic(&list).unwrap());
        assert_eq!(ours, hex("0100000022a3984fefbb9c3200000000"));
        assert_eq!(theirs, hex("010000007dd6da05648a73ae00000000"));
        client.verify_mic(&list, &theirs).unwrap();
        server.verify_mic(&list, &ours).unwrap();
        let there = client.seal(b"<x/>").unwrap();
        assert_eq!(there.signature, hex("0100000021bfb35d71557bb401000000"));
        assert_eq!(there.ciphertext, hex("389d425b"));
        assert_eq!(server.open(&there.signature, &there.ciphertext).unwrap(), b"<x/>");
        let back = server.seal(b"<y/>").unwrap();
        assert_eq!(back.signature, hex("010000008b0b7ef33fa14db401000000"));
        assert_eq!(back.ciphertext, hex("7a713289"));
        assert_eq!(client.open(&back.signature, &back.ciphertext).unwrap(), b"<y/>");
    }

    #[test]
    fn the_key_of_the_stream_is_gone_once_the_login_stands() {
        let (client, mut server) = ends();
        let mut client = client.with_protocol("p");
        assert!(client.outgoing.seal_key.is_none() && client.incoming.seal_key.is_none());
        let sealed = client.seal(b"<x/>").unwrap();
        assert_eq!(server.open(&sealed.signature, &sealed.ciphertext).unwrap(), b"<x/>");
        assert_eq!(client.mic(b"a list"), Err(AuthError::Poisoned));
    }

    #[test]
    fn every_key_is_wiped_on_drop() {
        fn is_wiped_on_drop(_: &impl zeroize::ZeroizeOnDrop) {}
        let Direction { cipher, seal_key, sign_key, .. } = ends().0.outgoing;
        is_wiped_on_drop(&cipher);
        is_wiped_on_drop(&seal_key.unwrap());
        is_wiped_on_drop(&sign_key);
    }

    #[test]
    fn a_wrong_mech_list_mic_poisons_the_connection() {
        let (mut client, mut server) = ends();
        let mic = server.mic(b"another list").unwrap();
        let error = client.verify_mic(b"the list", &mic).unwrap_err();
        assert_eq!(error, AuthError::Downgrade { what: "the right mechListMIC" });
        assert_eq!(client.seal(b"x"), Err(AuthError::Poisoned));
    }

    #[test]
    fn an_altered_replayed_or_reordered_message_poisons_the_connection() {
        let alter = |bytes: &[u8], at: usize| {
            let mut altered = bytes.to_vec();
            altered[at] ^= 1;
            altered
        };
        for case in 0..5 {
            let (mut client, mut server) = ends();
            let first = server.seal(b"first").unwrap();
            let second = server.seal(b"second").unwrap();
            let third = server.seal(b"third").unwrap();
            assert_eq!(client.open(&first.signature, &first.ciphertext).unwrap(), b"first");
            let outcome = match case {
                0 => client.open(&alter(&second.signature, 5), &second.ciphertext),
                1 => client.open(&second.signature, &alter(&second.ciphertext, 0)),
                2 => client.open(&first.signature, &first.ciphertext),
                3 => client.open(&third.signature, &third.ciphertext),
                _ => client.open(&second.signature[..15], &second.ciphertext),
            };
            assert_eq!(outcome, Err(AuthError::BadSeal), "case {case}");
            assert_eq!(client.open(&second.signature, &second.ciphertext), Err(AuthError::Poisoned));
            assert_eq!(client.seal(b"x"), Err(AuthError::Poisoned));
        }
    }

    #[test]
    fn debug_shows_counters_and_no_key() {
        let shown = format!("{:?}", ends().0);
        assert_eq!(shown, "NtlmSeal { sent: 0, received: 0, poisoned: false, .. }");
    }

    proptest! {
        #[test]
        fn what_one_end_seals_the_other_opens(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8)) {
            let (mut client, mut server) = ends();
            for message in &messages {
                let there = client.seal(message).unwrap();
                prop_assert_eq!(&server.open(&there.signature, &there.ciphertext).unwrap(), message);
                let back = server.seal(message).unwrap();
                prop_assert_eq!(&client.open(&back.signature, &back.ciphertext).unwrap(), message);
            }
        }
    }
}
