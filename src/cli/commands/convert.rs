//! `pssession convert FILE DIR`: a recording as a scenario. What it holds is kept as it is, and named.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use pssession::conformance::{
    CanonicalRequest, ExchangeHeader, HEADER_FILE, MAX_EXCHANGES, Origin, ScenarioHeader, file_names,
};
use pssession::wsman::one_line;
use pssession::wsman::xml::{Document, Element};

use crate::cli::atomic_dir::AtomicDir;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::recording::{self, Message};
use crate::cli::render::plural;
use crate::cli::scenario_dir::spare_what_is_there;
use crate::cli::source;
use crate::cli::ui::Ui;

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
The scenario keeps everything in the recording, including host names, accounts and payloads, and lists those found.
DIR is created completely or not at all.

Examples:
  pssession convert recorded.yml scenarios/disconnect
  pssession convert recorded.yml scenarios/disconnect --server 'Windows Server 2016' --force";

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// A recording in YAML: `messages`, each with `request` and `response`; `-` is stdin
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The directory to create
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// The title of the scenario [default: the name of FILE]
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// The server that was recorded [default: not recorded]
    #[arg(long, value_name = "TEXT")]
    pub(crate) server: Option<String>,
    /// The source of the recording [default: the name of FILE]
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Option<String>,
    /// Replace DIR if it is a scenario
    #[arg(long)]
    pub(crate) force: bool,
}

/// The largest recording, in bytes: a thousand answers of the largest size that Windows gives are 500 MB, and nobody
/// records those by hand; the usual ones have 10 to 70 kB. It is held in memory.
const MAX_RECORDING: u64 = 64 * 1024 * 1024;
/// The most of a list that is shown, in characters.
const MAX_SHOWN: usize = 200;

pub(crate) fn run(args: &ConvertArgs, ui: &Ui) -> Result<Exit, Diagnostic> {
    let shown = source::shown(&args.file);
    let text = source::text(&args.file, MAX_RECORDING).map_err(|error| {
        let message = format!("{shown} cannot be read");
        Diagnostic::new("CannotReadFile", "OpenError", message, Exit::USAGE).caused_by(&error)
    })?;
    let messages = recording::read(&text).map_err(|flaw| not_converted(&shown, flaw.line, &flaw.reason))?;
    if messages.len() > usize::try_from(MAX_EXCHANGES).unwrap_or(usize::MAX) {
        return Err(not_converted(&shown, 1, &format!("more than {MAX_EXCHANGES} messages")));
    }
    for message in &messages {
        CanonicalRequest::of(message.request.as_bytes()).map_err(|malformed| {
            not_converted(
                &shown,
                message.line,
                &format!("the request of this message is not a SOAP envelope: {malformed}"),
            )
        })?;
    }
    spare_what_is_there(&args.dir, args.force)?;
    write(args, &messages).map_err(|error| {
        let message = format!("cannot create {}; no partial files are left", args.dir.display());
        Diagnostic::new("CannotWriteFolder", "WriteError", message, Exit::COULD_NOT_BEGIN).caused_by(&error)
    })?;
    if !ui.is_quiet() {
        tell(args, &messages)?;
    }
    Ok(Exit::SUCCESS)
}

fn not_converted(shown: &str, line: usize, reason: &str) -> Diagnostic {
    let message = format!("{shown}:{line}: {}", one_line(reason, MAX_SHOWN));
    Diagnostic::new("InvalidRecording", "InvalidData", message, Exit::USAGE).with_hint(
        "a recording is YAML: `messages`, a list of `request` and `response`; see docs/conformance.md",
    )
}

fn write(args: &ConvertArgs, messages: &[Message]) -> std::io::Result<()> {
    let name = match args.file.file_name() {
        Some(name) if args.file != Path::new("-") => name.to_string_lossy().into_owned(),
        _ => "stdin".to_owned(),
    };
    let stem = Path::new(&name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let title = args.title.clone().or(stem).unwrap_or_default();
    let server = args.server.clone().unwrap_or_else(|| "not recorded".to_owned());
    let source = args.source.clone().unwrap_or(name);
    let mut header = ScenarioHeader::new(title, server, source, Origin::Recorded);

    let folder = AtomicDir::beside(&args.dir)?;
    for (number, message) in (1..).zip(messages) {
        let [request, response] = file_names(number);
        folder.write(&request, message.request.as_bytes())?;
        if let Some(text) = &message.response {
            folder.write(&response, text.as_bytes())?;
        }
        let mut said = ExchangeHeader::default();
        said.status = message.status.filter(|_| message.response.is_some());
        said.lost = message.response.is_none();
        if said != ExchangeHeader::default() {
            header.exchanges.insert(format!("{number:02}"), said);
        }
    }
    let text = serde_json::to_string_pretty(&header)?;
    folder.write(HEADER_FILE, format!("{text}\n").as_bytes())?;
    folder.appear()
}

/// What was made, and what of the recording's people and places is in it.
fn tell(args: &ConvertArgs, messages: &[Message]) -> std::io::Result<()> {
    let mut names: [(&str, &[&str], BTreeSet<String>); 3] = [
        ("hosts", &["To", "Address"], BTreeSet::new()),
        ("accounts", &["Owner"], BTreeSet::new()),
        ("client addresses", &["ClientIP"], BTreeSet::new()),
    ];
    let texts =
        messages.iter().flat_map(|message| std::iter::once(&message.request).chain(&message.response));
    for document in texts.filter_map(|text| Document::parse(text).ok()) {
        visit(document.root(), &mut |element| {
            for (_, locals, found) in &mut names {
                if locals.contains(&element.local()) {
                    found.extend(name_in(element.text()));
                }
            }
        });
    }
    let mut err = std::io::stderr().lock();
    let made = plural(messages.len(), "exchange");
    writeln!(err, "{}: {made}, as recorded", args.dir.display())?;
    for (what, _, found) in names.iter().filter(|(_, _, found)| !found.is_empty()) {
        let list = found.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        writeln!(err, "  {what}: {}", one_line(&list, MAX_SHOWN))?;
    }
    writeln!(err, "  command lines, environments and streams are included: review it before you share it")
}

fn visit<'d>(element: Element<'d>, reported: &mut dyn FnMut(Element<'d>)) {
    reported(element);
    for child in element.children() {
        visit(child, reported);
    }
}

/// The host of a URL, or the text itself; nothing for the anonymous address.
fn name_in(text: &str) -> Option<String> {
    if text.is_empty() || text == pssession::wsman::uri::ANONYMOUS {
        return None;
    }
    let host = text.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    Some(host.unwrap_or(text).to_owned())
}
