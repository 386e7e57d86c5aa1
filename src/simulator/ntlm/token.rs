//! The three messages, read and written (MS-NLMP 2.2.1, NTLM Messages).

use super::crypto::{Key, utf16};
use crate::auth::ServerNames;

/// Flags that the service grants when they are asked for.
pub(super) const GRANTED: u32 = 0xE208_8235;
/// What the service adds: the target is a domain, and target information follows.
pub(super) const ADDED: u32 = 0x0081_0000;
/// What sealed bodies need: SEAL, EXTENDED_SESSIONSECURITY, and 128, without which Windows refuses message security since
/// Windows 7 (its setting NtlmMinServerSec).
pub(super) const DEMANDED_TO_SEAL: u32 = SEAL | EXTENDED_SESSION_SECURITY | BITS_128;

pub(super) const UNICODE: u32 = 0x1;
pub(super) const OEM: u32 = 0x2;
pub(super) const SIGN: u32 = 0x10;
pub(super) const SEAL: u32 = 0x20;
pub(super) const ALWAYS_SIGN: u32 = 0x8000;
pub(super) const EXTENDED_SESSION_SECURITY: u32 = 0x8_0000;
pub(super) const BITS_128: u32 = 0x2000_0000;
pub(super) const KEY_EXCHANGE: u32 = 0x4000_0000;
pub(super) const BITS_56: u32 = 0x8000_0000;

/// The names of flags, as MS-NLMP 2.2.2.5 writes them behind `NTLMSSP_NEGOTIATE_`.
pub(super) const NAMES: &[(u32, &str)] = &[
    (UNICODE, "UNICODE"),
    (OEM, "OEM"),
    (SIGN, "SIGN"),
    (SEAL, "SEAL"),
    (0x200, "NTLM"),
    (ALWAYS_SIGN, "ALWAYS_SIGN"),
    (EXTENDED_SESSION_SECURITY, "EXTENDED_SESSIONSECURITY"),
    (0x80_0000, "TARGET_INFO"),
    (0x200_0000, "VERSION"),
    (BITS_128, "128"),
    (KEY_EXCHANGE, "KEY_EXCH"),
    (BITS_56, "56"),
];

/// MsvAvFlags.
const AV_FLAGS: u16 = 6;
/// The bit of MsvAvFlags that says that the message bears a MIC.
const AV_FLAG_MIC: u8 = 2;
/// MsvAvChannelBindings.
const AV_CHANNEL_BINDINGS: u16 = 10;

pub(super) const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";
const VERSION: [u8; 8] = [10, 0, 0x7C, 0x4F, 0, 0, 0, 15];
/// Where the MIC lies in an AUTHENTICATE.
const MIC_AT: usize = 72;

/// What the service puts into its challenge.
#[derive(Clone, Debug)]
pub(super) struct ChallengeFields<'a> {
    pub(super) flags: u32,
    pub(super) nonce: [u8; 8],
    pub(super) names: &'a ServerNames,
    /// FILETIME: hundreds of nanoseconds since 1601.
    pub(super) time: u64,
}

/// An AUTHENTICATE, taken apart.
#[derive(Debug)]
pub(super) struct Authenticate<'t> {
    pub(super) nt_response: &'t [u8],
    pub(super) domain: String,
    pub(super) user: String,
    /// The session key, sealed with the key exchange key; without it that one is the session key.
    pub(super) sealed_key: Option<Key>,
    pub(super) flags: u32,
    /// What lies where the MIC is, if the message announces one.
    pub(super) mic: Option<Key>,
}

/// The number of an NTLM message, or `None` for anything else.
pub(super) fn message_type(token: &[u8]) -> Option<u32> {
    token.starts_with(SIGNATURE).then(|| number(token, 8)).flatten()
}

/// The flags of a NEGOTIATE.
pub(super) fn negotiate_flags(token: &[u8]) -> Option<u32> {
    number(token, 12)
}

/// The flags of a CHALLENGE.
pub(super) fn challenge_flags(token: &[u8]) -> Option<u32> {
    number(token, 20)
}

pub(super) fn write_challenge(fields: &ChallengeFields<'_>) -> Vec<u8> {
    let ServerNames { netbios_domain, netbios_computer, dns_domain, .. } = fields.names;
    let dns_computer = match netbios_domain == netbios_computer {
        true => dns_domain.clone(),
        false => format!("{}.{dns_domain}", netbios_computer.to_lowercase()),
    };
    let name = match fields.flags & UNICODE {
        0 => oem(netbios_domain),
        _ => utf16(netbios_domain),
    };
    let mut info = Vec::new();
    let names = [(2, netbios_domain), (1, netbios_computer), (4, dns_domain), (3, &dns_computer)];
    let pairs = names.into_iter().filter(|(_, name)| !name.is_empty()).map(|(id, name)| (id, utf16(name)));
    for (id, value) in pairs.chain([(7, fields.time.to_le_bytes().to_vec()), (0, Vec::new())]) {
        info.extend(u16::to_le_bytes(id));
        info.extend(length(&value).to_le_bytes());
        info.extend(value);
    }
    let mut message = SIGNATURE.to_vec();
    message.extend(2_u32.to_le_bytes());
    write_field(&mut message, &name, PAYLOAD_AT);
    message.extend(fields.flags.to_le_bytes());
    message.extend(fields.nonce);
    message.extend([0; 8]);
    write_field(&mut message, &info, PAYLOAD_AT + u32::from(length(&name)));
    message.extend(VERSION);
    message.extend(name);
    message.extend(info);
    message
}

/// Where the payload of a CHALLENGE begins.
const PAYLOAD_AT: u32 = 56;

impl<'t> Authenticate<'t> {
    pub(super) fn read(token: &'t [u8]) -> Option<Self> {
        let flags = number(token, 60)?;
        let text = |at| {
            let bytes = field(token, at)?;
            if flags & UNICODE == 0 {
                return Some(bytes.iter().copied().map(char::from).collect());
            }
            let units: Vec<u16> = bytes
                .chunks_exact(2)
                .filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)))
                .collect();
            String::from_utf16(&units).ok()
        };
        Some(Self {
            nt_response: field(token, 20)?,
            domain: text(28)?,
            user: text(36)?,
            // pyspnego sends one zero byte where it has no key to send.
            sealed_key: field(token, 52)?.try_into().ok(),
            flags,
            mic: token.get(MIC_AT..MIC_AT + 16).and_then(|mic| mic.try_into().ok()),
        })
    }

    /// Whether the client says that there is a MIC. It says so under its proof, so nobody else can take it back.
    pub(super) fn announces_mic(&self) -> bool {
        let flags = self.av_pair(AV_FLAGS).and_then(|flags| flags.first());
        flags.is_some_and(|flags| flags & AV_FLAG_MIC != 0)
    }

    /// NTProofStr, and what it was made over.
    pub(super) fn proof_and_temp(&self) -> Option<(Key, &'t [u8])> {
        let (proof, temp) = self.nt_response.split_at_checked(16)?;
        Some((proof.try_into().ok()?, temp))
    }

    /// MsvAvChannelBindings; sixteen zero bytes say the same as none at all.
    pub(super) fn channel_binding(&self) -> Option<&'t [u8]> {
        self.av_pair(AV_CHANNEL_BINDINGS).filter(|value| value.iter().any(|byte| *byte != 0))
    }

    /// One of the AV pairs that the client repeated or added.
    fn av_pair(&self, wanted: u16) -> Option<&'t [u8]> {
        // The pairs follow the proof (16), the versions (8), the time (8), the client's challenge (8) and a gap (4).
        let mut rest = self.nt_response.get(44..)?;
        loop {
            let id = u16::from_le_bytes(rest.get(..2)?.try_into().ok()?);
            let length = usize::from(u16::from_le_bytes(rest.get(2..4)?.try_into().ok()?));
            let value = rest.get(4..4 + length)?;
            match id {
                0 => return None,
                _ if id == wanted => return Some(value),
                _ => rest = rest.get(4 + length..)?,
            }
        }
    }
}

/// An AUTHENTICATE as its MIC was made over: with the MIC zeroed.
pub(super) fn without_mic(token: &[u8]) -> Vec<u8> {
    let mut message = token.to_vec();
    if let Some(mic) = message.get_mut(MIC_AT..MIC_AT + 16) {
        mic.fill(0);
    }
    message
}

/// A name in the client's code page, which nobody names: what is not Latin 1 cannot be said.
fn oem(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(character).unwrap_or(b'?')).collect()
}

fn write_field(message: &mut Vec<u8>, value: &[u8], offset: u32) {
    message.extend(length(value).to_le_bytes());
    message.extend(length(value).to_le_bytes());
    message.extend(offset.to_le_bytes());
}

fn length(value: &[u8]) -> u16 {
    u16::try_from(value.len()).unwrap_or(u16::MAX)
}

fn number(token: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(token.get(at..at + 4)?.try_into().ok()?))
}

/// The bytes that the length and offset at `at` point to; an absent field has no length and any offset.
fn field(token: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(u16::from_le_bytes(token.get(at..at + 2)?.try_into().ok()?));
    let offset = usize::try_from(number(token, at + 4)?).ok()?;
    match length {
        0 => Some(&[]),
        _ => token.get(offset..offset.checked_add(length)?),
    }
}
