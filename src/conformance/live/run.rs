#![expect(clippy::disallowed_methods, reason = "asks a server, and what time it is")]
//! I/O module: asks an endpoint the questions of the table.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use uuid::Uuid;

use super::ask::{Ask, Facts, LoginFacts, Over};
use super::check::{LiveCheck, Needs, checks};
use super::envelope::Envelope;
use super::guard;
use super::profile::allowed_for;
use super::report::{Finding, LiveReport, Stop};
use super::seen::{NoAnswer, Seen};
use super::selection::Selection;
use super::target::{Target, upper};
use super::verdict::{Next, Or, Verdict};
use crate::client::{IdSource as _, RandomIds};
use crate::simulator::Profile;
use crate::transport::{Connector as _, HttpConnector, RawAnswer, RawConnection, RawRequest, TransportError};
use crate::wsman::uri;
use crate::{Error, error_chain};

/// What is asked, and how.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The checks. Default: all.
    pub selection: Selection,
    /// The generation of the server, whose known deviations are no failures. Default: none.
    pub profile: Option<Profile>,
    /// Whether shells may be created, used and deleted. Default: no; then nothing on the server is changed.
    pub allow_create: bool,
    /// How long an answer to somebody who has logged in may take. Default: 30 s.
    pub response_timeout: Duration,
    /// How long an answer to a request without a login may take; a server that lets this time pass once is not waited for
    /// again. Default: 5 s.
    pub silence: Duration,
}

impl Default for Suite {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            profile: None,
            allow_create: false,
            response_timeout: Duration::from_secs(30),
            silence: Duration::from_secs(5),
        }
    }
}

/// The most requests of one check: a listing of many pages, and what surrounds it.
const MAX_REQUESTS: usize = 64;

impl Suite {
    /// Asks the endpoint that `connector` leads to, one check after the other, and gives each finding to `each` as soon as
    /// it is there. It logs in when the first check needs that, and ends when the login is refused. Shells that it has
    /// created are deleted after the check that needed them, also when `interrupt` ends the run.
    pub async fn run(
        &self,
        connector: &HttpConnector,
        interrupt: impl Future<Output = ()>,
        mut each: impl FnMut(&Finding),
    ) -> LiveReport {
        let mut runner = Runner::new(self, connector);
        let mut report = LiveReport::default();
        let mut interrupt = std::pin::pin!(interrupt);
        for check in checks().filter(|check| self.selection.has(check)) {
            let began = Instant::now();
            let verdict = match &report.stop {
                Some(stop) if check.id == LOGIN => stopped(check, stop),
                Some(_) => Verdict::NotAsked,
                None => {
                    let asked = tokio::select! {
                        biased;
                        () = &mut interrupt => Err(Stop::Interrupted),
                        asked = runner.ask(check) => asked,
                    };
                    runner.close_shells().await;
                    match asked {
                        Ok(verdict) => allowed_for(self.profile, check.id, verdict),
                        Err(stop) => {
                            let verdict = stopped(check, &stop);
                            report.stop = Some(stop);
                            verdict
                        }
                    }
                }
            };
            let finding = Finding { check, verdict, took: began.elapsed() };
            each(&finding);
            report.findings.push(finding);
        }
        report.left = runner.open.iter().map(|target| target.shell_id().to_owned()).collect();
        report
    }
}

/// What a check is that ended the run.
fn stopped(check: &LiveCheck, stop: &Stop) -> Verdict {
    let why = stop.reason();
    match stop {
        // It is what this check asks.
        Stop::Refused(_) | Stop::NotConnected(_) if check.id == LOGIN => Verdict::Failed(why),
        _ => Verdict::Skipped(why),
    }
}

/// The check that asks for the login itself.
const LOGIN: &str = "authentication/login";

struct Runner<'a> {
    suite: &'a Suite,
    connector: &'a HttpConnector,
    facts: Facts,
    /// On which the login stands.
    login: Option<RawConnection>,
    /// The last one without a login.
    anonymous: Option<RawConnection>,
    /// The ShellIds that a request may name: the one that cannot exist, and those of this run.
    permitted: Vec<String>,
    /// Shells of this run that may still be there.
    open: Vec<Target>,
    /// The server did not answer a request without Authorization.
    is_silent: bool,
    /// The server has answered something.
    has_answered: bool,
}

impl<'a> Runner<'a> {
    fn new(suite: &'a Suite, connector: &'a HttpConnector) -> Self {
        let endpoint = connector.endpoint();
        let absent = RandomIds.draw();
        let facts = Facts {
            url: endpoint.url().to_owned(),
            host: endpoint.computer_name().to_owned(),
            path: endpoint.parsed_url().path().to_owned(),
            message_id: Uuid::nil(),
            session_id: RandomIds.draw(),
            absent,
            proposed: Uuid::nil(),
            command_id: Uuid::nil(),
            login: None,
            is_tls: endpoint.is_tls(),
            tls: None,
            principal: connector.principal().to_owned(),
            now: SystemTime::now(),
        };
        let permitted = vec![upper(absent)];
        Self {
            suite,
            connector,
            facts,
            login: None,
            anonymous: None,
            permitted,
            open: Vec::new(),
            is_silent: false,
            has_answered: false,
        }
    }

    /// What comes of one check.
    async fn ask(&mut self, check: &'static LiveCheck) -> Result<Verdict, Stop> {
        if let Some(verdict) = self.prepare(check).await? {
            return Ok(verdict);
        }
        self.facts.proposed = RandomIds.draw();
        self.facts.command_id = RandomIds.draw();
        self.anonymous = None;
        let mut seen = Vec::new();
        loop {
            self.facts.message_id = RandomIds.draw();
            match (check.next)(&self.facts, &seen) {
                Next::Break(verdict) => return Ok(verdict),
                Next::Continue(_) if seen.len() >= MAX_REQUESTS => {
                    return Ok(Verdict::Failed(format!("no end after {MAX_REQUESTS} requests")));
                }
                Next::Continue(ask) => seen.push(self.exchange(&ask).await?),
            }
        }
    }

    /// Makes sure of what the check needs; a verdict where that is not to be had.
    async fn prepare(&mut self, check: &LiveCheck) -> Result<Option<Verdict>, Stop> {
        let skipped = |why: &str| Ok(Some(Verdict::Skipped(why.to_owned())));
        match check.needs {
            Needs::Nothing => return Ok(None),
            Needs::Tls => {
                if self.facts.is_tls && self.connector.tls_found().is_none() {
                    let _ = self.exchange(&Ask::empty()).await?;
                }
                self.facts.tls = self.connector.tls_found();
                return Ok(None);
            }
            Needs::Shells if !self.suite.allow_create => {
                return skipped("it creates a shell, which is not allowed in this run");
            }
            Needs::Login | Needs::Encryption | Needs::Shells => {}
        }
        if self.facts.login.is_none() {
            let connection = self.log_in().await?;
            if let Some(scheme) = connection.scheme() {
                self.facts.login = Some(LoginFacts { scheme, encrypts: connection.encrypts() });
            }
            self.login = Some(connection);
        }
        match &self.facts.login {
            Some(login) if check.needs == Needs::Encryption && !login.encrypts => {
                skipped("the login does not encrypt messages")
            }
            _ => Ok(None),
        }
    }

    async fn log_in(&self) -> Result<RawConnection, Stop> {
        self.connector.raw().await.map_err(stop)
    }

    async fn exchange(&mut self, ask: &Ask) -> Result<Seen, Stop> {
        let message_id = self.facts.message_id;
        let no_answer = |why: &str, is_silence| Seen {
            message_id,
            answer: Err(NoAnswer { why: why.to_owned(), is_silence }),
            took: Duration::ZERO,
        };
        self.expect_shell(&ask.request);
        if !guard::permits(&ask.request.body, &self.permitted, self.suite.allow_create) {
            return Ok(no_answer("not sent: the request names a shell that is not of this run", false));
        }
        let without_login = matches!(ask.over, Over::NoLogin | Over::SameWithoutLogin);
        if without_login && self.is_silent && ask.request.authorization.is_none() {
            return Ok(no_answer(
                "no answer to an earlier request without Authorization; not asked again",
                true,
            ));
        }
        let usual = if without_login { self.suite.silence } else { self.suite.response_timeout };
        let limit = ask.within.unwrap_or(usual);
        let began = Instant::now();
        let answer = self.send(ask, limit).await?;
        let took = began.elapsed();
        let is_silence = matches!(answer, Err(TransportError::Timeout { .. }));
        self.is_silent |= without_login && is_silence && ask.request.authorization.is_none();
        let answer = answer.map_err(|error| NoAnswer { why: error_chain(&error), is_silence });
        let seen = Seen { message_id, answer, took };
        self.note_shell(&ask.request, &seen);
        Ok(seen)
    }

    /// Sends a request on the connection that it wants.
    async fn send(&mut self, ask: &Ask, limit: Duration) -> Result<Result<RawAnswer, TransportError>, Stop> {
        let kept = match ask.over {
            Over::NoLogin => None,
            Over::SameWithoutLogin => self.anonymous.take(),
            Over::Login => self.login.take(),
            Over::NewLogin => None,
        };
        let kept = kept.filter(RawConnection::is_usable);
        let was_kept = kept.is_some();
        let mut connection = match (kept, ask.over) {
            (Some(kept), _) => kept,
            (None, Over::NoLogin | Over::SameWithoutLogin) => self.connector.raw_without_login(),
            (None, Over::Login | Over::NewLogin) => self.log_in().await?,
        };
        let mut answer = connection.exchange(&ask.request, limit).await;
        // The server may have closed it while other checks were asked; what creates something is not repeated.
        let is_lost = matches!(answer, Err(TransportError::Lost { .. } | TransportError::Connect { .. }));
        if was_kept && ask.over == Over::Login && is_lost && !creates(&ask.request) {
            connection = self.log_in().await?;
            answer = connection.exchange(&ask.request, limit).await;
        }
        let answer = match answer {
            Err(error) if is_refused(&error) => return Err(stop(error)),
            Err(error @ TransportError::Connect { .. }) if !self.has_answered => return Err(stop(error)),
            answer => answer,
        };
        self.has_answered |= answer.is_ok();
        match ask.over {
            Over::NoLogin | Over::SameWithoutLogin => self.anonymous = Some(connection),
            Over::Login => self.login = Some(connection),
            Over::NewLogin => {}
        }
        Ok(answer)
    }

    /// A Create may have been done although its answer is lost, so that its shell is one to be closed from now on.
    fn expect_shell(&mut self, request: &RawRequest) {
        let target = Target::proposed(&self.facts);
        if self.suite.allow_create && creates(request) && !self.open.contains(&target) {
            self.permitted.push(target.shell_id().to_owned());
            self.open.push(target);
        }
    }

    /// The shell that a Create was answered with; some servers choose its id themselves.
    fn note_shell(&mut self, request: &RawRequest, seen: &Seen) {
        if let Some(target) = Target::created(seen).filter(|_| creates(request)) {
            self.permitted.push(target.shell_id().to_owned());
            if !self.open.iter().any(|other| other.shell_id().eq_ignore_ascii_case(target.shell_id())) {
                self.open.push(target);
            }
        }
    }

    /// Deletes the shells of this run that may still be there.
    async fn close_shells(&mut self) {
        for target in std::mem::take(&mut self.open) {
            // OMI deletes by the generic resource alone.
            let generic = target.clone().through(uri::SHELL_RESOURCE);
            let is_gone =
                self.deletes(&target).await || self.deletes(&generic).await || self.lacks(&generic).await;
            if !is_gone {
                self.open.push(target);
            }
        }
    }

    /// Whether a Delete is done, or answered that there is no such shell.
    async fn deletes(&mut self, target: &Target) -> bool {
        self.facts.message_id = RandomIds.draw();
        let delete = Envelope::on(&self.facts, uri::DELETE, target).ask();
        match self.exchange(&delete).await.map(|seen| seen.fault_if_any()) {
            Ok(Or::Continue(None)) => true,
            Ok(Or::Continue(Some(fault))) => fault.subcode.as_deref() == Some("InvalidSelectors"),
            Ok(Or::Break(_)) | Err(_) => false,
        }
    }

    /// Whether a Get finds no such shell: servers without Windows' faults have others of their own for that.
    async fn lacks(&mut self, target: &Target) -> bool {
        self.facts.message_id = RandomIds.draw();
        let get = Envelope::get(&self.facts, target).ask();
        match self.exchange(&get).await.map(|seen| seen.fault_if_any()) {
            Ok(Or::Continue(Some(fault))) => !fault.is_access_denied(),
            _ => false,
        }
    }
}

fn creates(request: &RawRequest) -> bool {
    let action = uri::CREATE.request.as_bytes();
    request.body.windows(action.len()).any(|part| part == action)
}

/// Whether the credential must not be sent again.
fn is_refused(error: &TransportError) -> bool {
    match error {
        TransportError::Auth { source, .. } => !source.is_about_an_answer(),
        TransportError::CredentialRefused { .. } | TransportError::CredentialWithheld { .. } => true,
        _ => false,
    }
}

fn stop(error: TransportError) -> Stop {
    let error = Error::from(error);
    let stop = if error.is_login_refused() { Stop::Refused } else { Stop::NotConnected };
    stop(Arc::new(error))
}
