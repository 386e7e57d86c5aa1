//! Every recorded answer of a real server becomes a typed value, and says what it is known to say. The recordings
//! are not part of the project; where they are absent these tests say so and pass.

use std::time::Duration;

use pssession::wsman::op::{Delete, EnumerateCommands, EnumerateShells, Get, Page, Signal, SignalCode};
use pssession::wsman::xml::{Document, Element};
use pssession::wsman::{
    AnswerError, Command, CommandId, Fault, FaultCode, MessageId, Operation, Shell, ShellId, read_answer, uri,
};
use uuid::Uuid;

use crate::support::recordings::{Exchange, load};

/// What a recorded answer was read as.
enum Answer {
    Shells(Page<Shell>),
    Commands(Page<Command>),
    Shell(Box<Shell>),
    Created(Option<Box<Shell>>),
    Signalled,
    Deleted,
    Fault(Fault),
    /// An operation that is not ours: its name.
    Other(String),
}

/// File, and what its answers are in wire order.
const FILES: &[(&str, &str)] = &[
    (
        "test_client_copy_file_warning",
        "Create Receive Receive Command Send Receive Delete Create Command Receive Signal Delete",
    ),
    ("test_client_execute_cmd_environment", "Create Command Receive Signal Delete"),
    (
        "test_psrp_disconnect_runspaces",
        "Create Receive Receive Receive Disconnect Reconnect Disconnect Create Receive Receive Disconnect 2-shells \
         0-commands 0-commands Connect Receive Connect Receive Delete Delete",
    ),
    ("test_psrp_is_alive_invalid_selectors", "Create Receive Receive Shell 2150858843"),
    ("test_psrp_key_exchange_timeout", "Create Receive Receive Send Receive Delete"),
    (
        "test_psrp_multiple_invocations",
        "Create Receive Receive Command Receive Signal Command Receive Signal Delete",
    ),
    ("test_psrp_open_runspace", "Create Receive Receive Delete"),
    (
        "test_psrp_run_protocol_version_2.1",
        "Create-without-shell Receive Receive Command Send Receive Delete",
    ),
    (
        "test_psrp_with_jea_configuration",
        "Create Receive Receive Receive Command Receive Command Receive Delete",
    ),
    ("test_winrs_bad_cmd_id", "Create Command 2150858843 Signal Delete"),
    ("test_winrs_extra_opts", "Create Command Receive Signal Delete"),
    ("test_winrs_no_cmd_shell", "Create 2 Command Receive Signal Delete"),
    ("test_winrs_noprofile", "Create Command Receive Signal Delete"),
    ("test_winrs_operation_timeout", "Create Command Receive 2150858793 2150858793 Receive Signal Delete"),
    ("test_winrs_standard", "Create Command Receive Signal Delete"),
    ("test_wsman_update_envelope_size_500", "Get"),
];

#[test]
fn every_recorded_answer_is_read_as_what_it_is() {
    for (file, expected) in FILES {
        let Some(answers) = answers(file) else { return };
        let summary: Vec<_> = answers.iter().map(summary).collect();
        assert_eq!(summary.join(" "), *expected, "{file}");
    }
}

#[test]
fn every_recorded_shell_has_the_fields_that_its_server_gave() {
    const CMD: &str = uri::CMD_RESOURCE;
    const POWERSHELL: &str = uri::POWERSHELL_RESOURCE;
    const JEA: &str = "http://schemas.microsoft.com/powershell/JEARole";
    // File, shell, resource, owner, address, process, seconds of idle timeout.
    let rows = [
        (
            "test_client_copy_file_warning",
            "FA73644A",
            POWERSHELL,
            "SERVER2019\\vagrant",
            "192.168.56.1",
            3396,
            7200,
        ),
        ("test_client_copy_file_warning", "0A948F36", CMD, "SERVER2019\\vagrant", "192.168.56.1", 0, 7200),
        (
            "test_client_execute_cmd_environment",
            "02D4D656",
            CMD,
            "SERVER2016\\vagrant",
            "2001:db8::1",
            0,
            7200,
        ),
        (
            "test_psrp_disconnect_runspaces",
            "B6631D8E",
            POWERSHELL,
            "WIN-NNMU24VVKJ0\\vagrant",
            "10.0.2.2",
            2792,
            7200,
        ),
        (
            "test_psrp_disconnect_runspaces",
            "01AA3E43",
            POWERSHELL,
            "WIN-NNMU24VVKJ0\\vagrant",
            "10.0.2.2",
            4060,
            7200,
        ),
        (
            "test_psrp_is_alive_invalid_selectors",
            "6F1903CA",
            POWERSHELL,
            "vagrant",
            "fdc3:d46:8e06:cfa8:f075:80ff:fe33:2fc8",
            4384,
            60,
        ),
        (
            "test_psrp_key_exchange_timeout",
            "60629FA7",
            POWERSHELL,
            "WIN-NNMU24VVKJ0\\vagrant",
            "10.0.2.2",
            904,
            7200,
        ),
        (
            "test_psrp_multiple_invocations",
            "B2DDE5BA",
            POWERSHELL,
            "DOMAIN\\domain",
            "192.168.56.2",
            5316,
            7200,
        ),
        (
            "test_psrp_open_runspace",
            "76056A84",
            POWERSHELL,
            "WIN-NNMU24VVKJ0\\vagrant",
            "10.0.2.2",
            1868,
            7200,
        ),
        (
            "test_psrp_with_jea_configuration",
            "3C44D114",
            JEA,
            "WIN-NNMU24VVKJ0\\vagrant",
            "10.0.2.2",
            5068,
            7200,
        ),
        ("test_winrs_bad_cmd_id", "CCF84E0D", CMD, "vagrant", "192.168.56.1", 0, 7200),
        ("test_winrs_extra_opts", "CBA3E536", CMD, "vagrant", "192.168.56.1", 0, 60),
        ("test_winrs_no_cmd_shell", "F15E6BF4", CMD, "DOMAIN\\vagrant-domain", "192.168.56.1", 0, 7200),
        ("test_winrs_noprofile", "7A271A26", CMD, "vagrant", "192.168.56.1", 0, 7200),
        ("test_winrs_operation_timeout", "849551A1", CMD, "vagrant", "192.168.56.1", 0, 7200),
        ("test_winrs_standard", "4283CBDC", CMD, "vagrant", "192.168.56.1", 0, 7200),
    ];
    for (file, id, resource_uri, owner, client_ip, process_id, idle) in rows {
        let Some(answers) = answers(file) else { return };
        let mut shells = shells(&answers).filter(|shell| shell.shell_id.as_str().starts_with(id)).peekable();
        assert!(shells.peek().is_some(), "{file}: {id}");
        for shell in shells {
            let is_cmd = resource_uri == CMD;
            assert!(shell.shell_id.guid().is_some(), "{shell:?}");
            assert_eq!(shell.resource_uri, resource_uri.into(), "{shell:?}");
            assert_eq!(shell.owner.as_deref(), Some(owner), "{shell:?}");
            assert_eq!(shell.client_ip.as_deref(), Some(client_ip), "{shell:?}");
            assert!(shell.client_address().is_some(), "{shell:?}");
            assert_eq!(shell.process_id, (!is_cmd).then_some(process_id), "{shell:?}");
            assert_eq!(shell.idle_timeout, Some(Duration::from_secs(idle)), "{shell:?}");
            let unlimited = Duration::from_millis(2_147_483_647);
            assert_eq!(shell.max_idle_timeout, (!is_cmd).then_some(unlimited), "{shell:?}");
            assert!(shell.shell_run_time.is_some() && shell.shell_inactivity.is_some(), "{shell:?}");
            assert_eq!(shell.state.is_none(), is_cmd, "{shell:?}");
            assert_eq!(shell.name, None, "{shell:?}");
        }
    }
}

#[test]
fn the_recorded_listing_holds_two_disconnected_shells_and_is_complete() {
    let Some(answers) = answers("test_psrp_disconnect_runspaces") else { return };
    let listings: Vec<_> = answers
        .iter()
        .filter_map(|answer| match answer {
            Answer::Shells(page) => Some(page),
            _ => None,
        })
        .collect();
    let [page] = listings[..] else { panic!("{} listings", listings.len()) };
    assert!(page.undecodable.is_empty() && page.next.is_none());
    let facts: Vec<_> = page
        .items
        .iter()
        .map(|shell| (shell.shell_id.as_str(), shell.state.as_deref(), shell.shell_run_time))
        .collect();
    assert_eq!(
        facts,
        [
            ("B6631D8E-65A0-49F2-9053-A1B156C95777", Some("Disconnected"), Some(Duration::from_secs(9))),
            ("01AA3E43-9E21-424B-A7FC-BC16AA34F4CE", Some("Disconnected"), Some(Duration::ZERO)),
        ]
    );
}

#[test]
fn the_recorded_faults_answer_the_questions() {
    let faults_of = |file| Some(answers(file)?.into_iter().filter_map(into_fault).collect::<Vec<_>>());

    let Some(gone) = faults_of("test_psrp_is_alive_invalid_selectors") else { return };
    assert_eq!(gone[0].code, Some(FaultCode(2_150_858_843)));
    assert_eq!(gone[0].subcode.as_deref(), Some("InvalidSelectors"));
    assert_eq!(gone[0].detail.as_deref(), Some("UnexpectedSelectors"));
    assert_eq!(gone[0].provider.as_deref(), Some("Shell provider"));
    assert!(gone[0].is_shell_gone() && !gone[0].reason.is_empty());

    let Some(command) = faults_of("test_winrs_bad_cmd_id") else { return };
    assert!(command[0].is_shell_gone(), "{command:?}");
    assert_eq!(command[0].provider, None);

    let Some(timeouts) = faults_of("test_winrs_operation_timeout") else { return };
    assert_eq!(timeouts.len(), 2);
    for timeout in timeouts {
        assert!(timeout.is_timeout() && !timeout.is_shell_gone() && !timeout.is_retryable(), "{timeout:?}");
        assert_eq!((timeout.sender.as_str(), timeout.detail), ("Receiver", None));
    }

    let Some(missing) = faults_of("test_winrs_no_cmd_shell") else { return };
    assert_eq!(missing[0].code, Some(FaultCode(2)), "0x80070002 is Win32's 2");
    assert_eq!(missing[0].subcode.as_deref(), Some("InternalError"));
    assert!(missing[0].provider.is_some() && !missing[0].is_shell_gone());
}

/// Reads all answers of a recording; `None` where it is absent.
fn answers(file: &str) -> Option<Vec<Answer>> {
    Some(load(file)?.iter().map(|exchange| read(file, exchange)).collect())
}

/// Reads one answer with the operation that its request was.
fn read(file: &str, exchange: &Exchange) -> Answer {
    let request = Document::parse(&exchange.request).unwrap();
    let header = request.root().require(uri::SOAP, "Header").unwrap();
    let text_of = |namespace, local| header.child(namespace, local).map(Element::text).unwrap_or_default();
    let action = text_of(uri::ADDRESSING, "Action");
    let message_id = text_of(uri::ADDRESSING, "MessageID").trim_start_matches("uuid:");
    let message_id = MessageId::new(Uuid::parse_str(message_id).unwrap());
    let answer = exchange.response.as_ref().unwrap().as_bytes();
    let (shell_id, command_id) = (ShellId::from_server("unread"), CommandId::from_server("unread"));
    let (shell_id, resource_uri) = (&shell_id, text_of(uri::WSMAN, "ResourceURI"));

    let answer = if action == uri::DELETE.request {
        typed(&Delete { shell_id, resource_uri }, message_id, answer, |()| Answer::Deleted)
    } else if action == uri::SIGNAL.request {
        let signal = Signal { shell_id, resource_uri, command_id: &command_id, code: SignalCode::Terminate };
        typed(&signal, message_id, answer, |()| Answer::Signalled)
    } else if action == uri::GET.request && resource_uri == uri::SHELL_RESOURCE {
        typed(&Get { shell_id }, message_id, answer, |shell| Answer::Shell(shell.into()))
    } else if action == uri::ENUMERATE.request && resource_uri == uri::SHELL_RESOURCE {
        let list = EnumerateShells { optimize: true, max_elements: 32_000 };
        typed(&list, message_id, answer, Answer::Shells)
    } else if action == uri::ENUMERATE.request && resource_uri == uri::COMMAND_RESOURCE {
        typed(&EnumerateCommands { shell_id, max_elements: 32_000 }, message_id, answer, Answer::Commands)
    } else {
        read_other(action, message_id, answer)
    };
    let is_fault = matches!(answer, Answer::Fault(_));
    assert_eq!(exchange.status == 500, is_fault, "{file}: {}", summary(&answer));
    answer
}

fn typed<O: Operation>(
    operation: &O,
    message_id: MessageId,
    answer: &[u8],
    wrap: impl FnOnce(O::Reply) -> Answer,
) -> Answer {
    match read_answer(operation, message_id, answer) {
        Ok(reply) => wrap(reply),
        Err(AnswerError::Fault(fault)) => Answer::Fault(fault),
        Err(error) => panic!("{error}"),
    }
}

/// The answer to an operation that we do not have is still an envelope, related to its request.
fn read_other(action: &str, message_id: MessageId, answer: &[u8]) -> Answer {
    let document = Document::parse_bytes(answer).unwrap();
    let header = document.root().require(uri::SOAP, "Header").unwrap();
    let body = document.root().require(uri::SOAP, "Body").unwrap();
    let relates_to = header.require(uri::ADDRESSING, "RelatesTo").unwrap();
    assert!(relates_to.text().eq_ignore_ascii_case(&message_id.to_string()));
    if let Some(fault) = body.child(uri::SOAP, "Fault") {
        return Answer::Fault(Fault::read(fault));
    }
    assert_eq!(header.require(uri::ADDRESSING, "Action").unwrap().text(), format!("{action}Response"));
    let name = action.rsplit('/').next().unwrap();
    if name == "Create" {
        let shell = body.child(uri::SHELL, "Shell");
        return Answer::Created(shell.map(|shell| Shell::read(shell).unwrap().into()));
    }
    Answer::Other(name.to_owned())
}

fn summary(answer: &Answer) -> String {
    match answer {
        Answer::Shells(page) => format!("{}-shells", page.items.len()),
        Answer::Commands(page) => format!("{}-commands", page.items.len()),
        Answer::Shell(_) => "Shell".to_owned(),
        Answer::Created(Some(_)) => "Create".to_owned(),
        Answer::Created(None) => "Create-without-shell".to_owned(),
        Answer::Signalled => "Signal".to_owned(),
        Answer::Deleted => "Delete".to_owned(),
        Answer::Fault(fault) => fault.code.map_or_else(|| fault.to_string(), |code| code.0.to_string()),
        Answer::Other(name) => name.clone(),
    }
}

fn shells(answers: &[Answer]) -> impl Iterator<Item = &Shell> {
    answers.iter().flat_map(|answer| match answer {
        Answer::Shells(page) => page.items.iter().collect(),
        Answer::Shell(shell) | Answer::Created(Some(shell)) => vec![&**shell],
        _ => Vec::new(),
    })
}

fn into_fault(answer: Answer) -> Option<Fault> {
    match answer {
        Answer::Fault(fault) => Some(fault),
        _ => None,
    }
}
