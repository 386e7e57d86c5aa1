//! Opening a connection and logging in on it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::answer::Answer;
use super::channel::{Failure, SOAP};
use super::http::{ClientFactory, Http, PostError, Request};
use super::login::{Expected, Recheck, Refusal, Turn};
use super::{
    BoxError, BoxFuture, Endpoint, ExchangeObserver, LoginGate, RETRYABLE_STATUS, Silence, TransportError,
    challenges,
};
use crate::auth::{
    self, AuthError, AuthScheme, Challenges, Credential, Handshake, Leg, LoginPolicy, NtlmOptions,
    Protection, ServerNames, Step,
};
use crate::error_chain::error_chain;
use crate::wsman::xml::MAX_BYTES;

/// The present time, for a login whose server names none.
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Fills a buffer with random bytes.
pub(super) type Random = Arc<dyn Fn(&mut [u8]) -> Result<(), BoxError> + Send + Sync>;

/// Everything that a login needs, for as many as are needed.
pub(super) struct Authenticator {
    pub(super) endpoint: Endpoint,
    pub(super) spn: String,
    pub(super) workstation: String,
    pub(super) observer: Option<Arc<dyn ExchangeObserver>>,
    pub(super) credential: Credential,
    pub(super) auth: AuthScheme,
    pub(super) policy: LoginPolicy,
    /// This host has accepted the account before, and its first login has not had its turn.
    pub(super) expected: Mutex<Option<Expected>>,
    pub(super) gate: LoginGate,
    pub(super) factory: ClientFactory,
    pub(super) login_timeout: Duration,
    pub(super) login_attempts: u32,
    /// What the server offered to the login that it accepted first.
    pub(super) challenges: OnceLock<Challenges>,
    /// What the server said of itself when it was asked, for logins with tickets, which hear no challenge.
    #[cfg(all(kerberos, feature = "ntlm"))]
    pub(super) asked_names: OnceLock<Option<ServerNames>>,
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
    /// The server has still to show that it accepted the password, by answering a request.
    pub(super) is_unconfirmed: bool,
}

/// What a login is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Work,
    /// To hear whether the server still accepts the credential.
    Recheck,
}

/// Why one try of a login ended.
enum Stop {
    Failed(TransportError),
    /// The server has closed the connection while the login waited for its turn, before any proof was sent.
    Expired,
}

impl From<TransportError> for Stop {
    fn from(error: TransportError) -> Self {
        Self::Failed(error)
    }
}

impl Authenticator {
    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Opens a connection and logs in on it.
    pub(super) async fn login(self: &Arc<Self>) -> Result<Link, TransportError> {
        // It is dropped however the login ends, so that nobody waits for it any more.
        let expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.gate.check(&self.credential, self.login_attempts)?;
        self.gate.begin(&self.credential);
        self.log_in(Purpose::Work, expected).await
    }

    async fn log_in(
        self: &Arc<Self>,
        purpose: Purpose,
        mut expected: Option<Expected>,
    ) -> Result<Link, TransportError> {
        self.logins.fetch_add(1, Ordering::Relaxed);
        let mut left = self.login_timeout;
        let mut tries = 1;
        let outcome = loop {
            match self.try_once(purpose, &mut expected, &mut left).await {
                Ok(link) => break Ok(link),
                Err(Stop::Failed(error)) => break Err(error),
                Err(Stop::Expired) if tries < MAX_TRIES => tries += 1,
                Err(Stop::Expired) => break Err(self.login_lost(PostError::Died)),
            }
        };
        let (endpoint, user) = (self.endpoint.url(), self.credential.user());
        match &outcome {
            Ok(Link { scheme, protection, .. }) => {
                tracing::debug!(endpoint, user, scheme, ?protection, "logged in");
            }
            Err(error) => tracing::debug!(endpoint, user, error = error_chain(error), "the login failed"),
        }
        outcome
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
        auth::handshake_after(self.challenges.get(), self.auth, &self.credential, self.policy, &options)
            .map_err(|e| self.auth_error(e))
    }

    /// Runs one handshake. `left` is the time that the login may still take; waiting for other logins does not count.
    async fn try_once(
        self: &Arc<Self>,
        purpose: Purpose,
        expected: &mut Option<Expected>,
        left: &mut Duration,
    ) -> Result<Link, Stop> {
        tracing::debug!(endpoint = self.endpoint.url(), "opening a connection");
        let mut handshake = self.handshake()?;
        let mut http = self.factory.open();
        let mut turn: Option<Turn> = None;
        let mut last: Option<Answer> = None;
        let mut challenges = Challenges::default();
        let mut closed = false;
        for _ in 0..MAX_LEGS {
            let step;
            (handshake, step) = self.step(handshake, last.take(), left).await?;
            let leg = match step {
                Ok(Step::Send(leg)) => leg,
                Ok(Step::Established(protection)) => {
                    if turn.is_none() && matches!(protection, Protection::Header(_)) {
                        // The next request bears the password, and this server has accepted it before.
                        http.connect().await.map_err(|error| self.login_lost(error))?;
                        turn = Some(self.turn(purpose, expected.is_some()).await?);
                        drop(expected.take());
                    }
                    let (scheme, server_names) = (handshake.name(), handshake.server_names().cloned());
                    let link = Link { http, protection, scheme, server_names, closed, is_unconfirmed: false };
                    let is_accepted = handshake.is_accepted();
                    #[cfg(all(kerberos, feature = "ntlm"))]
                    let with_ticket = turn.is_none();
                    let link = self.conclude(link, turn, is_accepted, purpose, left).await?;
                    #[cfg(all(kerberos, feature = "ntlm"))]
                    let link = if with_ticket { self.with_asked_names(link, *left).await } else { link };
                    if !link.is_unconfirmed {
                        let _ = self.challenges.set(challenges);
                    }
                    return Ok(link);
                }
                Err(source) => return Err(self.judged(turn, source).into()),
            };
            let asks = leg.authorization.is_none() && !leg.identify;
            if leg.proves && turn.is_none() {
                turn = Some(self.turn(purpose, expected.is_some()).await?);
                // Whoever waits for this host to go first has no more reason to.
                drop(expected.take());
            }
            if closed && leg.begins {
                http = self.factory.open();
            }
            if let Some(turn) = turn.as_mut().filter(|_| leg.proves) {
                turn.sending();
            }
            let mut answer;
            (http, answer) = self.send_leg(http, &leg, asks, left).await;
            if leg.begins && matches!(answer, Err(PostError::Died)) {
                // The server did not want to wait as long as we did for our turn, or has closed after its 401. Nothing of
                // this was sent.
                http = self.factory.open();
                (http, answer) = self.send_leg(http, &leg, asks, left).await;
            }
            let is_unsent = matches!(answer, Err(PostError::Died | PostError::NotConnected(_)));
            if is_unsent && let Some(turn) = turn.take_if(|_| leg.proves) {
                let expired = turn.has_waited() && matches!(answer, Err(PostError::Died));
                turn.withdraw();
                if expired {
                    return Err(Stop::Expired);
                }
            }
            let answer = match self.judge(answer, &leg) {
                Ok(answer) => answer,
                Err(error) => return Err(self.unanswered(turn, error).into()),
            };
            if asks {
                challenges = answer.challenges.clone();
            }
            closed = answer.closes;
            last = Some(answer);
        }
        let problem = format!("the login is not done after {MAX_LEGS} requests");
        Err(self.auth_error(AuthError::Malformed { scheme: self.auth.name(), problem }).into())
    }

    /// The same link with what the server says of itself in an NTLM challenge, which is asked for once, on a connection
    /// of its own and without a proof. Where the server gives none, nothing is known of it. Only TLS protects that
    /// answer: over plain HTTP, whoever is in between could make the names prove that a session is gone.
    #[cfg(all(kerberos, feature = "ntlm"))]
    async fn with_asked_names(&self, link: Link, left: Duration) -> Link {
        let Some((_, realm)) =
            self.credential.user().rsplit_once('@').filter(|_| self.policy.tls && !self.policy.forbid_ntlm)
        else {
            return link;
        };
        if self.asked_names.get().is_none() {
            let names = self.ask_for_names(left.min(NAMES_WAIT)).await;
            let names = names.map(|names| ServerNames { realm: realm.to_owned(), ..names });
            let _ = self.asked_names.set(names);
        }
        Link { server_names: self.asked_names.get().cloned().flatten(), ..link }
    }

    #[cfg(all(kerberos, feature = "ntlm"))]
    async fn ask_for_names(&self, timeout: Duration) -> Option<ServerNames> {
        let authorization = auth::challenge_request().ok()?;
        let request = Request { authorization: Some(&authorization), ..Request::default() };
        let answer = self.factory.open().post(request, MAX_BYTES, timeout).await.ok()?;
        auth::names_in_challenge(&answer.challenges)
    }

    async fn turn(&self, purpose: Purpose, preferred: bool) -> Result<Turn, TransportError> {
        match purpose {
            Purpose::Work => {
                self.gate.turn(&self.credential, self.endpoint.url(), self.login_attempts, preferred).await
            }
            Purpose::Recheck => Ok(self.gate.turn_to_recheck(&self.credential, self.endpoint.url())),
        }
    }

    /// What a login that stands says of the credential. Where the exchange itself has not shown that the password was
    /// accepted, an Identify shows it, as long as that matters to others.
    async fn conclude(
        self: &Arc<Self>,
        mut link: Link,
        turn: Option<Turn>,
        is_accepted: bool,
        purpose: Purpose,
        left: &mut Duration,
    ) -> Result<Link, TransportError> {
        let Some(mut turn) = turn else { return Ok(link) };
        if !is_accepted {
            if !turn.is_unproven() && purpose == Purpose::Work {
                link.is_unconfirmed = true;
                return Ok(link);
            }
            turn.sending();
            let began = Instant::now();
            let identified = link.identify(*left, self.endpoint.url()).await;
            *left = left.saturating_sub(began.elapsed());
            match identified {
                Ok(true) => {}
                Ok(false) => {
                    let (user, scheme) = (self.credential.user().to_owned(), link.scheme);
                    return Err(self.judged(Some(turn), AuthError::Refused { user, scheme }));
                }
                Err(Failure::Post(error)) => return Err(self.unanswered(Some(turn), self.login_lost(error))),
                Err(Failure::Auth(source)) => return Err(self.auth_error(source)),
                Err(Failure::Answer(error)) => return Err(self.unanswered(Some(turn), error)),
            }
        }
        turn.accepted(self.as_acceptor());
        Ok(link)
    }

    /// What the failure of a handshake says of the credential.
    fn judged(self: &Arc<Self>, turn: Option<Turn>, source: AuthError) -> TransportError {
        self.auth_error(match (source, turn) {
            (AuthError::Refused { user, scheme }, Some(turn)) => self.refused(turn.refused(), user, scheme),
            (source @ AuthError::NotAuthorized { .. }, Some(turn)) => {
                turn.accepted(self.as_acceptor());
                source
            }
            (source, _) => source,
        })
    }

    /// A refusal as the gate understands it.
    fn refused(&self, refusal: Refusal, user: String, scheme: &'static str) -> AuthError {
        match refusal {
            Refusal::EndsUse => AuthError::Refused { user, scheme },
            Refusal::ThisHostOnly => AuthError::NotAuthorized { user, scheme },
        }
    }

    /// A failure after an unproven proof that another try might mend must not look like one.
    fn unanswered(&self, turn: Option<Turn>, error: TransportError) -> TransportError {
        if !turn.is_some_and(|turn| turn.has_sent_unproven()) {
            return error;
        }
        let problem = match &error {
            TransportError::Connect { source, .. } => error_chain(source.as_ref()),
            TransportError::Status { status, .. } if RETRYABLE_STATUS.contains(status) => {
                format!("HTTP {status}")
            }
            _ => return error,
        };
        self.auth_error(AuthError::Unanswered { user: self.credential.user().to_owned(), problem })
    }

    fn as_acceptor(self: &Arc<Self>) -> Weak<dyn Recheck> {
        let dialer: Arc<dyn Recheck> = Arc::<Self>::clone(self);
        Arc::downgrade(&dialer)
    }

    /// The server has answered a request on a connection that was unconfirmed.
    pub(super) fn confirmed(self: &Arc<Self>) {
        self.gate.accepted(&self.credential, self.endpoint.url(), self.as_acceptor());
    }

    /// The server answers 401 to a request that bears the password itself.
    pub(super) fn password_refused(&self, scheme: &'static str) -> TransportError {
        let refusal = self.gate.refused(&self.credential, self.endpoint.url());
        self.auth_error(self.refused(refusal, self.credential.user().to_owned(), scheme))
    }

    /// The server answers 401 although it has just accepted the login.
    pub(super) fn not_authorized(&self, scheme: &'static str) -> TransportError {
        self.auth_error(AuthError::NotAuthorized { user: self.credential.user().to_owned(), scheme })
    }

    /// One step of the handshake. Kerberos may wait in it for a KDC, as long as the system's library does.
    async fn step(
        &self,
        mut handshake: Box<dyn Handshake>,
        last: Option<Answer>,
        left: &mut Duration,
    ) -> Result<Stepped, TransportError> {
        let step = move || {
            let step = handshake.step(last.as_ref().map(view).as_ref());
            (handshake, step)
        };
        #[cfg(kerberos)]
        if self.auth.takes_ticket() {
            let began = Instant::now();
            let stepped = tokio::time::timeout(*left, super::blocking::aside(step)).await;
            *left = left.saturating_sub(began.elapsed());
            return match stepped {
                Ok(stepped) => stepped.map_err(|source| self.not_connected(source)),
                Err(_) => Err(self.not_connected(Silence::LoggingIn(self.login_timeout).into())),
            };
        }
        #[cfg(not(kerberos))]
        let _ = left;
        Ok(step())
    }

    /// Sends one request of a login. The connection that comes back is the one that was answered.
    async fn send_leg(
        &self,
        mut http: Http,
        leg: &Leg,
        asks: bool,
        left: &mut Duration,
    ) -> (Http, Result<Answer, PostError>) {
        let began = Instant::now();
        let (http, answer) = if asks {
            challenges::ask(&self.factory, http, Request::default(), *left).await
        } else {
            let mut request = Request { authorization: leg.authorization.as_ref(), ..Request::default() };
            if leg.identify {
                request.content_type = Some(SOAP);
                request.body = super::probe::identify_envelope();
            }
            let answer = http.post(request, MAX_BYTES, *left).await;
            (http, answer)
        };
        // Connecting has a limit of its own.
        let began = http.connected_at().map_or_else(Instant::now, |connected| connected.max(began));
        *left = left.saturating_sub(began.elapsed());
        (http, answer)
    }

    /// Lets through an answer that is a word of the login: 401, or a success that is not a web page; to an Identify an
    /// envelope. The handshakes want no other.
    fn judge(&self, answer: Result<Answer, PostError>, leg: &Leg) -> Result<Answer, TransportError> {
        let mut answer = answer.map_err(|error| self.login_lost(error))?;
        if answer.is_soap() && answer.status != 401 {
            // Even a fault: whoever reads the envelope has let us in.
            answer.status = 200;
        }
        let is_page = !answer.body.is_empty() && !answer.is_soap();
        match answer.status {
            401 => Ok(answer),
            200..300 if answer.is_soap() || !(is_page || leg.identify) => Ok(answer),
            _ => Err(answer.into_status_error(self.endpoint.url())),
        }
    }

    /// During the login no request of the caller's is on its way, whatever happened.
    fn login_lost(&self, error: PostError) -> TransportError {
        let endpoint = self.endpoint.url().to_owned();
        match error {
            PostError::NotConnected(source) | PostError::Lost(source) => self.not_connected(source),
            PostError::Died => self.not_connected("the server closed the connection during the login".into()),
            PostError::Timeout(_) => self.not_connected(Silence::LoggingIn(self.login_timeout).into()),
            PostError::TooLarge(limit) => TransportError::TooLarge { endpoint, limit },
        }
    }

    pub(super) fn not_connected(&self, source: BoxError) -> TransportError {
        TransportError::Connect { endpoint: self.endpoint.url().to_owned(), source }
    }

    pub(super) fn auth_error(&self, mut source: AuthError) -> TransportError {
        if let AuthError::NotOffered { offered, .. } = &mut source {
            *offered = self.factory.redactor().text(offered).into_owned();
        }
        TransportError::Auth { endpoint: self.endpoint.url().to_owned(), source }
    }
}

impl Recheck for Authenticator {
    fn recheck(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            // The gate has heard the verdict, if there was one.
            let _ = self.log_in(Purpose::Recheck, None).await;
        })
    }
}

fn view(answer: &Answer) -> auth::Answer<'_> {
    auth::Answer {
        status: answer.status,
        challenges: &answer.challenges,
        server_certificate: answer.certificate.as_deref(),
    }
}

/// A challenge costs the server no question to anybody else, and the login does not depend on it.
#[cfg(all(kerberos, feature = "ntlm"))]
const NAMES_WAIT: Duration = Duration::from_secs(2);

/// NTLM takes two requests, a negotiation that changes its mechanism four, and one asks for the offer.
const MAX_LEGS: usize = 6;

/// How often a login begins anew whose connection the server has closed while it waited for its turn.
const MAX_TRIES: u32 = 3;
