//! What to do about an error: the advice that stands below it.

pub(crate) mod tls;

use pssession::auth::{AuthError, SCHEMES, SchemeRefusal, SchemeRow, TicketError};
use pssession::teardown::{Failure, Outcome, Record, UnknownReason};
use pssession::transport::TransportError;
use pssession::wsman::{FaultCode, explain};
use pssession::{Endpoint, Error, error_chain};

/// Advice on an error that concerns `endpoint`.
pub(crate) fn hint(error: &Error, endpoint: &Endpoint) -> Option<String> {
    match error {
        Error::Fault(fault) => fault_code_hint(fault.code?),
        Error::Malformed(_) => {
            Some(format!("`pssession identify {}` shows whether the server is WinRM", endpoint.url()))
        }
        Error::Transport(error) => of_transport(error, endpoint),
        _ => None,
    }
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

/// Advice on a fault code: the table's own, and where to read on.
pub(crate) fn fault_code_hint(code: FaultCode) -> Option<String> {
    let row = explain(code)?;
    Some(format!("{} (`pssession explain {}`)", row.advice, code.0))
}

/// Advice on a session that was not closed, or of which nobody knows.
pub(crate) fn outcome_hint(record: &Record) -> Option<String> {
    let session = &record.session;
    let again = format!("`pssession get --on {}`", session.endpoint_url);
    let failure = match &record.outcome {
        Outcome::Unknown(UnknownReason::NotVisible { .. }) => {
            return Some(format!("use an account that sees all sessions: {again} --user ..."));
        }
        Outcome::Unknown(UnknownReason::CannotProve) => {
            return Some(
                "only Windows lists all shells; check on the server whether the process of the session has ended"
                    .to_owned(),
            );
        }
        Outcome::Unknown(_) => return Some(format!("it may be gone or still there; check with {again}")),
        Outcome::Failed(failure) => failure,
        _ => return None,
    };
    if let Some(advice) = record.fault_code.and_then(fault_code_hint) {
        return Some(advice);
    }
    Some(match failure {
        Failure::IdentityChanged => {
            format!("the id now belongs to another session, which is not closed; {again} shows its owner")
        }
        Failure::StillThere(_) => match session.shell.process_id {
            Some(id) => {
                format!("its process is still running; end it on the server with `Stop-Process -Id {id}`")
            }
            None => format!("its process may need more time; check with {again}"),
        },
        Failure::TooLate => {
            "the server was busy or did not respond; try again, or close fewer sessions at once".to_owned()
        }
        Failure::NotWsMan(_) => "close it on the computer where it was opened".to_owned(),
        _ => format!("check the server with `pssession identify {}`", session.endpoint_url),
    })
}

/// The same for an error below the library's own.
pub(crate) fn of_transport(error: &TransportError, endpoint: &Endpoint) -> Option<String> {
    let host = endpoint.computer_name();
    Some(match error {
        TransportError::Connect { .. } if let Some(error) = error.tls() => tls::hint(error, endpoint),
        TransportError::Connect { .. } if mentions(error, "dns") || mentions(error, "lookup") => {
            "check the spelling and DNS, or use an IP address".to_owned()
        }
        TransportError::Connect { .. } if error.is_silence() && mentions(error, "login") => format!(
            "{host} accepts connections but does not respond; check whether WinRM hangs there, or increase \
             --login-timeout"
        ),
        // Windows resets the connection of who speaks the wrong one, and says nothing.
        TransportError::Connect { .. } | TransportError::Lost { .. }
            if let Some(advice) = tls::unusual_port(endpoint) =>
        {
            advice.to_owned()
        }
        TransportError::Connect { .. } => format!(
            "check that WinRM is enabled on {host} (`winrm quickconfig`) and that no firewall blocks port 5985 \
             (HTTP) or 5986 (HTTPS, --tls)"
        ),
        TransportError::Auth { source, .. } => return auth_hint(source, endpoint),
        TransportError::CredentialRefused { .. } => {
            "correct the user or password and run again; further attempts could lock the account".to_owned()
        }
        TransportError::CredentialWithheld { hosts, .. } => format!(
            "check or exclude {}; --login-attempts {} allows one more host, and each host may count a failed logon",
            if hosts.len() == 1 { "that host" } else { "those hosts" },
            hosts.len() + 1
        ),
        TransportError::Timeout { .. } => "increase --operation-timeout".to_owned(),
        TransportError::Lost { .. } if !endpoint.is_tls() => {
            "if the port uses TLS, add --tls; otherwise check whether the service restarted or a proxy interferes"
                .to_owned()
        }
        TransportError::Lost { .. } => {
            "check whether the service restarted or a proxy interferes, and try again".to_owned()
        }
        TransportError::Status { status, .. } => status_hint(*status, endpoint).unwrap_or_else(|| {
            format!(
                "this does not look like WinRM; check the port and the path with `pssession identify {}`",
                endpoint.url()
            )
        }),
        TransportError::TooLarge { .. } => "the server ignores MaxEnvelopeSize; check with `pssession identify` \
            that it is WinRM".to_owned(),
        _ => return None,
    })
}

/// Advice on an HTTP status that says by itself what is the matter.
pub(crate) fn status_hint(status: u16, endpoint: &Endpoint) -> Option<String> {
    let advice = match status {
        401 => "check the user, the password and --auth",
        403 => {
            "the web server rejects this client; check its policy, address filter and client certificate settings"
        }
        300..=399 => "redirects are not followed; if you trust the target, use its URL",
        407 => "connect without the proxy; most proxies break encrypted sessions",
        500 if !endpoint.is_tls() => {
            "an empty HTTP 500 usually means that the server requires encryption; use --auth negotiate or --tls"
        }
        502..=504 => "the service is stopping, starting or overloaded; try again later",
        _ => return None,
    };
    Some(advice.to_owned())
}

pub(crate) fn auth_hint(error: &AuthError, endpoint: &Endpoint) -> Option<String> {
    Some(match error {
        AuthError::NotAuthorized { .. } => format!(
            "add the account to Administrators or Remote Management Users on {host}; remote UAC filters local \
             administrators except Administrator (LocalAccountTokenFilterPolicy), and {host} may have a different \
             password for the account",
            host = endpoint.computer_name()
        ),
        // Basic carries no hash of the certificate that could be refused.
        AuthError::Refused { scheme, .. } if endpoint.is_tls() && *scheme != "basic" => {
            format!(
                "{CHECK_LOGIN}; with Extended Protection, the server also refuses a login through a proxy that \
                 has its own certificate; {NOT_AGAIN}"
            )
        }
        AuthError::Refused { .. } => format!("{CHECK_LOGIN}; {NOT_AGAIN}"),
        AuthError::Unanswered { .. } => {
            format!(
                "try {} alone; failed logins are not retried, to avoid locking the account",
                endpoint.computer_name()
            )
        }
        AuthError::Ticket { trouble, .. } => ticket_hint(*trouble).to_owned(),
        AuthError::NotAllowed { problem: refusal, .. }
        | AuthError::NotOffered { refusal: Some(refusal), .. } => scheme_hint(*refusal),
        AuthError::NotOffered { offered, .. } if offers_only_basic(offered) => {
            "enable Negotiate on the server, or use --auth basic with --tls and a local account".to_owned()
        }
        AuthError::NotOffered { .. } => {
            format!(
                "list the schemes with `pssession identify {}`, and select one with --auth",
                endpoint.url()
            )
        }
        AuthError::Rejected { .. } => {
            "the server accepts none of the available authentication schemes; without a ticket this is NTLM, \
             which may be disabled on the server"
                .to_owned()
        }
        AuthError::Downgrade { .. } | AuthError::ClearAnswer | AuthError::BadSeal => {
            "use --tls, and find out what changes the traffic; it may be an attack".to_owned()
        }
        _ => return None,
    })
}

/// Whether Basic is all that a server offers, of what there is here.
fn offers_only_basic(offered: &str) -> bool {
    let challenges = |row: &&SchemeRow| {
        row.headers.iter().any(|header| offered.split(", ").any(|word| word.eq_ignore_ascii_case(header)))
    };
    let mut rows = SCHEMES.iter().filter(challenges).peekable();
    rows.peek().is_some() && rows.all(|row| !row.is_chosen_by_auto())
}

/// What to look at after a refusal.
const CHECK_LOGIN: &str = "check the user (DOMAIN\\user, user@realm, or a local user) and the password; a server \
    may also refuse a correct password if the account is not in Administrators or Remote Management Users, or is a \
    local administrator that remote UAC filters (LocalAccountTokenFilterPolicy)";

/// What follows from a refusal.
const NOT_AGAIN: &str = "the credential is not tried again in this run, to avoid locking the account";

/// Advice on why a Kerberos ticket cannot be used.
pub(crate) fn ticket_hint(trouble: TicketError) -> &'static str {
    match trouble {
        TicketError::NoTicket => {
            "get a ticket with `kinit USER@REALM`; KRB5CCNAME selects another cache, and KRB5_CLIENT_KTNAME a \
             keytab; passwords are not used for Kerberos"
        }
        TicketError::Expired => "get a new ticket with `kinit`, or renew it with `kinit -R`",
        TicketError::UnknownServer => {
            "use the full name of the server, not an address; --spn selects another principal \
             (host/web01.example.com) or service (host, WSMAN), and --auth ntlm uses a password"
        }
        TicketError::ClockSkew => {
            "synchronize the clocks: Kerberos allows five minutes between this machine, the KDC and the server"
        }
        TicketError::NoKdc => {
            "check krb5.conf (KRB5_CONFIG) and the connection to port 88 of the realm's KDC; `kinit` fails in the \
             same way"
        }
        TicketError::Refused => {
            "check whether the principal belongs to another account (--spn selects another), or a proxy ends the \
             TLS connection; no password was sent, so this does not count as a failed logon"
        }
        _ => "check the system's Kerberos with `kinit` and `klist`; KRB5_TRACE=/dev/stderr logs each step",
    }
}

/// Advice on a scheme that may not be used.
pub(crate) fn scheme_hint(refusal: SchemeRefusal) -> String {
    match refusal {
        SchemeRefusal::PasswordInClear => {
            "use --tls, or allow it with --dangerous-basic-over-http".to_owned()
        }
        SchemeRefusal::BodiesInClear => "use --tls, or allow it with --dangerous-unencrypted".to_owned(),
        SchemeRefusal::NtlmDisabled => "remove --no-ntlm (`no-ntlm` in the config)".to_owned(),
        SchemeRefusal::NotBuilt { feature, needs, .. } => format!(
            "install a build with it: `cargo install pssession --features {feature}`{}",
            needs.map(|needs| format!(", which requires {needs}")).unwrap_or_default()
        ),
        _ => "select another scheme with --auth".to_owned(),
    }
}

/// Whether any cause says `word`: the platform's texts are all that tells these apart.
fn mentions(error: &TransportError, word: &str) -> bool {
    error_chain(error).to_lowercase().contains(word)
}
