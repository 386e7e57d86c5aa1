//! What the user of the command sees in trouble: whole runs, accepted one by one in `fixtures/trouble.txt`.

use std::sync::Arc;

use crate::support::command::Pssession;
use crate::support::fixtures::assert_snapshot;
use crate::support::raw::{RawServer, Script};
use crate::teardown::ADMIN;
use crate::transport::tls::self_signed;

use super::auth_mode::AuthMode::{self, BasicTls, NtlmSealed, NtlmTls};
use super::host::Host;
use super::{Operation, cell, faults_of_table, in_words_of_linux};

/// As the runs name their host, and as the file does; both are of one length, so that tables stay straight.
const NAMES: [&str; 2] = ["localhost", "web01.lab"];

/// Troubles that need no patience, each with the operation that it strikes and the login.
const REPORTED: &[(Operation, &str, AuthMode)] = &[
    (Operation::Handshake, "connection refused from then on", BasicTls),
    (Operation::Handshake, "reset before it was done", NtlmTls),
    (Operation::Handshake, "401 for ever", BasicTls),
    (Operation::Handshake, "403", NtlmTls),
    (Operation::Handshake, "407 of a proxy", NtlmTls),
    (Operation::Handshake, "a redirect to another host", BasicTls),
    (Operation::Handshake, "a web page with status 200", BasicTls),
    (Operation::Handshake, "a challenge that drops sealing", NtlmSealed),
    (Operation::Handshake, "only Basic is offered", NtlmSealed),
    (Operation::Enumerate, "half an answer", BasicTls),
    (Operation::Enumerate, "an empty 200", BasicTls),
    (Operation::Enumerate, "500 without a body", NtlmTls),
    (Operation::Enumerate, "truncated XML", BasicTls),
    (Operation::Enumerate, "another message's RelatesTo", BasicTls),
    (Operation::Enumerate, "fault 5, access denied", NtlmTls),
    (Operation::Enumerate, "fault 2150859173, too many shells", NtlmTls),
    (Operation::Enumerate, "a Content-Length of 1 GB", BasicTls),
    (Operation::Enumerate, "10,000 headers", BasicTls),
    (Operation::Enumerate, "elements 100,000 deep", BasicTls),
    (Operation::Enumerate, "UTF-16", BasicTls),
    (Operation::Pull, "each item twice", NtlmTls),
    (Operation::Pull, "401 for ever", BasicTls),
    (Operation::Signal, "500 without a body", NtlmTls),
    (Operation::Delete, "401 for ever", BasicTls),
    (Operation::Delete, "403", NtlmTls),
    (Operation::Delete, "a redirect to another host", NtlmTls),
    (Operation::Delete, "fault 5, access denied", NtlmTls),
    (Operation::Delete, "fault 2150859173, too many shells", BasicTls),
    (Operation::Delete, "reset after it was done", NtlmTls),
    (Operation::Verify, "404", BasicTls),
    (Operation::Verify, "fault 5, access denied", NtlmTls),
    (Operation::Verify, "401 for ever", NtlmTls),
];

/// One run: what was typed, what came on both streams, and the exit code.
async fn tell(operation: Operation, name: &str, way: AuthMode) -> String {
    let fault_kind = faults_of_table().find(|fault_kind| fault_kind.name == name).unwrap();
    assert!(fault_kind.not_applicable(way, operation).is_none(), "{operation:?}, {name}");
    let host = Host::new(way, operation, fault_kind, cell::world());
    let identity = self_signed(NAMES[0]);
    let script: Script = {
        let host = Arc::clone(&host);
        Arc::new(move |seen| host.act(seen))
    };
    let server = RawServer::begin(way.is_tls().then_some(identity.acceptor), Arc::default(), script).await;
    let port = server.address.port();
    if matches!(fault_kind.deed, super::fault::Deed::Refused) {
        host.struck();
        drop(server);
        tokio::task::yield_now().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, identity.pem).unwrap();
    let on = format!("{}:{port}", NAMES[0]);
    let auth = if way == BasicTls { "basic" } else { "ntlm" };
    let mut args = vec!["remove", "--on", &on, "--name", "build", "--auth", auth, "--yes", "-o", "table"];
    if way.is_tls() {
        args.extend(["--tls", "--ca-file", ca.to_str().unwrap()]);
    }
    let run = Pssession::new(args).env("PSSESSION_USER", ADMIN).env("PSSESSION_PASSWORD", "hunter2");
    let run = run.run().await;
    assert!(host.has_struck(), "{operation:?}, {name}: {run:?}");
    let starts = |label: &str| run.stderr.lines().filter(|line| line.starts_with(label)).count();
    let errors = starts("error: ");
    assert!(run.code == 0 || errors == starts("hint: "), "no advice: {run:?}");
    assert!(errors <= 1 && run.stderr.is_ascii() && !run.stderr.contains("hunter2"), "{run:?}");
    let usual = if way.is_tls() { "5986" } else { "5985" };
    let elsewhere = super::wire::elsewhere().local_addr().unwrap().to_string();
    let show = |text: &str| {
        let text = in_words_of_linux(text).replace(NAMES[0], NAMES[1]).replace(&elsewhere, "web02.lab");
        without_our_ids(&text.replace(&format!(":{port}"), &format!(":{usual}")))
    };
    let mut reported = format!("# {operation:?}: {name} ({})\n", way.name());
    for (stream, text) in [("stdout", run.stdout), ("stderr", run.stderr)] {
        if !text.is_empty() {
            reported.push_str(&format!("{stream}:\n{}", show(&text)));
        }
    }
    format!("{reported}exit code {}\n\n", run.code)
}

/// A message's id is another one in each run.
fn without_our_ids(text: &str) -> String {
    let mark = "to message uuid:";
    text.split_once(mark).map_or_else(
        || text.to_owned(),
        |(before, rest)| format!("{before}{mark}...{}", rest.get(36..).unwrap_or_default()),
    )
}

#[tokio::test]
async fn what_the_user_is_told_in_trouble_is_one_error_with_its_cause_and_advice() {
    let mut reported = String::new();
    for (operation, name, way) in REPORTED {
        reported.push_str(&tell(*operation, name, *way).await);
    }
    assert_snapshot("trouble.txt", reported.trim_end());
}
