//! Key exchange and the four keys of a session (MS-NLMP 3.4.5, KXKEY, SIGNKEY, and SEALKEY).

use hmac::{Hmac, Mac as _};
use md5::{Digest as _, Md5};
use rc4::consts::U16;
use rc4::{KeyInit as _, Rc4, StreamCipher as _};
use zeroize::Zeroizing;

/// A 16-byte key, wiped on drop.
pub(super) type Key = Zeroizing<[u8; 16]>;

/// The stream cipher with the only key length that we take.
pub(super) type Cipher = Rc4<U16>;

/// Who sends in a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    Client,
    Server,
}

/// The key that signs what `sender` sends.
pub(super) fn sign_key(exported: &Key, sender: Sender) -> Key {
    derive(
        exported,
        match sender {
            Sender::Client => b"session key to client-to-server signing key magic constant\0",
            Sender::Server => b"session key to server-to-client signing key magic constant\0",
        },
    )
}

/// The 128-bit key that seals what `sender` sends.
pub(super) fn seal_key(exported: &Key, sender: Sender) -> Key {
    derive(
        exported,
        match sender {
            Sender::Client => b"session key to client-to-server sealing key magic constant\0",
            Sender::Server => b"session key to server-to-client sealing key magic constant\0",
        },
    )
}

/// The exported key as it travels: under the key exchange key.
pub(super) fn encrypt_session_key(key_exchange: &Key, exported: &Key) -> [u8; 16] {
    let mut encrypted = **exported;
    cipher(key_exchange).apply_keystream(&mut encrypted);
    encrypted
}

pub(super) fn cipher(key: &Key) -> Cipher {
    Cipher::new((&**key).into())
}

/// HMAC-MD5 over the concatenation of `parts`.
pub(super) fn hmac_md5(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    // HMAC pads a short key with zeros to its block; done here, there is no length that could fail.
    let mut block = Zeroizing::new([0u8; 64]);
    for (slot, byte) in block.iter_mut().zip(key) {
        *slot = *byte;
    }
    let mut mac = <Hmac<Md5> as hmac::digest::KeyInit>::new((&*block).into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn derive(exported: &Key, magic: &[u8]) -> Key {
    Zeroizing::new(Md5::new().chain_update(**exported).chain_update(magic).finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::ntlm::test_vectors::{self, hex};

    #[test]
    fn the_keys_are_those_of_the_published_example() {
        let exported = Zeroizing::new(test_vectors::SESSION_KEY);
        for (key, expected) in [
            (sign_key(&exported, Sender::Client), "4788dc861b4782f35d43fd98fe1a2d39"),
            (seal_key(&exported, Sender::Client), "59f600973cc4960a25480a7c196e4c58"),
            (sign_key(&exported, Sender::Server), "d04d6f10741041d1d246d64188d7a8ad"),
            (seal_key(&exported, Sender::Server), "9355f3a957c1583d25c4c2f11e40390e"),
        ] {
            assert_eq!(key.to_vec(), hex(expected));
        }
    }

    #[test]
    fn a_cipher_is_wiped_on_drop() {
        fn is_wiped_on_drop(_: &impl zeroize::ZeroizeOnDrop) {}
        is_wiped_on_drop(&cipher(&Zeroizing::new(test_vectors::SESSION_KEY)));
    }

    #[test]
    fn the_exported_key_travels_encrypted() {
        let base = Zeroizing::new(hex("8de40ccadbc14a82f15cb0ad0de95ca3").try_into().unwrap());
        let encrypted = encrypt_session_key(&base, &Zeroizing::new(test_vectors::SESSION_KEY));
        assert_eq!(encrypted.to_vec(), hex("c5dad2544fc9799094ce1ce90bc9d03e"));
    }
}
