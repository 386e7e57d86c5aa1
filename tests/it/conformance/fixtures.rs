//! What `fixtures/exchanges` must hold: all of it conforms, and nothing that matters is missing.

use std::collections::{BTreeMap, BTreeSet};

use pssession::conformance::{Exchange, Scenario, Validation, Verdict, judge, scenarios};
use pssession::wsman::xml::{Document, Element};
use pssession::wsman::{FAULTS, Fault, FaultCode, uri};

use crate::support::fixtures::path;

fn every_scenario() -> Vec<Scenario> {
    let folders = scenarios(&path("exchanges")).unwrap();
    folders.into_iter().map(|folder| Scenario::open(folder).unwrap()).collect()
}

fn every_exchange() -> Vec<(String, Exchange)> {
    let mut found = Vec::new();
    for scenario in every_scenario() {
        let name = scenario.folder().file_name().unwrap().to_string_lossy().into_owned();
        found.extend(scenario.exchanges().map(|exchange| (name.clone(), exchange.unwrap())));
    }
    found
}

fn fault_of(exchange: &Exchange) -> Option<Fault> {
    let document = Document::parse_bytes(exchange.response.as_deref()?).ok()?;
    let body = document.root().child(uri::SOAP, "Body")?;
    body.child(uri::SOAP, "Fault").map(Fault::read)
}

/// The questions that the teardown asks of a fault.
fn answers(fault: &Fault) -> Vec<&'static str> {
    let questions = [
        ("gone", fault.is_shell_gone()),
        ("wrong resource", fault.is_wrong_resource()),
        ("timeout", fault.is_timeout()),
        ("quota", fault.is_quota()),
        ("access denied", fault.is_access_denied()),
        ("logon failure", fault.is_logon_failure()),
        ("retryable", fault.is_retryable()),
        ("stale context", fault.is_stale_context()),
        ("disconnected", fault.is_disconnected()),
        ("answer too large", fault.is_envelope_too_large()),
        ("size refused", fault.is_envelope_size_refused()),
        ("unreportable success", fault.is_unreportable_success()),
    ];
    questions.into_iter().filter(|(_, yes)| *yes).map(|(name, _)| name).collect()
}

fn bare(code: FaultCode) -> Fault {
    Fault {
        code: Some(code),
        sender: String::new(),
        subcode: None,
        detail: None,
        reason: String::new(),
        machine: None,
        provider: None,
    }
}

#[test]
fn every_exchange_conforms() {
    let exchanges = every_exchange();
    assert!(exchanges.len() > 200);
    for (name, exchange) in &exchanges {
        let judgement = judge(exchange, Validation::Valid);
        for check in &judgement.checks {
            assert_ne!(check.verdict, Verdict::Mismatch, "{name} {}: {}", exchange.number, check.detail);
        }
    }
}

#[test]
fn every_fault_that_the_teardown_reacts_to_is_there() {
    let shown: BTreeSet<u32> = every_exchange()
        .iter()
        .filter_map(|(_, exchange)| fault_of(exchange)?.code)
        .map(|code| code.normalized().0)
        .collect();
    let reacted_to = FAULTS.iter().filter(|row| !answers(&bare(row.code)).is_empty());
    let missing: Vec<_> =
        reacted_to.map(|row| row.code.normalized().0).filter(|code| !shown.contains(code)).collect();
    assert_eq!(missing, [0_u32; 0], "codes without an exchange");
    let words: BTreeSet<_> = every_exchange()
        .iter()
        .filter_map(|(_, exchange)| fault_of(exchange))
        .filter(|fault| fault.code.is_none())
        .flat_map(|fault| answers(&fault))
        .collect();
    for question in ["gone", "wrong resource", "timeout", "quota", "access denied", "unreportable success"] {
        assert!(words.contains(question), "no fault without a code answers {question:?}: {words:?}");
    }
}

#[test]
fn every_operation_is_there_with_an_answer_and_with_a_fault_where_it_has_one() {
    let mut operations: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for (_, exchange) in every_exchange() {
        let document = Document::parse(&exchange.request).unwrap();
        let header = document.root().child(uri::SOAP, "Header");
        let action =
            header.and_then(|header| header.child(uri::ADDRESSING, "Action")).map_or("", Element::text);
        let name = action.rsplit('/').next().unwrap().to_owned();
        let is_fault = fault_of(&exchange).is_some();
        operations.entry(name).or_default()[usize::from(is_fault)] += 1;
    }
    let expected = [
        "",
        "Command",
        "Connect",
        "Create",
        "Delete",
        "Disconnect",
        "Enumerate",
        "Get",
        "Pull",
        "Receive",
        "Reconnect",
        "Release",
        "Send",
        "Signal",
    ];
    assert_eq!(operations.keys().collect::<Vec<_>>(), expected);
    for name in expected {
        assert!(operations[name][0] > 0, "{name} is never answered");
    }
    for name in
        ["Command", "Connect", "Create", "Delete", "Disconnect", "Enumerate", "Get", "Pull", "Receive"]
    {
        assert!(operations[name][1] > 0, "{name} is never refused");
    }
}

#[test]
fn every_server_generation_is_there() {
    let servers: Vec<String> =
        every_scenario().iter().map(|scenario| scenario.header().server.clone()).collect();
    for generation in [
        "WinRM 1.1",
        "2008 R2",
        "2012 R2",
        "2016",
        "2019",
        "2022 and 2025",
        "PowerShell 7",
        "Exchange",
        "OMI",
        "openwsman",
    ] {
        assert!(servers.iter().any(|server| server.contains(generation)), "{generation}: {servers:?}");
    }
}

#[test]
fn what_is_marked_as_malformed_says_how() {
    for scenario in every_scenario() {
        for (number, said) in &scenario.header().exchanges {
            let is_reported = said.note.as_deref().is_some_and(|note| !note.is_empty());
            let at = scenario.folder().display();
            assert!(said.malformed.is_none() || is_reported, "{at}, exchange {number}");
        }
    }
}
