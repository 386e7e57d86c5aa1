//! The messages of a negotiation, in DER (RFC 4178, section 4.2, Negotiation Tokens). The list of mechanisms is always
//! ours, so that NegTokenInit is only written; NegTokenResp is written and read.

use der::asn1::{ContextSpecific, ContextSpecificRef, ObjectIdentifier, OctetString};
use der::{
    Decode as _, Encode, Enumerated, Header, Reader as _, Sequence, SliceReader, Tag, TagMode, TagNumber,
};

/// How far a negotiation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumerated)]
#[asn1(type = "ENUMERATED")]
#[repr(u8)]
pub(super) enum NegState {
    AcceptCompleted = 0,
    AcceptIncomplete = 1,
    Reject = 2,
    RequestMic = 3,
}

/// Every message but the first, of either side. Any field may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Sequence)]
pub(super) struct NegTokenResp {
    #[asn1(context_specific = "0", optional = "true")]
    pub(super) neg_state: Option<NegState>,
    #[asn1(context_specific = "1", optional = "true")]
    pub(super) supported_mech: Option<ObjectIdentifier>,
    #[asn1(context_specific = "2", optional = "true")]
    pub(super) response_token: Option<OctetString>,
    #[asn1(context_specific = "3", optional = "true")]
    pub(super) mech_list_mic: Option<OctetString>,
}

/// The first message: what we can, the preferred first, and the first token of that one.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct NegTokenInit {
    #[asn1(context_specific = "0")]
    mech_types: Vec<ObjectIdentifier>,
    #[asn1(context_specific = "2", optional = "true")]
    mech_token: Option<OctetString>,
}

/// The DER of a MechTypeList, which a mechListMIC signs.
pub(super) fn mech_type_list(oids: &[ObjectIdentifier]) -> der::Result<Vec<u8>> {
    oids.to_vec().to_der()
}

/// NegTokenInit in the frame of GSS-API (RFC 2743, section 3.1, Mechanism-Independent Token Format).
pub(super) fn write_init(oids: &[ObjectIdentifier], token: &[u8]) -> der::Result<Vec<u8>> {
    let init =
        NegTokenInit { mech_types: oids.to_vec(), mech_token: Some(OctetString::new(token.to_vec())?) };
    let mut content = SPNEGO.to_der()?;
    content.extend(explicit(TagNumber::N0, &init)?);
    let mut framed = Header::new(FRAME, content.len())?.to_der()?;
    framed.extend(content);
    Ok(framed)
}

impl NegTokenResp {
    pub(super) fn write(&self) -> der::Result<Vec<u8>> {
        explicit(TagNumber::N1, self)
    }

    /// Reads a message and demands that nothing follows it.
    pub(super) fn read(bytes: &[u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(bytes)?;
        let read = ContextSpecific::<Self>::decode(&mut reader)?;
        if read.tag_number != TagNumber::N1 {
            return Err(Tag::ContextSpecific { constructed: true, number: read.tag_number }.value_error());
        }
        reader.finish(read.value)
    }
}

fn explicit<T: Encode + der::EncodeValue + der::Tagged>(
    number: TagNumber,
    value: &T,
) -> der::Result<Vec<u8>> {
    ContextSpecificRef { tag_number: number, tag_mode: TagMode::Explicit, value }.to_der()
}

/// The negotiation itself, as a mechanism.
const SPNEGO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.2");

const FRAME: Tag = Tag::Application { constructed: true, number: TagNumber::N0 };

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NTLM: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.2.10");

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).unwrap().try_into().unwrap()).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    #[test]
    fn the_first_message_is_the_published_one() {
        let negotiate =
            hex("4e544c4d5353500001000000378208e2000000000000000000000000000000000a0000000000000f");
        let expected =
            [hex("604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa22a0428"), negotiate.clone()];
        assert_eq!(write_init(&[NTLM], &negotiate).unwrap(), expected.concat());
        assert_eq!(mech_type_list(&[NTLM]).unwrap(), hex("300c060a2b06010401823702020a"));
    }

    #[test]
    fn any_subset_of_the_fields_is_read_and_written_alike() {
        let octets = |byte| Some(OctetString::new(vec![byte; 16]).unwrap());
        for choice in 0..16 {
            let has = |bit: i32| choice & bit != 0;
            let resp = NegTokenResp {
                neg_state: has(1).then_some(NegState::RequestMic),
                supported_mech: has(2).then_some(NTLM),
                response_token: if has(4) { octets(1) } else { None },
                mech_list_mic: if has(8) { octets(2) } else { None },
            };
            assert_eq!(NegTokenResp::read(&resp.write().unwrap()), Ok(resp));
        }
        let last = hex("a11b3019a0030a0100a3120410010000007dd6da05648a73ae00000000");
        let read = NegTokenResp::read(&last).unwrap();
        assert_eq!(read.neg_state, Some(NegState::AcceptCompleted));
        assert_eq!(read.write().unwrap(), last);
    }

    #[test]
    fn what_is_no_second_message_is_refused() {
        for bytes in [
            "",
            "a1",
            "4e544c4d53535000",
            // A first message, a state that does not exist, something behind it, a length without bytes, an endless one.
            "a0073005a0030a0102",
            "a1073005a0030a0104",
            "a1073005a0030a010200",
            "a1843fffffff30",
            "a1803005a0030a01020000",
        ] {
            assert!(NegTokenResp::read(&hex(bytes)).is_err(), "{bytes}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..80),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        ) {
            let _ = NegTokenResp::read(&bytes);
            let mut good = NegTokenResp {
                neg_state: Some(NegState::AcceptIncomplete),
                supported_mech: Some(NTLM),
                response_token: Some(OctetString::new(bytes).unwrap()),
                mech_list_mic: None,
            }
            .write()
            .unwrap();
            for (at, byte) in changes {
                let at = at.index(good.len());
                good[at] = byte;
            }
            let _ = NegTokenResp::read(&good);
        }
    }
}
