//! Kerberos (RFC 4121) through the system's GSS-API, or its SSPI on Windows: with a ticket, never with a password. The
//! tickets are where the system has them: in its caches, fetched by its library with a client keytab, or with the logon.

mod failure;
#[cfg(gssapi)]
mod gss;
#[cfg(any(gssapi, test))]
mod gss_status;
#[cfg(any(sspi, test))]
mod logon;
#[cfg(test)]
mod scripted;
mod seal;
#[cfg(sspi)]
mod sspi;
#[cfg(any(sspi, test))]
mod sspi_status;
mod system;

use std::fmt;

use self::failure::Failure;
#[cfg(gssapi)]
use self::gss::{Context, holder as holder_of};
use self::seal::KerberosSeal;
#[cfg(sspi)]
use self::sspi::{Context, holder as holder_of};
use self::system::SystemContext;
use super::credential::MAX_NAME_UNITS;
use super::mechanism::{Mechanism, Progress, Shown, Token};
use super::{AuthError, Credential, NtlmOptions, Seal, TicketError, channel_binding};

/// A Kerberos context of `credential`'s user with the service that `options` name. Nothing is asked yet.
pub(super) fn mechanism(credential: &Credential, options: &NtlmOptions) -> Box<dyn Mechanism> {
    Box::new(Kerberos::<Context>::new(credential, options))
}

/// The principal whose ticket there is for `user`, or the default one's if that is empty.
pub(super) fn holder(user: &str) -> Result<String, AuthError> {
    let anybody = || "any service".to_owned();
    check(user)?;
    holder_of(user).map_err(|failure| ticket_error(anybody(), failure.reason(), Some(&failure)))
}

/// ```text
/// Start --(AP-REQ)--> Waiting --(AP-REP)--> Standing
///                        |  refused: Over
/// ```
struct Kerberos<C> {
    user: String,
    spn: String,
    state: State<C>,
}

enum State<C> {
    Start,
    Waiting(C),
    Standing(C),
    Over,
}

impl<C: SystemContext> Kerberos<C> {
    fn new(credential: &Credential, options: &NtlmOptions) -> Self {
        Self {
            user: credential.user().to_owned(),
            spn: options.spn.clone().unwrap_or_default(),
            state: State::Start,
        }
    }

    fn begin(&mut self, certificate: Option<&[u8]>) -> Result<Progress, AuthError> {
        check(&self.user)?;
        check(&self.spn)?;
        let binding = certificate.map(channel_binding::application_data).transpose()?;
        let begun = C::begin(&self.user, &self.spn, binding);
        let (context, bytes) = begun.map_err(|failure| self.reason(&failure))?;
        self.state = State::Waiting(context);
        Ok(Progress::Continue(Token { bytes, shows: Shown::Ticket }))
    }

    fn take_proof(&mut self, mut context: C, token: &[u8]) -> Result<Progress, AuthError> {
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

    fn standing(&mut self) -> Result<&mut C, AuthError> {
        match &mut self.state {
            State::Standing(context) => Ok(context),
            _ => Err(AuthError::out_of_turn(NAME)),
        }
    }
}

impl<C: SystemContext + 'static> Mechanism for Kerberos<C> {
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

    fn signs(&self) -> bool {
        C::SIGNS
    }

    fn mic(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        let signature = self.standing()?.mic(message);
        signature.map_err(|failure| self.reason(&failure))
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

impl<C> fmt::Debug for Kerberos<C> {
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
    use super::scripted::Scripted;
    use super::*;
    use crate::auth::spnego::Spnego;
    use crate::auth::token_exchange::CarrierConfig;
    use crate::auth::{Answer, Challenges, Handshake as _, Leg, Protection, Step, sealing};
    use secrecy::ExposeSecret as _;

    fn options(spn: &str) -> NtlmOptions {
        NtlmOptions {
            spn: Some(spn.to_owned()),
            workstation: String::new(),
            seal: true,
            now: std::time::SystemTime::UNIX_EPOCH,
            client_challenge: [0; 8],
            session_key: [0; 16],
        }
    }

    /// A negotiation with a system whose library signs nothing.
    fn unsigned(user: &str) -> Spnego {
        let kerberos = Kerberos::<Scripted>::new(&Credential::without_password(user), &options("HTTP/web01"));
        let sealed = Some(sealing::SPNEGO);
        let config = CarrierConfig { headers: &["Negotiate"], header: "Negotiate", sealed, tls: false };
        Spnego::new(vec![Box::new(kerberos)], config)
    }

    fn hear(login: &mut Spnego, status: u16, token: &str) -> Result<Step, AuthError> {
        let challenges = Challenges::parse([format!("Negotiate {token}").as_str()]);
        login.step(Some(&Answer { status, challenges: &challenges, server_certificate: None }))
    }

    /// `NegTokenResp`: accept-completed, `proof`, and a mechListMIC `sign`.
    const ACCEPTED_AND_SIGNED: &str = "oRgwFqADCgEAogcEBXByb29mowYEBHNpZ24=";
    /// `NegTokenResp`: request-mic, `proof`.
    const ASKED_TO_SIGN: &str = "oRAwDqADCgEDogcEBXByb29m";

    #[test]
    fn a_library_that_signs_nothing_logs_in_with_the_preferred_mechanism() {
        let mut login = unsigned("");
        let Step::Send(Leg { authorization: Some(first), proves: false, .. }) = login.step(None).unwrap()
        else {
            panic!("no ticket is shown")
        };
        assert!(first.expose_secret().starts_with("Negotiate Y"));
        let step = hear(&mut login, 200, ACCEPTED_AND_SIGNED).unwrap();
        let Step::Established(Protection::Sealed(mut seal)) = step else { panic!("{step:?}") };
        assert!(!login.is_accepted(), "what was not verified shows nothing");
        let sealed = seal.seal(b"<data/>").unwrap();
        assert_eq!((sealed.signature.len(), sealed.ciphertext.as_slice()), (60, b"<data/>".as_slice()));
    }

    #[test]
    fn a_server_that_must_have_a_signature_gets_no_login_without_one() {
        let mut login = unsigned("");
        login.step(None).unwrap();
        let error = hear(&mut login, 401, ASKED_TO_SIGN).unwrap_err();
        assert!(matches!(error, AuthError::Ticket { reason: TicketError::Other, .. }), "{error}");
        assert!(error.to_string().ends_with("(no signatures)"), "{error}");
    }

    #[test]
    fn another_users_logon_is_not_used() {
        let error = unsigned("bob").step(None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Kerberos login to HTTP/web01 failed: no ticket (the logon is ann@LAB.TEST)"
        );
    }

    #[test]
    fn a_server_without_a_proof_of_its_own_is_refused() {
        let mut login = unsigned("");
        login.step(None).unwrap();
        // `NegTokenResp`: accept-completed, and nothing else.
        let error = hear(&mut login, 200, "oQcwBaADCgEA").unwrap_err();
        assert_eq!(error, AuthError::Downgrade { what: "the server's own proof" });
    }

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
        for spn in ["HTTP/a\0b", &format!("HTTP/{}", "x".repeat(2_000))] {
            let credential = Credential::without_password("ann");
            let error = mechanism(&credential, &options(spn)).step(None, None).unwrap_err();
            assert!(matches!(error, AuthError::Unusable { .. }), "{error}");
        }
    }
}
