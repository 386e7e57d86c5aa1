//! What an NTLM login needs besides the credential.

use std::fmt;
use std::time::SystemTime;

use zeroize::ZeroizeOnDrop;

/// What an NTLM login needs besides the credential. The caller draws the random parts, afresh for each login; they
/// are wiped on drop.
#[derive(Clone, ZeroizeOnDrop)]
pub struct NtlmOptions {
    /// The service principal for `MsvAvTargetName`, such as `HTTP/win01.example.com`.
    #[zeroize(skip)]
    pub spn: Option<String>,
    /// The name of the machine that logs in, such as `CLIENT1`; accounts can be restricted to some
    /// (`userWorkstations`). Empty sends none.
    #[zeroize(skip)]
    pub workstation: String,
    /// Whether bodies are sealed (plain HTTP), so that a challenge without sealing is refused.
    #[zeroize(skip)]
    pub seal: bool,
    /// The time to use when the challenge has no timestamp.
    #[zeroize(skip)]
    pub now: SystemTime,
    /// The client challenge: eight random bytes.
    pub client_challenge: [u8; 8],
    /// The exported session key: sixteen random bytes.
    pub session_key: [u8; 16],
}

impl fmt::Debug for NtlmOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NtlmOptions")
            .field("spn", &self.spn)
            .field("workstation", &self.workstation)
            .field("seal", &self.seal)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_random_parts_are_wiped_and_never_shown() {
        let options = NtlmOptions {
            spn: None,
            workstation: String::new(),
            seal: true,
            now: SystemTime::UNIX_EPOCH,
            client_challenge: [173; 8],
            session_key: [179; 16],
        };
        fn is_wiped_on_drop(_: &impl ZeroizeOnDrop) {}
        is_wiped_on_drop(&options);
        let shown = format!("{options:?}");
        assert!(!shown.contains("173") && !shown.contains("179"), "{shown}");
    }
}
