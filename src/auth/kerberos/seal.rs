//! Bodies sealed with a Kerberos context, in WinRM's layout: one wrap token (RFC 4121, section 4.2.6.2, Wrap Tokens), of
//! which all that does not grow with the body counts as the header.

use std::fmt;

use super::gss::Context;
use crate::auth::{AuthError, Seal, Sealed};

/// Message security of one Kerberos connection. The first failure poisons it: the numbers have moved on, and nothing
/// that follows could be trusted.
pub(super) struct KerberosSeal {
    context: Context,
    protocol: &'static str,
    poisoned: bool,
}

impl KerberosSeal {
    pub(super) fn new(context: Context, protocol: &'static str) -> Self {
        Self { context, protocol, poisoned: false }
    }

    /// Runs one operation; from its first failure on, all are refused.
    fn guarded<T>(
        &mut self,
        work: impl FnOnce(&mut Context) -> Result<T, AuthError>,
    ) -> Result<T, AuthError> {
        if self.poisoned {
            return Err(AuthError::Poisoned);
        }
        let result = work(&mut self.context);
        self.poisoned = result.is_err();
        result
    }
}

impl Seal for KerberosSeal {
    fn protocol(&self) -> &'static str {
        self.protocol
    }

    fn seal(&mut self, plaintext: &[u8]) -> Result<Sealed, AuthError> {
        self.guarded(|context| {
            let token = context.wrap(plaintext).map_err(|_| AuthError::Poisoned)?;
            cut(token, plaintext.len()).ok_or(AuthError::Downgrade { what: "a session key of AES" })
        })
    }

    fn open(&mut self, signature: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, AuthError> {
        self.guarded(|context| {
            let token = [signature, ciphertext].concat();
            if !is_sealed(&token) {
                return Err(AuthError::BadSeal);
            }
            // Whatever the library finds, also a token out of order or seen before.
            context.unwrap(&token).map_err(|_| AuthError::BadSeal)
        })
    }
}

impl fmt::Debug for KerberosSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KerberosSeal").field("poisoned", &self.poisoned).finish_non_exhaustive()
    }
}

/// Cuts a wrap token for `length` bytes into header and data. The library gives the order of the RFC: head, encrypted
/// confounder and data, encrypted copy of the head, checksum. What follows the head is turned to the right until all
/// that is not data stands before the data, and the head says how far. `None` if the token is no sealed one of RFC 4121,
/// as with a session key of RC4.
fn cut(mut token: Vec<u8>, length: usize) -> Option<Sealed> {
    let header = token.len().checked_sub(length)?;
    let turn = header.checked_sub(HEAD + CONFOUNDER)?;
    if !is_sealed(&token) || token.get(RRC)? != [0, 0] {
        return None;
    }
    token.get_mut(HEAD..)?.rotate_right(turn);
    token.get_mut(RRC)?.copy_from_slice(&u16::try_from(turn).ok()?.to_be_bytes());
    let ciphertext = token.split_off(header);
    Some(Sealed { signature: token, ciphertext })
}

/// Whether this is a wrap token of RFC 4121 that says of itself that it is encrypted. The flags are part of what the
/// checksum covers, so that the library refuses a token that lies about it.
fn is_sealed(token: &[u8]) -> bool {
    token.starts_with(&[0x05, 0x04]) && token.get(2).is_some_and(|flags| flags & SEALED != 0)
}

/// The head in clear: identifier, flags, filler, extra count, right rotation count, sequence number.
const HEAD: usize = 16;

/// Where the right rotation count stands in the head.
const RRC: std::ops::Range<usize> = 6..8;

/// The flag that says that the token is encrypted.
const SEALED: u8 = 2;

/// The random block before the data: one block of AES, in all four encryption types.
const CONFOUNDER: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// A token of the shape that the library gives, with a checksum of this size.
    fn token(flags: u8, data: &[u8], checksum: usize) -> Vec<u8> {
        let head = [5, 4, flags, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
        [&head, &[b'c'; 16][..], data, &[b'h'; 16], &vec![b's'; checksum]].concat()
    }

    #[test]
    fn the_header_is_as_long_as_the_key_types_checksum_asks_for() {
        // AES with SHA-1, AES128 with SHA-256, AES256 with SHA-384.
        for (checksum, turn, header) in [(12, 28, 60), (16, 32, 64), (24, 40, 72)] {
            let sealed = cut(token(6, b"<data/>", checksum), 7).unwrap();
            assert_eq!(sealed.signature.len(), header);
            assert_eq!(sealed.signature[6..8], [0, turn]);
            assert_eq!(sealed.ciphertext, b"<data/>");
            let rest = [&[b'h'; 16][..], &vec![b's'; checksum], &[b'c'; 16]].concat();
            assert_eq!(sealed.signature[16..], rest, "the RFC's order, turned to the right");
        }
        assert_eq!(cut(token(6, b"", 12), 0).unwrap().ciphertext, b"");
    }

    #[test]
    fn what_is_not_sealed_or_not_of_rfc_4121_is_not_cut() {
        assert_eq!(cut(token(4, b"data", 12), 4), None, "signed only");
        assert_eq!(cut([&[0x60, 0x2b][..], &[6; 80]].concat(), 4), None, "RC4");
        assert_eq!(cut(token(6, b"data", 12), 100), None);
        assert_eq!(cut(vec![5, 4, 6], 3), None);
        assert_eq!(cut(Vec::new(), 0), None);
        let mut turned = token(6, b"data", 12);
        turned[7] = 28;
        assert_eq!(cut(turned, 4), None, "turned already");
    }
}
