//! Sections 2, 4 and 7 of the cmdlet's specification: errors as they are told, what an error leads to, and the exit code.

use std::time::Duration;

use pssession::Endpoint;
use pssession::session::SessionDescriptor;
use pssession::simulator::{InjectedFault, OperationKind};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::super::NOBODY;
use super::{ALICE, BUILD_7, BUILD_8, import, imported_fixture, left, said};
use crate::support::command::Run;
use crate::support::command_fixture::CommandFixture;
#[cfg(target_os = "linux")]
use crate::support::pty::{Pty, available};

const GUID: &str = "fc4e9dfa-f246-452d-9fa3-1adbdd64ae85";

/// Each line of stderr as an object.
fn objects(run: &Run) -> Vec<Value> {
    run.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// The four errors of section 2, as a person and as a program reads them.
#[tokio::test]
async fn the_four_misses_have_powershells_ids_category_and_target() {
    let fixture = imported_fixture().await;
    for (parameter, value, property, id) in [
        ("-Id", "77", "id", "RemoteRunspaceNotAvailableForSpecifiedSessionId"),
        ("-InstanceId", GUID, "instance id", "RemoteRunspaceNotAvailableForSpecifiedRunspaceId"),
        ("-Name", "nobody", "name", "RemoteRunspaceNotAvailableForSpecifiedName"),
        ("-ComputerName", "web9*", "computer name", "RemoteRunspaceNotAvailableForSpecifiedComputer"),
    ] {
        let message = format!("no session has the {property} \"{value}\"");
        let run = fixture.run(&["rsn", parameter, value, "-Verbose"]).await.expect(1);
        let class = "Microsoft.PowerShell.Commands.RemovePSSessionCommand";
        let expected = format!(
            "Remove-PSSession: {message}\n  FullyQualifiedErrorId: {id},{class}\n  Category: InvalidArgument, \
             TargetObject: {value}\n"
        );
        assert_eq!(run.stderr, expected);
        for format in ["json", "ndjson"] {
            let run = fixture.run(&["rsn", parameter, value, "--output", format]).await.expect(1);
            let error = &objects(&run)[0];
            assert_eq!(
                (
                    &error["Schema"],
                    &error["ErrorId"],
                    &error["Category"],
                    &error["Message"],
                    &error["Target"]
                ),
                (
                    &Value::from("pssession.error/1"),
                    &Value::from(id),
                    &Value::from("InvalidArgument"),
                    &Value::from(message.as_str()),
                    &Value::from(value)
                )
            );
        }
        if parameter != "-ComputerName" {
            let run = fixture.run(&["gsn", parameter, value, "-vb"]).await.expect(1);
            assert!(run.stderr.starts_with(&format!("Get-PSSession: {message}\n")), "{}", run.stderr);
            let id = format!("{id},Microsoft.PowerShell.Commands.GetPSSessionCommand");
            assert!(run.stderr.contains(&id), "{}", run.stderr);
        }
    }
}

#[tokio::test]
async fn a_removal_that_fails_is_an_error_and_stops_no_other() {
    let fixture = imported_fixture().await;
    let world = fixture.simulator.world();
    world.lock().unwrap().inject_for(OperationKind::Delete, BUILD_7, 99, InjectedFault::Fault(5));
    let run = fixture.run(&["rsn", "1,2", "-Confirm:$false", "-Verbose"]).await.expect(1);
    let reported: Vec<_> = said(&run).into_iter().filter(|line| !line.starts_with("VERBOSE")).collect();
    let target = format!("  Category: CloseError, TargetObject: {} {BUILD_7}", fixture.simulator.url());
    let expected = [
        "Remove-PSSession: could not remove session `build-7` on `Server01`: Failed: access is denied \
         (WSManFault 5, 0x00000005)",
        "  hint: use an administrator, or on a workgroup host set LocalAccountTokenFilterPolicy to 1; shells of \
         other users always require an administrator (`pssession explain 5`)",
        "  FullyQualifiedErrorId: Failed,Microsoft.PowerShell.Commands.RemovePSSessionCommand",
        &target,
    ];
    assert_eq!(reported, expected);
    assert_eq!(left(&fixture.simulator), [BUILD_7, ALICE]);
    fixture.run(&["gsn", "-Id", "1"]).await.expect(0);
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_powershells_error_for_each_session() {
    let fixture = imported_fixture().await;
    let elsewhere = |name: &'static str| {
        move |session: &mut SessionDescriptor| {
            let endpoint = Endpoint::parse(NOBODY, false).unwrap();
            (session.endpoint_url, session.port) = (endpoint.url().into(), endpoint.port());
            session.shell_mut().name = Some(name.into());
        }
    };
    import(&fixture, "44444444-65A0-49F2-9053-A1B156C95777", elsewhere("lost-1"));
    import(&fixture, "55555555-65A0-49F2-9053-A1B156C95777", elsewhere("lost-2"));
    let words = ["gsn", "-Name", "lost-*,build-7", "--output", "json"];
    let sessions = fixture.run(&words).await.expect(0).stdout;
    // --on says that a login may go there.
    let words = ["rsn", "-Session", "-", "-Confirm:$false", "--on", NOBODY];
    let run = fixture.command(&words).stdin(&sessions).run().await.expect(1);
    let reported = |name: &str| {
        format!(
            "Remove-PSSession: no connection to `Server01` for session `{name}`, so it was not removed and may still be \
             there: cannot connect to http://{NOBODY}/wsman: "
        )
    };
    for name in ["lost-1", "lost-2"] {
        assert_eq!(run.stderr.matches(&reported(name)).count(), 1, "{}", run.stderr);
    }
    assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE]);
    let words = [&words[..], &["--output", "json"]].concat();
    let run = fixture.command(&words).stdin(&sessions).run().await.expect(1);
    let ids: Vec<_> = objects(&run).iter().map(|error| error["ErrorId"].clone()).collect();
    let each = ids.iter().filter(|id| **id == "RemoveSessionCannotConnectToServer");
    assert_eq!(each.count(), 2, "{ids:?}");
    fixture.run(&["gsn", "-Name", "lost-*"]).await.expect(0);
}

#[tokio::test]
async fn what_cannot_be_bound_ends_with_2_and_sends_nothing() {
    let fixture = imported_fixture().await;
    for (words, reported) in [
        (&["rsn"][..], "the mandatory parameter"),
        (&["rsn", "-Id", "1", "-Name", "x"], "-Id and -Name cannot be used together"),
        (&["rsn", "-Id", "1", "-Confirm:"], "'-Confirm:$false'"),
        (&["rsn", "a.txt", "b.txt"], "no positional parameter takes \"b.txt\""),
        (&["rsn", "-Name", "[z-a]"], "[z-a]"),
        (&["rsn", "-Id", "1..", "-ErrorAction", "Ignore"], "cannot be converted"),
        (&["gsn", "-SessionOption", "x"], "is not supported"),
    ] {
        let run = fixture.run(words).await.expect(2);
        assert!(run.stderr.contains(reported), "{}", run.stderr);
        assert!(run.stderr.contains("hint:") && run.stderr.contains("nothing was sent"), "{}", run.stderr);
    }
    assert_eq!(fixture.simulator.connections(), 1);
}

/// "id, category and target" of an error that comes before anything is bound.
#[tokio::test]
async fn a_binding_error_tells_its_id_where_it_is_verbose_and_is_one_object_where_that_is_asked() {
    let fixture = CommandFixture::new().await;
    let run = fixture.run(&["rsn", "-Id", "x", "-Verbose"]).await.expect(2);
    let class = "Microsoft.PowerShell.Commands.RemovePSSessionCommand";
    let last: Vec<_> = said(&run).into_iter().rev().take(2).collect();
    assert_eq!(
        last,
        [
            "  Category: InvalidArgument, TargetObject: ",
            &format!("  FullyQualifiedErrorId: CannotConvertArgumentNoMessage,{class}")
        ]
    );
    for words in [&["rsn", "-i", "1", "--output=json"][..], &["rsn", "-i", "1", "--output", "ndjson", "-vb"]]
    {
        let run = fixture.run(words).await.expect(2);
        let errors = objects(&run);
        assert_eq!((errors.len(), &errors[0]["ErrorId"]), (1, &Value::from("AmbiguousParameter")));
    }
}

#[tokio::test]
async fn stop_ends_at_the_first_miss_and_removes_nothing() {
    let fixture = imported_fixture().await;
    for action in ["Stop", "1", "Inquire", "Inq"] {
        let run = fixture.run(&["rsn", "1,77,78", "-Confirm:$false", "-ErrorAction", action]).await.expect(1);
        assert_eq!(said(&run)[0], "Remove-PSSession: no session has the id \"77\"", "{action}");
        assert_eq!(left(&fixture.simulator).len(), 3, "{action}");
    }
    let run = fixture.run(&["rsn", "1,77,78", "-Confirm:$false", "-ea", "Stop"]).await.expect(1);
    assert_eq!(run.stderr.matches("Remove-PSSession:").count(), 1, "{}", run.stderr);
    let run = fixture.run(&["gsn", "-Name", "build-7,nobody", "-ea", "Stop"]).await.expect(1);
    assert_eq!((run.stdout.as_str(), said(&run).len()), ("", 1));
}

#[tokio::test]
async fn stop_starts_nothing_new_after_a_removal_that_failed() {
    let fixture = imported_fixture().await;
    let world = fixture.simulator.world();
    world.lock().unwrap().inject_for(OperationKind::Delete, BUILD_7, 99, InjectedFault::Fault(5));
    fixture.run(&["rsn", "1,2", "-Confirm:$false", "-ea", "Stop"]).await.expect(1);
    assert_eq!(left(&fixture.simulator).len(), 3);
}

#[tokio::test]
async fn the_other_error_actions_change_the_printing_alone() {
    for (action, lines) in [("Continue", 1), ("2", 1), ("SilentlyContinue", 0), ("Ignore", 0), ("4", 0)] {
        let fixture = imported_fixture().await;
        let run = fixture.run(&["rsn", "1,77", "-Confirm:$false", "-ea", action]).await.expect(1);
        assert_eq!(said(&run).len(), lines, "{action}: {}", run.stderr);
        assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE], "{action}");
        let run = fixture.run(&["gsn", "-Name", "build-8,nobody", "-ea", action]).await.expect(1);
        assert_eq!((run.records().len(), said(&run).len()), (1, lines), "{action}");
    }
}

#[tokio::test]
async fn no_error_action_silences_what_ends_the_command() {
    let fixture = imported_fixture().await;
    let run = fixture.run(&["rsn", "3", "-ea", "SilentlyContinue"]).await.expect(6);
    assert!(run.stderr.starts_with("Remove-PSSession: confirmation required"), "{}", run.stderr);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn inquire_asks_on_the_terminal() {
    if !available() {
        return;
    }
    let question = "Continue with the one session found? [y/N] ";
    for (typed, code, remaining) in [("n\n", 1, 3), ("y\n", 1, 2)] {
        let fixture = imported_fixture().await;
        let shown = Pty::new(["rsn", "1,77", "-Confirm:$false", "-ErrorAction", "Inquire"])
            .env("PSSESSION_STORE", fixture.table().to_str().unwrap())
            .env("PSSESSION_USER", &fixture.simulator.user())
            .env("PSSESSION_PASSWORD", fixture.simulator.password().expose_secret())
            .answer(&[(question, typed)])
            .await
            .expect(code);
        assert_eq!(left(&fixture.simulator).len(), remaining, "{}", shown.screen);
    }
    let fixture = imported_fixture().await;
    let words = ["gsn", "-Name", "build-7,nobody", "-ea", "Inquire", "--output", "name"];
    for (typed, listed) in [("n\n", 0), ("y\n", 1)] {
        let pty = Pty::new(words).env("PSSESSION_STORE", fixture.table().to_str().unwrap());
        let shown = pty.answer(&[(question, typed)]).await.expect(1);
        assert_eq!(shown.screen.matches(BUILD_7).count(), listed, "{}", shown.screen);
    }
}

/// What PowerShell has no code for keeps ours: 5, 6, 7, 8 (states.rs), 130; the others are 0, 1 and 2.
#[tokio::test]
async fn exit_codes_are_0_1_and_2_and_ours_where_powershell_has_none() {
    let fixture = imported_fixture().await;
    fixture.run(&["rsn", "-Name", "gone*"]).await.expect(0);
    fixture.run(&["rsn", "-VMName", "gone"]).await.expect(0);
    fixture.run(&["rsn", "-Name", "gone"]).await.expect(1);
    fixture.run(&["rsn", "-Nonsense"]).await.expect(2);
    fixture.run(&["rsn", "3"]).await.expect(6);
    let words = ["rsn", "1", "-Confirm:$false"];
    fixture.command(&words).env("PSSESSION_PASSWORD", "wrong").run().await.expect(5);
    let on = fixture.simulator.address().to_string();
    fixture.run(&["gsn", "-ComputerName", NOBODY]).await.expect(1);
    let slow = InjectedFault::Delay(Duration::from_secs(60));
    fixture.simulator.world().lock().unwrap().inject(OperationKind::Enumerate, 99, slow);
    let words = ["rsn", "-Name", "build-7", "-Confirm:$false", "--deadline", "1s", "--on", &on];
    fixture.run(&words).await.expect(7);
    assert_eq!(left(&fixture.simulator).len(), 3);
}
