//! What the system's library is to a login, whichever it is.

use std::fmt;

use super::failure::Failure;

/// One security context with one server: mutual authentication, confidentiality and integrity are asked for, delegation
/// is not.
pub(super) trait SystemContext: fmt::Debug + Send + Sized {
    /// Whether the library signs messages that it does not carry.
    const SIGNS: bool;

    /// Asks the KDC for a ticket, unless the system has one, and gives the token that shows it. `user` chooses among
    /// tickets, unless it is empty. `binding` is the application data of the channel binding. It waits for a KDC as long
    /// as the library does.
    fn begin(user: &str, spn: &str, binding: Option<Vec<u8>>) -> Result<(Self, Vec<u8>), Failure>;

    /// Takes the server's answer; a token that is to be sent in turn, if there is one.
    fn answer(&mut self, token: &[u8]) -> Result<Option<Vec<u8>>, Failure>;

    /// Whether the server has proved itself and the context stands.
    fn stands(&self) -> bool;

    /// What we asked for and did not get, in a word.
    fn lacks(&self) -> Result<Option<&'static str>, Failure>;

    /// An encrypted wrap token (RFC 4121, section 4.2.6.2, Wrap Tokens), its data not rotated, or by as much as WinRM has it.
    fn wrap(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, Failure>;

    /// Opens a wrap token.
    fn unwrap(&mut self, token: &[u8]) -> Result<Vec<u8>, Failure>;

    /// Signs `message`, where the library can.
    fn mic(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure>;

    /// Checks a signature of `message`, where the library can.
    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<(), Failure>;
}
