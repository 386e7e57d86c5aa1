//! A library of a system as its script has it: it signs nothing and does not look at the order of messages, as SSPI.

use super::failure::Failure;
use super::system::SystemContext;
use crate::auth::TicketError;

#[derive(Debug)]
pub(super) struct Scripted {
    stands: bool,
    /// What a message is wrapped into; if nothing is said, the plaintext with the header that Windows puts before it.
    wrapped: Option<Result<Vec<u8>, &'static str>>,
}

impl Scripted {
    pub(super) fn standing() -> Self {
        Self { stands: true, wrapped: None }
    }

    pub(super) fn wrapping(wrapped: Result<Vec<u8>, &'static str>) -> Self {
        Self { wrapped: Some(wrapped), ..Self::standing() }
    }
}

impl SystemContext for Scripted {
    const SIGNS: bool = false;

    fn begin(user: &str, spn: &str, binding: Option<Vec<u8>>) -> Result<(Self, Vec<u8>), Failure> {
        if user == "bob" {
            return Err(Failure::new(TicketError::NoTicket, "the logon is ann@LAB.TEST"));
        }
        let token =
            [b"for ".as_slice(), spn.as_bytes(), b" ", binding.as_deref().unwrap_or_default()].concat();
        Ok((Self { stands: false, wrapped: None }, token))
    }

    fn answer(&mut self, token: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        self.stands = token == b"proof";
        if self.stands { Ok(None) } else { Err(Failure::new(TicketError::Other, "not the server")) }
    }

    fn stands(&self) -> bool {
        self.stands
    }

    fn lacks(&self) -> Result<Option<&'static str>, Failure> {
        Ok(None)
    }

    fn wrap(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, Failure> {
        match self.wrapped.clone() {
            Some(wrapped) => wrapped.map_err(|words| Failure::new(TicketError::Other, words)),
            None => {
                Ok([&[5, 4, 6, 0xff, 0, 0, 0, 28, 0, 0, 0, 0, 0, 0, 0, 1], &[0; 44][..], plaintext].concat())
            }
        }
    }

    fn unwrap(&mut self, token: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(token.to_vec())
    }

    fn mic(&mut self, _: &[u8]) -> Result<Vec<u8>, Failure> {
        Err(Failure::new(TicketError::Other, "no signatures"))
    }

    fn verify_mic(&mut self, _: &[u8], _: &[u8]) -> Result<(), Failure> {
        Err(Failure::new(TicketError::Other, "no signatures"))
    }
}
