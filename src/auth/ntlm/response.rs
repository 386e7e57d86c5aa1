//! The NTLMv2 sums (MS-NLMP 3.3.2, NTLM v2 Authentication). `ntlmclient` has them too, but draws its client challenge
//! itself, so that no example could check it, and upper-cases a name with the full Unicode mapping.

use md4::{Digest as _, Md4};
use zeroize::Zeroizing;

use super::keys::{Key, hmac_md5};

/// What the client proves its password with.
pub(super) struct Response {
    /// The LMv2 response, 24 bytes.
    pub(super) lm: [u8; 24],
    /// The NTLMv2 response: NTProofStr and what it covers.
    pub(super) nt: Vec<u8>,
    /// The session base key, which for NTLMv2 is also the key exchange key.
    pub(super) session_base_key: Key,
}

/// What goes into a response besides the password's key.
pub(super) struct Inputs<'a> {
    pub(super) server_challenge: [u8; 8],
    pub(super) client_challenge: [u8; 8],
    /// A FILETIME, as bytes of the message.
    pub(super) time: [u8; 8],
    /// The client's target information, with its end marker.
    pub(super) target_info: &'a [u8],
    /// Whether the time is the server's own: then the LM response is left empty.
    pub(super) time_is_the_servers: bool,
}

/// Computes both responses and the session base key.
pub(super) fn respond(ntowf: &Key, inputs: &Inputs<'_>) -> Response {
    let mut temp = Vec::with_capacity(TEMP_OVERHEAD + inputs.target_info.len());
    temp.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0]);
    temp.extend_from_slice(&inputs.time);
    temp.extend_from_slice(&inputs.client_challenge);
    temp.extend_from_slice(&[0; 4]);
    temp.extend_from_slice(inputs.target_info);
    temp.extend_from_slice(&[0; 4]);

    let proof = hmac_md5(ntowf, &[&inputs.server_challenge, &temp]);
    let mut lm = [0; 24];
    if !inputs.time_is_the_servers {
        let mac = hmac_md5(ntowf, &[&inputs.server_challenge, &inputs.client_challenge]);
        lm[..16].copy_from_slice(&mac);
        lm[16..].copy_from_slice(&inputs.client_challenge);
    }
    let mut nt = Vec::with_capacity(proof.len() + temp.len());
    nt.extend_from_slice(&proof);
    nt.append(&mut temp);
    Response { lm, nt, session_base_key: Zeroizing::new(hmac_md5(ntowf, &[&proof])) }
}

/// NTOWFv2: the key that stands for the password of this user in this domain.
pub(super) fn ntowf_v2(password: &str, user: &str, domain: &str) -> Key {
    let password = Zeroizing::new(utf16_bytes(password.encode_utf16()));
    let hash: Key = Zeroizing::new(Md4::digest(&*password).into());
    let user = utf16_bytes(user.encode_utf16().map(upper_unit));
    Zeroizing::new(hmac_md5(&hash, &[&user, &utf16_bytes(domain.encode_utf16())]))
}

fn utf16_bytes(units: impl Iterator<Item = u16> + Clone) -> Vec<u8> {
    // Counted first: a buffer that grows would leave copies of a password behind.
    let mut bytes = Vec::with_capacity(2 * units.clone().count());
    units.for_each(|unit| bytes.extend_from_slice(&unit.to_le_bytes()));
    bytes
}

/// Upper-cases one UTF-16 unit to one unit, as Windows does: `ß` stays, and so do `ı` and `ſ`, which Unicode would
/// turn into ASCII letters.
fn upper_unit(unit: u16) -> u16 {
    let Some(letter) = char::from_u32(unit.into()) else { return unit };
    let mut upper = letter.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) if letter.is_ascii() || !one.is_ascii() => {
            u16::try_from(u32::from(one)).unwrap_or(unit)
        }
        _ => unit,
    }
}

/// The bytes of an NTLMv2 response besides NTProofStr and the target information.
const TEMP_OVERHEAD: usize = 32;

/// The bytes of an NTLMv2 response besides the target information.
pub(super) const RESPONSE_OVERHEAD: usize = 16 + TEMP_OVERHEAD;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::ntlm::test_vectors::{self, hex};

    #[test]
    fn the_sums_are_those_of_the_published_example() {
        let password = utf16_bytes("Password".encode_utf16());
        assert_eq!(Md4::digest(password).to_vec(), hex("a4f49c406510bdcab6824ee7c30fd852"));

        let key = ntowf_v2("Password", "User", "Domain");
        assert_eq!(key.to_vec(), hex("0c868a403bfd7a93a3001ef22ef02e3f"));

        let target_info = hex("02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000");
        let response = respond(
            &key,
            &Inputs {
                server_challenge: test_vectors::SERVER_CHALLENGE,
                client_challenge: test_vectors::CLIENT_CHALLENGE,
                time: [0; 8],
                target_info: &target_info,
                time_is_the_servers: false,
            },
        );
        assert_eq!(response.nt[..16].to_vec(), hex("68cd0ab851e51c96aabc927bebef6a1c"));
        assert_eq!(response.nt.len(), RESPONSE_OVERHEAD + target_info.len());
        assert_eq!(response.session_base_key.to_vec(), hex("8de40ccadbc14a82f15cb0ad0de95ca3"));
        // MS-NLMP 4.2.4.2.1, LMv2 Response.
        assert_eq!(response.lm.to_vec(), hex("86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa"));
    }

    #[test]
    fn a_user_in_another_case_has_the_same_key_and_a_domain_has_not() {
        let key = |user, domain| ntowf_v2("Password", user, domain);
        assert_eq!(key("uSER", "Domain"), key("User", "Domain"));
        assert_eq!(key("m\u{fc}ller", ""), key("M\u{dc}LLER", ""));
        assert_ne!(key("User", "DOMAIN"), key("User", "Domain"));
    }

    #[test]
    fn a_name_is_upper_cased_unit_by_unit() {
        let upper = |text: &str| {
            String::from_utf16(&text.encode_utf16().map(upper_unit).collect::<Vec<_>>()).unwrap()
        };
        for (name, expected) in [
            ("stra\u{df}e", "STRA\u{df}E"),
            ("\u{3ba}\u{3ce}\u{3c3}\u{3c4}\u{3b1}\u{3c2}", "\u{39a}\u{38f}\u{3a3}\u{3a4}\u{391}\u{3a3}"),
            ("\u{fb01}x", "\u{fb01}X"),
            ("\u{131}\u{17f}", "\u{131}\u{17f}"),
            ("\u{ff}\u{1f600}\u{10428}", "\u{178}\u{1f600}\u{10428}"),
        ] {
            assert_eq!(upper(name), expected);
        }
    }
}
