//! One file per way to be broken: each is taken for the answer to an Enumerate, and each is one clear error.

use pssession::wsman::op::EnumerateShells;
use pssession::wsman::{AnswerError, MessageId, read_answer};
use uuid::Uuid;

use crate::support::fixtures::{names, read};

/// File, the beginning of the problem, where.
const ROWS: &[(&str, &str, &str)] = &[
    ("behind-the-body", "content outside the Header and Body", "/Envelope/More"),
    ("control-character", "the character U+001B, which XML forbids", "/"),
    ("control-character-reference", "the character U+001B, which XML forbids", SHELL_OWNER),
    ("dtd", "a DTD, which is never read", "/"),
    ("duplicate-attribute", "bad attribute: ", "/Envelope"),
    ("empty", "no element", "/"),
    ("empty-body", "missing element EnumerateResponse", "/Envelope/Body"),
    (
        "fault-of-another-message",
        "the response relates to uuid:00000000-0000-0000-0000-000000000002",
        RELATES_TO,
    ),
    ("html", "a DTD, which is never read", "/"),
    ("html-without-doctype", "not well-formed XML: ", "/html/body/hr"),
    ("json", "text outside the root element", "/"),
    ("lt-in-attribute", "a '<' in an attribute value", "/Envelope"),
    ("mismatched-tags", "not well-formed XML: ", "/Envelope/Body/EnumerateResponse/Items/Shell"),
    (
        "neither-end-nor-context",
        "neither EndOfSequence nor an enumeration context",
        "/Envelope/Body/EnumerateResponse",
    ),
    ("no-action", "the response has no Action", "/Envelope"),
    ("no-body", "missing element Body", "/Envelope"),
    ("no-relates-to", "the response has no RelatesTo", "/Envelope"),
    ("not-utf8", "not UTF-8", "/"),
    ("processing-instruction", "a processing instruction, which is never read", "/"),
    ("soap11-envelope", "the root is not a SOAP 1.2 Envelope", "/Envelope"),
    ("text-behind-the-root", "text outside the root element", "/"),
    ("too-deep", "nesting deeper than 64", DEEP),
    ("truncated", "the document ends within an element", "/Envelope/Body/EnumerateResponse/Items/Shell"),
    (
        "truncated-in-a-tag",
        "not well-formed XML: ",
        "/Envelope/Body/EnumerateResponse/Items/Shell/OutputStreams",
    ),
    ("two-bodies", "content outside the Header and Body", "/Envelope/Body"),
    ("two-roots", "a second root element", "/"),
    ("undeclared-prefix", "undeclared namespace prefix n", "/Envelope/Body/EnumerateResponse"),
    ("undefined-entity", "undefined entity bsol", SHELL_OWNER),
    ("unquoted-attribute", "bad attribute: ", "/Envelope"),
    ("utf16", "not UTF-8", "/"),
    (
        "wrong-action",
        "the response is http://schemas.xmlsoap.org/ws/2004/09/enumeration/PullResponse",
        "/Envelope/Header/Action",
    ),
    ("wrong-body", "missing element EnumerateResponse", "/Envelope/Body"),
    ("wrong-relates-to", "the response relates to uuid:00000000-0000-0000-0000-000000000002", RELATES_TO),
    ("xhtml", "the root is not a SOAP 1.2 Envelope", "/html"),
];

const SHELL_OWNER: &str = "/Envelope/Body/EnumerateResponse/Items/Shell/Owner";
const RELATES_TO: &str = "/Envelope/Header/RelatesTo";
const DEEP: &str = "/Envelope/Body/EnumerateResponse/Items/d/d/d";

#[test]
fn each_malformed_answer_is_one_clear_error() {
    let operation = EnumerateShells { optimize: true, max_elements: 32_000 };
    for (name, problem, path) in ROWS {
        let answer = read(&format!("malformed/{name}.xml"));
        match read_answer(&operation, MessageId::new(Uuid::from_u128(1)), &answer) {
            Err(AnswerError::Malformed(error)) => {
                assert!(error.problem.starts_with(problem), "{name}: {error}");
                assert!(
                    error.path == *path || error.path.starts_with(&format!("{path}/d")),
                    "{name}: {error}"
                );
                assert!(error.offset <= answer.len(), "{name}: {error}");
                assert!(!error.to_string().contains(char::is_control), "{name}: {error}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn every_malformed_file_has_its_row() {
    let mut expected: Vec<_> = ROWS.iter().map(|row| format!("{}.xml", row.0)).collect();
    expected.sort();
    assert_eq!(names("malformed"), expected);
}
