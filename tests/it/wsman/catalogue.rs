//! Every operation of the catalogue has a reviewed request and an answer that it reads.

use pssession::wsman::op::OPERATIONS;
use pssession::wsman::xml::Document;
use pssession::wsman::{AnswerError, uri};

use crate::support::fixtures::{assert_snapshot, names, read};

#[test]
fn each_request_is_the_accepted_snapshot() {
    for row in OPERATIONS {
        let mut request = String::new();
        (row.write_example)(&mut request);
        assert_snapshot(&format!("envelopes/{}.request.xml", row.name), &request);
    }
}

#[test]
fn each_request_is_well_formed_for_us_and_for_an_independent_parser() {
    for row in OPERATIONS {
        let mut request = String::new();
        (row.write_example)(&mut request);
        let document = Document::parse(&request).unwrap();
        assert!(document.root().is(uri::SOAP, "Envelope"), "{}", row.name);
        let document = roxmltree::Document::parse(&request).unwrap();
        let text_of = |namespace: &str, local: &str| {
            document.descendants().find(|node| node.has_tag_name((namespace, local)))?.text()
        };
        assert_eq!(
            text_of(uri::ADDRESSING, "Action"),
            row.action.map(|action| action.request),
            "{}",
            row.name
        );
        assert_eq!(text_of(uri::WSMAN, "ResourceURI"), row.resource_uri, "{}", row.name);
    }
}

#[test]
fn each_answer_is_read() {
    for row in OPERATIONS {
        let answer = read(&format!("envelopes/{}.response.xml", row.name));
        (row.check_answer)(&answer).unwrap_or_else(|error| panic!("{}: {error}", row.name));
    }
}

#[test]
fn no_operation_takes_the_answer_of_another() {
    for row in OPERATIONS {
        for other in OPERATIONS.iter().filter(|other| other.action != row.action) {
            let answer = read(&format!("envelopes/{}.response.xml", other.name));
            let refused = matches!((row.check_answer)(&answer), Err(AnswerError::Malformed(_)));
            assert!(refused, "{} took the answer of {}", row.name, other.name);
        }
    }
}

#[test]
fn every_envelope_fixture_belongs_to_an_operation() {
    let mut expected: Vec<_> = OPERATIONS
        .iter()
        .flat_map(|row| ["request", "response"].map(|part| format!("{}.{part}.xml", row.name)))
        .collect();
    expected.sort();
    assert_eq!(names("envelopes"), expected);
}
