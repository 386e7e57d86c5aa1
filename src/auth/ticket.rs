//! Kerberos seen from outside: whose ticket there is, and the kinds of trouble with one. Every build knows these words,
//! with Kerberos in it or not.

use std::fmt;

use super::AuthError;

/// Whose ticket a login with Kerberos would use: the principal, such as `ann@EXAMPLE.COM`. `user` names the one to look
/// for among several, as [`Credential`](super::Credential) takes it; `None` takes the default one. The system's library
/// looks into its ticket caches; if a client keytab is set up, it may also ask the KDC for a ticket, and that may block
/// for as long as the library waits for a KDC.
///
/// On Windows it is the logged-on user, by the names in the environment of the process. Whether that logon has tickets
/// shows only when one is asked for.
///
/// # Errors
/// [`AuthError::Ticket`] if there is none or it has expired; [`AuthError::NotAllowed`] if this build has no Kerberos.
pub fn ticket_holder(user: Option<&str>) -> Result<String, AuthError> {
    #[cfg(kerberos)]
    return super::kerberos::holder(user.unwrap_or_default());
    #[cfg(not(kerberos))]
    {
        let _ = user;
        Err(AuthError::NotAllowed { scheme: "kerberos", problem: super::scheme::WITHOUT_KERBEROS })
    }
}

/// Why a ticket cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TicketError {
    /// There is no ticket for this user: no cache, no keytab, no logon of a domain, or those of somebody else.
    NoTicket,
    /// The ticket has expired.
    Expired,
    /// The KDC does not know the service principal.
    UnknownServer,
    /// The clocks of this machine, the KDC and the server differ too much.
    ClockSkew,
    /// No KDC of the realm answers, or none is known.
    NoKdc,
    /// The server refused the ticket, or the binding to the TLS channel that came with it.
    Refused,
    /// Something else.
    Other,
}

impl fmt::Display for TicketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoTicket => "no ticket",
            Self::Expired => "the ticket has expired",
            Self::UnknownServer => "the KDC has no such service",
            Self::ClockSkew => "the clocks differ too much",
            Self::NoKdc => "cannot reach a KDC",
            Self::Refused => "the server refused the ticket",
            Self::Other => "the Kerberos library of the system failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_reads_as_one_line() {
        let error = AuthError::Ticket {
            spn: "HTTP/web01".to_owned(),
            reason: TicketError::Expired,
            problem: " (Ticket expired)".to_owned(),
        };
        let expected = "Kerberos login to HTTP/web01 failed: the ticket has expired (Ticket expired)";
        assert_eq!(error.to_string(), expected);
    }

    #[cfg(not(kerberos))]
    #[test]
    fn a_build_without_kerberos_says_so() {
        assert!(matches!(ticket_holder(None), Err(AuthError::NotAllowed { scheme: "kerberos", .. })));
    }
}
