//! Text that a terminal would obey or hide, and text that a spreadsheet would calculate.

use pssession::simulator::{SimulatedShell, World};
use serde_json::Value;

use super::{BUILD_7, BUILD_8, host};
use crate::support::command::Pssession;
use crate::support::command_fixture::CommandFixture;

/// It turns around what follows, hides a letter, and ends with a tag that nothing shows.
const NAME: &str = "b\u{202e}7-d\u{200d}liub\u{ad}\u{e0041}";
const SPELT_OUT: &str = r"b\u{202e}7-d\u{200d}liub\u{ad}\u{e0041}";
const IN_JSON: &str = r"b\u202e7-d\u200dliub\u00ad\udb40\udc41";
const FORMULA: &str = "=HYPERLINK(\"http://x\")";

async fn fixture() -> CommandFixture {
    let mut world = World::new("web01");
    let shell = |id, name| SimulatedShell::powershell(id, name, r"CONTOSO\ann", "Microsoft.PowerShell");
    world.add(shell(BUILD_7, NAME));
    world.add(shell(BUILD_8, FORMULA));
    CommandFixture::of(host(world).await)
}

#[tokio::test]
async fn tables_lists_and_errors_spell_it_out() {
    let fixture = fixture().await;
    for format in ["table", "wide", "list"] {
        let run = fixture.run(&["get", "--on", &fixture.address(), "-o", format]).await.expect(0);
        assert!(run.stdout.contains(SPELT_OUT) && run.stdout.is_ascii(), "{format}: {}", run.stdout);
    }
    let run = fixture
        .run(&["remove", "--on", &fixture.address(), "--name", NAME, "--what-if", "-o", "table"])
        .await;
    assert!(run.stdout.contains(SPELT_OUT), "{}", run.stdout);
    let miss = format!("{NAME}x");
    let run = fixture.run(&["remove", "--on", &fixture.address(), "--name", &miss, "--yes"]).await.expect(3);
    assert!(run.stderr.contains(&format!("{SPELT_OUT}x")) && run.stderr.is_ascii(), "{}", run.stderr);
    let run =
        fixture.run(&["remove", "--on", &fixture.address(), "--name", &miss, "--yes", "-o", "json"]).await;
    assert!(run.stderr.contains(&format!("{IN_JSON}x")) && run.stderr.is_ascii(), "{}", run.stderr);
    let error: Value = serde_json::from_str(run.stderr.lines().next().unwrap()).unwrap();
    assert!(error["Message"].as_str().unwrap().contains(&miss), "{error}");
}

#[tokio::test]
async fn json_and_the_report_escape_it_and_mean_the_same() {
    let fixture = fixture().await;
    for format in ["json", "ndjson"] {
        let run =
            fixture.run(&["get", "--on", &fixture.address(), "--name", "b*", "-o", format]).await.expect(0);
        assert!(run.stdout.contains(IN_JSON) && run.stdout.is_ascii(), "{format}: {}", run.stdout);
        let read: Value = serde_json::from_str(&run.stdout).unwrap();
        let record = if format == "json" { &read[0] } else { &read };
        assert_eq!(record["Name"], NAME);
    }
    let report = fixture.folder().join("report.json");
    let words = ["remove", "--on", &fixture.address(), "--name", "b*", "--what-if", "--report"];
    fixture.run(&[&words[..], &[report.to_str().unwrap()]].concat()).await.expect(0);
    let text = std::fs::read_to_string(report).unwrap();
    assert!(text.contains(IN_JSON) && text.is_ascii(), "{text}");
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["Sessions"][0]["Name"], NAME);
}

/// The column Name of a CSV.
fn names(csv: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let column = reader.headers().unwrap().iter().position(|name| name == "Name").unwrap();
    reader.records().map(|record| record.unwrap()[column].to_owned()).collect()
}

#[tokio::test]
async fn csv_is_unchanged_unless_it_is_for_a_spreadsheet() {
    let fixture = fixture().await;
    let on = fixture.address();
    let csv = ["get", "--on", &on, "-o", "csv"];
    let plain = fixture.run(&csv).await.expect(0).stdout;
    assert_eq!(names(&plain), [NAME, FORMULA]);
    let guarded = format!("'{FORMULA}");
    let safe = fixture.run(&[&csv[..], &["--csv-safe"]].concat()).await.expect(0).stdout;
    assert_eq!(names(&safe), [NAME, guarded.as_str()]);
    let exported = fixture.run(&["export", "-o", "csv", "--csv-safe"]).await.expect(0).stdout;
    assert_eq!(names(&exported), [NAME, guarded.as_str()]);
    let what_if = ["remove", "--on", &on, "--all", "--what-if", "-o", "csv", "--csv-safe"];
    assert_eq!(names(&fixture.run(&what_if).await.expect(0).stdout), [NAME, guarded.as_str()]);

    // What was guarded stays guarded where it is read back.
    let other = fixture.folder().join("other.db");
    let import = |text: &str| {
        let command =
            Pssession::new(["import", "-", "-o", "csv"]).env("PSSESSION_STORE", other.to_str().unwrap());
        command.stdin(text).run_blocking().expect(0).stdout
    };
    assert_eq!(names(&import(&safe)), [NAME, guarded.as_str()]);
}

#[test]
fn a_guard_against_formulas_needs_csv() {
    for words in [
        &["get", "--cached", "--csv-safe", "-o", "json"][..],
        &["remove", "--all", "--csv-safe", "-o", "table"],
        &["forget", "--all", "--csv-safe", "-o", "ndjson"],
        &["import", "-", "--csv-safe", "-o", "list"],
        &["export", "--csv-safe", "-o", "json"],
    ] {
        let run = Pssession::new(words).run_blocking().expect(2);
        assert!(run.stderr.contains("--csv-safe requires CSV output"), "{words:?}: {}", run.stderr);
    }
    let run = Pssession::new(["get", "--csv-safe"]).run_blocking().expect(2);
    assert!(run.stderr.contains("--output <FORMAT>"), "{}", run.stderr);
}
