//! Takes people, machines and payloads out of an envelope. What is known to be of the protocol stays: every other name
//! and value becomes a placeholder, the same one wherever the same value stands.

mod clixml;
mod placeholders;
mod values;
mod vocabulary;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::fragments;
use crate::simulator::psrp::fragments::Fragment;
use crate::wsman::xml::{Element, Malformed, Rewrite, rewrite};

pub use placeholders::{Replaced, ReplacedKind};

use clixml::Clixml;
use placeholders::Placeholders;

/// Replaces what is not of the protocol, in the envelopes of one recording.
#[derive(Debug, Default)]
pub struct Scrubber {
    keeps: ScrubOptions,
    placeholders: Placeholders,
}

/// What a [`Scrubber`] leaves as it is. By default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScrubOptions {
    /// The input and output of commands and pipelines, and all of PowerShell's messages, which also name hosts and users.
    pub keep_streams: bool,
    /// The texts of faults, which may name hosts, users and paths.
    pub keep_messages: bool,
}

impl Scrubber {
    /// Begins without any placeholder.
    #[must_use]
    pub fn new(keeps: ScrubOptions) -> Self {
        Self { keeps, placeholders: Placeholders::default() }
    }

    /// A scrubber after which two requests differ only in what is of the protocol, and in ids.
    pub(super) fn neutral() -> Self {
        Self { keeps: ScrubOptions::default(), placeholders: Placeholders::neutral() }
    }

    /// One envelope, scrubbed.
    ///
    /// # Errors
    /// [`Malformed`] where it is not well-formed XML; nothing of it may be kept then.
    pub fn envelope(&mut self, text: &str) -> Result<String, Malformed> {
        rewrite(text, self)
    }

    /// The placeholder of a host name or an address.
    pub fn host(&mut self, host: &str) -> String {
        values::host(host, &mut self.placeholders)
    }

    /// What was replaced so far, in the order in which it was first met.
    #[must_use]
    pub fn replaced(&self) -> &[Replaced] {
        self.placeholders.replaced()
    }

    /// A stream, or PowerShell's messages in base64.
    fn stream(&mut self, text: &str) -> String {
        let Ok(payload) = BASE64.decode(text.trim()) else {
            return self.placeholders.of(ReplacedKind::Stream, text);
        };
        match fragments::read(&payload) {
            Some(fragments) => BASE64.encode(self.messages(&fragments)),
            None if payload.is_empty() => String::new(),
            None => {
                BASE64.encode(self.placeholders.of(ReplacedKind::Stream, &String::from_utf8_lossy(&payload)))
            }
        }
    }

    fn messages(&mut self, fragments: &[Fragment<'_>]) -> Vec<u8> {
        let mut out = Vec::new();
        for fragment in fragments {
            let Some(message) = fragment.message() else {
                // A part of a message: there is nothing in it that could be told apart.
                fragment.write(&filler(fragment.blob), &mut out);
                continue;
            };
            let ids = [message.pool, message.pipeline].map(|id| self.placeholders.guid(id));
            let data = match fragment.is_whole() {
                true => self.clixml(message.data),
                false => filler(message.data),
            };
            fragment.write(&message.write(ids, &data), &mut out);
        }
        out
    }

    fn clixml(&mut self, data: &[u8]) -> Vec<u8> {
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        let (mark, data) = data.strip_prefix(MARK).map_or((&b""[..], data), |data| (MARK, data));
        let text = std::str::from_utf8(data).ok();
        let scrubbed = text.and_then(|text| rewrite(text, &mut Clixml(&mut self.placeholders)).ok());
        let scrubbed = scrubbed.map_or_else(|| filler(data), String::into_bytes);
        [mark, &scrubbed].concat()
    }
}

/// As many bytes, without a meaning.
fn filler(bytes: &[u8]) -> Vec<u8> {
    vec![b' '; bytes.len()]
}

impl Rewrite for Scrubber {
    fn namespace<'v>(&mut self, namespace: &'v str) -> Cow<'v, str> {
        values::uri(namespace, &mut self.placeholders)
    }

    fn prefix<'v>(&mut self, prefix: &'v str) -> Cow<'v, str> {
        values::prefix(prefix, &mut self.placeholders)
    }

    fn name<'v>(&mut self, _namespace: &str, local: &'v str) -> Cow<'v, str> {
        values::name(local, &mut self.placeholders)
    }

    fn attribute<'v>(
        &mut self,
        element: Element<'_>,
        namespace: &str,
        local: &str,
        value: &'v str,
    ) -> Cow<'v, str> {
        let kind = values::ValueKind::of_attribute(element, namespace, local);
        self.value(kind, value)
    }

    fn text<'v>(&mut self, element: Element<'_>, text: &'v str) -> Cow<'v, str> {
        let kind = values::ValueKind::of_text(element, text);
        self.value(kind, text)
    }
}

impl Scrubber {
    /// The value without its padding, which stays.
    fn value<'v>(&mut self, kind: values::ValueKind, padded: &'v str) -> Cow<'v, str> {
        use values::ValueKind;
        let text = padded.trim();
        let is_kept = match kind {
            ValueKind::Stream => self.keeps.keep_streams,
            ValueKind::Scrubbed(ReplacedKind::Message) => self.keeps.keep_messages,
            _ => false,
        };
        if text.is_empty() || is_kept {
            return Cow::Borrowed(padded);
        }
        let scrubbed = match kind {
            ValueKind::Stream => Cow::Owned(self.stream(text)),
            kind => values::scrub(kind, text, &mut self.placeholders),
        };
        match scrubbed {
            Cow::Borrowed(same) if same == text => Cow::Borrowed(padded),
            scrubbed if text.len() == padded.len() => Cow::Owned(scrubbed.into_owned()),
            scrubbed => Cow::Owned(padded.replacen(text, &scrubbed, 1)),
        }
    }
}

#[cfg(test)]
mod tests;
