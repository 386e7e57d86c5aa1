//! What we write, what real servers answered, and every fixture are valid.

use std::path::Path;

use pssession::wsman::op::OPERATIONS;
use serde_json::Value;

use super::validator::Direction;
use super::{Envelope, assert_valid, problems, validator};
use crate::support::{fixtures, recordings};

/// Answers of servers that break the rules, which our readers bear: scenario, number, and what is said of them.
const TOLERATED: [(&str, &str, &str); 2] = [
    ("identify-omi", "01", "IdentifyResponse': No matching global element declaration"),
    ("list-with-an-undecodable-shell", "01", "}Name': This element is not expected. Expected is ( {"),
];

#[test]
fn each_request_that_we_write_is_valid_and_so_is_the_answer_that_we_expect() {
    let mut envelopes = Vec::new();
    for row in OPERATIONS {
        let mut request = String::new();
        (row.write_example)(&mut request);
        envelopes.push(Envelope {
            name: row.name.to_owned(),
            from: Direction::Request,
            bytes: request.into(),
        });
        let name = format!("envelopes/{}.response.xml", row.name);
        envelopes.push(Envelope { bytes: fixtures::read(&name), name, from: Direction::Response });
    }
    assert_valid(&envelopes);
}

#[test]
fn each_fixture_that_is_not_marked_malformed_is_valid() {
    let exchanges = exchanges();
    assert!(exchanges.len() > 60, "{}", exchanges.len());
    assert_valid(&exchanges);
}

#[test]
fn an_answer_that_our_readers_bear_is_still_refused() {
    let Some(validator) = validator() else { return };
    for (scenario, number, expected) in TOLERATED {
        let name = format!("exchanges/{scenario}/{number}-response.xml");
        let answer = Envelope { bytes: fixtures::read(&name), name, from: Direction::Response };
        let problems = problems(&validator, &[answer]).concat();
        assert!(problems.iter().any(|problem| problem.text.contains(expected)), "{scenario}: {problems:?}");
    }
}

#[test]
fn each_recorded_envelope_is_valid_what_windows_answered_and_what_it_understood() {
    assert_valid(&recorded());
}

#[test]
fn white_space_around_a_value_changes_nothing() {
    // As OMI writes it, and whoever indents.
    let pad = |piece: &str| match piece.split_once('<') {
        Some((text, rest)) if !text.trim().is_empty() => format!("\n  {text}\n<{rest}"),
        _ => piece.to_owned(),
    };
    let padded = everything().into_iter().map(|envelope| {
        let text = String::from_utf8(envelope.bytes).unwrap();
        let text: String = text.split_inclusive('>').map(pad).collect();
        Envelope { bytes: text.into(), ..envelope }
    });
    assert_valid(&padded.collect::<Vec<_>>());
}

/// Every valid envelope that is not made in a test.
pub(super) fn everything() -> Vec<Envelope> {
    [exchanges(), recorded()].into_iter().flatten().collect()
}

/// What is recorded, where the recordings are.
fn recorded() -> Vec<Envelope> {
    let mut envelopes = Vec::new();
    for file in recordings::names() {
        for (number, exchange) in recordings::load(&file).unwrap_or_default().into_iter().enumerate() {
            let of = |from, text: String| {
                let name = format!("{file} {number} {from:?}");
                Envelope { name, from, bytes: text.into() }
            };
            envelopes.push(of(Direction::Request, exchange.request));
            envelopes.extend(exchange.response.map(|response| of(Direction::Response, response)));
        }
    }
    envelopes
}

/// The requests and answers of `fixtures/exchanges`, without what a scenario marks as malformed.
fn exchanges() -> Vec<Envelope> {
    let mut envelopes = Vec::new();
    for scenario in fixtures::names("exchanges") {
        let folder = format!("exchanges/{scenario}");
        let marks = marks(&folder);
        for file in fixtures::names(&folder) {
            let Some((number, part)) = file.split_once('-') else { continue };
            let from = match part {
                "request.xml" => Direction::Request,
                "response.xml" => Direction::Response,
                _ => continue,
            };
            let is_tolerated = TOLERATED.iter().any(|(of, row, _)| (*of, *row) == (&scenario, number));
            let is_malformed = is_tolerated || !marks["Exchanges"][number]["Malformed"].is_null();
            if from == Direction::Request || !is_malformed {
                let name = format!("{folder}/{file}");
                envelopes.push(Envelope { bytes: fixtures::read(&name), name, from });
            }
        }
    }
    envelopes
}

/// What a scenario says of itself.
fn marks(folder: &str) -> Value {
    let name = format!("{folder}/scenario.json");
    if !Path::new(&fixtures::path(&name)).exists() {
        return Value::Null;
    }
    serde_json::from_slice(&fixtures::read(&name)).unwrap()
}
