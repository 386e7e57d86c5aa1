//! `pssession record DIR`: exchanges with servers as scenarios, of a command of ours or of any client that talks to a gateway.

mod gateway;
mod replaced;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Parser as _};
use pssession::conformance::ScrubOptions;

use super::{Cli, Command, dispatch};
use crate::cli::args::{HostArgs, PlainFormat};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::render::plural;
use crate::cli::scenario_dir::{ScenarioDir, spare_what_is_there};
use crate::cli::terminal::Terminal;
use crate::cli::ui::Ui;

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
Hosts, users, domains, SIDs, addresses, ids, names, command lines, environments and streams become placeholders before
anything is written. What was replaced is shown, and the recording is kept only after a yes, or with --yes. With --to
any client can be recorded: it logs in to the gateway with the user and the password that are printed, and the gateway
logs in to HOST with yours. Logins are never recorded.

Examples:
  pssession record listing -- get --on web01 --user 'CONTOSO\\alice'
  pssession record closing --yes -- remove --on web01 --owner '*ci-runner' --yes
  pssession record session --to web01 --user 'CONTOSO\\alice' --for 10m";

#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The directory to create
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// The pssession command to run and to record: get, remove or conformance
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "to", required_unless_present = "to")]
    pub(crate) command: Vec<String>,
    /// Be a gateway to this host for any WinRM client
    #[arg(long, value_name = "HOST", help_heading = "Gateway")]
    pub(crate) to: Option<String>,
    /// Where the gateway listens; beyond loopback only with --listen-tls [default: 127.0.0.1, a free port]
    #[arg(long, value_name = "ADDR[:PORT]", conflicts_with = "command", help_heading = "Gateway")]
    pub(crate) listen: Option<String>,
    /// The gateway speaks TLS, with a certificate that is made at the start
    #[arg(long, conflicts_with = "command", help_heading = "Gateway")]
    pub(crate) listen_tls: bool,
    /// How long the gateway listens; Ctrl-C ends it before
    #[arg(
        long = "for",
        value_name = "DURATION",
        default_value = "15m",
        conflicts_with = "command",
        help_heading = "Gateway"
    )]
    pub(crate) duration: String,
    /// Output format of the line with the gateway's address [default: table]
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORMAT",
        conflicts_with = "command",
        help_heading = "Gateway"
    )]
    pub(crate) output: Option<PlainFormat>,
    /// The title of the scenario, kept as it is [default: the name of the command]
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Keep the recording without a question
    #[arg(long)]
    pub(crate) yes: bool,
    /// Replace DIR if it is a scenario
    #[arg(long)]
    pub(crate) force: bool,
    /// Keep the input and output of commands and pipelines as they are
    #[arg(long)]
    pub(crate) keep_streams: bool,
    /// Keep the texts of faults as they are
    #[arg(long)]
    pub(crate) keep_messages: bool,
    #[command(flatten)]
    pub(crate) host: HostArgs,
}

impl RecordArgs {
    fn keeps(&self) -> ScrubOptions {
        let mut keeps = ScrubOptions::default();
        keeps.keep_streams = self.keep_streams;
        keeps.keep_messages = self.keep_messages;
        keeps
    }
}

pub(crate) async fn run(args: &RecordArgs, environment: &Environment) -> Exit {
    let ui = Ui::plain(args.output).quiet(environment.quiet);
    ui.conclude(record(args, environment, &ui).await)
}

async fn record(args: &RecordArgs, environment: &Environment, ui: &Ui) -> Result<Exit, Diagnostic> {
    let command = (!args.command.is_empty()).then(|| recorded_command(&args.command)).transpose()?;
    if let Some(option) = args.host.first_typed().filter(|_| command.is_some()) {
        let message = format!("{option} is for a gateway; the command to record does not get it");
        return Err(Diagnostic::usage(message)
            .about(option)
            .with_hint("put it behind `--`; nothing was sent"));
    }
    spare_what_is_there(&args.dir, args.force)?;
    if !args.yes && Terminal::open().is_err() {
        let message = "record asks whether to keep the recording, and there is no terminal to ask on";
        return Err(Diagnostic::new("ConfirmationRequired", "PermissionDenied", message, Exit::UNCONFIRMED)
            .with_hint("use --yes to keep it without a question; nothing was sent"));
    }
    let usual = command.as_ref().map_or("a client through the gateway", |(name, _)| name);
    let title = args.title.as_deref().unwrap_or(usual);
    let recording = ScenarioDir::begin(&args.dir, title, args.keeps()).map_err(|error| {
        let message = format!("cannot create {}", args.dir.display());
        Diagnostic::new("CannotWriteFolder", "WriteError", message, Exit::COULD_NOT_BEGIN)
            .caused_by(&error)
            .with_hint("nothing was sent")
    })?;
    let recording = Arc::new(recording);
    let exit = match &command {
        Some((_, cli)) => {
            let environment = environment.observed_by(recording.clone());
            Box::pin(dispatch(&cli.command, &environment)).await
        }
        None => gateway::run(args, environment, &recording, ui).await?,
    };
    let kept = keep(&recording, args, ui, exit);
    // What a connection still receives is not recorded any more.
    recording.give_up();
    kept
}

/// The command behind `--`, and its name.
fn recorded_command(words: &[String]) -> Result<(String, Cli), Diagnostic> {
    let words = match words {
        [first, rest @ ..] if first == "pssession" => rest,
        words => words,
    };
    let cli = Cli::try_parse_from(std::iter::once("pssession").chain(words.iter().map(String::as_str)))
        .map_err(|error| {
            let message = error.to_string();
            let line = message.lines().next().unwrap_or_default();
            let line = line.strip_prefix("error: ").unwrap_or(line);
            Diagnostic::usage(format!("the command to record is not understood: {line}"))
                .with_hint("write what follows `pssession`, such as `pssession record DIR -- get --on web01`")
        })?;
    let name = match &cli.command {
        Command::Get(_) => "get",
        Command::Remove(_) => "remove",
        Command::Conformance(_) => "conformance",
        _ => {
            return Err(Diagnostic::usage("only get, remove and conformance can be recorded")
                .with_hint("use --to HOST to record any other client"));
        }
    };
    Ok((format!("pssession {name}"), cli))
}

/// Shows what was replaced, asks, and keeps the recording.
fn keep(recording: &ScenarioDir, args: &RecordArgs, ui: &Ui, exit: Exit) -> Result<Exit, Diagnostic> {
    let (exchanges, servers, left_out) = recording.counts();
    let shown = recording.place().display().to_string();
    if recording.has_failed() {
        return recording.keep().map(|()| exit).map_err(|error| not_written(&shown, &error));
    }
    if [Exit::INTERRUPTED, Exit::TERMINATED].contains(&exit) {
        ui.always(&format!("{shown} is not created: the run was interrupted"));
        return Ok(exit);
    }
    if exchanges == 0 {
        let error = Diagnostic::new(
            "NothingRecorded",
            "ObjectNotFound",
            format!("{shown} is not created: there was no exchange after a login"),
            if exit == Exit::SUCCESS { Exit::COULD_NOT_BEGIN } else { exit },
        );
        return Err(error);
    }
    if !ui.is_quiet() || !args.yes {
        replaced::write(&recording.replaced(), args.keeps())?;
    }
    let made = format!("{} with {}", plural(exchanges, "exchange"), plural(servers, "server"));
    if left_out > 0 {
        ui.always(&format!("left out: {} that no scenario can hold", plural(left_out, "exchange")));
    }
    if !args.yes {
        let mut terminal = Terminal::open()?;
        if !terminal.yes_or_no(&format!("Keep {made} in {shown}?"))? {
            ui.always(&format!("{shown} is not created"));
            return Ok(exit);
        }
    }
    recording.keep().map_err(|error| not_written(&shown, &error))?;
    if !ui.is_quiet() {
        ui.always(&format!("{shown}: {made}; check it with `pssession conformance {shown}`"));
    }
    Ok(exit)
}

fn not_written(shown: &str, error: &std::io::Error) -> Diagnostic {
    let message = format!("cannot write the recording for {shown}; no partial files are left");
    Diagnostic::new("CannotWriteFolder", "WriteError", message, Exit::COULD_NOT_BEGIN).caused_by(error)
}
