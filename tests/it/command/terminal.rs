//! On a real terminal: tables that fit, questions and their answers, Ctrl-C, the password prompt.

use pssession::simulator::{OperationKind, SimulatedShell};
use secrecy::ExposeSecret as _;

use super::{ALICE, BUILD_7, BUILD_8, host, leaked, left};
use crate::support::pty::{Pty, available};

const WIDE_NAME: &str = "5C1E7F0A-3D52-4C0B-9E11-6F2B8A7D4C30";

#[tokio::test]
async fn a_table_has_one_line_a_session_on_terminals_of_60_to_140_columns() {
    if !available() {
        return;
    }
    let mut world = leaked();
    world.add(SimulatedShell::powershell(
        WIDE_NAME,
        "夜間ビルド🚀",
        "CONTOSO\\ci-runner",
        "Microsoft.PowerShell",
    ));
    let simulator = host(world).await;
    let host = simulator.address().to_string();
    for columns in [60, 80, 100, 140] {
        let shown = Pty::on(&simulator, "get", &[]).columns(columns).answer(&[]).await.expect(0);
        let too_long = shown.screen.lines().find(|line| cells(line) > usize::from(columns));
        assert_eq!(too_long, None, "{}", shown.screen);
        assert_eq!(shown.screen.matches(&host).count(), 4, "no host is lost:\n{}", shown.screen);
        assert_eq!(shown.screen.lines().count(), 6, "one line a session:\n{}", shown.screen);
        assert!(shown.screen.lines().next().unwrap().contains("Idle"), "{}", shown.screen);
        shown.shows("4 sessions on 1 host: ci-runner 3, alice 1");
    }
    let shown = Pty::on(&simulator, "get", &[]).answer(&[]).await.expect(0);
    shown.shows("夜間ビルド🚀");
    // What is meant to be long is one line a session, too: the terminal may break it, we do not.
    let wide = Pty::on(&simulator, "get", &["-o", "wide"]).columns(60).answer(&[]).await.expect(0);
    assert_eq!(wide.screen.lines().count(), 6, "{}", wide.screen);
    wide.shows(&format!("  {WIDE_NAME}  "));
}

/// How many cells a line takes; the wide characters of this test take two.
fn cells(line: &str) -> usize {
    line.chars().map(|c| if "夜間ビルド🚀".contains(c) { 2 } else { 1 }).sum()
}

#[tokio::test]
async fn a_listing_that_finds_nothing_says_so_beside_stdout() {
    if !available() {
        return;
    }
    let simulator = host(leaked()).await;
    let nobody = ["--owner", "nobody"];
    let shown = Pty::on(&simulator, "get", &nobody).answer(&[]).await.expect(0);
    let owners = r"CONTOSO\ci-runner, CONTOSO\alice";
    assert_eq!(shown.screen, format!("no session matches; there are 3 on 1 host, owned by {owners}\n"));
    let shown = Pty::on(&simulator, "get", &nobody).and("2>/dev/null").answer(&[]).await.expect(0);
    assert_eq!(shown.screen, "");
}

#[tokio::test]
async fn the_guard_shows_the_plan_says_why_it_asks_and_takes_no_for_an_answer() {
    if !available() {
        return;
    }
    let simulator = host(leaked()).await;
    for (typed, code, remaining) in [("n\n", 0, 3), ("\n", 0, 3), ("\x04", 0, 3), ("y\n", 0, 1)] {
        let question = "Close 2 sessions on 1 host? [y/N] ";
        let ci = ["--owner", "*ci-runner"];
        let shown = Pty::on(&simulator, "remove", &ci).answer(&[(question, typed)]).await.expect(code);
        let plan = shown.screen.find("build-7").unwrap();
        let why = shown.screen.find("2 sessions are not yours (first owner CONTOSO\\ci-runner)").unwrap();
        assert!(plan < why && why < shown.screen.find(question).unwrap(), "{}", shown.screen);
        shown.shows("1 session with a running command.");
        assert_eq!(left(&simulator).len(), remaining, "{typed:?}");
        assert_eq!(
            shown.screen.contains("2 sessions on 1 host: 2 declined"),
            remaining == 3,
            "{}",
            shown.screen
        );
    }
}

#[tokio::test]
async fn the_question_and_its_plan_are_on_the_terminal_wherever_the_streams_go() {
    if !available() {
        return;
    }
    let simulator = host(leaked()).await;
    let shown = Pty::on(&simulator, "remove", &["--owner", "*ci-runner"])
        .and("</dev/null >/dev/null 2>/dev/null")
        .answer(&[("[y/N] ", "y\n")])
        .await
        .expect(0);
    shown.shows("build-7");
    assert_eq!(left(&simulator), [ALICE]);
}

#[tokio::test]
async fn a_question_breaks_between_words_on_a_narrow_terminal() {
    if !available() {
        return;
    }
    let simulator = host(leaked()).await;
    let run = Pty::on(&simulator, "remove", &["--owner", "*ci-runner"]).columns(60);
    let shown = run.answer(&[("[y/N] ", "n\n")]).await;
    shown.shows("Confirmation required: ");
    for line in shown.screen.lines() {
        assert!(line.chars().count() <= 60, "{line}");
    }
}

#[tokio::test]
async fn ctrl_c_at_a_question_ends_it_at_once_and_closes_nothing() {
    if !available() {
        return;
    }
    let simulator = host(leaked()).await;
    for (more, question) in [("--signal=auto", "[y/N] "), ("--confirm", "(default is \"Y\"): ")] {
        let args = ["--owner", "*ci-runner", more];
        Pty::on(&simulator, "remove", &args).answer(&[(question, "\x03")]).await.expect(130);
    }
    let confirmed = ["--owner", "*ci-runner", "--confirm"];
    let answers = [("(default is \"Y\"): ", "y\n"), ("(default is \"Y\"): ", "\x03")];
    Pty::on(&simulator, "remove", &confirmed).answer(&answers).await.expect(130);
    assert_eq!(left(&simulator), [BUILD_7, BUILD_8, ALICE]);
    assert_eq!(simulator.world().lock().unwrap().count(OperationKind::Delete), 0);
}

#[tokio::test]
async fn confirm_asks_for_each_session_and_all_answers_are_kept_to() {
    if !available() {
        return;
    }
    let ask = "(default is \"Y\"): ";
    let rows: &[(&[&str], usize, &[&str])] = &[
        (&["y\n", "n\n", "y\n"], 3, &[BUILD_8]),
        (&["\n", "l\n"], 2, &[BUILD_8, ALICE]),
        (&["?\n", "what\n", "No\n", "A\n"], 2, &[BUILD_7]),
        (&["n\n", "\x04"], 2, &[BUILD_7, BUILD_8, ALICE]),
    ];
    for &(typed, asked, remaining) in rows {
        let simulator = host(leaked()).await;
        let answers: Vec<_> = typed.iter().map(|typed| (ask, *typed)).collect();
        let shown = Pty::on(&simulator, "remove", &["--all", "--confirm"]).answer(&answers).await.expect(0);
        assert_eq!(left(&simulator), remaining, "{typed:?}:\n{}", shown.screen);
        assert_eq!(shown.screen.matches("Are you sure").count(), asked, "{}", shown.screen);
    }
}

#[tokio::test]
async fn inquire_asks_whether_to_go_on_without_what_is_missing() {
    if !available() {
        return;
    }
    let simulator = host(leaked()).await;
    let args = ["--name", "build-7,nobody", "--error-action", "inquire", "--yes"];
    let question = "Continue with the one session found? [y/N] ";
    let shown = Pty::on(&simulator, "remove", &args).answer(&[(question, "n\n")]).await.expect(1);
    shown.shows("nothing was closed");
    assert_eq!(left(&simulator).len(), 3);
    Pty::on(&simulator, "remove", &args).answer(&[(question, "y\n")]).await.expect(4);
    assert_eq!(left(&simulator), [BUILD_8, ALICE]);
    // Where nothing is left to go on with, nobody is asked.
    let args = ["--name", "nobody", "--error-action", "inquire"];
    Pty::on(&simulator, "remove", &args).answer(&[]).await.expect(1);
}

#[tokio::test]
async fn the_password_is_asked_once_for_the_user_it_names_and_is_not_shown() {
    if !available() {
        return;
    }
    let simulator = host(leaked()).await;
    let hosts = format!("{},localhost:{}", simulator.address(), simulator.port());
    let (user, password) = (simulator.user(), simulator.password());
    let typed = format!("{}\n", password.expose_secret());
    let question = format!("Password for {user}: ");
    let args = ["get", "--on", &hosts, "--user", &user, "-o", "name"];
    let shown = Pty::new(args).answer(&[(&question, &typed)]).await.expect(0);
    assert_eq!(shown.screen.matches(BUILD_7).count(), 2, "{}", shown.screen);
    assert_eq!(shown.screen.matches("Password for").count(), 1, "{}", shown.screen);
    assert!(!shown.screen.contains(password.expose_secret()), "{}", shown.screen);
}

#[tokio::test]
async fn a_password_that_is_not_typed_is_not_tried() {
    if !available() {
        return;
    }
    let simulator = host(leaked()).await;
    for (typed, code) in [("\n", 2), ("\x04", 2), ("\x03", 130)] {
        let (address, user) = (simulator.address().to_string(), simulator.user());
        let question = format!("Password for {user}: ");
        let shown = Pty::new(["get", "--on", &address, "--user", &user])
            .and("; code=$?; stty -a; exit $code")
            .answer(&[(&question, typed)])
            .await
            .expect(code);
        assert!(shown.screen.split_whitespace().any(|word| word == "echo"), "no echo:\n{}", shown.screen);
        assert_eq!(code == 2, shown.screen.contains(&format!("no password entered for {user}")));
    }
    assert_eq!(simulator.connections(), 0);
}

#[tokio::test]
async fn labels_are_painted_on_a_terminal_unless_that_is_unwanted() {
    if !available() {
        return;
    }
    let painted = Pty::new(["remove"]).env("NO_COLOR", "").answer(&[]).await.expect(2);
    painted.shows("\u{1b}[1;31merror:\u{1b}[0m no selector for the sessions to remove");
    for unwanted in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let pty = Pty::new(["remove"]).env("NO_COLOR", "").env(unwanted.0, unwanted.1);
        let plain = pty.answer(&[]).await.expect(2);
        assert!(!plain.screen.contains('\u{1b}'), "{}", plain.screen);
    }
}

/// A parent that reads single keys leaves the terminal so, and Enter is a carriage return there.
#[tokio::test]
async fn a_question_is_answered_on_a_terminal_that_was_left_in_another_mode() {
    if !available() {
        return;
    }
    let simulator = host(leaked()).await;
    let (address, user) = (simulator.address().to_string(), simulator.user());
    let password = simulator.password().expose_secret().to_owned();
    let (guard, each, secret) = ("[y/N] ", "(default is \"Y\"): ", format!("Password for {user}: "));
    for (more, question, typed, remaining) in [
        ("remove --owner '*ci-runner'", guard, "n\r", 3),
        ("remove --owner '*ci-runner'", guard, "y\r", 1),
        ("remove --confirm --all", each, "y\r", 0),
        ("get", &secret, &format!("{password}\r"), 0),
    ] {
        let program = env!("CARGO_BIN_EXE_pssession");
        let line = format!(
            "stty -icanon -icrnl -echo; {program} {more} --on {address} --user '{user}' 2>&1; stty -a"
        );
        let pty = Pty::running(["sh", "-c", &line]);
        let pty = if question == secret { pty } else { pty.env("PSSESSION_PASSWORD", &password) };
        let shown = pty.answer(&[(question, typed)]).await.expect(0);
        assert_eq!(left(&simulator).len(), remaining, "{}", shown.screen);
        assert!(!shown.screen.contains(&password), "{}", shown.screen);
        for mode in ["-icanon", "-icrnl", "-echo"] {
            assert!(shown.screen.split_whitespace().any(|word| word == mode), "{mode}:\n{}", shown.screen);
        }
    }
}
