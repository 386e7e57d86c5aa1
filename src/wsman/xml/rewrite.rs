//! A document, written again with other names and values.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::document::{Document, Element, Malformed};
use super::escape::escape_into;

/// What stands in a rewritten document instead of the names and values that were there. By default all stays as it is.
pub trait Rewrite {
    /// The URI of a namespace that is declared.
    fn namespace<'v>(&mut self, namespace: &'v str) -> Cow<'v, str> {
        Cow::Borrowed(namespace)
    }

    /// The prefix of a namespace. Two prefixes must stay two.
    fn prefix<'v>(&mut self, prefix: &'v str) -> Cow<'v, str> {
        Cow::Borrowed(prefix)
    }

    /// The local name of an element or an attribute of that namespace.
    fn name<'v>(&mut self, _namespace: &str, local: &'v str) -> Cow<'v, str> {
        Cow::Borrowed(local)
    }

    /// The value of an attribute.
    fn attribute<'v>(
        &mut self,
        _element: Element<'_>,
        _namespace: &str,
        _local: &str,
        value: &'v str,
    ) -> Cow<'v, str> {
        Cow::Borrowed(value)
    }

    /// The own text of an element, which is not only white space.
    fn text<'v>(&mut self, _element: Element<'_>, text: &'v str) -> Cow<'v, str> {
        Cow::Borrowed(text)
    }
}

/// Writes a document again. Prefixes and the order of everything stay; comments, the XML declaration, and white space
/// between elements go, and text beside child elements comes in front of them.
///
/// # Errors
/// [`Malformed`] where the text is no document, as [`Document::parse`] says it.
pub fn rewrite(text: &str, rewriter: &mut dyn Rewrite) -> Result<String, Malformed> {
    let document = Document::parse(text)?;
    let mut out = String::with_capacity(text.len());
    Writer { source: text, rewriter, out: &mut out }.element(document.root())?;
    Ok(out)
}

struct Writer<'w> {
    source: &'w str,
    rewriter: &'w mut dyn Rewrite,
    out: &'w mut String,
}

impl Writer<'_> {
    /// The parser has bounded the depth.
    fn element(&mut self, element: Element<'_>) -> Result<(), Malformed> {
        let tag = start_tag(self.source, element)?;
        let name = self.qualified(prefix_of(&tag.name()), element.namespace(), element.local());
        self.out.push('<');
        self.out.push_str(&name);
        self.attributes(element, &tag)?;
        let text = element.whole_text();
        let has_text = !element.text().is_empty();
        let mut children = element.children().peekable();
        if !has_text && children.peek().is_none() {
            self.out.push_str("/>");
            return Ok(());
        }
        self.out.push('>');
        if has_text {
            let text = self.rewriter.text(element, text);
            escape_into(self.out, &text);
        }
        for child in children {
            self.element(child)?;
        }
        self.out.push_str("</");
        self.out.push_str(&name);
        self.out.push('>');
        Ok(())
    }

    fn attributes(&mut self, element: Element<'_>, tag: &BytesStart<'_>) -> Result<(), Malformed> {
        let mut values = element.attributes();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| element.malformed(error.to_string()))?;
            let key = attribute.key;
            let declared = match (prefix_of(&key), key.as_ref()) {
                ("xmlns", _) => Some(local_of(key.as_ref())),
                (_, "xmlns") => Some(""),
                _ => None,
            };
            let (name, value) = if let Some(prefix) = declared {
                let uri = attribute
                    .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                    .map_err(|error| element.malformed(error.to_string()))?;
                let name = match prefix {
                    "" => "xmlns".to_owned(),
                    prefix => format!("xmlns:{}", self.rewriter.prefix(prefix)),
                };
                (name, self.rewriter.namespace(&uri).into_owned())
            } else {
                let Some((namespace, local, value)) = values.next() else {
                    return Err(element.malformed("an attribute that was not read"));
                };
                let name = self.qualified(prefix_of(&key), namespace, local);
                (name, self.rewriter.attribute(element, namespace, local, value).into_owned())
            };
            self.out.push(' ');
            self.out.push_str(&name);
            self.out.push_str("=\"");
            escape_into(self.out, &value);
            self.out.push('"');
        }
        Ok(())
    }

    fn qualified(&mut self, prefix: &str, namespace: &str, local: &str) -> String {
        let local = self.rewriter.name(namespace, local).into_owned();
        match prefix {
            "" => local,
            "xml" => format!("xml:{local}"),
            prefix => format!("{}:{local}", self.rewriter.prefix(prefix)),
        }
    }
}

/// The tag that opens the element: the tree holds no prefixes and no declarations.
fn start_tag<'x>(source: &'x str, element: Element<'_>) -> Result<BytesStart<'x>, Malformed> {
    let rest = source.get(element.offset()..).unwrap_or_default();
    match Reader::from_str(rest).read_event() {
        Ok(Event::Start(tag) | Event::Empty(tag)) => Ok(tag),
        _ => Err(element.malformed("no tag where one was read")),
    }
}

fn prefix_of<'n>(name: &'n quick_xml::name::QName<'_>) -> &'n str {
    name.as_ref().split_once(':').map_or("", |(prefix, _)| prefix)
}

fn local_of(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Upper;

    impl Rewrite for Upper {
        fn namespace<'v>(&mut self, namespace: &'v str) -> Cow<'v, str> {
            format!("{namespace}!").into()
        }

        fn prefix<'v>(&mut self, prefix: &'v str) -> Cow<'v, str> {
            format!("{prefix}1").into()
        }

        fn name<'v>(&mut self, _: &str, local: &'v str) -> Cow<'v, str> {
            local.to_uppercase().into()
        }

        fn attribute<'v>(&mut self, _: Element<'_>, _: &str, local: &str, value: &'v str) -> Cow<'v, str> {
            format!("{local}<{value}").into()
        }

        fn text<'v>(&mut self, element: Element<'_>, text: &'v str) -> Cow<'v, str> {
            format!("{}&{text}", element.local()).into()
        }
    }

    struct Same;

    impl Rewrite for Same {}

    #[test]
    fn every_name_and_value_passes_the_rewriter() {
        let text = "<?xml version='1.0'?><a:b xmlns:a='u' xmlns='d' c='1' a:d='2' xml:lang='x'><!-- c --> <e>t</e>\
                    <f/></a:b>";
        assert_eq!(
            rewrite(text, &mut Upper).unwrap(),
            "<a1:B xmlns:a1=\"u!\" xmlns=\"d!\" C=\"c&lt;1\" a1:D=\"d&lt;2\" xml:LANG=\"lang&lt;x\"><E>e&amp;t</E><F/></a1:B>"
        );
    }

    #[test]
    fn what_nobody_rewrites_is_the_same_document() {
        for text in [
            "\u{feff}<a xmlns:p=\"u\"><p:b x=\"&lt;&amp;\"> padded </p:b><c>1 &gt; 0</c></a>",
            "<a><b><![CDATA[<x>]]></b></a>",
        ] {
            let (once, before) = (rewrite(text, &mut Same).unwrap(), Document::parse(text).unwrap());
            let after = Document::parse(&once).unwrap();
            assert_eq!(rewrite(&once, &mut Same).unwrap(), once);
            let texts = |document: &Document<'_>| {
                document.root().children().map(|child| child.whole_text().to_owned()).collect::<Vec<_>>()
            };
            assert_eq!(texts(&before), texts(&after));
        }
        assert!(rewrite("<a>", &mut Same).is_err());
    }
}
