//! Section 4 of the cmdlet's specification, the table of states, as far as a table of our own has them: the server is
//! asked, whatever the row says, and nothing is connected to in order to be closed.

use pssession::session::{Availability, SessionState, Stated};
use pssession::simulator::{Account, OperationKind, Simulator, World};

use super::{ALICE, BUILD_7, BUILD_8, import, imported_fixture, left};
use crate::support::command_fixture::CommandFixture;

/// Not on the simulated host.
const GONE: &str = "33333333-65A0-49F2-9053-A1B156C95777";

const STATES: [Stated; 6] = [
    Stated { state: SessionState::Opened, availability: Availability::Available },
    Stated { state: SessionState::Opened, availability: Availability::Busy },
    Stated { state: SessionState::Disconnected, availability: Availability::None },
    Stated { state: SessionState::Disconnected, availability: Availability::Busy },
    Stated { state: SessionState::Closed, availability: Availability::None },
    Stated { state: SessionState::Broken, availability: Availability::None },
];

#[tokio::test]
async fn what_is_on_the_server_is_closed_whatever_its_row_says() {
    for stated in STATES {
        let fixture = CommandFixture::new().await;
        fixture.list().await;
        import(&fixture, BUILD_7, |session| session.stated = Some(stated));
        let words = ["rsn", "-InstanceId", BUILD_7, "-Confirm:$false", "--output", "ndjson"];
        let run = fixture.run(&words).await.expect(0);
        assert_eq!(run.records()[0]["Outcome"], "Closed", "{stated:?}");
        assert_eq!(left(&fixture.simulator), [BUILD_8, ALICE], "{stated:?}");
        fixture.run(&["gsn", "-InstanceId", BUILD_7]).await.expect(1);
    }
}

#[tokio::test]
async fn what_is_no_longer_there_is_already_gone_and_leaves_the_table_without_an_error() {
    for stated in STATES {
        let fixture = CommandFixture::new().await;
        fixture.list().await;
        import(&fixture, GONE, |session| session.stated = Some(stated));
        let words = ["rsn", "-InstanceId", GONE, "-Confirm:$false", "--output", "ndjson"];
        let run = fixture.run(&words).await.expect(0);
        assert_eq!(run.records()[0]["Outcome"], "AlreadyGone", "{stated:?}");
        assert_eq!(run.stderr, "", "{stated:?}");
        assert_eq!(left(&fixture.simulator).len(), 3, "{stated:?}");
        fixture.run(&["gsn", "-InstanceId", GONE]).await.expect(1);
    }
}

/// "Already disposed (second removal of the same object)"
#[tokio::test]
async fn a_second_removal_finds_no_row_and_an_object_of_it_is_already_gone() {
    let fixture = imported_fixture().await;
    let object = fixture.run(&["gsn", "-Name", "build-7", "--output", "json"]).await.expect(0).stdout;
    fixture.run(&["rsn", "-Name", "build-7", "-Confirm:$false"]).await.expect(0);
    fixture.run(&["rsn", "-Name", "build-7", "-Confirm:$false"]).await.expect(1);
    let words = ["rsn", "-Session", "-", "-Confirm:$false", "--output", "ndjson"];
    let run = fixture.command(&words).stdin(&object).run().await.expect(0);
    assert_eq!(run.records()[0]["Outcome"], "AlreadyGone");
}

/// Design, rule 2: absence proves nothing to an account that would not see the session if it were there.
#[tokio::test]
async fn whether_a_session_is_gone_that_cannot_be_seen_is_not_guessed() {
    let account = Account::user("LAB\\ada");
    let simulator = Simulator::builder().world(World::new("web01")).account(account, "geheim".into());
    let fixture = CommandFixture::of(simulator.start().await.unwrap());
    fixture.list().await;
    import(&fixture, GONE, |session| session.stated = Some(Stated::BROKEN));
    let run = fixture.run(&["rsn", "-InstanceId", GONE, "-Confirm:$false"]).await.expect(8);
    assert!(run.stderr.contains("Unknown: not visible to"), "{}", run.stderr);
    fixture.run(&["gsn", "-InstanceId", GONE]).await.expect(0);
}

/// "Opened, Busy: commands closed, then shell", and nothing else is sent.
#[tokio::test]
async fn a_running_command_is_signalled_and_nobody_connects() {
    let fixture = imported_fixture().await;
    fixture.run(&["rsn", "-Name", "build-8", "-Confirm:$false"]).await.expect(0);
    let world = fixture.simulator.world();
    let world = world.lock().unwrap();
    let sent: Vec<_> = world.log().map(|entry| entry.kind).collect();
    let first = |kind| sent.iter().position(|sent| *sent == kind).unwrap();
    assert!(first(OperationKind::Signal) < first(OperationKind::Delete), "{sent:?}");
    let known = [
        OperationKind::Enumerate,
        OperationKind::EnumerateCommands,
        OperationKind::Pull,
        OperationKind::Get,
        OperationKind::Signal,
        OperationKind::Delete,
    ];
    assert!(sent.iter().all(|kind| known.contains(kind)), "{sent:?}");
}
