//! The server's end of NTLM's message security under a session key that the test has chosen (MS-NLMP 3.4.4, Message
//! Signature Functions): what the client's end may be given, rightly and wrongly sealed.

use hmac::{Hmac, Mac};
use md5::{Digest as _, Md5};
use pssession::auth::{AuthError, Seal, Sealed};
use rc4::consts::U16;
use rc4::{KeyInit as _, Rc4, StreamCipher as _};

pub(crate) struct ServerSeal {
    incoming: Stream,
    outgoing: Stream,
}

struct Stream {
    sign_key: [u8; 16],
    cipher: Rc4<U16>,
    number: u32,
}

impl ServerSeal {
    pub(crate) fn new(session_key: [u8; 16]) -> Self {
        let stream = |direction| Stream {
            sign_key: key(&session_key, direction, "signing"),
            cipher: Rc4::new(&key(&session_key, direction, "sealing").into()),
            number: 0,
        };
        Self { incoming: stream("client-to-server"), outgoing: stream("server-to-client") }
    }
}

impl Seal for ServerSeal {
    fn protocol(&self) -> &'static str {
        "application/HTTP-SPNEGO-session-encrypted"
    }

    fn seal(&mut self, plaintext: &[u8]) -> Result<Sealed, AuthError> {
        let mut ciphertext = plaintext.to_vec();
        self.outgoing.cipher.apply_keystream(&mut ciphertext);
        Ok(Sealed { signature: self.outgoing.sign(plaintext), ciphertext })
    }

    fn open(&mut self, signature: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, AuthError> {
        let mut text = ciphertext.to_vec();
        self.incoming.cipher.apply_keystream(&mut text);
        if self.incoming.sign(&text) == signature { Ok(text) } else { Err(AuthError::BadSeal) }
    }
}

impl Stream {
    /// The signature of the message that has just gone through the cipher: its checksum goes through it, too.
    fn sign(&mut self, plaintext: &[u8]) -> Vec<u8> {
        let number = self.number.to_le_bytes();
        self.number += 1;
        let mut mac = <Hmac<Md5> as Mac>::new_from_slice(&self.sign_key).unwrap();
        mac.update(&number);
        mac.update(plaintext);
        let mut checksum = mac.finalize().into_bytes()[..8].to_vec();
        self.cipher.apply_keystream(&mut checksum);
        [&1_u32.to_le_bytes()[..], &checksum, &number].concat()
    }
}

fn key(session_key: &[u8; 16], direction: &str, purpose: &str) -> [u8; 16] {
    let magic = format!("session key to {direction} {purpose} key magic constant\0");
    Md5::new().chain_update(session_key).chain_update(magic).finalize().into()
}
