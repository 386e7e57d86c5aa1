//! The simulated service: shells, and one pure function from a request to its response.

use std::collections::BTreeSet;
use std::time::Duration;

use super::account::{Account, Caller};
use super::answers::{self, Answer};
use super::dialect;
use super::enumeration::Listings;
use super::fault_injection::{Delivery, InjectedFault, InjectedFaults};
use super::faults::Refusal;
use super::guids::Guids;
use super::operations::{Done, Held, HeldReceive};
use super::profile::{Dialect, Profile, Traits};
use super::request::{OperationKind, Request};
use super::request_log::{LogEntry, RequestLog};
use super::script::Scripts;
use super::shells::SimulatedShell;
use crate::wsman::MessageId;
use crate::wsman::uri;
use crate::wsman::xml::Document;

/// A simulated host. It reads no clock and draws no random ids: time is an argument, ids come from its seed.
#[derive(Clone, Debug)]
pub struct World {
    machine: String,
    profile: Profile,
    max_shells_per_user: usize,
    pub(super) shells: Vec<SimulatedShell>,
    pub(super) listings: Listings,
    pub(super) guids: Guids,
    pub(super) scripts: Scripts,
    /// What the request that is being answered has started.
    pub(super) started: Option<String>,
    /// Resources of this host's own: those of every shell that was ever here.
    registered: BTreeSet<String>,
    unregistered: BTreeSet<String>,
    injected_faults: InjectedFaults,
    journal: RequestLog,
    connections: u64,
    /// How far its clock was moved.
    ahead: Duration,
}

/// What the service answers, and how that answer is to travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The body, in clear; may be empty.
    pub body: Vec<u8>,
    /// How long the answer is held back.
    pub delay: Duration,
    /// How it travels.
    pub delivery: Delivery,
    /// There is no answer yet, and [`Handler::resume`](super::Handler::resume) is to be asked again.
    pub held: Option<Held>,
}

/// The per-user shell quota unless told otherwise: MaxShellsPerUser since Windows 2012.
pub const DEFAULT_MAX_SHELLS_PER_USER: usize = 30;

impl World {
    /// A host without shells, that calls itself `machine` in its faults.
    #[must_use]
    pub fn new(machine: &str) -> Self {
        Self::seeded(machine, 1)
    }

    /// The same with its own stream of ids, so that several hosts differ.
    #[must_use]
    pub fn seeded(machine: &str, seed: u64) -> Self {
        Self {
            machine: machine.to_owned(),
            profile: Profile::default(),
            max_shells_per_user: DEFAULT_MAX_SHELLS_PER_USER,
            shells: Vec::new(),
            listings: Listings::default(),
            guids: Guids::new(seed),
            scripts: Scripts::default(),
            started: None,
            registered: BTreeSet::new(),
            unregistered: BTreeSet::new(),
            injected_faults: InjectedFaults::default(),
            journal: RequestLog::default(),
            connections: 0,
            ahead: Duration::ZERO,
        }
    }

    /// The same host as a server of another generation, with that one's quotas.
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self.max_shells_per_user = profile.traits().max_shells_per_user;
        self
    }

    /// The server version to simulate.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    pub(super) fn traits(&self) -> &'static Traits {
        self.profile.traits()
    }

    /// Adds a shell, and registers the endpoint that it is of.
    pub fn add(&mut self, shell: SimulatedShell) {
        self.registered.insert(shell.resource_uri.clone());
        self.shells.push(shell);
    }

    /// The shells that are there, in the order of a listing.
    #[must_use]
    pub fn shells(&self) -> &[SimulatedShell] {
        &self.shells
    }

    /// The shells, to be changed behind the client's back.
    pub fn shells_mut(&mut self) -> &mut Vec<SimulatedShell> {
        &mut self.shells
    }

    /// What the host calls itself.
    #[must_use]
    pub fn machine(&self) -> &str {
        &self.machine
    }

    /// Sets how many shells one user may have.
    pub fn set_max_shells_per_user(&mut self, limit: usize) {
        self.max_shells_per_user = limit;
    }

    pub(super) fn max_shells_per_user(&self) -> usize {
        self.max_shells_per_user
    }

    /// Whether the user, written as `DOMAIN\name`, has as many shells as one user may have.
    #[must_use]
    pub fn is_full(&self, user: &str) -> bool {
        let account = Account::user(user);
        self.shells.iter().filter(|shell| account.is_owner(&shell.owner)).count() >= self.max_shells_per_user
    }

    /// Makes a resource URI unknown, as unregistering a PowerShell endpoint does; its shells stay.
    pub fn unregister(&mut self, resource_uri: &str) {
        self.unregistered.insert(resource_uri.to_owned());
    }

    /// The world's own time, which is ahead of `now`, the time since it began, by as much as it was moved.
    #[must_use]
    pub fn time(&self, now: Duration) -> Duration {
        now.saturating_add(self.ahead)
    }

    /// Moves the world's clock forward: commands end whose time has come, and shells whose inactivity passes their
    /// IdleTimeOut in that span are gone, as on Windows.
    pub fn advance(&mut self, by: Duration, now: Duration) {
        self.ahead = self.ahead.saturating_add(by);
        let time = self.time(now);
        self.shells.retain(|shell| {
            let idle = shell.inactivity.saturating_add(time.saturating_sub(shell.since));
            let was_idle = idle.saturating_sub(by);
            let is_busy = shell.commands.iter().any(|command| !command.has_ended(time));
            is_busy || was_idle >= shell.idle_timeout || idle < shell.idle_timeout
        });
    }

    /// Forgets the shells and the listings in progress, as a restart of the service does.
    pub fn restart(&mut self) {
        self.shells.clear();
        self.listings.clear();
    }

    /// Makes the next `times` operations of that kind go wrong; `usize::MAX` is for ever.
    pub fn inject(&mut self, kind: OperationKind, times: usize, injected_fault: InjectedFault) {
        self.injected_faults.add(kind, None, times, injected_fault);
    }

    /// The same, for operations on one shell only.
    pub fn inject_for(
        &mut self,
        kind: OperationKind,
        shell_id: &str,
        times: usize,
        injected_fault: InjectedFault,
    ) {
        self.injected_faults.add(kind, Some(shell_id), times, injected_fault);
    }

    /// Removes the injected faults that have not happened yet.
    pub fn clear_faults(&mut self) {
        self.injected_faults.clear();
    }

    /// How many injected faults are pending.
    pub(super) fn pending_faults(&self) -> usize {
        self.injected_faults.len()
    }

    /// Removes shells, listings, added scripts, injected faults and log entries, and resets the clock.
    pub fn reset(&mut self) {
        self.restart();
        self.clear_scripts();
        self.clear_faults();
        self.clear_log();
        self.ahead = Duration::ZERO;
    }

    /// What was asked, oldest first; the last 100,000 requests.
    pub fn log(&self) -> impl Iterator<Item = &LogEntry> {
        self.journal.iter()
    }

    /// How many requests of one kind the log holds.
    #[must_use]
    pub fn count(&self, kind: OperationKind) -> usize {
        self.log().filter(|entry| entry.kind == kind).count()
    }

    /// Notes a request that its login kept away, and why.
    pub(super) fn login_refused(&mut self, connection: u64, status: u16, reason: &str, now: Duration) {
        self.journal.push(LogEntry {
            kind: OperationKind::Login,
            shell_id: None,
            command_id: None,
            command_line: None,
            resource_uri: String::new(),
            user: None,
            connection,
            sealed: false,
            message_id: None,
            at: self.time(now),
            status,
            fault: None,
            reason: Some(reason.to_owned()),
        });
    }

    /// Empties the log.
    pub fn clear_log(&mut self) {
        self.journal.clear();
    }

    /// The number of a new connection, counted from 1.
    pub fn next_connection(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    /// The injected fault for a login that begins, if there is any.
    pub fn take_login_fault(&mut self) -> Option<InjectedFault> {
        self.injected_faults.take(OperationKind::Login, None)
    }

    /// Answers one request, which has been opened if it was sealed; `now` is the time since the world began.
    pub fn handle(&mut self, caller: &Caller, request: &[u8], now: Duration) -> Response {
        let now = self.time(now);
        if request.len() > self.traits().envelope_size {
            return Response::status(413);
        }
        let Ok(document) = Document::parse_bytes(request) else {
            return Response::status(400);
        };
        let envelope = document.root();
        if !envelope.is(uri::SOAP, "Envelope") {
            return Response::status(400);
        }
        let request = Request::read(envelope, self.traits().envelope_size);
        let injected_fault = self.injected_faults.take(request.kind, request.shell_id);
        let (mut response, fault) = match &injected_fault {
            Some(InjectedFault::Fault(code)) => self.refuse(&Refusal::new(*code), request.message_id),
            Some(InjectedFault::Status(status, body)) => {
                let delivery = Delivery::InClear;
                (Response { body: body.clone(), delivery, ..Response::status(*status) }, None)
            }
            Some(InjectedFault::Drop) => {
                (Response { delivery: Delivery::Closed, ..Response::status(0) }, None)
            }
            Some(InjectedFault::ForgetLogin) => {
                (Response { delivery: Delivery::LoginForgotten, ..Response::status(401) }, None)
            }
            _ => {
                let kept = (injected_fault == Some(InjectedFault::Pretend)).then(|| self.shells.clone());
                let judged = request.judge(envelope);
                let answered = self.answer(caller, &request, judged, now);
                if let Some(shells) = kept {
                    self.shells = shells;
                }
                self.distort(answered, injected_fault, request.message_id)
            }
        };
        let entry = self.journal.push(LogEntry {
            kind: request.kind,
            shell_id: request.shell_id.map(str::to_owned),
            command_id: request.command_id.map(str::to_owned),
            resource_uri: request.resource_uri.to_owned(),
            user: caller.account.as_ref().map(Account::full_name),
            connection: caller.connection,
            sealed: caller.sealed,
            message_id: request.message_id.map(str::to_owned),
            at: now,
            command_line: self.started.take(),
            status: response.status,
            fault,
            reason: None,
        });
        if let Some(Held::Receive(held)) = &mut response.held {
            held.entry = entry;
        }
        response
    }

    /// Answers a Receive that had nothing to say when it came; it may have to wait on. It takes the same time as
    /// [`World::handle`].
    pub fn resume(&mut self, held: &Held, now: Duration) -> Response {
        let Held::Receive(held) = held else { return Response::status(500) };
        let now = self.time(now);
        let relates_to = held.message_id.as_deref();
        let (response, fault) = match self.listen(held, now) {
            Ok(None) => return Response::waits(held.clone()),
            Ok(Some(answer)) => (self.accept(&answer, relates_to), None),
            Err(refusal) => self.refuse(&refusal, relates_to),
        };
        let (response, fault) = self.distort((response, fault), held.injected_fault.clone(), relates_to);
        self.journal.complete(held.entry, response.status, fault);
        response
    }

    fn answer(
        &mut self,
        caller: &Caller,
        request: &Request<'_>,
        judged: Result<(), Refusal>,
        now: Duration,
    ) -> (Response, Option<u32>) {
        if request.kind == OperationKind::Identify {
            let text = answers::identity(self.traits(), caller.account.is_some());
            return (Response::soap(200, self.spell(text)), None);
        }
        let Some(account) = &caller.account else {
            return (Response::status(401), None);
        };
        match judged.and_then(|()| self.perform(account, request, now)) {
            Ok(Done::Answered(answer)) => (self.accept(&answer, request.message_id), None),
            Ok(Done::Waits(held)) => (Response::waits(held), None),
            Err(refusal) => self.refuse(&refusal, request.message_id),
        }
    }

    fn accept(&mut self, answer: &Answer, relates_to: Option<&str>) -> Response {
        Response::soap(200, self.envelope(answer.action, answer.prefixes, relates_to, &answer.body))
    }

    fn refuse(&mut self, refusal: &Refusal, relates_to: Option<&str>) -> (Response, Option<u32>) {
        if refusal.has_no_body {
            return (Response::status(500), Some(refusal.code));
        }
        let mut body = String::new();
        let action = match self.traits().dialect {
            Dialect::Windows => {
                refusal.write(&mut body, &self.machine);
                refusal.action()
            }
            Dialect::Omi => {
                refusal.write_as_omi(&mut body);
                refusal.omi_action()
            }
        };
        let text = self.envelope(action, answers::FAULT, relates_to, &body);
        (Response::soap(500, text), Some(refusal.code))
    }

    fn envelope(&mut self, action: &str, prefixes: &str, relates_to: Option<&str>, body: &str) -> String {
        let message_id = self.next_message_id();
        let activity_id = self.traits().activity_id.then(|| self.guids.next_guid());
        let order = self.traits().dialect;
        self.spell(answers::envelope(action, (prefixes, order), message_id, activity_id, relates_to, body))
    }

    /// The text in the host's own dialect.
    fn spell(&self, text: String) -> String {
        match self.traits().dialect {
            Dialect::Windows => text,
            Dialect::Omi => dialect::as_omi_writes(&text),
        }
    }

    /// Applies the injected fault that follows the operation.
    fn distort(
        &mut self,
        (mut response, fault): (Response, Option<u32>),
        injected_fault: Option<InjectedFault>,
        message_id: Option<&str>,
    ) -> (Response, Option<u32>) {
        if let Some(Held::Receive(held)) = &mut response.held {
            held.injected_fault = injected_fault;
            return (response, fault);
        }
        match injected_fault {
            Some(InjectedFault::FaultAfter(code)) => return self.refuse(&Refusal::new(code), message_id),
            Some(InjectedFault::DropAfter) => {
                return (Response { delivery: Delivery::Closed, ..Response::status(0) }, fault);
            }
            Some(InjectedFault::Delay(delay)) => response.delay = delay,
            Some(InjectedFault::Clear) => response.delivery = Delivery::InClear,
            Some(InjectedFault::Truncate) => response.delivery = Delivery::Truncated,
            Some(InjectedFault::WrongRelatesTo) => {
                let other = self.next_message_id().to_string();
                response.replace(message_id.unwrap_or_default(), &other);
            }
            Some(InjectedFault::Replace(from, to)) => response.replace(&from, &to),
            _ => {}
        }
        (response, fault)
    }

    fn next_message_id(&mut self) -> MessageId {
        MessageId::new(self.guids.next_guid())
    }

    /// The shells that `account` may see.
    pub(super) fn visible_shells(&self, account: &Account) -> impl Iterator<Item = &SimulatedShell> {
        self.shells.iter().filter(move |shell| self.may_see(account, shell))
    }

    pub(super) fn visible_shell(&self, account: &Account, shell_id: &str) -> Option<&SimulatedShell> {
        self.visible_shells(account).find(|shell| shell.shell_id.eq_ignore_ascii_case(shell_id))
    }

    pub(super) fn may_see(&self, account: &Account, shell: &SimulatedShell) -> bool {
        account.administrator || account.is_owner(&shell.owner)
    }

    /// Whether the service knows the resource: Windows' own, or one that a shell is or was of.
    pub(super) fn is_registered(&self, resource_uri: &str) -> bool {
        if let Some(only) = self.traits().only_configuration
            && let Some(configuration) = resource_uri.strip_prefix(uri::POWERSHELL_PREFIX)
        {
            return configuration == only;
        }
        !self.unregistered.contains(resource_uri)
            && (REGISTERED.contains(&resource_uri)
                || self.registered.contains(resource_uri)
                || self.shells.iter().any(|shell| shell.resource_uri == resource_uri))
    }
}

impl Response {
    /// A status without a body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, body: Vec::new(), delay: Duration::ZERO, delivery: Delivery::Whole, held: None }
    }

    fn waits(held: HeldReceive) -> Self {
        Self { held: Some(Held::Receive(held)), ..Self::status(0) }
    }

    /// A status with an envelope.
    #[must_use]
    pub fn soap(status: u16, text: String) -> Self {
        Self { body: text.into_bytes(), ..Self::status(status) }
    }

    fn replace(&mut self, from: &str, to: &str) {
        if from.is_empty() {
            return;
        }
        if let Ok(text) = std::str::from_utf8(&self.body) {
            self.body = text.replace(from, to).into_bytes();
        }
    }
}

/// The resources that every Windows host knows.
const REGISTERED: &[&str] = &[
    uri::SHELL_RESOURCE,
    uri::COMMAND_RESOURCE,
    uri::CMD_RESOURCE,
    "http://schemas.microsoft.com/powershell/Microsoft.PowerShell",
    "http://schemas.microsoft.com/powershell/Microsoft.PowerShell32",
    "http://schemas.microsoft.com/powershell/Microsoft.PowerShell.Workflow",
];
