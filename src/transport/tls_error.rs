//! Why TLS to a server did not come about, in words that a person can act on.

use std::error::Error;
use std::io;
use std::time::SystemTime;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};
use x509_cert::der::DateTime;

use super::{Certificate, CertificatePin};
use crate::wsman::one_line;

/// Why TLS to a server did not come about, or was missing; the same would happen again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The server's certificate is not good enough.
    #[error("the server's certificate is not trusted: {}", reason(problem, certificate.as_deref(), pin))]
    Untrusted {
        /// What is wrong with it.
        problem: Distrust,
        /// Its fingerprint.
        pin: CertificatePin,
        /// What it says; `None` if it cannot be read.
        certificate: Option<Box<Certificate>>,
    },
    /// The server's certificate or its key is of a kind that we cannot check, such as an RSA key below 2048 bits.
    #[error("the server's certificate or its key cannot be used: {problem}")]
    Unusable {
        /// What is wrong, in the TLS library's words.
        problem: String,
    },
    /// The handshake is not signed with the key of the certificate that the server shows.
    #[error("the handshake is not signed with the key of the server's certificate")]
    BadSignature,
    /// The server knows neither TLS 1.2 nor 1.3.
    #[error("the server supports neither TLS 1.2 nor TLS 1.3")]
    OldVersion,
    /// The server and we have no cipher suite, group or signature in common.
    #[error("the server and this program have no TLS algorithm in common")]
    NothingInCommon,
    /// What answers there is not TLS at all.
    #[error("the server does not use TLS on this port")]
    NotTls,
    /// What answers to plain HTTP there is not HTTP: nearly always it is TLS.
    #[error("the server does not use plain HTTP on this port; it may use TLS")]
    NotHttp,
    /// The server insists on a client certificate.
    #[error("the server requires a client certificate, which this program does not support")]
    ClientCertificate,
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Distrust {
    /// Nobody who is trusted has signed it.
    UnknownIssuer,
    /// It has signed itself, and is not among the trusted ones.
    SelfSigned,
    /// It, or one of its chain, is over.
    Expired,
    /// It, or one of its chain, is not valid yet.
    NotYetValid,
    /// It is another host's.
    WrongName {
        /// The name that was looked for.
        wanted: String,
    },
    /// It is of a version of X.509 that TLS libraries refuse: it can only be pinned.
    OldVersion {
        /// The version: 1 or 2.
        version: u8,
    },
    /// It has none of the pins.
    PinMismatch,
    /// Anything else, in the TLS library's words.
    Other(String),
}

impl TlsError {
    /// The same without saying that it is about trust: what is wrong with the certificate.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Untrusted { problem, pin, certificate } => reason(problem, certificate.as_deref(), pin),
            other => other.to_string(),
        }
    }
}

fn reason(problem: &Distrust, certificate: Option<&Certificate>, pin: &CertificatePin) -> String {
    let time = |pick: fn(&Certificate) -> SystemTime| certificate.map_or_else(String::new, |c| when(pick(c)));
    match problem {
        Distrust::UnknownIssuer => match certificate {
            Some(certificate) => {
                let issuer = one_line(&certificate.issuer, SHOWN_CHARACTERS);
                format!("it is signed by an unknown authority; its issuer is {issuer}")
            }
            None => "it is signed by an unknown authority".to_owned(),
        },
        Distrust::SelfSigned => "it is self-signed".to_owned(),
        Distrust::Expired => format!("it has expired{}", time(|c| c.not_after)),
        Distrust::NotYetValid => format!("it is not valid yet{}", time(|c| c.not_before)),
        Distrust::WrongName { wanted } => {
            let names = certificate.map(|certificate| certificate.names.as_slice()).unwrap_or_default();
            match names {
                [] => format!("it names no host, but {wanted} was expected"),
                names => format!("it is for {}, but {wanted} was expected", few(names)),
            }
        }
        Distrust::OldVersion { version } => {
            format!("it is X.509 version {version}, but TLS requires version 3")
        }
        Distrust::PinMismatch => format!("its pin {pin} does not match the pins given"),
        Distrust::Other(problem) => problem.clone(),
    }
}

/// A bound of validity, as `: 2026-11-28T00:00:00Z`.
fn when(time: SystemTime) -> String {
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    DateTime::from_unix_duration(since_1970).map(|time| format!(": {time}")).unwrap_or_default()
}

/// The first names, so that a message stays readable.
fn few(names: &[String]) -> String {
    let shown: Vec<String> =
        names.iter().take(SHOWN_NAMES).map(|name| one_line(name, SHOWN_CHARACTERS)).collect();
    match names.len().saturating_sub(SHOWN_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// How many names of a certificate are quoted in a message.
const SHOWN_NAMES: usize = 5;

/// How much of a name is quoted; a DNS name has at most 253 characters and hardly ever so many.
const SHOWN_CHARACTERS: usize = 120;

/// What the verdict of a chain's verifier means.
pub(super) fn distrust(
    error: &rustls::Error,
    certificate: Option<&Certificate>,
    name: &ServerName<'_>,
    now: SystemTime,
) -> Distrust {
    let rustls::Error::InvalidCertificate(problem) = error else {
        return Distrust::Other(error.to_string());
    };
    let later = |other: &str| Distrust::Other(format!("{other} in its chain"));
    match problem {
        CertificateError::UnknownIssuer if certificate.is_some_and(Certificate::is_self_signed) => {
            Distrust::SelfSigned
        }
        CertificateError::UnknownIssuer => Distrust::UnknownIssuer,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => match certificate {
            Some(certificate) if now <= certificate.not_after => later("an expired certificate"),
            _ => Distrust::Expired,
        },
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => match certificate {
            Some(certificate) if now >= certificate.not_before => {
                later("a certificate that is not valid yet")
            }
            _ => Distrust::NotYetValid,
        },
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Distrust::WrongName { wanted: name.to_str().into_owned() }
        }
        CertificateError::Other(other) if other.to_string().contains(CA_AS_SERVER) => {
            Distrust::Other("it is the certificate of an authority, which a server must not use".to_owned())
        }
        // The server's own certificate is looked at before.
        CertificateError::Other(other) if other.to_string().contains(NOT_VERSION_3) => Distrust::Other(
            "a certificate of its chain is X.509 version 1 or 2, but TLS requires version 3".to_owned(),
        ),
        CertificateError::Other(other) => Distrust::Other(other.0.to_string()),
        other => Distrust::Other(other.to_string()),
    }
}

/// What went wrong with TLS, if that stands somewhere in a chain of causes. `asked` is whether the server had asked for
/// a client certificate: before TLS 1.3 there was no alert of its own for the lack of one.
pub(super) fn tls_error(error: &(dyn Error + 'static), asked: bool) -> Option<TlsError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = of_rustls(error, asked) {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

fn of_rustls(error: &(dyn Error + 'static), asked: bool) -> Option<TlsError> {
    // An I/O error passes over itself when it is asked for its source.
    if let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return of_rustls(inner, asked);
    }
    match error.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
            other.0.downcast_ref::<TlsError>().cloned()
        }
        // The judge's own verdicts are all of the kind above: this one is about the signature of the handshake.
        rustls::Error::InvalidCertificate(problem) => {
            Some(TlsError::Unusable { problem: problem.to_string() })
        }
        rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => Some(TlsError::NotTls),
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => Some(TlsError::OldVersion),
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            Some(TlsError::ClientCertificate)
        }
        rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied,
        ) if asked => Some(TlsError::ClientCertificate),
        rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        ) => Some(TlsError::NothingInCommon),
        _ => None,
    }
}

/// How the verifier calls a certificate of X.509 version 1 or 2.
const NOT_VERSION_3: &str = "UnsupportedCertVersion";

/// How the verifier calls a certificate with `CA:TRUE` at the end of a chain.
const CA_AS_SERVER: &str = "CaUsedAsEndEntity";
