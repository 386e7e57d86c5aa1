//! The server's half of SPNEGO (RFC 4178) around NTLM, the only mechanism that the simulator has of its own. The system's
//! GSS-API negotiates where Kerberos is preferred.

use der::asn1::{BitString, ContextSpecific, ContextSpecificRef, ObjectIdentifier, OctetString};
use der::{Any, Decode as _, Encode as _, Reader as _, Sequence, SliceReader, TagMode, TagNumber};

use super::ntlm::{Accepted, LoginRefused};

/// A negotiation that has begun.
#[derive(Clone, Debug)]
pub(super) struct Negotiation {
    /// The DER of the client's list, which both sides sign.
    list: Vec<u8>,
    /// Whether the client preferred another mechanism, so that it was asked to sign its list.
    is_asked_to_sign: bool,
}

/// What a client's further message carries.
#[derive(Clone, Debug, Default)]
pub(super) struct Further {
    pub(super) token: Vec<u8>,
    pub(super) mic: Option<Vec<u8>>,
}

#[derive(Clone, Debug, Sequence)]
struct Init {
    #[asn1(context_specific = "0")]
    mechanisms: Vec<ObjectIdentifier>,
    #[asn1(context_specific = "1", optional = "true")]
    flags: Option<BitString>,
    #[asn1(context_specific = "2", optional = "true")]
    token: Option<OctetString>,
    #[asn1(context_specific = "3", optional = "true")]
    mic: Option<OctetString>,
}

#[derive(Clone, Debug, Default, Sequence)]
struct Response {
    #[asn1(context_specific = "0", optional = "true")]
    state: Option<Any>,
    #[asn1(context_specific = "1", optional = "true")]
    mechanism: Option<ObjectIdentifier>,
    #[asn1(context_specific = "2", optional = "true")]
    token: Option<OctetString>,
    #[asn1(context_specific = "3", optional = "true")]
    mic: Option<OctetString>,
}

impl Negotiation {
    /// Whether the client begins a negotiation, and not a mechanism of its own accord.
    pub(super) fn is_begun_by(token: &[u8]) -> bool {
        token.first() == Some(&FRAME)
    }

    /// Reads the client's offer, with NTLM's first token if the client prefers NTLM; `None` if it offers no NTLM.
    pub(super) fn begin(token: &[u8]) -> Option<(Self, Option<Vec<u8>>)> {
        let mut reader = SliceReader::new(token).ok()?;
        der::Header::decode(&mut reader).ok()?;
        if ObjectIdentifier::decode(&mut reader).ok()? != SPNEGO {
            return None;
        }
        let offer = ContextSpecific::<Init>::decode(&mut reader).ok()?;
        let init = reader.finish(offer.value).ok()?;
        if offer.tag_number != TagNumber::N0 || !init.mechanisms.contains(&NTLM) {
            return None;
        }
        let list = init.mechanisms.to_der().ok()?;
        let token = init.token.filter(|_| init.mechanisms.first() == Some(&NTLM));
        let is_asked_to_sign = init.mechanisms.first() != Some(&NTLM);
        Some((Self { list, is_asked_to_sign }, token.map(OctetString::into_bytes)))
    }

    /// The answer that takes NTLM although the client prefers another: its first token is still to come.
    pub(super) fn choose() -> Vec<u8> {
        write(Response { mechanism: Some(NTLM), ..Response::of(REQUEST_MIC) })
    }

    /// The answer that rejects all of the offer.
    pub(super) fn reject() -> Vec<u8> {
        write(Response::of(REJECT))
    }

    /// The answer with NTLM's challenge.
    pub(super) fn challenge(challenge: &[u8]) -> Vec<u8> {
        let token = OctetString::new(challenge).ok();
        write(Response { mechanism: Some(NTLM), token, ..Response::of(INCOMPLETE) })
    }

    /// Reads a further message.
    pub(super) fn further(token: &[u8]) -> Option<Further> {
        let mut reader = SliceReader::new(token).ok()?;
        let read = ContextSpecific::<Response>::decode(&mut reader).ok()?;
        let response = reader.finish(read.value).ok()?;
        (read.tag_number == TagNumber::N1).then(|| Further {
            token: response.token.map(OctetString::into_bytes).unwrap_or_default(),
            mic: response.mic.map(OctetString::into_bytes),
        })
    }

    /// The last answer. A client signs its list if NTLM's own last message bore a MIC (MS-SPNG 3.1.5.1, mechListMIC
    /// Processing), or if it was asked to; else it may leave that, and the answer leaves it, too (RFC 4178 5).
    pub(super) fn conclude(
        &self,
        further: &Further,
        accepted: &mut Accepted,
    ) -> Result<Vec<u8>, LoginRefused> {
        let mic = match &further.mic {
            Some(mic) => {
                let answer = accepted.security.answer_to_list(&self.list, mic);
                Some(answer.ok_or(LoginRefused::WrongListMic)?)
            }
            None if accepted.bears_mic || self.is_asked_to_sign => return Err(LoginRefused::NoListMic),
            None => None,
        };
        let mic = mic.and_then(|mic| OctetString::new(mic).ok());
        Ok(write(Response { mic, ..Response::of(COMPLETED) }))
    }
}

/// Whether a first token is Kerberos' own, or an offer that prefers Kerberos.
pub(super) fn prefers_kerberos(token: &[u8]) -> bool {
    first_mechanism(token).is_some_and(|mechanism| [KERBEROS, MICROSOFT_KERBEROS].contains(&mechanism))
}

fn first_mechanism(token: &[u8]) -> Option<ObjectIdentifier> {
    let mut reader = SliceReader::new(token).ok().filter(|_| token.first() == Some(&FRAME))?;
    der::Header::decode(&mut reader).ok()?;
    let mechanism = ObjectIdentifier::decode(&mut reader).ok()?;
    if mechanism != SPNEGO {
        return Some(mechanism);
    }
    ContextSpecific::<Init>::decode(&mut reader).ok()?.value.mechanisms.first().copied()
}

impl Response {
    fn of(state: u8) -> Self {
        Self { state: Any::new(der::Tag::Enumerated, [state]).ok(), ..Self::default() }
    }
}

fn write(response: Response) -> Vec<u8> {
    let tagged =
        ContextSpecificRef { tag_number: TagNumber::N1, tag_mode: TagMode::Explicit, value: &response };
    tagged.to_der().unwrap_or_default()
}

const SPNEGO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.2");
/// Kerberos (RFC 4121, section 4.1, Initial Context Tokens), and Microsoft's number for it (MS-SPNG 3.1.5.2, mechTypes
/// Identification of Kerberos).
const KERBEROS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113554.1.2.2");
const MICROSOFT_KERBEROS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.48018.1.2.2");
const NTLM: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.2.10");

/// The first byte of a first message: `[APPLICATION 0]`.
const FRAME: u8 = 0x60;

/// The values of negState.
const COMPLETED: u8 = 0;
const INCOMPLETE: u8 = 1;
const REJECT: u8 = 2;
const REQUEST_MIC: u8 = 3;

#[cfg(test)]
mod tests {
    use super::super::ntlm::hex;
    use super::*;

    /// The wire specification's first and last messages, section 4.4; the first is cut to its frame and NTLM's token.
    const INIT: &str = "604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa22a04284e544c4d5353500001000000378208e2000000000000000000000000000000000a0000000000000f";

    #[test]
    fn an_offer_of_ntlm_is_read_with_its_token() {
        assert!(Negotiation::is_begun_by(&hex(INIT)) && !Negotiation::is_begun_by(b"NTLMSSP\0"));
        let (negotiation, token) = Negotiation::begin(&hex(INIT)).unwrap();
        assert_eq!(negotiation.list, hex("300c060a2b06010401823702020a"));
        assert_eq!(token.unwrap(), hex(INIT)[34..]);
    }

    #[test]
    fn an_offer_with_ntlm_second_or_not_at_all_gets_no_challenge() {
        let kerberos = "a0173015a00d300b06092a864886f712010202a20404027878";
        let both = "a0233021a019301706092a864886f712010202060a2b06010401823702020aa2040402";
        let framed = |inner: &str| {
            let content = [hex("06062b0601050502"), hex(inner)].concat();
            [vec![0x60, u8::try_from(content.len()).unwrap()], content].concat()
        };
        assert!(Negotiation::begin(&framed(kerberos)).is_none());
        let microsofts = kerberos.replace("a00d300b06092a864886f712010202", "a00d300b06092a864882f712010202");
        for (offer, expected) in
            [(kerberos, true), (&microsofts, true), (&format!("{both}7878"), true), ("", false)]
        {
            assert_eq!(prefers_kerberos(&framed(offer)), expected, "{offer}");
        }
        assert!(prefers_kerberos(&hex("600b06092a864886f712010202")));
        assert!(!prefers_kerberos(&hex(INIT)) && !prefers_kerberos(b"NTLMSSP\0"));
        let (_, token) = Negotiation::begin(&framed(&format!("{both}7878"))).unwrap();
        assert_eq!(token, None);
        assert_eq!(Negotiation::choose(), hex("a1153013a0030a0103a10c060a2b06010401823702020a"));
        assert_eq!(Negotiation::reject(), hex("a1073005a0030a0102"));
    }

    #[test]
    fn truncated_and_altered_messages_are_refused_without_a_panic() {
        for end in 0..hex(INIT).len() {
            assert!(Negotiation::begin(&hex(INIT)[..end]).is_none(), "{end} bytes");
        }
        let answer = Negotiation::challenge(b"challenge");
        assert_eq!(Negotiation::further(&answer).unwrap().token, b"challenge");
        for end in 0..answer.len() {
            assert!(Negotiation::further(&answer[..end]).is_none(), "{end} bytes");
        }
    }
}
