//! The three messages (MS-NLMP 2.2.1, NTLM Messages) over the codec of `ntlmclient`, which knows neither the MIC nor a
//! challenge without a version.

use ntlmclient::{
    AuthenticateMessage, ChallengeMessage, Flags, Message, NegotiateMessage, OsVersion, TargetInfoEntry,
    TargetInfoType,
};

use super::keys::{Key, hmac_md5};
use super::{SCHEME, malformed};
use crate::auth::{AuthError, ServerNames};

/// The first message: our wishes, no names.
pub(super) fn negotiate() -> Result<Vec<u8>, AuthError> {
    let mut message = encode(&Message::Negotiate(NegotiateMessage {
        flags: WANTED,
        supplied_domain: String::new(),
        supplied_workstation: String::new(),
        os_version: VERSION,
    }))?;
    // The codec lets the empty fields point to the end; the example of the tests has zeros.
    if let Some(name_fields) = message.get_mut(16..32) {
        name_fields.fill(0);
    }
    Ok(message)
}

/// The server's challenge, as far as we need it.
pub(super) struct Challenge {
    flags: Flags,
    pub(super) server_challenge: [u8; 8],
    /// Up to its end marker, without it.
    target_info: Vec<TargetInfoEntry>,
    /// `MsvAvTimestamp`, a FILETIME.
    pub(super) timestamp: Option<[u8; 8]>,
    /// The bytes as received, for the MIC.
    raw: Vec<u8>,
}

impl Challenge {
    /// Reads a challenge and refuses one that would weaken the login.
    pub(super) fn read(raw: &[u8], seal: bool) -> Result<Self, AuthError> {
        if raw.len() < SHORTEST_CHALLENGE || raw.get(..12) != Some(CHALLENGE_START) {
            return Err(malformed("it is not an NTLM challenge"));
        }
        let mut padded = raw.to_vec();
        padded.resize(raw.len().max(CHALLENGE_HEADER), 0);
        // Nobody needs the target's name; its field is emptied, so that a strange one cannot fail the message.
        if let Some(name_field) = padded.get_mut(12..20) {
            name_field.fill(0);
        }
        let flags = raw.get(20..24).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
        refuse_downgrade(Flags::from_bits_retain(flags), seal)?;
        match Message::try_from(padded.as_slice()) {
            Ok(Message::Challenge(message)) => Self::take(message, raw),
            Ok(_) => Err(malformed("it is not an NTLM challenge")),
            Err(error) => Err(malformed(error.to_string())),
        }
    }

    fn take(message: ChallengeMessage, raw: &[u8]) -> Result<Self, AuthError> {
        let mut target_info = message.target_information;
        if let Some(end) = target_info.iter().position(|pair| pair.entry_type == TargetInfoType::Terminator) {
            target_info.truncate(end);
        }
        if target_info.is_empty() {
            return Err(AuthError::Downgrade { what: "the target information" });
        }
        let timestamp = value(&target_info, TargetInfoType::Timestamp)?;
        Ok(Self {
            flags: message.flags,
            server_challenge: message.challenge,
            target_info,
            timestamp,
            raw: raw.to_vec(),
        })
    }

    /// The client's target information: the server's pairs, and what the client adds or replaces, with the end marker.
    pub(super) fn client_target_info(
        &self,
        spn: Option<&str>,
        binding: Option<[u8; 16]>,
    ) -> Result<Vec<u8>, AuthError> {
        let flags = u32::from_le_bytes(value(&self.target_info, TargetInfoType::Flags)?.unwrap_or_default());
        let kept = self.target_info.iter().filter(|pair| !OURS.contains(&pair.entry_type)).cloned();
        let mut pairs: Vec<TargetInfoEntry> = kept.collect();
        let mut add =
            |entry_type, data: &[u8]| pairs.push(TargetInfoEntry { entry_type, data: data.to_vec() });
        if self.timestamp.is_some() {
            add(TargetInfoType::Flags, &(flags | MIC_IS_PRESENT).to_le_bytes());
        } else if flags != 0 {
            add(TargetInfoType::Flags, &flags.to_le_bytes());
        }
        if let Some(binding) = binding {
            add(TargetInfoType::ChannelBindings, &binding);
        }
        if let Some(spn) = spn {
            pairs.push(TargetInfoEntry::from_string(TargetInfoType::TargetName, spn));
        }
        pairs.push(TargetInfoEntry { entry_type: TargetInfoType::Terminator, data: Vec::new() });
        Ok(pairs.iter().flat_map(TargetInfoEntry::to_bytes).collect())
    }

    /// What the server says of itself.
    pub(super) fn server_names(&self) -> ServerNames {
        let name = |entry_type| {
            let pair = self.target_info.iter().find(|pair| pair.entry_type == entry_type);
            pair.and_then(|pair| pair.to_string().ok()).unwrap_or_default()
        };
        ServerNames {
            netbios_domain: name(TargetInfoType::NtDomain),
            netbios_computer: name(TargetInfoType::NtServer),
            dns_domain: name(TargetInfoType::DnsDomain),
            realm: String::new(),
        }
    }

    /// Whether the client chooses the session key.
    pub(super) fn exchanges_keys(&self) -> bool {
        self.flags.contains(Flags::NEGOTIATE_KEY_EXCHANGE)
    }

    /// The flags of our answer: the challenge's, as far as we know what they mean.
    pub(super) fn answer_flags(&self) -> Flags {
        self.flags & ECHOED | Flags::NEGOTIATE_VERSION
    }
}

/// What the last message carries.
pub(super) struct Proof<'a> {
    pub(super) lm: &'a [u8],
    pub(super) nt: Vec<u8>,
    pub(super) domain: String,
    pub(super) user: String,
    pub(super) workstation: String,
    pub(super) encrypted_session_key: Vec<u8>,
}

/// The last message, with its MIC where the challenge has a timestamp.
pub(super) fn authenticate(
    negotiate: &[u8],
    challenge: &Challenge,
    proof: Proof<'_>,
    exported: &Key,
) -> Result<Vec<u8>, AuthError> {
    let mut message = encode(&Message::Authenticate(AuthenticateMessage {
        lm_response: proof.lm.to_vec(),
        ntlm_response: proof.nt,
        domain_name: proof.domain,
        user_name: proof.user,
        workstation_name: proof.workstation,
        session_key: proof.encrypted_session_key,
        flags: challenge.answer_flags(),
        os_version: VERSION,
    }))?;
    make_room_for_the_mic(&mut message);
    if challenge.timestamp.is_some() {
        let mic = hmac_md5(exported, &[negotiate, &challenge.raw, &message]);
        if let Some(field) = message.get_mut(MIC_AT..MIC_AT + 16) {
            field.copy_from_slice(&mic);
        }
    }
    Ok(message)
}

/// Inserts the empty MIC field before the payload, and moves the six offsets that point behind it.
fn make_room_for_the_mic(message: &mut Vec<u8>) {
    let payload = message.split_off(MIC_AT.min(message.len()));
    for field in message.get_mut(12..60).unwrap_or_default().chunks_exact_mut(8) {
        if let Some(offset) = field.last_chunk_mut::<4>() {
            *offset = u32::from_le_bytes(*offset).saturating_add(16).to_le_bytes();
        }
    }
    message.extend_from_slice(&[0; 16]);
    message.extend_from_slice(&payload);
}

fn refuse_downgrade(flags: Flags, seal: bool) -> Result<(), AuthError> {
    let always: &[_] = &[
        (Flags::NEGOTIATE_UNICODE, "UNICODE"),
        (Flags::NEGOTIATE_NTLM2_KEY, "EXTENDED_SESSIONSECURITY"),
        (Flags::NEGOTIATE_TARGET_INFO, "TARGET_INFO"),
    ];
    let sealing: &[_] = &[
        (Flags::NEGOTIATE_SIGN, "SIGN"),
        (Flags::NEGOTIATE_SEAL, "SEAL"),
        (Flags::NEGOTIATE_128BIT, "128"),
        (Flags::NEGOTIATE_KEY_EXCHANGE, "KEY_EXCH"),
    ];
    let needed = always.iter().chain(if seal { sealing } else { &[] });
    match needed.copied().find(|(flag, _)| !flags.contains(*flag)) {
        Some((_, what)) => Err(AuthError::Downgrade { what }),
        None => Ok(()),
    }
}

/// The value of a pair whose length is fixed.
fn value<const N: usize>(
    pairs: &[TargetInfoEntry],
    entry_type: TargetInfoType,
) -> Result<Option<[u8; N]>, AuthError> {
    let Some(pair) = pairs.iter().find(|pair| pair.entry_type == entry_type) else { return Ok(None) };
    match pair.data.as_slice().try_into() {
        Ok(data) => Ok(Some(data)),
        Err(_) => Err(malformed("the flags or the timestamp of its target information have a wrong length")),
    }
}

fn encode(message: &Message) -> Result<Vec<u8>, AuthError> {
    // The codec fails on text that the OEM code page lacks; we always choose UNICODE.
    message.to_bytes().map_err(|error| AuthError::Malformed {
        scheme: SCHEME,
        problem: format!("cannot be answered: {error}"),
    })
}

/// What the client asks for: 0xE2088237.
const WANTED: Flags = Flags::NEGOTIATE_UNICODE
    .union(Flags::NEGOTIATE_OEM)
    .union(Flags::REQUEST_TARGET)
    .union(Flags::NEGOTIATE_SIGN)
    .union(Flags::NEGOTIATE_SEAL)
    .union(Flags::NEGOTIATE_NTLM)
    .union(Flags::NEGOTIATE_ALWAYS_SIGN)
    .union(Flags::NEGOTIATE_NTLM2_KEY)
    .union(Flags::NEGOTIATE_VERSION)
    .union(Flags::NEGOTIATE_128BIT)
    .union(Flags::NEGOTIATE_KEY_EXCHANGE)
    .union(Flags::NEGOTIATE_56BIT);

/// What of the challenge's flags goes back: our wishes, and what the server says about itself. Not OEM, since UNICODE
/// was taken.
const ECHOED: Flags = WANTED
    .difference(Flags::NEGOTIATE_OEM)
    .union(Flags::TARGET_TYPE_DOMAIN)
    .union(Flags::TARGET_TYPE_SERVER)
    .union(Flags::NEGOTIATE_TARGET_INFO);

/// The pairs that the client sets itself; a server has no business to.
const OURS: [TargetInfoType; 3] =
    [TargetInfoType::Flags, TargetInfoType::ChannelBindings, TargetInfoType::TargetName];

/// The bit of `MsvAvFlags` that announces a MIC.
const MIC_IS_PRESENT: u32 = 2;

/// The revision is what matters; some servers refuse a message without a version.
const VERSION: OsVersion =
    OsVersion { major_version: 10, minor_version: 0, build_number: 0, reserved: [0; 3], ntlm_revision: 15 };

const CHALLENGE_START: &[u8] = b"NTLMSSP\0\x02\0\0\0";

/// A challenge's header up to the target information's field.
const SHORTEST_CHALLENGE: usize = 48;

/// A challenge's header with its version, which old servers leave out and the codec insists on.
const CHALLENGE_HEADER: usize = 56;

/// Where the MIC is, in a message with a version.
const MIC_AT: usize = 72;
