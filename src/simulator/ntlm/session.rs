//! Sealing and opening on one authenticated connection, as the server (MS-NLMP 3.4.4, Message Signature Functions).

use rc4::consts::U16;
use rc4::{Rc4, StreamCipher};

use super::crypto::{Direction, Key, cipher, hmac_md5, seal_key, sign_key};
use super::token::{BITS_56, BITS_128, EXTENDED_SESSION_SECURITY, KEY_EXCHANGE, SEAL, SIGN};
use crate::simulator::body_security::{BodySecurity, SPNEGO_PROTOCOL};

/// Both directions of one connection.
pub(in crate::simulator) struct MessageSecurity {
    incoming: Stream,
    outgoing: Stream,
    flags: u32,
}

struct Stream {
    sign_key: Key,
    seal_key: Key,
    cipher: Rc4<U16>,
    number: u32,
    /// Whether checksums go through the cipher, too.
    seals_checksum: bool,
}

/// The signature of a side that has agreed to sign always, but to no key to do it with (MS-NLMP 3.4.4, Message Signature
/// Functions).
const DUMMY: [u8; 16] = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

impl MessageSecurity {
    /// The streams of a session key, as `flags` say that both sides do it.
    pub(super) fn new(exported: &Key, flags: u32) -> Self {
        let strength = match flags {
            _ if flags & BITS_128 != 0 => 16,
            _ if flags & BITS_56 != 0 => 7,
            _ => 5,
        };
        let stream = |direction| {
            let seal_key = seal_key(exported.get(..strength).unwrap_or(exported), direction);
            Stream {
                sign_key: sign_key(exported, direction),
                seal_key,
                cipher: cipher(&seal_key),
                number: 0,
                seals_checksum: flags & KEY_EXCHANGE != 0,
            }
        };
        Self { incoming: stream(Direction::FromClient), outgoing: stream(Direction::FromServer), flags }
    }

    /// The server's signature of a negotiation's list, if `signature` is the client's.
    pub(in crate::simulator) fn answer_to_list(&mut self, list: &[u8], signature: &[u8]) -> Option<[u8; 16]> {
        if self.flags & SIGN == 0 && signature == DUMMY {
            return Some(DUMMY);
        }
        (self.incoming.sign_list(list) == signature).then(|| self.outgoing.sign_list(list))
    }
}

impl BodySecurity for MessageSecurity {
    fn protocol(&self) -> &'static str {
        SPNEGO_PROTOCOL
    }

    fn seals(&self) -> bool {
        self.flags & (SEAL | EXTENDED_SESSION_SECURITY) == SEAL | EXTENDED_SESSION_SECURITY
    }

    fn open(&mut self, signature: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
        if !self.seals() {
            return None;
        }
        let mut text = ciphertext.to_vec();
        self.incoming.cipher.apply_keystream(&mut text);
        let expected = self.incoming.sign(&text);
        (signature == expected).then_some(text)
    }

    fn seal(&mut self, plaintext: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut text = plaintext.to_vec();
        self.outgoing.cipher.apply_keystream(&mut text);
        Some((self.outgoing.sign(plaintext).to_vec(), text))
    }
}

impl Stream {
    /// A negotiation's list counts as a message, and the key stream begins again after it.
    fn sign_list(&mut self, list: &[u8]) -> [u8; 16] {
        let signature = self.sign(list);
        self.cipher = cipher(&self.seal_key);
        signature
    }

    /// The signature of the message that has just gone through the cipher: the checksum continues its key stream.
    fn sign(&mut self, plaintext: &[u8]) -> [u8; 16] {
        let number = self.number.to_le_bytes();
        let full = hmac_md5(&self.sign_key, &[&number, plaintext]);
        self.number = self.number.wrapping_add(1);
        let mut signature = [0; 16];
        let (version, rest) = signature.split_at_mut(4);
        let (checksum, sequence) = rest.split_at_mut(8);
        version.copy_from_slice(&1_u32.to_le_bytes());
        for (to, from) in checksum.iter_mut().zip(full) {
            *to = from;
        }
        if self.seals_checksum {
            self.cipher.apply_keystream(checksum);
        }
        sequence.copy_from_slice(&number);
        signature
    }
}

impl std::fmt::Debug for MessageSecurity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageSecurity")
            .field("received", &self.incoming.number)
            .field("sent", &self.outgoing.number)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::hex;
    use super::*;

    const FLAGS: u32 = SIGN | SEAL | EXTENDED_SESSION_SECURITY | BITS_128 | KEY_EXCHANGE;

    /// MS-NLMP 4.2.4.4, GSS_WrapEx Examples, and the same text once more.
    #[test]
    fn the_published_sealed_message_opens_and_its_successor_too() {
        let mut security = MessageSecurity::new(&[0x55; 16], FLAGS);
        let text: Vec<u8> = "Plaintext".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let first = security
            .open(&hex("010000007fb38ec5c55d497600000000"), &hex("54e50165bf1936dc996020c1811b0f06fb5f"));
        assert_eq!(first.as_ref(), Some(&text));
        let second = security
            .open(&hex("01000000255405955d31d8c401000000"), &hex("64c308e09ea236e7f4232553c94a01e700fa"));
        assert_eq!(second.as_ref(), Some(&text));
    }

    #[test]
    fn messages_open_only_in_the_order_in_which_they_were_sealed() {
        let mut security = MessageSecurity::new(&[0x55; 16], FLAGS);
        let second = security
            .open(&hex("01000000255405955d31d8c401000000"), &hex("64c308e09ea236e7f4232553c94a01e700fa"));
        assert_eq!(second, None);
    }

    #[test]
    fn a_message_whose_signature_was_changed_does_not_open() {
        let mut security = MessageSecurity::new(&[0x55; 16], FLAGS);
        let first = security
            .open(&hex("010000007fb38ec5c55d497700000000"), &hex("54e50165bf1936dc996020c1811b0f06fb5f"));
        assert_eq!(first, None);
    }

    #[test]
    fn sealing_goes_through_the_servers_own_stream() {
        let mut server = MessageSecurity::new(&[0x55; 16], FLAGS);
        let (signature, sealed) = server.seal(b"<y/>").unwrap();
        // The stream of the wire specification's example, whose signature has number 1 because of SPNEGO.
        assert_eq!(sealed, hex("7a713289"));
        assert_eq!(signature[12..], [0, 0, 0, 0]);
    }
}
