//! The only module that uses `quick-xml`: a small namespace-aware tree with limits, and the escaper.
//!
//! `quick-xml`'s events accept much that is not well-formed XML; the checks that it lacks are made here, so
//! that a [`Document`] is always one element, with every prefix bound, without a DTD, and of bounded size. Reading
//! one costs time in proportion to its length, whatever is in it.

mod builder;
mod document;
mod escape;
mod rewrite;
mod scope;

pub use document::{Document, Element, MAX_ATTRIBUTES, MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, Malformed};
pub use escape::escape_into;
pub use rewrite::{Rewrite, rewrite};
pub use scope::{MAX_DECLARATIONS, MAX_NAMESPACES};

/// XML's white space, which is less than Unicode's.
pub(super) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// What XML 1.0 allows in a document, escaped or not.
fn is_xml_char(character: char) -> bool {
    is_space(character) || (character >= ' ' && !matches!(character, '\u{fffe}' | '\u{ffff}'))
}

#[cfg(test)]
mod tests;
