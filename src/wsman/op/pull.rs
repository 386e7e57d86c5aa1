//! WS-Enumeration Pull: the next page.

use std::marker::PhantomData;

use super::page::{Item, Page};
use crate::wsman::decimal::push_decimal;
use crate::wsman::envelope::{Operation, Target};
use crate::wsman::ids::{EnumerationContext, MessageId};
use crate::wsman::uri::{self, Action};
use crate::wsman::xml::{Element, Malformed, escape_into};

/// Asks for the next page of an enumeration (DSP0226 8.4, Pull). It must repeat the `MaxElements` and the
/// `MaxEnvelopeSize` of the Enumerate, or the server refuses it with 2150859181.
#[derive(Debug)]
pub struct Pull<'a, T> {
    /// The context of the page before.
    pub context: &'a EnumerationContext,
    /// The most items of one answer.
    pub max_elements: u32,
    /// The resource that was enumerated.
    pub resource_uri: &'a str,
    /// What is listed.
    pub item: PhantomData<fn() -> T>,
}

impl<'a, T> Pull<'a, T> {
    /// The next page at `context`, of at most `max_elements` items.
    #[must_use]
    pub const fn new(context: &'a EnumerationContext, max_elements: u32, resource_uri: &'a str) -> Self {
        Self { context, max_elements, resource_uri, item: PhantomData }
    }
}

impl<T: Item> Operation for Pull<'_, T> {
    const ACTION: Action = uri::PULL;
    type Reply = Page<T>;

    fn target(&self) -> Target<'_> {
        Target { resource_uri: self.resource_uri, shell_id: None }
    }

    fn write_body(&self, body: &mut String) {
        body.push_str("<n:Pull><n:EnumerationContext>");
        escape_into(body, self.context.as_str());
        body.push_str("</n:EnumerationContext><n:MaxElements>");
        push_decimal(body, self.max_elements.into());
        body.push_str("</n:MaxElements></n:Pull>");
    }

    fn read_plain(&self, answer: &[u8], message_id: MessageId) -> Option<Page<T>> {
        T::read_plain_page(answer, Self::ACTION.response, message_id, "PullResponse")
    }

    fn read_reply(&self, body: Element<'_>) -> Result<Page<T>, Malformed> {
        Page::read(body, "PullResponse")
    }
}
