//! What to do about an error, as a value: [`Error::advice`](crate::Error::advice) and [`Record::advice`] decide it from
//! what went wrong, and whoever shows it writes the sentence.

#[cfg(feature = "client")]
mod network;

use crate::auth::{SchemeRefusal, TicketError};
use crate::teardown::{Failure, Outcome, Record, UnknownReason};
#[cfg(feature = "client")]
use crate::transport::CertificatePin;
use crate::wsman::{FaultCode, explain};

/// One thing to do about an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// Do what the table of faults advises.
    Fault {
        /// The fault's code.
        code: FaultCode,
        /// The table's [advice](crate::wsman::Explanation::advice).
        advice: &'static str,
    },
    /// Identify the server: it may not be WinRM.
    IdentifyServer,
    /// Check the port and the path: this does not look like WinRM.
    CheckPortAndPath,
    /// Check that it is WinRM: it ignores `MaxEnvelopeSize`.
    CheckEnvelopeSize,
    /// Check the spelling of the host's name, and DNS.
    CheckHostName,
    /// Enable WinRM on the host, and let its ports through the firewall.
    EnableWinRm,
    /// Check whether the service hangs, which accepts connections and does not respond; or raise the limit of a login.
    CheckSilentService,
    /// Check whether the service restarted, or a proxy interferes.
    CheckInterruption {
        /// Whether the port may be one of TLS.
        may_be_tls: bool,
    },
    /// Raise the time limit of an operation.
    RaiseOperationTimeout,
    /// Use TLS, or the port of plain HTTP.
    UseTls,
    /// Do without TLS, or use its port.
    UseHttp,
    /// Let the web server admit this client.
    AdmitClient,
    /// Connect to where the redirect leads, if that is trusted.
    UseRedirectTarget,
    /// Connect without the proxy.
    BypassProxy,
    /// Encrypt the messages, with a scheme that seals them or with TLS.
    EncryptMessages,
    /// Try again later: the service stops, starts, or is overloaded.
    TryLater,

    /// Check the user, the password and the scheme.
    CheckCredential,
    /// Check the user and the password; the account may also lack a right. They are not tried again in this run.
    CheckLogin {
        /// Whether Extended Protection may be what refused the login: it went over TLS, bound to the certificate.
        is_bound: bool,
    },
    /// Correct the credential before the next run: a further attempt could lock the account.
    CorrectCredential,
    /// Check or exclude the hosts that gave no verdict on the credential, or allow one more.
    CheckSilentHosts {
        /// How many there are.
        hosts: usize,
    },
    /// Try this host alone: its login did not complete, and is not repeated.
    TryAlone,
    /// Grant the account the right of remote access.
    GrantAccess,
    /// Get, renew or fix the Kerberos ticket.
    Ticket(TicketError),
    /// Allow the scheme, or use a build that has it.
    Scheme(SchemeRefusal),
    /// Enable Negotiate on the server, which offers only a scheme that sends the password itself.
    EnableNegotiate,
    /// Look at the schemes that the server offers, and select one.
    SelectScheme,
    /// Enable NTLM on the server, or get a ticket: the server rejects all mechanisms of the negotiation.
    EnableNtlm,
    /// Use TLS: the messages cannot be encrypted otherwise.
    EncryptWithTls,
    /// Use TLS, and find out what changes the traffic.
    CheckTraffic,

    /// Compare the pin with the server's certificate, and trust it.
    #[cfg(feature = "client")]
    TrustCertificate {
        /// The certificate's.
        pin: CertificatePin,
        /// Whether it may be an internal authority that is to be trusted.
        is_issued: bool,
    },
    /// Connect to a name that the certificate has.
    #[cfg(feature = "client")]
    UseCertificateName {
        /// Its first name that is no wildcard; none if there is no such.
        name: Option<String>,
        /// The certificate's.
        pin: CertificatePin,
    },
    /// Check the clocks of both machines, or renew the certificate.
    CheckClocks,
    /// Compare the certificate with the server's before its pin is changed.
    ComparePin,
    /// Replace the certificate by one with a strong key.
    ReplaceCertificate,
    /// Find out who answers: the server lacks the key of its certificate.
    CheckServerKey,
    /// Enable TLS 1.2 on the host.
    EnableTls12,
    /// Enable a modern cipher suite on the server.
    EnableCipherSuite,
    /// Configure the listener to require no client certificate.
    OmitClientCertificate,

    /// Use an account that sees all sessions.
    UseFullView,
    /// Check on the server whether the session's process has ended.
    CheckProcess,
    /// List the sessions: it may be gone or still there.
    CheckSession,
    /// List the sessions: another one has the id now, and is not closed.
    CheckOwner,
    /// End the session's process on the server.
    EndProcess {
        /// The id of the process.
        id: u32,
    },
    /// Give the session's process more time, and list again.
    WaitForProcess,
    /// Try again, or close fewer sessions at once.
    CloseFewer,
    /// Close it on the computer where it was opened.
    CloseAtOrigin,
    /// Identify the server of the session.
    CheckServer,
}

impl Advice {
    /// On a fault code; `None` for one that the table of faults lacks.
    #[must_use]
    pub fn on_fault(code: FaultCode) -> Option<Self> {
        explain(code).map(|row| Self::Fault { code, advice: row.advice })
    }

    /// On an HTTP status that tells by itself what is wrong.
    #[must_use]
    pub fn on_status(status: u16, is_tls: bool) -> Option<Self> {
        Some(match status {
            401 => Self::CheckCredential,
            403 => Self::AdmitClient,
            300..=399 => Self::UseRedirectTarget,
            407 => Self::BypassProxy,
            500 if !is_tls => Self::EncryptMessages,
            502..=504 => Self::TryLater,
            _ => return None,
        })
    }
}

impl Record {
    /// What to do about a session that was not closed, or may not be.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        let failure = match &self.outcome {
            Outcome::Unknown(UnknownReason::NotVisible { .. }) => return Some(Advice::UseFullView),
            Outcome::Unknown(UnknownReason::CannotProve) => return Some(Advice::CheckProcess),
            Outcome::Unknown(_) => return Some(Advice::CheckSession),
            Outcome::Failed(failure) => failure,
            _ => return None,
        };
        let by_table = self.fault_code.and_then(Advice::on_fault);
        Some(by_table.unwrap_or(match failure {
            Failure::IdentityChanged => Advice::CheckOwner,
            Failure::StillThere(_) => match self.session.shell.process_id {
                Some(id) => Advice::EndProcess { id },
                None => Advice::WaitForProcess,
            },
            Failure::TooLate => Advice::CloseFewer,
            Failure::NotWsMan(_) => Advice::CloseAtOrigin,
            _ => Advice::CheckServer,
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::session::{SeenOn, SessionDescriptor};
    use crate::teardown::NotStarted;
    use crate::wsman::{Shell, ShellId};

    #[test]
    fn a_session_that_was_not_closed_has_advice_and_the_fault_comes_first() {
        let fault = |code| Advice::on_fault(FaultCode(code)).unwrap();
        let user = "ann".to_owned();
        for (outcome, process_id, code, advice) in [
            (Outcome::Closed, None, Some(5), None),
            (Outcome::NotStarted(NotStarted::Deadline), None, None, None),
            (Outcome::Unknown(UnknownReason::NotVisible { user }), None, Some(5), Some(Advice::UseFullView)),
            (Outcome::Unknown(UnknownReason::CannotProve), None, None, Some(Advice::CheckProcess)),
            (Outcome::Unknown(UnknownReason::TooLate), None, None, Some(Advice::CheckSession)),
            (Outcome::Failed(Failure::IdentityChanged), None, None, Some(Advice::CheckOwner)),
            (Outcome::Failed(Failure::StillThere(None)), Some(7), None, Some(Advice::EndProcess { id: 7 })),
            (Outcome::Failed(Failure::StillThere(None)), None, None, Some(Advice::WaitForProcess)),
            (Outcome::Failed(Failure::StillThere(None)), Some(7), Some(5), Some(fault(5))),
            (Outcome::Failed(Failure::TooLate), None, Some(4_000_000_000), Some(Advice::CloseFewer)),
            (Outcome::Failed(Failure::ListingIncomplete), None, None, Some(Advice::CheckServer)),
        ] {
            let record = Record {
                session: Arc::new(session(process_id)),
                position: 0,
                outcome,
                fault_code: code.map(FaultCode),
                signals: 0,
                elapsed: Duration::ZERO,
            };
            assert_eq!(record.advice(), advice, "{}", record.outcome);
        }
    }

    fn session(process_id: Option<u32>) -> SessionDescriptor {
        let shell = Shell { process_id, ..Shell::new(ShellId::from_server("1"), String::new()) };
        let seen_on = SeenOn { host: "web01", url: "http://web01:5985/wsman", port: 5985 };
        SessionDescriptor::from_shell(shell, seen_on, "ann", SystemTime::UNIX_EPOCH)
    }
}
