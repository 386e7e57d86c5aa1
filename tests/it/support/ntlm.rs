//! The least NTLM acceptor: it binds a login to its connection and judges every password alike, unseen. It does no
//! sums; what it accepts proves the plumbing, not the keys.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::raw::{Act, Response, Seen};

#[derive(Default)]
pub(crate) struct FakeNtlm {
    refuses: bool,
    authenticated: Mutex<HashSet<usize>>,
    judged: AtomicUsize,
}

impl FakeNtlm {
    pub(crate) fn accepting() -> Self {
        Self::default()
    }

    pub(crate) fn refusing() -> Self {
        Self { refuses: true, ..Self::default() }
    }

    /// How many logons were judged.
    pub(crate) fn judged(&self) -> usize {
        self.judged.load(Ordering::SeqCst)
    }

    /// Forgets the login of a connection, as a service does that restarts its authentication.
    pub(crate) fn forget(&self, connection: usize) {
        self.authenticated.lock().unwrap().remove(&connection);
    }

    /// Does the login's part, with an Identify in clear; `serve` answers what else comes on an authenticated connection.
    pub(crate) fn act(&self, seen: &Seen, serve: impl FnOnce(&Seen) -> Act) -> Act {
        let refusal = || Act::Answer(Response::new(401).header("WWW-Authenticate", "Negotiate"));
        let Some(token) = seen.header("authorization") else {
            return if !self.authenticated.lock().unwrap().contains(&seen.connection) {
                refusal()
            } else if String::from_utf8_lossy(&seen.body).contains("wsmanidentity.xsd") {
                Act::Answer(Response::soap(200, "<s:Envelope>identified</s:Envelope>"))
            } else {
                serve(seen)
            };
        };
        let token = STANDARD.decode(token.strip_prefix("Negotiate ").unwrap()).unwrap();
        // It knows no negotiation.
        if !token.starts_with(b"NTLMSSP") {
            return refusal();
        }
        match token[8] {
            1 => {
                let challenge = format!("Negotiate {}", STANDARD.encode(challenge(FLAGS)));
                Act::Answer(Response::new(401).header("WWW-Authenticate", challenge))
            }
            3 => {
                self.judged.fetch_add(1, Ordering::SeqCst);
                if self.refuses {
                    return refusal();
                }
                self.authenticated.lock().unwrap().insert(seen.connection);
                Act::Answer(Response::new(200))
            }
            other => panic!("message type {other}"),
        }
    }
}

/// What Windows answers to a client that wants to sign, seal and exchange a key.
pub(crate) const FLAGS: u32 = 0xe28a_8235;

/// MS-NLMP 2.2.1.2, CHALLENGE_MESSAGE, with a domain name and a timestamp.
pub(crate) fn challenge(flags: u32) -> Vec<u8> {
    let domain: Vec<u8> = "LAB".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut info = vec![2, 0, 6, 0];
    info.extend_from_slice(&domain);
    info.extend_from_slice(&[7, 0, 8, 0]);
    info.extend_from_slice(&0x01d9_0000_0000_0000_u64.to_le_bytes());
    info.extend_from_slice(&[0; 4]);
    let field = |length: usize, offset: usize| {
        let length = u16::try_from(length).unwrap().to_le_bytes();
        [&length[..], &length, &u32::try_from(offset).unwrap().to_le_bytes()].concat()
    };
    [
        &b"NTLMSSP\0\x02\0\0\0"[..],
        &field(domain.len(), 56),
        &flags.to_le_bytes(),
        &[0x11; 8],
        &[0; 8],
        &field(info.len(), 56 + domain.len()),
        &[10, 0, 0x63, 0x45, 0, 0, 0, 15],
        &domain,
        &info,
    ]
    .concat()
}
