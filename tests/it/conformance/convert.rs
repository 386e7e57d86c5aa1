//! `pssession convert`: what is made, and that nothing is made by halves.

use std::path::Path;

use pssession::conformance::Scenario;

use crate::support::command::{Pssession, Run};

const RECORDING: &str = "\
messages:
- request: <s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body/></s:Envelope>
  response: <s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><Owner>LAB\\ops</Owner></s:Body></s:Envelope>
  transport_error: {protocol: http, code: 503}
- request: <s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body/></s:Envelope>
  response: null
  http_error: true
";

fn convert(recording: &str, dir: &Path, more: &[&str]) -> Run {
    let args = ["convert", "-", dir.to_str().unwrap()];
    Pssession::new(args.iter().chain(more)).stdin(recording).run_blocking()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_recording_becomes_a_scenario_and_it_is_told_what_of_it_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("made");
    let run = convert(RECORDING, &dir, &["--title", "a title", "--server", "a server"]).expect(0);
    assert!(run.stderr.contains("2 exchanges, as recorded") && run.stderr.contains("accounts: LAB\\ops"));
    assert_eq!(names(&dir), ["01-request.xml", "01-response.xml", "02-request.xml", "scenario.json"]);
    assert_eq!(names(home.path()), ["made"]);
    let scenario = Scenario::open(&dir).unwrap();
    assert_eq!(
        (scenario.header().title.as_str(), scenario.header().server.as_str()),
        ("a title", "a server")
    );
    let exchanges: Vec<_> = scenario.exchanges().map(Result::unwrap).collect();
    assert_eq!((exchanges[0].status, exchanges[0].origin.as_str()), (503, "recorded"));
    assert!(exchanges[1].response.is_none());
}

#[test]
fn a_folder_that_is_there_is_left_alone_unless_it_is_a_scenario_and_told_to_go() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("made");
    convert(RECORDING, &dir, &[]).expect(0);
    assert!(convert(RECORDING, &dir, &[]).expect(2).stderr.contains("use --force to replace the scenario"));
    convert(RECORDING, &dir, &["--force", "--title", "new"]).expect(0);
    assert_eq!(Scenario::open(&dir).unwrap().header().title, "new");
    let other = home.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("work.txt"), "of a day").unwrap();
    convert(RECORDING, &other, &["--force"]).expect(2);
    assert_eq!(
        (names(&other), names(home.path())),
        (vec!["work.txt".to_owned()], vec!["made".into(), "other".into()])
    );
}

#[test]
fn what_is_no_recording_is_named_with_its_line_and_makes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("made");
    let said = |text: &str| convert(text, &dir, &[]).expect(2).stderr;
    assert!(said("messages:\n- response: x\n").contains("stdin:2: the message has no request"));
    assert!(
        said("messages:\n- request: <a>\n")
            .contains("stdin:2: the request of this message is not a SOAP envelope: ")
    );
    assert!(said("messages:\n- request: \"x\n").contains("not YAML"));
    assert!(names(home.path()).is_empty());
}

#[test]
fn a_folder_that_cannot_be_written_leaves_no_half_scenario() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, "").unwrap();
    let run = convert(RECORDING, &file.join("made"), &[]).expect(1);
    assert!(run.stderr.contains("no partial files are left"), "{}", run.stderr);
    assert_eq!(names(home.path()), ["file"]);
}

/// A limit on the size of files stands for the disk: the second file of the scenario breaks it.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_in_the_middle_leaves_no_half_scenario() {
    let home = tempfile::tempdir().unwrap();
    let recording = home.path().join("r.yml");
    let large = "x".repeat(64 * 1024);
    std::fs::write(&recording, RECORDING.replace("LAB\\ops", &large)).unwrap();
    let script = format!(
        "trap '' XFSZ; ulimit -f 8; '{}' convert '{}' '{}'",
        env!("CARGO_BIN_EXE_pssession"),
        recording.display(),
        home.path().join("made").display()
    );
    let done = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
    let reported = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{reported}");
    assert!(reported.contains("no partial files are left"), "{reported}");
    assert_eq!(names(home.path()), ["r.yml"]);
}
