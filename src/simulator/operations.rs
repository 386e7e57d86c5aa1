//! What each operation does to the world.

use std::collections::VecDeque;
use std::time::Duration;

use super::account::Account;
use super::answers::{self, Answer};
use super::enumeration::{Listing, Page, PageLimits};
use super::faults::{self, Provider, Refusal};
use super::guids::upper;
use super::request::{OperationKind, Request, shell_selector};
use super::world::World;
use crate::wsman::uri;
use crate::wsman::xml::Element;

impl World {
    /// Does what a sound request of a logged-in caller asks.
    pub(super) fn perform(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        match request.kind {
            OperationKind::Enumerate => self.enumerate(account, request, now),
            OperationKind::EnumerateCommands => self.enumerate_commands(account, request, now),
            OperationKind::Pull => self.pull(account, request, now),
            OperationKind::Release => self.release(account, request, now),
            OperationKind::Get => self.get(account, request, now),
            OperationKind::Signal => self.signal(account, request, now),
            OperationKind::Delete => self.delete(account, request),
            OperationKind::Create if self.is_full(&account.full_name()) => {
                Err(Refusal::new(faults::QUOTA_MAX_SHELLS))
            }
            _ => Err(Refusal::new(faults::ACTION_NOT_SUPPORTED)
                .saying("the simulator can list, signal and delete shells, and nothing else")),
        }
    }

    fn enumerate(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        let enumerate = expect_body(request, uri::ENUMERATION, "Enumerate")?;
        if enumerate.child(uri::WSMAN, "Filter").or(enumerate.child(uri::ENUMERATION, "Filter")).is_some() {
            return Err(Refusal::new(faults::FILTERING_NOT_SUPPORTED));
        }
        if !self.is_registered(request.resource_uri) {
            return Err(Refusal::new(faults::INVALID_RESOURCE_URI));
        }
        let all = request.resource_uri == uri::SHELL_RESOURCE;
        let items = self
            .visible_shells(account)
            .filter(|shell| all || shell.resource_uri == request.resource_uri)
            .map(|shell| {
                let mut item = String::new();
                shell.write(&mut item, now);
                item
            })
            .collect();
        self.begin_listing(account, request, enumerate, items, now)
    }

    fn enumerate_commands(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        let enumerate = expect_body(request, uri::ENUMERATION, "Enumerate")?;
        if enumerate.child(uri::WSMAN, "EnumerationMode").is_some_and(|mode| mode.text().contains("EPR")) {
            return Err(Refusal::new(faults::EPRS_NOT_SUPPORTED));
        }
        let shell_id = enumerate
            .child(uri::WSMAN, "Filter")
            .filter(|filter| filter.attribute("Dialect") == Some(uri::SELECTOR_FILTER))
            .and_then(shell_selector)
            .ok_or_else(|| Refusal::new(faults::FILTER_EXPECTED))?;
        let shell = self.visible_shell(account, shell_id).ok_or_else(Refusal::no_such_shell)?;
        let items = shell
            .commands
            .iter()
            .map(|command| {
                let mut item = String::new();
                command.write(&mut item);
                item
            })
            .collect();
        self.begin_listing(account, request, enumerate, items, now)
    }

    fn begin_listing(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        enumerate: Element<'_>,
        items: VecDeque<String>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        let optimized = enumerate.child(uri::WSMAN, "OptimizeEnumeration").is_some();
        let limits = PageLimits {
            max_elements: max_elements(enumerate)?,
            max_envelope_size: request.max_envelope_size,
        };
        let id = format!("uuid:{}", upper(self.guids.next_guid()));
        let mut listing = Listing::new(id, account.full_name(), request.resource_uri, items, limits, now);
        let mut body = String::from("<n:EnumerateResponse><n:EnumerationContext>");
        let page = if optimized {
            listing.next_page(limits.max_elements)?
        } else {
            Page { items: String::new(), is_last: false }
        };
        if !page.is_last {
            body.push_str(listing.id());
        }
        body.push_str("</n:EnumerationContext>");
        write_page(&mut body, &page, 'w');
        body.push_str("</n:EnumerateResponse>");
        if !page.is_last {
            self.listings.keep(listing);
        }
        Ok(Answer::new(uri::ENUMERATE, answers::ENUMERATION, body))
    }

    fn pull(&mut self, account: &Account, request: &Request<'_>, now: Duration) -> Result<Answer, Refusal> {
        let pull = expect_body(request, uri::ENUMERATION, "Pull")?;
        let context = context(pull)?;
        let limits =
            PageLimits { max_elements: max_elements(pull)?, max_envelope_size: request.max_envelope_size };
        let user = account.full_name();
        let page = self.listings.pull(context, &user, request.resource_uri, limits, now)?;
        let mut body = String::from("<n:PullResponse>");
        if !page.is_last {
            body.push_str("<n:EnumerationContext>");
            body.push_str(context);
            body.push_str("</n:EnumerationContext>");
        }
        write_page(&mut body, &page, 'n');
        body.push_str("</n:PullResponse>");
        Ok(Answer::new(uri::PULL, answers::ENUMERATION, body))
    }

    fn release(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        let release = expect_body(request, uri::ENUMERATION, "Release")?;
        if !self.listings.release(context(release)?, &account.full_name(), now) {
            return Err(Refusal::new(faults::INVALID_CONTEXT));
        }
        Ok(Answer::new(uri::RELEASE, answers::PLAIN, ""))
    }

    fn get(&mut self, account: &Account, request: &Request<'_>, now: Duration) -> Result<Answer, Refusal> {
        if request.resource_uri == uri::COMMAND_RESOURCE {
            return Err(Refusal::new(faults::ACTION_MISMATCH));
        }
        let index = self.addressed_shell(account, request)?;
        let mut body = String::new();
        if let Some(shell) = self.shells.get(index) {
            shell.write(&mut body, now);
        }
        Ok(Answer::new(uri::GET, answers::TRANSFER, body))
    }

    fn signal(&mut self, account: &Account, request: &Request<'_>, now: Duration) -> Result<Answer, Refusal> {
        let signal = expect_body(request, uri::SHELL, "Signal")?;
        let index = self.addressed_shell(account, request)?;
        let code = signal
            .child(uri::SHELL, "Code")
            .map(Element::text)
            .filter(|code| !code.is_empty())
            .ok_or_else(|| Refusal::new(faults::SCHEMA_VALIDATION))?;
        let shell = self.shells.get_mut(index).ok_or_else(Refusal::no_such_shell)?;
        if shell.is_disconnected() {
            return Err(Refusal::new(faults::SHELL_DISCONNECTED));
        }
        let powershell = shell.is_powershell();
        let answer = Answer::new(uri::SIGNAL, answers::SHELL, "<rsp:SignalResponse/>");
        let Some(command_id) = request.command_id else {
            // The PowerShell plugin accepts a Signal to the whole shell and does nothing.
            return if powershell {
                Ok(answer)
            } else {
                Err(Refusal::new(faults::INVALID_PARAMETER).by(Provider::Cmd))
            };
        };
        let position = shell
            .commands
            .iter()
            .position(|command| command.command_id.eq_ignore_ascii_case(command_id))
            .ok_or_else(Refusal::no_such_command)?;
        if powershell && code == uri::SIGNAL_POWERSHELL_CRTL_C {
            if let Some(command) = shell.commands.get_mut(position) {
                command.running = false;
            }
        } else if powershell || is_console_signal(code) {
            shell.commands.remove(position);
        } else {
            return Err(Refusal::new(faults::INVALID_PARAMETER).by(Provider::Cmd));
        }
        shell.touch(now);
        Ok(answer)
    }

    fn delete(&mut self, account: &Account, request: &Request<'_>) -> Result<Answer, Refusal> {
        let index = self.addressed_shell(account, request)?;
        self.shells.remove(index);
        Ok(Answer::new(uri::DELETE, answers::PLAIN, ""))
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
}

/// Inside an Enumerate's answer the wrappers are DMTF's (`w`), inside a Pull's WS-Enumeration's (`n`).
fn write_page(body: &mut String, page: &Page, prefix: char) {
    if !page.items.is_empty() {
        body.push_str(&format!("<{prefix}:Items>{}</{prefix}:Items>", page.items));
    }
    if page.is_last {
        body.push_str(&format!("<{prefix}:EndOfSequence/>"));
    }
}

fn expect_body<'d>(request: &Request<'d>, namespace: &str, local: &str) -> Result<Element<'d>, Refusal> {
    request
        .body
        .filter(|body| body.is(namespace, local))
        .ok_or_else(|| Refusal::new(faults::SCHEMA_VALIDATION))
}

fn context(body: Element<'_>) -> Result<&str, Refusal> {
    body.child(uri::ENUMERATION, "EnumerationContext")
        .map(Element::text)
        .ok_or_else(|| Refusal::new(faults::SCHEMA_VALIDATION))
}

fn max_elements(body: Element<'_>) -> Result<Option<usize>, Refusal> {
    body.child(uri::WSMAN, "MaxElements")
        .or_else(|| body.child(uri::ENUMERATION, "MaxElements"))
        .map(|element| element.text().parse::<usize>())
        .transpose()
        .ok()
        .filter(|most| *most != Some(0))
        .ok_or_else(|| Refusal::new(faults::SCHEMA_VALIDATION))
}

fn is_console_signal(code: &str) -> bool {
    code.strip_prefix(uri::SHELL)
        .and_then(|code| code.strip_prefix("/signal/"))
        .is_some_and(|code| matches!(code, "Terminate" | "terminate" | "ctrl_c" | "ctrl_break"))
}
