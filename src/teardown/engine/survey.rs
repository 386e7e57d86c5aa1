//! What the hosts said before anything was chosen.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::super::host_result::{HostCounts, HostResult, ListingResult};
use super::super::outcome::{Failure, NotStarted, Outcome};
use crate::client::WsmanClient;
use crate::error::{Error, Result};
use crate::listing::Listing;
use crate::session::{LoginAccount, SeenOn, SessionDescriptor};
use crate::transport::Connector;
use crate::wsman::{Fault, Shell, ShellId};

/// The listings of the hosts of one run, and the connections over which they came.
#[derive(Debug, Default)]
pub struct Survey {
    pub(super) hosts: Vec<SurveyedHost>,
}

/// One host and its listing.
pub struct SurveyedHost {
    pub(super) connector: Arc<dyn Connector>,
    /// The account that listed it, as the server knows it.
    pub(super) account: Option<Arc<LoginAccount>>,
    pub(super) client: Option<WsmanClient>,
    pub(super) listing: Option<Result<Listing>>,
    pub(super) listed_at: Option<Instant>,
    pub(super) seen_at: SystemTime,
    /// Where listing is denied: the shells that were asked for one by one and are there, and when each was asked for.
    pub(super) got: Vec<(Arc<Shell>, Instant)>,
    /// Shells that were asked for so, without an answer that says whether they are there.
    pub(super) unanswered: Vec<(ShellId, Error)>,
    /// Whether it was asked so at all.
    pub(super) asked_singly: bool,
    /// The credential was refused after the listing, and is not tried again.
    pub(super) refused: bool,
}

impl Survey {
    /// Hosts that have not been listed: each session of theirs is checked by a Get before its Delete.
    #[must_use]
    pub fn unlisted(connectors: Vec<Arc<dyn Connector>>) -> Self {
        let host = |connector| SurveyedHost {
            connector,
            account: None,
            client: None,
            listing: None,
            listed_at: None,
            seen_at: SystemTime::UNIX_EPOCH,
            got: Vec::new(),
            unanswered: Vec::new(),
            asked_singly: false,
            refused: false,
        };
        Self { hosts: connectors.into_iter().map(host).collect() }
    }

    /// The hosts, in the order in which they were given.
    #[must_use]
    pub fn hosts(&self) -> &[SurveyedHost] {
        &self.hosts
    }

    /// Every session that was seen, host by host, in each server's order.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionDescriptor> {
        self.hosts.iter().flat_map(SurveyedHost::sessions).collect()
    }

    /// Brings sessions that come from elsewhere up to date with what their hosts have listed: those that are still the
    /// same get the server's present word, and count as seen now; a name that somebody gave them stays. The others stay
    /// as they are.
    pub fn refresh(&self, sessions: &mut [SessionDescriptor]) {
        let hosts: HashMap<_, _> =
            self.hosts.iter().map(|host| (host.connector.endpoint().url(), host.shells_by_id())).collect();
        for session in sessions {
            let Some(shells) = hosts.get(&*session.endpoint_url) else { continue };
            let Some((shell, host)) = shells.get(&session.shell.shell_id) else { continue };
            if !session.is_still(shell) {
                continue;
            }
            let name = session.name().map(Arc::from);
            session.shell = Arc::clone(shell);
            if let Some(name) = name.filter(|name| shell.name.as_ref() != Some(name)) {
                session.shell_mut().name = Some(name);
            }
            session.stated = None;
            session.commands = None;
            session.seen_by = host.connector.user().into();
            session.account.clone_from(&host.account);
            session.seen_at = host.seen_at;
        }
    }

    /// How each host answered, in the order in which they were given.
    #[must_use]
    pub fn host_results(&self) -> Vec<HostResult> {
        let standing = |host: &SurveyedHost| HostResult {
            endpoint_url: host.connector.endpoint().url().to_owned(),
            listing: host.result(),
        };
        self.hosts.iter().map(standing).collect()
    }

    /// How many hosts answered.
    #[must_use]
    pub fn tally(&self) -> HostCounts {
        HostCounts::of(&self.host_results())
    }

    /// The hosts of several surveys.
    #[cfg(feature = "request")]
    pub(crate) fn of(surveys: impl IntoIterator<Item = Self>) -> Self {
        Self { hosts: surveys.into_iter().flat_map(|survey| survey.hosts).collect() }
    }

    pub(super) fn into_hosts_by_url(self) -> HashMap<String, SurveyedHost> {
        let mut hosts = HashMap::new();
        for host in self.hosts {
            hosts.entry(host.connector.endpoint().url().to_owned()).or_insert(host);
        }
        hosts
    }
}

impl SurveyedHost {
    /// The connector that leads there.
    #[must_use]
    pub fn connector(&self) -> &Arc<dyn Connector> {
        &self.connector
    }

    /// The account that listed it, with what the server says of itself; `None` if nobody has logged in there.
    #[must_use]
    pub fn account(&self) -> Option<&LoginAccount> {
        self.account.as_deref()
    }

    /// The same, as the sessions share it.
    #[cfg(feature = "request")]
    pub(crate) fn shared_account(&self) -> Option<Arc<LoginAccount>> {
        self.account.clone()
    }

    /// When it answered.
    #[cfg(feature = "request")]
    pub(crate) fn seen_at(&self) -> SystemTime {
        self.seen_at
    }

    /// What it said, or why it could not be listed; `None` if it was not asked (in time).
    #[must_use]
    pub fn listing(&self) -> Option<std::result::Result<&Listing, &Error>> {
        self.listing.as_ref().map(Result::as_ref)
    }

    fn result(&self) -> ListingResult {
        match &self.listing {
            Some(Ok(listing)) if listing.complete() => ListingResult::Complete,
            Some(Ok(_)) => ListingResult::Incomplete,
            Some(Err(error)) if error.is_credential_withheld() => ListingResult::CredentialWithheld,
            Some(Err(error)) if error.is_credential_refused() => ListingResult::CredentialRefused,
            Some(Err(_)) if self.asked_singly && self.refused => ListingResult::CredentialRefused,
            Some(Err(_)) if self.asked_singly && !self.unanswered.is_empty() => ListingResult::Incomplete,
            // Of all that was asked for it is known whether it is there.
            Some(Err(_)) if self.asked_singly => ListingResult::Complete,
            Some(Err(Error::Fault(_))) => ListingResult::Denied,
            Some(Err(_)) | None => ListingResult::NotReached,
        }
    }

    /// How each session of this host ends without a request, because its selection is not to be trusted or nothing can be
    /// sent there; `None` if they may be closed.
    pub(crate) fn verdict(&self) -> Option<Outcome> {
        match &self.listing {
            _ if self.refused => Some(Outcome::NotStarted(NotStarted::CredentialRefused)),
            Some(Ok(listing)) if !listing.complete() => Some(Outcome::Failed(Failure::ListingIncomplete)),
            Some(Err(error)) if error.is_credential_refused() => {
                Some(Outcome::NotStarted(NotStarted::CredentialRefused))
            }
            // It was tried patiently a moment ago; where it answers with a fault, a Get or a Delete may still do.
            Some(Err(error @ Error::Transport(_))) => {
                Some(Outcome::Failed(Failure::Unreachable(error.chain())))
            }
            _ => None,
        }
    }

    /// Whether the login was refused there, or the credential held back: it is not asked again.
    pub(crate) fn refuses_login(&self) -> bool {
        let error = self.listing.as_ref().and_then(|listing| listing.as_ref().err());
        self.refused || error.is_some_and(Error::is_login_refused)
    }

    /// Forgets what it answered, and gives away its connection.
    pub(super) fn begin_again(&mut self) -> Option<WsmanClient> {
        (self.listing, self.asked_singly) = (None, false);
        self.got.clear();
        self.unanswered.clear();
        self.client.take()
    }

    /// Whether it answered that this account may not list its shells (fault 5).
    #[must_use]
    pub fn denies_listing(&self) -> bool {
        let fault = self.listing.as_ref().and_then(|listing| listing.as_ref().err()).and_then(Error::fault);
        fault.is_some_and(Fault::is_access_denied)
    }

    /// Whether single shells were asked for, because listing is denied (see [`Engine::get_shells`](super::Engine::get_shells)).
    #[must_use]
    pub fn was_asked_singly(&self) -> bool {
        self.asked_singly
    }

    /// The single shells that were asked for without an answer that says whether they are there.
    #[must_use]
    pub fn unanswered(&self) -> &[(ShellId, Error)] {
        &self.unanswered
    }

    /// What it has shown: its listing, and what was asked for singly.
    pub(crate) fn shells(&self) -> impl Iterator<Item = &Arc<Shell>> {
        let listed = self.listing.iter().flatten().flat_map(|listing| &listing.shells);
        listed.chain(self.got.iter().map(|(shell, _)| shell))
    }

    fn shells_by_id(&self) -> HashMap<&ShellId, (&Arc<Shell>, &Self)> {
        self.shells().map(|shell| (&shell.shell_id, (shell, self))).collect()
    }

    /// The sessions that it listed, or showed singly.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionDescriptor> {
        let endpoint = self.connector.endpoint();
        let seen_on = SeenOn { host: endpoint.computer_name(), url: endpoint.url(), port: endpoint.port() };
        let (user, account) = (self.connector.user(), self.account.as_ref());
        SessionDescriptor::from_shells(self.shells().cloned(), seen_on, user, account, self.seen_at).collect()
    }
}

impl std::fmt::Debug for SurveyedHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SurveyedHost")
            .field("endpoint", &self.connector.endpoint().url())
            .field("listing", &self.listing)
            .finish_non_exhaustive()
    }
}
