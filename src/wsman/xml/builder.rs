//! From `quick-xml`'s events to a [`Document`], with the checks that they lack.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::events::attributes::{Attribute as RawAttribute, Attributes};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::document::{Attribute, Document, MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, Malformed, Node};
use super::scope::{NO_NAMESPACE, Scope};
use super::{is_space, is_xml_char};

/// A document in the making.
pub(super) struct Builder<'x> {
    source: &'x str,
    /// How many bytes of a byte order mark stand before `source`.
    skipped: usize,
    /// Whether there is a carriage return anywhere, so that line ends need folding.
    has_returns: bool,
    /// Whether there is a `]` anywhere, so that text needs a look for `]]>`.
    has_brackets: bool,
    /// Whether there is anything that may be part of a character which XML forbids.
    has_suspects: bool,
    document: Document<'x>,
    scope: Scope<'x>,
    open: Vec<Open>,
    /// The attributes of the element that opens, without its declarations; empty between elements.
    own: Vec<RawAttribute<'x>>,
}

/// An element that has not ended.
struct Open {
    index: usize,
    /// How many declarations were in force in front of it.
    outer_scope: usize,
}

/// About how many bytes a server spends on one element; only the first allocation depends on it.
const BYTES_PER_ELEMENT: usize = 40;

/// How deep an answer of Windows is nested; only the first allocation depends on it.
const USUAL_DEPTH: usize = 8;

impl<'x> Builder<'x> {
    pub(super) fn new(text: &'x str) -> Self {
        let source = text.strip_prefix('\u{feff}').unwrap_or(text);
        let found = source.as_bytes().chunks(SCANNED).fold(0, |found, bytes| found | scan(bytes));
        Self {
            source,
            skipped: text.len() - source.len(),
            has_returns: found & RETURN != 0,
            has_brackets: found & BRACKET != 0,
            has_suspects: found & SUSPECT != 0,
            document: Document {
                nodes: Vec::with_capacity(source.len() / BYTES_PER_ELEMENT),
                attributes: Vec::new(),
                namespaces: Vec::new(),
            },
            scope: Scope::new(),
            open: Vec::with_capacity(USUAL_DEPTH),
            own: Vec::new(),
        }
    }

    pub(super) fn build(mut self) -> Result<Document<'x>, Malformed> {
        self.check_characters()?;
        let mut reader = Reader::from_str(self.source);
        reader.config_mut().check_comments = true;
        loop {
            let offset = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            match reader.read_event() {
                Err(error) => return Err(self.malformed(&format!("not well-formed XML: {error}"), offset)),
                Ok(Event::Start(start)) => self.open_element(&start, offset)?,
                Ok(Event::Empty(start)) => {
                    self.open_element(&start, offset)?;
                    self.close_element();
                }
                Ok(Event::End(_)) => self.close_element(),
                Ok(Event::Text(text)) => {
                    let text = if self.has_returns { text.xml10_content() } else { text.into_inner() };
                    if self.has_brackets && text.contains("]]>") {
                        return Err(self.malformed("a ']]>' in text", offset));
                    }
                    if !(self.open.is_empty() && text.chars().all(is_space)) {
                        self.push_text(text, offset)?;
                    }
                }
                Ok(Event::CData(text)) => self.push_text(text.xml10_content(), offset)?,
                Ok(Event::GeneralRef(reference)) => {
                    let resolved = self.resolve(&reference, offset)?;
                    self.push_text(resolved.into(), offset)?;
                }
                Ok(Event::DocType(_)) => return Err(self.malformed("a DTD, which is never read", offset)),
                Ok(Event::PI(_)) => {
                    return Err(self.malformed("a processing instruction, which is never read", offset));
                }
                Ok(Event::Decl(_)) if offset > 0 => {
                    return Err(self.malformed("an XML declaration that is not at the start", offset));
                }
                Ok(Event::Decl(_) | Event::Comment(_)) => {}
                Ok(Event::Eof) => break,
            }
        }
        let end = self.source.len();
        if !self.open.is_empty() {
            return Err(self.malformed("the document ends within an element", end));
        }
        if self.document.nodes.is_empty() {
            return Err(self.malformed("no element", end));
        }
        self.document.namespaces = self.scope.into_namespaces();
        Ok(self.document)
    }

    /// Refuses what no place of a document may hold, so that the events need not be asked.
    fn check_characters(&self) -> Result<(), Malformed> {
        if !self.has_suspects {
            return Ok(());
        }
        match self.source.char_indices().find(|(_, character)| !is_xml_char(*character)) {
            Some((at, character)) => Err(self.bad_character(character, at)),
            None => Ok(()),
        }
    }

    fn bad_character(&self, character: char, offset: usize) -> Malformed {
        let code = u32::from(character);
        self.malformed(&format!("the character U+{code:04X}, which XML forbids"), offset)
    }

    fn open_element(&mut self, start: &BytesStart<'_>, offset: usize) -> Result<(), Malformed> {
        let parent = self.open.last().map(|open| open.index);
        if parent.is_none() && !self.document.nodes.is_empty() {
            return Err(self.malformed("a second root element", offset));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.malformed(&format!("nesting deeper than {MAX_DEPTH}"), offset));
        }
        if self.document.nodes.len() >= MAX_ELEMENTS {
            return Err(self.malformed(&format!("more than {MAX_ELEMENTS} elements"), offset));
        }
        // The name is cut from the source, which outlives the event.
        let name_at = offset + 1;
        let qualified = self.source.get(name_at..name_at + start.name().as_ref().len()).unwrap_or_default();
        let (prefix, local) = self.split_name(qualified, offset)?;
        let index = self.document.nodes.len();
        self.open.push(Open { index, outer_scope: self.scope.depth() });
        self.document.nodes.push(Node {
            namespace: NO_NAMESPACE,
            local,
            text: Cow::Borrowed(""),
            attributes: 0..0,
            parent,
            end: index + 1,
            offset: offset + self.skipped,
        });
        let name_length = qualified.len();
        if !start.attributes_raw().is_empty() {
            let tag = name_at..name_at + name_length + start.attributes_raw().len();
            let tag = self.source.get(tag).unwrap_or_default();
            self.read_declarations(tag, name_length, offset)?;
        }
        let namespace = self.resolve_prefix(prefix, offset)?;
        if let Some(node) = self.document.nodes.last_mut() {
            node.namespace = namespace;
        }
        if self.own.is_empty() { Ok(()) } else { self.read_attributes(offset) }
    }

    /// Checks all attributes, puts the namespace declarations among them into force, and lays the others aside.
    fn read_declarations(
        &mut self,
        tag: &'x str,
        name_length: usize,
        offset: usize,
    ) -> Result<(), Malformed> {
        if !spaced(tag.get(name_length..).unwrap_or_default()) {
            return Err(self.malformed("bad attribute: no space in front of it", offset));
        }
        for (count, attribute) in Attributes::new(tag, name_length).enumerate() {
            if count >= MAX_ATTRIBUTES {
                return Err(self.malformed(&format!("more than {MAX_ATTRIBUTES} attributes"), offset));
            }
            let attribute =
                attribute.map_err(|error| self.malformed(&format!("bad attribute: {error}"), offset))?;
            if attribute.value.contains('<') {
                return Err(self.malformed("a '<' in an attribute value", offset));
            }
            let name = self.split_name(attribute.key.0, offset)?;
            match declared_prefix(name) {
                Some(prefix) => {
                    let namespace = self.value_of(&attribute, offset)?;
                    let declared = self.scope.declare(prefix, namespace);
                    declared.map_err(|problem| self.malformed(&problem, offset))?;
                }
                None => self.own.push(attribute),
            }
        }
        Ok(())
    }

    /// Keeps the attributes that [`read_declarations`](Self::read_declarations) has checked and laid aside.
    fn read_attributes(&mut self, offset: usize) -> Result<(), Malformed> {
        let first = self.document.attributes.len();
        let mut own = std::mem::take(&mut self.own);
        for attribute in own.drain(..) {
            let (prefix, local) = self.split_name(attribute.key.0, offset)?;
            // The default namespace is not for attributes.
            let namespace =
                if prefix.is_empty() { NO_NAMESPACE } else { self.resolve_prefix(prefix, offset)? };
            let before = self.document.attributes.get(first..).unwrap_or_default();
            if before.iter().any(|other| other.local == local && other.namespace == namespace) {
                return Err(self.malformed(&format!("the attribute {local} twice"), offset));
            }
            let value = self.value_of(&attribute, offset)?;
            self.document.attributes.push(Attribute { namespace, local, value });
        }
        self.own = own;
        let own = first..self.document.attributes.len();
        if let Some(node) = self.document.nodes.last_mut() {
            node.attributes = own;
        }
        Ok(())
    }

    fn value_of(&self, attribute: &RawAttribute<'x>, offset: usize) -> Result<Cow<'x, str>, Malformed> {
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| self.malformed(&format!("bad attribute value: {error}"), offset))?;
        // Only a reference brings in what the source does not hold.
        let bad = match &value {
            Cow::Borrowed(_) => None,
            Cow::Owned(value) => value.chars().find(|character| !is_xml_char(*character)),
        };
        match bad {
            Some(character) => Err(self.bad_character(character, offset)),
            None => Ok(value),
        }
    }

    fn resolve_prefix(&self, prefix: &str, offset: usize) -> Result<usize, Malformed> {
        self.scope
            .resolve(prefix)
            .ok_or_else(|| self.malformed(&format!("undeclared namespace prefix {prefix}"), offset))
    }

    /// The prefix, empty for none, and the local part of a name. Both must be names: letters and digits of any
    /// script, `_`, `-` and `.`; a prefix is also held against the declared ones, which are names.
    fn split_name<'n>(&self, qualified: &'n str, offset: usize) -> Result<(&'n str, &'n str), Malformed> {
        let colon = qualified.bytes().position(|byte| byte == b':');
        let (prefix, local) = match colon.and_then(|at| qualified.split_at_checked(at)) {
            Some(("", _)) => return Err(self.malformed(&format!("'{qualified}' is not a name"), offset)),
            Some((prefix, rest)) => (prefix, rest.strip_prefix(':').unwrap_or_default()),
            None => ("", qualified),
        };
        if is_name(local) {
            return Ok((prefix, local));
        }
        Err(self.malformed(&format!("'{qualified}' is not a name"), offset))
    }

    fn close_element(&mut self) {
        let end = self.document.nodes.len();
        let Some(open) = self.open.pop() else { return };
        self.scope.leave(open.outer_scope);
        if let Some(node) = self.document.nodes.get_mut(open.index) {
            node.end = end;
        }
    }

    fn push_text(&mut self, text: Cow<'x, str>, offset: usize) -> Result<(), Malformed> {
        let Some(node) = self.open.last().and_then(|open| self.document.nodes.get_mut(open.index)) else {
            return Err(self.malformed("text outside the root element", offset));
        };
        if node.text.is_empty() {
            node.text = text;
        } else {
            node.text.to_mut().push_str(&text);
        }
        Ok(())
    }

    fn resolve(&self, reference: &BytesRef<'_>, offset: usize) -> Result<String, Malformed> {
        let character = reference
            .resolve_char_ref()
            .map_err(|error| self.malformed(&format!("bad character reference: {error}"), offset))?;
        match character {
            Some(character) if !is_xml_char(character) => Err(self.bad_character(character, offset)),
            Some(character) => Ok(character.to_string()),
            None => quick_xml::escape::resolve_predefined_entity(reference)
                .map(str::to_owned)
                .ok_or_else(|| self.malformed(&format!("undefined entity {}", &**reference), offset)),
        }
    }

    fn malformed(&self, problem: &str, offset: usize) -> Malformed {
        let path = self.document.path_of(self.open.last().map(|open| open.index));
        Malformed::new(problem, &path, offset + self.skipped)
    }
}

/// The prefix that an attribute of this name declares, empty for the default; `None` where it declares nothing.
fn declared_prefix<'n>(name: (&'n str, &'n str)) -> Option<&'n str> {
    match name {
        ("", "xmlns") => Some(""),
        ("xmlns", prefix) => Some(prefix),
        _ => None,
    }
}

/// How many bytes are looked at in one loop.
const SCANNED: usize = 1024;

/// What [`scan`] finds.
const RETURN: u8 = 1;
const BRACKET: u8 = 2;
const SUSPECT: u8 = 4;

/// Looks at all bytes without a branch, so that the compiler can look at many at once.
fn scan(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |found, &byte| {
        let is_return = u8::from(byte == b'\r') * RETURN;
        let is_bracket = u8::from(byte == b']') * BRACKET;
        found | is_return | is_bracket | (u8::from(is_suspect(byte)) * SUSPECT)
    })
}

/// Whether a byte is a control character, or begins U+FFFE or U+FFFF (and much that is harmless).
fn is_suspect(byte: u8) -> bool {
    (byte < b' ') & (byte != b'\t') & (byte != b'\n') & (byte != b'\r') | (byte == 0xEF)
}

/// Stricter than XML where it does not matter: letters and digits as Unicode has them today.
fn is_name(text: &str) -> bool {
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    match text.as_bytes() {
        [first, rest @ ..] if first.is_ascii_alphabetic() && rest.iter().all(digit) => true,
        _ => {
            let mut characters = text.chars();
            characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
                && characters.all(|other| other.is_alphanumeric() || matches!(other, '_' | '-' | '.'))
        }
    }
}

/// Whether white space, or nothing, follows each quoted value.
fn spaced(attributes: &str) -> bool {
    let mut quote = None;
    let mut closed = false;
    for byte in attributes.bytes() {
        if closed && !is_space(byte.into()) {
            return false;
        }
        closed = quote == Some(byte);
        quote = match quote {
            Some(open) if open != byte => Some(open),
            Some(_) => None,
            None => Some(byte).filter(|byte| matches!(byte, b'\'' | b'"')),
        };
    }
    true
}
