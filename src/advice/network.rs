//! What to do about an error of the network or of a login.

use super::Advice;
use crate::Error;
use crate::auth::{AuthError, SCHEMES, SchemeRow};
use crate::error_chain::error_chain;
use crate::transport::{Distrust, Endpoint, SetupError, Silence, TlsError, TransportError};

impl Error {
    /// What to do about it, where it concerns `endpoint`.
    #[must_use]
    pub fn advice(&self, endpoint: &Endpoint) -> Option<Advice> {
        match self {
            Self::Fault(fault) => fault.code.and_then(Advice::on_fault),
            Self::Malformed(_) => Some(Advice::IdentifyServer),
            Self::Transport(error) => error.advice(endpoint),
            _ => None,
        }
    }
}

impl TransportError {
    /// What to do about it, where it concerns `endpoint`.
    #[must_use]
    pub fn advice(&self, endpoint: &Endpoint) -> Option<Advice> {
        let is_tls = endpoint.is_tls();
        Some(match self {
            Self::Connect { .. } if let Some(error) = self.tls() => error.advice(),
            Self::Connect { source, .. } if is_about_a_name(source.as_ref()) => Advice::CheckHostName,
            Self::Connect { source, .. } if matches!(source.downcast_ref(), Some(Silence::LoggingIn(_))) => {
                Advice::CheckSilentService
            }
            // Windows resets the connection of who speaks the wrong one, and says nothing.
            Self::Connect { .. } | Self::Lost { .. } if is_tls && endpoint.port() == 5985 => Advice::UseHttp,
            Self::Connect { .. } | Self::Lost { .. } if !is_tls && endpoint.port() == 5986 => Advice::UseTls,
            Self::Connect { .. } => Advice::EnableWinRm,
            Self::Auth { source, .. } => return source.advice(is_tls),
            Self::CredentialRefused { .. } => Advice::CorrectCredential,
            Self::CredentialWithheld { hosts, .. } => Advice::CheckSilentHosts { hosts: hosts.len() },
            Self::Timeout { .. } => Advice::RaiseOperationTimeout,
            Self::Lost { .. } => Advice::CheckInterruption { may_be_tls: !is_tls },
            Self::Status { status, .. } => {
                Advice::on_status(*status, is_tls).unwrap_or(Advice::CheckPortAndPath)
            }
            Self::TooLarge { .. } => Advice::CheckEnvelopeSize,
        })
    }
}

impl TlsError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Advice {
        match self {
            Self::Untrusted { problem, pin, certificate } => match problem {
                Distrust::Expired | Distrust::NotYetValid => Advice::CheckClocks,
                Distrust::PinMismatch => Advice::ComparePin,
                Distrust::WrongName { .. } => {
                    let names = certificate.iter().flat_map(|certificate| &certificate.names);
                    let name = names.into_iter().find(|name| !name.starts_with('*')).cloned();
                    Advice::UseCertificateName { name, pin: *pin }
                }
                problem => {
                    Advice::TrustCertificate { pin: *pin, is_issued: *problem == Distrust::UnknownIssuer }
                }
            },
            Self::Unusable { .. } => Advice::ReplaceCertificate,
            Self::BadSignature => Advice::CheckServerKey,
            Self::OldVersion => Advice::EnableTls12,
            Self::NothingInCommon => Advice::EnableCipherSuite,
            Self::NotTls => Advice::UseHttp,
            Self::NotHttp => Advice::UseTls,
            Self::ClientCertificate => Advice::OmitClientCertificate,
        }
    }
}

impl AuthError {
    /// What to do about it; `is_tls` is whether the way is HTTPS.
    #[must_use]
    pub fn advice(&self, is_tls: bool) -> Option<Advice> {
        Some(match self {
            Self::NotAuthorized { .. } => Advice::GrantAccess,
            // A password that is sent as it is carries no hash of the certificate that could be refused.
            Self::Refused { scheme, .. } => Advice::CheckLogin {
                is_bound: is_tls && !SCHEMES.iter().any(|row| row.name == *scheme && row.needs_tls),
            },
            Self::Unanswered { .. } => Advice::TryAlone,
            Self::Ticket { reason, .. } => Advice::Ticket(*reason),
            Self::NotAllowed { problem: refusal, .. } | Self::NotOffered { refusal: Some(refusal), .. } => {
                Advice::Scheme(*refusal)
            }
            Self::NotOffered { offered, .. } if offers_only_passwords(offered) => Advice::EnableNegotiate,
            Self::NotOffered { .. } => Advice::SelectScheme,
            Self::Rejected { .. } => Advice::EnableNtlm,
            Self::CannotSeal { .. } => Advice::EncryptWithTls,
            Self::Downgrade { .. } | Self::ClearAnswer | Self::BadSeal => Advice::CheckTraffic,
            _ => return None,
        })
    }
}

/// Whether all that a server offers, of what there is here, sends the password itself.
fn offers_only_passwords(offered: &str) -> bool {
    let is_offered = |row: &&SchemeRow| {
        row.headers.iter().any(|header| offered.split(", ").any(|word| word.eq_ignore_ascii_case(header)))
    };
    let mut rows = SCHEMES.iter().filter(is_offered).peekable();
    rows.peek().is_some() && rows.all(|row| !row.is_chosen_by_auto())
}

/// Whether a name could not be resolved: the platform's texts are all that tells it.
fn is_about_a_name(cause: &(dyn std::error::Error + 'static)) -> bool {
    let text = error_chain(cause).to_lowercase();
    text.contains("dns") || text.contains("lookup")
}

impl SetupError {
    /// What to do about it, beyond what it says itself.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Auth { source: AuthError::NotAllowed { problem, .. }, .. } => {
                Some(Advice::Scheme(*problem))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::auth::SchemeRefusal;
    use crate::transport::CertificatePin;
    use crate::wsman::{Fault, FaultCode};

    fn endpoint(place: &str, tls: bool) -> Endpoint {
        Endpoint::parse(place, tls).unwrap()
    }

    fn connect(source: impl Into<crate::transport::BoxError>) -> TransportError {
        TransportError::Connect { endpoint: "http://web01".to_owned(), source: source.into() }
    }

    fn status(status: u16) -> TransportError {
        let endpoint = "http://web01".to_owned();
        TransportError::Status { endpoint, status, excerpt: String::new(), retry_after: None }
    }

    #[test]
    fn a_lost_connection_at_the_port_of_the_other_scheme_advises_the_other() {
        for (place, tls, advice) in [
            ("http://web01:5986/wsman", false, Some(Advice::UseTls)),
            ("web01:5985", true, Some(Advice::UseHttp)),
            ("web01:5985", false, None),
            ("web01:5986", true, None),
            ("web01:8080", false, None),
        ] {
            let endpoint = endpoint(place, tls);
            let lost = || "connection reset by peer".into();
            let url = endpoint.url().to_owned();
            let interrupted = Advice::CheckInterruption { may_be_tls: !endpoint.is_tls() };
            for (error, usual) in [
                (connect("connection reset by peer"), Advice::EnableWinRm),
                (TransportError::Lost { endpoint: url.clone(), source: lost() }, interrupted.clone()),
            ] {
                assert_eq!(error.advice(&endpoint), Some(advice.clone().unwrap_or(usual)), "{place}");
            }
        }
    }

    #[test]
    fn each_failure_of_a_connection_has_its_advice() {
        let hosts = vec!["http://a".to_owned(), "http://b".to_owned()];
        let (user, url) = ("ann".to_owned(), "http://web01".to_owned());
        for (error, advice) in [
            (connect("dns error"), Advice::CheckHostName),
            (connect("failed to lookup address information"), Advice::CheckHostName),
            (connect("connection refused"), Advice::EnableWinRm),
            (connect(Silence::Connecting(Duration::from_secs(10))), Advice::EnableWinRm),
            (connect(Silence::LoggingIn(Duration::from_secs(15))), Advice::CheckSilentService),
            (connect(TlsError::OldVersion), Advice::EnableTls12),
            (TransportError::CredentialRefused { user: user.clone() }, Advice::CorrectCredential),
            (TransportError::CredentialWithheld { user, hosts }, Advice::CheckSilentHosts { hosts: 2 }),
            (
                TransportError::Timeout { endpoint: url.clone(), after: Duration::ZERO },
                Advice::RaiseOperationTimeout,
            ),
            (TransportError::TooLarge { endpoint: url, limit: 1 }, Advice::CheckEnvelopeSize),
            (status(302), Advice::UseRedirectTarget),
            (status(500), Advice::EncryptMessages),
            (status(503), Advice::TryLater),
            (status(404), Advice::CheckPortAndPath),
        ] {
            assert_eq!(error.advice(&endpoint("web01", false)), Some(advice), "{error:?}");
        }
        assert_eq!(status(500).advice(&endpoint("web01", true)), Some(Advice::CheckPortAndPath));
    }

    #[test]
    fn a_host_whose_name_mentions_dns_was_still_found() {
        let url = "http://dns01:5985/wsman".to_owned();
        let error = TransportError::Connect { endpoint: url, source: "connection refused".into() };
        assert_eq!(error.advice(&endpoint("dns01", false)), Some(Advice::EnableWinRm));
    }

    #[test]
    fn each_failure_of_a_login_has_its_advice() {
        let refused = |scheme| AuthError::Refused { user: "ann".to_owned(), scheme };
        let offers = |offered: &str, refusal| AuthError::NotOffered {
            offered: offered.to_owned(),
            wanted: String::new(),
            refusal,
        };
        let refusal = SchemeRefusal::NtlmDisabled;
        for (error, is_tls, advice) in [
            (refused("ntlm"), true, Some(Advice::CheckLogin { is_bound: true })),
            (refused("ntlm"), false, Some(Advice::CheckLogin { is_bound: false })),
            (refused("basic"), true, Some(Advice::CheckLogin { is_bound: false })),
            (offers("Basic", None), false, Some(Advice::EnableNegotiate)),
            (offers("Digest, Basic", None), false, Some(Advice::EnableNegotiate)),
            (offers("negotiate, Basic", None), false, Some(Advice::SelectScheme)),
            (offers("Digest", None), false, Some(Advice::SelectScheme)),
            (offers("Kerberos", Some(refusal)), false, Some(Advice::Scheme(refusal))),
            (
                AuthError::NotAllowed { scheme: "ntlm", problem: refusal },
                false,
                Some(Advice::Scheme(refusal)),
            ),
            (AuthError::CannotSeal { problem: String::new() }, false, Some(Advice::EncryptWithTls)),
            (AuthError::BadSeal, false, Some(Advice::CheckTraffic)),
            (AuthError::Poisoned, false, None),
        ] {
            assert_eq!(error.advice(is_tls), advice, "{error:?}");
        }
    }

    #[test]
    fn a_certificate_is_pinned_only_where_that_helps() {
        let pin = CertificatePin::of(b"certificate");
        let untrusted = |problem| TlsError::Untrusted { problem, pin, certificate: None }.advice();
        let trust = |is_issued| Advice::TrustCertificate { pin, is_issued };
        assert_eq!(untrusted(Distrust::SelfSigned), trust(false));
        assert_eq!(untrusted(Distrust::OldVersion { version: 1 }), trust(false));
        assert_eq!(untrusted(Distrust::UnknownIssuer), trust(true));
        assert_eq!(untrusted(Distrust::Expired), Advice::CheckClocks);
        assert_eq!(untrusted(Distrust::PinMismatch), Advice::ComparePin);
        let wanted = "web01".to_owned();
        assert_eq!(untrusted(Distrust::WrongName { wanted }), Advice::UseCertificateName { name: None, pin });
    }

    #[test]
    fn a_fault_is_advised_on_by_the_table_and_an_unknown_one_is_not() {
        let fault = |code| {
            Error::from(Fault {
                code: Some(FaultCode(code)),
                sender: "Sender".to_owned(),
                subcode: None,
                detail: None,
                reason: String::new(),
                machine: None,
                provider: None,
            })
        };
        let endpoint = endpoint("web01", false);
        assert!(matches!(fault(5).advice(&endpoint), Some(Advice::Fault { code: FaultCode(5), .. })));
        assert_eq!(fault(4_000_000_000).advice(&endpoint), None);
    }
}
