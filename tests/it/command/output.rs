//! What is shown, and how: columns, their order, counts, colours, quiet runs, and listings that go on.

use pssession::simulator::OperationKind;

use super::{ALICE, BUILD_7, BUILD_8, host, leaked, left, on};
use crate::support::command::Pssession;
use crate::support::pty::{Pty, available};

#[tokio::test]
async fn columns_are_chosen_sorted_and_shown_without_a_header() {
    let simulator = host(leaked()).await;
    let rows: &[(&[&str], &str)] = &[
        (
            &["--columns", "id,name,type"],
            "Id  Name       Type\n1   build-7    ps\n2   -          cmd\n3   Runspace1  ps\n",
        ),
        (&["--columns", "id", "--no-headers", "--sort", "-idle"], "2\n1\n3\n"),
        (
            &["--columns", "owner,id", "--no-headers", "--sort", "owner,-id"],
            "CONTOSO\\alice      3\nCONTOSO\\ci-runner  2\nCONTOSO\\ci-runner  1\n",
        ),
        (&["--sort=-idle", "-o", "name"], "0C2C5D0E-4B17-4B3C-8E0E-5C7A1D0B9A22\n"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("sessions.db");
    for (args, expected) in rows {
        let run = on(&simulator, "get", args).env("PSSESSION_STORE", table.to_str().unwrap());
        let run = run.run().await.expect(0);
        assert!(run.stdout.starts_with(expected), "{args:?}:\n{}", run.stdout);
    }
    // A column that costs requests is asked for by being shown.
    let run = on(&simulator, "get", &["--columns", "name,running", "--sort", "name"]).run().await.expect(0);
    assert_eq!(run.stdout, "Name       Running\nbuild-7    no\nRunspace1  no\n-          yes\n");
}

#[tokio::test]
async fn options_of_tables_are_refused_where_there_is_none() {
    let simulator = host(leaked()).await;
    let rows: &[(&str, &[&str], &str)] = &[
        ("get", &["--columns", "id", "-o", "json"], "--columns requires a table"),
        ("get", &["--no-headers", "-o", "csv"], "--no-headers requires a table"),
        ("get", &["--columns", "outcome"], "only `pssession remove` has the column Outcome"),
        ("get", &["--sort", "-outcome"], "only `pssession remove` has the column Outcome"),
        ("get", &["--columns", "colour"], "possible values: id, host, owner"),
        ("get", &["--count", "-o", "name"], "--count has no instance ids"),
        ("get", &["--by", "owner"], "--count"),
        ("remove", &["--all", "--yes", "--sort", "idle", "-o", "ndjson"], "--sort cannot sort records"),
        ("get", &["-q", "-v"], "cannot be used with"),
    ];
    for (verb, args, said) in rows {
        let run = on(&simulator, verb, args).run().await.expect(2);
        assert!(run.stderr.contains(said), "{args:?}: {}", run.stderr);
    }
    assert_eq!(simulator.connections(), 0);
}

#[tokio::test]
async fn sessions_are_counted_as_a_table_and_as_objects() {
    let simulator = host(leaked()).await;
    let table = on(&simulator, "get", &["--count", "-o", "table"]).run().await.expect(0);
    assert_eq!(
        table.stdout,
        "Owner              Sessions\nCONTOSO\\ci-runner         2\nCONTOSO\\alice             1\n"
    );
    assert_eq!(table.stderr, "3 sessions on 1 host\n");
    let objects = on(&simulator, "get", &["--count", "--by", "owner,type"]).run().await.expect(0).records();
    let first = serde_json::json!({
        "Schema": "pssession.count/1", "Owner": "CONTOSO\\alice", "Type": "ps", "Sessions": 1,
    });
    assert_eq!((objects.len(), &objects[0]), (3, &first));
    let csv = on(&simulator, "get", &["--count", "--by", "state", "-o", "csv"]).run().await.expect(0).stdout;
    assert_eq!(csv, "Schema,State,Sessions\npssession.count/1,Opened,2\npssession.count/1,Disconnected,1\n");
}

#[tokio::test]
async fn a_quiet_run_writes_errors_and_what_o_asks_for() {
    let simulator = host(leaked()).await;
    let rows: &[(&str, &[&str], i32)] = &[
        ("get", &["-q"], 0),
        ("get", &["--owner", "nobody", "--quiet"], 0),
        ("remove", &["--all", "--what-if", "-q"], 0),
        ("remove", &["--name", "nobody", "--yes", "-q", "--ignore-not-found"], 0),
        ("remove", &["--name", "build-7", "--yes", "-q"], 0),
    ];
    for (verb, args, code) in rows {
        let run = on(&simulator, verb, args).run().await.expect(*code);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{args:?}");
    }
    assert_eq!(left(&simulator), [BUILD_8, ALICE]);
    let run = on(&simulator, "remove", &["--name", "nobody", "--yes", "-q"]).run().await.expect(3);
    assert!(run.stdout.is_empty() && run.stderr.contains("no session has the name"), "{}", run.stderr);
    let run = on(&simulator, "get", &["-q", "-o", "name"]).run().await.expect(0);
    assert_eq!((run.stdout, run.stderr), (format!("{BUILD_8}\n{ALICE}\n"), String::new()));
    let identified = Pssession::new(["identify", &simulator.address().to_string(), "-q"]);
    let identified = identified.run().await.expect(0);
    assert_eq!((identified.stdout, identified.stderr), (String::new(), String::new()));
}

#[tokio::test]
async fn outcomes_have_their_colours_where_colours_are_wanted() {
    for (color, shown) in [("always", "\u{1b}[32mClosed\u{1b}[0m"), ("never", "Closed "), ("auto", "Closed ")]
    {
        let simulator = host(leaked()).await;
        let args = ["--name", "build-7", "--yes", "-o", "table", "--color", color];
        let run = on(&simulator, "remove", &args).run().await.expect(0);
        assert!(run.stdout.lines().nth(1).unwrap().starts_with(shown), "{color}: {:?}", run.stdout);
    }
    if !available() {
        return;
    }
    let simulator = host(leaked()).await;
    for (no_color, painted) in [("", true), ("1", false)] {
        let shown = Pty::on(&simulator, "get", &[]).env("NO_COLOR", no_color).answer(&[]).await.expect(0);
        assert_eq!(shown.screen.contains("\u{1b}[2mDisconnected\u{1b}[0m"), painted, "{}", shown.screen);
    }
}

#[tokio::test]
async fn a_watch_without_a_terminal_streams_ndjson_or_is_refused() {
    let simulator = host(leaked()).await;
    let rows: &[(&[&str], &str)] = &[
        (&["--watch", "5s"], "--watch redraws a terminal, and stdout is not one"),
        (&["--watch", "5s", "-o", "table"], "--watch redraws a terminal, and stdout is not one"),
        (&["--watch", "5s", "-o", "json"], "--watch shows a table or streams NDJSON"),
        (&["--watch", "200ms", "-o", "ndjson"], "--watch: "),
        (&["--watch", "5s", "-o", "ndjson", "-q"], "--watch shows nothing with --quiet"),
        (&["--watch", "5s", "-o", "ndjson", "--fail-if-any"], "cannot be used with"),
    ];
    for (args, said) in rows {
        let run = on(&simulator, "get", args).run().await.expect(2);
        assert!(run.stderr.contains(said), "{args:?}: {}", run.stderr);
    }
    assert_eq!(simulator.connections(), 0);
    // The deadline ends it after a few listings, over one login.
    let args = ["--watch", "1s", "-o", "ndjson", "--deadline", "3s"];
    let run = on(&simulator, "get", &args).run().await.expect(7);
    let records = run.records();
    assert!(records.len() >= 6 && records.len() % 3 == 0, "{}", run.stdout);
    assert_eq!(simulator.connections(), 1);
}

#[tokio::test]
async fn a_watch_ends_where_the_credential_is_refused() {
    let simulator = host(leaked()).await;
    let args = ["get", "--on", &simulator.address().to_string(), "--watch", "1s", "-o", "ndjson"];
    let run = Pssession::new(args).login(&simulator).env("PSSESSION_PASSWORD", "wrong");
    let run = run.run().await.expect(5);
    assert_eq!(run.stderr.matches("\"LogonFailure\"").count(), 1, "{}", run.stderr);
    assert_eq!(simulator.connections(), 1);
}

#[tokio::test]
async fn a_watch_on_a_terminal_leaves_its_last_table_there_after_ctrl_c() {
    if !available() {
        return;
    }
    let simulator = host(leaked()).await;
    let answers = [("every 1s; Ctrl-C ends", ""), ("every 1s; Ctrl-C ends", "\x03")];
    let shown = Pty::on(&simulator, "get", &["--watch", "1s"]).answer(&answers).await.expect(0);
    let (_, after) = shown.screen.split_once("\u{1b}[?1049l").expect("the usual screen is given back");
    let last: Vec<&str> = after.lines().collect();
    assert_eq!(last.len(), 5, "{after}");
    assert!(last[0].starts_with("Id  Host") && last[1].contains("build-7"), "{after}");
    assert_eq!(last[4], "3 sessions on 1 host: ci-runner 2, alice 1");
    let listings = simulator.world().lock().unwrap().count(OperationKind::Enumerate);
    assert!(listings >= 2, "{listings}");
    assert_eq!(simulator.connections(), 1, "one login for all of them");
    assert!(!after.contains(BUILD_7), "{after}");
}
