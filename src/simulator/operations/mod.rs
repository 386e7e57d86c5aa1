//! What each operation does to the world.

mod command;
mod configuration;
mod connection;
mod listing;
mod program;
mod receive;
mod shell;

use std::time::Duration;

use super::account::Account;
use super::answers::Answer;
use super::configuration::ConfigurationResource;
use super::faults::{self, Refusal};
use super::request::{OperationKind, Request};
use super::shells::SimulatedShell;
use super::world::World;
use crate::wsman::uri;
use crate::wsman::xml::Element;

pub use receive::{Held, HeldReceive};

/// What came of an operation.
#[derive(Debug)]
pub(super) enum Done {
    /// It is answered.
    Answered(Answer),
    /// It is answered when there is something to say, or its time is up.
    Waits(HeldReceive),
}

impl World {
    /// Does what a sound request of a logged-in caller asks.
    pub(super) fn perform(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Done, Refusal> {
        let answer = match request.kind {
            OperationKind::Enumerate => self.enumerate(account, request, now),
            OperationKind::EnumerateCommands => self.enumerate_commands(account, request, now),
            OperationKind::Pull => self.pull(account, request, now),
            OperationKind::Release => self.release(account, request, now),
            OperationKind::Get => match ConfigurationResource::of(request.resource_uri) {
                Some(resource) => self.get_configuration(account, request, resource),
                None => self.get(account, request, now),
            },
            OperationKind::Create => self.create(account, request, now),
            OperationKind::Delete => self.delete(account, request),
            OperationKind::Command => self.command(account, request, now),
            OperationKind::Send => self.send(account, request, now),
            OperationKind::Receive => return self.receive(account, request, now),
            OperationKind::Signal => self.signal(account, request, now),
            OperationKind::Disconnect => self.disconnect(account, request, now),
            OperationKind::Reconnect => self.reconnect(account, request, now),
            OperationKind::Connect => self.connect(account, request, now),
            OperationKind::Login | OperationKind::Identify | OperationKind::Other => {
                Err(Refusal::new(faults::ACTION_NOT_SUPPORTED))
            }
        };
        answer.map(Done::Answered)
    }

    /// The shell that the header's URI and selector name, if the caller may see it. Windows takes the shell's own
    /// URI and the generic one.
    fn addressed_shell(&self, account: &Account, request: &Request<'_>) -> Result<usize, Refusal> {
        if !self.is_registered(request.resource_uri) {
            return Err(Refusal::new(faults::INVALID_RESOURCE_URI));
        }
        let shell_id = request.shell_id.ok_or_else(|| Refusal::new(faults::INSUFFICIENT_SELECTORS))?;
        self.shells
            .iter()
            .position(|shell| {
                shell.shell_id.eq_ignore_ascii_case(shell_id)
                    && self.may_see(account, shell)
                    && (request.resource_uri == uri::SHELL_RESOURCE
                        || request.resource_uri == shell.resource_uri)
            })
            .ok_or_else(Refusal::no_such_shell)
    }

    /// The same for an operation that needs the shell's streams.
    fn connected_shell(
        &mut self,
        account: &Account,
        request: &Request<'_>,
    ) -> Result<&mut SimulatedShell, Refusal> {
        let index = self.addressed_shell(account, request)?;
        let shell = self.shells.get_mut(index).ok_or_else(Refusal::no_such_shell)?;
        if shell.is_disconnected() {
            return Err(Refusal::new(faults::SHELL_DISCONNECTED));
        }
        Ok(shell)
    }
}

fn expect_body<'d>(request: &Request<'d>, namespace: &str, local: &str) -> Result<Element<'d>, Refusal> {
    request
        .body
        .filter(|body| body.is(namespace, local))
        .ok_or_else(|| Refusal::new(faults::SCHEMA_VALIDATION))
}
