//! Sessions that come from a table or a file, not from a listing of this run.

use pssession::session::{SeenOn, SessionDescriptor, Transport};
use pssession::simulator::OperationKind;
use pssession::teardown::{Cancellation, Engine, Plan, Report, Survey};
use pssession::wsman::Shell;
use pssession::{Policy, ShellId};

use super::{ADMIN, Lab, OTHER, no_signals, ours, outcomes, theirs};

/// What an import knows of a session on the first host: its id.
fn bare(id: &str) -> SessionDescriptor {
    let seen_on = SeenOn { host: "web01.lab", url: "http://web01.lab:5985/wsman", port: 5985 };
    let shell = Shell::new(ShellId::from_server(id), "");
    SessionDescriptor::from_shell(shell, seen_on, "", std::time::SystemTime::UNIX_EPOCH)
}

async fn close(lab: &Lab, policy: Policy, sessions: Vec<SessionDescriptor>) -> Report {
    let survey = Survey::unlisted(lab.connectors());
    Engine::new(policy).run(Plan::new(sessions), survey, &Cancellation::new(), |_| {}).await
}

#[tokio::test(start_paused = true)]
async fn a_session_of_which_only_the_id_is_known_is_looked_at_and_closed_under_its_own_uri() {
    let lab = Lab::with([ours("A"), theirs("B")]);
    let report = close(&lab, no_signals(), vec![bare("a")]).await;
    assert_eq!(outcomes(&report), ["Closed"]);
    assert_eq!(lab.left(), ["B"]);
    assert_eq!(lab.asked(), ["Enumerate", "Delete A", "Enumerate"]);
    let world = lab.world();
    let delete = world.log().find(|entry| entry.kind == OperationKind::Delete).unwrap();
    assert!(delete.resource_uri.ends_with("/powershell/Microsoft.PowerShell"), "{}", delete.resource_uri);
    assert_eq!(report.records[0].session.shell.owner.as_deref(), Some(ADMIN));
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_otherwise_than_it_is_now_is_not_touched() {
    let lab = Lab::with([ours("A")]);
    let mut remembered = bare("A");
    remembered.shell.owner = Some(OTHER.to_owned());
    let report = close(&lab, no_signals(), vec![remembered]).await;
    assert_eq!(outcomes(&report), ["Failed(identity changed)"]);
    assert_eq!(lab.left(), ["A"]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_travel_over_ws_management_fails_and_hinders_nobody() {
    let lab = Lab::with([ours("A")]);
    let mut in_a_vm = bare("V");
    in_a_vm.transport = Transport::from_word("VMBus");
    in_a_vm.endpoint_url.clear();
    let report = close(&lab, no_signals(), vec![in_a_vm, bare("A")]).await;
    assert_eq!(outcomes(&report), ["Failed(transport VMBus is not WS-Management)", "Closed"]);
}
