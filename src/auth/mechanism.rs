//! What a security mechanism is to whoever carries its tokens: the initiator's side of GSS-API (RFC 2743), as far as a
//! login needs it.

use std::fmt;

use super::{AuthError, Seal, ServerNames};

/// One security context of one login. `RawToken` carries its tokens as they are, `Spnego` within a
/// negotiation; both call it in this order:
///
/// ```text
/// step(None) ─▶ Continue ─▶ step(Some) ─▶ ... ─▶ Done ─▶ mic, verify_mic: at most once each, in any order ─▶ into_seal
///                                 a 401 after a token that was the last, or that has no answer ─▶ refused
/// ```
///
/// After an error it is used up.
pub(crate) trait Mechanism: fmt::Debug + Send {
    /// Its name on the command line and in messages.
    fn name(&self) -> &'static str;

    /// The object identifiers under which a negotiation offers it, the preferred one first; in dots.
    fn oids(&self) -> &'static [&'static str];

    /// Whether the very first token is bound to the TLS channel, so that the server's certificate must be known before
    /// it is made. A carrier then asks the server once without a token.
    fn binds_first_token(&self) -> bool;

    /// The next token. `token` is the server's: `None` at the start. `certificate` is the DER of the server's TLS
    /// certificate, on HTTPS, for the channel binding.
    ///
    /// # Errors
    /// [`AuthError`]: the mechanism cannot be used here (at the start: another may be tried), or the server's token is
    /// malformed, weakens the login or proves nothing.
    fn step(&mut self, token: Option<&[u8]>, certificate: Option<&[u8]>) -> Result<Progress, AuthError>;

    /// Whether a negotiation must be protected by a mechListMIC even where its own rules leave that open (MS-SPNG
    /// 3.1.5.1, mechListMIC Processing): NTLM, once its message bears a MIC.
    fn wants_mic(&self) -> bool;

    /// Whether it can sign the list of mechanisms at all.
    fn signs(&self) -> bool {
        true
    }

    /// Signs `message`, the list of mechanisms. It uses up a sequence number; of a cipher's stream it must leave what there
    /// was before (MS-SPNG 3.3.5.1, NTLM RC4 Key State for MechListMIC and First Signed Message).
    ///
    /// # Errors
    /// [`AuthError`], if the context has no key to sign with.
    fn mic(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError>;

    /// Checks the server's signature of `message` in constant time, with the same rule for number and stream.
    ///
    /// # Errors
    /// [`AuthError::Downgrade`]: it is wrong.
    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<(), AuthError>;

    /// What the server has said of itself, bound to the context.
    fn server_names(&self) -> Option<&ServerNames> {
        None
    }

    /// What a definite no of the server's means; `token` is what came with it, which may say why.
    fn refused(&mut self, token: Option<&[u8]>) -> AuthError;

    /// The message security of the established context, for frames of this `protocol`.
    ///
    /// # Errors
    /// [`AuthError`], if the context that was agreed on cannot seal.
    fn into_seal(self: Box<Self>, protocol: &'static str) -> Result<Box<dyn Seal>, AuthError>;
}

/// What a step came to.
#[derive(Debug)]
pub(crate) enum Progress {
    /// Send this and come back with the server's token.
    Continue(Token),
    /// The context stands, as soon as this token (if any) has been sent and the server says yes.
    Done(Option<Token>),
}

/// A token to send.
pub(crate) struct Token {
    /// As it is, without anything around it.
    pub(crate) bytes: Vec<u8>,
    /// What the server can judge by it.
    pub(crate) shows: Shown,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("shows", &self.shows).finish_non_exhaustive()
    }
}

/// What of a credential a token shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Nothing: whoever does not like it has refused nobody.
    Nothing,
    #[cfg_attr(not(any(test, kerberos)), expect(dead_code, reason = "only Kerberos has tickets"))]
    /// A ticket: a no is about this server alone, and no failed logon is counted.
    Ticket,
    /// A proof of the password: a no is a failed logon of the account.
    Password,
}
