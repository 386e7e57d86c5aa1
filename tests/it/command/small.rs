//! The smaller commands, and what every command shares: formats, the demo, the simulator.

use std::io::{BufRead as _, BufReader};

use super::{BUILD_7, NOBODY, host, leaked, on};
use crate::support::command::Pssession;

#[tokio::test]
async fn a_listing_comes_as_table_wide_json_ndjson_csv_or_names() {
    let simulator = host(leaked()).await;
    let table = on(&simulator, "get", &["-o", "table"]).run().await.expect(0).stdout;
    assert!(table.lines().next().unwrap().starts_with("Id  Host "), "{table}");
    assert_eq!(table.lines().count(), 4, "{table}");
    let wide = on(&simulator, "get", &["-o", "wide"]).run().await.expect(0).stdout;
    assert!(wide.lines().next().unwrap().contains("  InstanceId  "), "{wide}");

    let json: serde_json::Value =
        serde_json::from_str(&on(&simulator, "get", &["-o", "json"]).run().await.expect(0).stdout).unwrap();
    let first = &json[0];
    assert_eq!(first.as_object().unwrap().keys().next().unwrap(), "Schema");
    assert_eq!(first["Schema"], "pssession.session/1");
    assert_eq!(first["State"], "Disconnected");
    assert_eq!(first["ConfigurationName"], "Microsoft.PowerShell");
    // The host counts on while it is asked.
    assert!((10_800..10_860).contains(&first["ShellInactivity"].as_u64().unwrap()), "{first}");
    assert_eq!(first["VMName"], serde_json::Value::Null);
    assert_eq!(first["Port"], simulator.port());

    let piped = on(&simulator, "get", &[]).run().await.expect(0).records();
    assert_eq!(piped.len(), 3, "a pipe gets NDJSON");
    let csv = on(&simulator, "get", &["-o", "csv", "--name", "build-7"]).run().await.expect(0).stdout;
    assert!(csv.starts_with("Schema,Id,Name,InstanceId"), "{csv}");
    assert_eq!(csv.lines().count(), 2);
    let names = on(&simulator, "get", &["-o", "name", "--name", "build-7"]).run().await.expect(0).stdout;
    assert_eq!(names, format!("{BUILD_7}\n"));
}

#[tokio::test]
async fn a_listing_that_finds_nothing_is_no_error() {
    let simulator = host(leaked()).await;
    let run = on(&simulator, "get", &["--owner", "nobody", "-o", "ndjson"]).run().await.expect(0);
    assert!(run.stdout.is_empty());
}

#[tokio::test]
async fn identify_needs_no_login_and_tells_what_is_offered() {
    let simulator = host(leaked()).await;
    let run =
        Pssession::new(["identify", &simulator.address().to_string(), "-o", "json"]).run().await.expect(0);
    let reported: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(reported["ProductVendor"], "Microsoft Corporation");
    assert_eq!(reported["Authentication"], serde_json::json!(["Negotiate"]));
    let run = Pssession::new(["identify", NOBODY]).run().await.expect(1);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
}

#[test]
fn a_fault_code_is_explained_in_each_spelling_that_people_paste() {
    for spelling in ["2150858843", "-2144108453", "0x8033805B"] {
        let run = Pssession::new(["explain", spelling]).run_blocking().expect(0);
        assert!(run.stdout.contains("ERROR_WSMAN_UNEXPECTED_SELECTORS"), "{}", run.stdout);
    }
    let run = Pssession::new(["explain", "sehll"]).run_blocking().expect(1);
    assert!(run.stderr.contains("\"sehll\" is not a fault code"), "{}", run.stderr);
    Pssession::new(["explain", "4242424242"]).run_blocking().expect(1);
}

#[test]
fn words_find_the_faults_that_speak_of_them() {
    let run = Pssession::new(["explain", "quota"]).run_blocking().expect(0);
    assert!(run.stdout.contains("ERROR_WSMAN_QUOTA_MAX_SHELLS\n2150859173 = "), "{}", run.stdout);
    let one = Pssession::new(["explain", "Quota", "max_shells_users", "-o", "json"]).run_blocking();
    let two = Pssession::new(["explain", "quota", "shells", "-o", "json"]).run_blocking().expect(0);
    assert_eq!(one.code, 1, "{}", one.stdout);
    let found: serde_json::Value = serde_json::from_str(&two.stdout).unwrap();
    let found = found["Explanations"].as_array().unwrap();
    assert!(found.len() > 1 && found.iter().any(|row| row["Code"] == 2_150_859_173_u32), "{found:?}");
}

#[test]
fn the_demo_explains_itself_and_leaves_nothing_behind() {
    let run = Pssession::new(["demo"]).with_its_own_table().run_blocking().expect(0);
    for said in ["$ pssession remove", "WhatIf", "Closed", "each one encrypted"] {
        assert!(run.stdout.contains(said), "{said} in\n{}", run.stdout);
    }
    assert!(!run.stdout.contains("Unknown") && !run.stdout.contains("Failed"), "{}", run.stdout);
}

#[test]
fn a_closed_pipe_is_a_success() {
    let mut child = Pssession::new(["demo"]).spawn();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_simulator_takes_a_password_and_then_does_not_show_it() {
    let secret = "known to the job";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{secret}\n")).unwrap();
    let by_file = ["--password-file", file.path().to_str().unwrap()];
    let started = |options: &[&str], output: &str| {
        let words = [&["simulator", "--shells", "2", "--user", "LAB\\ann", "-o", output], options].concat();
        Pssession::new(words)
            .env("PSSESSION_SIMULATOR_PASSWORD", if options.is_empty() { secret } else { "other" })
    };
    for (options, output) in [(&by_file[..], "json"), (&[], "json"), (&[], "table")] {
        let mut child = started(options, output).spawn();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.contains(secret) && !line.contains("PSSESSION_PASSWORD"), "{line}");
        if let Ok(reported) = serde_json::from_str::<serde_json::Value>(&line) {
            assert!(reported["Password"].is_null(), "{line}");
            let on = format!("127.0.0.1:{}", reported["Port"]);
            let login = Pssession::new(["get", "--on", &on]).env("PSSESSION_USER", "LAB\\ann");
            let run = login.env("PSSESSION_PASSWORD", secret).run_blocking();
            assert_eq!(run.expect(0).records().len(), 2);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    std::fs::write(file.path(), "\n").unwrap();
    let run = started(&by_file, "json").run_blocking().expect(2);
    assert!(run.stderr.contains("no password in "), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn the_simulator_says_in_one_line_how_to_reach_it_and_ends_on_sigterm() {
    let mut child = Pssession::new(["simulator", "--shells", "5", "-o", "json"]).spawn();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let reported: serde_json::Value = serde_json::from_str(&line).unwrap();
    let on = format!("127.0.0.1:{}", reported["Port"]);
    let run = Pssession::new(["get", "--on", &on])
        .env("PSSESSION_USER", reported["User"].as_str().unwrap())
        .env("PSSESSION_PASSWORD", reported["Password"].as_str().unwrap());
    assert_eq!(run.run_blocking().expect(0).records().len(), 5);
    let ended = std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(ended.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
