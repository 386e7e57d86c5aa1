//! Good envelopes made bad in one place each. Each must be refused by the schema whose rule it breaks, in these words,
//! at this line.

mod answered;
mod sent;

use super::validator::Direction::{self, Request, Response};
use super::{Envelope, problems, requests, validator};
use crate::support::fixtures;

/// What is done to which envelope, and how it is refused.
#[derive(Clone, Copy)]
struct Mutant {
    /// The good envelope: a file of `fixtures/`, or one that [`good`] writes.
    of: &'static str,
    /// Each of the first is replaced by the second.
    change: (&'static str, &'static str),
    schema: &'static str,
    /// What the line of the problem begins with; empty where xmllint names none.
    line: &'static str,
    words: &'static str,
}

const fn mutant(
    of: &'static str,
    change: (&'static str, &'static str),
    schema: &'static str,
    line: &'static str,
    words: &'static str,
) -> Mutant {
    Mutant { of, change, schema, line, words }
}

/// The same, with what is cut out.
const fn cut(
    of: &'static str,
    text: &'static str,
    schema: &'static str,
    line: &'static str,
    words: &'static str,
) -> Mutant {
    mutant(of, (text, ""), schema, line, words)
}

const DELETE: &str = "envelopes/delete.request.xml";
const CREATE: &str = "create.request";
const SEND: &str = "send.request";
const COMMAND: &str = "command.request";
const DISCONNECT: &str = "disconnect.request";
const DELETED: &str = "envelopes/delete.response.xml";
const SHELL: &str = "envelopes/get.response.xml";
const BUSY: &str = "exchanges/delete-busy/01-response.xml";
const CREATED: &str = "create.response";
const RECEIVED: &str = "receive.response";

const AS_ITS_ACTION: &str = "Action, selectors and body do not go together";

/// All of them.
fn mutants() -> Vec<Mutant> {
    [sent::SENT, answered::ANSWERED].concat()
}

#[test]
fn each_mutant_is_refused_for_its_own_reason() {
    let Some(validator) = validator() else { return };
    let all = mutants();
    let mutants: Vec<_> = all.iter().map(envelope).collect();
    let mut wrong = Vec::new();
    for ((mutant, envelope), problems) in all.iter().zip(&mutants).zip(problems(&validator, &mutants)) {
        let text = String::from_utf8_lossy(&envelope.bytes);
        let line_of = |line: Option<u32>| {
            text.lines().nth(usize::try_from(line?).unwrap() - 1).map(|line| line.trim().to_owned())
        };
        let is_meant = problems.iter().any(|problem| {
            problem.schema == mutant.schema
                && problem.text.contains(mutant.words)
                && (mutant.line.is_empty()
                    || line_of(problem.line).is_some_and(|line| line.starts_with(mutant.line)))
        });
        if !is_meant {
            let reported: Vec<_> =
                problems.iter().map(|problem| format!("{problem} {:?}", line_of(problem.line))).collect();
            wrong.push(format!("{}: {:?}: {reported:#?}", mutant.of, mutant.change));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(mutants.len() > 60, "{}", mutants.len());
}

#[test]
fn the_envelopes_that_are_changed_are_good_ones() {
    let mut names: Vec<_> = mutants().iter().map(|mutant| mutant.of).collect();
    names.sort_unstable();
    names.dedup();
    let good = names.into_iter().map(|name| Envelope {
        name: name.to_owned(),
        from: from(name),
        bytes: by_lines(&good(name)).into(),
    });
    super::assert_valid(&good.collect::<Vec<_>>());
}

#[test]
fn what_the_documents_leave_open_is_no_mistake() {
    let open: [(&str, (&str, &str)); 9] = [
        (DELETE, ("s:mustUnderstand=\"true\"", "mustUnderstand=\"true\"")),
        (DELETE, ("s:mustUnderstand=\"true\"", "s:mustUnderstand=\"1\" s:role=\"urn:example\"")),
        (DELETE, ("</s:Header>", "<z:Mine xmlns:z=\"urn:z\"><z:Own/></z:Mine></s:Header>")),
        (DELETE, ("</s:Header>", "<p:New>1</p:New></s:Header>")),
        (DELETE, ("<a:MessageID>uuid:", "<a:MessageID>urn:uuid:")),
        (DELETE, ("<w:Selector ", "<w:Selector Name=\"Other\">1</w:Selector><w:Selector ")),
        (SHELL, ("</rsp:Shell>", "<z:New xmlns:z=\"urn:z\"/></rsp:Shell>")),
        (BUSY, ("a:RelatesTo>", "z:RelatesTo>")),
        (BUSY, ("<s:Detail>", "<s:Detail><z:More xmlns:z=\"urn:z\"/>")),
    ];
    let changed = open.map(|(name, change)| {
        let text = changed(name, change).replace("<z:RelatesTo>", "<z:RelatesTo xmlns:z=\"urn:z\">");
        Envelope { name: format!("{name}: {change:?}"), from: from(name), bytes: text.into() }
    });
    super::assert_valid(&changed);
}

fn envelope(mutant: &Mutant) -> Envelope {
    let bytes = by_lines(&changed(mutant.of, mutant.change)).into();
    Envelope { name: mutant.of.to_owned(), from: from(mutant.of), bytes }
}

fn changed(name: &str, (good_text, bad_text): (&str, &str)) -> String {
    let good = good(name);
    assert!(good.contains(good_text), "{name} has no {good_text}");
    good.replace(good_text, bad_text)
}

/// One tag a line, so that a line number tells which.
fn by_lines(text: &str) -> String {
    text.replace("><", ">\n<")
}

fn from(name: &str) -> Direction {
    if name.contains("request") { Request } else { Response }
}

/// A fixture, or a good envelope that is none.
fn good(name: &str) -> String {
    const SHELL_ID: &str = "44444444-4444-4444-8444-444444444444";
    const CREATED_BODY: &str = concat!(
        "<x:ResourceCreated><a:Address>http://win01.example.com:5985/wsman</a:Address><a:ReferenceParameters>",
        "<w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd</w:ResourceURI><w:SelectorSet>",
        r#"<w:Selector Name="ShellId">44444444-4444-4444-8444-444444444444</w:Selector></w:SelectorSet>"#,
        "</a:ReferenceParameters></x:ResourceCreated>",
    );
    const RECEIVED_BODY: &str = concat!(
        r#"<rsp:ReceiveResponse xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell">"#,
        r#"<rsp:Stream Name="stdout" CommandId="2F0C1A5B-9D3E-4C57-8A16-6E3B7C90D412">aGkNCg==</rsp:Stream>"#,
        r#"<rsp:Stream Name="stdout" CommandId="2F0C1A5B-9D3E-4C57-8A16-6E3B7C90D412" End="true"></rsp:Stream>"#,
        r#"<rsp:CommandState CommandId="2F0C1A5B-9D3E-4C57-8A16-6E3B7C90D412" "#,
        r#"State="http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done">"#,
        "<rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse>",
    );
    match name {
        CREATE => requests::create_cmd(),
        SEND => requests::send(SHELL_ID, requests::CMD),
        COMMAND => requests::command(SHELL_ID, requests::CMD),
        "connect.request" => requests::connect(SHELL_ID),
        DISCONNECT => requests::disconnect(SHELL_ID),
        CREATED => answer(&format!("{}/CreateResponse", requests::TRANSFER), CREATED_BODY),
        RECEIVED => answer(&format!("{}/ReceiveResponse", requests::SHELL), RECEIVED_BODY),
        file => String::from_utf8(fixtures::read(file)).unwrap().trim_end().to_owned(),
    }
}

/// The answer to a Delete, with another action and body.
fn answer(action: &str, body: &str) -> String {
    let envelope = good(DELETED).replace(&format!("{}/DeleteResponse", requests::TRANSFER), action);
    envelope.replace("<s:Body></s:Body>", &format!("<s:Body>{body}</s:Body>"))
}
