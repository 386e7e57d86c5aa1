//! The sentence of each advice: what stands below an error after `hint:`.

use pssession::advice::Advice;
use pssession::auth::{AuthError, SchemeRefusal, TicketError};
use pssession::teardown::Record;
use pssession::transport::{CertificatePin, TransportError};
use pssession::wsman::one_line;
use pssession::{Endpoint, Error};

/// The longest name of a certificate that is proposed; a DNS name has no more.
const MAX_NAME: usize = 253;

/// The server that a sentence is about.
struct Server<'a> {
    host: &'a str,
    url: &'a str,
    /// The host, and its port where that is not the usual one.
    place: String,
}

/// Advice on an error that concerns `endpoint`.
pub(crate) fn hint(error: &Error, endpoint: &Endpoint) -> Option<String> {
    error.advice(endpoint).map(|advice| advice_hint(&advice, endpoint))
}

/// An advice that concerns `endpoint`.
pub(crate) fn advice_hint(advice: &Advice, endpoint: &Endpoint) -> String {
    let (host, url) = (endpoint.computer_name(), endpoint.url());
    sentence(advice, &Server { host, url, place: place(endpoint) })
}

/// Advice on a session that was not closed, or of which nobody knows.
pub(crate) fn outcome_hint(record: &Record) -> Option<String> {
    let (host, url) = (&*record.session.computer_name, &*record.session.endpoint_url);
    record.advice().map(|advice| sentence(&advice, &Server { host, url, place: host.to_owned() }))
}

/// An endpoint as a person names it: the host, and its port where that is not the usual one.
pub(crate) fn place(endpoint: &Endpoint) -> String {
    let usual = if endpoint.is_tls() { 5986 } else { 5985 };
    match endpoint.port() {
        port if port == usual => endpoint.computer_name().to_owned(),
        port => format!("{}:{port}", endpoint.computer_name()),
    }
}

/// PowerShell's kind of id and category for an error.
pub(crate) fn kind(error: &Error) -> (&'static str, &'static str) {
    match error {
        Error::Fault(fault) if fault.is_access_denied() => ("AccessDenied", "PermissionDenied"),
        Error::Fault(_) => ("WSManFault", "InvalidOperation"),
        Error::Malformed(_) => ("MalformedAnswer", "ProtocolError"),
        Error::Transport(TransportError::Connect { .. }) => ("CannotConnect", "ConnectionError"),
        error if error.is_credential_refused() => ("LogonFailure", "AuthenticationError"),
        Error::Transport(TransportError::Auth { source: AuthError::NotAuthorized { .. }, .. }) => {
            ("AccessDenied", "PermissionDenied")
        }
        Error::Transport(TransportError::Auth { .. }) => ("AuthenticationFailed", "AuthenticationError"),
        Error::Transport(TransportError::Timeout { .. }) => ("Timeout", "OperationTimeout"),
        Error::Transport(TransportError::Status { .. }) => ("NotWinRM", "ProtocolError"),
        _ => ("TransportFailed", "ConnectionError"),
    }
}

fn sentence(advice: &Advice, server: &Server<'_>) -> String {
    let Server { host, url, place } = server;
    match advice {
        Advice::Fault { code, advice } => format!("{advice} (`pssession explain {}`)", code.0),
        Advice::IdentifyServer => format!("`pssession identify {url}` shows whether the server is WinRM"),
        Advice::CheckPortAndPath => format!(
            "this does not look like WinRM; check the port and the path with `pssession identify {url}`"
        ),
        Advice::CheckEnvelopeSize => {
            "the server ignores MaxEnvelopeSize; check with `pssession identify` that it is WinRM".into()
        }
        Advice::CheckHostName => "check the spelling and DNS, or use an IP address".into(),
        Advice::EnableWinRm => format!(
            "check that WinRM is enabled on {host} (`winrm quickconfig`) and that no firewall blocks port \
             5985 (HTTP) or 5986 (HTTPS, --tls)"
        ),
        Advice::CheckSilentService => format!(
            "{host} accepts connections but does not respond; check whether WinRM hangs there, or \
             increase --login-timeout"
        ),
        Advice::CheckInterruption { may_be_tls: true } => {
            "if the port uses TLS, add --tls; otherwise check whether the service restarted or a proxy \
             interferes"
                .into()
        }
        Advice::CheckInterruption { may_be_tls: false } => {
            "check whether the service restarted or a proxy interferes, and try again".into()
        }
        Advice::RaiseOperationTimeout => "increase --operation-timeout".into(),
        Advice::UseTls => "add --tls, or use the HTTP port, usually 5985".into(),
        Advice::UseHttp => "remove --tls (`tls` in the config), or use the HTTPS port, usually 5986".into(),
        Advice::AdmitClient => {
            "the web server rejects this client; check its policy, address filter and client certificate \
             settings"
                .into()
        }
        Advice::UseRedirectTarget => {
            "redirects are not followed; if you trust the target, use its URL".into()
        }
        Advice::BypassProxy => "connect without the proxy; most proxies break encrypted sessions".into(),
        Advice::EncryptMessages => {
            "an empty HTTP 500 usually means that the server requires encryption; use --auth negotiate or \
             --tls"
                .into()
        }
        Advice::TryLater => "the service is stopping, starting or overloaded; try again later".into(),

        Advice::CheckCredential => "check the user, the password and --auth".into(),
        Advice::CheckLogin { is_bound } => {
            let bound = if *is_bound {
                "with Extended Protection, the server also refuses a login through a proxy that has its \
                 own certificate; "
            } else {
                ""
            };
            format!(
                "check the user (DOMAIN\\user, user@realm, or a local user) and the password; a server \
                 may also refuse a correct password if the account is not in Administrators or Remote \
                 Management Users, or is a local administrator that remote UAC filters \
                 (LocalAccountTokenFilterPolicy); {bound}the credential is not tried again in this run, \
                 to avoid locking the account"
            )
        }
        Advice::CorrectCredential => {
            "correct the user or password and run again; further attempts could lock the account".into()
        }
        Advice::CheckSilentHosts { hosts } => format!(
            "check or exclude {}; --login-attempts {} allows one more host, and each host may count a \
             failed logon",
            if *hosts == 1 { "that host" } else { "those hosts" },
            hosts + 1
        ),
        Advice::TryAlone => {
            format!("try {host} alone; failed logins are not retried, to avoid locking the account")
        }
        Advice::GrantAccess => format!(
            "add the account to Administrators or Remote Management Users on {host}; remote UAC filters \
             local administrators except Administrator (LocalAccountTokenFilterPolicy), and {host} may \
             have a different password for the account"
        ),
        Advice::Ticket(reason) => ticket_hint(*reason).into(),
        Advice::Scheme(refusal) => scheme_hint(*refusal),
        Advice::EnableNegotiate => {
            "enable Negotiate on the server, or use --auth basic with --tls and a local account".into()
        }
        Advice::SelectScheme => {
            format!("list the schemes with `pssession identify {url}`, and select one with --auth")
        }
        Advice::EnableNtlm => {
            "the server accepts none of the available authentication schemes; without a ticket this is \
             NTLM, which may be disabled on the server"
                .into()
        }
        Advice::EncryptWithTls => "use --tls; nothing was sent unencrypted".into(),
        Advice::CheckTraffic => {
            "use --tls, and find out what changes the traffic; it may be an attack".into()
        }

        Advice::TrustCertificate { pin, is_issued } => {
            let issued = if *is_issued {
                "if an internal authority signed it, use --ca-file FILE; otherwise, "
            } else {
                ""
            };
            format!("{issued}{}", trust_pin(place, pin))
        }
        Advice::UseCertificateName { name: Some(name), .. } => format!(
            "connect to a name in the certificate, or use --tls-server-name {}",
            one_line(name, MAX_NAME)
        ),
        Advice::UseCertificateName { name: None, pin } => format!(
            "use --tls-server-name to give the name in the certificate; or, {}",
            trust_pin(place, pin)
        ),
        Advice::CheckClocks => {
            "check the clocks of both machines; if they are right, the server needs a new certificate, \
             and a pin does not help"
                .into()
        }
        Advice::ComparePin => {
            "compare the pin with the certificate on the server itself before you change it: the \
             certificate was renewed, or it is an attack"
                .into()
        }
        Advice::ReplaceCertificate => {
            "install a certificate with an RSA key of at least 2048 bits, or use HTTP, where NTLM and \
             Kerberos encrypt each message; a pin does not help"
                .into()
        }
        Advice::CheckServerKey => {
            "the server does not have the key of its certificate; it may be an attack: find out what \
             changes the traffic before you log in"
                .into()
        }
        Advice::EnableTls12 => format!(
            "enable TLS 1.2 on {host} (Schannel), or use HTTP, where NTLM and Kerberos encrypt each \
             message; TLS 1.0 and 1.1 are insecure and not supported"
        ),
        Advice::EnableCipherSuite => {
            "enable an ECDHE cipher suite with AES-GCM on the server, and use a certificate with an RSA \
             key of 2048 bits or an ECDSA key; over HTTP, NTLM and Kerberos encrypt each message"
                .into()
        }
        Advice::OmitClientCertificate => {
            "configure the listener not to require a client certificate, or use another listener; this \
             program logs in with a user"
                .into()
        }

        Advice::UseFullView => {
            format!("use an account that sees all sessions: `pssession get --on {url}` --user ...")
        }
        Advice::CheckProcess => {
            "only Windows lists all shells; check on the server whether the process of the session has \
             ended"
                .into()
        }
        Advice::CheckSession => {
            format!("it may be gone or still there; check with `pssession get --on {url}`")
        }
        Advice::CheckOwner => format!(
            "the id now belongs to another session, which is not closed; `pssession get --on {url}` shows \
             its owner"
        ),
        Advice::EndProcess { id } => {
            format!("its process is still running; end it on the server with `Stop-Process -Id {id}`")
        }
        Advice::WaitForProcess => {
            format!("its process may need more time; check with `pssession get --on {url}`")
        }
        Advice::CloseFewer => {
            "the server was busy or did not respond; try again, or close fewer sessions at once".into()
        }
        Advice::CloseAtOrigin => "close it on the computer where it was opened".into(),
        // `CheckServer`, and what a later library adds.
        _ => format!("check the server with `pssession identify {url}`"),
    }
}

fn trust_pin(place: &str, pin: &CertificatePin) -> String {
    format!(
        "compare the pin with the certificate on the server itself; if they match, trust it with \
         --certificate-pin {place}={pin}"
    )
}

/// On why a Kerberos ticket cannot be used.
pub(crate) fn ticket_hint(reason: TicketError) -> &'static str {
    if cfg!(windows) { logon_hint(reason) } else { cache_hint(reason) }
}

/// Where the tickets are those of the user who is logged on.
fn logon_hint(reason: TicketError) -> &'static str {
    match reason {
        TicketError::NoTicket => {
            "log on to Windows with an account of the domain, or start a terminal with `runas /netonly \
             /user:DOMAIN\\USER`; --user with a password uses NTLM"
        }
        TicketError::Expired => "lock and unlock Windows, or `klist purge`, to get new tickets",
        TicketError::NoKdc => {
            "check the connection to a domain controller: `nltest /dsgetdc:DOMAIN`; --user with a password uses NTLM"
        }
        TicketError::UnknownServer | TicketError::ClockSkew | TicketError::Refused => cache_hint(reason),
        _ => "check the logon with `klist get HTTP/SERVER`; --auth kerberos does without a negotiation",
    }
}

/// Where the tickets are in a cache of GSS-API.
fn cache_hint(reason: TicketError) -> &'static str {
    match reason {
        TicketError::NoTicket => {
            "get a ticket with `kinit USER@REALM`; KRB5CCNAME selects another cache, and \
             KRB5_CLIENT_KTNAME a keytab; passwords are not used for Kerberos"
        }
        TicketError::Expired => "get a new ticket with `kinit`, or renew it with `kinit -R`",
        TicketError::UnknownServer => {
            "use the full name of the server, not an address; --spn selects another principal \
             (host/web01.example.com) or service (host, WSMAN), and --auth ntlm uses a password"
        }
        TicketError::ClockSkew => {
            "synchronize the clocks: Kerberos allows five minutes between this machine, the KDC and the \
             server"
        }
        TicketError::NoKdc => {
            "check krb5.conf (KRB5_CONFIG) and the connection to port 88 of the realm's KDC; `kinit` \
             fails in the same way"
        }
        TicketError::Refused => {
            "check whether the principal belongs to another account (--spn selects another), or a proxy \
             ends the TLS connection; no password was sent, so this does not count as a failed logon"
        }
        _ => "check the system's Kerberos with `kinit` and `klist`; KRB5_TRACE=/dev/stderr logs each step",
    }
}

/// On why a scheme may not be used.
pub(crate) fn scheme_hint(refusal: SchemeRefusal) -> String {
    match refusal {
        SchemeRefusal::PasswordInClear => {
            "use --tls, or allow it with --dangerous-basic-over-http".to_owned()
        }
        SchemeRefusal::BodiesInClear => "use --tls, or allow it with --dangerous-unencrypted".to_owned(),
        SchemeRefusal::NtlmDisabled => "remove --no-ntlm (`no-ntlm` in the config)".to_owned(),
        SchemeRefusal::NotBuilt(missing) => format!(
            "install a build with it: `cargo install pssession --features {}`{}",
            missing.feature,
            missing.needs.map(|needs| format!(", which requires {needs}")).unwrap_or_default()
        ),
        _ => "select another scheme with --auth".to_owned(),
    }
}
