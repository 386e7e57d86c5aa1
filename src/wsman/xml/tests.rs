//! What the parser takes, what it refuses, and that an independent parser agrees.

use proptest::prelude::*;

use super::*;

fn problem(text: &str) -> String {
    match Document::parse(text) {
        Ok(document) => panic!("{text:?} was taken: {document:?}"),
        Err(error) => error.problem,
    }
}

fn text_of(text: &str) -> String {
    Document::parse(text).unwrap().root().text().to_owned()
}

#[test]
fn what_is_not_well_formed_is_refused_and_named() {
    let rows = [
        ("", "no element"),
        (" \n", "no element"),
        ("<!-- only -->", "no element"),
        ("<a/><b/>", "a second root element"),
        ("<a></a><b></b>", "a second root element"),
        ("x<a/>", "text outside the root element"),
        ("<a/>x", "text outside the root element"),
        ("<a/>&#32;", "text outside the root element"),
        ("<a/><![CDATA[]]>", "text outside the root element"),
        ("<a/>\u{a0}", "text outside the root element"),
        ("<a>", "the document ends within an element"),
        ("<a><b></a></b>", "not well-formed XML"),
        ("</a>", "not well-formed XML"),
        ("<a", "not well-formed XML"),
        ("<a/><", "not well-formed XML"),
        ("<p:a/>", "undeclared namespace prefix p"),
        ("<a p:b='1'/>", "undeclared namespace prefix p"),
        ("<a b='1' b='2'/>", "bad attribute"),
        ("<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", "the attribute b twice"),
        ("<a b='<'/>", "a '<' in an attribute value"),
        ("<a b/>", "bad attribute"),
        ("<a b=1/>", "bad attribute"),
        ("<a b='&x;'/>", "bad attribute value"),
        ("<a b='&#0;'/>", "bad attribute value"),
        ("<a b='&#1;'/>", "the character U+0001, which XML forbids"),
        ("<a>&x;</a>", "undefined entity x"),
        ("<a>&nbsp;</a>", "undefined entity nbsp"),
        ("<a>&#xD800;</a>", "bad character reference"),
        ("<a>&#1;</a>", "the character U+0001, which XML forbids"),
        ("<a>&#xFFFE;</a>", "the character U+FFFE, which XML forbids"),
        ("<a>& b</a>", "not well-formed XML"),
        ("<a>]]></a>", "a ']]>' in text"),
        ("<a>\u{1}</a>", "the character U+0001, which XML forbids"),
        ("<a>\0</a>", "the character U+0000, which XML forbids"),
        ("<a b='\u{8}'/>", "the character U+0008, which XML forbids"),
        ("<a><!-- \u{1f} --></a>", "the character U+001F, which XML forbids"),
        ("<a>\u{ffff}</a>", "the character U+FFFF, which XML forbids"),
        ("<!DOCTYPE a><a/>", "a DTD, which is never read"),
        ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "a DTD, which is never read"),
        ("<!DOCTYPE html><html>", "a DTD, which is never read"),
        ("<?php ?><a/>", "a processing instruction, which is never read"),
        (" <?xml version='1.0'?><a/>", "an XML declaration that is not at the start"),
        ("<a><?xml version='1.0'?></a>", "an XML declaration that is not at the start"),
        ("<a><!-- -- --></a>", "not well-formed XML"),
        ("<1/>", "'1' is not a name"),
        ("<a:b:c xmlns:a='u'/>", "'a:b:c' is not a name"),
        ("<:a/>", "':a' is not a name"),
        ("<a xmlns:p=''/>", "the prefix p without a namespace"),
        ("<a xmlns:xml='u'/>", "the reserved prefix or namespace"),
        ("<xmlns:a/>", "undeclared namespace prefix xmlns"),
        ("<a b='1'c='2'/>", "bad attribute: no space"),
        ("<a -b='1'/>", "'-b' is not a name"),
        ("not XML", "text outside the root element"),
    ];
    for (text, expected) in rows {
        let problem = problem(text);
        assert!(problem.starts_with(expected), "{text:?}: {problem}");
    }
}

#[test]
fn a_deep_document_is_refused_at_the_limit() {
    let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    assert!(Document::parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(problem(&nested(MAX_DEPTH + 1)), "nesting deeper than 64");
    assert_eq!(problem(&"<a>".repeat(100_000)), "nesting deeper than 64");
}

#[test]
fn more_attributes_than_the_limit_are_refused() {
    let with = |count: usize| {
        let attributes: String = (0..count).map(|n| format!(" a{n}='x'")).collect();
        format!("<a{attributes}/>")
    };
    assert!(Document::parse(&with(MAX_ATTRIBUTES)).is_ok());
    assert_eq!(problem(&with(MAX_ATTRIBUTES + 1)), "more than 64 attributes");
    assert_eq!(problem(&with(20_000)), "more than 64 attributes");
}

#[test]
fn more_elements_than_the_limit_are_refused() {
    let with = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
    assert!(Document::parse(&with(MAX_ELEMENTS)).is_ok());
    assert_eq!(problem(&with(MAX_ELEMENTS + 1)), "more than 131072 elements");
}

#[test]
fn more_namespaces_or_declarations_than_the_limit_are_refused() {
    let with = |count: usize| {
        let children: String = (0..count).map(|n| format!("<b xmlns='u{n}'/>")).collect();
        format!("<a>{children}</a>")
    };
    assert!(Document::parse(&with(MAX_NAMESPACES)).is_ok());
    assert_eq!(problem(&with(MAX_NAMESPACES + 1)), "more than 256 namespaces");
    let declaring = |count: usize| {
        let declare = |from: usize| -> String {
            (0..64.min(count - from)).map(|n| format!(" xmlns:p{}='u'", from + n)).collect()
        };
        let open: String = (0..count).step_by(64).map(|from| format!("<a{}>", declare(from))).collect();
        open + &"</a>".repeat(count.div_ceil(64))
    };
    assert!(Document::parse(&declaring(MAX_DECLARATIONS)).is_ok());
    assert_eq!(problem(&declaring(MAX_DECLARATIONS + 1)), "more than 128 namespace declarations");
    let siblings = format!("<a>{}</a>", "<b xmlns:p='u'/>".repeat(1_000));
    assert!(Document::parse(&siblings).is_ok(), "a declaration ends with its element");
}

#[test]
fn a_large_document_is_refused_before_it_is_read() {
    let large = vec![b' '; MAX_BYTES + 1];
    let error = Document::parse_bytes(&large).unwrap_err();
    assert_eq!(error.problem, "2097153 bytes, more than the limit of 2097152");
}

#[test]
fn bytes_that_are_not_utf8_are_refused_where_they_stand() {
    let error = Document::parse_bytes(b"<a>\xe9</a>").unwrap_err();
    assert_eq!((error.problem.as_str(), error.offset), ("not UTF-8", 3));
    let utf16: Vec<u8> = "\u{feff}<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(Document::parse_bytes(&utf16).unwrap_err().problem, "not UTF-8");
}

#[test]
fn a_byte_order_mark_and_a_declaration_are_taken_and_offsets_count_them() {
    let text = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<a><b/></a>\n<!-- end -->\n";
    let document = Document::parse(text).unwrap();
    let child = document.root().children().next().unwrap();
    let at = text.find("<b/>").unwrap();
    assert_eq!(child.malformed("x").offset, at);
    let error = Document::parse("\u{feff}<a>&x;</a>").unwrap_err();
    assert_eq!(error.offset, 6);
}

#[test]
fn text_is_put_together_from_entities_cdata_and_pieces() {
    assert_eq!(text_of("<a>a &amp; b</a>"), "a & b");
    assert_eq!(text_of("<a>&lt;&gt;&quot;&apos;&#x41;&#66;</a>"), "<>\"'AB");
    assert_eq!(text_of("<a>a<![CDATA[<b>&amp;]]>c</a>"), "a<b>&amp;c");
    assert_eq!(text_of("<a>one<!-- x --> <b>not</b>two</a>"), "one two");
    assert_eq!(text_of("<a>\r\n one\r\ntwo \t</a>"), "one\ntwo");
    assert_eq!(text_of("<a>\u{a0}x\u{a0}</a>"), "\u{a0}x\u{a0}");
}

#[test]
fn attributes_are_normalised_and_found_by_namespace() {
    let document =
        Document::parse("<a b='1 &amp;\n2' p:b='3' xmlns:p='u' xml:lang='en' xmlns='d'><c/></a>").unwrap();
    let root = document.root();
    assert_eq!(root.attribute("b"), Some("1 & 2"));
    assert_eq!(root.attribute_in("u", "b"), Some("3"));
    assert_eq!(root.attribute_in("http://www.w3.org/XML/1998/namespace", "lang"), Some("en"));
    assert_eq!(root.attribute("xmlns"), None);
    assert!(root.child("d", "c").is_some());
}

#[test]
fn a_prefix_means_what_it_was_last_bound_to() {
    let document = Document::parse("<p:a xmlns:p='1'><p:a xmlns:p='2'/><p:a/><a xmlns=''/></p:a>").unwrap();
    let namespaces: Vec<_> = document.root().children().map(Element::namespace).collect();
    assert_eq!(namespaces, ["2", "1", ""]);
}

#[test]
fn children_are_walked_without_their_descendants() {
    let document = Document::parse("<a><b><c/><d/></b><e/>t<f><g/></f></a>").unwrap();
    let names: Vec<_> = document.root().children().map(Element::local).collect();
    assert_eq!(names, ["b", "e", "f"]);
    let leaf = document.root().child_named("f").unwrap().child_named("g").unwrap();
    assert_eq!(leaf.path(), "/a/f/g");
    assert_eq!(leaf.children().count(), 0);
}

#[test]
fn an_error_is_one_line_of_bounded_length_whatever_the_document_holds() {
    let name = "é".repeat(10_000);
    let error = Document::parse(&format!("<a><{name}>&x\u{9b}\u{202e};</{name}></a>")).unwrap_err();
    let shown = error.to_string();
    assert!(shown.chars().count() < 700, "{shown}");
    assert!(!shown.contains(['\u{9b}', '\u{202e}']), "{shown}");
    assert_eq!(error.offset, 3 + 2 + name.len());
}

/// Pieces from which well-formed and broken documents are put together.
const PIECES: &[&str] = &[
    "<a>",
    "</a>",
    "<a/>",
    "<a b='1'>",
    "<a b=\"1\" c='2'/>",
    "<p:a xmlns:p='u'>",
    "</p:a>",
    "<p:a/>",
    "<a xmlns='v'>",
    "<a xmlns:p=''>",
    "<a p:b='1' b='2'>",
    "<a b='1'c='2'/>",
    "<a b='&amp;'/>",
    "<a b='&#10;'/>",
    "<a b='>'/>",
    "<a >",
    "</a >",
    "< a>",
    "<a:>",
    "<xml:a>",
    "<a xml:lang='en'/>",
    "<a xmlns:xml='u'/>",
    "<a xmlns:xmlns='u'/>",
    "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
    "<xmlns:a/>",
    "&amp;",
    "&lt;",
    "&#65;",
    "&#x41;",
    "&#1;",
    "&#x;",
    "&#+65;",
    "&x;",
    "&",
    ";",
    "<!-- c -->",
    "<!---->",
    "<!-- -- -->",
    "<!--->",
    "<![CDATA[",
    "]]>",
    "<![CDATA[x]]>",
    "<?xml version='1.0'?>",
    "<?xml version='1.0' encoding='UTF-8'?>",
    "<?xml?>",
    "<?p q?>",
    "<!DOCTYPE a>",
    "x",
    " ",
    "\n",
    "\r\n",
    "é",
    "\u{1}",
    "\u{ffff}",
    "\u{85}",
    "\u{feff}",
    "'",
    "\"",
    "=",
    ">",
    "<",
    "/",
    "/>",
    "b='1'",
    "]",
    "!",
    "-",
    "?",
];

fn document() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..12).prop_map(|pieces| pieces.concat())
}

/// A document that is more often well-formed: pieces inside a root.
fn framed() -> impl Strategy<Value = String> {
    document().prop_map(|inner| format!("<r xmlns:p='w'>{inner}</r>"))
}

/// Whatever we take, an independent parser takes too and reads the same.
fn agree(text: &str) -> Result<(), TestCaseError> {
    let Ok(ours) = Document::parse(text) else { return Ok(()) };
    let theirs = roxmltree::Document::parse(text);
    prop_assert!(theirs.is_ok(), "{text:?} was taken, but is no XML: {theirs:?}");
    same(ours.root(), theirs.unwrap().root_element())
}

fn same(ours: Element<'_>, theirs: roxmltree::Node<'_, '_>) -> Result<(), TestCaseError> {
    prop_assert_eq!(ours.local(), theirs.tag_name().name());
    prop_assert_eq!(ours.namespace(), theirs.tag_name().namespace().unwrap_or_default());
    let text: String =
        theirs.children().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect();
    prop_assert_eq!(ours.text(), text.trim_matches(is_space));
    for attribute in theirs.attributes() {
        let value = ours.attribute_in(attribute.namespace().unwrap_or_default(), attribute.name());
        prop_assert_eq!(value, Some(attribute.value()));
    }
    let theirs: Vec<_> = theirs.children().filter(roxmltree::Node::is_element).collect();
    prop_assert_eq!(ours.children().count(), theirs.len());
    ours.children().zip(theirs).try_for_each(|(ours, theirs)| same(ours, theirs))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = Document::parse(&text);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Document::parse_bytes(&bytes);
    }

    #[test]
    fn what_we_take_an_independent_parser_reads_the_same(text in document()) {
        agree(&text)?;
    }

    #[test]
    fn what_we_take_inside_a_root_an_independent_parser_reads_the_same(text in framed()) {
        agree(&text)?;
    }
}
