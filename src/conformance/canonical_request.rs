//! What matters of a request: Action, ResourceURI, selectors, options and the body. Ids that a client draws, prefixes,
//! the order of headers and of differently named elements, and white space do not (DSP0226 5.4, Addressing).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use uuid::Uuid;

use super::fragments;
use crate::simulator::psrp::fragments::Fragment;
use crate::simulator::psrp::kind;
use crate::wsman::uri;
use crate::wsman::xml::{Document, Element, Malformed};

/// What matters of one request, as lines that a person can read. Two requests that ask for the same have the same lines.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CanonicalRequest {
    lines: Vec<String>,
}

/// The names that the lines use for namespaces; another one is written out.
const PREFIXES: &[(&str, &str)] = &[
    (uri::SOAP, "s"),
    (uri::ADDRESSING, "a"),
    (uri::WSMAN, "w"),
    (uri::WSMV, "p"),
    (uri::SHELL, "rsp"),
    (uri::TRANSFER, "x"),
    (uri::ENUMERATION, "n"),
    (uri::WSMAN_FAULT, "f"),
    (uri::IDENTITY, "wsmid"),
    (uri::XML, "xml"),
];

/// Ids that a client proposes and a server may replace: it goes on with the one of the answer.
const PROPOSED: &[(&str, &str, &str)] =
    &[(uri::SHELL, "Shell", "ShellId"), (uri::SHELL, "CommandLine", "CommandId")];

/// How wide the first column of a line is.
const LABEL: usize = 12;

impl CanonicalRequest {
    /// Reads a request's envelope.
    ///
    /// # Errors
    /// [`Malformed`] when it is not well-formed, or not a SOAP 1.2 envelope with a body.
    pub fn of(request: &[u8]) -> Result<Self, Malformed> {
        Self::of_envelope(Document::parse_bytes(request)?.root())
    }

    /// The same for a parsed envelope.
    ///
    /// # Errors
    /// [`Malformed`] when it is not a SOAP 1.2 envelope with a body.
    pub fn of_envelope(envelope: Element<'_>) -> Result<Self, Malformed> {
        if !envelope.is(uri::SOAP, "Envelope") {
            return Err(envelope.malformed("the root is not a SOAP 1.2 Envelope"));
        }
        let body = envelope.require(uri::SOAP, "Body")?;
        let mut lines = Vec::new();
        if let Some(header) = envelope.child(uri::SOAP, "Header") {
            read_header(header, &mut lines);
        }
        for child in body.children() {
            push_tree(child, 0, &mut lines);
        }
        Ok(Self { lines })
    }

    /// The lines, each `LABEL  VALUE`.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// A number that requests which ask for the same have in common. Others rarely do.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// How many lines only one of the two has.
    #[must_use]
    pub fn distance(&self, other: &Self) -> usize {
        let mut counts: BTreeMap<&str, isize> = BTreeMap::new();
        self.lines.iter().for_each(|line| *counts.entry(line).or_default() += 1);
        other.lines.iter().for_each(|line| *counts.entry(line).or_default() -= 1);
        counts.values().map(|count| count.unsigned_abs()).sum()
    }
}

fn read_header(header: Element<'_>, lines: &mut Vec<String>) {
    let text = |namespace, local| header.child(namespace, local).map(Element::text);
    for (label, value) in
        [("Action", text(uri::ADDRESSING, "Action")), ("ResourceURI", text(uri::WSMAN, "ResourceURI"))]
    {
        lines.extend(value.map(|value| line(label, value)));
    }
    let mut selectors = named(header, "SelectorSet", "Selector", |selector| canonical(selector.text()));
    let mut options = named(header, "OptionSet", "Option", |option| {
        let must = option.attribute("MustComply").is_some_and(|value| matches!(value.trim(), "true" | "1"));
        format!("{}{}", truth(option.text()), if must { " (must comply)" } else { "" })
    });
    selectors.sort_unstable();
    options.sort_unstable();
    lines.extend(selectors.iter().map(|selector| line("Selector", selector)));
    lines.extend(options.iter().map(|option| line("Option", option)));
}

/// `NAME = VALUE` for each `item` of the header block `set`.
fn named(header: Element<'_>, set: &str, item: &str, value: impl Fn(Element<'_>) -> String) -> Vec<String> {
    let sets = header.children().filter(|child| child.is(uri::WSMAN, set));
    let items = sets.flat_map(Element::children).filter(|child| child.is(uri::WSMAN, item));
    items
        .map(|item| format!("{} = {}", item.attribute("Name").unwrap_or_default().trim(), value(item)))
        .collect()
}

/// One line an element, indented below its parent. Siblings are sorted by name; those of one name keep their order.
fn push_tree(element: Element<'_>, depth: usize, lines: &mut Vec<String>) {
    let mut shown =
        format!("{:indent$}{}", "", name(element.namespace(), element.local()), indent = 2 * depth);
    let mut attributes: Vec<String> = element
        .attributes()
        .filter(|(namespace, local, _)| *namespace != uri::SOAP && !is_proposed(element, local))
        .map(|(namespace, local, value)| {
            format!(" {}=\"{}\"", name(namespace, local), canonical(value.trim()))
        })
        .collect();
    attributes.sort_unstable();
    shown.extend(attributes);
    let payload = fragments::payload(element);
    let messages = payload.as_deref().and_then(fragments::read);
    if messages.is_none() && !element.text().is_empty() {
        let _ = write!(shown, " = {}", canonical(element.text()));
    }
    lines.push(line("Body", &shown));
    for fragment in messages.into_iter().flatten() {
        push_message(fragment, depth + 1, lines);
    }
    let mut children: Vec<_> = element.children().collect();
    children.sort_by_key(|child| (child.namespace(), child.local()));
    for child in children {
        push_tree(child, depth + 1, lines);
    }
}

/// The type of a message and its data, without the ids that a client draws.
fn push_message(fragment: Fragment<'_>, depth: usize, lines: &mut Vec<String>) {
    let Some(message) = fragment.message() else {
        lines.push(line("Body", &format!("{:1$}a part of a message", "", 2 * depth)));
        return;
    };
    lines.push(line("Body", &format!("{:2$}message {}", "", kind::name_of(message.kind), 2 * depth)));
    let data = message.data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(message.data);
    if let Ok(data) = Document::parse_bytes(data) {
        push_object(data.root(), depth + 1, lines);
    }
}

/// One line for each value of a serialized object. How a client numbers objects, and what it says of its host, are its own.
fn push_object(element: Element<'_>, depth: usize, lines: &mut Vec<String>) {
    const OWN: [&str; 3] = ["HostInfo", "ApplicationArguments", "TimeZone"];
    let name = element.attribute("N").unwrap_or_default();
    if OWN.contains(&name) {
        return;
    }
    let value = if element.text().is_empty() { "" } else { " = " };
    let shown = format!("{} {name}{value}{}", element.local(), element.text());
    lines.push(line("Body", &format!("{:1$}{shown}", "", 2 * depth)));
    for child in element.children() {
        push_object(child, depth + 1, lines);
    }
}

fn is_proposed(element: Element<'_>, attribute: &str) -> bool {
    PROPOSED.iter().any(|(namespace, local, id)| element.is(namespace, local) && attribute == *id)
}

fn name(namespace: &str, local: &str) -> String {
    match PREFIXES.iter().find(|(known, _)| *known == namespace) {
        Some((_, prefix)) => format!("{prefix}:{local}"),
        None if namespace.is_empty() => local.to_owned(),
        None => format!("{{{namespace}}}{local}"),
    }
}

fn line(label: &str, value: &str) -> String {
    format!("{label:<LABEL$}{value}")
}

/// A GUID, also behind `uuid:`, in capitals; other text as it is.
fn canonical(text: &str) -> String {
    const DASHED: usize = 36;
    let (prefix, guid) = match text.split_once(':') {
        Some((prefix, guid)) if prefix.eq_ignore_ascii_case("uuid") => ("uuid:", guid),
        _ => ("", text),
    };
    if guid.len() == DASHED && Uuid::try_parse(guid).is_ok() {
        format!("{prefix}{}", guid.to_ascii_uppercase())
    } else {
        text.to_owned()
    }
}

/// `TRUE`, `True` and `true` are one value of an option.
fn truth(text: &str) -> String {
    let is_word = ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_word { text.to_ascii_uppercase() } else { canonical(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(header: &str, body: &str) -> CanonicalRequest {
        let text = format!(
            "<e:Envelope xmlns:e='{}' xmlns:w='{}' xmlns:a='{}' xmlns:n='{}' xmlns:r='{}'>\
             <e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>",
            uri::SOAP,
            uri::WSMAN,
            uri::ADDRESSING,
            uri::ENUMERATION,
            uri::SHELL
        );
        CanonicalRequest::of(text.as_bytes()).unwrap()
    }

    const ID: &str = "b6631d8e-65a0-49f2-9053-a1b156c95777";

    #[test]
    fn what_matters_is_read_in_one_order_whatever_the_order_of_headers() {
        let one = format!(
            "<a:Action>Delete</a:Action><a:MessageID>uuid:1</a:MessageID><w:ResourceURI>r</w:ResourceURI>\
             <w:SelectorSet><w:Selector Name='ShellId'>{ID}</w:Selector></w:SelectorSet>"
        );
        let other = format!(
            "<w:SelectorSet> <w:Selector Name='ShellId'>\n{}\n</w:Selector></w:SelectorSet>\
             <w:ResourceURI e:mustUnderstand='true'>r</w:ResourceURI><a:MessageID>uuid:2</a:MessageID>\
             <w:OperationTimeout>PT20S</w:OperationTimeout><a:Action>Delete</a:Action>",
            ID.to_uppercase()
        );
        let (one, other) = (canonical(&one, ""), canonical(&other, ""));
        assert_eq!(one, other);
        assert_eq!(one.fingerprint(), other.fingerprint());
        assert_eq!(
            one.lines(),
            ["Action      Delete", "ResourceURI r", &format!("Selector    ShellId = {}", ID.to_uppercase())]
        );
    }

    #[test]
    fn an_option_counts_with_its_value_and_whether_it_must_be_heeded() {
        let option = |attribute: &str, value: &str| {
            let set = format!("<w:OptionSet><w:Option Name='X'{attribute}>{value}</w:Option></w:OptionSet>");
            canonical(&set, "")
        };
        assert_eq!(option("", "True"), option("", "TRUE"));
        assert_ne!(option("", "1"), option("", "TRUE"));
        assert_ne!(option(" MustComply='true'", "1"), option("", "1"));
        assert_eq!(option(" MustComply='1'", "1").lines(), ["Option      X = 1 (must comply)"]);
    }

    #[test]
    fn the_body_is_compared_as_a_tree_without_prefixes_and_order_of_other_names() {
        let one = "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>5</w:MaxElements></n:Enumerate>";
        let other = "<x:Enumerate xmlns:x='http://schemas.xmlsoap.org/ws/2004/09/enumeration'>\n \
                     <w:MaxElements> 5 </w:MaxElements><w:OptimizeEnumeration></w:OptimizeEnumeration></x:Enumerate>";
        assert_eq!(canonical("", one), canonical("", other));
        let arguments = |a, b| {
            canonical(
                "",
                &format!(
                    "<r:CommandLine><r:Arguments>{a}</r:Arguments><r:Arguments>{b}</r:Arguments></r:CommandLine>"
                ),
            )
        };
        assert_ne!(arguments(1, 2), arguments(2, 1), "what has one name keeps its order");
        assert_eq!(arguments(1, 2).distance(&arguments(1, 3)), 2);
    }

    #[test]
    fn an_id_that_a_client_proposes_does_not_matter_and_one_that_it_was_given_does() {
        assert_eq!(
            canonical("", "<r:CommandLine CommandId='1'/>"),
            canonical("", "<r:CommandLine CommandId='2'/>")
        );
        assert_ne!(canonical("", "<r:Signal CommandId='1'/>"), canonical("", "<r:Signal CommandId='2'/>"));
        assert_eq!(canonical("", "<r:Shell ShellId='1' Name='a'/>"), canonical("", "<r:Shell Name='a'/>"));
        assert_ne!(canonical("", "<r:Shell Name='a'/>"), canonical("", "<r:Shell Name='b'/>"));
    }

    #[test]
    fn no_envelope_has_no_essence() {
        assert!(CanonicalRequest::of(b"<html/>").is_err());
        assert!(CanonicalRequest::of(b"").is_err());
    }
}
