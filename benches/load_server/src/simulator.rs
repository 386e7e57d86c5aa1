//! The simulator's own NTLM and SPNEGO, compiled here from its files, and one login on one connection made of them.

#[allow(dead_code, unused_imports, reason = "more than a login without TLS needs")]
#[path = "../../../src/simulator/ntlm/mod.rs"]
mod ntlm;
#[allow(dead_code, reason = "more than a login without TLS needs")]
#[path = "../../../src/simulator/spnego.rs"]
mod spnego;

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ntlm::{Acceptor, Demands, Entropy, MessageSecurity};
use spnego::{Further, Negotiation};

use crate::auth::ServerNames;

/// From 1601, where FILETIME begins, to 1970, in seconds.
const FILETIME_EPOCH: u64 = 11_644_473_600;

/// One connection's login.
#[derive(Debug, Default)]
pub struct Login(State);

/// How far it has come.
#[derive(Debug, Default)]
enum State {
    #[default]
    None,
    /// NTLM is agreed on, and its first token is to come.
    Agreed(Box<Negotiation>),
    Challenged(Box<(Acceptor, Option<Negotiation>)>),
    Standing(Box<MessageSecurity>),
}

/// What a token led to: the header line for the answer.
#[derive(Debug)]
pub enum Step {
    /// 401 with this token.
    Continue(Vec<u8>),
    /// The login stands; the answer bears this token.
    Accepted(Vec<u8>),
    Refused,
}

/// The one account.
#[derive(Clone, Debug)]
pub struct Account {
    pub domain: String,
    pub name: String,
    pub password: String,
}

impl Login {
    pub fn stands(&self) -> bool {
        matches!(self.0, State::Standing(_))
    }

    /// Takes what stands behind `Negotiate` in a request.
    pub fn step(&mut self, value: &[u8], account: &Account, names: &ServerNames) -> Step {
        let Ok(token) = BASE64.decode(value) else { return Step::Refused };
        match std::mem::take(&mut self.0) {
            State::Challenged(challenged) => self.judge(&challenged, &token, account),
            State::Agreed(negotiation) => {
                let further = Negotiation::further(&token).unwrap_or_default();
                self.challenge(Some(*negotiation), &further.token, names)
            }
            _ if Negotiation::is_begun_by(&token) => match Negotiation::begin(&token) {
                Some((negotiation, Some(token))) => self.challenge(Some(negotiation), &token, names),
                Some((negotiation, None)) => {
                    self.0 = State::Agreed(Box::new(negotiation));
                    Step::Continue(line(&Negotiation::choose()))
                }
                None => Step::Continue(line(&Negotiation::reject())),
            },
            _ => self.challenge(None, &token, names),
        }
    }

    fn challenge(&mut self, negotiation: Option<Negotiation>, token: &[u8], names: &ServerNames) -> Step {
        let mut nonce = [0; 8];
        if getrandom::fill(&mut nonce).is_err() {
            return Step::Refused;
        }
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = (FILETIME_EPOCH + since_1970.as_secs()) * 10_000_000;
        let Ok(acceptor) = Acceptor::challenge(token, names, Entropy { nonce, time }) else {
            return Step::Refused;
        };
        let answer = match &negotiation {
            Some(_) => line(&Negotiation::challenge(acceptor.token())),
            None => line(acceptor.token()),
        };
        self.0 = State::Challenged(Box::new((acceptor, negotiation)));
        Step::Continue(answer)
    }

    fn judge(
        &mut self,
        (acceptor, negotiation): &(Acceptor, Option<Negotiation>),
        token: &[u8],
        account: &Account,
    ) -> Step {
        let further = match negotiation {
            Some(_) => Negotiation::further(token).unwrap_or_default(),
            None => Further { token: token.to_vec(), ..Further::default() },
        };
        let find = |domain: &str, user: &str| {
            let is_meant = user.eq_ignore_ascii_case(&account.name)
                && (domain.is_empty() || domain.eq_ignore_ascii_case(&account.domain));
            is_meant.then_some((0, account.password.as_str()))
        };
        let demands = Demands { sealing: true, binding: None, may_be_unbound: true };
        let Ok(mut accepted) = acceptor.judge(&further.token, find, demands) else { return Step::Refused };
        let last = match negotiation {
            Some(negotiation) => match negotiation.conclude(&further, &mut accepted) {
                Ok(last) => line(&last),
                Err(_) => return Step::Refused,
            },
            None => Vec::new(),
        };
        self.0 = State::Standing(Box::new(accepted.security));
        Step::Accepted(last)
    }

    /// Opens a sealed body; `None` if it is none, after which the login is of no further use.
    pub fn open(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        let State::Standing(security) = &mut self.0 else { return None };
        let (signature, ciphertext) = parts(body)?;
        security.open(signature, ciphertext)
    }

    /// Writes the frame of a sealed answer.
    pub fn seal(&mut self, out: &mut Vec<u8>, plaintext: &[u8]) {
        let State::Standing(security) = &mut self.0 else { return };
        let (signature, ciphertext) = security.seal(plaintext);
        out.extend_from_slice(FRAME_BEGIN);
        out.extend_from_slice(plaintext.len().to_string().as_bytes());
        out.extend_from_slice(FRAME_MIDDLE);
        out.extend_from_slice(&[16, 0, 0, 0]);
        out.extend_from_slice(&signature);
        out.extend_from_slice(&ciphertext);
        out.extend_from_slice(FRAME_END);
    }
}

/// The header line of a sealed answer.
pub const SEALED_TYPE: &[u8] = b"Content-Type: multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\"\r\n";

const FRAME_BEGIN: &[u8] = b"--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=";
const FRAME_MIDDLE: &[u8] = b"\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n";
const FRAME_END: &[u8] = b"--Encrypted Boundary--\r\n";

/// The signature and the ciphertext of a body with one pair of parts, which is all that NTLM clients send.
fn parts(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let announced = memchr::memmem::find(body, b"Length=")? + 7;
    let end = announced + memchr::memchr(b'\r', &body[announced..])?;
    let length: usize = std::str::from_utf8(&body[announced..end]).ok()?.trim().parse().ok()?;
    let binary = &body[end..];
    let binary = &binary[memchr::memmem::find(binary, b"octet-stream\r\n")? + 14..];
    let signature = binary.get(4..20).filter(|_| binary[..4] == [16, 0, 0, 0])?;
    let ciphertext = binary.get(20..20 + length)?;
    let rest = &binary[20 + length..];
    (rest.starts_with(b"--") && rest.trim_ascii_end().ends_with(b"--")).then_some((signature, ciphertext))
}

/// `WWW-Authenticate` with a token.
fn line(token: &[u8]) -> Vec<u8> {
    format!("WWW-Authenticate: Negotiate {}\r\n", BASE64.encode(token)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{FRAME_END, parts};

    #[test]
    fn a_frame_has_its_signature_and_its_ciphertext() {
        let text = b"--Encrypted Boundary\r\nContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\
            OriginalContent: type=application/soap+xml;charset=UTF-8;Length=4\r\n--Encrypted Boundary\r\n\
            Content-Type: application/octet-stream\r\n\x10\0\0\0sixteen bytes...abcd--Encrypted Boundary--\r\n";
        assert_eq!(parts(text), Some((&b"sixteen bytes..."[..], &b"abcd"[..])));
        for end in 0..text.len() - FRAME_END.len() {
            assert_eq!(parts(&text[..end]), None, "{end} bytes");
        }
    }
}
