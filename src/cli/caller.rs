//! The command as the caller of a request: it asks on the terminal, reads passwords, and writes what happens to stderr.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use pssession::request::{Caller, Event, HostSettings, MachinePassword, PasswordSource, SessionEvidence};
use pssession::teardown::{Cancellation, ConfirmReason, Plan};
use pssession::{AuthScheme, Credential, Endpoint};
use secrecy::SecretString;

use super::diagnostic::Diagnostic;
use super::evidence::EvidenceWriter;
use super::hints::place;
use super::interrupt::Watch;
use super::login::{self, Logins};
use super::options::{ConnectionOptions, check_config};
use super::progress::Progress;
use super::render::{ProgressLine, printable};
use super::screen::Screen;
use super::ui::Ui;
use super::unmatched::Unmatched;
use super::{confirm, host_errors, unmatched};

/// The command as the caller of one request.
pub(crate) struct CommandCaller<'a, F> {
    pub(crate) ui: &'a Ui,
    pub(crate) watch: &'a Watch,
    pub(crate) cancellation: &'a Cancellation,
    pub(crate) connection: &'a ConnectionOptions,
    pub(crate) logins: RefCell<Logins<'a>>,
    /// The credential to use instead of asking for one.
    pub(crate) credential: Option<Credential>,
    /// How misses are reported.
    pub(crate) unmatched: Unmatched,
    /// Its line, and how many hosts it was begun with.
    progress: RefCell<Option<(Progress, usize)>>,
    /// Where the listing is drawn again and again, if it is.
    screen: Option<Rc<Screen>>,
    /// Hears what is not reported here.
    on_event: F,
    /// Whether the plan is confirmed session by session.
    asked: Cell<bool>,
    /// Whether the plan was carried out, and hosts are asked again: a line of progress would stand for ever.
    repeats: Cell<bool>,
    evidence: Option<EvidenceWriter>,
    /// Whether it is asked before each session, and not only where there is a reason.
    asks_each: bool,
}

impl<'a, F: Fn(&Event<'_>)> CommandCaller<'a, F> {
    pub(crate) fn new(
        ui: &'a Ui,
        watch: &'a Watch,
        cancellation: &'a Cancellation,
        connection: &'a ConnectionOptions,
        credential: Option<&Credential>,
        unmatched: Unmatched,
        on_event: F,
    ) -> Self {
        connection.inventory_notes.write(ui);
        Self {
            ui,
            watch,
            cancellation,
            connection,
            logins: RefCell::new(Logins::new(watch, *ui)),
            credential: credential.cloned(),
            unmatched,
            progress: RefCell::default(),
            screen: None,
            on_event,
            asked: Cell::default(),
            repeats: Cell::default(),
            evidence: None,
            asks_each: true,
        }
    }

    /// The same with a place for evidence.
    pub(crate) fn keeping_evidence(self, evidence: Option<EvidenceWriter>) -> Self {
        Self { evidence, ..self }
    }

    /// The same, which asks before each session, or only where there is a reason.
    pub(crate) fn asking_each(self, asks_each: bool) -> Self {
        Self { asks_each, ..self }
    }

    /// The same with a screen, whose frame begins where a listing ends.
    pub(crate) fn on_screen(self, screen: Option<Rc<Screen>>) -> Self {
        Self { screen, ..self }
    }

    /// Notes something on the progress line, if there is one.
    fn note(&self, change: impl FnOnce(&mut ProgressLine, Duration)) {
        if let Some((progress, _)) = &*self.progress.borrow() {
            progress.note(change);
        }
    }

    /// Takes the progress line away.
    pub(crate) fn end_progress(&self) {
        self.progress.take();
    }
}

impl<F: Fn(&Event<'_>)> Caller for CommandCaller<'_, F> {
    type Error = Diagnostic;

    fn credential(
        &self,
        user: Option<&str>,
        scheme: AuthScheme,
        source: Option<&PasswordSource>,
    ) -> Result<Credential, Diagnostic> {
        match &self.credential {
            Some(credential) => Ok(credential.clone()),
            None => self.logins.borrow_mut().credential(user, scheme, source),
        }
    }

    fn machine_passwords(&self, wanted: &[MachinePassword<'_>]) -> Vec<Result<SecretString, String>> {
        login::machine_passwords(wanted)
    }

    fn settings(&self, endpoint: &Endpoint) -> HostSettings {
        self.connection.settings(endpoint)
    }

    fn check(&self, endpoint: &Endpoint) -> Result<(), Diagnostic> {
        check_config(&self.connection.naming.config.of(endpoint), endpoint)
    }

    fn read_ca_file(&self, path: &Path) -> Result<Vec<u8>, Diagnostic> {
        self.connection.read_ca_file(path)
    }

    fn event(&self, event: Event<'_>) {
        match &event {
            Event::Listing { hosts } => {
                let progress = Progress::start(self.ui.is_quiet());
                progress.note(|line, _| line.list(hosts.len()));
                self.progress.replace(Some((progress, hosts.len())));
            }
            Event::HostStarted(endpoint) => {
                self.note(|line, now| line.started(endpoint.url(), &place(endpoint), now));
            }
            Event::Listed(host) => {
                let listing = host.listing().and_then(Result::ok);
                if let Some(listing) = listing {
                    let host = place(host.connector().endpoint());
                    tracing::info!(host, sessions = listing.shells.len(), "listed");
                }
                let well = listing.is_some();
                self.note(|line, _| line.listed(host.connector().endpoint().url(), well));
            }
            Event::AllListed(survey) => {
                // Else hosts are closed while others are still to answer.
                if self.progress.borrow().as_ref().is_some_and(|(_, hosts)| *hosts == survey.hosts().len()) {
                    self.end_progress();
                }
                if let Some(screen) = self.screen.as_ref().filter(|_| !self.cancellation.is_cancelled()) {
                    screen.begin();
                }
                host_errors::report(survey, self.cancellation, self.ui);
            }
            Event::CommandsUnlisted { survey, failures, excluded } => {
                host_errors::report_unlisted_commands(survey, failures, *excluded, self.ui);
            }
            Event::OthersMayExist(hosts) => host_errors::report_limited(hosts, self.ui),
            Event::OwnersUnmatched(owners) => unmatched::report_unmatched_owners(owners, self.ui),
            Event::OnlyListed(sessions) => unmatched::report_only_listed(sessions, self.ui),
            Event::TableUnusable(error) => self.ui.error(&Diagnostic::from(*error)),
            Event::Selected { selection, sessions, unbound } => {
                self.unmatched.report(selection, sessions, unbound, self.ui);
            }
            Event::Closing(plan) => {
                if !self.asked.get() {
                    confirm::announce(plan, self.ui);
                }
                if !self.repeats.get() {
                    let start = || (Progress::start(self.ui.is_quiet()), 0);
                    self.progress.borrow_mut().get_or_insert_with(start);
                }
                self.note(|line, now| {
                    for planned in plan.sessions().into_iter().filter(|planned| !planned.is_declined()) {
                        let session = planned.descriptor();
                        line.planned(&session.endpoint_url, &printable(&session.computer_name), now);
                    }
                });
            }
            Event::DeleteAnswered { session, position } => {
                self.note(|line, now| line.deleted(&session.endpoint_url, *position, now));
            }
            Event::Repeating { .. } => {
                self.repeats.set(true);
                self.end_progress();
            }
            _ => {}
        }
        (self.on_event)(&event);
        if let Event::Closed { record, .. } = &event {
            let url = &record.session.endpoint_url;
            self.note(|line, now| line.concluded(url, &record.outcome, now));
        }
    }

    fn keep_evidence(&self, evidence: &[SessionEvidence]) -> Result<(), Diagnostic> {
        self.evidence.as_ref().map_or(Ok(()), |writer| writer.write(evidence))
    }

    fn can_confirm(&self) -> Result<(), Diagnostic> {
        confirm::can_ask(self.asks_each, self.watch, self.ui)
    }

    fn confirm_hosts(&self, urls: &[String]) -> Result<bool, Diagnostic> {
        confirm::hosts(urls, self.watch)
    }

    fn confirm_rest(&self, found: usize) -> Result<bool, Diagnostic> {
        confirm::rest(found, self.watch)
    }

    fn confirm_plan(&self, plan: &Plan, reasons: &[ConfirmReason]) -> Result<bool, Diagnostic> {
        confirm::plan(plan, reasons, self.watch, self.ui)
    }

    fn confirm_each(&self, plan: &mut Plan) -> Result<(), Diagnostic> {
        self.asked.set(true);
        confirm::each(plan, self.watch, self.ui)
    }
}
