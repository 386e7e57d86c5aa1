//! `pssession replay DIR`: a scenario as a strict server, until it is interrupted or done.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use clap::Args;
use pssession::conformance::{Order, Replay, Scenario, scenarios};
use pssession::simulator::{Caller, Handler, Response, Simulator};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::sync::Notify;

use super::conformance::bad_fixture;
use crate::cli::args::PlainFormat;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::render::plural;
use crate::cli::ui::Ui;

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
It accepts Basic and NTLM, encrypted or not, with the user and password that it prints.
The exit code is 0 if every exchange was requested and nothing else, otherwise 9.

Examples:
  pssession replay scenarios/disconnect --until-done
  pssession replay scenarios/disconnect --port 5985 --in-order -o json";

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The directory of the scenario
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// Require the requests in the order of the scenario
    #[arg(long)]
    pub(crate) in_order: bool,
    /// Exit when every exchange was requested, instead of serving until interrupted
    #[arg(long)]
    pub(crate) until_done: bool,
    /// The TCP port; 0 selects a free port
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(crate) listen: std::net::IpAddr,
    /// Output format of the line with the address [default: table]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<PlainFormat>,
}

/// How long the last answer may take to its client before `--until-done` ends: it is on its way over loopback.
const LAST_ANSWER: Duration = Duration::from_millis(300);
/// The most numbers of exchanges that are listed.
const MAX_LISTED: usize = 20;

/// A replay that tells what it did not expect when it comes.
struct ReplayOutput {
    replay: Replay,
    done: Arc<Notify>,
}

impl Handler for ReplayOutput {
    fn handle(&mut self, caller: &Caller, request: &[u8], now: Duration) -> Response {
        let reported = self.replay.unexpected().len();
        let response = self.replay.handle(caller, request, now);
        for unexpected in self.replay.unexpected().iter().skip(reported) {
            // A closed stderr leaves nobody to tell; the exit code still does.
            let _ = writeln!(std::io::stderr().lock(), "{unexpected}");
        }
        if self.replay.waiting().next().is_none() {
            self.done.notify_one();
        }
        response
    }

    fn machine(&self) -> &str {
        self.replay.machine()
    }
}

pub(crate) async fn run(args: &ReplayArgs, ui: &Ui) -> Result<Exit, Diagnostic> {
    let scenario = Scenario::open(&args.dir).map_err(|error| match scenarios(&args.dir).as_deref() {
        Ok([one, ..]) if *one != args.dir => bad_fixture(&error).with_hint(format!(
            "the directory contains several scenarios; select one, such as {}",
            one.display()
        )),
        _ => bad_fixture(&error),
    })?;
    let order = if args.in_order { Order::AsRecorded } else { Order::Any };
    let replay = Replay::new(scenario, order).map_err(|error| bad_fixture(&error))?;
    let done = Arc::new(Notify::new());
    let output = ReplayOutput { replay, done: Arc::clone(&done) };
    let builder = Simulator::builder().allow_basic().allow_unencrypted().handler(output);
    let simulator = builder.bind(args.listen).port(args.port).start().await.map_err(|error| {
        let message = format!("the replay server cannot listen on {}:{}", args.listen, args.port);
        Diagnostic::new("CannotListen", "ResourceUnavailable", message, Exit::COULD_NOT_BEGIN)
            .caused_by(&error)
            .with_hint("use --port 0 for a free port")
    })?;
    let interrupted = interrupt::wait();
    announce(&simulator, args)?;
    let finished = async {
        if !args.until_done {
            std::future::pending::<()>().await;
        }
        done.notified().await;
        tokio::time::sleep(LAST_ANSWER).await;
    };
    tokio::select! {
        _ = interrupted => {}
        () = finished => {}
    }
    let handler = simulator.handler();
    let output = handler.lock().unwrap_or_else(PoisonError::into_inner);
    conclude(&output.replay, ui)
}

/// One line once it listens, so that a script can wait for it. The password is drawn anew at each start, for this
/// endpoint only: showing it is the point.
fn announce(simulator: &Simulator<ReplayOutput>, args: &ReplayArgs) -> std::io::Result<()> {
    let (url, user, password) = (simulator.url(), simulator.user(), simulator.password());
    let password = password.expose_secret();
    let count = simulator.handler().lock().unwrap_or_else(PoisonError::into_inner).replay.scenario().count();
    let mut out = std::io::stdout().lock();
    match args.output.unwrap_or(PlainFormat::Table) {
        PlainFormat::Json => {
            let line = json!({
                "Schema": "pssession.replay/1",
                "Url": url,
                "Port": simulator.port(),
                "User": user,
                "Password": password,
                "Exchanges": count,
            });
            writeln!(out, "{line}")?;
        }
        PlainFormat::Table => writeln!(
            out,
            "listening on {url} with {}; PSSESSION_USER='{user}' PSSESSION_PASSWORD='{password}'; Ctrl-C ends it",
            plural(usize::try_from(count).unwrap_or(usize::MAX), "exchange"),
        )?,
    }
    out.flush()
}

/// What came of it, in one line, and in the exit code.
fn conclude(replay: &Replay, ui: &Ui) -> Result<Exit, Diagnostic> {
    if let Some(error) = replay.broken() {
        return Err(bad_fixture(error));
    }
    let count = |count: u64, noun| plural(usize::try_from(count).unwrap_or(usize::MAX), noun);
    let mut reported = vec![count(replay.requests(), "request")];
    if replay.unexpected_count() > 0 {
        reported.push(format!("{} unexpected", replay.unexpected_count()));
    }
    let waiting: Vec<String> =
        replay.waiting().take(MAX_LISTED).map(|number| format!("{number:02}")).collect();
    if !waiting.is_empty() {
        let more = if replay.waiting().nth(MAX_LISTED).is_some() { ", ..." } else { "" };
        reported.push(format!("not requested: {}{more}", waiting.join(", ")));
    }
    let all = if replay.is_fulfilled() { "; all as recorded" } else { "" };
    ui.always(&format!("{}{all}", reported.join("; ")));
    Ok(if replay.is_fulfilled() { Exit::SUCCESS } else { Exit::MISMATCH })
}
