//! Hand-made exchanges: the requests are reviewed snapshots, the answers become typed values.

use std::net::IpAddr;
use std::time::Duration;

use pssession::wsman::op::{
    DEFAULT_MAX_ELEMENTS, Delete, EnumerateCommands, EnumerateShells, Get, Page, Pull, Release, Signal,
    SignalCode, identify,
};
use pssession::wsman::{
    AnswerError, Command, CommandId, DEFAULT_MAX_ENVELOPE_SIZE, EnumerationContext, Fault, FaultCode, Header,
    MessageId, Operation, SessionId, Shell, ShellId, read_answer, uri, write_request,
};
use uuid::Uuid;

use crate::support::fixtures::{assert_snapshot, read};

const A: &str = "B6631D8E-65A0-49F2-9053-A1B156C95777";
const B: &str = "01AA3E43-9E21-424B-A7FC-BC16AA34F4CE";
const C: &str = "7D2F6A10-3B4C-4D5E-8F60-718293A4B5C6";
const COMMAND: &str = "2F0C1A5B-9D3E-4C57-8A16-6E3B7C90D412";
const LIST: EnumerateShells = EnumerateShells { optimize: true, max_elements: DEFAULT_MAX_ELEMENTS };

/// The `step`th exchange of a scenario: its request is the snapshot, its answer is read.
fn exchange<O: Operation>(scenario: &str, step: u8, operation: &O) -> Result<O::Reply, AnswerError> {
    let message_id = MessageId::new(Uuid::from_u128(u128::from(step)));
    let header = Header {
        to: "http://win01.example.com:5985/wsman",
        message_id,
        session_id: SessionId::new(Uuid::from_u128(0x5E55)),
        operation_timeout: Duration::from_secs(60),
        max_envelope_size: DEFAULT_MAX_ENVELOPE_SIZE,
    };
    let mut request = String::new();
    write_request(operation, &header, &mut request);
    assert_snapshot(&format!("exchanges/{scenario}/{step:02}-request.xml"), &request);
    read_answer(operation, message_id, &read(&format!("exchanges/{scenario}/{step:02}-response.xml")))
}

fn fault<O: Operation<Reply: std::fmt::Debug>>(scenario: &str, step: u8, operation: &O) -> Fault {
    match exchange(scenario, step, operation) {
        Err(AnswerError::Fault(fault)) => fault,
        other => panic!("{scenario} {step}: {other:?}"),
    }
}

fn ids(page: &Page<Shell>) -> Vec<&str> {
    page.items.iter().map(|shell| shell.shell_id.as_str()).collect()
}

fn pull(context: &EnumerationContext) -> Pull<'_, Shell> {
    Pull::new(context, DEFAULT_MAX_ELEMENTS, uri::SHELL_RESOURCE)
}

fn delete(shell_id: &ShellId) -> Delete<'_> {
    Delete { shell_id, resource_uri: uri::POWERSHELL_RESOURCE }
}

#[test]
fn a_listing_of_two_powershell_shells_is_read_field_by_field() {
    let page = exchange("list-two-shells", 1, &LIST).unwrap();
    assert_eq!((ids(&page), &page.next), (vec![A, B], &None));
    let second = &page.items[1];
    assert_eq!(second.resource_uri, uri::POWERSHELL_RESOURCE.into());
    assert_eq!(second.name.as_deref(), Some("Runspace1"));
    assert_eq!(second.owner.as_deref(), Some("WIN01\\Administrator"));
    assert_eq!(second.client_address(), "2001:db8::1".parse::<IpAddr>().ok());
    assert_eq!(second.process_id, Some(4060));
    assert_eq!(second.state.as_deref(), Some("Connected"));
    assert_eq!(second.idle_timeout, Some(Duration::from_secs(60)));
    assert_eq!(second.max_idle_timeout, Some(Duration::from_secs(43_200)));
    assert_eq!(second.shell_run_time, Some(Duration::from_secs(93_784)));
    assert_eq!(second.shell_inactivity, Some(Duration::from_secs(3)));
    assert_eq!(page.items[0].state.as_deref(), Some("Disconnected"));
    assert_eq!(page.items[0].max_idle_timeout, Some(Duration::from_millis(2_147_483_647)));
}

#[test]
fn a_cmd_shell_has_neither_state_nor_process() {
    let page = exchange("list-cmd-shell", 1, &LIST).unwrap();
    let shell = &page.items[0];
    assert_eq!(shell.resource_uri, uri::CMD_RESOURCE.into());
    assert_eq!((&shell.state, shell.process_id, &shell.name), (&None, None, &None));
    assert_eq!(shell.owner.as_deref(), Some("ops"));
}

#[test]
fn several_pages_are_pulled_each_with_the_last_context() {
    let first = exchange("list-pages", 1, &LIST).unwrap();
    let second = exchange("list-pages", 2, &pull(first.next.as_ref().unwrap())).unwrap();
    assert_ne!(first.next, second.next);
    let third = exchange("list-pages", 3, &pull(second.next.as_ref().unwrap())).unwrap();
    assert_eq!((ids(&first), ids(&second), ids(&third)), (vec![A], vec![B], vec![C]));
    assert_eq!(third.next, None);
}

#[test]
fn an_unoptimized_listing_begins_with_a_context_alone() {
    let list = EnumerateShells { optimize: false, ..LIST };
    let first = exchange("list-unoptimized", 1, &list).unwrap();
    assert!(first.items.is_empty());
    let second = exchange("list-unoptimized", 2, &pull(first.next.as_ref().unwrap())).unwrap();
    assert_eq!((ids(&second), &second.next), (vec![A, B], &None));
}

#[test]
fn a_listing_can_be_given_up() {
    let first = exchange("list-given-up", 1, &LIST).unwrap();
    let context = first.next.unwrap();
    let release = Release { context: &context, resource_uri: uri::SHELL_RESOURCE };
    assert_eq!(exchange("list-given-up", 2, &release), Ok(()));
}

#[test]
fn a_server_without_shells_lists_none() {
    let page = exchange("list-none", 1, &LIST).unwrap();
    assert_eq!(page, Page { items: vec![], undecodable: vec![], next: None });
}

#[test]
fn an_undecodable_shell_and_a_foreign_item_do_not_hide_the_others() {
    let page = exchange("list-with-an-undecodable-shell", 1, &LIST).unwrap();
    assert_eq!(ids(&page), [A, B]);
    let problems: Vec<_> =
        page.undecodable.iter().map(|problem| (problem.problem.as_str(), problem.path.as_str())).collect();
    let items = "/Envelope/Body/EnumerateResponse/Items";
    assert_eq!(
        problems,
        [
            ("missing element ShellId", format!("{items}/Shell").as_str()),
            ("an item that is not a Shell", format!("{items}/Widget").as_str()),
        ]
    );
}

#[test]
fn a_context_that_the_server_forgot_is_stale() {
    let first = exchange("list-stale-context", 1, &LIST).unwrap();
    let fault = fault("list-stale-context", 2, &pull(first.next.as_ref().unwrap()));
    assert!(fault.is_stale_context() && !fault.is_shell_gone() && !fault.is_retryable());
}

#[test]
fn the_commands_of_a_shell_are_listed() {
    let shell_id = ShellId::from_server(A);
    let list = EnumerateCommands { shell_id: &shell_id, max_elements: DEFAULT_MAX_ELEMENTS };
    let running = |id: &str, line: &str| Command {
        command_id: CommandId::from_server(id),
        command_line: line.to_owned(),
        state: Some("Running".to_owned()),
    };
    assert_eq!(exchange("commands-one", 1, &list).unwrap().items, [running(COMMAND, "")]);
    assert_eq!(
        exchange("commands-of-cmd", 1, &list).unwrap().items,
        [running(COMMAND, "ping -t \"a & b\""), running("3A0C1A5B-9D3E-4C57-8A16-6E3B7C90D413", "ver")]
    );
    let none = exchange("commands-none", 1, &list).unwrap();
    assert_eq!((none.items, none.next), (vec![], None));
}

#[test]
fn a_shell_that_is_gone_is_told_from_the_provider_fault_inside() {
    let shell_id = ShellId::from_server(A);
    let get = Get { shell_id: &shell_id };
    let shell = exchange("get-then-gone", 1, &get).unwrap();
    assert_eq!((shell.shell_id.as_str(), shell.name.as_deref()), (A, Some("build-7")));
    let fault = fault("get-then-gone", 2, &get);
    assert_eq!(fault.code, Some(FaultCode(2_150_858_843)));
    assert_eq!(fault.subcode.as_deref(), Some("InvalidSelectors"));
    assert_eq!(fault.detail.as_deref(), Some("UnexpectedSelectors"));
    assert_eq!(fault.provider.as_deref(), Some("Shell provider"));
    assert_eq!(fault.machine.as_deref(), Some("win01"));
    assert_eq!(fault.reason, "The shell was not found on the server.");
    assert!(fault.is_shell_gone());
}

#[test]
fn a_signal_and_a_delete_succeed_and_a_second_delete_finds_nothing() {
    let (shell_id, command_id) = (ShellId::from_server(A), CommandId::from_server(COMMAND));
    let signal = Signal {
        shell_id: &shell_id,
        resource_uri: uri::POWERSHELL_RESOURCE,
        command_id: &command_id,
        code: SignalCode::Terminate,
    };
    assert_eq!(exchange("signal-and-delete", 1, &signal), Ok(()));
    assert_eq!(exchange("signal-and-delete", 2, &delete(&shell_id)), Ok(()));
    assert!(fault("signal-and-delete", 3, &delete(&shell_id)).is_shell_gone());
    let disconnected = fault("signal-a-disconnected-shell", 1, &signal);
    assert!(disconnected.is_disconnected() && !disconnected.is_shell_gone());
}

#[test]
fn the_faults_of_a_delete_are_told_apart() {
    let shell_id = ShellId::from_server(A);
    let of = |scenario: &str| fault(scenario, 1, &delete(&shell_id));

    let denied = of("delete-denied");
    assert!(denied.is_access_denied() && !denied.is_logon_failure() && !denied.is_retryable());
    assert_eq!(denied.to_string(), "Access is denied (WSManFault 5, 0x00000005)");

    let hresult = of("delete-denied-as-hresult");
    assert_eq!((hresult.code, &hresult.machine), (Some(FaultCode(5)), &None));
    assert_eq!(hresult.to_string(), denied.to_string());

    let timeout = of("delete-timed-out");
    assert!(timeout.is_timeout() && !timeout.is_retryable() && !timeout.is_shell_gone());

    let aborted = of("delete-aborted");
    assert_eq!(aborted.code, Some(FaultCode(995)));
    assert!(aborted.is_shell_gone());

    let busy = of("delete-busy");
    assert!(busy.is_quota() && busy.is_retryable());
}

#[test]
fn a_refused_resource_uri_falls_back_to_the_generic_one() {
    let shell_id = ShellId::from_server(A);
    let refused = fault("delete-wrong-resource", 1, &delete(&shell_id));
    assert!(refused.is_wrong_resource() && !refused.is_shell_gone());
    let generic = Delete { shell_id: &shell_id, resource_uri: uri::SHELL_RESOURCE };
    assert_eq!(exchange("delete-wrong-resource", 2, &generic), Ok(()));
}

#[test]
fn a_full_shell_quota_comes_as_a_wmi_error() {
    let quota = fault("list-quota-as-wmi-error", 1, &LIST);
    assert_eq!(quota.code, Some(FaultCode(2_150_859_173)));
    assert!(quota.is_quota() && !quota.is_retryable());
    assert_eq!(
        quota.to_string(),
        "This user has 30 shells, and may have no more (WSManFault 2150859173, 0x803381A5)"
    );
}

#[test]
fn a_fault_without_a_code_is_known_by_its_subcode() {
    let fault = fault("omi-fault", 1, &LIST);
    assert_eq!((fault.code, fault.sender.as_str()), (None, "Receiver"));
    assert_eq!(fault.subcode.as_deref(), Some("InternalError"));
    assert_eq!(fault.to_string(), "A parameter of the instance name is missing (fault InternalError)");
}

#[test]
fn a_fault_may_lack_what_it_relates_to() {
    let fault = fault("fault-without-relates-to", 1, &LIST);
    assert_eq!(fault.code, Some(FaultCode(2_150_858_767)));
}

#[test]
fn a_shell_id_of_the_old_stack_is_sent_back_as_it_came() {
    let page = exchange("v1-stack", 1, &LIST).unwrap();
    let shell = &page.items[0];
    assert_eq!(shell.shell_id.as_str(), "uuid:67A74734-DD32-4F10-89DE-49A060483810");
    let delete = Delete { shell_id: &shell.shell_id, resource_uri: &shell.resource_uri };
    assert_eq!(exchange("v1-stack", 2, &delete), Ok(()));
}

#[test]
fn a_server_identifies_itself_also_in_the_wrong_namespace() {
    let of = |scenario: &str| {
        let mut request = String::new();
        identify::request(&mut request);
        assert_snapshot(&format!("exchanges/{scenario}/01-request.xml"), &request);
        identify::read(&read(&format!("exchanges/{scenario}/01-response.xml"))).unwrap()
    };
    let windows = of("identify");
    assert_eq!(windows.protocol_version, uri::WSMAN);
    assert_eq!(windows.product_vendor.as_deref(), Some("Microsoft Corporation"));
    assert_eq!(windows.product_version.as_deref(), Some("OS: 0.0.0 SP: 0.0 Stack: 3.0"));
    let omi = of("identify-omi");
    assert_eq!((omi.protocol_version.as_str(), omi.product_version), (uri::WSMAN, None));
}
