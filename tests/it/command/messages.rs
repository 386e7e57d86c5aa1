//! What the command says, where, and to whom: stdout is data, stderr is talk, and each error says what to do.

use pssession::simulator::{InjectedFault, OperationKind};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{BUILD_7, NOBODY, host, leaked, left, on};
use crate::support::command::Pssession;

/// What is said where nobody's sessions were asked for.
const NOT_OWNED: &str =
    "no session matches; there are 3 on 1 host, owned by CONTOSO\\ci-runner, CONTOSO\\alice\n";

#[test]
fn words_of_other_tools_get_the_word_that_is_used_here() {
    let rows: &[(&[&str], &str)] = &[
        (&["get", "--on", "web01", "--password", "x"], "--password-file"),
        (&["get", "--host", "web01"], "--on"),
        (&["get", "-on", "web01"], "two dashes"),
        (&["get", "-ComputerName", "web01"], "--computer-name"),
        (&["get", "-computername", "web01"], "--on to connect"),
        (&["rm", "-Id", "3"], "use --id; PowerShell parameters"),
        (&["rm", "-id", "3"], "use --id; PowerShell parameters"),
        (&["rm", "-vmid", "3"], "use --vm-id; PowerShell parameters"),
        (&["rm", "-name", "build-7"], "use --name; PowerShell parameters"),
        (&["get", "web01", "-Credential", "ada"], "use --user"),
        (&["rm", "3", "-yes"], "use --yes, with two dashes"),
        (&["get", "-owner", "ada"], "use `--owner`, with two dashes"),
        (&["get", "-l", "owner=ci-runner"], "use --owner ci-runner to select"),
        (&["get", "--filter", "state=opened"], "use --state opened to select"),
        (&["get", "-l", "owner!=ci-runner"], "use --not-owner ci-runner to select"),
        (&["get", "-l", "ada"], "use --user"),
        (&["get", "--selector", "ada"], "--owner"),
        (&["rm", "--all", "--exclude-owner", "ada"], "--not-owner"),
        (&["get", "--busy"], "--running"),
        (&["get", "--not-running"], "--skip-running"),
        (&["remove", "--all", "--force"], "--yes"),
        (&["remove", "--all", "--dry-run"], "--what-if"),
        (&["Test-WSMan"], "pssession identify"),
        (&["kill"], "pssession remove"),
        (&["gett"], "'get'"),
        (&["get", "--onn", "web01"], "'--on'"),
        (&["get", "--on", "web01", "-o", "jsn"], "'json'"),
    ];
    for (args, tip) in rows {
        let run = Pssession::new(*args).run_blocking().expect(2);
        assert!(run.stdout.is_empty(), "{args:?}: {}", run.stdout);
        let reported = run.stderr.lines().find(|line| line.trim_start().starts_with("tip: "));
        assert!(reported.is_some_and(|line| line.contains(tip)), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn each_command_has_examples_in_its_help() {
    for command in ["get", "remove", "identify", "explain", "simulator"] {
        let run = Pssession::new([command, "-h"]).run_blocking().expect(0);
        assert!(run.stdout.contains(&format!("Examples:\n  pssession {command}")), "{}", run.stdout);
        assert!(run.stdout.lines().all(|line| line.chars().count() <= 100), "{}", run.stdout);
    }
}

#[test]
fn what_a_file_or_stdin_says_wrongly_is_told_with_its_place() {
    let rows: &[(&[&str], &str, &str)] = &[
        (&["--inventory", "-"], "web01 # lab\n\nweb 02\n", "stdin line 3: \"web ...\""),
        (&["--inventory", "-"], "web01 ansible_password=geheim x\n", "stdin line 1: \"web01 ...\""),
        (&["--inventory", "-"], "# nobody\n", "the inventory stdin contains no server"),
        (&["--inventory", "-", "--password-file", "-"], "web01\n", "stdin is used more than once"),
        (&["--on", "web01", "--password-file", "-"], "", "no password in stdin"),
        (&["--on", "web01", "--password-file", "/nowhere"], "", "/nowhere"),
        (&["--on", "web01", "--password-file", "/nowhere"], "", "hint: check the path"),
    ];
    for (args, stdin, reported) in rows {
        let args = [&["get", "--user", "alice"], *args].concat();
        let run = Pssession::new(&args).stdin(stdin).run_blocking().expect(2);
        assert!(run.stderr.contains(reported), "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains("hint: "), "{args:?}: {}", run.stderr);
        assert!(!run.stderr.contains("geheim"), "{args:?}: {}", run.stderr);
    }
}

#[tokio::test]
async fn what_to_write_instead_stands_in_the_hint() {
    let simulator = host(leaked()).await;
    let run = on(&simulator, "get", &["--idle", "2hours"]).run().await.expect(2);
    assert!(
        run.stderr.starts_with("error: --idle: \"2hours\" is not a duration\n\nhint: write "),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn an_inventory_may_come_through_a_pipe() {
    let simulator = host(leaked()).await;
    let run = Pssession::new(["get", "--inventory", "-"]).login(&simulator);
    let run = run.stdin(format!("{}\n", simulator.address())).run().await.expect(0);
    assert_eq!(run.records().len(), 3);
}

#[tokio::test]
async fn a_removal_that_selects_nothing_says_so() {
    let simulator = host(leaked()).await;
    let nobody = ["--owner", "nobody"];
    let run = on(&simulator, "remove", &nobody).run().await.expect(3);
    assert!(
        run.stderr.starts_with(
            "error: no session matches; there are 3 on 1 host, owned by CONTOSO\\ci-runner, CONTOSO\\alice\n"
        ),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("--ignore-not-found"), "{}", run.stderr);
    let run = on(&simulator, "remove", &[&nobody[..], &["-o", "json"]].concat()).run().await.expect(3);
    assert_eq!(run.stdout, "[]\n");
    let reported: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(reported["ErrorId"], "NothingMatched");
    let run =
        on(&simulator, "remove", &[&nobody[..], &["--ignore-not-found"]].concat()).run().await.expect(0);
    assert_eq!(run.stderr, NOT_OWNED);
    let silent = [&nobody[..], &["--error-action", "silentlycontinue"]].concat();
    assert_eq!(on(&simulator, "remove", &silent).run().await.expect(3).stderr, "");
}

#[tokio::test]
async fn under_stop_it_says_that_nothing_was_closed_and_why() {
    let simulator = host(leaked()).await;
    let args = ["--name", "build-7,nobody", "--yes", "--error-action", "stop"];
    let run = on(&simulator, "remove", &args).run().await.expect(1);
    assert!(run.stderr.contains("nothing was closed, because"), "{}", run.stderr);
}

#[tokio::test]
async fn a_table_of_no_sessions_is_empty_and_a_csv_keeps_its_header() {
    let simulator = host(leaked()).await;
    let run = on(&simulator, "get", &["--owner", "nobody", "-o", "table"]).run().await.expect(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", NOT_OWNED));
    for verb in ["get", "remove"] {
        let full =
            on(&simulator, verb, &["--all", "-o", "csv", "--what-if"][..if verb == "get" { 3 } else { 4 }]);
        let full = full.run().await.expect(0).stdout;
        let none = on(&simulator, verb, &["--owner", "nobody", "-o", "csv"]).run().await.stdout;
        assert_eq!(none.lines().collect::<Vec<_>>(), [full.lines().next().unwrap()]);
    }
}

#[tokio::test]
async fn a_csv_says_the_same_as_the_json() {
    let mut world = leaked();
    world.shells_mut()[0].name = Some("a \"b\", c; 夜間 =1+1".to_owned());
    let simulator = host(world).await;
    let csv = on(&simulator, "get", &["-o", "csv"]).run().await.expect(0).stdout;
    let json = on(&simulator, "get", &["-o", "ndjson"]).run().await.expect(0).records();
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let header = rows.headers().unwrap().clone();
    for (row, object) in rows.records().map(Result::unwrap).zip(&json) {
        let object = object.as_object().unwrap();
        assert_eq!(header.iter().collect::<Vec<_>>(), object.keys().collect::<Vec<_>>());
        for (name, field) in header.iter().zip(&row).filter(|(name, _)| *name != "SeenAt") {
            let expected = match &object[name] {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Array(items) => {
                    items.iter().map(|item| item.as_str().unwrap()).collect::<Vec<_>>().join(" ")
                }
                number => number.to_string(),
            };
            assert_eq!(field, expected, "{name}");
        }
    }
}

#[tokio::test]
async fn a_list_has_each_property_on_its_own_line() {
    let simulator = host(leaked()).await;
    let list = on(&simulator, "get", &["-o", "list", "--name", "build-7"]).run().await.expect(0).stdout;
    for line in ["Name              : build-7", "ShellInactivity   : 3h", "ServerState       : Disconnected"]
    {
        assert!(list.lines().any(|shown| shown == line), "no {line:?} in\n{list}");
    }
    assert!(!list.contains("VMName"), "{list}");
}

#[tokio::test]
async fn a_closed_pipe_does_not_hide_how_the_run_ended() {
    let simulator = host(leaked()).await;
    simulator.world().lock().unwrap().inject_for(OperationKind::Delete, BUILD_7, 99, InjectedFault::Fault(5));
    for format in ["table", "csv", "ndjson"] {
        let mut child = on(&simulator, "remove", &["--name", "build-7", "--yes", "-o", format]).spawn();
        drop(child.stdout.take());
        let code = tokio::task::spawn_blocking(move || child.wait().unwrap().code()).await.unwrap();
        assert_eq!(code, Some(4), "{format}");
    }
    assert_eq!(left(&simulator).len(), 3);
}

#[tokio::test]
async fn a_deadline_that_passes_while_a_host_is_silent_is_told_and_is_exit_code_7() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let simulator = host(leaked()).await;
    let hosts = format!("{},{}", silent.local_addr().unwrap(), simulator.address());
    for args in [&["get"][..], &["remove", "--owner", "nobody"]] {
        let args = [args, &["--on", &hosts, "--deadline", "1s"]].concat();
        let run = Pssession::new(args).login(&simulator).run().await.expect(7);
        let reported =
            format!("cannot list the sessions on {}: the deadline passed", silent.local_addr().unwrap());
        assert!(run.stderr.contains(&reported), "{}", run.stderr);
    }
}

#[tokio::test]
async fn a_refusal_is_told_first_and_the_hosts_after_it_in_one_sentence() {
    let simulators = [host(leaked()).await, host(leaked()).await, host(leaked()).await];
    let hosts = simulators.each_ref().map(|simulator| simulator.address().to_string()).join(",");
    let run =
        Pssession::new(["get", "--on", &hosts]).login(&simulators[0]).env("PSSESSION_PASSWORD", "wrong");
    let run = run.run().await.expect(5);
    assert_eq!(run.stderr.matches("error: ").count(), 2, "{}", run.stderr);
    assert!(run.stderr.starts_with("error: cannot list the sessions on "), "{}", run.stderr);
    assert!(run.stderr.contains("\n\nerror: 2 more hosts were skipped: "), "{}", run.stderr);
    assert_eq!(simulators.iter().map(|simulator| simulator.failed_logons()).sum::<u64>(), 1);
}

#[tokio::test]
async fn once_verbose_tells_each_step_and_colours_nothing_in_a_pipe() {
    let simulator = host(leaked()).await;
    let run = on(&simulator, "remove", &["--name", "build-7", "--yes", "-v"]).run().await.expect(0);
    for step in [
        "INFO listed host=",
        "sessions=3",
        "INFO planned sessions=1 hosts=1",
        "INFO concluded",
        "outcome=\"Closed\"",
    ] {
        assert!(run.stderr.contains(step), "no {step:?} in\n{}", run.stderr);
    }
    assert!(!run.stderr.contains("DEBUG") && !run.stderr.contains('\u{1b}'), "{}", run.stderr);
}

#[test]
fn errors_are_json_where_json_was_asked_for() {
    for args in [&["identify", "web 01", "-o", "json"][..], &["explain", "4242424242", "-o", "json"]] {
        let run = Pssession::new(args).run_blocking();
        let reported: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
        assert_eq!(reported["Schema"], "pssession.error/1", "{reported}");
        assert!(reported["Hint"].is_string(), "{reported}");
    }
}

#[tokio::test]
async fn a_connection_that_fails_names_its_port_and_no_empty_cause() {
    let run = Pssession::new(["get", "--on", NOBODY, "--user", "alice"]).env("PSSESSION_PASSWORD", "x");
    let run = run.run().await.expect(1);
    assert!(
        run.stderr.starts_with(&format!("error: cannot list the sessions on {NOBODY}\n")),
        "{}",
        run.stderr
    );
    assert_eq!(run.stderr.matches("because: ").count(), 2, "{}", run.stderr);
}

#[tokio::test]
async fn identify_says_what_an_offer_means_for_a_login() {
    for (offer, hint) in [
        ("Basic realm=\"WSMAN\"", "only Basic is offered"),
        ("Kerberos", "offers no scheme that this build can use"),
    ] {
        let server = MockServer::start().await;
        let refusal = ResponseTemplate::new(401).insert_header("WWW-Authenticate", offer);
        Mock::given(any()).respond_with(refusal).mount(&server).await;
        let run = Pssession::new(["identify", &server.address().to_string()]).run().await.expect(0);
        assert!(run.stderr.starts_with("\nhint: ") && run.stderr.contains(hint), "{offer}: {}", run.stderr);
        assert!(run.stdout.contains("Authentication  "), "{}", run.stdout);
    }
    let simulator = host(leaked()).await;
    let run = Pssession::new(["identify", &simulator.address().to_string()]).run().await.expect(0);
    assert_eq!(run.stderr, "");
}

#[tokio::test]
async fn identify_reads_an_http_status_that_says_what_is_the_matter() {
    for (status, advice) in
        [(302, "redirects"), (403, "rejects this client"), (407, "without the proxy"), (404, "under /wsman")]
    {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(status)).mount(&server).await;
        let run = Pssession::new(["identify", &server.address().to_string()]).run().await.expect(1);
        assert!(run.stderr.contains(advice), "{status}: {}", run.stderr);
    }
}
