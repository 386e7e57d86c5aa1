//! What protects the bodies of a connection whose login stands, whatever the mechanism.

/// Message security of one connection, as the server.
pub(super) trait BodySecurity: Send {
    /// The protocol that frames of sealed bodies name.
    fn protocol(&self) -> &'static str;

    /// Whether both sides have agreed to seal.
    fn seals(&self) -> bool;

    /// Opens one message of the client; `None` if it was altered, repeated or reordered, after which the security is of
    /// no further use.
    fn open(&mut self, signature: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>>;

    /// Seals one message to the client: its signature, and its ciphertext, which is as long as the plaintext.
    fn seal(&mut self, plaintext: &[u8]) -> Option<(Vec<u8>, Vec<u8>)>;
}

/// The protocol of all that is agreed on under `Negotiate` (MS-WSMV 2.2.9.1, Encrypted Message Types).
pub(super) const SPNEGO_PROTOCOL: &str = "application/HTTP-SPNEGO-session-encrypted";
/// The protocol of Kerberos under its own name (MS-WSMV 2.2.9.1, Encrypted Message Types).
pub(super) const KERBEROS_PROTOCOL: &str = "application/HTTP-Kerberos-session-encrypted";
