#![cfg_attr(
    gssapi,
    expect(
        clippy::disallowed_methods,
        reason = "the keytab, the replay cache and the clock are the system's"
    )
)]
//! I/O module: the server's half of Kerberos, through the system's GSS-API. Sealed bodies are cut by code of its own, so
//! that it cannot share a mistake with the client.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::ticket::BeginTicket;

/// The environment variable by which the system's Kerberos library finds this keytab, with its value. A process must start
/// with it before [`SimulatorBuilder::keytab`](super::SimulatorBuilder::keytab) can use the keytab: the safe interface of
/// GSS-API has no other way.
#[must_use]
pub fn keytab_variable(keytab: &Path) -> (&'static str, OsString) {
    let mut value = OsString::from("FILE:");
    value.push(keytab);
    ("KRB5_KTNAME", value)
}

#[cfg(gssapi)]
mod acceptor {
    use std::io;
    use std::path::Path;
    use std::sync::Arc;

    use libgssapi::context::{CtxFlags, SecurityContext as _, ServerCtx};
    use libgssapi::credential::{Cred, CredUsage};
    use libgssapi::error::Error;
    use libgssapi::oid::{GSS_MECH_KRB5, GSS_MECH_SPNEGO, OidSet};

    use crate::simulator::body_security::BodySecurity;
    use crate::simulator::ticket::{BeginTicket, Binding, TicketContext};

    pub(super) fn with_keytab(keytab: &Path) -> io::Result<BeginTicket> {
        let (variable, expected) = super::keytab_variable(keytab);
        let named = std::env::var_os(variable).unwrap_or_default();
        if named != expected && named != keytab.as_os_str() {
            return Err(unusable(format!(
                "the Kerberos library of this process reads another keytab; start it with {variable}={}",
                expected.display()
            )));
        }
        let credential = credential().map_err(|error| unusable(words(&error)))?;
        Ok(Arc::new(move |protocol| {
            Box::new(Context {
                context: ServerCtx::new(Some(credential.clone())),
                protocol,
                principal: None,
                seals: false,
            })
        }))
    }

    fn unusable(text: String) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidInput, text)
    }

    fn credential() -> Result<Cred, Error> {
        let mut mechanisms = OidSet::new();
        mechanisms.add(GSS_MECH_KRB5)?;
        // With SPNEGO among them it succeeds without a keytab where the system has another mechanism.
        Cred::acquire(None, None, CredUsage::Accept, Some(&mechanisms))?;
        mechanisms.add(GSS_MECH_SPNEGO)?;
        Cred::acquire(None, None, CredUsage::Accept, Some(&mechanisms))
    }

    /// The library's words without the empty phrase that they begin with.
    fn words(error: &Error) -> String {
        let text = error.to_string();
        let minor = text.split_once(" (").and_then(|(_, minor)| minor.trim_end().strip_suffix(')'));
        let text = minor.filter(|minor| !minor.is_empty()).unwrap_or(&text);
        text.chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect()
    }

    struct Context {
        context: ServerCtx,
        protocol: &'static str,
        principal: Option<String>,
        seals: bool,
    }

    impl Context {
        fn settle(&mut self, binding: &Binding) -> Result<(), String> {
            let inquire = |error: Error| words(&error);
            let flags = self.context.flags().map_err(inquire)?;
            if binding.is_required && flags.bits() & CHANNEL_BOUND == 0 {
                return Err("channel binding expected, none sent".to_owned());
            }
            self.seals = flags.contains(CtxFlags::GSS_C_CONF_FLAG | CtxFlags::GSS_C_INTEG_FLAG);
            let name = self.context.source_name().and_then(|name| name.display_name()).map_err(inquire)?;
            self.principal = Some(String::from_utf8_lossy(&name).into_owned());
            Ok(())
        }
    }

    impl TicketContext for Context {
        fn step(&mut self, token: &[u8], binding: &Binding) -> Result<Vec<u8>, String> {
            let answer = self.context.step(token, binding.data.as_deref()).map_err(|error| words(&error))?;
            if self.context.is_complete() {
                self.settle(binding)?;
            }
            Ok(answer.map(|token| token.to_vec()).unwrap_or_default())
        }

        fn principal(&self) -> Option<String> {
            self.principal.clone()
        }
    }

    impl BodySecurity for Context {
        fn protocol(&self) -> &'static str {
            self.protocol
        }

        fn seals(&self) -> bool {
            self.seals
        }

        fn open(&mut self, signature: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
            let token = [signature, ciphertext].concat();
            let is_sealed = token.get(2).is_some_and(|flags| flags & SEALED != 0);
            if !token.starts_with(TOKEN_ID) || !is_sealed {
                return None;
            }
            self.context.unwrap(&token).ok().map(|text| text.to_vec())
        }

        fn seal(&mut self, plaintext: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
            let token = self.context.wrap(true, plaintext).ok()?;
            split(&token, plaintext.len())
        }
    }

    /// A wrap token in the layout of Windows: RFC 4121 (4.2.4, Encryption and Checksum Operations) has the encrypted data
    /// before the copy of the header and the checksum, and a rotation to the right brings these to the front. `None`
    /// for a token of RC4, which has another shape.
    fn split(token: &[u8], length: usize) -> Option<(Vec<u8>, Vec<u8>)> {
        let (head, rest) = token.split_at_checked(HEAD)?;
        let rotation = rest.len().checked_sub(CONFOUNDER + length)?;
        if !head.starts_with(TOKEN_ID) || head.get(ROTATION_COUNT..)?.get(..2)? != [0, 0] {
            return None;
        }
        let (front, back) = rest.split_at_checked(rest.len() - rotation)?;
        let (confounder, data) = front.split_at_checked(CONFOUNDER)?;
        let count = u16::try_from(rotation).ok()?.to_be_bytes();
        let (before, after) = (head.get(..ROTATION_COUNT)?, head.get(ROTATION_COUNT + 2..)?);
        Some(([before, &count, after, back, confounder].concat(), data.to_vec()))
    }

    /// A wrap token (RFC 4121, section 4.2.6.2, Wrap Tokens).
    const TOKEN_ID: &[u8] = &[5, 4];
    /// The flag of an encrypted one.
    const SEALED: u8 = 2;
    /// The head in clear, in bytes.
    const HEAD: usize = 16;
    /// Where the head counts the rotation.
    const ROTATION_COUNT: usize = 6;
    /// The random block before the data: a block of AES.
    const CONFOUNDER: usize = 16;
    /// GSS_C_CHANNEL_BOUND_FLAG of MIT's library since 1.19.
    const CHANNEL_BOUND: u32 = 2048;
    /// Enough for the library's longest sentence with a path in it.
    const MAX_WORDS: usize = 300;
}

/// Logins with the keys of this keytab.
///
/// # Errors
/// `InvalidInput` if the keytab cannot be used; `Unsupported` if the build has no Kerberos.
#[cfg(gssapi)]
pub(super) fn with_keytab(keytab: &Path) -> io::Result<BeginTicket> {
    acceptor::with_keytab(keytab)
}

/// Says that there is no Kerberos.
///
/// # Errors
/// Always `Unsupported`.
#[cfg(not(gssapi))]
pub(super) fn with_keytab(_: &Path) -> io::Result<BeginTicket> {
    let text = "this build does not include Kerberos; build it with the feature `kerberos`";
    Err(io::Error::new(io::ErrorKind::Unsupported, text))
}
