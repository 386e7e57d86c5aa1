//! The world without a network: every operation, every fault.

use std::time::Duration;

use pssession::simulator::{
    Account, Caller, Delivery, InjectedFault, OperationKind, Response, SimulatedShell, World,
};

use super::wire::*;

const ALICE: &str = "11111111-1111-4111-8111-111111111111";
const BOB: &str = "22222222-2222-4222-8222-222222222222";
const CMD: &str = "33333333-3333-4333-8333-333333333333";
const PIPELINE: &str = "AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA";
const CMD_RESOURCE: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd";
const TERMINATE: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/Terminate";
const CTRL_C: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/ctrl_c";

fn world() -> World {
    let mut world = World::new("sim01");
    world.add(
        SimulatedShell::powershell(ALICE, "Runspace1", "CONTOSO\\alice", "Microsoft.PowerShell")
            .running(PIPELINE, ""),
    );
    world.add(
        SimulatedShell::powershell(BOB, "Runspace2", "CONTOSO\\bob", "Microsoft.PowerShell").disconnected(),
    );
    world.add(SimulatedShell::cmd(CMD, "CONTOSO\\alice").running(PIPELINE, "ping -t localhost"));
    world
}

fn caller(account: Account) -> Caller {
    Caller { account: Some(account), connection: 1, sealed: true }
}

fn admin() -> Caller {
    caller(Account::administrator("CONTOSO\\admin"))
}

fn ask_as(world: &mut World, caller: &Caller, request: &str) -> (u16, String) {
    let response = world.handle(caller, request.as_bytes(), Duration::ZERO);
    (response.status, String::from_utf8(response.body).unwrap())
}

fn ask(world: &mut World, request: &str) -> (u16, String) {
    ask_as(world, &admin(), request)
}

#[track_caller]
fn assert_fault(answer: &(u16, String), code: u32, subcode: &str) {
    let (status, text) = answer;
    assert_eq!(*status, 500, "{text}");
    assert!(text.contains(&format!(r#"Code="{code}" Machine="sim01""#)), "{text}");
    assert!(text.contains(subcode), "{text}");
    assert!(text.contains("<s:Fault>"), "{text}");
}

#[test]
fn a_listing_has_every_shell_in_windows_order_of_fields() {
    let (status, text) = ask(&mut world(), &list());
    assert_eq!(status, 200);
    assert_eq!(text.matches("<rsp:Shell ").count(), 3);
    assert!(text.contains("<n:EnumerateResponse><n:EnumerationContext></n:EnumerationContext><w:Items>"));
    assert!(text.ends_with("</w:Items><w:EndOfSequence/></n:EnumerateResponse></s:Body></s:Envelope>"));
    assert!(text.contains(&format!("<a:RelatesTo>{MESSAGE_ID}</a:RelatesTo>")));
    let fields = ["ShellId", "Name", "ResourceUri", "Owner", "ClientIP", "ProcessId", "IdleTimeOut", "State"];
    let places: Vec<usize> =
        fields.iter().map(|field| text.find(&format!("<rsp:{field}>")).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn no_shells_means_no_items_element() {
    let (_, text) = ask(&mut World::new("sim01"), &list());
    assert!(text.contains("<n:EnumerationContext></n:EnumerationContext><w:EndOfSequence/>"), "{text}");
}

#[test]
fn a_user_sees_and_reaches_only_his_own_shells() {
    let mut world = world();
    let bob = caller(Account::user("CONTOSO\\bob"));
    let (_, text) = ask_as(&mut world, &bob, &list());
    assert_eq!(text.matches("<rsp:Shell ").count(), 1);
    assert!(text.contains(BOB));
    for request in [get(ALICE), delete(ALICE, POWERSHELL), list_commands(ALICE)] {
        assert_fault(&ask_as(&mut world, &bob, &request), 2150858843, "w:InvalidSelectors");
    }
    assert_eq!(world.shells().len(), 3);
}

#[test]
fn pages_follow_by_max_elements_with_the_wrappers_of_each_namespace() {
    let mut world = World::with_shells(5);
    let first = list().replace("32000", "2");
    let (_, text) = ask(&mut world, &first);
    assert_eq!(text.matches("<rsp:Shell ").count(), 2);
    assert!(!text.contains("EndOfSequence"));
    let context = element(&text, "n:EnumerationContext").to_owned();
    let (_, text) = ask(&mut world, &pull(&context, 2));
    assert!(text.contains("<n:PullResponse><n:EnumerationContext>"), "{text}");
    assert!(text.contains("</n:EnumerationContext><n:Items><rsp:Shell "), "{text}");
    let (_, text) = ask(&mut world, &pull(&context, 2));
    assert_eq!(text.matches("<rsp:Shell ").count(), 1);
    assert!(text.contains("</n:Items><n:EndOfSequence/></n:PullResponse>"), "{text}");
    let stale = ask(&mut world, &pull(&context, 2));
    assert!(stale.1.contains("2150858779") && stale.1.contains("n:InvalidEnumerationContext"));
}

#[test]
fn pages_never_exceed_the_callers_max_envelope_size() {
    let mut world = World::with_shells(40);
    let (_, mut text) = ask(&mut world, &list().replace("512000", "8192"));
    let mut seen = text.matches("<rsp:Shell ").count();
    let context = element(&text, "n:EnumerationContext").to_owned();
    while !text.contains("EndOfSequence") {
        assert!(text.len() <= 8192, "{}", text.len());
        let request = pull(&context, 32000).replace("512000", "8192");
        text = ask(&mut world, &request).1;
        seen += text.matches("<rsp:Shell ").count();
    }
    assert_eq!(seen, 40);
}

#[test]
fn an_envelope_too_small_for_one_shell_is_a_fault() {
    let mut world = World::new("sim01");
    world.add(SimulatedShell::powershell("A", &"n".repeat(9_000), "CONTOSO\\alice", "Microsoft.PowerShell"));
    let answer = ask(&mut world, &list().replace("512000", "8192"));
    assert_fault(&answer, 2150858824, "MaxEnvelopeSizeExceeded");
}

#[test]
fn a_plain_enumerate_has_only_a_context_and_everything_comes_by_pull() {
    let mut world = world();
    let plain = list().replace("<w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements>", "");
    let (_, text) = ask(&mut world, &plain);
    assert!(!text.contains("Items") && !text.contains("EndOfSequence"));
    let context = element(&text, "n:EnumerationContext").to_owned();
    let (_, text) = ask(&mut world, &pull(&context, 32000));
    assert_eq!(text.matches("<rsp:Shell ").count(), 3);
    assert!(text.contains("<n:EndOfSequence/>"));
}

#[test]
fn a_released_context_is_stale() {
    let mut world = world();
    let (_, text) = ask(&mut world, &list().replace("32000", "1"));
    let context = element(&text, "n:EnumerationContext").to_owned();
    let (status, text) = ask(&mut world, &release(&context));
    assert_eq!(status, 200);
    assert!(text.ends_with("<s:Body></s:Body></s:Envelope>"));
    assert!(ask(&mut world, &pull(&context, 1)).1.contains("2150858779"));
    assert!(ask(&mut world, &release(&context)).1.contains("2150858779"));
}

#[test]
fn a_pull_that_differs_from_its_enumerate_is_refused() {
    let mut world = world();
    let (_, text) = ask(&mut world, &list().replace("32000", "1"));
    let context = element(&text, "n:EnumerationContext").to_owned();
    assert_fault(&ask(&mut world, &pull(&context, 2)), 2150859181, "w:InvalidParameter");
    let smaller = pull(&context, 1).replace("512000", "153600");
    assert_fault(&ask(&mut world, &smaller), 2150859181, "w:InvalidParameter");
}

#[test]
fn commands_are_listed_by_a_filter_and_not_without_one() {
    let mut world = world();
    let (status, text) = ask(&mut world, &list_commands(ALICE));
    assert_eq!(status, 200);
    assert!(text.contains(&format!("<rsp:CommandId>{PIPELINE}</rsp:CommandId>")));
    assert!(text.contains("<rsp:CommandState>Running</rsp:CommandState>"));
    let (_, text) = ask(&mut world, &list_commands(BOB));
    assert!(!text.contains("Items") && text.contains("<w:EndOfSequence/>"));
    let bare = list().replace(&format!(">{SHELL}<"), &format!(">{SHELL}/Command<"));
    assert_fault(&ask(&mut world, &bare), 2150859200, "w:CannotProcessFilter");
    let references = list_commands(ALICE)
        .replace("<w:Filter", "<w:EnumerationMode>EnumerateEPR</w:EnumerationMode><w:Filter");
    assert_fault(&ask(&mut world, &references), 2150859201, "EnumerationMode");
}

#[test]
fn a_filter_on_shells_and_an_empty_body_are_refused() {
    let mut world = world();
    let filtered = list().replace("</n:Enumerate>", "<w:Filter>x</w:Filter></n:Enumerate>");
    assert_fault(&ask(&mut world, &filtered), 2150858776, "n:FilteringNotSupported");
    let empty = request(&format!("{ENUMERATION}/Enumerate"), SHELL, None, "");
    assert_fault(&ask(&mut world, &empty), 2150858817, "w:SchemaValidationError");
}

#[test]
fn get_gives_one_shell_and_a_nested_provider_fault_when_it_is_gone() {
    let mut world = world();
    let (status, text) = ask(&mut world, &get(&ALICE.to_lowercase()));
    assert_eq!(status, 200);
    assert!(text.contains("<s:Body><rsp:Shell "));
    world.shells_mut().clear();
    let answer = ask(&mut world, &get(ALICE));
    assert_fault(&answer, 2150858843, "faultDetail/UnexpectedSelectors");
    assert!(answer.1.contains(r#"<f:Message><f:ProviderFault provider="Shell provider" path="%systemroot%\system32\WsmSvc.dll"><f:WSManFault "#));
    assert!(answer.1.contains("<a:Action>http://schemas.dmtf.org/wbem/wsman/1/wsman/fault</a:Action>"));
}

#[test]
fn terminate_and_ctrl_c_release_a_command_and_crtl_c_only_stops_it() {
    for code in [TERMINATE, CTRL_C] {
        let mut world = world();
        let (status, text) = ask(&mut world, &signal(ALICE, POWERSHELL, PIPELINE, code));
        assert_eq!(status, 200);
        assert!(text.contains("<s:Body><rsp:SignalResponse/></s:Body>"));
        assert!(world.shells()[0].commands.is_empty());
        let again = ask(&mut world, &signal(ALICE, POWERSHELL, PIPELINE, code));
        assert_fault(&again, 2150858843, "w:InvalidSelectors");
        assert!(!again.1.contains("ProviderFault"), "{}", again.1);
    }
    let mut world = world();
    let stopped = ask(&mut world, &signal(ALICE, POWERSHELL, PIPELINE, "powershell/signal/crtl_c"));
    assert_eq!(stopped.0, 200);
    assert!(!world.shells()[0].commands[0].running);
    assert!(ask(&mut world, &list_commands(ALICE)).1.contains("<rsp:CommandState>Done<"));
}

#[test]
fn a_cmd_shell_needs_a_command_and_a_console_signal() {
    let mut world = world();
    let odd = ask(&mut world, &signal(CMD, CMD_RESOURCE, PIPELINE, "powershell/signal/crtl_c"));
    assert_fault(&odd, 87, "w:InvalidParameter");
    assert!(odd.1.contains(r#"provider="Shell cmd plugin""#));
    let whole =
        signal(CMD, CMD_RESOURCE, PIPELINE, TERMINATE).replace(&format!(r#" CommandId="{PIPELINE}""#), "");
    assert_fault(&ask(&mut world, &whole), 87, "w:InvalidParameter");
    let lower = TERMINATE.replace("Terminate", "terminate");
    assert_eq!(ask(&mut world, &signal(CMD, CMD_RESOURCE, PIPELINE, &lower)).0, 200);
}

#[test]
fn a_signal_to_a_disconnected_shell_is_refused_and_its_delete_is_not() {
    let mut world = world();
    let answer = ask(&mut world, &signal(BOB, POWERSHELL, PIPELINE, TERMINATE));
    assert_fault(&answer, 2150859204, "w:InvalidParameter");
    assert_eq!(ask(&mut world, &delete(BOB, POWERSHELL)).0, 200);
}

#[test]
fn delete_takes_the_shells_own_resource_and_the_generic_one() {
    for resource in [POWERSHELL, SHELL] {
        let mut world = world();
        let (status, text) = ask(&mut world, &delete(ALICE, resource));
        assert_eq!(status, 200);
        assert!(text.ends_with("<s:Body></s:Body></s:Envelope>"));
        assert!(world.shells().iter().all(|shell| shell.shell_id != ALICE));
        assert_fault(&ask(&mut world, &delete(ALICE, resource)), 2150858843, "w:InvalidSelectors");
    }
}

#[test]
fn delete_with_another_resource_deletes_nothing() {
    let mut world = world();
    assert_fault(&ask(&mut world, &delete(ALICE, CMD_RESOURCE)), 2150858843, "w:InvalidSelectors");
    let unknown = format!("{POWERSHELL}.Nowhere");
    let answer = ask(&mut world, &delete(ALICE, &unknown));
    assert_fault(&answer, 2150858811, "a:DestinationUnreachable");
    assert!(answer.1.contains("faultDetail/InvalidResourceURI"));
    assert_eq!(world.shells().len(), 3);
}

#[test]
fn an_unregistered_endpoint_leaves_the_generic_resource_as_the_way_to_its_shells() {
    let mut world = world();
    world.unregister(POWERSHELL);
    assert_fault(&ask(&mut world, &delete(ALICE, POWERSHELL)), 2150858811, "a:DestinationUnreachable");
    assert_eq!(ask(&mut world, &delete(ALICE, SHELL)).0, 200);
}

#[test]
fn a_delete_without_a_selector_is_refused() {
    let bare = request(&format!("{TRANSFER}/Delete"), POWERSHELL, None, "");
    assert_fault(&ask(&mut world(), &bare), 2150858842, "InsufficientSelectors");
}

#[test]
fn an_unknown_header_that_must_be_understood_is_refused_and_another_is_not() {
    let unknown = |value| {
        let header = format!(r#"<w:Novelty s:mustUnderstand="{value}"/><a:MessageID>"#);
        list().replace("<a:MessageID>", &header)
    };
    let answer = ask(&mut world(), &unknown("true"));
    assert_fault(&answer, 2150858768, "<s:Value>s:MustUnderstand</s:Value>");
    assert!(answer.1.contains("<a:Action>http://schemas.xmlsoap.org/ws/2004/08/addressing/fault<"));
    assert_eq!(ask(&mut world(), &unknown("false")).0, 200);
    let unqualified = unknown("true").replace("w:Novelty s:mustUnderstand", "w:Novelty mustUnderstand");
    assert_eq!(ask(&mut world(), &unqualified).0, 200);
}

#[test]
fn a_missing_header_is_refused() {
    for name in ["Action", "MessageID", "ResourceURI"] {
        let request = list().replace(&format!("{name}>"), &format!("{name}2>"));
        let request = request.replace(&format!("{name} s:mustUnderstand=\"true\""), &format!("{name}2"));
        let answer = ask(&mut world(), &request);
        assert_fault(&answer, 2150858769, "a:MessageInformationHeaderRequired");
    }
}

#[test]
fn a_negative_timeout_is_refused() {
    let answer = ask(&mut world(), &list().replace("PT60S", "PT-1S"));
    assert_fault(&answer, 2150858767, "a:InvalidMessageInformationHeader");
}

#[test]
fn what_is_no_envelope_is_a_bad_request() {
    for bytes in ["", "<", "<html/>", "\u{0}", "<!DOCTYPE x><x/>"] {
        assert_eq!(ask(&mut world(), bytes), (400, String::new()));
    }
}

#[test]
fn create_is_a_quota_fault_when_the_user_is_full() {
    let mut world = world();
    let create = request(&format!("{TRANSFER}/Create"), POWERSHELL, None, "<rsp:Shell/>");
    let alice = caller(Account::user("CONTOSO\\alice"));
    assert_fault(&ask_as(&mut world, &alice, &create), 2150858817, "w:SchemaValidationError");
    world.set_max_shells_per_user(2);
    assert!(world.is_full("CONTOSO\\alice"));
    assert!(!world.is_full("CONTOSO\\bob"));
    assert_fault(&ask_as(&mut world, &alice, &create), 2150859173, "w:QuotaLimit");
}

#[test]
fn identify_tells_its_version_only_to_a_caller_who_has_logged_in() {
    let mut world = world();
    let (status, text) = ask(&mut world, identify());
    assert_eq!(status, 200);
    assert_eq!(element(&text, "wsmid:ProductVersion"), "OS: 10.0.20348 SP: 0.0 Stack: 3.0");
    let nobody = Caller { account: None, connection: 1, sealed: false };
    let (_, text) = ask_as(&mut world, &nobody, identify());
    assert_eq!(element(&text, "wsmid:ProductVersion"), "OS: 0.0.0 SP: 0.0 Stack: 3.0");
    assert_eq!(ask_as(&mut world, &nobody, &list()).0, 401);
}

#[test]
fn the_log_says_what_was_asked_by_whom_and_how_it_ended() {
    let mut world = world();
    ask(&mut world, &signal(ALICE, POWERSHELL, PIPELINE, TERMINATE));
    ask(&mut world, &delete(ALICE, POWERSHELL));
    ask(&mut world, &delete(ALICE, POWERSHELL));
    let log: Vec<_> = world.log().cloned().collect();
    assert_eq!(log.len(), 3);
    assert_eq!(log[0].kind, OperationKind::Signal);
    assert_eq!(log[0].command_id.as_deref(), Some(PIPELINE));
    assert_eq!(log[1].shell_id.as_deref(), Some(ALICE));
    assert_eq!(log[1].resource_uri, POWERSHELL);
    assert_eq!(log[1].user.as_deref(), Some("CONTOSO\\admin"));
    assert_eq!(log[1].message_id.as_deref(), Some(MESSAGE_ID));
    assert!(log[1].sealed);
    assert_eq!((log[1].status, log[1].fault), (200, None));
    assert_eq!((log[2].status, log[2].fault), (500, Some(2150858843)));
    assert_eq!(world.count(OperationKind::Delete), 2);
}

#[test]
fn an_injected_fault_before_the_deed_leaves_the_shell_and_after_it_does_not() {
    let harmless = [
        InjectedFault::Fault(2150858815),
        InjectedFault::Status(503, b"<html>".to_vec()),
        InjectedFault::Drop,
        InjectedFault::Pretend,
        InjectedFault::ForgetLogin,
    ];
    for injected_fault in harmless {
        let mut world = world();
        world.inject(OperationKind::Delete, 1, injected_fault.clone());
        ask(&mut world, &delete(ALICE, POWERSHELL));
        assert_eq!(world.shells().len(), 3, "{injected_fault:?}");
    }
    let effective = [
        InjectedFault::FaultAfter(2150858793),
        InjectedFault::DropAfter,
        InjectedFault::Delay(Duration::from_secs(5)),
        InjectedFault::WrongRelatesTo,
        InjectedFault::Clear,
        InjectedFault::Truncate,
        InjectedFault::Replace("s:Body".to_owned(), "s:Bdy".to_owned()),
    ];
    for injected_fault in effective {
        let mut world = world();
        world.inject(OperationKind::Delete, 1, injected_fault.clone());
        ask(&mut world, &delete(ALICE, POWERSHELL));
        assert_eq!(world.shells().len(), 2, "{injected_fault:?}");
    }
}

#[test]
fn an_injected_fault_shapes_the_answer() {
    let mut world = world();
    let mut once = |injected_fault| -> Response {
        world.inject(OperationKind::Get, 1, injected_fault);
        world.handle(&admin(), get(ALICE).as_bytes(), Duration::ZERO)
    };
    assert_eq!(once(InjectedFault::Drop).delivery, Delivery::Closed);
    assert_eq!(once(InjectedFault::Clear).delivery, Delivery::InClear);
    assert_eq!(once(InjectedFault::Truncate).delivery, Delivery::Truncated);
    assert_eq!(once(InjectedFault::Delay(Duration::from_secs(5))).delay, Duration::from_secs(5));
    assert_eq!(once(InjectedFault::Status(503, Vec::new())).status, 503);
    let text = |response: Response| String::from_utf8(response.body).unwrap();
    assert!(!text(once(InjectedFault::WrongRelatesTo)).contains(MESSAGE_ID));
    let timed_out = text(once(InjectedFault::FaultAfter(2150858793)));
    assert!(timed_out.contains("<s:Value>s:Receiver</s:Value>") && timed_out.contains("w:TimedOut"));
    assert!(!timed_out.contains("FaultDetail"));
}

#[test]
fn a_fault_for_one_shell_spares_the_others() {
    let mut world = world();
    world.inject_for(OperationKind::Delete, ALICE, usize::MAX, InjectedFault::Fault(5));
    assert_eq!(ask(&mut world, &delete(BOB, POWERSHELL)).0, 200);
    assert_fault(&ask(&mut world, &delete(ALICE, POWERSHELL)), 5, "w:AccessDenied");
    world.clear_faults();
    assert_eq!(ask(&mut world, &delete(ALICE, POWERSHELL)).0, 200);
}

#[test]
fn an_undecodable_shell_is_listed_without_its_id() {
    let mut world = world();
    world.shells_mut()[0].undecodable = true;
    let (_, text) = ask(&mut world, &list());
    assert_eq!(text.matches("<rsp:Shell ").count(), 3);
    assert_eq!(text.matches("<rsp:ShellId>").count(), 2);
}

#[test]
fn a_restart_of_the_service_takes_its_shells_and_listings_along() {
    let mut world = world();
    let (_, text) = ask(&mut world, &list().replace("32000", "1"));
    let context = element(&text, "n:EnumerationContext").to_owned();
    world.restart();
    assert_fault(&ask(&mut world, &pull(&context, 1)), 2150858779, "n:InvalidEnumerationContext");
    assert!(!ask(&mut world, &list()).1.contains("rsp:Shell"));
}
