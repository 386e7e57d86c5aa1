//! What the status codes of SSPI mean to us.

use super::failure::Failure;
use crate::auth::TicketError;

/// A failure in the words of the system. The words are all that there is, in the language of the system: which status they
/// stand for is found by `words_of`, which has the system's words for a status.
pub(super) fn failure(text: &str, words_of: impl Fn(i32) -> String) -> Failure {
    let means = |(code, _): &&(u32, TicketError)| {
        let words = words_of(code.cast_signed());
        // Where the system has no words for a status, the status itself stands for them.
        text.contains(&format!("0x{code:08X}")) || (!words.trim().is_empty() && text.contains(words.trim()))
    };
    let reason = STATUS.iter().find(means).map_or(TicketError::Other, |(_, reason)| *reason);
    // The name of a function says nothing to a user.
    let words = text.strip_prefix(FUNCTION).unwrap_or(text);
    Failure::new(reason, words)
}

/// What `cross_krb5` puts before the words.
const FUNCTION: &str = "ClientCtx::step failed ";

/// `SEC_E_...` of winerror.h.
const STATUS: &[(u32, TicketError)] = &[
    (0x8009_0303, TicketError::UnknownServer), // TARGET_UNKNOWN
    (0x8009_030c, TicketError::NoTicket),      // LOGON_DENIED: the KDC takes the logon no more
    (0x8009_030d, TicketError::NoTicket),      // UNKNOWN_CREDENTIALS
    (0x8009_030e, TicketError::NoTicket),      // NO_CREDENTIALS
    (0x8009_0311, TicketError::NoKdc),         // NO_AUTHENTICATING_AUTHORITY
    (0x8009_0317, TicketError::Expired),       // CONTEXT_EXPIRED
    (0x8009_0322, TicketError::Refused),       // WRONG_PRINCIPAL: the principal belongs to another account
    (0x8009_0324, TicketError::ClockSkew),     // TIME_SKEW
    (0x8009_0346, TicketError::Refused),       // BAD_BINDINGS
    (0x8009_0350, TicketError::NoKdc),         // DOWNGRADE_DETECTED: no domain controller can be reached
    (0x8009_0359, TicketError::UnknownServer), // KDC_UNABLE_TO_REFER
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A system that has words for two of them.
    fn german(code: i32) -> String {
        match code.cast_unsigned() {
            0x8009_0303 => "Das angegebene Ziel ist unbekannt oder nicht erreichbar.".to_owned(),
            0x8009_030e => "Es sind keine Anmeldeinformationen verfügbar.\r\n".to_owned(),
            _ => String::new(),
        }
    }

    #[test]
    fn a_status_is_known_by_its_words_in_the_systems_language() {
        for (text, reason, problem) in [
            (
                "ClientCtx::step failed Das angegebene Ziel ist unbekannt oder nicht erreichbar.\r\n",
                TicketError::UnknownServer,
                " (Das angegebene Ziel ist unbekannt oder nicht erreichbar.)",
            ),
            (
                "acquiring credentials: Es sind keine Anmeldeinformationen verfügbar.",
                TicketError::NoTicket,
                " (acquiring credentials: Es sind keine Anmeldeinformationen verfügbar.)",
            ),
            (
                "acquiring credentials: 0x8009030E",
                TicketError::NoTicket,
                " (acquiring credentials: 0x8009030E)",
            ),
            ("ClientCtx::step failed \r\n", TicketError::Other, ""),
            ("", TicketError::Other, ""),
        ] {
            let failure = failure(text, german);
            assert_eq!((failure.reason(), failure.problem().as_str()), (reason, problem), "{text}");
        }
    }
}
