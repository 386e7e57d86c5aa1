//! NTLM's first two messages, as far as checks look at them. Neither says anything of an account.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A CHALLENGE_MESSAGE (MS-NLMP 2.2.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NtlmChallenge {
    pub(super) flags: u32,
    pub(super) server_challenge: [u8; 8],
    /// The AV_PAIRs of the target information, in their order, with the MsvAvEOL at its end if there is one.
    pub(super) pairs: Vec<(u16, Vec<u8>)>,
}

/// What NEGOTIATE asks for: Unicode, signing, sealing, extended session security, 128 bit, key exchange, target
/// information and version.
const NEGOTIATE_FLAGS: u32 = 0xE208_8237;

/// The last AV_PAIR.
pub(super) const EOL: u16 = 0;
pub(super) const NB_COMPUTER_NAME: u16 = 1;
pub(super) const NB_DOMAIN_NAME: u16 = 2;
pub(super) const TIMESTAMP: u16 = 7;

/// The flags without which no client seals, with their names.
pub(super) const NEEDED: [(u32, &str); 6] = [
    (0x0000_0001, "UNICODE"),
    (0x0000_0010, "SIGN"),
    (0x0000_0020, "SEAL"),
    (0x0008_0000, "EXTENDED_SESSIONSECURITY"),
    (0x0080_0000, "TARGET_INFO"),
    (0x2000_0000, "128"),
];

/// A NEGOTIATE_MESSAGE (MS-NLMP 2.2.1.1).
fn negotiate() -> Vec<u8> {
    let mut message = b"NTLMSSP\0\x01\0\0\0".to_vec();
    message.extend(NEGOTIATE_FLAGS.to_le_bytes());
    message.extend([0; 16]);
    message.extend([10, 0, 0, 0, 0, 0, 0, 15]);
    message
}

/// The `Authorization` that begins NTLM without a negotiation around it.
pub(super) fn raw() -> String {
    format!("Negotiate {}", BASE64.encode(negotiate()))
}

/// The same within SPNEGO (RFC 4178 4.2.1, negTokenInit).
pub(super) fn in_spnego() -> String {
    let head = b"\x60\x48\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x3e\x30\x3c\xa0\x0e\x30\x0c\x06\x0a\x2b\x06\x01\x04\x01\
        \x82\x37\x02\x02\x0a\xa2\x2a\x04\x28";
    format!("Negotiate {}", BASE64.encode([head, negotiate().as_slice()].concat()))
}

/// A negotiation that offers one mechanism, which nobody has.
pub(super) fn unknown_mechanism() -> String {
    let token = b"\x60\x1c\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x12\x30\x10\xa0\x0e\x30\x0c\x06\x0a\x2b\x06\x01\x04\x01\
        \x82\x37\x02\x02\x63";
    format!("Negotiate {}", BASE64.encode(token))
}

pub(super) fn decode(token: &str) -> Option<Vec<u8>> {
    BASE64.decode(token).ok()
}

impl NtlmChallenge {
    /// Reads a message from where it begins.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_le_bytes(message.get(at..at + 4)?.try_into().ok()?));
        let half = |at: usize| Some(u16::from_le_bytes(message.get(at..at + 2)?.try_into().ok()?));
        if !message.starts_with(b"NTLMSSP\0") || word(8)? != 2 {
            return None;
        }
        let (length, offset) = (usize::from(half(40)?), usize::try_from(word(44)?).ok()?);
        let mut info = message.get(offset..offset.checked_add(length)?)?;
        let mut pairs = Vec::new();
        while let [a, b, c, d, rest @ ..] = info {
            let (id, length) = (u16::from_le_bytes([*a, *b]), usize::from(u16::from_le_bytes([*c, *d])));
            pairs.push((id, rest.get(..length)?.to_vec()));
            info = rest.get(length..)?;
            if id == EOL {
                break;
            }
        }
        Some(Self { flags: word(20)?, server_challenge: message.get(24..32)?.try_into().ok()?, pairs })
    }

    /// The same wherever it begins, such as in a token of SPNEGO.
    pub(super) fn find(token: &[u8]) -> Option<Self> {
        let at = token.windows(8).position(|part| part == b"NTLMSSP\0")?;
        Self::read(token.get(at..)?)
    }

    pub(super) fn pair(&self, id: u16) -> Option<&[u8]> {
        self.pairs.iter().find(|(found, _)| *found == id).map(|(_, value)| value.as_slice())
    }

    /// A name of the target information.
    pub(super) fn name(&self, id: u16) -> Option<String> {
        let units = self.pair(id)?.chunks_exact(2).map(|pair| {
            u16::from_le_bytes([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)])
        });
        Some(char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MS-NLMP 4.2.4.3, Messages.
    #[test]
    fn the_published_challenge_is_read() {
        let head = "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000\
            0600701700 00000f530065007200760065007200";
        let info = "02000c0044006f006d00610069006e0001000c00530065007200760065007200 00000000";
        let hex: String = format!("{head}{info}").split_whitespace().collect();
        let bytes: Vec<u8> = hex
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        let challenge = NtlmChallenge::find(&[b"\xa1\x81", bytes.as_slice()].concat()).unwrap();
        assert_eq!(challenge.flags, 0xE28A_8233);
        assert_eq!(challenge.server_challenge, [1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
        assert_eq!(challenge.name(NB_DOMAIN_NAME).as_deref(), Some("Domain"));
        assert_eq!(challenge.name(NB_COMPUTER_NAME).as_deref(), Some("Server"));
        assert_eq!(challenge.pairs.last(), Some(&(EOL, Vec::new())));
        assert_eq!(NtlmChallenge::read(&bytes[..60]), None);
    }

    #[test]
    fn a_negotiation_is_as_long_as_it_says() {
        for value in [in_spnego(), unknown_mechanism()] {
            let token = decode(value.strip_prefix("Negotiate ").unwrap()).unwrap();
            assert_eq!(usize::from(token[1]) + 2, token.len());
        }
    }
}
