//! What the status codes of GSS-API and of MIT's Kerberos library mean to us.

use super::failure::Failure;
use crate::auth::TicketError;

/// A failure with the major status (RFC 2744, section 3.9.1, GSS Status Codes), the minor one, which is a code of the Kerberos
/// library, and both in the library's words.
pub(super) fn failure(major: u32, minor: u32, text: &str) -> Failure {
    Failure::new(reason(major, minor), words(text))
}

/// The kind of trouble. The minor status says more, where it is one of [`MINOR`].
fn reason(major: u32, minor: u32) -> TicketError {
    let minor = minor.cast_signed();
    if let Some((_, reason)) = MINOR.iter().find(|(code, _)| KRB5.checked_add(*code) == Some(minor)) {
        return *reason;
    }
    match (major >> 16) & 0xff {
        NO_CRED | DEFECTIVE_CREDENTIAL => TicketError::NoTicket,
        CREDENTIALS_EXPIRED | CONTEXT_EXPIRED => TicketError::Expired,
        _ => TicketError::Other,
    }
}

/// The library's words without the empty phrase that they begin with.
fn words(text: &str) -> &str {
    let text = text.trim();
    let (major, minor) = text.split_once(" (").unwrap_or((text, ""));
    let minor = minor.strip_suffix(')').unwrap_or(minor).trim();
    if minor.is_empty() { major } else { minor }
}

/// The first code of the Kerberos library; those of RFC 4120 (section 7.5.9, Error Codes) follow by their numbers.
const KRB5: i32 = -1_765_328_384;

const NO_CRED: u32 = 7;
const DEFECTIVE_CREDENTIAL: u32 = 10;
const CREDENTIALS_EXPIRED: u32 = 11;
const CONTEXT_EXPIRED: u32 = 12;

/// Codes from [`KRB5`] on; above 127 they are the library's own (krb5.h).
const MINOR: &[(i32, TicketError)] = &[
    (6, TicketError::NoTicket), // KDC_ERR_C_PRINCIPAL_UNKNOWN, from a keytab's login
    (7, TicketError::UnknownServer), // KDC_ERR_S_PRINCIPAL_UNKNOWN
    (32, TicketError::Expired), // KRB_AP_ERR_TKT_EXPIRED
    (33, TicketError::ClockSkew), // KRB_AP_ERR_TKT_NYV: not yet valid
    (37, TicketError::ClockSkew), // KRB_AP_ERR_SKEW
    (35, TicketError::Refused), // KRB_AP_ERR_NOT_US
    (41, TicketError::Refused), // KRB_AP_ERR_MODIFIED: the principal belongs to another account
    (45, TicketError::Refused), // KRB_AP_ERR_NOKEY
    (135, TicketError::NoKdc),  // KRB5_CONFIG_CANTOPEN
    (141, TicketError::NoTicket), // KRB5_CC_NOTFOUND
    (144, TicketError::Refused), // KRB5KRB_AP_WRONG_PRINC
    (148, TicketError::ClockSkew), // KRB5_KDCREP_SKEW
    (154, TicketError::NoKdc),  // KRB5_REALM_UNKNOWN
    (156, TicketError::NoKdc),  // KRB5_KDC_UNREACH
    (181, TicketError::NoTicket), // KRB5_KT_NOTFOUND
    (195, TicketError::NoTicket), // KRB5_FCC_NOFILE
    (200, TicketError::NoTicket), // KRB5_CC_NOT_KTYPE
    (217, TicketError::UnknownServer), // KRB5_ERR_HOST_REALM_UNKNOWN
    (220, TicketError::NoKdc),  // KRB5_REALM_CANT_RESOLVE
    (224, TicketError::NoKdc),  // KRB5_CONFIG_NODEFREALM
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_status_says_more_than_the_major_one() {
        for (major, minor, expected) in [
            (13 << 16, -1_765_328_377, TicketError::UnknownServer),
            (13 << 16, -1_765_328_352, TicketError::Expired),
            (13 << 16, -1_765_328_347, TicketError::ClockSkew),
            (13 << 16, -1_765_328_228, TicketError::NoKdc),
            (13 << 16, -1_765_328_189, TicketError::NoTicket),
            (7 << 16, 100_001, TicketError::NoTicket),
            (11 << 16, 100_001, TicketError::Expired),
            (13 << 16, 100_001, TicketError::Other),
            (u32::MAX, i32::MAX, TicketError::Other),
        ] {
            assert_eq!(failure(major, minor.cast_unsigned(), "").reason(), expected, "{major} {minor}");
        }
    }

    #[test]
    fn the_librarys_words_stand_without_their_empty_phrase() {
        for (text, expected) in [
            (
                "Unspecified GSS failure.  Minor code may provide more information (Ticket expired)",
                " (Ticket expired)",
            ),
            (
                "No credentials were supplied (No caches (default cache: FILE:/x))",
                " (No caches (default cache: FILE:/x))",
            ),
            ("An invalid name was supplied", " (An invalid name was supplied)"),
            ("", ""),
        ] {
            assert_eq!(failure(0, 0, text).problem(), expected);
        }
    }
}
