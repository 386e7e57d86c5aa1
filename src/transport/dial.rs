//! Opening a connection and logging in on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::channel::SOAP;
use super::http::{Answer, Http, PostError, Request, Wire};
use super::{BoxError, Endpoint, LoginGate, TransportError};
use crate::auth::{
    self, AuthError, AuthScheme, Credential, Handshake, Leg, LoginPolicy, NtlmOptions, Protection,
    ServerNames, Step,
};
use crate::wsman::xml::MAX_BYTES;

/// The present time, for a login whose server names none.
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Fills a buffer with random bytes.
pub(super) type Random = Arc<dyn Fn(&mut [u8]) -> Result<(), BoxError> + Send + Sync>;

/// Everything that a login needs, for as many as are needed.
pub(super) struct Dialer {
    pub(super) endpoint: Endpoint,
    pub(super) spn: String,
    pub(super) workstation: String,
    pub(super) credential: Credential,
    pub(super) auth: AuthScheme,
    pub(super) policy: LoginPolicy,
    pub(super) gate: LoginGate,
    pub(super) wire: Wire,
    pub(super) login_timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) logins: AtomicU64,
}

/// A handshake after a step, and what the step came to.
type Stepped = (Box<dyn Handshake>, Result<Step, AuthError>);

/// A connection on which the login stands.
pub(super) struct Link {
    pub(super) http: Http,
    pub(super) protection: Protection,
    /// The scheme that logged in.
    pub(super) scheme: &'static str,
    /// What the server has said of itself.
    pub(super) server_names: Option<ServerNames>,
    /// The server said that it closes the connection.
    pub(super) closed: bool,
}

impl Dialer {
    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Opens a connection and logs in on it.
    pub(super) async fn login(&self) -> Result<Link, TransportError> {
        self.gate.check(&self.credential)?;
        tracing::debug!(endpoint = self.endpoint.url(), "opening a connection");
        let mut http = self.open()?;
        let mut knocked = None;
        // A credential that is not proven yet waits for its turn, and it does so with the connection already there: a
        // host that does not answer, or is no WinRM service, holds up nobody.
        if !self.gate.is_proven(&self.credential) {
            let patience = self.connect_timeout.saturating_mul(2);
            knocked = Some(self.judge(http.post(Request::default(), MAX_BYTES, patience).await)?);
            if knocked.as_mut().is_some_and(|answer| std::mem::take(&mut answer.closes)) {
                http = self.open()?;
            }
        }
        self.gate.pass(&self.credential, self.drive(http, knocked)).await
    }

    /// A handshake that has not begun. It asks for randomness even where no scheme will need it, which is cheap.
    fn handshake(&self) -> Result<Box<dyn Handshake>, TransportError> {
        let mut options = NtlmOptions {
            spn: Some(self.spn.clone()),
            workstation: self.workstation.clone(),
            seal: true,
            now: (self.clock)(),
            client_challenge: [0; 8],
            session_key: [0; 16],
        };
        (self.random)(&mut options.client_challenge)
            .and_then(|()| (self.random)(&mut options.session_key))
            .map_err(|source| self.not_connected(source))?;
        auth::handshake(self.auth, &self.credential, self.policy, &options).map_err(|e| self.auth_error(e))
    }

    /// Runs one handshake, within its time limit.
    async fn drive(&self, http: Http, knocked: Option<Answer>) -> Result<Link, TransportError> {
        self.logins.fetch_add(1, Ordering::Relaxed);
        let limit = self.login_limit();
        let shown = AtomicBool::new(false);
        let outcome = tokio::time::timeout(limit, self.shake_hands(http, knocked, &shown)).await;
        let mut outcome = outcome.unwrap_or_else(|_| {
            Err(self.not_connected(format!("the login took longer than {limit:?}").into()))
        });
        if let Err(TransportError::Connect { source, .. }) = &outcome
            && shown.into_inner()
            && !self.gate.is_proven(&self.credential)
        {
            let (user, problem) = (self.credential.user().to_owned(), error_chain(source.as_ref()));
            outcome = Err(self.auth_error(AuthError::Unanswered { user, problem }));
        }
        let (endpoint, user) = (self.endpoint.url(), self.credential.user());
        match &outcome {
            Ok(Link { scheme, protection, .. }) => {
                tracing::debug!(endpoint, user, scheme, ?protection, "logged in");
            }
            Err(error) => tracing::debug!(endpoint, user, error = error_chain(error), "the login failed"),
        }
        outcome
    }

    /// Sets `shown` before the credential's proof goes out.
    async fn shake_hands(
        &self,
        mut http: Http,
        mut knocked: Option<Answer>,
        shown: &AtomicBool,
    ) -> Result<Link, TransportError> {
        let mut handshake = self.handshake()?;
        let mut last: Option<Answer> = None;
        let mut closed = false;
        for _ in 0..MAX_LEGS {
            let step;
            (handshake, step) = self.step(handshake, last.take()).await?;
            let leg = match step {
                Ok(Step::Send(leg)) => leg,
                Ok(Step::Established(protection)) => {
                    let (scheme, server_names) = (handshake.name(), handshake.server_names().cloned());
                    return Ok(Link { http, protection, scheme, server_names, closed });
                }
                Err(source) => return Err(self.auth_error(source)),
            };
            let asks = leg.authorization.is_none() && !leg.identify;
            if leg.proves {
                self.gate.show(&self.credential, self.endpoint.url())?;
                shown.store(true, Ordering::Relaxed);
            }
            if closed && leg.begins {
                http = self.open()?;
            }
            let answer = match knocked.take() {
                Some(answer) if asks => answer,
                _ => match self.send_leg(&http, &leg).await {
                    // The server did not want to wait as long as we did for our turn, or has closed after its 401.
                    Err(PostError::Died) if leg.begins => {
                        http = self.open()?;
                        self.judge(self.send_leg(&http, &leg).await)?
                    }
                    answer => self.judge(answer)?,
                },
            };
            closed = answer.closes;
            last = Some(answer);
        }
        let problem = format!("the login is not done after {MAX_LEGS} requests");
        Err(self.auth_error(AuthError::Malformed { scheme: self.auth.name(), problem }))
    }

    /// One step of the handshake. Kerberos may wait in it for a KDC, as long as the system's library does.
    async fn step(
        &self,
        mut handshake: Box<dyn Handshake>,
        last: Option<Answer>,
    ) -> Result<Stepped, TransportError> {
        let step = move || {
            let step = handshake.step(last.as_ref().map(view).as_ref());
            (handshake, step)
        };
        #[cfg(feature = "kerberos")]
        if !matches!(self.auth, AuthScheme::Basic | AuthScheme::Ntlm) {
            return super::aside::aside(step).await.map_err(|source| self.not_connected(source));
        }
        Ok(step())
    }

    async fn send_leg(&self, http: &Http, leg: &Leg) -> Result<Answer, PostError> {
        let mut request = Request { authorization: leg.authorization.as_ref(), ..Request::default() };
        if leg.identify {
            request.content_type = Some(SOAP);
            request.body = super::probe::identify_envelope();
        }
        http.post(request, MAX_BYTES, self.login_limit()).await
    }

    /// How long one login may take, its connect included.
    fn login_limit(&self) -> Duration {
        self.login_timeout.saturating_add(self.connect_timeout)
    }

    /// Lets through an answer that is a word of the login: 401, or a success that is not a web page. The handshakes
    /// want no other.
    fn judge(&self, answer: Result<Answer, PostError>) -> Result<Answer, TransportError> {
        let mut answer = answer.map_err(|error| self.login_lost(error))?;
        if answer.is_soap() && answer.status != 401 {
            // Even a fault: whoever reads the envelope has let us in.
            answer.status = 200;
        }
        let is_page = !answer.body.is_empty() && !answer.is_soap();
        match answer.status {
            401 => Ok(answer),
            200..300 if !is_page => Ok(answer),
            _ => Err(answer.into_status_error(self.endpoint.url())),
        }
    }

    fn open(&self) -> Result<Http, TransportError> {
        self.wire.open().map_err(|source| self.not_connected(source))
    }

    /// During the login no request of the caller's is on its way, whatever happened.
    fn login_lost(&self, error: PostError) -> TransportError {
        let endpoint = self.endpoint.url().to_owned();
        match error {
            PostError::NotConnected(source) | PostError::Lost(source) => self.not_connected(source),
            PostError::Died => self.not_connected("the server closed the connection during the login".into()),
            PostError::Timeout(after) => {
                self.not_connected(format!("no answer to the login within {after:?}").into())
            }
            PostError::TooLarge(limit) => TransportError::TooLarge { endpoint, limit },
        }
    }

    pub(super) fn not_connected(&self, source: BoxError) -> TransportError {
        TransportError::Connect { endpoint: self.endpoint.url().to_owned(), source }
    }

    pub(super) fn auth_error(&self, source: AuthError) -> TransportError {
        TransportError::Auth { endpoint: self.endpoint.url().to_owned(), source }
    }

    /// The server answers 401 although the login stands.
    pub(super) fn refused(&self, scheme: &'static str) -> TransportError {
        self.auth_error(AuthError::Refused { user: self.credential.user().to_owned(), scheme })
    }
}

/// The error and its causes in one line.
fn error_chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

fn view(answer: &Answer) -> auth::Answer<'_> {
    auth::Answer {
        status: answer.status,
        offers: &answer.offers,
        server_certificate: answer.certificate.as_deref(),
    }
}

/// NTLM takes two requests, a negotiation that changes its mechanism four, and one asks for the offer.
const MAX_LEGS: usize = 6;
