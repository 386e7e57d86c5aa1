//! Kerberos (RFC 4121) through the system's GSS-API: with a ticket, never with a password. The tickets are where the
//! system has them: in its caches, or fetched by its library with a client keytab.

mod error;
mod gss;
mod seal;

use std::fmt;

use self::error::Failure;
use self::gss::Context;
use self::seal::KerberosSeal;
use super::credential::MAX_NAME_UNITS;
use super::mechanism::{Mechanism, Progress, Shown, Token};
use super::{AuthError, Credential, NtlmOptions, Seal, TicketError, channel_binding};

/// A Kerberos context of `credential`'s user with the service that `options` name. Nothing is asked yet.
pub(super) fn mechanism(credential: &Credential, options: &NtlmOptions) -> Box<dyn Mechanism> {
    Box::new(Kerberos {
        user: credential.user().to_owned(),
        spn: options.spn.clone().unwrap_or_default(),
        state: State::Start,
    })
}

/// The principal whose ticket there is for `user`, or the default one's if that is empty.
pub(super) fn holder(user: &str) -> Result<String, AuthError> {
    let anybody = || "any service".to_owned();
    check(user)?;
    gss::holder(user).map_err(|failure| ticket_error(anybody(), failure.reason(), Some(&failure)))
}

/// ```text
/// Start --(AP-REQ)--> Waiting --(AP-REP)--> Standing
///                        |  refused: Over
/// ```
struct Kerberos {
    user: String,
    spn: String,
    state: State,
}

enum State {
    Start,
    Waiting(Context),
    Standing(Context),
    Over,
}

impl Kerberos {
    fn begin(&mut self, certificate: Option<&[u8]>) -> Result<Progress, AuthError> {
        check(&self.user)?;
        check(&self.spn)?;
        let binding = certificate.map(channel_binding::application_data).transpose()?;
        let begun = Context::begin(&self.user, &self.spn, binding);
        let (context, bytes) = begun.map_err(|failure| self.reason(&failure))?;
        self.state = State::Waiting(context);
        Ok(Progress::Continue(Token { bytes, shows: Shown::Ticket }))
    }

    fn take_proof(&mut self, mut context: Context, token: &[u8]) -> Result<Progress, AuthError> {
        let next = context.answer(token).map_err(|failure| self.reported(Some(&failure)))?;
        match next {
            Some(bytes) if !context.stands() => {
                self.state = State::Waiting(context);
                Ok(Progress::Continue(Token { bytes, shows: Shown::Ticket }))
            }
            next if context.stands() => {
                if let Some(what) = context.lacks().map_err(|failure| self.reason(&failure))? {
                    return Err(AuthError::Downgrade { what });
                }
                self.state = State::Standing(context);
                Ok(Progress::Done(next.map(|bytes| Token { bytes, shows: Shown::Ticket })))
            }
            _ => Err(AuthError::out_of_turn(NAME)),
        }
    }

    fn reason(&self, failure: &Failure) -> AuthError {
        ticket_error(self.spn.clone(), failure.reason(), Some(failure))
    }

    /// What the server's token came to: whatever it is that the library says, it is the server that does not let us in.
    fn reported(&self, failure: Option<&Failure>) -> AuthError {
        let reason = failure.map_or(TicketError::Refused, Failure::reason);
        let reason = if reason == TicketError::Other { TicketError::Refused } else { reason };
        ticket_error(self.spn.clone(), reason, failure)
    }

    fn standing(&mut self) -> Result<&mut Context, AuthError> {
        match &mut self.state {
            State::Standing(context) => Ok(context),
            _ => Err(AuthError::out_of_turn(NAME)),
        }
    }
}

impl Mechanism for Kerberos {
    fn name(&self) -> &'static str {
        NAME
    }

    fn oids(&self) -> &'static [&'static str] {
        OIDS
    }

    fn binds_first_token(&self) -> bool {
        true
    }

    fn step(&mut self, token: Option<&[u8]>, certificate: Option<&[u8]>) -> Result<Progress, AuthError> {
        match (std::mem::replace(&mut self.state, State::Over), token) {
            (State::Start, None) => self.begin(certificate),
            (State::Waiting(context), Some(token)) => self.take_proof(context, token),
            _ => Err(AuthError::out_of_turn(NAME)),
        }
    }

    fn wants_mic(&self) -> bool {
        false
    }

    fn mic(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        self.standing()?.mic(message).map_err(|_| AuthError::Poisoned)
    }

    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<(), AuthError> {
        let verdict = self.standing()?.verify_mic(message, mic);
        verdict.map_err(|_| AuthError::Downgrade { what: "a true signature of the negotiation" })
    }

    fn refused(&mut self, token: Option<&[u8]>) -> AuthError {
        // A KRB-ERROR says why, such as a clock that is wrong.
        let said = match (std::mem::replace(&mut self.state, State::Over), token) {
            (State::Waiting(mut context), Some(token)) => context.answer(token).err(),
            _ => None,
        };
        self.reported(said.as_ref())
    }

    fn into_seal(self: Box<Self>, protocol: &'static str) -> Result<Box<dyn Seal>, AuthError> {
        match self.state {
            State::Standing(context) => Ok(Box::new(KerberosSeal::new(context, protocol))),
            _ => Err(AuthError::out_of_turn(NAME)),
        }
    }
}

impl fmt::Debug for Kerberos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Start => "start",
            State::Waiting(_) => "waiting",
            State::Standing(_) => "standing",
            State::Over => "over",
        };
        f.debug_struct("Kerberos")
            .field("user", &self.user)
            .field("spn", &self.spn)
            .field("state", &state)
            .finish()
    }
}

fn ticket_error(spn: String, reason: TicketError, failure: Option<&Failure>) -> AuthError {
    AuthError::Ticket { spn, reason, problem: failure.map(Failure::problem).unwrap_or_default() }
}

/// Refuses a name that the library would not take, or would cut short.
fn check(name: &str) -> Result<(), AuthError> {
    let problem = if name.chars().any(char::is_control) {
        "the principal name contains a control character".to_owned()
    } else if name.encode_utf16().count() > MAX_NAME_UNITS {
        format!("the principal name is longer than {MAX_NAME_UNITS} characters")
    } else {
        return Ok(());
    };
    Err(AuthError::Unusable { problem })
}

/// Whether a principal is `DOMAIN\user`, as far as names can tell: the realm is the domain, or begins with it.
fn is_of_domain(principal: &str, domain: &str, user: &str) -> bool {
    let Some((name, realm)) = principal.rsplit_once('@') else { return false };
    let first = realm.split('.').next().unwrap_or_default();
    name.eq_ignore_ascii_case(user)
        && (realm.eq_ignore_ascii_case(domain) || first.eq_ignore_ascii_case(domain))
}

const NAME: &str = "kerberos";

/// Microsoft's number for Kerberos first, as its own clients have it, then the RFC's (MS-SPNG 3.1.5.2, mechTypes
/// Identification of Kerberos).
const OIDS: &[&str] = &["1.2.840.48018.1.2.2", "1.2.840.113554.1.2.2"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_windows_domain_is_the_first_part_of_its_realm() {
        for (principal, domain, user, expected) in [
            ("ann@LAB.EXAMPLE.COM", "LAB", "Ann", true),
            ("ann@LAB.EXAMPLE.COM", "lab.example.com", "ann", true),
            ("ann@LABS.EXAMPLE.COM", "LAB", "ann", false),
            ("bob@LAB.EXAMPLE.COM", "LAB", "ann", false),
            ("ann", "LAB", "ann", false),
        ] {
            assert_eq!(is_of_domain(principal, domain, user), expected, "{principal}");
        }
    }

    #[test]
    fn a_name_that_the_library_would_cut_short_is_refused() {
        let options = |spn: &str| NtlmOptions {
            spn: Some(spn.to_owned()),
            workstation: String::new(),
            seal: true,
            now: std::time::SystemTime::UNIX_EPOCH,
            client_challenge: [0; 8],
            session_key: [0; 16],
        };
        for spn in ["HTTP/a\0b", &format!("HTTP/{}", "x".repeat(2_000))] {
            let credential = Credential::without_password("ann");
            let error = mechanism(&credential, &options(spn)).step(None, None).unwrap_err();
            assert!(matches!(error, AuthError::Unusable { .. }), "{error}");
        }
    }
}
