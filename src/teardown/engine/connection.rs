//! One job over one connection, and how its errors look to a removal.

use std::sync::Arc;

use uuid::Uuid;

use super::super::event::{Answer, Request, RequestError, RequestKind, Tick};
use super::super::policy::Policy;
use super::super::retry::Jitter;
use super::connection_slots::ConnectionSlots;
use super::now;
use crate::client::{IdSource, WsmanClient};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::listing::Listing;
use crate::session::LoginAccount;
use crate::transport::{Connector, TransportError};
use crate::wsman::op::Identity;
use crate::wsman::{Command, CommandId, SessionId, Shell, ShellId, uri};

/// Opens connections to one host.
#[derive(Clone)]
pub(super) struct ConnectionFactory {
    pub(super) connector: Arc<dyn Connector>,
    pub(super) policy: Arc<Policy>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) slots: ConnectionSlots,
    pub(super) session_id: SessionId,
}

impl ConnectionFactory {
    pub(super) async fn open(&self) -> Result<WsmanClient> {
        let slot = self.slots.take().await;
        let connection = slot.hold(self.connector.connect().await?);
        let url = self.connector.endpoint().url();
        let client = WsmanClient::new(connection, url, self.session_id, Arc::clone(&self.ids));
        let limits = Limits::within(self.policy.patience());
        Ok(client.with_limits(limits).with_list_timeout(self.policy.list_timeout))
    }

    /// The account that acts over this connection, or over none yet.
    pub(super) fn account(&self, client: Option<&WsmanClient>) -> LoginAccount {
        let names = client.and_then(WsmanClient::server_names).cloned().unwrap_or_default();
        let stated = self.connector.stated_account().map(str::to_owned);
        LoginAccount::new(self.connector.user()).at(names).with_stated(stated)
    }

    /// Opens one connection, again and again as the policy says.
    pub(super) async fn open_patiently(&self) -> Result<WsmanClient> {
        let retry = self.policy.retry.with_max_retries(self.policy.connect_retries);
        let mut retries = 0;
        loop {
            match self.open().await {
                Err(error) if error.is_retryable() => {
                    let jitter = self.tick().jitter;
                    let Some(delay) = retry.delay(retries, error.retry_after(), jitter) else {
                        return Err(error);
                    };
                    retries += 1;
                    tokio::time::sleep(delay).await;
                }
                opened => return opened,
            }
        }
    }

    /// Opens a connection and lists over it, before anything is chosen.
    pub(super) async fn open_and_list(&self) -> Listed {
        match self.open_patiently().await {
            Ok(client) => self.list_patiently(client).await,
            Err(error) => Listed::failed(error),
        }
    }

    /// Lists again over the connection that is there. One that has been closed since is opened anew, with a new login.
    pub(super) async fn list_again(&self, client: Option<WsmanClient>) -> Listed {
        let Some(client) = client else { return self.open_and_list().await };
        let listed = self.list_patiently(client).await;
        match &listed.listing {
            Err(error @ Error::Transport(_)) if listed.client.is_none() && !error.is_credential_refused() => {
                self.open_and_list().await
            }
            _ => listed,
        }
    }

    /// Lists the shells before anything is chosen; while the server turns that away, again as the policy says.
    pub(super) async fn list_patiently(&self, mut client: WsmanClient) -> Listed {
        let mut retries = 0;
        loop {
            let account = self.account(Some(&client));
            let listing = client.list_shells_within(self.policy.barrier_timeout).await;
            let kept = keep(client, &listing);
            let listed = Listed { account: Some(account), client: kept, listing };
            let error = match &listed.listing {
                Err(error) if error.is_retryable() => error,
                _ => return listed,
            };
            let jitter = self.tick().jitter;
            let Some(delay) = self.policy.retry.delay(retries, error.retry_after(), jitter) else {
                return listed;
            };
            retries += 1;
            tokio::time::sleep(delay).await;
            client = match listed.client {
                Some(client) => client,
                None => match self.open().await {
                    Ok(client) => client,
                    Err(error) => return Listed::failed(error),
                },
            };
        }
    }

    /// Asks for one shell; while the server turns that away or the answer gets lost, again as the policy says.
    pub(super) async fn get_patiently(
        &self,
        client: Option<WsmanClient>,
        shell_id: &ShellId,
    ) -> (Option<WsmanClient>, Result<Shell>) {
        let (mut client, mut retries) = (client, 0);
        loop {
            let mut opened = match client {
                Some(client) => client,
                None => match self.open_patiently().await {
                    Ok(client) => client,
                    Err(error) => return (None, Err(error)),
                },
            };
            let shell = opened.get(shell_id, Limits::within(self.policy.patience())).await;
            client = keep(opened, &shell);
            let error = match &shell {
                Err(error) if error.is_retryable() || error.may_have_acted() => error,
                _ => return (client, shell),
            };
            let jitter = self.tick().jitter;
            let Some(delay) = self.policy.retry.delay(retries, error.retry_after(), jitter) else {
                return (client, shell);
            };
            retries += 1;
            tokio::time::sleep(delay).await;
        }
    }

    /// Now, and a throw of the dice.
    pub(super) fn tick(&self) -> Tick {
        let drawn = Uuid::as_u128(&self.ids.draw()) & u128::from(u16::MAX);
        Tick { now: now(), jitter: Jitter(u16::try_from(drawn).unwrap_or_default()) }
    }
}

/// What a host answered before anything was chosen.
pub(super) struct Listed {
    /// The account that listed, as the server knows it.
    pub(super) account: Option<LoginAccount>,
    /// The connection, if it is still of use.
    pub(super) client: Option<WsmanClient>,
    pub(super) listing: Result<Listing>,
}

impl Listed {
    /// There is no connection.
    pub(super) fn failed(error: Error) -> Self {
        Self { account: None, client: None, listing: Err(error) }
    }
}

/// Sends one request of a removal. The connection comes back if it is still of use.
pub(super) async fn ask(
    mut client: WsmanClient,
    shell: &Shell,
    request: Request,
) -> (Option<WsmanClient>, Result<Answer>) {
    let limits = Limits::within(request.patience);
    let answer = match request.kind {
        RequestKind::Get => {
            let shell = client.get(&shell.shell_id, limits).await;
            shell.map(|shell| Answer::Shell(Box::new(shell)))
        }
        RequestKind::ListCommands => {
            client.list_commands(&shell.shell_id, limits).await.map(Answer::Commands)
        }
        RequestKind::Signal { command_id, code } => {
            client.signal(shell, &command_id, code, limits).await.map(|()| Answer::Done)
        }
        RequestKind::Delete { generic } => {
            let resource_uri = if generic { uri::SHELL_RESOURCE } else { shell.resource() };
            client.delete(&shell.shell_id, resource_uri, limits).await.map(|()| Answer::Done)
        }
    };
    (keep(client, &answer), answer)
}

/// Lists the shells while sessions are closed, within the time that one of them has.
pub(super) async fn list(mut client: WsmanClient, policy: &Policy) -> (Option<WsmanClient>, Result<Listing>) {
    let after = policy.session_deadline;
    match tokio::time::timeout(after, client.list_shells()).await {
        Ok(listing) => (keep(client, &listing), listing),
        Err(_) => {
            let endpoint = client.endpoint_url().to_owned();
            (None, Err(TransportError::Timeout { endpoint, after }.into()))
        }
    }
}

/// Asks what the server is.
pub(super) async fn identify(
    mut client: WsmanClient,
    limits: Limits,
) -> (Option<WsmanClient>, Result<Identity>) {
    let identity = client.identify(limits).await;
    (keep(client, &identity), identity)
}

/// The ids of the commands that have not ended.
pub(super) fn running(commands: Vec<Command>) -> Vec<CommandId> {
    commands.into_iter().filter(Answer::is_running).map(|command| command.command_id).collect()
}

/// An error as a removal sees it.
pub(super) fn request_error(error: &Error) -> RequestError {
    let text = error.chain();
    let is_retryable = error.is_retryable();
    match error {
        Error::Fault(fault) => RequestError::Fault(fault.clone()),
        error if error.is_credential_refused() => RequestError::CredentialRefused(text),
        Error::Transport(TransportError::Connect { .. }) if is_retryable => RequestError::NotSent(text),
        error if is_retryable => RequestError::TurnedAway { text, retry_after: error.retry_after() },
        error if error.may_have_acted() => RequestError::NoAnswer(text),
        _ => RequestError::Refused(text),
    }
}

fn keep<T>(client: WsmanClient, result: &Result<T>) -> Option<WsmanClient> {
    let broken = matches!(result, Err(error) if !error.leaves_connection_usable());
    Some(client).filter(|client| client.is_usable() && !broken)
}
