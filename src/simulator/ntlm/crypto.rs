//! Hashes and keys (MS-NLMP 3.3.2, NTLM v2 Authentication; 3.4, Session Security Details).

use hmac::{Hmac, Mac};
use md4::Md4;
use md5::{Digest, Md5};
use rc4::consts::U16;
use rc4::{KeyInit, Rc4, StreamCipher};

/// Sixteen bytes: a hash or a key.
pub(super) type Key = [u8; 16];

/// The two directions have keys of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    FromClient,
    FromServer,
}

/// NTOWFv2. Windows upper-cases the user one UTF-16 unit at a time, and the domain not at all.
pub(super) fn response_key(user: &str, domain: &str, password: &str) -> Key {
    let hash: Key = Md4::digest(utf16(password)).into();
    let mut name = utf16_upper(user);
    name.extend(utf16(domain));
    hmac_md5(&hash, &[&name])
}

/// NTProofStr, over the server's challenge and everything in the NT response behind the proof.
pub(super) fn proof(response_key: &Key, server_challenge: &[u8; 8], temp: &[u8]) -> Key {
    hmac_md5(response_key, &[server_challenge, temp])
}

/// The session base key, which with NTLMv2 is the key exchange key.
pub(super) fn base_key(response_key: &Key, proof: &Key) -> Key {
    hmac_md5(response_key, &[proof])
}

/// The exported session key out of what the client sent sealed with the key exchange key.
pub(super) fn exported_key(exchange_key: &Key, sealed: &Key) -> Key {
    let mut key = *sealed;
    cipher(exchange_key).apply_keystream(&mut key);
    key
}

/// The MIC over the three messages; `authenticate` has its MIC field zeroed.
pub(super) fn mic(exported: &Key, negotiate: &[u8], challenge: &[u8], authenticate: &[u8]) -> Key {
    hmac_md5(exported, &[negotiate, challenge, authenticate])
}

pub(super) fn sign_key(exported: &Key, direction: Direction) -> Key {
    let purpose: &[u8] = match direction {
        Direction::FromClient => b"session key to client-to-server signing key magic constant\0",
        Direction::FromServer => b"session key to server-to-client signing key magic constant\0",
    };
    md5(&[exported, purpose])
}

/// The seal key, out of as many bytes of the exported key as the strength that was agreed on says.
pub(super) fn seal_key(exported: &[u8], direction: Direction) -> Key {
    let purpose: &[u8] = match direction {
        Direction::FromClient => b"session key to client-to-server sealing key magic constant\0",
        Direction::FromServer => b"session key to server-to-client sealing key magic constant\0",
    };
    md5(&[exported, purpose])
}

/// What MsvAvChannelBindings must hold for a certificate hash: the MD5 of a channel bindings structure without
/// addresses (RFC 5929 4, tls-server-end-point).
pub(in crate::simulator) fn channel_binding_hash(certificate_hash: &[u8]) -> Key {
    let prefix: &[u8] = b"tls-server-end-point:";
    let length = u32::try_from(prefix.len() + certificate_hash.len()).unwrap_or(u32::MAX).to_le_bytes();
    md5(&[&[0; 16], &length, prefix, certificate_hash])
}

pub(super) fn cipher(key: &Key) -> Rc4<U16> {
    Rc4::new(key.into())
}

pub(super) fn hmac_md5(key: &Key, parts: &[&[u8]]) -> Key {
    // The inner type is named, because the RC4 trait has a constructor of the same name.
    let mut mac = match <Hmac<Md5> as Mac>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn utf16_upper(text: &str) -> Vec<u8> {
    text.chars()
        .flat_map(|character| {
            let mut upper = character.to_uppercase();
            // A mapping to several characters is none in Windows' table: `ß` stays.
            match (upper.next(), upper.next()) {
                (Some(single), None) => single,
                _ => character,
            }
            .encode_utf16(&mut [0; 2])
            .to_vec()
        })
        .flat_map(u16::to_le_bytes)
        .collect()
}

fn md5(parts: &[&[u8]]) -> Key {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::super::hex;
    use super::*;

    /// The values of MS-NLMP 4.2.4, NTLMv2 Authentication.
    #[test]
    fn the_keys_are_those_of_the_published_example() {
        let key = response_key("User", "Domain", "Password");
        assert_eq!(key.to_vec(), hex("0c868a403bfd7a93a3001ef22ef02e3f"));
        let mut temp = hex("01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000");
        temp.extend(hex("02000c0044006f006d00610069006e0001000c00530065007200760065007200"));
        temp.extend(hex("0000000000000000"));
        let challenge = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        let proof = proof(&key, &challenge, &temp);
        assert_eq!(proof.to_vec(), hex("68cd0ab851e51c96aabc927bebef6a1c"));
        let base = base_key(&key, &proof);
        assert_eq!(base.to_vec(), hex("8de40ccadbc14a82f15cb0ad0de95ca3"));
        let sealed = Key::try_from(hex("c5dad2544fc9799094ce1ce90bc9d03e")).unwrap();
        assert_eq!(exported_key(&base, &sealed), [0x55; 16]);
    }

    #[test]
    fn the_sign_and_seal_keys_are_those_of_the_published_example() {
        let exported = [0x55; 16];
        let keys =
            |direction| (sign_key(&exported, direction).to_vec(), seal_key(&exported, direction).to_vec());
        let client = (hex("4788dc861b4782f35d43fd98fe1a2d39"), hex("59f600973cc4960a25480a7c196e4c58"));
        let server = (hex("d04d6f10741041d1d246d64188d7a8ad"), hex("9355f3a957c1583d25c4c2f11e40390e"));
        assert_eq!(keys(Direction::FromClient), client);
        assert_eq!(keys(Direction::FromServer), server);
    }

    #[test]
    fn a_name_is_upper_cased_one_unit_at_a_time() {
        assert_eq!(utf16_upper("straße é"), utf16("STRAßE É"));
    }

    /// The example of the wire specification: a SHA-256 of `example-der`.
    #[test]
    fn the_channel_binding_is_the_md5_of_the_twenty_byte_form() {
        let hash = hex("be7368e0100369d11a9e760e365714a63ff18b8ddf02740ac41f1fb4593088f1");
        assert_eq!(channel_binding_hash(&hash).to_vec(), hex("7cf4aa5b365763d01042dbec1a92a874"));
    }
}
