//! `pssession conformance`: the report in each of its forms, and what is wrong with a scenario itself.

use std::path::Path;

use pssession::wsman::xml::Document;

use crate::support::command::{Pssession, Run};
use crate::support::fixtures::path;
use crate::support::tools;

fn conformance(folder: &Path, more: &[&str]) -> Run {
    let args = ["conformance", folder.to_str().unwrap()];
    Pssession::new(args.iter().chain(more)).run_blocking()
}

/// A copy of a fixture in which `from` of the second response is `to`.
fn altered(from: &str, to: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("altered");
    std::fs::create_dir(&dir).unwrap();
    for entry in std::fs::read_dir(path("exchanges/signal-and-delete")).unwrap() {
        let entry = entry.unwrap();
        let mut text = std::fs::read_to_string(entry.path()).unwrap();
        if entry.file_name() == "02-response.xml" {
            assert!(text.contains(from));
            text = text.replace(from, to);
        }
        std::fs::write(dir.join(entry.file_name()), text).unwrap();
    }
    home
}

#[test]
fn a_mismatch_ends_with_9_and_tells_the_place_the_section_and_how_to_see_it_again() {
    let home = altered("DeleteResponse", "PutResponse");
    let run = conformance(home.path(), &["-o", "table"]).expect(9);
    for reported in [
        "mismatch: altered 02 Delete: response parses\n",
        "02-response.xml:1: the action is http://schemas.xmlsoap.org/ws/2004/09/transfer/PutResponse, not",
        "Section: DSP0226 5.4, Addressing\n",
    ] {
        assert!(run.stdout.contains(reported), "{reported}: {}", run.stdout);
    }
    assert!(
        run.stderr.contains("3 exchanges in 1 scenario:") && run.stderr.contains("1 mismatch,"),
        "{}",
        run.stderr
    );
    let reproduce = run.stdout.lines().find_map(|line| line.strip_prefix("Reproduce: pssession ")).unwrap();
    let again = Pssession::new(reproduce.split(' ')).run_blocking().expect(9);
    let records = again.records();
    assert_eq!((records.len(), &records[0]["Exchange"]), (1, &2.into()));
    assert_eq!(records[0]["Parses"]["Verdict"], "mismatch");
    assert_eq!(records[0]["Parses"]["Document"], "DSP0226");
    assert!(records[0]["Parses"]["Reproduce"].as_str().unwrap().ends_with("--exchange 2"));
}

#[test]
fn the_report_comes_as_json_and_as_junit_too() {
    let home = altered("DeleteResponse", "PutResponse");
    let file = home.path().join("altered").join("report.xml");
    let run = conformance(home.path(), &["-o", "json", "--junit", file.to_str().unwrap()]).expect(9);
    let records: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(records.as_array().unwrap().len(), 3);
    let text = std::fs::read_to_string(&file).unwrap();
    let document = Document::parse(&text).unwrap();
    assert_eq!((document.root().local(), document.root().attribute("failures")), ("testsuites", Some("1")));
    std::fs::remove_file(file).unwrap();
    let run = conformance(home.path(), &["--junit", "-"]).expect(9);
    assert_eq!(run.stdout, text);
}

#[test]
fn what_we_have_no_operation_for_is_not_exercised_and_no_mismatch() {
    let run = conformance(&path("exchanges/session-left-and-rejoined"), &[]).expect(0);
    let verdicts: Vec<_> = run
        .records()
        .iter()
        .map(|record| record["OurRequest"]["Verdict"].as_str().unwrap().to_owned())
        .collect();
    let not = "not exercised";
    assert_eq!(verdicts, [not, not, not, not, not, not, not, "passed", "passed"]);
}

#[test]
fn a_broken_scenario_names_file_line_and_reason() {
    let home = altered("DeleteResponse", "DeleteResponse");
    let dir = home.path().join("altered");
    let header = std::fs::read_to_string(dir.join("scenario.json")).unwrap();
    std::fs::write(dir.join("scenario.json"), header.replace("hand-made", "handmade")).unwrap();
    let run = conformance(home.path(), &[]).expect(2);
    assert!(run.stderr.contains("scenario.json:6: unknown variant `handmade`"), "{}", run.stderr);
    let run = conformance(&home.path().join("nowhere"), &[]).expect(2);
    assert!(run.stderr.contains("nowhere: "), "{}", run.stderr);
    std::fs::write(dir.join("scenario.json"), header).unwrap();
    std::fs::remove_file(dir.join("03-response.xml")).unwrap();
    let run = conformance(home.path(), &[]).expect(2);
    assert!(run.stderr.contains("03-response.xml: "), "{}", run.stderr);
    conformance(home.path(), &["--exchange", "9"]).expect(2);
}

#[test]
fn an_answer_that_the_schemas_forbid_is_a_mismatch_with_their_section() {
    if !tools::has("xmllint") {
        return;
    }
    let home = altered("</s:Header><s:Body>", "<a:RelatesTo>uuid:1</a:RelatesTo></s:Header><s:Body>");
    let run = conformance(home.path(), &["-o", "table"]).expect(9);
    assert!(run.stdout.contains("mismatch: altered 02 Delete: response validates\n"), "{}", run.stdout);
    for reported in ["02-response.xml:1: ", "; DSP0226, 5.4 Addressing"] {
        assert!(run.stdout.contains(reported), "{reported}: {}", run.stdout);
    }
}

#[cfg(unix)]
#[test]
fn without_a_validator_the_rest_is_judged_and_that_is_said_once() {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_pssession"))
        .args(["conformance", path("exchanges/list-pages").to_str().unwrap(), "-o", "table"])
        .env_clear()
        .env("PATH", "/nonexistent")
        .output()
        .unwrap();
    let (reported, shown) = (String::from_utf8(run.stderr).unwrap(), String::from_utf8(run.stdout).unwrap());
    assert_eq!(run.status.code(), Some(0), "{reported}");
    assert_eq!(reported.matches("xmllint is not installed").count(), 1, "{reported}");
    assert_eq!(shown.matches("not validated").count(), 3, "{shown}");
}
