//! NTLM messages in words, without a secret: no proof, no key, no challenge.

use super::refusal::flag_names;
use super::token::{self, Authenticate};

/// The message in `token`, which may have SPNEGO around it: its name and what decides a login; `None` if there is none.
pub(in crate::simulator) fn describe(token: &[u8]) -> Option<String> {
    let begin = token.windows(token::SIGNATURE.len()).position(|window| window == token::SIGNATURE)?;
    let message = token.get(begin..)?;
    match token::message_type(message)? {
        1 => Some(format!("NEGOTIATE with flags {}", flag_names(token::negotiate_flags(message)?))),
        2 => Some(format!("CHALLENGE with flags {}", flag_names(token::challenge_flags(message)?))),
        3 => {
            let read = Authenticate::read(message)?;
            let account = match read.domain.as_str() {
                "" => read.user.clone(),
                domain => format!("{domain}\\{}", read.user),
            };
            let said = |is: bool, what: &str| if is { what.to_owned() } else { format!("no {what}") };
            Some(format!(
                "AUTHENTICATE of {account:?} with flags {}, {}, {}",
                flag_names(read.flags),
                said(read.announces_mic(), "MIC announced"),
                said(read.channel_binding().is_some(), "channel binding"),
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::hex;
    use super::*;

    #[test]
    fn a_message_is_described_in_a_negotiation_and_without_one() {
        let raw = hex("4e544c4d5353500001000000378208e2000000000000000000000000000000000a0000000000000f");
        let wrapped =
            [hex("604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa22a0428"), raw.clone()]
                .concat();
        let said = "NEGOTIATE with flags UNICODE, OEM, SIGN, SEAL, NTLM, ALWAYS_SIGN, EXTENDED_SESSIONSECURITY, \
                    VERSION, 128, KEY_EXCH, 56";
        assert_eq!(describe(&raw).as_deref(), Some(said));
        assert_eq!(describe(&wrapped).as_deref(), Some(said));
        for end in 0..raw.len() {
            let _ = describe(&raw[..end]);
        }
        assert_eq!(describe(b"Kerberos"), None);
    }
}
