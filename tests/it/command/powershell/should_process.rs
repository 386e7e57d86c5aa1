//! Section 4 of the cmdlet's specification, ShouldProcess: -WhatIf, -Confirm, -Verbose.

use secrecy::ExposeSecret as _;

use super::{ALICE, BUILD_7, BUILD_8, imported_fixture, left, said};
use crate::support::command_fixture::CommandFixture;
use crate::support::pty::{Pty, available};

const CHOICES: &str = "[Y] Yes  [A] Yes to All  [N] No  [L] No to All  [?] Help (default is \"Y\"): ";

fn on_a_terminal(fixture: &CommandFixture, words: &[&str]) -> Pty {
    Pty::new(words)
        .env("PSSESSION_STORE", fixture.table().to_str().unwrap())
        .env("PSSESSION_USER", &fixture.simulator.user())
        .env("PSSESSION_PASSWORD", fixture.simulator.password().expose_secret())
}

#[tokio::test]
async fn what_if_wins_over_confirm_and_asks_nobody() {
    let fixture = imported_fixture().await;
    let sentence = format!(
        "What if: Performing the operation \"Remove\" on target \"Server01\".\n  build-7 {BUILD_7}, owner \
         CONTOSO\\ci-runner, Disconnected\n"
    );
    for words in [&["rsn", "1", "-WhatIf", "-Confirm"][..], &["rsn", "1", "-cf", "-wi", "-Verbose"]] {
        let run = fixture.run(words).await.expect(0);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (sentence.as_str(), ""), "{words:?}");
    }
    assert_eq!(fixture.simulator.connections(), 1, "nobody was asked");
}

#[tokio::test]
async fn what_if_still_tells_the_misses_and_stops_at_one_under_stop() {
    let fixture = imported_fixture().await;
    let run = fixture.run(&["rsn", "1,77", "-WhatIf"]).await.expect(1);
    assert_eq!(run.stdout.lines().count(), 2);
    let run = fixture.run(&["rsn", "1,77", "-WhatIf", "-ea", "Stop"]).await.expect(1);
    assert_eq!(run.stdout, "");
}

#[tokio::test]
async fn what_if_false_is_no_what_if() {
    let fixture = imported_fixture().await;
    let run = fixture.run(&["rsn", "1", "-WhatIf:$false", "-Confirm:$false"]).await.expect(0);
    assert_eq!(run.stdout, "");
    assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE]);
}

#[tokio::test]
async fn without_a_terminal_confirm_ends_with_6_before_anything_is_asked() {
    let fixture = imported_fixture().await;
    let on = fixture.simulator.address().to_string();
    for words in [&["rsn", "1", "-Confirm"][..], &["rsn", "-Name", "build-*", "-cf", "--on", &on]] {
        let run = fixture.run(words).await.expect(6);
        assert!(said(&run)[0].starts_with("Remove-PSSession: confirmation required"), "{}", run.stderr);
        assert!(run.stderr.contains("-WhatIf") && run.stderr.contains("'-Confirm:$false'"), "{}", run.stderr);
    }
    assert_eq!(fixture.simulator.connections(), 1, "nobody was asked");
    // Where nothing was found there is nothing to ask about.
    fixture.run(&["rsn", "77", "-Confirm"]).await.expect(1);
    fixture.run(&["rsn", "-Name", "gone*", "-Confirm"]).await.expect(0);
}

#[tokio::test]
async fn confirm_and_yes_exclude_each_other_however_they_are_said() {
    let fixture = imported_fixture().await;
    for words in [&["rsn", "1", "-Confirm", "--yes"][..], &["rsn", "1", "-Confirm:$false", "--confirm"]] {
        let run = fixture.run(words).await.expect(2);
        assert!(run.stderr.contains("cannot be used with"), "{}", run.stderr);
    }
    fixture.run(&["rsn", "1", "-Confirm:$false", "--yes"]).await.expect(0);
}

#[tokio::test]
async fn the_question_has_powershells_lines_and_one_that_tells_sessions_apart() {
    if !available() {
        return;
    }
    let fixture = imported_fixture().await;
    let words = ["rsn", "-Name", "build-7", "-Confirm"];
    let shown = on_a_terminal(&fixture, &words).answer(&[(CHOICES, "n\n")]).await.expect(0);
    let expected = format!(
        "Confirm\nAre you sure you want to perform this action?\n\
         Performing the operation \"Remove\" on target \"Server01\".\n\
         build-7 {BUILD_7}, owner CONTOSO\\ci-runner, Disconnected\n{CHOICES}"
    );
    shown.shows(&expected);
    assert_eq!(left(&fixture.simulator).len(), 3);
}

/// "hotkey or full label, any case, outer blanks ignored; empty answer = Yes; unknown = ask again; `?` prints the
/// help"; "remembered for the rest"; "end of input or Ctrl-C stops the command".
#[tokio::test]
async fn each_answer_does_what_its_label_says() {
    if !available() {
        return;
    }
    let rows: &[(&[&str], i32, &[&str])] = &[
        (&["y\n", "N\n"], 0, &[BUILD_8, ALICE]),
        (&["\n", "\n"], 0, &[ALICE]),
        (&[" yes TO all \n"], 0, &[ALICE]),
        (&["A\n"], 0, &[ALICE]),
        (&["l\n"], 0, &[BUILD_7, BUILD_8, ALICE]),
        (&["no to all\n"], 0, &[BUILD_7, BUILD_8, ALICE]),
        (&["s\n", "maybe\n", "?\n", "n\n", "Yes\n"], 0, &[BUILD_7, ALICE]),
        (&["\x04"], 0, &[BUILD_7, BUILD_8, ALICE]),
        (&["n\n", "\x04"], 0, &[BUILD_7, BUILD_8, ALICE]),
        (&["y\n", "\x03"], 130, &[BUILD_7, BUILD_8, ALICE]),
    ];
    for &(typed, code, remaining) in rows {
        let fixture = imported_fixture().await;
        let answers: Vec<_> = typed.iter().map(|typed| (CHOICES, *typed)).collect();
        let words = ["rsn", "-Name", "build-*", "-Confirm"];
        let shown = on_a_terminal(&fixture, &words).answer(&answers).await.expect(code);
        assert_eq!(left(&fixture.simulator), remaining, "{typed:?}:\n{}", shown.screen);
        assert_eq!(
            shown.screen.matches("Close this session.").count(),
            typed.iter().filter(|t| **t == "?\n").count()
        );
    }
}

#[tokio::test]
async fn the_terminal_is_asked_wherever_the_streams_go() {
    if !available() {
        return;
    }
    let fixture = imported_fixture().await;
    let words = ["rsn", "-Name", "build-7", "-Confirm"];
    let away = on_a_terminal(&fixture, &words).and("</dev/null >/dev/null 2>/dev/null");
    away.answer(&[(CHOICES, "y\n")]).await.expect(0).shows("Are you sure");
    assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE]);
}

/// "Verbose (when it does not prompt and -Verbose is on)"; the line that names the session is ours.
#[tokio::test]
async fn verbose_says_the_sentence_only_where_nobody_was_asked() {
    let sentence = "VERBOSE: Performing the operation \"Remove\" on target \"Server01\".";
    let fixture = imported_fixture().await;
    let run = fixture.run(&["rsn", "1", "-Verbose", "-Confirm:$false"]).await.expect(0);
    let identity = format!("VERBOSE: build-7 {BUILD_7}, owner CONTOSO\\ci-runner, Disconnected");
    assert_eq!(said(&run), [sentence, &identity]);
    let run = fixture.run(&["rsn", "2", "-Verbose:$false", "-Confirm:$false"]).await.expect(0);
    assert_eq!(said(&run), [""; 0]);
    if !available() {
        return;
    }
    let fixture = imported_fixture().await;
    let words = ["rsn", "1", "-Verbose", "-Confirm"];
    let shown = on_a_terminal(&fixture, &words).answer(&[(CHOICES, "y\n")]).await.expect(0);
    assert!(!shown.screen.contains("VERBOSE"), "{}", shown.screen);
    // The guard's question is another one; what it was answered No to is not performed.
    let words = ["rsn", "2..3", "-Verbose"];
    let shown = on_a_terminal(&fixture, &words).answer(&[("[y/N] ", "n\n")]).await.expect(0);
    assert!(!shown.screen.contains("VERBOSE"), "{}", shown.screen);
}

#[tokio::test]
async fn debug_tells_each_step_on_stderr() {
    let fixture = imported_fixture().await;
    let run = fixture.run(&["rsn", "1", "-Confirm:$false", "-Debug"]).await.expect(0);
    assert!(run.stderr.contains("DEBUG") && run.stdout.is_empty(), "{}", run.stderr);
}

/// What a shell leaves of `-WhatIf:$true` where `$true` is not set.
#[tokio::test]
async fn a_bare_colon_is_refused_with_the_hint_for_that_very_switch() {
    let fixture = imported_fixture().await;
    for (word, hint) in [
        ("-WhatIf:", "quote the argument, as in '-WhatIf:$true', or use -WhatIf alone"),
        ("-wi:", "as in '-WhatIf:$true'"),
        ("-Verbose:", "as in '-Verbose:$true'"),
        ("-Confirm:", "quote the argument, as in '-Confirm:$false'; the shell"),
    ] {
        let run = fixture.run(&["rsn", "1", word]).await.expect(2);
        assert!(run.stderr.contains(hint), "{word}: {}", run.stderr);
    }
    assert_eq!(left(&fixture.simulator).len(), 3);
}

#[tokio::test]
async fn get_on_a_fresh_machine_says_how_sessions_come_to_be() {
    if !available() {
        return;
    }
    let fixture = CommandFixture::new().await;
    for (verb, label) in [("Get-PSSession", "WARNING: "), ("get", "")] {
        let shown = on_a_terminal(&fixture, &[verb]).answer(&[]).await.expect(0);
        let said =
            format!("{label}no session is known yet; list those of a server with `pssession get HOST`");
        shown.shows(&said);
    }
    let run = fixture.run(&["Get-PSSession"]).await.expect(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
}
