//! What to do when TLS does not come about.

use pssession::Endpoint;
use pssession::transport::{Distrust, TlsError};
use pssession::wsman::one_line;

use super::place;

/// The longest name of a certificate that is proposed; a DNS name has no more.
const MAX_NAME: usize = 253;

/// For TLS to a port that does not speak it, and for plain HTTP to one that does.
const WITHOUT_TLS: &str = "remove --tls (`tls` in the config), or use the HTTPS port, usually 5986";
const WITH_TLS: &str = "add --tls, or use the HTTP port, usually 5985";

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
            "install a certificate with an RSA key of at least 2048 bits, or use HTTP, where NTLM and Kerberos \
             encrypt each message; a pin does not help"
                .to_owned()
        }
        TlsError::BadSignature => {
            "the server does not have the key of its certificate; it may be an attack: find out what changes the \
             traffic before you log in"
                .to_owned()
        }
        TlsError::OldVersion => format!(
            "enable TLS 1.2 on {host} (Schannel), or use HTTP, where NTLM and Kerberos encrypt each message; TLS \
             1.0 and 1.1 are insecure and not supported",
            host = endpoint.computer_name()
        ),
        TlsError::NothingInCommon => {
            "enable an ECDHE cipher suite with AES-GCM on the server, and use a certificate with an RSA key of \
             2048 bits or an ECDSA key; over HTTP, NTLM and Kerberos encrypt each message"
                .to_owned()
        }
        TlsError::NotTls => WITHOUT_TLS.to_owned(),
        TlsError::NotHttp => WITH_TLS.to_owned(),
        TlsError::ClientCertificate => {
            "configure the listener not to require a client certificate, or use another listener; this program \
             logs in with a user"
                .to_owned()
        }
        _ => "`pssession identify HOST --tls` shows the certificate".to_owned(),
    }
}

fn distrust(problem: &Distrust, pin: &str, names: &[String]) -> String {
    let pinned = format!(
        "compare the pin with the certificate on the server itself; if they match, trust it with \
         --certificate-pin {pin}"
    );
    match problem {
        Distrust::SelfSigned => pinned,
        Distrust::UnknownIssuer => {
            format!("if an internal authority signed it, use --ca-file FILE; otherwise, {pinned}")
        }
        Distrust::WrongName { .. } => match names.iter().find(|name| !name.starts_with('*')) {
            Some(name) => format!(
                "connect to a name in the certificate, or use --tls-server-name {}",
                one_line(name, MAX_NAME)
            ),
            None => format!("use --tls-server-name to give the name in the certificate; or, {pinned}"),
        },
        Distrust::Expired | Distrust::NotYetValid => {
            "check the clocks of both machines; if they are right, the server needs a new certificate, and a pin \
             does not help"
                .to_owned()
        }
        Distrust::PinMismatch => {
            "compare the pin with the certificate on the server itself before you change it: the certificate was \
             renewed, or it is an attack"
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
