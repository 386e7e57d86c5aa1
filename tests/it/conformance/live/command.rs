//! `pssession conformance --on HOST`: what it prints, writes and exits with.

use pssession::simulator::{InjectedFault, OperationKind, Profile, Simulator};
use pssession::wsman::xml::Document;
use serde_json::Value;

use super::world;
use crate::support::command::{NOTHING, Pssession};
#[cfg(target_os = "linux")]
use crate::support::pty::{Pty, available};

async fn server() -> Simulator {
    Simulator::builder().world(world(Profile::Windows2022)).start().await.unwrap()
}

fn conformance(server: &Simulator, more: &[&str]) -> Pssession {
    let host = server.address().to_string();
    Pssession::new([&["conformance", "--on", &host], more].concat()).login(server)
}

#[tokio::test]
async fn a_host_that_does_as_it_should_is_a_line_for_each_check_and_a_count() {
    let server = server().await;
    let run = conformance(&server, &["--only", "delete", "-o", "table"]).run().await.expect(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 5, "{}", run.stdout);
    assert_eq!(lines[1].split_whitespace().take(2).collect::<Vec<_>>(), ["passed", "delete/no-such-shell"]);
    assert_eq!(run.stderr, format!("4 checks of {}: 4 passed, 0 failed\n", server.address()));
}

#[tokio::test]
async fn a_failed_check_says_what_was_expected_and_where_it_stands_and_the_exit_code_is_9() {
    let server = server().await;
    server.world().lock().unwrap().inject(
        OperationKind::Delete,
        usize::MAX,
        InjectedFault::Replace("w:InvalidSelectors".to_owned(), "w:Other".to_owned()),
    );
    let report = tempfile::tempdir().unwrap();
    let junit = report.path().join("report.xml");
    let more =
        ["--only", "delete/no-such-shell,get/no-guid", "-o", "table", "--junit", junit.to_str().unwrap()];
    let run = conformance(&server, &more).run().await.expect(9);
    let tail = "\nfailed: delete/no-such-shell: Delete of a shell that is not there is refused\n  \
                expected: fault InvalidSelectors\n  seen:     fault Other (2150858843)\n\
                Section: MS-WSMV 3.1.4.4.1, Remote Shells\n";
    assert!(run.stdout.ends_with(tail), "{}", run.stdout);
    let text = std::fs::read_to_string(junit).unwrap();
    let document = Document::parse(&text).unwrap();
    let counts = ["tests", "failures", "skipped"].map(|name| document.root().attribute(name));
    assert_eq!(counts, [Some("2"), Some("1"), Some("0")]);
    let suite = document.root().children().find(|suite| suite.attribute("name") == Some("delete")).unwrap();
    let failure = suite.children().next().unwrap().children().next().unwrap();
    assert_eq!(failure.local(), "failure");
    assert!(failure.attribute("message").unwrap().starts_with("MS-WSMV 3.1.4.4.1"), "{text}");
}

#[tokio::test]
async fn a_host_that_is_not_reached_has_no_line_for_what_was_not_asked() {
    let server = server().await;
    let closed = Pssession::new(["conformance", "--on", "http://127.0.0.1:1", "-o", "table"]).login(&server);
    let run = closed.run().await.expect(1);
    let results: Vec<&str> = run.stdout.lines().skip(1).take_while(|line| !line.is_empty()).collect();
    // The first one found that nobody answers.
    let [first, login] = results[..] else { panic!("{}", run.stdout) };
    assert!(first.starts_with("skipped"), "{first}");
    assert!(login.starts_with("failed") && login.contains("authentication/login"), "{login}");
    assert!(run.stderr.contains("0 passed, 1 failed, "), "{}", run.stderr);
}

#[tokio::test]
async fn objects_have_the_check_its_section_and_its_result() {
    let server = server().await;
    let run = conformance(&server, &["--only", "get/no-guid", "-o", "ndjson"]).run().await.expect(0);
    let [record] = run.records().try_into().unwrap();
    let expected = [
        ("Schema", "pssession.live-check/1"),
        ("Check", "get/no-guid"),
        ("Group", "get"),
        ("Document", "DSP0226"),
        ("SectionTitle", "Selectors"),
        ("Result", "passed"),
        ("Seen", "fault InvalidSelectors (2150858843)"),
    ];
    for (name, value) in expected {
        assert_eq!(record[name], value, "{record}");
    }
    assert!(record["Seconds"].is_f64());
}

#[tokio::test]
async fn the_checks_are_listed_without_a_host() {
    let run = Pssession::new(["conformance", "--list", "-o", "json"]).run().await.expect(0);
    let listed: Vec<Value> = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(listed.len(), pssession::conformance::live::checks().count());
    let run = Pssession::new(["conformance", "--list", "--only", "tls", "-o", "table"]).run().await.expect(0);
    assert_eq!(run.stdout.lines().count(), 5, "{}", run.stdout);
}

#[tokio::test]
async fn known_deviations_of_a_generation_are_no_failures() {
    let server = Simulator::builder().world(world(Profile::Windows2008R2)).start().await.unwrap();
    let of = |more: &'static [&'static str]| {
        let only = ["--allow-create", "--only", "shells/proposed-id", "-o", "ndjson"];
        conformance(&server, &[&only, more].concat())
    };
    let run = of(&[]).run().await.expect(9);
    assert_eq!(run.records()[0]["Result"], "failed");
    let run = of(&["--profile", "2008r2"]).run().await.expect(0);
    assert_eq!(run.records()[0]["Result"], "deviates");
    assert_eq!(server.world().lock().unwrap().shells().len(), 20);
}

#[tokio::test]
async fn a_refused_login_ends_it_with_exit_code_5_after_one_attempt() {
    let server = server().await;
    let run = conformance(&server, &["-o", "table"]).env("PSSESSION_PASSWORD", "wrong").run().await.expect(5);
    assert_eq!(server.failed_logons(), 1);
    assert!(run.stderr.contains("the checks of 127.0.0.1"), "{}", run.stderr);
    assert!(run.stderr.contains("refused the credential"), "{}", run.stderr);
}

#[tokio::test]
async fn what_cannot_be_meant_sends_nothing() {
    let server = server().await;
    for more in [
        &["--only", "gte"][..],
        &["--profile", "2003"],
        &["--exchange", "3"],
        &["scenarios"],
        &["--on", "web02"],
    ] {
        conformance(&server, more).run().await.expect(2);
    }
    assert_eq!(server.connections(), 0);
    Pssession::new(["conformance"]).run().await.expect(2);
}

#[tokio::test]
async fn a_host_that_is_not_there_is_exit_code_1() {
    let run = Pssession::new(["conformance", "--on", "127.0.0.1:1", "--user", "LAB\\ann", "-o", "table"]);
    let run = run.env("PSSESSION_PASSWORD", "secret").run().await.expect(1);
    assert!(run.stderr.contains("hint: check that WinRM is enabled"), "{}", run.stderr);
}

#[tokio::test]
async fn what_is_for_a_live_host_is_an_error_without_one_unless_the_environment_says_it() {
    let scenario = "fixtures/exchanges/close-two-sessions";
    for without_host in [scenario, "--list"] {
        let cases: [(&[&str], &str); 7] = [
            (&["--user", "ann"], "--user is for a live host"),
            (&["--tls"], "--tls is for a live host"),
            (&["--certificate-pin", "web01=sha256/x"], "--certificate-pin is for a live host"),
            (&["--connect-timeout", "3s"], "--connect-timeout is for a live host"),
            (&["--dangerous-unencrypted"], "--dangerous-unencrypted is for a live host"),
            (&["--allow-create"], "cannot be used with"),
            (&["--profile", "2019"], "cannot be used with"),
        ];
        for (more, message) in cases {
            let run = Pssession::new([&["conformance", without_host], more].concat()).run().await.expect(2);
            assert!(run.stderr.contains(message), "{without_host} {more:?}: {}", run.stderr);
        }
        let run = Pssession::new(["conformance", without_host, "-q"]).env("PSSESSION_USER", "ann");
        run.env("PSSESSION_CONFIG", NOTHING).run().await.expect(0);
    }
    let run = Pssession::new(["conformance", "--list", "--junit", "-"]).run().await.expect(2);
    assert!(run.stderr.contains("cannot be used with"), "{}", run.stderr);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_tables_fit_terminals_of_60_to_140_columns_and_a_failure_keeps_its_text() {
    if !available() {
        return;
    }
    let server = server().await;
    let other = "AnotherSubcodeThatIsLongerThanWhatATableOnATerminalOfEightyColumnsCanShow";
    server.world().lock().unwrap().inject(
        OperationKind::Delete,
        usize::MAX,
        InjectedFault::Replace("w:InvalidSelectors".to_owned(), format!("w:{other}")),
    );
    let chosen = "delete,authentication/spnego-unknown-mechanism";
    for columns in [60, 80, 100, 140] {
        let pty = Pty::on(&server, "conformance", &["--only", chosen]).columns(columns);
        let shown = pty.answer(&[]).await.expect(9);
        let (table, failures) = shown.screen.split_once("\n\n").unwrap();
        assert_eq!(table.lines().count(), 6, "one line a check:\n{table}");
        fits(table, columns);
        assert_eq!(failures.matches(&format!("seen:     fault {other} (2150858843)\n")).count(), 2);
        let list = Pty::new(["conformance", "--list"]).columns(columns).answer(&[]).await.expect(0);
        let all = pssession::conformance::live::checks().count();
        assert_eq!(list.screen.lines().count(), all + 1, "one line a check:\n{}", list.screen);
        fits(&list.screen, columns);
    }
    let piped = Pty::on(&server, "conformance", &["--only", chosen, "-o", "table"]).columns(60);
    let piped = piped.and("| cat").answer(&[]).await;
    assert!(!piped.screen.contains('\u{2026}'), "{}", piped.screen);
    piped.shows(&format!("failed  delete/no-such-shell                     fault {other} (2150858843)\n"));
}

fn fits(table: &str, columns: u16) {
    let too_long = table.lines().find(|line| line.chars().count() > usize::from(columns));
    assert_eq!(too_long, None, "{columns}:\n{table}");
}
