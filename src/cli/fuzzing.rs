//! What must hold of the command's readers, whatever they read: called by the fuzz targets of `tests/fuzz`, and by tests with
//! their seeds and past findings. A function that returns has found nothing wrong.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use clap::CommandFactory as _;
use pssession::interchange::{self, SessionObject, SessionReference};
use pssession::request::{Inventory, InventoryHost, InventoryOverrides, VariableOwner};
use pssession::session::{SeenOn, SessionDescriptor};
use pssession::store::{Origin, Row, RowMetadata};
use pssession::transport::Endpoint;
use pssession::wsman::xml::Document;
use pssession::wsman::{Command, Shell, uri};

use super::args::Format;
use super::commands::Cli;
use super::config::check;
use super::powershell::{Binding, Cmdlet, arity, bind};
use super::{recording, render};

/// Takes an input, and panics where something does not hold.
pub(crate) type Target = fn(&[u8]);

/// Each target by its name, which is also the name of its folder of inputs.
pub(crate) const TARGETS: &[(&str, Target)] = &[
    ("binding", binding),
    ("config", config),
    ("inventory", inventory),
    ("listed_shell", listed_shell),
    ("objects", objects),
    ("recording", recording),
];

/// The formats that are read back.
const FORMATS: [Format; 3] = [Format::Ndjson, Format::Json, Format::Csv];

/// Words of a command line, one a line, behind the name of either cmdlet.
fn binding(data: &[u8]) {
    static COMMAND: LazyLock<clap::Command> = LazyLock::new(|| {
        let mut command = Cli::command();
        command.build();
        command
    });
    let text = String::from_utf8_lossy(data);
    for (cmdlet, verb) in [(Cmdlet::RemovePSSession, "remove"), (Cmdlet::GetPSSession, "get")] {
        let ours = COMMAND.find_subcommand(verb);
        let words = text.lines().map(OsString::from);
        match bind(cmdlet, words, &|option| ours.and_then(|command| arity(command, option))) {
            Ok(Binding::Command(bound)) => {
                let _ = (bound.selectors(), bound.filters());
            }
            Ok(Binding::Help(_)) => {}
            Err(error) => assert!(!error.id().is_empty() && !error.to_string().is_empty()),
        }
    }
}

/// A config: what is refused is refused with a line of the file, and never quotes a password.
fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err((line, problem)) = check(text, PathBuf::from("/etc/pssession")) {
        assert!(line >= 1 && line <= text.split('\n').count(), "line {line}: {problem}");
    }
}

/// An inventory in any form, and the same text as a file of variables beside one: what is refused is refused with a reason,
/// and what is taken can be reached.
fn inventory(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut beside = Inventory::read("hosts", "[web]\nweb01\n");
    beside.add_variables(VariableOwner::Group, "web", "web.yml", text);
    let lines = text.split('\n').count();
    for inventory in [Inventory::read("hosts", text), beside] {
        match inventory.select(&[], InventoryOverrides::default()) {
            Ok(selected) => {
                let reached = |host: &InventoryHost| {
                    host.address.starts_with('@') || Endpoint::parse(&host.address, false).is_ok()
                };
                assert!(selected.hosts.iter().all(reached), "{selected:?}");
            }
            Err(errors) => {
                assert!(!errors.problems.is_empty());
                let lines_are_there = errors
                    .problems
                    .iter()
                    .all(|problem| problem.place.line.is_none_or(|line| line <= lines + 1));
                assert!(lines_are_there, "{errors}");
            }
        }
    }
}

/// What lies in an `rsp:Shell`: whatever a listing takes of it is written and read back unchanged.
fn listed_shell(data: &[u8]) {
    let Ok(children) = std::str::from_utf8(data) else { return };
    let text = format!(r#"<r:Shell xmlns:r="{}">{children}</r:Shell>"#, uri::SHELL);
    let Ok(document) = Document::parse(&text) else { return };
    let Ok(shell) = Shell::read(document.root()) else { return };
    let commands = document.root().children().filter(|child| child.is(uri::SHELL, "Command"));
    let commands: Vec<_> =
        commands.filter_map(|command| Command::read(command).ok()).map(|read| read.command_id).collect();
    let seen_on = SeenOn { host: "web01", url: "http://web01:5985/wsman", port: 5985 };
    let mut session = SessionDescriptor::from_shell(shell, seen_on, "", seen_at());
    session.commands = Some(commands).filter(|commands| !commands.is_empty());
    let row = Row { session, note: RowMetadata::new(Origin::Imported) };
    for format in FORMATS {
        let written = render::sessions_as(format, std::slice::from_ref(&row)).unwrap_or_default();
        let read = rows(&written);
        assert!(
            read.as_deref() == Ok(std::slice::from_ref(&row)),
            "{format:?}: {read:?}\nnot {row:?}\nfrom {}",
            String::from_utf8_lossy(&written)
        );
    }
}

/// Objects in any form: what is taken is written and read back, and is then written as before.
fn objects(data: &[u8]) {
    let Ok(taken) = rows(data) else { return };
    for format in FORMATS {
        let written = render::sessions_as(format, &taken).unwrap_or_default();
        let read = rows(&written);
        let again = read.as_ref().map(|rows| render::sessions_as(format, rows).unwrap_or_default());
        assert!(
            again.as_ref() == Ok(&written),
            "{format:?}: {read:?}\nfrom {}",
            String::from_utf8_lossy(&written)
        );
    }
}

/// A recording in YAML: what is refused is refused with a line of it.
fn recording(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match recording::read(text) {
        Ok(messages) => assert!(!messages.is_empty()),
        Err(flaw) => assert!(!flaw.reason.is_empty()),
    }
}

/// The sessions among the objects; what names none is left out.
fn rows(bytes: &[u8]) -> Result<Vec<Row>, Vec<String>> {
    let endpoint_of = |host: &str| Endpoint::parse(host, false);
    let objects = interchange::read(bytes, seen_at(), &endpoint_of).map_err(|refused| refused.lines())?;
    let row = |object: SessionObject| match object.reference {
        SessionReference::Session(row) => Some(*row),
        SessionReference::Id { .. } | SessionReference::Rows { .. } | SessionReference::Unbound(_) => None,
    };
    Ok(objects.into_iter().filter_map(row).collect())
}

fn seen_at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use pssession::wsman::xml::escape_into;

    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        clippy::print_stdout,
        reason = "a test reads its inputs, and names them"
    )]
    fn fuzz_regressions() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
        // The package has no fuzz targets.
        if !corpus.exists() {
            return;
        }
        for (name, target) in TARGETS {
            let inputs: Vec<_> = std::fs::read_dir(corpus.join(name)).unwrap().collect();
            assert!(!inputs.is_empty(), "{name} has no seed");
            for input in inputs {
                let path = input.unwrap().path();
                println!("{}", path.display());
                target(&std::fs::read(path).unwrap());
            }
        }
    }

    /// Texts that a server could send, also far too long ones.
    fn field() -> impl Strategy<Value = String> {
        let duration = (0_u64.., prop::sample::select(vec!["", ".001", ".5", ".0009"]));
        prop_oneof![
            4 => "[\\t\\n\\r -~\u{80}-\u{ff}\u{2028}\u{3000}\u{feff}夜😀]{1,12}",
            4 => "[a-z0-9{}:@/\\\\.-]{1,40}",
            4 => duration.prop_map(|(whole, fraction)| format!("PT{whole}{fraction}S")),
            2 => any::<u128>().prop_map(|bits| format!("uuid:{}", uuid::Uuid::from_u128(bits))),
            2 => any::<u64>().prop_map(|number| number.to_string()),
            // Below and above the limit.
            1 => prop::sample::select(vec![10_000, 11_000]).prop_map(|times| "é\"=,;".repeat(times)),
        ]
    }

    proptest! {
        #[test]
        fn whatever_a_listing_takes_is_written_and_read_back(
            fields in prop::collection::vec((prop::sample::select(FIELDS), field()), 0..12),
            id in field(),
            resource in field(),
            commands in prop::collection::vec("[!-~é]{1,80}", 0..3),
        ) {
            let mut children = String::new();
            let identity = [("ShellId", id), ("ResourceUri", resource)];
            for (name, text) in identity.iter().chain(&fields) {
                children += &format!("<r:{name}>");
                escape_into(&mut children, text);
                children += &format!("</r:{name}>");
            }
            for command in commands {
                children += "<r:Command><r:CommandId>";
                escape_into(&mut children, &command);
                children += "</r:CommandId></r:Command>";
            }
            listed_shell(children.as_bytes());
        }
    }

    const FIELDS: &[&str] = &[
        "Name",
        "Owner",
        "ClientIP",
        "State",
        "ProcessId",
        "IdleTimeOut",
        "MaxIdleTimeOut",
        "ShellRunTime",
        "ShellInactivity",
    ];

    #[test]
    fn as_many_commands_as_are_taken_of_a_shell_are_written_and_read_back() {
        let command = format!("<r:Command><r:CommandId>{}</r:CommandId></r:Command>", "c".repeat(255));
        let shell = "<r:ShellId>A</r:ShellId><r:ResourceUri>urn:x</r:ResourceUri>".to_owned();
        listed_shell((shell + &command.repeat(pssession::client::MAX_COMMANDS)).as_bytes());
    }
}
