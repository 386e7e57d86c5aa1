//! Bodies sealed with a Kerberos context, in WinRM's layout: one wrap token (RFC 4121, section 4.2.6.2, Wrap Tokens), of
//! which all that does not grow with the body counts as the header.

use std::fmt;

use super::system::SystemContext;
use crate::auth::{AuthError, Seal, Sealed};

/// Message security of one Kerberos connection. The first failure poisons it: the numbers have moved on, and nothing
/// that follows could be trusted.
pub(super) struct KerberosSeal<C> {
    context: C,
    protocol: &'static str,
    poisoned: bool,
    /// The number that the server's next message must bear; the first one may bear any.
    next: Option<u64>,
}

impl<C> KerberosSeal<C> {
    pub(super) fn new(context: C, protocol: &'static str) -> Self {
        Self { context, protocol, poisoned: false, next: None }
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

impl<C: SystemContext> Seal for KerberosSeal<C> {
    fn protocol(&self) -> &'static str {
        self.protocol
    }

    fn seal(&mut self, plaintext: &[u8]) -> Result<Sealed, AuthError> {
        self.guarded(|this| {
            let token = this
                .context
                .wrap(plaintext)
                .map_err(|failure| AuthError::CannotSeal { problem: failure.problem() })?;
            cut(token, plaintext.len()).ok_or(AuthError::Downgrade { what: "a session key of AES" })
        })
    }

    fn open(&mut self, signature: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, AuthError> {
        self.guarded(|this| {
            let token = [signature, ciphertext].concat();
            let number = number(&token).filter(|_| is_sealed(&token)).ok_or(AuthError::BadSeal)?;
            // Whatever the library finds, also a token out of order or seen before; SSPI looks at the order only where it
            // was asked to.
            let text = this.context.unwrap(&token).map_err(|_| AuthError::BadSeal)?;
            if this.next.is_some_and(|next| next != number) {
                return Err(AuthError::BadSeal);
            }
            this.next = Some(number.wrapping_add(1));
            Ok(text)
        })
    }
}

impl<C> fmt::Debug for KerberosSeal<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KerberosSeal").field("poisoned", &self.poisoned).finish_non_exhaustive()
    }
}

/// Cuts a wrap token for `length` bytes into header and data. GSS-API gives the order of the RFC: head, encrypted
/// confounder and data, encrypted copy of the head, checksum. What follows the head is turned to the right until all
/// that is not data stands before the data, and the head says how far; SSPI has done that already. `None` if the token is
/// no sealed one of RFC 4121, as with a session key of RC4, or has something after the data.
fn cut(mut token: Vec<u8>, length: usize) -> Option<Sealed> {
    let header = token.len().checked_sub(length)?;
    let turn = header.checked_sub(HEAD + CONFOUNDER)?;
    if !is_sealed(&token) {
        return None;
    }
    let count = u16::try_from(turn).ok()?.to_be_bytes();
    let turned = token.get_mut(RRC)?;
    if turned == [0, 0] {
        turned.copy_from_slice(&count);
        token.get_mut(HEAD..)?.rotate_right(turn);
    } else if turned != count {
        return None;
    }
    let ciphertext = token.split_off(header);
    Some(Sealed { signature: token, ciphertext })
}

/// Whether this is a wrap token of RFC 4121 that says of itself that it is encrypted. The flags are part of what the
/// checksum covers, so that the library refuses a token that lies about it.
fn is_sealed(token: &[u8]) -> bool {
    token.starts_with(&[0x05, 0x04]) && token.get(2).is_some_and(|flags| flags & SEALED != 0)
}

/// The number of a message. The checksum covers it.
fn number(token: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*token.get(NUMBER)?.first_chunk()?))
}

/// The head in clear: identifier, flags, filler, extra count, right rotation count, sequence number.
const HEAD: usize = 16;

/// Where the right rotation count stands in the head.
const RRC: std::ops::Range<usize> = 6..8;

/// Where the sequence number stands in the head.
const NUMBER: std::ops::Range<usize> = 8..16;

/// The flag that says that the token is encrypted.
const SEALED: u8 = 2;

/// The random block before the data: one block of AES, in all four encryption types.
const CONFOUNDER: usize = 16;

#[cfg(test)]
mod tests {
    use super::super::scripted::Scripted;
    use super::*;

    fn server_token(number: u8, data: &[u8]) -> Sealed {
        let mut token = token(7, data, 12);
        token[15] = number;
        cut(token, data.len()).unwrap()
    }

    #[test]
    fn messages_are_opened_in_turn_whether_the_system_looks_at_the_order_or_not() {
        let opened = |numbers: &[u8]| -> Vec<_> {
            let mut seal = KerberosSeal::new(Scripted::standing(), "protocol");
            let open = |number: &u8| {
                let sealed = server_token(*number, b"<data/>");
                seal.open(&sealed.signature, &sealed.ciphertext).map(drop)
            };
            numbers.iter().map(open).collect()
        };
        assert_eq!(opened(&[9, 10, 11]), [Ok(()), Ok(()), Ok(())]);
        let bad = || Err(AuthError::BadSeal);
        assert_eq!(opened(&[9, 9, 10]), [Ok(()), bad(), Err(AuthError::Poisoned)], "replayed");
        assert_eq!(opened(&[9, 11]), [Ok(()), bad()], "one is missing");
        assert_eq!(opened(&[9, 8]), [Ok(()), bad()], "turned back");
    }

    #[test]
    fn what_the_system_does_not_encrypt_is_not_sent() {
        for wrapped in [
            Err("The function requested is not supported"),
            Ok([&[5, 4, 6, 0xff][..], b"tail and <data/>"].concat()),
            Ok(b"<data/>".to_vec()),
        ] {
            let mut seal = KerberosSeal::new(Scripted::wrapping(wrapped.clone()), "protocol");
            let error = seal.seal(b"<data/>").unwrap_err();
            match wrapped {
                Err(words) => {
                    assert_eq!(error, AuthError::CannotSeal { problem: format!(" ({words})") });
                }
                Ok(_) => assert_eq!(error, AuthError::Downgrade { what: "a session key of AES" }),
            }
            assert_eq!(seal.seal(b"<data/>"), Err(AuthError::Poisoned));
        }
    }

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
    }

    #[test]
    fn what_the_system_has_turned_already_is_only_cut() {
        let Sealed { signature, ciphertext } = cut(token(6, b"<data/>", 12), 7).unwrap();
        let turned = [&signature[..], &ciphertext].concat();
        assert_eq!(cut(turned.clone(), 7), Some(Sealed { signature, ciphertext }));
        let padded = [&turned[..], &[0; 8]].concat();
        assert_eq!(cut(padded, 7), None, "something after the data");
    }
}
