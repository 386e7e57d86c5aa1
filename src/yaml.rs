//! YAML as a tree of nodes with their lines. The only module that uses `yaml-rust2`.
//!
//! One document is read. An alias is refused: a short text of anchors and aliases unfolds to any size.

use std::str::Chars;

use yaml_rust2::parser::{Event, Parser, Tag};
use yaml_rust2::scanner::{ScanError, TScalarStyle};

/// The deepest nesting of mappings and lists.
pub const MAX_DEPTH: usize = 64;

/// The most nodes of one document: each takes some hundred bytes of memory, and one byte of text can make one.
pub const MAX_NODES: usize = 2_000_000;

/// A value, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The line, from 1: that of its key where it is the value of one, else where it begins.
    pub line: usize,
    /// The tag in front of it, such as `!vault`, if there is one.
    pub tag: Option<String>,
    /// What it is.
    pub value: Value,
}

/// What a node is. A number or a boolean is the text that stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing, `~` or `null`, without quotes.
    Null,
    /// Any other scalar.
    Text(String),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping, in the order of the text; a key may be there more than once.
    Mapping(Vec<(Node, Node)>),
}

/// Why a text is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct YamlError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

impl Node {
    /// The text of a scalar that is not null.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads a document; an empty one is [`Value::Null`].
///
/// # Errors
/// The text is not YAML, it has an alias or a second document, or it exceeds [`MAX_DEPTH`] or [`MAX_NODES`].
pub fn read(text: &str) -> Result<Node, YamlError> {
    let mut reader = Reader { parser: Parser::new_from_str(text), line: 1, nodes: 0 };
    let mut root = Node { line: 1, tag: None, value: Value::Null };
    let mut documents = 0_usize;
    loop {
        match reader.next()? {
            Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
            Event::DocumentStart if documents == 0 => documents += 1,
            Event::DocumentStart => return Err(reader.error("a second document")),
            Event::StreamEnd => return Ok(root),
            event => root = reader.node(event, 0)?,
        }
    }
}

struct Reader<'t> {
    parser: Parser<Chars<'t>>,
    line: usize,
    nodes: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<Event, YamlError> {
        let broken = |error: ScanError| YamlError {
            line: error.marker().line().max(1),
            reason: format!("not YAML: {}", error.info()),
        };
        let (event, mark) = self.parser.next_token().map_err(broken)?;
        self.line = mark.line().max(1);
        match event {
            Event::Alias(_) => Err(self.error("an alias, which is not supported")),
            event => Ok(event),
        }
    }

    /// The node that begins with this event.
    fn node(&mut self, event: Event, depth: usize) -> Result<Node, YamlError> {
        let line = self.line;
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        if self.nodes > MAX_NODES {
            return Err(self.error(format!("more than {MAX_NODES} values")));
        }
        let (tag, value) = match event {
            Event::Scalar(text, TScalarStyle::Plain, _, tag)
                if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") =>
            {
                (tag, Value::Null)
            }
            Event::Scalar(text, _, _, tag) => (tag, Value::Text(text)),
            Event::SequenceStart(_, tag) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break,
                        event => items.push(self.node(event, depth + 1)?),
                    }
                }
                (tag, Value::Sequence(items))
            }
            Event::MappingStart(_, tag) => {
                let mut entries = Vec::new();
                loop {
                    match self.next()? {
                        Event::MappingEnd => break,
                        event => {
                            let key = self.node(event, depth + 1)?;
                            let event = self.next()?;
                            let value = self.node(event, depth + 1)?;
                            let line = key.line;
                            entries.push((key, Node { line, ..value }));
                        }
                    }
                }
                (tag, Value::Mapping(entries))
            }
            _ => return Err(self.error("the text ends within a value")),
        };
        Ok(Node { line, tag: tag.map(written), value })
    }

    fn error(&self, reason: impl Into<String>) -> YamlError {
        YamlError { line: self.line, reason: reason.into() }
    }
}

fn written(tag: Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> (usize, String) {
        let error = read(text).unwrap_err();
        (error.line, error.reason)
    }

    #[test]
    fn each_node_has_its_line_and_its_tag() {
        let root = read("# hosts\nall:\n  vars:\n    user: !vault |\n      abc\n    port: 5986\n").unwrap();
        let Value::Mapping(groups) = &root.value else { panic!("{root:?}") };
        let Value::Mapping(sections) = &groups[0].1.value else { panic!("{root:?}") };
        let Value::Mapping(variables) = &sections[0].1.value else { panic!("{root:?}") };
        assert_eq!((variables[0].0.line, variables[0].1.tag.as_deref()), (4, Some("!vault")));
        assert_eq!((variables[1].0.line, variables[1].1.text()), (6, Some("5986")));
    }

    #[test]
    fn null_is_what_stands_without_quotes() {
        let Value::Sequence(items) = read("[~, null, 'null', x]").unwrap().value else { panic!() };
        let texts: Vec<_> = items.iter().map(Node::text).collect();
        assert_eq!(texts, [None, None, Some("null"), Some("x")]);
    }

    #[test]
    fn an_empty_text_is_null() {
        for text in ["", "---\n", "# nothing\n"] {
            assert_eq!(read(text).unwrap().value, Value::Null, "{text:?}");
        }
    }

    #[test]
    fn what_unfolds_or_is_too_deep_is_refused() {
        assert_eq!(error("a: &a [x]\nb: *a\n"), (2, "an alias, which is not supported".to_owned()));
        assert_eq!(error("a: 1\n---\nb: 2\n"), (2, "a second document".to_owned()));
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(error(&deep).1, "nested deeper than 64 levels");
        assert!(error("a: \"x\n").1.starts_with("not YAML: "));
    }
}
