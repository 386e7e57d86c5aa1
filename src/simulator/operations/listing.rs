//! Listings, page by page: Enumerate of shells and of commands, Pull, Release (DSP0226 8, Enumeration).

use std::collections::VecDeque;
use std::time::Duration;

use super::expect_body;
use crate::simulator::account::Account;
use crate::simulator::answers::{self, Answer};
use crate::simulator::enumeration::{Listing, Page, PageLimits};
use crate::simulator::faults::{self, Refusal};
use crate::simulator::guids::upper;
use crate::simulator::profile::Dialect;
use crate::simulator::request::{Request, shell_selector};
use crate::simulator::shells::Detail;
use crate::simulator::world::World;
use crate::wsman::uri;
use crate::wsman::xml::Element;

impl World {
    pub(super) fn enumerate(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        let enumerate = expect_body(request, uri::ENUMERATION, "Enumerate")?;
        if !self.is_registered(request.resource_uri) {
            return Err(Refusal::new(faults::INVALID_RESOURCE_URI));
        }
        if enumerate.child(uri::WSMAN, "Filter").or(enumerate.child(uri::ENUMERATION, "Filter")).is_some() {
            return Err(Refusal::new(faults::FILTERING_NOT_SUPPORTED));
        }
        may_list(account)?;
        self.traits().lists_shells.map_err(Refusal::new)?;
        let fields = self.traits().fields;
        let all = request.resource_uri == uri::SHELL_RESOURCE;
        let items = self
            .visible_shells(account)
            .filter(|shell| all || shell.resource_uri == request.resource_uri)
            .map(|shell| {
                let mut item = String::new();
                shell.write(&mut item, now, fields, Detail::Listed);
                item
            })
            .collect();
        self.begin_listing(account, request, enumerate, items, now)
    }

    pub(super) fn enumerate_commands(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
        let enumerate = expect_body(request, uri::ENUMERATION, "Enumerate")?;
        may_list(account)?;
        self.traits().lists_commands.map_err(Refusal::new)?;
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
                command.write(&mut item, now);
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
        if !optimized && self.traits().dialect == Dialect::Omi {
            body.push_str("<w:Items></w:Items>");
        }
        write_page(&mut body, &page, 'w');
        body.push_str("</n:EnumerateResponse>");
        if !page.is_last {
            self.listings.keep(listing);
        }
        Ok(Answer::new(uri::ENUMERATE, answers::ENUMERATION, body))
    }

    pub(super) fn pull(
        &mut self,
        account: &Account,
        request: &Request<'_>,
        now: Duration,
    ) -> Result<Answer, Refusal> {
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

    pub(super) fn release(
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
}

fn may_list(account: &Account) -> Result<(), Refusal> {
    account.may_list.then_some(()).ok_or_else(|| Refusal::new(faults::ACCESS_DENIED))
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
