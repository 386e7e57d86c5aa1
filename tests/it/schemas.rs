//! The schemas of `wsman-schemas/`, held against everything that we and others say, by the command's own validator.

mod mutants;
mod requests;
mod simulated;
mod thorough;
mod uris;
mod valid;

#[path = "../../src/cli/schemas/mod.rs"]
#[allow(dead_code, reason = "the command needs what these tests do not")]
mod validator;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use validator::{Direction, FILES, Problem, Validator};

use crate::support::tools;

/// An envelope to validate: what to call it, who sent it, its bytes.
struct Envelope {
    name: String,
    from: Direction,
    bytes: Vec<u8>,
}

/// The validator; `None`, and a line on stderr, where there is no xmllint.
fn validator() -> Option<Validator> {
    if !tools::has("xmllint") {
        return None;
    }
    Some(Validator::new(Command::spawn).unwrap())
}

/// What is wrong with each; the validator is asked once.
fn problems(validator: &Validator, envelopes: &[Envelope]) -> Vec<Vec<Problem>> {
    let asked: Vec<_> = envelopes.iter().map(|envelope| (&*envelope.bytes, envelope.from)).collect();
    validator.validate_all(&asked).unwrap()
}

#[track_caller]
fn assert_valid(envelopes: &[Envelope]) {
    let Some(validator) = validator() else { return };
    let mut refused = String::new();
    for (envelope, problems) in envelopes.iter().zip(problems(&validator, envelopes)) {
        for problem in problems {
            let _ = writeln!(refused, "{}: {problem}; see {}", envelope.name, problem.section());
        }
    }
    assert!(refused.is_empty(), "{refused}");
}

#[test]
fn the_command_carries_every_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("wsman-schemas");
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let schemas: BTreeSet<_> =
        names.filter(|name| name.ends_with(".xsd") || name.ends_with(".rng")).collect();
    assert_eq!(FILES.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>(), schemas);
}

#[test]
fn the_readme_states_every_schema() {
    let readme = include_str!("../../wsman-schemas/README.md");
    for (name, _) in FILES {
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn hostile_envelopes_are_refused_and_spoil_no_other() {
    let Some(validator) = validator() else { return };
    let good = include_bytes!("../../fixtures/envelopes/delete.request.xml");
    let deep = "<a>".repeat(100_000);
    let hostile: [&[u8]; 5] =
        [b"", b"\xff\xfe<\0", deep.as_bytes(), b"<!DOCTYPE a SYSTEM '/etc/passwd'><a/>", b"<a/><b/>"];
    let mut asked: Vec<(&[u8], Direction)> =
        hostile.iter().map(|bytes| (*bytes, Direction::Request)).collect();
    asked.push((good, Direction::Request));
    let problems = validator.validate_all(&asked).unwrap();
    let refused: Vec<_> = problems.iter().map(|problems| !problems.is_empty()).collect();
    assert_eq!(refused, [true, true, true, true, true, false], "{problems:?}");
    assert_eq!(validator.validate_all(&[(good, Direction::Request)]).unwrap(), [[]]);
}
