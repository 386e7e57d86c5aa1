//! What to do about an error: the advice that stands below it.

pub(crate) mod tls;

use pssession::auth::{AuthError, SCHEMES, SchemeRow, TicketError};
use pssession::teardown::{Failure, Outcome, Record, UnknownReason};
use pssession::transport::TransportError;
use pssession::wsman::{FaultCode, explain};
use pssession::{Endpoint, Error, error_chain};

/// Advice on an error that concerns `endpoint`.
pub(crate) fn hint(error: &Error, endpoint: &Endpoint) -> Option<String> {
    match error {
        Error::Fault(fault) => fault_code_hint(fault.code?),
        Error::Malformed(_) => {
            Some(format!("`pssession identify {}` tells whether it is WinRM at all", endpoint.url()))
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
            return Some(format!("an account that sees everybody's sessions can tell: {again} --user ..."));
        }
        Outcome::Unknown(UnknownReason::CannotProve) => {
            return Some(
                "only Windows lists all that is there; look on the server itself whether its process has ended"
                    .to_owned(),
            );
        }
        Outcome::Unknown(_) => return Some(format!("it may be gone or still there: {again} looks again")),
        Outcome::Failed(failure) => failure,
        _ => return None,
    };
    if let Some(advice) = record.fault_code.and_then(fault_code_hint) {
        return Some(advice);
    }
    Some(match failure {
        Failure::IdentityChanged => {
            format!("somebody else's session has its id now, and is left alone; {again} shows whose")
        }
        Failure::StillThere(_) => match session.shell.process_id {
            Some(id) => format!("its process does not end; on the server, `Stop-Process -Id {id}` ends it"),
            None => format!("its process may take its time; {again} shows whether it is still there"),
        },
        Failure::TooLate => {
            "the server was busy or silent; try again, or close fewer sessions at once".to_owned()
        }
        Failure::NotWsMan(_) => "close it where it was opened".to_owned(),
        _ => format!(
            "it is not closed; `pssession identify {}` tells what answers there",
            session.endpoint_url
        ),
    })
}

/// The same for an error below the library's own.
pub(crate) fn of_transport(error: &TransportError, endpoint: &Endpoint) -> Option<String> {
    let host = endpoint.computer_name();
    Some(match error {
        TransportError::Connect { .. } if let Some(error) = error.tls() => tls::hint(error, endpoint),
        TransportError::Connect { .. } if mentions(error, "dns") || mentions(error, "lookup") => {
            "check the spelling and the name service; an address works too".to_owned()
        }
        TransportError::Connect { .. } if error.is_silence() && mentions(error, "login") => format!(
            "{host} takes connections and does not answer: look whether WinRM hangs there; --login-timeout allows more time"
        ),
        // Windows resets the connection of who speaks the wrong one, and says nothing.
        TransportError::Connect { .. } | TransportError::Lost { .. }
            if let Some(advice) = tls::unusual_port(endpoint) =>
        {
            advice.to_owned()
        }
        TransportError::Connect { .. } => format!(
            "is WinRM on there? On {host}, `winrm quickconfig` switches it on; HTTP is port 5985, HTTPS (--tls) is 5986; \
             a firewall may be in between"
        ),
        TransportError::Auth { source, .. } => return auth_hint(source, endpoint),
        TransportError::CredentialRefused { .. } => {
            "one refusal is enough: it is not used again in this run, so that no account gets locked".to_owned()
        }
        TransportError::CredentialWithheld { hosts, .. } => format!(
            "look what is the matter with {}, or leave such hosts out; --login-attempts {} lets one more host decide, and each \
             may count a failed logon",
            if hosts.len() == 1 { "that host" } else { "those hosts" },
            hosts.len() + 1
        ),
        TransportError::Timeout { .. } => "--operation-timeout allows more time".to_owned(),
        TransportError::Lost { .. } if !endpoint.is_tls() => {
            "if that port speaks TLS, say --tls; else look whether the service restarted or a proxy is in the way"
                .to_owned()
        }
        TransportError::Lost { .. } => {
            "look whether the service restarted or a proxy is in the way, and try again".to_owned()
        }
        TransportError::Status { status, .. } => status_hint(*status, endpoint).unwrap_or_else(|| {
            format!(
                "this does not look like WinRM: check the port and the path; `pssession identify {}` tells more",
                endpoint.url()
            )
        }),
        TransportError::TooLarge { .. } => "the server ignores the size that it was told; it may not be WinRM".to_owned(),
        _ => return None,
    })
}

/// Advice on an HTTP status that says by itself what is the matter.
pub(crate) fn status_hint(status: u16, endpoint: &Endpoint) -> Option<String> {
    let advice = match status {
        401 => "check the user, the password and --auth",
        403 => {
            "the web server refuses this client: a policy, an address filter or a missing client certificate"
        }
        300..=399 => "redirects are not followed; if you trust where it leads, name that instead",
        407 => "a proxy is in the way; sealed sessions do not survive most proxies",
        500 if !endpoint.is_tls() => {
            "an empty 500 over HTTP usually means that the server wants sealed bodies: use --auth negotiate, or --tls"
        }
        502..=504 => "the service is stopping, starting or overloaded; try again later",
        _ => return None,
    };
    Some(advice.to_owned())
}

fn auth_hint(error: &AuthError, endpoint: &Endpoint) -> Option<String> {
    Some(match error {
        AuthError::NotAuthorized { .. } => format!(
            "on {host}, the account must be in Administrators or Remote Management Users; a local administrator is filtered \
             by remote UAC there unless it is Administrator itself (LocalAccountTokenFilterPolicy); last, {host} may know \
             another password for it",
            host = endpoint.computer_name()
        ),
        // Basic carries no hash of the certificate that could be refused.
        AuthError::Refused { scheme, .. } if endpoint.is_tls() && *scheme != "basic" => {
            format!(
                "{CHECK_LOGIN}; with Extended Protection it also refuses a login that came through a proxy with a certificate \
                 of its own; {NOT_AGAIN}"
            )
        }
        AuthError::Refused { .. } => format!("{CHECK_LOGIN}; {NOT_AGAIN}"),
        AuthError::Unanswered { .. } => {
            format!(
                "try {} alone; nothing is repeated on its own, so that the account does not get locked",
                endpoint.computer_name()
            )
        }
        AuthError::Ticket { trouble, .. } => ticket_hint(*trouble).to_owned(),
        AuthError::NotOffered { offered, .. } if offers_only_basic(offered) => {
            "--auth basic asks for it: over --tls, with a local account; or switch on Negotiate there".to_owned()
        }
        AuthError::NotOffered { .. } => {
            format!("`pssession identify {}` lists what it offers; --auth chooses", endpoint.url())
        }
        AuthError::Rejected { .. } => {
            "it takes none of what we can there; without a ticket that is NTLM, which may be switched off there".to_owned()
        }
        AuthError::Downgrade { .. } | AuthError::ClearAnswer | AuthError::BadSeal => {
            "somebody may be in between; use --tls, and find out what changes the traffic".to_owned()
        }
        _ => return None,
    })
}

/// Whether Basic is all that a server offers, of what there is here.
fn offers_only_basic(offered: &str) -> bool {
    let offers = |row: &&SchemeRow| {
        row.headers.iter().any(|header| offered.split(", ").any(|word| word.eq_ignore_ascii_case(header)))
    };
    let mut rows = SCHEMES.iter().filter(offers).peekable();
    rows.peek().is_some() && rows.all(|row| !row.is_chosen_by_auto())
}

/// What to look at after a refusal.
const CHECK_LOGIN: &str = "check the user (DOMAIN\\user, user@realm, or a local user) and the password; a server may answer a \
    right password like this, too, if the account is not in Administrators or Remote Management Users, or is a local \
    administrator that remote UAC filters (LocalAccountTokenFilterPolicy)";

/// What follows from a refusal.
const NOT_AGAIN: &str = "it is not tried again in this run, so that the account does not get locked";

/// Advice on why a Kerberos ticket cannot be used.
pub(crate) fn ticket_hint(trouble: TicketError) -> &'static str {
    match trouble {
        TicketError::NoTicket => {
            "`kinit USER@REALM` gets a ticket and `klist` shows what is there; KRB5CCNAME names another cache, and \
             KRB5_CLIENT_KTNAME a keytab; a password is not used for Kerberos here"
        }
        TicketError::Expired => "`kinit` gets a new ticket; `kinit -R` renews one that can be renewed",
        TicketError::UnknownServer => {
            "name the server by its full name, not by an address; --spn names another principal (host/web01.example.com) \
             or another service of each server (host, WSMAN); --auth ntlm takes a password"
        }
        TicketError::ClockSkew => {
            "set the clock: Kerberos takes five minutes between this machine, the KDC and the server"
        }
        TicketError::NoKdc => {
            "look at krb5.conf (KRB5_CONFIG) and at the way to port 88 of the realm's KDC; `kinit` meets the same trouble"
        }
        TicketError::Refused => {
            "the principal may belong to another account (--spn names another), or something between here and the server \
             ends the TLS connection; no password was shown, so that no account gets locked"
        }
        _ => {
            "`kinit` and `klist` show what the system's Kerberos has; KRB5_TRACE=/dev/stderr tells each of its steps"
        }
    }
}

/// Whether any cause says `word`: the platform's texts are all that tells these apart.
fn mentions(error: &TransportError, word: &str) -> bool {
    error_chain(error).to_lowercase().contains(word)
}
