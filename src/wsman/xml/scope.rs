//! Which prefix means which namespace, at one place of a document (Namespaces in XML 1.0).

use std::borrow::Cow;

use crate::wsman::uri;

/// The most declarations that are in force at one place; Windows makes about twelve. Each name is compared with them.
pub const MAX_DECLARATIONS: usize = 128;
/// The most distinct namespaces in one document; Windows uses about fifteen.
pub const MAX_NAMESPACES: usize = 256;

/// The index of "no namespace".
pub(super) const NO_NAMESPACE: usize = 0;
/// The index of the namespace that the prefix `xml` always has.
const XML_NAMESPACE: usize = 1;
/// How many of each Windows has; only the first allocation depends on it.
const USUAL: usize = 12;
/// How many namespaces every document has: none at all, and that of `xml`.
const BUILT_IN: usize = 2;

/// The declarations in force, innermost last, and the namespaces of the document so far.
pub(super) struct Scope<'x> {
    declarations: Vec<Declaration<'x>>,
    namespaces: Vec<Cow<'x, str>>,
}

struct Declaration<'x> {
    /// Empty for the default namespace.
    prefix: &'x str,
    namespace: usize,
}

impl<'x> Scope<'x> {
    pub(super) fn new() -> Self {
        let mut namespaces = Vec::with_capacity(USUAL);
        namespaces.extend([Cow::Borrowed(""), Cow::Borrowed(uri::XML)]);
        Self { declarations: Vec::with_capacity(USUAL), namespaces }
    }

    /// How many declarations are in force; to be handed to [`leave`](Self::leave) at the element's end.
    pub(super) fn depth(&self) -> usize {
        self.declarations.len()
    }

    pub(super) fn leave(&mut self, depth: usize) {
        self.declarations.truncate(depth);
    }

    /// Binds a prefix, or the default with an empty one. The error is a problem, as a fragment.
    pub(super) fn declare(&mut self, prefix: &'x str, namespace: Cow<'x, str>) -> Result<(), String> {
        if prefix == "xml" && namespace == uri::XML {
            return Ok(());
        }
        if matches!(prefix, "xml" | "xmlns") || matches!(&*namespace, uri::XML | uri::XMLNS) {
            return Err(format!("the reserved prefix or namespace in xmlns:{prefix}='{namespace}'"));
        }
        if namespace.is_empty() && !prefix.is_empty() {
            return Err(format!("the prefix {prefix} without a namespace"));
        }
        if self.declarations.len() >= MAX_DECLARATIONS {
            return Err(format!("more than {MAX_DECLARATIONS} namespace declarations"));
        }
        let namespace = self.intern(namespace)?;
        self.declarations.push(Declaration { prefix, namespace });
        Ok(())
    }

    /// What a prefix is bound to; `None` where it is not. The default namespace, with an empty prefix, is for
    /// elements alone.
    pub(super) fn resolve(&self, prefix: &str) -> Option<usize> {
        match self.declarations.iter().rev().find(|declaration| declaration.prefix == prefix) {
            Some(declaration) => Some(declaration.namespace),
            None if prefix.is_empty() => Some(NO_NAMESPACE),
            None => (prefix == "xml").then_some(XML_NAMESPACE),
        }
    }

    /// All namespaces, in the order of their indices.
    pub(super) fn into_namespaces(self) -> Vec<Cow<'x, str>> {
        self.namespaces
    }

    fn intern(&mut self, namespace: Cow<'x, str>) -> Result<usize, String> {
        if let Some(index) = self.namespaces.iter().position(|known| *known == namespace) {
            return Ok(index);
        }
        let index = self.namespaces.len();
        if index >= BUILT_IN + MAX_NAMESPACES {
            return Err(format!("more than {MAX_NAMESPACES} namespaces"));
        }
        self.namespaces.push(namespace);
        Ok(index)
    }
}
