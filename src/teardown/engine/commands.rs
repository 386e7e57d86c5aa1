//! The commands of chosen sessions, listed before the plan.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinSet;

use super::super::policy::SIGNAL_PHASE;
use super::connection::{self, ConnectionFactory};
use super::panics::caught;
use super::{Engine, Survey};
use crate::client::WsmanClient;
use crate::error::Error;
use crate::limits::Limits;
use crate::session::SessionDescriptor;
use crate::wsman::{Command, ShellId};

/// Sessions of one host whose commands could not be listed: their
/// [`commands`](SessionDescriptor::commands) stay `None`.
#[derive(Debug)]
pub struct UnlistedCommands {
    /// The endpoint's URL.
    pub endpoint_url: String,
    /// How many sessions.
    pub sessions: usize,
    /// Why the first of them could not be listed.
    pub error: Error,
}

impl UnlistedCommands {
    /// Whether the server offers no such listing, as Windows before 2012 and other vendors' servers.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.error.fault().is_some_and(|fault| fault.is_wrong_resource() || fault.is_unsupported())
    }
}

impl Engine {
    /// Lists the commands of `sessions`, host by host, so that filters and the guard know what runs. Returns the
    /// hosts on which that failed for some of them. A session that is gone by now has no commands.
    ///
    /// Sessions of hosts that gave no listing, and were asked for none singly, are left alone: what is wrong there is known.
    pub async fn list_commands(
        &self,
        survey: &mut Survey,
        sessions: &mut [SessionDescriptor],
    ) -> Vec<UnlistedCommands> {
        let wanted = sessions.iter().map(|session| (&*session.endpoint_url, &session.shell.shell_id));
        let (found, unlisted) = self.commands_of(survey, &wanted.collect::<Vec<_>>()).await;
        for (index, commands) in found {
            if let Some(session) = sessions.get_mut(index) {
                session.commands = Some(connection::running(commands));
            }
        }
        unlisted
    }

    /// The commands of these shells, each given by its endpoint's URL and its id, as their hosts list them: by the shell's
    /// index, and the hosts on which that failed for some of them. A shell that is gone by now has no commands.
    pub(crate) async fn commands_of(
        &self,
        survey: &mut Survey,
        shells: &[(&str, &ShellId)],
    ) -> (Vec<(usize, Vec<Command>)>, Vec<UnlistedCommands>) {
        let mut tasks = JoinSet::new();
        for (host_index, host) in survey.hosts.iter_mut().enumerate() {
            let url = host.connector.endpoint().url();
            let wanted = shells.iter().enumerate().filter(|(_, (shell_url, _))| *shell_url == url);
            let wanted: Vec<_> = wanted.map(|(index, (_, shell_id))| (index, (*shell_id).clone())).collect();
            let has_answered = host.asked_singly || host.listing.as_ref().is_some_and(Result::is_ok);
            if wanted.is_empty() || !has_answered || host.refused {
                host.client = self.slots.keep_idle(host.client.take());
                continue;
            }
            let (factory, client) = (self.factory(&host.connector), host.client.take());
            tasks.spawn(async move {
                let (url, sessions) = (factory.connector.endpoint().url(), wanted.len());
                let listed = caught(url, list(&factory, client, wanted)).await;
                (host_index, listed.unwrap_or_else(|error| Listed::none(sessions, error)))
            });
        }
        let (mut found, mut unlisted) = (Vec::new(), Vec::new());
        while let Some(done) = tasks.join_next().await {
            let Ok((host_index, listed)) = done else { continue };
            found.extend(listed.found);
            let Some(host) = survey.hosts.get_mut(host_index) else { continue };
            host.client = self.slots.keep_idle(listed.client);
            host.refused |= listed.refused;
            if let Some(error) = listed.error {
                let endpoint_url = host.connector.endpoint().url().to_owned();
                unlisted
                    .push((host_index, UnlistedCommands { endpoint_url, sessions: listed.failed, error }));
            }
        }
        unlisted.sort_by_key(|(host_index, _)| *host_index);
        (found, unlisted.into_iter().map(|(_, unlisted)| unlisted).collect())
    }
}

/// What came of the command listings of one host.
#[derive(Default)]
struct Listed {
    client: Option<WsmanClient>,
    /// By the shell's index.
    found: Vec<(usize, Vec<Command>)>,
    failed: usize,
    /// The first failure.
    error: Option<Error>,
    /// The credential was refused, be that the first failure or not.
    refused: bool,
}

impl Listed {
    /// Of none of these sessions.
    fn none(sessions: usize, error: Error) -> Self {
        Self { failed: sessions, error: Some(error), ..Self::default() }
    }

    fn keep(&mut self, error: Error, refused: &AtomicBool) {
        if error.is_credential_refused() {
            self.refused = true;
            refused.store(true, Ordering::Relaxed);
        }
        self.error.get_or_insert(error);
    }
}

/// Lists the commands of these shells of one host, given with their sessions' indices, over as many connections as are used
/// to close them.
async fn list(
    factory: &ConnectionFactory,
    client: Option<WsmanClient>,
    wanted: Vec<(usize, ShellId)>,
) -> Listed {
    let connections = factory
        .policy
        .connections_for(wanted.len(), factory.connector.max_connections())
        .min(wanted.len())
        .max(1);
    let mut parts: Vec<Vec<_>> = (0..connections).map(|_| Vec::new()).collect();
    for (number, shell) in wanted.into_iter().enumerate() {
        if let Some(part) = parts.get_mut(number % connections) {
            part.push(shell);
        }
    }
    let mut client = client;
    // After a refusal no connection of this host logs in again.
    let refused = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for part in parts {
        let (factory, client, refused) = (factory.clone(), client.take(), Arc::clone(&refused));
        tasks.spawn(async move {
            let sessions = part.len();
            let url = factory.connector.endpoint().url();
            let listed = caught(url, list_over_one(&factory, client, part, &refused)).await;
            listed.unwrap_or_else(|error| Listed::none(sessions, error))
        });
    }
    let mut all = Listed::default();
    while let Some(done) = tasks.join_next().await {
        let Ok(part) = done else { continue };
        all.client = all.client.or(part.client);
        all.found.extend(part.found);
        all.failed += part.failed;
        all.refused |= part.refused;
        all.error = all.error.or(part.error);
    }
    all
}

/// The same over one connection.
async fn list_over_one(
    factory: &ConnectionFactory,
    client: Option<WsmanClient>,
    wanted: Vec<(usize, ShellId)>,
    refused: &AtomicBool,
) -> Listed {
    let limits = Limits::within(SIGNAL_PHASE);
    let mut listed = Listed { client, ..Listed::default() };
    let mut lost_connections = 0;
    for (index, shell_id) in wanted {
        let may_log_in = !refused.load(Ordering::Relaxed);
        if listed.client.is_none() && may_log_in && lost_connections <= MAX_LOST_CONNECTIONS {
            match factory.open().await {
                Ok(client) => listed.client = Some(client),
                Err(error) => {
                    lost_connections = MAX_LOST_CONNECTIONS + 1;
                    listed.keep(error, refused);
                }
            }
        }
        let Some(client) = &mut listed.client else {
            listed.failed += 1;
            continue;
        };
        match client.list_commands(&shell_id, limits).await {
            Ok(commands) => listed.found.push((index, commands)),
            Err(error) if error.is_shell_gone() => listed.found.push((index, Vec::new())),
            Err(error) => {
                if !client.is_usable() {
                    listed.client = None;
                    lost_connections += 1;
                }
                listed.failed += 1;
                listed.keep(error, refused);
            }
        }
    }
    listed
}

/// One shell that never answers must not hide what runs in the others; a host that loses every connection is given up.
const MAX_LOST_CONNECTIONS: usize = 2;
