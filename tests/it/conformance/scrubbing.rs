//! What real servers and clients said, scrubbed: nobody is named any more, and it still is what it was.

use std::fs;

use pssession::conformance::{
    Answer, Order, RawExchange, Recorder, Replay, Scenario, ScrubOptions, Validation, Verdict, judge,
};
use pssession::wsman::xml::{Document, Element};

use crate::support::recordings;

/// What names somebody in a recording: owners, hosts, addresses, names, ids, command lines.
fn names(element: Element<'_>, found: &mut Vec<String>) {
    let text = element.text().to_owned();
    match element.local() {
        "Owner" => found.extend(text.split(['\\', '@']).map(str::to_owned)),
        "ClientIP" | "Name" | "ShellId" | "MessageID" | "WorkingDirectory" => found.push(text),
        "To" | "Address" => found.extend(
            text.split("//").nth(1).and_then(|rest| rest.split([':', '/']).next()).map(str::to_owned),
        ),
        _ => {}
    }
    found.extend(element.attribute("Machine").map(str::to_owned));
    element.children().for_each(|child| names(child, found));
}

#[test]
fn real_exchanges_are_scrubbed_conform_and_are_replayed() {
    let mut exchanges = 0;
    for name in recordings::names() {
        let Some(recording) = recordings::load(&name) else { return };
        let home = tempfile::tempdir().unwrap();
        let mut recorder = Recorder::new("scrubbed", ScrubOptions::default());
        let mut secrets = Vec::new();
        for (sequence, exchange) in (1..).zip(&recording) {
            let response = exchange.response.as_ref().map(|text| (exchange.status, text.as_bytes()));
            let raw = RawExchange {
                sequence,
                server: ("lab-host", 5985),
                request: exchange.request.as_bytes(),
                response,
            };
            for text in std::iter::once(&exchange.request).chain(&exchange.response) {
                names(Document::parse(text).unwrap().root(), &mut secrets);
            }
            for file in recorder.record(&raw).unwrap() {
                fs::write(home.path().join(file.name), file.bytes).unwrap();
            }
            exchanges += 1;
        }
        let header = recorder.header(&recorder.scenarios()[0]);
        fs::write(home.path().join(header.name), header.bytes).unwrap();

        // Loopback, addresses for documentation and role names say nothing of anybody.
        secrets.retain(|secret| {
            secret.len() > 3
                && !secret.starts_with("127.")
                && !secret.starts_with("2001:db8:")
                && !secret.contains("anonymous")
        });
        secrets.retain(|secret| {
            !["localhost", "domain", "user"].contains(&&*secret.to_lowercase())
                && !secret.contains("schemas.xmlsoap.org")
        });
        for entry in fs::read_dir(home.path()).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap().to_lowercase();
            for secret in &secrets {
                assert!(!text.contains(&secret.to_lowercase()), "{name}: {secret} in {text}");
            }
        }

        let scenario = Scenario::open(home.path()).unwrap();
        for number in 1..=scenario.count() {
            let exchange = scenario.exchange(number).unwrap();
            let checked = judge(&exchange, Validation::Unavailable(String::new()));
            for check in &checked.checks {
                assert_ne!(check.verdict, Verdict::Mismatch, "{name} {number}: {check:?}");
            }
        }

        // This client asks for a command of which nobody spoke before: with a placeholder it is another one.
        if name == "test_winrs_bad_cmd_id" {
            continue;
        }
        // The client that was recorded, with its own ids, names and command lines, is what the scenario expects.
        let mut replay = Replay::new(scenario, Order::AsRecorded).unwrap();
        let mut given: Vec<(String, String)> = Vec::new();
        for exchange in &recording {
            let request = given.iter().fold(exchange.request.clone(), |request, (recorded, id)| {
                request.replace(recorded, id).replace(&recorded.to_lowercase(), id)
            });
            let answer = replay.answer(request.as_bytes()).unwrap();
            if let (Answer::Recorded { body, .. }, Some(response)) = (answer, &exchange.response) {
                // A client goes on with the ids that the answer has.
                given.extend(guids(response).into_iter().zip(guids(&String::from_utf8(body).unwrap())));
            }
        }
        assert!(replay.is_fulfilled(), "{name}: {:?}", replay.unexpected());
    }
    assert!(exchanges == 0 || exchanges > 100, "{exchanges}");
}

/// All GUIDs in a text, in capitals.
fn guids(text: &str) -> Vec<String> {
    let parts = text.split(|one: char| !one.is_ascii_hexdigit() && one != '-');
    parts.filter(|part| part.len() == 36).map(str::to_uppercase).collect()
}
