//! A small part of XML, read from the front without a tree: names in ASCII, no reference, no comment, no more than one
//! attribute beside an element's declarations. Servers write nothing else in most of their answers. All else is left to the
//! reader of whole documents, which decides; whatever passes here means the same there.

use super::ids::MessageId;
use super::uri;
use super::xml::{MAX_ELEMENTS, is_space};

/// Reads from the front. Each method is `None` where it does not find what it is named after.
pub(super) struct PlainReader<'a> {
    rest: &'a str,
    /// The prefixes, with their namespaces, that are declared here.
    declared: Vec<(&'a str, &'a str)>,
    /// Every namespace that was ever declared, and how many elements there were.
    namespaces: Vec<&'a str>,
    elements: usize,
}

/// A start tag.
pub(super) struct Tag<'a> {
    name: &'a str,
    pub(super) namespace: &'a str,
    pub(super) local: &'a str,
    /// It is its own end tag.
    pub(super) is_empty: bool,
    /// It has an attribute beside its declarations.
    pub(super) has_attribute: bool,
    /// How many declarations were in force before it.
    outside: usize,
}

impl<'a> PlainReader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let (declared, namespaces) =
            (Vec::with_capacity(MOST_DECLARATIONS), Vec::with_capacity(MOST_DECLARATIONS));
        Self { rest: text, declared, namespaces, elements: 0 }
    }

    /// Reads an envelope with this action, which answers this message, to its end; what its body holds, `read_body` reads.
    pub(super) fn envelope<T>(
        mut self,
        action: &str,
        message_id: MessageId,
        read_body: impl FnOnce(&mut Self) -> Option<T>,
        empty: Option<T>,
    ) -> Option<T> {
        let mut related = String::with_capacity(MESSAGE_ID_BYTES);
        message_id.write_into(&mut related);
        let envelope = self.part("Envelope")?;
        self.space();
        let header = self.part("Header")?;
        let (mut relates, mut acts) = (0, 0);
        loop {
            self.space();
            if self.end(&header).is_some() {
                break;
            }
            let field = self.start()?;
            let content = self.content(&field)?.trim_matches(is_space);
            match (field.namespace, field.local) {
                (uri::ADDRESSING, "RelatesTo") if content.eq_ignore_ascii_case(&related) => relates += 1,
                (uri::ADDRESSING, "Action") if content == action => acts += 1,
                (uri::ADDRESSING, "RelatesTo" | "Action") => return None,
                _ => {}
            }
        }
        self.space();
        let body = self.start().filter(|tag| tag.namespace == uri::SOAP && tag.local == "Body")?;
        let mut found = empty;
        if body.is_empty {
            self.declared.truncate(body.outside);
        } else {
            self.space();
            if self.end(&body).is_none() {
                found = Some(read_body(&mut self)?);
                self.space();
                self.end(&body)?;
            }
        }
        self.space();
        self.end(&envelope)?;
        self.space();
        found.filter(|_| self.rest.is_empty() && relates == 1 && acts == 1)
    }

    /// The start tag of a part of the envelope that holds others.
    fn part(&mut self, local: &str) -> Option<Tag<'a>> {
        self.start().filter(|tag| tag.namespace == uri::SOAP && tag.local == local && !tag.is_empty)
    }

    pub(super) fn start(&mut self) -> Option<Tag<'a>> {
        self.rest = self.rest.strip_prefix('<')?;
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return None;
        }
        let outside = self.declared.len();
        let name = self.name()?;
        let mut other: Option<&str> = None;
        let is_empty = loop {
            let before = self.rest.len();
            self.space();
            if let Some(rest) = self.rest.strip_prefix('>') {
                self.rest = rest;
                break false;
            }
            if let Some(rest) = self.rest.strip_prefix("/>") {
                self.rest = rest;
                break true;
            }
            if self.rest.len() == before {
                return None;
            }
            let attribute = self.name()?;
            let value = self.value()?;
            match attribute.split_once(':') {
                Some(("xmlns", prefix)) => self.declare(prefix, value, outside)?,
                None if attribute == "xmlns" => self.declare("", value, outside)?,
                _ if other.replace(attribute).is_some() => return None,
                _ => {}
            }
        };
        if let Some((prefix, _)) = other.and_then(|attribute| attribute.split_once(':'))
            && prefix != "xml"
        {
            self.namespace(prefix)?;
        }
        let (namespace, local) = match name.split_once(':') {
            Some((prefix, local)) => (self.namespace(prefix)?, local),
            None => (self.namespace("").unwrap_or_default(), name),
        };
        let has_attribute = other.is_some();
        Some(Tag { name, namespace, local, is_empty, has_attribute, outside })
    }

    /// The text up to the end of an element that holds nothing else.
    pub(super) fn content(&mut self, tag: &Tag<'a>) -> Option<&'a str> {
        if tag.is_empty {
            self.declared.truncate(tag.outside);
            return Some("");
        }
        let text = self.up_to(b'<')?;
        self.end(tag).map(|()| text)
    }

    pub(super) fn end(&mut self, tag: &Tag<'a>) -> Option<()> {
        self.rest = self.rest.strip_prefix("</")?.strip_prefix(tag.name)?.strip_prefix('>')?;
        self.declared.truncate(tag.outside);
        Some(())
    }

    /// A name with at most one prefix.
    fn name(&mut self) -> Option<&'a str> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
        let length = self.rest.bytes().position(|byte| !is_name(byte))?;
        let (name, rest) = self.rest.split_at_checked(length)?;
        let begins = |part: &str| part.starts_with(|first: char| first.is_ascii_alphabetic());
        let is_valid = match name.split_once(':') {
            Some((prefix, local)) => begins(prefix) && begins(local) && !local.contains(':'),
            None => begins(name),
        };
        self.rest = rest;
        Some(name).filter(|_| is_valid)
    }

    fn value(&mut self) -> Option<&'a str> {
        let rest = self.rest.strip_prefix('=')?;
        let quote = rest.bytes().next().filter(|quote| matches!(quote, b'"' | b'\''))?;
        self.rest = rest.get(1..)?;
        // White space and `<` end the search, too: neither is usual in a value.
        let is_end = |byte: u8| byte == quote || matches!(byte, b'<' | b'\t' | b'\n' | b'\r');
        let length = self.rest.bytes().position(is_end)?;
        let (value, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest.strip_prefix(char::from(quote))?;
        Some(value)
    }

    fn declare(&mut self, prefix: &'a str, namespace: &'a str, outside: usize) -> Option<()> {
        let own = self.declared.get(outside..)?;
        let is_new = own.iter().all(|(known, _)| *known != prefix);
        let is_free = !prefix.starts_with("xml") && !matches!(namespace, "" | uri::XML | uri::XMLNS);
        if !self.namespaces.contains(&namespace) {
            self.namespaces.push(namespace);
        }
        (is_new && is_free && self.declared.len().max(self.namespaces.len()) < MOST_DECLARATIONS)
            .then(|| self.declared.push((prefix, namespace)))
    }

    fn namespace(&self, prefix: &str) -> Option<&'a str> {
        self.declared.iter().rev().find(|(known, _)| *known == prefix).map(|(_, namespace)| *namespace)
    }

    pub(super) fn space(&mut self) {
        if self.rest.starts_with(is_space) {
            self.rest = self.rest.trim_start_matches(is_space);
        }
    }

    /// What stands before this byte, which is ASCII and must come.
    fn up_to(&mut self, byte: u8) -> Option<&'a str> {
        let length = self.rest.bytes().position(|other| other == byte)?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(text)
    }
}

/// The length of a `MessageID`, with its `uuid:`.
const MESSAGE_ID_BYTES: usize = 41;

/// Windows makes seven.
const MOST_DECLARATIONS: usize = 16;
