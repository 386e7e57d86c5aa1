//! Sessions that come from a table or a file, not from a listing of this run.

use pssession::session::{Comparison, SeenOn, SessionDescriptor, Transport};
use pssession::simulator::{Account, InjectedFault, OperationKind};
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
    remembered.shell_mut().owner = Some(OTHER.into());
    let report = close(&lab, no_signals(), vec![remembered]).await;
    assert_eq!(outcomes(&report), ["Failed(identity changed)"]);
    assert_eq!(lab.left(), ["A"]);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_only_a_file_names_is_no_proof_that_the_session_would_be_seen() {
    let lab = Lab::of(vec![vec![theirs("A")]], &Account::user(ADMIN));
    let mut forged = bare("A");
    forged.shell_mut().owner = Some(ADMIN.into());
    let report = close(&lab, no_signals(), vec![forged.clone()]).await;
    assert_ne!(outcomes(&report), ["AlreadyGone"]);
    // What a listing has shown to be ours would be shown again.
    forged.shell_mut().shell_id = ShellId::from_server("B");
    forged.seen_by = "CONTOSO\\other-admin".into();
    let report = close(&lab, no_signals(), vec![forged]).await;
    assert_eq!(outcomes(&report), ["AlreadyGone"]);
    assert_eq!(lab.left(), ["A"]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_travel_over_ws_management_fails_and_hinders_nobody() {
    let lab = Lab::with([ours("A")]);
    let mut in_a_vm = bare("V");
    in_a_vm.transport = Transport::from_word("VMBus");
    in_a_vm.endpoint_url = "".into();
    let report = close(&lab, no_signals(), vec![in_a_vm, bare("A")]).await;
    assert_eq!(outcomes(&report), ["Failed(transport VMBus is not WS-Management)", "Closed"]);
}

#[tokio::test(start_paused = true)]
async fn a_listing_of_this_run_brings_remembered_sessions_up_to_date_and_vouches_for_them() {
    let lab = Lab::with([ours("A"), theirs("B")]);
    let engine = Engine::new(no_signals());
    let survey = engine.survey(lab.connectors(), &Cancellation::new()).await;
    let mut sessions = vec![bare("a"), bare("b"), bare("gone")];
    sessions[0].shell_mut().name = Some("mine".into());
    sessions[1].shell_mut().owner = Some("somebody else".into());
    survey.refresh(&mut sessions);
    assert_eq!((sessions[0].name(), sessions[0].ownership()), (Some("mine"), Comparison::Same));
    assert_eq!(sessions[1].shell.owner.as_deref(), Some("somebody else"));
    assert_eq!(sessions[2].seen_by, "".into());

    let report = engine.run(Plan::new(sessions), survey, &Cancellation::new(), |_| {}).await;
    assert_eq!(outcomes(&report), ["Closed", "Failed(identity changed)", "AlreadyGone"]);
    assert_eq!(lab.asked(), ["Enumerate", "Delete A", "Enumerate"]);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_could_not_be_reached_for_the_listing_is_not_tried_again() {
    let lab = Lab::with([ours("A")]);
    lab.world().inject(OperationKind::Login, 100, InjectedFault::Drop);
    let engine = Engine::new(no_signals());
    let survey = engine.survey(lab.connectors(), &Cancellation::new()).await;
    let logins = lab.asked().len();
    let report = engine.run(Plan::new([bare("A")]), survey, &Cancellation::new(), |_| {}).await;
    assert!(outcomes(&report)[0].starts_with("Failed("), "{:?}", outcomes(&report));
    assert_eq!(lab.asked().len(), logins);
}
