//! What must hold of logins on both sides, whatever travels between them: called by the fuzz targets of `tests/fuzz`, and by
//! tests with their seeds and past findings. Compiled for those two only. A function that returns has found nothing
//! wrong.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::ExposeSecret as _;

use crate::auth::{Answer, AuthScheme, Challenges, Credential, LoginPolicy, NtlmOptions, Step, handshake};
use crate::simulator::fuzzing::Logins;

#[cfg(test)]
#[path = "../tests/it/support/corpus.rs"]
mod corpus;

/// Takes an input, and panics where something does not hold.
pub type Target = fn(&[u8]);

/// Each target by its name, which is also the name of its folder of inputs.
pub const TARGETS: &[(&str, Target)] = &[("login", login), ("server_login", server_login)];

const ACCOUNT: &str = "LAB\\ada";
const PASSWORD: &str = "opensesame-7";
const SOAP: &str = "application/soap+xml;charset=UTF-8";
const SEALED: &str =
    "multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"b\"";

/// More legs than any login needs.
const MAX_LEGS: usize = 16;

/// What a client sends the simulator: for each request a byte that chooses its form, and a token or a body behind its
/// length in two bytes. Nobody logs in who does not know the password.
pub fn server_login(data: &[u8]) {
    let mut rest = data;
    let mut logins = Logins::new(ACCOUNT, PASSWORD, [9; 8]);
    while let Some((form, part)) = take_part(&mut rest) {
        let token = BASE64.encode(part);
        let (status, challenges) = match form % 5 {
            0 | 1 => logins.respond(&format!("Negotiate {token}"), SOAP, b""),
            2 => logins.respond(&format!("Basic {token}"), SOAP, b""),
            3 => logins.respond("", SEALED, part),
            _ => logins.respond(&String::from_utf8_lossy(part), SOAP, part),
        };
        assert!((200..600).contains(&status), "status {status}");
        assert!(!challenges.iter().any(|offer| offer.contains(|c: char| c.is_control())), "{challenges:?}");
        // The seeds that were made with the password answer another challenge.
        assert!(!logins.is_logged_in(), "logged in without the password");
    }
}

/// A client logs in to the simulator, and something between them changes tokens: a byte that chooses the scheme, then for
/// each change the leg, where in its token, and what is to stand there. A login with a changed NTLM message never stands,
/// for the MIC covers all three (MS-NLMP 2.2.1.3); without a change it always does.
pub fn login(data: &[u8]) {
    let Some((choice, changes)) = data.split_first() else { return };
    let schemes = [AuthScheme::Negotiate, AuthScheme::Ntlm];
    let scheme = schemes.get(usize::from(choice % 2)).copied().unwrap_or_default();
    let options = NtlmOptions {
        spn: Some("HTTP/web01".to_owned()),
        seal: true,
        now: SystemTime::UNIX_EPOCH,
        client_challenge: [0xAA; 8],
        session_key: [0x55; 16],
        workstation: String::new(),
    };
    let credential = Credential::new(ACCOUNT, PASSWORD.into());
    let Ok(mut client) = handshake(scheme, &credential, LoginPolicy::default(), &options) else { return };
    let mut server = Logins::new(ACCOUNT, PASSWORD, [7; 8]);
    let mut answer: Option<(u16, Challenges)> = None;
    let mut found = Changed::No;
    for leg in 0..MAX_LEGS {
        let heard = answer.as_ref().map(|(status, challenges)| Answer {
            status: *status,
            challenges,
            server_certificate: None,
        });
        let step = match client.step(heard.as_ref()) {
            Ok(step) => step,
            Err(error) => {
                assert!(found > Changed::No, "an unchanged login fails: {error}");
                return;
            }
        };
        let Step::Send(sent) = step else {
            assert!(
                found < Changed::Message || !server.is_logged_in(),
                "a changed login stands on both sides"
            );
            assert!(found > Changed::No || server.is_logged_in(), "the client alone is logged in");
            return;
        };
        let header = sent.authorization.map(|header| header.expose_secret().to_owned()).unwrap_or_default();
        let (header, sent_changed) = changed(&header, 2 * leg, changes);
        found = found.max(sent_changed);
        let (status, challenges) = server.respond(&header, SOAP, b"");
        let challenges: Vec<_> =
            challenges.iter().map(|offer| changed(offer, 2 * leg + 1, changes)).collect();
        found = challenges.iter().fold(found, |found, (_, changed)| found.max(*changed));
        answer = Some((status, Challenges::parse(challenges.iter().map(|(offer, _)| offer.as_str()))));
    }
    panic!("the login does not end");
}

/// What of a token is changed: nothing, only what SPNEGO puts before the NTLM message, or that message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Changed {
    No,
    Wrapper,
    Message,
}

/// The value of a header with the changes for this leg made in its token.
fn changed(header: &str, leg: usize, changes: &[u8]) -> (String, Changed) {
    let Some((scheme, token)) = header.split_once(' ') else { return (header.to_owned(), Changed::No) };
    let Ok(original) = BASE64.decode(token) else { return (header.to_owned(), Changed::No) };
    let mut token = original.clone();
    for change in changes.chunks_exact(CHANGE) {
        let [at_leg, low, high, byte] = change else { continue };
        let at = usize::from(u16::from_le_bytes([*low, *high]));
        if usize::from(*at_leg) == leg
            && let Some(there) = token.get_mut(at)
        {
            *there = *byte;
        }
    }
    let message = original.windows(8).position(|window| window == b"NTLMSSP\0").unwrap_or(original.len());
    let last = token.iter().zip(&original).rposition(|(changed, original)| changed != original);
    let found = match last {
        None => Changed::No,
        Some(at) if at < message => Changed::Wrapper,
        Some(_) => Changed::Message,
    };
    (format!("{scheme} {}", BASE64.encode(token)), found)
}

/// A leg, an offset in two bytes, a byte.
const CHANGE: usize = 4;

fn take_part<'d>(rest: &mut &'d [u8]) -> Option<(u8, &'d [u8])> {
    let ([form, low, high], behind) = rest.split_first_chunk::<3>()?;
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    let (part, behind) = behind.split_at_checked(length).unwrap_or((behind, &[]));
    *rest = behind;
    Some((*form, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuzz_regressions() {
        corpus::replay(TARGETS);
    }

    #[test]
    fn a_login_that_nothing_changes_stands_with_either_scheme() {
        login(&[0]);
        login(&[1]);
    }
}
