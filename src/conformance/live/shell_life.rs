//! Shells that this run creates: what runs in them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::ask::{Ask, Facts};
use super::check::{LiveCheck, Needs};
use super::enumerate::listed_texts;
use super::envelope::{Envelope, OPTIMIZED, escaped, operation_timeout, shell_filter};
use super::seen::Seen;
use super::shells::in_shell;
use super::signal::signal;
use super::target::{Target, upper};
use super::verdict::{Next, Or, failed, judged, passed, reported, skipped};
use crate::conformance::section::{Section, section};
use crate::wsman::xml::Element;
use crate::wsman::{read_duration, uri};

const COMMAND: Section = section("MS-WSMV", "3.1.4.11", "Command");
const RECEIVE: Section = section("MS-WSMV", "3.1.4.14", "Receive");
const SIGNAL: Section = section("MS-WSMV", "3.1.4.12", "Signal");

pub(super) const CHECKS: &[LiveCheck] = &[
    LiveCheck::new(
        "shells/command",
        "a command can be run",
        COMMAND,
        "CommandResponse with a CommandId",
        Needs::Shells,
        command,
    ),
    LiveCheck::new(
        "shells/output",
        "the output of a command can be received",
        RECEIVE,
        "a Stream stdout with the text that the command echoes",
        Needs::Shells,
        output,
    ),
    LiveCheck::new(
        "shells/exit-code",
        "the exit code of a command is reported",
        section("MS-WSMV", "2.2.4.9", "CommandStateType"),
        "CommandState Done with ExitCode 7 for exit 7",
        Needs::Shells,
        exit_code,
    ),
    LiveCheck::new(
        "shells/input",
        "a command gets what is sent to it",
        section("MS-WSMV", "3.1.4.13", "Send"),
        "the text that was sent to the command more comes back on stdout",
        Needs::Shells,
        input,
    ),
    LiveCheck::new(
        "shells/receive-timeout",
        "Receive ends when its time is up",
        section("DSP0226", "6.1", "wsman:OperationTimeout"),
        "fault TimedOut for a command that says nothing",
        Needs::Shells,
        receive_timeout,
    ),
    LiveCheck::new(
        "shells/receive-no-command",
        "Receive without a command is refused in a command shell",
        section("MS-WSMV", "2.2.4.14", "DesiredStreamType"),
        "fault InvalidParameter",
        Needs::Shells,
        receive_no_command,
    ),
    LiveCheck::new(
        "shells/receive-unknown-command",
        "Receive of a command that is not there is refused",
        RECEIVE,
        "fault InvalidSelectors",
        Needs::Shells,
        receive_unknown_command,
    ),
    LiveCheck::new(
        "shells/command-listed",
        "a command that runs is listed",
        section("MS-WSMV", "3.1.4.8.2", "Remote Shells"),
        "an item with its CommandId",
        Needs::Shells,
        command_listed,
    ),
    LiveCheck::new(
        "shells/terminate",
        "a command can be terminated",
        SIGNAL,
        "SignalResponse, and InvalidSelectors for the command afterwards",
        Needs::Shells,
        terminate,
    ),
    LiveCheck::new(
        "shells/signal-unknown-command",
        "a signal to a command that is not there is refused",
        SIGNAL,
        "fault InvalidSelectors",
        Needs::Shells,
        signal_unknown_command,
    ),
    LiveCheck::new(
        "shells/signal-unknown-code",
        "an unknown signal is refused",
        section("MS-WSMV", "2.2.5.6", "SignalCodeEnumeration"),
        "a fault",
        Needs::Shells,
        signal_unknown_code,
    ),
    LiveCheck::new(
        "shells/receive-inactivity",
        "whether Receive counts as activity",
        section("MS-WSMV", "3.1.5.3", "Shell Idle Timeout Timer"),
        "open question: ShellInactivity after a Receive of 2 s without output",
        Needs::Shells,
        receive_inactivity,
    ),
];

/// A command that says nothing and waits for input.
pub(super) const QUIET: &str = "more";

/// The most Receives of one check.
const MAX_RECEIVES: usize = 10;

pub(super) fn run(facts: &Facts, target: &Target, line: &str) -> Envelope {
    let (command, arguments) = line.split_once(' ').unwrap_or((line, ""));
    let arguments = match arguments {
        "" => String::new(),
        arguments => format!("<rsp:Arguments>{}</rsp:Arguments>", escaped(arguments)),
    };
    let body = format!(
        r#"<rsp:CommandLine CommandId="{}"><rsp:Command>{command}</rsp:Command>{arguments}</rsp:CommandLine>"#,
        upper(facts.command_id)
    );
    Envelope::on(facts, uri::COMMAND, target).body(body)
}

fn receive(facts: &Facts, target: &Target, command_id: &str, limit: &str) -> Ask {
    let attribute = match command_id {
        "" => String::new(),
        id => format!(r#" CommandId="{}""#, escaped(id)),
    };
    let body =
        format!("<rsp:Receive><rsp:DesiredStream{attribute}>stdout stderr</rsp:DesiredStream></rsp:Receive>");
    let envelope =
        Envelope::on(facts, uri::RECEIVE, target).with("OperationTimeout", operation_timeout(limit));
    envelope.body(body).ask().within(Duration::from_secs(30))
}

/// Creates a shell and runs a command in it; then `rest` goes on.
pub(super) fn in_command(
    facts: &Facts,
    seen: &[Seen],
    line: &str,
    rest: impl FnOnce(&Target, &str, &[Seen]) -> Next,
) -> Next {
    in_shell(facts, seen, |target, after| {
        let [started, after @ ..] = after else { return run(facts, target, line).ask().next() };
        match started_id(started)? {
            Some(id) => rest(target, &id, after),
            None => skipped(format!("no command can be run here: {}", started.describe())),
        }
    })
}

fn started_id(seen: &Seen) -> Or<Option<String>> {
    if seen.fault_if_any()?.is_some() {
        return Or::Continue(None);
    }
    seen.body(|body| {
        let id = body.child(uri::SHELL, "CommandResponse")?.child(uri::SHELL, "CommandId")?;
        Some(id.text().to_owned()).filter(|id| !id.is_empty())
    })
}

/// What a command has said so far, and its exit code if it is done.
fn heard(received: &[Seen]) -> Or<(String, Option<String>)> {
    let (mut text, mut exit_code) = (Vec::new(), None);
    for seen in received {
        let (said, code) = seen.body(|body| {
            let response = body.child(uri::SHELL, "ReceiveResponse");
            let children: Vec<_> = response.into_iter().flat_map(Element::children).collect();
            let streams = children
                .iter()
                .filter(|one| one.local() == "Stream" && one.attribute("Name") == Some("stdout"));
            let said: Vec<u8> =
                streams.filter_map(|stream| BASE64.decode(stream.text()).ok()).flatten().collect();
            let done = children.iter().find(|one| {
                one.local() == "CommandState"
                    && one.attribute("State").is_some_and(|state| state.ends_with("/Done"))
            });
            let code =
                done.map(|done| done.child(uri::SHELL, "ExitCode").map_or("", Element::text).to_owned());
            (said, code)
        })?;
        text.extend(said);
        exit_code = exit_code.or(code);
    }
    Or::Continue((String::from_utf8_lossy(&text).into_owned(), exit_code))
}

/// Receives until the command is done; then `judge` hears its output and exit code.
fn to_the_end(
    facts: &Facts,
    target: &Target,
    command_id: &str,
    received: &[Seen],
    judge: impl FnOnce(&str, &str) -> Next,
) -> Next {
    match heard(received)? {
        (text, Some(code)) => judge(&text, &code),
        _ if received.len() >= MAX_RECEIVES => failed(format!("not done after {MAX_RECEIVES} Receives")),
        _ => receive(facts, target, command_id, "PT20S").next(),
    }
}

fn command(facts: &Facts, seen: &[Seen]) -> Next {
    in_shell(facts, seen, |target, after| {
        let [started, ..] = after else { return run(facts, target, "echo pssession").ask().next() };
        started.body(|_| ())?;
        match started_id(started)? {
            Some(_) => passed("a CommandId"),
            None => failed(format!("{} without a CommandId", started.describe())),
        }
    })
}

fn output(facts: &Facts, seen: &[Seen]) -> Next {
    let word = format!("pssession-{}", facts.command_id);
    in_command(facts, seen, &format!("echo {word}"), |target, id, received| {
        to_the_end(facts, target, id, received, |text, _| {
            judged(text.contains(&word), if text.contains(&word) { "the text" } else { "other output" })
        })
    })
}

fn exit_code(facts: &Facts, seen: &[Seen]) -> Next {
    in_command(facts, seen, "exit 7", |target, id, received| {
        to_the_end(facts, target, id, received, |_, code| judged(code == "7", format!("exit code {code}")))
    })
}

fn input(facts: &Facts, seen: &[Seen]) -> Next {
    let word = format!("pssession-{}", facts.command_id);
    in_command(facts, seen, QUIET, |target, id, after| {
        let [sent, received @ ..] = after else {
            let text = BASE64.encode(format!("{word}\r\n"));
            let body = format!(
                r#"<rsp:Send><rsp:Stream Name="stdin" CommandId="{}" End="true">{text}</rsp:Stream></rsp:Send>"#,
                escaped(id)
            );
            return Envelope::on(facts, uri::SEND, target).body(body).ask().next();
        };
        sent.body(|_| ())?;
        to_the_end(facts, target, id, received, |text, _| {
            judged(text.contains(&word), if text.contains(&word) { "the text" } else { "other output" })
        })
    })
}

fn receive_timeout(facts: &Facts, seen: &[Seen]) -> Next {
    in_command(facts, seen, QUIET, |target, id, after| {
        let [received, ..] = after else { return receive(facts, target, id, "PT1S").next() };
        received.is_fault_of(&["TimedOut"])
    })
}

fn receive_no_command(facts: &Facts, seen: &[Seen]) -> Next {
    in_shell(facts, seen, |target, after| {
        let [received, ..] = after else { return receive(facts, target, "", "PT1S").next() };
        received.is_fault_of(&["InvalidParameter"])
    })
}

fn receive_unknown_command(facts: &Facts, seen: &[Seen]) -> Next {
    in_shell(facts, seen, |target, after| {
        let [received, ..] = after else {
            return receive(facts, target, &upper(facts.command_id), "PT1S").next();
        };
        received.is_fault_of(&["InvalidSelectors"])
    })
}

fn command_listed(facts: &Facts, seen: &[Seen]) -> Next {
    in_command(facts, seen, QUIET, |target, id, after| {
        let [listing, ..] = after else {
            let filter = [OPTIMIZED, &shell_filter(target.shell_id())].concat();
            return Envelope::enumerate_of(facts, uri::COMMAND_RESOURCE, &filter).ask().next();
        };
        let ids = listed_texts(listing, "CommandId")?;
        let is_listed = ids.iter().any(|found| found.eq_ignore_ascii_case(id));
        judged(is_listed, if is_listed { "listed" } else { "not listed" })
    })
}

fn terminate(facts: &Facts, seen: &[Seen]) -> Next {
    in_command(facts, seen, QUIET, |target, id, after| match after {
        [] => signal(facts, target, id, uri::SIGNAL_TERMINATE).ask().next(),
        [signalled] => {
            signalled.body(|_| ())?;
            receive(facts, target, id, "PT1S").next()
        }
        [_, received, ..] => received.is_fault_of(&["InvalidSelectors"]),
    })
}

fn signal_unknown_command(facts: &Facts, seen: &[Seen]) -> Next {
    in_shell(facts, seen, |target, after| {
        let [signalled, ..] = after else {
            return signal(facts, target, &upper(facts.command_id), uri::SIGNAL_TERMINATE).ask().next();
        };
        signalled.is_fault_of(&["InvalidSelectors"])
    })
}

fn signal_unknown_code(facts: &Facts, seen: &[Seen]) -> Next {
    in_command(facts, seen, QUIET, |target, id, after| {
        let [signalled, ..] = after else {
            return signal(facts, target, id, "http://example.com/pssession/no-such-signal").ask().next();
        };
        signalled.fault()?;
        passed(signalled.describe())
    })
}

fn receive_inactivity(facts: &Facts, seen: &[Seen]) -> Next {
    in_command(facts, seen, QUIET, |target, id, after| match after {
        [] => receive(facts, target, id, "PT2S").next(),
        [_] => Envelope::get(facts, target).ask().next(),
        [received, got, ..] => {
            let shown = got.body(|body| {
                let inactivity = body.child_named("Shell")?.child_named("ShellInactivity")?;
                Some(inactivity.text().to_owned())
            })?;
            let waited = received.took.as_secs_f64();
            match shown.as_deref().map(|text| (text, read_duration(text))) {
                Some((text, Some(inactivity))) => reported(format!(
                    "{text} after a Receive of {waited:.1} s: {}",
                    if inactivity.as_secs_f64() + 1.0 > waited {
                        "it counts from the Receive's begin, or earlier"
                    } else {
                        "it counts from the Receive's end"
                    }
                )),
                _ => reported("no ShellInactivity"),
            }
        }
    })
}
