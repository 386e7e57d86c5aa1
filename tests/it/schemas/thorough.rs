//! Each element of each kind of envelope, misspelt and doubled: what still passes is known, and why.

use std::collections::BTreeSet;

use roxmltree::{Document, Node};

use super::{Envelope, problems, valid, validator};

/// Windows' own headers: its namespace grows, and another may be new.
const MAY_BE_NEW: &str = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd";

/// What may stand more than once with the same content.
const MAY_REPEAT: [&str; 4] = ["Arguments", "Option", "ProtocolVersion", "Stream"];

/// How an element is spoilt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spoilt {
    Misspelt,
    Doubled,
}

#[test]
fn no_misspelt_and_no_doubled_element_passes_but_where_it_may() {
    let Some(validator) = validator() else { return };
    let mut spoilt = Vec::new();
    let mut seen = BTreeSet::new();
    for envelope in valid::everything() {
        let text = String::from_utf8(envelope.bytes).unwrap();
        let document = Document::parse(&text).unwrap();
        for node in document.root_element().descendants().skip(1).filter(Node::is_element) {
            for how in [Spoilt::Misspelt, Spoilt::Doubled] {
                // The same element at the same place, in another envelope, would be refused by the same rule.
                if may_be(node, how) || !seen.insert(format!("{:?} {how:?} {}", envelope.from, place(node))) {
                    continue;
                }
                let name = format!("{}: {how:?} {}", envelope.name, node.tag_name().name());
                spoilt.push(Envelope { name, from: envelope.from, bytes: spoil(&text, node, how).into() });
            }
        }
    }
    assert!(spoilt.len() > 250, "{}", spoilt.len());
    let problems = problems(&validator, &spoilt);
    let passed: Vec<_> = spoilt
        .iter()
        .zip(problems)
        .filter(|(_, problems)| problems.is_empty())
        .map(|(e, _)| &e.name)
        .collect();
    assert!(passed.is_empty(), "{} of {}: {passed:#?}", passed.len(), spoilt.len());
}

/// The names from the root down to an element.
fn place(node: Node<'_, '_>) -> String {
    node.ancestors().map(|node| format!("{:?} < ", node.tag_name())).collect()
}

fn may_be(node: Node<'_, '_>, how: Spoilt) -> bool {
    let name = node.tag_name();
    let is_ours = name.namespace().is_some_and(|namespace| namespace.starts_with("http://"));
    match how {
        Spoilt::Misspelt => !is_ours || name.namespace() == Some(MAY_BE_NEW),
        Spoilt::Doubled => !is_ours || MAY_REPEAT.contains(&name.name()),
    }
}

fn spoil(text: &str, node: Node<'_, '_>, how: Spoilt) -> String {
    let range = node.range();
    let (before, element, after) = (&text[..range.start], &text[range.clone()], &text[range.end..]);
    if how == Spoilt::Doubled {
        return format!("{before}{element}{element}{after}");
    }
    // The name stands at its beginning, and at its end unless it is empty.
    let end = element[1..].find([' ', '>', '/', '\n']).unwrap() + 1;
    let (name, inside) = (&element[1..end], &element[end..]);
    let inside = match inside.rsplit_once(&format!("</{name}")) {
        Some((content, tail)) => format!("{content}</{name}x{tail}"),
        None => inside.to_owned(),
    };
    format!("{before}<{name}x{inside}{after}")
}
