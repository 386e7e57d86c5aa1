//! What to do when TLS does not come about.

use pssession::Endpoint;
use pssession::transport::{Distrust, TlsError};
use pssession::wsman::one_line;

use super::place;

/// The longest name of a certificate that is proposed; a DNS name has no more.
const MAX_NAME: usize = 253;

/// For TLS to a port that does not speak it, and for plain HTTP to one that does.
const WITHOUT_TLS: &str = "leave out --tls (`tls` in the config), or name the HTTPS port, usually 5986";
const WITH_TLS: &str = "say --tls, or name the HTTP port, usually 5985";

/// Advice where the port is usually that of the other scheme.
pub(crate) fn unusual_port(endpoint: &Endpoint) -> Option<&'static str> {
    match (endpoint.is_tls(), endpoint.port()) {
        (true, 5985) => Some(WITHOUT_TLS),
        (false, 5986) => Some(WITH_TLS),
        _ => None,
    }
}

/// Advice on an error of TLS with `endpoint`.
pub(crate) fn hint(error: &TlsError, endpoint: &Endpoint) -> String {
    match error {
        TlsError::Untrusted { problem, pin, certificate } => {
            let names = certificate.as_ref().map(|certificate| certificate.names.as_slice());
            distrust(problem, &format!("{}={pin}", place(endpoint)), names.unwrap_or_default())
        }
        TlsError::Unusable { .. } => {
            "an RSA key needs 2048 bits; neither a pin nor a switch helps, a new certificate does, or HTTP, where NTLM and \
             Kerberos seal each message"
                .to_owned()
        }
        TlsError::BadSignature => {
            "somebody may be in between: the server shows a certificate without having its key; find out what changes \
             the traffic before you log in"
                .to_owned()
        }
        TlsError::OldVersion => format!(
            "TLS 1.0 and 1.1 are broken and not spoken here: switch on TLS 1.2 on {host} (Schannel), or go over HTTP, \
             where NTLM and Kerberos seal each message",
            host = endpoint.computer_name()
        ),
        TlsError::NothingInCommon => {
            "it needs an ECDHE cipher suite with AES-GCM, and a certificate with an RSA key of 2048 bits or an ECDSA \
             key; over HTTP, NTLM and Kerberos seal each message"
                .to_owned()
        }
        TlsError::NotTls => WITHOUT_TLS.to_owned(),
        TlsError::NotHttp => WITH_TLS.to_owned(),
        TlsError::ClientCertificate => {
            "this program logs in with a user, not with a certificate: set the listener not to require one, or use \
             another"
                .to_owned()
        }
        _ => "`pssession identify HOST --tls` shows the certificate".to_owned(),
    }
}

fn distrust(problem: &Distrust, pin: &str, names: &[String]) -> String {
    let pinned = format!(
        "compare with the server's own certificate, by another way than this one; if it is the same, \
         trust this one certificate with --certificate-pin {pin}"
    );
    match problem {
        Distrust::SelfSigned => pinned,
        Distrust::UnknownIssuer => {
            format!("if an internal authority signed it, name that with --ca-file FILE; or, {pinned}")
        }
        Distrust::WrongName { .. } => match names.iter().find(|name| !name.starts_with('*')) {
            Some(name) => format!(
                "connect by a name of the certificate, or say which is meant: --tls-server-name {}",
                one_line(name, MAX_NAME)
            ),
            None => format!("--tls-server-name says which name is meant; or, {pinned}"),
        },
        Distrust::Expired | Distrust::NotYetValid => {
            "look at the clocks of both machines; else the server needs a new certificate, and a pin does not help"
                .to_owned()
        }
        Distrust::PinMismatch => {
            "the certificate was renewed, or somebody is in between: compare with the server itself before you change \
             the pin"
                .to_owned()
        }
        _ => pinned,
    }
}

#[cfg(test)]
mod tests {
    use pssession::transport::TransportError;

    use super::*;
    use crate::cli::hints::of_transport;

    #[test]
    fn a_lost_connection_at_the_port_of_the_other_scheme_names_the_option() {
        for (place, tls, advice) in [
            ("http://web01:5986/wsman", false, Some(WITH_TLS)),
            ("web01:5985", true, Some(WITHOUT_TLS)),
            ("web01:5985", false, None),
            ("web01:5986", true, None),
            ("web01:8080", false, None),
        ] {
            let endpoint = Endpoint::parse(place, tls).unwrap();
            let url = || endpoint.url().to_owned();
            let source = || "connection reset by peer".into();
            for error in [
                TransportError::Connect { endpoint: url(), source: source() },
                TransportError::Lost { endpoint: url(), source: source() },
            ] {
                let hint = of_transport(&error, &endpoint).unwrap();
                assert_eq!(advice == Some(&hint), advice.is_some(), "{place}: {hint}");
            }
        }
    }
}
