//! The tree: documents, elements and what is said when they are not what they should be.

use std::borrow::Cow;
use std::fmt;

use super::builder::Builder;
use crate::wsman::text::one_line;

/// The largest answer body that is parsed, in bytes: far above `MaxEnvelopeSize` (512,000), which is what the
/// server was told, and small enough to read without care.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;
/// The deepest nesting; a fault with nested provider faults needs about twelve levels.
pub const MAX_DEPTH: usize = 64;
/// The most attributes on one element, namespace declarations included; Windows declares about ten.
pub const MAX_ATTRIBUTES: usize = 64;
/// The most elements in one document: 2 MiB of shells are about 50,000.
pub const MAX_ELEMENTS: usize = 131_072;
/// How much of a document's own text a [`Malformed`] quotes, in characters.
const MAX_QUOTED: usize = 300;

/// What was not the protocol, and where: the element's path and the byte offset. Both texts are one line of bounded
/// length, whatever the document holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at {path} (byte {offset})")]
pub struct Malformed {
    /// What is wrong, as a fragment.
    pub problem: String,
    /// The path of local names from the root, such as `/Envelope/Body`.
    pub path: String,
    /// The offset in the document, in bytes.
    pub offset: usize,
}

impl Malformed {
    pub(super) fn new(problem: &str, path: &str, offset: usize) -> Self {
        Self { problem: one_line(problem, MAX_QUOTED), path: one_line(path, MAX_QUOTED), offset }
    }
}

/// A parsed document; it borrows from the text wherever no entity had to be replaced.
pub struct Document<'x> {
    pub(super) nodes: Vec<Node<'x>>,
    pub(super) attributes: Vec<Attribute<'x>>,
    pub(super) namespaces: Vec<Cow<'x, str>>,
}

pub(super) struct Node<'x> {
    pub(super) namespace: usize,
    pub(super) local: &'x str,
    pub(super) text: Cow<'x, str>,
    pub(super) attributes: std::ops::Range<usize>,
    pub(super) parent: Option<usize>,
    /// One past the last descendant, in document order.
    pub(super) end: usize,
    pub(super) offset: usize,
}

pub(super) struct Attribute<'x> {
    pub(super) namespace: usize,
    pub(super) local: &'x str,
    pub(super) value: Cow<'x, str>,
}

impl<'x> Document<'x> {
    /// Parses an answer body: UTF-8 (a BOM is allowed), one root, no DTD, within the limits of this module.
    ///
    /// # Errors
    /// [`Malformed`] names what is wrong and where.
    pub fn parse_bytes(bytes: &'x [u8]) -> Result<Self, Malformed> {
        check_size(bytes.len())?;
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Malformed::new("not UTF-8", "/", error.valid_up_to()))?;
        Builder::new(text).build()
    }

    /// Parses text, as [`Document::parse_bytes`] does.
    ///
    /// # Errors
    /// [`Malformed`] names what is wrong and where.
    pub fn parse(text: &'x str) -> Result<Self, Malformed> {
        check_size(text.len())?;
        Builder::new(text).build()
    }

    /// The root element.
    #[must_use]
    pub fn root(&self) -> Element<'_> {
        Element { document: self, index: 0 }
    }

    /// The path of local names from the root to a node; `/` for none.
    pub(super) fn path_of(&self, index: Option<usize>) -> String {
        let node_at = |index: Option<usize>| index.and_then(|index| self.nodes.get(index));
        let mut names = Vec::new();
        let mut at = node_at(index);
        while let Some(node) = at {
            names.push(node.local);
            at = node_at(node.parent);
        }
        if names.is_empty() {
            "/".to_owned()
        } else {
            names.iter().rev().flat_map(|name| ["/", name]).collect()
        }
    }
}

impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} elements)", self.nodes.len())
    }
}

/// One element of a [`Document`].
#[derive(Clone, Copy)]
pub struct Element<'d> {
    document: &'d Document<'d>,
    index: usize,
}

impl<'d> Element<'d> {
    #[expect(clippy::indexing_slicing, reason = "an Element is only made with an index of its own document")]
    fn node(self) -> &'d Node<'d> {
        &self.document.nodes[self.index]
    }

    /// The local name.
    #[must_use]
    pub fn local(self) -> &'d str {
        self.node().local
    }

    /// The namespace URI; empty for none.
    #[must_use]
    pub fn namespace(self) -> &'d str {
        self.document.namespaces.get(self.node().namespace).map_or("", |namespace| &**namespace)
    }

    /// Whether this is the element `local` of `namespace`.
    #[must_use]
    pub fn is(self, namespace: &str, local: &str) -> bool {
        self.local() == local && self.namespace() == namespace
    }

    /// The child elements, in document order.
    pub fn children(self) -> impl Iterator<Item = Element<'d>> {
        let end = self.node().end;
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let child = (next < end).then_some(Element { document: self.document, index: next })?;
            next = child.node().end;
            Some(child)
        })
    }

    /// The first child of that name.
    #[must_use]
    pub fn child(self, namespace: &str, local: &str) -> Option<Element<'d>> {
        self.children().find(|child| child.is(namespace, local))
    }

    /// The first child with that local name, in any namespace.
    #[must_use]
    pub fn child_named(self, local: &str) -> Option<Element<'d>> {
        self.children().find(|child| child.local() == local)
    }

    /// The first child of that name, which must be there.
    ///
    /// # Errors
    /// [`Malformed`] names the missing element and where it was looked for.
    pub fn require(self, namespace: &str, local: &str) -> Result<Element<'d>, Malformed> {
        self.child(namespace, local).ok_or_else(|| self.malformed(format!("missing element {local}")))
    }

    /// The element's own text (not its children's), trimmed: some servers pad text with white space.
    #[must_use]
    pub fn text(self) -> &'d str {
        self.node().text.trim_matches(super::is_space)
    }

    /// The element's own text with all white space in it.
    #[must_use]
    pub fn whole_text(self) -> &'d str {
        &self.node().text
    }

    /// The value of an attribute without a namespace.
    #[must_use]
    pub fn attribute(self, local: &str) -> Option<&'d str> {
        self.attribute_in("", local)
    }

    /// The value of an attribute of a namespace.
    #[must_use]
    pub fn attribute_in(self, namespace: &str, local: &str) -> Option<&'d str> {
        let own = self.document.attributes.get(self.node().attributes.clone())?;
        own.iter()
            .find(|a| {
                a.local == local && self.document.namespaces.get(a.namespace).is_some_and(|n| n == namespace)
            })
            .map(|a| &*a.value)
    }

    /// The attributes, without namespace declarations, in document order: namespace (empty for none), local name, value.
    pub fn attributes(self) -> impl Iterator<Item = (&'d str, &'d str, &'d str)> {
        let own = self.document.attributes.get(self.node().attributes.clone()).unwrap_or_default();
        own.iter().map(move |a| {
            let namespace = self.document.namespaces.get(a.namespace).map_or("", |namespace| &**namespace);
            (namespace, a.local, &*a.value)
        })
    }

    /// The element around it.
    #[must_use]
    pub fn parent(self) -> Option<Element<'d>> {
        self.node().parent.map(|index| Element { document: self.document, index })
    }

    /// Where its tag begins in the text, in bytes.
    pub(super) fn offset(self) -> usize {
        self.node().offset
    }

    /// The path of local names from the root, such as `/Envelope/Body/Fault`.
    #[must_use]
    pub fn path(self) -> String {
        self.document.path_of(Some(self.index))
    }

    /// The error that says `problem` about this element.
    #[must_use]
    pub fn malformed(self, problem: impl AsRef<str>) -> Malformed {
        Malformed::new(problem.as_ref(), &self.path(), self.node().offset)
    }
}

impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Element({})", self.path())
    }
}

fn check_size(bytes: usize) -> Result<(), Malformed> {
    if bytes <= MAX_BYTES {
        return Ok(());
    }
    Err(Malformed::new(&format!("{bytes} bytes, more than the limit of {MAX_BYTES}"), "/", 0))
}
