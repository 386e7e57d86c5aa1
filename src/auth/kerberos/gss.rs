//! I/O module: the system's GSS-API: ticket caches, keytabs, krb5.conf, the environment, the clock and the KDC are its
//! affair. The only file of the client that knows `libgssapi`. On Windows `sspi` stands in its place.
#![expect(
    clippy::disallowed_methods,
    reason = "tickets are the system's, and so are the clock and the network behind them"
)]

use std::fmt;

use libgssapi::context::{ClientCtx, CtxFlags, SecurityContext as _};
use libgssapi::credential::{Cred, CredUsage};
use libgssapi::error::Error;
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_NT_HOSTBASED_SERVICE, GSS_NT_KRB5_PRINCIPAL, OidSet};

use super::failure::Failure;
use super::gss_status;
use super::system::SystemContext;
use crate::auth::TicketError;

/// One security context with one server.
pub(super) struct Context {
    context: ClientCtx,
    /// The application data of the channel binding.
    binding: Option<Vec<u8>>,
}

impl Context {
    fn step(&mut self, token: Option<&[u8]>) -> Result<Option<Vec<u8>>, Failure> {
        let answer = self.context.step(token, self.binding.as_deref())?;
        Ok(answer.map(|token| token.to_vec()))
    }
}

impl SystemContext for Context {
    const SIGNS: bool = true;

    /// MIT's library takes 27 s to give up on a KDC that never answers.
    fn begin(user: &str, spn: &str, binding: Option<Vec<u8>>) -> Result<(Self, Vec<u8>), Failure> {
        let credential = acquire(user)?;
        let context = ClientCtx::new(Some(credential), service(spn)?, WANTED, Some(GSS_MECH_KRB5));
        let mut this = Self { context, binding };
        let token = this.step(None)?.unwrap_or_default();
        Ok((this, token))
    }

    fn answer(&mut self, token: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        self.step(Some(token))
    }

    fn stands(&self) -> bool {
        self.context.is_complete()
    }

    fn lacks(&self) -> Result<Option<&'static str>, Failure> {
        let flags = self.context.flags()?;
        Ok(PROTECTION.iter().find(|(flag, _)| !flags.contains(*flag)).map(|(_, name)| *name))
    }

    fn wrap(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(self.context.wrap(true, plaintext)?.to_vec())
    }

    /// The token must be next in turn: any supplementary status (old, duplicate, out of sequence, a gap) is a failure.
    fn unwrap(&mut self, token: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(self.context.unwrap(token)?.to_vec())
    }

    fn mic(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        Ok(self.context.get_mic(message)?.to_vec())
    }

    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<(), Failure> {
        Ok(self.context.verify_mic(message, mic)?)
    }
}

/// What the library shows of it would name tickets.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("binding", &self.binding.is_some()).finish_non_exhaustive()
    }
}

/// The principal whose ticket there is for `user`, or the default one's if that is empty.
pub(super) fn holder(user: &str) -> Result<String, Failure> {
    principal(&acquire(user)?)
}

/// The tickets of `user`, or the default ones.
fn acquire(user: &str) -> Result<Cred, Failure> {
    if let Some((domain, user)) = user.split_once('\\') {
        return acquire_in_domain(domain, user);
    }
    let found = acquire_principal(user);
    match user.rsplit_once('@') {
        // Windows names a realm in any case, and its realms are in upper case.
        Some((name, realm)) if found.is_err() && realm != realm.to_uppercase() => {
            acquire_principal(&format!("{name}@{}", realm.to_uppercase())).or(found)
        }
        _ => found,
    }
}

fn acquire_principal(user: &str) -> Result<Cred, Failure> {
    let name = match user {
        "" => None,
        user => Some(Name::new(user.as_bytes(), Some(GSS_NT_KRB5_PRINCIPAL))?),
    };
    let mut only_kerberos = OidSet::new();
    only_kerberos.add(GSS_MECH_KRB5)?;
    let credential = Cred::acquire(name.as_ref(), None, CredUsage::Initiate, Some(&only_kerberos))?;
    // What has expired is found all the same, and so is the promise of a ticket that cannot be had.
    if credential.lifetime()?.is_zero() {
        return Err(Failure::new(TicketError::Expired, "Ticket expired"));
    }
    Ok(credential)
}

/// `DOMAIN\user`: the default ticket, if it is that user's. A domain's short name is most often the first part of its
/// realm, and which realm it is, only the domain could tell.
fn acquire_in_domain(domain: &str, user: &str) -> Result<Cred, Failure> {
    let credential = acquire_principal("")?;
    let principal = principal(&credential)?;
    if super::is_of_domain(&principal, domain, user) {
        return Ok(credential);
    }
    Err(Failure::new(TicketError::NoTicket, &format!("the ticket is for {principal}")))
}

fn principal(credential: &Cred) -> Result<String, Failure> {
    let name = credential.name()?.display_name()?;
    Ok(String::from_utf8_lossy(&name).into_owned())
}

/// `HTTP/host` as the library's own kind of name, so that it finds the realm of the host; with a realm, as it stands.
fn service(spn: &str) -> Result<Name, Failure> {
    Ok(match spn.split_once('/') {
        Some((service, host)) if !host.contains('@') => {
            Name::new(format!("{service}@{host}").as_bytes(), Some(GSS_NT_HOSTBASED_SERVICE))?
        }
        _ => Name::new(spn.as_bytes(), Some(GSS_NT_KRB5_PRINCIPAL))?,
    })
}

/// The message map of the library belongs to the thread that failed, so that the words are asked for at once.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        gss_status::failure(error.major.bits(), error.minor, &error.to_string())
    }
}

/// All that the context must give, and the word for it. Delegation is not among them.
const PROTECTION: &[(CtxFlags, &str)] = &[
    (CtxFlags::GSS_C_MUTUAL_FLAG, "its own proof"),
    (CtxFlags::GSS_C_REPLAY_FLAG, "the detection of replay"),
    (CtxFlags::GSS_C_SEQUENCE_FLAG, "the order of messages"),
    (CtxFlags::GSS_C_CONF_FLAG, "confidentiality"),
    (CtxFlags::GSS_C_INTEG_FLAG, "integrity"),
];

const WANTED: CtxFlags = CtxFlags::GSS_C_MUTUAL_FLAG
    .union(CtxFlags::GSS_C_REPLAY_FLAG)
    .union(CtxFlags::GSS_C_SEQUENCE_FLAG)
    .union(CtxFlags::GSS_C_CONF_FLAG)
    .union(CtxFlags::GSS_C_INTEG_FLAG);
