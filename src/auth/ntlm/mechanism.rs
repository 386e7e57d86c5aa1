//! The three messages of an NTLM login, as a mechanism.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use secrecy::ExposeSecret as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::keys::encrypt_session_key;
use super::message::{self, Challenge, Proof};
use super::response::{Inputs, RESPONSE_OVERHEAD, ntowf_v2, respond};
use super::seal::NtlmSeal;
use super::{SCHEME, malformed};
use crate::auth::channel_binding;
use crate::auth::credential::MAX_NAME_UNITS;
use crate::auth::mechanism::{Mechanism, Progress, Shown, Token};
use crate::auth::{AuthError, Credential, NtlmOptions, Seal, ServerNames};

/// One NTLM context: Negotiate, Challenge, Authenticate.
///
/// ```text
/// Start --(Negotiate)--> Asked --(Challenge: Authenticate)--> Proved
///                          +-- weaker, malformed: an error
/// ```
pub(in crate::auth) struct Ntlm {
    credential: Credential,
    options: NtlmOptions,
    state: State,
}

enum State {
    Start,
    Asked {
        negotiate: Vec<u8>,
    },
    /// `server_names`: what the challenge says of the server, if a MIC vouches for it.
    Proved {
        seal: Box<NtlmSeal>,
        server_names: Option<ServerNames>,
    },
    Over,
}

impl Ntlm {
    /// Begins a context. With `options.seal` a challenge without keys to sign and seal with is refused.
    pub(in crate::auth) fn new(credential: Credential, options: NtlmOptions) -> Self {
        Self { credential, options, state: State::Start }
    }

    fn start(&mut self) -> Result<Progress, AuthError> {
        self.credential.check()?;
        let names = [
            ("the service principal", self.options.spn.as_deref().unwrap_or_default()),
            ("the workstation's name", &self.options.workstation),
        ];
        if let Some((what, _)) = names.iter().find(|(_, name)| name.encode_utf16().count() > MAX_NAME_UNITS) {
            let problem = format!("{what} is longer than {MAX_NAME_UNITS} characters");
            return Err(AuthError::Unusable { problem });
        }
        let negotiate = message::negotiate()?;
        self.state = State::Asked { negotiate: negotiate.clone() };
        Ok(Progress::Continue(Token { bytes: negotiate, shows: Shown::Nothing }))
    }

    fn prove(
        &mut self,
        negotiate: &[u8],
        challenge: &[u8],
        certificate: Option<&[u8]>,
    ) -> Result<Progress, AuthError> {
        let challenge = Challenge::read(challenge, self.options.seal)?;
        let binding = match certificate {
            Some(certificate) => {
                Some(channel_binding::channel_binding(&channel_binding::end_point_hash(certificate)?))
            }
            None => None,
        };
        let target_info = challenge.client_target_info(self.options.spn.as_deref(), binding)?;
        if target_info.len() > MAX_TARGET_INFO {
            return Err(malformed("its target information is too long"));
        }

        let server_names = challenge.server_names();
        let mut names = self.credential.names();
        if self.credential.is_of_the_server() {
            names.domain.clone_from(&server_names.netbios_computer);
        }
        let ntowf = ntowf_v2(self.credential.password().expose_secret(), &names.user, &names.domain);
        let response = respond(
            &ntowf,
            &Inputs {
                server_challenge: challenge.server_challenge,
                client_challenge: self.options.client_challenge,
                time: challenge.timestamp.unwrap_or_else(|| file_time(self.options.now)),
                target_info: &target_info,
                time_is_the_servers: challenge.timestamp.is_some(),
            },
        );
        let (exported, encrypted_session_key) = if challenge.exchanges_keys() {
            let exported = Zeroizing::new(self.options.session_key);
            self.options.session_key.zeroize();
            let encrypted = encrypt_session_key(&response.session_base_key, &exported);
            (exported, encrypted.to_vec())
        } else {
            (response.session_base_key, Vec::new())
        };
        let proof = Proof {
            lm: &response.lm,
            nt: response.nt,
            domain: names.domain,
            user: names.user,
            workstation: self.options.workstation.clone(),
            encrypted_session_key,
        };
        let bytes = message::authenticate(negotiate, &challenge, proof, &exported)?;
        self.state = State::Proved {
            seal: Box::new(NtlmSeal::new(&exported)),
            server_names: challenge.timestamp.is_some().then_some(server_names),
        };
        Ok(Progress::Done(Some(Token { bytes, shows: Shown::Password })))
    }

    fn keys(&mut self) -> Result<&mut NtlmSeal, AuthError> {
        match &mut self.state {
            State::Proved { seal, .. } => Ok(seal),
            _ => Err(AuthError::out_of_turn(SCHEME)),
        }
    }
}

impl Mechanism for Ntlm {
    fn name(&self) -> &'static str {
        SCHEME
    }

    fn oids(&self) -> &'static [&'static str] {
        &["1.3.6.1.4.1.311.2.2.10"]
    }

    fn binds_first_token(&self) -> bool {
        false
    }

    fn step(&mut self, token: Option<&[u8]>, certificate: Option<&[u8]>) -> Result<Progress, AuthError> {
        match (std::mem::replace(&mut self.state, State::Over), token) {
            (State::Start, None) => self.start(),
            (State::Asked { negotiate }, Some(challenge)) => self.prove(&negotiate, challenge, certificate),
            _ => Err(AuthError::out_of_turn(SCHEME)),
        }
    }

    fn wants_mic(&self) -> bool {
        self.server_names().is_some()
    }

    fn mic(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        self.keys()?.mic(message)
    }

    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<(), AuthError> {
        self.keys()?.verify_mic(message, mic)
    }

    /// With a MIC the server has confirmed that its challenge came as it sent it.
    fn server_names(&self) -> Option<&ServerNames> {
        match &self.state {
            State::Proved { server_names, .. } => server_names.as_ref(),
            _ => None,
        }
    }

    /// Whatever came with it: the server has judged the password, so that it must not be sent again.
    fn refused(&mut self, _: Option<&[u8]>) -> AuthError {
        AuthError::Refused { user: self.credential.user().to_owned(), scheme: SCHEME }
    }

    fn into_seal(self: Box<Self>, protocol: &'static str) -> Result<Box<dyn Seal>, AuthError> {
        match self.state {
            State::Proved { seal, .. } => Ok(Box::new(seal.with_protocol(protocol))),
            _ => Err(AuthError::out_of_turn(SCHEME)),
        }
    }
}

impl fmt::Debug for Ntlm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Start => "start",
            State::Asked { .. } => "asked",
            State::Proved { .. } => "proved",
            State::Over => "over",
        };
        f.debug_struct("Ntlm")
            .field("credential", &self.credential)
            .field("options", &self.options)
            .field("state", &state)
            .finish()
    }
}

/// A FILETIME: tenths of a microsecond since 1601.
fn file_time(now: SystemTime) -> [u8; 8] {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let ticks =
        since.as_secs().saturating_mul(10_000_000).saturating_add(u64::from(since.subsec_nanos() / 100));
    ticks.saturating_add(UNIX_EPOCH_AS_FILE_TIME).to_le_bytes()
}

/// 1970-01-01 as a FILETIME.
const UNIX_EPOCH_AS_FILE_TIME: u64 = 116_444_736_000_000_000;

/// The response must fit a field of the message, whose length is a `u16`; the codec panics on a longer one.
const MAX_TARGET_INFO: usize = 0xFFFF - RESPONSE_OVERHEAD;

#[cfg(test)]
mod tests;
